//! The meter: everything that a service can say to an economy, and what the economy says back.
//!
//! In: [`Record`]s from a service. Out: one [`Answer`] per record, and [`Notice`]s in the order of their causes, in the same
//! block. Records name metrics, kinds and terms; the network file maps them to pools, pledges and prices. Absent on purpose:
//! packets, sectors, frames; token movements; amounts that two parties did not agree on.

pub mod components;

use crate::{Components, Refusal};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, Decimal18, Instant, Measured, Name, Share, UnitId, Units};
use serde::{Deserialize, Serialize};

/// Who a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A party as a whole: a storage provider with all its sectors.
    Party(Address),
    /// One unit and who owns it: a sector, a device.
    Unit {
        /// Who is paid, pledges and is charged.
        owner: Address,
        /// The unit's natural id.
        unit: UnitId,
    },
}

impl Subject {
    /// Who is paid, pledges and is charged.
    pub const fn owner(&self) -> Address {
        match self {
            Self::Party(owner) | Self::Unit { owner, .. } => *owner,
        }
    }

    /// The unit's id; all zeros for a party, which no hash yields.
    pub const fn unit(&self) -> UnitId {
        match self {
            Self::Party(_) => UnitId::new([0; 32]),
            Self::Unit { unit, .. } => *unit,
        }
    }
}

/// How much of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Component {
    /// A metric that the network binds, like `quality-bytes`.
    pub metric: Name,
    /// In the metric's smallest step.
    pub quantity: Measured,
}

/// An agreed amount of a currency, in 10^-18 of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Money {
    /// A token of the network.
    pub currency: Name,
    /// In 10^-18 of the currency, whatever the token's own decimals are.
    pub amount: Decimal18,
}

/// Everything that a service can say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A subject takes part.
    Register(Register),
    /// Metrics of a subject that hold until its next `Current`.
    Current(Current),
    /// Metrics that a subject accrued in the present period.
    Accrued(Accrued),
    /// A named value of a scope.
    Gauge(Gauge),
    /// Deposits that streams are paid from.
    Escrow(EscrowRecord),
    /// A payment that runs over time.
    Stream(StreamRecord),
    /// Collateral of a unit.
    Pledge(PledgeRecord),
    /// A unit or party failed.
    Fault(Fault),
    /// Who signed a block, or who signed twice.
    Committee(CommitteeRecord),
    /// Use of a non-transferable allowance.
    Allowance(AllowanceRecord),
    /// One payment, now or held first.
    Charge(ChargeRecord),
    /// A fee of the service.
    Fee(FeeRecord),
}

/// Registers a subject with facts that rules need but cannot derive. Sent once, before the subject's first `Current`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Register {
    /// Who.
    pub subject: Subject,
    /// Offset of the subject's proving periods in periods of the reward clock: reward vesting is quantised by it, and pending
    /// rewards are paid when such a period begins.
    pub phase: u64,
}

/// Metrics that hold until the next `Current` of the same subject. A metric left out keeps its value; zero ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Current {
    /// Whose.
    pub subject: Subject,
    /// Each metric once.
    pub components: Components,
}

/// What a subject accrued in the present period of its metrics' pools: added to what it accrued in it before, and gone when the period
/// is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accrued {
    /// Whose. It need not be registered.
    pub subject: Subject,
    /// Each metric once.
    pub components: Components,
}

/// A named value that holds until it is set again: active devices of a sub-network, what is bonded elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gauge {
    /// What it is of: a sub-network, a staking.
    pub scope: Name,
    /// Its name.
    pub name: Name,
    /// The value.
    pub value: Measured,
}

