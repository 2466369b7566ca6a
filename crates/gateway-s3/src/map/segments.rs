//! Segments, their shards and deals, retired placements, providers and faults.
//!
//! A shard's life: `stored` (no deal yet) → `proposing` (a proposal is on its way, its outcome unknown) → `proposed` → `accepted` →
//! `active` ⇄ `faulty`. From there to `failed` (the deal is dead, or the provider was seen to have lost or altered the shard, while its data is
//! wanted: rebuild and place again) or to `lapsed` (the term ran out unpaid). What is no longer wanted becomes a row of `retired`, which lives until its deal has ended and its payload is
//! deleted.

use super::{MapError, Text, int, spending::tables as spending, uint};
use crate::spending::Taken;
use depin_quantity::{Address, UnitId, Units};
use depin_services::storage::piece::Commitment;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::collections::HashSet;

/// What is needed to read a segment.
#[derive(Clone, Debug)]
pub(crate) struct SegmentInfo {
    pub(crate) id: i64,
    pub(crate) k: usize,
    pub(crate) n: usize,
    /// Payload bytes per shard.
    pub(crate) payload: u64,
    /// By index.
    pub(crate) shards: Vec<ShardInfo>,
}

/// What is needed to read a shard.
#[derive(Clone, Debug)]
pub(crate) struct ShardInfo {
    pub(crate) provider: Address,
    pub(crate) cid: Commitment,
    pub(crate) sums: Vec<u8>,
}

/// A segment whose shards are all stored.
#[derive(Clone, Debug)]
pub(crate) struct NewSegment {
    pub(crate) id: i64,
    pub(crate) k: usize,
    pub(crate) n: usize,
    pub(crate) payload: u64,
    pub(crate) used: u64,
    pub(crate) now_ms: u64,
    /// By index.
    pub(crate) shards: Vec<NewShard>,
}

/// A stored shard.
#[derive(Clone, Debug)]
pub(crate) struct NewShard {
    pub(crate) provider: Address,
    pub(crate) cid: Commitment,
    pub(crate) piece_size: u64,
    pub(crate) sums: Vec<u8>,
    /// Agreed on with the placement, per GiB of piece and epoch: the provider's ask then.
    pub(crate) price: Units,
    /// What its deal was counted as in its day.
    pub(crate) taken: Taken,
}

/// Where a shard stands; see the module's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ShardState {
    Stored,
    Proposing,
    Proposed,
    Accepted,
    Active,
    Faulty,
    Failed,
    Lapsed,
}

impl ShardState {
    const ALL: [Self; 8] =
        [Self::Stored, Self::Proposing, Self::Proposed, Self::Accepted, Self::Active, Self::Faulty, Self::Failed, Self::Lapsed];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Proposing => "proposing",
            Self::Proposed => "proposed",
            Self::Accepted => "accepted",
            Self::Active => "active",
            Self::Faulty => "faulty",
            Self::Failed => "failed",
            Self::Lapsed => "lapsed",
        }
    }

    pub(crate) fn parse(name: &str) -> Result<Self, MapError> {
        Self::ALL.into_iter().find(|state| state.name() == name).ok_or_else(|| MapError::Record(format!("shard state {name:?}")))
    }
}

/// Names a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ShardPlace {
    pub(crate) segment: i64,
    pub(crate) index: usize,
}

/// A shard as the renewal service sees it.
#[derive(Clone, Debug)]
pub(crate) struct ShardRow {
    pub(crate) place: ShardPlace,
    pub(crate) provider: Address,
    pub(crate) cid: Commitment,
    pub(crate) piece_size: u64,
    pub(crate) payload: u64,
    pub(crate) state: ShardState,
    pub(crate) deal: Option<UnitId>,
    pub(crate) until_ms: Option<u64>,
    pub(crate) attempts: u32,
    pub(crate) reason: String,
    /// Providers that refused this shard.
    pub(crate) avoid: Vec<Address>,
    /// Agreed on with the placement; unknown for placements of before prices were kept.
    pub(crate) price: Option<Units>,
}

/// Where a placement that is no longer wanted stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetiredState {
    /// A proposal may be on its way.
    Unknown,
    /// Its deal must end.
    Ending,
    /// Its payload must be deleted.
    Deleting,
}

