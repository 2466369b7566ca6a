//! The surface: help, completions, usage errors, exit codes, what goes to which stream. Needs no network.

mod support;

use std::{fs, os::unix::fs::PermissionsExt as _};
use support::{Printed, at, depin, run};

/// Every command, by the words that name it.
const COMMANDS: &[&[&str]] = &[
    &["up"],
    &["status"],
    &["audit"],
    &["events"],
    &["evidence"],
    &["randomness"],
    &["account", "list"],
    &["account", "show"],
    &["account", "grant"],
    &["transfer"],
    &["wallet", "new"],
    &["wallet", "import"],
    &["wallet", "show"],
    &["wallet", "export"],
    &["wallet", "lock"],
    &["wallet", "unlock"],
    &["wallet", "passphrase"],
    &["networks"],
    &["network", "show"],
    &["supply"],
    &["new"],
    &["network", "compare"],
    &["check"],
    &["rule", "list"],
    &["rule", "show"],
    &["rule", "eval"],
    &["scenario", "list"],
    &["scenario", "show"],
    &["scenario", "check"],
    &["scenario", "new"],
    &["sim", "keys"],
    &["sim", "run"],
    &["sim", "resume"],
    &["sim", "report"],
    &["sim", "compare"],
    &["cluster", "devices"],
    &["cluster", "device", "show"],
    &["cluster", "blocks"],
    &["cluster", "nominations"],
    &["cluster", "rewards"],
    &["cluster", "slashes"],
    &["cluster", "hire"],
    &["cluster", "list"],
    &["cluster", "show"],
    &["cluster", "job", "submit"],
    &["cluster", "job", "list"],
    &["cluster", "job", "logs"],
    &["cluster", "job", "stop"],
    &["cluster", "dashboard"],
    &["cluster", "extend"],
    &["cluster", "replace"],
    &["cluster", "end"],
    &["lease", "check"],
    &["lease", "up"],
    &["lease", "accept"],
    &["lease", "list"],
    &["lease", "show"],
    &["lease", "bids"],
    &["lease", "status"],
    &["lease", "events"],
    &["lease", "logs"],
    &["lease", "shell"],
    &["lease", "exec"],
    &["lease", "cp"],
    &["lease", "send"],
    &["lease", "token"],
    &["lease", "revoke"],
    &["lease", "host"],
    &["lease", "probe"],
    &["lease", "topup"],
    &["lease", "update"],
    &["lease", "close"],
    &["lease", "providers"],
    &["storage", "quote"],
    &["storage", "list"],
    &["storage", "put"],
    &["storage", "get"],
    &["storage", "deals"],
    &["storage", "proofs"],
    &["storage", "providers"],
    &["storage", "faults"],
    &["provider", "storage"],
    &["provider", "cluster"],
    &["provider", "checker"],
    &["provider", "coverage"],
    &["provider", "mobile"],
    &["provider", "show"],
    &["provider", "lease"],
    &["provider", "inventory"],
    &["provider", "leases"],
    &["provider", "earnings"],
    &["provider", "list"],
    &["provider", "stop"],
    &["provider", "start"],
    &["provider", "remove"],
    &["provider", "ask"],
    &["provider", "withdraw"],
    &["gateway", "s3"],
    &["gateway", "lorawan"],
    &["devnet", "radio"],
    &["coverage", "hotspots"],
    &["coverage", "beacons"],
    &["coverage", "witnesses"],
    &["coverage", "rewards"],
    &["coverage", "packets"],
    &["coverage", "oui", "new"],
    &["coverage", "oui", "list"],
    &["coverage", "oui", "close"],
    &["coverage", "denylist", "list"],
    &["coverage", "denylist", "deny"],
    &["coverage", "denylist", "appeal"],
    &["coverage", "denylist", "judge"],
    &["coverage", "claim", "list"],
    &["coverage", "claim", "pay"],
    &["coverage", "claim", "refuse"],
    &["coverage", "route", "add"],
    &["coverage", "route", "list"],
    &["coverage", "route", "release"],
    &["coverage", "route", "remove"],
    &["coverage", "skf", "add"],
    &["coverage", "skf", "list"],
    &["coverage", "skf", "remove"],
    &["coverage", "device", "add"],
    &["coverage", "device", "list"],
    &["coverage", "device", "remove"],
    &["coverage", "credits", "mint"],
    &["coverage", "credits", "balance"],
    &["coverage", "access-points"],
    &["coverage", "sessions"],
    &["coverage", "carrier", "new"],
    &["coverage", "carrier", "list"],
    &["coverage", "carrier", "add"],
    &["coverage", "carrier", "take"],
    &["coverage", "carrier", "authorise"],
    &["coverage", "speed-server"],
    &["coverage", "map"],
    &["completions"],
];

