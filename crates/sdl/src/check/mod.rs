//! The rules between the parts of a file, and those of what is deployed.
//!
//! As upstream, a service, profile or placement that nothing deploys is not judged. Unlike upstream, which stops at the first wrong
//! thing, all are said; a rule about the whole is judged only where all of it could be read.

mod service;
mod volumes;

use crate::{
    document::{ComputeDoc, DeployedDoc, Document, EndpointDoc, PlacementDoc, ServiceDoc},
    finding::{At, Findings, quoted},
    limits::{self, Totals},
    names,
};
use depin_quantity::nearest_name;
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

/// Says all that is wrong with what a document deploys.
pub fn check(document: &Document, findings: &mut Findings) {
    Check { document, findings, hosts: BTreeMap::new(), ports: BTreeMap::new(), used: BTreeSet::new(), globals: 0 }.run();
}

struct Check<'d> {
    document: &'d Document,
    findings: &'d mut Findings,
    /// Where each host name was claimed.
    hosts: BTreeMap<&'d str, &'d At>,
    /// Which service has a port of an address. Port and transport are taken as written, as upstream does.
    ports: BTreeMap<(&'d str, u32, &'d str), &'d str>,
    /// Endpoints that something is reached at.
    used: BTreeSet<&'d str>,
    globals: usize,
}

/// One service on one placement, with all that it refers to.
#[derive(Clone, Copy)]
struct Placed<'d> {
    name: &'d str,
    service: &'d ServiceDoc,
    compute_name: &'d str,
    compute: &'d ComputeDoc,
    placement: &'d PlacementDoc,
    placement_name: &'d str,
    deployed: &'d DeployedDoc,
}

impl<'d> Check<'d> {
    fn run(&mut self) {
        let document = self.document;
        for (name, endpoint) in &document.endpoints {
            self.endpoint(name, endpoint);
        }
        let mut placed = Vec::new();
        for (name, placements) in &document.deployment {
            for (placement_name, deployed) in placements {
                placed.extend(self.placed(name, placement_name, deployed));
            }
        }
        for one in &placed {
            self.service(one);
            self.params(one);
            self.compute(one);
            self.addresses(one);
        }
        self.groups(&placed);
        self.unused();
        let whole = self.findings.count() == 0;
        if document.deployment.values().all(BTreeMap::is_empty) {
            let hint = "add `deployment: {SERVICE: {PLACEMENT: {profile: …, count: 1}}}`";
            self.findings.error(&document.deployment_at, "nothing is deployed", hint);
        } else if whole && self.globals == 0 {
            let hint = "give one port `to: [{global: true}]`";
            self.findings.error(&document.at, "no service is reached from outside", hint);
        }
    }

    fn endpoint(&mut self, name: &str, endpoint: &EndpointDoc) {
        if !names::is_endpoint(name) {
            let hint = "small letters, digits, `-` and `_`, at least two, a letter first";
            self.findings.error(&endpoint.at, format!("{} is no name of an endpoint", quoted(name)), hint);
        }
        if endpoint.kind.value != "ip" {
            let message = match endpoint.kind.value.as_str() {
                "" => "the endpoint has no kind".to_owned(),
                kind => format!("no endpoint has the kind {}", quoted(kind)),
            };
            self.findings.error(&endpoint.kind.at, message, "write `kind: ip`");
        }
    }