impl RetiredState {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Ending => "ending",
            Self::Deleting => "deleting",
        }
    }

    fn parse(name: &str) -> Result<Self, MapError> {
        [Self::Unknown, Self::Ending, Self::Deleting]
            .into_iter()
            .find(|state| state.name() == name)
            .ok_or_else(|| MapError::Record(format!("retired state {name:?}")))
    }
}

/// A placement that is no longer wanted.
#[derive(Clone, Debug)]
pub(crate) struct RetiredRow {
    pub(crate) id: i64,
    pub(crate) provider: Address,
    pub(crate) cid: Commitment,
    pub(crate) deal: Option<UnitId>,
    pub(crate) state: RetiredState,
    pub(crate) attempts: u32,
}

/// How well a set of shards is secured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DurabilityRow {
    pub(crate) shards: u64,
    pub(crate) active: u64,
    pub(crate) faulty: u64,
    pub(crate) lapsed: u64,
    pub(crate) failed: u64,
    /// Earliest end of a paid term, ledger time.
    pub(crate) until_ms: Option<u64>,
}

/// What a provider did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FaultKind {
    /// Served bytes that are not what was stored.
    Lying,
    /// Says itself that its copy is damaged.
    Damaged,
    /// Does not have the shard any more.
    Lost,
    /// Does not answer.
    Dead,
    /// Answered later than another way took.
    Slow,
    /// Did not take an upload.
    Upload,
}

impl FaultKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Lying => "lying",
            Self::Damaged => "damaged",
            Self::Lost => "lost",
            Self::Dead => "dead",
            Self::Slow => "slow",
            Self::Upload => "upload",
        }
    }
}

pub(crate) mod tables {
    //! Statements; each runs inside the caller's transaction.
    use super::*;
    use crate::market::Provider;

    pub(crate) fn next_segment(db: &Connection) -> Result<i64, MapError> {
        // Above everything that extents or segments ever named while they are there; ids of segments without a trace may return.
        Ok(db.query_row("SELECT coalesce(max(id), 0) + 1 FROM segments", [], |row| row.get(0))?)
    }

    pub(crate) fn insert_segment(db: &Connection, segment: &NewSegment) -> Result<(), MapError> {
        db.prepare_cached("INSERT INTO segments (id, k, n, payload, used, live, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6)")?
            .execute(params![
                segment.id,
                int(segment.k as u64),
                int(segment.n as u64),
                int(segment.payload),
                int(segment.used),
                int(segment.now_ms)
            ])?;
        for (index, shard) in segment.shards.iter().enumerate() {
            db.prepare_cached(
                "INSERT INTO shards (segment, idx, provider, cid, piece_size, sums, state, changed_ms, price)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'stored', ?7, ?8)",
            )?
            .execute(params![
                segment.id,
                int(index as u64),
                Text(shard.provider),
                Text(shard.cid),
                int(shard.piece_size),
                shard.sums,
                int(segment.now_ms),
                shard.price.get().to_string()
            ])?;
            spending::spend(db, shard.taken)?;
        }
        Ok(())
    }

    pub(crate) fn segment(db: &Connection, id: i64) -> Result<SegmentInfo, MapError> {
        let (k, n, payload) = db
            .prepare_cached("SELECT k, n, payload FROM segments WHERE id = ?1")?
            .query_row([id], |row| Ok((uint(row.get(0)?), uint(row.get(1)?), uint(row.get(2)?))))
            .optional()?
            .ok_or_else(|| MapError::Record(format!("segment {id} is missing")))?;
        let shards: Vec<ShardInfo> = db
            .prepare_cached("SELECT provider, cid, sums FROM shards WHERE segment = ?1 ORDER BY idx")?
            .query_map([id], |row| {
                let (Text(provider), Text(cid)) = (row.get(0)?, row.get(1)?);
                Ok(ShardInfo { provider, cid, sums: row.get(2)? })
            })?
            .collect::<Result<_, _>>()?;
        if shards.len() as u64 != n || k == 0 || k > n {
            return Err(MapError::Record(format!("segment {id} has {} of {n} shards", shards.len())));
        }
        Ok(SegmentInfo { id, k: k as usize, n: n as usize, payload, shards })
    }

    const SHARD_COLUMNS: &str =
        "segment, idx, provider, cid, piece_size, payload, state, deal, until_ms, attempts, reason, avoid, price";

