//! A network as a step: time and randomness in, events in the order of their causes out.

use depin_economy::{BlockContext, Chance, Counted, Genesis, Money, Spec};
use depin_quantity::{Address, Decimal18, Instant, Name, Seed, Span};
use depin_services::{Event, Message, Network, metered::MeteredMessage};
use depin_state::{Memory, State};

/// One operator a day wins 1,000 TOK.
const FILE: &str = r#"
[network]
name = "test"
title = "Test"
service = "metered"
variant = "document"

[[token]]
id = "TOK"
decimals = 6
source = "a test"

[clock.day]
every = "1d"
origin = "genesis"
source = "a test"

[supply.TOK]
cap = { amount = "1_000_000 TOK", kind = "clamp", source = "a test" }
emission.flat = { clock = "day", amount = "100_000 TOK", periods = 100, source = "a test" }

[incentive.pool.work]
emission = "TOK"
share = "100%"
method = "winners"
source = "a test"

[bind]
operators = { pool = "work" }

[utility.charge.order]
currencies = ["TOK"]
hold-most = "30d"
pays = [{ to = "payee", share = "100%", source = "a test" }]
source = "a test"

[utility.fee]
token = "TOK"
minimum = { amount = "1 base TOK", source = "a test" }
initial = { amount = "1 base TOK", source = "a test" }
target = { work = 250_000, source = "a test" }
change = { parts = 8, source = "a test" }

[service.metered]
unit = "map tile"
source = "a test"

[service.metered.order]
open-most = "30d"
grace = "1h"
closed-kept = "7d"
per-customer = 100
source = "a test"

[service.metered.batch]
units-most = 1_000_000
per-order = 100
source = "a test"
"#;

const START: Instant = Instant::new(1_800_000_000_000);
const TOK: Name = Name::literal("TOK");

fn seed(n: u64) -> Seed {
    Seed::derive("test", &[&n.to_be_bytes()])
}

fn operator(n: u8) -> Address {
    Address::new([n; 32])
}

struct World {
    network: Network,
    state: Memory,
    now: Instant,
    round: u64,
    events: Vec<Event>,
}

impl World {
    /// A network with so many operators.
    fn of(operators: u8) -> Self {
        let spec = Spec::parse(FILE).unwrap_or_else(|e| panic!("{e}"));
        let network = Network::new(spec, START).unwrap();
        let mut world = Self { network, state: Memory::new(), now: START, round: 0, events: Vec::new() };
        let (at, mut told) = (BlockContext::new(START, Chance::NONE), Vec::new());
        let start = Genesis::default();
        world.network.economy().session(&mut world.state, at, &mut told).genesis(&start).unwrap();
        for n in 1..=operators {
            world.register(n);
        }
        world
    }

    fn register(&mut self, n: u8) {
        let asks = vec![Money { currency: TOK, amount: Decimal18::new(1_000_000_000_000_000_000) }];
        let (name, url) = (format!("operator-{n}").parse().unwrap(), String::new());
        let message = Message::service(MeteredMessage::Register { name, url, asks, accepts: true });
        let at = BlockContext::new(self.now, Chance::new(self.round, seed(self.round)));
        let who = (operator(n), seed(n.into()));
        self.network.act(&mut self.state, at, who, &message, &mut self.events).unwrap();
    }

    /// A day later, in a block that knows a new round.
    fn day(&mut self) {
        self.now = self.now.later(Span::from_days(1));
        self.block(seed(self.round + 1));
    }

    /// A block that knows a new round with this seed.
    fn block(&mut self, seed: Seed) {
        self.round += 1;
        let at = BlockContext::new(self.now, Chance::new(self.round, seed));
        let passed = self.network.pass_time(&mut self.state, at, 10_000, &mut self.events);
        assert!(!passed.more);
    }

    /// Who holds anything.
    fn rich(&self) -> Vec<u8> {
        let reads = self.network.economy().reads(self.state.as_read(), self.now);
        (1..=9).filter(|n| !reads.wallet(operator(*n), TOK).held.is_zero()).collect()
    }
}

#[test]
fn the_seed_of_two_rounds_after_the_end_of_a_period_draws_its_winner() {
    let winner = |first: u64, second: u64| {
        let mut world = World::of(5);
        world.day();
        world.block(seed(1_000 + first));
        assert!(world.rich().is_empty(), "nobody knows yet");
        world.block(seed(2_000 + second));
        world.rich()
    };
    let drawn: Vec<_> = (0..40).map(|n| winner(0, n)).collect();
    assert!(drawn.iter().all(|rich| rich.len() == 1), "one wins: {drawn:?}");
    assert!((1..=5).all(|n| drawn.contains(&vec![n])), "any of them may: {drawn:?}");
    // The round between, which may be known when the period ends, does not matter.
    assert_eq!(drawn, (0..40).map(|n| winner(n, n)).collect::<Vec<_>>());
}

/// By the time that the seed is known, nobody can change what it judges.
#[test]
fn whoever_comes_before_the_seed_and_after_the_period_has_no_lot_in_what_it_draws() {
    for block in 0..20 {
        let (mut with, mut without) = (World::of(5), World::of(5));
        for world in [&mut with, &mut without] {
            world.day();
        }
        for n in 0..2 {
            with.register(6 + n);
            for world in [&mut with, &mut without] {
                world.block(seed(100 * block + u64::from(n)));
            }
        }
        assert_eq!(with.rich(), without.rich());
        assert!(with.rich().iter().all(|n| *n <= 5) && with.rich().len() == 1);
    }
}

#[test]
fn a_sink_that_counts_hears_as_much_as_one_that_keeps() {
    let mut world = World::of(2);
    let chance = Chance::new(1, seed(1));
    let (mut state, at) = (world.state.clone(), BlockContext::new(world.now.later(Span::from_days(1)), chance));
    let (told, mut counted) = (world.events.len(), Counted::default());
    let passed = world.network.pass_time(&mut state, at, 10_000, &mut counted);
    world.day();
    assert_eq!(counted.get(), world.events.len() - told);
    assert!(counted.get() > 0 && passed.used > 0);
    assert_eq!(state, world.state);
}

/// A refusal of either side has the same form.
#[test]
fn messages_for_another_service_are_refused() {
    let mut world = World::of(1);
    let message = Message::service(depin_services::storage::StorageMessage::RemoveProvider);
    let at = BlockContext::new(world.now, Chance::NONE);
    let failure = world.network.act(&mut world.state, at, (operator(1), seed(1)), &message, &mut world.events).unwrap_err();
    assert_eq!(failure.code, "other-service");
    assert_eq!(failure.message, "this network runs the service `metered`; `remove-provider` is for another");
}
