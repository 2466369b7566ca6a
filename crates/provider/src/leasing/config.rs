//! Settings of a provider of leases.

use super::{capacity::Capacity, hosts::HostNames, judge::Offer};
use crate::operator::OperatorConfig;
use depin_quantity::Span;
use depin_sandbox::{Runtime, Settings};
use depin_sdl::{Attribute, hosts::HostBlockList};
use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

/// Settings of a provider of leases.
#[derive(Clone)]
pub struct LeasingConfig {
    /// What every operator has. Address, URL and certificate are the gateway's, which tenants reach; without a certificate it makes one
    /// that its own key signs, which tenants know by the account.
    pub operator: OperatorConfig,
    /// Where the interface of every operator is served, in plain HTTP: `/health`, `/status`, `/metrics`.
    pub status: SocketAddr,
    /// Where it keeps its tenants' manifests.
    pub folder: PathBuf,
    /// What runs containers; of a name that no other provider of this machine has.
    pub runtime: Arc<dyn Runtime>,
    /// To whom it bids, and what it asks.
    pub offer: Offer,
    /// What it says of itself; see [`storage_attributes`].
    pub attributes: Vec<Attribute>,
    /// What it sells.
    pub capacity: Capacity,
    /// Where HTTP for its tenants' services comes in; port 0 takes a free one.
    pub ingress: SocketAddr,
    /// The domain below which services get their host names; they have those alone that they claim, without one.
    pub domain: Option<String>,
    /// The address at which others reach ports of this machine that listen everywhere.
    pub public: IpAddr,
    /// Host names that no tenant may claim.
    pub blocked: HostBlockList,
    /// How the others become a tenant's.
    pub host_names: HostNames,
    /// Archives of images by name, for what no registry is asked for; see [`Ground`](super::Ground).
    pub images: PathBuf,
    /// How often earnings are collected, ledger time.
    pub collect_every: Span,
    /// How often rooms are looked at.
    pub supervision: Settings,
    /// How often this provider looks at how long tenants have been waited for, wall time.
    pub tick: Duration,
    /// Whether it begins anew where its store was lost.
    pub new_store: bool,
}

impl LeasingConfig {
    /// A provider on free ports of loopback that collects once a day.
    pub fn new(operator: OperatorConfig, folder: PathBuf, runtime: Arc<dyn Runtime>, offer: Offer, capacity: Capacity) -> Self {
        Self {
            operator,
            status: SocketAddr::from(([127, 0, 0, 1], 0)),
            runtime,
            offer,
            attributes: storage_attributes(),
            capacity,
            ingress: SocketAddr::from(([127, 0, 0, 1], 0)),
            domain: None,
            public: IpAddr::from([127, 0, 0, 1]),
            blocked: HostBlockList::default(),
            host_names: HostNames::default(),
            images: folder.join("images"),
            collect_every: Span::from_days(1),
            supervision: Settings::default(),
            tick: Duration::from_secs(5),
            new_store: false,
            folder,
        }
    }
}

/// The attributes of a provider with one kind of disk and memory file systems: persistent volumes of the classes `beta2` and `default`,
/// and `ram`. Orders with such volumes are bid on by providers alone that say so.
pub fn storage_attributes() -> Vec<Attribute> {
    let kinds = [("beta2", "true"), ("default", "true"), ("ram", "false")];
    let of = |(number, (class, persistent)): (usize, (&str, &str))| {
        let key = |what: &str| format!("capabilities/storage/{number}/{what}");
        [Attribute::new(key("class"), class), Attribute::new(key("persistent"), persistent)]
    };
    (1..).zip(kinds).flat_map(of).collect()
}

impl fmt::Debug for LeasingConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeasingConfig")
            .field("operator", &self.operator)
            .field("folder", &self.folder)
            .field("runtime", &self.runtime.describe().name)
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}
