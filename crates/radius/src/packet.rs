//! Packets: a header of 20 bytes and attributes, each with its length. Source: RFC 2865 section 3, RFC 2866 section 3, RFC 2869 section 5.14.

use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::{Digest as _, Md5};
use subtle::ConstantTimeEq as _;

/// Bytes of the header.
const HEADER: usize = 20;
/// Longest packet.
const LONGEST: usize = 4_096;

/// Types of attributes that are read or written here.
pub mod attribute {
    /// Who uses the access point.
    pub const USER_NAME: u8 = 1;
    /// The network access server's address.
    pub const NAS_IP_ADDRESS: u8 = 4;
    /// The access point's address, with its network's name.
    pub const CALLED_STATION_ID: u8 = 30;
    /// What a proxy wants back as it is.
    pub const PROXY_STATE: u8 = 33;
    /// The network access server's name.
    pub const NAS_IDENTIFIER: u8 = 32;
    /// What it is about: start, interim, stop, on, off.
    pub const ACCT_STATUS_TYPE: u8 = 40;
    /// Seconds since it happened.
    pub const ACCT_DELAY_TIME: u8 = 41;
    /// Bytes from the user, the lower 32 bits.
    pub const ACCT_INPUT_OCTETS: u8 = 42;
    /// Bytes to the user, the lower 32 bits.
    pub const ACCT_OUTPUT_OCTETS: u8 = 43;
    /// What the access point calls the session.
    pub const ACCT_SESSION_ID: u8 = 44;
    /// Seconds since it began.
    pub const ACCT_SESSION_TIME: u8 = 46;
    /// How often the bytes from the user wrapped.
    pub const ACCT_INPUT_GIGAWORDS: u8 = 52;
    /// How often the bytes to the user wrapped.
    pub const ACCT_OUTPUT_GIGAWORDS: u8 = 53;
    /// HMAC-MD5 of the packet.
    pub const MESSAGE_AUTHENTICATOR: u8 = 80;
}

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Somebody wants in (1). Not served here.
    AccessRequest,
    /// Accounting (4).
    AccountingRequest,
    /// Its answer (5).
    AccountingResponse,
    /// Another.
    Other(u8),
}

impl Code {
    const fn of(code: u8) -> Self {
        match code {
            1 => Self::AccessRequest,
            4 => Self::AccountingRequest,
            5 => Self::AccountingResponse,
            other => Self::Other(other),
        }
    }

    /// As it stands in a packet.
    pub const fn number(self) -> u8 {
        match self {
            Self::AccessRequest => 1,
            Self::AccountingRequest => 4,
            Self::AccountingResponse => 5,
            Self::Other(code) => code,
        }
    }
}

/// Why bytes are no packet, or no packet of who has the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// Too short, or its length is not what it says.
    #[error("the packet says that it has {says} bytes, and has {has}; a packet has {HEADER} to {LONGEST}")]
    Length {
        /// What it says.
        says: usize,
        /// What there is.
        has: usize,
    },
    /// An attribute that ends behind the packet, or has no room for its own header.
    #[error("the attribute at byte {0} does not end where the packet does, or has no length")]
    Attribute(usize),
    /// The authenticator is not one with this secret.
    #[error("the authenticator is not one with this secret; the access point and this daemon must share one")]
    Authenticator,
    /// There is a Message-Authenticator, and it is not one with this secret.
    #[error("the Message-Authenticator is not one with this secret, or there is more than one")]
    MessageAuthenticator,
}

/// An attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its type.
    pub kind: u8,
    /// Its value, at most 253 bytes.
    pub value: Vec<u8>,
}

/// A packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// What it is.
    pub code: Code,
    /// By which an answer is told.
    pub identifier: u8,
    /// What authenticates it.
    pub authenticator: [u8; 16],
    /// Its attributes, in their order.
    pub attributes: Vec<Attribute>,
}

impl Packet {
    /// Reads a packet. Bytes behind the length that it states are padding, and left out.
    ///
    /// # Errors
    /// [`PacketError::Length`], [`PacketError::Attribute`].
    pub fn parse(bytes: &[u8]) -> Result<Self, PacketError> {
        let says = match bytes {
            [_, _, high, low, ..] => usize::from(u16::from_be_bytes([*high, *low])),
            _ => 0,
        };
        let length = PacketError::Length { says, has: bytes.len() };
        if !(HEADER..=LONGEST).contains(&says) {
            return Err(length);
        }
        let bytes = bytes.get(..says).ok_or(length)?;
        let (header, mut rest) = bytes.split_at(HEADER);
        let mut authenticator = [0; 16];
        authenticator.copy_from_slice(&header[4..]);
        let mut attributes = Vec::new();
        while let [kind, size, ..] = *rest {
            let wrong = PacketError::Attribute(says - rest.len());
            let value = rest.get(2..usize::from(size)).ok_or(wrong)?;
            attributes.push(Attribute { kind, value: value.to_vec() });
            rest = &rest[usize::from(size)..];
        }
        if !rest.is_empty() {
            return Err(PacketError::Attribute(says - rest.len()));
        }
        Ok(Self { code: Code::of(header[0]), identifier: header[1], authenticator, attributes })
    }

