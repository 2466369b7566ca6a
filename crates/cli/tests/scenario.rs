//! Scenarios and keys: listed, shown, checked, made. Needs no network.

mod support;

use std::fs;
use support::{Printed, depin, run};

fn printed(args: &[&str]) -> Printed {
    run(depin().args(args).env("COLUMNS", "120"))
}

#[test]
fn scenarios_are_listed_and_shown_as_text_or_figure_by_figure() {
    let listed = printed(&["scenario", "list", "--json"]).json();
    let names: Vec<&str> = listed["scenarios"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["baseline", "no-tokens", "central-capex", "ai-boom", "price-crash"]);
    assert!(printed(&["scenario", "list"]).done().out.contains("ai-boom"));

    let text = printed(&["scenario", "show", "ai-boom"]).done().out;
    assert_eq!(text, fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/ai-boom.toml")).unwrap());

    let shown = printed(&["scenario", "show", "ai-boom", "--for", "leasing", "--json"]).json();
    let figures = shown["figures"].as_array().unwrap();
    let growth = figures.iter().find(|one| one["key"] == "scenario.demand.developers.growth").unwrap();
    assert!(growth["range"][0].as_f64() < growth["value"].as_f64() && growth["assumed"].is_string(), "{growth}");
    let table = printed(&["scenario", "show", "baseline", "--for", "storage"]).done().out;
    assert!(table.contains("demand.enterprises.size") && table.contains("TiB-months a day"), "{table}");
}

#[test]
fn names_that_are_none_are_refused_with_what_was_meant() {
    let no = printed(&["scenario", "show", "ai-bom"]);
    assert_eq!(no.code, 1);
    assert!(no.err.contains("did you mean `ai-boom`?"), "{}", no.err);
    let no = printed(&["scenario", "show", "ai-boom", "--for", "leesing"]);
    assert!(no.code == 1 && no.err.contains("did you mean leasing?"), "{}", no.err);
    let no = printed(&["scenario", "check", "nowhere/mine.toml", "--json"]);
    assert!(no.code == 1 && no.err.contains("no-file"), "{}", no.err);
    let no = printed(&["scenario", "new"]);
    assert!(no.code == 1 && no.err.contains("--from"), "{}", no.err);
}

#[test]
fn a_wrong_scenario_is_told_with_excerpts_and_as_data_and_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    fs::write(
        &file,
        "[scenario]\nname = \"mine\"\n\n[demand.developers]\ngrwoth = 0.4\nelasticity = { value = 2, source = \"a\" }\n",
    )
    .unwrap();
    let path = file.to_str().unwrap();
    let text = printed(&["scenario", "check", path]);
    assert_eq!(text.code, 1);
    for part in ["`grwoth` is no key of [demand.developers]", "did you mean `growth`?", "^^^^^^", "2 errors", "read for leasing"]
    {
        assert!(text.out.contains(part), "{part}:\n{}", text.out);
    }
    let data = printed(&["scenario", "check", path, "--json"]);
    let data: serde_json::Value = serde_json::from_str(&data.out).unwrap();
    assert_eq!((data["errors"].as_u64(), data["service"].as_str()), (Some(2), Some("leasing")));
    assert_eq!(data["findings"][0]["line"], 5);
    let other = printed(&["scenario", "check", path, "--network", "filecoin"]);
    assert!(other.code == 1 && other.out.contains("read for storage"), "{}", other.out);
}

#[test]
fn a_copy_is_right_at_once_and_nothing_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    let path = file.to_str().unwrap();
    let made = printed(&["scenario", "new", "--from", "ai-boom", "--out", path, "--json"]).json();
    assert_eq!(made["blanks"], 0);
    assert_eq!(
        printed(&["scenario", "check", path]).done().out.lines().last().unwrap(),
        format!("{path}: no error, no warning; read for coverage")
    );
    let again = printed(&["scenario", "new", "--from", "baseline", "--out", path]);
    assert!(again.code == 1 && again.err.contains("is left as it is"), "{}", again.err);
    assert!(fs::read_to_string(&file).unwrap().contains("my-ai-boom"));
}

/// A founder's own service: from nothing to a scenario with blanks, each of which the check points at.
#[test]
fn a_scenario_for_an_own_service_has_blanks_that_the_check_points_at() {
    let folder = tempfile::tempdir().unwrap();
    let make = ["new", "tiles", "--service", "metered", "--unit", "map tile", "--economy", "filecoin"];
    run(depin().current_dir(folder.path()).args(make)).done();
    let made =
        run(depin().current_dir(folder.path()).args(["scenario", "new", "--for", "tiles/network.toml", "--out", "mine.toml"]))
            .done();
    assert!(made.err.contains("blanks"), "{}", made.err);
    let check = ["scenario", "check", "mine.toml", "--network", "tiles", "--json"];
    let said = run(depin().current_dir(folder.path()).args(check));
    assert_eq!(said.code, 1);
    for command in [&["sim", "keys", "tiles"], &["sim", "run", "tiles"]] {
        let without = run(depin().current_dir(folder.path()).args(command));
        assert!(without.code == 1 && without.err.contains("depin scenario new --for"), "{}", without.err);
    }
    let data: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let blanks = fs::read_to_string(folder.path().join("mine.toml")).unwrap().matches("= \"? ").count();
    assert_eq!(data["errors"].as_u64(), Some(blanks as u64), "{}", said.out);
}

#[test]
fn keys_of_a_network_and_its_people_are_one_list() {
    let keys = printed(&["sim", "keys", "akash", "--json"]).json();
    let keys = keys["keys"].as_array().unwrap();
    let of = |key: &str| keys.iter().find(|one| one["key"] == key).unwrap_or_else(|| panic!("{key}"));
    assert_eq!(of("network.utility.stream.lease.pays.payee.share")["value"], "90%");
    assert_eq!(of("scenario.demand.hosts.growth")["range"][1], 0.4);
    let part = printed(&["sim", "keys", "akash", "pays-other.burn"]).done().out;
    assert!(part.contains("network.utility.stream.lease.pays-other.burn.share") && !part.contains("scenario."), "{part}");
    let none = printed(&["sim", "keys", "akash", "nothing-like-it"]);
    assert!(none.code == 1 && none.err.contains("depin sim keys akash"), "{}", none.err);
}
