//! The storage provider: disk, HTTP, scrubbing.
//!
//! ```text
//! customer ── HTTP ──> http ──> store <── scrub
//!                                 ^
//!                     ledger-following half: pins deals, proves leaves, declares faults
//! ```
//!
//! - [`Store`] keeps payloads and proves their leaves; see its module for what holds after a crash.
//! - [`router`] is the HTTP interface over it; [`ProviderRequest`] is what customers sign.
//! - [`scrub`] reads everything slowly and reports damage.
//!
//! A provider never computes a reward, and decides nothing that the ledger decides.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod agent;
mod clock;
mod http;
mod request;
pub mod scrub;
mod store;

pub use agent::{Done, Provider, ProviderConfig, ProviderError, ProviderHandle, ProviderStatus};
pub use clock::{Clock, SystemClock};
pub use http::{HttpSettings, Metrics, ProviderHttp, router};
pub use request::{HEADER_CLIENT, HEADER_KEY, HEADER_SIGNATURE, HEADER_TIME, ProviderRequest, RequestKind, Signatures};
pub use store::{
    CHUNK_BYTES, Hold, PieceReader, PieceState, PieceStatus, Recovery, Store, StoreError, StoreSettings, Stored, Upload, Usage,
};
