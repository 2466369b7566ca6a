//! The storage provider: disk, HTTP, scrubbing, and the daemon that keeps them and the ledger in step.
//!
//! ```text
//! customer ── HTTP ──> http ──> store <── scrub
//!                                 ^
//!                     agent: pins deals, proves leaves, declares faults
//! ```
//!
//! - [`Store`] keeps payloads and proves their leaves; see its module for what holds after a crash.
//! - [`router`] is the HTTP interface over it; [`ProviderRequest`] is what customers sign.
//! - [`scrub`] reads everything slowly and reports damage.
//! - [`Provider`] runs all of it.

mod agent;
mod http;
mod request;
pub mod scrub;
mod store;

pub use agent::{Done, Provider, ProviderConfig, ProviderError, ProviderHandle, ProviderStatus};
pub use http::{HttpSettings, Metrics, ProviderHttp, router};
pub use request::{HEADER_CLIENT, HEADER_KEY, HEADER_SIGNATURE, HEADER_TIME, ProviderRequest, RequestKind, Signatures};
pub use store::{
    CHUNK_BYTES, Hold, PieceReader, PieceState, PieceStatus, Recovery, Store, StoreError, StoreSettings, Stored, Upload, Usage,
};
