//! `depin sim`: a few small runs from end to end, and what is refused.

mod support;

use std::{collections::BTreeMap, fs, path::Path};
use support::{Printed, depin, run};

/// A file that stands where results would go.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
const SMALL: [&str; 8] = ["sim", "run", "io.net", "--steps", "28", "--runs", "4", "--fixed"];

fn printed(args: &[&str]) -> Printed {
    run(depin().args(args))
}

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            files.extend(self::files(&path).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
        } else {
            files.insert(name, fs::read(&path).unwrap());
        }
    }
    files
}

#[test]
fn runs_leave_a_folder_whose_bytes_do_not_depend_on_workers_or_on_where_the_inputs_stood() {
    let place = tempfile::tempdir().unwrap();
    let folder = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let (one, two) = (folder("one"), folder("two"));
    let table =
        printed(&[&SMALL[..], &["--workers", "1", "--out", &one, "--set", "scenario.market.depth=2_000_000"]].concat()).done();
    for words in ["FIGURE", "P5", "P50", "P95", "Burn to mint", "4 runs", "seed 1", "books balance in 4 runs", "28 days"] {
        assert!(table.out.contains(words), "{words}:\n{}", table.out);
    }
    assert!(table.out.lines().all(|line| line.chars().count() <= 80), "{}", table.out);
    let json =
        printed(&[&SMALL[..], &["--workers", "2", "--out", &two, "--set", "scenario.market.depth=2_000_000", "--json"]].concat());
    assert_eq!(json.json()["summary"]["runs"]["done"], 4);
    let (first, second) = (files(Path::new(&one)), files(Path::new(&two)));
    assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>());
    for (name, bytes) in &first {
        assert!(*bytes == second[name], "{name} differs");
    }
    for name in ["runs.parquet", "runs.csv", "outcomes.csv", "summary.json", "report.html", "inputs/network.toml"] {
        assert!(first.contains_key(name), "{name}");
    }

    // The same folder is not written twice, and another experiment is refused.
    let again = printed(&[&SMALL[..], &["--out", &one, "--set", "scenario.market.depth=2_000_000"]].concat()).done();
    assert!(again.err.contains("everything is done"), "{}", again.err);
    let other = printed(&[&SMALL[..], &["--out", &one, "--seed", "2", "--set", "scenario.market.depth=2_000_000"]].concat());
    assert_eq!(other.code, 1);
    assert!(other.err.contains("`plan.seed` is 1, and 2 was asked for") && other.err.contains("--out"), "{}", other.err);
    assert!(files(Path::new(&one)) == first, "nothing was changed");
    assert_eq!(printed(&["sim", "resume", &one]).done().out, table.out);

    // A report is made anew from the tables; other files are left alone.
    fs::remove_file(Path::new(&one).join("report.html")).unwrap();
    printed(&["sim", "report", &one]).done();
    assert!(files(Path::new(&one)) == first);
    let thesis = folder("thesis.html");
    fs::write(&thesis, "years of work").unwrap();
    let refused = printed(&["sim", "report", &one, "--out", &thesis]);
    assert!(refused.code == 1 && refused.err.contains("no report of a simulation"), "{}", refused.err);
    let page = folder("compare.html");
    let compared = printed(&["sim", "compare", &one, &two, "--out", &page]).done();
    assert!(compared.out.contains("[2]") && compared.out.contains("Burn to mint"), "{}", compared.out);
    assert!(fs::read_to_string(page).unwrap().contains("side by side"));

    // A folder of another version, and one that is not whole.
    let identity = fs::read_to_string(Path::new(&two).join("experiment.json")).unwrap();
    fs::write(Path::new(&two).join("experiment.json"), identity.replace("\"format\": 2", "\"format\": 9")).unwrap();
    let error = printed(&["sim", "report", &two]);
    assert!(error.code == 1 && error.err.contains("format 9") && error.err.contains("hint:"), "{}", error.err);
    fs::write(Path::new(&one).join("runs.parquet"), "PAR1").unwrap();
    let error = printed(&["sim", "report", &one, "--json"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&error.err).unwrap()["error"]["code"], "results-truncated");
}

