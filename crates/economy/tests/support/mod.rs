//! A small world around one economy: state in memory, time by hand, an audit after every step.
#![allow(dead_code, missing_docs)]

use depin_economy::*;
use depin_quantity::{Address, Decimal18, Instant, Measured, Name, Span, UnitId, Units};
use depin_state::{Memory, State};

pub const FILE: &str = include_str!("../../../../networks/filecoin/network.toml");
pub const FIL: Name = Name::literal("FIL");
pub const BLOCKS: Name = Name::literal("blocks");
pub const EPOCH: Name = Name::literal("epoch");
pub const RAW: Name = Name::literal("raw-bytes");
pub const QUALITY: Name = Name::literal("quality-bytes");
pub const SECTOR: Name = Name::literal("sector");
pub const DEAL: Name = Name::literal("deal");
pub const DATACAP: Name = Name::literal("datacap");
pub const DETECTED: Name = Name::literal("detected");
pub const CONTINUED: Name = Name::literal("continued");
pub const TERMINATED: Name = Name::literal("terminated");
pub const AGREED: Name = Name::literal("agreed");
pub const ONE_FIL: u128 = 1_000_000_000_000_000_000;
pub const GIB: u128 = 1 << 30;
pub const EPOCHS_IN_DAY: u64 = 2_880;

pub const NOTARY: Address = Address::new([201; 32]);
pub const FEEDER: Address = Address::new([202; 32]);
pub const CLIENT: Address = Address::new([203; 32]);
pub const PROPOSER: Address = Address::new([204; 32]);
pub const LAB: Address = Address::new([205; 32]);

pub fn party(n: u8) -> Address {
    Address::new([n; 32])
}

pub fn unit(n: u64) -> UnitId {
    UnitId::derive("test", &[&n.to_be_bytes()])
}

pub fn fil(whole: u128) -> Units {
    Units::new(whole * ONE_FIL)
}

pub fn money(units: Units) -> Money {
    Money { currency: FIL, amount: Decimal18::new(units.get()) }
}

pub fn raw(bytes: u128) -> Component {
    Component { metric: RAW, quantity: Measured::new(bytes) }
}

pub fn quality(bytes: u128) -> Component {
    Component { metric: QUALITY, quantity: Measured::new(bytes) }
}

pub fn both(one: Component, other: Component) -> Components {
    Components::new([one, other]).unwrap()
}

pub struct World {
    pub economy: Economy,
    pub state: Memory,
    pub now: Instant,
    pub events: Vec<Event>,
    pub notices: Vec<Notice>,
}

impl World {
    /// The Filecoin of the file: parties 1 to 8 and the client hold a million FIL each.
    pub fn new() -> Self {
        Self::of(FILE)
    }

    pub fn of(text: &str) -> Self {
        let mut world = Self::before_genesis(text);
        let mut people: Vec<Address> = (1..=8).map(party).collect();
        people.push(CLIENT);
        let grants =
            people.into_iter().map(|to| Grant { token: FIL, from: Name::literal("foundation"), to, amount: fil(1_000_000) });
        let genesis = Genesis {
            roles: vec![(Name::literal("notary"), NOTARY), (Name::literal("price-feeder"), FEEDER)],
            owners: vec![(FIL, Name::literal("protocol-labs"), LAB), (FIL, Name::literal("investors"), LAB)],
            grants: grants.collect(),
        };
        world.with(|s| s.genesis(&genesis)).unwrap();
        world.check();
        world
    }

    pub fn before_genesis(text: &str) -> Self {
        let spec = Spec::parse(text).unwrap_or_else(|e| panic!("{e}"));
        Self {
            economy: Economy::new(spec),
            state: Memory::new(),
            now: Instant::new(1_800_000_000_000),
            events: Vec::new(),
            notices: Vec::new(),
        }
    }

    /// Runs operations at the present time and keeps their notices.
    pub fn with<T>(&mut self, run: impl FnOnce(&mut Session<'_>) -> T) -> T {
        let mut session = self.economy.session(&mut self.state, BlockContext::new(self.now, Chance::NONE), &mut self.events);
        let value = run(&mut session);
        self.notices.extend(session.notices());
        value
    }

    pub fn record(&mut self, record: Record) -> Answer {
        self.with(|s| s.record(&record))
    }

    pub fn accept(&mut self, record: Record) -> Accepted {
        self.record(record.clone()).unwrap_or_else(|e| panic!("{record:?}: {e}"))
    }

    pub fn reads(&self) -> Reads<'_> {
        self.economy.reads(self.state.as_read(), self.now)
    }

    /// Moves time on by whole epochs and closes everything.
    pub fn advance(&mut self, epochs: u64) {
        self.now = self.now.later(Span::from_secs(30 * epochs));
        self.close();
    }

    pub fn close(&mut self) {
        while self.with(|s| s.close(100)).unwrap().more {}
        self.check();
    }

    pub fn check(&self) {
        let report = audit(self.economy.spec(), self.state.as_read());
        assert!(report.ok(), "{:#?}", report.violations);
    }

    pub fn held(&self, who: Address) -> Units {
        self.reads().wallet(who, FIL).held
    }

    pub fn owed(&self, who: Address) -> Units {
        self.reads().wallet(who, FIL).owed
    }

    pub fn register(&mut self, who: Address, phase: u64) {
        self.accept(Record::Register(Register { subject: Subject::Party(who), phase }));
    }

    pub fn stand(&mut self, who: Address, bytes: u128) -> Answer {
        let components = both(raw(bytes), quality(bytes));
        self.record(Record::Current(Current { subject: Subject::Party(who), components }))
    }

    /// Opens an escrow of the client with `deposit`, and a stream to `to`.
    pub fn deal(&mut self, id: UnitId, to: Address, rate: Units, periods: u64, deposit: Units) -> Answer {
        self.record(Record::Escrow(EscrowRecord::Open { id, kind: DEAL, owner: CLIENT, deposit: money(deposit) }))?;
        self.record(Record::Stream(StreamRecord::Open(self.terms(id, to, rate, periods))))
    }

    pub fn terms(&self, id: UnitId, to: Address, rate: Units, periods: u64) -> StreamOpen {
        StreamOpen {
            id,
            escrow: id,
            to,
            rate: money(rate),
            periods,
            activate_by: self.now.later(Span::from_secs(3_600)),
            basis: raw(GIB),
            bond: None,
        }
    }

    pub fn activate(&mut self, id: UnitId) {
        self.accept(Record::Stream(StreamRecord::Activate { id }));
    }

    pub fn lock(&mut self, who: Address, sector: UnitId, bytes: u128) -> Answer {
        let subject = Subject::Unit { owner: who, unit: sector };
        let until = self.now.later(Span::from_days(180));
        self.record(Record::Pledge(PledgeRecord::Lock { subject, kind: SECTOR, basis: quality(bytes), until }))
    }

    pub fn fault(&mut self, subject: Subject, kind: Name, bytes: u128) -> Answer {
        self.record(Record::Fault(Fault { subject, kind, affected: quality(bytes), reporter: None }))
    }
}
