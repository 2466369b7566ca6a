//! Why something is not taken.

use crate::{
    DevAddr, Eui, Micros,
    frame::{BuildError, FrameError},
    gwmp::TxError,
    region::RegionError,
};

/// Why something is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The radio's checksum does not fit, or there is none.
    #[error("a packet without a checksum that fits")]
    Crc,
    /// Nothing is sent on such a channel.
    #[error(transparent)]
    Channel(#[from] RegionError),
    /// It is no uplink of LoRaWAN 1.0.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// Too much waits already.
    #[error("{0} frames wait for their copies, which is as many as are kept")]
    Busy(usize),
    /// The same gateway twice.
    #[error("the same frame from the same gateway once more")]
    SameGateway,
    /// It came when the frame had taken effect already.
    #[error("a copy that came after the time for copies")]
    LateCopy,
    /// The last uplink once more.
    #[error("the last uplink, {counter}, once more; it is delivered once")]
    Retransmission {
        /// Its counter.
        counter: u32,
    },
    /// No such device.
    #[error("no device {0} is known here")]
    UnknownDevice(Eui),
    /// The device is another join server's.
    #[error("the device asks to join {asked}, and is known with {known}")]
    JoinEui {
        /// What it asks for.
        asked: Eui,
        /// What it is known with.
        known: Eui,
    },
    /// A join request that is not signed with the device's key.
    #[error("a join request that is not signed with the device's key")]
    JoinMic,
    /// A DevNonce that was used before.
    #[error("DevNonce {0} was used before; each counts once, for good")]
    NonceReused(u16),
    /// The network's own nonces are used up.
    #[error("the device has joined 16,777,216 times, which is as often as it can; give it another root key under another DevEUI")]
    JoinNonces,
    /// No device has such an address.
    #[error("no device has the address {0}")]
    UnknownAddress(DevAddr),
    /// No session's key made its checksum: a forgery, or somebody else's device.
    #[error("a checksum of no session that has the address {0}")]
    Mic(DevAddr),
    /// A counter that was used before.
    #[error("counter {counter} was used before; the last was {last}")]
    Replay {
        /// The frame's counter.
        counter: u32,
        /// The session's last.
        last: u32,
    },
    /// A counter far ahead.
    #[error("counter {counter} is {gap} ahead; at most {most} may be lost", most = Refusal::GAP_MAX)]
    Gap {
        /// The frame's counter.
        counter: u32,
        /// How far ahead.
        gap: u32,
    },
    /// More frames than a session's may be.
    #[error(
        "more than {most} frames of this session in a minute; whoever sends them may have its key from the list of session-key filters"
    )]
    TooOften {
        /// Most that take effect in a minute.
        most: u32,
    },
    /// A downlink that fits in neither window.
    #[error("a downlink of {got} bytes; {room} fit in the windows of this uplink")]
    PayloadSize {
        /// Its payload.
        got: usize,
        /// What fits.
        room: usize,
    },
    /// No hotspot may send now.
    #[error("no hotspot that heard the device may send in its windows: their duty cycles are used up")]
    DutyCycle,
    /// The session's downlink counter is at its end.
    #[error("the session has used all its downlink counters; the device must join again")]
    CountersUsedUp,
    /// It could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A downlink that no hotspot emitted.
    #[error("no hotspot emitted it in {tries} tries; the last said {last}")]
    NotEmitted {
        /// How often it was tried.
        tries: u8,
        /// What was said last.
        last: TxError,
    },
}

impl Refusal {
    /// Most uplinks that may be lost in a row (LoRaWAN 1.0.3, `MAX_FCNT_GAP`).
    pub const GAP_MAX: u32 = 16_384;

    /// A name for figures.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Crc => "crc",
            Self::Channel(_) => "channel",
            Self::Frame(_) => "frame",
            Self::Busy(_) => "busy",
            Self::SameGateway => "same_gateway",
            Self::LateCopy => "late_copy",
            Self::Retransmission { .. } => "retransmission",
            Self::UnknownDevice(_) => "unknown_device",
            Self::JoinEui { .. } => "join_eui",
            Self::JoinMic => "join_mic",
            Self::NonceReused(_) => "nonce_reused",
            Self::JoinNonces => "join_nonces",
            Self::UnknownAddress(_) => "unknown_address",
            Self::Mic(_) => "mic",
            Self::Replay { .. } => "replay",
            Self::Gap { .. } => "gap",
            Self::TooOften { .. } => "too_often",
            Self::PayloadSize { .. } => "payload_size",
            Self::DutyCycle => "duty_cycle",
            Self::CountersUsedUp => "counters_used_up",
            Self::Build(_) => "build",
            Self::NotEmitted { .. } => "not_emitted",
        }
    }

    /// The code that ChirpStack's log events have for it.
    pub(super) const fn log_code(&self) -> &'static str {
        match self {
            Self::JoinEui { .. } | Self::JoinMic | Self::NonceReused(_) | Self::JoinNonces => "OTAA",
            Self::Replay { .. } | Self::Gap { .. } => "UPLINK_F_CNT_RESET",
            Self::Retransmission { .. } => "UPLINK_F_CNT_RETRANSMISSION",
            Self::Mic(_) => "UPLINK_MIC",
            Self::PayloadSize { .. } => "DOWNLINK_PAYLOAD_SIZE",
            Self::CountersUsedUp => "F_CNT_DOWN",
            Self::DutyCycle | Self::NotEmitted { .. } => "DOWNLINK_GATEWAY",
            _ => "UNKNOWN",
        }
    }
}

/// A refusal, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// When.
    pub at: Micros,
    /// The device, where it is known; a forged frame has none.
    pub device: Option<Eui>,
    /// The hotspot that sent it, if one did.
    pub gateway: Option<Eui>,
    /// The downlink, if it is about one.
    pub item: Option<String>,
    /// Why.
    pub why: Refusal,
}
