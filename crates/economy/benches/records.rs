//! What one record costs at 10^5 members, beside a plain loop that does the same sums.
//!
//! A state in memory, one thread, processor time. `Accrued` adds weight to what a party accrued in its pool's period (io.net),
//! `Current` changes a metric and with it a member's weight in a pool that shares by expectation (Filecoin), `Charge` pays an agreed
//! amount from wallet to wallet (Filecoin). Each party has one record a round, in the order of ids (as a service that walks its own
//! table sends them) and in an order that jumps about. One by one, each record has its own mark; in a batch all have one together.
//!
//! The plain loop has the parties in an array, keeps what was there before, and keeps an event.
//!
//! `cargo bench -p depin-economy --bench records`; with `-- Current`, only records of that name.

mod common;

use common::timed;
use depin_economy::*;
use depin_quantity::{Address, Decimal18, Instant, Measured, Name, UnitId, Units};
use depin_state::{Memory, State as _};
use std::{hint::black_box, time::Duration};

/// As in the program.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

const IO_NET: &str = include_str!("../../../networks/io.net/network.toml");
const FILECOIN: &str = include_str!("../../../networks/filecoin/network.toml");
const SCORE: Name = Name::literal("device-score");
const RAW: Name = Name::literal("raw-bytes");
const QUALITY: Name = Name::literal("quality-bytes");
const FIL: Name = Name::literal("FIL");
const MEMBERS: u64 = 100_000;
const ROUNDS: u64 = 9;
/// The block that everything happens in.
const AT: BlockContext = BlockContext::new(START, Chance::NONE);
const START: Instant = Instant::new(1_800_000_000_000);

/// Makes a party's record of a round.
type Make = fn(u64, u64) -> Record;

/// What a plain loop does for every party's record of a round.
type Plain = fn(&[u64], u64);

fn main() {
    println!("{MEMBERS} members, one record each, one thread, processor time, median of {ROUNDS} rounds; ns a record");
    println!(
        "{:<10} {:<9} {:>11} {:>11} {:>11}   {:>11} {:>11}",
        "record", "order", "plain loop", "one by one", "in a batch", "plain/one", "plain/batch"
    );
    let worlds: [(&str, &str, Make, Plain); 3] = [
        ("Accrued", IO_NET, accrued, plain_weights),
        ("Current", FILECOIN, current, plain_current),
        ("Charge", FILECOIN, charge, plain_payments),
    ];
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    for (name, file, make, plain) in worlds {
        if !wanted.is_empty() && wanted.iter().all(|word| word != name) {
            continue;
        }
        let mut world = World::new(file);
        if name == "Current" {
            world.register();
        }
        for (order, jump) in [("of ids", 1), ("shuffled", 61_681)] {
            let numbers: Vec<u64> = (0..MEMBERS).map(|n| n * jump % MEMBERS).collect();
            world.one_by_one(&numbers, make, 0);
            let plain = median((0..ROUNDS).map(|round| timed(|| plain(&numbers, round)).0));
            let one = median((1..=ROUNDS).map(|round| world.one_by_one(&numbers, make, round)));
            let batch = median((1..=ROUNDS).map(|round| world.in_a_batch(&numbers, make, round)));
            println!(
                "{name:<10} {order:<9} {plain:>11.1} {one:>11.1} {batch:>11.1}   {:>11.3} {:>11.3}",
                plain / one,
                plain / batch
            );
        }
    }
}

/// Nanoseconds a record of the middle round.
fn median(rounds: impl Iterator<Item = Duration>) -> f64 {
    let mut rounds: Vec<Duration> = rounds.collect();
    rounds.sort_unstable();
    rounds[rounds.len() / 2].as_secs_f64() * 1e9 / MEMBERS as f64
}

struct World {
    economy: Economy,
    state: Memory,
    /// Kept for its room, as a simulation does.
    events: Vec<Event>,
}

/// Parties in the order of their ids.
fn party(number: u64) -> Address {
    let mut bytes = [3; 32];
    bytes[..8].copy_from_slice(&(number * 0x0000_9e37_79b9_7f4a).to_be_bytes());
    Address::new(bytes)
}

fn accrued(number: u64, round: u64) -> Record {
    let quantity = Measured::new(u128::from((number + round) % 977 + 1) * 1_000_003);
    let components = Components::one(Component { metric: SCORE, quantity });
    Record::Accrued(Accrued { subject: Subject::Party(party(number)), components })
}

fn current(number: u64, round: u64) -> Record {
    let quantity = Measured::new(u128::from((number + round) % 97 + 1) << 30);
    let components = Components::one(Component { metric: QUALITY, quantity });
    Record::Current(Current { subject: Subject::Party(party(number)), components })
}

fn charge(number: u64, round: u64) -> Record {
    let money = Money { currency: FIL, amount: Decimal18::new(u128::from(number + round) + 1) };
    Record::Charge(ChargeRecord::Now {
        kind: Name::literal("retrieval"),
        from: PaymentSource::Wallet(party(number)),
        to: party((number + 1) % MEMBERS),
        currency: None,
        price: Price::Agreed(money),
    })
}

