//! `[treasury.*]`: funds of the network.

use super::{
    network::{Token, reference},
    reader::{Declared, Reader},
    supply::Supplies,
};
use depin_quantity::{Decimal18, Instant, Name, Share, Span, Units};

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

pub(super) fn read(r: &mut Reader<'_>, tokens: &Declared<Token>, supplies: &Supplies) -> Declared<TreasuryRule> {
    r.named("treasury", |name, r| treasury(name, r, tokens, supplies))
}

fn treasury(name: Name, r: &mut Reader<'_>, tokens: &Declared<Token>, supplies: &Supplies) -> Option<TreasuryRule> {
    let title = if r.has("title") { r.text("title") } else { Some(name.as_str().to_owned()) };
    let spends = if r.has("spends") { r.name("spends").map(Some) } else { Some(None) };
    let freezes = if r.has("freezes") { r.name("freezes").map(Some) } else { Some(None) };
    let freeze_at = if r.has("freeze-at") { r.date_time("freeze-at").map(Some) } else { Some(None) };
    let redeem = if r.has("redeem") { r.inner("redeem", |r| redeem(r, tokens, supplies)).map(Some) } else { Some(None) };
    let breaker = if r.has("breaker") { r.inner("breaker", breaker).map(Some) } else { Some(None) };
    let rule = TreasuryRule {
        title: title?,
        spends: spends?,
        redeem: redeem?,
        breaker: breaker?,
        freezes: freezes?,
        freeze_at: freeze_at?,
    };
    for (key, there) in [("freezes", rule.freezes.is_some()), ("freeze-at", rule.freeze_at.is_some())] {
        if there && rule.redeem.is_none() {
            r.problem(key, "freezing stops redemption, and nothing is redeemed here", "remove it, or add `redeem`");
            return None;
        }
    }
    Some(rule)
}

fn redeem(r: &mut Reader<'_>, tokens: &Declared<Token>, supplies: &Supplies) -> Option<RedeemRule> {
    let (burns, pays) = (reference(r, "burns", "token", tokens), reference(r, "pays", "token", tokens));
    let curve = if r.has("curve") { r.decimal("curve") } else { Some(Decimal18::ZERO) };
    let (burns, pays, curve) = (burns?, pays?, curve?);
    if burns == pays || !supplies.has(burns) {
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
        r.amount_above_zero("most-amount").map(|(token, units)| BreakerMost::Amount(token, units))
    } else {
        r.share("most").map(BreakerMost::Share)
    };
    let most = most?;
    if most == BreakerMost::Share(Share::default()) {
        r.problem("most", "a breaker of 0% lets nothing out, ever", "write a share above 0%, or remove `breaker`");
        return None;
    }
    Some(BreakerRule { window: window?, most })
}
