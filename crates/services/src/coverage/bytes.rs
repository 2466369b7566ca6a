//! Keys, signatures and other short strings of bytes, written in hexadecimal digits.

use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, ParseError};
use depin_state::{KeyBytes, RowKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

macro_rules! hex_bytes {
    ($($(#[$doc:meta])* $name:ident[$length:literal], $words:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
        pub struct $name([u8; $length]);

        impl $name {
            /// Wraps bytes.
            pub const fn new(bytes: [u8; $length]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            pub const fn get(self) -> [u8; $length] {
                self.0
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
                let mut bytes = [0; $length];
                hex::decode_to_slice(text, &mut bytes).map_err(|_| ParseError::new(text, $words, "\"00ff…\""))?;
                Ok(Self(bytes))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }

        impl RowKey for $name {
            fn write(&self, out: &mut KeyBytes) {
                self.0.write(out);
            }

            fn read(bytes: &mut &[u8]) -> Option<Self> {
                <[u8; $length]>::read(bytes).map(Self)
            }
        }
    )*};
}

hex_bytes! {
    /// An ed25519 public key: a hotspot's, or one that acknowledges packets for a customer.
    PublicKey[32], "64 hexadecimal digits";
    /// An ed25519 signature.
    SignatureBytes[64], "128 hexadecimal digits";
    /// A network session key of a device (`NwkSKey`).
    SessionKey[16], "32 hexadecimal digits";
    /// What a beacon carries; on the air one byte, the header of a proprietary LoRaWAN frame, stands before it.
    Payload[51], "102 hexadecimal digits";
    /// Randomness that the network drew for a beacon.
    Randomness[32], "64 hexadecimal digits";
    /// What makes a sealed report's hash one that nobody can guess.
    Salt[32], "64 hexadecimal digits";
    /// SHA-256 of a packet's PHYPayload.
    PacketHash[32], "64 hexadecimal digits";
}

impl PublicKey {
    /// The address that it controls. A hotspot goes by it.
    pub fn address(self) -> Address {
        Address::of_public_key(&self.0)
    }
}
