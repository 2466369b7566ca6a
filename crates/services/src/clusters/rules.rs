//! What the economy of a network's file says about devices and hires, and whether this service can send it that.
//!
//! Jobs that are due cannot be refused and run again, so everything that they send must fit its rule from the start.

use super::names::{DEVICE, DEVICE_SCORE, ENDED, FAILED, FAILED_CHECK, HIRE, HIRED_HOURS, SPOOFING, STAKE_UNITS};
use crate::economy_rules::Wrong;
use depin_economy::{FaultFee, Spec, StreamMethod};
use depin_quantity::{Instant, Name, Span, Units};
use std::collections::BTreeSet;

/// A currency that hires may be paid in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency {
    /// The token.
    pub token: Name,
    /// Its places.
    pub decimals: u8,
    /// Most that an hour of a device may cost, in base units.
    pub rate_most: Units,
}

/// Which of the things that this service can say to an economy the network's file has rules for. What it has none for is not said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClustersRules {
    /// Currencies that hires may be paid in.
    pub currencies: Vec<Currency>,
    /// Length of a period that hires are paid by.
    pub period: Span,
    /// When the first such period began.
    pub begins: Instant,
    /// Longest hire in such periods.
    pub periods_most: u64,
    /// Whether scores are weight in a pool.
    pub score_earns: bool,
    /// Whether hired hours are.
    pub hours_earn: bool,
    /// Whether devices that take part are, by what they stake on.
    pub units_stand: bool,
    /// Whether devices pledge.
    pub pledges: bool,
    /// Kinds of faults that have a rule.
    pub faults: BTreeSet<Name>,
}

impl ClustersRules {
    /// The rules of a file; none when it has no way to pay a hire.
    pub fn of(spec: &Spec, genesis: Instant) -> Option<Self> {
        let hire = spec.stream(HIRE)?;
        let clock = spec.clock(hire.clock)?;
        let pool = |metric| spec.binding(metric).is_some_and(|binding| binding.pool.is_some());
        let currency = |token: &Name| {
            let decimals = spec.token(*token)?.decimals;
            Some(Currency { token: *token, decimals, rate_most: hire.rate_most(*token) })
        };
        Some(Self {
            currencies: hire.currencies.iter().filter_map(currency).collect(),
            period: if clock.months.is_some() { Span::default() } else { clock.every },
            begins: clock.begins(genesis),
            periods_most: hire.periods_most,
            score_earns: pool(DEVICE_SCORE),
            hours_earn: pool(HIRED_HOURS),
            units_stand: pool(STAKE_UNITS),
            pledges: spec.binding(STAKE_UNITS).is_some_and(|binding| binding.pledge == Some(DEVICE)),
            faults: [FAILED_CHECK, SPOOFING].into_iter().filter(|kind| spec.fault(*kind).is_some()).collect(),
        })
    }

    /// A currency that hires are paid in.
    pub fn currency(&self, token: Name) -> Option<&Currency> {
        self.currencies.iter().find(|currency| currency.token == token)
    }

    /// Which period a time lies in.
    pub const fn period_at(&self, at: Instant) -> u64 {
        at.since(self.begins).get() / self.period.get()
    }

    /// When a period begins.
    pub const fn period_start(&self, period: u64) -> Instant {
        self.begins.later(Span::from_millis(period.saturating_mul(self.period.get())))
    }

    /// Whether what is open by these rules can be ended by later ones: the service reads its rules once, when the network starts.
    fn hold_in(&self, later: &Self) -> bool {
        let places = |rules: &Self| rules.currencies.iter().map(|one| (one.token, one.decimals)).collect::<Vec<_>>();
        let known = places(later);
        places(self).iter().all(|one| known.contains(one))
            && (later.period, later.begins) == (self.period, self.begins)
            && later.periods_most >= self.periods_most
            && (later.score_earns || !self.score_earns)
            && (later.hours_earn || !self.hours_earn)
            && (later.units_stand || !self.units_stand)
            && later.pledges == self.pledges
            && later.faults.is_superset(&self.faults)
    }
}

/// What this service would say to an economy in a way that the network's file does not take: message and hint.
pub(super) fn wrong_rules(
    spec: &Spec,
    genesis: Instant,
    rules: Option<&ClustersRules>,
    hour: Option<Span>,
) -> Vec<(String, &'static str)> {
    let mut wrong = Wrong::default();
    let Some(rules) = rules else {
        let hint = "add [utility.stream.hire] with method = \"reserved\" and a clock of an hour";
        wrong.need(false, "nothing says how hires are paid", hint);
        return wrong.0;
    };
    wrong.need(
        hour.is_none_or(|hour| rules.period == hour),
        "hires are paid by periods of another length than that from check to check",
        "give [utility.stream.hire] a clock whose `every` is that of [service.clusters.check]",
    );
    of_hires(&mut wrong, spec);
    of_faults(&mut wrong, spec);
    wrong.need(
        spec.binding(STAKE_UNITS).is_some(),
        format!("`{STAKE_UNITS}` is bound to nothing"),
        "write stake-units = {} in [bind]",
    );
    for (_, later) in spec.later() {
        wrong.need(
            ClustersRules::of(later, genesis).is_some_and(|later| rules.hold_in(&later)),
            "a change takes away what hires, pledges or faults that are open then need",
            "change amounts and shares, and keep currencies, clock and term of hires, pledges, faults and the pools of the metrics",
        );
    }
    wrong.0
}

fn of_hires(wrong: &mut Wrong, spec: &Spec) {
    let Some(hire) = spec.stream(HIRE) else { return };
    wrong.need(
        hire.method == StreamMethod::Reserved,
        format!("stream `{HIRE}` reserves nothing, and the hours of a hire are paid for beforehand"),
        "write method = \"reserved\"",
    );
    for reason in [ENDED, FAILED] {
        wrong.need(
            hire.close.contains_key(&reason),
            format!("stream `{HIRE}` says not what becomes of a hire that ends because it is `{reason}`"),
            "add it to [utility.stream.hire.close]",
        );
    }
    wrong.need(
        hire.bond.is_none_or(|bond| !bond.counted()) || spec.binding(STAKE_UNITS).is_some_and(|bound| bound.bond == Some(HIRE)),
        format!("metric `{STAKE_UNITS}` must be bound to the bond of `{HIRE}`, which is counted on it"),
        "write stake-units = { bond = \"hire\", … }",
    );
}

fn of_faults(wrong: &mut Wrong, spec: &Spec) {
    for kind in [FAILED_CHECK, SPOOFING] {
        let Some(rule) = spec.fault(kind) else { continue };
        let bound = spec.binding(STAKE_UNITS);
        let fits = match rule.fee {
            FaultFee::Nothing | FaultFee::PerGib(_) => true,
            FaultFee::PledgeShare { pledge, .. } => pledge == DEVICE && bound.is_some_and(|b| b.pledge == Some(DEVICE)),
            FaultFee::Reward { pool, .. } => bound.is_some_and(|b| b.pool == Some(pool)),
            FaultFee::Termination { .. } => false,
        };
        wrong.need(
            fits,
            format!(
                "the fee of fault `{kind}` must be nothing, a share of the pledge `{DEVICE}`, or of a pool of `{STAKE_UNITS}`"
            ),
            "write fee = \"nothing\", or fee = \"share-of-pledge\" with pledge = \"device\"",
        );
    }
}
