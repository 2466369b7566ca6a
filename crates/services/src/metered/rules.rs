//! What the economy of a network's file says about orders, disputes and operators, and whether this service can send it that.
//!
//! Batches are paid and disputes end in due jobs, which nobody could refuse and run again. So everything that a job sends must fit its
//! rule from the start.

use super::{
    PriceForm,
    names::{CONTESTED, DISPUTE, EXPELLED, FAILED, OPERATOR, OPERATORS, ORDER, OVERSTATED, REGISTRATION, SPENT, UNITS},
    params::{DisputeParams, HOLD_SLACK},
};
use crate::economy_rules::Wrong;
use depin_economy::{ChargePrice, FaultFee, Spec};
use depin_quantity::{Name, Span, Units};
use std::collections::BTreeSet;

/// How deposits of disputes are counted: a share of what the contested units cost, and a least amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepositRule {
    /// The token that they are in.
    pub token: Name,
    /// Longest hold.
    pub hold_most: Span,
    /// The largest value, in base units of that token, that the least deposit still covers.
    pub least_covers: u128,
}

impl DepositRule {
    fn of(spec: &Spec) -> Option<Self> {
        let charge = spec.charge(DISPUTE)?;
        let least_covers = match &charge.price {
            ChargePrice::Priced(priced) => u128::from(priced.least) * u128::from(priced.per),
            ChargePrice::Agreed | ChargePrice::Usd(_) => 0,
        };
        Some(Self { token: *charge.currencies.first()?, hold_most: charge.hold_most?, least_covers })
    }

    /// What a deposit is counted on: `max(value, what the least deposit covers)`, and that least alone where the order is paid in
    /// another token than deposits are, since no rule compares the two.
    ///
    /// - Units: `value` in base units of `currency`; the result in base units of the deposit's token.
    pub fn basis(&self, currency: Name, value: Units) -> u128 {
        if currency == self.token { value.get().max(self.least_covers) } else { self.least_covers }
    }
}

/// Which of the things that this service can say to an economy the network's file has rules for. What it has none for is not said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeteredRules {
    /// How the price of a unit comes about.
    pub form: PriceForm,
    /// Currencies that orders may be paid in, with their places.
    pub currencies: Vec<(Name, u8)>,
    /// Longest hold of a batch.
    pub hold_most: Span,
    /// How deposits are counted, where disputes have a rule.
    pub deposit: Option<DepositRule>,
    /// Whether delivered units are weight in a pool.
    pub units_earn: bool,
    /// Whether what was spent is weight in a pool.
    pub spent_earns: bool,
    /// Whether operators are weight in a pool.
    pub operators_stand: bool,
    /// Whether operators pledge.
    pub pledges: bool,
    /// Whether registering costs a fee.
    pub registration: bool,
    /// Kinds of faults that have a rule.
    pub faults: BTreeSet<Name>,
}

impl MeteredRules {
    /// The rules of a file; none when it has no way to pay an order.
    pub fn of(spec: &Spec) -> Option<Self> {
        let charge = spec.charge(ORDER)?;
        let decimals = |name: &Name| Some((*name, spec.token(*name)?.decimals));
        let pool = |metric| spec.binding(metric).is_some_and(|binding| binding.pool.is_some());
        Some(Self {
            form: PriceForm::of(&charge.price),
            currencies: charge.currencies.iter().filter_map(decimals).collect(),
            hold_most: charge.hold_most?,
            deposit: DepositRule::of(spec),
            units_earn: pool(UNITS),
            spent_earns: pool(SPENT),
            operators_stand: pool(OPERATORS),
            pledges: spec.binding(OPERATORS).is_some_and(|binding| binding.pledge == Some(OPERATOR)),
            registration: spec.service_fee(REGISTRATION).is_some(),
            faults: [FAILED, OVERSTATED, EXPELLED].into_iter().filter(|kind| spec.fault(*kind).is_some()).collect(),
        })
    }
}

impl MeteredRules {
    /// Whether what is open by these rules can be ended by later ones: the service reads its rules once, when the network starts.
    fn hold_in(&self, later: &Self) -> bool {
        later.form == self.form
            && self.currencies.iter().all(|currency| later.currencies.contains(currency))
            && (later.units_earn || !self.units_earn)
            && (later.spent_earns || !self.spent_earns)
            && self.deposit.is_none_or(|now| later.deposit.is_some_and(|then| then.token == now.token))
            && later.faults.is_superset(&self.faults)
    }
}

