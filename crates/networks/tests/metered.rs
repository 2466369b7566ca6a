//! A service of one's own under real economies: orders are held, deliveries captured and earned, the rest goes back.

#[path = "drive/files.rs"]
mod files;

use depin_economy::{BlockContext, Economy, Event, Genesis, Money, Session, Spec, audit};
use depin_quantity::{Address, Decimal18, Instant, Name, Seed, Span, UnitId, Units};
use depin_services::metered::{
    Delivery, Failing, Metered, MeteredError, MeteredEvent, MeteredMessage, MeteredTotals, Operator, Order, PriceForm,
};
use depin_services::{Context, Service as _};
use depin_state::{Memory, ReadState, State};
use files::mixed;

const OPERATOR: Address = Address::new([1; 32]);
const CUSTOMER: Address = Address::new([2; 32]);
const METER: Address = Address::new([3; 32]);
const ANYBODY: Address = Address::new([4; 32]);
const FIL: Name = Name::literal("FIL");
/// When the networks start.
const START: Instant = Instant::new(1_800_000_000_000);
const ONE: u128 = 1_000_000_000_000_000_000;

/// A network of map tiles, in memory.
struct Net {
    economy: Economy,
    service: Metered,
    state: Memory,
    now: Instant,
    said: u64,
    events: Vec<MeteredEvent>,
}

impl Net {
    /// Under the economy number `n` of the five; operator and customer have a ten-thousandth of the cap.
    fn under(n: usize) -> Self {
        let spec = Spec::parse(&mixed("metered", n, n, n).toml).unwrap();
        let service = Metered::read(&spec, START).unwrap();
        let token = spec.fee().token;
        let each = spec.supply(token).unwrap().cap.amount.mul_div(1, 10_000, depin_quantity::Rounding::Down).unwrap();
        let roles = spec.roles().into_iter().map(|role| (role, METER)).collect();
        let economy = Economy::new(spec);
        let now = START;
        let mut net = Self { economy, service, state: Memory::new(), now, said: 0, events: Vec::new() };
        net.with(|session| {
            session.genesis(&Genesis { roles, owners: Vec::new(), grants: Vec::new() }).unwrap();
            session.advance(token, OPERATOR, each).unwrap();
            session.advance(token, CUSTOMER, each).unwrap();
        });
        net.price(2 * ONE);
        net
    }

