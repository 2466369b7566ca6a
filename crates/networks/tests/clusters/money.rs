//! Where every base unit of a hire goes.

use super::hires::net_of;
use crate::world::{HIRER, HOUR, IO, Net, RATE, hirer, least_work, machine, new_hire, owner};
use depin_economy::{Account, Action};
use depin_quantity::{Name, Units};
use depin_services::clusters::{ClustersMessage as M, HireState};

/// A quarter of a per cent is burnt, a quarter goes to the platform, the rest to the device's owner.
#[test]
fn a_payment_is_split_as_the_file_says() {
    let mut net = Net::proved(1);
    let platform = |net: &Net| {
        let treasury = Account::Treasury(Name::literal("platform"));
        net.network.economy().reads(net.rows(), net.now).balance(treasury, IO).get()
    };
    let before = (net.held(hirer()), platform(&net));
    let id = net.hire(new_hire(4, &[1]));
    for _ in 0..7 {
        net.next_hour();
        // Its hirer's word alone: nothing of a pool comes on top.
        if net.lock(1, HIRER, 1_000).is_err() {
            let _ = net.attend(1);
        }
    }
    assert_eq!(net.hire_row(id).state, HireState::Closed);
    assert_eq!(before.0 - net.held(hirer()), 4 * RATE);
    assert_eq!(platform(&net) - before.1, 4 * RATE / 400);
    assert_eq!(net_of(4 * RATE), 4 * RATE - 4 * RATE / 200);
}

/// Whoever hires its own devices pays the fees, and gets nothing of the pool for it.
#[test]
fn a_colluding_pair_earns_nothing_by_signing_for_each_other() {
    let mut net = Net::proved(2);
    net.hire(new_hire(20, &[1]));
    net.next_hour();
    net.lock(1, HIRER, 1_000).unwrap();
    net.answer(2);
    // What it earned before it was hired is paid by now.
    let (score, had) = (net.device(1).score, net.held(owner(1)));
    for _ in 0..8 {
        net.next_hour();
        net.lock(1, HIRER, 1_000).unwrap();
        net.answer(2);
    }
    assert_eq!(net.device(1).score, score);
    assert_eq!(net.held(owner(1)), had, "its hours are paid later, and by its friend");
    assert_eq!(net.refused(owner(1), M::Leave { device: machine(1) }), "is-hired");
}

#[test]
fn what_is_hired_is_told_as_used_by_the_hour() {
    let mut net = Net::proved(1);
    net.hire(new_hire(5, &[1]));
    net.next_hour();
    net.lock(1, HIRER, 1_000).unwrap();
    net.next_hour();
    net.lock(1, HIRER, 1_000).unwrap();
    let hours = net.totals().hired_hours;
    assert!(hours == 1 || hours == 2, "{hours}");
    assert!(Units::new(u128::from(hours)) <= Units::new(2));
    net.tick(HOUR);
}

/// A file may have rewards claimed instead of paid: then nothing comes by itself, and all of it when its owner asks.
#[test]
fn rewards_of_a_lazy_pool_wait_until_they_are_claimed() {
    let lazy = least_work(&[("share = \"90%\"\nmethod = \"batch\"", "share = \"90%\"\nmethod = \"lazy\"")]);
    let mut net = Net::of(&lazy, 1);
    let had = net.held(owner(1));
    net.pass_hours(8, &[1]);
    net.next_hour();
    assert_eq!(net.held(owner(1)), had);
    net.act(owner(1), &Action::Claim { after: None });
    // Three rewarded hours of 90 % of about 4,566 IO.
    let got = net.held(owner(1)) - had;
    assert!((1_230_000_000_000..=1_235_000_000_000).contains(&got), "{got}");
}
