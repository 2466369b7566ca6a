//! Leases paid by their availability: what both parties signed, what nobody reported, and what no report could cover.

use crate::world::*;
use depin_quantity::{Address, Instant, Name, Span, Units};
use depin_services::{
    Service,
    coverage::{PublicKey, SignatureBytes},
    leasing::{self, AvailabilityReport, BidId, DeploymentId, LeasingError, LeasingEvent, LeasingMessage, Reason, SignedReport},
};
use proptest::prelude::*;

const HOUR: Span = Span::from_secs(3_600);
const RATE: u128 = 900;
/// What a lease of 900 uakt a block costs for an hour.
const HOURLY: u128 = 600 * RATE;

const fn key(n: u8) -> PublicKey {
    PublicKey::new([n; 32])
}

fn tenant() -> Address {
    key(1).address()
}

fn provider() -> Address {
    key(2).address()
}

fn paid_by_availability(unreported: &str) -> String {
    format!(
        "[service.leasing.availability]\nperiod = \"1h\"\nwithin = \"30m\"\nunreported = \"{unreported}\"\nparameter = true\nwhy = \"a test\"\n"
    )
}

/// A lease at 900 uakt a block between two who have keys, in a deployment with so much.
fn leased(changes: &[(&str, &str)], more: &str, deposit: u128) -> (Net, BidId) {
    let mut net = Net::changed(changes, more);
    for who in [tenant(), provider()] {
        net.with(|session| session.transfer(FRIEND, who, AKT, Units::new(2_000_000_000))).unwrap();
    }
    net.register(provider(), "north", &[]).unwrap();
    net.send(tenant(), &create(1, vec![group("1000", 1)], millionths(AKT, deposit))).unwrap();
    let order = DeploymentId { owner: tenant(), dseq: 1 }.group(1).order(1);
    net.bids(provider(), order, "900").unwrap();
    net.send(tenant(), &LeasingMessage::CreateLease(order.bid(provider()))).unwrap();
    (net, order.bid(provider()))
}

fn signed(lease: BidId, period: u64, (answered, probes): (u32, u32), by: u8) -> SignedReport {
    let report = AvailabilityReport { lease, period, probes, answered };
    SignedReport { report, key: key(by), signature: SignatureBytes::new([0; 64]) }
}

/// The provider hands in what the tenant signed.
fn report(net: &mut Net, lease: BidId, period: u64, counts: (u32, u32)) -> Result<(), LeasingError> {
    net.send(provider(), &LeasingMessage::ReportAvailability(vec![signed(lease, period, counts, 1)]))
}

/// What the provider collects, before the network's part.
fn collects(net: &mut Net, lease: BidId) -> u128 {
    let paid = |net: &Net| net.reads().usage(Name::literal("lease"), AKT).paid.get();
    let before = paid(net);
    net.send(provider(), &LeasingMessage::Withdraw(vec![lease])).unwrap();
    paid(net) - before
}

fn ends(net: &mut Net, lease: BidId) -> u128 {
    let paid = |net: &Net| net.reads().usage(Name::literal("lease"), AKT).paid.get();
    let before = paid(net);
    net.send(tenant(), &LeasingMessage::CloseLease(lease)).unwrap();
    paid(net) - before
}

#[test]
fn without_the_parameter_a_lease_is_paid_whatever_its_availability_is() {
    let (mut net, lease) = leased(&[], "", 500_000_000);
    assert!(net.service.shortest_window().is_none() && leasing::availability(net.rows(), lease).is_none());
    net.pass(HOUR);
    assert_eq!(report(&mut net, lease, 0, (0, 10)).unwrap_err().code(), "no-availability");
    assert_eq!(collects(&mut net, lease), HOURLY);
}

