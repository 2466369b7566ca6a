//! What delegated stake remembers.

use crate::{reward::wide::Wide, rows::row};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, Instant, Name, Share, UnitId, Units};
use serde::Serialize;

row! {
    /// A staking as a whole.
    0x36 Name => StakingRow {
        /// Stake of its bonded validators.
        bonded: Units,
        /// How many are bonded.
        validators: u64,
        /// Blocks whose signatures were reported.
        blocks: u64,
    }
}
row! {
    /// A validator: staking, operator.
    0x37 (Name, Address) => ValidatorRow {
        /// What is delegated to it, less what was slashed.
        stake: Units,
        /// Shares of all its delegators.
        shares: Units,
        /// Its part of what its delegators earn.
        commission: Share,
        /// Whether it is among those that earn.
        bonded: bool,
        /// Until when it is jailed; it stays so until its operator frees it.
        jailed_until: Option<Instant>,
        /// It signed two blocks of one height: never bonded again.
        tombstoned: bool,
        /// How often it was slashed.
        slashes: u32,
        /// When it was bonded last: it owes signatures of later blocks.
        since: Instant,
        /// Blocks that were reported up to then, those included that were from before and reported later.
        since_block: u64,
        /// Blocks since then whose signatures were reported; the place in the ring of missed ones.
        seen: u64,
        /// Missed ones among those in the ring.
        missed: u64,
        /// What it accrued in each pool.
        income: Vec<Income>,
    }
}
row! {
    /// A delegation: staking, validator, delegator.
    0x38 (Name, Address, Address) => DelegationRow {
        /// Shares of the validator.
        shares: Units,
        /// Unbondings in progress.
        unbondings: u32,
        /// What it is settled up to in each pool.
        income: Vec<Settled>,
        /// Stake that came from another validator and can still be slashed for that one's faults.
        moved: Vec<Moved>,
    }
}
row! {
    /// Something that leaves and is bound until a time.
    0x39 UnitId => LeavingRow {
        /// Whose it is.
        owner: Address,
        /// What leaves.
        what: Leaving,
        /// The token.
        token: Name,
        /// How much, before slashes that happen while it leaves.
        amount: Units,
        /// Since when.
        since: Instant,
        /// Until when.
        until: Instant,
        /// Slashes of the validator that happened before.
        slashes: u32,
    }
}
row! {
    /// What of a party is leaving: party, id.
    0x3a (Address, UnitId) => LeavingOfRow {}
}
row! {
    /// Validators by stake: staking, 0 for bonded ones from the weakest, 1 for waiting ones from the strongest, order, operator's
    /// bytes (inverted for bonded ones).
    0x3b (Name, u8, u128, [u8; 32]) => RankRow {}
}
row! {
    /// A staked pool's accumulator.
    0x3c Name => StakePoolRow {
        /// Income per base unit of bonded stake since the start, in 2^-96 base units.
        per_stake: Wide,
        /// Income that did not divide evenly, or that waits for a validator, in 2^-96 base units.
        carry_over: Wide,
    }
}
row! {
    /// A slash: staking, validator, number.
    0x3d (Name, Address, u32) => SlashRow {
        /// Part of the stake.
        share: Share,
        /// When the fault happened: stake that left before is not touched.
        fault_at: Instant,
        /// When it was slashed.
        at: Instant,
    }
}
row! {
    /// Missed blocks of a validator: staking, validator, number of the piece of the ring.
    0x3e (Name, Address, u32) => MissedRow {
        /// One bit per block, lowest first.
        bits: Vec<u8>,
    }
}

/// A validator's income from one pool. Amounts are in 2^-96 base units.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
pub struct Income {
    /// The pool.
    pub pool: Name,
    /// What it pays.
    pub token: Name,
    /// The pool's accumulator up to which the validator is settled.
    pub settled: Wide,
    /// The delegators' part per share, since the validator began.
    pub per_share: Wide,
    /// The delegators' part that did not divide evenly.
    pub open: Wide,
    /// The validator's own part, not claimed.
    pub commission: Wide,
}

/// Up to where a delegation is settled in one pool.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
pub struct Settled {
    /// The pool.
    pub pool: Name,
    /// The validator's income per share up to which it was paid.
    pub per_share: Wide,
    /// Part of a base unit that it accrued, in 2^-96 base units.
    pub fraction: u128,
}

/// Stake that came from another validator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
pub struct Moved {
    /// From whom.
    pub from: Address,
    /// How much came.
    pub amount: Units,
    /// When.
    pub since: Instant,
    /// Until when it answers for that validator's faults.
    pub until: Instant,
    /// Slashes of that validator that are settled.
    pub slashes: u32,
}

/// What leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
#[serde(rename_all = "kebab-case", tag = "of")]
pub enum Leaving {
    /// Undelegated stake.
    Stake {
        /// The staking.
        staking: Name,
        /// From whom.
        validator: Address,
    },
    /// A redelegation: the tokens are with the new validator; only what it answers for ends.
    Moved {
        /// The staking.
        staking: Name,
        /// To whom.
        to: Address,
    },
    /// A released pledge.
    Pledge {
        /// The kind.
        kind: Name,
        /// The unit.
        unit: UnitId,
    },
}
