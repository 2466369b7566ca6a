//! Storage: pieces under deals, proven again and again.
//!
//! In: [`StorageMessage`]s of clients and providers, in signed transactions, and the passing of ledger time. Out: records on the
//! economy's meter, [`StorageEvent`]s, rows. Called by the ledger only, inside a [`Context`](crate::Context). Absent on purpose: amounts that nobody
//! agreed on (the economy knows what a pledge or a penalty is), tokens, disks, networks.
//!
//! One piece under one deal is one sector. Its power begins with its first good proof; a provider's sectors are grouped into data
//! sets of bounded size, each proven once per proving period in a window at the period's end.

mod deals;
mod due;
mod error;
mod event;
mod message;
mod names;
mod params;
pub mod piece;
mod providers;
mod proving;
pub mod read;
mod records;
mod rows;
mod service;

pub use deals::deal_id;
pub use due::{Challenge, Job};
pub use error::StorageError;
pub use event::StorageEvent;
pub use message::{
    Ask, DEALS_PER_MESSAGE, LABEL_MAX, PROOFS_PER_MESSAGE, Proposal, REASON_MAX, SectorProof, StorageMessage, URL_MAX,
};
pub(crate) use names::{DATACAP, DEAL, QUALITY_BYTES, RAW_BYTES, close_reason, fault_kind};
pub use params::{StorageParams, StorageRules};
pub use providers::UNUSED_KEPT;
pub use proving::{sector_challenges, set_id, window_challenges};
pub use records::{continued_fault, terminated_fault, termination_burns_bond};
pub use rows::{Challenged, CloseReason, DataSet, Deal, DealState, Faulty, Provider, Totals, Window};
pub use service::Storage;
