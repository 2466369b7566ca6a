//! What a million payouts of one batch cost, beside a plain loop over a sorted list that does the same sums.
//!
//! A million parties earned different weights in one hour; the hour is over. Measured: closing it, to the last payout, with every row
//! read and written in key order, what undoes each write kept (the journal), and the events of the receipts. First in a state of its
//! own, all in one call; then as a node does it, in blocks of 4,096 payouts, each an overlay on finalized tables that is frozen and
//! folded in.
//!
//! The plain loop has the members in one sorted array, with their balances in it: it computes each part, adds it, keeps the balance
//! before, and keeps the payout.
//!
//! `cargo bench -p depin-economy --bench payouts`

use depin_economy::*;
use depin_quantity::{Address, Instant, Measured, Name, Span, UnitId, Units};
use depin_state::{Memory, Overlay};
use std::{hint::black_box, time::Duration};

const FILE: &str = include_str!("../../../networks/io.net/network.toml");
const MEASURE: Name = Name::literal("device-score");
const MEMBERS: u64 = 1_000_000;
const BLOCK: u32 = 4_096;
const ROUNDS: usize = 3;

fn main() {
    let economy = Economy::new(Spec::parse(FILE).unwrap_or_else(|errors| panic!("{errors}")));
    let earned = earned(&economy);
    let hour_over = start().later(Span::from_secs(3_600));
    let mut sums = Vec::new();
    let memory = best(|| {
        let mut state = earned.clone();
        let mut events = Vec::new();
        let (time, closed) =
            timed(|| economy.session(&mut state, hour_over, &mut events).close(u32::MAX).expect("nothing refuses"));
        assert!(!closed.more);
        sums.push(paid(&events));
        time
    });
    let (mut blocks, mut folded) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        let mut tables = earned.to_tables();
        let (mut run, mut fold, mut events) = (Duration::ZERO, Duration::ZERO, Vec::new());
        loop {
            let mut overlay = Overlay::with_room(&tables, 3 * BLOCK as usize);
            let units = BLOCK / PAYOUTS_PER_UNIT as u32;
            let (time, closed) =
                timed(|| economy.session(&mut overlay, hour_over, &mut events).close(units).expect("nothing refuses"));
            run += time;
            let (frozen, writes) = timed(|| overlay.into_writes());
            let (applied, ()) = timed(|| tables.apply(&writes));
            fold += frozen + applied;
            if !closed.more {
                break;
            }
        }
        sums.push(paid(&events));
        (blocks, folded) = (blocks.min(run), folded.min(fold));
    }
    assert!(sums.iter().all(|sum| *sum == sums[0]), "{sums:?}");
    assert_eq!(sums[0].1, MEMBERS as usize);
    let plain = best(|| plain(sums[0].0));

    println!("{MEMBERS} payouts of one batch, one thread, processor time, best of {ROUNDS}");
    for (name, time) in [
        ("plain loop over a sorted array", plain),
        ("a state in memory, in one call", memory),
        ("blocks of 4,096: executed", blocks),
        ("blocks of 4,096: frozen and folded in", folded),
    ] {
        println!(
            "{name:<40} {:>8.1} ms {:>8.1} ns a payout   ratio {:.3}",
            time.as_secs_f64() * 1e3,
            time.as_secs_f64() * 1e9 / MEMBERS as f64,
            plain.as_secs_f64() / time.as_secs_f64()
        );
    }
}

fn start() -> Instant {
    Instant::new(1_800_000_000_000)
}

fn party(number: u64) -> Address {
    let mut bytes = [3; 32];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    Address::new(bytes)
}

fn weight(number: u64) -> u128 {
    u128::from(number % 977 + 1) * 1_000_003
}

/// A network in whose first hour a million parties earned.
fn earned(economy: &Economy) -> Memory {
    let (mut state, mut events) = (Memory::new(), Vec::new());
    let roles = economy.spec().roles().into_iter().map(|name| (name, Address::new([9; 32]))).collect();
    let mut session = economy.session(&mut state, start(), &mut events);
    session.genesis(&Genesis { roles, ..Genesis::default() }).expect("a new network starts");
    for number in 0..MEMBERS {
        let components = vec![Component { measure: MEASURE, quantity: Measured::new(weight(number)) }];
        let record = Record::Earned(Earned { subject: Subject::Party(party(number)), components });
        economy.session(&mut state, start(), &mut events).record(&record).unwrap_or_else(|e| panic!("{e}"));
        events.clear();
    }
    state.settle();
    state
}

/// What the events say was paid, and to how many.
fn paid(events: &[Event]) -> (u128, usize) {
    let batches = events.iter().filter_map(|event| match event {
        Event::BatchPaid { payouts, .. } => Some(payouts),
        _ => None,
    });
    batches
        .fold((0, 0), |(sum, count), payouts| (sum + payouts.iter().map(|p| p.amount.get()).sum::<u128>(), count + payouts.len()))
}

/// The same sums over an array: the least that a payout with journal and event can be.
fn plain(amount: u128) -> Duration {
    let mut members: Vec<(Address, u128, u128)> = (0..MEMBERS).map(|n| (party(n), weight(n), u128::from(n))).collect();
    members.sort_unstable();
    let whole: u128 = members.iter().map(|m| m.1).sum();
    let (mut journal, mut events) = (Vec::<(u32, u128)>::new(), Vec::new());
    let (time, ()) = timed(|| {
        for (index, (to, weight, balance)) in (0..).zip(&mut members) {
            let part = amount * *weight / whole;
            journal.push((index, *balance));
            *balance += part;
            events.push(Payout { to: *to, unit: UnitId::default(), amount: Units::new(part) });
        }
    });
    black_box((members, journal, events));
    time
}

fn best(mut run: impl FnMut() -> Duration) -> Duration {
    (0..ROUNDS).map(|_| run()).min().unwrap_or_default()
}

fn timed<T>(run: impl FnOnce() -> T) -> (Duration, T) {
    let start = processor_time();
    let value = run();
    (processor_time() - start, value)
}

/// Processor time of this thread.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells a thread's processor time");
    Duration::from_nanos(stat.split(' ').next().and_then(|n| n.parse().ok()).expect("nanoseconds come first"))
}
