//! The rules against a second implementation: `checks/` at the root of the repository, Python and its standard library only.

use depin_quantity::{RuleCard, check_cards};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

fn cards() -> impl Iterator<Item = &'static RuleCard> {
    depin_rules::rule_cards()
}

#[test]
fn no_two_cards_share_an_id_and_all_five_networks_have_theirs() {
    check_cards(cards()).unwrap_or_else(|complaints| panic!("{complaints}"));
    for network in ["helium", "filecoin", "render", "akash", "io.net"] {
        let own = cards().filter(|card| card.networks.contains(&network)).count();
        assert!(own >= 10, "{network} has only {own} cards");
    }
    for card in cards() {
        let known = |network: &&&str| ["helium", "filecoin", "render", "akash", "io.net"].contains(*network);
        assert!(card.networks.iter().all(|network| known(&network)), "{}: {:?}", card.id, card.networks);
    }
}

/// Runs the checker; `None` when there is no Python to run it.
fn python(argument: &str, input: &str) -> Option<(bool, String)> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../checks/check.py");
    let child = Command::new("python3").arg(script).arg(argument).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => panic!("python3 cannot be started: {error}"),
    };
    let mut stdin = child.stdin.take().expect("it was piped");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let done = child.wait_with_output().expect("a started process ends");
    let _ = writer.join();
    Some((done.status.success(), String::from_utf8(done.stdout).expect("the checker prints text")))
}

#[test]
fn a_second_implementation_agrees_with_every_rule() {
    let Some((made, lines)) = python("inputs", "") else {
        // Straight to the stream: a passing test's prints are not shown.
        let _ =
            std::io::stderr().write_all(b"\nNOT CHECKED: python3 is missing, so no second implementation looked at the rules.\n");
        assert!(std::env::var_os("CI").is_none(), "continuous integration must have python3");
        return;
    };
    assert!(made, "the checker makes no inputs");
    let by_id: BTreeMap<&str, &RuleCard> = cards().map(|card| (card.id, card)).collect();
    let mut evaluations = String::new();
    let mut add = |mut row: Value, card: &RuleCard| {
        let output = card.evaluate(&row["input"]).map_or(Value::Null, |outputs| json!(outputs));
        row["output"] = output;
        evaluations.push_str(&row.to_string());
        evaluations.push('\n');
    };
    for line in lines.lines() {
        let row: Value = serde_json::from_str(line).expect("the checker prints JSON lines");
        let id = row["rule"].as_str().expect("every row names its rule");
        let card = by_id.get(id).unwrap_or_else(|| panic!("the checker knows a rule {id}, which no crate has"));
        add(row.clone(), card);
    }
    for card in cards() {
        for (inputs, _) in card.examples {
            let input: Value = serde_json::from_str(inputs).expect("examples are JSON");
            add(json!({"rule": card.id, "input": input}), card);
        }
    }
    let (agree, report) = python("compare", &evaluations).expect("it was there a moment ago");
    assert!(agree, "{report}");
}

/// Every `.rs` file below a folder.
fn sources(folder: &std::path::Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_card_that_is_written_is_listed() {
    let listed: Vec<&str> = cards().map(|card| card.id).collect();
    let mut files = Vec::new();
    sources(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut written = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a source file is text");
        for card in text.split("RuleCard = RuleCard {").skip(1) {
            let id = card.split('"').nth(1).expect("a card begins with its id");
            assert!(listed.contains(&id), "{id} in {} is in no list of cards", file.display());
            written += 1;
        }
    }
    assert_eq!(written, listed.len());
}
