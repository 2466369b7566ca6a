//! Parameters of the service: the `[service.metered]` part of a network's file, and what the economy says about orders.

use super::rules::{MeteredRules, wrong_rules};
use crate::descriptor::read_label;
use crate::economy_rules::PriceForm;
use depin_economy::{Reader, Spec, SpecErrors, USD};
use depin_quantity::{Name, Share, Span};

/// For whom contested units count when the arbiter does not decide in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undecided {
    /// None of them counts.
    Customer,
    /// All of them count.
    Operator,
    /// Half of them count, and the odd unit, so that no batch is small enough to be won by silence.
    Split,
}

/// How batches are disputed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisputeParams {
    /// The role that decides.
    pub arbiter: Name,
    /// Time for a dispute, from the report on.
    pub window: Span,
    /// Time for the operator's answer.
    pub answer_within: Span,
    /// Time for the arbiter's decision.
    pub decide_within: Span,
    /// What holds when it does not decide.
    pub undecided: Undecided,
    /// The part of the customer's deposit that the operator gets then, where the file splits.
    pub undecided_cost: Share,
}

/// Checked parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeteredParams {
    /// What one unit is.
    pub unit: String,
    /// The role that reports orders that name nobody; `None`: their operators do.
    pub reporter: Option<Name>,
    /// Longest time for which an order takes units.
    pub open_most: Span,
    /// How long an order takes units after its customer closed it.
    pub grace: Span,
    /// How long a closed order is kept.
    pub closed_kept: Span,
    /// Most orders of one customer that are kept.
    pub per_customer: u32,
    /// Most batches of one order.
    pub batches_most: u32,
    /// Most units of one batch.
    pub units_most: u64,
    /// How batches are disputed; `None`: they are paid when they are reported.
    pub disputes: Option<DisputeParams>,
    /// What the economy has rules for.
    pub rules: MeteredRules,
}

/// Money held for a batch or a dispute is held for so much longer than the batch can be undecided: a chain that does its due jobs late
/// still finds it.
pub(super) const HOLD_SLACK: Span = Span::from_days(1);

/// A role that may be left out.
#[allow(clippy::option_option, reason = "the outer one says whether it could be read, the inner one whether it is there")]
fn role(r: &mut Reader<'_>, key: &str) -> Option<Option<Name>> {
    if r.has(key) { r.name(key).map(Some) } else { Some(None) }
}

/// A time that people must be able to act in.
fn window(r: &mut Reader<'_>, key: &str) -> Option<Span> {
    let span = r.span(key)?;
    if span < Span::from_secs(60) {
        r.problem(key, &format!("nobody can do anything within {span}; at least 60 s are needed"), "write \"1d\"");
        return None;
    }
    Some(span)
}

fn dispute(r: &mut Reader<'_>, arbiter: Name) -> Option<DisputeParams> {
    let spans = (window(r, "window"), window(r, "answer-within"), window(r, "decide-within"));
    let choices = [("customer", Undecided::Customer), ("operator", Undecided::Operator), ("split", Undecided::Split)];
    let (undecided, cost) = (r.choice("undecided", &choices), r.share("undecided-cost"));
    let (undecided, undecided_cost) = (undecided?, cost?);
    let (Some(window), Some(answer_within), Some(decide_within)) = spans else { return None };
    Some(DisputeParams { arbiter, window, answer_within, decide_within, undecided, undecided_cost })
}

/// `[service.metered.dispute]`, which goes with an arbiter.
#[allow(clippy::option_option, reason = "as for roles")]
fn disputes(r: &mut Reader<'_>, arbiter: Option<Name>) -> Option<Option<DisputeParams>> {
    match (arbiter, r.has("dispute")) {
        (None, false) => Some(None),
        (Some(arbiter), true) => r.table("dispute", |r| dispute(r, arbiter)).map(Some),
        (None, true) => {
            let hint =
                "write arbiter = \"arbiter\" beside `unit`, and fill that role when the network starts; or remove this table";
            r.problem("dispute", "nobody could decide a dispute: the file names no arbiter", hint);
            None
        }
        (Some(_), false) => {
            let hint = "add [service.metered.dispute] with window, answer-within, decide-within, undecided and undecided-cost; or remove `arbiter`";
            r.problem("arbiter", "an arbiter has nothing to decide where nothing can be disputed", hint);
            None
        }
    }
}

impl MeteredParams {
    /// Reads the `[service.metered]` section of a network's file.
    ///
    /// # Errors
    /// Every problem found.
    pub fn read(spec: &Spec) -> Result<Self, SpecErrors> {
        let rules = MeteredRules::of(spec);
        spec.read_service("metered", |r| {
            let (unit, reporter, arbiter) = (read_label(r, "unit"), role(r, "reporter"), role(r, "arbiter"));
            let order = r.table("order", |r| {
                let (open, grace, kept) = (r.span("open-most"), r.span("grace"), r.span("closed-kept"));
                let per_customer = r.integer("per-customer", 1..=1_000_000);
                Some((open?, grace?, kept?, u32::try_from(per_customer?).ok()?))
            });
            let batch = r.table("batch", |r| {
                let (units, per_order) = (r.integer("units-most", 1..=1_000_000_000_000), r.integer("per-order", 1..=1_000_000));
                Some((units?, u32::try_from(per_order?).ok()?))
            });
            let disputes = disputes(r, arbiter?);
            let wrong = wrong_rules(spec, rules.as_ref(), disputes.flatten().as_ref());
            for (message, hint) in &wrong {
                r.problem("", message, hint);
            }
            let ((open_most, grace, closed_kept, per_customer), (units_most, batches_most)) = (order?, batch?);
            let disputes = disputes?;
            let rules = rules.filter(|_| wrong.is_empty())?;
            let (unit, reporter) = (unit?, reporter?);
            Some(Self { unit, reporter, open_most, grace, closed_kept, per_customer, batches_most, units_most, disputes, rules })
        })
    }

    /// The currency that an ask for orders paid in `currency` is stated in.
    pub fn asked_in(&self, currency: Name) -> Name {
        if self.rules.form == PriceForm::Dollars { USD } else { currency }
    }

    /// Whether operators may ask in this currency.
    pub fn may_ask_in(&self, currency: Name) -> bool {
        match self.rules.form {
            PriceForm::Network => false,
            PriceForm::Agreed => self.decimals(currency).is_some(),
            PriceForm::Dollars => currency == USD,
        }
    }

    /// The places of a currency that orders are paid in.
    pub fn decimals(&self, currency: Name) -> Option<u8> {
        self.rules.currencies.iter().find(|(name, _)| *name == currency).map(|(_, decimals)| *decimals)
    }
}
