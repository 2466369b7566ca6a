//! Why the economy refused.

use crate::params::Spec;
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Name, QuantityError, Share, Units};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a record or an action was refused; nothing changed. Each operation checks in the order of these variants and answers with
/// the first that applies, so that every node refuses alike.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "refusal")]
pub enum Refusal {
    /// A name that the network file does not declare, or not for this use.
    #[error("`{name}` is no {what} of this network; its file declares the names that are")]
    Unbound {
        /// What it should be.
        what: Topic,
        /// The name given.
        name: Name,
    },
    /// An id that nothing has.
    #[error("there is no such {what}: it never was, or it has ended")]
    Unknown {
        /// What was looked for.
        what: Topic,
    },
    /// An id that something has already.
    #[error("this {what} exists already; choose another id")]
    Duplicate {
        /// What exists.
        what: Topic,
    },
    /// The signer may not do this.
    #[error("only the {role} may do this")]
    NotAllowed {
        /// Who may.
        role: Name,
    },
    /// A quantity, rate, term or token outside what is allowed.
    #[error("the {what} {reason}")]
    OutOfRange {
        /// What.
        what: Topic,
        /// What is allowed.
        reason: Limit,
    },
    /// Streams still need it.
    #[error("{open} streams are open; close them first")]
    Engaged {
        /// How many.
        open: u32,
    },
    /// The party owes fees.
    #[error("the party owes {owed} base units of fees; repay them first")]
    InDebt {
        /// How much.
        owed: Units,
    },
    /// Too little money.
    #[error("needs {needed} base units of {token}, has {has}")]
    Underfunded {
        /// Of what.
        token: Name,
        /// How much is needed.
        needed: Units,
        /// How much there is.
        has: Units,
    },
    /// Too little allowance.
    #[error("needs {needed} of allowance `{kind}`, has {has}; who grants it can grant more")]
    NoAllowance {
        /// Of what.
        kind: Name,
        /// How much is needed.
        needed: Units,
        /// How much there is.
        has: Units,
    },
    /// A boosted metric above what consumed allowances back.
    #[error("{metric} of {quantity} is above {backed}, which is what allowances back")]
    Unbacked {
        /// The metric.
        metric: Name,
        /// What was reported.
        quantity: Units,
        /// The most that is backed.
        backed: Units,
    },
    /// Less than the caller's own limit.
    #[error("the AMM pool gives {gives}, less than the {least} asked for; ask for less or wait")]
    Slippage {
        /// What the AMM pool gives.
        gives: Units,
        /// What was asked.
        least: Units,
    },
    /// No price is fresh enough; nothing is guessed.
    #[error("no fresh price for {pair}: {fresh} of {quorum} reports needed; wait for its reporters")]
    PriceStale {
        /// The pair.
        pair: Name,
        /// Fresh reports.
        fresh: u32,
        /// Reports needed.
        quorum: u32,
    },
    /// Past the token's cap.
    #[error("minting {amount} would pass the cap of {token}")]
    CapReached {
        /// Of what.
        token: Name,
        /// What was to be minted.
        amount: Units,
    },
    /// Periods that this depends on are not closed yet.
    #[error("periods of clock `{clock}` are still being closed; try again in a later block")]
    Closing {
        /// The clock.
        clock: Name,
    },
    /// An amount that no 128-bit number holds.
    #[error("an amount does not fit 128 bits; use a smaller one")]
    TooLarge,
    /// A fund would be emptied faster than it may.
    #[error("{would} base units of {token} would have gone out lately, at most {most} may; wait or take less")]
    TooFast {
        /// Of what.
        token: Name,
        /// What would have gone out.
        would: Units,
        /// Most that may.
        most: Units,
    },
}

impl Refusal {
    /// The refusal with its amounts in whole tokens, as the network with these parameters writes them. `Display` knows no network, so
    /// it has base units.
    pub fn told(&self, spec: &Spec) -> String {
        let text = |token: &Name, units: &Units| spec.amount_text(*token, *units);
        match self {
            Self::InDebt { owed } => format!("the party owes {} of fees; repay them first", text(&spec.fee().token, owed)),
            Self::Underfunded { token, needed, has } => format!("needs {}, has {}", text(token, needed), text(token, has)),
            Self::CapReached { token, amount } => {
                format!("minting {} would pass the cap of {token}", text(token, amount))
            }
            Self::TooFast { token, would, most } => {
                format!("{} would have gone out lately, at most {} may; wait or take less", text(token, would), text(token, most))
            }
            other => other.to_string(),
        }
    }
}

impl From<QuantityError> for Refusal {
    fn from(_: QuantityError) -> Self {
        Self::TooLarge
    }
}

