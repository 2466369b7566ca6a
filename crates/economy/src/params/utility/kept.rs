//! What a dated change may not change of how usage is paid: what is open when it comes must go on.

use super::{BondRule, ChargePrice};
use crate::params::Spec;
use depin_quantity::Name;
use std::mem::discriminant;

/// Every mistake of this sort, in words.
pub(in crate::params) fn broken(before: &Spec, after: &Spec) -> Vec<String> {
    let mut broken = Vec::new();
    let mut keep = |holds: bool, what: &str, name: &Name| {
        if !holds {
            broken.push(format!("a change can't change {what} of `{name}`: there may be some of it open"));
        }
    };
    let still = |all: &[Name], now: &[Name]| all.iter().all(|token| now.contains(token));
    let bonded = |bond: Option<BondRule>| bond.map(|bond| bond.token);
    for (name, rule) in &before.streams {
        let Some(now) = after.streams.get(name) else { continue };
        keep(rule.clock == now.clock && rule.method == now.method, "clock or method", name);
        keep(still(&rule.currencies, &now.currencies), "the earlier currencies", name);
        keep(bonded(rule.bond) == bonded(now.bond), "the token of the bond", name);
    }
    let form = |price: &ChargePrice| discriminant(price);
    for (name, rule) in &before.charges {
        let Some(now) = after.charges.get(name) else { continue };
        keep(form(&rule.price) == form(&now.price) || rule.hold_most.is_none(), "how amounts are stated", name);
        keep(still(&rule.currencies, &now.currencies), "the earlier currencies", name);
    }
    for (name, rule) in before.service_fees.iter().filter(|(_, rule)| rule.every.is_some()) {
        let Some(now) = after.service_fees.get(name) else { continue };
        keep(now.every.is_some() && rule.token == now.token, "the token or recurrence", name);
        keep(rule.per.is_some() == now.per.is_some(), "whether it is counted", name);
    }
    for (name, rule) in &before.credits {
        keep(after.credits.get(name).is_none_or(|now| now.from == rule.from), "what is burnt for credits", name);
    }
    broken
}
