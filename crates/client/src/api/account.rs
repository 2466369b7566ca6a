//! Accounts and what they hold.

use super::{Amount, Time};
use depin_quantity::{Address, Name, UnitId, Units};
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
    /// Collateral locked for its sectors, in the token that fees are paid in, as the next three.
    pub pledged: Amount,
    /// Rewards that vest over time.
    pub vesting: Vesting,
    /// Rewards earned and not yet settled by a claim.
    pub claimable: Amount,
    /// What it owes from penalties; paid from the next rewards.
    pub debt: Amount,
    /// The same in the network's other tokens, as far as there is any.
    #[serde(default)]
    pub other: Vec<Holdings>,
    /// Stake, locks, and what leaves either or a pledge and is bound for a while.
    #[serde(default)]
    pub committed: Vec<Committed>,
    /// Bytes of verified deals that it may still propose.
    pub datacap: u64,
}

impl Account {
    /// What it can spend of a token.
    pub fn balance(&self, token: Name) -> Units {
        self.balances.iter().find(|amount| amount.token == token).map_or(Units::ZERO, |amount| amount.units)
    }
}

/// Tokens that an account has committed to something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Committed {
    /// To what: a staking, a kind of lock; `leaving` for what is on its way back.
    #[schema(value_type = String)]
    pub to: Name,
    /// The validator that stake is delegated to.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<Address>,
    /// Id of a lock, or of what leaves.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<UnitId>,
    /// How much.
    pub amount: Amount,
    /// Until when it is bound; none where that is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// Earned by it and not claimed.
    #[serde(default)]
    pub accrued: Vec<Amount>,
}

/// What an account has of one token besides its spendable balance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Holdings {
    /// Collateral.
    pub pledged: Amount,
    /// Rewards that vest over time.
    pub vesting: Vesting,
    /// Rewards earned and not yet settled by a claim.
    pub claimable: Amount,
    /// What it owes.
    pub debt: Amount,
}

impl Holdings {
    /// Whether all of it is zero.
    pub fn is_empty(&self) -> bool {
        let Self { pledged, vesting, claimable, debt } = self;
        [pledged, &vesting.locked, &vesting.vested, claimable, debt].iter().all(|amount| amount.units.is_zero())
    }
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

/// What a unit of an account has coming from a pool: `GET /v1/accounts/{address}/rewards`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RewardDue {
    /// The pool.
    #[schema(value_type = String)]
    pub pool: Name,
    /// The unit that accrued it: a hotspot, a sector; none for the account itself.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// Of periods that are over, not paid.
    pub owed: Amount,
    /// Its weight in the open period, decimal digits.
    pub weight: String,
    /// All weight in it, decimal digits.
    pub of: String,
    /// What it gets for the open period if nothing changes until its end; none where a price that this depends on is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Amount>,
    /// When the open period ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Time>,
}

/// `GET /v1/accounts/{address}/days`: what came into an account and went out of it, by day of ledger time in UTC, the newest day last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountDays {
    /// The days on which something moved.
    pub days: Vec<AccountDay>,
    /// The first day that was looked at: `2026-11-22`. Older history than that of the node's is not there.
    pub since: String,
}

/// One day of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountDay {
    /// The day: `2026-11-22`.
    pub day: String,
    /// What moved, by source and token.
    pub flows: Vec<Flow>,
}

/// What came in and went out of one token for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Flow {
    /// Why.
    pub source: FlowSource,
    /// What came in.
    pub gained: Amount,
    /// What went out.
    pub spent: Amount,
}

/// Why tokens came into an account or went out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FlowSource {
    /// Rewards of the network, those that vest over time included.
    Rewards,
    /// Usage: paid by customers, or for what the account itself used.
    Usage,
    /// Fees of transactions and of the service.
    Fees,
    /// What failures cost, and debt that was repaid.
    Penalties,
    /// Pledges and bonds that were locked, or came back.
    Collateral,
    /// Everything else: transfers, swaps, stakes.
    Other,
}

impl FlowSource {
    /// As it is written on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rewards => "rewards",
            Self::Usage => "usage",
            Self::Fees => "fees",
            Self::Penalties => "penalties",
            Self::Collateral => "collateral",
            Self::Other => "other",
        }
    }
}
