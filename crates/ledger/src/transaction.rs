//! Signed transactions: who wants what, up to which fee, exactly once.

use borsh::{BorshDeserialize, BorshSerialize};
use depin_economy::Action;
use depin_quantity::{Address, Name, Seed, UnitId, Units};
use depin_services::{MessageInfo as _, ServiceMessage};
use serde::{Deserialize, Serialize};

/// Largest encoded transaction in bytes.
pub const TRANSACTION_MAX: usize = 256 * 1024;
/// Domain that signatures are bound to.
const DOMAIN: &str = "depin-transaction";

/// Bytes of a signature.
const SIGNATURE: usize = 64;

/// What a transaction does.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Message {
    /// Moves tokens to another account.
    Transfer {
        /// Who gets them.
        to: Address,
        /// Which token.
        token: Name,
        /// How many base units; not zero.
        amount: Units,
    },
    /// The sender's earned rewards are settled into liquid and vesting parts.
    Claim,
    /// Takes vested rewards out into the sender's balance.
    Withdraw {
        /// How much; everything vested when `None`.
        amount: Option<Units>,
    },
    /// The sender, a price reporter, reports.
    ReportPrice {
        /// The pair, such as `FIL-USD`.
        pair: Name,
        /// Price of one whole token in 10^-18 of the quote currency.
        price: depin_quantity::Decimal18,
    },
    /// The sender, a notary, grants DataCap.
    GrantDataCap {
        /// The client.
        to: Address,
        /// Bytes of verified deals that it may propose.
        bytes: u64,
    },
    /// What the sender does with its own tokens, as far as the network's economy offers it.
    Act(Action),
    /// Something for the network's service. In JSON it stands under the service's name.
    #[serde(untagged)]
    Service(ServiceMessage),
}

impl Message {
    /// A message to a service.
    pub fn service(message: impl Into<ServiceMessage>) -> Self {
        Self::Service(message.into())
    }

    /// Name for receipts and tables.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Transfer { .. } => "transfer",
            Self::Claim => "claim",
            Self::Withdraw { .. } => "withdraw",
            Self::ReportPrice { .. } => "report-price",
            Self::GrantDataCap { .. } => "grant-datacap",
            Self::Act(action) => action.name(),
            Self::Service(message) => message.name(),
        }
    }

    /// Work units: an upper bound on what running it costs, known before anything is run.
    pub fn work(&self) -> u64 {
        match self {
            Self::Transfer { .. } => 4,
            Self::Claim | Self::Withdraw { .. } => 40,
            Self::ReportPrice { .. } | Self::GrantDataCap { .. } => 10,
            Self::Act(action) => action.work(),
            Self::Service(message) => message.work(),
        }
    }
}

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

    /// Work units of the whole transaction: the signature, the bytes, the message.
    pub fn work(&self) -> u64 {
        5 + self.message.work()
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
