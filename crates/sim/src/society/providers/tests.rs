use super::*;
use crate::{RunKey, scenario::plain, society::Payback};

const CHANCE: Chance = Chance::new(RunKey { seed: 1, run: 0 });

/// What everybody sees, when a unit pays so much and classes are half full.
fn market(price: f64, reward: f64) -> Market {
    Market {
        rewards: vec![Rewards { capacity: reward, ..Rewards::default() }; 3],
        fill: vec![0.5; 3],
        price,
        payee: 1.0,
        boom: (1.0, 1.0, 0.0),
        collateral: vec![0.0; 3],
        joining: vec![0.0; 3],
        grant: 0.0,
        discount_rate: 0.2,
    }
}

/// Lives so many days; gives devices by class at the end, with those that are ordered.
fn live(scenario: &Scenario, market: &Market, days: u32) -> Vec<f64> {
    let mut providers = Providers::new(scenario, &CHANCE);
    for day in 1..=days {
        let mut decisions = Vec::new();
        providers.decide((scenario, &Payback), &CHANCE, day, market, &mut decisions);
        decisions.into_iter().for_each(|decision| providers.carry_out(decision, day + 20));
    }
    providers.survey(&scenario.supply.values().collect::<Vec<_>>()).0
}

#[test]
fn a_class_grows_by_its_pace_however_much_is_paid() {
    let mut scenario = plain();
    scenario.supply.values_mut().for_each(|class| class.spread.value = 0.0);
    // Twenty providers of one device: a fifth a month and one more.
    let fleets = live(&scenario, &market(1.0, 10_000.0), 30);
    assert!(fleets.iter().all(|fleet| (24.0..=26.5).contains(fleet)), "{fleets:?}");
    scenario.supply.values_mut().for_each(|class| class.pace.value = 0.0);
    let fleets = live(&scenario, &market(1.0, 10_000.0), 30);
    assert!(fleets.iter().all(|fleet| (21.0..=22.0).contains(fleet)), "the provider more alone: {fleets:?}");
}

#[test]
fn the_less_an_entry_pays_the_slower_a_class_grows() {
    let scenario = plain();
    let idle = |reward: f64| live(&scenario, &market(0.1, reward), 120)[1];
    let (little, much) = (idle(4.0), idle(40.0));
    assert!(live(&scenario, &market(0.1, 0.0), 120)[1] < 20.0 && little < much, "{little} {much}");
}

/// Classes in the order of their names: bought, idle, repurposed.
#[test]
fn whoever_could_earn_more_elsewhere_leaves_or_does_not_come() {
    let mut scenario = plain();
    // Twelve dollars a day, three to run it; what is repurposed could earn four elsewhere.
    let pays = market(0.0, 12.0);
    assert!(live(&scenario, &pays, 200).iter().all(|fleet| *fleet > 10.0));
    for class in scenario.supply.values_mut() {
        class.outside.value = 12.0;
    }
    let fleets = live(&scenario, &pays, 400);
    assert!(fleets.iter().all(|fleet| *fleet < 5.0), "{fleets:?}");
}

#[test]
fn money_that_is_put_up_has_its_price() {
    let scenario = plain();
    let mut locked = market(0.0, 12.0);
    assert!(live(&scenario, &locked, 400)[1] > 10.0);
    // Nine dollars a day of profit; a fifth a year of 20,000 are eleven.
    locked.collateral = vec![20_000.0; 3];
    assert!(live(&scenario, &locked, 400)[1] < 5.0);
}
