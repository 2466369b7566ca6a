//! Providers come, change what they ask, and go; entries of no use to anybody lapse.

use super::{
    due::Job,
    error::StorageError,
    event::StorageEvent,
    message::{Ask, URL_MAX},
    rows::{DataSet, Provider},
    service::Storage,
};
use crate::context::Context;
use depin_economy::{Refusal, Topic};
use depin_quantity::{Address, Name, Span};

/// How long an entry without deals stays. Whoever still offers after that registers anew and pays for the rows again, so that to fill
/// the list costs what it takes up for as long as it does.
pub const UNUSED_KEPT: Span = Span::from_days(7);

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
                match self.register_subject(sender) {
                    // Its entry lapsed before; the economy knows it still.
                    Ok(()) | Err(StorageError::Economy(Refusal::Duplicate { what: Topic::Subject })) => {}
                    Err(refusal) => return Err(refusal),
                }
                self.totals(|totals| totals.providers += 1);
                self.schedule(self.now().later(UNUSED_KEPT), Job::Lapse(sender));
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
                    used: self.now(),
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

    /// A provider that leaves keeps its entry, closed and empty, until it lapses.
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

    /// Ends an entry that had no deal for as long as such are kept, or looks again when that may be so. Returns data sets looked at.
    ///
    /// What the economy keeps of the provider stays, and so do its ended deals, until they are forgotten.
    pub(super) fn lapse(&mut self, address: Address) -> usize {
        let Some(provider) = self.state().get::<Provider>(&address) else { return 0 };
        // Windows of a set may still be open, or due, when its last sector has left; then the set is still there.
        let used = provider.deals > 0 || self.has_set(address);
        let until = if used { self.now() } else { provider.used }.later(UNUSED_KEPT);
        if until > self.now() {
            self.schedule(until, Job::Lapse(address));
            return 1;
        }
        self.state().delete::<Provider>(&address);
        self.totals(|totals| totals.providers -= 1);
        self.emit(StorageEvent::ProviderRemoved { provider: address });
        1
    }

    fn has_set(&mut self, address: Address) -> bool {
        self.state().first_from::<DataSet>(&(address, 0)).is_some_and(|((owner, _), _)| owner == address)
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
