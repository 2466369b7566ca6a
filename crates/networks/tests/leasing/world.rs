//! A network of leases in memory, with its people.

use crate::files::FIVE;
use depin_economy::{Account, Action, BlockContext, Chance, Economy, Event, Genesis, Money, Reads, Session, Spec, audit};
use depin_quantity::{Address, ContentHash, Decimal18, Instant, Name, Rounding, Seed, Span, UnitId, Units};
use depin_sdl::{Attribute, Group, Price};
use depin_services::{
    Context, Service,
    leasing::{
        self, Bid, BidId, Deployment, DeploymentId, Deposit, DepositSource, GroupState, Leasing, LeasingError, LeasingEvent,
        LeasingMessage, LeasingTotals, NewDeployment, Order, OrderId, Provider,
    },
};
use depin_state::{Memory, ReadState, State};

pub const TENANT: Address = Address::new([1; 32]);
pub const FRIEND: Address = Address::new([2; 32]);
pub const PROVIDER: Address = Address::new([11; 32]);
pub const OTHER: Address = Address::new([12; 32]);
pub const AUDITOR: Address = Address::new([21; 32]);
pub const COUNCIL: Address = Address::new([22; 32]);
pub const AKT: Name = Name::literal("AKT");
pub const USDC: Name = Name::literal("USDC");
pub const BLOCK: Span = Span::from_secs(6);

/// Lines for a file whose escrows are ordered: what is left goes back to whoever deposited it.
pub const ORDERED: (&str, &str) = ("method = \"weighted\"", "method = \"ordered\"");

pub struct Net {
    pub economy: Economy,
    pub service: Leasing,
    pub state: Memory,
    pub now: Instant,
    pub events: Vec<LeasingEvent>,
    /// Work units that the economy's jobs and the service's may take in a block.
    pub budget: (u32, u64),
    audited: bool,
    said: u64,
}

/// Akash's file with some lines replaced and some more.
pub fn akash(changes: &[(&str, &str)], more: &str) -> String {
    let mut toml = FIVE[3].1.to_owned();
    for (from, to) in changes {
        assert!(toml.contains(from), "no `{from}` in the file");
        toml = toml.replace(from, to);
    }
    format!("{toml}\n{more}\n")
}

/// A group `west` of so many replicas with so much for each a block.
pub fn group(price: &str, count: u32) -> Group {
    group_of(price, count, "uakt", "")
}

/// The same in another denomination, and with more lines about its placement.
pub fn group_of(price: &str, count: u32, denom: &str, placement: &str) -> Group {
    let text = format!(
        "version: \"2.0\"\nservices:\n  web:\n    image: nginx:1.27\n    expose: [{{port: 80, to: [{{global: true}}]}}]\n\
         profiles:\n  compute:\n    small:\n      resources:\n        cpu: {{units: 1}}\n        memory: {{size: 1Gi}}\n        \
         storage: {{size: 1Gi}}\n  placement:\n    west:\n      pricing: {{small: {{denom: {denom}, amount: {price}}}}}\n{placement}\
         deployment:\n  web: {{west: {{profile: small, count: {count}}}}}\n"
    );
    let deployment = depin_sdl::read(&text).unwrap_or_else(|refused| panic!("{refused}"));
    deployment.groups()[0].clone()
}

pub fn hash(n: u8) -> ContentHash {
    ContentHash::new([n; 32])
}

/// Whole millionths of a token.
pub const fn millionths(currency: Name, amount: u128) -> Money {
    Money { currency, amount: Decimal18::new(amount * 1_000_000_000_000) }
}

pub fn uakt(amount: &str) -> Price {
    Price { denom: "uakt".to_owned(), amount: Decimal18::parse(amount).unwrap() }
}

impl Net {
    pub fn new() -> Self {
        Self::of(&akash(&[], ""))
    }

    pub fn changed(changes: &[(&str, &str)], more: &str) -> Self {
        Self::of(&akash(changes, more))
    }

