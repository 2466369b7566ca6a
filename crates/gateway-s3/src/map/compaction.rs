//! Statements that move what is left of a segment into others.

use super::{Extent, MapError, int, uint};
use rusqlite::{Connection, params};

/// A run of a content's ciphertext that lies in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) content: i64,
    /// Its place in the content's ciphertext.
    pub(crate) start: u64,
    pub(crate) extent: Extent,
}

pub(crate) mod tables {
    //! Statements; each runs inside the caller's transaction.
    use super::*;

    /// Segments of which at least half was deleted, but not all, the largest first: those that were written before `before_ms`, and whose
    /// shards are not the smallest, so that what is left fits into smaller ones.
    pub(crate) fn half_empty(db: &Connection, payload_min: u64, before_ms: u64, limit: usize) -> Result<Vec<i64>, MapError> {
        let mut statement = db.prepare_cached(
            "SELECT id FROM segments WHERE live * 2 <= used AND live > 0 AND payload > ?1 AND created_ms <= ?2
             ORDER BY payload DESC, id LIMIT ?3",
        )?;
        let ids = statement.query_map(params![int(payload_min), int(before_ms), int(limit as u64)], |row| row.get(0))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    /// What lies in a segment, in its order.
    pub(crate) fn placed(db: &Connection, segment: i64) -> Result<Vec<Placed>, MapError> {
        let mut statement =
            db.prepare_cached("SELECT content, start, at, length FROM extents WHERE segment = ?1 ORDER BY at, content, start")?;
        let rows = statement.query_map([segment], |row| {
            Ok(Placed {
                content: row.get(0)?,
                start: uint(row.get(1)?),
                extent: Extent { segment, at: uint(row.get(2)?), length: uint(row.get(3)?) },
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Lets a run of a content lie in `to`, which together are as long; nothing changes when its content has gone meanwhile.
    pub(crate) fn move_extent(db: &Connection, placed: Placed, to: &[Extent]) -> Result<(), MapError> {
        let Placed { content, start, extent } = placed;
        let gone = db
            .prepare_cached("DELETE FROM extents WHERE content = ?1 AND start = ?2 AND segment = ?3 AND at = ?4 AND length = ?5")?
            .execute(params![content, int(start), extent.segment, int(extent.at), int(extent.length)])?;
        if gone == 0 {
            return Ok(());
        }
        let mut start = start;
        for part in to {
            db.prepare_cached("INSERT INTO extents (content, start, length, segment, at) VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute(params![content, int(start), int(part.length), part.segment, int(part.at)])?;
            change_live(db, part.segment, int(part.length))?;
            start += part.length;
        }
        if start != placed.start + extent.length {
            return Err(MapError::Record(format!("{} bytes of segment {} were moved as others", extent.length, extent.segment)));
        }
        change_live(db, extent.segment, -int(extent.length))
    }

    fn change_live(db: &Connection, segment: i64, by: i64) -> Result<(), MapError> {
        db.prepare_cached("UPDATE segments SET live = live + ?2 WHERE id = ?1")?.execute(params![segment, by])?;
        Ok(())
    }
}
