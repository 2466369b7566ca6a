//! Frames of LoRaWAN 1.0.x: read, checked, decrypted, built.
//!
//! In: the bytes of a frame, and keys. Out: what it says, or why not; and back. Called by hotspots (which frames go on), by the network server and by
//! simulated devices. Layout and cryptography are those of the crate `lorawan`; its maker of join accepts, which drops the list of channels, is
//! not used.
//!
//! A frame that can be read may still be anybody's: [`DataFrame::matches`] and [`JoinRequest::matches`] say whose it is.

mod build;
mod crypto;
mod read;

pub use build::{BuildError, Data, JoinAccept, build_data, build_join_accept, build_join_request};
pub use crypto::{SessionKeys, payload_hash};
pub use read::{DataFrame, FrameError, JoinRequest, UplinkFrame, forwardable, read_join_accept, read_uplink};

/// Bytes of a beacon: the header of a proprietary frame and 51 bytes.
pub const BEACON_BYTES: usize = 52;

/// Which way a frame goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From a device.
    Up,
    /// To a device.
    Down,
}
