//! What the network file must say, and how its mistakes are reported.

mod support;

use depin_economy::*;
use depin_quantity::{Name, Span, Units};
use proptest::prelude::*;
use support::*;

fn problems(text: &str) -> Vec<Problem> {
    Spec::parse(text).expect_err("the file must be refused").problems().to_vec()
}

/// The file with one replacement, which must hit.
fn changed(from: &str, to: &str) -> String {
    assert!(FILE.contains(from), "{from}");
    FILE.replacen(from, to, 1)
}

#[track_caller]
fn refused(from: &str, to: &str, message: &str, hint: &str) {
    let found = problems(&changed(from, to));
    let hit = found.iter().any(|p| p.message.contains(message) && p.hint.as_deref().unwrap_or("").contains(hint));
    assert!(hit, "{from} -> {to}: wanted `{message}` / `{hint}`, found {found:#?}");
}

#[test]
fn the_documents_figures_are_read() {
    let spec = Spec::parse(FILE).unwrap_or_else(|e| panic!("{e}"));
    let supply = spec.supply(FIL).unwrap();
    assert_eq!(supply.cap.amount, fil(2_000_000_000));
    let amounts: Vec<(&str, u128)> = supply.allocations.iter().map(|a| (a.to.as_str(), a.amount.get() / ONE_FIL)).collect();
    let table =
        [("mining", 1_400_000_000), ("protocol-labs", 300_000_000), ("investors", 200_000_000), ("foundation", 100_000_000)];
    assert_eq!(amounts, table);
    let Some(Emission::HalfLife { total, half_life, .. }) = supply.emission.clone() else { panic!("no half-life") };
    assert_eq!((total, half_life), (fil(1_400_000_000), 6 * 365 * 2_880));
    let vesting = spec.pool(BLOCKS).unwrap().vesting.unwrap();
    assert_eq!((vesting.immediate.get(), vesting.over, vesting.step, vesting.quantum), (250_000_000, 518_400, 2_880, 1_440));
    assert_eq!(spec.binding(QUALITY).unwrap().boost.unwrap().times, 10);
    assert_eq!(spec.clock(EPOCH).unwrap().every, Span::from_secs(30));
    assert_eq!(spec.fee().minimum, Units::new(100));
    assert_eq!(spec.roles().into_iter().collect::<Vec<_>>(), [Name::literal("notary"), Name::literal("price-feeder")]);
}

#[test]
fn every_figure_states_its_source() {
    let spec = Spec::parse(FILE).unwrap();
    assert!(matches!(&spec.provenance()["supply.FIL.cap"], Provenance::Source(s) if s.contains("2 billion")));
    assert!(matches!(&spec.provenance()["incentive.pledge.sector"], Provenance::Parameter(s) if s.contains("1 FIL per 32 GiB")));
    refused(", source = \"document: maximum supply of 2 billion FIL\"", "", "figures without a source", "add source");
    refused("parameter = true\nwhy = \"the document asks", "why = \"the document asks", "`why` goes with", "parameter = true");
    refused("share = \"70%\", source", "share = \"70%\", parameter = true, source", "not both", "remove one");
    refused("parameter = true\nwhy = \"prices are", "parameter = true\n# \"prices are", "says why", "add why");
}

#[test]
fn problems_name_line_and_column() {
    let text = changed("decimals = 18", "decimals = 19");
    let found = problems(&text);
    assert_eq!(found.len(), 1, "{found:#?}");
    let line = text.lines().position(|l| l == "decimals = 19").unwrap() + 1;
    assert_eq!((found[0].line, found[0].column), (line, 12));
    assert_eq!(&text[found[0].span.clone()], "19");
    assert!(found[0].to_string().starts_with(&format!("line {line}, column 12: ")));
}

#[test]
fn all_problems_are_found_at_once_in_the_order_of_the_text() {
    let text = changed("share = \"15%\"", "share = \"15\"").replace("over = \"180d\"", "over = \"180 dogs\"");
    let found = problems(&text);
    assert!(found.iter().any(|p| p.message.contains("`15` is not a share")), "{found:#?}");
    // The clock is read, so the pool's span is too, even though a share before it is wrong.
    let lines: Vec<usize> = found.iter().map(|p| p.line).collect();
    assert!(lines.is_sorted());
}

#[test]
fn unknown_keys_get_a_suggestion() {
    refused("vest-clock", "vest-clok", "unknown key `vest-clok`", "did you mean `vest-clock`");
    refused("[utility.fee]", "[utility.fees]", "unknown key `fees`", "did you mean `fee`");
    refused("method = \"expected\"", "method = \"expectd\"", "`expectd` is none of", "did you mean `expected`");
    refused(
        "clock = \"epoch\", source = \"document: block",
        "clock = \"epooch\", source = \"document: block",
        "no declared clock",
        "did you mean `epoch`",
    );
    refused("\"2_000_000_000 FIL\", kind", "\"2_000_000_000 FILL\", kind", "no token", "did you mean `FIL`");
}

#[test]
fn names_of_earlier_versions_lead_to_the_present_ones() {
    refused("[utility.fee]", "[venue.A-B]", "unknown key `venue`", "`venue` is called `amm-pool` now");
    refused("kind = \"clamp\"", "kind = \"recycle\"", "`recycle` is none of", "`recycle` is called `net-emission` now");
    let method = "method = \"expected\"";
    refused(method, &format!("{method}\nspill = \"work\""), "unknown key `spill`", "`spill` is called `overflow` now");
}

