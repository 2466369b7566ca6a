//! Packing ciphertext into segments, and storing segments.
//!
//! In: runs of ciphertext of many uploads. Out: extents, and for each segment the word that all its n shards are durable at n different
//! providers. Called by `ingest`.
//!
//! ```text
//! runs ──▶ open segment (k · payload bytes, shared by all uploads) ──sealed──▶ erasure code ──▶ n × (commP ─▶ upload) ──▶ object map
//!            full: sealed at once            not full: sealed `flush` after the first complete upload in it waits
//! ```
//!
//! One segment is filled at a time; a few sealed ones are under way at once, and whoever would seal one more waits: that bounds memory.
//! A tail is stored as smaller shards, the smallest power-of-two pieces that hold it, filled up with random bytes. An upload is answered only when every segment that
//! it touched is stored and the map's row of it is handed over before the object's own.

use crate::{
    core::Core,
    erasure,
    map::{Extent, NewSegment, NewShard, SegmentPin, tables},
    market::{MarketError, Offer},
    piece,
    placement::{self, Candidate, Need, Queue},
    spending::CapReached,
    upload::{self, Shard},
};
use bytes::Bytes;
use depin_client::api::Currency;
use depin_quantity::Units;
use futures::future;
use rand::Rng as _;
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, Ordering},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// Why a segment was not stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error(
        "storing needs {n} providers ({k}-of-{n} redundancy), but only {have} can take data now{why}; try again when more are there, or choose a lower redundancy"
    )]
    TooFewProviders { k: usize, n: usize, have: usize, why: String },
    #[error("shard {shard} could not be stored at any provider: {tried}; nothing was acknowledged")]
    Upload { shard: usize, tried: String },
    #[error(transparent)]
    Market(#[from] MarketError),
    #[error(
        "the funds are too low for new deals: {} are needed, {} are there; send tokens to the gateway's account",
        currency.text(*needed), currency.text(*balance)
    )]
    FundsTooLow { needed: Units, balance: Units, currency: Currency },
    #[error(transparent)]
    CapReached(#[from] CapReached),
    #[error(
        "the market has not answered for {minutes} minutes ({reason}), and what no deal covers is dropped; try again when it answers"
    )]
    MarketGone { minutes: u64, reason: String },
    #[error("a segment could not be made: {0}")]
    Making(String),
    #[error("the gateway is stopping")]
    Stopping,
}

type Outcome = Option<Result<(), Arc<StoreError>>>;

/// Takes ciphertext.
pub(crate) struct Writer {
    core: Arc<Core>,
    open: tokio::sync::Mutex<Option<Open>>,
    in_flight: Arc<Semaphore>,
    next: AtomicI64,
}

/// The segment that is being filled.
struct Open {
    id: i64,
    buffer: Vec<u8>,
    pin: SegmentPin,
    outcome: watch::Sender<Outcome>,
    flush_armed: bool,
}

/// What one upload wrote where. Keeps its segments from being collected.
#[derive(Default)]
pub(crate) struct UploadLog {
    pub(crate) extents: Vec<Extent>,
    tickets: Vec<Ticket>,
}

struct Ticket {
    segment: i64,
    outcome: watch::Receiver<Outcome>,
    _pin: SegmentPin,
}

impl UploadLog {
    fn note(&mut self, open: &Open, core: &Core, length: u64) {
        let at = open.buffer.len() as u64;
        match self.extents.last_mut() {
            Some(last) if last.segment == open.id && last.at + last.length == at => last.length += length,
            _ => self.extents.push(Extent { segment: open.id, at, length }),
        }
        if self.tickets.last().is_none_or(|ticket| ticket.segment != open.id) {
            let ticket = Ticket { segment: open.id, outcome: open.outcome.subscribe(), _pin: core.pins.pin(open.id) };
            self.tickets.push(ticket);
        }
    }

    /// The failure of a segment that is already known to have failed.
    fn failure(&self) -> Option<Arc<StoreError>> {
        self.tickets.iter().find_map(|ticket| match &*ticket.outcome.borrow() {
            Some(Err(error)) => Some(error.clone()),
            _ => None,
        })
    }
}

impl Writer {
    /// Continues behind the newest segment of the map.
    pub(crate) fn new(core: Arc<Core>) -> Result<Arc<Self>, crate::map::MapError> {
        let next = core.map.read_now(tables::next_segment)?;
        let in_flight = Arc::new(Semaphore::new(core.config.segments_in_flight));
        Ok(Arc::new(Self { core, open: tokio::sync::Mutex::new(None), in_flight, next: AtomicI64::new(next) }))
    }

