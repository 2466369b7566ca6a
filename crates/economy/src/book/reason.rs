//! Why tokens moved: the reason that every posting carries.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// Why tokens moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Minted into an allocation at genesis.
    Allocation,
    /// Given out of an allocation at genesis.
    Grant,
    /// Taken out of an allocation's vested part.
    AllocationVested,
    /// Sent by its owner.
    Transfer,
    /// Minted into a pool.
    Emission,
    /// Paid out of a pool at once.
    Reward,
    /// Paid out of a pool into vesting.
    RewardLocked,
    /// Unlocked by schedule.
    Vested,
    /// Unlocked before its time to pay a fee.
    VestedForFee,
    /// Collateral locked.
    PledgeLocked,
    /// Collateral given back.
    PledgeReleased,
    /// Put into an escrow.
    EscrowFunded,
    /// Given back from an escrow.
    EscrowRefunded,
    /// Paid by a stream.
    StreamPaid,
    /// A bond taken.
    BondLocked,
    /// A bond given back.
    BondReturned,
    /// A bond burnt.
    BondBurnt,
    /// A fee for a fault.
    FaultFee,
    /// Debt repaid.
    DebtRepaid,
    /// The burnt part of transaction fees.
    BaseFee,
    /// The proposer's part of transaction fees.
    Tip,
    /// A payer's transaction fee.
    TransactionFee,
    /// Put into an AMM pool.
    AmmPoolFunded,
    /// Taken out of an AMM pool.
    AmmPoolWithdrawn,
    /// One side of a swap.
    Swap,
    /// Paid by a charge.
    ChargePaid,
    /// Set aside for a charge.
    ChargeHeld,
    /// Given back from a hold.
    HoldReturned,
    /// The part of a payment that is burnt.
    RevenueBurnt,
    /// The part of a payment that goes to a treasury or a pool.
    RevenueShared,
    /// A part of a payment that no AMM pool could convert yet.
    ConversionWaits,
    /// A fee of the service.
    ServiceFee,
    /// Burnt to mint credits.
    BurntForCredits,
    /// Credits minted.
    CreditsMinted,
    /// A deposit given back to its depositor.
    DepositReturned,
    /// A debt of an exhausted escrow settled.
    UnsettledPaid,
    /// Delegated.
    Staked,
    /// Undelegated: bound for a time.
    Unstaked,
    /// Undelegated stake set free.
    Unbonded,
    /// Accrued by delegated stake.
    StakeReward,
    /// Accrued by a validator on its delegators' stake.
    Commission,
    /// Slashed stake.
    StakeSlashed,
    /// A released pledge that cools down.
    PledgeCooling,
    /// Slashed collateral or unpaid rewards.
    PledgeSlashed,
    /// Given back after an appeal.
    SlashReturned,
    /// Put into a vote-escrow lock.
    LockFunded,
    /// Taken out of a lock that is over.
    LockReturned,
    /// Accrued by a lock.
    LockReward,
    /// Spent out of a fund.
    TreasurySpent,
    /// Burnt for a fund's part.
    Redeemed,
    /// Paid by a fund for what was burnt.
    RedemptionPaid,
    /// Minted for a deposit elsewhere.
    BridgedIn,
    /// Burnt for a withdrawal elsewhere.
    BridgedOut,
}
