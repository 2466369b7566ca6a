//! `[utility.*]`, `[price.*]`, `[amm-pool.*]`: how usage is paid, transaction fees, prices, conversion.

mod charge;
mod kept;
mod market;
mod pays;
mod stream;

pub use charge::{ChargePrice, ChargeRule, CreditRule, Each, FeeAmount, Priced, ServiceFeeRule};
pub(super) use kept::broken;
pub use market::{AmmPoolRule, FeeRule, PriceRule, RowFee};
pub(super) use market::{amm_pools, prices};
pub use pays::{PayPart, PayTo, Pays, USD, UsdRate, pair_of};
pub use stream::{BondFate, BondLeast, BondRule, StreamMethod, StreamRule};

use super::{
    clock::Clocks,
    network::Token,
    pool::PoolRule,
    problem::Problem,
    reader::{Declared, Reader, Wants},
    treasury::TreasuryRule,
};
use depin_quantity::{Name, nearest_name};

/// What is read before the utility.
pub(super) struct Given<'a> {
    pub(super) tokens: &'a Declared<Token>,
    pub(super) clocks: &'a Clocks,
    pub(super) prices: &'a Declared<PriceRule>,
    pub(super) amm_pools: &'a Declared<AmmPoolRule>,
    pub(super) credits: &'a Declared<CreditRule>,
}

/// Reads `[utility]` with what was read before it.
pub(super) fn read_all(
    r: &mut Reader<'_>,
    tokens: &Declared<Token>,
    clocks: &Clocks,
    prices: &Declared<PriceRule>,
    amm_pools: &Declared<AmmPoolRule>,
) -> Option<Utility> {
    let given = Given { tokens, clocks, prices, amm_pools, credits: &Declared::default() };
    let utility = r.table("utility", |r| Some(read(r, &given)));
    if let Some(utility) = &utility {
        no_amm_pool_holds_credits(r, amm_pools, &utility.credits);
    }
    utility
}

/// What could be read of how usage is paid.
#[derive(Default)]
pub(super) struct Utility {
    pub(super) streams: Declared<StreamRule>,
    pub(super) charges: Declared<ChargeRule>,
    pub(super) credits: Declared<CreditRule>,
    pub(super) service_fees: Declared<ServiceFeeRule>,
    pub(super) fee: Option<FeeRule>,
}

/// Reads `[utility]`; `r` stands in that table.
fn read(r: &mut Reader<'_>, given: &Given<'_>) -> Utility {
    let credits = r.named("credit", |name, r| charge::credit(name, r, given));
    let given = Given { credits: &credits, ..*given };
    let streams = r.named("stream", |_, r| stream::stream(r, &given));
    let charges = r.named("charge", |_, r| charge::charge(r, &given));
    for both in streams.all().keys().filter(|name| charges.has(**name)) {
        let message = format!("`{both}` is a kind of stream and a kind of charge");
        r.problem_in(&["charge", both.as_str()], &message, "name one of them otherwise");
    }
    let service_fees = r.named("service-fee", |_, r| charge::service_fee(r, &given));
    let fee = market::fee(r, given.tokens);
    if fee.is_some_and(|fee| given.credits.has(fee.token)) {
        let message = "a credit cannot pay transaction fees: a tip would send it to somebody";
        r.problem_in(&["fee", "token"], message, "name another token");
    }
    Utility { streams, charges, credits, service_fees, fee }
}

/// What cannot be sent cannot be swapped.
fn no_amm_pool_holds_credits(r: &Reader<'_>, amm_pools: &Declared<AmmPoolRule>, credits: &Declared<CreditRule>) {
    for (amm_pool, rule) in amm_pools.iter() {
        for credit in [rule.tokens.0, rule.tokens.1].into_iter().filter(|token| credits.has(*token)) {
            let message = format!("AMM pool `{amm_pool}` joins {credit}, which cannot be sent");
            r.problem_in(&["amm-pool", amm_pool.as_str(), "tokens"], &message, "name other tokens there");
        }
    }
}

/// Checks the pools (with the token that each pays) and treasuries that destinations name, now that all of the file is read.
pub(super) fn resolve(r: &Reader<'_>, pools: &Declared<PoolRule>, treasuries: &Declared<TreasuryRule>) {
    for wanted in r.context().wanted.take() {
        let name = wanted.name;
        let (message, known): (String, Vec<&str>) = match wanted.what {
            Wants::Pool(_) if !pools.has(name) => {
                (format!("`{name}` is no declared pool"), pools.all().keys().map(Name::as_str).collect())
            }
            Wants::Pool(token) => match pools.get(name).map(|pool| pool.token) {
                Some(pays) if pays != token => {
                    let message = format!("pool `{name}` pays {pays}, and this would bring it {token}");
                    let paying = pools.all().iter().filter(|(_, p)| p.as_ref().is_some_and(|p| p.token == token));
                    (message, paying.map(|(name, _)| name.as_str()).collect())
                }
                _ => continue,
            },
            Wants::Treasury if treasuries.has(name) => continue,
            Wants::Treasury => (format!("`{name}` is no declared treasury"), treasuries.all().keys().map(Name::as_str).collect()),
        };
        let near = nearest_name(name.as_str(), known.iter().copied());
        let hint = near.map_or_else(
            || format!("declared: {}", if known.is_empty() { "none".to_owned() } else { known.join(", ") }),
            |near| format!("did you mean `{near}`?"),
        );
        r.context().report(Problem::new(wanted.span, message).hint(hint));
    }
}
