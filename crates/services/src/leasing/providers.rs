//! Providers come, say what they are, fail, and go; auditors vouch for what they say.

use super::{
    error::LeasingError,
    event::LeasingEvent,
    names::{ABANDONED, UNSERVED},
    rows::{AuditedAttributes, Found, IndexKey, Provider},
    service::Leasing,
    states::Failing,
};
use crate::context::Context;
use depin_quantity::{Address, Name};
use depin_sdl::{Attribute, bidding::Audited};

impl Context<'_, Leasing> {
    /// Order of refusals: name, pledge. The bounds of all messages come before.
    pub(super) fn register(
        &mut self,
        sender: Address,
        name: Name,
        url: &str,
        attributes: &[Attribute],
    ) -> Result<(), LeasingError> {
        let known = self.state().get::<Provider>(&sender);
        self.take_name(sender, name, known.as_ref().map(|provider| provider.name))?;
        if known.is_none() {
            self.register_subject(sender)?;
        }
        let mut provider = known.unwrap_or_else(|| Provider {
            name,
            url: String::new(),
            attributes: Vec::new(),
            since: self.now(),
            active: false,
            pledged: false,
            below_pledge: false,
            bids: 0,
            leases: 0,
            leased_units: 0,
            failures: 0,
        });
        if self.params().rules.pledges {
            self.pledge(sender, provider.pledged)?;
            (provider.pledged, provider.below_pledge) = (true, false);
        }
        if !provider.active {
            self.stand(sender, true)?;
            self.totals(|totals| totals.providers += 1);
        }
        let (url, attributes) = (url.to_owned(), attributes.to_vec());
        self.state().put(&sender, &Provider { name, url, attributes, active: true, ..provider });
        self.emit(LeasingEvent::ProviderChanged { provider: sender });
        Ok(())
    }

    /// Gives a provider the name that it asks for, unless another has it, and frees the one that it had.
    fn take_name(&mut self, sender: Address, name: Name, before: Option<Name>) -> Result<(), LeasingError> {
        match self.find(IndexKey::Name(name)) {
            Some(Found::Account(by)) if by != sender => return Err(LeasingError::NameTaken { name, by }),
            _ => {}
        }
        if let Some(before) = before.filter(|before| *before != name) {
            self.free_name(sender, before);
        }
        self.list(IndexKey::Name(name), Found::Account(sender));
        Ok(())
    }

    fn free_name(&mut self, of: Address, name: Name) {
        if self.find(IndexKey::Name(name)) == Some(Found::Account(of)) {
            self.unlist(IndexKey::Name(name));
        }
    }

    pub(super) fn leave(&mut self, sender: Address) -> Result<(), LeasingError> {
        let mut provider = self.provider(sender)?;
        if !provider.active {
            return Err(LeasingError::UnknownProvider(sender));
        }
        let Provider { bids, leases, name, .. } = provider;
        if bids > 0 || leases > 0 {
            return Err(LeasingError::Engaged { bids, leases });
        }
        self.retire(sender, &mut provider)?;
        self.free_name(sender, name);
        self.state().put(&sender, &provider);
        self.emit(LeasingEvent::ProviderLeft { provider: sender });
        Ok(())
    }

    /// The provider takes no part any more. What it pledged stays while it has bids or leases.
    fn retire(&mut self, address: Address, provider: &mut Provider) -> Result<(), LeasingError> {
        if provider.active {
            self.stand(address, false)?;
            self.totals(|totals| totals.providers = totals.providers.saturating_sub(1));
        }
        provider.active = false;
        self.free_pledge(address, provider)
    }

    /// Gives the pledge of a provider that takes no part back, with the end of its last bid and lease.
    pub(super) fn free_pledge(&mut self, address: Address, provider: &mut Provider) -> Result<(), LeasingError> {
        if provider.pledged && !provider.active && provider.bids == 0 && provider.leases == 0 {
            self.release_pledge(address)?;
            provider.pledged = false;
        }
        Ok(())
    }

    /// A key that was signed before gets its new value, others stay.
    pub(super) fn sign(&mut self, auditor: Address, provider: Address, attributes: &[Attribute]) -> Result<(), LeasingError> {
        self.provider(provider)?;
        let key = (provider, auditor);
        let mut kept = self.state().get::<AuditedAttributes>(&key).map_or_else(Vec::new, |row| row.attributes);
        kept.retain(|one| attributes.iter().all(|other| other.key != one.key));
        kept.extend(attributes.iter().cloned());
        kept.sort();
        if kept.len() > super::message::ATTRIBUTES_MAX {
            return Err(LeasingError::Attributes(kept.len()));
        }
        let attributes = u32::try_from(kept.len()).unwrap_or(u32::MAX);
        self.state().put(&key, &AuditedAttributes { attributes: kept });
        self.emit(LeasingEvent::AttributesSigned { provider, auditor, attributes });
        Ok(())
    }

    pub(super) fn unsign(&mut self, auditor: Address, provider: Address, keys: &[String]) -> Result<(), LeasingError> {
        let key = (provider, auditor);
        let row = self.state().get::<AuditedAttributes>(&key).ok_or(LeasingError::NothingSigned { auditor, provider })?;
        let kept: Vec<Attribute> =
            row.attributes.into_iter().filter(|one| !keys.is_empty() && !keys.contains(&one.key)).collect();
        let attributes = u32::try_from(kept.len()).unwrap_or(u32::MAX);
        if kept.is_empty() {
            self.state().delete::<AuditedAttributes>(&key);
        } else {
            self.state().put(&key, &AuditedAttributes { attributes: kept });
        }
        self.emit(LeasingEvent::AttributesSigned { provider, auditor, attributes });
        Ok(())
    }

    /// What those of these auditors that are accounts here signed about a provider. Others, as of another chain, signed nothing.
    pub(super) fn audited<'n>(&mut self, provider: Address, auditors: impl Iterator<Item = &'n String>) -> Vec<Audited> {
        let mut audited = Vec::new();
        for name in auditors {
            let Ok(auditor) = name.parse::<Address>() else { continue };
            if let Some(row) = self.state().get::<AuditedAttributes>(&(provider, auditor)) {
                audited.push(Audited { auditor: name.clone(), attributes: row.attributes });
            }
        }
        audited
    }

    /// The network's reporter says that a provider failed.
    pub(super) fn report_fault(&mut self, sender: Address, address: Address, failing: Failing) -> Result<(), LeasingError> {
        let reporter = self.params().reporter.and_then(|role| self.role(role));
        if reporter != Some(sender) {
            return Err(LeasingError::NotTheReporter(reporter));
        }
        let provider = self.provider(address)?;
        let kind = match failing {
            Failing::Unserved => UNSERVED,
            Failing::Abandoned => ABANDONED,
        };
        self.fault(address, kind, provider.pledged, sender)?;
        let mut provider = Provider { failures: provider.failures.saturating_add(1), ..provider };
        if failing == Failing::Abandoned {
            self.retire(address, &mut provider)?;
        }
        self.state().put(&address, &provider);
        self.emit(LeasingEvent::ProviderFailed { provider: address, failing });
        Ok(())
    }

    /// The economy says that a fault left a provider's pledge too small.
    pub(super) fn below_pledge(&mut self, address: Address) {
        if let Some(mut provider) = self.state().get::<Provider>(&address) {
            provider.below_pledge = true;
            self.state().put(&address, &provider);
        }
    }
}
