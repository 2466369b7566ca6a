//! A small network as text, and a world around it.

use depin_economy::*;
use depin_quantity::{Address, Decimal18, Instant, Measured, Name, Seed, Span, UnitId, Units};
use depin_state::{Memory, State};

pub const TOK: Name = Name::literal("TOK");
pub const WORK: Name = Name::literal("work");
pub const FEEDER: Address = Address::new([202; 32]);
pub const KEEPER: Address = Address::new([203; 32]);
/// 2027-01-15T08:00:00Z.
pub const START: Instant = Instant::new(1_800_000_000_000);

/// Everything around a supply and its pools.
const FRAME: &str = r#"
[network]
name = "test"
title = "Test"
service = "demo"
variant = "document"

[[token]]
id = "TOK"
decimals = 6
source = "a test"

[clock.day]
every = "1d"
origin = "genesis"
source = "a test"

[utility.fee]
token = "TOK"
minimum = { amount = "1 base TOK", source = "a test" }
initial = { amount = "1 base TOK", source = "a test" }
target = { work = 250_000, source = "a test" }
change = { parts = 8, source = "a test" }

[price.TOK-USD]
reporters = ["price-feeder"]
stale-after = "1d"
quorum = 1
source = "a test"

[incentive]

[service.demo]
"#;

/// The frame with these sections.
pub fn network(sections: &str) -> String {
    format!("{FRAME}\n{sections}\n")
}

/// A supply that mints 1,000 TOK a day for 100 days into one pool of this method, bound to `units`.
pub fn one_pool(method: &str) -> String {
    network(&format!(
        r#"
[supply.TOK]
cap = {{ amount = "1_000_000 TOK", kind = "clamp", source = "a test" }}
emission.flat = {{ clock = "day", amount = "100_000 TOK", periods = 100, source = "a test" }}

[incentive.pool.work]
emission = "TOK"
share = "100%"
{method}
source = "a test"

[bind]
units = {{ pool = "work" }}
"#
    ))
}

pub fn party(n: u8) -> Address {
    Address::new([n; 32])
}

pub fn unit(n: u64) -> UnitId {
    UnitId::derive("test", &[&n.to_be_bytes()])
}

pub fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// Base units of whole TOK.
pub fn tok(whole: u128) -> Units {
    Units::new(whole * 1_000_000)
}

pub fn component(metric: &str, quantity: u128) -> Component {
    Component { metric: name(metric), quantity: Measured::new(quantity) }
}

#[track_caller]
pub fn parsed(text: &str) -> Spec {
    Spec::parse(text).unwrap_or_else(|e| panic!("{e}"))
}

#[track_caller]
pub fn refused(text: &str, message: &str) -> Problem {
    let errors = Spec::parse(text).expect_err("the file must be refused");
    let hit = errors.problems().iter().find(|p| p.message.contains(message));
    hit.unwrap_or_else(|| panic!("wanted `{message}`, found {errors}")).clone()
}

pub struct World {
    pub economy: Economy,
    pub state: Memory,
    pub now: Instant,
    /// The newest round of randomness.
    pub chance: Chance,
    pub events: Vec<Event>,
}

impl World {
    pub fn new(text: &str) -> Self {
        Self::starting(text, START)
    }

    pub fn starting(text: &str, now: Instant) -> Self {
        let economy = Economy::new(parsed(text));
        let mut world = Self { economy, state: Memory::new(), now, chance: Chance::NONE, events: Vec::new() };
        let roles = world.economy.spec().roles();
        let account = |role: &Name| if role.as_str() == "price-feeder" { FEEDER } else { KEEPER };
        let roles = roles.iter().map(|role| (*role, account(role))).collect();
        world.with(|s| s.genesis(&Genesis { roles, ..Genesis::default() })).unwrap();
        world.check();
        world
    }

    pub fn with<T>(&mut self, run: impl FnOnce(&mut Session<'_>) -> T) -> T {
        let mut session = self.economy.session(&mut self.state, BlockContext::new(self.now, self.chance), &mut self.events);
        let value = run(&mut session);
        session.notices();
        value
    }

    /// A new round of randomness, of a series of seeds.
    pub fn round(&mut self, series: u64) {
        let round = self.chance.round() + 1;
        let seed = Seed::derive("test-round", &[&series.to_be_bytes(), &round.to_be_bytes()]);
        self.chance = Chance::new(round, seed);
    }

    /// A block with a new round, in which no time passes.
    pub fn block(&mut self, series: u64) {
        self.round(series);
        self.close();
    }

    pub fn reads(&self) -> Reads<'_> {
        self.economy.reads(self.state.as_read(), self.now)
    }

    pub fn check(&self) {
        let report = audit(self.economy.spec(), self.state.as_read());
        assert!(report.ok(), "{:#?}", report.violations);
    }

    /// Moves time on and closes all, some work at a time.
    pub fn pass(&mut self, span: Span) {
        self.now = self.now.later(span);
        self.close();
    }

    pub fn days(&mut self, days: u64) {
        self.pass(Span::from_days(days));
    }

    pub fn close(&mut self) {
        while self.with(|s| s.close(3)).unwrap().more {}
        self.check();
    }

    pub fn earn(&mut self, who: u8, metric: &str, quantity: u128) -> Answer {
        let subject = Subject::Party(party(who));
        self.with(|s| s.record(&Record::Accrued(Accrued { subject, components: Components::one(component(metric, quantity)) })))
    }

    pub fn stand(&mut self, who: u8, metric: &str, quantity: u128) -> Answer {
        let subject = Subject::Party(party(who));
        if self.reads().registered(subject).is_none() {
            self.with(|s| s.record(&Record::Register(Register { subject, phase: 0 }))).unwrap();
        }
        self.with(|s| s.record(&Record::Current(Current { subject, components: Components::one(component(metric, quantity)) })))
    }

    pub fn gauge(&mut self, scope: &str, gauge: &str, value: u128) {
        let record = Gauge { scope: name(scope), name: name(gauge), value: Measured::new(value) };
        self.with(|s| s.record(&Record::Gauge(record))).unwrap();
    }

    pub fn price(&mut self, price: &str) {
        self.with(|s| s.report_price(FEEDER, name("TOK-USD"), Decimal18::parse(price).unwrap())).unwrap();
    }

    pub fn held(&self, who: u8) -> u128 {
        self.reads().wallet(party(who), TOK).held.get()
    }

    pub fn minted(&self) -> u128 {
        self.reads().supply(TOK).unwrap().minted.get()
    }

    pub fn emission(&self, pool: &str) -> EmissionRow {
        self.reads().emission(name(pool)).unwrap()
    }
}
