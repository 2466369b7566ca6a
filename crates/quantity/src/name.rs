//! Short names declared in network files: tokens, metrics, pools, scopes.

use crate::ParseError;
use borsh::{BorshDeserialize, BorshSerialize, io};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A name of 1 to 31 ASCII letters, digits, `-`, `.` and `_`; copied, never interned, the same on every machine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The text, zeros behind it, and the text's length in the last byte: names sort as their texts do. One array of 32 bytes, which is
    /// copied and compared in the same halves: a comparison across the halves would wait for a copy that was just made.
    bytes: [u8; Name::MAX + 1],
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
        let mut bytes = [0; Self::MAX + 1];
        let mut i = 0;
        while i < source.len() {
            assert!(allowed(source[i]), "a name is made of ASCII letters, digits, '-', '.' and '_'");
            bytes[i] = source[i];
            i += 1;
        }
        bytes[Self::MAX] = source.len() as u8;
        Self { bytes }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("a name is ASCII")
    }

    /// The text's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len()]
    }

    /// Number of its bytes; there is at least one.
    #[inline]
    #[expect(clippy::len_without_is_empty, reason = "no name is empty")]
    pub const fn len(&self) -> usize {
        self.bytes[Self::MAX] as usize
    }

    /// The text's bytes, zeros up to the last byte, and something in that one: for whoever copies all and uses the first.
    #[inline]
    pub const fn padded(&self) -> &[u8; Self::MAX + 1] {
        &self.bytes
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
        writer.write_all(&[self.bytes[Self::MAX]])?;
        writer.write_all(self.as_bytes())
    }
}

impl BorshDeserialize for Name {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let len = u8::deserialize_reader(reader)?;
        let mut bytes = [0; Self::MAX + 1];
        let text = &mut bytes[..Self::MAX];
        let slot = text.get_mut(..usize::from(len)).ok_or_else(|| invalid("a name has at most 31 characters"))?;
        reader.read_exact(slot)?;
        // Every transaction holds names, so this is one pass, without building a text first.
        if len == 0 || !slot.iter().all(|b| allowed(*b)) {
            return Err(invalid("not a name"));
        }
        bytes[Self::MAX] = len;
        Ok(Self { bytes })
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
