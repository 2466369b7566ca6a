//! What one replica of a service takes, in the form in which manifests and orders carry it.

use crate::names;
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A count of thousandths of a CPU, of bytes, or of GPUs; the field says which. JSON has it as `{"val":"100"}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Quantity(u64);

impl Quantity {
    /// Wraps a count in its field's unit.
    pub const fn new(value: u64) -> Self {
        Self(value)
    }

    /// The count in its field's unit.
    pub const fn get(self) -> u64 {
        self.0
    }
}

#[derive(Serialize, Deserialize)]
struct Val {
    val: String,
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Val { val: self.0.to_string() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let val = Val::deserialize(deserializer)?.val;
        let digits = !val.is_empty() && val.bytes().all(|b| b.is_ascii_digit());
        let number = if digits { val.parse().ok() } else { None };
        number.map(Self).ok_or_else(|| D::Error::custom("`val` is a whole number of 64 bits in quotes"))
    }
}

/// A key with its value, as requirements, capabilities and resources have them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Attribute {
    /// As `region` or `vendor/nvidia/model/a100`.
    pub key: String,
    /// Any text.
    pub value: String,
}

impl Attribute {
    /// Of a key and a value.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into() }
    }

    /// Whether its key is one: a letter, then up to 127 of letters, digits, `_`, `/`, `.` and `-`; a `*` may end it.
    pub fn has_key(&self) -> bool {
        names::is_attribute_key(&self.key)
    }
}

/// CPU time.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Cpu {
    /// Thousandths of a CPU.
    pub units: Quantity,
    /// The architecture, when one is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "none_is_empty")]
    pub attributes: Vec<Attribute>,
}

/// Memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Memory {
    /// Bytes.
    pub size: Quantity,
}

/// A volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Volume {
    /// `default` where none is given.
    pub name: String,
    /// Bytes.
    pub size: Quantity,
    /// `class` and `persistent`, sorted; none when the file says nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "none_is_empty")]
    pub attributes: Vec<Attribute>,
}

impl Volume {
    /// Whether it outlives its container.
    pub fn is_persistent(&self) -> bool {
        self.find("persistent") == Some("true")
    }

    /// Its class, when one is said.
    pub fn class(&self) -> Option<&str> {
        self.find("class")
    }

    fn find(&self, key: &str) -> Option<&str> {
        self.attributes.iter().find(|attribute| attribute.key == key).map(|attribute| attribute.value.as_str())
    }
}

/// GPUs.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Gpu {
    /// How many.
    pub units: Quantity,
    /// Models that will do, as `vendor/nvidia/model/a100/ram/80Gi`, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "none_is_empty")]
    pub attributes: Vec<Attribute>,
}

/// How a port is reached from outside. The wire has the number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum EndpointKind {
    /// By host name, through the provider's ingress.
    #[default]
    SharedHttp = 0,
    /// By a port that the provider draws.
    RandomPort = 1,
    /// By an address of its own.
    LeasedIp = 2,
}

impl Serialize for EndpointKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(*self as u8)
    }
}

impl<'de> Deserialize<'de> for EndpointKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match <u8 as Deserialize>::deserialize(deserializer)? {
            0 => Ok(Self::SharedHttp),
            1 => Ok(Self::RandomPort),
            2 => Ok(Self::LeasedIp),
            other => Err(D::Error::custom(format_args!("no endpoint has kind {other}: 0, 1 and 2 are known"))),
        }
    }
}

/// One way in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Endpoint {
    /// Which way.
    #[serde(default, skip_serializing_if = "is_shared")]
    pub kind: EndpointKind,
    /// Which address, for leased ones; 0 else.
    pub sequence_number: u32,
}

const fn is_shared(kind: &EndpointKind) -> bool {
    matches!(kind, EndpointKind::SharedHttp)
}

/// All that one replica takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Resources {
    /// Which unit of its group, from 1.
    pub id: u32,
    /// CPU time.
    pub cpu: Cpu,
    /// Memory.
    pub memory: Memory,
    /// Volumes, in the order that the hash is made of.
    #[serde(deserialize_with = "none_is_empty")]
    pub storage: Vec<Volume>,
    /// GPUs, none among them.
    pub gpu: Gpu,
    /// Ways in from outside.
    #[serde(deserialize_with = "none_is_empty")]
    pub endpoints: Vec<Endpoint>,
}

/// A list that Go writes as `null` when it is none.
pub(crate) fn none_is_empty<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(<Option<_> as Deserialize>::deserialize(deserializer)?.unwrap_or_default())
}