    /// Refuses at once what could not be stored, or would be dropped again because no deal can follow.
    pub(crate) async fn check_prospects(&self) -> Result<(), StoreError> {
        let account = self.core.account();
        if let Some((needed, funds)) = account.shortage.zip(account.funds) {
            return Err(StoreError::FundsTooLow { needed, balance: funds.balance, currency: self.core.market.currency() });
        }
        let silent_ms = account.trouble_since_ms.map_or(0, |since| self.core.now_ms().saturating_sub(since));
        if u128::from(silent_ms) > self.core.config.deals.patience.as_millis() {
            return Err(StoreError::MarketGone { minutes: silent_ms / 60_000, reason: account.trouble.unwrap_or_default() });
        }
        let (payload, order) = candidates(&self.core, self.core.config.shard_payload_min, 0).await?;
        let cost = |candidate: &Candidate| self.core.cost(candidate.price, piece::padded(payload)).get();
        let all =
            order.iter().take(self.core.config.redundancy.n).fold(0u128, |sum, candidate| sum.saturating_add(cost(candidate)));
        let (now, cap) = (account.ledger_now, self.core.config.deals.spend_per_day);
        Ok(self.core.spending.check(now, Units::new(all), cap)?)
    }

    /// Appends a run of an upload's ciphertext; waits while too much is under way.
    ///
    /// # Errors
    /// The failure of an earlier segment of this upload.
    pub(crate) async fn append(self: &Arc<Self>, log: &mut UploadLog, mut run: &[u8]) -> Result<(), Arc<StoreError>> {
        let capacity = self.capacity();
        while !run.is_empty() {
            if let Some(error) = log.failure() {
                return Err(error);
            }
            let mut open = self.open.lock().await;
            let segment = open.get_or_insert_with(|| self.begin(capacity));
            let take = run.len().min(capacity - segment.buffer.len());
            log.note(segment, &self.core, take as u64);
            segment.buffer.extend_from_slice(&run[..take]);
            run = &run[take..];
            if segment.buffer.len() == capacity
                && let Some(full) = open.take()
            {
                // Waiting under the lock is the back-pressure on all uploads.
                self.seal(full).await;
            }
        }
        Ok(())
    }

    /// Returns when every segment of the upload is stored.
    ///
    /// # Errors
    /// Why one of them is not.
    pub(crate) async fn settle(self: &Arc<Self>, log: &mut UploadLog) -> Result<(), Arc<StoreError>> {
        self.arm_flush(log).await;
        for ticket in &mut log.tickets {
            let outcome = ticket.outcome.wait_for(Option::is_some).await.map_err(|_| Arc::new(StoreError::Stopping))?;
            if let Some(Err(error)) = &*outcome {
                return Err(error.clone());
            }
        }
        Ok(())
    }

    /// Seals the open segment now and waits until nothing is under way.
    pub(crate) async fn drain(self: &Arc<Self>) {
        if let Some(open) = self.open.lock().await.take() {
            self.seal(open).await;
        }
        let all = u32::try_from(self.core.config.segments_in_flight).unwrap_or(u32::MAX);
        // The semaphore is never closed, so this only waits.
        let _ = self.in_flight.acquire_many(all).await;
    }

    fn capacity(&self) -> usize {
        usize::try_from(self.core.config.shard_payload).unwrap_or(usize::MAX).saturating_mul(self.core.config.redundancy.k)
    }

    fn begin(&self, capacity: usize) -> Open {
        let redundancy = self.core.config.redundancy;
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (outcome, _) = watch::channel(None);
        // Reserved at once, with room for the recovery shards: it never moves, and as one large block it goes back to the system when
        // the segment is stored. Untouched pages cost nothing.
        Open {
            id,
            buffer: Vec::with_capacity(capacity / redundancy.k * redundancy.n),
            pin: self.core.pins.pin(id),
            outcome,
            flush_armed: false,
        }
    }

    async fn arm_flush(self: &Arc<Self>, log: &UploadLog) {
        let Some(last) = log.tickets.last().map(|ticket| ticket.segment) else { return };
        let mut open = self.open.lock().await;
        let Some(segment) = open.as_mut().filter(|segment| segment.id == last && !segment.flush_armed) else { return };
        segment.flush_armed = true;
        let writer = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(writer.core.config.flush).await;
            let mut open = writer.open.lock().await;
            if open.as_ref().is_some_and(|segment| segment.id == last)
                && let Some(tail) = open.take()
            {
                writer.seal(tail).await;
            }
        });
    }

    async fn seal(&self, segment: Open) {
        let Ok(permit) = self.in_flight.clone().acquire_owned().await else { return };
        tokio::spawn(store(self.core.clone(), segment, permit));
    }
}

async fn store(core: Arc<Core>, segment: Open, permit: OwnedSemaphorePermit) {
    let Open { id, buffer, pin, outcome, .. } = segment;
    let used = buffer.len() as u64;
    match store_shards(&core, id, buffer).await {
        Ok(stored) => {
            // Handed over before the uploads are told, so that the map writes the segment before any object that lies in it. When the
            // row fails, the objects' own rows fail too, because they refer to it.
            let written = core.map.write(move |db| tables::insert_segment(db, &stored));
            outcome.send_replace(Some(Ok(())));
            drop(permit);
            if let Err(error) = written.await {
                tracing::error!(segment = id, %error, "a stored segment could not be written down");
            }
        }
        Err(error) => {
            tracing::warn!(segment = id, bytes = used, %error, "a segment could not be stored");
            outcome.send_replace(Some(Err(Arc::new(error))));
        }
    }
    drop(pin);
}

