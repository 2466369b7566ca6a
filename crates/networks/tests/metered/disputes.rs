//! Disputes in every outcome, and at the edge of every deadline.

use crate::world::*;
use depin_quantity::{Rounding, Span, UnitId, Units};
use depin_services::metered::{BatchState, Decided, Failing, MeteredEvent, MeteredMessage};

const MS: Span = Span::from_millis(1);
/// What the files here ask of each side at least.
const DEPOSIT: Units = fil(2_000);

fn decide(batch: UnitId, counted: u64) -> MeteredMessage {
    MeteredMessage::Decide { batch, counted }
}

fn just_before(span: Span) -> Span {
    Span::from_millis(span.get() - 1)
}

/// A batch of 100 tiles for 1 FIL; the customer accepts 20 of them, and the operator has answered when `answered`.
struct Case {
    net: Net,
    order: UnitId,
    batch: UnitId,
    customer: Units,
    operator: Units,
}

impl Case {
    fn new(answered: bool) -> Self {
        let (net, order, batch) = Net::with_a_batch();
        let (customer, operator) = (net.held(CUSTOMER), net.held(OPERATOR));
        let mut case = Self { net, order, batch, customer, operator };
        case.net.send(CUSTOMER, &dispute(batch, 20)).unwrap();
        if answered {
            case.net.send(OPERATOR, &answer(batch)).unwrap();
        }
        case
    }

    /// What became of both sides' wallets since the batch was reported, the order's escrow apart.
    fn moved(&self) -> (i128, i128) {
        let moved = |now: Units, before: Units| now.get() as i128 - before.get() as i128;
        (moved(self.net.held(CUSTOMER), self.customer), moved(self.net.held(OPERATOR), self.operator))
    }

    fn decided(&self) -> (Decided, u64) {
        let decided = self.net.events.iter().rev().find_map(|event| match event {
            MeteredEvent::DisputeDecided { decided, counted, contested: 80, .. } => Some((*decided, *counted)),
            _ => None,
        });
        decided.expect("a decision was told")
    }

    /// Everything of the dispute is over, `counted` of the contested units were paid.
    fn is_over(&self, how: Decided, counted: u64) {
        assert_eq!(self.decided(), (how, counted));
        assert!(self.net.dispute(self.batch).is_none());
        let batch = self.net.batch(self.batch);
        assert!(matches!(batch.state, BatchState::Settled { .. }));
        assert_eq!((batch.counted, batch.paid, batch.held), (20 + counted, fil(20 + u128::from(counted)), Units::ZERO));
        let order = self.net.order(self.order).unwrap();
        assert_eq!(order.left().plus(order.returned).unwrap(), fil(1_000 - 20 - u128::from(counted)));
        assert_eq!((self.net.totals().rejected, self.net.totals().open_disputes), (80 - u128::from(counted), 0));
    }
}

fn hundredths(fil_hundredths: i128) -> i128 {
    fil_hundredths * (ONE / 100) as i128
}

#[test]
fn accepted_units_are_paid_at_once_and_the_others_are_frozen_with_their_weight() {
    let mut case = Case::new(false);
    assert_eq!(case.moved(), (hundredths(-2_000), hundredths(20)));
    let batch = case.net.batch(case.batch);
    assert_eq!((batch.state, batch.counted, batch.open, batch.held), (BatchState::Disputed, 20, 80, fil(80)));
    assert_eq!(case.net.totals().delivered, 20, "only these have accrued");
    case.net.pass(just_before(DAY));
    assert_eq!(case.net.batch(case.batch).state, BatchState::Disputed);
}

#[test]
fn an_operator_that_does_not_answer_loses_and_failed() {
    let mut case = Case::new(false);
    case.net.pass(just_before(DAY));
    assert_eq!(case.net.operator().failures, 0);
    case.net.pass(MS);
    case.is_over(Decided::Unanswered, 0);
    // The term of the order is over by now, so what was left came back too.
    assert_eq!(case.moved(), (hundredths(980), hundredths(20)));
    assert_eq!(case.net.operator().failures, 1);
}

#[test]
fn an_answer_is_taken_until_the_last_millisecond() {
    let mut case = Case::new(false);
    case.net.pass(just_before(DAY));
    case.net.send(OPERATOR, &answer(case.batch)).unwrap();
    assert_eq!(case.net.send(OPERATOR, &answer(case.batch)).unwrap_err().code(), "answered");
    case.net.pass(DAY);
    assert!(case.net.dispute(case.batch).is_some(), "the arbiter's time runs from the answer");
}

