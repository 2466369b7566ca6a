//! Whole runs of every network that comes along.

use crate::{
    Model, Point, RunKey, RunResult, run,
    scenario::{Figure, Fundamental, Mechanism, MetricRule, PaidBy, Per, Scenario, Treatment, plain},
};
mod first_day;
mod stable;

use depin_networks::network_file;
use depin_quantity::{Name, Span};

fn f(value: f64) -> Figure {
    Figure::plain(value)
}

fn metric(scenario: &mut Scenario, name: &str, per: Per, times: f64) {
    scenario.metrics.insert(name.parse().unwrap(), MetricRule { per, times: f(times), of: Vec::new() });
}

/// A scenario that fits a service, in round figures.
pub fn for_service(service: &str) -> Scenario {
    let mut scenario = plain();
    match service {
        "coverage" => {
            // Gigabytes: 10^9 bytes are 41,666,667 units of 24 bytes at a hundred-thousandth of a dollar each.
            scenario.unit.paid_by = PaidBy::Credit(Name::literal("packet"));
            scenario.unit.term = Span::from_days(7);
            scenario.price.mechanism = Mechanism::FixedCredit;
            scenario.price.start = f(1.0);
            for (name, times) in [("beacon-units", 1e4), ("witness-units", 4e4), ("coverage-points", 100.0)] {
                metric(&mut scenario, name, Per::Capacity, times);
            }
            metric(&mut scenario, "packet-units", Per::Usage, 1e4);
            metric(&mut scenario, "mobile-units", Per::Usage, 1e4);
        }
        "storage" => {
            scenario.unit.paid_by = PaidBy::Stream(Name::literal("deal"));
            scenario.unit.term = Span::from_days(180);
            metric(&mut scenario, "quality-bytes", Per::Capacity, 1e12);
            metric(&mut scenario, "raw-bytes", Per::Capacity, 1e12);
        }
        "rendering" => {
            scenario.unit.paid_by = PaidBy::Charge(Name::literal("frame"));
            scenario.price.mechanism = Mechanism::Tier;
            metric(&mut scenario, "approved-value", Per::ValueUsd, 1e6);
            metric(&mut scenario, "availability", Per::Capacity, 1e3);
            metric(&mut scenario, "nodes", Per::Presence, 1.0);
        }
        "leasing" => {
            scenario.unit.paid_by = PaidBy::Stream(Name::literal("lease"));
            scenario.price.mechanism = Mechanism::Auction;
            metric(&mut scenario, "leased-units", Per::Usage, 1e3);
            metric(&mut scenario, "providers", Per::Presence, 1.0);
        }
        "clusters" => {
            scenario.unit.paid_by = PaidBy::Stream(Name::literal("hire"));
            metric(&mut scenario, "device-score", Per::Capacity, 24e3);
            metric(&mut scenario, "hired-hours", Per::Usage, 3_600.0);
            metric(&mut scenario, "stake-units", Per::Presence, 4.0);
        }
        _ => {
            scenario.unit.paid_by = PaidBy::Charge(Name::literal("order"));
            metric(&mut scenario, "units", Per::Usage, 1.0);
            metric(&mut scenario, "spent", Per::ValueUsd, 1e6);
            metric(&mut scenario, "operators", Per::Presence, 1.0);
        }
    }
    scenario
}

pub const FIVE: [(&str, &str, Fundamental); 5] = [
    ("helium", "coverage", Fundamental::Burns),
    ("filecoin", "storage", Fundamental::Quantity),
    ("render", "rendering", Fundamental::Burns),
    ("akash", "leasing", Fundamental::Burns),
    ("io.net", "clusters", Fundamental::Burns),
];

fn scenario_of(network: usize) -> Scenario {
    let (_, service, fundamental) = FIVE[network];
    let mut scenario = for_service(service);
    scenario.market.fundamental = fundamental;
    scenario
}

fn run_of(network: usize, scenario: Scenario, key: RunKey) -> RunResult {
    let (name, ..) = FIVE[network];
    let model = Model::new(network_file(name).unwrap(), scenario).unwrap_or_else(|error| panic!("{name}: {error}"));
    run(&model, &Point::default(), key, &()).unwrap_or_else(|failure| panic!("{name}: {failure}"))
}

const KEY: RunKey = RunKey { seed: 1, run: 0 };

