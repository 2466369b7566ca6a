//! Providers come, change what they ask, and go.

use super::{
    error::StorageError,
    event::StorageEvent,
    message::{Ask, URL_MAX},
    rows::Provider,
    service::Storage,
};
use crate::context::Context;
use depin_quantity::{Address, Name};

impl Context<'_, Storage> {
    pub(super) fn register(
        &mut self,
        sender: Address,
        name: Name,
        url: &str,
        capacity: u64,
        ask: &Ask,
    ) -> Result<(), StorageError> {
        check_url(url)?;
        self.check_ask(ask)?;
        let provider = match self.state().get::<Provider>(&sender) {
            Some(known) if capacity < known.promised => {
                return Err(StorageError::CapacityBelowDeals { promised: known.promised });
            }
            Some(known) => Provider { name, url: url.to_owned(), capacity, ask: ask.clone(), ..known },
            None => {
                self.register_subject(sender)?;
                self.totals(|totals| totals.providers += 1);
                Provider {
                    name,
                    url: url.to_owned(),
                    capacity,
                    promised: 0,
                    deals: 0,
                    raw_bytes: 0,
                    quality_bytes: 0,
                    ask: ask.clone(),
                    since: self.now(),
                    sets: 0,
                    open_set: None,
                }
            }
        };
        self.state().put(&sender, &provider);
        self.emit(StorageEvent::ProviderChanged { provider: sender });
        Ok(())
    }

    pub(super) fn set_ask(&mut self, sender: Address, ask: &Ask) -> Result<(), StorageError> {
        let mut provider = self.provider(sender)?;
        self.check_ask(ask)?;
        provider.ask = ask.clone();
        self.state().put(&sender, &provider);
        self.emit(StorageEvent::ProviderChanged { provider: sender });
        Ok(())
    }

    /// A provider that leaves keeps its entry, closed and empty, so that it cannot register twice.
    pub(super) fn remove_provider(&mut self, sender: Address) -> Result<(), StorageError> {
        let mut provider = self.provider(sender)?;
        if provider.deals > 0 {
            return Err(StorageError::StillHasDeals(provider.deals));
        }
        provider.ask.open = false;
        provider.capacity = 0;
        self.state().put(&sender, &provider);
        self.emit(StorageEvent::ProviderRemoved { provider: sender });
        Ok(())
    }

    fn check_ask(&self, ask: &Ask) -> Result<(), StorageError> {
        let params = self.params();
        if ask.price.is_zero() || ask.verified_price.is_zero() {
            return Err(StorageError::Ask("the price is zero; ask for at least 1 base unit per GiB and epoch"));
        }
        if ask.price > params.price_max || ask.verified_price > params.price_max {
            return Err(StorageError::PriceTooHigh { price: ask.price.max(ask.verified_price), max: params.price_max });
        }
        if ask.piece_min < params.piece_min || ask.piece_max > params.piece_max {
            return Err(StorageError::Ask("its pieces are smaller or larger than the network's; see `depin network show`"));
        }
        if ask.piece_min > ask.piece_max {
            return Err(StorageError::Ask("the smallest piece is larger than the largest"));
        }
        if ask.term_min > ask.term_max || ask.term_max < params.term_min || ask.term_min > params.term_max {
            return Err(StorageError::Ask("no term lies both within the ask and within the network's limits"));
        }
        Ok(())
    }
}

/// A base URL: scheme http or https, a host, no blanks or control characters, no query.
fn check_url(url: &str) -> Result<(), StorageError> {
    let error = || StorageError::Url(url.chars().take(URL_MAX).collect());
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).ok_or_else(error)?;
    let printable = url.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'?' | b'#' | b'"' | b'<' | b'>' | b'\\'));
    if url.len() > URL_MAX || !printable || rest.split('/').next().is_none_or(str::is_empty) {
        return Err(error());
    }
    Ok(())
}
