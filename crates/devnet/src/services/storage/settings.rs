//! Settings of a storage provider of the home.

use crate::{Result, home::files};
use depin_quantity::{Rounding, Units};
use depin_services::storage::StorageParams;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// `settings.json` in a provider's folder: what it needs to come back as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderSettings {
    /// Bytes offered in all.
    pub capacity_bytes: u64,
    /// Price per GiB and epoch, base units; for the first registration only, later the ledger's entry counts.
    pub price: Units,
    /// The same for verified deals.
    pub verified_price: Units,
    /// Port of the last start; 0 before the first.
    #[serde(default)]
    pub port: u16,
    /// Whether it was taken out of the network; then it is not started again.
    #[serde(default)]
    pub removed: bool,
}

/// Capacity of development providers when none is asked for, bytes.
const CAPACITY: u64 = 1 << 40;
/// Price of development providers per GiB and 30 seconds, in 10^-18 of the deals' token: the upstream software's default ask of
/// 500,000,000 attoFIL (go-fil-markets), whatever the token is.
const PRICE: u128 = 500_000_000;
const PRICE_SPAN: u128 = 30_000;

/// The development price in base units of the network's token per GiB and period of deals: rounded up, and at least one.
fn price(params: &StorageParams) -> Units {
    let whole = 10u128.pow(params.decimals.min(18).into());
    let per_period = PRICE * u128::from(params.epoch.get()) / PRICE_SPAN;
    let units = Units::new(per_period).mul_div(whole, 1_000_000_000_000_000_000, Rounding::Up).unwrap_or(params.price_max);
    units.max(Units::new(1)).min(params.price_max)
}

impl ProviderSettings {
    /// Settings of a development provider on a network with these rules.
    pub fn new(params: &StorageParams, capacity_bytes: u64) -> Self {
        let price = price(params);
        Self { capacity_bytes, price, verified_price: price, port: 0, removed: false }
    }

    /// Those in a provider's folder, or new ones.
    ///
    /// # Errors
    /// Broken when they cannot be read.
    pub fn read_or_new(folder: &Path, params: &StorageParams) -> Result<Self> {
        Ok(Self::read(folder)?.unwrap_or_else(|| Self::new(params, CAPACITY)))
    }

    /// Reads them from a provider's folder; none when there are none.
    ///
    /// # Errors
    /// Broken when they cannot be read.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        files::read_json(&folder.join("settings.json"))
    }

    /// Writes them into a provider's folder.
    ///
    /// # Errors
    /// Broken when they cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        files::write_json(&folder.join("settings.json"), self, files::Readers::Everybody)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_quantity::{Instant, Span};

    #[test]
    fn a_development_price_follows_the_tokens_places_and_is_never_nothing() {
        let spec = crate::home::Choice::find("filecoin").unwrap().spec;
        let fil = StorageParams::read(&spec, Instant::new(0)).unwrap();
        assert_eq!(price(&fil), Units::new(500_000_000));
        assert_eq!(price(&StorageParams { epoch: Span::from_secs(60), ..fil.clone() }), Units::new(1_000_000_000));
        assert_eq!(price(&StorageParams { decimals: 10, ..fil.clone() }), Units::new(5));
        for decimals in [0, 6, 8, 9] {
            assert_eq!(price(&StorageParams { decimals, ..fil.clone() }), Units::new(1), "{decimals}");
        }
    }
}
