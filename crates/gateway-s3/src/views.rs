//! What a gateway tells of itself: plain data for the command line and the admin interface.
//!
//! In: the object map and what was last heard of the market. Out: serialisable records. Times named `_ms` are wall time in milliseconds
//! since 1970; `until` times are ledger time.

use crate::{
    config::Redundancy,
    core::Core,
    durability::{self, Durability},
    map::{DurabilityRow, FaultRow, ListedObject, MapError, ShardListing, tables},
    renewal::silent_providers,
};
use depin_client::api::DiskRoom;
use depin_quantity::Instant;
use serde::Serialize;

/// A gateway's state.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// URL of the S3 endpoint.
    pub endpoint: String,
    /// Its region.
    pub region: String,
    /// Redundancy of new data.
    pub redundancy: Redundancy,
    /// Buckets.
    pub buckets: u64,
    /// Objects.
    pub objects: u64,
    /// Bytes of all objects, copies counted each.
    pub object_bytes: u64,
    /// Segments.
    pub segments: u64,
    /// Bytes of all pieces at providers, redundancy included.
    pub piece_bytes: u64,
    /// Shards by the state of their deal.
    pub shards: Vec<(String, u64)>,
    /// Placements that wait for the end of their deal or their deletion.
    pub retired: u64,
    /// Different faults of providers written down.
    pub faults: u64,
    /// How well everything is secured.
    pub durability: Durability,
    /// Ledger time last heard.
    pub ledger_now: Option<Instant>,
    /// Spendable balance in base units, as text.
    pub balance: Option<String>,
    /// What present deals cost per day, in base units, as text.
    pub burn_per_day: Option<String>,
    /// What went into escrow on this day of the ledger, in base units, as text.
    pub spent_today: String,
    /// The owner's cap on that, in base units, as text.
    pub spend_per_day: Option<String>,
    /// Highest price per GiB and epoch that is taken now, in base units, as text; absent while no offers are known.
    pub price_ceiling: Option<String>,
    /// Shards whose deal waits or was not renewed, and why, the commonest reasons first.
    pub waiting: Vec<Waiting>,
    /// Until when the funds keep everything.
    pub funds_last_until: Option<Instant>,
    /// What the owner should know.
    pub warning: Option<String>,
    /// Why the market cannot be asked, when it cannot.
    pub market_trouble: Option<String>,
    /// Providers that hold shards and do not answer, a sentence for each.
    pub silent: Vec<String>,
    /// What the renewal service takes too long for, when it does.
    pub renewal_trouble: Option<String>,
    /// Room on the disk of the object map, where the system says.
    pub disk: Option<DiskRoom>,
}

/// A reason why steps do not go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// In words.
    pub reason: String,
    /// Shards that wait for it.
    pub shards: u64,
}

/// An object and how well it is secured.
#[derive(Clone, Debug, Serialize)]
pub struct ObjectView {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its ETag.
    pub etag: String,
    /// When it was written, wall time.
    pub modified_ms: u64,
    /// How well it is secured.
    pub durability: Durability,
    /// The same in words.
    pub durability_text: String,
    /// Until when all its shards are paid.
    pub paid_until: Option<Instant>,
    /// Until when the funds keep it.
    pub funds_last_until: Option<Instant>,
    /// What the owner should know of it.
    pub warning: Option<String>,
}

/// A segment and where its shards lie.
#[derive(Clone, Debug, Serialize)]
pub struct SegmentView {
    /// Its number.
    pub id: i64,
    /// Shards that are enough.
    pub k: u64,
    /// Shards stored.
    pub n: u64,
    /// Bytes of ciphertext in it.
    pub used: u64,
    /// Bytes of them that objects still need.
    pub live: u64,
    /// How well it is secured.
    pub durability: Durability,
    /// By index.
    pub shards: Vec<ShardView>,
}

/// A shard and its deal.
#[derive(Clone, Debug, Serialize)]
pub struct ShardView {
    /// Its number in the segment.
    pub index: u64,
    /// Address of its provider.
    pub provider: String,
    /// Name of its provider.
    pub provider_name: String,
    /// Its piece CID.
    pub cid: String,
    /// Its padded size in bytes.
    pub piece_size: u64,
    /// State of its deal: stored, proposing, proposed, accepted, active, faulty, failed or lapsed.
    pub state: String,
    /// Its deal.
    pub deal: Option<String>,
    /// End of the paid term.
    pub until: Option<Instant>,
    /// Failures of the present step in a row.
    pub attempts: u64,
    /// Why the present step does not go on.
    pub reason: String,
}

/// A fault of a provider, as this gateway saw it.
#[derive(Clone, Debug, Serialize)]
pub struct FaultView {
    /// Address of the provider.
    pub provider: String,
    /// Its name.
    pub provider_name: String,
    /// lying, damaged, lost, dead, slow or upload.
    pub kind: String,
    /// Piece CID.
    pub cid: String,
    /// Segment, when it was a read.
    pub segment: Option<i64>,
    /// Shard, when it was a read.
    pub shard: Option<u64>,
    /// What happened last.
    pub detail: String,
    /// First seen, wall time.
    pub first_ms: u64,
    /// Last seen, wall time.
    pub last_ms: u64,
    /// How often it was written down.
    pub times: u64,
}

/// Which objects to list.
#[derive(Clone, Debug, Default)]
pub struct ObjectQuery {
    /// Of this bucket only.
    pub bucket: Option<String>,
    /// Keys that start so.
    pub prefix: String,
    /// After this bucket and key.
    pub after: (String, String),
    /// At most so many; 1,000 when absent.
    pub limit: Option<usize>,
}

