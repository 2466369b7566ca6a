//! What the customer's key is to do: taken, signed, sent, decided.

use super::{StoreError, StoreResult, parsed};
use crate::wire::{ActionView, Reason};
use depin_ledger::Transaction;
use depin_quantity::UnitId;
use depin_services::metered::MeteredMessage;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

/// An action to take.
#[derive(Debug)]
pub(crate) struct NewAction {
    pub id: String,
    /// What the caller sent, as JSON: the same again is the same action.
    pub content: String,
    /// What it says to the ledger.
    pub message: MeteredMessage,
    /// The order that it is about, unless it opens one.
    pub order: Option<UnitId>,
}

/// An action that the ledger has not decided.
#[derive(Clone, Debug)]
pub(crate) struct Action {
    pub seq: i64,
    pub message: MeteredMessage,
}

/// How an action ended.
#[derive(Debug)]
pub(crate) enum ActionState {
    Done {
        order: Option<UnitId>,
        tx: UnitId,
    },
    /// Without a transaction when no ledger could take any.
    Refused {
        tx: Option<UnitId>,
        code: String,
        reason: String,
    },
}

type Raw = (String, String, Option<String>, Option<String>, Option<String>, Option<String>, String);

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?))
}

fn view(raw: Raw) -> StoreResult<(ActionView, String)> {
    let (id, state, order, tx, code, reason, content) = raw;
    let view = ActionView {
        id,
        state,
        order: order.as_deref().map(parsed).transpose()?,
        reason: code.zip(reason).map(|(code, message)| Reason { code, message }),
        transaction: tx.as_deref().map(parsed).transpose()?,
    };
    Ok((view, content))
}

/// An action and what the caller sent.
pub(crate) fn get(connection: &Connection, id: &str) -> StoreResult<Option<(ActionView, String)>> {
    let sql = "SELECT id, state, order_id, tx, code, reason, content FROM actions WHERE id = ?1";
    connection.prepare_cached(sql)?.query_row([id], raw).optional()?.map(view).transpose()
}

/// An action that is known with this content.
pub(crate) fn known(connection: &Connection, id: &str, content: &str) -> StoreResult<Option<ActionView>> {
    match get(connection, id)? {
        Some((_, kept)) if kept != content => Err(StoreError::Conflict(id.to_owned())),
        found => Ok(found.map(|(view, _)| view)),
    }
}

/// Takes an action; one that is known is given as it stands.
pub(crate) fn take(connection: &Connection, action: &NewAction) -> StoreResult<ActionView> {
    if let Some(known) = known(connection, &action.id, &action.content)? {
        return Ok(known);
    }
    let message = borsh::to_vec(&action.message).map_err(|error| StoreError::Record(error.to_string()))?;
    let sql = "INSERT INTO actions (id, content, message, state, order_id) VALUES (?1, ?2, ?3, 'waiting', ?4)";
    let order = action.order.map(|order| order.to_string());
    connection.prepare_cached(sql)?.execute(params![action.id, action.content, message, order])?;
    known(connection, &action.id, &action.content)?.ok_or_else(|| StoreError::Record("an action went away".to_owned()))
}

/// The oldest action that the ledger has not decided, with every transaction that was signed for it, in order.
pub(crate) fn next(connection: &Connection) -> StoreResult<Option<(Action, Vec<Transaction>)>> {
    let sql = "SELECT seq, message FROM actions WHERE state = 'waiting' ORDER BY seq LIMIT 1";
    let found: Option<(i64, Vec<u8>)> =
        connection.prepare_cached(sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((seq, message)) = found else { return Ok(None) };
    let message = borsh::from_slice(&message).map_err(|error| StoreError::Record(error.to_string()))?;
    let mut statement = connection.prepare_cached("SELECT bytes FROM signatures WHERE action = ?1 ORDER BY number")?;
    let rows = statement.query_map([seq], |row| row.get::<_, Vec<u8>>(0))?;
    let one = |bytes: Vec<u8>| Transaction::decode(&bytes).map_err(|error| StoreError::Record(error.to_string()));
    let signed = rows.map(|bytes| one(bytes?)).collect::<StoreResult<_>>()?;
    Ok(Some((Action { seq, message }, signed)))
}

/// Keeps a transaction that was signed for an action. It is sent only when this is on the disk.
pub(crate) fn keep_signed(connection: &Connection, seq: i64, number: usize, transaction: &Transaction) -> StoreResult<()> {
    let sql = "INSERT INTO signatures (action, number, bytes) VALUES (?1, ?2, ?3)";
    connection.prepare_cached(sql)?.execute(params![seq, number as i64, transaction.encode()])?;
    Ok(())
}

/// The ledger decided.
pub(crate) fn decide(connection: &Connection, seq: i64, state: &ActionState) -> StoreResult<()> {
    match state {
        ActionState::Done { order, tx } => {
            let sql = "UPDATE actions SET state = 'done', order_id = coalesce(?2, order_id), tx = ?3 WHERE seq = ?1";
            connection.prepare_cached(sql)?.execute(params![seq, order.map(|order| order.to_string()), tx.to_string()])?;
        }
        ActionState::Refused { tx, code, reason } => {
            let sql = "UPDATE actions SET state = 'refused', tx = ?2, code = ?3, reason = ?4 WHERE seq = ?1";
            connection.prepare_cached(sql)?.execute(params![seq, tx.map(|tx| tx.to_string()), code, reason])?;
        }
    }
    Ok(())
}
