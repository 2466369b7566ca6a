//! Accounts of the book and their keys.

use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, Name, UnitId};
use depin_state::{KeyBytes, RowKey};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where tokens are. Every movement has one account that it leaves and one that it enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "id")]
pub enum Account {
    /// The counter-account of mints (leaving it) and burns (entering it). Holds nothing: its movements are the supply row.
    Supply,
    /// What a party may spend.
    Wallet(Address),
    /// Minted rewards that no member was paid yet.
    Pool(Name),
    /// Paid rewards of a party that unlock by schedule.
    Vesting(Address),
    /// Collateral that a party's units hold.
    Pledge(Address),
    /// Deposits for streams, by escrow.
    Escrow(UnitId),
    /// The bond of a stream.
    Bond(UnitId),
    /// Money of a charge that is held and not captured, by hold.
    Hold(UnitId),
    /// A genesis allocation, vested or not, that was not taken yet.
    Allocation(Name),
    /// A fund of the network.
    Treasury(Name),
    /// Reserves of a constant-product AMM pool.
    AmmPool(Name),
    /// Delegated stake, by staking.
    Stake(Name),
    /// What leaves and is bound for a time, by staking or kind of pledge.
    Unbonding(Name),
    /// Vote-escrow locks, by kind.
    Locked(Name),
    /// What a fault took and an appeal can give back, by id.
    Slashed(UnitId),
    /// Transaction fees of the block in progress; empty between blocks.
    Fees,
}

/// Kinds of accounts whose sums are kept, so that supply figures need no scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountClass {
    /// [`Account::Pool`].
    Pool,
    /// [`Account::Vesting`].
    Vesting,
    /// [`Account::Pledge`].
    Pledge,
    /// [`Account::Escrow`].
    Escrow,
    /// [`Account::Bond`].
    Bond,
    /// [`Account::Allocation`].
    Allocation,
    /// [`Account::Treasury`].
    Treasury,
    /// [`Account::AMM pool`].
    AmmPool,
    /// [`Account::Hold`].
    Hold,
    /// [`Account::Stake`].
    Stake,
    /// [`Account::Unbonding`].
    Unbonding,
    /// [`Account::Locked`].
    Locked,
    /// [`Account::Slashed`].
    Slashed,
}

impl AccountClass {
    /// Every class.
    pub const ALL: [Self; 13] = [
        Self::Pool,
        Self::Vesting,
        Self::Pledge,
        Self::Escrow,
        Self::Bond,
        Self::Allocation,
        Self::Treasury,
        Self::AmmPool,
        Self::Hold,
        Self::Stake,
        Self::Unbonding,
        Self::Locked,
        Self::Slashed,
    ];

    pub(crate) const fn tag(self) -> u8 {
        match self {
            Self::Pool => 1,
            Self::Vesting => 2,
            Self::Pledge => 3,
            Self::Escrow => 4,
            Self::Bond => 5,
            Self::Allocation => 6,
            Self::Treasury => 7,
            Self::AmmPool => 8,
            Self::Hold => 9,
            Self::Stake => 14,
            Self::Unbonding => 15,
            Self::Locked => 16,
            Self::Slashed => 17,
        }
    }
}

impl Account {
    /// The class whose sum this account counts in; `None` for wallets, the supply and the block's fees.
    pub const fn class(&self) -> Option<AccountClass> {
        match self {
            Self::Supply | Self::Wallet(_) | Self::Fees => None,
            Self::Pool(_) => Some(AccountClass::Pool),
            Self::Vesting(_) => Some(AccountClass::Vesting),
            Self::Pledge(_) => Some(AccountClass::Pledge),
            Self::Escrow(_) => Some(AccountClass::Escrow),
            Self::Bond(_) => Some(AccountClass::Bond),
            Self::Allocation(_) => Some(AccountClass::Allocation),
            Self::Treasury(_) => Some(AccountClass::Treasury),
            Self::AmmPool(_) => Some(AccountClass::AmmPool),
            Self::Hold(_) => Some(AccountClass::Hold),
            Self::Stake(_) => Some(AccountClass::Stake),
            Self::Unbonding(_) => Some(AccountClass::Unbonding),
            Self::Locked(_) => Some(AccountClass::Locked),
            Self::Slashed(_) => Some(AccountClass::Slashed),
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Supply => f.write_str("supply"),
            Self::Wallet(a) => write!(f, "wallet {a}"),
            Self::Pool(n) => write!(f, "pool {n}"),
            Self::Vesting(a) => write!(f, "vesting {a}"),
            Self::Pledge(a) => write!(f, "pledge {a}"),
            Self::Escrow(u) => write!(f, "escrow {u}"),
            Self::Bond(u) => write!(f, "bond {u}"),
            Self::Allocation(n) => write!(f, "allocation {n}"),
            Self::Treasury(n) => write!(f, "treasury {n}"),
            Self::AmmPool(n) => write!(f, "AMM pool {n}"),
            Self::Hold(u) => write!(f, "hold {u}"),
            Self::Stake(n) => write!(f, "stake {n}"),
            Self::Unbonding(n) => write!(f, "unbonding {n}"),
            Self::Locked(n) => write!(f, "locked {n}"),
            Self::Slashed(u) => write!(f, "slashed {u}"),
            Self::Fees => f.write_str("fees"),
        }
    }
}

/// A tag, then the account's id. Supply and fees have tags of their own so that the encoding is total.
impl RowKey for Account {
    fn write(&self, out: &mut KeyBytes) {
        match self {
            Self::Supply => 0u8.write(out),
            Self::Fees => 254u8.write(out),
            Self::Wallet(a) => (255u8, *a).write(out),
            Self::Pool(n) | Self::Allocation(n) | Self::Treasury(n) | Self::AmmPool(n) => (self.tag(), *n).write(out),
            Self::Vesting(a) | Self::Pledge(a) => (self.tag(), *a).write(out),
            Self::Escrow(u) | Self::Bond(u) | Self::Hold(u) | Self::Slashed(u) => (self.tag(), *u).write(out),
            Self::Stake(n) | Self::Unbonding(n) | Self::Locked(n) => (self.tag(), *n).write(out),
        }
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        Some(match u8::read(bytes)? {
            0 => Self::Supply,
            1 => Self::Pool(Name::read(bytes)?),
            2 => Self::Vesting(Address::read(bytes)?),
            3 => Self::Pledge(Address::read(bytes)?),
            4 => Self::Escrow(UnitId::read(bytes)?),
            5 => Self::Bond(UnitId::read(bytes)?),
            6 => Self::Allocation(Name::read(bytes)?),
            7 => Self::Treasury(Name::read(bytes)?),
            8 => Self::AmmPool(Name::read(bytes)?),
            9 => Self::Hold(UnitId::read(bytes)?),
            14 => Self::Stake(Name::read(bytes)?),
            15 => Self::Unbonding(Name::read(bytes)?),
            16 => Self::Locked(Name::read(bytes)?),
            17 => Self::Slashed(UnitId::read(bytes)?),
            254 => Self::Fees,
            255 => Self::Wallet(Address::read(bytes)?),
            _ => return None,
        })
    }
}

impl Account {
    fn tag(&self) -> u8 {
        self.class().map_or(0, AccountClass::tag)
    }
}
