//! Reports on their way.

use super::{StoreError, StoreResult, parsed, wall_ms};
use crate::wire::{NewReport, Reason, ReportState, ReportView};
use depin_client::api::{BatchStage, MeteredBatch};
use depin_quantity::UnitId;
use depin_services::metered::{Evidence, Report, batch_id, report_id};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

/// A report that waits to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Queued {
    pub seq: i64,
    pub batch: UnitId,
    pub report: Report,
}

/// A report as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct ReportRow {
    pub seq: i64,
    pub view: ReportView,
}

/// What came of handing reports in.
#[derive(Debug)]
pub(crate) struct Taken {
    /// All of them, known ones as they stand.
    pub rows: Vec<ReportRow>,
    /// How many are new.
    pub new: usize,
}

const COLUMNS: &str = "seq, id, order_id, batch, units, evidence, pointer, state, tx, code, reason, batch_json";

type Raw = (
    (i64, String, String, String, i64, String),
    (Option<String>, String, Option<String>, Option<String>, Option<String>, Option<String>),
);

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok((
        (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?),
        (row.get(6)?, row.get(7)?, row.get(8)?, row.get(9)?, row.get(10)?, row.get(11)?),
    ))
}

fn row(raw: Raw) -> StoreResult<ReportRow> {
    let ((seq, id, order, batch, units, evidence), (pointer, state, tx, code, reason, batch_json)) = raw;
    let state = match state.as_str() {
        "queued" => ReportState::Queued,
        "refused" => ReportState::Refused,
        "reported" | "settled" => ReportState::Reported,
        other => return Err(StoreError::Record(format!("a report in state `{other}`"))),
    };
    let batch_row: Option<MeteredBatch> = batch_json.as_deref().map(serde_json::from_str).transpose()?;
    let view = ReportView {
        id,
        order: parsed(&order)?,
        batch: parsed(&batch)?,
        units: u64::try_from(units).map_err(|error| StoreError::Record(error.to_string()))?,
        evidence: parsed(&evidence)?,
        pointer,
        state,
        reason: code.zip(reason).map(|(code, message)| Reason { code, message }),
        transaction: tx.as_deref().map(parsed).transpose()?,
        pending_until: None,
        amount: None,
        counted: None,
        paid: None,
    };
    Ok(ReportRow { seq, view: view.with_batch(batch_row.as_ref()) })
}

/// Takes reports: all of them, or none when one has a known id and other content.
pub(crate) fn take(connection: &Connection, reports: &[NewReport]) -> StoreResult<Taken> {
    let mut taken = Taken { rows: Vec::with_capacity(reports.len()), new: 0 };
    for report in reports {
        let batch = batch_id(report.order, report_id(&report.id));
        let units = i64::try_from(report.units).map_err(|error| StoreError::Record(error.to_string()))?;
        let inserted = connection
            .prepare_cached(
                "INSERT INTO reports (id, order_id, batch, units, evidence, pointer, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'queued')
                 ON CONFLICT (id) DO NOTHING",
            )?
            .execute(params![
                report.id,
                report.order.to_string(),
                batch.to_string(),
                units,
                report.evidence.to_string(),
                report.pointer
            ])?;
        let kept = get(connection, &report.id)?.ok_or_else(|| StoreError::Record("a report went away".to_owned()))?;
        let ReportView { order, units, evidence, pointer, .. } = &kept.view;
        if (order, units, evidence, pointer) != (&report.order, &report.units, &report.evidence, &report.pointer) {
            return Err(StoreError::Conflict(report.id.clone()));
        }
        taken.new += inserted;
        taken.rows.push(kept);
    }
    Ok(taken)
}

pub(crate) fn get(connection: &Connection, id: &str) -> StoreResult<Option<ReportRow>> {
    let sql = format!("SELECT {COLUMNS} FROM reports WHERE id = ?1");
    connection.prepare_cached(&sql)?.query_row([id], raw).optional()?.map(row).transpose()
}

