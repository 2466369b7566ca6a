//! What a file must say of stake, locks, pledges, slashing and funds, and how its mistakes are reported.

mod stakes;

use depin_economy::*;
use depin_quantity::{Name, Units};
use stakes::*;

#[track_caller]
fn refused(from: &str, to: &str, message: &str) {
    assert!(FILE.contains(from), "{from}");
    let found = Spec::parse(&FILE.replacen(from, to, 1)).expect_err("the file must be refused").problems().to_vec();
    assert!(found.iter().any(|p| p.message.contains(message)), "{from} -> {to}: wanted `{message}`, found {found:#?}");
}

#[test]
fn the_figures_are_read() {
    let spec = Spec::parse(FILE).unwrap_or_else(|e| panic!("{e}"));
    let staking = spec.staking(VALIDATORS).unwrap();
    assert_eq!((staking.unbonding, staking.validators_most, staking.entries_most), (days(21), 3, 2));
    assert_eq!((staking.double_sign, staking.downtime), (share("5%"), share("0.01%")));
    assert_eq!(staking.liveness.unwrap().window, 100);
    let lock = spec.lock(VE).unwrap();
    assert_eq!((lock.longest, lock.most_times, lock.bonus.unwrap().times), (days(1_460), 100_000_000_000, 3));
    assert_eq!((lock.scopes.len(), lock.clock, lock.least), (2, Name::literal("epoch"), coins(1)));
    let pledge = spec.pledge(DEVICE).unwrap();
    assert_eq!(pledge.size, PledgeSize::PerUnit { each: coins(200), steps: 100, least_units: 1 });
    assert_eq!(pledge.cool_down, Some(days(14)));
    let fault = spec.fault(Name::literal("spoofing")).unwrap();
    assert_eq!(fault.to[2], (SlashTo::Treasury(COMMUNITY), share("40%")));
    let redeem = spec.treasury(COMMUNITY).unwrap().redeem.unwrap();
    assert_eq!((redeem.burns, redeem.pays, redeem.curve.is_zero()), (IOT, COIN, true));
    let roles: Vec<Name> = spec.roles().into_iter().collect();
    assert_eq!(roles, [Name::literal("bridge"), Name::literal("council")]);
    assert_eq!(spec.token(USDX).unwrap().bridged_by, Some(Name::literal("bridge")));
}

#[test]
fn a_staking_may_leave_out_what_it_never_slashes_for() {
    let text = FILE.replace("slash = { double-sign = \"5%\", downtime = \"0.01%\" }\n", "");
    let text = text.replace("liveness = { window = 100, signed-least = \"5%\", jail = \"600s\" }\n", "");
    let spec = Spec::parse(&text).unwrap_or_else(|e| panic!("{e}"));
    let staking = spec.staking(VALIDATORS).unwrap();
    assert!(staking.double_sign.get() == 0 && staking.liveness.is_none());
}

#[test]
fn mistakes_are_reported() {
    refused("unbonding = \"21d\"", "unbonding = \"21 moons\"", "is not a length of time");
    refused("unbonding = \"21d\"", "unbounding = \"21d\"", "unknown key `unbounding`");
    refused("commission-least = \"5%\"", "commission-least = \"105%\"", "is more than the whole");
    refused("most-validators = 3", "most-validators = 0", "from 1 to");
    refused("signed-least = \"5%\", ", "", "lacks `signed-least`");
    refused("token = \"COIN\"\nunbonding", "token = \"CION\"\nunbonding", "no declared token");
    refused("most-times = \"100\"", "most-times = \"0.0000000001\"", "at most nine places");
    refused("times = \"3\"", "times = \"2.5\"", "a whole number of times");
    refused("longest = \"1460d\"", "longest = \"1500ms\"", "a whole number of seconds");
    refused("delegates-to = [\"iot\", \"mobile\"]", "delegates-to = [\"iot\", \"iot\"]", "each name only once");
    refused("least = \"1 COIN\"", "least = \"1 IOT\"", "expected an amount of COIN");
    refused("least-units = 1", "least-units = 0", "from 1 to");
    refused("share = \"10%\" }, { to = \"treasury", "share = \"11%\" }, { to = \"treasury", "must sum to exactly 100%");
    refused("to = \"reporter\"", "to = \"nobody\"", "is nowhere that tokens can go");
    refused("treasury.community\", share", "treasury.comunity\", share", "is no declared treasury");
    refused("pledge = \"device\"\nshare = \"10%\"", "pledge = \"devices\"\nshare = \"10%\"", "no declared kind of pledge");
    refused("accrued = { pool = \"work\"", "accrued = { pool = \"wrok\"", "no declared pool");
    refused("judge = \"council\" }", "}", "lacks `judge`");
    refused("burns = \"IOT\"", "burns = \"COIN\"", "burns one token of a known supply and pays another");
    refused("curve = \"0\"", "curve = \"16\"", "at most 15");
    refused("window = \"1d\"", "window = \"0s\"", "`window` is no time at all");
    refused("entries-most = 2\n", "entries-most = 2\nentrys-most = 3\n", "unknown key `entrys-most`");
    refused("cool-down = \"14d\"\nsource = \"test\"", "cool-down = \"14d\"", "figures without a source");
}

#[test]
fn a_breaker_may_watch_one_amount() {
    let text = FILE.replace("most = \"20%\"", "most-amount = \"5 COIN\"");
    let spec = Spec::parse(&text).unwrap_or_else(|e| panic!("{e}"));
    let most = spec.treasury(COMMUNITY).unwrap().breaker.unwrap().most;
    assert_eq!(most, BreakerMost::Amount(COIN, Units::new(5_000_000)));
}
