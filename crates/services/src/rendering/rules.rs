//! What the economy of a network's file says about jobs and nodes, and whether this service can send it that.
//!
//! Jobs that are due cannot be refused and run again, so everything that they send must fit its rule from the start.

use super::{
    names::{ABANDONED, APPROVED_VALUE, AVAILABILITY, CONCEDED_FRAMES, FAILED_FRAMES, FRAME, NODE, NODES, OCTANEBENCH_HOURS},
    params::Windows,
};
use crate::economy_rules::{PriceForm, Wrong};
use depin_economy::{Component, FaultFee, Money, Price, Spec, USD};
use depin_quantity::{Decimal18, Measured, Name, Span};
use std::collections::BTreeSet;

/// 10^-18 of a unit in a millionth of it.
const MILLIONTH: u128 = 1_000_000_000_000;

/// Which of the things that this service can say to an economy the network's file has rules for. What it has none for is not said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderingRules {
    /// How the price of a frame is stated.
    pub form: PriceForm,
    /// What jobs are paid in.
    pub currency: Name,
    /// Its places.
    pub decimals: u8,
    /// Longest hold.
    pub hold_most: Span,
    /// Whether approved value is weight in a pool, now or by a later change of the file.
    pub value_earns: bool,
    /// Whether work is.
    pub work_earns: bool,
    /// Whether nodes are.
    pub nodes_stand: bool,
    /// The period in which idle nodes accrue, where they are weight in a pool.
    pub idle_period: Option<Span>,
    /// Whether nodes pledge.
    pub pledges: bool,
    /// Kinds of faults that have a rule.
    pub faults: BTreeSet<Name>,
}

impl RenderingRules {
    /// The rules of a file; none when it has no way to hold the price of a job.
    pub fn of(spec: &Spec) -> Option<Self> {
        let charge = spec.charge(FRAME)?;
        let currency = *charge.currencies.first()?;
        let versions = || std::iter::once(spec).chain(spec.later().iter().map(|(_, later)| later));
        let earns = |metric| {
            let binds = |spec: &Spec| spec.binding(metric).is_some_and(|binding| binding.pool.is_some());
            versions().any(binds)
        };
        Some(Self {
            form: PriceForm::of(&charge.price),
            currency,
            decimals: spec.token(currency)?.decimals,
            hold_most: charge.hold_most?,
            value_earns: earns(APPROVED_VALUE),
            work_earns: earns(OCTANEBENCH_HOURS),
            nodes_stand: earns(NODES),
            idle_period: versions().find_map(|spec| {
                let pool = spec.pool(spec.binding(AVAILABILITY)?.pool?)?;
                spec.clock(pool.clock).map(|clock| clock.every)
            }),
            pledges: spec.binding(NODES).is_some_and(|binding| binding.pledge == Some(NODE)),
            faults: [FAILED_FRAMES, CONCEDED_FRAMES, ABANDONED].into_iter().filter(|kind| spec.fault(*kind).is_some()).collect(),
        })
    }

    /// So many millionths, as the economy wants to hear them.
    pub const fn price(&self, value: u64) -> Price {
        let amount = Decimal18::new(value as u128 * MILLIONTH);
        match self.form {
            PriceForm::Network => Price::Measured(Component { metric: APPROVED_VALUE, quantity: Measured::new(value as u128) }),
            PriceForm::Agreed => Price::Agreed(Money { currency: self.currency, amount }),
            PriceForm::Dollars => Price::Agreed(Money { currency: USD, amount }),
        }
    }

    /// What frames are priced in: `USD`, or the token.
    pub const fn priced_in(&self) -> Name {
        match self.form {
            PriceForm::Network | PriceForm::Dollars => USD,
            PriceForm::Agreed => self.currency,
        }
    }

    /// Whether what is open by these rules can be ended by later ones: the service reads its rules once, when the network starts.
    fn hold_in(&self, later: &Self) -> bool {
        later.form == self.form
            && later.currency == self.currency
            && later.hold_most >= self.hold_most
            && later.pledges == self.pledges
            && later.faults.is_superset(&self.faults)
    }
}

/// What this service would say to an economy in a way that the network's file does not take: message and hint.
pub(super) fn wrong_rules(spec: &Spec, rules: Option<&RenderingRules>, windows: Option<&Windows>) -> Vec<(String, &'static str)> {
    let mut wrong = Wrong::default();
    let Some(rules) = rules else {
        let hint = "add [utility.charge.frame] with hold-most = \"30d\"";
        wrong.need(false, "nothing says how jobs are paid, or how long their price may be held", hint);
        return wrong.0;
    };
    wrong.need(
        rules.form != PriceForm::Network || spec.binding(APPROVED_VALUE).is_some_and(|bound| bound.charge == Some(FRAME)),
        format!("frames are priced by the network, and `{APPROVED_VALUE}` is not bound to their price"),
        "write approved-value = { charge = \"frame\", … }",
    );
    wrong.need(
        rules.form != PriceForm::Agreed || rules.decimals >= 6,
        format!("frames are priced in millionths, and {} has {} places", rules.currency, rules.decimals),
        "price frames in dollars with in-usd, or in a token of six places or more",
    );
    let longest = windows.map(Windows::longest);
    wrong.need(
        longest.is_none_or(|longest| rules.hold_most >= longest),
        format!(
            "a job may be undecided for {}, and its price is held for {} at most",
            longest.unwrap_or(rules.hold_most),
            rules.hold_most
        ),
        "raise hold-most in [utility.charge.frame], or shorten job.open-most or the windows; one day is added to them",
    );
    of_faults(&mut wrong, spec);
    for (_, later) in spec.later() {
        wrong.need(
            RenderingRules::of(later).is_some_and(|later| rules.hold_in(&later)) && metrics_stay(spec, later),
            "a change takes away what jobs, pledges or faults that are open then need",
            "change amounts and shares, and keep charges, currencies, pledges, faults and the metrics in [bind]",
        );
    }
    wrong.0
}

/// Whether every metric that one version binds is bound in the other.
fn metrics_stay(spec: &Spec, later: &Spec) -> bool {
    [APPROVED_VALUE, OCTANEBENCH_HOURS, NODES, AVAILABILITY]
        .iter()
        .all(|metric| spec.binding(*metric).is_some() == later.binding(*metric).is_some())
}

fn of_faults(wrong: &mut Wrong, spec: &Spec) {
    for kind in [FAILED_FRAMES, CONCEDED_FRAMES, ABANDONED] {
        let Some(rule) = spec.fault(kind) else { continue };
        let fits = match rule.fee {
            FaultFee::Nothing | FaultFee::PerGib(_) => true,
            FaultFee::PledgeShare { pledge, .. } => {
                pledge == NODE && spec.binding(NODES).is_some_and(|binding| binding.pledge == Some(NODE))
            }
            FaultFee::Reward { pool, .. } => spec.binding(NODES).is_some_and(|binding| binding.pool == Some(pool)),
            FaultFee::Termination { .. } => false,
        };
        wrong.need(
            fits && spec.binding(NODES).is_some(),
            format!("the fee of fault `{kind}` must be nothing, a share of the pledge `{NODE}`, or of a pool of `{NODES}`"),
            "write fee = \"nothing\", or fee = \"share-of-pledge\" with pledge = \"node\", and bind `nodes`",
        );
    }
}
