//! The customer's network server as a state machine: class A devices of LoRaWAN 1.0.x that join over the air.
//!
//! In: devices, uplinks as hotspots heard them, downlinks to send, what became of them, and the time. Out of each call, a [`Step`]:
//!
//! - *writes*: what changed. The caller makes them durable, with the events in the same transaction, before it does anything else with the step. A frame
//!   counter or a DevNonce that was forgotten would let a frame be replayed; one that is remembered without its uplink would lose that.
//! - *events*: what an application is told, as ChirpStack's integrations say it ([`Event::body`]), and refusals with their reason.
//! - *transmits*: downlinks, with both windows in which they can be emitted.
//!
//! ```text
//! uplink ──> checked ──> copies wait for [`ServerConfig::dedup`] ──> due ──> counter, event, answer
//!              └─> refused, by name
//! ```
//!
//! An uplink is checked when its first copy comes: channel, form, whose it is (MIC), counter. Later copies join it. When the time for copies is
//! over it takes effect, all at once. A stop before that leaves nothing behind; whoever sent the copies was not told that they were taken.
//!
//! - *Join*: a DevNonce counts once for a device, for good, also after the device was removed. The session before stays valid until the first
//!   uplink of the new one, since a join accept may be lost.
//! - *Counters* have 32 bits; the upper half is the session's. Equal or lower ones are replays, and a gap of more than 16,384 is refused.
//! - *How often*: of each session so many frames a minute take effect ([`ServerConfig::frames_per_minute`]); further ones are refused before they move
//!   its counter. A session's key may be known to others: it is public where it is listed as a filter. Frames whose MIC does not hold count nothing.
//! - *Repetitions*: the last uplink again, byte for byte, within a minute, is what devices do that miss an answer: it is not delivered twice, and when it
//!   wants to be confirmed it is, eight times at most.
//! - *Downlinks* are planned for the hotspot that heard best, first window first, where payload and duty cycle allow. A frame that was not emitted
//!   is planned anew with a counter of its own, five times at most.
//!
//! Absent on purpose: ADR, classes B and C, activation by personalisation, LoRaWAN 1.1, roaming, decoding of payloads.

mod answer;
mod chirpstack;
mod commands;
mod config;
mod due;
mod event;
mod hear;
mod pace;
mod plan;
mod refusal;
mod row;
mod state;

pub use config::{AddressRange, ConfigError, ServerConfig};
pub use event::{Acknowledged, Emitted, Event, Joined, Reception, Uplink};
pub use pace::Pace;
pub use plan::{Attempt, DownlinkPlan, NextTry, TxOutcome, TxWindow};
pub use refusal::{Refusal, Refused};
pub use row::{DeviceRow, DeviceSpec, Downlink, QueueError, Queued, Session, Write};
pub use state::{Server, Step};
