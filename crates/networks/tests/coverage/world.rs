//! Helium in memory, with its people. Signatures are the chain's affair and not checked here.

use crate::files::FIVE;
use depin_economy::{Account, BlockContext, Chance, Economy, Event, Genesis, Reads, Session, Spec, audit};
use depin_quantity::{Address, Decimal18, Instant, Name, Seed, Span, UnitId, Units};
use depin_services::{
    Context, Service,
    coverage::{
        self, Acknowledgement, Coverage, CoverageError, CoverageEvent, CoverageMessage, Hotspot, Location, NewHotspot, Oui,
        Packet, PacketBatch, PacketHash, PublicKey, RouteTerms, SignatureBytes, batch_id, cell_at,
    },
};
use depin_state::{Memory, ReadState, State};

pub const OWNER: Address = Address::new([1; 32]);
pub const CUSTOMER: Address = Address::new([2; 32]);
pub const ANYBODY: Address = Address::new([3; 32]);
/// Fills every role of the file.
pub const KEEPER: Address = Address::new([4; 32]);
pub const DC: Name = Name::literal("DC");
pub const START: Instant = Instant::new(1_800_000_000_000);
pub const MINUTE: Span = Span::from_secs(60);
/// The key that acknowledges packets.
pub const SERVER: PublicKey = PublicKey::new([200; 32]);

pub struct Net {
    pub economy: Economy,
    pub service: Coverage,
    pub state: Memory,
    start: Instant,
    pub now: Instant,
    pub events: Vec<CoverageEvent>,
    said: u64,
    /// Rounds of randomness so far; each block that lets time pass has a new one.
    /// Milliseconds of ledger time per millisecond of the wall clock.
    pub speed: u32,
    round: u64,
}

/// Helium's file with other roles in its service's section than it has, or none: [`ARBITER`] puts its own back.
pub fn helium(more: &str) -> String {
    let at = |section: &str| FIVE[0].1.find(section).expect("the section of the service");
    let (before, after) = (&FIVE[0].1[..at("[service.coverage]\n")], &FIVE[0].1[at("[service.coverage.beacon]")..]);
    format!("{before}{more}\n{after}")
}

pub const ARBITER: &str = "[service.coverage]\narbiter = \"denylist\"\nparameter = true\nwhy = \"a test\"\n";
/// An OUI keeps 100 DC, and is charged from 10 DC on.
pub const GATE: &str = "[service.coverage.gate]\nminimum = 100\nburn-from = 10\nsource = \"a test\"\n";

/// The key of hotspot `n`.
pub const fn key(n: u8) -> PublicKey {
    PublicKey::new([n; 32])
}

pub fn hotspot(n: u8) -> Address {
    key(n).address()
}

pub fn joins(n: u8, owner: Address) -> CoverageMessage {
    CoverageMessage::Onboard(NewHotspot { key: key(n), owner, full: true, signature: SignatureBytes::new([0; 64]) })
}

pub fn berlin() -> Location {
    let cell = cell_at(52.52, 13.405).expect("a place on earth");
    Location { cell, gain: 30, elevation: 20, region: coverage::Region::Eu868 }
}

pub fn terms(max_copies: u32) -> RouteTerms {
    RouteTerms { net_id: 0x3c, server: "lns.example:1700".to_owned(), max_copies, active: true, ignore_empty_skf: false }
}

pub const fn hash(n: u64) -> PacketHash {
    let mut bytes = [0; 32];
    let number = n.to_be_bytes();
    let mut i = 0;
    while i < 8 {
        bytes[i] = number[i];
        i += 1;
    }
    PacketHash::new(bytes)
}

impl Net {
    pub fn document() -> Self {
        Self::of(&helium(""))
    }

    pub fn with(more: &str) -> Self {
        Self::of(&helium(more))
    }

    /// People have tokens and 50 million credits each.
    pub fn of(toml: &str) -> Self {
        Self::begun(toml, START)
    }

    /// The same at another time.
    pub fn begun(toml: &str, start: Instant) -> Self {
        let spec = Spec::parse(toml).unwrap_or_else(|errors| panic!("{errors}"));
        let service = Coverage::read(&spec, start).unwrap_or_else(|errors| panic!("{errors}"));
        let roles = spec.roles().into_iter().map(|role| (role, KEEPER)).collect();
        let hnt = Name::literal("HNT");
        let economy = Economy::new(spec);
        let (state, events) = (Memory::new(), Vec::new());
        let mut net = Self { economy, service, state, start, now: start, said: 0, round: 0, speed: 1, events };
        net.session(|session| {
            session.genesis(&Genesis { roles, owners: Vec::new(), grants: Vec::new() }).unwrap();
            for who in [OWNER, CUSTOMER, ANYBODY] {
                session.advance(hnt, who, Units::new(1_000_000_000_000)).unwrap();
            }
        });
        net.price();
        let mint = depin_economy::Action::MintCredits { credit: DC, amount: Units::new(50_000_000), most: None, to: None };
        for who in [OWNER, CUSTOMER] {
            net.session(|session| session.act(who, &mint)).unwrap();
        }
        net
    }

    /// Two dollars for each.
    pub fn price(&mut self) {
        let at = self.now;
        let pairs: Vec<Name> = self.economy.spec().at(self.start, at).prices().keys().copied().collect();
        for pair in pairs {
            let price = Decimal18::new(2_000_000_000_000_000_000);
            self.session(|session| session.report_price(KEEPER, pair, price)).unwrap();
        }
    }