fn printed(args: &[&str]) -> Printed {
    run(depin().args(args))
}

#[test]
fn every_command_has_help_with_examples_that_fits_a_terminal() {
    for command in COMMANDS.iter().chain(&[
        &[] as &[&str],
        &["account"],
        &["wallet"],
        &["network"],
        &["rule"],
        &["scenario"],
        &["sim"],
        &["lease"],
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
    let help = printed(&["--help"]).done().out;
    for word in ["0  done", "1  refused", "2  broken", "DEPIN_HOME", "DEPIN_NODE", "NO_COLOR"] {
        assert!(help.contains(word), "{word}:\n{help}");
    }
}

#[test]
fn completions_are_printed_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = printed(&["completions", shell]).done().out;
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
        &["wallet", "new", "x", "--words", "13"],
        &["wallet", "export"],
    ];
    for args in wrong {
        let printed = printed(args);
        assert_eq!(printed.code, 1, "{args:?}: {}{}", printed.out, printed.err);
        assert!(printed.out.is_empty() && !printed.err.is_empty(), "{args:?}");
    }
}

#[test]
fn a_speed_above_the_limit_is_refused_naming_the_maximum_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("net");
    let printed = at(&home, &["up", "--speed", "1000000"]);
    assert_eq!(printed.code, 1);
    assert!(printed.err.contains("1 to 200") && printed.err.contains("proof windows"), "{}", printed.err);
    assert_eq!(at(&home, &["up", "--speed", "0"]).code, 1);

    let atlas = atlas(folder.path(), &[("window = \"3d\"", "window = \"10m\"")]);
    let printed = at(&home, &["up", "--network", &atlas, "--speed", "200"]);
    assert_eq!(printed.code, 1);
    for words in ["from 1 to 150", "`dispute.window`", "10m", "--speed 150"] {
        assert!(printed.err.contains(words), "{words}: {}", printed.err);
    }
    assert!(!home.exists(), "nothing is made");
}

/// A metered network's folder, with some words of its file replaced.
fn atlas(folder: &std::path::Path, changes: &[(&str, &str)]) -> String {
    let made = run(depin()
        .current_dir(folder)
        .args(["new", "atlas", "--service", "metered", "--unit", "map tile"])
        .args(["--economy", "akash"]));
    made.done();
    let file = folder.join("atlas/network.toml");
    let mut text = fs::read_to_string(&file).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    fs::write(&file, text).unwrap();
    folder.join("atlas").to_str().unwrap().to_owned()
}

