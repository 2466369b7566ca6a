//! What the command line and the admin interface show.

use super::{
    MapError, Text, int,
    segments::{DurabilityRow, tables as segments},
    uint,
};
use depin_quantity::Address;
use rusqlite::{Connection, params};

/// An object and how well it is secured.
#[derive(Clone, Debug)]
pub(crate) struct ListedObject {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) size: u64,
    pub(crate) etag: String,
    pub(crate) modified_ms: u64,
    pub(crate) durability: DurabilityRow,
}

/// A shard, its deal and its segment.
#[derive(Clone, Debug)]
pub(crate) struct ShardListing {
    pub(crate) segment: i64,
    pub(crate) k: u64,
    pub(crate) n: u64,
    pub(crate) used: u64,
    pub(crate) live: u64,
    pub(crate) index: u64,
    pub(crate) provider: Address,
    pub(crate) cid: String,
    pub(crate) piece_size: u64,
    pub(crate) state: String,
    pub(crate) deal: Option<String>,
    pub(crate) until_ms: Option<u64>,
    pub(crate) attempts: u64,
    pub(crate) reason: String,
}

/// A recorded fault.
#[derive(Clone, Debug)]
pub(crate) struct FaultRow {
    pub(crate) provider: Address,
    pub(crate) kind: String,
    pub(crate) cid: String,
    pub(crate) segment: Option<i64>,
    pub(crate) shard: Option<u64>,
    pub(crate) detail: String,
    pub(crate) first_ms: u64,
    pub(crate) last_ms: u64,
    pub(crate) times: u64,
}

/// Sums over everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) buckets: u64,
    pub(crate) objects: u64,
    pub(crate) object_bytes: u64,
    pub(crate) segments: u64,
    pub(crate) piece_bytes: u64,
    pub(crate) shards_by_state: Vec<(String, u64)>,
    pub(crate) retired: u64,
    pub(crate) faults: u64,
    pub(crate) durability: DurabilityRow,
}

pub(crate) mod tables {
    //! Statements; each runs inside the caller's transaction.
    use super::*;

    /// Objects after (bucket, key), in that order; of one bucket and prefix when given.
    pub(crate) fn objects(
        db: &Connection,
        bucket: Option<&str>,
        prefix: &str,
        after: (&str, &str),
        limit: usize,
    ) -> Result<Vec<ListedObject>, MapError> {
        let mut statement = db.prepare_cached(
            "SELECT bucket, key, size, etag, modified_ms, blob FROM objects
             WHERE (bucket, key) > (?1, ?2) AND (?3 IS NULL OR bucket = ?3) AND substr(key, 1, length(?4)) = ?4
             ORDER BY bucket, key LIMIT ?5",
        )?;
        let rows =
            statement.query_map(params![after.0, after.1.as_bytes(), bucket, prefix.as_bytes(), int(limit as u64)], |row| {
                let object = ListedObject {
                    bucket: row.get(0)?,
                    key: String::from_utf8_lossy(&row.get::<_, Vec<u8>>(1)?).into_owned(),
                    size: uint(row.get(2)?),
                    etag: row.get(3)?,
                    modified_ms: uint(row.get(4)?),
                    durability: DurabilityRow::default(),
                };
                Ok((object, row.get::<_, i64>(5)?))
            })?;
        rows.map(|row| {
            let (object, blob) = row?;
            Ok(ListedObject { durability: segments::durability(db, blob)?, ..object })
        })
        .collect()
    }

