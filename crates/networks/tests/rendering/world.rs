//! A network of rendering in memory, with its people.

use crate::files::FIVE;
use depin_economy::{Account, Action, BlockContext, Chance, Genesis, SEED_LAG, Spec, audit};
use depin_quantity::{Address, ContentHash, Decimal18, Instant, Name, Seed, Span, UnitId, Units};
use depin_services::{
    Event, Failure, Message, Network, ServiceEvent,
    rendering::{self, *},
};
use depin_state::{Memory, ReadState, State as _};

pub const ARTIST: Address = Address::new([1; 32]);
pub const GATEWAY: Address = Address::new([2; 32]);
pub const COUNCIL: Address = Address::new([3; 32]);
pub const RENDER: Name = Name::literal("RENDER");
/// After the begin of burn-and-mint, on a Monday at noon.
pub const MINTED: Instant = Instant::new(1_799_668_800_000);
/// Before it.
pub const HELD: Instant = Instant::new(1_609_459_200_000);
/// What the dispatcher committed to.
pub const K: Secret = Secret::new([77; 32]);
pub const SECOND: Span = Span::from_secs(1);
pub const HOUR: Span = Span::from_secs(3_600);

pub struct Net {
    pub network: Network,
    pub state: Memory,
    pub now: Instant,
    pub events: Vec<Event>,
    pub audited: bool,
    round: u64,
    said: u64,
    /// What opens the tickets that were given out, with the job and the number.
    given: Vec<(UnitId, u32, Opening)>,
}

/// Render's file with some lines replaced.
pub fn render(changes: &[(&str, &str)]) -> String {
    let mut toml = FIVE[2].1.to_owned();
    for (from, to) in changes {
        assert!(toml.contains(from), "no `{from}` in the file");
        toml = toml.replace(from, to);
    }
    toml
}

/// The owner of the `n`th node.
pub const fn owner(n: u8) -> Address {
    Address::new([100 + n; 32])
}

pub fn name(n: u8) -> Name {
    format!("node-{n}").parse().unwrap()
}

/// The `n`th node.
pub fn machine(n: u8) -> UnitId {
    node_id(owner(n), name(n))
}

pub fn engine() -> Engine {
    Engine { name: Name::literal("blender"), build: "3.4.1+dfsg-2+b1".to_owned() }
}

pub fn node_terms() -> NodeTerms {
    NodeTerms {
        url: "https://node.example:9000".to_owned(),
        score: 500,
        memory_mb: 16_384,
        engines: vec![engine()],
        tiers: vec![Tier::Priority, Tier::Economy],
        report: ContentHash::new([9; 32]),
        accepts: true,
    }
}

/// Four frames in the economy tier, a dollar held, at most 10 OBh (0.0125 dollars) for each.
pub fn new_job() -> NewJob {
    NewJob {
        dispatcher: GATEWAY,
        scene: ContentHash::new([1; 32]),
        sealed: ContentHash::new([2; 32]),
        engine: engine(),
        frames: Frames { first: 1, last: 4, step: 1 },
        width: 128,
        height: 96,
        samples: 16,
        seed: 1,
        format: Format::Png,
        tier: Tier::Economy,
        memory_mb: 8_192,
        auto_approve: false,
        check_share: "2%".parse().unwrap(),
        frame_work_most: 10_000,
        deliver_within: HOUR,
        open_for: Span::from_days(2),
        funds: 1_000_000,
        secret: secret_hash(K),
    }
}

/// The hash of some pixels.
pub const fn pixels(n: u8) -> ContentHash {
    ContentHash::new([n; 32])
}

pub fn salt(node: UnitId) -> Salt {
    Salt::new(node.get())
}

pub fn key(job: UnitId, number: u32) -> FrameKey {
    FrameKey::new(Seed::derive("key", &[&job.get(), &number.to_be_bytes()]).get())
}