    /// All that a deployed service refers to; every name that leads nowhere is an error.
    fn placed(&mut self, name: &'d str, placement_name: &'d str, deployed: &'d DeployedDoc) -> Option<Placed<'d>> {
        let document = self.document;
        let profile = deployed.profile.value.as_str();
        let service = self.found(&document.services, name, "service", "services", &deployed.at);
        let compute = self.found(&document.compute, profile, "compute profile", "profiles.compute", &deployed.profile.at);
        let placement = self.found(&document.placements, placement_name, "placement", "profiles.placement", &deployed.at);
        if let Some(placement) = placement
            && !placement.pricing.contains_key(profile)
        {
            let message = format!("the placement {} has no price for the profile {}", quoted(placement_name), quoted(profile));
            let hint = format!("add `pricing: {{{profile}: {{amount: …, denom: uact}}}}` to it");
            self.findings.error(&deployed.at, message, hint);
        }
        if deployed.count.value == 0 {
            let hint = "write `count: 1`; a group without any replica is refused";
            self.findings.warn(&deployed.count.at, "no replica of it is wanted", hint);
        }
        let (service, compute, placement) = (service?, compute?, placement?);
        Some(Placed { name, service, compute_name: profile, compute, placement, placement_name, deployed })
    }

    fn found<T>(&mut self, all: &'d BTreeMap<String, T>, name: &str, what: &str, path: &str, at: &At) -> Option<&'d T> {
        let found = all.get(name);
        if found.is_none() {
            let known: Vec<&str> = all.keys().map(String::as_str).collect();
            let hint = match (nearest_name(name, known.iter().copied()), known.is_empty()) {
                (Some(near), _) => format!("did you mean `{near}`?"),
                (None, true) => format!("add it to `{path}`"),
                (None, false) => format!("`{path}` has: {}", known.join(", ").chars().take(200).collect::<String>()),
            };
            self.findings.error(at, format!("no {what} is called {}", quoted(name)), hint);
        }
        found
    }

    /// What one replica may take.
    fn compute(&mut self, placed: &Placed<'d>) {
        let compute = placed.compute;
        if compute.broken {
            return;
        }
        let sizes = [
            ("CPU", "thousandths of a CPU", &compute.cpu, limits::CPU_MILLI),
            ("memory", "bytes", &compute.memory, limits::MEMORY),
        ];
        for (what, unit, said, range) in sizes {
            match said {
                Some(said) => self.within(said.value, &range, &said.at, unit),
                None => {
                    let message = format!("the profile {} says nothing of {what}", quoted(placed.compute_name));
                    self.findings.error(
                        &compute.at,
                        message,
                        "add `resources: {cpu: {units: 1}, memory: {size: 512Mi}, storage: {size: 512Mi}}`",
                    );
                }
            }
        }
        if let Some(gpu) = &compute.gpu {
            self.within(gpu.units.value, &limits::GPU, &gpu.units.at, "GPUs");
        }
        if compute.storage.is_empty() {
            let message = format!("the profile {} has no storage", quoted(placed.compute_name));
            self.findings.error(&compute.at, message, "add `storage: {size: 512Mi}`; every container has a root volume");
        }
        for volume in &compute.storage {
            self.within(volume.size.value, &limits::VOLUME, &volume.size.at, "bytes");
        }
    }

    fn within(&mut self, value: u64, range: &RangeInclusive<u64>, at: &At, unit: &str) {
        if !range.contains(&value) {
            let hint = format!("from {} to {} {unit} for each replica", range.start(), range.end());
            self.findings.error(at, format!("{value} {unit} are outside what a replica may take"), hint);
        }
    }

    /// Addresses of one's own: who may have one, and which ports of it are free.
    fn addresses(&mut self, placed: &Placed<'d>) {
        for expose in &placed.service.expose {
            for to in expose.to.iter().filter(|to| !to.ip.is_empty()) {
                if !to.global {
                    self.findings.error(
                        &to.at,
                        "an address is asked for what the world may not use",
                        "add `global: true`, or remove `ip`",
                    );
                    continue;
                }
                if self.found(&self.document.endpoints, &to.ip, "endpoint", "endpoints", &to.at).is_none() {
                    continue;
                }
                self.used.insert(&to.ip);
                let key = (to.ip.as_str(), expose.outside, expose.proto.value.as_str());
                if let Some(other) = self.ports.insert(key, placed.name) {
                    let message =
                        format!("port {} of {} is taken by the service {}", expose.port.value, quoted(&to.ip), quoted(other));
                    self.findings.error(
                        &to.at,
                        message,
                        "give each `as` and `proto` of an address to one service, on one placement",
                    );
                }
            }
        }
    }

    /// One currency, and no more than a group may take.
    fn groups(&mut self, placed: &[Placed<'d>]) {
        let mut totals: BTreeMap<&str, Totals> = BTreeMap::new();
        let mut denom: Option<&str> = None;
        let mut tees: BTreeMap<&str, &str> = BTreeMap::new();
        for one in placed {
            let count = one.deployed.count.value;
            let value = |said: &Option<crate::finding::Said<u64>>| said.as_ref().map_or(0, |said| said.value);
            let gpus = one.compute.gpu.as_ref().map_or(0, |gpu| gpu.units.value);
            let total = totals.entry(one.placement_name).or_default();
            *total = total.with(value(&one.compute.cpu), gpus, value(&one.compute.memory), count);
            if let Some(Some(price)) = one.placement.pricing.get(one.compute_name) {
                let first = *denom.get_or_insert(&price.value.denom);
                if first != price.value.denom {
                    let message = format!("this price is in {}, others are in {}", quoted(&price.value.denom), quoted(first));
                    self.findings.error(&price.at, message, "name one currency for the whole deployment");
                }
            }
            if let Some(tee) = one.service.params.as_ref().and_then(|params| params.tee.as_ref()) {
                let first = *tees.entry(one.placement_name).or_insert(&tee.value);
                if first != tee.value {
                    let message = format!("the placement {} already needs {}", quoted(one.placement_name), quoted(first));
                    self.findings.error(&tee.at, message, "services of one placement share one kind of `tee`");
                }
            }
        }
        // What is wrong with a replica, or with what could not be read, was said.
        if self.findings.count() > 0 {
            return;
        }
        for (name, total) in totals {
            if let Some((what, total, most)) = total.wrong() {
                let message = format!("the group {} takes {total} {what}", quoted(name));
                let at = placed.iter().find(|one| one.placement_name == name).map_or(&self.document.at, |one| &one.placement.at);
                self.findings.error(at, message, format!("more than none, and at most {most} by all its replicas together"));
            }
        }
    }

    /// What is there and leads nowhere.
    fn unused(&mut self) {
        let document = self.document;
        let readable = self.findings.count() == 0;
        for (name, endpoint) in &document.endpoints {
            if readable && !self.used.contains(name.as_str()) {
                let message = format!("the endpoint {} is used by no service", quoted(name));
                self.findings.error(&endpoint.at, message, "remove it, or name it as `ip` of a `to`");
            }
        }
        for (name, service) in &document.services {
            if document.deployment.get(name).is_none_or(BTreeMap::is_empty) {
                let message = format!("the service {} is not deployed", quoted(name));
                self.findings.warn(&service.at, message, "add it to `deployment`, or remove it");
            }
        }
    }
}
