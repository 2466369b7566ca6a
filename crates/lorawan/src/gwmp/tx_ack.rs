//! How emitting a packet went.

use serde::{Deserialize, Serialize};

/// Why a forwarder did not emit a packet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TxError {
    /// Its time has passed.
    #[error("TOO_LATE")]
    TooLate,
    /// Its time is too far ahead.
    #[error("TOO_EARLY")]
    TooEarly,
    /// Another packet is emitted then.
    #[error("COLLISION_PACKET")]
    CollisionPacket,
    /// A class B beacon is emitted then.
    #[error("COLLISION_BEACON")]
    CollisionBeacon,
    /// The radio does not reach its frequency.
    #[error("TX_FREQ")]
    Frequency,
    /// The radio does not have its power.
    #[error("TX_POWER")]
    Power,
    /// There is no GPS time.
    #[error("GPS_UNLOCKED")]
    GpsUnlocked,
    /// The channel was busy (listen before talk).
    #[error("SEND_LBT")]
    Busy,
    /// The radio failed.
    #[error("SEND_FAIL")]
    Failed,
    /// Something that this crate does not know; at most 32 signs of it.
    #[error("{0}")]
    Other(String),
}

impl TxError {
    /// All that have a name.
    pub const NAMED: [Self; 9] = [
        Self::TooLate,
        Self::TooEarly,
        Self::CollisionPacket,
        Self::CollisionBeacon,
        Self::Frequency,
        Self::Power,
        Self::GpsUnlocked,
        Self::Busy,
        Self::Failed,
    ];

    /// The error of a name, as TX_ACK writes it.
    pub fn from_name(name: &str) -> Self {
        Self::read(name).unwrap_or_else(|| Self::Other("NONE".to_owned()))
    }

    fn read(text: &str) -> Option<Self> {
        if matches!(text, "" | "NONE") {
            return None;
        }
        let named = Self::NAMED.into_iter().find(|one| one.to_string() == text);
        Some(named.unwrap_or_else(|| match text {
            // As helium's own library writes it.
            "SEND_L_B_T" | "SEND_LB_T" => Self::Busy,
            other => Self::Other(other.chars().take(32).collect()),
        }))
    }
}

/// How emitting went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TxReport {
    /// It is emitted, with less power than asked where one is given (dBm).
    Accepted {
        /// The power that it has, if it is another.
        power_dbm: Option<i32>,
    },
    /// It is not emitted.
    Refused(TxError),
}

impl TxReport {
    /// Emitted as asked.
    pub const AS_ASKED: Self = Self::Accepted { power_dbm: None };
}

#[derive(Deserialize, Serialize)]
pub(super) struct Body {
    txpk_ack: Fields,
}

#[derive(Default, Deserialize, Serialize)]
struct Fields {
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<i32>,
}

impl Body {
    pub(super) fn report(&self) -> TxReport {
        let Fields { error, warn, value } = &self.txpk_ack;
        if let Some(error) = error.as_deref().and_then(TxError::read) {
            return TxReport::Refused(error);
        }
        match warn.as_deref().and_then(TxError::read) {
            Some(TxError::Power) => TxReport::Accepted { power_dbm: *value },
            // Old forwarders put errors there.
            Some(error) => TxReport::Refused(error),
            None => TxReport::AS_ASKED,
        }
    }

    pub(super) fn of(report: &TxReport) -> Self {
        let none = Some("NONE".to_owned());
        let txpk_ack = match report {
            TxReport::Accepted { power_dbm: None } => Fields { error: none, ..Fields::default() },
            TxReport::Accepted { power_dbm } => Fields { warn: Some("TX_POWER".to_owned()), value: *power_dbm, error: None },
            TxReport::Refused(error) => Fields { error: Some(error.to_string()), ..Fields::default() },
        };
        Self { txpk_ack }
    }
}