/// 60 s of 500 points: 8.333 OBh, for 0.010416 dollars.
pub fn handed(job: UnitId, number: u32, node: UnitId, seen: u8) -> Handed {
    Handed {
        pixels: commitment(pixels(seen), salt(node), node),
        sealed: ContentHash::new([4; 32]),
        key: key_hash(key(job, number).get()),
        preview: ContentHash::new([5; 32]),
        watermark: ContentHash::new([6; 32]),
        worked: Span::from_secs(60),
    }
}
pub const PRICE: u64 = 10_416;

impl Net {
    /// With so many nodes, under burn-and-mint.
    pub fn new(nodes: u8) -> Self {
        Self::of(&render(&[]), MINTED, nodes)
    }

    /// People have a million tokens each.
    pub fn of(toml: &str, start: Instant, nodes: u8) -> Self {
        let spec = Spec::parse(toml).unwrap_or_else(|errors| panic!("{errors}"));
        let token = spec.fee().token;
        let decimals = spec.token(token).unwrap().decimals;
        let roles = spec.roles().into_iter().map(|role| (role, COUNCIL)).collect();
        let pairs: Vec<Name> = spec.prices().keys().copied().collect();
        let network = Network::new(spec, start).unwrap_or_else(|error| panic!("{error}"));
        let (state, events) = (Memory::new(), Vec::new());
        let mut net = Self { network, state, now: start, events, audited: true, round: 0, said: 0, given: Vec::new() };
        let (at, mut told) = (BlockContext::new(start, Chance::NONE), Vec::new());
        let mut session = net.network.economy().session(&mut net.state, at, &mut told);
        session.genesis(&Genesis { roles, owners: Vec::new(), grants: Vec::new() }).unwrap();
        for who in [ARTIST, GATEWAY].into_iter().chain((1..=nodes).map(owner)) {
            session.advance(token, who, Units::new(1_000_000 * 10u128.pow(decimals.into()))).unwrap();
        }
        drop(session);
        net.tick(SECOND);
        for pair in pairs {
            net.act(COUNCIL, &Action::ReportPrice { pair, price: Decimal18::new(4_000_000_000_000_000_000) });
        }
        for n in 1..=nodes {
            net.register(n);
        }
        net
    }

    pub fn register(&mut self, n: u8) {
        self.ok(owner(n), RenderingMessage::Register { name: name(n), terms: node_terms() });
    }

    fn at(&self) -> BlockContext {
        BlockContext::new(self.now, Chance::new(self.round, Seed::derive("round", &[&self.round.to_be_bytes()])))
    }

    fn run(&mut self, who: Address, message: &Message) -> Result<(), Failure> {
        self.said += 1;
        let unique = Seed::derive("test", &[&self.said.to_be_bytes()]);
        let (before, told) = (self.state.clone(), self.events.len());
        let at = self.at();
        let done = self.network.act(&mut self.state, at, (who, unique), message, &mut self.events);
        if done.is_err() {
            self.state = before;
            self.events.truncate(told);
        }
        self.check();
        done
    }

    pub fn act(&mut self, who: Address, action: &Action) {
        self.run(who, &Message::Act(action.clone())).unwrap_or_else(|failure| panic!("{}", failure.message));
    }

    /// One message as a ledger would run it: refused, it leaves no trace.
    pub fn send(&mut self, who: Address, message: RenderingMessage) -> Result<(), Failure> {
        self.run(who, &Message::service(message))
    }

    pub fn ok(&mut self, who: Address, message: RenderingMessage) {
        let name = message.name();
        self.send(who, message).unwrap_or_else(|failure| panic!("{name}: {}", failure.message));
    }

    /// The code of a refusal.
    pub fn refused(&mut self, who: Address, message: RenderingMessage) -> String {
        let name = message.name();
        self.send(who, message).err().map_or_else(|| panic!("{name} was taken"), |failure| failure.code)
    }

    /// One block, so much later, with a new round of randomness.
    pub fn tick(&mut self, span: Span) {
        self.now = self.now.later(span);
        self.round += 1;
        for _ in 0..1_000 {
            let at = self.at();
            let passed = self.network.pass_time(&mut self.state, at, 100_000, &mut self.events);
            if !passed.more && passed.used < 10_000 {
                break;
            }
        }
        self.check();
    }

