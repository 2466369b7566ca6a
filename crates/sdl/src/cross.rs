//! A manifest that somebody sent: whether it can be run, and whether it is what was ordered.

use crate::{
    build::order,
    group::Group,
    limits,
    manifest::{Expose, Manifest, ManifestGroup, Service},
    names,
    resources::{EndpointKind, Resources},
};
use std::collections::{BTreeMap, BTreeSet};

/// What is wrong with a manifest. Groups and services are named as it names them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// No groups.
    #[error("the manifest has no groups")]
    Empty,
    /// No service is reached from outside.
    #[error("no service of the manifest is reached from outside")]
    NoGlobal,
    /// One group is there twice.
    #[error("the group `{0}` is there twice")]
    DuplicateGroup(String),
    /// A group without services.
    #[error("the group `{0}` has no services")]
    NoServices(String),
    /// Services that are out of order.
    #[error("the services of the group `{0}` are not in the order of their names")]
    Unsorted(String),
    /// Something of a service is wrong.
    #[error("service `{service}`: {wrong}")]
    Service {
        /// Which.
        service: String,
        /// What, in words.
        wrong: String,
    },
    /// As many groups were not ordered.
    #[error("the manifest has {got} groups, and {ordered} were ordered")]
    GroupCount {
        /// Of the manifest.
        got: usize,
        /// Of the order.
        ordered: usize,
    },
    /// A group that was not ordered.
    #[error("no group `{0}` was ordered")]
    UnknownGroup(String),
    /// Something was ordered that the manifest leaves.
    #[error("group `{group}`, unit {unit}: {left} more {what} were ordered than the manifest uses")]
    Unused {
        /// Which group.
        group: String,
        /// Which of its units.
        unit: u32,
        /// How many.
        left: u64,
        /// Of what.
        what: &'static str,
    },
}

impl Manifest {
    /// Whether it can be run: upstream's rules for manifests, without the file that it came from.
    ///
    /// # Errors
    /// [`ManifestError`], the first in the order of the manifest.
    pub fn check(&self) -> Result<(), ManifestError> {
        if self.groups.is_empty() {
            return Err(ManifestError::Empty);
        }
        let (mut hosts, mut seen, mut globals) = (BTreeSet::new(), BTreeSet::new(), 0);
        for group in &self.groups {
            if group.services.is_empty() {
                return Err(ManifestError::NoServices(group.name.clone()));
            }
            if !group.services.is_sorted_by(|a, b| a.name <= b.name) {
                return Err(ManifestError::Unsorted(group.name.clone()));
            }
            for service in &group.services {
                let wrong = |wrong| ManifestError::Service { service: service.name.clone(), wrong };
                check_service(service).map_err(wrong)?;
                for expose in &service.expose {
                    check_expose(expose, &mut hosts).map_err(wrong)?;
                    globals += usize::from(expose.global);
                }
            }
            if !seen.insert(&group.name) {
                return Err(ManifestError::DuplicateGroup(group.name.clone()));
            }
        }
        if globals == 0 { Err(ManifestError::NoGlobal) } else { Ok(()) }
    }

    /// Whether it is what was ordered: the same groups, the resources of each unit, all replicas and all ways in, no more and no less.
    ///
    /// # Errors
    /// [`ManifestError`]: what [`Manifest::check`] says first, then groups, then what is used beyond the order, then what is left of it.
    pub fn check_against(&self, groups: &[Group]) -> Result<(), ManifestError> {
        self.check()?;
        if self.groups.len() != groups.len() {
            return Err(ManifestError::GroupCount { got: self.groups.len(), ordered: groups.len() });
        }
        let mut left: BTreeMap<&str, Vec<Left<'_>>> = BTreeMap::new();
        for group in groups {
            left.insert(&group.name, group.resources.iter().map(|unit| Left::new(&unit.resources, unit.count)).collect());
        }
        for group in &self.groups {
            let units = left.get_mut(group.name.as_str()).ok_or_else(|| ManifestError::UnknownGroup(group.name.clone()))?;
            take_group(group, units)?;
        }
        for (group, units) in left {
            for unit in units {
                unit.nothing(group)?;
            }
        }
        Ok(())
    }
}

fn check_service(service: &Service) -> Result<(), String> {
    if !names::is_service(&service.name) {
        return Err("a name has small letters, digits and `-`, a letter first, no `-` last".to_owned());
    }
    if service.image.is_empty() {
        return Err("there is no image".to_owned());
    }
    check_resources(&service.resources)?;
    for env in service.env.iter().flatten() {
        let name = env.split('=').next().unwrap_or_default();
        if !names::is_env(name) {
            return Err("an environment variable has no proper name".to_owned());
        }
    }
    if !service.expose.is_sorted_by(|a, b| order(a) <= order(b)) {
        return Err("its ports are not in order: by service, port, transport, the world first".to_owned());
    }
    Ok(())
}