async fn store_shards(core: &Arc<Core>, id: i64, mut buffer: Vec<u8>) -> Result<NewSegment, StoreError> {
    let redundancy = core.config.redundancy;
    let used = buffer.len() as u64;
    let smallest = piece::payload_for(used, redundancy.k as u64, core.config.shard_payload_min, core.config.shard_payload);
    let (payload, order) = candidates(core, smallest, id).await?;
    let mut queue = Queue::new(order, redundancy.k, redundancy.n, Queue::is_trial(id));
    // One for each shard, before any shard asks for a second one.
    let firsts: Vec<Candidate> = std::iter::from_fn(|| queue.next()).take(redundancy.n).collect();
    if firsts.len() < redundancy.n {
        return Err(StoreError::Making(format!("{} of {} shards have a provider", firsts.len(), redundancy.n)));
    }
    let queue = Mutex::new(queue);

    let padded = usize::try_from(payload).map_err(|error| StoreError::Making(error.to_string()))? * redundancy.k;
    let shards = tokio::task::spawn_blocking(move || {
        // Filled up with random bytes, not zeros: every shard stays unlike any other, so that a piece CID names one shard of one
        // segment and its deal cannot be taken for another's.
        buffer.resize(padded, 0);
        rand::rng().fill_bytes(&mut buffer[used as usize..]);
        erasure::encode(buffer, redundancy.k, redundancy.n)
    })
    .await
    .map_err(|error| StoreError::Making(error.to_string()))?
    .map_err(|error| StoreError::Making(error.to_string()))?;

    let uploads = shards.into_iter().zip(firsts).enumerate();
    let placed = future::join_all(uploads.map(|(index, (shard, first))| place(core, index, shard, first, &queue))).await;
    let (stored, failed): (Vec<_>, Vec<_>) = placed.into_iter().partition(Result::is_ok);
    let stored: Vec<NewShard> = stored.into_iter().flatten().collect();
    if let Some(error) = failed.into_iter().find_map(Result::err) {
        take_back(core, &stored);
        return Err(error);
    }
    Ok(NewSegment { id, k: redundancy.k, n: redundancy.n, payload, used, now_ms: core.now_ms(), shards: stored })
}

/// Names a shard by its commitment and stores it with its first provider, or with others of the queue.
async fn place(
    core: &Arc<Core>,
    index: usize,
    shard: Bytes,
    first: Candidate,
    queue: &Mutex<Queue>,
) -> Result<NewShard, StoreError> {
    let bytes = shard.clone();
    let (cid, sums) = tokio::task::spawn_blocking(move || (piece::cid(&bytes), erasure::sums(&bytes)))
        .await
        .map_err(|error| StoreError::Making(error.to_string()))?;
    let cid = cid.map_err(|error| StoreError::Making(error.to_string()))?;
    let piece_size = piece::padded(shard.len() as u64);
    let shard = Shard { cid, sums, bytes: shard };
    let (Candidate { provider, price, .. }, taken) = upload::place(core, index, &shard, first, queue).await?;
    Ok(NewShard { provider: provider.address, cid, piece_size, sums: shard.sums, price, taken })
}

/// Deletes shards of a segment that was not stored as a whole; what fails is dropped by the provider itself after a while.
fn take_back(core: &Arc<Core>, stored: &[NewShard]) {
    for shard in stored {
        core.spending.give_back(shard.taken);
        upload::take_back(core, core.directory.provider(shard.provider), shard.cid);
    }
}

/// The smallest shard payload from `smallest` on that at least n different providers take, and those in the order to try them.
async fn candidates(core: &Core, smallest: u64, segment: i64) -> Result<(u64, Vec<Candidate>), StoreError> {
    let redundancy = core.config.redundancy;
    let offers = core.offers([]).await?;
    let prices = core.prices(&offers);
    let seed = core.config.placement_seed ^ segment.unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut payload = smallest;
    loop {
        let need = Need { piece_size: piece::padded(payload), payload, prices };
        let order = placement::order(&offers, &need, |address| core.standing(address), seed);
        if order.len() >= redundancy.n {
            return Ok((payload, order));
        }
        // Providers may have a smallest piece: a larger shard then suits more of them.
        if payload >= core.config.shard_payload {
            let why = obstacles(&offers, &need);
            return Err(StoreError::TooFewProviders { k: redundancy.k, n: redundancy.n, have: order.len(), why });
        }
        payload *= 2;
    }
}

fn obstacles(offers: &[Offer], need: &Need) -> String {
    let named: Vec<String> = offers
        .iter()
        .filter_map(|offer| placement::obstacle(offer, need).map(|obstacle| format!("{} {obstacle}", offer.provider)))
        .take(5)
        .collect();
    if named.is_empty() { String::new() } else { format!(" ({})", named.join("; ")) }
}
