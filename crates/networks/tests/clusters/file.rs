//! What the service asks of a network's file.

use crate::{
    files::{FIVE, mixed},
    world::{HOUR, least_work},
};
use depin_challenge::Scale;
use depin_economy::Spec;
use depin_quantity::{Instant, Span};
use depin_services::{Live, Service as _, clusters::Clusters, descriptor::CLUSTERS};

fn problems(toml: &str) -> String {
    let spec = Spec::parse(toml).unwrap_or_else(|errors| panic!("{errors}"));
    Clusters::read(&spec, Instant::default()).err().map_or_else(String::new, |errors| errors.to_string())
}

#[test]
fn the_file_of_the_document_runs() {
    let spec = Spec::parse(FIVE[4].1).unwrap();
    let Ok(Live::Clusters(Clusters { params })) = Live::read(&spec, Instant::default()) else { panic!("it runs clusters") };
    assert_eq!((params.hour, params.uptime, params.first_hire_after), (HOUR, 5, Span::from_secs(12 * 3_600)));
    assert_eq!((params.proof.window, params.proof.misses, params.slices), (5, 3, false));
    assert_eq!(params.proof.work, Scale::PRODUCTION, "docs/cluster-checks.md has its figures for that scale");
    assert_eq!(params.rules.currencies.iter().map(|one| one.token.to_string()).collect::<Vec<_>>(), ["IO", "USDC"]);
    assert!(params.rules.pledges && params.rules.score_earns && !params.rules.hours_earn && !params.rules.units_stand);
    assert_eq!(CLUSTERS.read_parameters(&spec).unwrap().len(), 27);
}

#[test]
fn devices_are_hired_under_every_economy() {
    for (emission, (earns, _)) in FIVE.iter().enumerate() {
        for (payment, (pays, _)) in FIVE.iter().enumerate() {
            let made = mixed("clusters", emission, payment, emission);
            assert_eq!(problems(&made.toml), "", "{earns} paid as {pays}");
        }
    }
}

/// A simulation needs none of what only a chain does: files from before stay good, and a chain says what to add.
#[test]
fn a_file_without_what_only_a_chain_needs_is_simulated_and_not_started() {
    let whole = least_work(&[]);
    let (old, _) = whole.split_once("[service.clusters.multiplier]").unwrap();
    let spec = Spec::parse(old).unwrap();
    assert_eq!(CLUSTERS.read_parameters(&spec).unwrap().len(), 7);
    let told = problems(old);
    assert!(["multiplier", "proof", "work", "pay", "bounds"].iter().all(|table| told.contains(table)), "{told}");
}

#[test]
fn what_hires_could_not_send_is_a_problem_of_the_file() {
    for (change, words) in [
        (("uptime = \"5h\"", "uptime = \"90m\""), "no whole number of checks"),
        (("within = \"40m\"", "within = \"1h\""), "check.every longer"),
        (("limit = \"1m\"", "limit = \"1ms\""), "1 s at least"),
        (("misses = 3", "misses = 6"), "misses = 3, window = 5"),
        (("region-kib = 8", "region-kib = 24"), "no power of two"),
        (("cpu = \"1\"", "cpu = \"0.001\""), "whole hundredths"),
        (("method = \"reserved\"\n", "method = \"weighted\"\n"), "reserves nothing"),
        (("[service.clusters.check]\nevery = \"1h\"", "[service.clusters.check]\nevery = \"30m\""), "another length"),
    ] {
        let told = problems(&least_work(&[change]));
        assert!(told.contains(words), "{change:?}: {told}");
    }
}

/// An answer of a minute has 40 minutes of ledger time: a chain that ran more than 40 times as fast would outrun it.
#[test]
fn the_limit_by_the_wall_clock_bounds_the_speed_of_a_chain() {
    let spec = Spec::parse(FIVE[4].1).unwrap();
    let clusters = Clusters::read(&spec, Instant::default()).unwrap();
    let window = clusters.shortest_window().unwrap();
    assert_eq!((window.key, window.step().get(), clusters.speed_most()), ("proof.within", 600_000, Some(40)));
}

#[test]
fn slices_are_for_development_files_that_say_so() {
    let with = |word: &str| {
        let table = format!("\n[service.clusters.development]\nslices = \"{word}\"\nparameter = true\nwhy = \"a test\"\n");
        let spec = Spec::parse(&(least_work(&[]) + &table)).unwrap();
        Clusters::read(&spec, Instant::default()).unwrap().params.slices
    };
    assert!(with("yes") && !with("no"));
}
