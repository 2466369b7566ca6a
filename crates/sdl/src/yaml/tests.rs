use super::*;

fn root_field<'t>(tree: &'t Tree<'t>, name: &str) -> NodeId {
    let fields = tree.fields(tree.root()).expect("the root is a mapping");
    fields.iter().find(|(key, ..)| *key == name).unwrap_or_else(|| panic!("{name} is there")).2
}

fn texts(tree: &Tree<'_>, id: NodeId) -> Vec<(String, String)> {
    let text = |id| match tree.kind(id) {
        Kind::Scalar(scalar) => scalar.text().to_owned(),
        other => format!("{other:?}"),
    };
    tree.fields(id).expect("a mapping").into_iter().map(|(key, _, value)| (key.to_owned(), text(value))).collect()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_merge_key_gives_what_is_not_said() {
    let text = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc:\n  <<: [*a, *b]\n  x: 5\nd:\n  <<: *b\n";
    let tree = Tree::parse(text).unwrap();
    assert_eq!(texts(&tree, root_field(&tree, "c")), pairs(&[("x", "5"), ("y", "2"), ("z", "4")]));
    assert_eq!(texts(&tree, root_field(&tree, "d")), pairs(&[("y", "3"), ("z", "4")]));
    let quoted = Tree::parse("c: {\"<<\": 1}").unwrap();
    assert_eq!(texts(&quoted, root_field(&quoted, "c")), pairs(&[("<<", "1")]));
    let wrong = Tree::parse("c:\n  <<: 7\n").unwrap();
    assert!(wrong.fields(root_field(&wrong, "c")).is_err());
}

#[test]
fn places_are_those_of_the_text_with_either_line_end_and_any_letters() {
    for text in ["a: 1\nß:\n  - x\n  - 'ünï'\n", "a: 1\r\nß:\r\n  - x\r\n  - 'ünï'\r\n"] {
        let tree = Tree::parse(text).unwrap();
        let Kind::Sequence(items) = tree.kind(root_field(&tree, "ß")) else { panic!("a list") };
        let at = tree.at(items[1], String::new());
        assert_eq!((at.line, at.column), (4, 5));
        assert_eq!(&text[at.span], "'ünï'");
    }
}

#[test]
fn scalars_mean_what_upstream_takes_them_for() {
    let plain = |text: &str| Scalar::new(text.to_owned(), true, None);
    let said = |text: &str| Scalar::new(text.to_owned(), false, None);
    for (text, number) in [
        ("80", Some(80)),
        ("1_000", Some(1000)),
        ("0x10", Some(16)),
        ("0o17", Some(15)),
        ("0b11", Some(3)),
        ("017", Some(15)),
        ("080", Some(80)),
        ("2.9", Some(2)),
        ("1e3", Some(1000)),
        ("4294967295", Some(u32::MAX)),
        ("4294967296", None),
        ("-1", None),
        ("-0", Some(0)),
        ("", None),
        ("x", None),
        ("inf", None),
        (".", None),
        ("99999999999999999999", None),
    ] {
        assert_eq!(plain(text).as_u32(), number, "{text}");
    }
    assert_eq!(said("80").as_u32(), None);
    assert_eq!((plain("true").as_bool(), said("true").as_bool()), (Some(true), None));
    assert_eq!((said("yes").as_bool(), plain("off").as_bool(), plain("Yes").as_bool()), (Some(true), Some(false), None));
    assert!(plain("~").is_null() && plain("").is_null() && !said("").is_null() && !said("null").is_null());
    assert!(Scalar::new("80".to_owned(), true, Some("str".to_owned())).as_u32().is_none());
}

#[test]
fn aliases_of_aliases_cost_nothing_and_are_refused_when_they_stand_for_too_much() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let below = format!("*a{}", level - 1);
        text += &format!("a{level}: &a{level} [{}]\n", [below.as_str(); 10].join(", "));
    }
    let error = Tree::parse(&text).unwrap_err();
    assert!(error.message.contains("more than 50000 values"), "{}", error.message);
    let error = Tree::parse("a: &a [*a]").unwrap_err();
    assert!(error.message.contains("own anchor"), "{}", error.message);
}

#[test]
fn depth_is_bounded_for_every_way_to_nest() {
    let chain = (1..40).fold("a0: &a0 {x: 1}\n".to_owned(), |text, n| text + &format!("a{n}: &a{n} {{<<: *a{}}}\n", n - 1));
    let blocks: String = (0..40).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    for text in ["[".repeat(100_000), "{a: ".repeat(100_000), "- ".repeat(100_000), "? ".repeat(100_000), chain, blocks] {
        let error = Tree::parse(&text).unwrap_err();
        assert!(error.message.contains("deep") || error.message.contains("recursion limit"), "{}", error.message);
    }
}

#[test]
fn what_is_no_yaml_has_a_place() {
    for (text, line, word) in [
        ("a: 1\nb: [1, 2\nc: 3\n", 3, ""),
        ("a: 1\na: 2\n", 2, "twice, first in line 1"),
        ("[x]: 1\n", 1, "keys"),
        ("", 1, "empty"),
        ("# nothing\n", 1, "empty"),
        ("a: *nowhere\n", 1, ""),
        ("a: \"\\q\"\n", 1, ""),
    ] {
        let error = Tree::parse(text).unwrap_err();
        assert_eq!(error.at.line, line, "{text}: {}", error.message);
        assert!(error.message.contains(word) || error.hint.contains(word), "{text}: {}", error.message);
    }
}

#[test]
fn only_the_first_document_is_read() {
    let tree = Tree::parse("---\na: 1\n---\nb: [\n").unwrap();
    assert!(tree.further);
    assert_eq!(texts(&tree, tree.root()), pairs(&[("a", "1")]));
    assert!(!Tree::parse("a: 1\n...\n").unwrap().further);
}
