//! Closing the hour of very many devices: no block goes through more rows than its budget lets it, and each device costs the same few.

use crate::world::{HOUR, IO, SECOND, START, least_work, terms};
use depin_economy::{BlockContext, Chance, Genesis, Spec};
use depin_quantity::{Address, Name, Seed, Units};
use depin_services::{
    Event, Message, Network,
    clusters::{self, ClustersMessage},
};
use depin_state::{Key, Mark, Memory, ReadState, State};
use std::cell::Cell;

/// A state that counts the rows that are looked at and written.
struct Counting {
    rows: Memory,
    touched: Cell<u64>,
}

impl ReadState for Counting {
    fn look(&self, key: Key<'_>, see: &mut dyn FnMut(Option<&[u8]>)) {
        self.touched.set(self.touched.get() + 1);
        self.rows.look(key, see);
    }

    fn next_raw(&self, key: &[u8], inclusive: bool) -> Option<(Vec<u8>, Vec<u8>)> {
        self.touched.set(self.touched.get() + 1);
        self.rows.next_raw(key, inclusive)
    }
}

impl State for Counting {
    fn put_raw(&mut self, key: Key<'_>, value: Option<&[u8]>) {
        self.touched.set(self.touched.get() + 1);
        self.rows.put_raw(key, value);
    }

    fn mark(&self) -> Mark {
        self.rows.mark()
    }

    fn rollback(&mut self, mark: Mark) {
        self.rows.rollback(mark);
    }

    fn settle(&mut self) {
        self.rows.settle();
    }

    fn as_read(&self) -> &dyn ReadState {
        self
    }
}

/// Work units of a block, as a chain has them.
const BUDGET: u32 = 500_000;

struct Many {
    network: Network,
    state: Counting,
    now: depin_quantity::Instant,
    round: u64,
    devices: u32,
}

impl Many {
    fn new(devices: u32) -> Self {
        let toml = least_work(&[("per-owner = 1_000", "per-owner = 1_000_000")]);
        let spec = Spec::parse(&toml).unwrap();
        let roles = spec.roles().into_iter().map(|role| (role, Address::new([3; 32]))).collect();
        let network = Network::new(spec, START).unwrap();
        let state = Counting { rows: Memory::new(), touched: Cell::new(0) };
        let mut many = Self { network, state, now: START, round: 0, devices };
        let owner = Address::new([7; 32]);
        let mut told = Vec::new();
        let mut session = many.network.economy().session(&mut many.state, BlockContext::new(START, Chance::NONE), &mut told);
        session.genesis(&Genesis { roles, owners: Vec::new(), grants: Vec::new() }).unwrap();
        session.advance(IO, owner, Units::new(100_000_000 * 100_000_000)).unwrap();
        drop(session);
        many.block(SECOND);
        for n in 0..devices {
            let name: Name = format!("d{n}").parse().unwrap();
            let message = Message::service(ClustersMessage::Register { name, terms: terms() });
            let (at, unique) = (many.at(), Seed::derive("bounded", &[&n.to_be_bytes()]));
            let mut events: Vec<Event> = Vec::new();
            many.network.act(&mut many.state, at, (owner, unique), &message, &mut events).unwrap();
            many.state.settle();
        }
        many
    }

    fn at(&self) -> BlockContext {
        BlockContext::new(self.now, Chance::new(self.round, Seed::derive("round", &[&self.round.to_be_bytes()])))
    }

    /// A block so much later; gives the rows that it touched.
    fn block(&mut self, span: depin_quantity::Span) -> u64 {
        (self.now, self.round) = (self.now.later(span), self.round + 1);
        let (before, at) = (self.state.touched.get(), self.at());
        let mut events: Vec<Event> = Vec::new();
        self.network.pass_time(&mut self.state, at, BUDGET, &mut events);
        self.state.settle();
        self.state.touched.get() - before
    }
}

#[test]
fn the_hour_of_a_hundred_thousand_devices_is_closed_with_bounded_work() {
    let each = |devices: u32| {
        let mut many = Many::new(devices);
        for span in [HOUR, SECOND, SECOND, SECOND] {
            many.block(span);
        }
        let hour = clusters::hours(many.state.as_read(), None).next().unwrap();
        assert!(hour.1.opened.is_some() && hour.1.waiting == devices);
        // Nobody answers. The hour is over; blocks judge what their budget lets them.
        let (mut touched, mut most, mut blocks) = (many.block(HOUR), 0, 1);
        most = most.max(touched);
        while clusters::hour(many.state.as_read(), hour.0).unwrap().waiting > 0 {
            let rows = many.block(SECOND);
            (touched, most, blocks) = (touched + rows, most.max(rows), blocks + 1);
        }
        assert_eq!(clusters::totals(many.state.as_read()).failed, u64::from(many.devices));
        println!("{devices} devices: {touched} rows in {blocks} blocks, {most} in one at most");
        (touched, most)
    };
    let (few, _) = each(10_000);
    let (many, most) = each(100_000);
    // The same few rows each, however many there are.
    assert!(many <= few * 10 + few / 5, "{many} rows for ten times as many as {few}");
    assert!(many <= 100_000 * 40, "{many}");
    // A row costs a work unit at least.
    assert!(most <= u64::from(BUDGET) * 2, "{most}");
}
