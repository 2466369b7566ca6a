//! A network in memory, its people, and its books.

use super::chance::Chance;
use depin_economy::{
    Account, AccountClass, Action, Answer, BlockContext, Done, Economy, Event, Genesis, Meter as _, Notice, Reads, Record,
    Refusal, Session, Spec, audit,
};
use depin_quantity::{Address, Decimal18, Instant, Name, Rounding, Seed, Span, UnitId, Units};
use depin_services::descriptor::{Service, service};
use depin_state::{Memory, State as _};
use std::collections::BTreeMap;

/// Providers, and customers behind them.
pub const PROVIDERS: u8 = 5;
pub const CUSTOMERS: u8 = 3;

/// When the network starts.
const GENESIS: Instant = Instant::new(1_800_000_000_000);

/// Something that is open: a stream with its escrow, a hold, a pledged unit, a recurring fee.
#[derive(Clone, Copy, Debug)]
pub struct Open {
    pub id: UnitId,
    pub kind: Name,
    pub who: Address,
    pub active: bool,
}

pub struct World {
    pub name: String,
    pub service: &'static Service,
    pub economy: Economy,
    pub state: Memory,
    pub now: Instant,
    pub period: Span,
    pub chance: Chance,
    /// Randomness of the network itself.
    pub round: depin_economy::Chance,
    pub token: Name,
    pub roles: BTreeMap<Name, Address>,
    pub streams: Vec<Open>,
    pub holds: Vec<Open>,
    pub pledges: Vec<Open>,
    pub fees: Vec<Open>,
    /// How often each act was accepted and refused.
    pub tally: BTreeMap<String, (u32, u32)>,
    /// Rewards that pools paid.
    pub rewarded: u128,
    pub stakes: Vec<(Name, Address)>,
    pub locks: Vec<Open>,
    /// Slashes that can be given back.
    pub slashes: Vec<Open>,
    /// Allowances in use.
    pub uses: Vec<Open>,
    events: Vec<Event>,
    notices: Vec<Notice>,
    ids: u64,
}

pub fn person(n: u8) -> Address {
    Address::new([n; 32])
}

impl World {
    pub fn new(name: &str, toml: &str, seed: u64) -> Self {
        let spec = Spec::parse(toml).unwrap_or_else(|errors| panic!("{name}: {errors}"));
        let service = service(spec.network().service.as_str()).expect("a known service");
        let roles: BTreeMap<Name, Address> = spec.roles().into_iter().zip(100..).map(|(role, n)| (role, person(n))).collect();
        let token = spec.fee().token;
        let period = period(&spec);
        let mut world = Self {
            name: name.to_owned(),
            service,
            economy: Economy::new(spec),
            state: Memory::new(),
            now: GENESIS,
            period,
            chance: Chance::new(seed),
            round: depin_economy::Chance::NONE,
            token,
            roles,
            streams: Vec::new(),
            holds: Vec::new(),
            pledges: Vec::new(),
            fees: Vec::new(),
            tally: BTreeMap::new(),
            rewarded: 0,
            stakes: Vec::new(),
            locks: Vec::new(),
            slashes: Vec::new(),
            uses: Vec::new(),
            events: Vec::new(),
            notices: Vec::new(),
            ids: 0,
        };
        world.begin();
        world
    }

    fn begin(&mut self) {
        let roles = self.roles.iter().map(|(role, who)| (*role, *who)).collect();
        let token = self.token;
        let cap = self.spec().supply(token).expect("the main token has a supply").cap.amount;
        let each = cap.mul_div(1, 20_000, Rounding::Down).unwrap();
        self.with(|session| {
            session.genesis(&Genesis { roles, owners: Vec::new(), grants: Vec::new() }).unwrap();
            for n in 1..=PROVIDERS + CUSTOMERS {
                session.advance(token, person(n), each).unwrap();
            }
        });
        self.report_prices();
        self.prepare();
        self.audit();
    }

    /// The rules that are in force now.
    pub fn spec(&self) -> &Spec {
        self.economy.spec_at(GENESIS, self.now)
    }

    /// With periods of another length.
    pub fn every(mut self, period: Span) -> Self {
        self.period = period;
        self
    }

