//! Who the providers are and where they are reached.
//!
//! In: the market's offers, asked for at most every other second, and less often when the answer takes long. Out: offers for placements, and the provider behind an address for
//! reads. Addresses and URLs are kept in the object map, so that reads work while the ledger cannot be reached.

use crate::{
    map::{Map, MapError, tables},
    market::{Market, MarketError, Offer, Provider},
};
use depin_quantity::Address;
use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

const FRESH: Duration = Duration::from_secs(2);
/// Those of before are good for so long while the market does not answer: whoever is waited for is not asked for each upload.
const AWAY: Duration = Duration::from_secs(15);
/// Offers that took long to read are good for so many times as long, so that a long list is not read all the time,
const FRESH_TIMES: u32 = 20;
/// and no longer than this.
const FRESH_MOST: Duration = Duration::from_secs(60);

/// What the market offered last.
struct Heard {
    until: Instant,
    offers: Vec<Offer>,
    /// Providers asked for by name that the market does not know.
    unknown: HashSet<Address>,
    /// Whether the market did not answer when it was last asked.
    away: bool,
}

/// The known providers.
pub(crate) struct Directory {
    known: Mutex<HashMap<Address, Provider>>,
    /// What the map remembers: less than is known when it could not be written, such as on a full disk.
    saved: Mutex<HashMap<Address, Provider>>,
    offers: tokio::sync::Mutex<Option<Heard>>,
}

impl Directory {
    /// Starts with the providers that the map remembers.
    pub(crate) fn load(map: &Map) -> Result<Self, MapError> {
        let known: HashMap<_, _> =
            map.read_now(tables::providers)?.into_iter().map(|provider| (provider.address, provider)).collect();
        Ok(Self { saved: Mutex::new(known.clone()), known: Mutex::new(known), offers: tokio::sync::Mutex::new(None) })
    }

    /// The provider behind an address; one never heard of has no URL and does not answer.
    pub(crate) fn provider(&self, address: Address) -> Provider {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let unknown = || Provider { address, name: String::new(), url: String::new() };
        known.get(&address).cloned().unwrap_or_else(unknown)
    }

    /// Learns where providers are now, `holders` among them. What they ask is not kept: whoever places something asks for itself.
    ///
    /// # Errors
    /// What the market says.
    pub(crate) async fn look(&self, map: &Map, market: &dyn Market, holders: &[Address]) -> Result<(), MarketError> {
        let (until, offers) = (Instant::now(), market.offers().await?);
        let mut heard = Heard { until, offers, unknown: HashSet::new(), away: false };
        heard.complete(market, holders).await;
        self.learn(map, &heard.offers).await;
        Ok(())
    }

    /// The market's offers; older ones while the market does not answer. Those of `wanted` are among them, as far as the market has any.
    ///
    /// # Errors
    /// What the market says when there are no older ones.
    pub(crate) async fn offers(&self, map: &Map, market: &dyn Market, wanted: &[Address]) -> Result<Vec<Offer>, MarketError> {
        let mut cached = self.offers.lock().await;
        if cached.as_ref().is_none_or(|heard| heard.until <= Instant::now()) {
            let begun = Instant::now();
            match (market.offers().await, cached.is_some()) {
                (Ok(offers), _) => {
                    let fresh = begun.elapsed().saturating_mul(FRESH_TIMES).clamp(FRESH, FRESH_MOST);
                    *cached = Some(Heard { until: Instant::now() + fresh, offers, unknown: HashSet::new(), away: false });
                }
                (Err(error), true) => {
                    tracing::warn!(%error, "the market does not answer; using its last offers");
                    if let Some(heard) = cached.as_mut() {
                        (heard.until, heard.away) = (Instant::now() + AWAY, true);
                    }
                }
                (Err(error), false) => return Err(error),
            }
        }
        let Some(heard) = cached.as_mut() else { return Ok(Vec::new()) };
        heard.complete(market, wanted).await;
        self.learn(map, &heard.offers).await;
        Ok(heard.offers.clone())
    }

    /// The offers that were heard of last.
    pub(crate) async fn last_offers(&self) -> Vec<Offer> {
        self.offers.lock().await.as_ref().map_or_else(Vec::new, |heard| heard.offers.clone())
    }

    /// Makes the next question go to the market.
    pub(crate) async fn forget_offers(&self) {
        if let Some(heard) = self.offers.lock().await.as_mut() {
            heard.until = Instant::now();
        }
    }