#[test]
fn what_both_signed_decides_the_pay_of_a_period_and_the_rest_is_the_tenants_again() {
    let (mut net, lease) = leased(&[], &paid_by_availability("0%"), 500_000_000);
    assert_eq!(net.service.shortest_window().map(|window| window.length), Some(Span::from_secs(1_800)));
    net.pass(HOUR);
    assert_eq!(collects(&mut net, lease), 0, "nothing before it is decided");
    report(&mut net, lease, 0, (3, 4)).unwrap();
    assert_eq!(collects(&mut net, lease), HOURLY * 3 / 4);
    net.pass(HOUR);
    // The tenant may hand in what the provider signed.
    net.send(tenant(), &LeasingMessage::ReportAvailability(vec![signed(lease, 1, (1, 3), 2)])).unwrap();
    assert_eq!(
        collects(&mut net, lease),
        HOURLY / 3 - 1,
        "a third of 10^9 parts is rounded down, and whole units leave the escrow"
    );
    let row = leasing::availability(net.rows(), lease).unwrap();
    assert_eq!((row.next, row.probes, row.answered, row.unreported), (2, 7, 4, 0));
    let unearned = net.events.iter().find_map(|event| match event {
        LeasingEvent::AvailabilityDecided { period: 0, unearned, .. } => Some(unearned.get()),
        _ => None,
    });
    assert_eq!(unearned, Some(HOURLY / 4));
    // What was not earned keeps the deployment longer.
    let left = net.reads().escrow_free(lease.deployment().unit()).unwrap().get();
    assert_eq!(left, 500_000_000 - HOURLY * 3 / 4 - HOURLY / 3);
}

#[test]
fn nobody_moves_pay_by_its_own_word() {
    let (mut net, lease) = leased(&[], &paid_by_availability("0%"), 500_000_000);
    net.register(OTHER, "south", &[]).unwrap();
    net.pass(HOUR);
    let say = |by: u8| LeasingMessage::ReportAvailability(vec![signed(lease, 0, (10, 10), by)]);
    for (who, by, code) in [
        (provider(), 2, "not-signed-by-other"),
        (provider(), 3, "not-signed-by-other"),
        (tenant(), 1, "not-signed-by-other"),
        (OTHER, 1, "not-yours"),
        (TENANT, 2, "not-yours"),
    ] {
        assert_eq!(net.send(who, &say(by)).unwrap_err().code(), code, "{who} with a signature of key {by}");
    }
    assert_eq!(collects(&mut net, lease), 0);
    // A chain checks the signature of that key over these very bytes.
    let message = say(1);
    let inner = message.signatures();
    assert_eq!((inner.len(), inner[0].key), (1, [1; 32]));
    assert_eq!(inner[0].message, AvailabilityReport { lease, period: 0, probes: 10, answered: 10 }.signed());
}

#[test]
fn reports_come_one_period_after_the_other_and_in_time() {
    let (mut net, lease) = leased(&[], &paid_by_availability("0%"), 500_000_000);
    net.pass(Span::from_millis(HOUR.get() - 1));
    assert_eq!(report(&mut net, lease, 0, (1, 1)).unwrap_err().code(), "availability-early");
    net.pass(Span::from_millis(1));
    for (period, counts, code) in
        [(1, (1, 1), "availability-order"), (0, (2, 1), "probes"), (0, (0, 0), "probes"), (0, (0, 1_000_001), "probes")]
    {
        assert_eq!(report(&mut net, lease, period, counts).unwrap_err().code(), code);
    }
    report(&mut net, lease, 0, (1, 1)).unwrap();
    assert_eq!(report(&mut net, lease, 0, (0, 1)).unwrap_err().code(), "availability-order", "decided once");
    for n in [0, 17] {
        let message = LeasingMessage::ReportAvailability(vec![signed(lease, 1, (1, 1), 1); n]);
        assert_eq!(net.send(provider(), &message).unwrap_err().code(), "reports");
    }
    // The second of two periods is too late, so none of them is taken.
    net.pass(Span::from_secs(2 * 3_600));
    let both = LeasingMessage::ReportAvailability(vec![signed(lease, 1, (1, 1), 1), signed(lease, 2, (1, 1), 1)]);
    assert_eq!(net.send(provider(), &both).unwrap_err().code(), "availability-order", "the first was decided without a report");
    assert_eq!(report(&mut net, lease, 2, (1, 2)), Ok(()));
    assert_eq!(collects(&mut net, lease), HOURLY + HOURLY / 2);
}

#[test]
fn a_period_without_a_report_is_paid_as_the_file_says() {
    for (unreported, gets) in [("0%", 0), ("50%", HOURLY / 2), ("100%", HOURLY)] {
        let (mut net, lease) = leased(&[], &paid_by_availability(unreported), 500_000_000);
        net.pass(Span::from_millis(HOUR.get() + 1_800_000 - 1));
        assert_eq!(collects(&mut net, lease), 0);
        net.pass(Span::from_millis(1));
        assert_eq!(collects(&mut net, lease), gets, "{unreported}");
        assert_eq!(leasing::availability(net.rows(), lease).unwrap().unreported, 1);
    }
}

