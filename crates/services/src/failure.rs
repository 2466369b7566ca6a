//! Why something that was asked for was not done, as receipts and programs read it.

use crate::service::ErrorCode;
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// Why a message did nothing.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Failure {
    /// Short stable code.
    pub code: String,
    /// What was wrong, what is allowed, what to do.
    pub message: String,
}

impl Failure {
    /// The failure that an error of a service is.
    pub fn of(error: &impl ErrorCode) -> Self {
        Self { code: error.code().to_owned(), message: error.to_string() }
    }
}

impl From<depin_economy::Refusal> for Failure {
    fn from(refusal: depin_economy::Refusal) -> Self {
        Self { code: "economy".to_owned(), message: refusal.to_string() }
    }
}
