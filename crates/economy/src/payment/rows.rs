//! Escrows, streams, holds, credits and recurring fees.

use crate::{
    payment::{Claim, Deposit},
    rows::row,
};
use depin_quantity::{Address, Instant, Name, Share, UnitId, Units};

row! {
    /// An escrow.
    0x1b UnitId => EscrowRow {
        /// Its kind of stream.
        kind: Name,
        /// Whose money it is.
        owner: Address,
        /// What it is in.
        token: Name,
        /// What streams have reserved and not paid.
        reserved: Units,
        /// How many streams are open.
        streams: u32,
    }
}
row! {
    /// A stream.
    0x1c UnitId => StreamRow {
        /// Its kind.
        kind: Name,
        /// Where its money is.
        escrow: UnitId,
        /// Who is paid.
        to: Address,
        /// Base units per period.
        rate: Units,
        /// Length of the term.
        periods: u64,
        /// The payee's bond.
        bond: Units,
        /// Last moment to activate.
        activate_by: Instant,
        /// First period paid for, once it is active.
        start: Option<u64>,
        /// Periods paid so far.
        paid: u64,
    }
}
row! {
    /// What an escrow of open-ended streams has besides its [`EscrowRow`].
    0x2a UnitId => OpenEscrowRow {
        /// First period that is not settled.
        settled: u64,
        /// Weighted: what no stream has accrued.
        funds: Claim,
        /// Ordered: what is left of each deposit, oldest first.
        deposits: Vec<Deposit>,
        /// The money is gone when this period begins, if nothing changes; `None` while nothing runs.
        out: Option<u64>,
        /// When notice of that is given, until it was.
        warn: Option<Instant>,
        /// Exhausted: what is still owed to payees.
        owed: Units,
    }
}
row! {
    /// What an open-ended stream has besides its [`StreamRow`]: escrow, stream. Outlives the stream while it is owed something.
    0x2b (UnitId, UnitId) => PaymentRow {
        /// Who is paid.
        to: Address,
        /// Per period.
        rate: Claim,
        /// Accrued and not collected.
        balance: Claim,
        /// Collected.
        paid: Units,
        /// Due when the money was gone, and not covered.
        owed: Units,
        /// Whether it was activated and earns.
        runs: bool,
    }
}
row! {
    /// What an open-ended stream has besides while it is paid by measure: escrow, stream.
    0x9d (UnitId, UnitId) => MeasuredRow {
        /// First period that was not measured.
        through: u64,
        /// The share that was measured last; the whole before any was.
        last: Share,
        /// What was measured, is earned, and was not collected.
        earned: Claim,
    }
}
row! {
    /// Parts of payments that wait for an AMM pool, in the treasury `conversions`: AMM pool, token, kind of place, place.
    0x2c (Name, Name, u8, Name) => ConversionRow {
        /// How much waits.
        amount: Units,
    }
}
row! {
    /// A hold.
    0x2d UnitId => HoldRow {
        /// Its kind of charge.
        kind: Name,
        /// Who gets back what is not captured.
        owner: Address,
        /// The escrow that it came from and goes back to; `None` is the owner's wallet.
        escrow: Option<UnitId>,
        /// What it is in.
        token: Name,
        /// What is held and not captured.
        left: Units,
        /// The same in the unit in which it was stated: base units, 10^-18 dollars, or the metric's step.
        rest: u128,
        /// What was captured.
        captured: Units,
        /// Last moment to capture.
        until: Instant,
    }
}
row! {
    /// What minting a credit burnt and gave, ever.
    0x2e Name => CreditRow {
        /// Base units of the token that is burnt.
        burnt: Units,
        /// Base units of the credit.
        minted: Units,
    }
}
row! {
    /// A recurring fee.
    0x2f UnitId => RecurringFeeRow {
        /// Its kind of service fee.
        kind: Name,
        /// Who pays.
        payer: Address,
        /// What it is counted on; zero for a kind that is not counted.
        quantity: u128,
        /// When it is due next.
        next: Instant,
        /// How many times of it are unpaid.
        unpaid: u64,
    }
}
row! {
    /// What was ever paid for a kind of stream, charge or fee in a token: kind, token. For reads; no rule depends on it.
    0x3f (Name, Name) => UsageRow {
        /// Paid in it, before it was split.
        paid: Units,
        /// Of this token, burnt by it.
        burnt: Units,
    }
}
