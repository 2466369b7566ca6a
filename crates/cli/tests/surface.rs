//! The surface: help, completions, usage errors, exit codes, what goes to which stream. Needs no network.

mod support;

use std::{fs, os::unix::fs::PermissionsExt as _};
use support::{Said, at, depin, run};

/// Every command, by the words that name it.
const COMMANDS: &[&[&str]] = &[
    &["up"],
    &["status"],
    &["audit"],
    &["events"],
    &["account", "list"],
    &["account", "show"],
    &["account", "grant"],
    &["transfer"],
    &["wallet", "new"],
    &["wallet", "import"],
    &["wallet", "show"],
    &["network", "show"],
    &["storage", "quote"],
    &["storage", "list"],
    &["storage", "put"],
    &["storage", "get"],
    &["storage", "deals"],
    &["storage", "proofs"],
    &["storage", "providers"],
    &["storage", "faults"],
    &["provider", "storage"],
    &["provider", "list"],
    &["provider", "stop"],
    &["provider", "start"],
    &["provider", "remove"],
    &["provider", "ask"],
    &["provider", "withdraw"],
    &["gateway", "s3"],
    &["completions"],
];

fn said(args: &[&str]) -> Said {
    run(depin().args(args))
}

#[test]
fn every_command_has_help_with_examples_that_fits_a_terminal() {
    for command in COMMANDS.iter().chain(&[
        &[] as &[&str],
        &["account"],
        &["wallet"],
        &["network"],
        &["storage"],
        &["provider"],
        &["gateway"],
    ]) {
        let help = run(depin().args(*command).arg("--help").env("COLUMNS", "100")).done();
        assert!(help.out.contains("Examples:"), "{command:?} has no examples:\n{}", help.out);
        assert!(help.out.contains("Usage: depin"), "{command:?}");
        for line in help.out.lines() {
            assert!(line.chars().count() <= 132, "{command:?}: too long: {line}");
        }
    }
}

#[test]
fn the_first_help_page_tells_the_exit_codes_and_the_variables() {
    let help = said(&["--help"]).done().out;
    for word in ["0  done", "1  refused", "2  broken", "DEPIN_HOME", "DEPIN_NODE", "NO_COLOR"] {
        assert!(help.contains(word), "{word}:\n{help}");
    }
}

#[test]
fn completions_are_printed_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = said(&["completions", shell]).done().out;
        assert!(script.contains("depin") && script.contains("quote"), "{shell}");
    }
}

#[test]
fn wrong_usage_is_refused_on_standard_error() {
    let wrong: &[&[&str]] = &[
        &[],
        &["fly"],
        &["storage", "quote", "--size", "1TiB"],
        &["storage", "quote", "--size", "much", "--for", "365d"],
        &["storage", "quote", "--size", "1TiB", "--for", "a while"],
        &["storage", "put", "file", "BAD BUCKET/x"],
        &["storage", "deals", "--state", "happy"],
        &["transfer", "--to", "customer", "--amount", "-1 FIL"],
        &["transfer", "--to", "depin1qqqq", "--amount", "1 FIL"],
        &["up", "--providers", "65"],
        &["provider", "ask", "x", "--open", "--closed"],
        &["wallet", "show", "x", "--phrase"],
    ];
    for args in wrong {
        let said = said(args);
        assert_eq!(said.code, 1, "{args:?}: {}{}", said.out, said.err);
        assert!(said.out.is_empty() && !said.err.is_empty(), "{args:?}");
    }
}

#[test]
fn a_speed_above_the_limit_is_refused_naming_the_maximum_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("net");
    let said = at(&home, &["up", "--speed", "1000000"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("1 to 200") && said.err.contains("proof windows"), "{}", said.err);
    assert_eq!(fs::read_dir(&home).map_or(0, |entries| entries.filter(|e| e.as_ref().unwrap().file_name() != "lock").count()), 0);
    assert_eq!(at(&home, &["up", "--speed", "0"]).code, 1);
}

#[test]
fn a_part_that_cannot_start_stops_everything_and_leaves_a_home_that_starts_later() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("net");
    // An address of documentation: no machine has it.
    let said = at(&home, &["up", "--listen", "203.0.113.1"]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("203.0.113.1") && said.err.contains("--listen"), "{}", said.err);
    assert!(said.out.is_empty() && !home.join("endpoints.json").exists());
    let home_file: serde_json::Value = serde_json::from_slice(&fs::read(home.join("home.json")).unwrap()).unwrap();
    assert_eq!(home_file["complete"], true);
    assert_eq!(fs::metadata(home.join("wallet/phrase")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(home.join("validator.key")).unwrap().permissions().mode() & 0o777, 0o600);

    fs::write(home.join("genesis.json"), "{").unwrap();
    let damaged = at(&home, &["up"]);
    assert_eq!(damaged.code, 2, "{}", damaged.err);
    assert!(damaged.err.contains("genesis.json") && damaged.err.contains("--fresh"), "{}", damaged.err);
}

