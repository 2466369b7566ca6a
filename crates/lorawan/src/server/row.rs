//! What a network server remembers.

use super::{Pace, Refusal, ServerConfig};
use crate::{
    DevAddr, Eui, Key, Micros,
    frame::{DataFrame, SessionKeys},
    region::Duty,
};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Most downlinks that wait for one device.
pub(super) const QUEUE_MAX: usize = 64;

/// A device, as its owner names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceSpec {
    /// Its name in the world.
    pub dev_eui: Eui,
    /// Whom it joins.
    pub join_eui: Eui,
    /// Its root key.
    pub app_key: Key,
    /// Its name in events.
    #[serde(default)]
    pub name: String,
}

/// A downlink to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Downlink {
    /// The caller's name for it: the same again is the same downlink while it waits.
    pub id: String,
    /// 1 to 223.
    pub port: u8,
    /// Its payload in the clear.
    #[serde(with = "crate::hexed")]
    pub payload: Vec<u8>,
    /// Whether the device shall confirm it.
    pub confirmed: bool,
}

/// A downlink that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    /// What is to be sent.
    pub downlink: Downlink,
    /// How often it was planned.
    pub tries: u8,
}

/// Why a downlink does not wait.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// No such device.
    #[error("no device {0} is known here; add it first")]
    UnknownDevice(Eui),
    /// Too many wait.
    #[error("{most} downlinks wait for this device already; send more when it has taken some", most = QUEUE_MAX)]
    Full,
    /// A port that is not an application's.
    #[error("port {0} is not an application's; 1 to 223 are")]
    Port(u8),
    /// Longer than anything that fits.
    #[error("a payload of {0} bytes; the largest that any data rate takes has 242")]
    TooLong(usize),
    /// An id that is none.
    #[error("an id of {0} signs; ids have 1 to 64")]
    Id(usize),
    /// The id is another downlink's.
    #[error("`{0}` waits with other content; choose another id")]
    Conflict(String),
    /// The device is known with other content.
    #[error("{0} is known with another JoinEUI, key or name; remove it first")]
    OtherDevice(Eui),
    /// A name that is none.
    #[error("a name of {0} bytes; names have at most 128")]
    Name(usize),
}

/// What a session's last uplink was, for repetitions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LastUplink {
    /// Its hash.
    #[serde(with = "crate::hexed")]
    pub hash: [u8; 32],
    /// When it was heard first.
    pub at: Micros,
    /// How often its confirmation was repeated.
    pub repeated: u8,
}

/// A session of a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The device's address.
    pub address: DevAddr,
    /// Its keys.
    pub keys: SessionKeys,
    /// Counter of the last uplink that took effect.
    pub up: Option<u32>,
    /// Counter of the next downlink.
    pub down: u32,
    pub(super) last: Option<LastUplink>,
    /// Counter of an uplink that waits for its copies.
    #[serde(skip)]
    pub(super) reserved: Option<u32>,
    /// How often its frames take effect.
    #[serde(skip)]
    pub(super) pace: Pace,
}

/// Whether a frame is a session's next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    Fits(u32),
    Replay { counter: u32, last: u32 },
    Gap { counter: u32, gap: u32 },
    Foreign,
}

impl Session {
    pub(super) const fn new(address: DevAddr, keys: SessionKeys) -> Self {
        Self { address, keys, up: None, down: 0, last: None, reserved: None, pace: Pace::NEW }
    }

    /// The next counter with these low bits is the only one that is tried forwards; the two before it tell a replay from a forgery.
    pub(super) fn check(&self, frame: &DataFrame) -> Check {
        let (low, key) = (u32::from(frame.counter), &self.keys.network);
        let Some(last) = self.up.max(self.reserved) else {
            return match (frame.matches(key, low), low) {
                (true, gap) if gap > Refusal::GAP_MAX => Check::Gap { counter: low, gap },
                (true, counter) => Check::Fits(counter),
                (false, _) => Check::Foreign,
            };
        };
        let same = (last & !0xffff) | low;
        let (next, used) =
            if same > last { (Some(same), same.checked_sub(0x1_0000)) } else { (same.checked_add(0x1_0000), Some(same)) };
        if let Some(counter) = next.filter(|counter| frame.matches(key, *counter)) {
            let gap = counter - last;
            return if gap > Refusal::GAP_MAX { Check::Gap { counter, gap } } else { Check::Fits(counter) };
        }
        let before = used.and_then(|used| used.checked_sub(0x1_0000));
        match [used, before].into_iter().flatten().find(|counter| frame.matches(key, *counter)) {
            Some(counter) => Check::Replay { counter, last },
            None => Check::Foreign,
        }
    }
}

/// A device as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRow {
    /// Who it is.
    pub spec: DeviceSpec,
    /// Its place, which decides its address.
    pub slot: u32,
    /// The network's next nonce for it.
    pub join_nonce: u32,
    /// Its session.
    pub session: Option<Session>,
    /// The session of its last join, until its first uplink.
    pub joining: Option<Session>,
    /// Downlinks that wait.
    pub queue: VecDeque<Queued>,
    /// A downlink that was emitted and waits to be confirmed, with its counter.
    pub unconfirmed: Option<(Downlink, u32)>,
}

impl DeviceRow {
    pub(super) const fn new(spec: DeviceSpec, slot: u32) -> Self {
        Self { spec, slot, join_nonce: 0, session: None, joining: None, queue: VecDeque::new(), unconfirmed: None }
    }

    /// Its address, of every session.
    pub fn address(&self, config: &ServerConfig) -> DevAddr {
        config.addresses.of_slot(self.slot)
    }
}

/// What changed, to be made durable before anything else is done with a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// A device is this from now on.
    Device(Box<DeviceRow>),
    /// A device is gone; its nonces stay.
    Removed(Eui),
    /// A DevNonce was used.
    Nonce {
        /// By which device.
        device: Eui,
        /// Which.
        nonce: u16,
    },
    /// A hotspot's transmissions of the last hour are these.
    Duty {
        /// Which hotspot.
        gateway: Eui,
        /// Its transmissions.
        duty: Duty,
    },
}
