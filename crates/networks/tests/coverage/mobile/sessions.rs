//! Sessions: what is new in a report is paid, up to what the carrier authorised and has, rounded up once in a session.

use super::*;
use depin_services::coverage::mobile::SessionReason;

const WIFI: Kind = Kind::OutdoorWifi;
const DAY: Span = Span::from_days(1);

fn told(net: &Net, n: u8, up: u64, down: u64, stopped: bool) -> SessionUse {
    SessionUse { session: session(n), carrier: 1, started: net.now, up, down, stopped }
}

fn at(started: Instant, n: u8, up: u64, down: u64, stopped: bool) -> SessionUse {
    SessionUse { session: session(n), carrier: 1, started, up, down, stopped }
}

fn paid(results: &[SessionResult]) -> Vec<(u64, u64, u128, Option<SessionReason>)> {
    results.iter().map(|result| (result.bytes, result.units, result.cost.get(), result.reason)).collect()
}

/// A unit is 24 bytes and costs one credit: 100 bytes are 5 units, 24 more make 6 altogether.
#[test]
fn what_is_new_is_paid_and_rounded_up_once() {
    let mut net = network("");
    net.stands(1, WIFI, &[hex(0, Signal::High, -500)]);
    let carrier = net.carrier(1_000, 10_000);
    let (burned, start) = (net.burned(), net.now);
    let first = told(&net, 1, 40, 60, false);
    assert_eq!(paid(&net.sessions(1, vec![first])), [(100, 5, 5, None)]);
    assert_eq!(paid(&net.sessions(1, vec![first])), [(0, 0, 0, Some(SessionReason::Duplicate))]);
    // 124 bytes: 5.17 units, 6 altogether.
    assert_eq!(paid(&net.sessions(1, vec![at(start, 1, 50, 74, false)])), [(24, 1, 1, None)]);
    // An older report that comes late pays nothing, and takes nothing back.
    assert_eq!(paid(&net.sessions(1, vec![at(start, 1, 45, 60, false)])), [(0, 0, 0, Some(SessionReason::Duplicate))]);
    // 144 bytes are 6 units still.
    assert_eq!(paid(&net.sessions(1, vec![at(start, 1, 50, 94, true)])), [(20, 0, 0, None)]);
    assert_eq!(paid(&net.sessions(1, vec![at(start, 1, 50, 99_999, true)])), [(0, 0, 0, Some(SessionReason::Duplicate))]);
    assert_eq!((net.burned() - burned, net.point(1).bytes, net.point(1).units), (6, 144, 6));
    let row = mobile::carrier(net.rows(), carrier).unwrap();
    assert_eq!((row.balance.get(), row.spent.get(), row.bytes), (994, 6, 144));
    assert_eq!(mobile::authorised(net.rows(), carrier, point(1)), (10_000, 144));
}

#[test]
fn a_stop_that_says_no_more_than_the_last_report_ends_the_session() {
    let mut net = network("");
    net.stands(1, WIFI, &[hex(0, Signal::High, -500)]);
    net.carrier(1_000, 10_000);
    let start = net.now;
    net.sessions(1, vec![at(start, 1, 24, 0, false)]);
    assert_eq!(paid(&net.sessions(1, vec![at(start, 1, 24, 0, true)])), [(0, 0, 0, None)]);
    assert!(mobile::session(net.rows(), point(1), session(1)).unwrap().stopped);
}

