//! What all parts of a running gateway share.

use crate::{
    claims::Claims,
    clock::Clock,
    config::Config,
    crypt::MasterKey,
    directory::Directory,
    health::Health,
    map::{FaultKind, Map, SegmentPins, ShardPlace, tables},
    market::{Funds, Market, MarketError, Offer, Provider},
    placement::Standing,
    price::Prices,
    proven::Proven,
    shards::{ShardError, Shards},
    spending::{CapReached, Spending, Taken},
};
use depin_quantity::{Address, Instant, Units};
use depin_services::storage::piece::Commitment;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The same fault of the same shard is written down at most once in this time.
const FAULT_PAUSE_MS: u64 = 10_000;

/// Shared parts.
pub(crate) struct Core {
    pub(crate) config: Config,
    pub(crate) map: Map,
    pub(crate) master: MasterKey,
    pub(crate) shards: Arc<dyn Shards>,
    pub(crate) market: Arc<dyn Market>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) directory: Directory,
    pub(crate) health: Health,
    pub(crate) pins: SegmentPins,
    pub(crate) claims: Claims,
    pub(crate) account: Mutex<Account>,
    pub(crate) spending: Spending,
    pub(crate) proven: Proven,
    pub(crate) noted: Mutex<HashMap<(Address, FaultKind, Commitment), u64>>,
}

/// What was last heard of ledger time and money.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    pub(crate) ledger_now: Option<Instant>,
    pub(crate) funds: Option<Funds>,
    /// Why the last market call failed, when it did.
    pub(crate) trouble: Option<String>,
    /// Since when the market does not answer, wall time.
    pub(crate) trouble_since_ms: Option<u64>,
    /// What the last proposal that the funds did not cover needed.
    pub(crate) shortage: Option<Units>,
    /// What the owner should know, newest state.
    pub(crate) warning: Option<String>,
}

impl Core {
    pub(crate) fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    pub(crate) fn account(&self) -> Account {
        self.account.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn update_account(&self, change: impl FnOnce(&mut Account)) {
        change(&mut self.account.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What a deal of the usual term takes into escrow.
    pub(crate) fn cost(&self, price: Units, piece_size: u64) -> Units {
        self.market.cost(price, piece_size, self.config.deals.term)
    }

    /// The market's offers: a fair part of them, all that proved a deal of this gateway, and those of `holders`.
    ///
    /// # Errors
    /// What the market says.
    pub(crate) async fn offers(&self, holders: impl IntoIterator<Item = Address>) -> Result<Vec<Offer>, MarketError> {
        let mut wanted = self.proven.all();
        wanted.extend(holders);
        self.directory.offers(&self.map, self.market.as_ref(), &wanted).await
    }

    /// What prices are compared with now.
    pub(crate) fn prices(&self, offers: &[Offer]) -> Prices {
        let (currency, least) = (self.market.currency(), self.config.redundancy.k);
        Prices::of(&self.config.deals, offers, currency, least, |provider| self.proven.has(provider))
    }

    /// How a provider stands with this gateway.
    pub(crate) fn standing(&self, provider: Address) -> Standing {
        Standing { proven: self.proven.has(provider), doubtful: self.health.is_doubtful_to_store(provider, self.now_ms()) }
    }

    /// Counts a cost in the present day, if the owner's cap leaves room.
    pub(crate) fn take(&self, cost: Units) -> Result<Taken, CapReached> {
        self.spending.take(self.account().ledger_now, cost, self.config.deals.spend_per_day)
    }

    /// Writes a provider's fault down and says it aloud, by name.
    pub(crate) fn fault(&self, kind: FaultKind, provider: &Provider, cid: Commitment, place: Option<ShardPlace>, detail: &str) {
        let now = self.now_ms();
        let key = (provider.address, kind, cid);
        {
            let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            if noted.get(&key).is_some_and(|last| now < last.saturating_add(FAULT_PAUSE_MS)) {
                return;
            }
            if noted.len() > 10_000 {
                noted.clear();
            }
            noted.insert(key, now);
        }
        let (segment, shard) = place.map_or((-1, -1), |place| (place.segment, place.index as i64));
        tracing::warn!(provider = %provider, kind = kind.name(), %cid, segment, shard, detail, "a provider failed");
        let (address, detail) = (provider.address, detail.to_owned());
        // What it does not have as it was stored is not kept there, whatever its deal says.
        let bad = place.filter(|_| matches!(kind, FaultKind::Lying | FaultKind::Damaged | FaultKind::Lost));
        if bad.is_some() {
            self.proven.remove(address);
        }
        // Handed over at the call; nobody waits for it.
        drop(self.map.write(move |db| {
            if let Some(place) = bad {
                let reason = format!("its provider was found to have lost or altered it ({detail})");
                tables::distrust(db, place, address, &reason, now)?;
            }
            tables::record_fault(db, address, kind, cid, place, &detail, now)
        }));
    }

    /// What an error of a read says about the provider.
    pub(crate) fn read_fault(error: &ShardError) -> FaultKind {
        match error {
            ShardError::NotFound => FaultKind::Lost,
            ShardError::Damaged => FaultKind::Damaged,
            ShardError::Wrong(_) => FaultKind::Lying,
            ShardError::Unreachable(_)
            | ShardError::Stalled(_)
            | ShardError::Full(_)
            | ShardError::Unfunded(_)
            | ShardError::Limited(_)
            | ShardError::Barred(_)
            | ShardError::Refused { .. } => FaultKind::Dead,
        }
    }
}