/// What this service would say to an economy in a way that the network's file does not take: message and hint.
pub(super) fn wrong_rules(
    spec: &Spec,
    rules: Option<&MeteredRules>,
    disputes: Option<&DisputeParams>,
) -> Vec<(String, &'static str)> {
    let mut wrong = Wrong::default();
    let Some(rules) = rules else {
        wrong.need(
            false,
            "nothing says how orders are paid, or how long the price of a batch may be held",
            "add [utility.charge.order] with hold-most = \"30d\"",
        );
        return wrong.0;
    };
    of_orders(&mut wrong, spec, rules);
    of_faults(&mut wrong, spec);
    if let Some(disputes) = disputes {
        of_disputes(&mut wrong, spec, rules, disputes);
    }
    for (_, later) in spec.later() {
        wrong.need(
            MeteredRules::of(later).is_some_and(|later| rules.hold_in(&later)),
            "a change takes away what orders, disputes or faults that are open then need",
            "change amounts and shares, and keep charges, currencies, faults and the pools of `units` and `spent`",
        );
    }
    wrong.0
}

fn of_orders(wrong: &mut Wrong, spec: &Spec, rules: &MeteredRules) {
    wrong.need(
        rules.form != PriceForm::Network || spec.binding(UNITS).is_some_and(|binding| binding.charge == Some(ORDER)),
        format!("orders are priced by the network, and `{UNITS}` is not bound to their price"),
        "write units = { charge = \"order\", … }",
    );
    wrong.need(
        !rules.spent_earns || rules.currencies.len() == 1,
        format!("`{SPENT}` is weight in a pool, and amounts of several currencies can't be added"),
        "let orders be paid in one currency, or pay by `units`",
    );
    let earns = spec.binding(CONTESTED).is_some_and(|binding| binding.pool.is_some());
    wrong.need(!earns, format!("`{CONTESTED}` is what deposits are counted on, and nobody earns it"), "bind it to no pool");
}

fn of_faults(wrong: &mut Wrong, spec: &Spec) {
    for kind in [FAILED, OVERSTATED, EXPELLED] {
        let Some(rule) = spec.fault(kind) else { continue };
        let fits = match rule.fee {
            FaultFee::Nothing | FaultFee::PerGib(_) => true,
            FaultFee::PledgeShare { pledge, .. } => {
                pledge == OPERATOR && spec.binding(OPERATORS).is_some_and(|binding| binding.pledge == Some(OPERATOR))
            }
            FaultFee::Reward { pool, .. } => spec.binding(OPERATORS).is_some_and(|binding| binding.pool == Some(pool)),
            FaultFee::Termination { .. } => false,
        };
        wrong.need(
            fits,
            format!(
                "the fee of fault `{kind}` must be nothing, a share of the pledge `{OPERATOR}`, or of a pool of `{OPERATORS}`"
            ),
            "write fee = \"nothing\", or fee = \"share-of-pledge\" with pledge = \"operator\"",
        );
    }
}

fn of_disputes(wrong: &mut Wrong, spec: &Spec, rules: &MeteredRules, disputes: &DisputeParams) {
    let DisputeParams { window, answer_within, decide_within, .. } = *disputes;
    let deciding = answer_within.get().saturating_add(decide_within.get()).saturating_add(HOLD_SLACK.get());
    let open = deciding.saturating_add(window.get());
    wrong.need(
        rules.hold_most.get() >= open,
        format!(
            "a batch may be undecided for {}, and the price of an order is held for {} at most",
            Span::from_millis(open),
            rules.hold_most
        ),
        "raise hold-most in [utility.charge.order], or shorten window, answer-within or decide-within; one day is added to them",
    );
    let Some(deposit) = spec.charge(DISPUTE) else {
        wrong.need(
            false,
            "disputes need deposits, and nothing says how much",
            "add [utility.charge.dispute] with `priced` and hold-most",
        );
        return;
    };
    wrong.need(
        matches!(deposit.price, ChargePrice::Priced(_)) && spec.binding(CONTESTED).is_some_and(|b| b.charge == Some(DISPUTE)),
        format!("the deposit of a dispute must be priced by `{CONTESTED}`"),
        "write priced = { per = 10, least = …, amount = \"1 base …\" } (a tenth of what is contested, and at least so many base units) and contested-value = { charge = \"dispute\" }",
    );
    wrong.need(
        rules.deposit.is_none_or(|rule| rule.least_covers > 0),
        "a deposit has no least amount, so a dispute about very little would cost nothing",
        "write least = 1 or more in `priced` of [utility.charge.dispute]",
    );
    wrong.need(
        deposit.hold_most.is_some_and(|most| most.get() >= deciding),
        format!("a deposit must be held for at least {}", Span::from_millis(deciding)),
        "raise hold-most in [utility.charge.dispute]; it covers answer-within and decide-within, and one day more",
    );
}
