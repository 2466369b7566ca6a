//! A manifest against an order: nothing over, nothing under.

use depin_sdl::{EndpointKind, Group, Manifest, ManifestError, OrderError, Quantity, check_groups, read};

fn deployed() -> (Manifest, Vec<Group>) {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/rules-2.1.yaml")).expect("it is there");
    let deployment = read(&text).unwrap_or_else(|refused| panic!("{refused}"));
    (deployment.manifest().clone(), deployment.groups().to_vec())
}

/// What a changed manifest is refused for.
fn refused(change: impl FnOnce(&mut Manifest, &mut Vec<Group>)) -> String {
    let (mut manifest, mut groups) = deployed();
    assert_eq!(manifest.check_against(&groups), Ok(()));
    change(&mut manifest, &mut groups);
    manifest.check_against(&groups).expect_err("it was changed").to_string()
}

#[test]
fn groups_are_those_of_the_order() {
    assert!(refused(|manifest, _| manifest.groups.clear()).contains("no groups"));
    assert!(refused(|manifest, _| manifest.groups.truncate(1)).contains("1 groups, and 2 were ordered"));
    assert!(refused(|manifest, _| manifest.groups[0].name = "north".to_owned()).contains("no group `north` was ordered"));
    assert!(refused(|manifest, _| manifest.groups[1].name = "east".to_owned()).contains("`east` is there twice"));
    assert!(refused(|manifest, _| manifest.groups[0].services.clear()).contains("has no services"));
    assert!(refused(|manifest, _| manifest.groups[1].services.swap(0, 1)).contains("not in the order"));
}

#[test]
fn resources_are_those_of_the_unit() {
    let text = refused(|manifest, _| manifest.groups[1].services[0].resources.id = 7);
    assert!(text.contains("the group `west` has no unit 7"), "{text}");
    for (what, word) in [(0, "CPU"), (1, "GPUs"), (2, "memory"), (3, "storage")] {
        let text = refused(|manifest, _| {
            let resources = &mut manifest.groups[1].services[0].resources;
            match what {
                0 => resources.cpu.units = Quantity::new(251),
                1 => resources.gpu.attributes.truncate(1),
                2 => resources.memory.size = Quantity::new(2 << 30),
                _ => resources.storage.truncate(2),
            }
        });
        assert!(text.contains(&format!("its {word} is not that of unit 1")), "{text}");
    }
    let text = refused(|manifest, _| manifest.groups[1].services[0].resources.cpu.units = Quantity::new(9));
    assert!(text.contains("a replica may take 10 to 384000"), "{text}");
}

#[test]
fn replicas_and_ways_in_are_used_up_exactly() {
    assert!(refused(|manifest, _| manifest.groups[1].services[0].count = 6).contains("6 replicas, and 5 of unit 1 are left"));
    assert!(refused(|manifest, _| manifest.groups[1].services[0].count = 2).contains("1 more replicas were ordered"));
    assert!(refused(|_, groups| groups[1].resources[0].count = 6).contains("1 more replicas were ordered"));
    let text = refused(|_, groups| groups[0].resources[0].resources.endpoints.clear());
    assert!(text.contains("uses more ports than unit 1 has"), "{text}");
    let text = refused(|_, groups| groups[1].resources[0].resources.endpoints.retain(|e| e.kind != EndpointKind::LeasedIp));
    assert!(text.contains("uses more addresses than unit 1 has"), "{text}");
    let text = refused(|manifest, _| manifest.groups[1].services[1].expose.retain(|e| e.port != 7000));
    assert!(text.contains("1 more ports were ordered"), "{text}");
    let text = refused(|_, groups| {
        let shared = groups[1].resources[0].resources.endpoints[0];
        groups[1].resources[0].resources.endpoints.push(shared);
    });
    assert!(text.contains("more ports were ordered") || text.contains("more HTTP endpoints were ordered"), "{text}");
}

#[test]
fn services_of_a_sent_manifest_are_judged_as_those_of_a_file() {
    let first = |change: fn(&mut depin_sdl::Service)| refused(|manifest, _| change(&mut manifest.groups[1].services[0]));
    assert!(first(|service| service.name = "Web".to_owned()).contains("small letters"));
    assert!(first(|service| service.image.clear()).contains("no image"));
    assert!(first(|service| service.env = Some(vec!["1A=secret".to_owned()])).contains("no proper name"));
    assert!(first(|service| service.expose.reverse()).contains("not in order"));
    assert!(first(|service| service.expose[0].port = 0).contains("0 is no port"));
    let hosts = |hosts: &[&str]| {
        refused(|manifest, _| {
            manifest.groups[0].services[0].expose[0].hosts = Some(hosts.iter().map(|h| (*h).to_owned()).collect())
        })
    };
    assert!(hosts(&["example.com"]).contains("`example.com` is claimed twice"));
    assert!(hosts(&["no host"]).contains("is no host name"));
    let text = refused(|manifest, _| {
        manifest
            .groups
            .iter_mut()
            .flat_map(|group| &mut group.services)
            .flat_map(|service| &mut service.expose)
            .for_each(|e| e.global = false);
        manifest.groups[1].services[0].expose.sort_by_key(|e| (e.service.clone(), e.port));
    });
    assert!(text.contains("no service of the manifest is reached"), "{text}");
}

#[test]
fn what_was_sent_is_read_or_refused() {
    let (manifest, _) = deployed();
    let json = manifest.to_json();
    assert_eq!(Manifest::from_json(&json.replace("\"count\":3", "\"count\":3,\"later\":1")).unwrap(), manifest);
    for (from, to) in [
        ("\"count\":3", "\"count\":-3"),
        ("{\"val\":\"2\"}", "{\"val\":\"-2\"}"),
        ("\"proto\":\"TCP\"", "\"proto\":\"SCTP\""),
        ("\"kind\":1", "\"kind\":3"),
    ] {
        assert!(json.contains(from), "{from}");
        assert!(Manifest::from_json(&json.replacen(from, to, 1)).is_err(), "{to}");
    }
}

#[test]
fn an_order_is_judged_without_its_file() {
    let (_, groups) = deployed();
    assert_eq!(check_groups(&groups), Ok(()));
    let changed = |change: fn(&mut Vec<Group>)| {
        let mut groups = groups.clone();
        change(&mut groups);
        check_groups(&groups).unwrap_err()
    };
    assert_eq!(changed(Vec::clear), OrderError::NoGroups);
    assert_eq!(changed(|groups| groups[1].name = "east".to_owned()), OrderError::Name("east".to_owned()));
    assert_eq!(changed(|groups| groups[0].resources.clear()), OrderError::NoUnits("east".to_owned()));
    let twice = changed(|groups| {
        let unit = groups[0].resources[0].clone();
        groups[0].resources.push(unit);
    });
    assert_eq!(twice, OrderError::DuplicateUnit { group: "east".to_owned(), unit: 1 });
    let denom = changed(|groups| groups[1].resources[0].price.denom = "uakt".to_owned());
    assert_eq!(denom, OrderError::Denom { first: "uact".to_owned(), other: "uakt".to_owned() });
    let total = changed(|groups| groups[0].resources[0].count = 0);
    assert!(total.to_string().contains("takes 0 thousandths of a CPU"), "{total}");
    let free = changed(|groups| groups[0].resources[0].price.amount = depin_quantity::Decimal18::ZERO);
    assert!(free.to_string().contains("not above zero"), "{free}");
    assert!(matches!(changed(|groups| groups[0].resources[0].resources.id = 0), OrderError::Unit { .. }));
    assert_eq!(ManifestError::Empty.to_string(), "the manifest has no groups");
}
