//! `[bind]`: what each measure of the service is for.

use super::{
    incentive::Incentive,
    network::reference,
    reader::Reader,
    utility::{ChargePrice, Utility},
};
use depin_quantity::{Decimal18, Measured, Name, QuantityError, Rounding};
use std::collections::BTreeMap;

/// What a measure is for. All empty: it is counted, and nothing depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Its quantity is weight in this pool.
    pub pool: Option<Name>,
    /// So many times: the weight is `floor(quantity * times)`. Weights of several measures of one pool add up.
    pub times: Decimal18,
    /// This kind of pledge is counted on it.
    pub pledge: Option<Name>,
    /// The bond of this kind of stream is counted on it.
    pub bond: Option<Name>,
    /// Charges of this kind are priced by it.
    pub charge: Option<Name>,
    /// Service fees of this kind are counted on it.
    pub service_fee: Option<Name>,
    /// It is another measure, boosted where allowances back it.
    pub boost: Option<Boost>,
}

impl Binding {
    /// What a quantity of the measure weighs in its pool.
    ///
    /// # Errors
    /// [`QuantityError::TooLarge`] past 128 bits.
    pub fn weight(&self, quantity: Measured) -> Result<Measured, QuantityError> {
        if self.times == Decimal18::ONE {
            return Ok(quantity);
        }
        quantity.mul_div(self.times.get(), Decimal18::ONE.get(), Rounding::Down)
    }
}

/// A boosted measure: at most the plain one plus `times - 1` times what allowances back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boost {
    /// The plain measure.
    pub of: Name,
    /// The kind of allowance.
    pub allowance: Name,
    /// How many times a backed quantity counts.
    pub times: u64,
}

pub(super) fn read(r: &mut Reader<'_>, incentive: &Incentive, utility: &Utility) -> Option<BTreeMap<Name, Binding>> {
    let streams = &utility.streams;
    let bindings = r.named("bind", |_, r| {
        let pool = if r.has("pool") { Some(reference(r, "pool", "pool", &incentive.pools)?) } else { None };
        let pledge = if r.has("pledge") { Some(reference(r, "pledge", "kind of pledge", &incentive.pledges)?) } else { None };
        let bond = if r.has("bond") { Some(reference(r, "bond", "kind of stream", streams)?) } else { None };
        let charge = if r.has("charge") { Some(reference(r, "charge", "kind of charge", &utility.charges)?) } else { None };
        let fees = &utility.service_fees;
        let service_fee = if r.has("service-fee") { Some(reference(r, "service-fee", "service fee", fees)?) } else { None };
        let boost = if r.has("boost") { Some(r.table("boost", |r| boost(r, incentive))?) } else { None };
        let times = if r.has("times") { r.decimal("times")? } else { Decimal18::ONE };
        Some(Binding { pool, times, pledge, bond, charge, service_fee, boost })
    })?;
    every_boost_has_a_base(r, &bindings);
    every_rule_has_one_measure(r, &bindings, incentive, utility);
    Some(bindings)
}

fn boost(r: &mut Reader<'_>, incentive: &Incentive) -> Option<Boost> {
    let (of, allowance) = (r.name("of"), reference(r, "allowance", "kind of allowance", &incentive.allowances));
    let times = r.integer("times", 1..=1_000);
    Some(Boost { of: of?, allowance: allowance?, times: times? })
}

fn every_boost_has_a_base(r: &mut Reader<'_>, bindings: &BTreeMap<Name, Binding>) {
    for (measure, binding) in bindings {
        if let Some(boost) = binding.boost
            && (boost.of == *measure || bindings.get(&boost.of).is_none_or(|b| b.boost.is_some()))
        {
            r.problem(
                "bind",
                &format!("the boost of `{measure}` must be of another bound measure, which is not boosted itself"),
                "bind the plain measure too",
            );
        }
    }
}

fn every_rule_has_one_measure(r: &mut Reader<'_>, bindings: &BTreeMap<Name, Binding>, incentive: &Incentive, utility: &Utility) {
    let count =
        |pick: &dyn Fn(&Binding) -> Option<Name>, name: &Name| bindings.values().filter(|b| pick(b) == Some(*name)).count();
    for (pool, rule) in &incentive.pools {
        let (by_measure, bound) = (rule.method.by_measure(), count(&|b| b.pool, pool));
        if by_measure && bound == 0 {
            r.problem(
                "bind",
                &format!("pool `{pool}` must be bound to a measure, or nobody can earn from it"),
                "bind a measure with { pool = \"…\" }",
            );
        } else if !by_measure && bound > 0 {
            r.problem("bind", &format!("pool `{pool}` pays by no measure"), "bind the measure to another pool");
        }
    }
    for pledge in incentive.pledges.keys().filter(|n| count(&|b| b.pledge, n) != 1) {
        r.problem(
            "bind",
            &format!("pledge `{pledge}` must be bound to exactly one measure"),
            "bind a measure with { pledge = \"…\" }",
        );
    }
    let bonded = utility.streams.iter().filter(|(_, rule)| rule.bond.is_some_and(|bond| bond.counted())).map(|(name, _)| name);
    for stream in bonded.filter(|n| count(&|b| b.bond, n) != 1) {
        r.problem(
            "bind",
            &format!("the bond of stream `{stream}` must be bound to exactly one measure"),
            "bind a measure with { bond = \"…\" }",
        );
    }
    let priced = utility.charges.iter().filter(|(_, rule)| matches!(rule.price, ChargePrice::Priced(_))).map(|(name, _)| name);
    for charge in priced.filter(|n| count(&|b| b.charge, n) == 0) {
        r.problem(
            "bind",
            &format!("charge `{charge}` is priced by a measure, and none is bound to it"),
            "bind a measure with { charge = \"…\" }",
        );
    }
    let counted = utility.service_fees.iter().filter(|(_, rule)| rule.per.is_some()).map(|(name, _)| name);
    for fee in counted.filter(|n| count(&|b| b.service_fee, n) == 0) {
        r.problem(
            "bind",
            &format!("service fee `{fee}` is counted per unit of a measure, and none is bound to it"),
            "bind a measure with { service-fee = \"…\" }",
        );
    }
}