pub(crate) async fn status(core: &Core, endpoint: &str, renewal_trouble: Option<String>) -> Result<Status, MapError> {
    let totals = core.map.read(tables::show::totals).await?;
    let waiting = core.map.read(tables::show::waiting).await?;
    let account = core.account();
    let offers = core.directory.last_offers().await;
    let durability = Durability::of(&totals.durability);
    let paid_until = totals.durability.until_ms.map(Instant::new);
    Ok(Status {
        endpoint: endpoint.to_owned(),
        region: core.config.region.clone(),
        redundancy: core.config.redundancy,
        buckets: totals.buckets,
        objects: totals.objects,
        object_bytes: totals.object_bytes,
        segments: totals.segments,
        piece_bytes: totals.piece_bytes,
        shards: totals.shards_by_state,
        retired: totals.retired,
        faults: totals.faults,
        durability,
        ledger_now: account.ledger_now,
        balance: account.funds.map(|funds| funds.balance.get().to_string()),
        burn_per_day: account.funds.map(|funds| funds.burn_per_day.get().to_string()),
        spent_today: core.spending.today(account.ledger_now).0.to_string(),
        spend_per_day: core.config.deals.spend_per_day.map(|cap| cap.get().to_string()),
        price_ceiling: core.prices(&offers).ceiling.map(|ceiling| ceiling.get().to_string()),
        waiting: waiting.into_iter().map(|(reason, shards)| Waiting { reason, shards }).collect(),
        funds_last_until: paid_until.and_then(|until| durability::funds_last_until(until, account.funds.as_ref())),
        warning: account.warning,
        market_trouble: account.trouble,
        silent: silent_providers(core).await?,
        renewal_trouble,
        disk: core.config.floor.level().map(DiskRoom::from),
    })
}

pub(crate) async fn objects(core: &Core, query: ObjectQuery) -> Result<Vec<ObjectView>, MapError> {
    let limit = query.limit.unwrap_or(1000).min(10_000);
    let rows = core
        .map
        .read(move |db| {
            tables::show::objects(db, query.bucket.as_deref(), &query.prefix, (&query.after.0, &query.after.1), limit)
        })
        .await?;
    let account = core.account();
    let view = |row: ListedObject| {
        let durability = Durability::of(&row.durability);
        let paid_until = durability.paid_until();
        ObjectView {
            bucket: row.bucket,
            key: row.key,
            size: row.size,
            etag: row.etag,
            modified_ms: row.modified_ms,
            durability,
            durability_text: durability.to_string(),
            paid_until,
            funds_last_until: paid_until.and_then(|until| durability::funds_last_until(until, account.funds.as_ref())),
            warning: durability::warning(paid_until, &account, &core.config.deals),
        }
    };
    Ok(rows.into_iter().map(view).collect())
}

/// Segments above `after`; those of one object when it is named.
pub(crate) async fn segments(
    core: &Core,
    of: Option<(String, String)>,
    after: i64,
    limit: Option<usize>,
) -> Result<Vec<SegmentView>, MapError> {
    let limit = limit.unwrap_or(1000).min(10_000);
    let rows = core
        .map
        .read(move |db| {
            let blob = of.map(|(bucket, key)| tables::object(db, &bucket, &key)).transpose()?.map(|object| object.blob);
            tables::show::shards(db, blob, after, limit)
        })
        .await?;
    let mut segments: Vec<(SegmentView, DurabilityRow)> = Vec::new();
    for row in rows {
        if segments.last().is_none_or(|(segment, _)| segment.id != row.segment) {
            let (id, k, n, used, live) = (row.segment, row.k, row.n, row.used, row.live);
            let durability = Durability::Empty;
            segments.push((SegmentView { id, k, n, used, live, durability, shards: Vec::new() }, DurabilityRow::default()));
        }
        if let Some((segment, sums)) = segments.last_mut() {
            count(sums, &row);
            segment.shards.push(shard(core, row));
        }
    }
    Ok(segments.into_iter().map(|(segment, sums)| SegmentView { durability: Durability::of(&sums), ..segment }).collect())
}

fn count(sums: &mut DurabilityRow, row: &ShardListing) {
    sums.shards += 1;
    let running = matches!(row.state.as_str(), "active" | "faulty");
    sums.active += u64::from(running);
    sums.faulty += u64::from(row.state == "faulty");
    sums.lapsed += u64::from(row.state == "lapsed");
    sums.failed += u64::from(row.state == "failed");
    if let Some(until) = row.until_ms.filter(|_| running) {
        sums.until_ms = Some(sums.until_ms.map_or(until, |earliest| earliest.min(until)));
    }
}

fn shard(core: &Core, row: ShardListing) -> ShardView {
    ShardView {
        index: row.index,
        provider_name: core.directory.provider(row.provider).name,
        provider: row.provider.to_string(),
        cid: row.cid,
        piece_size: row.piece_size,
        state: row.state,
        deal: row.deal,
        until: row.until_ms.map(Instant::new),
        attempts: row.attempts,
        reason: row.reason,
    }
}

pub(crate) async fn faults(core: &Core, limit: Option<usize>) -> Result<Vec<FaultView>, MapError> {
    let limit = limit.unwrap_or(1000).min(10_000);
    let rows = core.map.read(move |db| tables::show::faults(db, limit)).await?;
    let view = |row: FaultRow| FaultView {
        provider_name: core.directory.provider(row.provider).name,
        provider: row.provider.to_string(),
        kind: row.kind,
        cid: row.cid,
        segment: row.segment,
        shard: row.shard,
        detail: row.detail,
        first_ms: row.first_ms,
        last_ms: row.last_ms,
        times: row.times,
    };
    Ok(rows.into_iter().map(view).collect())
}