/// An open-ended escrow that streams, or charges of one kind, are paid from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EscrowRecord {
    /// Opens the open-ended escrow with a first deposit from the owner's wallet.
    Open {
        /// Natural id, free until now.
        id: UnitId,
        /// A kind of stream that the network declares, like `deal`, or a kind of charge.
        kind: Name,
        /// Whose money it is; what remains goes back here.
        owner: Address,
        /// First deposit, may be zero.
        deposit: Money,
    },
    /// Adds money from anyone's wallet; it belongs to the escrow's owner from then on.
    Deposit {
        /// The escrow.
        id: UnitId,
        /// Who pays.
        from: Address,
        /// How much.
        deposit: Money,
    },
    /// Gives back what no stream has reserved; of an open-ended escrow, what no stream has accrued.
    Refund {
        /// The escrow.
        id: UnitId,
        /// How much.
        amount: Money,
    },
    /// Gives everything back. Refused while a stream or hold is open; an escrow also closes by itself when its last stream ends,
    /// unless that one was open-ended without a term.
    Close {
        /// The escrow.
        id: UnitId,
    },
}

/// A payment that runs out of an escrow at a rate per period, for an agreed number of periods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamRecord {
    /// Reserves the whole term in the escrow (an open-ended kind reserves nothing) and takes the bond; nothing runs until
    /// `Activate`.
    Open(StreamOpen),
    /// The work has begun: periods count from the one in progress.
    Activate {
        /// The stream.
        id: UnitId,
    },
    /// More periods at the same rate; reserves them in the escrow.
    Extend {
        /// The stream.
        id: UnitId,
        /// How many more.
        periods: u64,
    },
    /// Pays what is due now.
    Settle {
        /// The stream.
        id: UnitId,
    },
    /// From now on the payee of an active open-ended stream collects what was measured, and no more.
    ByMeasure {
        /// The stream.
        id: UnitId,
    },
    /// What share was earned of what a stream paid by measure accrued since the last measure; the rest goes back to the escrow. What
    /// nobody measured when the stream ends is paid at the share that was measured last, in full before any was.
    Measure {
        /// The stream.
        id: UnitId,
        /// Up to the start of the period in which this lies.
        until: Instant,
        /// Of what accrued, rounded down.
        share: Share,
    },
    /// Ends it early. Nothing is paid for periods that had not begun to end by `accrued_until`; what was reserved and not accrued goes back.
    Close {
        /// The stream.
        id: UnitId,
        /// A reason that the network declares for this kind, like `agreed` or `terminated`; it decides what becomes of the bond.
        reason: Name,
        /// Payment runs to the start of the period in which this lies.
        accrued_until: Instant,
    },
}

/// Terms of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamOpen {
    /// Natural id, free until now.
    pub id: UnitId,
    /// Where the money comes from.
    pub escrow: UnitId,
    /// Who is paid.
    pub to: Address,
    /// Per period of the kind's clock.
    pub rate: Money,
    /// Length of the term in periods of the kind's clock, at least one; zero for an open-ended stream that runs until its
    /// escrow's money ends.
    pub periods: u64,
    /// Last moment for `Activate`; later, the bond is burnt and the money goes back.
    pub activate_by: Instant,
    /// What the bond's minimum is counted on.
    pub basis: Component,
    /// Bond of the payee; `None` is the minimum. Below the minimum is refused.
    pub bond: Option<Money>,
}

/// Collateral of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PledgeRecord {
    /// Locks what the network asks for `basis` out of the owner's wallet.
    Lock {
        /// Whose unit.
        subject: Subject,
        /// A kind of pledge that the network declares, like `sector`.
        kind: Name,
        /// What the amount is counted on.
        basis: Component,
        /// Expected end of the commitment.
        until: Instant,
    },
    /// A changed or extended commitment: tops the pledge up when the rule asks for more, never lowers it.
    Resize {
        /// Whose unit.
        subject: Subject,
        /// The kind.
        kind: Name,
        /// The new basis.
        basis: Component,
        /// The new expected end.
        until: Instant,
    },
    /// The commitment ended well: all of it back to the owner, who first repays debt from it.
    Release {
        /// Whose unit.
        subject: Subject,
        /// The kind.
        kind: Name,
    },
}