    /// Somebody does something on the economy.
    pub fn act(&mut self, who: Address, action: &depin_economy::Action) {
        self.session(|session| session.act(who, action)).unwrap();
    }

    fn session<T>(&mut self, run: impl FnOnce(&mut Session<'_>) -> T) -> T {
        let (mut events, at): (Vec<Event>, _) = (Vec::new(), self.at());
        run(&mut self.economy.session(&mut self.state, at, &mut events))
    }

    fn at(&self) -> BlockContext {
        let chance = Chance::new(self.round, Seed::derive("test-round", &[&self.round.to_be_bytes()]));
        BlockContext::new(self.now, if self.round == 0 { Chance::NONE } else { chance }).at_speed(self.speed)
    }

    fn serve<T>(&mut self, run: impl FnOnce(&mut Context<'_, Coverage>) -> T) -> T {
        let (service, at) = (self.service.clone(), self.at());
        let mut heard = std::mem::take(&mut self.events);
        let result = self.session(|session| run(&mut Context::new(&service, session, at, &mut heard)));
        self.events = heard;
        result
    }

    /// One message as a ledger would run it: refused, it leaves no trace.
    pub fn send(&mut self, who: Address, message: &CoverageMessage) -> Result<(), CoverageError> {
        self.said += 1;
        let unique = Seed::new(UnitId::derive("test", &[&self.said.to_be_bytes()]).get());
        let (before, told) = (self.state.clone(), self.events.len());
        let done = self.serve(|cx| Coverage::handle(cx, who, message, unique));
        if done.is_err() {
            self.state = before;
            self.events.truncate(told);
        }
        self.check();
        done
    }

    /// Time passes, in one block.
    pub fn pass(&mut self, span: Span) {
        self.now = self.now.later(span);
        self.round += 1;
        self.work(u64::MAX);
    }

    /// To a minute behind the end of a clock's present period, which closes with prices that are fresh.
    pub fn go_to_the_next(&mut self, clock: Name) {
        let next = self.reads().period(clock).expect("a clock") + 1;
        let end = self.reads().period_start(clock, next).expect("a period");
        let before = Span::from_secs(300);
        self.pass(Span::from_millis(end.since(self.now).get().saturating_sub(before.get())));
        self.price();
        self.pass(Span::from_secs(360));
    }

    /// Does what is due, with so much work for the service's jobs.
    pub fn work(&mut self, budget: u64) {
        self.session(|session| while session.close(1_000).unwrap().more {});
        self.serve(|cx| Coverage::run_due(cx, budget));
        self.check();
    }

    fn check(&self) {
        let report = audit(self.economy.spec(), self.state.as_read());
        assert!(report.ok(), "{:#?}", report.violations);
        let wrong = self.service.audit(self.rows());
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    pub fn rows(&self) -> &dyn ReadState {
        self.state.as_read()
    }

    pub fn reads(&self) -> Reads<'_> {
        self.economy.reads(self.rows(), self.now)
    }

    pub fn credits(&self, who: Address) -> u128 {
        self.reads().wallet(who, DC).held.get()
    }

    pub fn burned(&self) -> u128 {
        self.reads().issued(DC).unwrap().burned.get()
    }

    pub fn escrow(&self, oui: u32) -> u128 {
        let id = UnitId::derive("depin-coverage-oui", &[&oui.to_be_bytes()]);
        self.reads().balance(Account::Escrow(id), DC).get()
    }

    pub fn hotspot(&self, n: u8) -> Hotspot {
        coverage::hotspot(self.rows(), hotspot(n)).expect("it joined")
    }

    pub fn oui(&self, oui: u32) -> Oui {
        coverage::oui(self.rows(), oui).expect("it was opened")
    }

    /// Opens an OUI with credits and a route of so many copies.
    pub fn customer(&mut self, credits: u128, max_copies: u32) -> (u32, UnitId) {
        let open = CoverageMessage::OpenOui { keys: vec![SERVER], credits: Units::new(credits), price: None };
        self.send(CUSTOMER, &open).unwrap();
        let oui = coverage::totals(self.rows()).ouis;
        self.send(CUSTOMER, &CoverageMessage::AddRoute { oui, terms: terms(max_copies) }).unwrap();
        let (route, _) = coverage::routes(self.rows(), oui, None).next().expect("a route");
        (oui, route)
    }

    /// A packet heard now.
    pub fn packet(&self, n: u64, bytes: u16) -> Packet {
        Packet { hash: hash(n), bytes, received: self.now }
    }

    /// A batch of hotspot `n`.
    pub fn batch(route: UnitId, n: u8, packets: Vec<Packet>, acknowledged: bool) -> PacketBatch {
        let signature = SignatureBytes::new([0; 64]);
        let acknowledged = acknowledged.then_some(Acknowledgement { key: SERVER, signature });
        PacketBatch { route, key: key(n), packets, signature, acknowledged }
    }

    /// Reports a batch; gives its id.
    pub fn report(&mut self, batch: PacketBatch) -> Result<UnitId, CoverageError> {
        let id = batch_id(&batch);
        self.send(ANYBODY, &CoverageMessage::Report(vec![batch])).map(|()| id)
    }

    /// Packets, units and refusals of the last batch that was settled.
    pub fn settled(&self) -> (u32, u64, Vec<coverage::Refused>) {
        let found = self.events.iter().rev().find_map(|event| match event {
            CoverageEvent::PacketsSettled { paid, units, refused, .. } => Some((*paid, *units, refused.clone())),
            _ => None,
        });
        found.expect("a batch was settled")
    }
}
