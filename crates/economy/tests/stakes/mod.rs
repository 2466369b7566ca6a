//! A small world with stake, locks, funds and a bridge: state in memory, time by hand, an audit after every step.
#![allow(dead_code, missing_docs)]

use depin_economy::*;
use depin_quantity::{Address, Instant, Measured, Name, Share, Span, UnitId, Units};
use depin_state::{Memory, State};

pub const FILE: &str = include_str!("network.toml");
pub const COIN: Name = Name::literal("COIN");
pub const IOT: Name = Name::literal("IOT");
pub const USDX: Name = Name::literal("USDX");
pub const VALIDATORS: Name = Name::literal("validators");
pub const STAKERS: Name = Name::literal("stakers");
pub const LOCKERS: Name = Name::literal("lockers");
pub const VE: Name = Name::literal("ve");
pub const DEVICE: Name = Name::literal("device");
pub const COMMUNITY: Name = Name::literal("community");
pub const COUNCIL: Address = Address::new([201; 32]);
pub const BRIDGE: Address = Address::new([202; 32]);
pub const ONE: u128 = 1_000_000;
/// A Monday at noon.
pub const START: u64 = 1_800_014_400_000;

pub fn party(n: u8) -> Address {
    Address::new([n; 32])
}

pub fn unit(n: u64) -> UnitId {
    UnitId::derive("test", &[&n.to_be_bytes()])
}

pub fn coins(whole: u128) -> Units {
    Units::new(whole * ONE)
}

pub fn share(text: &str) -> Share {
    text.parse().unwrap()
}

pub fn days(n: u64) -> Span {
    Span::from_days(n)
}

pub struct World {
    pub economy: Economy,
    pub state: Memory,
    pub now: Instant,
    pub events: Vec<Event>,
    pub notices: Vec<Notice>,
}

impl World {
    /// Parties 1 to 9 hold a million COIN and ten thousand IOT each.
    pub fn new() -> Self {
        Self::of(FILE)
    }

    pub fn of(text: &str) -> Self {
        let spec = Spec::parse(text).unwrap_or_else(|e| panic!("{e}"));
        let mut world = Self {
            economy: Economy::new(spec),
            state: Memory::new(),
            now: Instant::new(START),
            events: Vec::new(),
            notices: Vec::new(),
        };
        let grant = |token, from: &str, to, amount| Grant { token, from: from.parse().unwrap(), to, amount };
        let people = (1..=9).map(party);
        let genesis = Genesis {
            roles: vec![("council".parse().unwrap(), COUNCIL), ("bridge".parse().unwrap(), BRIDGE)],
            grants: people
                .flat_map(|to| [grant(COIN, "people", to, coins(1_000_000)), grant(IOT, "airdrop", to, coins(10_000))])
                .collect(),
            ..Genesis::default()
        };
        world.with(|s| s.genesis(&genesis)).unwrap();
        world.check();
        world
    }

    pub fn with<T>(&mut self, run: impl FnOnce(&mut Session<'_>) -> T) -> T {
        let mut session = self.economy.session(&mut self.state, BlockContext::new(self.now, Chance::NONE), &mut self.events);
        let value = run(&mut session);
        self.notices.extend(session.notices());
        value
    }

    pub fn act(&mut self, who: Address, action: Action) -> Result<Done, Refusal> {
        self.with(|s| s.act(who, &action))
    }

    #[track_caller]
    pub fn does(&mut self, who: Address, action: Action) -> Done {
        let done = self.act(who, action.clone()).unwrap_or_else(|e| panic!("{action:?}: {e}"));
        self.check();
        done
    }

    pub fn record(&mut self, record: Record) -> Answer {
        self.with(|s| s.record(&record))
    }

    #[track_caller]
    pub fn accept(&mut self, record: Record) -> Accepted {
        let accepted = self.record(record.clone()).unwrap_or_else(|e| panic!("{record:?}: {e}"));
        self.check();
        accepted
    }

    pub fn reads(&self) -> Reads<'_> {
        self.economy.reads(self.state.as_read(), self.now)
    }

    /// Moves time on and closes everything.
    pub fn advance(&mut self, span: Span) {
        self.now = self.now.later(span);
        while self.with(|s| s.close(100)).unwrap().more {}
        self.check();
    }

    #[track_caller]
    pub fn check(&self) {
        let report = audit(self.economy.spec(), self.state.as_read());
        assert!(report.ok(), "{:#?}", report.violations);
    }

    pub fn held(&self, who: Address, token: Name) -> Units {
        self.reads().wallet(who, token).held
    }

    pub fn balance(&self, account: Account, token: Name) -> Units {
        self.reads().balance(account, token)
    }

    #[track_caller]
    pub fn validator(&mut self, n: u8, commission: &str, stake: Units) {
        self.does(party(n), Action::CreateValidator { staking: VALIDATORS, commission: share(commission), stake });
    }

    #[track_caller]
    pub fn delegate(&mut self, who: u8, validator: u8, amount: Units) -> Done {
        self.does(party(who), Action::Delegate { staking: VALIDATORS, validator: party(validator), amount })
    }

    #[track_caller]
    pub fn undelegate(&mut self, who: u8, validator: u8, amount: Option<Units>) -> Done {
        self.does(party(who), Action::Undelegate { staking: VALIDATORS, validator: party(validator), amount })
    }

    pub fn stake_of(&self, who: u8, validator: u8) -> Units {
        self.reads().delegation(VALIDATORS, party(validator), party(who)).map_or(Units::ZERO, |d| d.stake)
    }

    #[track_caller]
    pub fn lock(&mut self, who: u8, id: u64, amount: Units, length: Span, constant: bool, scope: Option<&str>) {
        let scope = scope.map(|s| s.parse().unwrap());
        self.does(party(who), Action::Lock { lock: VE, id: unit(id), amount, length, constant, scope });
    }

    #[track_caller]
    pub fn pledge(&mut self, who: u8, device: u64, steps: u128) {
        let subject = Subject::Unit { owner: party(who), unit: unit(device) };
        let basis = device_units(steps);
        let until = self.now.later(days(365));
        self.accept(Record::Pledge(PledgeRecord::Lock { subject, kind: DEVICE, basis, until }));
    }
}

pub fn device_units(steps: u128) -> Component {
    Component { metric: Name::literal("device-units"), quantity: Measured::new(steps) }
}