/// The limits of one replica.
pub(crate) fn check_resources(resources: &Resources) -> Result<(), String> {
    let volumes = resources.storage.iter().map(|volume| ("bytes of a volume", volume.size.get(), limits::VOLUME));
    let sizes = [
        ("thousandths of a CPU", resources.cpu.units.get(), limits::CPU_MILLI),
        ("GPUs", resources.gpu.units.get(), limits::GPU),
        ("bytes of memory", resources.memory.size.get(), limits::MEMORY),
    ];
    if resources.id == 0 {
        return Err("units of resources are numbered from 1".to_owned());
    }
    if resources.storage.is_empty() {
        return Err("there is no storage".to_owned());
    }
    if resources.gpu.units.get() == 0 && !resources.gpu.attributes.is_empty() {
        return Err("no GPUs are wanted, but attributes of them".to_owned());
    }
    for (what, value, range) in sizes.into_iter().chain(volumes) {
        if !range.contains(&value) {
            return Err(format!("{value} {what}; a replica may take {} to {}", range.start(), range.end()));
        }
    }
    Ok(())
}

fn check_expose<'m>(expose: &'m Expose, hosts: &mut BTreeSet<&'m str>) -> Result<(), String> {
    if !(1..=65_535).contains(&expose.port) {
        return Err(format!("{} is no port; ports are 1 to 65535", expose.port));
    }
    for host in expose.hosts.iter().flatten() {
        if !names::is_host(host) {
            return Err(format!("{} is no host name", crate::finding::quoted(host)));
        }
        if !hosts.insert(host) {
            return Err(format!("the host name `{host}` is claimed twice"));
        }
    }
    Ok(())
}

/// What of an ordered unit is not yet used.
struct Left<'g> {
    resources: &'g Resources,
    replicas: u64,
    http: u64,
    ports: u64,
    addresses: u64,
}

impl<'g> Left<'g> {
    fn new(resources: &'g Resources, count: u32) -> Self {
        let of = |kind| resources.endpoints.iter().filter(|endpoint| endpoint.kind == kind).count() as u64;
        Self {
            resources,
            replicas: count.into(),
            http: of(EndpointKind::SharedHttp),
            ports: of(EndpointKind::RandomPort),
            addresses: of(EndpointKind::LeasedIp),
        }
    }

    /// Takes what a service uses.
    fn take(&mut self, service: &Service) -> Result<(), String> {
        let count = u64::from(service.count);
        if count > self.replicas {
            return Err(format!("{count} replicas, and {} of unit {} are left of the order", self.replicas, self.resources.id));
        }
        let (sent, ordered) = (&service.resources, self.resources);
        let differs = [
            ("CPU", sent.cpu != ordered.cpu),
            ("GPUs", sent.gpu != ordered.gpu),
            ("memory", sent.memory != ordered.memory),
            ("storage", sent.storage != ordered.storage),
        ];
        if let Some((what, _)) = differs.into_iter().find(|(_, differs)| *differs) {
            return Err(format!("its {what} is not that of unit {} of the order", ordered.id));
        }
        for expose in service.expose.iter().filter(|expose| expose.global) {
            let (left, what) = if expose.is_ingress() { (&mut self.http, "HTTP endpoints") } else { (&mut self.ports, "ports") };
            *left = left.checked_sub(1).ok_or_else(|| format!("it uses more {what} than unit {} has", ordered.id))?;
            if !expose.ip.is_empty() {
                self.addresses = self
                    .addresses
                    .checked_sub(1)
                    .ok_or_else(|| format!("it uses more addresses than unit {} has", ordered.id))?;
            }
        }
        self.replicas -= count;
        Ok(())
    }

    fn nothing(&self, group: &str) -> Result<(), ManifestError> {
        let rest =
            [("HTTP endpoints", self.http), ("ports", self.ports), ("addresses", self.addresses), ("replicas", self.replicas)];
        match rest.into_iter().find(|(_, left)| *left > 0) {
            Some((what, left)) => Err(ManifestError::Unused { group: group.to_owned(), unit: self.resources.id, left, what }),
            None => Ok(()),
        }
    }
}

fn take_group(group: &ManifestGroup, units: &mut [Left<'_>]) -> Result<(), ManifestError> {
    for service in &group.services {
        let wrong = |wrong| ManifestError::Service { service: service.name.clone(), wrong };
        let id = service.resources.id;
        let unit = units.iter_mut().find(|unit| unit.resources.id == id);
        let unit = unit.ok_or_else(|| wrong(format!("the group `{}` has no unit {id}", group.name)))?;
        unit.take(service).map_err(wrong)?;
    }
    Ok(())
}
