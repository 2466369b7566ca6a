//! Supply, prices, parameters, audit.

use super::{Amount, Time};
use depin_quantity::Name;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /v1/supply`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Supply {
    /// Per token.
    pub tokens: Vec<TokenSupply>,
}

/// Supply of one token. `minted - burned` is the sum of `parts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenSupply {
    /// Which token.
    #[schema(value_type = String)]
    pub token: Name,
    /// Most that may ever be minted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<Amount>,
    /// Minted so far.
    pub minted: Amount,
    /// Burned so far.
    pub burned: Amount,
    /// Minted, not burned, not locked.
    pub circulating: Amount,
    /// Given by the schedule of the emission to nobody, since nobody earned it: never minted. Null for a token without supply rules.
    #[serde(default)]
    pub forfeited: Option<Amount>,
    /// Where it lies: balances, escrows, pledge, vesting, pools.
    pub parts: Vec<SupplyPart>,
}

/// Part of a supply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SupplyPart {
    /// Where it lies, such as `pledge`.
    pub name: String,
    /// How much.
    pub amount: Amount,
}

/// `GET /v1/prices`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Prices {
    /// Per pair.
    pub prices: Vec<PriceEntry>,
}

/// Price of one pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PriceEntry {
    /// The pair, such as `FIL-USD`.
    #[schema(value_type = String)]
    pub pair: Name,
    /// Median of the fresh reports, decimal text; none without any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    /// When it was last reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported: Option<Time>,
    /// Whether it is too old to be used.
    pub stale: bool,
    /// Who reports, for people: `simulated feeder`, a name, an address.
    #[serde(default)]
    pub reporters: Vec<String>,
}

/// `GET /v1/network`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NetworkInfo {
    /// Name of the network.
    #[schema(value_type = String)]
    pub network: Name,
    /// Which variant of its rules.
    pub variant: String,
    /// Its parameters as lines of a table.
    pub rows: Vec<NetworkRow>,
    /// The same as a document.
    #[schema(value_type = Object)]
    pub parameters: serde_json::Value,
    /// The file that the chain began with, whole.
    #[serde(default)]
    pub file: String,
}

/// One parameter in the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NetworkRow {
    /// Section of the table.
    pub section: String,
    /// What it is.
    pub name: String,
    /// Its value, for people.
    pub value: String,
    /// Where the figure comes from, or why it was chosen.
    #[serde(default)]
    pub source: String,
}

/// `GET /v1/audit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Audit {
    /// Whether every check holds.
    pub ok: bool,
    /// Height at which it was made.
    pub height: u64,
    /// Everything that does not hold.
    pub violations: Vec<String>,
    /// Per token.
    pub totals: Vec<AuditTotal>,
}

/// Both sides of one token's book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditTotal {
    /// Which token.
    #[schema(value_type = String)]
    pub token: Name,
    /// Minted so far.
    pub minted: Amount,
    /// Burned so far.
    pub burned: Amount,
    /// Sum of everything held.
    pub held: Amount,
}
