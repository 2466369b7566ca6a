//! A network of clusters in memory, with its people.

pub use crate::least_work::least_work;
use depin_challenge::{Processor, Progress, solve};
use depin_economy::{Account, Action, BlockContext, Chance, Genesis, Money, SEED_LAG, Spec, audit};
use depin_quantity::{Address, ContentHash, Decimal18, Instant, Name, Seed, Span, UnitId, Units};
use depin_services::{
    Event, Failure, Message, Network, ServiceEvent,
    clusters::{self, *},
    coverage::{PublicKey, SignatureBytes},
};
use depin_state::{Memory, ReadState, State as _};

pub const COUNCIL: Address = Address::new([3; 32]);
pub const IO: Name = Name::literal("IO");
pub const CHECKER: PublicKey = PublicKey::new([200; 32]);
pub const HIRER: PublicKey = PublicKey::new([201; 32]);
pub const START: Instant = Instant::new(1_719_316_800_000);
pub const SECOND: Span = Span::from_secs(1);
pub const HOUR: Span = Span::from_secs(3_600);
/// Ten IO an hour, in base units.
pub const RATE: u128 = 1_000_000_000;

pub struct Net {
    pub network: Network,
    pub state: Memory,
    pub now: Instant,
    pub events: Vec<Event>,
    pub audited: bool,
    round: u64,
    said: u64,
}

/// The owner of the `n`th device.
pub const fn owner(n: u8) -> Address {
    Address::new([100 + n; 32])
}

pub fn name(n: u8) -> Name {
    format!("device-{n}").parse().unwrap()
}

/// The `n`th device.
pub fn machine(n: u8) -> UnitId {
    device_id(owner(n), name(n))
}

pub fn hirer() -> Address {
    HIRER.address()
}

pub const fn ask(currency: Name, whole: u128) -> Money {
    Money { currency, amount: Decimal18::new(whole * 1_000_000_000_000_000_000) }
}

pub fn terms() -> DeviceTerms {
    let profile = Profile {
        kind: ProcessorKind::Cpu,
        processors: 2,
        memory_mib: 1,
        disk_gib: 100,
        download_mbps: 800,
        upload_mbps: 600,
        slice: false,
    };
    DeviceTerms { profile, url: "https://device.example:9000".to_owned(), asks: vec![ask(IO, 10)], accepts: true }
}

/// So many hours of these devices, at most at twenty IO.
pub fn new_hire(hours: u32, devices: &[u8]) -> NewHire {
    let filter = Filter { kind: ProcessorKind::Cpu, processors: 2, memory_mib: 1, disk_gib: 50, reliability: 0 };
    NewHire {
        kind: ClusterKind::Ray,
        currency: IO,
        most: Units::new(2 * RATE),
        hours,
        filter,
        devices: devices.iter().map(|n| machine(*n)).collect(),
        image: ContentHash::new([0; 32]),
    }
}

impl Net {
    /// With so many devices.
    pub fn new(devices: u8) -> Self {
        Self::of(&least_work(&[]), devices)
    }

    /// People have a million of the fee's token each.
    pub fn of(toml: &str, devices: u8) -> Self {
        let spec = Spec::parse(toml).unwrap_or_else(|errors| panic!("{errors}"));
        let token = spec.fee().token;
        let decimals = spec.token(token).unwrap().decimals;
        let filled = |role: Name| if role.as_str() == "checker" { CHECKER.address() } else { COUNCIL };
        let roles = spec.roles().into_iter().map(|role| (role, filled(role))).collect();
        let pairs: Vec<Name> = spec.prices().keys().copied().collect();
        let network = Network::new(spec, START).unwrap_or_else(|error| panic!("{error}"));
        let mut net = Self { network, state: Memory::new(), now: START, events: Vec::new(), audited: true, round: 0, said: 0 };
        let (at, mut told) = (BlockContext::new(START, Chance::NONE), Vec::new());
        let mut session = net.network.economy().session(&mut net.state, at, &mut told);
        session.genesis(&Genesis { roles, owners: Vec::new(), grants: Vec::new() }).unwrap();
        for who in std::iter::once(hirer()).chain((1..=devices).map(owner)) {
            session.advance(token, who, Units::new(1_000_000 * 10u128.pow(decimals.into()))).unwrap();
        }
        drop(session);
        net.tick(SECOND);
        for pair in pairs {
            net.act(COUNCIL, &Action::ReportPrice { pair, price: Decimal18::new(4_000_000_000_000_000_000) });
        }
        for n in 1..=devices {
            net.ok(owner(n), ClustersMessage::Register { name: name(n), terms: terms() });
        }
        net
    }

