//! Why something cannot be done: for people, and as it crosses the interface of a running network.

use depin_client::{ClientError, SubmitError, lease::GatewayError};
use std::{fmt, path::Path};

/// Whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Wrong usage, or a rule says no: doing the same again will not help.
    Refused,
    /// Not reachable, disk or network trouble: the same may work later.
    Broken,
}

/// An error for people: what was wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Whether trying again can help.
    pub kind: Kind,
    /// Short and stable, for programs.
    pub code: String,
    /// What was wrong.
    pub message: String,
    /// What to do; empty when there is nothing to say.
    pub hint: String,
}

/// Where it stands what each file of a home is, and what to do when it is damaged.
pub const DAMAGE_PAGE: &str = "docs/when-something-is-damaged.md";

/// Code of the error of a part whose own store or key was lost: the others can run without it.
pub(crate) const LOST: &str = "store-lost";

/// What most functions here return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error that stays one: wrong usage, or a rule says no.
    pub fn refused(code: &str, message: impl fmt::Display) -> Self {
        Self { kind: Kind::Refused, code: code.to_owned(), message: message.to_string(), hint: String::new() }
    }

    /// An error that may pass.
    pub fn broken(code: &str, message: impl fmt::Display) -> Self {
        Self { kind: Kind::Broken, code: code.to_owned(), message: message.to_string(), hint: String::new() }
    }

    /// A part of a running network that cannot go on.
    pub fn failed(reason: impl fmt::Display) -> Self {
        Self::broken("failed", reason).hint("the data is kept; `depin up` starts again, DEPIN_LOG=info shows more")
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = hint.to_string();
        self
    }

    /// Whether something that was written is not as it was.
    fn is_about_damage(&self) -> bool {
        matches!(self.code.as_str(), "damaged" | LOST | "votes" | "foreign-key" | "no-key" | "no-settings")
    }

    /// What to do, with where more about it stands; empty when there is nothing to say.
    pub fn advice(&self) -> String {
        match (self.is_about_damage(), self.hint.as_str()) {
            (false, hint) => hint.to_owned(),
            (true, "") => format!("{DAMAGE_PAGE} says what to do"),
            (true, hint) => format!("{hint} ({DAMAGE_PAGE} says more)"),
        }
    }

    /// A file or folder that could not be used.
    pub fn file(what: &str, path: &Path, error: &std::io::Error) -> Self {
        let hint = match error.kind() {
            std::io::ErrorKind::ReadOnlyFilesystem => {
                "the disk is mounted for reading only; see the system log why, and mount it again"
            }
            std::io::ErrorKind::PermissionDenied => {
                "run it as the user whose files these are, or give this one the right to them"
            }
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => "make room on the disk; nothing was changed",
            _ => "",
        };
        Self::broken("io", format_args!("cannot {what} {}: {error}", path.display())).hint(hint)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<ClientError> for Error {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Url { .. } => Self::refused("url", error),
            ClientError::Refused { status, code, message, hint } => {
                let kind = if status < 500 { Kind::Refused } else { Kind::Broken };
                Self { kind, code, message, hint }
            }
            ClientError::Unreachable { url, reason, .. } => {
                Self::broken("unreachable", format_args!("no node answers at {url}: {reason}")).hint(
                    "check that it runs (`depin up` starts one here) and that --node, DEPIN_NODE or --home name the right one",
                )
            }
            ClientError::Tls { url, why } => {
                let (why, hint) = why.split_once("; ").unwrap_or((why.as_str(), ""));
                Self::broken("tls", format_args!("the node at {url} is not trusted: {why}")).hint(hint)
            }
            ClientError::Timeout { .. } => Self::broken("timeout", error),
            ClientError::Answer { .. } => Self::broken("answer", error),
        }
    }
}

impl From<GatewayError> for Error {
    fn from(error: GatewayError) -> Self {
        let message = error.to_string();
        match error {
            GatewayError::Refused { status: 429 | 500.., code, hint, .. } => Self::broken(&code, message).hint(hint),
            GatewayError::Refused { code, hint, .. } => Self::refused(&code, message).hint(hint),
            GatewayError::Url { .. } => Self::refused("provider-address", message).hint(
                "--local-network lets providers be on this machine and in private networks; else take another provider's bid",
            ),
            GatewayError::Tls { .. } => Self::refused("provider-tls", message).hint(
                "nothing was sent; the provider mends its certificate, or --tls-ca names the authority that vouches for it",
            ),
            GatewayError::Unreachable { .. } => Self::broken("provider-away", message)
                .hint("the lease goes on and is paid; try again, or `depin lease close N` ends it and gives back what is left"),
            // What breaks a rule does so again.
            GatewayError::Ended { code: 1_008, .. } => Self::refused("stream-ended", message).hint(
                "the same would be ended again; where the token was revoked, ask the tenant for a new one (`depin lease token`)",
            ),
            GatewayError::Ended { code: 4_001, .. } => Self::refused("stream-ended", message)
                .hint("`depin lease status N` says which leases run, and why the others ended"),
            GatewayError::Ended { .. } => Self::broken("stream-ended", message)
                .hint("`depin lease status N` says how the service is now; what ran in it may have ended"),
            GatewayError::Broken(_) => Self::broken("stream-broken", message).hint(
                "a command may go on in the container: look with `depin lease status N` and `logs` before you run it again",
            ),
            GatewayError::Answer { .. } => Self::broken("provider-answer", message).hint("the provider may run another version"),
            GatewayError::Token(_) => Self::refused("token", message),
        }
    }
}

impl From<SubmitError> for Error {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Client(error) => error.into(),
            SubmitError::Failed { code, message, receipt } => Self {
                kind: Kind::Refused,
                code,
                message: format!("the ledger refused `{}`: {message}", receipt.action),
                hint: format!(
                    "the transaction {} is in block {}; its fee of {} was paid",
                    receipt.id, receipt.height, receipt.fee.display
                ),
            },
            SubmitError::WrongChain { .. } | SubmitError::TooLarge { .. } | SubmitError::BaseFee { .. } => {
                Self::refused("transaction", error)
            }
            SubmitError::Uncertain { .. } => Self::broken("uncertain", error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_to_do_again_what_would_be_refused_again() {
        let ended = |code| Error::from(GatewayError::Ended { why: "the provider's words".to_owned(), code });
        let revoked = ended(1_008);
        assert!(revoked.kind == Kind::Refused && revoked.hint.contains("ended again"), "{revoked:?}");
        assert!(revoked.message.contains("the provider's words"));
        assert_eq!((ended(4_001).kind, ended(4_000).kind), (Kind::Refused, Kind::Broken));
        assert!([1_008, 4_000, 4_001, 4_002].into_iter().all(|code| !ended(code).hint.contains("run it again")));
        let broken = Error::from(GatewayError::Broken("connection reset".to_owned()));
        assert!(broken.kind == Kind::Broken && broken.hint.contains("may go on in the container"), "{broken:?}");
    }
}
