//! What an access point says of a session. Source: RFC 2866 section 5; RFC 2869 section 5.1, 5.2 for gigawords.

use crate::packet::{Attribute, Code, Packet, PacketError, attribute};

/// What a record is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// A session began (1).
    #[default]
    Start,
    /// A session is over (2).
    Stop,
    /// A session goes on (3).
    Interim,
    /// The access point began to account: what it had open before is over (7).
    On,
    /// The access point ends to account: what it has open is over (8).
    Off,
}

impl Status {
    const fn of(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::Start,
            2 => Self::Stop,
            3 => Self::Interim,
            7 => Self::On,
            8 => Self::Off,
            _ => return None,
        })
    }

    /// As it stands in a packet.
    pub const fn number(self) -> u32 {
        match self {
            Self::Start => 1,
            Self::Stop => 2,
            Self::Interim => 3,
            Self::On => 7,
            Self::Off => 8,
        }
    }

    /// Whether it is about all sessions of an access point.
    pub const fn is_of_all(self) -> bool {
        matches!(self, Self::On | Self::Off)
    }
}

/// Why an accounting request says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountingError {
    /// It is no packet, or of somebody else.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// It is another kind of packet.
    #[error("a packet of code {0} is no accounting request; authentication and all else is another server's")]
    Code(u8),
    /// It does not say what it is about.
    #[error("Acct-Status-Type is missing or {0:?}; Start, Stop, Interim-Update, Accounting-On and Accounting-Off are read")]
    Status(Option<u32>),
    /// It names no session.
    #[error("Acct-Session-Id is missing or empty")]
    Session,
    /// A number that is none.
    #[error("attribute {0} is no number of four bytes")]
    Number(u8),
}

/// One accounting record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounting {
    /// What it is about.
    pub status: Status,
    /// What the access point calls the session; empty for [`Status::On`] and [`Status::Off`].
    pub session: Vec<u8>,
    /// Who uses it, `user@realm`, where it says so.
    pub user: Option<Vec<u8>>,
    /// The access point's own name, where it says so.
    pub nas: Option<Vec<u8>>,
    /// Bytes from the user since the session began.
    pub up: u64,
    /// Bytes to the user since the session began.
    pub down: u64,
    /// Seconds since the session began.
    pub seconds: u32,
    /// Seconds since it happened, while the access point tried to tell it.
    pub delay: u32,
}

/// A number that may be left out; one of another length is refused.
fn number(packet: &Packet, kind: u8) -> Result<Option<u32>, AccountingError> {
    match packet.get(kind) {
        None => Ok(None),
        Some(_) => packet.number(kind).map(Some).ok_or(AccountingError::Number(kind)),
    }
}

/// Octets with how often they wrapped.
fn octets(packet: &Packet, low: u8, high: u8) -> Result<u64, AccountingError> {
    let (low, high) = (number(packet, low)?.unwrap_or(0), number(packet, high)?.unwrap_or(0));
    Ok(u64::from(high) << 32 | u64::from(low))
}

impl Accounting {
    /// Reads a packet that was checked.
    ///
    /// # Errors
    /// [`AccountingError`].
    pub fn read(packet: &Packet) -> Result<Self, AccountingError> {
        if packet.code != Code::AccountingRequest {
            return Err(AccountingError::Code(packet.code.number()));
        }
        let said = number(packet, attribute::ACCT_STATUS_TYPE)?;
        let status = said.and_then(Status::of).ok_or(AccountingError::Status(said))?;
        let session = packet.get(attribute::ACCT_SESSION_ID).unwrap_or_default().to_vec();
        if session.is_empty() && !status.is_of_all() {
            return Err(AccountingError::Session);
        }
        Ok(Self {
            status,
            session,
            user: packet.get(attribute::USER_NAME).map(<[u8]>::to_vec),
            nas: packet.get(attribute::NAS_IDENTIFIER).map(<[u8]>::to_vec),
            up: octets(packet, attribute::ACCT_INPUT_OCTETS, attribute::ACCT_INPUT_GIGAWORDS)?,
            down: octets(packet, attribute::ACCT_OUTPUT_OCTETS, attribute::ACCT_OUTPUT_GIGAWORDS)?,
            seconds: number(packet, attribute::ACCT_SESSION_TIME)?.unwrap_or(0),
            delay: number(packet, attribute::ACCT_DELAY_TIME)?.unwrap_or(0),
        })
    }

    /// Whether it says how often counters wrapped; an access point that never does counts 32 bits.
    pub fn has_gigawords(packet: &Packet) -> bool {
        packet.get(attribute::ACCT_INPUT_GIGAWORDS).is_some() || packet.get(attribute::ACCT_OUTPUT_GIGAWORDS).is_some()
    }

    /// What follows the `@` of the user's name: whose subscriber it is.
    pub fn realm(&self) -> Option<&str> {
        let user = std::str::from_utf8(self.user.as_deref()?).ok()?;
        user.rsplit_once('@').map(|(_, realm)| realm)
    }
}

/// The bytes of an accounting request that says this, with a Message-Authenticator.
pub fn request(identifier: u8, says: &Accounting, secret: &[u8]) -> Vec<u8> {
    let mut attributes = Vec::new();
    let mut add = |kind, value: &[u8]| attributes.push(Attribute { kind, value: value.to_vec() });
    add(attribute::ACCT_STATUS_TYPE, &says.status.number().to_be_bytes());
    if !says.session.is_empty() {
        add(attribute::ACCT_SESSION_ID, &says.session);
    }
    for (kind, text) in [(attribute::USER_NAME, &says.user), (attribute::NAS_IDENTIFIER, &says.nas)] {
        if let Some(text) = text {
            add(kind, text);
        }
    }
    for (kind, octets) in [(attribute::ACCT_INPUT_OCTETS, says.up), (attribute::ACCT_OUTPUT_OCTETS, says.down)] {
        add(kind, &(octets as u32).to_be_bytes());
    }
    for (kind, octets) in [(attribute::ACCT_INPUT_GIGAWORDS, says.up), (attribute::ACCT_OUTPUT_GIGAWORDS, says.down)] {
        if octets >> 32 > 0 {
            add(kind, &((octets >> 32) as u32).to_be_bytes());
        }
    }
    for (kind, seconds) in [(attribute::ACCT_SESSION_TIME, says.seconds), (attribute::ACCT_DELAY_TIME, says.delay)] {
        if seconds > 0 {
            add(kind, &seconds.to_be_bytes());
        }
    }
    Packet { code: Code::AccountingRequest, identifier, authenticator: [0; 16], attributes }.request(secret)
}
