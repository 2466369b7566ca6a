//! Hotspots join, say where they are, and leave.

use crate::{files::FIVE, world::*};
use depin_quantity::Address;
use depin_services::coverage::{CoverageError, CoverageMessage, Location};

#[test]
fn a_hotspot_joins_for_a_fee_in_credits_and_says_where_it_is_for_another() {
    let mut net = Net::document();
    let (before, burned) = (net.credits(OWNER), net.burned());
    net.send(OWNER, &joins(10, OWNER)).unwrap();
    // 40 USD and 10 USD at 0.0001 USD a credit.
    assert_eq!(before - net.credits(OWNER), 400_000);
    let place = CoverageMessage::AssertLocation { hotspot: hotspot(10), location: berlin() };
    net.send(OWNER, &place).unwrap();
    net.send(OWNER, &place).unwrap();
    assert_eq!((before - net.credits(OWNER), net.burned() - burned), (600_000, 600_000));
    let row = net.hotspot(10);
    assert_eq!((row.owner, row.location, row.asserted, row.full), (OWNER, Some(berlin()), 2, true));
    let (latitude, longitude) = berlin().degrees();
    assert!((latitude - 52.52).abs() < 0.001 && (longitude - 13.405).abs() < 0.001, "{latitude} {longitude}");
}

#[test]
fn a_hotspot_is_the_account_s_that_it_signed_for_and_joins_once() {
    let mut net = Net::document();
    assert_eq!(net.send(ANYBODY, &joins(10, OWNER)).unwrap_err(), CoverageError::NotTheOwner { named: OWNER });
    net.send(OWNER, &joins(10, OWNER)).unwrap();
    let known = CoverageError::KnownHotspot { hotspot: hotspot(10), owner: OWNER };
    assert_eq!(net.send(CUSTOMER, &joins(10, CUSTOMER)).unwrap_err(), known);
    let place = CoverageMessage::AssertLocation { hotspot: hotspot(10), location: berlin() };
    assert_eq!(net.send(CUSTOMER, &place).unwrap_err().code(), "not-yours");
    let other = CoverageMessage::AssertLocation { hotspot: hotspot(11), location: berlin() };
    assert_eq!(net.send(OWNER, &other).unwrap_err(), CoverageError::UnknownHotspot(hotspot(11)));
}

#[test]
fn who_has_no_credits_onboards_nothing() {
    let mut net = Net::document();
    let error = net.send(ANYBODY, &joins(10, ANYBODY)).unwrap_err();
    assert_eq!(error.code(), "economy");
    assert_eq!(net.rows().rows::<depin_services::coverage::Hotspot>().count(), 0);
}

#[test]
fn a_place_that_is_none_is_refused_before_the_pool_and_by_the_ledger() {
    let mut net = Net::document();
    net.send(OWNER, &joins(10, OWNER)).unwrap();
    let good = berlin();
    for (location, code) in [
        (Location { cell: 0, ..good }, "cell"),
        (Location { cell: u64::MAX, ..good }, "cell"),
        // The parent of resolution 11: the resolution's four bits one lower, the digit of 12 unused.
        (Location { cell: (good.cell - (1 << 52)) | (7 << 9), ..good }, "cell"),
        (Location { gain: 9, ..good }, "gain"),
        (Location { gain: 151, ..good }, "gain"),
        (Location { gain: i16::MIN, ..good }, "gain"),
        (Location { elevation: -501, ..good }, "elevation"),
        (Location { elevation: i32::MAX, ..good }, "elevation"),
    ] {
        let message = CoverageMessage::AssertLocation { hotspot: hotspot(10), location };
        assert_eq!(message.check_bounds().unwrap_err().code(), code, "{location:?}");
        assert_eq!(net.send(OWNER, &message).unwrap_err().code(), code, "{location:?}");
    }
    for edge in [Location { gain: 10, elevation: -500, ..good }, Location { gain: 150, elevation: 10_000, ..good }] {
        net.send(OWNER, &CoverageMessage::AssertLocation { hotspot: hotspot(10), location: edge }).unwrap();
    }
}

#[test]
fn poles_and_the_antimeridian_are_places() {
    let mut net = Net::document();
    for (n, (latitude, longitude)) in
        [(90.0, 0.0), (-90.0, 77.0), (0.0, 180.0), (0.0, -180.0), (-17.7, 179.999)].iter().enumerate()
    {
        let n = 10 + n as u8;
        net.send(OWNER, &joins(n, OWNER)).unwrap();
        let cell = depin_services::coverage::cell_at(*latitude, *longitude).unwrap();
        let location = Location { cell, ..berlin() };
        net.send(OWNER, &CoverageMessage::AssertLocation { hotspot: hotspot(n), location }).unwrap();
        assert!((location.degrees().0 - latitude).abs() < 0.01);
    }
    assert_eq!(depin_services::coverage::cell_at(f64::NAN, 0.0), None);
    assert_eq!(depin_services::coverage::cell_at(f64::INFINITY, 0.0), None);
}

#[test]
fn a_retired_hotspot_stays_known_and_does_nothing_more() {
    let mut net = Net::document();
    let (_, route) = net.customer(1_000, 1);
    net.send(OWNER, &joins(10, OWNER)).unwrap();
    assert_eq!(net.send(ANYBODY, &CoverageMessage::Retire(hotspot(10))).unwrap_err().code(), "not-yours");
    net.send(OWNER, &CoverageMessage::Retire(hotspot(10))).unwrap();
    let retired = CoverageError::Retired(hotspot(10));
    assert_eq!(net.send(OWNER, &CoverageMessage::Retire(hotspot(10))).unwrap_err(), retired);
    let packets = vec![net.packet(1, 24)];
    assert_eq!(net.report(Net::batch(route, 10, packets, true)).unwrap_err(), retired);
    assert_eq!(net.send(OWNER, &joins(10, OWNER)).unwrap_err().code(), "known-hotspot");
}

/// Where hotspots pledge, the pledge is locked when they join and comes back when they retire.
#[test]
fn a_pledge_comes_back_when_a_hotspot_retires() {
    let pledging = (0..FIVE.len()).find_map(|stake| {
        let toml = crate::files::mixed("coverage", 0, 0, stake).toml;
        toml.contains("[incentive.pledge.hotspot]").then_some(toml)
    });
    let toml = pledging.expect("one of the five networks has pledges");
    let mut net = Net::of(&toml);
    let token =
        |net: &Net| net.economy.spec().tokens().keys().map(|token| net.reads().wallet(OWNER, *token).held.get()).sum::<u128>();
    net.send(OWNER, &joins(10, OWNER)).unwrap();
    let locked = token(&net);
    net.send(OWNER, &CoverageMessage::Retire(hotspot(10))).unwrap();
    assert!(token(&net) > locked, "{} and {locked}", token(&net));
    assert_ne!(OWNER, Address::new([0; 32]));
}
