//! A file as it was written, with places: what the rules judge and the groups are built of.

use crate::{
    finding::{At, Said},
    group::{Price, SignedBy},
    resources::Attribute,
};
use std::collections::BTreeMap;

/// Which rules a file follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// SDL 2.0: every service has a resource unit of its own.
    V2_0,
    /// SDL 2.1 and whatever is newer: services of one profile share a unit.
    V2_1,
}

impl Rules {
    /// As `2.0`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2_0 => "2.0",
            Self::V2_1 => "2.1",
        }
    }
}

#[derive(Debug)]
pub struct Document {
    pub rules: Rules,
    pub services: BTreeMap<String, ServiceDoc>,
    pub compute: BTreeMap<String, ComputeDoc>,
    pub placements: BTreeMap<String, PlacementDoc>,
    /// By service, then by placement.
    pub deployment: BTreeMap<String, BTreeMap<String, DeployedDoc>>,
    pub endpoints: BTreeMap<String, EndpointDoc>,
    /// The least window that a provider must give before it takes its machine back, in nanoseconds.
    pub reclamation: Option<u64>,
    pub at: At,
    /// Where the keys of the deployment stand.
    pub deployment_at: At,
}

#[derive(Debug)]
pub struct ServiceDoc {
    pub at: At,
    pub image: Option<Said<String>>,
    pub command: Option<Vec<Said<String>>>,
    pub args: Option<Vec<Said<String>>>,
    pub env: Option<Vec<Said<String>>>,
    pub expose: Vec<ExposeDoc>,
    pub params: Option<ParamsDoc>,
    pub credentials: Option<CredentialsDoc>,
}

#[derive(Debug)]
pub struct ExposeDoc {
    pub at: At,
    pub port: Said<u32>,
    pub outside: u32,
    pub proto: Said<String>,
    pub to: Vec<ToDoc>,
    pub accept: Option<Vec<Said<String>>>,
    pub http: HttpDoc,
    /// Part of it could not be read, which was said.
    pub broken: bool,
}

#[derive(Debug)]
pub struct ToDoc {
    pub at: At,
    pub service: String,
    pub global: bool,
    pub ip: String,
}

#[derive(Debug, Default)]
pub struct HttpDoc {
    pub max_body_size: Said<u32>,
    pub proxy_buffer_size: Said<u32>,
    pub read_timeout: Said<u32>,
    pub send_timeout: Said<u32>,
    pub next_tries: Said<u32>,
    pub next_timeout: Said<u32>,
    pub next_cases: Vec<Said<String>>,
}

impl<T: Default> Default for Said<T> {
    fn default() -> Self {
        Self { value: T::default(), at: At::default() }
    }
}

#[derive(Debug)]
pub struct ParamsDoc {
    pub storage: BTreeMap<String, MountDoc>,
    pub permissions: Option<Vec<Said<String>>>,
    pub tee: Option<Said<String>>,
}

#[derive(Debug)]
pub struct MountDoc {
    pub at: At,
    pub mount: String,
    pub read_only: bool,
}

#[derive(Debug)]
pub struct CredentialsDoc {
    pub at: At,
    pub host: String,
    pub email: String,
    pub username: String,
    pub password: String,
}

#[derive(Debug)]
pub struct ComputeDoc {
    pub at: At,
    /// Thousandths.
    pub cpu: Option<Said<u64>>,
    pub cpu_attributes: Vec<Attribute>,
    pub memory: Option<Said<u64>>,
    pub storage: Vec<VolumeDoc>,
    pub gpu: Option<GpuDoc>,
    /// Part of it could not be read, which was said.
    pub broken: bool,
}

#[derive(Debug)]
pub struct VolumeDoc {
    pub name: String,
    pub size: Said<u64>,
    /// None without a block of attributes.
    pub attributes: Vec<Attribute>,
}

impl VolumeDoc {
    pub fn attribute(&self, key: &str) -> Option<&str> {
        self.attributes.iter().find(|attribute| attribute.key == key).map(|attribute| attribute.value.as_str())
    }

    pub fn is_persistent(&self) -> bool {
        self.attribute("persistent") == Some("true")
    }
}

#[derive(Debug)]
pub struct GpuDoc {
    pub units: Said<u64>,
    pub attributes: Vec<Attribute>,
}

#[derive(Debug)]
pub struct PlacementDoc {
    pub at: At,
    pub attributes: Vec<Attribute>,
    pub signed_by: SignedBy,
    /// By compute profile; none where a price could not be read, which was said.
    pub pricing: BTreeMap<String, Option<Said<Price>>>,
}

#[derive(Debug)]
pub struct DeployedDoc {
    pub at: At,
    pub profile: Said<String>,
    pub count: Said<u32>,
}

#[derive(Debug)]
pub struct EndpointDoc {
    pub at: At,
    pub kind: Said<String>,
}