    /// Shards in one of `states` whose turn has come, those that waited longest first.
    pub(crate) fn due(db: &Connection, states: &[ShardState], now_ms: u64, limit: usize) -> Result<Vec<ShardRow>, MapError> {
        let names: Vec<String> = states.iter().map(|state| format!("'{}'", state.name())).collect();
        let mut statement = db.prepare_cached(&format!(
            "SELECT {SHARD_COLUMNS} FROM shards JOIN segments ON segments.id = segment
             WHERE state IN ({}) AND next_ms <= ?1 ORDER BY next_ms, segment, idx LIMIT ?2",
            names.join(", ")
        ))?;
        collect_shards(statement.query_map(params![int(now_ms), int(limit as u64)], shard_row)?)
    }

    /// Active shards whose term ends before `before_ms` and whose turn has come, the earliest end first.
    pub(crate) fn ending(db: &Connection, before_ms: u64, now_ms: u64, limit: usize) -> Result<Vec<ShardRow>, MapError> {
        let mut statement = db.prepare_cached(&format!(
            "SELECT {SHARD_COLUMNS} FROM shards JOIN segments ON segments.id = segment
             WHERE until_ms IS NOT NULL AND until_ms < ?1 AND state IN ('active', 'faulty') AND renew_ms <= ?2
             ORDER BY until_ms LIMIT ?3"
        ))?;
        collect_shards(statement.query_map(params![int(before_ms), int(now_ms), int(limit as u64)], shard_row)?)
    }

    /// One shard.
    pub(crate) fn shard(db: &Connection, place: ShardPlace) -> Result<Option<ShardRow>, MapError> {
        let mut statement = db.prepare_cached(&format!(
            "SELECT {SHARD_COLUMNS} FROM shards JOIN segments ON segments.id = segment WHERE segment = ?1 AND idx = ?2"
        ))?;
        Ok(collect_shards(statement.query_map(params![place.segment, int(place.index as u64)], shard_row)?)?.pop())
    }

    /// Whether a shard still lies with `provider`, and was not found to be lost, altered or without its deal since.
    pub(crate) fn is_kept(db: &Connection, place: ShardPlace, provider: Address) -> Result<bool, MapError> {
        Ok(shard(db, place)?.is_some_and(|row| row.provider == provider && row.state != ShardState::Failed))
    }

    /// Sets state, reason and next turn of a shard; its deal and term stay.
    pub(crate) fn set_state(
        db: &Connection,
        place: ShardPlace,
        state: ShardState,
        reason: &str,
        next_ms: u64,
        now_ms: u64,
    ) -> Result<(), MapError> {
        db.prepare_cached(
            "UPDATE shards SET changed_ms = CASE WHEN state = ?3 THEN changed_ms ELSE ?6 END, state = ?3, reason = ?4, next_ms = ?5
             WHERE segment = ?1 AND idx = ?2",
        )?
        .execute(params![place.segment, int(place.index as u64), state.name(), reason, int(next_ms), int(now_ms)])?;
        Ok(())
    }

    /// Sets how often a shard's present step failed.
    pub(crate) fn set_attempts(db: &Connection, place: ShardPlace, attempts: u32) -> Result<(), MapError> {
        db.prepare_cached("UPDATE shards SET attempts = ?3 WHERE segment = ?1 AND idx = ?2")?.execute(params![
            place.segment,
            int(place.index as u64),
            attempts
        ])?;
        Ok(())
    }

    /// Sets deal and paid term of a shard.
    pub(crate) fn set_deal(
        db: &Connection,
        place: ShardPlace,
        deal: Option<UnitId>,
        until_ms: Option<u64>,
    ) -> Result<(), MapError> {
        db.prepare_cached("UPDATE shards SET deal = ?3, until_ms = ?4 WHERE segment = ?1 AND idx = ?2")?.execute(params![
            place.segment,
            int(place.index as u64),
            deal.map(Text),
            until_ms.map(int)
        ])?;
        Ok(())
    }

    /// Sets the price that a shard's deal is proposed at.
    pub(crate) fn set_price(db: &Connection, place: ShardPlace, price: Units) -> Result<(), MapError> {
        db.prepare_cached("UPDATE shards SET price = ?3 WHERE segment = ?1 AND idx = ?2")?.execute(params![
            place.segment,
            int(place.index as u64),
            price.get().to_string()
        ])?;
        Ok(())
    }