    /// People have a ten-thousandth of the cap, and a million USDC where there is any.
    pub fn of(toml: &str) -> Self {
        let spec = Spec::parse(toml).unwrap_or_else(|errors| panic!("{errors}"));
        let now = Instant::new(1_800_000_000_000);
        let service = Leasing::read(&spec, now).unwrap_or_else(|errors| panic!("{errors}"));
        let token = spec.fee().token;
        let each = spec.supply(token).unwrap().cap.amount.mul_div(1, 10_000, Rounding::Down).unwrap();
        let roles = spec.roles().into_iter().map(|role| (role, COUNCIL)).collect();
        let bridged = spec.token(USDC).is_some();
        let economy = Economy::new(spec);
        let (state, events) = (Memory::new(), Vec::new());
        let mut net = Self { economy, service, state, now, events, budget: (100_000, u64::MAX), audited: true, said: 0 };
        net.with(|session| {
            session.genesis(&Genesis { roles, owners: Vec::new(), grants: Vec::new() }).unwrap();
            for who in [TENANT, FRIEND, PROVIDER, OTHER] {
                session.advance(token, who, each).unwrap();
            }
        });
        if bridged {
            for (n, to) in [TENANT, FRIEND].into_iter().enumerate() {
                let (amount, deposit) = (Units::new(1_000_000_000_000), UnitId::new([n as u8 + 1; 32]));
                net.with(|session| session.act(COUNCIL, &Action::BridgeIn { token: USDC, to, amount, deposit })).unwrap();
            }
        }
        net
    }

    /// Without audits at every step, which walk through everything.
    pub fn quick(mut self) -> Self {
        self.audited = false;
        self
    }