    /// Takes note of where providers are, here and in the map; what the map does not take is tried again with the next answer.
    async fn learn(&self, map: &Map, offers: &[Offer]) {
        let providers = || offers.iter().map(|offer| (offer.provider.address, offer.provider.clone()));
        self.known.lock().unwrap_or_else(PoisonError::into_inner).extend(providers());
        let news: HashMap<Address, Provider> = {
            let saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
            providers().filter(|(address, provider)| saved.get(address) != Some(provider)).collect()
        };
        if news.is_empty() {
            return;
        }
        let rows: Vec<Provider> = news.values().cloned().collect();
        match map.write(move |db| tables::remember_providers(db, &rows)).await {
            Ok(()) => self.saved.lock().unwrap_or_else(PoisonError::into_inner).extend(news),
            Err(error) => tracing::warn!(%error, "where providers are could not be written down"),
        }
    }
}

impl Heard {
    /// Asks for the wanted that the market's answer left out. What it does not say now is asked for with the next question.
    async fn complete(&mut self, market: &dyn Market, wanted: &[Address]) {
        let known: HashSet<Address> = self.offers.iter().map(|offer| offer.provider.address).collect();
        let left_out = |address: &&Address| !known.contains(address) && !self.unknown.contains(address);
        let missing: Vec<Address> = wanted.iter().filter(left_out).copied().collect();
        if missing.is_empty() || self.away {
            return;
        }
        match market.offers_of(missing.clone()).await {
            Ok(offers) => {
                self.unknown.extend(missing);
                self.offers.extend(offers);
            }
            Err(error) => {
                (self.until, self.away) = (self.until.min(Instant::now() + AWAY), true);
                tracing::warn!(%error, "offers of some providers could not be asked for");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::{Deal, Extension, Funds, Proposal};
    use async_trait::async_trait;
    use depin_client::api::Currency;
    use depin_quantity::{Instant as LedgerTime, Name, Span, UnitId, Units};
    use depin_services::storage::piece::Commitment;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    /// A market that may be away, and counts how often it is asked.
    #[derive(Default)]
    struct Asked {
        away: AtomicBool,
        times: AtomicUsize,
    }

    impl Asked {
        fn answer(&self) -> Result<Vec<Offer>, MarketError> {
            self.times.fetch_add(1, Ordering::Relaxed);
            match self.away.load(Ordering::Relaxed) {
                true => Err(MarketError::Unreachable { reason: "away".to_owned() }),
                false => Ok(Vec::new()),
            }
        }
    }

    #[async_trait]
    impl Market for Asked {
        fn currency(&self) -> Currency {
            Currency { token: Name::literal("FIL"), decimals: 18 }
        }

        async fn now(&self) -> Result<LedgerTime, MarketError> {
            self.answer().map(|_| LedgerTime::new(0))
        }

        async fn offers(&self) -> Result<Vec<Offer>, MarketError> {
            self.answer()
        }

        async fn offers_of(&self, _: Vec<Address>) -> Result<Vec<Offer>, MarketError> {
            self.answer()
        }

        async fn propose(&self, _: Vec<Proposal>) -> Result<Vec<Result<UnitId, MarketError>>, MarketError> {
            self.answer().map(|_| Vec::new())
        }

        async fn find(&self, _: Vec<(Address, Commitment)>) -> Result<Vec<Option<UnitId>>, MarketError> {
            self.answer().map(|_| Vec::new())
        }

        async fn deals(&self, _: Vec<UnitId>) -> Result<Vec<Deal>, MarketError> {
            self.answer().map(|_| Vec::new())
        }

        fn cost(&self, _: Units, _: u64, _: Span) -> Units {
            Units::ZERO
        }

        async fn extend(&self, _: Vec<Extension>) -> Result<Vec<Result<Units, MarketError>>, MarketError> {
            self.answer().map(|_| Vec::new())
        }

        async fn end(&self, _: Vec<UnitId>) -> Result<Vec<Result<(), MarketError>>, MarketError> {
            self.answer().map(|_| Vec::new())
        }

        async fn funds(&self) -> Result<Funds, MarketError> {
            self.answer().map(|_| Funds::default())
        }

        async fn changed(&self) {}
    }

    #[tokio::test]
    async fn a_market_that_is_away_is_not_waited_for_with_each_upload() {
        let folder = tempfile::tempdir().unwrap();
        let map = Map::open(&folder.path().join("meta.db"), false).unwrap();
        let (directory, market) = (Directory::load(&map).unwrap(), Asked::default());
        directory.offers(&map, &market, &[]).await.unwrap();
        market.away.store(true, Ordering::Relaxed);
        directory.forget_offers().await;
        for _ in 0..5 {
            directory.offers(&map, &market, &[Address::new([7; 32])]).await.unwrap();
        }
        assert_eq!(market.times.load(Ordering::Relaxed), 2, "once while it answered, once while it did not");
        market.away.store(false, Ordering::Relaxed);
        directory.forget_offers().await;
        directory.offers(&map, &market, &[Address::new([7; 32])]).await.unwrap();
        assert_eq!(market.times.load(Ordering::Relaxed), 4, "back, it is asked for those that it left out too");
    }
}
