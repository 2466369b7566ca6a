//! Signed transactions: who wants what, up to which fee, exactly once.

use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, Name, Seed, UnitId, Units};
use depin_services::{InnerSignature, Message};
use serde::{Deserialize, Serialize};

/// Largest encoded transaction in bytes.
pub const TRANSACTION_MAX: usize = 256 * 1024;

/// Bytes of a transaction that its work pays for.
const HISTORY_FREE: u64 = 1024;
/// So many of the others cost what one byte of rows costs.
const HISTORY_PER_ROW_BYTE: u64 = 4;
/// Domain that signatures are bound to.
const DOMAIN: &str = "depin-transaction";

/// Bytes of a signature.
const SIGNATURE: usize = 64;

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Body {
    /// The chain that this is for; another refuses it.
    pub chain_id: Name,
    /// The sender's ed25519 public key; its hash is the sender's address.
    #[serde(with = "hex32")]
    pub key: [u8; 32],
    /// Number of transactions that the sender had included before this one.
    pub nonce: u64,
    /// Highest base fee per work unit that the sender pays, base units of the fee token.
    pub base_fee_max: Units,
    /// Tip for the proposer per work unit, base units of the fee token.
    pub tip: Units,
    /// What to do.
    pub message: Message,
}

mod hex32 {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &[u8; 32], s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&hex::encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<[u8; 32], D::Error> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(String::deserialize(d)?, &mut bytes).map_err(D::Error::custom)?;
        Ok(bytes)
    }
}

impl Body {
    /// The sender's address.
    pub fn sender(&self) -> Address {
        Address::of_public_key(&self.key)
    }

    /// The bytes that the sender signs: length-prefixed domain, then the canonical encoding (which holds the chain id).
    pub fn signed_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(256);
        begin_signed_bytes(&mut bytes);
        borsh::to_writer(&mut bytes, self).expect("writing to memory does not fail");
        bytes
    }

    /// Work units of the whole transaction: the signature, the message.
    pub fn work(&self) -> u64 {
        Self::work_of(&self.message)
    }

    /// Work units of a transaction with this message.
    pub fn work_of(message: &Message) -> u64 {
        5 + message.work()
    }

    /// As how many bytes of rows the transaction's own bytes count.
    pub fn history(&self) -> u64 {
        Self::history_of(borsh::object_length(self).expect("lengths fit") as u64)
    }

    /// As how many bytes of rows so many bytes of a transaction count, or of what its message tells in its receipt, since blocks and
    /// receipts are kept too, if not for ever: a quarter of what is beyond 1,024, rounded up. What fits into that is paid with its work.
    pub const fn history_of(bytes: u64) -> u64 {
        bytes.saturating_sub(HISTORY_FREE).div_ceil(HISTORY_PER_ROW_BYTE)
    }
}

fn begin_signed_bytes(out: &mut Vec<u8>) {
    out.push(DOMAIN.len() as u8);
    out.extend_from_slice(DOMAIN.as_bytes());
}

/// A body with the sender's signature (ed25519, checked by the ZIP-215 rule).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Transaction {
    /// What was signed.
    pub body: Body,
    /// The signature over [`Body::signed_bytes`].
    pub signature: [u8; SIGNATURE],
}

impl Transaction {
    /// Reads canonical bytes.
    ///
    /// # Errors
    /// [`DecodeError`] for bytes that are too many, too few, too long or no transaction.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > TRANSACTION_MAX {
            return Err(DecodeError::TooLarge { bytes: bytes.len() });
        }
        borsh::from_slice(bytes).map_err(|e| DecodeError::Malformed(e.to_string()))
    }

    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        borsh::to_vec(self).expect("writing to memory does not fail")
    }

    /// The transaction's id: a hash of the body. Signatures don't count, since one body may have several valid ones.
    pub fn id(&self) -> UnitId {
        Self::id_of(&self.body.signed_bytes())
    }

    /// The id of the transaction with these signed bytes.
    pub(crate) fn id_of(signed: &[u8]) -> UnitId {
        UnitId::derive("depin-transaction-id", &[signed])
    }

    /// Appends [`Body::signed_bytes`] of the transaction that `encoded` decodes as: canonical bytes hold the body before the
    /// signature, so nothing is encoded again.
    pub(crate) fn append_signed_bytes(encoded: &[u8], out: &mut Vec<u8>) {
        begin_signed_bytes(out);
        out.extend_from_slice(&encoded[..encoded.len() - SIGNATURE]);
    }

    /// The signatures inside its message, each over bytes that are bound to this chain. They are checked wherever its own is.
    pub fn inner_signatures(&self) -> Vec<InnerSignature> {
        let mut inner = self.body.message.signatures();
        for item in &mut inner {
            item.message = InnerSignature::signed_bytes(self.body.chain_id, &item.message);
        }
        inner
    }

    /// Randomness bound to this transaction, for natural ids that it creates.
    pub fn seed(&self) -> Seed {
        Self::seed_of(self.id())
    }

    /// The randomness bound to the transaction with this id.
    pub(crate) fn seed_of(id: UnitId) -> Seed {
        Seed::new(id.get())
    }
}

/// Why bytes are no transaction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// More bytes than any transaction has.
    #[error("{bytes} bytes, at most {TRANSACTION_MAX} are allowed; split the work over several transactions")]
    TooLarge {
        /// Bytes given.
        bytes: usize,
    },
    /// Not the canonical encoding.
    #[error("not a transaction: {0}; encode it with the client library of this version")]
    Malformed(String),
}