    /// Shards of the segments above `after`; of one object's segments when its blob is given.
    pub(crate) fn shards(
        db: &Connection,
        blob: Option<i64>,
        after: i64,
        segments_max: usize,
    ) -> Result<Vec<ShardListing>, MapError> {
        let mut statement = db.prepare_cached(
            "SELECT segments.id, k, n, used, live, idx, provider, cid, piece_size, state, deal, until_ms, attempts, reason
             FROM (SELECT * FROM segments WHERE id > ?1 AND (?2 IS NULL OR id IN (
                       SELECT segment FROM extents WHERE content IN (SELECT content FROM slices WHERE blob = ?2)))
                   ORDER BY id LIMIT ?3) AS segments
             JOIN shards ON segment = segments.id ORDER BY segments.id, idx",
        )?;
        let rows = statement.query_map(params![after, blob, int(segments_max as u64)], |row| {
            Ok(ShardListing {
                segment: row.get(0)?,
                k: uint(row.get(1)?),
                n: uint(row.get(2)?),
                used: uint(row.get(3)?),
                live: uint(row.get(4)?),
                index: uint(row.get(5)?),
                provider: row.get::<_, Text<Address>>(6)?.0,
                cid: row.get(7)?,
                piece_size: uint(row.get(8)?),
                state: row.get(9)?,
                deal: row.get(10)?,
                until_ms: row.get::<_, Option<i64>>(11)?.map(uint),
                attempts: uint(row.get(12)?),
                reason: row.get(13)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Reasons of shards that do not go on, and how many they are; at most ten.
    pub(crate) fn waiting(db: &Connection) -> Result<Vec<(String, u64)>, MapError> {
        let mut statement = db.prepare_cached(
            "SELECT reason, count(*) AS shards FROM shards WHERE reason <> '' GROUP BY reason ORDER BY shards DESC, reason LIMIT 10",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, uint(row.get(1)?))))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Newest faults first.
    pub(crate) fn faults(db: &Connection, limit: usize) -> Result<Vec<FaultRow>, MapError> {
        let mut statement = db.prepare_cached(
            "SELECT provider, kind, cid, segment, shard, detail, first_ms, last_ms, times FROM faults ORDER BY last_ms DESC LIMIT ?1",
        )?;
        let rows = statement.query_map([int(limit as u64)], |row| {
            Ok(FaultRow {
                provider: row.get::<_, Text<Address>>(0)?.0,
                kind: row.get(1)?,
                cid: row.get(2)?,
                segment: Some(row.get(3)?).filter(|segment| *segment >= 0),
                shard: u64::try_from(row.get::<_, i64>(4)?).ok(),
                detail: row.get(5)?,
                first_ms: uint(row.get(6)?),
                last_ms: uint(row.get(7)?),
                times: uint(row.get(8)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Sums over everything.
    pub(crate) fn totals(db: &Connection) -> Result<Totals, MapError> {
        let count = |sql: &str| -> Result<(u64, u64), MapError> {
            Ok(db.prepare_cached(sql)?.query_row([], |row| Ok((uint(row.get(0)?), uint(row.get(1)?))))?)
        };
        let (objects, object_bytes) = count("SELECT count(*), coalesce(sum(size), 0) FROM objects")?;
        let (buckets, retired) = count("SELECT (SELECT count(*) FROM buckets), (SELECT count(*) FROM retired)")?;
        let (segment_count, faults) = count("SELECT (SELECT count(*) FROM segments), (SELECT count(*) FROM faults)")?;
        let (_, piece_bytes) = count("SELECT count(*), coalesce(sum(piece_size), 0) FROM shards")?;
        let shards_by_state = db
            .prepare_cached("SELECT state, count(*) FROM shards GROUP BY state ORDER BY state")?
            .query_map([], |row| Ok((row.get(0)?, uint(row.get(1)?))))?
            .collect::<Result<_, _>>()?;
        let durability = db
            .prepare_cached(
                "SELECT count(*), coalesce(sum(state IN ('active', 'faulty')), 0), coalesce(sum(state = 'faulty'), 0),
                        coalesce(sum(state = 'lapsed'), 0), coalesce(sum(state = 'failed'), 0), min(CASE WHEN state IN ('active', 'faulty') THEN until_ms END) FROM shards",
            )?
            .query_row([], segments::durability_row)?;
        Ok(Totals {
            buckets,
            objects,
            object_bytes,
            segments: segment_count,
            piece_bytes,
            shards_by_state,
            retired,
            faults,
            durability,
        })
    }
}