    /// The packet's bytes. Values that are too long are cut, and attributes that do not fit are left out.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.code.number(), self.identifier, 0, 0];
        bytes.extend_from_slice(&self.authenticator);
        for Attribute { kind, value } in &self.attributes {
            let value = &value[..value.len().min(253)];
            if bytes.len() + 2 + value.len() <= LONGEST {
                bytes.extend_from_slice(&[*kind, value.len() as u8 + 2]);
                bytes.extend_from_slice(value);
            }
        }
        let length = bytes.len() as u16;
        bytes[2..4].copy_from_slice(&length.to_be_bytes());
        bytes
    }

    /// The first attribute of a type.
    pub fn get(&self, kind: u8) -> Option<&[u8]> {
        self.attributes.iter().find(|attribute| attribute.kind == kind).map(|attribute| attribute.value.as_slice())
    }

    /// The first attribute of a type as a number of four bytes; none for another length.
    pub fn number(&self, kind: u8) -> Option<u32> {
        self.get(kind)?.try_into().ok().map(u32::from_be_bytes)
    }

    /// MD5 over the packet with this authenticator in it, and the secret.
    fn digest(&self, authenticator: [u8; 16], secret: &[u8]) -> [u8; 16] {
        let bytes = Self { authenticator, ..self.clone() }.to_bytes();
        Md5::new().chain_update(bytes).chain_update(secret).finalize().into()
    }

    /// HMAC-MD5 over the packet with this authenticator, and zeros where the code itself stands.
    fn code_with(&self, authenticator: [u8; 16], secret: &[u8]) -> [u8; 16] {
        let mut blank = Self { authenticator, ..self.clone() };
        for attribute in &mut blank.attributes {
            if attribute.kind == attribute::MESSAGE_AUTHENTICATOR {
                attribute.value = vec![0; 16];
            }
        }
        let mac = Hmac::<Md5>::new_from_slice(secret).expect("HMAC takes keys of any length");
        mac.chain_update(blank.to_bytes()).finalize().into_bytes().into()
    }

    /// Whether a Message-Authenticator, where there is one, is good.
    fn check_message(&self, authenticator: [u8; 16], secret: &[u8]) -> Result<(), PacketError> {
        let mut codes = self.attributes.iter().filter(|attribute| attribute.kind == attribute::MESSAGE_AUTHENTICATOR);
        let Some(code) = codes.next() else { return Ok(()) };
        let good = self.code_with(authenticator, secret).ct_eq(&code.value).into();
        if good && codes.next().is_none() { Ok(()) } else { Err(PacketError::MessageAuthenticator) }
    }

    /// Whether it is an accounting request of who has the secret: the authenticator over all of it, and the Message-Authenticator where there
    /// is one.
    ///
    /// # Errors
    /// [`PacketError::Authenticator`], [`PacketError::MessageAuthenticator`].
    pub fn check_request(&self, secret: &[u8]) -> Result<(), PacketError> {
        if !bool::from(self.digest([0; 16], secret).ct_eq(&self.authenticator)) {
            return Err(PacketError::Authenticator);
        }
        self.check_message([0; 16], secret)
    }

    /// Whether it answers a request with this authenticator, and is of who has the secret.
    ///
    /// # Errors
    /// As [`Packet::check_request`].
    pub fn check_response(&self, secret: &[u8], request: &[u8; 16]) -> Result<(), PacketError> {
        if !bool::from(self.digest(*request, secret).ct_eq(&self.authenticator)) {
            return Err(PacketError::Authenticator);
        }
        self.check_message(*request, secret)
    }

    /// The bytes of the answer to this request: what proxies want back, and a Message-Authenticator where the request had one.
    pub fn response(&self, secret: &[u8]) -> Vec<u8> {
        let back = |attribute: &&Attribute| attribute.kind == attribute::PROXY_STATE;
        let mut answer = Self {
            code: Code::AccountingResponse,
            identifier: self.identifier,
            authenticator: [0; 16],
            attributes: self.attributes.iter().filter(back).cloned().collect(),
        };
        if self.get(attribute::MESSAGE_AUTHENTICATOR).is_some() {
            answer.seal(self.authenticator, secret);
        }
        answer.authenticator = answer.digest(self.authenticator, secret);
        answer.to_bytes()
    }

    /// Puts a Message-Authenticator in front.
    fn seal(&mut self, authenticator: [u8; 16], secret: &[u8]) {
        self.attributes.insert(0, Attribute { kind: attribute::MESSAGE_AUTHENTICATOR, value: vec![0; 16] });
        self.attributes[0].value = self.code_with(authenticator, secret).to_vec();
    }

    /// The bytes of this accounting request, with both authenticators.
    pub fn request(mut self, secret: &[u8]) -> Vec<u8> {
        self.code = Code::AccountingRequest;
        self.attributes.retain(|attribute| attribute.kind != attribute::MESSAGE_AUTHENTICATOR);
        self.seal([0; 16], secret);
        self.authenticator = self.digest([0; 16], secret);
        self.to_bytes()
    }
}