    fn with<T>(&mut self, run: impl FnOnce(&mut Session<'_>) -> T) -> T {
        let mut events: Vec<Event> = Vec::new();
        let mut session = self.economy.session(&mut self.state, self.now, &mut events);
        run(&mut session)
    }

    fn at(&self) -> BlockContext {
        BlockContext::new(self.now, Seed::default())
    }

    fn price(&mut self, price: u128) {
        let pairs: Vec<Name> = self.economy.spec().prices().keys().copied().collect();
        for pair in pairs {
            self.with(|session| session.report_price(METER, pair, Decimal18::new(price))).unwrap();
        }
    }

    /// One message as a ledger would run it: refused, it leaves no trace.
    fn say(&mut self, who: Address, message: &MeteredMessage) -> Result<(), MeteredError> {
        self.said += 1;
        let unique = Seed::new(UnitId::derive("test", &[&self.said.to_be_bytes()]).get());
        let (before, told) = (self.state.clone(), self.events.len());
        let (service, at, mut heard) = (self.service.clone(), self.at(), std::mem::take(&mut self.events));
        let done = self.with(|session| {
            let mut cx = Context::new(&service, session, at, &mut heard);
            Metered::handle(&mut cx, who, message, unique)?;
            let notices = cx.notices();
            Metered::follow(&mut cx, &notices);
            Ok(())
        });
        self.events = heard;
        if done.is_err() {
            self.state = before;
            self.events.truncate(told);
        }
        self.check();
        done
    }

    fn pass(&mut self, span: Span) {
        self.now = self.now.later(span);
        let (service, at, mut heard) = (self.service.clone(), self.at(), std::mem::take(&mut self.events));
        self.with(|session| {
            while session.close(1_000).unwrap().more {}
            let mut cx = Context::new(&service, session, at, &mut heard);
            let notices = cx.notices();
            Metered::follow(&mut cx, &notices);
        });
        self.events = heard;
        self.check();
    }

    fn check(&self) {
        let report = audit(self.economy.spec(), self.state.as_read());
        assert!(report.ok(), "{:#?}", report.violations);
        let orders = self.rows().rows::<Order>().count();
        let open: u32 = self.rows().rows::<Operator>().map(|(_, operator)| operator.open_orders).sum();
        assert_eq!((orders, self.totals().open_orders), (open as usize, open));
    }

    fn rows(&self) -> &dyn ReadState {
        self.state.as_read()
    }

    fn totals(&self) -> MeteredTotals {
        self.rows().get(&()).unwrap_or_default()
    }

    fn held(&self, who: Address) -> Units {
        let token = self.economy.spec().fee().token;
        self.economy.reads(self.rows(), self.now).wallet(who, token).held
    }

    fn register(&mut self) -> Result<(), MeteredError> {
        let asks = match self.service.params.form {
            PriceForm::Network => Vec::new(),
            PriceForm::Dollars => vec![Money { currency: Name::literal("USD"), amount: Decimal18::new(ONE / 100) }],
            PriceForm::Agreed => vec![Money { currency: self.service.params.currencies[0], amount: Decimal18::new(ONE / 100) }],
        };
        self.say(OPERATOR, &MeteredMessage::Register { name: Name::literal("tiler"), asks })
    }

    fn order(&mut self, units: u64) -> Result<UnitId, MeteredError> {
        let open_for = Span::from_days(1);
        self.say(CUSTOMER, &MeteredMessage::Order { operator: OPERATOR, units, currency: None, open_for })?;
        match self.events.last() {
            Some(MeteredEvent::Ordered { order, .. }) => Ok(*order),
            other => panic!("{other:?}"),
        }
    }

    fn deliver(&mut self, order: UnitId, units: u64) -> Result<(), MeteredError> {
        self.say(METER, &MeteredMessage::Report(vec![Delivery { order, units }]))
    }
}

/// Filecoin's: operators ask in FIL, nothing is burnt, a pool shares by units.
const FILECOIN: usize = 1;
/// Render's: operators ask in dollars, payments are burnt.
const RENDER: usize = 2;

#[test]
fn an_order_is_held_captured_as_it_is_delivered_and_what_is_left_goes_back() {
    let mut net = Net::under(FILECOIN);
    net.register().unwrap();
    let (had, earned) = (net.held(CUSTOMER), net.held(OPERATOR));
    let order = net.order(1_000).unwrap();
    assert_eq!(net.held(CUSTOMER), had.minus(Units::new(10 * ONE)).unwrap(), "1,000 tiles at 0.01 FIL");
    net.deliver(order, 300).unwrap();
    net.deliver(order, 200).unwrap();
    assert_eq!(net.held(OPERATOR), earned.plus(Units::new(5 * ONE)).unwrap());
    net.say(CUSTOMER, &MeteredMessage::Finish(order)).unwrap();
    assert_eq!(net.held(CUSTOMER), had.minus(Units::new(5 * ONE)).unwrap());
    assert_eq!((net.totals().delivered, net.totals().open_orders), (500, 0));
    assert!(matches!(net.events.last(), Some(MeteredEvent::Finished { undelivered: 500, .. })), "{:?}", net.events);
}

#[test]
fn delivered_units_earn_the_emission_of_their_period() {
    let mut net = Net::under(FILECOIN);
    net.register().unwrap();
    let order = net.order(100).unwrap();
    net.deliver(order, 100).unwrap();
    assert!(net.rows().get::<Order>(&order).is_none(), "a whole order is over");
    let before = net.held(OPERATOR);
    net.pass(Span::from_secs(60));
    net.with(|session| session.claim(OPERATOR, None)).unwrap();
    let reads = net.economy.reads(net.rows(), net.now);
    let locked = reads.vesting(OPERATOR, FIL).locked;
    assert!(net.held(OPERATOR) > before && !locked.is_zero(), "a quarter at once, the rest locked");
}

#[test]
fn an_order_that_nobody_finishes_ends_by_itself() {
    let mut net = Net::under(FILECOIN);
    net.register().unwrap();
    let had = net.held(CUSTOMER);
    let order = net.order(1_000).unwrap();
    net.deliver(order, 1).unwrap();
    net.pass(Span::from_days(2));
    assert_eq!(net.held(CUSTOMER), had.minus(Units::new(ONE / 100)).unwrap());
    assert_eq!(net.deliver(order, 1), Err(MeteredError::UnknownOrder(order)));
}

#[test]
fn prices_in_dollars_are_paid_in_tokens_at_the_price_of_the_order() {
    let mut net = Net::under(RENDER);
    net.register().unwrap();
    let had = net.held(CUSTOMER);
    let order = net.order(1_000).unwrap();
    let price = had.minus(net.held(CUSTOMER)).unwrap();
    assert_eq!(price, Units::new(500_000_000), "10 dollars at 2 dollars a token, 8 decimals");
    net.price(4 * ONE);
    net.deliver(order, 500).unwrap();
    net.say(CUSTOMER, &MeteredMessage::Finish(order)).unwrap();
    assert_eq!(had.minus(net.held(CUSTOMER)).unwrap(), Units::new(250_000_000));
}

#[test]
fn every_economy_takes_orders_deliveries_and_failures() {
    for n in 0..5 {
        let mut net = Net::under(n);
        let credits: Vec<Name> = net.economy.spec().credits().keys().copied().collect();
        for credit in credits {
            for who in [OPERATOR, CUSTOMER] {
                let mint = depin_economy::Action::MintCredits { credit, amount: Units::new(5_000_000), most: None, to: None };
                net.with(|session| session.act(who, &mint)).unwrap();
            }
        }
        net.register().unwrap();
        let order = net.order(1_000).unwrap();
        net.deliver(order, 999).unwrap();
        net.say(METER, &MeteredMessage::Fail { operator: OPERATOR, failing: Failing::Failed }).unwrap();
        net.say(METER, &MeteredMessage::Fail { operator: OPERATOR, failing: Failing::Expelled }).unwrap();
        net.say(CUSTOMER, &MeteredMessage::Finish(order)).unwrap();
        assert_eq!(net.order(1), Err(MeteredError::Expelled(OPERATOR)));
        assert_eq!(net.register(), Err(MeteredError::Expelled(OPERATOR)));
        assert_eq!(net.totals().operators, 0);
    }
}

#[test]
fn only_the_reporter_reports_and_only_what_is_open() {
    let mut net = Net::under(FILECOIN);
    net.register().unwrap();
    let order = net.order(10).unwrap();
    let delivery = Delivery { order, units: 1 };
    for who in [OPERATOR, CUSTOMER, ANYBODY] {
        let refused = net.say(who, &MeteredMessage::Report(vec![delivery]));
        assert_eq!(refused, Err(MeteredError::NotTheReporter { role: Name::literal("meter"), is: Some(METER) }));
        let refused = net.say(who, &MeteredMessage::Fail { operator: OPERATOR, failing: Failing::Failed });
        assert_eq!(refused.unwrap_err().code(), "not-the-reporter");
    }
    assert_eq!(net.deliver(order, 11), Err(MeteredError::TooMany { order, given: 11, open: 10 }));
    assert_eq!(net.deliver(order, 0), Err(MeteredError::TooMany { order, given: 0, open: 10 }));
    assert_eq!(net.say(METER, &MeteredMessage::Report(Vec::new())), Err(MeteredError::Entries(0)));
    assert_eq!(net.say(METER, &MeteredMessage::Report(vec![delivery; 65])), Err(MeteredError::Entries(65)));
    // A report is taken as a whole: the second entry is too much, so the first does not count either.
    let both = vec![Delivery { order, units: 10 }, delivery];
    assert_eq!(net.say(METER, &MeteredMessage::Report(both)), Err(MeteredError::UnknownOrder(order)));
    assert_eq!(net.rows().get::<Order>(&order).map(|order| order.open), Some(10));
}

#[test]
fn orders_that_cannot_be_are_refused() {
    let mut net = Net::under(FILECOIN);
    assert_eq!(net.order(1), Err(MeteredError::UnknownOperator(OPERATOR)));
    net.register().unwrap();
    assert_eq!(net.order(0), Err(MeteredError::Units { given: 0, most: 1_000_000_000 }));
    assert_eq!(net.order(1_000_000_001).unwrap_err().code(), "units");
    assert_eq!(net.order(1_000_000_000).unwrap_err().code(), "economy", "nobody has that much");
    for open_for in [Span::from_millis(0), Span::from_days(31)] {
        let order = MeteredMessage::Order { operator: OPERATOR, units: 1, currency: None, open_for };
        assert_eq!(net.say(CUSTOMER, &order).unwrap_err().code(), "open-for");
    }
    let in_usd = MeteredMessage::Order {
        operator: OPERATOR,
        units: 1,
        currency: Some(Name::literal("USD")),
        open_for: Span::from_days(1),
    };
    assert_eq!(net.say(CUSTOMER, &in_usd).unwrap_err().code(), "ask");
    let order = net.order(1).unwrap();
    assert_eq!(net.say(ANYBODY, &MeteredMessage::Finish(order)).unwrap_err().code(), "not-yours");
}

#[test]
fn asks_that_no_order_could_be_paid_by_are_refused() {
    let mut net = Net::under(FILECOIN);
    let ask = |currency: &'static str, amount: u128| Money { currency: Name::literal(currency), amount: Decimal18::new(amount) };
    for asks in [vec![], vec![ask("FIL", 0)], vec![ask("USD", 1)], vec![ask("FIL", 1), ask("FIL", 2)]] {
        let refused = net.say(OPERATOR, &MeteredMessage::Register { name: Name::literal("tiler"), asks: asks.clone() });
        assert_eq!(refused.unwrap_err().code(), "ask", "{asks:?}");
    }
}

#[test]
fn an_operator_leaves_with_its_pledge_when_nothing_is_open() {
    let mut net = Net::under(FILECOIN);
    let had = net.held(OPERATOR);
    net.register().unwrap();
    assert!(net.held(OPERATOR) < had, "something is pledged");
    let order = net.order(1).unwrap();
    assert_eq!(net.say(OPERATOR, &MeteredMessage::Leave), Err(MeteredError::OpenOrders(1)));
    net.say(CUSTOMER, &MeteredMessage::Finish(order)).unwrap();
    net.say(OPERATOR, &MeteredMessage::Leave).unwrap();
    assert_eq!(net.held(OPERATOR), had);
    assert_eq!(net.say(OPERATOR, &MeteredMessage::Leave), Err(MeteredError::UnknownOperator(OPERATOR)));
    net.register().unwrap();
    assert_eq!(net.totals().operators, 1);
}