/// What a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// A token.
    Token,
    /// A metric.
    Metric,
    /// A pool.
    Pool,
    /// A subject that was never registered.
    Subject,
    /// A kind of stream.
    StreamKind,
    /// A stream.
    Stream,
    /// An escrow.
    Escrow,
    /// A kind of pledge.
    PledgeKind,
    /// A pledge.
    Pledge,
    /// A kind of fault.
    FaultKind,
    /// A reason to close a stream.
    CloseReason,
    /// A kind of allowance.
    AllowanceKind,
    /// An allowance in use.
    AllowanceUse,
    /// A pair of currencies.
    Pair,
    /// An AMM pool.
    AmmPool,
    /// An allocation.
    Allocation,
    /// A role.
    Role,
    /// A genesis.
    Genesis,
    /// A rate.
    Rate,
    /// A term.
    Term,
    /// A bond.
    Bond,
    /// A deadline.
    Deadline,
    /// A price.
    Price,
    /// An amount.
    Amount,
    /// A record.
    Record,
    /// A credit.
    Credit,
    /// A kind of charge.
    ChargeKind,
    /// A hold.
    Hold,
    /// A kind of service fee.
    FeeKind,
    /// A recurring fee.
    Fee,
    /// A staking.
    Staking,
    /// A validator.
    Validator,
    /// A delegation.
    Delegation,
    /// A unbonding.
    Unbonding,
    /// A commission.
    Commission,
    /// A kind of lock.
    LockKind,
    /// A lock.
    Lock,
    /// A place to delegate to.
    Scope,
    /// A treasury.
    Treasury,
    /// A slash.
    Slash,
    /// A deposit.
    Deposit,
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Token => "token",
            Self::Metric => "metric",
            Self::Pool => "pool",
            Self::Subject => "subject",
            Self::StreamKind => "kind of stream",
            Self::Stream => "stream",
            Self::Escrow => "escrow",
            Self::PledgeKind => "kind of pledge",
            Self::Pledge => "pledge",
            Self::FaultKind => "kind of fault",
            Self::CloseReason => "reason to close",
            Self::AllowanceKind => "kind of allowance",
            Self::AllowanceUse => "allowance in use",
            Self::Pair => "pair",
            Self::AmmPool => "AMM pool",
            Self::Allocation => "allocation",
            Self::Role => "role",
            Self::Genesis => "genesis",
            Self::Rate => "rate",
            Self::Term => "term",
            Self::Bond => "bond",
            Self::Deadline => "deadline",
            Self::Price => "price",
            Self::Amount => "amount",
            Self::Record => "record",
            Self::Credit => "credit",
            Self::ChargeKind => "kind of charge",
            Self::Hold => "hold",
            Self::FeeKind => "service fee",
            Self::Fee => "fee",
            Self::Staking => "staking",
            Self::Validator => "validator",
            Self::Delegation => "delegation",
            Self::Unbonding => "unbonding",
            Self::Commission => "commission",
            Self::LockKind => "kind of lock",
            Self::Lock => "lock",
            Self::Scope => "place to delegate to",
            Self::Treasury => "treasury",
            Self::Slash => "slash",
            Self::Deposit => "deposit",
        })
    }
}

/// What would have been allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// Something positive was needed.
    AboveZero,
    /// At least this.
    AtLeast(Units),
    /// At most this.
    AtMost(Units),
    /// Has finer parts than the token.
    TooFine,
    /// Is of another token than this.
    OfToken(Name),
    /// Cannot be moved between parties.
    NotTransferable,
    /// Names something twice.
    Twice,
    /// Lies in the past.
    Passed,
    /// Has begun already.
    Begun,
    /// Has not begun.
    NotBegun,
    /// Belongs to somebody else.
    NotOwn,
    /// Gives nothing at all.
    GivesNothing,
    /// Is stated in another form than the kind asks for.
    OtherForm,
    /// Is not meant for this.
    NotForThis,
    /// Ran out of money.
    Exhausted,
    /// At least this share.
    ShareAtLeast(Share),
    /// Is too early.
    NotYet,
    /// Is stopped.
    Stopped,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AboveZero => f.write_str("must be above zero"),
            Self::AtLeast(n) => write!(f, "must be at least {n}"),
            Self::AtMost(n) => write!(f, "must be at most {n}"),
            Self::TooFine => f.write_str("has finer parts than the token; round it"),
            Self::OfToken(n) => write!(f, "must be in {n}"),
            Self::NotTransferable => f.write_str("cannot be moved between parties"),
            Self::Twice => f.write_str("names something twice; name each once"),
            Self::Passed => f.write_str("lies in the past; choose a later time"),
            Self::Begun => f.write_str("has begun already"),
            Self::NotBegun => f.write_str("has not begun; activate it first"),
            Self::NotOwn => f.write_str("belongs to somebody else"),
            Self::GivesNothing => f.write_str("is too small to give anything"),
            Self::OtherForm => f.write_str("is stated in another form than the network's file asks for this kind"),
            Self::NotForThis => f.write_str("cannot be used for this kind; the network's file would have to allow it"),
            Self::Exhausted => f.write_str("has run out of money; deposit what it owes"),
            Self::ShareAtLeast(n) => write!(f, "must be at least {n}"),
            Self::NotYet => f.write_str("is bound for now; try again later"),
            Self::Stopped => f.write_str("is stopped for now; ask who keeps it"),
        }
    }
}
