//! What one close and one block of reports cost while a pool grows: they must not grow with it.
//!
//! A pool with current weights and 10^3 to 10^6 members (10^7 with `-- --ten-million`, some 20 GiB) in the tables that a node keeps;
//! one member in a hundred is a party, the others are its units. Measured: closing one period; closing 2,880 that piled up; a block
//! of 100 members that change their weight; one claim. The peer is the same number of plain row writes, so that what larger
//! tables cost by themselves (cache misses) shows beside it.
//!
//! `cargo bench -p depin-economy --bench members`

use depin_economy::*;
use depin_quantity::{Address, Instant, Measured, Name, Span, UnitId};
use depin_state::{Key, Overlay, Tables};
use std::{
    hint::black_box,
    time::{Duration, Instant as Clock},
};

const FILE: &str = include_str!("../../../networks/filecoin/network.toml");
const RAW: Name = Name::literal("raw-bytes");
const QUALITY: Name = Name::literal("quality-bytes");
const EPOCH: Span = Span::from_secs(30);
const BLOCK: u64 = 100;
const ROUNDS: u64 = 200;
const BATCH: u64 = 20_000;

fn main() {
    let mut sizes = vec![1_000, 10_000, 100_000, 1_000_000];
    if std::env::args().any(|arg| arg == "--ten-million") {
        sizes.push(10_000_000);
    }
    println!("one thread, mean of {ROUNDS} rounds; plain: {BLOCK} rows read and written through the same overlay");
    println!(
        "{:>10} {:>12} {:>16} {:>18} {:>12} {:>14} {:>10}",
        "members", "close", "close of 2,880", "block of 100", "claim", "plain 100", "memory"
    );
    let mut world = World::new();
    let mut first = None;
    for size in sizes {
        world.grow(size);
        let costs = world.metric();
        let base = *first.get_or_insert(costs);
        let cell = |at: usize| format!("{:.1} µs", costs[at].as_secs_f64() * 1e6);
        println!(
            "{size:>10} {:>12} {:>16} {:>18} {:>12} {:>14} {:>10}",
            cell(0),
            cell(1),
            cell(2),
            cell(3),
            cell(4),
            peak_memory()
        );
        let ratio = |at: usize| costs[at].as_secs_f64() / base[at].as_secs_f64();
        println!(
            "{:>10} {:>12.2} {:>16.2} {:>18.2} {:>12.2} {:>14.2}",
            "to the first",
            ratio(0),
            ratio(1),
            ratio(2),
            ratio(3),
            ratio(4)
        );
    }
}

struct World {
    economy: Economy,
    tables: Tables,
    now: Instant,
    members: u64,
}

fn owner(number: u64) -> Address {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&(number / 100).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    Address::new(bytes)
}

fn subject(number: u64) -> Subject {
    let owner = owner(number);
    if number.is_multiple_of(100) {
        return Subject::Party(owner);
    }
    Subject::Unit { owner, unit: UnitId::derive("bench", &[&number.to_be_bytes()]) }
}

fn current(number: u64, bytes: u128) -> Record {
    let of = |metric| Component { metric, quantity: Measured::new(bytes) };
    let components = Components::new([of(RAW), of(QUALITY)]).expect("two fit");
    Record::Current(Current { subject: subject(number), components })
}

impl World {
    fn new() -> Self {
        let economy = Economy::new(Spec::parse(FILE).unwrap_or_else(|e| panic!("{e}")));
        let role = |name| (name, Address::new([9; 32]));
        let roles = economy.spec().roles().into_iter().map(role).collect();
        let mut world = Self { economy, tables: Tables::default(), now: Instant::new(1_800_000_000_000), members: 0 };
        let genesis = Genesis { roles, ..Genesis::default() };
        world.block(|session| session.genesis(&genesis).expect("a new network starts"));
        world
    }

