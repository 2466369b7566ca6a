//! Names and keys of devices and gateways, as people write them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};
use zeroize::Zeroize as _;

/// Why a text is no id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// It has another length.
    #[error("{what} has {digits} hexadecimal digits, this has {got}")]
    Length {
        /// What was read.
        what: &'static str,
        /// How many digits it has.
        digits: usize,
        /// How many were given.
        got: usize,
    },
    /// It has other signs than hexadecimal digits.
    #[error("{what} is written in hexadecimal digits, 0 to 9 and a to f")]
    Digits {
        /// What was read.
        what: &'static str,
    },
    /// It does not fit its bits.
    #[error("a NetID has 24 bits, {0:#x} has more")]
    NetId(u32),
}

fn digits<const N: usize>(what: &'static str, text: &str) -> Result<[u8; N], IdError> {
    if text.len() != 2 * N {
        return Err(IdError::Length { what, digits: 2 * N, got: text.len() });
    }
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| IdError::Digits { what })?;
    Ok(bytes)
}

macro_rules! text_in_serde {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    };
}

/// A 64-bit EUI: of a device (DevEUI), a join server (JoinEUI, formerly AppEUI) or a gateway. Written as 16 hexadecimal digits, most
/// significant first; on air the bytes come in the other order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Eui(u64);

impl Eui {
    /// From the number that its digits say.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// From the bytes of a frame.
    pub const fn from_air(bytes: [u8; 8]) -> Self {
        Self(u64::from_le_bytes(bytes))
    }

    /// The bytes of a frame.
    pub const fn on_air(self) -> [u8; 8] {
        self.0.to_le_bytes()
    }
}

impl fmt::Display for Eui {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Eui {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        digits("an EUI", text).map(|bytes| Self(u64::from_be_bytes(bytes)))
    }
}

text_in_serde!(Eui);

/// A device's address on air, 32 bits; several devices may share one, and their keys tell them apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DevAddr(u32);

impl DevAddr {
    /// From the number that its digits say.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// From the bytes of a frame.
    pub const fn from_air(bytes: [u8; 4]) -> Self {
        Self(u32::from_le_bytes(bytes))
    }

    /// The bytes of a frame.
    pub const fn on_air(self) -> [u8; 4] {
        self.0.to_le_bytes()
    }
}

impl fmt::Display for DevAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl FromStr for DevAddr {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        digits("a DevAddr", text).map(|bytes| Self(u32::from_be_bytes(bytes)))
    }
}

text_in_serde!(DevAddr);

/// A network's number, 24 bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetId(u32);

impl NetId {
    /// From a number of 24 bits.
    ///
    /// # Errors
    /// [`IdError::NetId`] for a larger one.
    pub const fn new(number: u32) -> Result<Self, IdError> {
        if number >> 24 == 0 { Ok(Self(number)) } else { Err(IdError::NetId(number)) }
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The bytes of a frame.
    pub const fn on_air(self) -> [u8; 3] {
        let [a, b, c, _] = self.0.to_le_bytes();
        [a, b, c]
    }
}

impl fmt::Display for NetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06x}", self.0)
    }
}

impl FromStr for NetId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        digits::<3>("a NetID", text).map(|[a, b, c]| Self(u32::from_be_bytes([0, a, b, c])))
    }
}

text_in_serde!(NetId);

/// An AES-128 key: AppKey, NwkSKey or AppSKey. Wiped when dropped, and never shown by `Debug`. Written as 32 hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 16]);

impl Drop for Key {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Key {
    /// From its bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Its digits: for a store that nobody else reads.
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl FromStr for Key {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        digits("a key", text).map(Self)
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_most_significant_first_and_sent_least_significant_first() {
        let eui: Eui = "0102030405060708".parse().unwrap();
        assert_eq!((eui.on_air(), Eui::from_air(eui.on_air())), ([8, 7, 6, 5, 4, 3, 2, 1], eui));
        let address: DevAddr = "48000001".parse().unwrap();
        assert_eq!((address.on_air(), DevAddr::from_air([1, 0, 0, 0x48])), ([1, 0, 0, 0x48], address));
        let network: NetId = "00003c".parse().unwrap();
        assert_eq!((network.get(), network.on_air(), network.to_string()), (0x3c, [0x3c, 0, 0], "00003c".to_owned()));
        assert_eq!(serde_json::to_string(&(eui, address, network)).unwrap(), r#"["0102030405060708","48000001","00003c"]"#);
    }

    #[test]
    fn what_is_no_id_is_refused_with_what_one_is() {
        assert_eq!("0102".parse::<Eui>().unwrap_err().to_string(), "an EUI has 16 hexadecimal digits, this has 4");
        assert_eq!("4800000g".parse::<DevAddr>(), Err(IdError::Digits { what: "a DevAddr" }));
        assert_eq!("é00000é".parse::<DevAddr>().unwrap_err().to_string(), "a DevAddr has 8 hexadecimal digits, this has 9");
        assert_eq!(NetId::new(1 << 24), Err(IdError::NetId(1 << 24)));
        assert!(serde_json::from_str::<Key>("\"00\"").is_err());
    }

    #[test]
    fn a_key_shows_itself_to_nobody_but_its_store() {
        let key = Key::new([0xab; 16]);
        assert_eq!(format!("{key:?}"), "Key(…)");
        assert_eq!(serde_json::from_str::<Key>(&serde_json::to_string(&key).unwrap()).unwrap(), key);
    }
}