    /// One block a second later that has so many units of work for what is due; gives how many it used.
    pub fn short_block(&mut self, budget: u32) -> u64 {
        self.now = self.now.later(SECOND);
        self.round += 1;
        let at = self.at();
        self.network.pass_time(&mut self.state, at, budget, &mut self.events).used
    }

    /// The seed is known that judges what was fixed until now.
    pub fn draw(&mut self) {
        for _ in 0..=SEED_LAG {
            self.tick(SECOND);
        }
    }

    /// Prices are reported again, as they are every day.
    pub fn report_price(&mut self) {
        let pair = Name::literal("RENDER-USD");
        self.act(COUNCIL, &Action::ReportPrice { pair, price: Decimal18::new(4_000_000_000_000_000_000) });
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
        assert!(wrong.is_empty(), "{wrong:#?}\n{:#?}", self.told().into_iter().rev().take(12).collect::<Vec<_>>());
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
    pub fn told(&self) -> Vec<&RenderingEvent> {
        let own = |event| match event {
            &Event::Service(ServiceEvent::Rendering(ref event)) => Some(event),
            _ => None,
        };
        self.events.iter().filter_map(own).collect()
    }

    pub fn held(&self, who: Address) -> u128 {
        self.network.economy().reads(self.rows(), self.now).balance(Account::Wallet(who), RENDER).get()
    }

    pub fn job(&self, id: UnitId) -> Job {
        rendering::job(self.rows(), id).expect("the job is there")
    }

    pub fn ticket(&self, id: UnitId, number: u32) -> Ticket {
        rendering::ticket(self.rows(), id, number).expect("the ticket is there")
    }

    pub fn state_of(&self, id: UnitId, number: u32) -> &'static str {
        self.ticket(id, number).state.word()
    }

    pub fn node(&self, n: u8) -> Node {
        rendering::node(self.rows(), machine(n)).expect("it registered")
    }

    pub fn totals(&self) -> RenderingTotals {
        rendering::totals(self.rows())
    }

    pub fn artist(&self) -> Person {
        rendering::person(self.rows(), ARTIST)
    }

    /// Orders a job, and gives its id before it is drawn.
    pub fn order(&mut self, terms: NewJob) -> UnitId {
        self.ok(ARTIST, RenderingMessage::OpenJob(Box::new(terms)));
        let opened = self.told().into_iter().rev().find_map(|event| match event {
            RenderingEvent::JobOpened { job, .. } => Some(*job),
            _ => None,
        });
        opened.expect("it is told")
    }

    /// A job that is drawn.
    pub fn drawn(&mut self, terms: NewJob) -> UnitId {
        let job = self.order(terms);
        self.draw();
        job
    }

    pub fn nodes_of(&self, job: UnitId) -> Vec<Eligible> {
        rendering::eligible(self.rows(), job)
    }

    /// The node that the draw says.
    pub fn wanted(&self, job: UnitId, frame: u32, attempt: u8, purpose: &Purpose) -> Eligible {
        let (nodes, seed) = (self.nodes_of(job), self.job(job).drawn.unwrap());
        let wanted = match purpose {
            Purpose::Frame => assigned(K, seed, frame, attempt, &nodes),
            Purpose::Check { of } => {
                let of = self.ticket(job, *of);
                checker(K, of.drawn.expect("it is drawn"), of.hash, attempt, of.owner, &nodes)
            }
            Purpose::Planted { number, .. } => planted(K, seed, *number, &nodes),
        };
        wanted.expect("there are nodes")
    }

    /// Gives a ticket to a node.
    pub fn give(&mut self, job: UnitId, frame: u32, attempt: u8, purpose: Purpose, node: UnitId) -> (u32, Opening) {
        let salt = salt_of(K, job, node, frame, attempt, &purpose);
        let opening = Opening { frame, attempt, purpose, salt };
        let number = self.job(job).tickets;
        let tickets = vec![Issued { hash: ticket_hash(job, node, &opening), node }];
        self.ok(GATEWAY, RenderingMessage::Issue { job, tickets });
        self.given.push((job, number, opening.clone()));
        (number, opening)
    }

