//! What a hash hangs on, and what it does not; and that no text does anything but be read or refused.

use depin_sdl::{ManifestHash, read, read_bytes};
use proptest::prelude::*;

/// A deployment as somebody may write it: the same one in many spellings.
#[derive(Clone, Debug)]
struct Spelling {
    cpu: &'static str,
    memory: &'static str,
    order: [usize; 4],
    inner: bool,
    comments: bool,
    crlf: bool,
    flow: bool,
    quotes: bool,
}

fn spelling() -> impl Strategy<Value = Spelling> {
    let cpu = prop::sample::select(vec!["0.1", "100m", "1e-1", ".1", "\"0.10\""]);
    let memory = prop::sample::select(vec!["1Gi", "1024Mi", "1048576Ki", "1073741824", "1.0Gi", "\"1Gi\""]);
    let order = Just([0usize, 1, 2, 3]).prop_shuffle();
    (cpu, memory, order, any::<[bool; 5]>()).prop_map(|(cpu, memory, order, [inner, comments, crlf, flow, quotes])| Spelling {
        cpu,
        memory,
        order,
        inner,
        comments,
        crlf,
        flow,
        quotes,
    })
}

/// What the deployment is, beside how it is written.
#[derive(Clone, Debug)]
struct Facts {
    image: &'static str,
    env: [&'static str; 2],
    count: u32,
    size: &'static str,
    port: u16,
    host: &'static str,
}

const FACTS: Facts = Facts { image: "nginx:1", env: ["A=1", "B=2"], count: 2, size: "5Gi", port: 8080, host: "a.example" };

fn text(facts: &Facts, spelling: &Spelling) -> String {
    let quote = |text: &str| if spelling.quotes { format!("'{text}'") } else { text.to_owned() };
    let note = if spelling.comments { "  # a remark" } else { "" };
    let resources = [
        format!("        cpu: {{units: {}}}{note}\n", spelling.cpu),
        format!("        memory:\n          size: {}\n", spelling.memory),
    ];
    let resources = if spelling.inner { resources.concat() } else { format!("{}{}", resources[1], resources[0]) };
    let to = if spelling.flow { " [{global: true}]".to_owned() } else { "\n          - global: true".to_owned() };
    let (image, first, second) = (quote(facts.image), quote(facts.env[0]), quote(facts.env[1]));
    let parts = [
        format!(
            "services:{note}\n  web:\n    env: [{first}, {second}]\n    image: {image}\n    expose:\n      - to:{to}\n        port: {}\n        accept:\n        - {}\n",
            facts.port, facts.host
        ),
        format!(
            "profiles:\n  placement:\n    west: {{pricing: {{p: {{amount: 1, denom: uact}}}}}}\n  compute:\n    p:\n      resources:\n{resources}        storage: {{size: {}}}\n",
            facts.size
        ),
        format!("deployment:\n  web:\n    west: {{count: {}, profile: p}}\n", facts.count),
        format!("version: {}\n", quote("2.0")),
    ];
    let text: String = spelling.order.iter().map(|index| parts[*index].as_str()).collect();
    if spelling.crlf { text.replace('\n', "\r\n") } else { text }
}

fn hash(facts: &Facts, spelling: &Spelling) -> ManifestHash {
    let text = text(facts, spelling);
    read(&text).unwrap_or_else(|refused| panic!("{refused}\n{text}")).hash()
}

proptest! {
    /// Order of keys, blanks, comments, line ends, quotes and the spelling of numbers make no difference.
    #[test]
    fn the_hash_does_not_hang_on_how_a_file_is_written(one in spelling(), other in spelling()) {
        prop_assert_eq!(hash(&FACTS, &one), hash(&FACTS, &other));
    }

    /// Everything that the manifest says makes one.
    #[test]
    fn the_hash_hangs_on_what_a_file_says(one in spelling(), other in spelling(), which in 0..6usize) {
        let mut facts = FACTS;
        match which {
            0 => facts.image = "nginx:2",
            1 => facts.env = ["B=2", "A=1"],
            2 => facts.count = 3,
            3 => facts.size = "6Gi",
            4 => facts.port = 8081,
            _ => facts.host = "b.example",
        }
        prop_assert_ne!(hash(&FACTS, &one), hash(&facts, &other));
    }

    /// A file with a piece cut out or doubled is read or refused, with places inside the text.
    #[test]
    fn damaged_files_are_read_or_refused(spelling in spelling(), start in 0..700usize, len in 0..60usize, double: bool) {
        let whole = text(&FACTS, &spelling);
        let start = start.min(whole.len());
        let end = (start + len).min(whole.len());
        let damaged = if double { format!("{}{}", &whole[..end], &whole[start..]) } else { format!("{}{}", &whole[..start], &whole[end..]) };
        match read(&damaged) {
            Ok(deployment) => prop_assert_eq!(deployment.manifest().check_against(deployment.groups()), Ok(())),
            Err(refused) => {
                prop_assert!(refused.errors().count() > 0);
                for finding in refused.findings() {
                    prop_assert!(damaged.get(finding.span.clone()).is_some(), "{:?}", finding);
                }
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Err(refused) = read_bytes(&bytes) {
            prop_assert!(refused.errors().count() > 0);
        }
    }
}
