//! Where the parts of a running network are.

use depin_quantity::{Address, Name};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::PathBuf};

/// `endpoints.json`: there from the moment everything is ready until the network stops. Also what `depin up --json` prints.
///
/// ```json
/// {
///   "api": "http://127.0.0.1:4610",
///   "endpoints": [
///     { "name": "s3", "url": "http://127.0.0.1:4611", "access_key": "DEPIN…", "secret_key": "…", "region": "us-east-1" }
///   ],
///   "providers": [ { "name": "provider-1", "address": "depin1…", "url": "http://127.0.0.1:4620" } ],
///   "chain_id": "filecoin-dev-0a1b2c3d", "network": "filecoin", "service": "storage", "speed": 1, "home": "/…/.depin", "pid": 4711
/// }
/// ```
///
/// A program takes the endpoint that it knows by its name and passes over all others: `.endpoints[] | select(.name == "s3")`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// Base URL of the node's API.
    pub api: String,
    /// Where the network's service is used: one entry for each gateway.
    pub endpoints: Vec<Endpoint>,
    /// The operators of this process.
    pub providers: Vec<ProviderEndpoint>,
    /// The chain.
    pub chain_id: Name,
    /// The network whose rules it follows.
    pub network: Name,
    /// The service that it runs.
    pub service: Name,
    /// Milliseconds of ledger time per millisecond.
    pub speed: u32,
    /// Absolute path of the home.
    pub home: PathBuf,
    /// Process that runs it.
    pub pid: u32,
    /// File of the certificate that every port shows; absent in plain HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_certificate: Option<PathBuf>,
}

/// Where a gateway is, and what a client needs there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// What programs look for: `s3`.
    pub name: String,
    /// Base URL.
    pub url: String,
    /// Keys and the like, beside `name` and `url`.
    #[serde(flatten)]
    pub settings: BTreeMap<String, String>,
}

impl Endpoint {
    /// An endpoint with what a client needs there.
    pub fn new<const N: usize>(name: &str, url: &str, settings: [(&str, &str); N]) -> Self {
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { name: name.to_owned(), url: url.to_owned(), settings }
    }
}

/// Where an operator is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderEndpoint {
    /// Its name in the home.
    pub name: Name,
    /// Its account.
    pub address: Address,
    /// Where it is reached.
    pub url: String,
}

/// `control.json`: where a running `depin up` takes orders. Loopback only; the token keeps other users of the machine out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// Base URL.
    pub url: String,
    /// What whoever gives an order must show.
    pub token: String,
}

/// `ports.json`: what was used last, so that clients find everything where it was. Operators keep their own in their settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ports {
    /// First port preferred; 0: none.
    pub base: u16,
    /// The node's.
    pub api: u16,
    /// Those of gateways, by the names of their endpoints, beside `base` and `api`.
    #[serde(flatten)]
    pub named: BTreeMap<String, u16>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_one_flat_object_and_reads_back() {
        let endpoint = Endpoint::new("s3", "http://127.0.0.1:1", [("region", "us-east-1")]);
        let json = serde_json::to_value(&endpoint).unwrap();
        assert_eq!(json, serde_json::json!({"name": "s3", "url": "http://127.0.0.1:1", "region": "us-east-1"}));
        assert_eq!(serde_json::from_value::<Endpoint>(json).unwrap(), endpoint);
    }

    #[test]
    fn ports_of_the_first_version_are_read() {
        let ports: Ports = serde_json::from_str(r#"{"base": 4610, "api": 4610, "s3": 4611}"#).unwrap();
        assert_eq!(ports.named.get("s3"), Some(&4611));
    }
}
