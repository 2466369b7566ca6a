//! Short names declared in network files: tokens, metrics, pools, scopes.

use crate::ParseError;
use borsh::{BorshDeserialize, BorshSerialize, io};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A name of 1 to 31 ASCII letters, digits, `-`, `.` and `_`; copied, never interned, the same on every machine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    bytes: [u8; Name::MAX],
    len: u8,
}

impl Name {
    /// Longest name in bytes.
    pub const MAX: usize = 31;

    /// A name known when the program is written.
    ///
    /// # Panics
    /// At compile time when used in a constant, when `text` is no name.
    pub const fn literal(text: &str) -> Self {
        let source = text.as_bytes();
        assert!(!source.is_empty() && source.len() <= Self::MAX, "a name has 1 to 31 characters");
        let mut bytes = [0; Self::MAX];
        let mut i = 0;
        while i < source.len() {
            assert!(allowed(source[i]), "a name is made of ASCII letters, digits, '-', '.' and '_'");
            bytes[i] = source[i];
            i += 1;
        }
        Self { bytes, len: source.len() as u8 }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("a name is ASCII")
    }

    /// The text's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The text's bytes and zeros behind them, at least one.
    #[inline]
    pub const fn terminated(&self) -> [u8; Self::MAX + 1] {
        let mut bytes = [0; Self::MAX + 1];
        bytes.split_at_mut(Self::MAX).0.copy_from_slice(&self.bytes);
        bytes
    }
}

const fn allowed(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'-' || b == b'.' || b == b'_'
}

impl FromStr for Name {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text.is_empty() || text.len() > Self::MAX || !text.bytes().all(allowed) {
            return Err(ParseError::new(text, "a name of 1 to 31 letters, digits, `-`, `.` and `_`", "quality-bytes"));
        }
        Ok(Self::literal(text))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl BorshSerialize for Name {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(&[self.len])?;
        writer.write_all(self.as_bytes())
    }
}

impl BorshDeserialize for Name {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let len = u8::deserialize_reader(reader)?;
        let mut bytes = [0; Self::MAX];
        let slot = bytes.get_mut(..usize::from(len)).ok_or_else(|| invalid("a name has at most 31 characters"))?;
        reader.read_exact(slot)?;
        // Every transaction holds names, so this is one pass, without building a text first.
        if len == 0 || !slot.iter().all(|b| allowed(*b)) {
            return Err(invalid("not a name"));
        }
        Ok(Self { bytes, len })
    }
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

impl Serialize for Name {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <String as Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
