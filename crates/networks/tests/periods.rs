//! A thousand periods of every service under every economy: everything that the service can say is said, and the books balance.

mod drive;

use depin_quantity::Span;
use depin_services::descriptor::SERVICES;
use drive::{
    World,
    files::{FIVE, mixed},
};

const PERIODS: u64 = 1_000;

fn a_thousand_periods(service: &str) {
    for (i, (network, _)) in FIVE.iter().enumerate() {
        let made = mixed(service, i, i, i);
        let mut world = World::new(&format!("{service} on {network}"), &made.toml, 7 + i as u64);
        for period in 1..=PERIODS {
            world.step(period);
        }
        world.end();
        every_act_succeeded(&world);
    }
}

/// What the driver tried must have gone through now and then, or the test shows nothing.
fn every_act_succeeded(world: &World) {
    for (act, (accepted, refused)) in &world.tally {
        // What is refused for want of a reason to do it: nothing vested, nothing owed, an AMM pool that nobody funded.
        let unfunded = act == "swap" && !world.tally.contains_key("fund AMM pool");
        if unfunded
            || matches!(act.as_str(), "withdraw" | "repay" | "extend" | "convert waiting" | "cool-lock" | "unlock" | "undelegate")
        {
            continue;
        }
        assert!(*accepted > 0, "{}: `{act}` was refused {refused} times and never accepted", world.name);
    }
    let said = |act: &str| world.tally.get(act).is_some_and(|(accepted, _)| *accepted > 0);
    let (service, spec) = (world.service, world.spec());
    assert!(service.streams.is_empty() || said("stream close"), "{}: no stream was closed", world.name);
    assert!(service.charges.is_empty() || said("charge now"), "{}: nothing was charged", world.name);
    assert!(service.charges.iter().all(|kind| !kind.held) || said("capture"), "{}: nothing was captured", world.name);
    assert!(spec.pledges().is_empty() || said("lock"), "{}: nothing was pledged", world.name);
    assert!(said("fault"), "{}: nobody failed", world.name);
    let feeds = spec.bindings().values().any(|binding| binding.pool.is_some());
    assert!(!feeds || world.rewarded > 0, "{}: no pool paid anything", world.name);
}

#[test]
fn coverage_runs_a_thousand_periods_under_every_economy() {
    a_thousand_periods("coverage");
}

#[test]
fn storage_runs_a_thousand_periods_under_every_economy() {
    a_thousand_periods("storage");
}

#[test]
fn rendering_runs_a_thousand_periods_under_every_economy() {
    a_thousand_periods("rendering");
}

#[test]
fn leasing_runs_a_thousand_periods_under_every_economy() {
    a_thousand_periods("leasing");
}

#[test]
fn clusters_run_a_thousand_periods_under_every_economy() {
    a_thousand_periods("clusters");
}

#[test]
fn units_of_ones_own_run_a_thousand_periods_under_every_economy() {
    a_thousand_periods("metered");
}

/// The networks whose files have dated changes, under their own services: days, until the change lies behind.
#[test]
fn dated_changes_are_lived_through() {
    for (service, network) in [("coverage", 0), ("rendering", 2)] {
        let made = mixed(service, network, network, network);
        let name = format!("{service} on {}", FIVE[network].0);
        let mut world = World::new(&name, &made.toml, 99).every(Span::from_days(1));
        let first = world.spec().clone();
        for day in 1..=1_450 {
            world.step(day);
        }
        assert_ne!(world.spec().bindings(), first.bindings(), "{name}: the change has not come");
        world.end();
        every_act_succeeded(&world);
    }
}

/// Parts of three networks each, so that every network gives every part to some service.
#[test]
fn parts_of_three_networks_run_together() {
    for (i, service) in SERVICES.iter().enumerate() {
        for (emission, (network, _)) in FIVE.iter().enumerate() {
            let (payment, stake) = ((emission + 1 + i) % 5, (emission + 3 + 2 * i) % 5);
            let made = mixed(service.name.as_str(), emission, payment, stake);
            let parts = format!("{} on {network}/{}/{}", service.name, FIVE[payment].0, FIVE[stake].0);
            let mut world = World::new(&parts, &made.toml, 1_000 + (i * 5 + emission) as u64);
            for period in 1..=200 {
                world.step(period);
            }
            world.end();
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_state() {
    let run = |seed| {
        let mut world = World::new("twice", &mixed("rendering", 4, 3, 1).toml, seed);
        (1..=50).for_each(|period| world.step(period));
        world.state
    };
    assert!(run(5) == run(5) && run(5) != run(6));
}
