//! What an application is told.

use super::{Downlink, Refused, TxWindow};
use crate::{CodingRate, DevAddr, Eui, Hertz, Micros, Modulation};

/// One hotspot's copy of an uplink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reception {
    /// Which hotspot.
    pub gateway: Eui,
    /// When the copy came here.
    pub at: Micros,
    /// The concentrator's counter of microseconds.
    pub timestamp: u32,
    /// When the forwarder says that it was.
    pub time: Option<String>,
    /// The concentrator's channel.
    pub channel: u8,
    /// Its radio chain.
    pub rf_chain: u8,
    /// Strength in dBm.
    pub rssi_dbm: i32,
    /// Signal to noise in tenths of a decibel.
    pub snr_ddb: i32,
}

/// A device joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// When its request was heard.
    pub at: Micros,
    /// Which device.
    pub device: Eui,
    /// Its address.
    pub address: DevAddr,
    /// Its nonce.
    pub dev_nonce: u16,
    /// SHA-256 of the request as it was on air.
    pub hash: [u8; 32],
    /// Who heard it, best first.
    pub receptions: Vec<Reception>,
}

/// A device sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uplink {
    /// When it was heard.
    pub at: Micros,
    /// Which device.
    pub device: Eui,
    /// Its address.
    pub address: DevAddr,
    /// Its counter.
    pub counter: u32,
    /// Counters between it and the uplink before, which were never heard; none of the first one.
    pub skipped: u32,
    /// Time since the uplink before; none of the first one.
    pub since: Option<Micros>,
    /// Its port; 0 where it has none, and no payload.
    pub port: u8,
    /// Its payload in the clear.
    pub payload: Vec<u8>,
    /// Whether it wants to be confirmed.
    pub confirmed: bool,
    /// Whether the device leaves its data rate to the network.
    pub adr: bool,
    /// SHA-256 of the frame as it was on air.
    pub hash: [u8; 32],
    /// Bytes of that frame: what a copy is charged by.
    pub frame_bytes: usize,
    /// Its frequency.
    pub frequency: Hertz,
    /// Its data rate.
    pub modulation: Modulation,
    /// The data rate's number.
    pub data_rate: u8,
    /// Its coding rate.
    pub coding_rate: Option<CodingRate>,
    /// Who heard it, best first.
    pub receptions: Vec<Reception>,
}

/// A downlink that wanted to be confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// When the uplink was heard that says so.
    pub at: Micros,
    /// Which device.
    pub device: Eui,
    /// Which downlink.
    pub downlink: Downlink,
    /// Its counter.
    pub counter: u32,
    /// Whether the device confirmed it; if not, it may not have heard it.
    pub acknowledged: bool,
}

/// A downlink was emitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// When the hotspot said so.
    pub at: Micros,
    /// Its number ([`DownlinkPlan::id`](super::DownlinkPlan::id)).
    pub id: u32,
    /// To which device.
    pub device: Eui,
    /// Which downlink; none when it was an answer of the network alone.
    pub downlink: Option<Downlink>,
    /// Its counter; none for a join accept.
    pub counter: Option<u32>,
    /// By which hotspot.
    pub gateway: Eui,
    /// In which window.
    pub window: TxWindow,
}

/// What an application is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A device joined.
    Joined(Box<Joined>),
    /// A device sent.
    Uplink(Box<Uplink>),
    /// A device confirmed a downlink, or did not.
    Acknowledged(Box<Acknowledged>),
    /// A downlink was emitted.
    Emitted(Box<Emitted>),
    /// Something was not taken.
    Refused(Box<Refused>),
}

impl Event {
    /// The device that it is about.
    pub fn device(&self) -> Option<Eui> {
        match self {
            Self::Joined(event) => Some(event.device),
            Self::Uplink(event) => Some(event.device),
            Self::Acknowledged(event) => Some(event.device),
            Self::Emitted(event) => Some(event.device),
            Self::Refused(event) => event.device,
        }
    }

    /// When.
    pub fn at(&self) -> Micros {
        match self {
            Self::Joined(event) => event.at,
            Self::Uplink(event) => event.at,
            Self::Acknowledged(event) => event.at,
            Self::Emitted(event) => event.at,
            Self::Refused(event) => event.at,
        }
    }

    /// ChirpStack's name of it: `join`, `up`, `ack`, `txack`, and `log` for refusals.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Joined(_) => "join",
            Self::Uplink(_) => "up",
            Self::Acknowledged(_) => "ack",
            Self::Emitted(_) => "txack",
            Self::Refused(_) => "log",
        }
    }
}
