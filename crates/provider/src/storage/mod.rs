//! The storage provider: disk, HTTP, scrubbing, and the duty that keeps them and the ledger in step.
//!
//! ```text
//! customer ── HTTP ──> http ──> store <── scrub
//!                                 ^
//!            ledger <── duty ─────┘  pins deals, proves leaves, declares faults
//! ```
//!
//! - [`Provider`] runs all of it, as an [operator](crate::operator).
//! - [`Store`] keeps payloads and proves their leaves; see its module for what holds after a crash.
//! - [`routes`] is the HTTP interface over it; [`ProviderRequest`] is what customers sign.
//! - [`scrub`] reads everything slowly and reports damage.
//! - [`plan`] decides about deals: pure.
//!
//! Absent on purpose: changing the ask and withdrawing (people do that, by the client; the provider reads its ask from the
//! ledger), settling deal payments (the chain does it at every window's close), terminating deals.

mod clients;
mod config;
mod decide;
mod duty;
mod funds;
mod http;
mod plan;
mod prove;
mod provider;
mod register;
mod request;
pub mod scrub;
mod status;
mod store;
mod task;
mod view;

/// Readers of what strangers send, for fuzzing; not a part of the public interface.
#[doc(hidden)]
pub mod fuzzing {
    pub use super::http::fuzzing::{part, who};
}

pub use clients::{Clients, ProofTerms};
pub use config::ProviderConfig;
pub use decide::{DealFacts, PieceFact};
pub use funds::{Funds, FundsError};
pub use http::{HttpSettings, ProviderHttp, Transfers, routes};
pub use plan::{Plan, Situation, plan};
pub use provider::{Provider, ProviderError, ProviderHandle};
pub use request::{HEADER_CLIENT, HEADER_KEY, HEADER_SIGNATURE, HEADER_TIME, ProviderRequest, RequestKind, Signatures};
pub use status::{Done, ProviderStatus, StorageFigures};
pub use store::{
    Announced, BLOCK_BYTES, CHUNK_BYTES, CheckedChunk, Hold, HoldLimits, PieceReader, PieceState, PieceStatus, Recovery, Store,
    StoreError, StoreSettings, Stored, Upload, Usage, clear_temporary,
};
pub use task::StorageTask;