    /// Gives a ticket to the node that the draw says.
    pub fn issue(&mut self, job: UnitId, frame: u32, attempt: u8, purpose: Purpose) -> (u32, Opening) {
        let node = self.wanted(job, frame, attempt, &purpose).node;
        self.give(job, frame, attempt, purpose, node)
    }

    /// A node hands in what it saw.
    pub fn deliver(&mut self, job: UnitId, number: u32, seen: u8) {
        let ticket = self.ticket(job, number);
        let handed = handed(job, number, ticket.node, seen);
        self.ok(ticket.owner, RenderingMessage::Deliver { job, number, handed });
    }

    /// The frame is given out as the draw says, and handed in two minutes later.
    pub fn rendered(&mut self, job: UnitId, frame: u32, attempt: u8, purpose: Purpose, seen: u8) -> (u32, Opening) {
        let (number, opening) = self.issue(job, frame, attempt, purpose);
        self.tick(Span::from_secs(120));
        self.deliver(job, number, seen);
        self.draw();
        (number, opening)
    }

    pub fn approve(&mut self, job: UnitId, first: u32, last: u32) {
        self.ok(ARTIST, RenderingMessage::Approve { job, first, last });
    }

    pub fn open_key(&mut self, job: UnitId, number: u32) {
        let owner = self.ticket(job, number).owner;
        self.ok(owner, RenderingMessage::OpenKeys { job, keys: vec![(number, key(job, number))] });
    }

    pub fn reveal(&mut self, job: UnitId, number: u32, seen: u8) {
        let ticket = self.ticket(job, number);
        let (pixels, salt) = (pixels(seen), salt(ticket.node));
        self.ok(ticket.owner, RenderingMessage::Reveal { job, number, pixels, salt });
    }

    pub fn compare(&mut self, job: UnitId, left: (u32, Opening), right: Option<(u32, Opening)>) {
        self.ok(GATEWAY, RenderingMessage::Compare { job, left, right });
    }

    /// The node that a comparison asks, once it is drawn.
    pub fn third(&self, job: UnitId, number: u32) -> (UnitId, Address) {
        let (_, row) = rendering::comparison(self.rows(), job, number).expect("it is compared");
        let Step::Judging(third) = row.step else { panic!("{:?}", row.step) };
        (third, rendering::node(self.rows(), third).unwrap().owner)
    }

    /// How a ticket is shown when the secret is open, a first attempt with a ticket of the frame before it.
    pub fn shown(&self, (number, opening): &(u32, Opening)) -> Shown {
        let Opening { frame, attempt, purpose, .. } = opening.clone();
        let job = self.given.iter().find(|(.., given)| given == opening).map(|(job, ..)| *job);
        let is_before = |(of, _, given): &&(UnitId, u32, Opening)| {
            Some(*of) == job && given.purpose == Purpose::Frame && frame.checked_sub(1) == Some(given.frame) && attempt == 0
        };
        let before = self.given.iter().find(is_before).map(|(_, number, _)| *number);
        Shown { number: *number, frame, attempt, purpose, before, check: None }
    }

    /// Ends a job and opens its secret; gives the tickets that are drawn to be shown.
    pub fn opened(&mut self, job: UnitId) -> Vec<u32> {
        self.ok(GATEWAY, RenderingMessage::EndJob { job });
        self.ok(GATEWAY, RenderingMessage::OpenSecret { job, secret: K });
        self.draw();
        match self.job(job).word {
            Word::Sampled(_, numbers) => numbers,
            word => panic!("{word:?}"),
        }
    }

    /// Ends a job whose tickets are all first attempts at frames, and keeps the dispatcher's word.
    pub fn kept(&mut self, job: UnitId, tickets: &[(u32, Opening)]) {
        let drawn = self.opened(job);
        let shown = tickets.iter().filter(|(number, _)| drawn.contains(number)).map(|ticket| self.shown(ticket)).collect();
        self.ok(GATEWAY, RenderingMessage::ShowTickets { job, shown });
    }
}