#[test]
fn ports_that_were_asked_for_and_are_taken_are_named_with_who_needs_them_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("net");
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap().port().to_string();
    let printed = at(&home, &["up", "--port-base", &port]);
    assert_eq!(printed.code, 1, "{}", printed.err);
    assert!(printed.err.contains(&format!("port {port} is taken, and the node's API needs it")), "{}", printed.err);
    assert!(!home.exists(), "nothing is made");

    let listen = format!("127.0.0.1:{port}");
    let own = ["--node", "http://127.0.0.1:1", "--listen", &listen];
    let provider = ["provider", "storage", "--capacity", "1GiB", "--price", "1 FIL", "--name", "garage"];
    for (command, whom) in [
        (&provider[..], "the provider `garage`"),
        (&["provider", "metered", "--name", "tiler"], "the operator `tiler`"),
        (&["gateway", "s3"], "the S3 gateway"),
        (&["gateway", "metered"], "the metering gateway"),
        (&["gateway", "render"], "the dispatcher"),
    ] {
        let printed = run(depin().current_dir(folder.path()).args(command).args(own));
        assert_eq!(printed.code, 1, "{command:?}: {}", printed.err);
        assert!(printed.err.contains(&format!("port {port} is taken, and {whom} needs it")), "{}", printed.err);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "no folder and no key is made");
}

#[test]
fn usage_errors_are_json_where_that_is_asked_for() {
    for args in [&["events", "--limit", "many", "--json"] as &[&str], &["--json", "nonsense"], &["supply", "--json"]] {
        let printed = printed(args);
        assert_eq!((printed.code, printed.out.as_str()), (1, ""));
        let error: serde_json::Value = serde_json::from_str(&printed.err).unwrap_or_else(|e| panic!("{e}: {}", printed.err));
        assert_eq!(error["error"]["code"], "usage", "{error}");
        assert!(!error["error"]["message"].as_str().unwrap().is_empty() && error["error"]["hint"].is_string(), "{error}");
    }
    assert!(!printed(&["nonsense"]).err.starts_with('{'));
}

#[test]
fn one_slip_in_a_custom_file_gives_one_error() {
    let slips = [
        ("service = \"metered\"", "service = \"meterd\"", "did you mean `metered`?"),
        ("unit = \"map tile\"", "unit = \"\"", "`unit` is empty"),
        ("currencies = [\"AKT\", \"USDC\"]", "currencies = [\"AKTT\", \"USDC\"]", "did you mean `AKT`?"),
        ("currencies = [\"AKT\"]", "currencies = [\"AKTT\"]", "did you mean `AKT`?"),
        ("to = \"burn\"", "to = \"brun\"", "did you mean `burn`?"),
    ];
    for (from, to, words) in slips {
        let folder = tempfile::tempdir().unwrap();
        let path = atlas(folder.path(), &[(from, to)]);
        let checked = printed(&["check", &path]);
        assert_eq!(checked.code, 1, "{to}: {}", checked.out);
        assert!(checked.out.contains(words), "{words}: {}", checked.out);
        assert_eq!(checked.out.matches("error: ").count(), 1, "{to}: {}", checked.out);
    }
}

#[test]
fn a_part_that_cannot_start_stops_everything_and_leaves_a_home_that_starts_later() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("net");
    // An address of documentation: no machine has it.
    let printed = at(&home, &["up", "--listen", "203.0.113.1"]);
    assert_eq!(printed.code, 2, "{}", printed.err);
    assert!(printed.err.contains("203.0.113.1") && printed.err.contains("--listen"), "{}", printed.err);
    assert!(printed.out.is_empty() && !home.join("endpoints.json").exists());
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
        let printed = at(folder.path(), args);
        assert_eq!(printed.code, 1, "{}", printed.err);
        assert!(printed.err.contains("thesis.tex") && printed.err.contains("hint:"), "{}", printed.err);
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
        let printed = at(&home, args);
        assert_eq!(printed.code, 1, "{args:?}: {}", printed.err);
        assert!(printed.err.contains("depin up") && printed.out.is_empty(), "{args:?}: {}", printed.err);
    }
    assert!(!home.exists(), "looking makes nothing");
}