/// Each economy is as old as its own network, whatever service it pays; and a boom that ends later is run until then.
#[test]
fn a_service_runs_on_every_economy_for_a_few_days_of_any_scenario() {
    let place = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| run(depin().current_dir(place.path()).args(args));
    let all =
        run(&["sim", "run", "leasing", "--economies", "all", "--scenario", "ai-boom", "--runs", "1", "--steps", "3", "--json"]);
    let all = all.json();
    let experiments = all["experiments"].as_array().unwrap();
    assert_eq!(experiments.len(), 5);
    for one in experiments {
        let folder = place.path().join(one["folder"].as_str().unwrap());
        let spec = fs::read_to_string(folder.join("inputs/network.toml")).unwrap();
        assert!(spec.contains("launch = {"), "{}", folder.display());
        assert_eq!(one["summary"]["runs"]["finished"], 1);
    }
    assert!(place.path().join("sim-leasing-ai-boom/compare.html").is_file());
}

/// At the defaults the fleet can stake; in what is drawn here nobody can: the run is kept with its reason, and the command did not do what
/// it should.
/// An event that changes the network's file is put into it once, wherever its own changes stand.
#[test]
fn events_of_the_network_happen_in_a_run() {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let text = |share: &str| {
        format!("[[event]]\nat = \"1w\"\nset = {{ \"network.incentive.pool.stakers.share\" = \"{share}\" }}\nwhy = \"a vote\"\n")
    };
    fs::write(path("event.toml"), text("90%")).unwrap();
    let (event, out) = (path("event.toml"), path("out"));
    let made = ["sim", "run", "akash", "--scenario", &event, "--steps", "28", "--runs", "1", "--fixed", "--out", &out];
    printed(&made).done();
    fs::write(path("event.toml"), text("190%")).unwrap();
    let refused = printed(&["scenario", "check", &event, "--network", "akash"]);
    let told = format!("{}{}", refused.out, refused.err);
    assert!(refused.code == 1 && refused.out.contains("`190%` is not a share") && refused.out.contains(":3:"), "{told}");
}

#[test]
fn runs_that_all_fail_are_kept_and_are_no_success() {
    let place = tempfile::tempdir().unwrap();
    let heavy = "[scenario]\nname = \"heavy\"\n[metric.quality-bytes]\n\
                 times = { value = 1_099_511_627_776, range = [1e12, 1e24], why = \"a test\" }\n";
    fs::write(place.path().join("heavy.toml"), heavy).unwrap();
    let args = ["sim", "run", "filecoin", "--scenario", "heavy.toml", "--runs", "1", "--steps", "1", "--out", "results"];
    let failed = run(depin().current_dir(place.path()).args(args));
    assert_eq!(failed.code, 2, "{}{}", failed.out, failed.err);
    assert!(
        failed.out.contains("1 run failed: run 0") && failed.err.contains("no run of filecoin could be finished"),
        "{}",
        failed.err
    );
    let again = printed(&["sim", "resume", place.path().join("results").to_str().unwrap()]);
    assert!(again.code == 2 && again.err.contains("everything is done"), "{}", again.err);
}

/// A fleet that needs more tokens than there are is refused before anything is made, with what it lacks in tokens.
#[test]
fn a_fleet_of_which_nobody_can_stake_is_refused_before_the_run() {
    let place = tempfile::tempdir().unwrap();
    let args = ["sim", "run", "filecoin", "--runs", "1", "--set", "scenario.metric.quality-bytes.times=1e21"];
    let refused = run(depin().current_dir(place.path()).args(args));
    assert_eq!(refused.code, 1, "{}{}", refused.out, refused.err);
    assert!(refused.err.contains("the smallest must stake") && refused.err.contains("FIL are to be had"), "{}", refused.err);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0, "nothing was made");
}

