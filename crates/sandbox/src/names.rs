//! Names and labels by which everything that a provider started is found again, after whatever happened to the provider.

use crate::error::WorkloadError;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// Longest name of a provider or a room.
pub const NAME_BYTES_MAX: usize = 48;
/// The label that every container and network of this crate has; its value is the provider.
pub const LABEL_PROVIDER: &str = "io.depin.sandbox.provider";
/// The label with the room.
pub const LABEL_ROOM: &str = "io.depin.sandbox.room";
/// The label with the service.
pub const LABEL_SERVICE: &str = "io.depin.sandbox.service";
/// The label with the replica's number.
pub const LABEL_REPLICA: &str = "io.depin.sandbox.replica";
/// The label with the digest of what it was started from.
pub const LABEL_DIGEST: &str = "io.depin.sandbox.digest";

/// A name of lower-case letters, digits and inner hyphens: a provider on a machine, a room, a service, a volume.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// Checks a name.
    ///
    /// - Errors: [`WorkloadError::Name`] unless it has 1 to [`NAME_BYTES_MAX`] of `a-z`, `0-9` and `-`, the last neither first nor last.
    pub fn new(text: impl Into<String>) -> Result<Self, WorkloadError> {
        let text = text.into();
        let inner = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let ends = text.starts_with('-') || text.ends_with('-');
        if text.is_empty() || text.len() > NAME_BYTES_MAX || !inner || ends {
            return Err(WorkloadError::Name { got: text.chars().take(80).collect() });
        }
        Ok(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Name {
    type Error = WorkloadError;
    fn try_from(text: String) -> Result<Self, WorkloadError> {
        Self::new(text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

/// One replica of one service in one room: what a container is started for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InstanceId {
    /// The room.
    pub room: Name,
    /// The service.
    pub service: Name,
    /// The replica, from 0.
    pub replica: u32,
}

impl InstanceId {
    /// Of its parts.
    pub const fn new(room: Name, service: Name, replica: u32) -> Self {
        Self { room, service, replica }
    }

    /// The container's name. Names have no underscores, so that no two instances share one.
    pub fn container(&self, provider: &Name) -> String {
        format!("depin_{provider}_{}_{}_{}", self.room, self.service, self.replica)
    }

    /// The labels of its container.
    pub fn labels(&self, provider: &Name, digest: &str) -> BTreeMap<&'static str, String> {
        BTreeMap::from([
            (LABEL_PROVIDER, provider.to_string()),
            (LABEL_ROOM, self.room.to_string()),
            (LABEL_SERVICE, self.service.to_string()),
            (LABEL_REPLICA, self.replica.to_string()),
            (LABEL_DIGEST, digest.to_owned()),
        ])
    }

    /// Reads what [`InstanceId::labels`] wrote; none for labels of others.
    pub fn from_labels<'a>(label: impl Fn(&str) -> Option<&'a String>) -> Option<Self> {
        let room = Name::new(label(LABEL_ROOM)?.as_str()).ok()?;
        let service = Name::new(label(LABEL_SERVICE)?.as_str()).ok()?;
        Some(Self { room, service, replica: label(LABEL_REPLICA)?.parse().ok()? })
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}-{}", self.room, self.service, self.replica)
    }
}

/// The name of a room's network.
pub fn network(provider: &Name, room: &Name) -> String {
    format!("depin_{provider}_{room}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_dns_and_file_systems_take() {
        for good in ["a", "web", "web-1", "0", &"x".repeat(NAME_BYTES_MAX)] {
            assert!(Name::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "a/b", "..", "a b", "ä", &"x".repeat(NAME_BYTES_MAX + 1)] {
            assert!(Name::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn labels_give_back_the_instance() {
        let id = InstanceId::new(Name::new("lease-1").unwrap(), Name::new("web").unwrap(), 3);
        let labels = id.labels(&Name::new("alice").unwrap(), "ab");
        assert_eq!(InstanceId::from_labels(|key| labels.get(key)), Some(id));
        assert_eq!(InstanceId::from_labels(|_| None), None);
    }
}
