//! What went into escrow by day of ledger time.

/// Statements; each runs inside the caller's transaction.
pub(crate) mod tables {
    use crate::{
        map::{MapError, int, uint},
        spending::Taken,
    };
    use rusqlite::{Connection, OptionalExtension as _};

    /// Days that are kept.
    const KEPT: i64 = 30;

    /// The newest day that something was spent on, and what.
    pub(crate) fn newest_spending(db: &Connection) -> Result<(u64, u128), MapError> {
        let newest = db
            .query_row("SELECT day, units FROM spending ORDER BY day DESC LIMIT 1", [], |row| {
                Ok((uint(row.get(0)?), row.get::<_, String>(1)?))
            })
            .optional()?;
        let Some((day, units)) = newest else { return Ok((0, 0)) };
        Ok((day, units.parse().map_err(|_| MapError::Record(format!("spending {units:?} of day {day}")))?))
    }

    /// Adds to a day.
    pub(crate) fn spend(db: &Connection, taken: Taken) -> Result<(), MapError> {
        change(db, taken, u128::saturating_add)
    }

    /// Takes off a day what was added and not spent.
    pub(crate) fn unspend(db: &Connection, taken: Taken) -> Result<(), MapError> {
        change(db, taken, u128::saturating_sub)
    }

    /// A sum past 128 bits is refused before it comes here.
    fn change(db: &Connection, taken: Taken, by: impl Fn(u128, u128) -> u128) -> Result<(), MapError> {
        let Taken { day, units } = taken;
        let before: Option<String> =
            db.prepare_cached("SELECT units FROM spending WHERE day = ?1")?.query_row([int(day)], |row| row.get(0)).optional()?;
        let before = before.unwrap_or_else(|| "0".to_owned());
        let before = before.parse().map_err(|_| MapError::Record(format!("spending {before:?} of day {day}")))?;
        db.prepare_cached("INSERT INTO spending (day, units) VALUES (?1, ?2) ON CONFLICT (day) DO UPDATE SET units = ?2")?
            .execute((int(day), by(before, units).to_string()))?;
        db.prepare_cached("DELETE FROM spending WHERE day < ?1")?.execute([int(day).saturating_sub(KEPT)])?;
        Ok(())
    }
}