#[test]
fn nothing_is_paid_beyond_what_is_authorised() {
    let mut net = network("");
    net.stands(1, WIFI, &[hex(0, Signal::High, -500)]);
    net.stands(2, WIFI, &[hex(0, Signal::High, -500)]);
    let carrier = net.carrier(1_000, 240);
    let one = told(&net, 1, 100, 100, false);
    assert_eq!(paid(&net.sessions(1, vec![one])), [(200, 9, 9, None)]);
    let two = told(&net, 2, 0, 100, true);
    assert_eq!(paid(&net.sessions(1, vec![two])), [(40, 2, 2, Some(SessionReason::OverCap))]);
    // The cap is each access point's, unless the carrier names another for one.
    let elsewhere = told(&net, 1, 0, 100, true);
    assert_eq!(paid(&net.sessions(2, vec![elsewhere])), [(100, 5, 5, None)]);
    let more = |bytes| MobileMessage::Authorise { carrier, access_point: Some(point(1)), bytes };
    net.mobile(CUSTOMER, more(1_000)).unwrap();
    let three = told(&net, 3, 0, 100, true);
    assert_eq!(paid(&net.sessions(1, vec![three])), [(100, 5, 5, None)]);
    net.mobile(CUSTOMER, more(10)).unwrap();
    let four = told(&net, 4, 0, 100, true);
    assert_eq!(paid(&net.sessions(1, vec![four])), [(0, 0, 0, Some(SessionReason::OverCap))]);
    assert_eq!(mobile::totals(net.rows()).unpaid, 160);
    net.mobile(ANYBODY, more(9)).unwrap_err();
}

#[test]
fn nothing_is_paid_without_credits_and_credits_come_back() {
    let mut net = network("");
    net.stands(1, WIFI, &[hex(0, Signal::High, -500)]);
    let carrier = net.carrier(5, 10_000);
    let many = told(&net, 1, 0, 144, false);
    assert_eq!(paid(&net.sessions(1, vec![many])), [(0, 0, 0, Some(SessionReason::InsufficientBalance))]);
    let few = told(&net, 2, 0, 72, false);
    assert_eq!(paid(&net.sessions(1, vec![few])), [(72, 3, 3, None)]);
    let before = net.credits(CUSTOMER);
    let take = |credits| MobileMessage::TakeCredits { carrier, credits: Units::new(credits) };
    net.mobile(CUSTOMER, take(3)).unwrap_err();
    net.mobile(ANYBODY, take(1)).unwrap_err();
    net.mobile(CUSTOMER, take(2)).unwrap();
    assert_eq!((net.credits(CUSTOMER) - before, mobile::carrier(net.rows(), carrier).unwrap().balance.get()), (2, 0));
    net.mobile(CUSTOMER, MobileMessage::AddCredits { carrier, credits: Units::new(100) }).unwrap();
    let third = told(&net, 3, 0, 24, false);
    assert_eq!(paid(&net.sessions(1, vec![third])), [(24, 1, 1, None)]);
}

#[test]
fn sessions_of_another_time_or_carrier_are_not_paid() {
    let mut net = network("");
    net.stands(1, WIFI, &[hex(0, Signal::High, -500)]);
    net.carrier(1_000, 10_000);
    net.carrier(1_000, 10_000);
    let start = net.now;
    let of = |session_of: u8, carrier, started| SessionUse {
        session: session(session_of),
        carrier,
        started,
        up: 24,
        down: 0,
        stopped: false,
    };
    net.sessions(1, vec![of(1, 1, start)]);
    let wrong = [of(1, 2, start), of(1, 1, start.later(MINUTE)), of(2, 3, start), of(3, 1, start.later(Span::from_secs(61)))];
    let reasons: Vec<_> = net.sessions(1, wrong.to_vec()).iter().map(|result| result.reason).collect();
    let carrier = Some(SessionReason::WrongCarrier);
    assert_eq!(reasons, [carrier, carrier, carrier, Some(SessionReason::Future)]);
    for _ in 0..8 {
        net.pass(DAY);
    }
    assert!(mobile::session(net.rows(), point(1), session(1)).is_none(), "it is forgotten");
    let late = net.sessions(1, vec![of(1, 1, start)]);
    assert_eq!(late[0].reason, Some(SessionReason::Late), "and is not paid twice");
}

/// The data pool pays what credits cost, and both pools know access points: an owner earns by points and by data.
#[test]
fn points_and_data_earn() {
    let mut net = network("");
    net.stands(1, Kind::IndoorWifi, &[hex(0, Signal::High, -500)]);
    net.carrier(100_000, 1_000_000);
    net.day(&[1], 12);
    let session = told(&net, 1, 0, 240_000, true);
    assert_eq!(paid(&net.sessions(1, vec![session])), [(240_000, 10_000, 10_000, None)]);
    let mobile = |net: &Net| net.reads().wallet(OWNER, depin_quantity::Name::literal("MOBILE")).held.get();
    let before = mobile(&net);
    net.pass(DAY);
    net.price();
    net.pass(DAY);
    assert!(mobile(&net) > before, "the day's coverage and data are paid");
}