#[test]
fn shares_must_sum_to_the_whole() {
    refused(
        "{ to = \"foundation\", share = \"5%\"",
        "{ to = \"foundation\", share = \"4%\"",
        "sum to exactly 100%",
        "unallocated\", share = \"1%\"",
    );
    refused("{ to = \"foundation\", share = \"5%\"", "{ to = \"foundation\", share = \"6%\"", "sum to exactly 100%", "lower");
    refused("share = \"100%\"\nmethod", "share = \"90%\"\nmethod", "sum to exactly 100%", "");
}

#[test]
fn vesting_rows_must_fit_their_allocation() {
    refused("\"10_632_000 FIL\"", "\"110_632_000 FIL\"", "exceeds its share", "lower");
}

#[test]
fn spans_must_be_whole_periods() {
    refused("step = \"1d\"", "step = \"45s\"", "whole number of periods of clock `epoch`", "one period is 30s");
    refused("every = \"30s\"", "every = \"0s\"", "`every` is no time at all", "above zero");
    refused("quantum = \"12h\"", "quantum = \"2d\"", "at least the quantum", "");
}

#[test]
fn every_rule_needs_a_metric_that_is_bound() {
    refused("pool = \"blocks\"\npledge", "pledge", "nobody can earn from it", "bind a metric");
    refused("pledge = \"sector\"\nboost", "boost", "pledge `sector` must be bound", "");
    refused("raw-bytes = { bond = \"deal\" }", "raw-bytes = {}", "bond of stream `deal`", "");
    refused("of = \"raw-bytes\"", "of = \"quality-bytes\"", "must be of another bound metric", "");
}

#[test]
fn wrong_kinds_of_values_are_told_apart() {
    refused("every = \"30s\"", "every = 30", "expected a length of time, found a number", "180d");
    refused("decimals = 18", "decimals = \"18\"", "expected a whole number, found the text `18`", "");
    refused("reporters = [\"price-feeder\"]", "reporters = [\"a\", \"a\"]", "each name only once", "");
    refused("quorum = 1", "quorum = 2", "at least as many reporters as its quorum", "");
    refused("initial = { amount = \"100 base FIL\"", "initial = { amount = \"99 base FIL\"", "below the minimum", "raise");
    refused("least-of = \"continued\"", "least-of = \"terminated\"", "must name another fault", "");
    refused("emission.half-life = { from = \"mining\"", "emission.half-life = { from = \"miners\"", "no allocation", "");
    refused(
        "{ to = \"mining\", share = \"70%\",",
        "{ to = \"mining\", share = \"70%\", vest = [{ over = \"6y\", source = \"x\" }],",
        "cannot vest as well",
        "",
    );
    refused("origin = \"genesis\"", "origin = 1969-12-31", "from 1970 on", "genesis");
    refused("variant = \"document\"", "variant = \"no space\"", "is not a name", "");
}

#[test]
fn text_that_is_no_toml_keeps_its_place() {
    let found = problems("[network\nname = 1");
    assert_eq!((found.len(), found[0].line), (1, 1));
    assert!(found[0].message.contains("not TOML"));
}

#[test]
fn a_service_reads_its_section_with_the_same_care() {
    let text = format!("{FILE}\n[service.demo.window]\nlength = \"30m\"\nmost = \"32GiB\"\ncount = 5\nsource = \"a test\"\n");
    let spec = Spec::parse(&text).unwrap();
    let all = |r: &mut Reader<'_>| {
        r.table("window", |r| {
            let (length, most, count) = (r.span("length"), r.bytes("most"), r.integer("count", 1..=100));
            Some((length?, most?, count?))
        })
    };
    assert_eq!(spec.read_service("demo", all).unwrap(), (Span::from_secs(1_800), 32 << 30, 5));
    let partly = spec.read_service("demo", |r| r.table("window", |r| r.span("length"))).unwrap_err();
    assert_eq!(partly.problems().len(), 2, "{partly}");
    assert!(partly.problems().iter().any(|p| p.message.contains("unknown key `count`")));
    let low = spec.read_service("demo", |r| r.table("window", |r| r.integer("count", 6..=9))).unwrap_err();
    assert!(low.to_string().contains("from 6 to 9"));
    assert!(spec.read_service("coverage", |_| Some(())).unwrap_err().to_string().contains("[service.coverage]"));
    assert!(spec.read_service("demo", |_| None::<()>).unwrap_err().to_string().contains("could not be read"));
}

#[test]
fn dates_and_base_units_are_read() {
    let text = changed("origin = \"genesis\"", "origin = 2020-08-24T22:00:00Z");
    let spec = Spec::parse(&text).unwrap();
    let Origin::At(at) = spec.clock(EPOCH).unwrap().origin else { panic!("not a date") };
    assert_eq!(at.to_rfc3339(), "2020-08-24T22:00:00Z");
    let spec = Spec::parse(&changed("origin = \"genesis\"", "origin = 2020-08-24")).unwrap();
    assert!(matches!(spec.clock(EPOCH).unwrap().origin, Origin::At(at) if at.to_rfc3339() == "2020-08-24T00:00:00Z"));
}

proptest! {
    /// A damaged file is read or refused with places inside it; nothing panics.
    #[test]
    fn damage_anywhere_is_refused_or_harmless(at in 0usize..6_000, cut in 0usize..40, insert in "[ -~]{0,6}") {
        let chars: Vec<char> = FILE.chars().collect();
        let (at, end) = (at.min(chars.len()), (at + cut).min(chars.len()));
        let text: String = chars[..at].iter().copied().chain(insert.chars()).chain(chars[end..].iter().copied()).collect();
        if let Err(errors) = Spec::parse(&text) {
            prop_assert!(!errors.problems().is_empty());
            for problem in errors.problems() {
                prop_assert!(problem.span.end <= text.len() && problem.line >= 1 && problem.column >= 1);
                prop_assert!(!problem.message.is_empty());
            }
        }
    }
}
