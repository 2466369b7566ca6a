//! Why a message to the storage service was refused.

use super::{
    message::{DEALS_PER_MESSAGE, LABEL_MAX, PROOFS_PER_MESSAGE, REASON_MAX},
    names::DEAL,
    piece::ProofError,
};
use depin_economy::{Refusal, Spec};
use depin_quantity::{Address, Instant, UnitId, Units};

/// A refusal; the message changed nothing. Checked in the order of the message's parts, the first that applies wins.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// An empty list, or one too long.
    #[error("{given} entries in one message, 1 to {allowed} are allowed; split them over several")]
    Entries {
        /// How many there were.
        given: usize,
        /// How many there may be.
        allowed: usize,
    },
    /// The same deal twice in a message.
    #[error("deal {0} is named twice in one message; name it once")]
    Twice(UnitId),
    /// No such provider.
    #[error("{0} is not a provider; `depin provider list` shows who is")]
    UnknownProvider(Address),
    /// No such deal.
    #[error("there is no deal {0}, or it closed long ago")]
    UnknownDeal(UnitId),
    /// No such data set.
    #[error("provider {provider} has no data set {set}")]
    UnknownSet {
        /// Whose.
        provider: Address,
        /// Number named.
        set: u32,
    },
    /// Another party's deal.
    #[error("deal {deal} belongs to {owner}; only that account can do this")]
    NotYours {
        /// The deal.
        deal: UnitId,
        /// Who could.
        owner: Address,
    },
    /// The deal is in another state.
    #[error("deal {deal} is {is}, this needs one that is {needs}")]
    WrongState {
        /// The deal.
        deal: UnitId,
        /// State it is in.
        is: &'static str,
        /// State needed.
        needs: &'static str,
    },
    /// A price of zero.
    #[error("the price per epoch is zero; propose at least 1 base unit per epoch")]
    FreeDeal,
    /// A price above the limit.
    #[error("a price of {price} per epoch is above the limit of {max}")]
    PriceTooHigh {
        /// Price proposed.
        price: Units,
        /// Limit.
        max: Units,
    },
    /// A term outside the limits.
    #[error("a term of {term} epochs is not allowed; it must be {min} to {max} epochs")]
    Term {
        /// Term proposed, epochs.
        term: u64,
        /// Shortest.
        min: u64,
        /// Longest.
        max: u64,
    },
    /// A start too near or too far.
    #[error("`start_within` is {given} epochs; it must be {min} to {max}")]
    Start {
        /// Epochs given.
        given: u64,
        /// Fewest.
        min: u64,
        /// Most.
        max: u64,
    },
    /// A client with too many open proposals.
    #[error(
        "{open} proposals of this account wait for their providers, {more} more are too many: {most} may wait; propose fewer, end some, or wait until they are taken or expire"
    )]
    Proposals {
        /// Proposals that wait.
        open: u32,
        /// How many more were proposed.
        more: usize,
        /// Most that may wait.
        most: u32,
    },
    /// A label too long.
    #[error("the label has {0} bytes, at most {LABEL_MAX} are allowed")]
    Label(usize),
    /// A reason too long.
    #[error("the reason has {0} bytes, at most {REASON_MAX} are allowed")]
    Reason(usize),
    /// A base URL that cannot be one.
    #[error("`{0}` is no base URL of a provider; write it like \"http://203.0.113.7:7001\", at most 256 bytes")]
    Url(String),
    /// An ask that contradicts itself.
    #[error("the ask is not usable: {0}")]
    Ask(&'static str),
    /// The provider has no room.
    #[error("provider {provider} offers {capacity} bytes and has promised {promised}; {wanted} more do not fit")]
    Full {
        /// Whose.
        provider: Address,
        /// Bytes offered.
        capacity: u64,
        /// Bytes already promised.
        promised: u64,
        /// Bytes wanted.
        wanted: u64,
    },
    /// A capacity below what is already promised.
    #[error("{promised} bytes are promised to deals; the capacity cannot fall below that")]
    CapacityBelowDeals {
        /// Bytes promised.
        promised: u64,
    },
    /// A provider with deals cannot leave.
    #[error("{0} deals are still open; let them end, or terminate them and bear the penalty")]
    StillHasDeals(u32),
    /// The deadline for starting has passed.
    #[error("deal {deal} had to start by {}; it is expired", by.to_rfc3339())]
    TooLate {
        /// The deal.
        deal: UnitId,
        /// When it had to start.
        by: Instant,
    },
    /// The challenge is not drawn yet.
    #[error("the challenge for deal {0} is not drawn yet; it comes with the next block")]
    NotDrawn(UnitId),
    /// No window is open.
    #[error("the window of data set {set} is not open; it opens at {}", opens.to_rfc3339())]
    WindowClosed {
        /// Number of the data set.
        set: u32,
        /// When it opens next.
        opens: Instant,
    },
    /// The window has been answered.
    #[error("the window of data set {0} has been proven already")]
    AlreadyProven(u32),
    /// Wrong number of leaves.
    #[error("{given} leaves given, this challenge asks for {wanted}")]
    Leaves {
        /// Leaves given.
        given: usize,
        /// Leaves wanted.
        wanted: usize,
    },
    /// A leaf whose path does not lead to the commitment.
    #[error("leaf {index} of the answer is wrong: {reason}")]
    Proof {
        /// Position in the answer.
        index: usize,
        /// What is wrong with it.
        reason: ProofError,
    },
    /// The economy refused.
    #[error("{0}")]
    Economy(#[from] Refusal),
}

impl StorageError {
    /// The refusal with its amounts in whole tokens.
    pub(super) fn told(&self, spec: &Spec) -> String {
        match (self, spec.stream(DEAL)) {
            (Self::Economy(refusal), _) => refusal.told(spec),
            (Self::PriceTooHigh { price, max }, Some(deal)) => {
                let text = |units: &Units| spec.amount_text(deal.token(), *units);
                format!("a price of {} per epoch is above the limit of {}", text(price), text(max))
            }
            (other, _) => other.to_string(),
        }
    }

    /// Short stable code for receipts and programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Entries { .. } => "entries",
            Self::Twice(_) => "twice",
            Self::UnknownProvider(_) => "unknown-provider",
            Self::UnknownDeal(_) => "unknown-deal",
            Self::UnknownSet { .. } => "unknown-set",
            Self::NotYours { .. } => "not-yours",
            Self::WrongState { .. } => "wrong-state",
            Self::FreeDeal => "free-deal",
            Self::PriceTooHigh { .. } => "price-too-high",
            Self::Term { .. } => "term",
            Self::Start { .. } => "start",
            Self::Proposals { .. } => "proposals",
            Self::Label(_) => "label",
            Self::Reason(_) => "reason",
            Self::Url(_) => "url",
            Self::Ask(_) => "ask",
            Self::Full { .. } => "full",
            Self::CapacityBelowDeals { .. } => "capacity-below-deals",
            Self::StillHasDeals(_) => "still-has-deals",
            Self::TooLate { .. } => "too-late",
            Self::NotDrawn(_) => "not-drawn",
            Self::WindowClosed { .. } => "window-closed",
            Self::AlreadyProven(_) => "already-proven",
            Self::Leaves { .. } => "leaves",
            Self::Proof { .. } => "proof",
            Self::Economy(_) => "economy",
        }
    }
}

/// Refuses an empty or overlong list of deals, and one that names a deal twice.
pub(super) fn check_list(deals: &[UnitId]) -> Result<(), StorageError> {
    check_count(deals.len(), DEALS_PER_MESSAGE)?;
    let mut sorted = deals.to_vec();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(StorageError::Twice(pair[0])),
        None => Ok(()),
    }
}

/// Refuses an empty or overlong list of sector proofs.
pub(super) fn check_proofs(count: usize) -> Result<(), StorageError> {
    check_count(count, PROOFS_PER_MESSAGE)
}

/// Refuses a count outside 1 to `allowed`.
pub(super) fn check_count(given: usize, allowed: usize) -> Result<(), StorageError> {
    if given == 0 || given > allowed { Err(StorageError::Entries { given, allowed }) } else { Ok(()) }
}