/// Where the stake of another network is more than there is of its token, those who can hold it begin, and that is told.
#[test]
fn a_service_whose_fleet_cannot_stake_everywhere_runs_with_those_who_can() {
    let place = tempfile::tempdir().unwrap();
    let args = ["sim", "run", "storage", "--economies", "all", "--runs", "1", "--steps", "7", "--fixed", "--out", "all"];
    let run = run(depin().current_dir(place.path()).args(args)).done();
    let page = fs::read_to_string(place.path().join("all/compare.html")).unwrap();
    for economy in ["helium", "filecoin", "render", "akash", "io.net"] {
        let summary = place.path().join(format!("all/storage-on-{economy}/summary.json"));
        assert!(summary.is_file(), "{economy}: {}", run.err);
    }
    let flowing = run.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flowing.contains("of 440 providers of the first day") && flowing.contains("RENDER"), "{}", run.out);
    assert!(page.contains("providers of the first day") && !page.contains("Left out"), "the page tells it too");
}

/// Of a larger unit nobody could hold the stake, but where none is asked for: that one runs, and the others are told of.
#[test]
fn economies_on_which_nobody_can_stake_are_left_out_and_fail_no_other() {
    let place = tempfile::tempdir().unwrap();
    let args =
        ["sim", "run", "storage", "--economies", "all", "--runs", "1", "--steps", "3", "--fixed", "--out", "all", "--json"];
    let large = ["--set", "scenario.metric.quality-bytes.times=1e21"];
    let run = run(depin().current_dir(place.path()).args(args).args(large));
    let json = run.json();
    assert_eq!(json["experiments"].as_array().unwrap().len(), 1);
    let left_out = json["left_out"].as_array().unwrap();
    assert_eq!(left_out.len(), 4);
    let page = fs::read_to_string(place.path().join("all/compare.html")).unwrap();
    for one in left_out {
        let (name, reason) = (one["name"].as_str().unwrap(), one["reason"].as_str().unwrap());
        assert!(reason.contains("the smallest must stake"), "{reason}");
        assert!(page.contains(&format!("Left out: {name}")) && run.err.contains(&format!("{name} is left out: ")), "{name}");
    }
    assert!(run.err.contains("1 experiment made; left out, as told above: storage-on-filecoin, "), "{}", run.err);
}

/// Fills in what only the founder knows of the token's market.
fn market(path: &Path) {
    let text = fs::read_to_string(path).unwrap();
    let line = |line: &str| match line.split_once(" = \"? ") {
        Some((key @ ("start" | "depth" | "cash"), _)) => {
            let value = if key == "start" { 3.0 } else { 50_000_000.0 };
            format!("{key} = {{ value = {value}, source = \"a test\" }}\n")
        }
        _ => format!("{line}\n"),
    };
    fs::write(path, text.lines().map(line).collect::<String>()).unwrap();
}

/// Three networks that were just made, each of which asks its providers for a stake.
#[test]
fn fresh_networks_whose_providers_stake_open() {
    let place = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| run(depin().current_dir(place.path()).args(args));
    for (name, service, parts) in [
        ("shelf", "storage", &["--economy", "filecoin"] as &[&str]),
        ("loft", "leasing", &["--emission", "helium", "--payment", "akash", "--stake", "io.net"]),
        ("farm", "clusters", &["--economy", "render"]),
    ] {
        run(&[&["new", name, "--service", service], parts].concat()).done();
        run(&["scenario", "new", "--for", name, "--out", &format!("{name}.toml")]).done();
        market(&place.path().join(format!("{name}.toml")));
        let scenario = format!("{name}.toml");
        let out = format!("{name}-results");
        let made = run(&[
            "sim",
            "run",
            name,
            "--scenario",
            &scenario,
            "--runs",
            "1",
            "--steps",
            "14",
            "--fixed",
            "--out",
            &out,
            "--json",
        ]);
        let made = made.json();
        assert_eq!(made["summary"]["runs"]["finished"], 1, "{name}: {made}");
        let pledges = fs::read_to_string(place.path().join(name).join("network.toml")).unwrap();
        assert!(pledges.contains("[incentive.pledge."), "{name} asks for a stake");
    }
}

