//! Typed client of the node's API, wallet, transaction building.
//!
//! In: a node's URL, a key. Out: typed answers, signed transactions that take effect at most once, events without gaps. Called
//! by the command line, by providers, by gateways, and for its wire types ([`api`]) and its signature rule ([`Verifier`]) by
//! nodes. Absent on purpose: rules of the ledger; a refusal is the node's, word for word.

mod access;
pub mod api;
mod bearer;
mod body;
mod client;
pub mod cluster;
mod clusters;
mod coverage;
mod credit;
mod error;
mod events;
mod http;
mod keys;
pub mod lease;
mod leasing;
pub mod lorawan;
mod metered;
mod pages;
mod reach;
pub mod render;
mod rendering;
mod sender;
mod service_fee;
mod sse;
mod storage;
mod trust;
mod wallet;

pub use access::{ACCESS_KEY_FILE, AccessKeyError, access_key};
pub use body::{BodyError, read_body};
pub use client::{Client, ClientConfig};
pub use clusters::Clusters;
pub use coverage::Coverage;
pub use credit::Credit;
pub use error::{ClientError, SubmitError};
pub use events::EventStream;
pub use keys::{NAMESPACE, NoRandomness, SigningKey, Verifier};
pub use leasing::Leasing;
pub use metered::Metered;
pub use pages::whole_list;
pub use reach::{Barred, Reach};
pub use rendering::Rendering;
pub use sender::{Sender, SenderConfig, sign};
pub use service_fee::ServiceFee;
pub use sse::{SseError, SseMessage, SseParser};
pub use storage::Storage;
pub use trust::{Trust, TrustError, tls_failure};
pub use wallet::{
    COIN_TYPE, ExtendedKey, Kdf, KeyFile, KeyFileError, Keyring, LockedKey, Passphrase, PassphraseError, Passphrases, Phrase,
    PhraseError, SealError, SecretKind, StoredKey, Words, account_path,
};

/// The README's example is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
