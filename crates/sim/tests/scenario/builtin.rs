//! What comes along.

use super::{SERVICES, scenario};
use depin_networks::{NETWORKS, Recipe, compose};
use depin_quantity::Name;
use depin_services::descriptor;
use depin_sim::scenario::{
    Change, ClassKind, Draft, FIELDS, Field, PRICES, Prices, Provenance, SCENARIOS, Scenario, Severity, Treatment, scenario_text,
};
use std::collections::BTreeSet;

#[test]
fn every_scenario_reads_for_every_service_without_a_word() {
    for (name, _) in SCENARIOS {
        for service in SERVICES {
            let (scenario, found) = Draft::builtin(name).unwrap().check(service);
            assert!(scenario.is_some() && found.all().is_empty(), "{name} for {service}:\n{found}");
        }
    }
}

/// A part of a network's file is the emission of one and the people of another.
#[test]
fn every_scenario_reads_for_every_service_on_every_economy() {
    for service in SERVICES {
        for (_, text) in NETWORKS {
            let recipe = Recipe { name: Name::literal("mynet"), service, emission: text, payment: text, stake: text, unit: None };
            let Ok(made) = compose(&recipe) else { continue };
            let token = depin_economy::Spec::parse(&made.toml).unwrap().fee().token;
            let read = Draft::builtin("ai-boom").unwrap().for_network(&made.toml, "my/network.toml", Some(token.as_str()));
            let read = read.unwrap_or_else(|found| panic!("{service}:\n{found}\n{}", made.toml));
            assert!(read.market.start.value > 0.0 && read.market.depth.value > 0.0);
        }
    }
}

#[test]
fn the_five_networks_pay_by_nothing_that_the_people_are_silent_about() {
    for (name, text) in NETWORKS {
        let spec = depin_economy::Spec::parse(text).unwrap();
        let service = spec.network().service;
        let said: BTreeSet<Name> = scenario("baseline", service.as_str()).metrics.keys().copied().collect();
        for (_, version) in spec.versions(spec_start()) {
            let paid = version.bindings().iter().filter(|(_, binding)| binding.pool.is_some());
            for (metric, _) in paid {
                assert!(said.contains(metric), "{name}: {metric}");
            }
        }
    }
}

fn spec_start() -> depin_quantity::Instant {
    depin_quantity::Instant::new(0)
}

/// The one says which figures there are, the other what they are; keys are the same in the same order.
#[test]
fn the_list_of_fields_is_the_list_of_figures() {
    let mut scenario = scenario("ai-boom", "leasing");
    let mut seen = Vec::new();
    scenario.visit(&mut |key, _| {
        let field = Field::of(key.strip_prefix("scenario.").unwrap()).unwrap_or_else(|| panic!("{key} has no field"));
        if seen.last() != Some(&field.path) && !seen.contains(&field.path) {
            seen.push(field.path);
        }
    });
    assert_eq!(seen, FIELDS.iter().map(|field| field.path).collect::<Vec<_>>());
}

#[test]
fn every_figure_says_where_it_comes_from_and_every_assumption_has_a_range() {
    for (name, _) in SCENARIOS {
        for service in SERVICES {
            for (key, figure) in scenario(name, service).figures() {
                let field = Field::of(key.strip_prefix("scenario.").unwrap()).unwrap();
                match figure.provenance {
                    Provenance::Unstated => assert_eq!(Some(figure.value), field.default, "{name}, {service}: {key}"),
                    // How many owners of one device decide as one is the grain of the model, and no assumption about the world.
                    Provenance::Assumption(_) if figure.range.is_none() => {
                        assert!(key.ends_with(".devices"), "{name}, {service}: {key} is assumed without a range");
                    }
                    Provenance::Assumption(_) | Provenance::Source(_) => {}
                }
            }
        }
    }
}

#[test]
fn every_service_has_hardware_of_each_kind_and_several_kinds_of_customers() {
    for service in SERVICES {
        let scenario = scenario("baseline", service);
        for kind in [ClassKind::Idle, ClassKind::Repurposed, ClassKind::Bought] {
            assert!(scenario.supply.values().any(|class| class.kind == kind), "{service}: {kind:?}");
        }
        assert!(scenario.demand.len() >= 3, "{service}");
        let descriptor = descriptor::service(service).unwrap();
        assert!(scenario.metrics.keys().all(|metric| descriptor.metric(*metric).is_some()), "{service}");
    }
}

#[test]
fn the_boom_is_all_of_it_for_compute_less_for_storage_and_only_the_token_for_coverage() {
    let on = |service: &str| {
        let boom = scenario("ai-boom", service).boom;
        [boom.demand.on, boom.outside.on, boom.hardware.on, boom.cloud.on, boom.ahead.on, boom.bust.on]
    };
    for service in ["rendering", "leasing", "clusters"] {
        assert_eq!(on(service), [true; 6], "{service}");
    }
    assert_eq!(on("storage"), [true, true, true, false, true, true]);
    assert_eq!(on("coverage"), [false, false, false, false, true, true]);
    let (storage, leasing) = (scenario("ai-boom", "storage").boom, scenario("ai-boom", "leasing").boom);
    assert!(storage.demand.times.value < leasing.demand.times.value);
    assert_eq!(leasing.ahead.times.value, 10.0, "the document: about ten times in 2023");
    for switch in [&leasing.demand, &leasing.outside, &leasing.hardware, &leasing.cloud, &leasing.ahead, &leasing.bust] {
        assert!(switch.times.range.is_some() && switch.after_months.range.is_some());
    }
}

#[test]
fn scenarios_differ_from_the_baseline_in_what_their_names_say() {
    let of = |name: &str| scenario(name, "leasing");
    assert_eq!(of("no-tokens").horizon.treatment, Treatment::NoTokens);
    assert_eq!(of("central-capex").horizon.treatment, Treatment::CentralCapex);
    let crash = of("price-crash");
    assert_eq!(crash.events.len(), 1);
    assert_eq!(crash.events[0].changes, [Change::Price(-0.8)]);
    let same = |mut scenario: Scenario| {
        let baseline = of("baseline");
        (scenario.about, scenario.horizon) = (baseline.about.clone(), baseline.horizon.clone());
        scenario == baseline
    };
    assert!(same(of("no-tokens")) && same(of("central-capex")), "the same people, demand and chance");
}

#[test]
fn start_prices_are_dated_with_the_scenarios_start_and_name_their_networks() {
    let prices = Prices::parse(PRICES, "networks/prices.toml").unwrap();
    assert_eq!(prices.at, scenario("baseline", "leasing").horizon.start);
    for (name, text) in NETWORKS {
        let token = depin_economy::Spec::parse(text).unwrap().fee().token;
        let price = prices.of_network(name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(Some(price), prices.of_token(token.as_str()));
        assert!(price.usd.provenance != Provenance::Unstated && price.depth.range.is_some());
    }
}

#[test]
fn a_name_that_is_none_is_told_the_one_that_is_like_it() {
    assert_eq!(scenario_text("ai-bom").unwrap_err().near, Some("ai-boom"));
    let found = Draft::builtin("ai-bom").unwrap_err();
    assert!(found.to_string().contains("did you mean `ai-boom`?"), "{found}");
    assert!(found.all().iter().all(|one| one.severity == Severity::Error));
}
