//! What happened, for receipts, indexes and people.

use crate::{Account, Component, Ended, HoldEnd, Reason, Subject};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, Decimal18, Instant, Measured, Name, Share, UnitId, Units};
use serde::{Deserialize, Serialize};

/// One payout of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Payout {
    /// Whose wallet.
    pub to: Address,
    /// The unit that accrued it; all zeros for the party itself.
    pub unit: UnitId,
    /// How much, in base units.
    pub amount: Units,
}

/// What happened. Amounts of tokens move in [`Event::Posting`]s and [`Event::BatchPaid`] only; the other events tell what the mechanism did and why.
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
        reason: Reason,
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
    /// What a pool could not use went into another.
    EmissionOverflowed {
        /// The pool.
        pool: Name,
        /// Where it went.
        to: Name,
        /// First period.
        first: u64,
        /// Period after the last.
        end: u64,
        /// How much.
        amount: Units,
    },
    /// No price said what a pool's weight is worth: its emission and its weights wait for the next period.
    EmissionDeferred {
        /// The pool.
        pool: Name,
        /// First period.
        first: u64,
        /// Period after the last.
        end: u64,
        /// How much waits.
        amount: Units,
    },
    /// A subject accrued a metric in the present period.
    Accrued {
        /// Who.
        subject: Subject,
        /// The metric and how much more of it.
        component: Component,
    },
    /// Payouts of a batch, each of them a posting out of the pool into a wallet, by natural ids.
    BatchPaid {
        /// The pool.
        pool: Name,
        /// Which token.
        token: Name,
        /// The payouts.
        payouts: Vec<Payout>,
    },
    /// A member won a period's reward by lottery draw.
    DrawWon {
        /// The pool.
        pool: Name,
        /// The draw.
        number: u64,
        /// Who won.
        subject: Subject,
        /// What.
        amount: Units,
    },
    /// A batch is paid.
    BatchClosed {
        /// The pool.
        pool: Name,
        /// The batch.
        number: u64,
        /// What it paid.
        amount: Units,
        /// What rounding left; joins the next period.
        dust: Units,
    },
    /// A named value was set.
    GaugeChanged {
        /// What it is of.
        scope: Name,
        /// Its name.
        name: Name,
        /// The value.
        value: Measured,
    },
    /// A member's pending reward was paid.
    RewardPaid {
        /// The pool.
        pool: Name,
        /// Who accrued it.
        subject: Subject,
        /// At once.
        liquid: Units,
        /// By schedule.
        locked: Units,
    },
    /// A metric of a subject changed.
    MetricChanged {
        /// Whose.
        subject: Subject,
        /// The metric and its new quantity.
        component: Component,
    },
    /// A subject takes part.
    Registered {
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
        reason: Ended,
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
        /// Whose metric it backs.
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
    /// A charge was paid, or a part of a hold was captured.
    Charged {
        /// The kind.
        kind: Name,
        /// Who paid.
        payer: Address,
        /// Who did the work.
        to: Address,
        /// In what.
        token: Name,
        /// How much, before it was split.
        amount: Units,
        /// The hold that it was captured from.
        hold: Option<UnitId>,
    },
    /// Money was set aside, or more of it.
    HoldOpened {
        /// The hold.
        hold: UnitId,
        /// The kind.
        kind: Name,
        /// Whose money.
        payer: Address,
        /// In what.
        token: Name,
        /// All that is held now.
        amount: Units,
        /// Last moment to capture.
        until: Instant,
    },
    /// A hold ended.
    HoldEnded {
        /// The hold.
        hold: UnitId,
        /// Why.
        reason: HoldEnd,
        /// What was captured of it.
        captured: Units,
        /// What went back.
        returned: Units,
    },
    /// A part of a payment was swapped on its way.
    Converted {
        /// Where.
        amm_pool: Name,
        /// What was given.
        token: Name,
        /// How much of it.
        given: Units,
        /// What came out.
        got: Name,
        /// How much of it.
        gives: Units,
    },
    /// A part of a payment could not be swapped: the AMM pool gives nothing for it. It waits.
    ConversionWaits {
        /// Where it should have been swapped.
        amm_pool: Name,
        /// What waits.
        token: Name,
        /// How much came now.
        amount: Units,
        /// How much waits for the same place now.
        waiting: Units,
    },
    /// Credits were minted by burning.
    CreditsMinted {
        /// The credit.
        credit: Name,
        /// Whose they are.
        to: Address,
        /// How many, in base units.
        credits: Units,
        /// What was burnt for them.
        burnt: Units,
        /// Dollars for one whole token.
        price: Decimal18,
    },
    /// A fee of the service was taken.
    ServiceFeePaid {
        /// The kind.
        kind: Name,
        /// Who paid.
        payer: Address,
        /// In what.
        token: Name,
        /// How much.
        amount: Units,
        /// How many times of it.
        periods: u64,
    },
    /// A fee recurs from now on.
    ServiceFeeBegan {
        /// The fee.
        fee: UnitId,
        /// The kind.
        kind: Name,
        /// Who pays.
        payer: Address,
        /// When it is due next.
        next: Instant,
    },
    /// A recurring fee could not be taken and is carried.
    ServiceFeeUnpaid {
        /// The fee.
        fee: UnitId,
        /// Who should have paid.
        payer: Address,
        /// How many times of it are unpaid.
        periods: u64,
        /// Because no price is fresh; otherwise for lack of money.
        stale: bool,
    },
    /// A fee recurs no more.
    ServiceFeeEnded {
        /// The fee.
        fee: UnitId,
        /// The kind.
        kind: Name,
        /// How many times of it were never paid.
        unpaid: u64,
    },
    /// An open-ended escrow was settled.
    EscrowSettled {
        /// The escrow.
        escrow: UnitId,
        /// From this period …
        first: u64,
        /// … to before this one.
        end: u64,
    },
    /// The money of an open-ended escrow is gone.
    EscrowExhausted {
        /// The escrow.
        escrow: UnitId,
        /// What stays owed, in base units.
        owed: Units,
    },
    /// A validator began, changed, was bonded or not, was jailed or freed.
    ValidatorChanged {
        /// The staking.
        staking: Name,
        /// Its operator.
        validator: Address,
        /// Its whole stake.
        stake: Units,
        /// Its part of what its delegators earn.
        commission: Share,
        /// Whether it earns.
        bonded: bool,
        /// Until when it is jailed, if it is.
        jailed_until: Option<Instant>,
    },
    /// Stake was delegated.
    Delegated {
        /// The staking.
        staking: Name,
        /// To whom.
        validator: Address,
        /// By whom.
        delegator: Address,
        /// How much.
        amount: Units,
    },
    /// Stake began to leave.
    Undelegated {
        /// The staking.
        staking: Name,
        /// From whom.
        validator: Address,
        /// Whose.
        delegator: Address,
        /// How much.
        amount: Units,
        /// The id of what leaves.
        unbonding: UnitId,
        /// Until when it is bound.
        until: Instant,
    },
    /// Stake changed over.
    Redelegated {
        /// The staking.
        staking: Name,
        /// From whom.
        from: Address,
        /// To whom.
        to: Address,
        /// Whose.
        delegator: Address,
        /// How much.
        amount: Units,
        /// Until when it answers for the first one's faults.
        until: Instant,
    },
    /// Something that left is free.
    HasLeft {
        /// Its id.
        id: UnitId,
        /// Whose.
        owner: Address,
        /// Of what.
        token: Name,
        /// Paid to its owner.
        paid: Units,
        /// What slashes took of it.
        slashed: Units,
    },
    /// A delegator or validator was paid.
    StakeRewardPaid {
        /// The pool.
        pool: Name,
        /// Who.
        to: Address,
        /// How much.
        amount: Units,
        /// Whether it was commission.
        commission: bool,
    },
    /// Stake was slashed.
    StakeSlashed {
        /// The staking.
        staking: Name,
        /// Of whom.
        validator: Address,
        /// How much.
        amount: Units,
        /// Whose alone it was: stake that had moved there; `None` of all.
        delegator: Option<Address>,
    },
    /// A fault took a part of a pledge.
    PledgeSlashed {
        /// Whose unit.
        subject: Subject,
        /// The kind of fault.
        kind: Name,
        /// Of the pledge, and of what cools down of it.
        pledged: Units,
        /// Of unpaid rewards.
        accrued: Units,
        /// Under which id it is held.
        slash: Option<UnitId>,
        /// Until when it can be given back.
        until: Option<Instant>,
    },
    /// A party asked to get back what a fault took.
    SlashAppealed {
        /// The id.
        slash: UnitId,
        /// Hash of what it brings forward.
        grounds: UnitId,
    },
    /// What a fault took went its way, or back.
    SlashEnded {
        /// The id.
        slash: UnitId,
        /// Whether it went back.
        returned: bool,
        /// How much.
        amount: Units,
    },
    /// A vote-escrow lock began or changed.
    LockChanged {
        /// The kind.
        lock: Name,
        /// Its id.
        id: UnitId,
        /// Whose.
        owner: Address,
        /// What it holds.
        amount: Units,
        /// When it ends; `None` while it doesn't run down.
        ends: Option<Instant>,
        /// What it is delegated to.
        scope: Option<Name>,
    },
    /// A lock was emptied.
    LockEnded {
        /// Its id.
        id: UnitId,
    },
    /// A lock accrued.
    LockRewardPaid {
        /// The pool.
        pool: Name,
        /// The lock.
        id: UnitId,
        /// How much.
        amount: Units,
    },
    /// Tokens were redeemed at a fund.
    Redeemed {
        /// The fund.
        treasury: Name,
        /// Who.
        party: Address,
        /// What was burnt.
        burned: Units,
        /// What was paid.
        paid: Units,
    },
    /// A fund's redemption was stopped or resumed.
    TreasuryFrozen {
        /// The fund.
        treasury: Name,
        /// Whether it is stopped.
        frozen: bool,
    },
    /// Tokens came over a bridge or left over it.
    Bridged {
        /// Which.
        token: Name,
        /// Whose.
        party: Address,
        /// How much.
        amount: Units,
        /// Whether they came in.
        inward: bool,
        /// The deposit's id there, or where the withdrawal goes.
        reference: UnitId,
    },
    /// The base fee of rows moved.
    RowBaseFeeChanged {
        /// Base units per unit of work that a byte of rows is worth, from the next block on.
        base_fee: Units,
    },
    /// Somebody said how much of what a stream accrued was earned.
    StreamMeasured {
        /// The stream.
        stream: UnitId,
        /// First period that it is about.
        first: u64,
        /// First period after those.
        end: u64,
        /// What was earned of it.
        share: Share,
        /// What went back to the escrow, in whole base units.
        unearned: Units,
    },
}
