//! An artist's dispatcher: the desk between an artist and the nodes that render.
//!
//! In: sealed scenes and drafts of jobs from the artist's tools; what the ledger says of jobs that name this account their dispatcher; frames
//! from nodes. Out: tickets given to the nodes that the draw says, scenes and orders pushed to them, previews and sealed frames kept, frames
//! compared, the secret opened and tickets shown at the end. The artist's own key is not here: orders, approvals and rejections are
//! signed by the artist's wallet. Absent on purpose: pixels of scenes; the dispatcher holds them sealed, and frames until their keys are open.
//!
//! What is next is a pure function ([`plan`]) of the ledger and the store, so a restart goes on where the ledger is.

mod board;
mod config;
mod courier;
mod desk;
mod gateway;
mod http;
mod open;
pub mod plan;
mod preview;
mod round;
mod scenes;
mod store;

pub use config::Config;
pub use gateway::{Gateway, GatewayError, Handle};

/// The README's example is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