#[test]
fn who_concedes_before_the_answer_loses_the_units_and_nothing_else() {
    let mut case = Case::new(false);
    case.net.send(OPERATOR, &MeteredMessage::Concede(case.batch)).unwrap();
    case.is_over(Decided::Conceded, 0);
    assert_eq!((case.moved(), case.net.operator().failures), ((0, hundredths(20)), 0));
}

#[test]
fn who_concedes_after_the_answer_loses_what_the_arbiters_word_would_have_cost() {
    let mut case = Case::new(true);
    case.net.send(OPERATOR, &MeteredMessage::Concede(case.batch)).unwrap();
    case.is_over(Decided::Conceded, 0);
    let mut judged = Case::new(true);
    judged.net.send(ARBITER, &decide(judged.batch, 0)).unwrap();
    for case in [&case, &judged] {
        assert_eq!((case.moved(), case.net.operator().failures), ((hundredths(2_000), hundredths(20 - 2_000)), 1));
    }
}

#[test]
fn the_arbiter_gives_either_side_all_of_it_or_parts_and_deposits_follow() {
    for (counted, customer, operator, failures) in [
        (0, 2_000, 20 - 2_000, 1),
        (39, 50, 59 - 50, 1),
        (40, 0, 60, 0),
        (60, -1_000, 80 + 1_000, 0),
        (80, -2_000, 100 + 2_000, 0),
    ] {
        let mut case = Case::new(true);
        assert_eq!(case.moved(), (hundredths(-2_000), hundredths(20 - 2_000)));
        case.net.send(ARBITER, &decide(case.batch, counted)).unwrap();
        case.is_over(Decided::ByArbiter, counted);
        assert_eq!(case.moved(), (hundredths(customer), hundredths(operator)), "{counted} of 80");
        assert_eq!(case.net.operator().failures, failures, "{counted} of 80");
    }
}

#[test]
fn parts_of_a_deposit_are_rounded_down_and_the_rest_goes_back() {
    let mut net = Net::changed(&[]);
    net.register().unwrap();
    let order = net.open(fil(1_000)).unwrap();
    let batch = net.deliver(order, "a", 3).unwrap();
    let (customer, operator) = (net.held(CUSTOMER), net.held(OPERATOR));
    net.send(CUSTOMER, &dispute(batch, 0)).unwrap();
    net.send(OPERATOR, &answer(batch)).unwrap();
    net.send(ARBITER, &decide(batch, 1)).unwrap();
    let (third, two_thirds) = (DEPOSIT.mul_div(1, 3, Rounding::Down).unwrap(), DEPOSIT.mul_div(2, 3, Rounding::Down).unwrap());
    assert_eq!(net.held(CUSTOMER).plus(third).unwrap(), customer.plus(two_thirds).unwrap());
    assert_eq!(net.held(OPERATOR).plus(two_thirds).unwrap(), operator.plus(third).unwrap().plus(fil(1)).unwrap());
}

#[test]
fn the_file_decides_when_the_arbiter_does_not() {
    for (word, counted, customer, operator) in
        [("split", 40, -1_000, 60 + 1_000), ("customer", 0, 2_000, 20 - 2_000), ("operator", 80, -2_000, 100 + 2_000)]
    {
        let mut net = Net::changed(&[("undecided = \"split\"", &format!("undecided = \"{word}\""))]);
        net.register().unwrap();
        let order = net.open(fil(1_000)).unwrap();
        let batch = net.deliver(order, "a", 100).unwrap();
        let (before_customer, before_operator) = (net.held(CUSTOMER), net.held(OPERATOR));
        net.send(CUSTOMER, &dispute(batch, 20)).unwrap();
        net.send(OPERATOR, &answer(batch)).unwrap();
        let mut case = Case { net, order, batch, customer: before_customer, operator: before_operator };
        case.net.pass(just_before(Span::from_days(3)));
        assert!(case.net.dispute(batch).is_some());
        let back = case.net.order(order).unwrap().returned;
        case.net.pass(MS);
        assert_eq!(case.decided(), (Decided::ByDefault, counted), "{word}");
        let rest = fil(80 - u128::from(counted)).plus(back).unwrap().get() as i128;
        assert_eq!(case.moved(), (hundredths(customer) + rest, hundredths(operator)), "{word}");
        assert_eq!(case.net.operator().failures, 0, "nobody found anything");
    }
}

#[test]
fn the_odd_unit_of_a_split_counts() {
    let mut net = Net::changed(&[]);
    net.register().unwrap();
    let order = net.open(fil(1_000)).unwrap();
    let batch = net.deliver(order, "a", 7).unwrap();
    net.send(CUSTOMER, &dispute(batch, 0)).unwrap();
    net.send(OPERATOR, &answer(batch)).unwrap();
    net.pass(Span::from_days(3));
    assert_eq!(net.batch(batch).counted, 4);
}