#[test]
fn a_foreign_folder_is_neither_used_nor_emptied() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thesis.tex"), "years of work").unwrap();
    for args in [&["up"] as &[&str], &["up", "--fresh"]] {
        let said = at(folder.path(), args);
        assert_eq!(said.code, 1, "{}", said.err);
        assert!(said.err.contains("thesis.tex") && said.err.contains("hint:"), "{}", said.err);
    }
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["thesis.tex"]);
}

#[test]
fn without_a_home_commands_say_how_to_get_one() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("none");
    for args in
        [&["status"] as &[&str], &["audit"], &["events"], &["storage", "list"], &["provider", "list"], &["account", "list"]]
    {
        let said = at(&home, args);
        assert_eq!(said.code, 1, "{args:?}: {}", said.err);
        assert!(said.err.contains("depin up") && said.out.is_empty(), "{args:?}: {}", said.err);
    }
    assert!(!home.exists(), "looking makes nothing");
}

#[test]
fn a_node_that_does_not_answer_is_broken_not_refused() {
    let said = said(&["status", "--node", "http://127.0.0.1:1"]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("no node answers at http://127.0.0.1:1") && said.err.contains("hint:"), "{}", said.err);
    let other = run(depin().args(["status", "--json"]).env("DEPIN_NODE", "http://127.0.0.1:1"));
    assert_eq!(other.code, 2);
    let error: serde_json::Value = serde_json::from_str(&other.err).unwrap();
    assert_eq!(error["error"]["code"], "unreachable");
    assert!(other.out.is_empty());
}

#[test]
fn a_url_that_is_none_is_refused() {
    let said = said(&["status", "--node", "nonsense"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("http://"), "{}", said.err);
}

#[test]
fn a_new_wallet_shows_its_phrase_once_and_its_file_to_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let made = at(folder.path(), &["wallet", "new", "savings", "--json"]).json();
    let file = made["file"].as_str().unwrap();
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    let phrase = made["phrase"].as_str().unwrap();
    assert_eq!(phrase.split(' ').count(), 24);
    assert!(!fs::read_to_string(file).unwrap().contains(phrase));

    let shown = at(folder.path(), &["wallet", "show", "--json"]).json();
    assert_eq!(shown["keys"][0]["address"], made["address"]);
    assert!(!shown.to_string().contains(phrase.split(' ').next().unwrap()), "{shown}");

    let again = at(folder.path(), &["wallet", "new", "savings"]);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("exists already"), "{}", again.err);
}

#[test]
fn a_phrase_gives_the_same_key_on_every_machine_and_is_never_repeated_in_errors() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let made = at(one.path(), &["wallet", "new", "--json"]).json();
    let phrase = two.path().join("phrase.txt");
    fs::write(&phrase, made["phrase"].as_str().unwrap()).unwrap();
    let import = |name: &str, account: &str| {
        run(depin()
            .arg("--home")
            .arg(two.path())
            .args(["wallet", "import", name, "--account", account, "--json"])
            .stdin(fs::File::open(&phrase).unwrap()))
    };
    assert_eq!(import("a", "0").json()["address"], made["address"]);
    assert_ne!(import("b", "1").json()["address"], made["address"]);
    fs::write(&phrase, "secretword ".repeat(24)).unwrap();
    let wrong = import("c", "0");
    assert_eq!(wrong.code, 1);
    assert!(!wrong.err.contains("secretword"), "{}", wrong.err);
}

#[test]
fn a_networks_figures_come_with_their_sources() {
    let text = said(&["network", "show", "filecoin"]).done().out;
    for word in ["Filecoin", "emission", "70%", "2_000_000_000 FIL", "builtin-actors"] {
        assert!(text.contains(word), "{word}:\n{text}");
    }
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "too long: {line}");
    }
    let json = said(&["network", "show", "filecoin", "--json"]).json();
    assert!(json["rows"].as_array().unwrap().len() > 40);
    let unknown = said(&["network", "show", "bitcoin"]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.contains("filecoin"), "{}", unknown.err);
}

#[test]
fn results_carry_no_colours_when_no_terminal_reads() {
    let text = said(&["network", "show", "filecoin"]).done();
    assert!(!text.out.contains('\x1b') && !text.err.contains('\x1b'));
    let error = said(&["status", "--node", "nonsense"]);
    assert!(!error.err.contains('\x1b'));
}