#[test]
fn what_the_end_of_a_lease_cuts_short_is_paid_as_the_period_before() {
    let minutes = |n: u64| Span::from_secs(60 * n);
    // Before any report in full: to end a lease early is no way to have it for nothing.
    let (mut net, lease) = leased(&[], &paid_by_availability("0%"), 500_000_000);
    net.pass(minutes(70));
    assert_eq!(ends(&mut net, lease), 700 * RATE);
    assert!(leasing::availability(net.rows(), lease).is_none());

    let (mut net, lease) = leased(&[], &paid_by_availability("0%"), 500_000_000);
    net.pass(HOUR);
    report(&mut net, lease, 0, (1, 2)).unwrap();
    net.pass(minutes(70));
    assert_eq!(ends(&mut net, lease), HOURLY / 2 + 700 * RATE / 2);

    // A provider that nobody vouched for has nothing to gain by ending it.
    let (mut net, lease) = leased(&[], &paid_by_availability("0%"), 500_000_000);
    net.pass(minutes(100));
    let had = net.held(provider());
    net.send(provider(), &LeasingMessage::CloseBid { order: lease.order, reason: Reason::Unstable }).unwrap();
    assert_eq!(net.held(provider()), had + 500_000, "the deposit of the bid alone");
}

#[test]
fn money_that_runs_out_pays_no_more_than_was_earned() {
    for ordered in [false, true] {
        let changes: &[(&str, &str)] = if ordered { &[ORDERED] } else { &[] };
        let (mut net, lease) = leased(changes, &paid_by_availability("0%"), HOURLY * 3 / 2);
        let had = net.held(tenant());
        net.pass(HOUR);
        report(&mut net, lease, 0, (1, 2)).unwrap();
        // Half of the hour's price is back, so it lasts another half hour longer.
        net.pass(Span::from_secs(3_594));
        assert_eq!(net.totals().running_leases, 1);
        net.pass(Span::from_secs(12));
        assert_eq!(net.totals().running_leases, 0);
        let paid = net.reads().usage(Name::literal("lease"), AKT).paid.get();
        assert_eq!(paid, HOURLY / 2 + HOURLY / 2, "half of what the money lasted for");
        if !ordered {
            assert_eq!(net.held(tenant()), had + HOURLY / 2, "the rest went back");
        }
        net.pass(Span::from_days(1));
    }
}

#[test]
fn the_file_is_refused_when_nobody_could_report_in_time() {
    for (from, to, says) in [("\"1h\"", "\"59s\"", "period"), ("\"30m\"", "\"1s\"", "within")] {
        let text = akash(&[], &paid_by_availability("0%").replace(from, to));
        let spec = depin_economy::Spec::parse(&text).unwrap();
        let refused = leasing::Leasing::read(&spec, Instant::new(0)).unwrap_err().to_string();
        assert!(refused.contains(&format!("`{says}` is shorter than a minute")), "{refused}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is reported, collected, deposited and ended, in whatever order: what the tenant has less is what was paid for the lease,
    /// the provider never has more than that, and the books balance at every step.
    #[test]
    fn pay_by_availability_is_conserved(
        ordered in any::<bool>(),
        unreported in 0u32..=100,
        deposit in 600_000u128..3_000_000,
        steps in prop::collection::vec((0u8..6, 1u64..100, 0u32..=10), 1..24),
    ) {
        let changes: &[(&str, &str)] = if ordered { &[ORDERED] } else { &[] };
        let (mut net, lease) = leased(changes, &paid_by_availability(&format!("{unreported}%")), deposit);
        let escrow = depin_economy::Account::Escrow(lease.deployment().unit());
        let (before, had) = (net.held(tenant()) + deposit, net.held(provider()));
        for (what, minutes, answered) in steps {
            let next = leasing::availability(net.rows(), lease).map_or(0, |row| row.next);
            let _ = match what {
                0 | 1 => { net.pass(Span::from_secs(60 * minutes)); Ok(()) }
                2 | 3 => report(&mut net, lease, next, (answered, 10)),
                4 => net.send(provider(), &LeasingMessage::Withdraw(vec![lease])),
                _ if minutes > 90 => net.send(tenant(), &LeasingMessage::CloseDeployment { dseq: 1 }),
                _ => Ok(()),
            };
            let paid = net.reads().usage(Name::literal("lease"), AKT).paid.get();
            prop_assert_eq!(net.held(tenant()) + net.held_in(escrow, AKT) + paid, before);
            prop_assert!(net.held(provider()) <= had + 500_000 + paid);
        }
    }
}
