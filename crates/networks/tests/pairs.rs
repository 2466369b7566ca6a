//! Any service under any economy: every pair, and parts mixed, give files without an error or a warning.

#[path = "drive/files.rs"]
mod files;

use depin_economy::Spec;
use depin_quantity::Instant;
use depin_services::{
    descriptor::{Finding, SERVICES, Severity, service},
    metered::MeteredParams,
    storage::StorageParams,
};
use files::{FIVE, mixed};

/// What is wrong or odd with a file, by the reader and by the service's descriptor. A gap that the file itself explains is neither.
fn wrong(toml: &str) -> Vec<String> {
    let spec = match Spec::parse(toml) {
        Ok(spec) => spec,
        Err(errors) => return errors.problems().iter().map(ToString::to_string).collect(),
    };
    let service = service(spec.network().service.as_str()).unwrap();
    let parameters = service.read_parameters(&spec).err();
    // What runs live reads the file once more, with its own eyes.
    let live = match service.name.as_str() {
        "storage" => StorageParams::read(&spec, Instant::new(0)).err(),
        "metered" => MeteredParams::read(&spec).err(),
        _ => None,
    };
    let findings = service.findings(&spec);
    let told = |finding: &&Finding| finding.severity == Severity::Error || spec.said(&finding.path).is_none();
    let bad = findings.iter().filter(told).map(ToString::to_string);
    let odd = spec.warnings().iter().filter(|warning| !warning.known).map(ToString::to_string);
    let bad = bad.chain(odd);
    parameters.iter().chain(&live).flat_map(|errors| errors.problems()).map(ToString::to_string).chain(bad).collect()
}

#[test]
fn every_service_under_every_economy_is_a_file_without_an_error_or_a_warning() {
    let mut bad = Vec::new();
    for service in SERVICES {
        for (i, (network, _)) in FIVE.iter().enumerate() {
            let problems = wrong(&mixed(service.name.as_str(), i, i, i).toml);
            bad.extend(problems.iter().map(|problem| format!("{} on {network}: {problem}", service.name)));
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn parts_of_different_networks_are_files_without_an_error_or_a_warning() {
    let mut bad = Vec::new();
    for service in SERVICES {
        for parts in 0..125 {
            let (e, p, s) = (parts / 25, parts / 5 % 5, parts % 5);
            let problems = wrong(&mixed(service.name.as_str(), e, p, s).toml);
            let parts = format!("{} on {}/{}/{}", service.name, FIVE[e].0, FIVE[p].0, FIVE[s].0);
            bad.extend(problems.iter().map(|problem| format!("{parts}: {problem}")));
        }
    }
    assert!(bad.is_empty(), "{} problems, such as\n{}", bad.len(), bad[..bad.len().min(60)].join("\n"));
}
