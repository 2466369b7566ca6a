//! Speed tests, really measured: bytes over TCP between an access point and a test server, timed by both.
//!
//! ```text
//! access point                         server
//!   key, chain            ──>
//!                         <──  ping, ten times; each is echoed
//!                         <──  bytes for some seconds, paced at 250 Mbit/s
//!   had them              ──>
//!   bytes for some seconds, paced ──>
//!                         <──  had them; what the server measured, signed
//! ```
//!
//! The server times a direction from its first byte to the word that the last one arrived, so neither side can say that more arrived than did.
//! Both sign what they measured themselves; the ledger counts the worse. Pacing keeps a test from taking a whole line: a line that carries 250
//! Mbit/s is as good as any. Absent on purpose: who the access point is; anybody may be measured, a few at a time.

mod client;
mod pace;
mod server;
mod wire;

pub(super) use client::measure;
pub use server::{SpeedServer, SpeedServerConfig};

/// Why a speed test came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum SpeedError {
    /// The line broke, or was silent for too long.
    #[error("the speed test broke off: {0}")]
    Line(#[from] std::io::Error),
    /// The other side says something else than it should.
    #[error("the other side of the speed test says what it should not: {0}")]
    Wire(String),
    /// The server is busy, or is another chain's.
    #[error("the test server does not test: {0}")]
    Refused(String),
}