#[test]
fn who_disputes_batches_of_one_unit_while_the_arbiter_is_silent_pays_for_it_and_wins_none() {
    let mut net = Net::changed(&[]);
    net.register().unwrap();
    let order = net.open(fil(1_000)).unwrap();
    let (customer, operator) = (net.held(CUSTOMER), net.held(OPERATOR));
    for id in ["a", "b", "c"] {
        let batch = net.deliver(order, id, 1).unwrap();
        net.send(CUSTOMER, &dispute(batch, 0)).unwrap();
        net.send(OPERATOR, &answer(batch)).unwrap();
    }
    net.pass(Span::from_days(3));
    let cost = fil(3 * 1_000);
    assert_eq!(net.held(OPERATOR), operator.plus(fil(3)).unwrap().plus(cost).unwrap());
    assert_eq!(net.held(CUSTOMER).plus(cost).unwrap(), customer.plus(net.order(order).unwrap().returned).unwrap());
}

#[test]
fn in_a_new_file_a_silent_arbiter_gives_who_disputes_nothing() {
    for units in [1, 2, 99] {
        let mut net = Net::under(FILECOIN);
        net.register().unwrap();
        let order = net.open(fil(1_000)).unwrap();
        let batch = net.deliver(order, "a", units).unwrap();
        let customer = net.held(CUSTOMER);
        net.send(CUSTOMER, &dispute(batch, 0)).unwrap();
        let deposit = net.dispute(batch).unwrap().deposit;
        net.send(OPERATOR, &answer(batch)).unwrap();
        net.pass(Span::from_days(3));
        assert_eq!(net.batch(batch).counted, units);
        let back = net.order(order).unwrap().returned;
        assert_eq!(net.held(CUSTOMER).plus(deposit).unwrap(), customer.plus(back).unwrap(), "and costs the deposit");
    }
}

#[test]
fn a_file_may_let_both_deposits_go_back_when_the_arbiter_is_silent() {
    let mut net = Net::changed(&[("undecided-cost = \"50%\"", "undecided-cost = \"0%\"")]);
    net.register().unwrap();
    let order = net.open(fil(1_000)).unwrap();
    let batch = net.deliver(order, "a", 2).unwrap();
    let operator = net.held(OPERATOR);
    net.send(CUSTOMER, &dispute(batch, 0)).unwrap();
    net.send(OPERATOR, &answer(batch)).unwrap();
    net.pass(Span::from_days(3));
    assert_eq!(net.held(OPERATOR), operator.plus(fil(1)).unwrap());
}

#[test]
fn a_deposit_is_a_tenth_of_what_is_contested_and_not_less_than_the_files_least() {
    // 20 FIL are a tenth of 200: of 20,000 tiles for a hundredth each.
    for (units, accepted, deposit) in [(20_000, 0, 2_000), (20_011, 1, 2_001), (50_000, 0, 5_000), (50_000, 49_999, 2_000)] {
        let mut net = Net::changed(&[]);
        net.register().unwrap();
        let order = net.open(fil(50_000)).unwrap();
        let batch = net.deliver(order, "a", units).unwrap();
        net.send(CUSTOMER, &dispute(batch, accepted)).unwrap();
        net.send(OPERATOR, &answer(batch)).unwrap();
        let open = net.dispute(batch).unwrap();
        assert_eq!((open.deposit, open.answer.unwrap().deposit), (fil(deposit), fil(deposit)), "{accepted} of {units} accepted");
        let asked = net.service.params.deposit(&net.reads(), FIL, fil(u128::from(units - accepted))).unwrap();
        assert_eq!(asked, (FIL, fil(deposit)));
        // Where it is paid in another token, nothing says what the one is worth in the other.
        let other = net.service.params.deposit(&net.reads(), depin_quantity::Name::literal("USDC"), fil(500_000)).unwrap();
        assert_eq!(other, (FIL, DEPOSIT));
    }
}

#[test]
fn a_decision_is_taken_until_the_last_millisecond() {
    let mut case = Case::new(true);
    case.net.pass(just_before(Span::from_days(3)));
    case.net.send(ARBITER, &decide(case.batch, 80)).unwrap();
    assert_eq!(case.decided(), (Decided::ByArbiter, 80));
    let mut late = Case::new(true);
    late.net.pass(Span::from_days(3));
    assert_eq!(late.net.send(ARBITER, &decide(late.batch, 80)).unwrap_err().code(), "no-dispute");
}

