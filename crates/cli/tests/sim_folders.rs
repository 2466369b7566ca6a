//! Folders of results by the real binary: made again, compared, several at once.

mod support;

use std::{fs, path::Path};
use support::{Printed, depin, run};

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
