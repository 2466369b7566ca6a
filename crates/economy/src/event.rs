//! What happened, for receipts, indexes and people.

use crate::{Account, Component, Ended, Subject};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, Decimal18, Instant, Measured, Name, UnitId, Units};
use serde::{Deserialize, Serialize};

/// Why tokens moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
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
    /// Put into a venue.
    VenueFunded,
    /// Taken out of a venue.
    VenueWithdrawn,
    /// One side of a swap.
    Swap,
}

/// What happened. Amounts of tokens move in [`Event::Posting`]s only; the other events tell what the mechanism did and why.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Event {
    /// Tokens left one account and entered another. From the supply: minted. Into the supply: burnt.
    Posting {
        /// Which token.
        token: Name,
        /// What it left.
        from: Account,
        /// What it entered.
        to: Account,
        /// How much, in base units.
        amount: Units,
        /// Why.
        why: Why,
    },
    /// A clock's periods from `first` to before `end` are closed.
    PeriodsClosed {
        /// The clock.
        clock: Name,
        /// First period closed.
        first: u64,
        /// First period still open.
        end: u64,
    },
    /// A pool received the emission of periods from `first` to before `end`.
    EmissionMinted {
        /// The pool.
        pool: Name,
        /// First period.
        first: u64,
        /// Period after the last.
        end: u64,
        /// How much.
        amount: Units,
        /// Whole weight it is shared by.
        weight: Measured,
    },
    /// Nobody had weight: the emission of these periods stays unminted for good.
    EmissionForfeited {
        /// The pool.
        pool: Name,
        /// First period.
        first: u64,
        /// Period after the last.
        end: u64,
        /// How much.
        amount: Units,
    },
    /// A member's pending reward was paid.
    RewardPaid {
        /// The pool.
        pool: Name,
        /// Who earned it.
        subject: Subject,
        /// At once.
        liquid: Units,
        /// By schedule.
        locked: Units,
    },
    /// A measure of a subject changed.
    MeasureChanged {
        /// Whose.
        subject: Subject,
        /// The measure and its new quantity.
        component: Component,
    },
    /// A subject takes part.
    Enrolled {
        /// Who.
        subject: Subject,
        /// Offset of its proving periods.
        phase: u64,
    },
    /// Collateral was locked or topped up.
    PledgeLocked {
        /// Whose unit.
        subject: Subject,
        /// The kind.
        kind: Name,
        /// What it is counted on.
        basis: Component,
        /// All that is locked for it now.
        total: Units,
        /// Expected end.
        until: Instant,
    },
    /// Collateral was given back.
    PledgeReleased {
        /// Whose unit.
        subject: Subject,
        /// The kind.
        kind: Name,
        /// How much.
        amount: Units,
    },
    /// An escrow was opened.
    EscrowOpened {
        /// The escrow.
        escrow: UnitId,
        /// Whose.
        owner: Address,
    },
    /// An escrow was closed.
    EscrowClosed {
        /// The escrow.
        escrow: UnitId,
    },
    /// An escrow's money ends soon.
    EscrowLow {
        /// The escrow.
        escrow: UnitId,
        /// When its stream ends.
        lasts_until: Instant,
    },
    /// A stream was agreed.
    StreamOpened {
        /// The stream.
        stream: UnitId,
        /// Paid from.
        escrow: UnitId,
        /// Paid to.
        to: Address,
        /// Base units per period.
        rate: Units,
        /// Length of the term.
        periods: u64,
        /// The payee's bond.
        bond: Units,
        /// Last moment to activate.
        activate_by: Instant,
    },
    /// A stream runs.
    StreamActivated {
        /// The stream.
        stream: UnitId,
        /// First period paid for.
        start: u64,
        /// Period after the last.
        end: u64,
    },
    /// A stream's term grew.
    StreamExtended {
        /// The stream.
        stream: UnitId,
        /// Length of the whole term now.
        periods: u64,
    },
    /// A stream ended.
    StreamEnded {
        /// The stream.
        stream: UnitId,
        /// Why.
        why: Ended,
        /// What it paid in all.
        paid: Units,
        /// What went back to the escrow.
        unspent: Units,
    },
    /// A fault was raised, with what it costs (perhaps nothing).
    FaultRaised {
        /// Who failed.
        subject: Subject,
        /// The kind.
        kind: Name,
        /// What failed.
        affected: Component,
        /// The fee.
        fee: Units,
    },
    /// What a party owes changed.
    DebtChanged {
        /// Who.
        party: Address,
        /// How much it owes now.
        owed: Units,
    },
    /// An allowance was granted.
    AllowanceGranted {
        /// The kind.
        kind: Name,
        /// To whom.
        party: Address,
        /// How much.
        amount: Measured,
    },
    /// An allowance was spent on a unit.
    AllowanceConsumed {
        /// The kind.
        kind: Name,
        /// The unit.
        unit: UnitId,
        /// Whose allowance.
        party: Address,
        /// Whose measure it backs.
        beneficiary: Address,
        /// How much.
        amount: Measured,
    },
    /// A unit stopped using its allowance.
    AllowanceEnded {
        /// The kind.
        kind: Name,
        /// The unit.
        unit: UnitId,
        /// Whether it went back to who had it.
        returned: bool,
    },
    /// A reporter reported a price.
    PriceReported {
        /// The pair.
        pair: Name,
        /// Who.
        reporter: Address,
        /// Quote currency for one whole base token.
        price: Decimal18,
    },
    /// The median moved.
    PriceAccepted {
        /// The pair.
        pair: Name,
        /// The median of the fresh reports.
        price: Decimal18,
        /// How many reports are fresh.
        reports: u32,
    },
    /// The base fee moved.
    BaseFeeChanged {
        /// Base units per work unit from the next block on.
        base_fee: Units,
    },
}
