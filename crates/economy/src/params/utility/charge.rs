//! `[utility.charge.*]`, `[utility.credit.*]`, `[utility.service-fee.*]`: payments at once, credits, fees of a service.

use super::{
    Given,
    pays::{PayPart, PayTo, Pays, UsdRate, currencies, destination, parts, pays, usd_rates},
};
use crate::params::{network::reference, reader::Reader};
use depin_quantity::{Decimal18, Name, Share, Span, Units};
use std::collections::BTreeMap;

/// A kind of charge: paid now, or held and captured in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeRule {
    /// Tokens that it may be paid in.
    pub currencies: Vec<Name>,
    /// Who gets which part.
    pub pays: Pays,
    /// How its amounts are stated.
    pub price: ChargePrice,
    /// Longest hold; `None` when it cannot be held.
    pub hold_most: Option<Span>,
    /// Scope and gauge that what it burns is added to: a score of sub-networks may go by it.
    pub counts: Option<(Name, Name)>,
}

/// How amounts of a charge are stated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChargePrice {
    /// Agreed by the parties, in a currency.
    Agreed,
    /// Agreed by the parties, in dollars; what each currency is worth.
    Usd(BTreeMap<Name, UsdRate>),
    /// By the economy, from a quantity of a metric.
    Priced(Priced),
}

/// A price per started unit of a metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priced {
    /// What one unit costs.
    pub each: Each,
    /// How much of the metric one unit is.
    pub per: u64,
    /// Least number of units that are charged.
    pub least: u64,
}

/// What one unit costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Each {
    /// Base units of the only currency.
    Units(Units),
    /// Dollars; what each currency is worth.
    Usd(Decimal18, BTreeMap<Name, UsdRate>),
}

/// A credit: a token that is minted only by burning another at its price, and cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreditRule {
    /// What is burnt.
    pub from: Name,
    /// What one whole credit costs in dollars.
    pub usd: Decimal18,
    /// The pair that says what `from` is worth in dollars.
    pub pair: Name,
    /// Least that is minted at once, in base units of the credit.
    pub least: Units,
}

/// A fee of the service: once, or again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceFeeRule {
    /// What it is paid in.
    pub token: Name,
    /// How much, each time.
    pub amount: FeeAmount,
    /// Counted per started so many units of a metric; `None`: the same for everybody.
    pub per: Option<u64>,
    /// Where it goes.
    pub pays: Vec<PayPart>,
    /// The time between two of a recurring fee.
    pub every: Option<Span>,
}

/// How much a fee is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeeAmount {
    /// Base units of its token.
    Units(Units),
    /// Dollars, and what its token is worth.
    Usd(Decimal18, UsdRate),
}

/// Reads `[utility.credit.<token>]`, named like the token.
pub(super) fn credit(name: Name, r: &mut Reader<'_>, given: &Given<'_>) -> Option<CreditRule> {
    let (from, usd) = (reference(r, "from", "token", given.tokens), r.usd("usd"));
    let least = if r.has("least") { r.amount_of_above_zero("least", name) } else { Some(Units::new(1)) };
    let from = from?;
    let rates = usd_rates(r, "price", given, &[from])?;
    if given.tokens.get(name).map_or(!given.tokens.has(name), |token| token.transferable) {
        let hint = format!("declare [[token]] with id = \"{name}\" and transferable = false");
        r.problem("from", &format!("the credit `{name}` must be a token that cannot be sent"), &hint);
        return None;
    }
    let Some(UsdRate::Pair(pair)) = rates.get(&from).copied() else {
        r.problem("from", "a credit is minted by burning a token with a price, not another credit", "name the network's token");
        return None;
    };
    Some(CreditRule { from, usd: usd?, pair, least: least?.max(Units::new(1)) })
}

pub(super) fn charge(r: &mut Reader<'_>, given: &Given<'_>) -> Option<ChargeRule> {
    let hold_most = if r.has("hold-most") { r.span("hold-most").map(Some) } else { Some(None) };
    let currencies = currencies(r, given)?;
    let pays = pays(r, given, &currencies);
    let price = price(r, given, &currencies);
    let counts = |r: &mut Reader<'_>| {
        let (scope, gauge) = (r.name("scope"), r.name("gauge"));
        Some((scope?, gauge?))
    };
    let counts = if r.has("counts") { r.inner("counts", counts).map(Some) } else { Some(None) };
    Some(ChargeRule { pays: pays?, price: price?, hold_most: hold_most?, counts: counts?, currencies })
}

fn price(r: &mut Reader<'_>, given: &Given<'_>, currencies: &[Name]) -> Option<ChargePrice> {
    if r.has("priced") && r.has("in-usd") {
        r.problem("in-usd", "amounts are agreed in dollars or priced by the economy, not both", "remove `in-usd` or `priced`");
        return None;
    }
    if r.has("in-usd") {
        return usd_rates(r, "in-usd", given, currencies).map(ChargePrice::Usd);
    }
    if !r.has("priced") {
        return Some(ChargePrice::Agreed);
    }
    r.inner("priced", |r| {
        let (per, least) =
            (r.integer("per", 1..=u64::MAX), if r.has("least") { r.integer("least", 0..=u64::MAX) } else { Some(0) });
        let each = if r.has("amount") {
            let (token, units) = r.amount_above_zero("amount")?;
            if currencies != [token] {
                r.problem("amount", &format!("{token} must be the only currency"), "price in dollars with `usd` for several");
                return None;
            }
            Each::Units(units)
        } else {
            let usd = r.usd("usd");
            Each::Usd(usd?, usd_rates(r, "price", given, currencies)?)
        };
        Some(ChargePrice::Priced(Priced { each, per: per?, least: least? }))
    })
}

pub(super) fn service_fee(r: &mut Reader<'_>, given: &Given<'_>) -> Option<ServiceFeeRule> {
    let in_dollars = r.text("amount").is_some_and(|text| text.trim_end().ends_with("USD")) && !given.tokens.has(super::pays::USD);
    let (token, amount) = if in_dollars {
        let usd = r.usd("amount");
        let token = reference(r, "in", "token", given.tokens)?;
        let rate = *usd_rates(r, "price", given, &[token])?.get(&token)?;
        (token, FeeAmount::Usd(usd?, rate))
    } else {
        let (token, units) = r.amount_above_zero("amount")?;
        if r.has("in") && r.name("in")? != token {
            r.problem("in", &format!("the amount is one of {token}"), "remove `in`, or state the amount in dollars");
            return None;
        }
        (token, FeeAmount::Units(units))
    };
    let pays = if r.has("pays") {
        parts(r, "pays", given, &[token], false)?
    } else {
        let to = destination(r, "to", given, &[token], None, false)?;
        if to != PayTo::Burn && given.credits.has(token) {
            r.problem("to", &format!("{token} is not transferable, so it can only be burnt"), "write to = \"burn\"");
            return None;
        }
        vec![PayPart { to, share: Share::WHOLE, convert: None }]
    };
    let every = if r.has("every") { Some(r.span("every")?) } else { None };
    if every.is_some_and(|every| every.get() < 1_000) {
        r.problem("every", "a fee recurs at most every second", "write a longer time");
        return None;
    }
    let per = if r.has("per") { Some(r.integer("per", 1..=u64::MAX)?) } else { None };
    Some(ServiceFeeRule { token, amount, per, pays, every })
}
