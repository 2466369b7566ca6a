//! The 21 files of `tests/files`: 20 are accepted, one is refused for two reasons.

use depin_sdl::{Deployment, Refused, Severity, read_bytes};
use std::{collections::BTreeMap, fs};

fn files() -> BTreeMap<String, Vec<u8>> {
    let folder = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files")).expect("the folder is there");
    let paths = folder.map(|entry| entry.expect("an entry").path());
    let yaml = paths.filter(|path| path.extension().is_some_and(|end| end == "yaml" || end == "yml"));
    yaml.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).expect("a file"))).collect()
}

fn verdict(name: &str) -> Result<Deployment, Refused> {
    read_bytes(&files()[name])
}

#[test]
fn twenty_files_are_accepted() {
    let files = files();
    assert_eq!(files.len(), 21);
    for (name, bytes) in files.iter().filter(|(name, _)| *name != "minio__deploy.yml") {
        let deployment = read_bytes(bytes).unwrap_or_else(|refused| panic!("{name}: {refused}"));
        assert_eq!(deployment.manifest().check_against(deployment.groups()), Ok(()), "{name}");
        assert_eq!(depin_sdl::check_groups(deployment.groups()), Ok(()), "{name}");
    }
}

#[test]
fn minio_is_refused_for_a_mapping_and_for_a_volume_without_mount() {
    let refused = verdict("minio__deploy.yml").unwrap_err();
    let errors: Vec<(usize, &str)> = refused.errors().map(|error| (error.line, error.path.as_str())).collect();
    assert_eq!(
        errors,
        [(12, "services.minio.expose[0].to"), (43, "profiles.compute.minio.resources.storage[0].size")],
        "{refused}"
    );
    let text = refused.to_string();
    assert!(text.contains("a mapping stands where a list is meant"), "{text}");
    assert!(text.contains("`default` has no mount in the service `minio`"), "{text}");
    let warned = refused.findings().iter().find(|finding| finding.severity == Severity::Warning).expect("`cmd` is warned of");
    assert_eq!((warned.line, warned.path.as_str()), (26, "services.minio.cmd"));
    assert!(
        warned.hint.contains("did you mean `command`?") || warned.hint.contains("known here: image, command"),
        "{}",
        warned.hint
    );
}

#[test]
fn keys_that_upstream_passes_over_are_warned_of() {
    let deployment = verdict("Redash__deploy.yaml").unwrap();
    let paths: Vec<&str> = deployment.warnings().iter().map(|warning| warning.path.as_str()).collect();
    for path in ["services.postgres.volumes", "services.postgres.restart", "services.nginx.links", "services.redash.depends_on"] {
        assert!(paths.contains(&path), "{path} is not among {paths:?}");
    }
}

#[test]
fn options_beyond_what_upstreams_command_line_takes_are_warned_of() {
    let deployment = verdict("codex__deploy.yml").unwrap();
    let messages: Vec<&str> = deployment.warnings().iter().map(|warning| warning.message.as_str()).collect();
    for (what, most) in
        [("max_body_size is 1073741824", "104857600"), ("read_timeout is 500000", "60000"), ("send_timeout is 510000", "60000")]
    {
        assert!(messages.iter().any(|message| message.contains(what) && message.contains(most)), "{messages:?}");
    }
}

#[test]
fn prices_are_those_of_the_files() {
    let price = verdict("micro-services-example__deploy.yaml").unwrap().price();
    assert_eq!((price.amount.to_decimal().as_str(), price.denom.as_str()), ("1000000", "uact"));
    let price = verdict("axolotlai__deploy-persistent.yaml").unwrap().price();
    assert_eq!((price.amount.to_decimal().as_str(), &price.denom[..8]), ("2000000", "ibc/170C"));
}

#[test]
fn endpoints_are_those_of_the_files() {
    let kinds = |name: &str| {
        let deployment = verdict(name).unwrap();
        let endpoints = deployment.groups()[0].resources.iter().flat_map(|unit| unit.resources.endpoints.clone());
        endpoints.map(|endpoint| (endpoint.kind as u8, endpoint.sequence_number)).collect::<Vec<_>>()
    };
    assert_eq!(kinds("tetris__deploy.yaml"), [(0, 0)]);
    assert_eq!(kinds("logos-blockchain-node__deploy.yaml"), [(1, 0), (2, 2), (1, 0), (2, 2)]);
    // Six entries come before in the order of names: those without an address count, and the last of four wins.
    assert_eq!(kinds("codex__deploy.yml")[..2], [(1, 0), (2, 6)]);
}