    /// With so many devices that passed enough hours to be nominated and hired.
    pub fn proved(devices: u8) -> Self {
        let mut net = Self::new(devices);
        net.pass_hours(13, &(1..=devices).collect::<Vec<_>>());
        net
    }

    fn at(&self) -> BlockContext {
        BlockContext::new(self.now, Chance::new(self.round, Seed::derive("round", &[&self.round.to_be_bytes()])))
    }

    fn run(&mut self, who: Address, message: &Message) -> Result<(), Failure> {
        self.said += 1;
        let unique = Seed::derive("test", &[&self.said.to_be_bytes()]);
        let (mark, told, at) = (self.state.mark(), self.events.len(), self.at());
        let done = self.network.act(&mut self.state, at, (who, unique), message, &mut self.events);
        if done.is_err() {
            self.state.rollback(mark);
            self.events.truncate(told);
        }
        self.state.settle();
        self.check();
        done
    }

    pub fn act(&mut self, who: Address, action: &Action) {
        self.run(who, &Message::Act(action.clone())).unwrap_or_else(|failure| panic!("{}", failure.message));
    }

    /// One message as a ledger would run it: refused, it leaves no trace.
    pub fn send(&mut self, who: Address, message: ClustersMessage) -> Result<(), Failure> {
        self.run(who, &Message::service(message))
    }

    pub fn ok(&mut self, who: Address, message: ClustersMessage) {
        let name = message.name();
        self.send(who, message).unwrap_or_else(|failure| panic!("{name}: {}", failure.message));
    }

    /// The code of a refusal.
    pub fn refused(&mut self, who: Address, message: ClustersMessage) -> String {
        let name = message.name();
        self.send(who, message).err().map_or_else(|| panic!("{name} was taken"), |failure| failure.code)
    }

    /// One block, so much later, with a new round of randomness; what is due is done to its end.
    pub fn tick(&mut self, span: Span) {
        self.now = self.now.later(span);
        self.round += 1;
        for _ in 0..10_000 {
            let at = self.at();
            let passed = self.network.pass_time(&mut self.state, at, 100_000, &mut self.events);
            self.state.settle();
            if !passed.more && passed.used < 10_000 {
                break;
            }
        }
        self.check();
    }

    pub fn params(&self) -> &ClustersParams {
        &self.network.service().clusters().unwrap().params
    }

    /// The hour that runs.
    pub fn hour(&self) -> u64 {
        self.params().hour_at(self.now)
    }

    /// The next hour begins, and its challenges are drawn.
    pub fn next_hour(&mut self) {
        let next = self.params().hour_start(self.hour() + 1);
        self.tick(next.since(self.now));
        for _ in 0..=SEED_LAG {
            self.tick(SECOND);
        }
    }

    /// The right answer of a device in the hour that runs, as the checker saw it after a second.
    pub fn solved(&self, n: u8) -> Answer {
        let (id, hour) = (machine(n), self.hour());
        let (seed, _) = clusters::hour(self.rows(), hour).unwrap().opened.expect("it is drawn");
        let work = work_of(seed, id, &self.device(n).terms.profile, self.params().proof.work).unwrap();
        let answer = solve(&work, &Processor, &Progress::default()).unwrap().encode();
        Answer { device: id, hour, answer, millis: 1_000, key: CHECKER, signature: SignatureBytes::new([0; 64]) }
    }