#[test]
fn every_network_lives_two_years_and_its_books_balance() {
    for (network, (name, ..)) in FIVE.iter().enumerate() {
        let result = run_of(network, scenario_of(network), KEY);
        assert_eq!(result.audit.violations, Vec::<String>::new(), "{name}");
        assert_eq!(result.audit.cash_left, 0);
        assert_eq!(
            result.paired.iter().map(|pair| pair.treatment).collect::<Vec<_>>(),
            [Treatment::NoTokens, Treatment::CentralCapex]
        );
    }
}

/// Bits of all rows: equal rows have equal bits, undefined values too.
fn bits(result: &RunResult) -> Vec<u64> {
    let paired = result.paired.iter().flat_map(|pair| &pair.rows);
    result.rows.iter().chain(paired).flat_map(|row| &row.values).map(|value| value.to_bits()).collect()
}

#[test]
fn the_same_seed_gives_the_same_bits_in_any_order_of_runs() {
    let mut scenario = scenario_of(2);
    scenario.horizon.years = 0.5;
    let model = Model::new(network_file("render").unwrap(), scenario).unwrap();
    let runs = |order: &[u32]| -> Vec<Vec<u64>> {
        let mut done: Vec<(u32, Vec<u64>)> = order
            .iter()
            .map(|n| (*n, bits(&run(&model, &Point::default(), RunKey { seed: 5, run: *n }, &()).unwrap())))
            .collect();
        done.sort();
        done.into_iter().map(|(_, bits)| bits).collect()
    };
    let (forth, back) = (runs(&[0, 1, 2]), runs(&[2, 0, 1]));
    assert!(forth == back && forth[0] != forth[1]);
}

/// One more provider shifts no other's luck: what differs is what the market does to all.
#[test]
fn one_more_provider_shifts_no_other_providers_numbers() {
    use crate::{Chance, society::Providers};
    let chance = Chance::new(KEY);
    let few = Providers::new(&scenario_of(2), &chance);
    let mut scenario = scenario_of(2);
    scenario.supply.get_mut("idle").unwrap().count = f(21.0);
    scenario.supply.get_mut("idle").unwrap().most = f(61.0);
    let many = Providers::new(&scenario, &chance);
    let own = |all: &Providers| -> Vec<(u32, u64, u64)> {
        all.all.iter().map(|provider| (provider.number, provider.devices.to_bits(), provider.cost.to_bits())).collect()
    };
    let (few, many) = (own(&few), own(&many));
    assert_eq!(many.len(), few.len() + 1);
    assert!(few.iter().all(|provider| many.contains(provider)));
}

#[test]
fn every_service_runs_under_another_networks_economy() {
    use depin_networks::{Recipe, compose};
    for (at, service) in ["coverage", "storage", "rendering", "leasing", "clusters", "metered"].into_iter().enumerate() {
        for (economy, ..) in FIVE {
            let text = network_file(economy).unwrap();
            let recipe = Recipe {
                name: Name::literal("mynet"),
                service,
                emission: text,
                payment: text,
                stake: text,
                unit: (service == "metered").then_some("map tile"),
            };
            let made = compose(&recipe).unwrap();
            let mut scenario = for_service(service);
            scenario.horizon.years = 0.2;
            scenario.horizon.opening = crate::scenario::Opening::Fresh;
            scenario.market.depth = f(1e5);
            scenario.market.speculators.cash = f(1e5);
            scenario.market.fundamental = Fundamental::Quantity;
            let name = format!("{service} under {economy}");
            let model = Model::new(&made.toml, scenario).unwrap_or_else(|error| panic!("{name}: {error}"));
            let key = RunKey { seed: 3, run: u32::try_from(at).unwrap() };
            let result =
                run(&model.paired_with(&[]), &Point::default(), key, &()).unwrap_or_else(|failure| panic!("{name}: {failure}"));
            assert!(result.audit.violations.is_empty() && result.audit.cash_left == 0, "{name}");
            let usage: f64 = result.rows.iter().map(|row| row.get("usage")).sum();
            assert!(usage > 0.0, "{name}: nothing is used");
        }
    }
}