impl World {
    fn new(file: &str) -> Self {
        let economy = Economy::new(Spec::parse(file).unwrap_or_else(|errors| panic!("{errors}")));
        let mut world = Self { economy, state: Memory::new(), events: Vec::new() };
        let roles = world.economy.spec().roles().into_iter().map(|name| (name, Address::new([9; 32]))).collect();
        let grant = |number| Grant {
            token: FIL,
            from: Name::literal("foundation"),
            to: party(number),
            amount: Units::new(1_000_000_000_000),
        };
        let grants = if file == FILECOIN { (0..MEMBERS).map(grant).collect() } else { Vec::new() };
        let mut events = Vec::new();
        let mut session = world.economy.session(&mut world.state, AT, &mut events);
        session.genesis(&Genesis { roles, grants, ..Genesis::default() }).expect("a new network starts");
        world
    }

    /// Every party takes part with as much raw capacity as any current may boost.
    fn register(&mut self) {
        let mut events = Vec::new();
        let mut session = self.economy.session(&mut self.state, AT, &mut events);
        for number in 0..MEMBERS {
            let subject = Subject::Party(party(number));
            let raw = Components::one(Component { metric: RAW, quantity: Measured::new(1 << 40) });
            session.record(&Record::Register(Register { subject, phase: 0 })).unwrap_or_else(|e| panic!("{e}"));
            session.record(&Record::Current(Current { subject, components: raw })).unwrap_or_else(|e| panic!("{e}"));
        }
    }

    /// Time of one record after the other, settled every thousand as a service that works in blocks would be.
    fn one_by_one(&mut self, numbers: &[u64], make: Make, round: u64) -> Duration {
        let records: Vec<Record> = numbers.iter().map(|number| make(*number, round)).collect();
        let mut events = Vec::new();
        timed(|| {
            for some in records.chunks(1_000) {
                let mut session = self.economy.session(&mut self.state, AT, &mut events);
                for record in some {
                    session.record(record).unwrap_or_else(|e| panic!("{e}"));
                }
                self.state.settle();
                events.clear();
            }
        })
        .0
    }

    /// Time of all records in one call.
    fn in_a_batch(&mut self, numbers: &[u64], make: Make, round: u64) -> Duration {
        let records: Vec<Record> = numbers.iter().map(|number| make(*number, round)).collect();
        timed(|| {
            let answers = self.economy.session(&mut self.state, AT, &mut self.events).record_all(&records);
            assert!(answers.refused.is_empty(), "{:?}", answers.refused.first());
            self.state.settle();
            self.events.clear();
        })
        .0
    }
}

/// A weight added to a member's, the sum with it.
fn plain_weights(numbers: &[u64], round: u64) {
    let mut members: Vec<(Address, u128)> = (0..MEMBERS).map(|n| (party(n), 0)).collect();
    let (mut sum, mut journal, mut events) = (0u128, Vec::new(), Vec::new());
    for number in numbers {
        let member = &mut members[*number as usize];
        let weight = u128::from((number + round) % 977 + 1) * 1_000_003;
        journal.push((*number, member.1));
        member.1 += weight;
        sum += weight;
        events.push((member.0, weight));
    }
    black_box((members, sum, journal, events));
}

/// What a member accrued settled, its weight replaced.
fn plain_current(numbers: &[u64], round: u64) {
    let mut members: Vec<(Address, u128, u128, u128)> = (0..MEMBERS).map(|n| (party(n), 1, 0, 0)).collect();
    let (mut sum, mut journal, mut events) = (0u128, Vec::new(), Vec::new());
    let each = black_box(12_345u128);
    for number in numbers {
        let member = &mut members[*number as usize];
        let weight = u128::from((number + round) % 97 + 1) << 30;
        journal.push((*number, member.1, member.2, member.3));
        member.2 += member.1 * (each - member.3);
        member.3 = each;
        sum = sum + weight - member.1.min(sum);
        member.1 = weight;
        events.push((member.0, weight));
    }
    black_box((members, sum, journal, events));
}

/// Money moved from one balance to another.
fn plain_payments(numbers: &[u64], round: u64) {
    let mut members: Vec<(Address, u128)> = (0..MEMBERS).map(|n| (party(n), 1_000_000_000_000)).collect();
    let (mut paid, mut journal, mut events) = (0u128, Vec::new(), Vec::new());
    for number in numbers {
        let (from, to) = (*number as usize, ((number + 1) % MEMBERS) as usize);
        let amount = u128::from(number + round) + 1;
        journal.push((*number, members[from].1, members[to].1));
        members[from].1 -= amount;
        members[to].1 += amount;
        paid += amount;
        events.push((members[from].0, members[to].0, amount));
    }
    black_box((members, paid, journal, events, UnitId::default()));
}
