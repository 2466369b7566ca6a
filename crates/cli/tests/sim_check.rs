//! `depin sim check`: the defaults held against what was seen.

mod support;

use support::{Printed, depin, interrupted, run};

fn printed(args: &[&str]) -> Printed {
    run(depin().args(["sim", "check"]).args(args))
}

#[test]
fn facts_are_judged_and_counted_and_misses_are_listed_and_are_an_error_only_when_asked() {
    let text = printed(&["akash", "--runs", "2"]).done();
    assert!(text.out.lines().all(|line| line.chars().count() <= 80), "{}", text.out);
    let flowing = text.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in ["FACT", "SEEN", "ALIKE IF", "SET IT", "reproduced in sign and order of magnitude", "that set no default"] {
        assert!(flowing.contains(words), "{words}:\n{}", text.out);
    }
    assert_eq!(text.err.trim(), "akash baseline: 2 runs", "progress is not in the result");

    let data = printed(&["akash", "--runs", "2", "--workers", "1", "--json"]);
    assert!(data.err.is_empty(), "{}", data.err);
    let data = data.json();
    let facts = data["facts"].as_array().unwrap();
    let count = |verdict: &str| facts.iter().filter(|fact| fact["verdict"] == verdict).count();
    let counts = &data["counts"];
    assert_eq!(counts["facts"], facts.len());
    assert_eq!(counts["reproduced"], count("reproduced"));
    assert_eq!((&counts["missed"], &counts["sign_only"]), (&count("missed").into(), &count("sign only").into()));
    for fact in facts {
        assert_eq!((fact["network"].as_str(), fact["runs"].as_u64()), (Some("akash"), Some(2)));
        let [low, high, figure] =
            [&fact["expected"][0], &fact["expected"][1], &fact["figure"]["p50"]].map(|one| one.as_f64().unwrap());
        assert_eq!(fact["verdict"] == "reproduced", (low..=high).contains(&figure), "{fact}");
        assert!(["no", "in part", "yes"].contains(&fact["set_a_default"].as_str().unwrap()));
        // Whatever is not reproduced stands below the table with what was seen.
        let listed = text.out.contains(&format!("\n{}: ", fact["id"].as_str().unwrap()));
        assert_eq!(listed, fact["verdict"] != "reproduced", "{fact}");
    }

    let strict = printed(&["akash", "--runs", "2", "--strict"]);
    assert_eq!(strict.out, text.out, "the same, whatever it is worth");
    let missed = facts.len() - count("reproduced");
    assert_eq!((strict.code, strict.err.contains("not reproduced")), if missed > 0 { (1, true) } else { (0, false) });
}

#[test]
fn only_networks_that_facts_are_told_of_can_be_checked() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("network.toml");
    std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/../../networks/akash/network.toml"), &own).unwrap();
    for (args, words) in [
        (&["akahs"] as &[&str], "did you mean akash?"),
        (&["helium", "./none.toml"], "there is no file ./none.toml"),
        (&[own.to_str().unwrap()], "there are facts of helium, filecoin, render, akash, io.net"),
        (&["akash", "--runs", "0"], "--runs"),
    ] {
        let refused = printed(args);
        assert_eq!(refused.code, 1, "{args:?}: {}", refused.out);
        assert!(refused.out.is_empty() && refused.err.contains(words), "{args:?}: {}", refused.err);
    }
}

/// The second network is stopped when it has just begun; of the first, every fact is judged.
#[test]
fn ctrl_c_judges_the_networks_that_are_done() {
    let stopped = interrupted(depin().args(["sim", "check", "akash", "io.net", "--runs", "2"]), "akash baseline: 2 runs");
    assert_eq!(stopped.code, 2, "{}{}", stopped.out, stopped.err);
    assert!(stopped.out.is_empty() && stopped.err.contains("stopped"), "nothing was done: {}", stopped.err);

    let stopped = interrupted(depin().args(["sim", "check", "akash", "io.net", "--runs", "2"]), "io.net baseline: 2 runs");
    assert_eq!(stopped.code, 2, "{}{}", stopped.out, stopped.err);
    let flowing = stopped.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flowing.contains("Akash") || flowing.contains("GPUs"), "{}", stopped.out);
    assert!(stopped.err.contains("not judged were the facts of io.net under baseline"), "{}", stopped.err);
}
