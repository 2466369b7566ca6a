//! From a document without errors to groups and manifest.

use crate::{
    document::{ComputeDoc, Document, ExposeDoc, Rules, ServiceDoc},
    finding::Said,
    group::{Group, Price, Requirements, ResourceUnit},
    http,
    manifest::{Credentials, Expose, Manifest, ManifestGroup, Mount, Params, Permissions, Proto, Service, Tee},
    resources::{Attribute, Cpu, Endpoint, EndpointKind, Gpu, Memory, Quantity, Resources, Volume},
};
use std::collections::BTreeMap;

/// A group while it is built.
struct Building {
    group: Group,
    manifest: ManifestGroup,
    /// Which unit has which profile.
    bound: BTreeMap<String, usize>,
    tee: Option<String>,
}

/// Groups and manifest of a document in which every name leads somewhere; what does not is left out. None when more replicas share a
/// unit than 32 bits count.
pub fn build(document: &Document) -> Option<(Vec<Group>, Manifest)> {
    let numbers = numbers(document);
    let mut groups: BTreeMap<&str, Building> = BTreeMap::new();
    for (name, placements) in &document.deployment {
        for (placement_name, deployed) in placements {
            let (Some(service), Some(compute), Some(placement)) = (
                document.services.get(name),
                document.compute.get(&deployed.profile.value),
                document.placements.get(placement_name),
            ) else {
                continue;
            };
            let Some(Some(price)) = placement.pricing.get(&deployed.profile.value) else { continue };
            let building = groups.entry(placement_name).or_insert_with(|| {
                let requirements =
                    Requirements { signed_by: placement.signed_by.clone(), attributes: placement.attributes.clone() };
                Building {
                    group: Group { name: placement_name.clone(), requirements, resources: Vec::new() },
                    manifest: ManifestGroup { name: placement_name.clone(), services: Vec::new() },
                    bound: BTreeMap::new(),
                    tee: None,
                }
            });
            let count = deployed.count.value;
            let mut built = service_of(document.rules, name, service, &numbers);
            let mut resources = resources_of(compute);
            resources.endpoints = endpoints(&built.expose);
            built.resources = building.unit(document.rules, &deployed.profile.value, resources, count, &price.value)?;
            built.count = count;
            building.need(built.params.as_ref().and_then(|params| params.tee.as_ref()));
            building.manifest.services.push(built);
        }
    }
    let (groups, manifests) = groups.into_values().map(|building| (building.group, building.manifest)).unzip();
    Some((groups, Manifest { groups: manifests }))
}

impl Building {
    /// Adds replicas to the order: under version 2.0 as a unit of their own, under 2.1 to the unit of their profile. Answers with the
    /// resources of the service, which know their unit.
    fn unit(&mut self, rules: Rules, profile: &str, mut own: Resources, count: u32, price: &Price) -> Option<Resources> {
        let shared = self.bound.get(profile).copied().filter(|_| rules == Rules::V2_1);
        if let Some(unit) = shared.and_then(|index| self.group.resources.get_mut(index)) {
            own.id = unit.resources.id;
            unit.count = unit.count.checked_add(count)?;
            unit.resources.endpoints.extend(own.endpoints.iter().copied());
            unit.resources.endpoints.sort_by_key(|endpoint| endpoint.sequence_number);
            return Some(own);
        }
        own.id = u32::try_from(self.group.resources.len() + 1).ok()?;
        self.bound.insert(profile.to_owned(), self.group.resources.len());
        self.group.resources.push(ResourceUnit { resources: own.clone(), count, price: price.clone() });
        Some(own)
    }

    /// Confidential computing of a service is a requirement of its group.
    fn need(&mut self, tee: Option<&Tee>) {
        if let (None, Some(tee)) = (&self.tee, tee) {
            self.group.requirements.attributes.push(Attribute::new("tee/type", tee.kind.clone()));
            self.group.requirements.attributes.sort_by(|a, b| a.key.cmp(&b.key));
            self.tee = Some(tee.kind.clone());
        }
    }
}

/// The number of each endpoint. Upstream counts every entry that is not a plain global one, those without an address among them, in
/// the order of their names, and a name keeps the last number it gets.
fn numbers(document: &Document) -> BTreeMap<&str, u32> {
    let exposes = document.deployment.keys().filter_map(|name| document.services.get(name)).flat_map(|service| &service.expose);
    let entries = exposes.flat_map(|expose| &expose.to).filter(|to| !to.global || !to.ip.is_empty());
    let mut names: Vec<&str> = entries.map(|to| to.ip.as_str()).collect();
    names.sort_unstable();
    (1..).zip(names).map(|(number, name)| (name, number)).collect()
}

