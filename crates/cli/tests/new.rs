//! `depin new`: custom folders, ready to edit, that pass `depin check`.

mod support;

use std::{fs, path::Path};
use support::{Printed, depin, run};

const FIVE: [&str; 5] = ["helium", "filecoin", "render", "akash", "io.net"];
const SERVICES: [&str; 5] = ["coverage", "storage", "rendering", "leasing", "clusters"];

fn within(folder: &Path, args: &[&str]) -> Printed {
    run(depin().current_dir(folder).args(args))
}

#[test]
fn every_service_under_every_economy_passes_the_check() {
    let folder = tempfile::tempdir().unwrap();
    for service in SERVICES {
        for economy in FIVE {
            let name = format!("{service}-on-{economy}");
            within(folder.path(), &["new", &name, "--service", service, "--economy", economy]).done();
            let checked = within(folder.path(), &["check", &name, "--json"]).json();
            assert_eq!(checked["errors"], 0, "{name}: {checked:#}");
        }
    }
}

#[test]
fn parts_of_three_networks_and_a_unit_of_ones_own_pass_the_check() {
    let folder = tempfile::tempdir().unwrap();
    let parts = ["--emission", "filecoin", "--payment", "render", "--stake", "io.net"];
    let mut args = vec!["new", "tiles", "--service", "metered", "--unit", "map tile", "--json"];
    args.extend(parts);
    let made = within(folder.path(), &args);
    let json = made.json();
    assert_eq!((json["network"].as_str(), json["unit"].as_str()), (Some("tiles"), Some("map tile")));
    assert!(json["decided"].as_array().is_some_and(|notes| !notes.is_empty()), "{json:#}");
    assert_eq!(within(folder.path(), &["check", "tiles", "--json"]).json()["errors"], 0);
    let toml = fs::read_to_string(folder.path().join("tiles/network.toml")).unwrap();
    for words in ["unit = \"map tile\"", "Render", "io.net", "parameter = true", "2_000_000_000 FIL", "builtin-actors"] {
        assert!(toml.contains(words), "{words}:\n{toml}");
    }
    let rules = fs::read_to_string(folder.path().join("tiles/RULES.md")).unwrap();
    for words in ["Filecoin", "Render", "io.net", "map tile", "`units`", "depin check"] {
        assert!(rules.contains(words), "{words}:\n{rules}");
    }
}

#[test]
fn a_network_of_ones_own_has_its_own_token_and_starts_today() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["new", "atlas", "--service", "metered", "--unit", "map tile", "--token", "ATL", "--economy", "filecoin"];
    within(folder.path(), &args).done();
    let toml = fs::read_to_string(folder.path().join("atlas/network.toml")).unwrap();
    for words in ["id = \"ATL\"", "[supply.ATL]", "2_000_000_000 ATL", "launch = { at = 20"] {
        assert!(toml.contains(words), "{words}:\n{toml}");
    }
    assert!(!toml.contains("[supply.FIL]") && toml.contains("billion FIL"), "sources still speak of the other network's token");
    assert_eq!(within(folder.path(), &["check", "atlas", "--json"]).json()["errors"], 0);
    let supply = within(folder.path(), &["supply", "./atlas", "--every", "year", "--until", "2200-01-01", "--json"]).json();
    let year = toml.split("launch = { at = ").nth(1).and_then(|rest| rest.get(..4)).unwrap().to_owned();
    assert!(supply.to_string().contains(&format!("{year}-")) && !supply.to_string().contains("\"2020-"), "it begins in {year}");
    let taken = ["new", "other", "--service", "metered", "--unit", "map tile", "--token", "USD", "--economy", "filecoin"];
    assert!(within(folder.path(), &taken).err.contains("something else"));
    for wrong in ["toolongtoolongtoolongtoolong", "a.b"] {
        let args = ["new", "other", "--service", "metered", "--unit", "map tile", "--token", wrong, "--economy", "filecoin"];
        let told = within(folder.path(), &args).err;
        assert!(told.contains("1 to 27 letters, digits, `-` and `_`") && !told.contains("line "), "{told}");
    }
    assert!(!folder.path().join("other").exists());
}