    pub fn answer(&mut self, n: u8) {
        let answer = self.solved(n);
        self.ok(owner(n), ClustersMessage::Answer(Box::new(answer)));
    }

    /// So many further hours begin, and these devices answer in each.
    pub fn pass_hours(&mut self, hours: u32, devices: &[u8]) {
        for _ in 0..hours {
            self.next_hour();
            for n in devices {
                self.answer(*n);
            }
        }
    }

    /// The checker says that a device is there.
    pub fn attend(&mut self, n: u8) -> Result<(), Failure> {
        let (device, hour) = (machine(n), self.hour());
        let seen = Attendance { device, hour, key: CHECKER, signature: SignatureBytes::new([0; 64]) };
        self.send(owner(n), ClustersMessage::Attend(Box::new(seen)))
    }

    /// A hirer says what its benchmark came to.
    pub fn lock(&mut self, n: u8, key: PublicKey, parts: u32) -> Result<(), Failure> {
        let (device, hour) = (machine(n), self.hour());
        let lock = TimeLock { device, hour, parts, key, signature: SignatureBytes::new([0; 64]) };
        self.send(owner(n), ClustersMessage::ProveLock(Box::new(lock)))
    }

    /// Hires devices, and gives the hire's id.
    pub fn hire(&mut self, terms: NewHire) -> UnitId {
        self.ok(hirer(), ClustersMessage::Hire(Box::new(terms)));
        let opened = self.told().into_iter().rev().find_map(|event| match event {
            ClustersEvent::HireOpened { hire, .. } => Some(*hire),
            _ => None,
        });
        opened.expect("it is told")
    }

    /// What economy and service say of themselves must hold at any time.
    fn check(&self) {
        if self.audited {
            self.check_all();
        }
    }

    pub fn check_all(&self) {
        let report = audit(self.network.economy().spec(), self.rows());
        assert!(report.ok(), "{:#?}", report.violations);
        let wrong = self.network.service().audit(self.rows());
        assert!(wrong.is_empty(), "{wrong:#?}\n{:#?}", self.told().into_iter().rev().take(8).collect::<Vec<_>>());
    }

    /// Everything that was told reads back from JSON as it was.
    pub fn events_read_back(&self) {
        for event in &self.events {
            let json = serde_json::to_string(event).unwrap();
            assert_eq!(&serde_json::from_str::<Event>(&json).unwrap(), event, "{json}");
        }
    }

    pub fn rows(&self) -> &dyn ReadState {
        self.state.as_read()
    }

    /// The service's events.
    pub fn told(&self) -> Vec<&ClustersEvent> {
        let own = |event| match event {
            &Event::Service(ServiceEvent::Clusters(ref event)) => Some(event),
            _ => None,
        };
        self.events.iter().filter_map(own).collect()
    }

    /// How often this happened.
    pub fn count(&self, kind: &str) -> usize {
        self.told().iter().filter(|event| event.kind() == kind).count()
    }

    pub fn held(&self, who: Address) -> u128 {
        self.network.economy().reads(self.rows(), self.now).balance(Account::Wallet(who), IO).get()
    }

    pub fn device(&self, n: u8) -> Device {
        clusters::device(self.rows(), machine(n)).expect("it registered")
    }

    pub fn hire_row(&self, id: UnitId) -> Hire {
        clusters::hire(self.rows(), id).expect("it is there")
    }

    pub fn slot(&self, id: UnitId, number: u32) -> Slot {
        clusters::slot(self.rows(), id, number).expect("it is there")
    }

    pub fn hour_row(&self, hour: u64) -> Hour {
        clusters::hour(self.rows(), hour).expect("it is kept")
    }

    pub fn totals(&self) -> ClustersTotals {
        clusters::totals(self.rows())
    }
}
