//! What a provider is told to run: the manifest, its JSON and the hash by which a chain knows it.

use crate::{
    json,
    resources::{Resources, none_is_empty},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// All groups of a deployment, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Manifest {
    /// The groups.
    pub groups: Vec<ManifestGroup>,
}

/// The services of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestGroup {
    /// The placement's name.
    pub name: String,
    /// In the order of their names.
    #[serde(deserialize_with = "none_is_empty")]
    pub services: Vec<Service>,
}

/// A service: image, what it takes, and how it is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Its name, which is its host name among the services of the lease.
    pub name: String,
    /// The container's image.
    pub image: String,
    /// What is run instead of the image's entry point; none where the file says nothing.
    pub command: Option<Vec<String>>,
    /// Its arguments; none where the file says nothing.
    pub args: Option<Vec<String>>,
    /// Environment, each `NAME=value`; none where the file says nothing. May hold secrets: never log it.
    pub env: Option<Vec<String>>,
    /// What each replica takes.
    pub resources: Resources,
    /// Replicas.
    pub count: u32,
    /// How it is reached, sorted.
    #[serde(deserialize_with = "none_is_empty")]
    pub expose: Vec<Expose>,
    /// Mounts and permissions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<Params>,
    /// Who may fetch the image. Holds secrets: never log it.
    pub credentials: Option<Credentials>,
}

/// The transport of a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Proto {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

/// One port for one audience.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Expose {
    /// The container's port.
    pub port: u32,
    /// The port outside; 0 is the container's.
    pub external_port: u32,
    /// The transport.
    pub proto: Proto,
    /// The service that may use it; empty for all of the lease, or for the world.
    pub service: String,
    /// Whether the world may.
    pub global: bool,
    /// Host names that lead to it; none where the file says nothing.
    pub hosts: Option<Vec<String>>,
    /// How the ingress treats its requests.
    pub http_options: HttpOptions,
    /// The endpoint whose address it is reached at.
    pub ip: String,
    /// That address's number.
    pub endpoint_sequence_number: u32,
}

/// How the ingress treats requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpOptions {
    /// Largest body in bytes.
    pub max_body_size: u32,
    /// Milliseconds to read an answer.
    pub read_timeout: u32,
    /// Milliseconds to send a request.
    pub send_timeout: u32,
    /// Replicas that are tried.
    pub next_tries: u32,
    /// Milliseconds to try others; 0 is no limit.
    pub next_timeout: u32,
    /// When another replica is tried.
    #[serde(deserialize_with = "none_is_empty")]
    pub next_cases: Vec<String>,
    /// Bytes of the proxy's buffer; 0, the provider's choice, is not written: older providers hash without it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub proxy_buffer_size: u32,
}

const fn is_zero(value: &u32) -> bool {
    *value == 0
}

/// Mounts and permissions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    /// Volumes with their mounts, by name; none where there is none.
    pub storage: Option<Vec<Mount>>,
    /// What the service may read of its own lease.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Permissions>,
    /// The confidential computing that it needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tee: Option<Tee>,
}

/// Where a volume is mounted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mount {
    /// The volume of the compute profile.
    pub name: String,
    /// An absolute path.
    pub mount: String,
    /// Whether it is mounted read-only.
    pub read_only: bool,
}

/// What a service may read of its own lease.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// `deployment`, `logs`, `events`.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "none_is_empty")]
    pub read: Vec<String>,
}

/// The confidential computing that a service needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tee {
    /// `cpu` or `cpu-gpu`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether the provider attests it.
    pub attestation: bool,
}

/// Who may fetch an image.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// The registry.
    pub host: String,
    /// An address, which version 2.0 drops.
    pub email: String,
    /// The account.
    pub username: String,
    /// Its password.
    pub password: String,
}

/// Secrets stay out of logs.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("host", &self.host).finish_non_exhaustive()
    }
}

/// A hash of a manifest: what a deployment on a chain is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ManifestHash([u8; 32]);

impl ManifestHash {
    /// Of its bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn get(self) -> [u8; 32] {
        self.0
    }
}

impl std::fmt::Display for ManifestHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl Expose {
    /// The port outside.
    pub const fn outer_port(&self) -> u32 {
        if self.external_port == 0 { self.port } else { self.external_port }
    }

    /// Whether it is reached by host name: TCP, for the world, at port 80 outside.
    pub fn is_ingress(&self) -> bool {
        self.global && self.proto == Proto::Tcp && self.outer_port() == 80
    }
}

impl Manifest {
    /// Its JSON with the fields in upstream's order, as it is sent to a provider.
    pub fn to_json(&self) -> String {
        json::compact(self)
    }

    /// Reads what [`Manifest::to_json`] wrote, or upstream. Whether it can be run says [`Manifest::check`](crate::Manifest::check).
    ///
    /// - Failure: for text that is no manifest. Keys that are not known are passed over, as upstream does.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// SHA-256 of the JSON with the keys of every level sorted.
    pub fn hash(&self) -> ManifestHash {
        ManifestHash(Sha256::digest(self.sorted_json()).into())
    }

    /// The JSON that the hash is made of.
    pub fn sorted_json(&self) -> String {
        json::sorted(self)
    }
}
