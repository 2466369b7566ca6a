//! Supply, prices, audit.

use super::{App, Shared, error::ApiResult};
use axum::{Json, extract::State};
use depin_client::api::{Audit, AuditTotal, ErrorBody, PriceEntry, Prices, Supply, SupplyPart, TokenSupply};
use depin_economy::{AccountClass, Reads};
use depin_quantity::{Name, Units};
use std::sync::Arc;

/// Supply of every token.
#[utoipa::path(get, path = "/v1/supply", tag = "economy", responses((status = 200, body = Supply), (status = "default", body = ErrorBody)))]
pub(super) async fn supply(State(app): State<Shared>) -> Json<Supply> {
    let tokens = app.read(|_, reads| app.tokens.names().filter_map(|token| token_supply(&app, reads, token)).collect());
    Json(Supply { tokens })
}

fn token_supply(app: &Shared, reads: &Reads<'_>, token: Name) -> Option<TokenSupply> {
    // A credit, or a token that a bridge mints, has no supply rules: no cap, no allocations.
    let (issued, supply) = (reads.issued(token)?, reads.supply(token));
    let total = issued.minted.minus_or_zero(issued.burned);
    let amount = |units| app.tokens.amount(token, units);
    let mut parts = Vec::new();
    let mut elsewhere = Units::ZERO;
    for class in AccountClass::ALL {
        let held = reads.class(class, token);
        elsewhere = elsewhere.plus(held).ok()?;
        parts.push(SupplyPart { name: class_name(class).to_owned(), amount: amount(held) });
    }
    // Wallets have no running sum: they are what is left. The audit adds them up.
    parts.insert(0, SupplyPart { name: "accounts".to_owned(), amount: amount(total.minus_or_zero(elsewhere)) });
    Some(TokenSupply {
        token,
        cap: supply.map(|supply| amount(supply.cap)),
        minted: amount(issued.minted),
        burned: amount(issued.burned),
        circulating: amount(supply.map_or(total, |supply| supply.circulating)),
        forfeited: supply.map(|supply| amount(supply.forfeited)),
        parts,
    })
}

const fn class_name(class: AccountClass) -> &'static str {
    match class {
        AccountClass::Pool => "reward pools",
        AccountClass::Vesting => "vesting rewards",
        AccountClass::Pledge => "pledge",
        AccountClass::Escrow => "escrows",
        AccountClass::Bond => "bonds",
        AccountClass::Allocation => "allocations",
        AccountClass::Treasury => "treasury",
        AccountClass::AmmPool => "AMM pools",
        AccountClass::Hold => "holds",
        AccountClass::Stake => "delegated stake",
        AccountClass::Unbonding => "leaving stake and pledges",
        AccountClass::Locked => "locks",
        AccountClass::Slashed => "slashed, open to appeal",
    }
}

/// Prices of the parameter version in force, as reported.
#[utoipa::path(get, path = "/v1/prices", tag = "economy", responses((status = 200, body = Prices), (status = "default", body = ErrorBody)))]
pub(super) async fn prices(State(app): State<Shared>) -> Json<Prices> {
    let prices = app.read(|state, reads| {
        let entry = |(pair, rule): (&Name, &depin_economy::PriceRule)| {
            let now = reads.price(*pair).ok();
            let account = |role: &Name| reads.role(*role).map(|a| app.name_of(state, a).unwrap_or_else(|| a.to_string()));
            PriceEntry {
                pair: *pair,
                price: now.map(|now| now.price.to_decimal()),
                reported: now.map(|now| now.oldest.into()),
                stale: now.is_none(),
                reporters: rule.reporters.iter().filter_map(account).collect(),
            }
        };
        reads.spec().prices().iter().map(entry).collect()
    });
    Json(Prices { prices })
}

/// Checks everything that is held against everything that was minted, deals against sectors. It is made while blocks go on, one at a
/// time, once for all who ask meanwhile; on a chain with so many rows that it takes long, the last one's answer stands for a while.
#[utoipa::path(get, path = "/v1/audit", tag = "economy", responses((status = 200, body = Audit), (status = "default", body = ErrorBody)))]
pub(super) async fn audit(State(app): State<Shared>) -> ApiResult<Json<Audit>> {
    let (making, height) = (Arc::clone(&app), app.ledger.head().height);
    app.audited.get(height, move || make_audit(&making)).await.map(Json)
}

fn make_audit(app: &App) -> Option<(u64, Audit)> {
    let found = app.ledger.audit_beside()?;
    let total = |token: &depin_economy::TokenAudit| AuditTotal {
        token: token.token,
        minted: app.tokens.amount(token.token, token.minted),
        burned: app.tokens.amount(token.token, token.burned),
        // A sum past 128 bits can only be shown as the largest amount; the violation beside it says so.
        held: app.tokens.amount(token.token, Units::new(token.held.parse().unwrap_or(u128::MAX))),
    };
    let audit = Audit {
        ok: found.ok,
        height: found.height,
        violations: found.violations,
        totals: found.economy.tokens.iter().map(total).collect(),
    };
    Some((found.height, audit))
}