#[test]
fn a_node_that_does_not_answer_is_broken_not_refused() {
    let printed = printed(&["status", "--node", "http://127.0.0.1:1"]);
    assert_eq!(printed.code, 2, "{}", printed.err);
    assert!(printed.err.contains("no node answers at http://127.0.0.1:1") && printed.err.contains("hint:"), "{}", printed.err);
    let other = run(depin().args(["status", "--json"]).env("DEPIN_NODE", "http://127.0.0.1:1"));
    assert_eq!(other.code, 2);
    let error: serde_json::Value = serde_json::from_str(&other.err).unwrap();
    assert_eq!(error["error"]["code"], "unreachable");
    assert!(other.out.is_empty());
}

#[test]
fn a_url_that_is_none_is_refused() {
    let printed = printed(&["status", "--node", "nonsense"]);
    assert_eq!(printed.code, 1);
    assert!(printed.err.contains("http://"), "{}", printed.err);
}

/// As after the first line of `2>&1 | head -1`.
#[test]
fn a_standard_error_that_nobody_reads_changes_no_exit_code() {
    let cases: [(&[&str], i32); 4] = [
        (&["check", "/nowhere/network.toml"], 1),
        (&["check", "/nowhere/network.toml", "--json"], 1),
        (&["status", "--node", "http://127.0.0.1:1"], 2),
        (&["networks"], 0),
    ];
    for (args, code) in cases {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = depin().args(args).stdout(std::process::Stdio::null()).stderr(writer).status().unwrap();
        assert_eq!(ended.code(), Some(code), "{args:?}");
    }
}

#[test]
fn a_file_without_an_end_is_read_to_a_bound() {
    let printed = printed(&["check", "/dev/zero"]);
    assert!(printed.code > 0 && printed.err.contains("longer than 64 MiB"), "{}", printed.err);
}

#[test]
fn a_new_wallet_tells_no_pipe_its_phrase_and_shows_its_files_to_their_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let made = at(folder.path(), &["wallet", "new", "savings", "--json"]).json();
    let file = made["file"].as_str().unwrap();
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(made.get("phrase").is_none(), "no terminal reads: {made}");
    let words = made["phrase_file"].as_str().unwrap();
    assert_eq!(fs::metadata(words).unwrap().permissions().mode() & 0o777, 0o600);
    let phrase = fs::read_to_string(words).unwrap();
    assert_eq!(phrase.split_whitespace().count(), 24);
    assert!(!fs::read_to_string(file).unwrap().contains(phrase.trim()));

    let shown = at(folder.path(), &["wallet", "show", "--json"]).json();
    assert_eq!(shown["keys"][0]["address"], made["address"]);
    // One word alone may be a field's name.
    let words: Vec<&str> = phrase.split_whitespace().take(2).collect();
    assert!(!shown.to_string().contains(&words.join(" ")), "{shown}");

    let again = at(folder.path(), &["wallet", "new", "savings"]);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("exists already"), "{}", again.err);
}

#[test]
fn a_phrase_gives_the_same_key_on_every_machine_and_is_never_repeated_in_errors() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let made = at(one.path(), &["wallet", "new", "--json"]).json();
    let phrase = two.path().join("phrase.txt");
    fs::copy(made["phrase_file"].as_str().unwrap(), &phrase).unwrap();
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

/// The networks that come with the program.
const NETWORKS: [&str; 5] = ["helium", "filecoin", "render", "akash", "io.net"];

#[test]
fn a_networks_figures_come_with_their_sources() {
    let text = printed(&["network", "show", "filecoin", "--figures"]).done().out;
    for word in ["Filecoin", "emission", "70%", "2_000_000_000 FIL", "builtin-actors"] {
        assert!(text.contains(word), "{word}:\n{text}");
    }
    fits(&text, 100);
    let json = printed(&["network", "show", "filecoin", "--figures", "--json"]).json();
    assert!(json["rows"].as_array().unwrap().len() > 40);
    let unknown = printed(&["network", "show", "bitcoin"]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.contains("filecoin"), "{}", unknown.err);
}

#[track_caller]
fn fits(text: &str, width: usize) {
    for line in text.lines() {
        assert!(line.chars().count() <= width, "too long: {line}");
    }
}

