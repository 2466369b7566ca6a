//! Manifests and hashes against a second derivation, in another language, with another YAML library (`golden/derive.py`).

use depin_sdl::{Manifest, read};
use std::fs;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/");

fn text(path: &str) -> String {
    fs::read_to_string(format!("{ROOT}{path}")).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn source(name: &str) -> String {
    text(&if name == "rules-2.1.yaml" { format!("golden/{name}") } else { format!("files/{name}") })
}

#[test]
fn every_accepted_file_has_the_hash_of_the_second_derivation() {
    let hashes = text("golden/hashes.txt");
    assert_eq!(hashes.lines().count(), 21);
    for line in hashes.lines() {
        let (hash, name) = line.split_once("  ").expect("hash and name");
        let deployment = read(&source(name)).unwrap_or_else(|refused| panic!("{name}: {refused}"));
        assert_eq!(deployment.hash().to_string(), hash, "{name}: {}", deployment.manifest().sorted_json());
    }
}

#[test]
fn manifests_are_those_of_the_second_derivation_byte_for_byte() {
    for name in [
        "Mistral-7B__deploy.yaml",
        "RAIR-Dapp__deploy.yml",
        "Redash__deploy.yaml",
        "codex__deploy.yml",
        "tetris__deploy.yaml",
        "rules-2.1.yaml",
    ] {
        let manifest = read(&source(name)).unwrap().manifest().clone();
        assert_eq!(manifest.sorted_json() + "\n", text(&format!("golden/{name}.json")), "{name}");
        let sent = Manifest::from_json(&manifest.to_json()).unwrap();
        assert_eq!((sent.hash(), &sent), (manifest.hash(), &manifest), "{name}");
    }
}

#[test]
fn a_manifest_is_sent_with_upstreams_order_of_fields() {
    let manifest = read(&source("tetris__deploy.yaml")).unwrap().manifest().to_json();
    let expected = concat!(
        r#"[{"name":"akash","services":[{"name":"tetris","image":"bsord/tetris","command":null,"args":null,"env":null,"#,
        r#""resources":{"id":1,"cpu":{"units":{"val":"1000"}},"memory":{"size":{"val":"536870912"}},"#,
        r#""storage":[{"name":"default","size":{"val":"536870912"}}],"gpu":{"units":{"val":"0"}},"endpoints":[{"sequence_number":0}]},"#,
        r#""count":1,"expose":[{"port":80,"externalPort":80,"proto":"TCP","service":"","global":true,"hosts":null,"#,
        r#""httpOptions":{"maxBodySize":1048576,"readTimeout":60000,"sendTimeout":60000,"nextTries":3,"nextTimeout":0,"#,
        r#""nextCases":["error","timeout"]},"ip":"","endpointSequenceNumber":0}],"credentials":null}]}]"#
    );
    assert_eq!(manifest, expected);
}

/// Number, replicas and ways in.
type Unit = (u32, u32, usize);

#[test]
fn services_of_one_profile_share_a_unit_under_2_1_and_not_under_2_0() {
    let text = source("rules-2.1.yaml");
    let units = |text: &str| -> Vec<(String, Vec<Unit>)> {
        let deployment = read(text).unwrap_or_else(|refused| panic!("{refused}"));
        assert_eq!(deployment.manifest().check_against(deployment.groups()), Ok(()));
        let unit = |unit: &depin_sdl::ResourceUnit| (unit.resources.id, unit.count, unit.resources.endpoints.len());
        deployment.groups().iter().map(|group| (group.name.clone(), group.resources.iter().map(unit).collect())).collect()
    };
    let list =
        |parts: &[(&str, &[Unit])]| parts.iter().map(|(name, units)| ((*name).to_owned(), units.to_vec())).collect::<Vec<_>>();
    assert_eq!(units(&text), list(&[("east", &[(1, 1, 1)]), ("west", &[(1, 5, 6)])]));
    let old = text.replace("\"2.1\"", "\"2.0\"").replace("persistent: true, class: beta2", "persistent: false");
    assert_eq!(units(&old), list(&[("east", &[(1, 1, 1)]), ("west", &[(1, 3, 4), (2, 2, 2)])]));
    // An address on two placements is taken twice.
    let twice = text.replace(
        "    west: {profile: small, count: 2}\n",
        "    west: {profile: small, count: 2}\n    east: {profile: small, count: 1}\n",
    );
    let refused = read(&twice).unwrap_err().to_string();
    assert!(refused.contains("port 7000 of `back` is taken by the service `worker`"), "{refused}");
}