/// Reports behind `after`, oldest first.
pub(crate) fn list(connection: &Connection, after: i64, limit: usize) -> StoreResult<Vec<ReportRow>> {
    let sql = format!("SELECT {COLUMNS} FROM reports WHERE seq > ?1 ORDER BY seq LIMIT ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![after, limit as i64], raw)?;
    rows.map(|raw| row(raw?)).collect()
}

/// How many wait to be sent.
pub(crate) fn count_queued(connection: &Connection) -> StoreResult<usize> {
    let count: i64 = connection.query_row("SELECT count(*) FROM reports WHERE state = 'queued'", [], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or_default())
}

/// The oldest that wait to be sent, but for those that were put off beyond `now_ms` of the wall clock.
pub(crate) fn queued(connection: &Connection, now_ms: u64, limit: usize) -> StoreResult<Vec<Queued>> {
    let sql = format!("SELECT {COLUMNS} FROM reports WHERE state = 'queued' AND due_ms <= ?1 ORDER BY seq LIMIT ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let now = i64::try_from(now_ms).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![now, limit as i64], raw)?;
    let one = |raw: Raw| {
        let ReportRow { seq, view } = row(raw)?;
        let ReportView { id, order, units, evidence, pointer, batch, .. } = view;
        let report = Report { order, id: report_id(&id), units, evidence: Evidence { hash: evidence, pointer } };
        Ok(Queued { seq, batch, report })
    };
    rows.map(|raw| one(raw?)).collect()
}

/// They are on the ledger.
pub(crate) fn set_reported(connection: &Connection, seqs: &[i64], tx: Option<UnitId>) -> StoreResult<()> {
    let sql = "UPDATE reports SET state = 'reported', tx = ?2, code = NULL, reason = NULL, due_ms = 0, at_ms = ?3
               WHERE seq = ?1 AND state = 'queued'";
    let mut statement = connection.prepare_cached(sql)?;
    for seq in seqs {
        statement.execute(params![seq, tx.map(|tx| tx.to_string()), wall_ms()])?;
    }
    Ok(())
}

/// The ledger refused one.
pub(crate) fn set_refused(connection: &Connection, seq: i64, code: &str, reason: &str) -> StoreResult<()> {
    let sql = "UPDATE reports SET state = 'refused', code = ?2, reason = ?3, at_ms = ?4 WHERE seq = ?1 AND state = 'queued'";
    connection.prepare_cached(sql)?.execute(params![seq, code, reason, wall_ms()])?;
    Ok(())
}

/// One cannot be taken now; it is sent again after `until_ms` of the wall clock.
pub(crate) fn put_off(connection: &Connection, seq: i64, code: &str, reason: &str, until_ms: u64) -> StoreResult<()> {
    let sql = "UPDATE reports SET code = ?2, reason = ?3, due_ms = ?4 WHERE seq = ?1 AND state = 'queued'";
    let until = i64::try_from(until_ms).unwrap_or(i64::MAX);
    connection.prepare_cached(sql)?.execute(params![seq, code, reason, until])?;
    Ok(())
}

/// A refused one is to be sent again. False when it is not refused.
pub(crate) fn retry(connection: &Connection, id: &str) -> StoreResult<bool> {
    let sql = "UPDATE reports SET state = 'queued', code = NULL, reason = NULL, due_ms = 0 WHERE id = ?1 AND state = 'refused'";
    Ok(connection.prepare_cached(sql)?.execute([id])? > 0)
}

/// Reports whose batches are to be asked about at `now_ms` of ledger time; none when none is under way.
pub(crate) fn due(connection: &Connection, now_ms: u64, limit: usize) -> StoreResult<Vec<(i64, UnitId)>> {
    let sql = "SELECT seq, batch FROM reports WHERE state = 'reported' AND due_ms <= ?1 ORDER BY due_ms LIMIT ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let now = i64::try_from(now_ms).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![now, limit as i64], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
    rows.map(|row| row.map_err(StoreError::from).and_then(|(seq, batch)| Ok((seq, parsed(&batch)?)))).collect()
}

/// Keeps what the ledger says of a batch, and when to ask again; a settled one is not asked about any more.
pub(crate) fn set_batch(connection: &Connection, seq: i64, batch: Option<&MeteredBatch>, next_ms: u64) -> StoreResult<()> {
    let settled = batch.is_some_and(|batch| batch.state == BatchStage::Settled);
    let json = batch.map(serde_json::to_string).transpose()?;
    let sql = "UPDATE reports SET batch_json = coalesce(?2, batch_json), due_ms = ?3, state = CASE WHEN ?4 THEN 'settled' ELSE state END,
                      at_ms = CASE WHEN ?4 THEN ?5 ELSE at_ms END
               WHERE seq = ?1 AND state = 'reported'";
    let next = i64::try_from(next_ms).unwrap_or(i64::MAX);
    connection.prepare_cached(sql)?.execute(params![seq, json, next, settled, wall_ms()])?;
    Ok(())
}

/// Forgets a reported one that the ledger does not know any more, and that came there before `before_ms` of the wall clock: its order
/// was forgotten while nobody asked.
pub(crate) fn forget_lost(connection: &Connection, seq: i64, before_ms: i64) -> StoreResult<()> {
    let sql = "DELETE FROM reports WHERE seq = ?1 AND state = 'reported' AND at_ms < ?2";
    connection.prepare_cached(sql)?.execute(params![seq, before_ms])?;
    Ok(())
}

/// Forgets the oldest that were settled or refused before `before_ms` of the wall clock; gives how many.
pub(crate) fn prune(connection: &Connection, before_ms: i64, limit: usize) -> StoreResult<usize> {
    let sql = "DELETE FROM reports WHERE seq IN
               (SELECT seq FROM reports WHERE state IN ('settled', 'refused') AND at_ms < ?1 ORDER BY at_ms LIMIT ?2)";
    Ok(connection.prepare_cached(sql)?.execute(params![before_ms, limit as i64])?)
}