#[test]
fn the_networks_are_listed_a_line_each() {
    let text = printed(&["networks"]).done().out;
    fits(&text, 100);
    for word in ["NETWORK", "SERVICE", "TOKEN", "SUPPLY", "coverage", "DC (burnt HNT)", "536.9 to 644.2 M RENDER", "io.net"] {
        assert!(text.contains(word), "{word}:\n{text}");
    }
    let json = printed(&["networks", "--json"]).json();
    let names: Vec<&str> = json.as_array().unwrap().iter().map(|n| n["network"].as_str().unwrap()).collect();
    assert_eq!(names, NETWORKS);
}

#[test]
fn a_network_is_shown_in_the_shape_of_the_comparison_table() {
    for name in NETWORKS {
        let text = printed(&["network", "show", name]).done().out;
        for word in ["Supply and distribution", "Incentive", "Utility and value flow", "cap", "document:", "own choice:"] {
            assert!(text.contains(word), "{name}, {word}:\n{text}");
        }
        fits(&text, 100);
        assert_eq!(printed(&["network", "show", name, "--json"]).json()["sections"].as_array().unwrap().len(), 4);
    }
}

#[test]
fn networks_are_compared_in_the_same_rows_and_fit_a_terminal() {
    let text = printed(&["network", "compare"]).done().out;
    fits(&text, 100);
    for word in ["223,000,000 HNT", "34.5% investors", "9,126,804 RENDER", "175,319 hours", "15% protocol-labs", "0.0001 USD"] {
        assert!(text.contains(word), "{word}:\n{text}");
    }
    let json = printed(&["network", "compare", "--json"]).json();
    assert_eq!(json["networks"].as_array().unwrap().len(), 5);
    for row in json["sections"].as_array().unwrap().iter().flat_map(|s| s["rows"].as_array().unwrap()) {
        assert_eq!(row["cells"].as_array().unwrap().len(), 5, "{row}");
    }
    let two = printed(&["network", "compare", "render", "akash"]).done().out;
    assert!(two.contains("render") && !two.contains("helium"), "{two}");
}

#[test]
fn the_networks_that_come_along_pass_the_check_with_notes_only() {
    for name in NETWORKS {
        let printed = printed(&["check", name]);
        assert_eq!(printed.code, 0, "{name}:\n{}{}", printed.out, printed.err);
        assert!(printed.out.contains("no error, no warning"), "{}", printed.out);
        fits(&printed.out, 110);
        for finding in self::printed(&["check", name, "--json"]).json()["findings"].as_array().unwrap() {
            assert!(finding["hint"].as_str().unwrap_or("").starts_with("known, "), "{name}: no source in {finding:#}");
        }
    }
    let schema = printed(&["check", "--schema"]).json();
    assert!(schema["properties"]["incentive"]["properties"]["pool"].is_object(), "{schema:#}");
    let json = printed(&["check", "akash", "--json"]).json();
    assert_eq!(json["errors"], 0);
    assert!(json["findings"].as_array().unwrap().iter().any(|f| f["hint"].as_str().unwrap_or("").contains("94.2 %")), "{json:#}");
}

