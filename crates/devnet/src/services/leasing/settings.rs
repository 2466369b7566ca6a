//! Settings of a provider of leases of the home.

use crate::{Error, Result};
use depin_provider::leasing::{Capacity, Offer, RuntimeChoice, read_attributes, read_prices, storage_attributes};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What upstream's chart asks for a month, per block of 6.117 s at a dollar for a token: 1.60 $ a thread, 0.80 $ a GB of memory, 0.02 $ a
/// GB of disk, 0.05 $ a port; in the smallest unit per thousandth, MiB and port.
const PRICES: &str = "cpu=0.0037,memory=0.0018,storage=0.00005,endpoint=0.12";
/// What the second, third… provider asks, in hundredths of the first's: bids should differ.
const DEARER: u32 = 10;

/// What a provider of leases keeps in its `settings.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseSettings {
    /// What runs containers: `auto`, `oci` or `bwrap`.
    pub runtime: RuntimeChoice,
    /// What is sold, as `cpu=2,memory=4Gi,storage=20Gi`.
    pub capacity: String,
    /// What is asked, as `cpu=0.0037,memory=0.0018,storage=0.00005,endpoint=0.1`.
    pub prices: String,
    /// What it says of itself beside its storage, as `region=eu,tier=community`.
    pub attributes: String,
    /// The domain below which services get their host names.
    pub domain: String,
    /// Port for HTTP of its tenants' services; 0 before the first start.
    #[serde(default)]
    pub ingress: u16,
}

impl LeaseSettings {
    /// Those of the development provider with this name, whose number makes it dearer than those before it.
    pub fn new(name: &str) -> Self {
        let number: u32 = name.rsplit_once('-').and_then(|(_, number)| number.parse().ok()).unwrap_or(1);
        let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            runtime: RuntimeChoice::Auto,
            capacity: format!("cpu={cpus},memory=4Gi,storage=20Gi"),
            prices: dearer(PRICES, 100 + DEARER * (number.max(1) - 1)),
            attributes: "host=akash,region=local".to_owned(),
            domain: format!("{name}.localhost"),
            ingress: 0,
        }
    }

    /// Those of the operator whose folder this is.
    pub(super) fn of_folder(folder: &Path) -> Self {
        Self::new(&folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default())
    }

    /// What they come to: the offer, what it says of itself, what it sells.
    ///
    /// # Errors
    /// Refused for texts that are none of these.
    pub fn terms(&self) -> Result<(Offer, Vec<depin_provider::leasing::Attribute>, Capacity)> {
        let wrong = |error: &dyn std::fmt::Display| Error::refused("settings", error);
        let pricing = read_prices(&self.prices).map_err(|error| wrong(&error))?;
        let mut attributes = storage_attributes();
        attributes.extend(read_attributes(&self.attributes).map_err(|error| wrong(&error))?);
        let capacity = self.capacity.parse().map_err(|error| wrong(&error))?;
        Ok((Offer::new(pricing), attributes, capacity))
    }
}

/// Prices times hundredths, exactly.
fn dearer(prices: &str, hundredths: u32) -> String {
    let one = |part: &str| {
        let (key, value) = part.split_once('=').unwrap_or((part, "0"));
        let price = depin_quantity::Decimal18::parse(value).unwrap_or_default().get();
        let price = depin_quantity::Decimal18::new(price * u128::from(hundredths) / 100);
        format!("{key}={}", price.to_decimal())
    };
    prices.split(',').map(one).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn development_providers_offer_the_same_at_prices_of_their_own() {
        let (first, second) = (LeaseSettings::new("provider-1"), LeaseSettings::new("provider-2"));
        assert_eq!(first.prices, PRICES);
        assert_eq!(second.prices, "cpu=0.00407,memory=0.00198,storage=0.000055,endpoint=0.132");
        assert_eq!((first.domain.as_str(), first.capacity == second.capacity), ("provider-1.localhost", true));
        for settings in [first, second] {
            let (_, attributes, _) = settings.terms().unwrap();
            assert!(attributes.iter().any(|one| one.key == "region" && one.value == "local"));
        }
        assert!(LeaseSettings { prices: "gold=1".to_owned(), ..LeaseSettings::new("x") }.terms().is_err());
    }
}
