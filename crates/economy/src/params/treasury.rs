//! `[treasury.*]`: funds of the network.

use super::{
    network::{Token, reference},
    reader::Reader,
    supply::Supplies,
};
use depin_quantity::{Decimal18, Instant, Name, Share, Span, Units};
use std::collections::BTreeMap;

/// A fund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreasuryRule {
    /// Its name for people.
    pub title: String,
    /// The role that spends from it; nobody does when `None`.
    pub spends: Option<Name>,
    /// What it pays to who burns.
    pub redeem: Option<RedeemRule>,
    /// How fast it may be emptied.
    pub breaker: Option<BreakerRule>,
    /// The role that stops and resumes redemption.
    pub freezes: Option<Name>,
    /// From then on nothing is redeemed.
    pub freeze_at: Option<Instant>,
}

/// The steepest curve of a redemption.
pub const CURVE_MOST: Decimal18 = Decimal18::new(15 * Decimal18::ONE.get());

/// Redemption along a curve: burning `d` of a supply `s` pays `reserve * (1 - ((s - d) / s)^(1 + curve))`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedeemRule {
    /// The token that is burnt.
    pub burns: Name,
    /// The token that is paid.
    pub pays: Name,
    /// The exponent above one; zero pays in proportion.
    pub curve: Decimal18,
}

/// A circuit breaker with linear decay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerRule {
    /// What went out is forgotten evenly over this.
    pub window: Span,
    /// Most that may have gone out within it.
    pub most: BreakerMost,
}

/// The threshold of a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerMost {
    /// Of what the fund holds of the token.
    Share(Share),
    /// This many base units of this token; other tokens are not watched.
    Amount(Name, Units),
}

pub(super) fn read(
    r: &mut Reader<'_>,
    tokens: &BTreeMap<Name, Token>,
    supplies: &Supplies,
) -> Option<BTreeMap<Name, TreasuryRule>> {
    r.named("treasury", |name, r| treasury(name, r, tokens, supplies))
}

fn treasury(name: Name, r: &mut Reader<'_>, tokens: &BTreeMap<Name, Token>, supplies: &Supplies) -> Option<TreasuryRule> {
    let title = if r.has("title") { r.text("title") } else { Some(name.as_str().to_owned()) };
    let spends = if r.has("spends") { Some(r.name("spends")?) } else { None };
    let freezes = if r.has("freezes") { Some(r.name("freezes")?) } else { None };
    let freeze_at = if r.has("freeze-at") { Some(instant(r, "freeze-at")?) } else { None };
    let redeem = if r.has("redeem") { Some(r.inner("redeem", |r| redeem(r, tokens, supplies))?) } else { None };
    let breaker = if r.has("breaker") { Some(r.inner("breaker", breaker)?) } else { None };
    Some(TreasuryRule { title: title?, spends, redeem, breaker, freezes, freeze_at })
}

fn redeem(r: &mut Reader<'_>, tokens: &BTreeMap<Name, Token>, supplies: &Supplies) -> Option<RedeemRule> {
    let (burns, pays) = (reference(r, "burns", "token", tokens), reference(r, "pays", "token", tokens));
    let curve = if r.has("curve") { r.decimal("curve") } else { Some(Decimal18::ZERO) };
    let (burns, pays, curve) = (burns?, pays?, curve?);
    if burns == pays || !supplies.contains_key(&burns) {
        r.problem(
            "burns",
            "redemption burns one token of a known supply and pays another",
            "write burns = \"IOT\", pays = \"HNT\", and declare [supply.…] of what is burnt",
        );
        return None;
    }
    if curve > CURVE_MOST {
        r.problem("curve", "the curve's exponent must be at most 15", "write curve = \"0\" for payment in proportion");
        return None;
    }
    Some(RedeemRule { burns, pays, curve })
}

fn breaker(r: &mut Reader<'_>) -> Option<BreakerRule> {
    let window = r.span("window");
    let most = if r.has("most-amount") {
        r.amount("most-amount").map(|(token, units)| BreakerMost::Amount(token, units))
    } else {
        r.share("most").map(BreakerMost::Share)
    };
    let window = window?;
    if window.get() == 0 {
        r.problem("window", "a breaker's window must have a length", "write window = \"1d\"");
        return None;
    }
    Some(BreakerRule { window, most: most? })
}

fn instant(r: &mut Reader<'_>, key: &str) -> Option<Instant> {
    let date = r.date(key)?;
    let text = match (date.time, date.offset) {
        (None, None) => format!("{date}T00:00:00Z"),
        (Some(_), None) => format!("{date}Z"),
        _ => date.to_string(),
    };
    let parsed = time::OffsetDateTime::parse(&text, &time::format_description::well_known::Rfc3339).ok();
    let millis = parsed.and_then(|t| u64::try_from(t.unix_timestamp_nanos() / 1_000_000).ok());
    if millis.is_none() {
        r.problem(key, &format!("`{key}` must be a date from 1970 on"), "write it like 2024-08-01T00:00:00Z");
    }
    millis.map(Instant::new)
}
