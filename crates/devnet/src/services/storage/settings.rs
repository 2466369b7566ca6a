//! Settings of a storage provider of the home.

use depin_networks::start_price;
use depin_provider::storage::ProviderConfig;
use depin_quantity::{Name, Rounding, Units};
use depin_services::storage::StorageParams;
use serde::{Deserialize, Serialize};

/// What a storage provider keeps in its `settings.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderSettings {
    /// Bytes offered in all.
    pub capacity_bytes: u64,
    /// Price per GiB and epoch, base units; for the first registration only, later the ledger's entry counts.
    pub price: Units,
    /// The same for verified deals.
    pub verified_price: Units,
    /// Most data sets of clients whose deals pay less than their proofs cost.
    #[serde(default = "small_clients")]
    pub small_clients: u32,
}

const fn small_clients() -> u32 {
    ProviderConfig::SMALL_CLIENTS
}

/// Capacity of development providers when none is asked for, bytes.
pub(super) const CAPACITY: u64 = 1 << 40;
/// Price of development providers per GiB and 30 seconds, in 10^-18 FIL: the upstream software's default ask of 500,000,000 attoFIL
/// (go-fil-markets). In another token as much as that is worth in dollars at the start prices of `networks/prices.toml`; in one without a
/// start price the same number.
const PRICE: u128 = 500_000_000;
const PRICE_SPAN: u128 = 30_000;

/// The development price in base units of the network's token per GiB and period of deals: rounded up, and at least one.
fn price(params: &StorageParams) -> Units {
    let whole = 10u128.pow(params.decimals.min(18).into());
    let per_period = PRICE * u128::from(params.epoch.get()) / PRICE_SPAN;
    let fil = start_price(Name::literal("FIL"));
    let worth = fil.zip(start_price(params.token)).map(|(fil, own)| (fil.get(), own.get()));
    let (fil, own) = worth.unwrap_or((1, 1));
    let as_much = Units::new(per_period).mul_div(fil, own, Rounding::Up).unwrap_or(params.price_max);
    let units = as_much.mul_div(whole, 1_000_000_000_000_000_000, Rounding::Up).unwrap_or(params.price_max);
    units.max(Units::new(1)).min(params.price_max)
}

impl ProviderSettings {
    /// Settings of a development provider on a network with these rules.
    pub fn new(params: &StorageParams, capacity_bytes: u64) -> Self {
        let price = price(params);
        Self { capacity_bytes, price, verified_price: price, small_clients: small_clients() }
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
        // 500,000,000 * 5 USD / 2.93 USD.
        assert_eq!(price(&StorageParams { token: Name::literal("IO"), ..fil.clone() }), Units::new(853_242_321));
        for decimals in [0, 6, 8, 9] {
            assert_eq!(price(&StorageParams { decimals, ..fil.clone() }), Units::new(1), "{decimals}");
        }
    }
}