#[test]
fn a_batch_is_disputed_until_the_last_millisecond_and_once() {
    let (mut net, _, batch) = Net::with_a_batch();
    net.pass(just_before(Span::from_days(3)));
    net.send(CUSTOMER, &dispute(batch, 0)).unwrap();
    assert_eq!(net.send(CUSTOMER, &dispute(batch, 0)).unwrap_err().code(), "not-pending");
    let (mut net, _, batch) = Net::with_a_batch();
    net.pass(Span::from_days(3));
    assert_eq!(net.send(CUSTOMER, &dispute(batch, 0)).unwrap_err().code(), "not-pending");
    // A chain that does its jobs late takes nothing late.
    let (mut net, order, batch) = Net::with_a_batch();
    net.now = net.now.later(Span::from_days(3));
    assert_eq!(net.send(CUSTOMER, &dispute(batch, 0)).unwrap_err().code(), "too-late");
    assert_eq!(net.deliver(order, "b", 1).unwrap_err().code(), "ended");
    for answered in [false, true] {
        let mut case = Case::new(answered);
        case.net.now = case.net.now.later(Span::from_days(3));
        let late = if answered { decide(case.batch, 1) } else { answer(case.batch) };
        let who = if answered { ARBITER } else { OPERATOR };
        assert_eq!(case.net.send(who, &late).unwrap_err().code(), "too-late");
        assert_eq!(case.net.send(OPERATOR, &MeteredMessage::Concede(case.batch)).unwrap_err().code(), "too-late");
    }
}

#[test]
fn a_lost_dispute_costs_what_the_file_says_and_the_operator_tops_its_pledge_up() {
    let fault = "[incentive.fault.overstated]";
    let toml = crate::files::mixed("metered", FILECOIN, FILECOIN, FILECOIN).toml;
    let table = toml.split(fault).nth(1).unwrap().split("\n\n").next().unwrap();
    let slashing = "\ntoken = \"FIL\"\nfee = \"share-of-pledge\"\npledge = \"operator\"\nshare = \"10%\"\nto = [{ to = \"reporter\", \
                    share = \"100%\" }]\nsource = \"own rule\"";
    let mut net = Net::changed(&[(&format!("{fault}{table}"), &format!("{fault}{slashing}"))]);
    let before = net.held(OPERATOR);
    net.register().unwrap();
    let pledge = before.minus(net.held(OPERATOR)).unwrap();
    let order = net.open(fil(1_000)).unwrap();
    let batch = net.deliver(order, "a", 100).unwrap();
    let customer = net.held(CUSTOMER);
    net.send(CUSTOMER, &dispute(batch, 0)).unwrap();
    net.pass(DAY);
    let tenth = pledge.mul_div(1, 10, Rounding::Down).unwrap();
    let back = net.order(order).unwrap().returned;
    assert_eq!(net.held(CUSTOMER), customer.plus(tenth).unwrap().plus(back).unwrap(), "the finder gets it");
    assert_eq!(net.open(fil(1)).unwrap_err().code(), "below-pledge");
    net.register().unwrap();
    assert_eq!(before.minus(net.held(OPERATOR)).unwrap(), pledge.plus(tenth).unwrap());
    net.open(fil(1)).unwrap();
}

#[test]
fn an_expelled_operators_pledge_stays_until_its_last_order_is_closed() {
    let (mut net, order, batch) = Net::with_a_batch();
    net.send(METER, &MeteredMessage::Fail { operator: OPERATOR, failing: Failing::Expelled }).unwrap();
    assert!(net.operator().pledged && !net.operator().active);
    assert_eq!(net.deliver(order, "b", 1).unwrap_err().code(), "expelled");
    net.send(CUSTOMER, &dispute(batch, 0)).unwrap();
    net.send(OPERATOR, &MeteredMessage::Concede(batch)).unwrap();
    net.send(CUSTOMER, &MeteredMessage::CloseOrder(order)).unwrap();
    net.pass(DAY);
    assert!(!net.operator().pledged);
    assert_eq!(net.totals().open_orders, 0);
}

#[test]
fn a_chain_that_lost_weeks_gives_back_what_it_held() {
    for answered in [false, true] {
        let (mut net, order, batch) = Net::with_a_batch();
        let (customer, operator) = (net.held(CUSTOMER), net.held(OPERATOR));
        net.send(CUSTOMER, &dispute(batch, 0)).unwrap();
        if answered {
            net.send(OPERATOR, &answer(batch)).unwrap();
        }
        // One block in which 30 days pass: the economy's holds end before the service's jobs run.
        net.pass(Span::from_days(31));
        assert!(net.dispute(batch).is_none());
        assert_eq!((net.held(OPERATOR), net.totals().rejected), (operator, 100));
        assert_eq!(net.held(CUSTOMER), customer.plus(net.order(order).map_or(fil(1_000), |order| order.returned)).unwrap());
    }
}
