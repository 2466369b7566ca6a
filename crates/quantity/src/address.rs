//! Addresses of accounts.

use crate::ParseError;
use bech32::{Bech32m, Hrp};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

const HRP: Hrp = Hrp::parse_unchecked("depin");

/// 32-byte account address, written in bech32m with the prefix `depin`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Address([u8; 32]);

impl Address {
    /// Wraps 32 bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn get(self) -> [u8; 32] {
        self.0
    }

    /// The address that an ed25519 public key controls: SHA-256 over the length-prefixed domain `depin-address` and the key.
    pub fn of_public_key(key: &[u8; 32]) -> Self {
        Self(crate::UnitId::derive("depin-address", &[key]).get())
    }

    /// First and last characters, for tables.
    pub fn short(&self) -> String {
        let text = self.to_string();
        format!("{}…{}", &text[..11], &text[text.len() - 5..])
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = bech32::encode::<Bech32m>(HRP, &self.0).expect("32 bytes fit a bech32m string");
        f.pad(&text)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Address {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = || {
            ParseError::new(
                text,
                "an address (bech32m, prefix `depin`, 32 bytes)",
                "depin1qqqq… as `depin account list` shows them",
            )
        };
        let checked = bech32::primitives::decode::CheckedHrpstring::new::<Bech32m>(text).map_err(|_| error())?;
        if checked.hrp() != HRP {
            return Err(error());
        }
        let bytes: Vec<u8> = checked.byte_iter().collect();
        Ok(Self(bytes.try_into().map_err(|_| error())?))
    }
}

impl Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <String as Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
