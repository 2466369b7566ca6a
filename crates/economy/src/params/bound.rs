//! Rules that need a metric, and metrics that need a rule: what `[bind]` leaves out.
//!
//! In: one parameter version's bindings. Out: problems at the pool, pledge or payment that nothing is counted for. Called by the second look.

use super::{ChargePrice, Method, PayTo, check::Check};
use depin_quantity::Name;

pub(super) fn look(check: &mut Check<'_>) {
    if !check.knows(&["bind"]) {
        return;
    }
    pools(check);
    counted(check);
    if check.knows(&["pool", "stream", "charge"]) {
        payees(check);
    }
}

fn count(check: &Check<'_>, pick: impl Fn(&super::Binding) -> Option<Name>, name: Name) -> usize {
    check.spec.bindings.values().filter(|b| pick(b) == Some(name)).count()
}

fn pools(check: &mut Check<'_>) {
    let spec = check.spec;
    for (pool, rule) in &spec.pools {
        let (by_metric, bound) = (rule.method.by_metric(), count(check, |b| b.pool, *pool));
        if by_metric && bound == 0 {
            check.problem(
                &format!("incentive.pool.{pool}"),
                format!("pool `{pool}` must be bound to a metric, or nobody can earn from it"),
                &format!("bind a metric to it in [bind]: … = {{ pool = \"{pool}\" }}"),
            );
        } else if !by_metric && bound > 0 {
            let metric = spec.bindings.iter().find(|(_, b)| b.pool == Some(*pool)).map(|(metric, _)| *metric);
            let path = metric.map_or_else(|| "bind".to_owned(), |metric| format!("bind.{metric}.pool"));
            let word = match rule.method {
                Method::Direct(_) => "straight to an account",
                Method::Staked(_) => "by stake",
                _ => "by locks",
            };
            check.problem(&path, format!("pool `{pool}` pays by no metric, but {word}"), "bind the metric to another pool");
        }
    }
}

fn counted(check: &mut Check<'_>) {
    let spec = check.spec;
    for name in spec.pledges.keys().filter(|n| count(check, |b| b.pledge, **n) != 1).copied().collect::<Vec<_>>() {
        check.problem(
            &format!("incentive.pledge.{name}"),
            format!("pledge `{name}` must be bound to exactly one metric, not {}", count(check, |b| b.pledge, name)),
            &format!("bind one in [bind]: … = {{ pledge = \"{name}\" }}"),
        );
    }
    let bonded = spec.streams.iter().filter(|(_, rule)| rule.bond.is_some_and(|bond| bond.counted())).map(|(name, _)| *name);
    for name in bonded.filter(|n| count(check, |b| b.bond, *n) != 1).collect::<Vec<_>>() {
        check.problem(
            &format!("utility.stream.{name}.bond"),
            format!("the bond of stream `{name}` must be bound to exactly one metric, not {}", count(check, |b| b.bond, name)),
            &format!("bind one in [bind]: … = {{ bond = \"{name}\" }}"),
        );
    }
    let priced = spec.charges.iter().filter(|(_, rule)| matches!(rule.price, ChargePrice::Priced(_))).map(|(name, _)| *name);
    for name in priced.filter(|n| count(check, |b| b.charge, *n) == 0).collect::<Vec<_>>() {
        check.problem(
            &format!("utility.charge.{name}.priced"),
            format!("charge `{name}` is priced by a metric, and none is bound to it"),
            &format!("bind one in [bind]: … = {{ charge = \"{name}\" }}"),
        );
    }
    let per = spec.service_fees.iter().filter(|(_, rule)| rule.per.is_some()).map(|(name, _)| *name);
    for name in per.filter(|n| count(check, |b| b.service_fee, *n) == 0).collect::<Vec<_>>() {
        check.problem(
            &format!("utility.service-fee.{name}.per"),
            format!("service fee `{name}` is counted per unit of a metric, and none is bound to it"),
            &format!("bind one in [bind]: … = {{ service-fee = \"{name}\" }}"),
        );
    }
}

/// Somebody is paid for the work: by its customers, or out of a pool that work feeds.
fn payees(check: &mut Check<'_>) {
    let spec = check.spec;
    if spec.pools.values().any(|pool| pool.method.by_metric()) {
        return;
    }
    let streams = spec.streams.iter().map(|(name, rule)| (format!("utility.stream.{name}"), &rule.pays, &rule.currencies));
    let charges = spec.charges.iter().map(|(name, rule)| (format!("utility.charge.{name}"), &rule.pays, &rule.currencies));
    for (path, pays, currencies) in streams.chain(charges).collect::<Vec<_>>() {
        let unpaid = |token: &&Name| pays.of(**token, currencies).iter().all(|part| part.to != PayTo::Payee);
        let Some(token) = currencies.iter().find(unpaid) else { continue };
        let key = if pays.other.is_some() && currencies.first() != Some(token) { "pays-other" } else { "pays" };
        let message = format!("nobody is paid for work in {token}: no part goes to the payee, and no pool pays by a metric");
        let hint = "add { to = \"payee\", share = \"…\" }, or a pool that a metric is bound to";
        check.problem(&format!("{path}.{key}"), message, hint);
    }
}
