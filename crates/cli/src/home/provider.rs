//! Settings of a provider of the home.

use super::atomic;
use crate::error::Result;
use depin_quantity::Units;
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

/// Price of development providers: 500,000,000 attoFIL per GiB and epoch, the upstream software's default ask (go-fil-markets).
const PRICE: Units = Units::new(500_000_000);
/// Capacity of development providers when none is asked for, bytes.
const CAPACITY: u64 = 1 << 40;

impl Default for ProviderSettings {
    fn default() -> Self {
        Self { capacity_bytes: CAPACITY, price: PRICE, verified_price: PRICE, port: 0, removed: false }
    }
}

impl ProviderSettings {
    /// Reads them from a provider's folder; none when there are none.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        atomic::read_json(&folder.join("settings.json"))
    }

    pub fn write(&self, folder: &Path) -> Result<()> {
        atomic::write_json(&folder.join("settings.json"), self, atomic::Readers::Everybody)
    }
}
