//! Many records at once are what they are one by one.

use depin_economy::*;
use depin_quantity::{Address, Decimal18, Instant, Measured, Name, Seed, Span, UnitId, Units};
use depin_state::{Memory, State as _};
use proptest::prelude::*;

const FILES: [&str; 3] = [
    include_str!("../../../networks/io.net/network.toml"),
    include_str!("../../../networks/filecoin/network.toml"),
    include_str!("../../../networks/helium/network.toml"),
];
const METRICS: [&str; 8] =
    ["device-score", "hired-hours", "raw-bytes", "quality-bytes", "beacon-units", "witness-units", "hotspots", "frames"];
const START: Instant = Instant::new(1_800_000_000_000);

fn party(n: u8) -> Address {
    Address::new([n; 32])
}

fn quantity() -> impl Strategy<Value = u128> {
    // Some are so large that a sum of two is refused.
    prop_oneof![8 => 0..1_000u128, 1 => Just(u128::MAX / 2 + 1), 1 => Just(u128::MAX)]
}

fn component() -> impl Strategy<Value = Component> {
    (0..METRICS.len(), quantity())
        .prop_map(|(n, quantity)| Component { metric: METRICS[n].parse().unwrap(), quantity: Measured::new(quantity) })
}

fn subject() -> impl Strategy<Value = Subject> {
    (1..6u8, 0..3u8).prop_map(|(n, unit)| match unit {
        0 => Subject::Party(party(n)),
        unit => Subject::Unit { owner: party(n), unit: UnitId::new([unit; 32]) },
    })
}

fn record() -> impl Strategy<Value = Record> {
    let components = || prop::collection::vec(component(), 0..3).prop_map(|some| Components::new(some).unwrap());
    prop_oneof![
        8 => (subject(), 0..2usize, quantity()).prop_map(|(subject, n, quantity)| {
            // Runs of the same metric.
            let metric = ["device-score", "beacon-units"][n].parse().unwrap();
            let components = Components::one(Component { metric, quantity: Measured::new(quantity) });
            Record::Accrued(Accrued { subject, components })
        }),
        2 => (subject(), components()).prop_map(|(subject, components)| Record::Accrued(Accrued { subject, components })),
        2 => (subject(), components()).prop_map(|(subject, components)| Record::Current(Current { subject, components })),
        1 => (subject(), 0..3_000u64).prop_map(|(subject, phase)| Record::Register(Register { subject, phase })),
        1 => (1..6u8, 1..6u8, 0..2_000u128).prop_map(|(from, to, amount)| {
            let price = Price::Agreed(Money { currency: Name::literal("FIL"), amount: Decimal18::new(amount) });
            let (from, to) = (PaymentSource::Wallet(party(from)), party(to));
            Record::Charge(ChargeRecord::Now { kind: Name::literal("retrieval"), from, to, currency: None, price })
        }),
    ]
}

fn block(now: Instant) -> BlockContext {
    BlockContext::new(now, Seed::new([0; 32]))
}

fn begin(economy: &Economy, file: usize) -> Memory {
    let (mut state, mut events) = (Memory::new(), Vec::new());
    let roles = economy.spec().roles().into_iter().map(|name| (name, party(9))).collect();
    let grant =
        |n| Grant { token: Name::literal("FIL"), from: Name::literal("foundation"), to: party(n), amount: Units::new(3_000) };
    let grants = if file == 1 { (1..6).map(grant).collect() } else { Vec::new() };
    let mut session = economy.session(&mut state, block(START), &mut events);
    session.genesis(&Genesis { roles, grants, ..Genesis::default() }).unwrap();
    state
}

proptest! {
    #[test]
    fn many_records_are_taken_as_one_by_one(
        file in 0..FILES.len(),
        parts in prop::collection::vec((0..90_000u64, prop::collection::vec(record(), 0..25)), 1..5),
    ) {
        let economy = Economy::new(Spec::parse(FILES[file]).unwrap());
        let (mut one, mut all) = (begin(&economy, file), begin(&economy, file));
        let mut now = START;
        for (seconds, records) in parts {
            // Periods that ended are closed by the first record that needs it.
            now = now.later(Span::from_secs(seconds));
            let (mut events, mut expected, mut refused) = (Vec::new(), Vec::new(), Vec::new());
            let mut session = economy.session(&mut one, block(now), &mut expected);
            for (index, record) in records.iter().enumerate() {
                refused.extend(session.record(record).err().map(|refusal| (index, refusal)));
            }
            let notices = session.notices();
            let mut session = economy.session(&mut all, block(now), &mut events);
            prop_assert_eq!(session.record_all(&records).refused, refused);
            prop_assert_eq!(session.notices(), notices);
            prop_assert_eq!(events, expected);
            prop_assert!(one == all);
        }
    }

    /// All of them can be undone by whoever marked the state before.
    #[test]
    fn many_records_leave_no_trace_once_they_are_undone(records in prop::collection::vec(record(), 0..40)) {
        let economy = Economy::new(Spec::parse(FILES[0]).unwrap());
        let mut state = begin(&economy, 0);
        let before = state.branch();
        let mark = state.mark();
        economy.session(&mut state, block(START.later(Span::from_secs(7_200))), &mut Vec::<Event>::new()).record_all(&records);
        state.rollback(mark);
        prop_assert!(state == before);
    }
}
