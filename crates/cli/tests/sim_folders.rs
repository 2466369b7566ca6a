//! Folders of results by the real binary: made again, compared, several at once.

mod support;

use std::{fs, path::Path};
use support::{Printed, depin, interrupted, run};

/// In a folder.
fn printed(place: &Path, args: &[&str]) -> Printed {
    run(depin().current_dir(place).args(args))
}

/// What the page of each result tells to do makes the same bytes: of a service on the economy of another network as well, as the second of several.
#[test]
fn every_member_of_several_is_made_again_to_the_byte() {
    let place = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| printed(place.path(), args);
    let several = ["sim", "run", "clusters", "--economies", "all", "--runs", "2", "--steps", "14", "--out", "all"];
    run(&[&several[..], &["--set", "scenario.demand.growth=0.3", "--record", "agents:every=7"]].concat()).done();
    for member in ["clusters-on-filecoin", "clusters-on-io.net"] {
        let folder = place.path().join("all").join(member);
        let page = fs::read_to_string(folder.join("report.html")).unwrap();
        assert!(page.contains("depin sim run --again . --out ../again"));
        let again = printed(&folder, &["sim", "run", "--again", ".", "--out", "../again"]).done();
        assert!(again.err.contains("the same bytes as .: agents.csv, agents.parquet, outcomes.csv"), "{}", again.err);
        let other = place.path().join("all/again");
        for file in ["experiment.json", "report.html", "runs.csv", "agents.csv", "summary.json", "inputs/network.toml"] {
            assert!(fs::read(folder.join(file)).unwrap() == fs::read(other.join(file)).unwrap(), "{member}: {file}");
        }
        fs::remove_dir_all(other).unwrap();
    }
    let refused = run(&["sim", "run", "--again", "all/clusters-on-akash", "--out", "all/clusters-on-akash"]);
    assert!(refused.code == 1 && refused.err.contains("in another folder"), "{}", refused.err);
    let refused = run(&["sim", "run", "--again", "all"]);
    assert!(refused.code == 1 && refused.err.contains("holds no results"), "{}", refused.err);
    let refused = run(&["sim", "run", "--again", "all/clusters-on-akash", "--seed", "2"]);
    assert!(refused.code == 1 && refused.err.contains("--seed"), "{}", refused.err);
}

/// Nobody says that everything is done of tables that are not those that were written.
#[test]
fn results_that_were_changed_are_not_taken_for_done() {
    let place = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| printed(place.path(), args);
    let small = ["sim", "run", "akash", "--runs", "1", "--steps", "7", "--fixed", "--out", "one"];
    run(&small).done();
    let table = place.path().join("one/outcomes.csv");
    let text = fs::read_to_string(&table).unwrap();
    fs::write(&table, text.replacen("finished", "finishes", 1)).unwrap();
    for args in [&small[..], &["sim", "resume", "one"], &["sim", "report", "one"]] {
        let refused = run(args);
        assert!(refused.code == 1 && refused.err.contains("outcomes.csv is damaged"), "{args:?}: {}{}", refused.out, refused.err);
    }
    fs::write(&table, text).unwrap();
    run(&["sim", "resume", "one"]).done();
    let file = place.path().join("one/experiment.json");
    let text = fs::read_to_string(&file).unwrap();
    let own = format!("\"depin\": \"{}\"", env!("CARGO_PKG_VERSION"));
    fs::write(&file, text.replacen(&own, "\"depin\": \"0.0.1\"", 1)).unwrap();
    let refused = run(&["sim", "resume", "one"]);
    assert!(refused.code == 1 && refused.err.contains("is not what the experiment began with"), "{}", refused.err);
}

/// A share that a later change of the file undoes is no setting of a run.
#[test]
fn a_key_of_the_past_is_refused_before_a_run() {
    let place = tempfile::tempdir().unwrap();
    let set = "network.incentive.pool.data.worth.usd-per-unit=0.0002 USD";
    let refused = printed(place.path(), &["sim", "run", "helium", "--runs", "1", "--steps", "7", "--set", set]);
    assert!(refused.code == 1 && refused.err.contains("is in force until 2023-04-18 only"), "{}", refused.err);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0, "nothing was made");
}

/// Those that are named, in their order; what is stopped is gone on with as a whole, and ends as if it had not been.
#[test]
fn several_that_are_named_are_stopped_and_gone_on_with_together() {
    let place = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| printed(place.path(), args);
    let named = ["sim", "run", "--networks", "io.net,akash", "--runs", "12", "--steps", "60", "--fixed", "--out", "two"];
    let stopped = interrupted(depin().current_dir(place.path()).args(named), "io.net baseline: 12 runs");
    assert_eq!(stopped.code, 2, "{}{}", stopped.out, stopped.err);
    assert!(stopped.err.contains("depin sim resume two`"), "{}", stopped.err);
    assert!(place.path().join("two/akash/inputs/network.toml").is_file(), "begun, with nothing done");
    let went_on = run(&["sim", "resume", "two"]).done();
    assert!(went_on.out.contains("[1] io.net baseline\n[2] akash baseline\n"), "{}", went_on.out);
    assert!(place.path().join("two/compare.html").is_file() && !place.path().join("two/helium").exists());
    let again = run(&["sim", "run", "--again", "two/akash", "--out", "again"]).done();
    assert!(again.err.contains("the same bytes as two/akash"), "{}", again.err);
    let done = run(&["sim", "resume", "two"]).done();
    assert!(done.err.contains("everything is done in two/akash"), "{}", done.err);
    fs::write(place.path().join("two/experiments.json"), "{\"experiments\": [\"../again\"], \"left_out\": []}").unwrap();
    let refused = run(&["sim", "resume", "two"]);
    assert!(refused.code == 1 && refused.err.contains("`../again` is no name of a folder in it"), "{}", refused.err);
    for (args, words) in [
        (["--networks", "akash,akahs"], "did you mean akash?"),
        (["--networks", "akash,akash"], "names akash twice"),
        (["--networks", "all,akash"], "`all` is none"),
    ] {
        let refused = run(&[&["sim", "run", "--runs", "1"], &args[..]].concat());
        assert!(refused.code == 1 && refused.err.contains(words), "{args:?}: {}", refused.err);
    }
}

/// Runs of other lengths are not set beside others without a word.
#[test]
fn a_comparison_says_what_is_not_alike() {
    let place = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| printed(place.path(), args);
    let small = ["sim", "run", "akash", "--fixed", "--runs"];
    run(&[&small[..], &["2", "--steps", "14", "--out", "short"]].concat()).done();
    run(&[&small[..], &["3", "--steps", "28", "--out", "long"]].concat()).done();
    let compared = run(&["sim", "compare", "short", "long"]).done();
    assert!(compared.err.contains("Runs are not of the same time: short 14 days") && compared.err.contains("Not equally many"));
    let json = run(&["sim", "compare", "short", "long", "--json"]).json();
    assert_eq!((json["comparison"]["unlike"].as_array().unwrap().len(), &json["comparison"]["paired"][1]), (2, &false.into()));
}
