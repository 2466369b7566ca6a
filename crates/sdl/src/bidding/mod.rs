//! What a provider computes before it bids: whether it may serve an order, what it sets aside for it, and what it asks.
//!
//! In: an ordered [`Group`](crate::Group), the provider's attributes, what auditors signed, prices of its own. Out: a yes or the reason of a no; a price.
//! Absent on purpose: processes (a price script is fed and read here, and run elsewhere), chance (a draw is an argument), clocks.
//!
//! Upstream is `akash-network/provider` (`bidengine/`, `cluster/`) and `akash-network/chain-sdk` (`go/node/deployment`), middle of 2026.

mod glob;
mod matching;
mod random_range;
mod reserve;
mod scale;
mod script;

pub use glob::is_match;
pub use matching::{Audited, Unmet, covers, meets_capabilities, meets_requirements};
pub use random_range::{PriceRange, price_range};
pub use reserve::{OvercommitError, reserved};
pub use scale::{ScaleError, ScalePrices};
pub use script::{EnvVar, ScriptError, script_env, script_input, script_price};

use crate::group::{Group, Price};
use crate::resources::EndpointKind;
use depin_quantity::{Decimal18, QuantityError};
use std::collections::BTreeSet;

/// Why a price is no bid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoBid {
    /// A bid asks for something.
    #[error("a bid of nothing is none")]
    Zero,
    /// The order's price is its ceiling.
    #[error("{asked} is above the order's {most} per block")]
    AboveOrder {
        /// What would be asked, decimal.
        asked: String,
        /// What the order pays at most, decimal.
        most: String,
    },
    /// A group without units has no price.
    #[error("the order has no units")]
    NoUnits,
    /// The order's own price cannot be told.
    #[error("the order's price: {0}")]
    Order(QuantityError),
}

/// The bid of this amount on an order: in the order's currency, above zero, at most its price.
///
/// # Errors
/// [`NoBid`].
pub fn bid(group: &Group, amount: Decimal18) -> Result<Price, NoBid> {
    let most = group.price().map_err(NoBid::Order)?.ok_or(NoBid::NoUnits)?;
    if amount.is_zero() {
        return Err(NoBid::Zero);
    }
    if amount > most.amount {
        return Err(NoBid::AboveOrder { asked: amount.to_decimal(), most: most.amount.to_decimal() });
    }
    Ok(Price { denom: most.denom, amount })
}

/// Leased addresses of these units: each number counts once.
fn addresses<'g>(units: impl IntoIterator<Item = &'g crate::ResourceUnit>) -> usize {
    let endpoints = units.into_iter().flat_map(|unit| &unit.resources.endpoints);
    let leased = endpoints.filter(|endpoint| endpoint.kind == EndpointKind::LeasedIp);
    leased.map(|endpoint| endpoint.sequence_number).collect::<BTreeSet<_>>().len()
}
