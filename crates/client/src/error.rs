//! What can go wrong between a client and a node.

use crate::api::{FinalReceipt, code};
use depin_quantity::{Name, UnitId, Units};
use std::time::Duration;

/// Why a call gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The address is no base URL of a node.
    #[error("`{url}` is no base URL of a node ({why}); write it like \"http://127.0.0.1:4610\"")]
    Url {
        /// The text given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The node said no.
    #[error("the node refused: {message}{}", hint_text(.hint))]
    Refused {
        /// HTTP status.
        status: u16,
        /// Short and stable; [`crate::api::code`] lists those that programs act on.
        code: String,
        /// The node's words.
        message: String,
        /// What it says to do; may be empty.
        hint: String,
    },
    /// Nobody answered.
    #[error("no node answers at {url}: {reason}; check that it runs (`depin up` starts one) and that the address is right")]
    Unreachable {
        /// Base URL.
        url: String,
        /// What the network said.
        reason: String,
        /// Whether a connection stood: then the call may have taken effect all the same.
        connected: bool,
    },
    /// Somebody answered, and no TLS that is trusted came about; nothing was sent.
    #[error("the node at {url} is not trusted: {why}")]
    Tls {
        /// Base URL.
        url: String,
        /// What is wrong, and what to do.
        why: String,
    },
    /// The answer did not come in time; whether the call took effect is unknown.
    #[error("the node at {url} did not answer `{what}` within {}; it may be busy, try again", seconds(.after))]
    Timeout {
        /// Base URL.
        url: String,
        /// Path of the call.
        what: String,
        /// How long was waited.
        after: Duration,
    },
    /// The answer makes no sense to this version.
    #[error("the answer of {url} to `{what}` cannot be read: {reason}; client and node may be of different versions")]
    Answer {
        /// Base URL.
        url: String,
        /// Path of the call.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl ClientError {
    /// Code of a refusal, if it is one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }

    /// Whether the same call may succeed later, without anything being changed.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Refused { status, .. } => matches!(status, 429 | 502 | 503 | 504),
            // A certificate may be renewed while its server is asked.
            Self::Unreachable { .. } | Self::Timeout { .. } | Self::Tls { .. } => true,
            Self::Url { .. } | Self::Answer { .. } => false,
        }
    }

    /// Code and words of a node that cannot take what a transaction says, whoever signs it and whenever it comes: sending it again is
    /// in vain. Nothing of it is under way then.
    pub fn never_passes(&self) -> Option<(&str, &str)> {
        match self {
            Self::Refused { status: 400 | 413 | 422, code, message, .. }
                if [code::BOUNDS, code::MALFORMED, code::TOO_LARGE, code::TOO_MUCH_WORK].contains(&code.as_str()) =>
            {
                Some((code, message))
            }
            _ => None,
        }
    }

    /// Whether the node said that there is nothing of that name.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }
}

fn hint_text(hint: &str) -> String {
    if hint.is_empty() { String::new() } else { format!("; {hint}") }
}

fn seconds(span: &Duration) -> String {
    format!("{:.1} s", span.as_secs_f64())
}

/// Why a message did not take effect, or may not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The node refused the transaction, or could not be asked; nothing took effect.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// It is in a block, took its fee and nonce, and changed nothing else.
    #[error("the ledger refused `{}`: {message}", .receipt.action)]
    Failed {
        /// Short and stable.
        code: String,
        /// The ledger's words.
        message: String,
        /// The whole receipt.
        receipt: Box<FinalReceipt>,
    },
    /// The node serves another chain than this sender signs for; nothing was sent.
    #[error("the node serves chain `{found}`, this sender signs for `{expected}`; connect to a node of `{expected}`")]
    WrongChain {
        /// Chain of the sender.
        expected: Name,
        /// Chain of the node.
        found: Name,
    },
    /// The node says that transactions cost more than this sender pays; nothing was signed.
    #[error(
        "the node says a base fee of {now} base units for a unit of work, more than the limit of {most}; wait until it has fallen, ask \
         another node, or allow more with --max-base-fee (`base_fee_most`)"
    )]
    BaseFee {
        /// What the node says.
        now: Units,
        /// The limit.
        most: Units,
    },
    /// The encoded transaction is too long; nothing was sent.
    #[error("the transaction has {bytes} bytes, at most {allowed} are allowed; split the work over several")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The limit.
        allowed: usize,
    },
    /// Not final in time. It may still take effect; look at the state before doing the same again.
    #[error("transaction {id} was sent and is not final after {}; it may still take effect, look before sending it again", seconds(.after))]
    Uncertain {
        /// The transaction, as first signed.
        id: UnitId,
        /// How long was waited.
        after: Duration,
    },
}

impl SubmitError {
    /// Code of the refusal or failure, if there is one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Client(error) => error.code(),
            Self::Failed { code, .. } => Some(code),
            _ => None,
        }
    }

    /// Code and words where it is what the message says that does not pass, and not how or when it was sent: the ledger refuses it, or it
    /// fits no block or request. Others get through; of a message about several things a part of it may.
    pub fn refusal(&self) -> Option<(String, String)> {
        match self {
            Self::Failed { code, message, .. } => Some((code.clone(), message.clone())),
            Self::TooLarge { .. } => Some((code::TOO_LARGE.to_owned(), self.to_string())),
            Self::Client(error) => error.never_passes().map(|(code, message)| (code.to_owned(), message.to_owned())),
            Self::WrongChain { .. } | Self::BaseFee { .. } | Self::Uncertain { .. } => None,
        }
    }

    /// Whether the same message may succeed later, without anything being changed here.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Client(error) => error.is_passing(),
            Self::Uncertain { .. } | Self::BaseFee { .. } => true,
            Self::Failed { .. } | Self::WrongChain { .. } | Self::TooLarge { .. } => false,
        }
    }
}
