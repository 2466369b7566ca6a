//! What is ordered on a chain: groups of resource units with requirements and prices.

use crate::{
    decimal,
    resources::{Attribute, Resources},
};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Decimal18, QuantityError};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A price per block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Price {
    /// The currency, as `uact`.
    pub denom: String,
    /// In 10^-18 of the denom's unit.
    pub amount: Decimal18,
}

impl Price {
    /// The amount with all its 18 places, as chains of that family write it.
    pub fn amount_text(&self) -> String {
        let one = Decimal18::ONE.get();
        format!("{}.{:018}", self.amount.get() / one, self.amount.get() % one)
    }
}

impl Serialize for Price {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Coin<'a> {
            denom: &'a str,
            amount: String,
        }
        Coin { denom: &self.denom, amount: self.amount_text() }.serialize(serializer)
    }
}

/// Reads what [`Price`] writes: the amount as a decimal number of at most 18 places.
impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Coin {
            denom: String,
            amount: String,
        }
        let Coin { denom, amount } = Coin::deserialize(deserializer)?;
        match decimal::parse(&amount) {
            Ok((false, amount)) => Ok(Self { denom, amount }),
            Ok((true, _)) => Err(D::Error::custom("a price is not negative")),
            Err(wrong) => Err(D::Error::custom(format_args!("the amount of a price {wrong}"))),
        }
    }
}

/// Whose word a provider's attributes need.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct SignedBy {
    /// Every one of these auditors.
    pub all_of: Vec<String>,
    /// At least one of these.
    pub any_of: Vec<String>,
}

/// What a provider must be.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Requirements {
    /// Whose word its attributes need.
    pub signed_by: SignedBy,
    /// What it must have, sorted by key; a key may end in `*`.
    pub attributes: Vec<Attribute>,
}

/// Replicas that are alike.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct ResourceUnit {
    /// What each takes.
    #[serde(rename = "resource")]
    pub resources: Resources,
    /// How many.
    pub count: u32,
    /// Highest price of each per block.
    pub price: Price,
}

/// What one provider is to run, and what it may cost.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Group {
    /// The placement's name.
    pub name: String,
    /// What the provider must be.
    pub requirements: Requirements,
    /// What it is to run.
    pub resources: Vec<ResourceUnit>,
}

impl Group {
    /// The highest price of the whole group per block; none for a group of nothing.
    ///
    /// - Failure: past 128 bits, which no group that was checked comes near.
    pub fn price(&self) -> Result<Option<Price>, QuantityError> {
        let Some(first) = self.resources.first() else { return Ok(None) };
        let mut amount = Decimal18::ZERO;
        for unit in &self.resources {
            amount = amount.plus(unit.price.amount.times(unit.count.into())?)?;
        }
        Ok(Some(Price { denom: first.price.denom.clone(), amount }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = include_str!("../README.md");

    /// The order of the README's example.
    fn ordered() -> Group {
        let text = TEXT.split("r#\"").nth(1).and_then(|rest| rest.split("\"#").next()).expect("it has an example");
        crate::read(text).unwrap().groups()[0].clone()
    }

    #[test]
    fn orders_are_read_as_they_were_written() {
        let group = ordered();
        let json = serde_json::to_string(&group).unwrap();
        assert!(json.contains(r#""price":{"denom":"uact","amount":"1000.000000000000000000"}"#), "{json}");
        assert_eq!(serde_json::from_str::<Group>(&json).unwrap(), group);
        assert_eq!(borsh::from_slice::<Group>(&borsh::to_vec(&group).unwrap()).unwrap(), group);
    }

    #[test]
    fn a_price_is_a_decimal_number_and_not_negative() {
        let read = |amount: &str| serde_json::from_str::<Price>(&format!(r#"{{"denom":"uakt","amount":"{amount}"}}"#));
        assert_eq!(read("1.5").unwrap().amount.to_decimal(), "1.5");
        for wrong in ["", "-1", "1e3", "x", "0.0000000000000000001"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