#[test]
fn the_result_is_on_standard_output_and_what_comes_next_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let printed = within(folder.path(), &["new", "mynet", "--service", "storage", "--economy", "filecoin"]).done();
    assert_eq!(printed.out, "mynet/network.toml\nmynet/RULES.md\n");
    for words in ["next: read mynet/network.toml", "depin check mynet", "depin up --network ./mynet"] {
        assert!(printed.err.contains(words), "{words}: {}", printed.err);
    }
}

#[test]
fn rows_are_those_of_a_network_that_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let told = within(folder.path(), &["network", "show", "--only", "emission,collateral"]);
    assert_eq!(told.code, 1, "{}", told.err);
    assert!(told.err.contains("depin network show NAME|PATH --only emission,collateral"), "{}", told.err);
    let told = within(folder.path(), &["network", "show", "render", "--overlay", "--only", "emission"]).done();
    assert!(told.err.contains("no overlay: no reward goes by a pledge"), "{}", told.err);
}

#[test]
fn whose_economy_it_has_must_be_said_for_all_three_parts() {
    let folder = tempfile::tempdir().unwrap();
    let unit = ["new", "tiles", "--service", "metered", "--unit", "map tile"];
    let none = within(folder.path(), &unit);
    assert_eq!(none.code, 1);
    for words in ["--emission, --payment and --stake are not given", "--economy NETWORK", "depin networks"] {
        assert!(none.err.contains(words), "{words}: {}", none.err);
    }
    let two = within(folder.path(), &[&unit[..], &["--stake", "akash"]].concat());
    assert!(two.err.contains("--emission and --payment are not given"), "{}", two.err);
    assert!(!folder.path().join("tiles").exists());
}

#[test]
fn a_folder_that_is_there_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("mynet")).unwrap();
    fs::write(folder.path().join("mynet/thesis.tex"), "years of work").unwrap();
    let printed = within(folder.path(), &["new", "mynet", "--service", "storage", "--economy", "render"]);
    assert_eq!(printed.code, 1);
    assert!(printed.err.contains("`mynet` is there already") && printed.err.contains("hint:"), "{}", printed.err);
    assert_eq!(fs::read_dir(folder.path().join("mynet")).unwrap().count(), 1);
}

#[test]
fn what_cannot_be_made_is_refused_with_what_can_be_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let wrong: [(&[&str], &str); 7] = [
        (&["new", "a", "--service", "farming", "--economy", "render"], "coverage"),
        (&["new", "a", "--service", "storage", "--economy", "bitcoin"], "io.net"),
        (&["new", "a", "--service", "storage"], "--economy"),
        (&["new", "a", "--service", "storage", "--emission", "render", "--stake", "akash"], "--economy"),
        (&["new", "a", "--service", "metered", "--economy", "render"], "--unit"),
        (&["new", "a", "--service", "storage", "--economy", "render", "--unit", "byte"], "metered"),
        (&["new", "not a name", "--service", "storage", "--economy", "render"], "name"),
    ];
    for (args, words) in wrong {
        let printed = within(folder.path(), args);
        assert_eq!(printed.code, 1, "{args:?}: {}", printed.err);
        assert!(printed.err.contains(words) && printed.out.is_empty(), "{args:?}: {}", printed.err);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_network_of_ones_own_can_give_parts_too() {
    let folder = tempfile::tempdir().unwrap();
    within(folder.path(), &["new", "first", "--service", "storage", "--economy", "filecoin"]).done();
    within(folder.path(), &["new", "second", "--service", "clusters", "--economy", "io.net", "--emission", "./first"]).done();
    assert_eq!(within(folder.path(), &["check", "second", "--json"]).json()["errors"], 0);
}
