//! Who the providers are and where they are reached.
//!
//! In: the market's offers, asked for at most every other second. Out: offers for placements, and the provider behind an address for
//! reads. Addresses and URLs are kept in the object map, so that reads work while the ledger cannot be reached.

use crate::{
    map::{Map, MapError, tables},
    market::{Market, MarketError, Offer, Provider},
};
use depin_quantity::Address;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

const FRESH: Duration = Duration::from_secs(2);

/// The known providers.
pub(crate) struct Directory {
    known: Mutex<HashMap<Address, Provider>>,
    /// What the map remembers: less than is known when it could not be written, such as on a full disk.
    saved: Mutex<HashMap<Address, Provider>>,
    offers: tokio::sync::Mutex<Option<(Instant, Vec<Offer>)>>,
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

    /// Learns where providers are now. What they ask is not kept: whoever places something asks for itself.
    ///
    /// # Errors
    /// What the market says.
    pub(crate) async fn look(&self, map: &Map, market: &dyn Market) -> Result<(), MarketError> {
        self.learn(map, &market.offers().await?).await;
        Ok(())
    }

    /// The market's offers; older ones while the market does not answer.
    ///
    /// # Errors
    /// What the market says when there are no older ones.
    pub(crate) async fn offers(&self, map: &Map, market: &dyn Market) -> Result<Vec<Offer>, MarketError> {
        let mut cached = self.offers.lock().await;
        if let Some((at, offers)) = cached.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            let _ = at;
            self.learn(map, offers).await;
            return Ok(offers.clone());
        }
        match market.offers().await {
            Ok(offers) => {
                self.learn(map, &offers).await;
                *cached = Some((Instant::now(), offers.clone()));
                Ok(offers)
            }
            Err(error) => match cached.as_ref() {
                Some((_, offers)) => {
                    tracing::warn!(%error, "the market does not answer; using its last offers");
                    Ok(offers.clone())
                }
                None => Err(error),
            },
        }
    }

    /// The offers that were heard of last.
    pub(crate) async fn last_offers(&self) -> Vec<Offer> {
        self.offers.lock().await.as_ref().map_or_else(Vec::new, |(_, offers)| offers.clone())
    }

    /// Makes the next question go to the market.
    pub(crate) async fn forget_offers(&self) {
        if let Some((at, _)) = self.offers.lock().await.as_mut() {
            *at = at.checked_sub(FRESH).unwrap_or(*at);
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
