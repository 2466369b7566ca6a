//! New scenarios to edit.

use super::SERVICES;
use depin_networks::{NETWORKS, Recipe, compose, network_file};
use depin_quantity::Name;
use depin_sim::scenario::{Draft, SCENARIOS, Severity, copied_scenario, scenario_for};

#[test]
fn a_copy_is_what_it_was_copied_from_under_another_name() {
    for (name, _) in SCENARIOS {
        let text = copied_scenario(name).unwrap();
        for service in SERVICES {
            let mut copy =
                Draft::parse(&text, "mine.toml").unwrap().resolve(service).unwrap_or_else(|found| panic!("{name}: {found}"));
            let from = super::scenario(name, service);
            assert_eq!(copy.about.name, format!("my-{name}"));
            copy.about.name.clone_from(&from.about.name);
            // What begins from a scenario that has events has them; the copy says them itself.
            copy.events.truncate(from.events.len());
            assert_eq!(copy, from, "{name} for {service}");
        }
    }
}

#[test]
fn a_scenario_for_a_known_service_is_whole_at_once() {
    for (name, text) in NETWORKS {
        let made = scenario_for(text, name).unwrap();
        let draft = Draft::parse(&made, "mine.toml").unwrap();
        let scenario = draft.for_network(text, name, None).unwrap_or_else(|found| panic!("{name}: {found}"));
        assert_eq!(draft.service().as_deref(), Some(depin_economy::Spec::parse(text).unwrap().network().service.as_str()));
        assert!(scenario.demand.len() >= 3);
    }
}

/// A network that has not been launched begins with the run; one that has is as old as it is.
#[test]
fn a_scenario_for_a_network_without_a_launch_opens_it_fresh() {
    let donor = network_file("helium").unwrap();
    let recipe =
        Recipe { name: Name::literal("shelf"), service: "storage", emission: donor, payment: donor, stake: donor, unit: None };
    let network = compose(&recipe).unwrap().toml;
    let made = scenario_for(&network, "shelf/network.toml").unwrap();
    // Its token is no other network's, whatever it is called.
    let found = Draft::parse(&made, "mine.toml").unwrap().for_network(&network, "shelf", None).unwrap_err();
    let blank: Vec<bool> = found.errors().map(|one| one.message.contains("is blank")).collect();
    assert_eq!(blank, [true; 3], "{found}");
    let found = Draft::builtin("baseline").unwrap().for_network(&network, "shelf", None).unwrap_err();
    assert!(found.to_string().contains("no list of prices has HNT of shelf: add start"), "{found}");
    let mut filled = Draft::parse(&made, "mine.toml").unwrap();
    filled.set("scenario.market.start", "1");
    filled.set("scenario.market.depth", "1000000").set("scenario.market.speculators.cash", "1000000");
    let scenario = filled.for_network(&network, "shelf", None).unwrap();
    assert_eq!(scenario.horizon.opening, depin_sim::scenario::Opening::Fresh);
    assert!(!scenario_for(donor, "helium").unwrap().contains("opening"));
}

/// A founder's own service: every blank is pointed at, and when all are filled in it runs.
#[test]
fn an_own_service_has_blanks_that_are_pointed_at() {
    let donor = network_file("filecoin").unwrap();
    let recipe = Recipe {
        name: Name::literal("tiles"),
        service: "metered",
        emission: donor,
        payment: donor,
        stake: donor,
        unit: Some("map tile"),
    };
    let network = compose(&recipe).unwrap().toml;
    let made = scenario_for(&network, "tiles/network.toml").unwrap();
    assert!(made.contains("[unit]\nname = \"map tile\"") && made.contains("paid-by = \"charge:order\""), "{made}");
    let blanks = made.matches("= \"? ").count();
    let found = Draft::parse(&made, "mine.toml").unwrap().for_network(&network, "tiles", None).unwrap_err();
    let pointed = found.errors().filter(|one| one.file == "mine.toml" && one.message.contains("is blank")).count();
    assert_eq!((pointed, found.errors().count()), (blanks, blanks), "{found}");
    assert!(found.to_string().contains("`size` is blank: map tiles a day at the start"), "{found}");

    let filled: String = made
        .lines()
        .map(|line| match line.split_once(" = \"? ") {
            None => format!("{line}\n"),
            Some(("mechanism", _)) => "mechanism = \"asks\"\n".to_owned(),
            Some((key @ ("most" | "per-day"), _)) => format!("{key} = {{ value = 1000, source = \"me\" }}\n"),
            Some((key, _)) => format!("{key} = {{ value = 2, source = \"me\" }}\n"),
        })
        .collect();
    let blank = Draft::parse(&made, "mine.toml").unwrap().check("metered").1;
    assert!(!blank.to_string().contains("range = [0, 0]"), "no range is proposed that has no width: {blank}");
    let (scenario, found) = Draft::parse(&filled, "mine.toml").unwrap().check("metered");
    assert!(scenario.is_some(), "{found}");
    let scenario = Draft::parse(&filled, "mine.toml").unwrap().for_network(&network, "tiles", None).unwrap();
    assert_eq!(scenario.supply.len(), 3);
    assert_eq!(scenario.market.depth.value, 2.0);
    assert!(found.all().iter().all(|one| one.severity == Severity::Error), "{found}");
}
