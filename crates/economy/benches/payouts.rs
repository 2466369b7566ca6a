//! What a million payouts of one batch cost, beside a plain loop over a sorted list that does the same sums.
//!
//! A million parties earn different weights in every hour. Measured: closing an hour, to the last payout, with every row read and
//! written in key order, what undoes each write kept (the journal), and the events of the receipts. First in a state of its own, all
//! in one call, one hour after the other; then as a node does it, in blocks of 4,096 payouts, each an overlay on finalized tables that
//! is frozen and folded in.
//!
//! The plain loop has the members in one sorted array, with their balances in it: it computes each part, adds it, keeps the balance
//! before, and keeps the payout.
//!
//! `cargo bench -p depin-economy --bench payouts`

mod common;

use common::timed;
use depin_economy::*;
use depin_quantity::{Address, Instant, Measured, Name, Span, UnitId, Units};
use depin_state::{Memory, Overlay, State as _};
use std::{hint::black_box, time::Duration};

/// As in the program.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

const FILE: &str = include_str!("../../../networks/io.net/network.toml");
const METRIC: Name = Name::literal("device-score");
const MEMBERS: u64 = 1_000_000;
const BLOCK: u32 = 4_096;
const ROUNDS: u64 = 5;

fn main() {
    let economy = Economy::new(Spec::parse(FILE).unwrap_or_else(|errors| panic!("{errors}")));
    let mut state = new_network(&economy);
    let mut events = Vec::new();
    let (created, first) = in_memory(&economy, &mut state, 1, &mut events);
    let hours: Vec<_> = (2..2 + ROUNDS).map(|hour| in_memory(&economy, &mut state, hour, &mut events)).collect();
    let changed = hours.iter().map(|(time, _)| *time).min().unwrap_or_default();

    let last = ROUNDS + 2;
    earn(&economy, &mut state, last - 1);
    let blocks: Vec<_> = (0..ROUNDS).map(|_| in_blocks(&economy, &state, last)).collect();
    let (_, expected) = in_memory_at_once(&economy, &mut state, last, &mut events);
    assert!(blocks.iter().all(|(.., paid)| *paid == expected), "{blocks:?} {expected:?}");
    assert!(hours.iter().all(|(_, paid)| paid.1 == first.1 && paid.1 == MEMBERS as usize), "{hours:?}");
    let plain = (0..ROUNDS).map(|_| plain(first.0)).min().unwrap_or_default();

    println!("{MEMBERS} payouts of one batch, one thread, processor time, best of {ROUNDS}");
    for (name, time) in [
        ("plain loop over a sorted array", plain),
        ("a state in memory, in one call", changed),
        ("the first hour there: wallets are made", created),
        ("blocks of 4,096: executed", blocks.iter().map(|b| b.0).min().unwrap_or_default()),
        ("blocks of 4,096: frozen and folded in", blocks.iter().map(|b| b.1).min().unwrap_or_default()),
    ] {
        println!(
            "{name:<40} {:>8.1} ms {:>8.1} ns a payout   ratio {:.3}",
            time.as_secs_f64() * 1e3,
            time.as_secs_f64() * 1e9 / MEMBERS as f64,
            plain.as_secs_f64() / time.as_secs_f64()
        );
    }
}

/// What was paid, and to how many.
type Paid = (u128, usize);

/// Lets everybody earn in the hour before `hour`; time to close it, in a state of its own.
fn in_memory(economy: &Economy, state: &mut Memory, hour: u64, events: &mut Vec<Event>) -> (Duration, Paid) {
    earn(economy, state, hour - 1);
    in_memory_at_once(economy, state, hour, events)
}

fn in_memory_at_once(economy: &Economy, state: &mut Memory, hour: u64, events: &mut Vec<Event>) -> (Duration, Paid) {
    let (mut sum, mut count) = (0, 0);
    let (mut time, mut more) = (Duration::ZERO, true);
    while more {
        let units = BLOCK / PAYOUTS_PER_UNIT as u32;
        let (ran, closed) = timed(|| economy.session(state, block(hour), events).close(units).expect("nothing refuses"));
        let paid = paid(events);
        (sum, count) = (sum + paid.0, count + paid.1);
        let (forgotten, ()) = timed(|| {
            events.clear();
            state.settle();
        });
        time += ran + forgotten;
        more = closed.more;
    }
    (time, (sum, count))
}

/// Times to close an hour block by block, and to freeze and fold in what the blocks wrote.
fn in_blocks(economy: &Economy, accrued: &Memory, hour: u64) -> (Duration, Duration, Paid) {
    let mut tables = accrued.to_tables();
    let (mut run, mut fold, mut events) = (Duration::ZERO, Duration::ZERO, Vec::new());
    loop {
        let mut overlay = Overlay::with_room(&tables, 3 * BLOCK as usize);
        let units = BLOCK / PAYOUTS_PER_UNIT as u32;
        let (time, closed) =
            timed(|| economy.session(&mut overlay, block(hour), &mut events).close(units).expect("nothing refuses"));
        run += time;
        let (frozen, writes) = timed(|| overlay.into_writes());
        let (applied, ()) = timed(|| tables.apply(&writes));
        fold += frozen + applied;
        if !closed.more {
            return (run, fold, paid(&events));
        }
    }
}

/// Hours after the start.
fn after(hours: u64) -> Instant {
    Instant::new(1_800_000_000_000).later(Span::from_secs(3_600 * hours))
}

/// The block of that time.
fn block(hours: u64) -> BlockContext {
    BlockContext::new(after(hours), Chance::NONE)
}

fn party(number: u64) -> Address {
    let mut bytes = [3; 32];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    Address::new(bytes)
}

fn weight(number: u64) -> u128 {
    u128::from(number % 977 + 1) * 1_000_003
}

fn new_network(economy: &Economy) -> Memory {
    let (mut state, mut events) = (Memory::new(), Vec::new());
    let roles = economy.spec().roles().into_iter().map(|name| (name, Address::new([9; 32]))).collect();
    let mut session = economy.session(&mut state, block(0), &mut events);
    session.genesis(&Genesis { roles, ..Genesis::default() }).expect("a new network starts");
    state
}

/// A million parties earn in the hour that begins then.
fn earn(economy: &Economy, state: &mut Memory, hour: u64) {
    let mut events = Vec::new();
    for number in 0..MEMBERS {
        let components = Components::one(Component { metric: METRIC, quantity: Measured::new(weight(number)) });
        let record = Record::Accrued(Accrued { subject: Subject::Party(party(number)), components });
        economy.session(state, block(hour), &mut events).record(&record).unwrap_or_else(|e| panic!("{e}"));
        events.clear();
    }
    state.settle();
}

/// What the events say was paid, and to how many.
fn paid(events: &[Event]) -> Paid {
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