/// A failure. The economy knows what it costs; `affected` is what failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Who failed.
    pub subject: Subject,
    /// A kind that the network declares, like `detected`, `continued` or `terminated`.
    pub kind: Name,
    /// The metric that the fee is counted on, and how much of it failed.
    pub affected: Component,
    /// Who found out; rules may pay it a part.
    pub reporter: Option<Address>,
}

/// What the chain as a service says about the validators of a staking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitteeRecord {
    /// One block: who signed it and who missed it, together at most as many as can be bonded.
    Signed {
        /// The staking.
        staking: Name,
        /// When the block was: a validator that is bonded since then or later owes it no signature.
        at: Instant,
        /// Operators that signed.
        signed: Vec<Address>,
        /// Operators that did not.
        missed: Vec<Address>,
    },
    /// A validator signed two blocks of one height.
    SignedTwice {
        /// The staking.
        staking: Name,
        /// Its operator.
        validator: Address,
        /// When: stake that left before is not touched. At most the unbonding time ago.
        at: Instant,
    },
}

/// Use of an allowance that a notary granted (verified storage). Amounts are in the allowance's unit, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllowanceRecord {
    /// Spends allowance of `party` on a unit of `beneficiary`, whose boosted metric it backs from then on.
    Consume {
        /// The unit: a sector, a deal.
        id: UnitId,
        /// A kind of allowance that the network declares, like `datacap`.
        kind: Name,
        /// Whose allowance.
        party: Address,
        /// Whose metric it backs.
        beneficiary: Address,
        /// How much.
        amount: Measured,
    },
    /// The work never began: the allowance goes back to who spent it.
    Return {
        /// The unit.
        id: UnitId,
        /// The kind.
        kind: Name,
    },
    /// The work ended: the backing ends, the allowance stays spent.
    Release {
        /// The unit.
        id: UnitId,
        /// The kind.
        kind: Name,
    },
}

/// Where a payment comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PaymentSource {
    /// A party's wallet.
    Wallet(Address),
    /// An escrow that was opened for this kind of charge.
    Escrow(UnitId),
}

/// How much is to be paid, in the form that the kind asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Price {
    /// What the parties agreed: in a currency, or in `USD` for a kind whose amounts are dollars.
    Agreed(Money),
    /// What the economy asks for so much of a metric.
    Measured(Component),
}

/// One payment: at once, or held first and captured in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChargeRecord {
    /// Pays at once.
    Now {
        /// A kind of charge that the network declares, like `frame`.
        kind: Name,
        /// Who pays.
        from: PaymentSource,
        /// Who gets the payee's part.
        to: Address,
        /// Which currency, when the amount does not say; `None` is the kind's first.
        currency: Option<Name>,
        /// How much.
        price: Price,
    },
    /// Sets money aside.
    Hold {
        /// Natural id, free until now.
        id: UnitId,
        /// The kind.
        kind: Name,
        /// Who pays.
        from: PaymentSource,
        /// Which currency, when the amount does not say.
        currency: Option<Name>,
        /// How much.
        price: Price,
        /// Last moment to capture; later, what is left goes back.
        until: Instant,
    },
    /// Sets more aside, at the price of now.
    Add {
        /// The hold.
        id: UnitId,
        /// How much more.
        price: Price,
    },
    /// Pays a part of what is held; the hold ends with its last part.
    Capture {
        /// The hold.
        id: UnitId,
        /// Who gets the payee's part.
        to: Address,
        /// Which part, in the form in which the hold was stated.
        price: Price,
    },
    /// Gives back what is left.
    Void {
        /// The hold.
        id: UnitId,
    },
}

