//! Prices by scale: each resource times a price of its own.

use super::addresses;
use crate::{group::Group, resources::Volume};
use depin_quantity::{Decimal18, Int, QuantityError};
use std::collections::BTreeMap;

/// The class of storage that is not persistent, or has no class.
const EPHEMERAL: &str = "ephemeral";
const MIB: u64 = 1 << 20;
/// Places of a quotient.
const QUOTIENT_PLACES: u64 = 10_000_000_000_000_000;
/// Prices of more than so many units cannot be bid: chains of that family sort decimals up to it.
const AMOUNT_MAX: Decimal18 = Decimal18::new(Decimal18::ONE.get() * 1_000_000_000_000_000_000);

/// What a provider asks per block for a unit of each resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScalePrices {
    /// For a thousandth of a CPU.
    pub cpu: Decimal18,
    /// For a MiB of memory.
    pub memory: Decimal18,
    /// For a MiB of storage, by class; `ephemeral` is what is not persistent.
    pub storage: BTreeMap<String, Decimal18>,
    /// For an endpoint, whatever the replicas.
    pub endpoint: Decimal18,
    /// For a leased address.
    pub ip: Decimal18,
}

/// Why there is no price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScaleError {
    /// Nothing would ever be asked.
    #[error("at least one price must be more than nothing")]
    AllZero,
    /// Storage of a class that has no price.
    #[error("there is no price for storage of the class `{0}`")]
    NoPrice(String),
    /// What the group asks for costs nothing.
    #[error("the price of this order is nothing")]
    Zero,
    /// Sizes that are no whole MiB may give prices that no chain takes.
    #[error("the price has more than 18 places: {0} of 10^-34")]
    TooFine(String),
    /// Past what can be bid.
    #[error("the price is more than 10^18")]
    TooMuch,
    /// Past 1,024 bits.
    #[error(transparent)]
    Quantity(#[from] QuantityError),
}

impl ScalePrices {
    /// Whether they can be a provider's prices. As upstream, one class of storage without a price counts as none having one.
    ///
    /// # Errors
    /// [`ScaleError::AllZero`].
    pub fn check(&self) -> Result<(), ScaleError> {
        let storage_is_free = self.storage.is_empty() || self.storage.values().any(|price| price.is_zero());
        let rest = [self.cpu, self.memory, self.endpoint, self.ip];
        if storage_is_free && rest.iter().all(|price| price.is_zero()) { Err(ScaleError::AllZero) } else { Ok(()) }
    }

    /// What a group costs per block: sums over all replicas, each sum of bytes divided once by a MiB, to the nearest at the 16th place,
    /// a half up; all else exact. Endpoints do not count by replica, addresses count once each.
    ///
    /// # Errors
    /// [`ScaleError`]: the first class without a price, then a price of nothing, of too many places, of too much.
    pub fn price(&self, group: &Group) -> Result<Decimal18, ScaleError> {
        let (mut cpu, mut memory, mut endpoints) = (Int::ZERO, Int::ZERO, 0_u64);
        let mut storage: BTreeMap<&str, Int> = BTreeMap::new();
        for unit in &group.resources {
            let times = |value: u64| Int::from(value).times(Int::from(u64::from(unit.count)));
            cpu = cpu.plus(times(unit.resources.cpu.units.get())?)?;
            memory = memory.plus(times(unit.resources.memory.size.get())?)?;
            endpoints += unit.resources.endpoints.len() as u64;
            for volume in &unit.resources.storage {
                let class = class(volume);
                if !self.storage.contains_key(class) {
                    return Err(ScaleError::NoPrice(class.to_owned()));
                }
                let total = storage.entry(class).or_default();
                *total = total.plus(times(volume.size.get())?)?;
            }
        }
        let whole = |count: Int, price: Decimal18| count.times(wide(QUOTIENT_PLACES))?.times(Int::from(price.get()));
        let mut total = whole(cpu, self.cpu)?.plus(mebibytes(memory)?.times(Int::from(self.memory.get()))?)?;
        for (class, bytes) in storage {
            let price = self.storage.get(class).copied().unwrap_or_default();
            total = total.plus(mebibytes(bytes)?.times(Int::from(price.get()))?)?;
        }
        let addresses = addresses(&group.resources) as u64;
        total = total.plus(whole(Int::from(endpoints), self.endpoint)?)?.plus(whole(Int::from(addresses), self.ip)?)?;
        amount(total)
    }
}

/// What of 10^-34 is a price.
fn amount(total: Int) -> Result<Decimal18, ScaleError> {
    if total.is_zero() {
        return Err(ScaleError::Zero);
    }
    let parts = total.div_floor(wide(QUOTIENT_PLACES))?;
    if parts.times(wide(QUOTIENT_PLACES))? != total {
        return Err(ScaleError::TooFine(total.to_string()));
    }
    let parts: u128 = parts.to_string().parse().map_err(|_| ScaleError::TooMuch)?;
    let amount = Decimal18::new(parts);
    if amount > AMOUNT_MAX { Err(ScaleError::TooMuch) } else { Ok(amount) }
}

fn wide(value: u64) -> Int {
    Int::from(value)
}

/// Bytes as MiB in units of the 16th place, to the nearest, a half up.
fn mebibytes(bytes: Int) -> Result<Int, QuantityError> {
    bytes.times(wide(QUOTIENT_PLACES))?.times(wide(2))?.plus(wide(MIB))?.div_floor(wide(2 * MIB))
}

/// What a volume is priced as.
fn class(volume: &Volume) -> &str {
    volume.class().filter(|class| volume.is_persistent() && !class.is_empty()).unwrap_or(EPHEMERAL)
}