#[test]
fn a_network_that_was_just_made_runs_with_the_scenario_that_was_made_for_it() {
    let place = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| run(depin().current_dir(place.path()).args(args));
    run(&["new", "shelf", "--service", "storage", "--economy", "helium"]).done();
    let short = ["--runs", "1", "--steps", "3", "--out", "results"];
    let refused = run(&[&["sim", "run", "shelf"], &short[..]].concat());
    assert!(refused.code == 1 && refused.err.contains("no list of prices has HNT of shelf"), "{}", refused.err);
    let known = run(&["sim", "keys", "shelf", "scenario.market.depth"]).done();
    assert!(known.out.contains("scenario.market.depth") && known.out.contains('?'), "{}", known.out);
    run(&["scenario", "new", "--for", "shelf", "--out", "mine.toml"]).done();
    let blank = run(&["scenario", "check", "mine.toml", "--network", "shelf"]);
    assert!(blank.code == 1 && blank.out.contains("`depth` is blank") && blank.out.contains("3 errors"), "{}", blank.out);
    market(&place.path().join("mine.toml"));
    let aged = fs::read_to_string(place.path().join("mine.toml")).unwrap().replace("opening = \"fresh\"", "opening = \"aged\"");
    fs::write(place.path().join("aged.toml"), aged).unwrap();
    let refused = run(&[&["sim", "run", "shelf", "--scenario", "aged.toml"], &short[..]].concat());
    assert!(refused.code == 1 && refused.err.contains("--set scenario.opening=fresh"), "{}", refused.err);
    let made = run(&[&["sim", "run", "shelf", "--scenario", "mine.toml"], &short[..]].concat()).done();
    assert!(made.out.contains("; 1 run, 1 draw") && made.out.contains("3 days"), "{}", made.out);
}

/// Keys in the examples of the help are keys.
#[test]
fn examples_of_the_help_set_keys_that_are_there() {
    let help = printed(&["sim", "run", "--help"]).done().out;
    let mut set = 0;
    for line in help.lines().filter(|line| line.trim_start().starts_with("depin sim run") && !line.contains(".toml")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        for pair in words.windows(2).filter(|pair| pair[0] == "--set") {
            let key = pair[1].split('=').next().unwrap();
            printed(&["sim", "keys", words[3], key]).done();
            set += 1;
        }
    }
    assert!(set > 0, "{help}");
}