    pub fn reads(&self) -> Reads<'_> {
        self.economy.reads(self.state.as_read(), self.now)
    }

    pub fn provider(&mut self) -> Address {
        person(1 + self.chance.below(PROVIDERS.into()) as u8)
    }

    pub fn customer(&mut self) -> Address {
        person(1 + PROVIDERS + self.chance.below(CUSTOMERS.into()) as u8)
    }

    pub fn fresh_id(&mut self) -> UnitId {
        self.ids += 1;
        UnitId::derive("drive", &[&self.ids.to_be_bytes()])
    }

    /// Units of a token in 10^-18 of it.
    pub fn money(&self, token: Name, units: Units) -> Decimal18 {
        let decimals = self.spec().token(token).map_or(18, |token| token.decimals);
        Decimal18::new(units.get() * 10u128.pow(18 - u32::from(decimals)))
    }

    pub fn with<T>(&mut self, run: impl FnOnce(&mut Session<'_>) -> T) -> T {
        self.events.clear();
        let mut session = self.economy.session(&mut self.state, BlockContext::new(self.now, self.round), &mut self.events);
        let value = run(&mut session);
        self.notices.extend(session.notices());
        drop(session);
        for event in &self.events {
            self.rewarded += match event {
                Event::Posting { from: Account::Pool(_), amount, .. } => amount.get(),
                Event::BatchPaid { .. } => 1,
                _ => 0,
            };
            if let Event::PledgeSlashed { subject, kind, slash: Some(id), .. } = event {
                self.slashes.push(Open { id: *id, kind: *kind, who: subject.owner(), active: true });
            }
        }
        value
    }

    /// Says a record; counts the answer under `what`. A refusal must be one that this driver can cause.
    pub fn send(&mut self, what: &str, record: &Record) -> Answer {
        let answer = self.with(|session| session.record(record));
        self.count(what, answer.as_ref().err());
        answer
    }

    pub fn act(&mut self, what: &str, who: Address, action: &Action) -> Result<Done, Refusal> {
        let done = self.with(|session| session.act(who, action));
        self.count(what, done.as_ref().err());
        done
    }

    pub fn count(&mut self, what: &str, refusal: Option<&Refusal>) {
        if let Some(refusal) = refusal {
            assert!(is_expected(refusal), "{}: {what} was refused: {refusal}", self.name);
        }
        let tally = self.tally.entry(what.to_owned()).or_default();
        if refusal.is_none() { tally.0 += 1 } else { tally.1 += 1 }
    }

    /// One period: time passes, what is due is done, people and the service act.
    pub fn step(&mut self, period: u64) {
        self.now = self.now.later(self.period);
        let round = self.round.round() + 1;
        self.round = depin_economy::Chance::new(round, Seed::derive("drive", &[&round.to_be_bytes()]));
        while self.with(|session| session.close(1_000)).unwrap().more {}
        self.report_prices();
        self.follow();
        self.blocks_are_signed();
        self.act_at_random(period);
        self.follow();
        self.books_balance();
        if period.is_multiple_of(100) {
            self.audit();
        }
    }

    pub fn report_prices(&mut self) {
        let pairs: Vec<(Name, Vec<Name>)> =
            self.spec().prices().iter().map(|(pair, rule)| (*pair, rule.reporters.clone())).collect();
        for (pair, reporters) in pairs {
            let price = Decimal18::new(self.chance.upto(9_000_000_000_000_000_000) + 1_000_000_000_000_000_000);
            for reporter in reporters {
                let who = self.roles[&reporter];
                self.with(|session| session.report_price(who, pair, price)).unwrap();
            }
        }
    }

    fn follow(&mut self) {
        for notice in std::mem::take(&mut self.notices) {
            match notice {
                Notice::StreamEnded { stream, .. } => self.streams.retain(|open| open.id != stream),
                Notice::HoldExpired { hold, .. } => self.holds.retain(|open| open.id != hold),
                _ => {}
            }
        }
    }

    /// Minted less burnt is what all accounts hold together, of every token; no cap is passed.
    fn books_balance(&self) {
        let reads = self.reads();
        for token in self.spec().tokens().keys() {
            let people = (1..=PROVIDERS + CUSTOMERS).map(person).chain(self.roles.values().copied());
            let wallets = people.map(|who| reads.wallet(who, *token).held.get());
            let classes = AccountClass::ALL.into_iter().map(|class| reads.class(class, *token).get());
            let held: u128 = wallets.chain(classes).sum();
            let Some(supply) = reads.supply(*token) else { continue };
            let (minted, burned) = (supply.minted.get(), supply.burned.get());
            assert_eq!(minted.checked_sub(burned), Some(held), "{}: {token} is lost or made", self.name);
            if let Some(rule) = self.spec().supply(*token) {
                let net_emission = if rule.net_emission.is_some() { burned } else { 0 };
                assert!(minted <= rule.cap.amount.get() + net_emission, "{}: more {token} minted than the cap", self.name);
            }
        }
    }

    pub fn audit(&self) {
        let report = audit(self.economy.spec(), self.state.as_read());
        assert!(report.ok(), "{} at {:?}: {:#?}\nacts: {:#?}", self.name, self.now, report.violations, self.tally);
    }
}

/// What a driver that only says what the file has rules for can be refused for.
fn is_expected(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::Underfunded { .. }
            | Refusal::InDebt { .. }
            | Refusal::Engaged { .. }
            | Refusal::OutOfRange { .. }
            | Refusal::Unbacked { .. }
            | Refusal::Slippage { .. }
            | Refusal::CapReached { .. }
            | Refusal::NotAllowed { .. }
            | Refusal::Unknown { .. }
            | Refusal::PriceStale { .. }
    )
}

/// How long one of the thousand periods is: one of the pool that the service's metrics feed, or of the emission.
fn period(spec: &Spec) -> Span {
    let fed = spec.bindings().values().find_map(|binding| spec.pool(binding.pool?));
    let clock = fed.map(|pool| pool.clock).or_else(|| spec.pools().values().map(|pool| pool.clock).next());
    clock.and_then(|clock| spec.clock(clock)).map_or(Span::from_secs(3_600), |clock| clock.every)
}
