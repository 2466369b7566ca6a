//! `[utility.*]`, `[price.*]`, `[venue.*]`: how usage is paid, transaction fees, prices, conversion.

mod charge;
mod kept;
mod market;
mod pays;
mod stream;

pub use charge::{ChargePrice, ChargeRule, CreditRule, Each, FeeAmount, Priced, ServiceFeeRule};
pub(super) use kept::broken;
pub use market::{FeeRule, PriceRule, VenueRule};
pub(super) use market::{prices, venues};
pub use pays::{PayPart, PayTo, Pays, USD, UsdRate, pair_of};
pub use stream::{BondFate, BondLeast, BondRule, StreamMethod, StreamRule};

use super::{
    network::{Clocks, Token},
    problem::Problem,
    reader::{Reader, Wants},
};
use depin_quantity::{Name, nearest_name};
use std::collections::BTreeMap;

/// What is read before the utility.
pub(super) struct Given<'a> {
    pub(super) tokens: &'a BTreeMap<Name, Token>,
    pub(super) clocks: &'a Clocks,
    pub(super) prices: &'a BTreeMap<Name, PriceRule>,
    pub(super) venues: &'a BTreeMap<Name, VenueRule>,
    pub(super) credits: &'a BTreeMap<Name, CreditRule>,
}

/// Reads `[utility]` with what was read before it.
pub(super) fn read_all(
    r: &mut Reader<'_>,
    tokens: &BTreeMap<Name, Token>,
    clocks: &Clocks,
    prices: Option<&BTreeMap<Name, PriceRule>>,
    venues: Option<&BTreeMap<Name, VenueRule>>,
) -> Option<Utility> {
    let (prices, venues) = (prices.cloned().unwrap_or_default(), venues.cloned().unwrap_or_default());
    let given = Given { tokens, clocks, prices: &prices, venues: &venues, credits: &BTreeMap::new() };
    r.table("utility", |r| read(r, &given))
}

/// How usage is paid.
pub(super) struct Utility {
    pub(super) streams: BTreeMap<Name, StreamRule>,
    pub(super) charges: BTreeMap<Name, ChargeRule>,
    pub(super) credits: BTreeMap<Name, CreditRule>,
    pub(super) service_fees: BTreeMap<Name, ServiceFeeRule>,
    pub(super) fee: FeeRule,
}

/// Reads `[utility]`; `r` stands in that table.
fn read(r: &mut Reader<'_>, given: &Given<'_>) -> Option<Utility> {
    let credits = r.named("credit", |name, r| charge::credit(name, r, given));
    let known = credits.clone().unwrap_or_default();
    let given = Given { credits: &known, ..*given };
    no_venue_holds_credits(r, &given);
    let streams = r.named("stream", |_, r| stream::stream(r, &given));
    let charges = r.named("charge", |_, r| charge::charge(r, &given));
    if let (Some(streams), Some(charges)) = (&streams, &charges) {
        for both in streams.keys().filter(|name| charges.contains_key(name)) {
            r.problem("charge", &format!("`{both}` is a kind of stream and a kind of charge"), "name one of them otherwise");
        }
    }
    let service_fees = r.named("service-fee", |_, r| charge::service_fee(r, &given));
    let fee = market::fee(r, given.tokens);
    if fee.is_some_and(|fee| given.credits.contains_key(&fee.token)) {
        r.problem("fee", "a credit cannot pay transaction fees: a tip would send it to somebody", "name another token");
    }
    Some(Utility { streams: streams?, charges: charges?, credits: credits?, service_fees: service_fees?, fee: fee? })
}

/// What cannot be sent cannot be swapped.
fn no_venue_holds_credits(r: &mut Reader<'_>, given: &Given<'_>) {
    for (venue, rule) in given.venues {
        for credit in [rule.tokens.0, rule.tokens.1].into_iter().filter(|token| given.credits.contains_key(token)) {
            r.problem("credit", &format!("venue `{venue}` joins {credit}, which cannot be sent"), "name other tokens there");
        }
    }
}

/// Checks the pools (with the token that each pays) and treasuries that destinations name, now that all of the file is read.
pub(super) fn resolve(r: &Reader<'_>, pools: &BTreeMap<Name, Name>, treasuries: Option<&[Name]>) {
    for wanted in r.context().wanted.take() {
        let name = wanted.name;
        let (message, known): (String, Vec<&str>) = match wanted.what {
            Wants::Pool(token) => match pools.get(&name) {
                Some(pays) if *pays == token => continue,
                Some(pays) => (format!("pool `{name}` pays {pays}, and this would bring it {token}"), Vec::new()),
                None => (format!("`{name}` is no declared pool"), pools.keys().map(Name::as_str).collect()),
            },
            Wants::Treasury => match treasuries {
                Some(all) if !all.contains(&name) => {
                    (format!("`{name}` is no declared treasury"), all.iter().map(Name::as_str).collect())
                }
                _ => continue,
            },
        };
        let near = nearest_name(name.as_str(), known.iter().copied());
        let hint = near.map_or_else(
            || format!("declared: {}", if known.is_empty() { "none".to_owned() } else { known.join(", ") }),
            |near| format!("did you mean `{near}`?"),
        );
        r.context().report(Problem::new(wanted.span, message).hint(hint));
    }
}