/// Paragraphs of the help are as wide as the terminal: a line ends where the next word would not fit.
#[test]
fn the_help_has_no_ragged_paragraphs() {
    let commands = ["run", "resume", "report", "compare", "keys", "check", "backtest"].map(|name| ["sim", name]);
    for command in commands.into_iter().chain(["list", "show", "check", "new"].map(|name| ["scenario", name])) {
        let help = printed(&[&command[..], &["--help"]].concat()).done().out;
        let lines: Vec<&str> = help.lines().collect();
        for pair in lines.windows(2).filter(|pair| pair.iter().all(|line| !line.is_empty() && !line.starts_with(' '))) {
            let next = pair[1].split(' ').next().unwrap().chars().count();
            assert!(pair[0].chars().count() + 1 + next > 100, "{command:?}: {}", pair[0]);
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_a_hint_and_makes_nothing() {
    let place = tempfile::tempdir().unwrap();
    for (args, words) in [
        (&["sim", "run", "filecon"] as &[&str], "did you mean filecoin?"),
        (&["sim", "run", "storage"], "--economies all"),
        (&["sim", "run", "helium", "--economies", "all"], "takes a service"),
        (&["sim", "run", "helium", "--scenario", "ai-bom"], "ai-boom"),
        (&["sim", "run", "helium", "--scenario", "./none.toml"], "none.toml"),
        (&["sim", "run", "helium", "--set", "scenario.market.dept=1"], "did you mean"),
        (&["sim", "run", "helium", "--set", "years"], "scenario.years=5"),
        (&["sim", "run", "helium", "--set", "scenario.years=1", "--against", "network.x"], "--against"),
        (&["sim", "run", "helium", "--runs", "0"], "--runs"),
        (&["sim", "run", "helium", "--years", "-1"], "from 0.002 to 100 years"),
        (&["sim", "run", "helium", "--years", "nan"], "from 0.002 to 100 years"),
        (&["sim", "run", "helium", "--scenario", "/"], "is no folder of a scenario's texts"),
        (&["sim", "run", "helium", "--set", "scenario.years=0"], "error: --set: `years` is 0"),
        (&["sim", "run", "helium", "--record", "blocks"], "agents:every=30"),
        (&["sim", "run"], "NETWORK"),
        (&["sim", "run", "helium", "--out", FILE], "is a file"),
        (&["sim", "run", "helium", "--out", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml/below")], "is a file"),
        (&["sim", "run", "storage", "--economies", "all", "--out", FILE], "is a file"),
        (&["sim", "backtest", "helium", "--out", FILE], "is a file"),
        (&["sim", "run", "helium", "--runs", "1", "--steps", "1", "--out", "/sys/results"], "name a folder that may be written"),
        (&["sim", "run", "storage", "--economies", "all", "--out", "/sys/results"], "cannot write in /sys: "),
        (&["sim", "backtest", "helium", "--out", "/sys/results"], "cannot write in /sys: "),
        (&["sim", "resume", "nowhere"], "nowhere"),
        (&["sim", "compare", "nowhere"], "DIR"),
        (&["sim", "report", "."], "no results of a simulation"),
    ] {
        let printed = run(depin().current_dir(place.path()).args(args));
        assert_eq!(printed.code, 1, "{args:?}: {}{}", printed.out, printed.err);
        assert!(printed.out.is_empty() && printed.err.contains(words), "{args:?}: {}", printed.err);
        assert!(!printed.err.contains("four forecasts"), "it is refused before the work: {}", printed.err);
    }
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0, "nothing was made");
}

/// Where a page cannot stand is told before it is made, and what stands there is left.
#[test]
fn pages_are_refused_where_they_cannot_be_written() {
    let place = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| run(depin().current_dir(place.path()).args(args));
    run(&["sim", "run", "akash", "--runs", "1", "--steps", "7", "--fixed", "--out", "all/akash"]).done();
    for command in [&["sim", "report", "all/akash"] as &[&str], &["sim", "compare", "all/akash", "all/akash"]] {
        for (out, words) in [
            ("/sys/page.html", "cannot write in /sys: "),
            ("all", "a page needs a file, and all is a folder"),
            ("missing/page.html", "there is no folder missing for a page"),
        ] {
            let refused = run(&[command, &["--out", out]].concat());
            assert!(refused.code == 1 && refused.out.is_empty() && refused.err.contains(words), "{out}: {}", refused.err);
        }
    }
    // Several experiments end with a page: what stands in its place is found before the first of them begins.
    fs::write(place.path().join("all/compare.html"), "years of work").unwrap();
    let refused = run(&["sim", "run", "--networks", "all", "--runs", "1", "--steps", "1", "--out", "all"]);
    assert!(refused.code == 1 && refused.err.contains("compare.html is there and is no report"), "{}", refused.err);
    assert_eq!(fs::read_dir(place.path().join("all")).unwrap().count(), 2, "nothing was made");
}
