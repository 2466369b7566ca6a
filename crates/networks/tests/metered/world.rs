//! A network of map tiles in memory, with its people.

use crate::files::mixed;
use depin_economy::{Account, BlockContext, Chance, Economy, Event, Genesis, Money, Reads, Session, Spec, USD, audit};
use depin_quantity::{Address, ContentHash, Decimal18, Instant, Name, Seed, Span, UnitId, Units};
use depin_services::{
    Context, Service,
    metered::{
        self, Batch, Dispute, Evidence, Metered, MeteredError, MeteredEvent, MeteredMessage, MeteredTotals, NewOrder, Operator,
        Order, PriceForm, Report, batch_id, report_id,
    },
};
use depin_state::{Memory, ReadState, State};

pub const OPERATOR: Address = Address::new([1; 32]);
pub const CUSTOMER: Address = Address::new([2; 32]);
pub const METER: Address = Address::new([3; 32]);
pub const ANYBODY: Address = Address::new([4; 32]);
pub const ARBITER: Address = Address::new([5; 32]);
pub const FIL: Name = Name::literal("FIL");
pub const ONE: u128 = 1_000_000_000_000_000_000;
pub const DAY: Span = Span::from_days(1);

/// Filecoin's economy: operators ask in FIL, nothing is burnt, a pool shares by units.
pub const FILECOIN: usize = 1;
/// Render's economy: operators ask in dollars, payments are burnt.
pub const RENDER: usize = 2;

pub struct Net {
    pub economy: Economy,
    pub service: Metered,
    pub state: Memory,
    pub now: Instant,
    pub events: Vec<MeteredEvent>,
    said: u64,
}

/// Evidence of a text.
pub fn evidence(text: &str) -> Evidence {
    Evidence {
        hash: ContentHash::derive("test", &[text.as_bytes()]),
        pointer: Some(format!("https://evidence/{}", text.replace(' ', "-"))),
    }
}

/// A report of so many units under an id.
pub fn report(order: UnitId, id: &str, units: u64) -> Report {
    Report { order, id: report_id(id), units, evidence: evidence(id) }
}

/// A dispute that accepts so many units.
pub fn dispute(batch: UnitId, accepted: u64) -> MeteredMessage {
    MeteredMessage::Dispute { batch, accepted, evidence: evidence("no tiles") }
}

/// The answer to a dispute.
pub fn answer(batch: UnitId) -> MeteredMessage {
    MeteredMessage::Answer { batch, evidence: evidence("tiles") }
}

/// Tokens in a token's base units of 18 places.
pub const fn fil(hundredths: u128) -> Units {
    Units::new(hundredths * ONE / 100)
}

impl Net {
    /// Under the economy number `n` of the five.
    pub fn under(n: usize) -> Self {
        Self::of(&mixed("metered", n, n, n).toml)
    }

    /// Under Filecoin's economy, without an arbiter.
    pub fn without_disputes() -> Self {
        let toml = mixed("metered", FILECOIN, FILECOIN, FILECOIN).toml;
        let kept = toml.split("[service.metered.dispute]").next().unwrap().replace("arbiter = \"arbiter\"", "#");
        Self::of(&kept)
    }

    /// Under Filecoin's economy, with some lines of the file replaced. Operators are paid emission for being there, which they get when
    /// they claim it, so that nothing but payments moves their wallets.
    pub fn changed(changes: &[(&str, &str)]) -> Self {
        let toml = mixed("metered", FILECOIN, FILECOIN, FILECOIN).toml;
        let spent = toml.lines().find(|line| line.starts_with("spent = { pool")).expect("what was spent is bound to a pool");
        let pool = spent.split('"').nth(1).unwrap();
        let current = format!("operators = {{ pool = \"{pool}\", ");
        // With a least deposit of 20 FIL, which is more than most batches here cost, and half of the units where nobody decides.
        assert!(toml.contains("least = 1_000, amount"), "{toml}");
        let toml = toml.replace("least = 1_000, amount", "least = 100_000, amount");
        let toml = toml.replace("undecided = \"operator\"", "undecided = \"split\"");
        let mut toml = toml.replace(spent, "spent = {}").replace("operators = { ", &current);
        for (from, to) in changes {
            assert!(toml.contains(from), "no `{from}` in the file");
            toml = toml.replace(from, to);
        }
        Self::of(&toml)
    }

    /// People have a ten-thousandth of the cap, and credits where orders are paid in them.
    pub fn of(toml: &str) -> Self {
        let spec = Spec::parse(toml).unwrap_or_else(|errors| panic!("{errors}"));
        let now = Instant::new(1_800_000_000_000);
        let service = Metered::read(&spec, now).unwrap_or_else(|errors| panic!("{errors}"));
        let token = spec.fee().token;
        let each = spec.supply(token).unwrap().cap.amount.mul_div(1, 10_000, depin_quantity::Rounding::Down).unwrap();
        let filled = |role: Name| (role, if role == Name::literal("arbiter") { ARBITER } else { METER });
        let roles = spec.roles().into_iter().map(filled).collect();
        let economy = Economy::new(spec);
        let mut net = Self { economy, service, state: Memory::new(), now, said: 0, events: Vec::new() };
        net.with(|session| {
            session.genesis(&Genesis { roles, owners: Vec::new(), grants: Vec::new() }).unwrap();
            for who in [OPERATOR, CUSTOMER, ANYBODY] {
                session.advance(token, who, each).unwrap();
            }
        });
        net.price(2 * ONE);
        let credits: Vec<Name> = net.economy.spec().credits().keys().copied().collect();
        for credit in credits {
            let mint = depin_economy::Action::MintCredits { credit, amount: Units::new(50_000_000), most: None, to: None };
            for who in [OPERATOR, CUSTOMER] {
                net.with(|session| session.act(who, &mint)).unwrap();
            }
        }
        net
    }

