//! Semtech's gateway message protocol (GWMP), version 2: what every commodity packet forwarder speaks over UDP, by default on port 1680.
//!
//! In: the bytes of one datagram. Out: what it says, or why it says nothing. And back. Called by whoever owns a socket: a hotspot, which is
//! the protocol's server, and a simulated packet forwarder.
//!
//! ```text
//! forwarder                          server
//!   │ PUSH_DATA token X, packets ──────> │
//!   │ <──────────────── PUSH_ACK token X │
//!   │ PULL_DATA token Y ───────────────> │      keeps the way open
//!   │ <──────────────── PULL_ACK token Y │
//!   │ <── PULL_RESP token Z, one packet  │      any time after
//!   │ TX_ACK token Z, how it went ─────> │
//! ```
//!
//! The protocol has neither authentication nor repetition, and says so. It is read more generously than it is written: payloads in
//! base64 of either alphabet, padded or not (the protocol's own examples use all of that), JSON that ends with a zero byte, both forms of a
//! packet's signal (`rssi` and `lsnr`, or `rsig` of concentrators with several antennas), fields that it does not know. Nothing
//! else passes: each packet of a datagram is taken or refused for itself, with the field that was wrong.
//!
//! Frequencies are rounded to the nearest hertz. Other implementations cut off, which makes 866.349811 MHz of 866.349812 MHz.

mod datagram;
mod error;
mod json;
mod rx;
mod stat;
mod tx;
mod tx_ack;

pub use datagram::{Datagram, decode, encode};
pub use error::{FieldError, GwmpError, Kind};
pub use rx::{Crc, RxPacket};
pub use stat::GatewayStatus;
pub use tx::{Emission, TxPacket};
pub use tx_ack::{TxError, TxReport};

/// Version of the protocol, the first byte of every datagram.
pub const VERSION: u8 = 2;
/// No datagram is longer: the most that UDP carries over IPv4.
pub const DATAGRAM_BYTES_MAX: usize = 65_507;
/// Most packets of one datagram; forwarders fetch fewer at once.
pub const PACKETS_MAX: usize = 255;
/// No frame on air is longer.
pub const PAYLOAD_BYTES_MAX: usize = 255;
