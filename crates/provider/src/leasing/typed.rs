//! Prices and attributes as they are typed and kept in settings.

use super::price::Pricing;
use depin_quantity::Decimal18;
use depin_sdl::{Attribute, bidding::ScalePrices};
use std::collections::BTreeMap;

/// Classes that `storage` is the price of: what ends with its container, memory file systems, and the kinds of disk that
/// [`storage_attributes`](super::storage_attributes) names.
const CLASSES: [&str; 4] = ["ephemeral", "default", "beta2", "ram"];

/// A text that is none of these.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TypedError {
    /// No prices.
    #[error(
        "`{0}` is no list of prices; write cpu=0.0037,memory=0.0018,storage=0.00005,endpoint=0.1: what is asked per block for a \
         thousandth of a CPU, for a MiB of memory and of disk, for a port, in the order's denomination"
    )]
    Prices(String),
    /// Prices that ask for nothing.
    #[error("{0}")]
    Nothing(#[from] depin_sdl::bidding::ScaleError),
    /// No attributes.
    #[error("`{0}` is no list of attributes; write region=eu,tier=community")]
    Attributes(String),
}

fn pairs(text: &str) -> Option<BTreeMap<&str, &str>> {
    let mut pairs = BTreeMap::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=')?;
        if pairs.insert(key.trim(), value.trim()).is_some() {
            return None;
        }
    }
    Some(pairs)
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

/// Prices for each resource: `cpu=0.0037,memory=0.0018,storage=0.00005,endpoint=0.1`; a class of storage may have a price of its own, as
/// `beta2=0.0001`.
///
/// # Errors
/// [`TypedError`].
pub fn read_prices(text: &str) -> Result<Pricing, TypedError> {
    let wrong = || TypedError::Prices(shortened(text));
    let mut scale = ScalePrices::default();
    let mut own = BTreeMap::new();
    let mut disk = Decimal18::ZERO;
    for (key, value) in pairs(text).filter(|pairs| !pairs.is_empty()).ok_or_else(wrong)? {
        let price = Decimal18::parse(value).map_err(|_| wrong())?;
        match key {
            "cpu" => scale.cpu = price,
            "memory" => scale.memory = price,
            "storage" => disk = price,
            "endpoint" => scale.endpoint = price,
            class if CLASSES.contains(&class) || class.starts_with("beta") => drop(own.insert(class.to_owned(), price)),
            _ => return Err(wrong()),
        }
    }
    scale.storage = CLASSES.into_iter().map(|class| (class.to_owned(), disk)).collect();
    scale.storage.extend(own);
    let is_free = [scale.cpu, scale.memory, scale.endpoint].iter().chain(scale.storage.values()).all(|price| price.is_zero());
    if is_free {
        return Err(depin_sdl::bidding::ScaleError::AllZero.into());
    }
    Ok(Pricing::Scale(scale))
}

/// Attributes: `region=eu,tier=community`; none for an empty text.
///
/// # Errors
/// [`TypedError::Attributes`].
pub fn read_attributes(text: &str) -> Result<Vec<Attribute>, TypedError> {
    let wrong = || TypedError::Attributes(shortened(text));
    let attributes = pairs(text).ok_or_else(wrong)?.into_iter().map(|(key, value)| Attribute::new(key, value));
    let attributes: Vec<Attribute> = attributes.collect();
    if attributes.iter().any(|one| !one.has_key() || one.value.is_empty()) { Err(wrong()) } else { Ok(attributes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_and_attributes_are_read_as_they_are_typed() {
        let Ok(Pricing::Scale(scale)) = read_prices("cpu=0.5, memory=2,storage=0.1,beta3=7,endpoint=1") else { panic!("prices") };
        let of = |class: &str| scale.storage.get(class).map(|price| price.to_decimal());
        assert_eq!(
            (scale.cpu.to_decimal(), of("beta2"), of("beta3")),
            ("0.5".to_owned(), Some("0.1".to_owned()), Some("7".to_owned()))
        );
        for wrong in ["", "cpu", "cpu=-1", "cpu=1,cpu=2", "gold=1", "cpu=many"] {
            assert!(matches!(read_prices(wrong), Err(TypedError::Prices(_))), "{wrong}");
        }
        assert!(matches!(read_prices("cpu=0"), Err(TypedError::Nothing(_))));
        let read = read_attributes("region=eu,tier=community").unwrap();
        assert_eq!(read, [Attribute::new("region", "eu"), Attribute::new("tier", "community")]);
        assert_eq!(read_attributes(""), Ok(Vec::new()));
        for wrong in ["region", "region=", "=eu", "1=2", "region=eu,region=us"] {
            assert!(read_attributes(wrong).is_err(), "{wrong}");
        }
    }
}