#[test]
fn a_file_that_is_wrong_is_shown_where_and_why_and_exits_with_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("network.toml");
    let good = include_str!("../../../networks/akash/network.toml");
    let check = |text: &str| {
        fs::write(&file, text).unwrap();
        printed(&["check", folder.path().to_str().unwrap()])
    };
    assert_eq!(check(good).code, 0);

    // (what is written instead of what, what the report must say)
    let wrong = [
        ("unbonding = \"21d\"", "unbondng = \"21d\"", "did you mean `unbonding`?"),
        ("unbonding = \"21d\"", "unbonding = \"21 moons\"", "21 moons"),
        ("\"389_000_000 AKT\"", "\"389_000_000 ATK\"", "did you mean `AKT`?"),
        ("share = \"5.8%\"", "share = \"5.7%\"", "sum to exactly 100%"),
        (", source = \"document: 27 % team\"", "", "figures without a source"),
        ("providers = { pledge = \"provider\" }", "provders = { pledge = \"provider\" }", "has no metric `provders`"),
        ("[service.leasing.bid]", "[service.rendering.bid]", "parameters of another service"),
        ("most = 20\n", "mast = 20\n", "unknown key `mast`"),
        ("at = 2020-09-25T14:00:00Z", "at = \"in autumn\"", "expected a date"),
        ("[network]", "[network", "not TOML"),
    ];
    for (from, to, word) in wrong {
        assert!(good.contains(from), "{from}");
        let printed = check(&good.replacen(from, to, 1));
        assert_eq!(printed.code, 1, "{to}:\n{}{}", printed.out, printed.err);
        assert!(printed.out.contains(word), "{to}: no `{word}` in\n{}", printed.out);
        let drawn = printed.out.contains("network.toml:") && printed.out.contains('^') && printed.out.contains("error");
        assert!(drawn, "{to}: no excerpt in\n{}", printed.out);
        assert!(printed.err.contains("error"), "{}", printed.err);
    }

    let both = good.replacen("unbonding = \"21d\"", "unbonding = \"0d\"", 1).replacen("most = 20\n", "most = 0\n", 1);
    let both = check(&both).out;
    assert!(both.contains("no time at all") && both.contains("from 1 to 500"), "{both}");

    let unbound = check(&good.replacen("leased-units = {}\n", "", 1));
    assert!(unbound.out.contains("metric `leased-units` is bound to nothing"), "{}", unbound.out);

    let json = run(depin().args(["check", "--json"]).arg(&file));
    let report: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert!(report["findings"].as_array().unwrap().iter().all(|f| f["line"].as_u64() >= Some(1)), "{report:#}");
    assert_eq!(printed(&["check", "./nowhere/network.toml"]).code, 1);
}

#[test]
fn every_rule_card_that_a_networks_rules_name_exists() {
    let known = printed(&["rule", "list", "--json"]).done().out;
    for (name, rules) in [
        ("helium", include_str!("../../../networks/helium/RULES.md")),
        ("filecoin", include_str!("../../../networks/filecoin/RULES.md")),
        ("render", include_str!("../../../networks/render/RULES.md")),
        ("akash", include_str!("../../../networks/akash/RULES.md")),
        ("io.net", include_str!("../../../networks/io.net/RULES.md")),
    ] {
        let id = |word: &&str| {
            let parts: Vec<&str> = word.split('-').collect();
            matches!(parts.as_slice(), [network, topic, number]
                if ["HNT", "FIL", "RNDR", "AKT", "IO", "GEN"].contains(network)
                    && topic.chars().all(|c| c.is_ascii_uppercase()) && number.parse::<u32>().is_ok())
        };
        let ids: Vec<&str> = rules.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).filter(id).collect();
        assert!(!ids.is_empty(), "{name}");
        for id in ids {
            assert!(known.contains(&format!("\"{id}\"")), "{name}: there is no card {id}");
        }
    }
}

#[test]
fn results_carry_no_colours_when_no_terminal_reads() {
    let text = printed(&["network", "show", "filecoin"]).done();
    assert!(!text.out.contains('\x1b') && !text.err.contains('\x1b'));
    let error = printed(&["status", "--node", "nonsense"]);
    assert!(!error.err.contains('\x1b'));
}

#[test]
fn the_whole_file_of_the_grammars_page_passes_the_check() {
    let page = include_str!("../../../docs/network-file.md");
    let example = page.split("```toml\n").last().and_then(|rest| rest.split("```").next()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("network.toml"), example).unwrap();
    let printed = printed(&["check", folder.path().to_str().unwrap()]);
    assert_eq!(printed.code, 0, "{}{}", printed.out, printed.err);
    assert!(printed.out.contains("no error, no warning"), "{}", printed.out);
}
