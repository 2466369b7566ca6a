//! Providers that hold shards and did not answer when they were looked at.

use depin_quantity::Address;

/// How long a provider has been silent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Silence {
    pub(crate) provider: Address,
    /// Ledger time over which all looks at it failed; time in which nobody looked is not in it.
    pub(crate) silent_ms: u64,
    /// Ledger time of the last look.
    pub(crate) last_ms: u64,
}

/// What a provider holds that is to be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    /// Shards.
    pub(crate) shards: u64,
    /// Padded bytes of all of them.
    pub(crate) piece_bytes: u64,
}

/// Statements; each runs inside the caller's transaction.
pub(crate) mod tables {
    use super::{Held, Silence};
    use crate::map::{MapError, ShardPlace, Text, int, uint};
    use depin_quantity::Address;
    use rusqlite::{Connection, OptionalExtension as _, params};

    /// Shards that their provider is to keep, and of which it is known whether they have a deal.
    const KEPT: &str = "state IN ('stored', 'proposed', 'accepted', 'active', 'faulty')";

    /// Providers with such shards, by address behind `after`.
    pub(crate) fn holders(db: &Connection, after: Option<Address>, limit: usize) -> Result<Vec<Address>, MapError> {
        let after = after.map_or_else(String::new, |address| address.to_string());
        let sql = format!("SELECT DISTINCT provider FROM shards WHERE provider > ?1 AND {KEPT} ORDER BY provider LIMIT ?2");
        let mut statement = db.prepare_cached(&sql)?;
        let rows = statement.query_map(params![after, int(limit as u64)], |row| row.get::<_, Text<Address>>(0))?;
        Ok(rows.map(|row| row.map(|Text(address)| address)).collect::<Result<_, _>>()?)
    }

    /// One of a provider's such shards: the first in a fault, else the first of a segment from `from` on, else the first.
    pub(crate) fn one_of(db: &Connection, provider: Address, from: i64) -> Result<Option<ShardPlace>, MapError> {
        let questions = ["state = 'faulty'".to_owned(), format!("{KEPT} AND segment >= {from}"), KEPT.to_owned()];
        for wanted in questions {
            let sql = format!("SELECT segment, idx FROM shards WHERE provider = ?1 AND {wanted} ORDER BY segment, idx LIMIT 1");
            let place = |row: &rusqlite::Row<'_>| Ok(ShardPlace { segment: row.get(0)?, index: uint(row.get(1)?) as usize });
            if let Some(place) = db.prepare(&sql)?.query_row([Text(provider)], place).optional()? {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// The first shards that a provider is to keep.
    pub(crate) fn kept_by(db: &Connection, provider: Address, limit: usize) -> Result<Vec<ShardPlace>, MapError> {
        let sql = format!("SELECT segment, idx FROM shards WHERE provider = ?1 AND {KEPT} ORDER BY segment, idx LIMIT ?2");
        let mut statement = db.prepare_cached(&sql)?;
        let rows = statement.query_map(params![Text(provider), int(limit as u64)], |row| {
            Ok(ShardPlace { segment: row.get(0)?, index: uint(row.get(1)?) as usize })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What a provider is to keep, in sums.
    pub(crate) fn held_by(db: &Connection, provider: Address) -> Result<Held, MapError> {
        let sql = format!("SELECT count(*), coalesce(sum(piece_size), 0) FROM shards WHERE provider = ?1 AND {KEPT}");
        let held = |row: &rusqlite::Row<'_>| Ok(Held { shards: uint(row.get(0)?), piece_bytes: uint(row.get(1)?) });
        Ok(db.prepare_cached(&sql)?.query_row([Text(provider)], held)?)
    }

    /// Shards that are to be placed again.
    pub(crate) fn failed(db: &Connection) -> Result<u64, MapError> {
        let sql = "SELECT count(*) FROM shards WHERE state = 'failed'";
        Ok(db.prepare_cached(sql)?.query_row([], |row| Ok(uint(row.get(0)?)))?)
    }

    /// The last segment's id; zero when there is none.
    pub(crate) fn last_segment(db: &Connection) -> Result<i64, MapError> {
        Ok(db.prepare_cached("SELECT coalesce(max(id), 0) FROM segments")?.query_row([], |row| row.get(0))?)
    }

    /// All silences, the longest first.
    pub(crate) fn silences(db: &Connection) -> Result<Vec<Silence>, MapError> {
        let mut statement =
            db.prepare_cached("SELECT provider, silent_ms, last_ms FROM silences ORDER BY silent_ms DESC, provider")?;
        let rows = statement.query_map([], |row| {
            let Text(provider) = row.get(0)?;
            Ok(Silence { provider, silent_ms: uint(row.get(1)?), last_ms: uint(row.get(2)?) })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Notes a look that got no answer at `now_ms` of ledger time. What passed since the look before counts, at most `most_ms`.
    pub(crate) fn silent(db: &Connection, provider: Address, now_ms: u64, most_ms: u64) -> Result<(), MapError> {
        db.prepare_cached(
            "INSERT INTO silences (provider, silent_ms, last_ms) VALUES (?1, 0, ?2)
             ON CONFLICT (provider) DO UPDATE SET silent_ms = silent_ms + min(max(?2 - last_ms, 0), ?3), last_ms = ?2",
        )?
        .execute(params![Text(provider), int(now_ms), int(most_ms)])?;
        Ok(())
    }

    /// Notes a look at which it was not this provider's fault that there was no answer: the time until then does not count.
    pub(crate) fn not_looked(db: &Connection, provider: Address, now_ms: u64) -> Result<(), MapError> {
        db.prepare_cached("UPDATE silences SET last_ms = ?2 WHERE provider = ?1")?
            .execute(params![Text(provider), int(now_ms)])?;
        Ok(())
    }

    /// A provider answered, or holds nothing any more.
    pub(crate) fn heard(db: &Connection, provider: Address) -> Result<(), MapError> {
        db.prepare_cached("DELETE FROM silences WHERE provider = ?1")?.execute([Text(provider)])?;
        Ok(())
    }

    /// Forgets silences of providers without shards that are to be kept or placed again.
    pub(crate) fn forget_silences(db: &Connection) -> Result<(), MapError> {
        let sql = format!(
            "DELETE FROM silences WHERE NOT EXISTS
                 (SELECT 1 FROM shards WHERE shards.provider = silences.provider AND ({KEPT} OR state = 'failed'))"
        );
        db.prepare_cached(&sql)?.execute([])?;
        Ok(())
    }
}
