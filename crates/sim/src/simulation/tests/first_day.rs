//! What the fleet of the first day holds so that it may take part.

use super::{FIVE, KEY, f, for_service, metric, scenario_of};
use crate::{
    Model, Point, run,
    scenario::{Assignment, Fundamental, Opening, Per, Scenario, Treatment, set_network},
    simulation::{Own, Simulation},
    world::open,
};
use depin_economy::Spec;
use depin_networks::{Recipe, compose, network_file};
use depin_quantity::Name;

/// Storage on Render's economy, where a sector pledges what a node does: 3.125 RENDER a GiB. A capacity unit is so many bytes.
fn storage_on_render(bytes: f64) -> (String, Scenario) {
    let text = network_file("render").unwrap();
    let recipe =
        Recipe { name: Name::literal("shelf"), service: "storage", emission: text, payment: text, stake: text, unit: None };
    let mut scenario = for_service("storage");
    scenario.horizon.years = 0.2;
    scenario.horizon.opening = Opening::Fresh;
    scenario.market.fundamental = Fundamental::Quantity;
    metric(&mut scenario, "quality-bytes", Per::Capacity, bytes);
    (compose(&recipe).unwrap().toml, scenario)
}

#[test]
fn a_fleet_that_cannot_stake_as_a_whole_begins_with_those_who_can() {
    let (text, scenario) = storage_on_render(2e16);
    let model = Model::new(&text, scenario).unwrap();
    let first = model.first_day().unwrap();
    assert!(first.taking_part > 0 && first.taking_part < first.providers, "{first:?}");
    assert!(first.capacity > 0.0 && first.capacity < 1.0 && first.earned + first.bought < first.needed, "{first:?}");
    let told = first.told().unwrap();
    assert!(told.contains("RENDER") && told.contains("the others stay away until they can buy it"), "{told}");
    assert!(told.split(' ').all(|word| word.len() < 15), "amounts are in whole tokens: {told}");
    let result = run(&model, &Point::default(), KEY, &()).unwrap();
    assert!(result.audit.violations.is_empty() && result.audit.cash_left == 0);
    assert!(result.rows[0].get("providers") <= first.taking_part as f64 + result.rows[0].get("entered"));
    // Who stays away is in the run without rewards: nothing is staked there.
    assert!(result.paired[0].rows[0].get("providers") >= first.providers as f64 - result.paired[0].rows[0].get("left"));
}

#[test]
fn where_nobody_can_stake_no_run_begins_and_the_reason_is_in_tokens() {
    let (text, scenario) = storage_on_render(1e21);
    let reason = Model::new(&text, scenario).unwrap().first_day().unwrap_err();
    assert!(
        reason.starts_with("none of the ") && reason.contains("must stake") && reason.contains(" RENDER are to be had"),
        "{reason}"
    );
}

/// What everybody must hold is held, and every token of it came from somebody: earned, or bought at the price of the day.
#[test]
fn a_fleet_that_can_stake_holds_what_the_rules_ask_for() {
    for network in [1, 2, 4] {
        let scenario = scenario_of(network);
        let price = scenario.market.start.value;
        let (name, ..) = FIVE[network];
        let first = Model::new(network_file(name).unwrap(), scenario).unwrap().first_day().unwrap();
        assert_eq!((first.taking_part, first.told()), (first.providers, None), "{name}");
        assert!(
            first.needed > 0.0 && (first.earned + first.bought - first.needed).abs() < 1e-6 * first.needed,
            "{name}: {first:?}"
        );
        assert!((first.paid_usd - first.bought * price).abs() <= 1e-6 * first.paid_usd, "{name}: {first:?}");
    }
}

/// A day of a network whose file says something else.
fn seen(sets: &[(&str, &str)]) -> crate::society::Market {
    let set: Vec<Assignment> = sets.iter().map(|(key, value)| Assignment::new(key, value)).collect();
    let text = set_network(network_file("io.net").unwrap(), "io.net", &set).unwrap();
    let mut scenario = scenario_of(4);
    scenario.supply.values_mut().for_each(|class| class.count = f(5.0));
    let opened = open(Spec::parse(&text).unwrap(), &scenario).unwrap();
    let mut simulation = Simulation::new(scenario, &opened, Own::default(), (KEY, Treatment::Tokens), None).unwrap();
    (0..8).for_each(|_| simulation.step().unwrap());
    simulation.market
}

/// Providers decide by the rules of the file as it was set: what must be staked, what rewards pay, what is left of a payment.
#[test]
fn providers_see_what_a_key_of_the_network_says() {
    let as_it_is = seen(&[]);
    let dearer = seen(&[("network.incentive.pledge.device.per-unit", "400 IO")]);
    assert!(
        (dearer.collateral[0] / as_it_is.collateral[0] - 2.0).abs() < 0.2,
        "{} {}",
        dearer.collateral[0],
        as_it_is.collateral[0]
    );
    let poorer = seen(&[("network.incentive.pool.capacity.share", "45%")]);
    let rewards = poorer.rewards[0].capacity / as_it_is.rewards[0].capacity;
    assert!((0.4..0.6).contains(&rewards), "half of what it was: {rewards}");
    let taxed = seen(&[("network.utility.stream.hire.pays.payee.share", "50%")]);
    assert!((as_it_is.payee, taxed.payee) == (0.995, 0.5), "{} {}", as_it_is.payee, taxed.payee);
}