/// A fee of the service. The economy knows how much and where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeeRecord {
    /// Pays it once.
    Once {
        /// A kind of service fee that the network declares, like `onboarding`.
        kind: Name,
        /// Who pays.
        from: PaymentSource,
        /// What it is counted on, for a kind that is.
        basis: Option<Component>,
    },
    /// Pays it now, and again each time it is due.
    Begin {
        /// Natural id, free until now.
        id: UnitId,
        /// The kind.
        kind: Name,
        /// Who pays.
        from: Address,
        /// What it is counted on, for a kind that is.
        basis: Option<Component>,
    },
    /// From the next time on it is counted on another quantity.
    Resize {
        /// The fee.
        id: UnitId,
        /// What it is counted on.
        basis: Component,
    },
    /// It is due no more.
    End {
        /// The fee.
        id: UnitId,
    },
}

/// Why a hold ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldEnd {
    /// All of it was captured.
    Captured,
    /// It was voided.
    Voided,
    /// Nobody captured or voided it in time.
    Expired,
}

/// Answer to one record. A refusal changed nothing.
pub type Answer = Result<Accepted, Refusal>;

/// What was moved because of an accepted record, for receipts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Accepted {
    /// The token that moved, if one did.
    pub token: Option<Name>,
    /// How much was locked, paid, charged or given back.
    pub moved: Units,
}

impl Accepted {
    /// Accepted, and nothing moved.
    pub const NOTHING: Self = Self { token: None, moved: Units::ZERO };

    pub(crate) const fn moved(token: Name, moved: Units) -> Self {
        Self { token: Some(token), moved }
    }
}

/// What the economy tells the service, in the same block, in the order of causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "notice")]
pub enum Notice {
    /// A stream is over; its id is free again.
    StreamEnded {
        /// The stream.
        stream: UnitId,
        /// Why.
        reason: Ended,
        /// What its payee got of it in all, before it was split.
        paid: Units,
    },
    /// The money of an escrow ends soon, and with it its last stream.
    EscrowLow {
        /// The escrow.
        escrow: UnitId,
        /// When the last funded period ends.
        lasts_until: Instant,
    },
    /// An escrow is closed and what was left went back.
    EscrowClosed {
        /// The escrow.
        escrow: UnitId,
    },
    /// A party owes a fee that it could not pay; it takes no new commitments until it is repaid.
    InDebt {
        /// Who.
        party: Address,
        /// How much in all.
        owed: Units,
    },
    /// A party owes nothing any more.
    DebtCleared {
        /// Who.
        party: Address,
    },
    /// A slash left a unit with less than its pledge must be.
    BelowStake {
        /// Whose unit.
        subject: Subject,
        /// The kind of pledge.
        kind: Name,
        /// What is left.
        has: Units,
        /// What it must be.
        least: Units,
    },
    /// A validator was slashed and signs no more until it is free.
    Jailed {
        /// Its operator.
        party: Address,
        /// Until when at least.
        until: Instant,
    },
    /// A hold was neither captured nor voided in time; what was left went back.
    HoldExpired {
        /// The hold.
        hold: UnitId,
        /// How much went back.
        returned: Units,
    },
    /// A recurring fee could not be taken; it is carried to the next time.
    FeeUnpaid {
        /// The fee.
        fee: UnitId,
        /// Who should have paid.
        payer: Address,
        /// How many times of it are unpaid now.
        periods: u64,
    },
    /// The money of an open-ended escrow is gone; its streams have ended.
    EscrowExhausted {
        /// The escrow.
        escrow: UnitId,
        /// What stays owed to the payees; a deposit of as much settles it and closes the escrow.
        owed: Units,
    },
}

/// Why a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// Its term is over.
    Completed,
    /// Not activated in time.
    NotActivated,
    /// Closed for the declared reason.
    Closed(Name),
    /// The money of its escrow is gone.
    Exhausted,
}

/// The border between a service and an economy.
pub trait Meter {
    /// Takes one record.
    ///
    /// # Errors
    /// [`Refusal`], and then nothing changed.
    fn record(&mut self, record: &Record) -> Answer;

    /// Takes the notices that gathered since the last call, in the order of their causes.
    fn notices(&mut self) -> Vec<Notice>;
}