    pub fn with<T>(&mut self, run: impl FnOnce(&mut Session<'_>) -> T) -> T {
        let (mut events, at): (Vec<Event>, _) = (Vec::new(), self.at());
        let mut session = self.economy.session(&mut self.state, at, &mut events);
        run(&mut session)
    }

    fn at(&self) -> BlockContext {
        BlockContext::new(self.now, Chance::NONE)
    }

    fn serve<T>(&mut self, run: impl FnOnce(&mut Context<'_, Leasing>) -> T) -> T {
        let (service, at) = (self.service.clone(), self.at());
        let mut heard = std::mem::take(&mut self.events);
        let result = self.with(|session| run(&mut Context::new(&service, session, at, &mut heard)));
        self.events = heard;
        result
    }

    /// One message as a ledger would run it: refused, it leaves no trace.
    pub fn send(&mut self, who: Address, message: &LeasingMessage) -> Result<(), LeasingError> {
        self.said += 1;
        let unique = Seed::new(UnitId::derive("test", &[&self.said.to_be_bytes()]).get());
        let (before, told) = (self.state.clone(), self.events.len());
        let done = self.serve(|cx| {
            Leasing::handle(cx, who, message, unique)?;
            let notices = cx.notices();
            Leasing::follow(cx, &notices);
            Ok(())
        });
        if done.is_err() {
            self.state = before;
            self.events.truncate(told);
        }
        self.check();
        done
    }

    /// The same without a copy of everything, for a message that is taken.
    pub fn send_quick(&mut self, who: Address, message: &LeasingMessage) {
        let done = self.serve(|cx| {
            Leasing::handle(cx, who, message, Seed::default())?;
            let notices = cx.notices();
            Leasing::follow(cx, &notices);
            Ok::<(), LeasingError>(())
        });
        done.unwrap_or_else(|error| panic!("{error}"));
    }

    /// Time passes, in one block.
    pub fn pass(&mut self, span: Span) {
        self.now = self.now.later(span);
        self.block();
    }

    /// So many blocks pass, one after the other.
    pub fn blocks(&mut self, n: u64) {
        (0..n).for_each(|_| self.pass(BLOCK));
    }

    /// Does what is due, within the budget; says whether something is left.
    pub fn block(&mut self) -> bool {
        let (closing, work) = self.budget;
        let mut gathered = Vec::new();
        let more = self.with(|session| {
            let closed = session.close(closing).unwrap();
            gathered = depin_economy::Meter::notices(session);
            closed.more
        });
        let used = self.serve(|cx| {
            Leasing::follow(cx, &gathered);
            Leasing::run_due(cx, work)
        });
        self.check();
        more || used >= work
    }

    /// What economy and service say of themselves must hold at any time.
    fn check(&self) {
        if self.audited {
            self.check_all();
        }
    }

    pub fn check_all(&self) {
        let report = audit(self.economy.spec(), self.state.as_read());
        assert!(report.ok(), "{:#?}", report.violations);
        let wrong = self.service.audit(self.rows());
        assert!(wrong.is_empty(), "{wrong:#?}\n{:#?}", self.events.iter().rev().take(12).collect::<Vec<_>>());
    }

    pub fn rows(&self) -> &dyn ReadState {
        self.state.as_read()
    }

    pub fn reads(&self) -> Reads<'_> {
        self.economy.reads(self.rows(), self.now)
    }

    pub fn totals(&self) -> LeasingTotals {
        leasing::totals(self.rows())
    }

    pub fn held(&self, who: Address) -> u128 {
        self.held_in(Account::Wallet(who), AKT)
    }

    pub fn held_in(&self, account: Account, token: Name) -> u128 {
        self.reads().balance(account, token).get()
    }

    pub fn deployment(&self) -> Deployment {
        leasing::deployment(self.rows(), ID).expect("the deployment is there")
    }

    pub fn group_state(&self) -> GroupState {
        leasing::group(self.rows(), ID.group(1)).expect("the group is there").state
    }

    pub fn order(&self, oseq: u32) -> Order {
        leasing::order(self.rows(), order(oseq)).expect("the order is there")
    }

    pub fn bid(&self, id: BidId) -> Bid {
        leasing::bid(self.rows(), id).expect("the bid is there")
    }

    pub fn provider(&self, who: Address) -> Provider {
        leasing::provider(self.rows(), who).expect("it registered")
    }

    pub fn register(&mut self, who: Address, name: &str, attributes: &[(&str, &str)]) -> Result<(), LeasingError> {
        let attributes = attributes.iter().map(|(key, value)| Attribute::new(*key, *value)).collect();
        let name = name.parse().unwrap();
        self.send(who, &LeasingMessage::RegisterProvider { name, url: "https://gateway".to_owned(), attributes })
    }

    /// Deployment 1 of the tenant, with a deposit in millionths of an AKT.
    pub fn deploy(&mut self, groups: Vec<Group>, deposit: u128) -> Result<(), LeasingError> {
        self.send(TENANT, &create(1, groups, millionths(AKT, deposit)))
    }

    pub fn bids(&mut self, who: Address, order: OrderId, price: &str) -> Result<(), LeasingError> {
        self.send(who, &LeasingMessage::CreateBid { order, price: uakt(price), reclaim_window: None })
    }

    pub fn deposit(&mut self, who: Address, amount: u128) -> Result<(), LeasingError> {
        self.send(who, &LeasingMessage::Deposit { deployment: ID, deposit: deposit(millionths(AKT, amount)) })
    }

    /// A deployment with 5 AKT, leased at 900 uakt a block of at most 1,000.
    pub fn leased() -> (Self, BidId) {
        Self::leased_of(Self::new())
    }

    pub fn leased_of(mut net: Self) -> (Self, BidId) {
        net.register(PROVIDER, "north", &[]).unwrap();
        net.deploy(vec![group("1000", 1)], 5_000_000).unwrap();
        net.bids(PROVIDER, order(1), "900").unwrap();
        net.send(TENANT, &LeasingMessage::CreateLease(order(1).bid(PROVIDER))).unwrap();
        (net, order(1).bid(PROVIDER))
    }
}

/// Deployment 1 of the tenant.
pub const ID: DeploymentId = DeploymentId { owner: TENANT, dseq: 1 };

/// An order of its first group.
pub const fn order(oseq: u32) -> OrderId {
    ID.group(1).order(oseq)
}

pub fn deposit(amount: Money) -> Deposit {
    Deposit { amount, sources: vec![DepositSource::Balance] }
}

pub fn create(dseq: u64, groups: Vec<Group>, amount: Money) -> LeasingMessage {
    let deposit = deposit(amount);
    LeasingMessage::CreateDeployment(NewDeployment { dseq, groups, hash: hash(1), deposit, reclaim_window: None })
}
