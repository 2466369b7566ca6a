//! Natural ids and period numbers.

use crate::ParseError;
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{fmt, str::FromStr};

macro_rules! id32 {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Wraps 32 bytes.
            pub const fn new(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            pub const fn get(self) -> [u8; 32] {
                self.0
            }

            /// SHA-256 over the length-prefixed `domain` and `parts`: no two lists of parts share an input.
            pub fn derive(domain: &str, parts: &[&[u8]]) -> Self {
                let mut hasher = Sha256::new();
                for part in std::iter::once(domain.as_bytes()).chain(parts.iter().copied()) {
                    hasher.update((part.len() as u64).to_be_bytes());
                    hasher.update(part);
                }
                Self(hasher.finalize().into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                let mut bytes = [0; 32];
                hex::decode_to_slice(text, &mut bytes)
                    .map_err(|_| ParseError::new(text, "64 hexadecimal digits", "\"00ff…\" with 64 digits"))?;
                Ok(Self(bytes))
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id32!(
    /// Natural id inside one service: hash of a deal's proposal, a data set, a device key. Never dense.
    UnitId
);
id32!(
    /// Randomness that was fixed after everything it judges was committed.
    Seed
);
id32!(
    /// SHA-256 of bytes that are kept elsewhere: the evidence of a report.
    ContentHash
);

/// Index of a period of one named clock: an epoch, a day, a week.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Period(u64);

impl Period {
    /// Wraps an index.
    pub const fn new(index: u64) -> Self {
        Self(index)
    }

    /// The index.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The period `n` later; saturates at the end of time, which no clock reaches.
    pub const fn later(self, n: u64) -> Self {
        Self(self.0.saturating_add(n))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
