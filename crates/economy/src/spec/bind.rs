//! `[bind]`: what each measure of the service is for.

use super::{incentive::Incentive, network::reference, reader::Reader, utility::StreamRule};
use depin_quantity::Name;
use std::collections::BTreeMap;

/// What a measure is for. All empty: it is counted, and nothing depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Binding {
    /// Its quantity is weight in this pool.
    pub pool: Option<Name>,
    /// This kind of pledge is counted on it.
    pub pledge: Option<Name>,
    /// The bond of this kind of stream is counted on it.
    pub bond: Option<Name>,
    /// It is another measure, boosted where allowances back it.
    pub boost: Option<Boost>,
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

pub(super) fn read(
    r: &mut Reader<'_>,
    incentive: &Incentive,
    streams: &BTreeMap<Name, StreamRule>,
) -> Option<BTreeMap<Name, Binding>> {
    let bindings = r.named("bind", |_, r| {
        let pool = if r.has("pool") { Some(reference(r, "pool", "pool", &incentive.pools)?) } else { None };
        let pledge = if r.has("pledge") { Some(reference(r, "pledge", "kind of pledge", &incentive.pledges)?) } else { None };
        let bond = if r.has("bond") { Some(reference(r, "bond", "kind of stream", streams)?) } else { None };
        let boost = if r.has("boost") { Some(r.table("boost", |r| boost(r, incentive))?) } else { None };
        Some(Binding { pool, pledge, bond, boost })
    })?;
    every_boost_has_a_base(r, &bindings);
    every_rule_has_one_measure(r, &bindings, incentive, streams);
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

fn every_rule_has_one_measure(
    r: &mut Reader<'_>,
    bindings: &BTreeMap<Name, Binding>,
    incentive: &Incentive,
    streams: &BTreeMap<Name, StreamRule>,
) {
    let count =
        |pick: &dyn Fn(&Binding) -> Option<Name>, name: &Name| bindings.values().filter(|b| pick(b) == Some(*name)).count();
    for pool in incentive.pools.keys().filter(|n| count(&|b| b.pool, n) != 1) {
        r.problem(
            "bind",
            &format!("pool `{pool}` must be bound to exactly one measure, or nobody can earn from it"),
            "bind a measure with { pool = \"…\" }",
        );
    }
    for pledge in incentive.pledges.keys().filter(|n| count(&|b| b.pledge, n) != 1) {
        r.problem(
            "bind",
            &format!("pledge `{pledge}` must be bound to exactly one measure"),
            "bind a measure with { pledge = \"…\" }",
        );
    }
    for stream in streams.keys().filter(|n| count(&|b| b.bond, n) != 1) {
        r.problem(
            "bind",
            &format!("the bond of stream `{stream}` must be bound to exactly one measure"),
            "bind a measure with { bond = \"…\" }",
        );
    }
}
