//! `depin sim`: a few small runs from end to end, and what is refused.

mod support;

use std::{collections::BTreeMap, fs, path::Path};
use support::{Printed, depin, run};

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
    for words in ["FIGURE", "P5", "P50", "P95", "Burn to mint", "4 runs", "seed 1", "books balance in 4 runs"] {
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
    fs::write(Path::new(&two).join("experiment.json"), identity.replace("\"format\": 1", "\"format\": 9")).unwrap();
    let error = printed(&["sim", "report", &two]);
    assert!(error.code == 1 && error.err.contains("format 9") && error.err.contains("hint:"), "{}", error.err);
    fs::write(Path::new(&one).join("runs.parquet"), "PAR1").unwrap();
    let error = printed(&["sim", "report", &one, "--json"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&error.err).unwrap()["error"]["code"], "results-truncated");
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
        (&["sim", "run", "helium", "--record", "blocks"], "agents:every=30"),
        (&["sim", "run"], "NETWORK"),
        (&["sim", "resume", "nowhere"], "nowhere"),
        (&["sim", "compare", "nowhere"], "DIR"),
        (&["sim", "report", "."], "no results of a simulation"),
    ] {
        let printed = run(depin().current_dir(place.path()).args(args));
        assert_eq!(printed.code, 1, "{args:?}: {}{}", printed.out, printed.err);
        assert!(printed.out.is_empty() && printed.err.contains(words), "{args:?}: {}", printed.err);
    }
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0, "nothing was made");
}
