//! Accounts and what they hold.

use super::{Amount, Time};
use depin_quantity::Address;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One line of `GET /v1/accounts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountEntry {
    /// Its address.
    #[schema(value_type = String)]
    pub address: Address,
    /// Name from the genesis document or the provider's entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Spendable balances.
    pub balances: Vec<Amount>,
}

/// `GET /v1/accounts/{address}`. An address that was never used has zeros everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// Its address.
    #[schema(value_type = String)]
    pub address: Address,
    /// Name from the genesis document or the provider's entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Transactions of it that are final.
    pub nonce: u64,
    /// Nonce of its next new transaction: `nonce` and those that wait in this node's pool without a gap.
    pub next_nonce: u64,
    /// Spendable balances.
    pub balances: Vec<Amount>,
    /// Collateral locked for its sectors.
    pub pledged: Amount,
    /// Rewards that vest over time.
    pub vesting: Vesting,
    /// Rewards earned and not yet settled by a claim.
    pub claimable: Amount,
    /// What it owes from penalties; paid from the next rewards.
    pub debt: Amount,
    /// Bytes of verified deals that it may still propose.
    pub datacap: u64,
}

/// Rewards that vest over time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Vesting {
    /// Not vested yet.
    pub locked: Amount,
    /// Vested; a withdrawal takes it out.
    pub vested: Amount,
    /// When the next part vests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Time>,
}