    /// Remembers how an extension went and when to ask again.
    pub(crate) fn set_renewal(
        db: &Connection,
        place: ShardPlace,
        attempts: u32,
        next_ms: u64,
        reason: &str,
    ) -> Result<(), MapError> {
        db.prepare_cached(
            "UPDATE shards SET attempts = ?3, renew_ms = ?4, reason = ?5, next_ms = 0 WHERE segment = ?1 AND idx = ?2",
        )?
        .execute(params![place.segment, int(place.index as u64), attempts, int(next_ms), reason])?;
        Ok(())
    }

    /// Remembers which providers refused a shard.
    pub(crate) fn set_avoid(db: &Connection, place: ShardPlace, avoid: &[Address]) -> Result<(), MapError> {
        db.prepare_cached("UPDATE shards SET avoid = ?3 WHERE segment = ?1 AND idx = ?2")?.execute(params![
            place.segment,
            int(place.index as u64),
            serde_json::to_string(avoid)?
        ])?;
        Ok(())
    }

    /// A shard that its provider has lost or altered counts as stored no longer, and is to be placed again; its deal is ended then. One of which
    /// it is not known whether a proposal is under way, or that is unpaid, stays as it is.
    pub(crate) fn distrust(
        db: &Connection,
        place: ShardPlace,
        provider: Address,
        reason: &str,
        now_ms: u64,
    ) -> Result<(), MapError> {
        let Some(row) = shard(db, place)?.filter(|row| row.provider == provider) else { return Ok(()) };
        if matches!(row.state, ShardState::Proposing | ShardState::Lapsed | ShardState::Failed) {
            return Ok(());
        }
        let mut avoid = row.avoid;
        if !avoid.contains(&provider) {
            avoid.push(provider);
        }
        set_avoid(db, place, &avoid)?;
        set_attempts(db, place, 0)?;
        set_state(db, place, ShardState::Failed, reason, 0, now_ms)
    }

    /// Moves a shard to another provider, where it is stored by now for a price agreed on; the old placement is retired. A shard that is gone or was moved
    /// meanwhile leaves the new placement retired instead.
    pub(crate) fn move_shard(
        db: &Connection,
        old: &ShardRow,
        provider: Address,
        price: Units,
        now_ms: u64,
    ) -> Result<(), MapError> {
        let present = shard(db, old.place)?.filter(|row| row.provider == old.provider && row.state == old.state);
        if present.is_none() {
            return retire(db, &ShardRow { provider, state: ShardState::Stored, deal: None, ..old.clone() });
        }
        if old.provider != provider || old.deal.is_some() {
            retire(db, old)?;
        }
        db.prepare_cached("UPDATE shards SET provider = ?3, price = ?4 WHERE segment = ?1 AND idx = ?2")?.execute(params![
            old.place.segment,
            int(old.place.index as u64),
            Text(provider),
            price.get().to_string()
        ])?;
        set_deal(db, old.place, None, None)?;
        set_attempts(db, old.place, 0)?;
        set_state(db, old.place, ShardState::Stored, "", 0, now_ms)
    }

    fn retire(db: &Connection, shard: &ShardRow) -> Result<(), MapError> {
        // A deal that is over has been taken off its shard already.
        let state = match (shard.state, &shard.deal) {
            (ShardState::Proposing, _) => RetiredState::Unknown,
            (_, Some(_)) => RetiredState::Ending,
            (_, None) => RetiredState::Deleting,
        };
        db.prepare_cached("INSERT INTO retired (provider, cid, deal, state) VALUES (?1, ?2, ?3, ?4)")?.execute(params![
            Text(shard.provider),
            Text(shard.cid),
            shard.deal.map(Text),
            state.name()
        ])?;
        Ok(())
    }

