//! Accounts.

use super::{
    App, PageQuery, Shared, Written,
    error::ApiResult,
    extract::{Params, Segment, page_after, page_limit},
};
use axum::{Json, extract::State};
use depin_client::api::{Account, AccountEntry, Committed, ErrorBody, Holdings, Page, RewardDue, Vesting};
use depin_economy::{Account as Book, Reads, WalletRow};
use depin_ledger::AccountRow;
use depin_quantity::{Address, Instant, Name, UnitId, Units};
use depin_state::ReadState;
use std::collections::BTreeSet;

/// Accounts that ever held something, in order of address.
#[utoipa::path(get, path = "/v1/accounts", tag = "accounts", params(PageQuery),
    responses((status = 200, body = Page<AccountEntry>), (status = "default", body = ErrorBody)))]
pub(super) async fn accounts(State(app): State<Shared>, Params(query): Params<PageQuery>) -> ApiResult<Written> {
    let limit = page_limit(query.limit, 100, 1_000)?;
    let after = page_after::<Address>(query.after.as_deref())?;
    let listed = app.list(move |app, state, reads| {
        let mut items: Vec<AccountEntry> = Vec::new();
        let mut row = match after {
            None => state.rows::<WalletRow>().next(),
            Some(after) => state.first_from::<WalletRow>(&(after, app.tokens.first())),
        };
        while let Some((key, _)) = row {
            let (address, _) = key;
            let seen = after == Some(address) || items.last().is_some_and(|last| last.address == address);
            if !seen {
                if items.len() == limit {
                    let next = items.last().map(|last| last.address.to_string());
                    return Ok(Page { items, next });
                }
                items.push(entry(app, state, reads, address));
            }
            row = state.next_after::<WalletRow>(&key);
        }
        Ok(Page { items, next: None })
    });
    listed.await
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
    // Before the rows are read: the ledger is not asked again while it is.
    let now = app.now();
    Ok(Json(app.read(|state, reads| {
        let tokens = &app.tokens;
        let nonce = state.get::<AccountRow>(&address).unwrap_or_default().nonce;
        let main = holdings(&app, reads, address, tokens.main, now);
        let other = tokens.names().filter(|token| *token != tokens.main);
        Account {
            address,
            name: app.name_of(state, address),
            nonce,
            next_nonce: waiting.unwrap_or(nonce).max(nonce),
            balances: balances(&app, reads, address),
            pledged: main.pledged,
            vesting: main.vesting,
            claimable: main.claimable,
            debt: main.debt,
            other: other.map(|token| holdings(&app, reads, address, token, now)).filter(|held| !held.is_empty()).collect(),
            committed: committed(&app, reads, address, now),
            datacap: u64::try_from(reads.allowance(Name::literal("datacap"), address).left.get()).unwrap_or(u64::MAX),
        }
    })))
}

/// What an account's units have coming: what closed periods owe, and what the open one would give as things stand. By pool and unit.
#[utoipa::path(get, path = "/v1/accounts/{address}/rewards", tag = "accounts", params(("address" = String, Path, description = "Its address")),
    responses((status = 200, body = Page<RewardDue>), (status = "default", body = ErrorBody)))]
pub(super) async fn rewards(State(app): State<Shared>, Segment(address): Segment<Address>) -> ApiResult<Written> {
    let listed = app.list(move |app, _, reads| {
        let due = reads.rewards_due(address).into_iter();
        let items = due.map(|due| RewardDue {
            pool: due.pool,
            unit: Some(due.subject.unit()).filter(|unit| *unit != UnitId::default()),
            owed: app.tokens.amount(due.token, due.owed),
            weight: due.weight.get().to_string(),
            of: due.of.get().to_string(),
            expected: due.expected.map(|units| app.tokens.amount(due.token, units)),
            ends: due.ends.map(Into::into),
        });
        Ok(Page { items: items.collect(), next: None })
    });
    listed.await
}

/// What the account has of one token besides its spendable balance.
fn holdings(app: &App, reads: &Reads<'_>, address: Address, token: Name, now: Instant) -> Holdings {
    let amount = |units| app.tokens.amount(token, units);
    let vesting = reads.vesting(address, token);
    Holdings {
        pledged: amount(reads.balance(Book::Pledge(address), token)),
        vesting: Vesting {
            locked: amount(vesting.locked),
            vested: amount(vesting.vested),
            next: vesting.entries.iter().map(|(at, _)| *at).find(|at| *at > now).map(Into::into),
        },
        claimable: amount(claimable(app, reads, address, token)),
        debt: amount(reads.wallet(address, token).owed),
    }
}

/// Validators of a staking that an account's stake is looked for with.
const VALIDATORS_MAX: usize = 1_000;

/// What the account has staked and locked, and what is on its way back.
fn committed(app: &App, reads: &Reads<'_>, address: Address, now: Instant) -> Vec<Committed> {
    let amount = |token, units| app.tokens.amount(token, units);
    let mut all = Vec::new();
    let genesis = app.ledger.doc().time;
    let spec = app.ledger.economy().spec_at(genesis, now);
    for (staking, rule) in spec.stakings() {
        for validator in reads.validators(*staking, None, VALIDATORS_MAX) {
            let Some(delegation) = reads.delegation(*staking, validator.operator, address) else { continue };
            all.push(Committed {
                to: *staking,
                with: Some(validator.operator),
                id: None,
                amount: amount(rule.token, delegation.stake),
                until: None,
                accrued: delegation.accrued.iter().map(|(token, units)| amount(*token, *units)).collect(),
            });
        }
    }
    for (id, lock) in reads.locks(address) {
        let token = spec.lock(lock.row.lock).map_or(app.tokens.main, |rule| rule.token);
        let (to, until) = (lock.row.lock, lock.ends.map(Into::into));
        all.push(Committed { to, with: None, id: Some(id), amount: amount(token, lock.row.amount), until, accrued: Vec::new() });
    }
    for (id, leaving) in reads.leaving(address) {
        let (to, until) = (Name::literal("leaving"), Some(leaving.until.into()));
        all.push(Committed {
            to,
            with: None,
            id: Some(id),
            amount: amount(leaving.token, leaving.amount),
            until,
            accrued: Vec::new(),
        });
    }
    all
}

/// What the account earned in all pools of a token and was not paid.
fn claimable(app: &App, reads: &Reads<'_>, address: Address, token: Name) -> Units {
    let genesis = app.ledger.doc().time;
    let pools = app.ledger.economy().schedule(genesis).versions().flat_map(|(_, _, spec)| spec.pools());
    let names: BTreeSet<Name> = pools.filter(|(_, pool)| pool.token == token).map(|(name, _)| *name).collect();
    Units::new(names.iter().map(|name| reads.claimable(*name, address).get()).fold(0, u128::saturating_add))
}
