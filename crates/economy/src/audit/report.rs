//! What an audit found.

use depin_quantity::{Name, Units};
use serde::Serialize;
use std::fmt;

/// What an audit found. Serialises with an `ok` of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Sums per token.
    pub tokens: Vec<TokenAudit>,
    /// Everything that does not hold.
    pub violations: Vec<Violation>,
}

impl AuditReport {
    /// Whether everything holds.
    pub fn ok(&self) -> bool {
        self.violations.is_empty()
    }
}

impl Serialize for AuditReport {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut all = serializer.serialize_struct("AuditReport", 3)?;
        all.serialize_field("ok", &self.ok())?;
        all.serialize_field("tokens", &self.tokens)?;
        all.serialize_field("violations", &self.violations)?;
        all.end()
    }
}

/// The sums of one token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenAudit {
    /// The token.
    pub token: Name,
    /// Ever minted.
    pub minted: Units,
    /// Ever burnt.
    pub burned: Units,
    /// All balances together.
    pub held: String,
    /// Most that may ever be minted; credits and bridged tokens have no such number.
    pub cap: Option<Units>,
    /// Number of wallets.
    pub wallets: u64,
    /// Number of other accounts.
    pub accounts: u64,
}

/// Something that must hold and does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "violation")]
pub enum Violation {
    /// Two figures that must be equal.
    Differs {
        /// What they are figures of.
        what: String,
        /// What the rows behind it come to.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A figure above its bound.
    Exceeds {
        /// What it is a figure of.
        what: String,
        /// The bound.
        most: String,
        /// What is there.
        found: String,
    },
    /// A row that refers to nothing, or lacks its counterpart.
    Dangling {
        /// Which.
        what: String,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs { what, expected, found } => write!(f, "{what}: expected {expected}, found {found}"),
            Self::Exceeds { what, most, found } => write!(f, "{what}: {found} is above {most}"),
            Self::Dangling { what } => f.write_str(what),
        }
    }
}