/// Helium's file with HIP-87: carriers share the providers' bucket by what they paid for data. Mappers get what the bucket leaves of 30 %.
fn with_hip_87(bucket: &str, mappers: &str) -> Net {
    let mapped = "share = \"20%\"\nmethod = \"direct\"\nto = \"role.mappers\"";
    let direct = "share = \"10%\"\nmethod = \"direct\"\nto = \"role.service-providers\"";
    let worth = "worth = { price = \"MOBILE-USD\", usd-per-unit = \"0.0001 USD\" }";
    let (first, later) = FIVE[0].1.rsplit_once("carrier-units = {}").expect("the later rules bind it");
    let text = format!("{first}carrier-units = {{ pool = \"mobile-providers\" }}{later}");
    let capped = text.replace(direct, &format!("share = \"{bucket}\"\nmethod = \"batch\"\n{worth}"));
    assert_ne!(capped, text, "the file has the bucket");
    assert!(capped.contains(mapped), "the file has the mappers' share");
    let capped = capped.replace(mapped, &mapped.replace("20%", mappers));
    Net::of(&capped.replace("speed-server = \"speed-test\"\n", ""))
}

fn mobile_of(net: &Net, who: Address) -> u128 {
    net.reads().wallet(who, depin_quantity::Name::literal("MOBILE")).held.get()
}

/// 10,000 credits of a carrier's subscribers, and the day after; what its owner got in MOBILE, and what all of the bucket was.
fn bucket_of_a_day(net: &mut Net) -> (u128, u128) {
    const PROVIDERS: depin_quantity::Name = depin_quantity::Name::literal("mobile-providers");
    net.stands(1, WIFI, &[hex(0, Signal::High, -500)]);
    net.carrier(100_000, 1_000_000);
    let before = mobile_of(net, CUSTOMER);
    let session = told(net, 1, 0, 240_000, true);
    assert_eq!(paid(&net.sessions(1, vec![session])), [(240_000, 10_000, 10_000, None)]);
    let bucket = net.reads().period_reward(PROVIDERS).expect("a pool").get();
    net.go_to_the_next(depin_quantity::Name::literal("sub-network-day"));
    net.pass(MINUTE);
    (mobile_of(net, CUSTOMER) - before, bucket)
}

/// HIP-87: one for one with what data cost, in dollars, up to the bucket; the rest is not minted.
#[test]
fn a_carrier_gets_what_its_data_cost_up_to_the_bucket() {
    // 10,000 credits of 0.0001 USD are one dollar, which is half a MOBILE at 2 USD.
    let (got, bucket) = bucket_of_a_day(&mut with_hip_87("10%", "20%"));
    assert_eq!(got, 500_000);
    assert!(bucket > got, "{bucket}");
    let (got, bucket) = bucket_of_a_day(&mut with_hip_87("0.000001%", "29.999999%"));
    assert!(bucket < 500_000 && got == bucket, "all of a bucket of {bucket}, and {got}");
}

/// As the file stands the role gets the bucket whole, and no carrier's data is told.
#[test]
fn without_the_rule_carriers_get_nothing() {
    let mut net = network("");
    assert!(!net.service.params.mobile.as_ref().unwrap().rules.carriers_count);
    let keeper = mobile_of(&net, KEEPER);
    let (got, _) = bucket_of_a_day(&mut net);
    assert_eq!(got, 0);
    assert!(mobile_of(&net, KEEPER) > keeper);
}

/// A file in which one version knows of it and another does not is taken, and says nothing of it.
#[test]
fn a_rule_that_a_version_forgets_is_off() {
    let text = FIVE[0].1.replacen("carrier-units = {}\n", "", 1);
    let net = Net::of(&text.replace("carrier-units = {}", "carrier-units = { pool = \"mobile-data\" }"));
    assert!(!net.service.params.mobile.as_ref().unwrap().rules.carriers_count);
}