    /// One block: an overlay on the tables, folded in at its end.
    fn block<T>(&mut self, run: impl FnOnce(&mut Session<'_>) -> T) -> T {
        let (mut overlay, mut events) = (Overlay::new(&self.tables), Vec::new());
        let value = run(&mut self.economy.session(&mut overlay, BlockContext::new(self.now, Chance::NONE), &mut events));
        black_box(events);
        let writes = overlay.into_writes();
        self.tables.apply(&writes);
        value
    }

    fn grow(&mut self, size: u64) {
        while self.members < size {
            let (first, end) = (self.members, (self.members + BATCH).min(size));
            self.block(|session| {
                for number in first..end {
                    let register = Register { subject: subject(number), phase: number % 2_880 };
                    session.record(&Record::Register(register)).unwrap_or_else(|e| panic!("{e}"));
                    session.record(&current(number, u128::from(number % 97 + 1) << 30)).unwrap_or_else(|e| panic!("{e}"));
                    session.state().put_raw(Key::new(&plain_key(number)), Some(&[0; 64]));
                }
            });
            self.members = end;
        }
    }

    /// Time of one close, of one close of a day, of a block of reports, of a claim, of plain rows.
    fn metric(&mut self) -> [Duration; 5] {
        let mut sums = [Duration::ZERO; 5];
        for round in 0..ROUNDS {
            for (at, epochs) in [(0, 1), (1, 2_880)] {
                self.now = self.now.later(Span::from_millis(EPOCH.get() * epochs));
                sums[at] += self.timed(|session| assert!(!session.close(100).expect("closes").more));
            }
            let chosen: Vec<u64> =
                (0..BLOCK).map(|n| (round * BLOCK + n).wrapping_mul(0x5851_f42d_4c95_7f2d) % self.members).collect();
            let records: Vec<Record> = chosen.iter().map(|n| current(*n, u128::from(round + n % 89 + 1) << 30)).collect();
            sums[2] += self.timed(|session| {
                for record in &records {
                    session.record(record).unwrap_or_else(|e| panic!("{e}"));
                }
            });
            let who = owner(chosen[0]);
            sums[3] += self.timed(|session| drop(black_box(session.claim(who, None))));
            sums[4] += self.plain(&chosen);
        }
        sums.map(|sum| sum / u32::try_from(ROUNDS).expect("few rounds"))
    }

    fn timed(&mut self, run: impl FnOnce(&mut Session<'_>)) -> Duration {
        let (mut overlay, mut events) = (Overlay::new(&self.tables), Vec::new());
        let start = Clock::now();
        run(&mut self.economy.session(&mut overlay, BlockContext::new(self.now, Chance::NONE), &mut events));
        let spent = start.elapsed();
        let writes = overlay.into_writes();
        self.tables.apply(&writes);
        spent
    }

    /// As many rows as a block of reports names, read and written back with one changed byte, without a rule.
    fn plain(&mut self, chosen: &[u64]) -> Duration {
        let keys: Vec<Vec<u8>> = chosen.iter().map(|n| plain_key(*n)).collect();
        let mut overlay = Overlay::new(&self.tables);
        let start = Clock::now();
        let state: &mut dyn depin_state::State = &mut overlay;
        for key in &keys {
            let mut value = state.as_read().get_raw(key).expect("every member has a plain row");
            value[0] = value[0].wrapping_add(1);
            state.put_raw(Key::new(key), Some(&value));
        }
        let spent = start.elapsed();
        let writes = overlay.into_writes();
        self.tables.apply(&writes);
        spent
    }
}

/// A key of a table that nobody else uses.
fn plain_key(number: u64) -> Vec<u8> {
    [&[0xf0][..], &UnitId::derive("plain", &[&number.to_be_bytes()]).get()].concat()
}

/// Most memory that this process ever had, as the kernel tells.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kib.map_or_else(|| "unknown".to_owned(), |kib| format!("{} MiB", kib / 1024))
}
