//! Many records at once are what they are one by one.

use depin_economy::*;
use depin_quantity::{Address, Decimal18, Instant, Measured, Name, Span, UnitId, Units};
use depin_state::{Memory, State as _};
use proptest::prelude::*;

/// Networks by name; one that is Filecoin's with another part of every payment burnt, and one whose rewards are paid by the epoch, and whole.
const FILES: [&str; 5] = ["io.net", "filecoin", "helium", "burning", "prompt"];
const METRICS: [&str; 8] =
    ["device-score", "hired-hours", "raw-bytes", "quality-bytes", "beacon-units", "witness-units", "packet-units", "frames"];
const START: Instant = Instant::new(1_800_000_000_000);

fn economy(file: &str) -> Economy {
    let filecoin = include_str!("../../../networks/filecoin/network.toml");
    let whole = r#"pays = [{ to = "payee", share = "100%" }]"#;
    let parts = r#"pays = [{ to = "payee", share = "65%" }, { to = "burn", share = "35%" }]"#;
    assert!(filecoin.contains(whole));
    let text = match file {
        "io.net" => include_str!("../../../networks/io.net/network.toml").to_owned(),
        "helium" => include_str!("../../../networks/helium/network.toml").to_owned(),
        "burning" => filecoin.replace(whole, parts),
        "prompt" => {
            let vesting = filecoin.find("[incentive.pool.blocks.vest]").unwrap();
            let end = vesting + filecoin[vesting..].find("[incentive.pledge").unwrap();
            filecoin.replace(&filecoin[vesting..end], "").replace("pay-every = \"1d\"", "pay-every = \"30s\"")
        }
        _ => filecoin.to_owned(),
    };
    Economy::new(Spec::parse(&text).unwrap_or_else(|errors| panic!("{errors}")))
}

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
        1 => (subject(), components()).prop_map(|(subject, components)| Record::Current(Current { subject, components })),
        8 => (subject(), 0..3usize, quantity(), quantity()).prop_map(|(subject, n, one, other)| {
            // Runs of the same metrics, many of them backed.
            let [raw, quality] = ["raw-bytes", "quality-bytes"].map(|metric| metric.parse().unwrap());
            let component = |metric, quantity| Component { metric, quantity: Measured::new(quantity) };
            let components = match n {
                0 => vec![component(raw, one)],
                1 => vec![component(quality, one % 300)],
                _ => vec![component(raw, one), component(quality, other)],
            };
            Record::Current(Current { subject, components: Components::new(components).unwrap() })
        }),
        8 => (subject(), 0..2usize, quantity(), quantity()).prop_map(|(subject, n, one, other)| {
            // Runs of metrics that weigh in two pools of one token.
            let component = |metric, quantity| Component { metric: Name::literal(metric), quantity: Measured::new(quantity) };
            let both = [component("beacon-units", one), component("packet-units", other)];
            Record::Current(Current { subject, components: Components::new(both[n..].iter().copied()).unwrap() })
        }),
        // Makes debts, which the next reward repays.
        1 => (subject(), quantity()).prop_map(|(subject, quantity)| {
            let affected = Component { metric: Name::literal("quality-bytes"), quantity: Measured::new(quantity) };
            Record::Fault(Fault { subject, kind: Name::literal("continued"), affected, reporter: None })
        }),
        4 => (subject(), 0..3_000u64).prop_map(|(subject, phase)| Record::Register(Register { subject, phase })),
        8 => (1..6u8, 1..6u8, 0..20u8, prop_oneof![0..1_000u128, Just(3_000)]).prop_map(|(from, to, n, amount)| {
            // Some empty a wallet, pay themselves, ask for what is not there, or are of another kind.
            let kind = if n == 0 { "packet" } else { "retrieval" };
            let currency = if n == 1 { Name::literal("HNT") } else { Name::literal("FIL") };
            let price = Price::Agreed(Money { currency, amount: Decimal18::new(amount) });
            let (from, to) = (PaymentSource::Wallet(party(from)), party(to));
            Record::Charge(ChargeRecord::Now { kind: kind.parse().unwrap(), from, to, currency: None, price })
        }),
    ]
}

fn block(now: Instant) -> BlockContext {
    BlockContext::new(now, Chance::NONE)
}

fn begin(economy: &Economy) -> Memory {
    let (mut state, mut events) = (Memory::new(), Vec::new());
    let roles = economy.spec().roles().into_iter().map(|name| (name, party(9))).collect();
    let grant =
        |n| Grant { token: Name::literal("FIL"), from: Name::literal("foundation"), to: party(n), amount: Units::new(3_000) };
    let grants = if economy.spec().token(Name::literal("FIL")).is_some() { (1..6).map(grant).collect() } else { Vec::new() };
    let mut session = economy.session(&mut state, block(START), &mut events);
    session.genesis(&Genesis { roles, grants, ..Genesis::default() }).unwrap();
    state
}

proptest! {
    #[test]
    fn many_records_are_taken_as_one_by_one(
        file in prop::sample::select(&FILES[..]),
        parts in prop::collection::vec((0..90_000u64, prop::collection::vec(record(), 0..25)), 1..5),
    ) {
        let economy = economy(file);
        let (mut one, mut all) = (begin(&economy), begin(&economy));
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

    /// Of each so much, or all that it has; a debtor gives nothing.
    #[test]
    fn many_transfers_to_one_are_what_they_are_one_by_one(
        records in prop::collection::vec(record(), 0..20),
        to in 1..8u8,
        moves in prop::collection::vec((1..8u8, 0..2_000u128), 0..20),
    ) {
        let (economy, token) = (economy("filecoin"), Name::literal("FIL"));
        let (mut one, mut all) = (begin(&economy), begin(&economy));
        for state in [&mut one, &mut all] {
            let mut none = Vec::<Event>::new();
            economy.session(state, block(START), &mut none).record_all(&records);
        }
        let (mut events, mut expected) = (Vec::new(), Vec::new());
        let mut session = economy.session(&mut one, block(START), &mut expected);
        let each = moves.iter().map(|(from, most)| {
            let amount = session.reads().wallet(party(*from), token).held.min(Units::new(*most));
            if amount.is_zero() || *from == to {
                return Ok(Units::ZERO);
            }
            session.transfer(party(*from), party(to), token, amount).map(|()| amount)
        });
        let answers: Vec<_> = each.collect();
        drop(session);
        let mut session = economy.session(&mut all, block(START), &mut events);
        let from = moves.iter().map(|(from, most)| (party(*from), Units::new(*most)));
        prop_assert_eq!(session.gather(token, party(to), from), answers);
        drop(session);
        prop_assert_eq!(events, expected);
        prop_assert!(one == all);
        let mut none = Vec::<Event>::new();
        let mut session = economy.session(&mut all, block(START), &mut none);
        prop_assert!(session.gather(Name::literal("DAI"), party(1), [(party(2), Units::new(1))])[0].is_err());
    }

    /// All of them can be undone by whoever marked the state before.
    #[test]
    fn many_records_leave_no_trace_once_they_are_undone(
        file in prop::sample::select(&FILES[..]),
        records in prop::collection::vec(record(), 0..40),
    ) {
        let economy = economy(file);
        let mut state = begin(&economy);
        let before = state.branch();
        let mark = state.mark();
        economy.session(&mut state, block(START.later(Span::from_secs(7_200))), &mut Vec::<Event>::new()).record_all(&records);
        state.rollback(mark);
        prop_assert!(state == before);
    }
}
