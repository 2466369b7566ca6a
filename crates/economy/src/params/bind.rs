//! `[bind]`: what each metric of the service is for.

use super::{
    incentive::Incentive,
    network::reference,
    reader::{Declared, Reader},
    utility::Utility,
};
use depin_quantity::{Decimal18, Measured, Name, QuantityError, Rounding, nearest_name};

/// What a metric is for. All empty: it is counted, and nothing depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Its quantity is weight in this pool.
    pub pool: Option<Name>,
    /// So many times: the weight is `floor(quantity * times)`. Weights of several metrics of one pool add up.
    pub times: Decimal18,
    /// This kind of pledge is counted on it.
    pub pledge: Option<Name>,
    /// The bond of this kind of stream is counted on it.
    pub bond: Option<Name>,
    /// Charges of this kind are priced by it.
    pub charge: Option<Name>,
    /// Service fees of this kind are counted on it.
    pub service_fee: Option<Name>,
    /// It is another metric, boosted where allowances back it.
    pub boost: Option<Boost>,
}

impl Binding {
    /// What a quantity of the metric weighs in its pool.
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

/// A boosted metric: at most the plain one plus `times - 1` times what allowances back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boost {
    /// The plain metric.
    pub of: Name,
    /// The kind of allowance.
    pub allowance: Name,
    /// How many times a backed quantity counts.
    pub times: u64,
}

pub(super) fn read(r: &mut Reader<'_>, incentive: &Incentive, utility: &Utility) -> Declared<Binding> {
    let bindings = r.named("bind", |_, r| {
        let mut named = |key: &str, what: &str, read: &dyn Fn(&mut Reader<'_>, &str, &str) -> Option<Name>| {
            if r.has(key) { read(r, key, what).map(Some) } else { Some(None) }
        };
        let pool = named("pool", "pool", &|r, key, what| reference(r, key, what, &incentive.pools));
        let pledge = named("pledge", "kind of pledge", &|r, key, what| reference(r, key, what, &incentive.pledges));
        let bond = named("bond", "kind of stream", &|r, key, what| reference(r, key, what, &utility.streams));
        let charge = named("charge", "kind of charge", &|r, key, what| reference(r, key, what, &utility.charges));
        let service_fee = named("service-fee", "service fee", &|r, key, what| reference(r, key, what, &utility.service_fees));
        let boost = if r.has("boost") { r.table("boost", |r| boost(r, incentive)).map(Some) } else { Some(None) };
        let times = if r.has("times") { r.decimal("times") } else { Some(Decimal18::ONE) };
        if times == Some(Decimal18::ZERO) {
            r.problem("times", "a metric that counts no times weighs nothing", "write a number above zero, like \"0.5\"");
            return None;
        }
        Some(Binding {
            pool: pool?,
            times: times?,
            pledge: pledge?,
            bond: bond?,
            charge: charge?,
            service_fee: service_fee?,
            boost: boost?,
        })
    });
    every_boost_has_a_base(r, &bindings);
    bindings
}

fn boost(r: &mut Reader<'_>, incentive: &Incentive) -> Option<Boost> {
    let (of, allowance) = (r.name("of"), reference(r, "allowance", "kind of allowance", &incentive.allowances));
    let times = r.integer("times", 1..=1_000);
    Some(Boost { of: of?, allowance: allowance?, times: times? })
}

fn every_boost_has_a_base(r: &Reader<'_>, bindings: &Declared<Binding>) {
    for (metric, binding) in bindings.iter() {
        let Some(boost) = binding.boost else { continue };
        let plain = bindings.has(boost.of) && bindings.get(boost.of).is_none_or(|base| base.boost.is_none());
        if boost.of == metric || !plain {
            let message = format!("the boost of `{metric}` must be of another bound metric, which is not boosted itself");
            let others = bindings.all().keys().filter(|name| **name != metric).map(Name::as_str);
            let hint = match nearest_name(boost.of.as_str(), others) {
                Some(near) if boost.of != metric => format!("did you mean `{near}`?"),
                _ => "bind the plain metric too".to_owned(),
            };
            r.problem_in(&["bind", metric.as_str(), "boost", "of"], &message, &hint);
        }
    }
}
