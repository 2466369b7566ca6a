//! Why something does not go through now, in words that anybody may read: no paths, and no addresses of machines.

use crate::{store::StoreError, wire::Reason};
use depin_client::{ClientError, SubmitError, api::code};
use depin_quantity::Address;

impl Reason {
    fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }

    /// What keeps `account`, the customer's or the reporter's as `whose` says, from sending.
    pub(crate) fn of_node(error: &ClientError, whose: &str, account: Address) -> Self {
        match error {
            ClientError::Refused { code, .. } if code == code::BALANCE_TOO_LOW => {
                Self::new(code, format!("the {whose}'s account {account} has too little to pay the fee: send tokens to it"))
            }
            ClientError::Refused { code, message, .. } if !error.is_passing() => Self::new(code, message.clone()),
            _ => Self::new("no-node", "the node does not answer the gateway; this goes on when it does"),
        }
    }

    /// The same for what a sender ran into.
    pub(crate) fn of_sender(error: &SubmitError, whose: &str, account: Address) -> Self {
        match error {
            SubmitError::Client(error) => Self::of_node(error, whose, account),
            SubmitError::WrongChain { .. } => Self::other_chain(),
            SubmitError::Failed { code, message, .. } => Self::new(code, message.clone()),
            SubmitError::BaseFee { .. } => Self::new("base-fee", error.to_string()),
            SubmitError::TooLarge { .. } | SubmitError::Uncertain { .. } => {
                Self::new("no-node", "the node does not say what became of it; this goes on when it does")
            }
        }
    }

    /// What is wrong with the gateway's own disk or store.
    pub(crate) fn of_store(error: &StoreError) -> Self {
        match error {
            error if error.is_full() => Self::new("disk-full", "the gateway's disk is full, so nothing can be taken"),
            StoreError::Closed => Self::new("stopping", "the gateway is stopping"),
            _ => Self::new("store-failed", "the gateway's store cannot be read or written; its log says why"),
        }
    }

    /// The node is one of another network.
    pub(crate) fn other_chain() -> Self {
        Self::new("other-chain", "the node is one of another network than this gateway's")
    }
}
