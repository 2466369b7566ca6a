//! `[utility.stream.*]`: payments that run over time.

use super::{
    Given,
    pays::{Pays, currencies, pays},
};
use crate::params::{clock::periods_by, network::reference, reader::Reader};
use depin_quantity::{Name, Span, Units};
use std::collections::BTreeMap;

/// A kind of stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamRule {
    /// Tokens that it may be paid in; an escrow is in one of them.
    pub currencies: Vec<Name>,
    /// The clock whose periods it counts.
    pub clock: Name,
    /// How its money runs out.
    pub method: StreamMethod,
    /// Highest rate per period, in base units, of each currency that has one.
    pub rates_most: BTreeMap<Name, Units>,
    /// Least first deposit, in base units, of each currency that has one.
    pub deposit_least: BTreeMap<Name, Units>,
    /// Longest term in periods; the largest number when there is no longest.
    pub periods_most: u64,
    /// What the payee puts up, if anything.
    pub bond: Option<BondRule>,
    /// How long before its money ends an escrow gives notice; zero for no notice.
    pub warn_before: Span,
    /// Reasons to close early, and what becomes of the bond.
    pub close: BTreeMap<Name, BondFate>,
    /// Who gets which part of a payment.
    pub pays: Pays,
}

impl StreamRule {
    /// The currency that comes first.
    pub fn token(&self) -> Name {
        self.currencies[0]
    }

    /// Highest rate per period in `token`, in base units.
    pub fn rate_most(&self, token: Name) -> Units {
        self.rates_most.get(&token).copied().unwrap_or(Units::new(u128::MAX))
    }
}

/// How the money of streams runs out of their escrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamMethod {
    /// The whole term is reserved when the stream opens.
    Reserved,
    /// Open-ended: whole periods that the escrow can pay for, and what is left by weight of the rates when it runs out.
    Weighted,
    /// Open-ended: each settlement pays whole base units, streams in order, out of deposits in order; what is missing when it
    /// runs out stays owed.
    Ordered,
}

/// What a payee puts up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BondRule {
    /// In this token.
    pub token: Name,
    /// How much.
    pub least: BondLeast,
}

/// The least bond, in base units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BondLeast {
    /// For each GiB (2^30) of the basis.
    PerGib(Units),
    /// For each unit of the basis.
    PerUnit(Units),
    /// Whatever the basis is; no metric is bound to it.
    Fixed(Units),
}

impl BondRule {
    /// Whether it is counted on a metric.
    pub const fn counted(&self) -> bool {
        !matches!(self.least, BondLeast::Fixed(_))
    }
}

/// What becomes of a bond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BondFate {
    /// Back to who gave it.
    Return,
    /// Burnt.
    Burn,
}

pub(super) fn stream(r: &mut Reader<'_>, given: &Given<'_>) -> Option<StreamRule> {
    let (currencies, clock) = (currencies(r, given), reference(r, "clock", "clock", given.clocks));
    let methods =
        [("reserved", StreamMethod::Reserved), ("weighted", StreamMethod::Weighted), ("ordered", StreamMethod::Ordered)];
    let method = if r.has("method") { r.choice("method", &methods) } else { Some(StreamMethod::Reserved) };
    let rates_most = bounds(r, "rate", "most", currencies.as_deref());
    let deposit_least = bounds(r, "deposit", "least", currencies.as_deref());
    let periods_most = if method == Some(StreamMethod::Reserved) || r.has("term") {
        r.inner("term", |r| periods_by(r, "most", clock, given.clocks))
    } else {
        Some(u64::MAX)
    };
    let bond = if r.has("bond") { r.inner("bond", bond).map(Some) } else { Some(None) };
    let warn_before = if r.has("warn") { r.inner("warn", |r| r.span("before")) } else { Some(Span::from_millis(0)) };
    let close = r.named("close", |_, r| {
        let fates = [("return", BondFate::Return), ("burn", BondFate::Burn)];
        if r.has("bond") { r.choice("bond", &fates) } else { Some(BondFate::Return) }
    });
    let close = close.whole().then(|| close.readable());
    let pays = pays(r, given, currencies.as_deref()?);
    Some(StreamRule {
        currencies: currencies?,
        clock: clock?,
        method: method?,
        rates_most: rates_most?,
        deposit_least: deposit_least?,
        periods_most: periods_most?,
        bond: bond?,
        warn_before: warn_before?,
        close: close?,
        pays: pays?,
    })
}

/// Reads an optional table of one bound per currency.
fn bounds(r: &mut Reader<'_>, table: &str, key: &str, currencies: Option<&[Name]>) -> Option<BTreeMap<Name, Units>> {
    if !r.has(table) {
        return Some(BTreeMap::new());
    }
    r.inner(table, |r| {
        let bounds = r.amounts(key)?;
        if let Some(other) = bounds.keys().find(|token| currencies.is_some_and(|all| !all.contains(token))) {
            r.problem(key, &format!("{other} is none of the currencies"), "list it in `currencies`, or bound another");
            return None;
        }
        Some(bounds)
    })
}

fn bond(r: &mut Reader<'_>) -> Option<BondRule> {
    if r.has("amount") {
        let (token, units) = r.amount_above_zero("amount")?;
        return Some(BondRule { token, least: BondLeast::Fixed(units) });
    }
    if r.has("per-unit") {
        let (token, units) = r.amount_above_zero("per-unit")?;
        return Some(BondRule { token, least: BondLeast::PerUnit(units) });
    }
    let (token, units) = r.amount_above_zero("per-gib")?;
    Some(BondRule { token, least: BondLeast::PerGib(units) })
}