/// io.net's rules take half of the stake of a device that is not what it says; the claim is true from then on.
#[test]
fn whoever_is_found_out_pays_by_the_networks_rules_and_claims_the_truth() {
    let mut scenario = scenario_of(4);
    scenario.horizon.years = 0.5;
    scenario.unit.false_claim = "spoofing".to_owned();
    scenario.supply.values_mut().for_each(|class| class.honesty = f(0.5));
    let simulate = |scenario: &Scenario| {
        let model = Model::new(network_file("io.net").unwrap(), scenario.clone()).unwrap().paired_with(&[]);
        run(&model.with_agents(1), &Point::default(), KEY, &()).unwrap()
    };
    let burned = |result: &RunResult| result.rows.iter().map(|row| row.get("burned")).sum::<f64>();
    let believed = simulate(&scenario);
    scenario.supply.values_mut().for_each(|class| class.found = f(1.0));
    let caught = simulate(&scenario);
    assert!(caught.audit.violations.is_empty() && caught.audit.cash_left == 0);
    // Half of 200 IO for each of sixty devices, more or fewer by their spread.
    assert!(burned(&caught) > burned(&believed) + 60.0 * 80.0, "{} {}", burned(&caught), burned(&believed));
    scenario.unit.false_claim = String::new();
    assert_eq!(bits(&simulate(&scenario)), bits(&believed), "nobody is found out by no fault");
    scenario.unit.false_claim = "lying".to_owned();
    let refused = Model::new(network_file("io.net").unwrap(), scenario).err().unwrap().to_string();
    assert_eq!(refused, "scenario.unit.false-claim: service `clusters` has no fault `lying`; it has failed-check, spoofing");
}

/// Helium burns 40 dollars of credits for every hotspot that joins; the opening fleet has paid long ago.
#[test]
fn whoever_joins_pays_what_the_service_asks_for() {
    let mut scenario = scenario_of(0);
    scenario.horizon.years = 1.0;
    scenario.market.fundamental = Fundamental::None;
    let simulate = |scenario: &Scenario| {
        let model = Model::new(network_file("helium").unwrap(), scenario.clone()).unwrap().paired_with(&[]);
        run(&model, &Point::default(), KEY, &()).unwrap()
    };
    let sum = |result: &RunResult, column: &str| result.rows.iter().map(|row| row.get(column)).sum::<f64>();
    let free = simulate(&scenario);
    scenario.supply.values_mut().for_each(|class| class.joins_with = vec!["onboarding".to_owned()]);
    let paid = simulate(&scenario);
    assert!(paid.audit.violations.is_empty() && paid.audit.cash_left == 0);
    let (fees, entered) = (sum(&paid, "capital_in_usd"), sum(&paid, "entered"));
    assert!(entered > 0.0, "somebody joins");
    assert!(sum(&free, "burned") < sum(&paid, "burned"), "they burn for it");
    assert!(fees > 0.0);
}

/// What a row says was minted less what it says was burnt is what it says the supply grew by.
#[test]
fn each_row_has_the_burns_of_its_own_days() {
    for network in [0, 2, 3] {
        let mut scenario = scenario_of(network);
        scenario.horizon.years = 0.3;
        scenario.horizon.record = Span::from_days(1);
        let result = run_of(network, scenario, KEY);
        let mut burned = 0.0;
        for pair in result.rows.windows(2) {
            let grew = pair[1].get("supply") - pair[0].get("supply");
            let net = pair[1].get("minted") - pair[1].get("burned");
            assert!((grew - net).abs() < 1e-6 * pair[1].get("supply"), "{network}: {grew} and {net} at {}", pair[1].timestep);
            burned += pair[1].get("burned");
        }
        let whole = result.rows.last().unwrap().get("supply") - result.rows[0].get("supply");
        let net: f64 = result.rows[1..].iter().map(|row| row.get("minted") - row.get("burned")).sum();
        assert!((whole - net).abs() < 1e-3 * burned.max(1.0), "{network}: {whole} and {net}");
    }
}

/// What Helium mints into the funds behind its two other tokens is a reward once: to those who are paid in them.
#[test]
fn what_backs_another_token_is_no_reward_of_its_own() {
    let mut scenario = scenario_of(0);
    scenario.horizon.years = 0.5;
    let result = run_of(0, scenario, KEY);
    let sum = |column: &str| result.rows.iter().map(|row| row.get(column)).sum::<f64>();
    let rewards = sum("reward_providers_usd") + sum("reward_stakers_usd") + sum("reward_other_usd");
    assert!(sum("reward_providers_usd") > 0.0);
    assert!(rewards < 1.1 * sum("mint_usd"), "{rewards} of {}", sum("mint_usd"));
}
