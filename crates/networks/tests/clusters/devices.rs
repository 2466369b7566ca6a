//! Devices come, stake, change, and go.

use crate::world::{CHECKER, HOUR, IO, Net, SECOND, ask, hirer, least_work, machine, name, new_hire, owner, terms};
use depin_economy::{Action, Subject};
use depin_quantity::{ContentHash, Name, Span, Units};
use depin_services::clusters::{ClustersMessage as M, DeviceTerms, ProcessorKind};

const TOKEN: u128 = 100_000_000;

fn leave(n: u8) -> M {
    M::Leave { device: machine(n) }
}

#[test]
fn a_device_stakes_200_io_for_each_processor_and_gets_it_back_14_days_after_it_leaves() {
    let mut net = Net::new(1);
    assert_eq!(net.held(owner(1)), (1_000_000 - 400) * TOKEN);
    net.ok(owner(1), leave(1));
    assert_eq!(net.refused(owner(1), leave(1)), "has-left");
    net.tick(Span::from_secs(14 * 86_400 - 1));
    assert_eq!(net.held(owner(1)), (1_000_000 - 400) * TOKEN, "it cools down");
    assert_eq!(net.refused(owner(1), M::Register { name: name(1), terms: terms() }), "economy", "no new stake until then");
    net.tick(SECOND);
    assert_eq!(net.held(owner(1)), 1_000_000 * TOKEN);
    net.ok(owner(1), M::Register { name: name(1), terms: terms() });
    assert_eq!(net.totals().devices, 1);
    net.events_read_back();
}

#[test]
fn a_larger_device_tops_its_stake_up_and_proves_itself_anew() {
    let mut net = Net::proved(1);
    assert!(net.device(1).nominated);
    let mut more = terms();
    more.profile.processors = 3;
    net.ok(owner(1), M::Register { name: name(1), terms: more.clone() });
    let subject = Subject::Unit { owner: owner(1), unit: machine(1) };
    let pledge = net.network.economy().reads(net.rows(), net.now).pledge(subject, Name::literal("device")).unwrap();
    assert_eq!(pledge.amount, Units::new(600 * TOKEN));
    assert!(!net.device(1).nominated && net.device(1).uptime == 0);
    more.asks = vec![ask(IO, 11)];
    net.pass_hours(5, &[1]);
    net.ok(owner(1), M::Register { name: name(1), terms: more });
    assert_eq!((net.device(1).uptime, net.device(1).nominated), (5, true), "another price changes nothing else");
}

#[test]
fn what_nothing_proves_is_refused_with_its_reason() {
    type Change = fn(&mut DeviceTerms);
    let mut net = Net::new(1);
    let cases: [(Change, &str); 11] = [
        (|t| t.profile.kind = ProcessorKind::Gpu, "device"),
        (|t| t.profile.processors = 0, "device"),
        (|t| t.profile.processors = 257, "device"),
        (|t| t.profile.memory_mib = 1_048_577, "device"),
        (|t| t.profile.slice = true, "slice"),
        (|t| t.url = "ftp://x".to_owned(), "device"),
        (|t| t.asks = Vec::new(), "device"),
        (|t| t.asks = vec![ask(IO, 1), ask(IO, 2)], "device"),
        (|t| t.asks = vec![ask(Name::literal("DOGE"), 1)], "currency"),
        (|t| t.asks = vec![ask(IO, 0)], "ask"),
        (|t| t.asks = vec![ask(IO, 1_000_001)], "ask"),
    ];
    for (change, code) in cases {
        let mut terms = terms();
        change(&mut terms);
        assert_eq!(net.refused(owner(1), M::Register { name: name(9), terms }), code);
    }
    assert_eq!(net.totals().devices, 1);
}

#[test]
fn one_owner_has_so_many_devices() {
    let mut net = Net::of(&least_work(&[("per-owner = 1_000", "per-owner = 1")]), 1);
    assert_eq!(net.refused(owner(1), M::Register { name: name(9), terms: terms() }), "devices-most");
    net.ok(owner(1), leave(1));
    net.ok(owner(1), M::Register { name: name(9), terms: terms() });
}

#[test]
fn slices_register_where_the_file_says_so() {
    let table = "\n[service.clusters.development]\nslices = \"yes\"\nparameter = true\nwhy = \"a test\"\n";
    let mut net = Net::of(&(least_work(&[]) + table), 1);
    let mut slice = terms();
    slice.profile.slice = true;
    net.ok(owner(1), M::Register { name: name(9), terms: slice });
}

#[test]
fn a_device_that_the_checker_accuses_loses_half_of_its_stake_and_the_council_can_give_it_back() {
    let spoofing = M::Accuse { device: machine(1), evidence: ContentHash::new([7; 32]) };
    let mut net = Net::new(2);
    assert_eq!(net.refused(owner(2), spoofing.clone()), "not-the-checker");
    net.ok(CHECKER.address(), spoofing.clone());
    assert!(!net.device(1).active && net.totals().spoofed == 1);
    assert_eq!(net.refused(CHECKER.address(), spoofing), "has-left");
    let slash = slash_of(&net);
    net.act(owner(1), &Action::Appeal { slash, grounds: depin_quantity::UnitId::new([1; 32]) });
    net.act(crate::world::COUNCIL, &Action::Judge { slash, give_back: true });
    net.tick(Span::from_days(14));
    assert_eq!(net.held(owner(1)), 1_000_000 * TOKEN, "all of it is back");
    let mut net = Net::new(1);
    net.ok(CHECKER.address(), M::Accuse { device: machine(1), evidence: ContentHash::new([7; 32]) });
    net.tick(Span::from_days(31));
    assert_eq!(net.held(owner(1)), (1_000_000 - 200) * TOKEN, "nobody asked for it within a month: it is burnt");
}

fn slash_of(net: &Net) -> depin_quantity::UnitId {
    let held = net.events.iter().find_map(|event| match event {
        depin_services::Event::Economy(depin_economy::Event::PledgeSlashed { slash: Some(slash), .. }) => Some(*slash),
        _ => None,
    });
    held.expect("it is held for appeal")
}

#[test]
fn a_hired_device_neither_leaves_nor_becomes_another() {
    let mut net = Net::proved(1);
    net.hire(new_hire(3, &[1]));
    assert_eq!(net.refused(owner(1), leave(1)), "is-hired");
    let mut other = terms();
    other.profile.memory_mib = 2;
    assert_eq!(net.refused(owner(1), M::Register { name: name(1), terms: other }), "is-hired");
    assert_eq!(net.refused(hirer(), M::Hire(Box::new(new_hire(1, &[1])))), "is-hired", "two hires for one device");
    net.tick(HOUR);
}
