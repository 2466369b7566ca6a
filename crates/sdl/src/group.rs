//! What is ordered on a chain: groups of resource units with requirements and prices.

use crate::resources::{Attribute, Resources};
use depin_quantity::{Decimal18, QuantityError};
use serde::{Serialize, Serializer};

/// A price per block.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// Whose word a provider's attributes need.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SignedBy {
    /// Every one of these auditors.
    pub all_of: Vec<String>,
    /// At least one of these.
    pub any_of: Vec<String>,
}

/// What a provider must be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Requirements {
    /// Whose word its attributes need.
    pub signed_by: SignedBy,
    /// What it must have, sorted by key; a key may end in `*`.
    pub attributes: Vec<Attribute>,
}

/// Replicas that are alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
