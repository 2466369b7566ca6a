//! `depin rule`: reading and running rules. Needs no network.

mod support;

use serde_json::Value;
use std::{
    fs,
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};
use support::{Printed, depin, run};

fn printed(args: &[&str]) -> Printed {
    run(depin().args(args))
}

/// Runs `rule eval` with these lines on standard input.
fn eval_lines(rule: &str, lines: &str) -> Printed {
    let mut child = depin()
        .args(["rule", "eval", rule, "--input", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    child.stdin.take().expect("it was piped").write_all(lines.as_bytes()).expect("the binary reads");
    let done = child.wait_with_output().expect("a started process ends");
    let text = |bytes| String::from_utf8(bytes).expect("output is text");
    Printed { code: done.status.code().expect("it ends by itself"), out: text(done.stdout), err: text(done.stderr) }
}

fn ids(args: &[&str]) -> Vec<String> {
    let listed = printed(args).json();
    let rules = listed["rules"].as_array().expect("a list of rules").clone();
    rules.iter().map(|rule| rule["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn there_are_at_least_sixty_rules_and_a_network_lists_its_own() {
    let all = ids(&["rule", "list", "--json"]);
    assert!(all.len() >= 60, "{}", all.len());
    let position = |id: &str| all.iter().position(|other| other == id).expect("it is listed");
    assert!(position("FIL-EM-2") < position("FIL-EM-10"), "numbers are sorted as numbers");
    for network in ["helium", "filecoin", "render", "akash", "io.net"] {
        let own = ids(&["rule", "list", "--network", network, "--json"]);
        assert!(own.len() >= 10 && own.len() < all.len(), "{network}: {}", own.len());
    }
    let table = printed(&["rule", "list", "--network", "akash"]).done().out;
    assert!(table.contains("AKT-EM-1") && !table.contains("FIL-EM-2"), "{table}");
}

#[test]
fn a_rule_says_whether_live_rules_run_it() {
    let table = printed(&["rule", "list"]).done().out;
    let basis = |id: &str| table.lines().find(|line| line.contains(&format!("{id} "))).expect("it is listed").to_owned();
    assert!(basis("GEN-PO-2").contains("runs") && basis("FIL-EM-2").contains("model"), "{table}");
    assert!(printed(&["rule", "show", "GEN-PO-2"]).done().out.contains("depin_economy::reward::batch::batch_part"));
    let card = printed(&["rule", "show", "HNT-LO-1", "--json"]).json();
    assert_eq!((card["basis"].as_str(), card["functions"].as_array().map(Vec::len)), (Some("runs"), Some(2)));
    let model = printed(&["rule", "show", "FIL-EM-2", "--json"]).json();
    assert_eq!((model["basis"].as_str(), model["functions"].as_array().map(Vec::len)), (Some("model"), Some(0)));
}

#[test]
fn every_card_shows_a_command_that_gives_what_the_card_says() {
    for id in ids(&["rule", "list", "--json"]) {
        let page = printed(&["rule", "show", &id]).done().out;
        for heading in ["Formula", "Rounding", "Outputs", "Source", "Example"] {
            assert!(page.contains(heading), "{id} has no {heading}:\n{page}");
        }
    }
    let page = printed(&["rule", "show", "FIL-EM-8"]).done().out;
    let mut lines = page.lines().map(str::trim).skip_while(|line| !line.starts_with("depin rule eval"));
    let (pasted, shown) = (lines.next().expect("a command"), lines.next().expect("its result"));
    let binary = depin().get_program().to_owned();
    let script = pasted.replacen("depin", "\"$DEPIN\"", 1);
    let done = run(Command::new("sh").arg("-c").arg(script).env("DEPIN", binary)).done();
    let json = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    assert_eq!(json(&done.out), json(shown));
}

#[test]
fn a_rule_is_run_on_an_object_a_file_and_a_stream() {
    let one = printed(&["rule", "eval", "FIL-EM-2", "--input", r#"{"epoch": 0}"#]).done();
    assert_eq!(one.out, "{\"reward\":\"36266264293777134739\"}\n");
    assert_eq!(printed(&["rule", "eval", "fil-em-2", "--input", r#"{"epoch": 0}"#]).done().out, one.out, "ids know no case");
    let lines = "{\"epoch\": 0}\n\n{\"epoch\": \"0\"}\n";
    let twice = format!("{0}{0}", one.out);
    assert_eq!(eval_lines("FIL-EM-2", lines).done().out, twice);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("epochs.jsonl");
    fs::write(&file, lines).expect("a file");
    assert_eq!(printed(&["rule", "eval", "FIL-EM-2", "--input", &format!("@{}", file.display())]).done().out, twice);
}

#[test]
fn bytes_of_a_rule_come_from_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("payload");
    fs::write(&file, vec![0; 2_000]).expect("a file");
    let of = |payload: &str| printed(&["rule", "eval", "FIL-SV-2", "--input", &format!(r#"{{"payload": "{payload}"}}"#)]);
    let named = of(&format!("@{}", file.display())).done().out;
    let zeros = printed(&["rule", "eval", "FIL-SV-2", "--input", r#"{"zeros": 2000}"#]).done().out;
    assert_eq!(named, zeros);
    assert!(of("@/nowhere/at/all").err.contains("cannot read /nowhere/at/all"));
}

#[test]
fn a_bad_line_is_told_by_its_number_and_the_others_are_run() {
    let printed = eval_lines("FIL-EM-2", "{\"epoch\": 0}\n{\"epok\": 0}\nnonsense\n{\"epoch\": -1}\n{\"epoch\": 1}\n");
    assert_eq!((printed.code, printed.out.lines().count()), (1, 2), "{}", printed.err);
    let errors: Vec<Value> = printed.err.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let numbers: Vec<_> = errors.iter().map(|error| error["error"]["line"].as_u64()).collect();
    assert_eq!(numbers, [Some(2), Some(3), Some(4)]);
    assert!(errors[0]["error"]["message"].as_str().is_some_and(|text| text.contains("did you mean `epoch`?")));
    assert!(printed.err.contains("3 of 5 lines were refused"), "{}", printed.err);
}

#[test]
fn what_is_wrong_is_told_with_what_is_allowed() {
    let cases: &[(&[&str], &str)] = &[
        (&["rule", "show", "FIL-EM-22"], "did you mean FIL-EM-2?"),
        (&["rule", "list", "--network", "filecon"], "did you mean filecoin?"),
        (&["rule", "eval", "FIL-EM-2", "--input", "{}"], "missing input `epoch`"),
        (&["rule", "eval", "FIL-EM-2", "--input", "[1]"], "must be a JSON object with `epoch`"),
        (&["rule", "eval", "FIL-EM-2", "--input", r#"{"epoch": null}"#], "it takes a whole number from 0 to"),
        (&["rule", "eval", "FIL-EM-2", "--input", r#"{"epoch": "99999999999999"}"#], "out of range; allowed"),
        (&["rule", "eval", "HNT-PAY-3", "--input", r#"{"totals": [], "oracles": 1, "paid": 0}"#], "a list of 0"),
        (&["rule", "eval", "FIL-EM-2", "--input", "@/nowhere/at/all"], "cannot read /nowhere/at/all"),
    ];
    for (args, words) in cases {
        let printed = printed(args);
        assert!(printed.code != 0 && printed.out.is_empty(), "{args:?}: {}", printed.out);
        assert!(printed.err.contains(words), "{args:?}: {}", printed.err);
    }
}

#[test]
fn the_checkers_agree_with_what_the_binary_prints() {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../checks/check.py");
    let binary = depin().get_program().to_owned();
    match Command::new("python3").arg(script).arg("run").arg(binary).output() {
        Ok(done) => {
            assert!(done.status.success(), "{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        }
        Err(_) => {
            // Straight to the stream: a passing test's prints are not shown.
            let _ =
                std::io::stderr().write_all(b"\nNOT CHECKED: python3 is missing, so nothing looked at what the binary prints.\n");
            assert!(std::env::var_os("CI").is_none(), "continuous integration must have python3");
        }
    }
}
