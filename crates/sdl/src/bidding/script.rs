//! Price scripts: what one reads, what it finds in its environment, what it may answer. Whoever bids runs it.

use super::addresses;
use crate::{
    decimal,
    group::{Group, Price, ResourceUnit},
    json,
    resources::{Gpu, Volume},
};
use depin_quantity::{Decimal18, QuantityError};
use serde::Serialize;
use std::collections::BTreeMap;

/// Why what a script wrote is no price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// It wrote nothing.
    #[error("the price script wrote nothing; it writes one decimal price per block")]
    Empty,
    /// It wrote something else.
    #[error("the price script wrote `{text}`, which {wrong}; it writes one decimal price per block")]
    Invalid {
        /// What, shortened.
        text: String,
        /// In words.
        wrong: &'static str,
    },
    /// It asks for nothing.
    #[error("the price script asks for nothing, and a bid of nothing is none")]
    Zero,
}

/// A variable of a script's environment.
pub type EnvVar = (&'static str, String);

/// What a script finds in its environment, beside the provider's own.
pub fn script_env(owner: &str, denom: &str) -> [EnvVar; 2] {
    [("AKASH_OWNER", owner.to_owned()), ("AKASH_DENOM", denom.to_owned())]
}

#[derive(Serialize)]
struct Input<'g> {
    resources: Vec<Element<'g>>,
    price: Price,
    #[serde(skip_serializing_if = "Option::is_none")]
    price_precision: Option<u32>,
}

#[derive(Serialize)]
struct Element<'g> {
    memory: u64,
    cpu: u64,
    gpu: GpuElement<'g>,
    storage: Vec<StorageElement<'g>>,
    count: u32,
    endpoint_quantity: usize,
    ip_lease_quantity: usize,
}

#[derive(Serialize)]
struct StorageElement<'g> {
    class: &'g str,
    size: u64,
}

#[derive(Serialize)]
struct GpuElement<'g> {
    units: u64,
    attributes: GpuAttributes<'g>,
}

#[derive(Serialize)]
struct GpuAttributes<'g> {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    vendor: BTreeMap<&'g str, Model<'g>>,
}

#[derive(Serialize)]
struct Model<'g> {
    model: &'g str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ram: Option<&'g str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interface: Option<&'g str>,
}

/// The line of JSON that a script reads: the order's units, or those that were set aside for it where a wildcard was filled, and the
/// order's price. `precision` is the number of places that upstream's scripts write; 0 leaves it out.
///
/// - Failure: past 128 bits, which no group that was checked comes near.
pub fn script_input(group: &Group, allocated: Option<&[ResourceUnit]>, precision: u32) -> Result<String, QuantityError> {
    let units = allocated.filter(|units| !units.is_empty()).unwrap_or(&group.resources);
    let price = group.price()?.unwrap_or(Price { denom: String::new(), amount: Decimal18::ZERO });
    let resources = units.iter().map(element).collect();
    let input = Input { resources, price, price_precision: (precision > 0).then_some(precision) };
    Ok(json::compact(&input) + "\n")
}

fn element(unit: &ResourceUnit) -> Element<'_> {
    let resources = &unit.resources;
    Element {
        memory: resources.memory.size.get(),
        cpu: resources.cpu.units.get(),
        gpu: GpuElement { units: resources.gpu.units.get(), attributes: GpuAttributes { vendor: vendors(&resources.gpu) } },
        storage: resources.storage.iter().map(storage).collect(),
        count: unit.count,
        endpoint_quantity: resources.endpoints.len(),
        ip_lease_quantity: addresses([unit]),
    }
}

/// Here the class alone counts, so shared memory is `ram`.
fn storage(volume: &Volume) -> StorageElement<'_> {
    let class = volume.class().filter(|class| !class.is_empty()).unwrap_or("ephemeral");
    StorageElement { class, size: volume.size.get() }
}

/// Each vendor with its model. As upstream, of several models the last is told.
fn vendors(gpu: &Gpu) -> BTreeMap<&str, Model<'_>> {
    let mut vendors = BTreeMap::new();
    for attribute in &gpu.attributes {
        let parts: Vec<&str> = attribute.key.split('/').collect();
        let ["vendor", vendor, _, model, more @ ..] = parts.as_slice() else { continue };
        let said = |key: &str| more.chunks_exact(2).rfind(|pair| pair[0] == key).map(|pair| pair[1]);
        vendors.insert(*vendor, Model { model, ram: said("ram"), interface: said("interface") });
    }
    vendors
}

/// The price per block that a script wrote.
///
/// # Errors
/// [`ScriptError`] for nothing, for what is no decimal number of at most 18 places, for a negative one, and for zero.
pub fn script_price(output: &str) -> Result<Decimal18, ScriptError> {
    let text = output.trim();
    if text.is_empty() {
        return Err(ScriptError::Empty);
    }
    let invalid = |wrong| ScriptError::Invalid { text: text.chars().take(80).collect(), wrong };
    let (negative, amount) = decimal::parse(text).map_err(invalid)?;
    match (amount.is_zero(), negative) {
        (true, _) => Err(ScriptError::Zero),
        (_, true) => Err(invalid("is negative")),
        _ => Ok(amount),
    }
}
