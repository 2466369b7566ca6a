//! Why a datagram says nothing.

use std::fmt;

/// What a datagram is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Packets and status, from a forwarder.
    PushData,
    /// Its receipt.
    PushAck,
    /// A forwarder's sign of life.
    PullData,
    /// A packet to emit.
    PullResp,
    /// The receipt of a sign of life.
    PullAck,
    /// How emitting went.
    TxAck,
}

impl Kind {
    /// From a datagram's fourth byte.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::PushData),
            1 => Some(Self::PushAck),
            2 => Some(Self::PullData),
            3 => Some(Self::PullResp),
            4 => Some(Self::PullAck),
            5 => Some(Self::TxAck),
            _ => None,
        }
    }

    /// A datagram's fourth byte.
    pub const fn byte(self) -> u8 {
        match self {
            Self::PushData => 0,
            Self::PushAck => 1,
            Self::PullData => 2,
            Self::PullResp => 3,
            Self::PullAck => 4,
            Self::TxAck => 5,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PushData => "PUSH_DATA",
            Self::PushAck => "PUSH_ACK",
            Self::PullData => "PULL_DATA",
            Self::PullResp => "PULL_RESP",
            Self::PullAck => "PULL_ACK",
            Self::TxAck => "TX_ACK",
        })
    }
}

/// Why a datagram says nothing. What is checked first is listed first.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GwmpError {
    /// Longer than UDP carries.
    #[error("a datagram of {got} bytes; the longest has {max}", max = super::DATAGRAM_BYTES_MAX)]
    TooLong {
        /// Its bytes.
        got: usize,
    },
    /// Too short to say what it is.
    #[error("a datagram of {got} bytes; every one has at least 4: version, token, identifier")]
    TooShort {
        /// Its bytes.
        got: usize,
    },
    /// Of another version.
    #[error("a datagram of protocol version {0}; this one is spoken in version 2")]
    Version(u8),
    /// Of no known kind.
    #[error("a datagram with identifier {0}; there are 0 to 5")]
    Identifier(u8),
    /// Its fixed part is cut off.
    #[error("{kind} of {got} bytes; it has at least {need}")]
    Cut {
        /// What it is.
        kind: Kind,
        /// Its bytes.
        got: usize,
        /// Bytes of its fixed part.
        need: usize,
    },
    /// Bytes behind its end.
    #[error("{kind} of {got} bytes; it has {want}")]
    Trailing {
        /// What it is.
        kind: Kind,
        /// Its bytes.
        got: usize,
        /// Bytes that it has.
        want: usize,
    },
    /// Its body is no JSON object of the form that it has.
    #[error("the body of {kind} cannot be read: {why}")]
    Json {
        /// What it is.
        kind: Kind,
        /// What the reader says.
        why: String,
    },
    /// PUSH_DATA with neither packets nor a status.
    #[error("PUSH_DATA with neither `rxpk` nor `stat`")]
    Empty,
    /// Too many packets.
    #[error("PUSH_DATA with {got} packets; at most {max} are taken at once", max = super::PACKETS_MAX)]
    TooManyPackets {
        /// How many.
        got: usize,
    },
    /// The packet to emit is wrong.
    #[error("`txpk` cannot be emitted: {0}")]
    Tx(FieldError),
    /// The status of a gateway is wrong.
    #[error("`stat` cannot be read: {0}")]
    Stat(FieldError),
}

/// What is wrong with one packet.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FieldError {
    /// It is of another form.
    #[error("{0}")]
    Form(String),
    /// A field is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A field is out of its bounds.
    #[error("`{field}` is {got}; {allowed}")]
    Bounds {
        /// Which.
        field: &'static str,
        /// What it says.
        got: String,
        /// What it may say.
        allowed: &'static str,
    },
    /// The payload is no base64.
    #[error("`data` is no base64")]
    Base64,
    /// The payload has another length than said.
    #[error("`size` is {said}, and `data` has {got} bytes")]
    Size {
        /// What was said.
        said: usize,
        /// What is there.
        got: usize,
    },
}

impl FieldError {
    pub(super) fn bounds(field: &'static str, got: impl fmt::Display, allowed: &'static str) -> Self {
        // What somebody sent is shown, not all that he sent.
        Self::Bounds { field, got: got.to_string().chars().take(64).collect(), allowed }
    }
}
