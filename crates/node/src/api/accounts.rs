//! Accounts.

use super::{
    App, PageQuery, Shared,
    error::ApiResult,
    extract::{Params, Segment, page_after, page_limit},
};
use axum::{Json, extract::State};
use depin_client::api::{Account, AccountEntry, ErrorBody, Page, Vesting};
use depin_economy::{Account as Book, Reads, WalletRow};
use depin_ledger::AccountRow;
use depin_quantity::{Address, Name, Units};
use depin_state::ReadState;

/// Accounts that ever held something, in order of address.
#[utoipa::path(get, path = "/v1/accounts", tag = "accounts", params(PageQuery),
    responses((status = 200, body = Page<AccountEntry>), (status = "default", body = ErrorBody)))]
pub(super) async fn accounts(State(app): State<Shared>, Params(query): Params<PageQuery>) -> ApiResult<Json<Page<AccountEntry>>> {
    let limit = page_limit(query.limit, 100, 1_000)?;
    let after = page_after::<Address>(query.after.as_deref())?;
    Ok(Json(app.read(|state, reads| {
        let mut items: Vec<AccountEntry> = Vec::new();
        let mut row = match after {
            None => state.rows::<WalletRow>().next(),
            Some(after) => state.first_from::<WalletRow>(&(after, app.tokens.main)),
        };
        while let Some((key, _)) = row {
            let (address, _) = key;
            let seen = after == Some(address) || items.last().is_some_and(|last| last.address == address);
            if !seen {
                if items.len() == limit {
                    let next = items.last().map(|last| last.address.to_string());
                    return Page { items, next };
                }
                items.push(entry(&app, state, reads, address));
            }
            row = state.next_after::<WalletRow>(&key);
        }
        Page { items, next: None }
    })))
}

fn entry(app: &App, state: &dyn ReadState, reads: &Reads<'_>, address: Address) -> AccountEntry {
    AccountEntry { address, name: app.name_of(state, address), balances: balances(app, reads, address) }
}

fn balances(app: &App, reads: &Reads<'_>, address: Address) -> Vec<depin_client::api::Amount> {
    app.tokens.names().map(|token| app.tokens.amount(token, reads.wallet(address, token).held)).collect()
}

/// One account; zeros for an address that was never used.
#[utoipa::path(get, path = "/v1/accounts/{address}", tag = "accounts", params(("address" = String, Path, description = "Its address")),
    responses((status = 200, body = Account), (status = "default", body = ErrorBody)))]
pub(super) async fn account(State(app): State<Shared>, Segment(address): Segment<Address>) -> ApiResult<Json<Account>> {
    let waiting = app.pool.next_nonce(&address);
    Ok(Json(app.read(|state, reads| {
        let tokens = &app.tokens;
        let nonce = state.get::<AccountRow>(&address).unwrap_or_default().nonce;
        let vesting = reads.vesting(address, tokens.main);
        let now = app.now();
        Account {
            address,
            name: app.name_of(state, address),
            nonce,
            next_nonce: waiting.unwrap_or(nonce).max(nonce),
            balances: balances(&app, reads, address),
            pledged: tokens.main(reads.balance(Book::Pledge(address), tokens.main)),
            vesting: Vesting {
                locked: tokens.main(vesting.locked),
                vested: tokens.main(vesting.vested),
                next: vesting.entries.iter().map(|(at, _)| *at).find(|at| *at > now).map(Into::into),
            },
            claimable: tokens.main(claimable(&app, reads, address)),
            debt: tokens.main(reads.wallet(address, tokens.main).owed),
            datacap: u64::try_from(reads.allowance(Name::literal("datacap"), address).left.get()).unwrap_or(u64::MAX),
        }
    })))
}

/// What the account earned in all pools of the main token and was not paid.
fn claimable(app: &App, reads: &Reads<'_>, address: Address) -> Units {
    let pools = app.ledger.economy().spec().pools().iter().filter(|(_, pool)| pool.token == app.tokens.main);
    let pending = pools.flat_map(|(name, _)| reads.members(*name, address)).map(|member| member.pending.get());
    Units::new(pending.fold(0, u128::saturating_add))
}
