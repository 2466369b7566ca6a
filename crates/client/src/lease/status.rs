//! What a provider's gateway answers: upstream's JSON.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How much of an image a provider has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageTaken {
    /// Bytes of its archive that came.
    pub have: u64,
    /// Whether these are all, and the image may be run.
    pub whole: bool,
}

/// How the services of a lease are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseStatus {
    /// What keeps the provider from looking after it, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
    /// Each service by its name.
    pub services: BTreeMap<String, ServiceStatus>,
    /// Ports that lead to services, by service.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub forwarded_ports: BTreeMap<String, Vec<PortStatus>>,
    /// Addresses of its own, by service.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ips: BTreeMap<String, Vec<IpStatus>>,
}

/// How a service is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceStatus {
    /// Its name.
    pub name: String,
    /// Replicas that are well.
    pub available: u32,
    /// Replicas that it is to have.
    pub total: u32,
    /// Host names that lead to it.
    pub uris: Vec<String>,
    /// How often its manifest was replaced.
    pub observed_generation: u64,
    /// Replicas that there are.
    pub replicas: u32,
    /// Replicas that run what the last manifest says.
    pub updated_replicas: u32,
    /// Replicas that are well.
    pub ready_replicas: u32,
    /// Replicas that are well.
    pub available_replicas: u32,
    /// What is told of each replica; upstream does not say it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<InstanceReport>,
}

/// How a replica is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceReport {
    /// Its number, from 0.
    pub replica: u32,
    /// `waiting`, `starting`, `healthy`, `unhealthy`, `restarting`, `evicted`, `out of memory`, `failed` or `completed`.
    pub state: String,
    /// Why, in words; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// How often it was started anew.
    #[serde(default)]
    pub restarts: u32,
}

/// A port that leads to a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PortStatus {
    /// The provider's address.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// The service's port.
    pub port: u16,
    /// The port outside.
    pub external_port: u16,
    /// `TCP` or `UDP`.
    pub proto: String,
    /// The service.
    pub name: String,
}

/// An address of a service's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct IpStatus {
    /// The service's port.
    pub port: u16,
    /// The port outside.
    pub external_port: u16,
    /// `TCP` or `UDP`.
    pub protocol: String,
    /// The address.
    #[serde(rename = "IP")]
    pub ip: String,
}

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// The replica: `web-0`.
    pub name: String,
    /// The line, without its end.
    pub message: String,
}

/// Something that happened to a replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeaseEvent {
    /// `Normal` or `Warning`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What tells it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reporting_controller: String,
    /// Which of those.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reporting_instance: String,
    /// What happened, in a word: the replica's new state.
    pub reason: String,
    /// Why, in words.
    pub note: String,
    /// To what.
    pub object: EventObject,
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventObject {
    /// `Pod`, as upstream calls a replica.
    pub kind: String,
    /// The lease's own name at the provider.
    pub namespace: String,
    /// The replica: `web-0`.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_names_are_upstreams() {
        let port = PortStatus { host: "h".into(), port: 1, external_port: 2, proto: "TCP".into(), name: "web".into() };
        assert_eq!(
            serde_json::to_value(port).unwrap(),
            json!({"host": "h", "port": 1, "externalPort": 2, "proto": "TCP", "name": "web"})
        );
        let ip = IpStatus { port: 1, external_port: 2, protocol: "UDP".into(), ip: "192.0.2.1".into() };
        assert_eq!(
            serde_json::to_value(ip).unwrap(),
            json!({"Port": 1, "ExternalPort": 2, "Protocol": "UDP", "IP": "192.0.2.1"})
        );
        let status = serde_json::to_value(LeaseStatus {
            services: [("web".to_owned(), ServiceStatus::default())].into(),
            ..LeaseStatus::default()
        });
        let status = status.unwrap();
        assert!(status.get("errors").is_none() && status.get("forwarded_ports").is_none());
        let keys: Vec<&str> = status["services"]["web"].as_object().unwrap().keys().map(String::as_str).collect();
        for key in [
            "name",
            "available",
            "total",
            "uris",
            "observed_generation",
            "replicas",
            "updated_replicas",
            "ready_replicas",
            "available_replicas",
        ] {
            assert!(keys.contains(&key), "{key}");
        }
        let event = LeaseEvent {
            kind: "Normal".into(),
            reporting_controller: String::new(),
            reporting_instance: String::new(),
            reason: "healthy".into(),
            note: String::new(),
            object: EventObject { kind: "Pod".into(), namespace: "n".into(), name: "web-0".into() },
        };
        let event = serde_json::to_value(event).unwrap();
        assert_eq!((&event["type"], &event["object"]["kind"]), (&"Normal".into(), &"Pod".into()));
    }
}
