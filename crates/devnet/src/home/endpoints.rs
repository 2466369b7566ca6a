//! Where the parts of a running network are.

use depin_quantity::{Address, Name};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `endpoints.json`: there from the moment everything is ready until the network stops. Also what `depin up --json` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// Base URL of the node's API.
    pub api: String,
    /// The S3 gateway.
    pub s3: S3Endpoint,
    pub providers: Vec<ProviderEndpoint>,
    pub chain_id: Name,
    pub network: Name,
    pub speed: u32,
    /// Absolute path of the home.
    pub home: PathBuf,
    /// Process that runs it.
    pub pid: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct S3Endpoint {
    pub endpoint: String,
    pub access_key: String,
    pub secret_key: String,
    pub region: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderEndpoint {
    pub name: Name,
    pub address: Address,
    pub url: String,
}

/// `control.json`: where a running `depin up` takes orders. Loopback only; the token keeps other users of the machine out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    pub url: String,
    pub token: String,
}

/// `ports.json`: what was used last, so that clients find everything where it was. Providers keep their own in their settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ports {
    /// First port preferred; 0: none.
    pub base: u16,
    pub api: u16,
    pub s3: u16,
}