    /// Segments without live bytes, above `after`.
    pub(crate) fn dead_segments(db: &Connection, after: i64, limit: usize) -> Result<Vec<i64>, MapError> {
        let mut statement = db.prepare_cached("SELECT id FROM segments WHERE live = 0 AND id > ?1 ORDER BY id LIMIT ?2")?;
        Ok(statement.query_map(params![after, int(limit as u64)], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Retires all shards of a segment that still has no live bytes, and forgets it.
    pub(crate) fn collect_segment(db: &Connection, id: i64) -> Result<bool, MapError> {
        let live: Option<i64> =
            db.prepare_cached("SELECT live FROM segments WHERE id = ?1")?.query_row([id], |row| row.get(0)).optional()?;
        if live != Some(0) {
            return Ok(false);
        }
        let n = segment(db, id)?.n;
        for index in 0..n {
            if let Some(row) = shard(db, ShardPlace { segment: id, index })? {
                retire(db, &row)?;
            }
        }
        db.prepare_cached("DELETE FROM segments WHERE id = ?1")?.execute([id])?;
        Ok(true)
    }

    /// Retired placements whose deal is not over and whose turn has come.
    pub(crate) fn retired(db: &Connection, now_ms: u64, limit: usize) -> Result<Vec<RetiredRow>, MapError> {
        let mut statement = db.prepare_cached(&format!(
            "SELECT {RETIRED_COLUMNS} FROM retired WHERE state <> 'deleting' AND next_ms <= ?1 ORDER BY next_ms, id LIMIT ?2"
        ))?;
        collect_retired(statement.query_map(params![int(now_ms), int(limit as u64)], retired_row)?)
    }

    /// Retired placements whose payload is to be deleted and whose turn has come, but for those at the providers `but`.
    pub(crate) fn to_delete(db: &Connection, now_ms: u64, but: &[Address], limit: usize) -> Result<Vec<RetiredRow>, MapError> {
        let but: Vec<String> = but.iter().map(Address::to_string).collect();
        let mut statement = db.prepare_cached(&format!(
            "SELECT {RETIRED_COLUMNS} FROM retired WHERE state = 'deleting' AND next_ms <= ?1
             AND provider NOT IN (SELECT value FROM json_each(?3)) ORDER BY next_ms, id LIMIT ?2"
        ))?;
        let but = serde_json::to_string(&but)?;
        collect_retired(statement.query_map(params![int(now_ms), int(limit as u64), but], retired_row)?)
    }

    /// Puts everything off that is to be deleted at a provider.
    pub(crate) fn put_off(db: &Connection, provider: Address, next_ms: u64) -> Result<(), MapError> {
        db.prepare_cached("UPDATE retired SET next_ms = max(next_ms, ?2) WHERE provider = ?1 AND state = 'deleting'")?
            .execute(params![Text(provider), int(next_ms)])?;
        Ok(())
    }

    /// Updates a retired placement.
    pub(crate) fn set_retired(db: &Connection, row: &RetiredRow, next_ms: u64, reason: &str) -> Result<(), MapError> {
        db.prepare_cached("UPDATE retired SET deal = ?2, state = ?3, attempts = ?4, next_ms = ?5, reason = ?6 WHERE id = ?1")?
            .execute(params![row.id, row.deal.map(Text), row.state.name(), row.attempts, int(next_ms), reason])?;
        Ok(())
    }

    /// Forgets a retired placement.
    pub(crate) fn forget_retired(db: &Connection, id: i64) -> Result<(), MapError> {
        db.prepare_cached("DELETE FROM retired WHERE id = ?1")?.execute([id])?;
        Ok(())
    }

    /// Whether a shard that is wanted lies at this provider under this CID.
    pub(crate) fn is_placed(db: &Connection, provider: Address, cid: Commitment) -> Result<bool, MapError> {
        Ok(db
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM shards WHERE cid = ?2 AND provider = ?1)")?
            .query_row(params![Text(provider), Text(cid)], |row| row.get(0))?)
    }

    /// How well the segments of a blob are secured.
    pub(crate) fn durability(db: &Connection, blob: i64) -> Result<DurabilityRow, MapError> {
        let mut statement = db.prepare_cached(
            "SELECT count(*), coalesce(sum(state IN ('active', 'faulty')), 0), coalesce(sum(state = 'faulty'), 0),
                    coalesce(sum(state = 'lapsed'), 0), coalesce(sum(state = 'failed'), 0), min(CASE WHEN state IN ('active', 'faulty') THEN until_ms END)
             FROM shards WHERE segment IN (
                 SELECT segment FROM extents WHERE content IN (SELECT content FROM slices WHERE blob = ?1))",
        )?;
        Ok(statement.query_row([blob], durability_row)?)
    }

    pub(crate) fn durability_row(row: &Row<'_>) -> rusqlite::Result<DurabilityRow> {
        Ok(DurabilityRow {
            shards: uint(row.get(0)?),
            active: uint(row.get(1)?),
            faulty: uint(row.get(2)?),
            lapsed: uint(row.get(3)?),
            failed: uint(row.get(4)?),
            until_ms: row.get::<_, Option<i64>>(5)?.map(uint),
        })
    }

    pub(crate) fn remember_providers(db: &Connection, providers: &[Provider]) -> Result<(), MapError> {
        for provider in providers {
            db.prepare_cached(
                "INSERT INTO providers (address, name, url) VALUES (?1, ?2, ?3)
                 ON CONFLICT (address) DO UPDATE SET name = ?2, url = ?3 WHERE name <> ?2 OR url <> ?3",
            )?
            .execute(params![Text(provider.address), provider.name, provider.url])?;
        }
        Ok(())
    }

    pub(crate) fn providers(db: &Connection) -> Result<Vec<Provider>, MapError> {
        let mut statement = db.prepare_cached("SELECT address, name, url FROM providers ORDER BY address")?;
        let rows = statement.query_map([], |row| {
            let Text(address) = row.get(0)?;
            Ok(Provider { address, name: row.get(1)?, url: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Providers with an active deal.
    pub(crate) fn proven_providers(db: &Connection) -> Result<HashSet<Address>, MapError> {
        let mut statement = db.prepare("SELECT DISTINCT provider FROM shards WHERE state IN ('active', 'faulty')")?;
        let rows = statement.query_map([], |row| row.get::<_, Text<Address>>(0))?;
        Ok(rows.map(|row| row.map(|Text(address)| address)).collect::<Result<_, _>>()?)
    }

    /// Records a fault; one of the same kind for the same shard only counts.
    pub(crate) fn record_fault(
        db: &Connection,
        provider: Address,
        kind: FaultKind,
        cid: Commitment,
        place: Option<ShardPlace>,
        detail: &str,
        now_ms: u64,
    ) -> Result<(), MapError> {
        let (segment, shard) = place.map_or((-1, -1), |place| (place.segment, int(place.index as u64)));
        db.prepare_cached(
            "INSERT INTO faults (provider, kind, cid, segment, shard, detail, first_ms, last_ms, times) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, 1)
             ON CONFLICT (provider, kind, cid) DO UPDATE SET detail = ?6, last_ms = ?7, times = times + 1",
        )?
        .execute(params![Text(provider), kind.name(), Text(cid), segment, shard, detail, int(now_ms)])?;
        Ok(())
    }
}

const RETIRED_COLUMNS: &str = "id, provider, cid, deal, state, attempts";

fn retired_row(row: &Row<'_>) -> rusqlite::Result<(RetiredRow, String)> {
    let (Text(provider), Text(cid)) = (row.get(1)?, row.get(2)?);
    let deal = row.get::<_, Option<Text<UnitId>>>(3)?.map(|Text(deal)| deal);
    let (id, attempts) = (row.get(0)?, row.get(5)?);
    Ok((RetiredRow { id, provider, cid, deal, state: RetiredState::Deleting, attempts }, row.get(4)?))
}

fn collect_retired(rows: impl Iterator<Item = rusqlite::Result<(RetiredRow, String)>>) -> Result<Vec<RetiredRow>, MapError> {
    rows.map(|row| {
        let (row, state) = row?;
        Ok(RetiredRow { state: RetiredState::parse(&state)?, ..row })
    })
    .collect()
}

type RawShard = (ShardRow, String, String, Option<String>);

fn shard_row(row: &Row<'_>) -> rusqlite::Result<RawShard> {
    let (Text(provider), Text(cid)) = (row.get(2)?, row.get(3)?);
    let shard = ShardRow {
        place: ShardPlace { segment: row.get(0)?, index: uint(row.get(1)?) as usize },
        provider,
        cid,
        piece_size: uint(row.get(4)?),
        payload: uint(row.get(5)?),
        state: ShardState::Stored,
        deal: row.get::<_, Option<Text<UnitId>>>(7)?.map(|Text(deal)| deal),
        until_ms: row.get::<_, Option<i64>>(8)?.map(uint),
        attempts: row.get(9)?,
        reason: row.get(10)?,
        avoid: Vec::new(),
        price: None,
    };
    Ok((shard, row.get(6)?, row.get(11)?, row.get(12)?))
}

fn collect_shards(rows: impl Iterator<Item = rusqlite::Result<RawShard>>) -> Result<Vec<ShardRow>, MapError> {
    rows.map(|row| {
        let (shard, state, avoid, price) = row?;
        let parse = |text: String| text.parse().map(Units::new).map_err(|_| MapError::Record(format!("price {text:?}")));
        let price = price.map(parse).transpose()?;
        Ok(ShardRow { state: ShardState::parse(&state)?, avoid: serde_json::from_str(&avoid)?, price, ..shard })
    })
    .collect()
}
