//! The network's checker: whoever has its role says how long answers took, and that hired devices are there.
//!
//! | request | answers |
//! |---|---|
//! | `POST /v1/checker/answers` `{"device","hour","answer"}` | 200 the answer with its time and the checker's signature |
//! | `POST /v1/checker/attendances` `{"device","hour"}` | 200 the checker's signature, once the device's daemon showed its key where it is registered |
//! | `GET /health` | 200 while the node answers |
//!
//! The checker trusts nobody: it counts from when it saw the hour's seed itself, and asks a device at the URL that the ledger has. It says nothing about
//! what an answer is worth; the ledger checks that.

mod call;
mod daemon;

pub(super) use call::{CallError, Checker};
pub use daemon::{CheckerError, CheckerHandle, ClustersChecker};

use depin_client::{SigningKey, Verifier};
use depin_quantity::{Address, UnitId};
use depin_services::coverage::{PublicKey, SignatureBytes};
use serde::{Deserialize, Serialize};

/// An answer whose time is to be signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Timed {
    pub(super) device: UnitId,
    pub(super) hour: u64,
    /// Hexadecimal.
    pub(super) answer: String,
}

/// A device that asks to be seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Seen {
    pub(super) device: UnitId,
    pub(super) hour: u64,
}

/// What a device's daemon shows to the checker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Presence {
    pub(super) key: PublicKey,
    pub(super) signature: SignatureBytes,
}

impl Presence {
    fn signed(device: UnitId, hour: u64, nonce: UnitId) -> Vec<u8> {
        borsh::to_vec(&("depin-clusters-present", device, hour, nonce)).expect("writing to memory does not fail")
    }

    /// By the device's owner, for a nonce of the checker's.
    pub(super) fn new(key: &SigningKey, device: UnitId, hour: u64, nonce: UnitId) -> Self {
        let signature = SignatureBytes::new(key.sign(&Self::signed(device, hour, nonce)));
        Self { key: PublicKey::new(key.public_key()), signature }
    }

    fn is_of(&self, owner: Address, device: UnitId, hour: u64, nonce: UnitId) -> bool {
        let (key, signature) = (self.key.get(), self.signature.get());
        self.key.address() == owner && Verifier.verify_one(&key, &Self::signed(device, hour, nonce), &signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_presence_is_good_for_its_owner_device_hour_and_nonce() {
        let key = SigningKey::from_seed(&[1; 32]);
        let (device, nonce) = (UnitId::new([2; 32]), UnitId::new([3; 32]));
        let shown = Presence::new(&key, device, 7, nonce);
        assert!(shown.is_of(key.address(), device, 7, nonce));
        assert!(!shown.is_of(Address::new([9; 32]), device, 7, nonce), "another owner");
        assert!(!shown.is_of(key.address(), nonce, 7, nonce), "another device");
        assert!(!shown.is_of(key.address(), device, 8, nonce), "another hour");
        assert!(!shown.is_of(key.address(), device, 7, device), "a nonce that was seen before");
    }
}