    pub fn with<T>(&mut self, run: impl FnOnce(&mut Session<'_>) -> T) -> T {
        let (mut events, at): (Vec<Event>, _) = (Vec::new(), self.at());
        let mut session = self.economy.session(&mut self.state, at, &mut events);
        run(&mut session)
    }

    fn at(&self) -> BlockContext {
        BlockContext::new(self.now, Chance::NONE)
    }

    fn serve<T>(&mut self, run: impl FnOnce(&mut Context<'_, Metered>) -> T) -> T {
        let (service, at) = (self.service.clone(), self.at());
        let mut heard = std::mem::take(&mut self.events);
        let result = self.with(|session| run(&mut Context::new(&service, session, at, &mut heard)));
        self.events = heard;
        result
    }

    pub fn price(&mut self, price: u128) {
        let pairs: Vec<Name> = self.economy.spec().prices().keys().copied().collect();
        for pair in pairs {
            self.with(|session| session.report_price(METER, pair, Decimal18::new(price))).unwrap();
        }
    }

    /// One message as a ledger would run it: refused, it leaves no trace.
    pub fn send(&mut self, who: Address, message: &MeteredMessage) -> Result<(), MeteredError> {
        self.said += 1;
        let unique = Seed::new(UnitId::derive("test", &[&self.said.to_be_bytes()]).get());
        let (before, told) = (self.state.clone(), self.events.len());
        let done = self.serve(|cx| {
            Metered::handle(cx, who, message, unique)?;
            let notices = cx.notices();
            Metered::follow(cx, &notices);
            Ok(())
        });
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
        self.work(u64::MAX);
    }

    /// Does what is due, with so much work for the service's jobs.
    pub fn work(&mut self, budget: u64) {
        let mut gathered = Vec::new();
        self.with(|session| {
            while session.close(1_000).unwrap().more {}
            gathered = depin_economy::Meter::notices(session);
        });
        self.serve(|cx| {
            Metered::follow(cx, &gathered);
            Metered::run_due(cx, budget);
        });
        self.check();
    }

    /// What economy and service say of themselves must hold at any time.
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

    pub fn totals(&self) -> MeteredTotals {
        metered::totals(self.rows())
    }

    pub fn order(&self, id: UnitId) -> Option<Order> {
        metered::order(self.rows(), id)
    }

    pub fn batch(&self, id: UnitId) -> Batch {
        metered::batch(self.rows(), id).expect("the batch is there")
    }

    pub fn dispute(&self, batch: UnitId) -> Option<Dispute> {
        metered::dispute(self.rows(), batch)
    }

    pub fn operator(&self) -> Operator {
        metered::operator(self.rows(), OPERATOR).expect("it registered")
    }

    /// What somebody has in the currency that orders are paid in.
    pub fn held(&self, who: Address) -> Units {
        self.reads().wallet(who, self.currency()).held
    }

    pub fn held_in(&self, account: Account) -> Units {
        self.reads().balance(account, self.currency())
    }

    pub fn currency(&self) -> Name {
        self.service.params.rules.currencies[0].0
    }

    /// The price of a unit in a hundredth, as this economy states it.
    pub fn each(&self) -> Option<Money> {
        let amount = Decimal18::new(ONE / 100);
        match self.service.params.rules.form {
            PriceForm::Network => None,
            PriceForm::Dollars => Some(Money { currency: USD, amount }),
            PriceForm::Agreed => Some(Money { currency: self.currency(), amount }),
        }
    }

    pub fn registration(&self) -> MeteredMessage {
        let asks = self.each().into_iter().collect();
        MeteredMessage::Register { name: Name::literal("tiler"), url: "https://tiles".to_owned(), asks, accepts: true }
    }

    pub fn register(&mut self) -> Result<(), MeteredError> {
        let message = self.registration();
        self.send(OPERATOR, &message)
    }

    /// An order of a day with a cap in base units.
    pub fn new_order(&self, cap: Units) -> NewOrder {
        let currency = self.currency();
        let grain = 10u128.pow(18 - u32::from(self.service.params.decimals(currency).unwrap()));
        let cap = Money { currency, amount: Decimal18::new(cap.get() * grain) };
        NewOrder { operator: OPERATOR, cap, price: self.each(), open_for: DAY, reporter: None }
    }

    pub fn open(&mut self, cap: Units) -> Result<UnitId, MeteredError> {
        let order = self.new_order(cap);
        self.place(order)
    }

    pub fn place(&mut self, order: NewOrder) -> Result<UnitId, MeteredError> {
        self.send(CUSTOMER, &MeteredMessage::OpenOrder(order))?;
        match self.events.last() {
            Some(MeteredEvent::OrderOpened { order, .. }) => Ok(*order),
            other => panic!("{other:?}"),
        }
    }

    /// Reports units under an id; gives the batch.
    pub fn deliver(&mut self, order: UnitId, id: &str, units: u64) -> Result<UnitId, MeteredError> {
        self.send(METER, &MeteredMessage::Report(vec![report(order, id, units)]))?;
        Ok(batch_id(order, report_id(id)))
    }

    /// Registered, an order of 10 FIL open, a batch of 100 tiles for 1 FIL reported.
    pub fn with_a_batch() -> (Self, UnitId, UnitId) {
        let mut net = Self::changed(&[]);
        net.register().unwrap();
        let order = net.open(fil(1_000)).unwrap();
        let batch = net.deliver(order, "a", 100).unwrap();
        (net, order, batch)
    }
}