fn service_of(rules: Rules, name: &str, service: &ServiceDoc, numbers: &BTreeMap<&str, u32>) -> Service {
    let texts = |list: &Option<Vec<Said<String>>>| list.as_ref().map(|list| list.iter().map(|said| said.value.clone()).collect());
    let mut expose: Vec<Expose> = service.expose.iter().flat_map(|doc| exposes_of(doc, numbers)).collect();
    expose.sort_by(|a, b| order(a).cmp(&order(b)));
    Service {
        name: name.to_owned(),
        image: service.image.as_ref().map(|image| image.value.clone()).unwrap_or_default(),
        command: texts(&service.command),
        args: texts(&service.args),
        env: texts(&service.env),
        resources: Resources::default(),
        count: 0,
        expose,
        params: params_of(service),
        credentials: credentials_of(rules, service),
    }
}

/// By service, port and transport; what is for the world first.
pub fn order(expose: &Expose) -> (&str, u32, Proto, bool) {
    (&expose.service, expose.port, expose.proto, !expose.global)
}

fn exposes_of(doc: &ExposeDoc, numbers: &BTreeMap<&str, u32>) -> Vec<Expose> {
    let base = Expose {
        port: doc.port.value,
        external_port: doc.outside,
        proto: if doc.proto.value.eq_ignore_ascii_case("udp") { Proto::Udp } else { Proto::Tcp },
        hosts: doc.accept.as_ref().map(|hosts| hosts.iter().map(|host| host.value.clone()).collect()),
        http_options: http::options(&doc.http),
        ..Expose::default()
    };
    if doc.to.is_empty() {
        return vec![base];
    }
    let to = doc.to.iter().map(|to| {
        let number = if to.global && !to.ip.is_empty() { numbers.get(to.ip.as_str()).copied() } else { None };
        Expose {
            service: to.service.clone(),
            global: to.global,
            ip: to.ip.clone(),
            endpoint_sequence_number: number.unwrap_or_default(),
            ..base.clone()
        }
    });
    to.collect()
}

/// The ways in from outside, those of each port by their numbers.
fn endpoints(exposes: &[Expose]) -> Vec<Endpoint> {
    let mut endpoints = Vec::new();
    for expose in exposes.iter().filter(|expose| expose.global) {
        let kind = if expose.is_ingress() { EndpointKind::SharedHttp } else { EndpointKind::RandomPort };
        let port = Endpoint { kind, sequence_number: 0 };
        if expose.ip.is_empty() {
            endpoints.push(port);
        } else {
            let address = Endpoint { kind: EndpointKind::LeasedIp, sequence_number: expose.endpoint_sequence_number };
            // An address has a number above 0, and so comes behind its port.
            endpoints.extend([port, address]);
        }
    }
    endpoints
}

fn params_of(service: &ServiceDoc) -> Option<Params> {
    let doc = service.params.as_ref()?;
    let mounts = doc.storage.iter().map(|(name, mount)| Mount {
        name: name.clone(),
        mount: mount.mount.clone(),
        read_only: mount.read_only,
    });
    let read = |list: &Vec<Said<String>>| Permissions { read: list.iter().map(|said| said.value.clone()).collect() };
    Some(Params {
        storage: (!doc.storage.is_empty()).then(|| mounts.collect()),
        permissions: doc.permissions.as_ref().map(read),
        tee: doc.tee.as_ref().map(|tee| Tee { kind: tee.value.clone(), attestation: true }),
    })
}

/// Version 2.0 sends them as they are and drops the email; version 2.1 trims all four.
fn credentials_of(rules: Rules, service: &ServiceDoc) -> Option<Credentials> {
    let doc = service.credentials.as_ref()?;
    Some(match rules {
        Rules::V2_0 => Credentials {
            host: doc.host.clone(),
            email: String::new(),
            username: doc.username.clone(),
            password: doc.password.clone(),
        },
        Rules::V2_1 => Credentials {
            host: doc.host.trim().to_owned(),
            email: doc.email.trim().to_owned(),
            username: doc.username.trim().to_owned(),
            password: doc.password.trim().to_owned(),
        },
    })
}

fn resources_of(compute: &ComputeDoc) -> Resources {
    let value = |said: &Option<Said<u64>>| Quantity::new(said.as_ref().map_or(0, |said| said.value));
    let volume = |doc: &crate::document::VolumeDoc| Volume {
        name: doc.name.clone(),
        size: Quantity::new(doc.size.value),
        attributes: doc.attributes.clone(),
    };
    let gpu = compute.gpu.as_ref().map(|gpu| Gpu { units: Quantity::new(gpu.units.value), attributes: gpu.attributes.clone() });
    Resources {
        id: 0,
        cpu: Cpu { units: value(&compute.cpu), attributes: compute.cpu_attributes.clone() },
        memory: Memory { size: value(&compute.memory) },
        storage: compute.storage.iter().map(volume).collect(),
        gpu: gpu.unwrap_or_default(),
        endpoints: Vec::new(),
    }
}
