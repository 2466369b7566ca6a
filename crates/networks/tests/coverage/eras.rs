//! Both eras of Helium's file, fed by what the service counts: HNT straight to who covers and carries, and later IOT and MOBILE, with HNT split
//! between their treasuries by what is locked for each, what credits burnt in each, and what active devices paid for joining.

use crate::{files::FIVE, mobile::*, world::*};
use depin_economy::{Account, Action};
use depin_quantity::{Instant, Name, Span, UnitId, Units};
use depin_services::coverage::{
    self, ACTIVE_FOR, ActiveSum, CoverageMessage,
    mobile::{
        SessionUse,
        points::{Kind, Signal},
    },
};

const DAY: Span = Span::from_days(1);
const HNT: Name = Name::literal("HNT");
const IOT: Name = Name::literal("iot");
const MOBILE: Name = Name::literal("mobile");
const BURNT: Name = Name::literal("credits-burnt");
const FEES: Name = Name::literal("onboarding-fees");
/// 40 USD in credits of 0.0001 USD.
const FEE: u128 = 400_000;

fn gauge(net: &Net, scope: Name, name: Name) -> u128 {
    net.reads().gauge(scope, name).get()
}

fn treasury(net: &Net, name: Name) -> u128 {
    net.reads().balance(Account::Treasury(name), HNT).get()
}

/// Two hotspots and an access point, whose fees are burnt.
fn devices(net: &mut Net) {
    for n in [10, 11] {
        net.send(OWNER, &joins(n, OWNER)).unwrap();
        let at = CoverageMessage::AssertLocation { hotspot: hotspot(n), location: berlin() };
        net.send(OWNER, &at).unwrap();
    }
    net.stands(1, Kind::OutdoorWifi, &[hex(0, Signal::High, -500)]);
}

/// Packets of hotspot 10 of so many units, one unit each, and nothing of hotspot 11.
fn packets(net: &mut Net, route: UnitId, first: u64, count: u64) {
    let packets = (first..first + count).map(|n| net.packet(n, 24)).collect();
    net.report(Net::batch(route, 10, packets, true)).unwrap();
}

#[test]
fn in_the_first_era_hotspots_are_paid_in_hnt_by_what_they_carried() {
    let start = Instant::new(1_650_000_000_000);
    let mut net = Net::begun(FIVE[0].1, start);
    assert!(net.economy.spec().at(start, start).pool(Name::literal("iot-treasury")).is_none(), "before the sub-networks");
    let (_, route) = net.customer(1_000, 1);
    for n in [10, 11] {
        net.send(OWNER, &joins(n, OWNER)).unwrap();
    }
    let before = net.reads().wallet(OWNER, HNT).held.get();
    packets(&mut net, route, 0, 100);
    net.go_to_the_next(Name::literal("day"));
    net.pass(MINUTE);
    // 100 credits of 0.0001 USD at 2 USD for an HNT: 0.005 HNT, in bones.
    assert_eq!(net.reads().wallet(OWNER, HNT).held.get() - before, 500_000);
}

#[test]
fn in_the_second_era_hnt_is_split_by_burnt_credits_active_devices_and_locks() {
    let mut net = network("");
    devices(&mut net);
    let (_, route) = net.customer(100_000, 1);
    net.carrier(1_000_000, 1_000_000_000);
    assert_eq!((gauge(&net, IOT, FEES), gauge(&net, MOBILE, FEES)), (0, 0), "nobody was rewarded yet");
    packets(&mut net, route, 0, 100);
    let session = SessionUse { session: session(1), carrier: 1, started: net.now, up: 0, down: 24 * 40_000, stopped: true };
    net.sessions(1, vec![session]);
    net.pass(Span::from_secs(1));
    assert_eq!((gauge(&net, IOT, BURNT), gauge(&net, MOBILE, BURNT)), (100, 40_000));
    assert_eq!((gauge(&net, IOT, FEES), gauge(&net, MOBILE, FEES)), (FEE, FEE), "hotspot 11 carried nothing");
    let sum = ActiveSum { devices: 1, fees: Units::new(FEE) };
    let active = coverage::totals(net.rows()).active.unwrap();
    assert_eq!((active.iot, active.mobile), (sum, sum));
    let before = [IOT, MOBILE].map(|net_of| treasury(&net, net_of));
    net.price();
    net.pass(DAY);
    let got = [IOT, MOBILE].map(|of| treasury(&net, of)).iter().zip(before).map(|(now, then)| now - then).collect::<Vec<_>>();
    // D: the square root of dollars burnt, 0.01 and 4, each at least one; A alike: so MOBILE has twice of IOT.
    assert!(got[0] > 0 && got[1].abs_diff(2 * got[0]) <= 2, "{got:?}");
    assert_eq!((gauge(&net, IOT, BURNT), gauge(&net, MOBILE, BURNT)), (0, 0), "the period is over");

    // Whoever locks HNT for IOT moves the split; the carrier burns the same again.
    let lock = Action::Lock {
        lock: Name::literal("veHNT"),
        id: UnitId::new([9; 32]),
        amount: Units::new(1_000_000_000),
        length: Span::from_days(1_460),
        constant: true,
        scope: Some(IOT),
    };
    net.act(OWNER, &lock);
    net.price();
    net.pass(DAY);
    let before = [IOT, MOBILE].map(|of| treasury(&net, of));
    net.price();
    net.pass(DAY);
    let after = [IOT, MOBILE].map(|of| treasury(&net, of));
    let got: Vec<u128> = after.iter().zip(before).map(|(now, then)| now - then).collect();
    assert!(got[0] > 100 * got[1], "10 HNT for four years weigh some thousands, and nothing is locked for the other: {got:?}");
}

/// HIP-88 counts who was rewarded in the last 30 days; who is rewarded again stays, and who is not goes.
#[test]
fn a_device_is_active_for_thirty_days_after_its_last_reward() {
    let mut net = network("");
    devices(&mut net);
    let (_, route) = net.customer(100_000, 1);
    packets(&mut net, route, 0, 1);
    net.pass(Span::from_days(20));
    net.price();
    packets(&mut net, route, 1, 1);
    net.pass(Span::from_days(29));
    assert_eq!(gauge(&net, IOT, FEES), FEE, "49 days after the first packet, 29 after the second");
    net.pass(Span::from_days(2));
    assert_eq!(gauge(&net, IOT, FEES), 0);
    assert_eq!(net.hotspot(10).standing.unwrap().active_until, None);
    net.price();
    packets(&mut net, route, 2, 1);
    net.pass(Span::from_secs(1));
    assert_eq!(gauge(&net, IOT, FEES), FEE);
    let until = net.hotspot(10).standing.unwrap().active_until.unwrap();
    assert_eq!(until.later(Span::from_secs(1)), net.now.later(ACTIVE_FOR));
}

/// A file without such a score keeps nothing of it, and its rows are as they were.
#[test]
fn without_a_score_nothing_is_kept_of_who_is_active() {
    let text = FIVE[0].1.replace("active = { gauge = \"onboarding-fees\", per = 10_000 }\n", "");
    assert_ne!(text, FIVE[0].1);
    let mut net = Net::of(&text);
    let (_, route) = net.customer(1_000, 1);
    net.send(OWNER, &joins(10, OWNER)).unwrap();
    packets(&mut net, route, 0, 1);
    net.pass(DAY);
    assert_eq!((net.hotspot(10).standing, coverage::totals(net.rows()).active), (None, None));
}
