//! Why something that was asked for was not done, as receipts and programs read it.

use crate::service::ErrorCode;
use borsh::{BorshDeserialize, BorshSerialize};
use depin_economy::{Refusal, Spec};
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
    /// The failure that an error of a service is, in the words of the network with these parameters.
    pub fn of(error: &impl ErrorCode, spec: &Spec) -> Self {
        Self { code: error.code().to_owned(), message: error.told(spec) }
    }

    /// The failure that a refusal of the economy is, in the words of the network with these parameters.
    pub fn refused(refusal: &Refusal, spec: &Spec) -> Self {
        Self { code: "economy".to_owned(), message: refusal.told(spec) }
    }
}
