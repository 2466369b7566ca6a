//! Files that are wrong, one way each: what is said, where, and that nothing is half accepted.

use depin_sdl::{BYTES_MAX, ENTRIES_MAX, FINDINGS_MAX, Refused, Severity, read, read_bytes};
use std::time::{Duration, Instant};

const GOOD: &str = r#"version: "2.0"
services:
  web:
    image: nginx:1.27
    env:
      - GREETING=hello
    expose:
      - port: 80
        as: 80
        to:
          - global: true
profiles:
  compute:
    web:
      resources:
        cpu:
          units: 0.5
        memory:
          size: 512Mi
        storage:
          - size: 1Gi
  placement:
    west:
      pricing:
        web:
          denom: uact
          amount: 1000
deployment:
  web:
    west:
      profile: web
      count: 1
"#;

fn changed(from: &str, to: &str) -> String {
    assert_eq!(GOOD.matches(from).count(), 1, "`{from}` stands there once");
    GOOD.replace(from, to)
}

fn refused(text: &str) -> Refused {
    match read(text) {
        Ok(_) => panic!("accepted:\n{text}"),
        Err(refused) => {
            for finding in refused.findings() {
                assert!(finding.line >= 1 && finding.column >= 1 && finding.span.end <= text.len(), "{finding:?}");
                assert!(text.get(finding.span.clone()).is_some(), "{finding:?} cuts a character");
                assert!(!finding.message.is_empty() && !finding.hint.is_empty(), "{finding:?}");
            }
            refused
        }
    }
}

/// What a change is refused for, and where.
fn wrong(from: &str, to: &str, path: &str, words: &str) {
    let text = changed(from, to);
    let refused = refused(&text);
    let found = refused.errors().any(|error| error.path == path && format!("{}; {}", error.message, error.hint).contains(words));
    assert!(found, "no `{words}` at `{path}` for `{to}`:\n{refused}");
}

fn warned(text: &str, path: &str, words: &str) {
    let deployment = read(text).unwrap_or_else(|refused| panic!("{refused}"));
    let found = deployment.warnings().iter().any(|warning| warning.path == path && warning.to_string().contains(words));
    assert!(found, "no `{words}` at `{path}`: {:#?}", deployment.warnings());
}

#[test]
fn the_file_that_the_others_are_made_of_is_good() {
    let deployment = read(GOOD).unwrap();
    assert!(deployment.warnings().is_empty(), "{:#?}", deployment.warnings());
    let with_crlf = read(&GOOD.replace('\n', "\r\n")).unwrap();
    assert_eq!(with_crlf.hash(), deployment.hash());
}

#[test]
fn a_misspelt_key_is_refused_or_warned_of_with_the_right_one() {
    wrong("profiles:", "profile:", "profile", "did you mean `profiles`?");
    wrong("units: 0.5", "unit: 0.5", "profiles.compute.web.resources.cpu.unit", "did you mean `units`?");
    warned(&changed("    env:", "    envs:"), "services.web.envs", "did you mean `env`?");
    warned(&changed("        as: 80", "        As: 80"), "services.web.expose[0].As", "did you mean `as`?");
}

#[test]
fn sizes_that_overflow_or_are_out_of_bounds_are_refused() {
    let cpu = "profiles.compute.web.resources.cpu.units";
    for (units, words) in [
        ("-1", "no number"),
        ("-0.5", "negative"),
        ("99999999999999999999", "64 bits"),
        ("9m", "outside"),
        ("385", "outside"),
        ("1e30", "64 bits"),
        ("two", "no number"),
    ] {
        wrong("units: 0.5", &format!("units: {units}"), cpu, if units == "-1" { "negative" } else { words });
    }
    let memory = "profiles.compute.web.resources.memory.size";
    for (size, words) in [
        ("1023Ki", "outside"),
        ("3Ti", "outside"),
        ("512MB", "no number"),
        ("512m", "no number"),
        ("16Ei", "64 bits"),
        ("-1Gi", "negative"),
    ] {
        wrong("size: 512Mi", &format!("size: {size}"), memory, words);
    }
    wrong("size: 1Gi", "size: 4Mi", "profiles.compute.web.resources.storage[0].size", "outside");
    wrong("size: 1Gi", "size: 33Ti", "profiles.compute.web.resources.storage[0].size", "outside");
}

#[test]
fn counts_are_whole_and_not_negative() {
    let path = "deployment.web.west.count";
    for count in ["-1", "4294967296", "many", "\"1\"", "[1]"] {
        wrong("count: 1", &format!("count: {count}"), path, "whole number from 0");
    }
    wrong("count: 1", "count: 0", "profiles.placement.west", "more than none");
    wrong("count: 1", "count: 40000", "profiles.placement.west", "20000000 thousandths of a CPU");
    warned(&changed("count: 1", "count: 2.7"), path, "read as 2");
}

#[test]
fn prices_are_above_zero_in_a_currency() {
    let amount = "profiles.placement.west.pricing.web.amount";
    for (text, words) in [
        ("0", "is nothing"),
        ("-1", "is negative"),
        ("10000001", "too much"),
        ("1e3", "no decimal"),
        ("0.1234567890123456789", "18 places"),
    ] {
        wrong("amount: 1000", &format!("amount: {text}"), amount, words);
    }
    wrong("denom: uact", "denom: \"u act\"", "profiles.placement.west.pricing.web.denom", "is no currency");
    warned(&changed("denom: uact", "denom: udoge"), "profiles.placement.west.pricing.web.denom", "none of the currencies");
    let two = changed("          amount: 1000\n", "          amount: 1000\n        db: {denom: uakt, amount: 1}\n")
        .replace("deployment:\n", "deployment:\n  db:\n    west: {profile: db, count: 1}\n")
        .replace("services:\n", "services:\n  db: {image: db}\n")
        .replace(
            "  compute:\n",
            "  compute:\n    db: {resources: {cpu: {units: 1}, memory: {size: 1Gi}, storage: {size: 1Gi}}}\n",
        );
    assert!(refused(&two).to_string().contains("name one currency"));
}

#[test]
fn names_that_lead_nowhere_are_said_with_the_nearest() {
    wrong("profile: web", "profile: wbe", "deployment.web.west.profile", "did you mean `web`?");
    wrong("    west:\n      pricing", "    wets:\n      pricing", "deployment.web.west", "did you mean `wets`?");
    wrong(
        "          denom: uact\n          amount: 1000",
        "          {}",
        "profiles.placement.west.pricing.web",
        "is no currency",
    );
    wrong("services:\n  web:", "services:\n  wob:", "deployment.web.west", "did you mean `wob`?");
    warned(
        &changed("- global: true", "- global: true\n          - service: wbe"),
        "services.web.expose[0].to[1]",
        "did you mean `web`?",
    );
}

#[test]
fn what_a_service_lacks_is_said() {
    wrong("    image: nginx:1.27\n", "", "services.web", "has no image");
    wrong("port: 80", "port: 65536", "services.web.expose[0].port", "65536 is no port");
    wrong("port: 80", "port: \"80\"", "services.web.expose[0].port", "is no number");
    wrong("- global: true", "- global: \"true\"", "services.web.expose[0].to[0].global", "neither true nor false");
    wrong("        to:\n          - global: true\n", "", "", "reached from outside");
    wrong("        as: 80", "        proto: sctp", "services.web.expose[0].proto", "no transport");
    wrong("        as: 80", "        accept: [a.example, a.example]", "services.web.expose[0].accept[1]", "claimed twice");
    wrong("        as: 80", "        accept: [A.example]", "services.web.expose[0].accept[0]", "is no host name");
    wrong(
        "        as: 80",
        "        http_options: {next_cases: [off, error]}",
        "services.web.expose[0].http_options.next_cases[0]",
        "alone",
    );
    wrong("  web:\n    image", "  Web:\n    image", "deployment.web.west", "did you mean `Web`?");
}

#[test]
fn values_of_the_environment_are_never_repeated() {
    for entry in ["1SECRET=hunter2", "hunter2 is=hunter2", "\" hunter2\""] {
        let text = changed("GREETING=hello", entry);
        let said = format!("{:?} {}", refused(&text).findings().iter().map(|f| &f.message).collect::<Vec<_>>(), refused(&text));
        assert!(!said.contains("=hunter2") && !said.contains("` hunter2`"), "{said}");
    }
    wrong("GREETING=hello", "1A=x", "services.web.env[0]", "no name of an environment variable");
}

#[test]
fn addresses_need_the_world_an_endpoint_and_a_free_port() {
    wrong("- global: true", "- {global: true, ip: nowhere}", "services.web.expose[0].to[0]", "no endpoint is called");
    let with = |to: &str| changed("- global: true", to) + "endpoints:\n  front:\n    kind: ip\n";
    assert!(refused(&with("- {service: web, ip: front}")).to_string().contains("add `global: true`"));
    assert!(refused(&with("- global: true")).to_string().contains("is used by no service"));
    assert!(
        refused(&with("- {global: true, ip: front}\n          - {global: true, ip: front}")).to_string().contains("is taken by")
    );
    assert!(read(&with("- {global: true, ip: front}")).is_ok());
    assert!(
        refused(&with("- {global: true, ip: front}").replace("kind: ip", "kind: port")).to_string().contains("write `kind: ip`")
    );
}

#[test]
fn storage_has_classes_and_mounts() {
    let storage = |attributes: &str| {
        changed("          - size: 1Gi\n", &format!("          - size: 1Gi\n            attributes: {attributes}\n"))
    };
    let path = "profiles.compute.web.resources.storage[0].attributes";
    for (attributes, words) in [
        ("{persistent: true, class: ram}", "memory cannot be persistent"),
        ("{class: ram, persistent: \"no\"}", "memory cannot be persistent"),
        ("{class: beta2}", "only persistent storage has a class"),
        ("{persistent: true, class: beta9}", "no class is called"),
        ("{persistent: True}", "`persistent` is `True`"),
        ("{persistant: true}", "did you mean `persistent`?"),
    ] {
        let refused = refused(&storage(attributes));
        assert!(
            refused.errors().any(|error| error.path.starts_with(path) && error.to_string().contains(words)),
            "{words}: {refused}"
        );
    }
    // What the comparison with the words lets through: `no` is not `false` when classes are judged.
    assert!(read(&storage("{persistent: \"no\", class: beta2}")).is_ok());
    assert!(refused(&storage("{persistent: true}")).to_string().contains("has no mount"));
    warned(
        &storage("{persistent: true}").replace("\"2.0\"", "\"2.1\""),
        "profiles.compute.web.resources.storage[0].size",
        "has no mount",
    );
    let mounted =
        storage("{persistent: true}").replace("    env:\n", "    params: {storage: {default: {mount: data}}}\n    env:\n");
    assert!(refused(&mounted).to_string().contains("is no absolute path"));
    assert!(read(&mounted.replace("mount: data", "mount: /data")).is_ok());
    wrong(
        "          - size: 1Gi\n",
        "          - size: 1Gi\n          - size: 2Gi\n",
        "profiles.compute.web.resources.storage[1]",
        "a second volume",
    );
    let many: String = (0..21).map(|n| format!("          - {{name: v{n}, size: 1Gi}}\n")).collect();
    wrong("          - size: 1Gi\n", &many, "profiles.compute.web.resources.storage", "at most 20");
}

#[test]
fn gpus_say_which() {
    let gpu = |gpu: &str| changed("        cpu:\n", &format!("        gpu: {gpu}\n        cpu:\n"));
    for (text, words) in [
        ("{units: 1}", "which GPUs are wanted"),
        ("{units: 1, attributes: {vendor: }}", "no vendor"),
        ("{units: 0, attributes: {vendor: {nvidia: }}}", "no GPUs are wanted"),
        ("{units: 25, attributes: {vendor: {nvidia: }}}", "outside"),
        ("{units: 1, attributes: {vendor: {nvidia: [{model: a}, {model: a}]}}}", "named twice"),
        ("{units: 1, attributes: {vendor: {nvidia: [{model: a, interface: usb}]}}}", "`pcie` or `sxm`"),
        ("{units: 1, attributes: {vendor: {nvidia: [{model: a, ram: 80G}]}}}", "no number"),
        ("{units: 1.5, attributes: {vendor: {nvidia: }}}", "no whole number"),
        ("1", "a single value stands where a mapping"),
    ] {
        assert!(refused(&gpu(text)).to_string().contains(words), "{text}: {}", refused(&gpu(text)));
    }
    let deployment = read(&gpu("{units: 1, attributes: {vendor: {amd: [{model: mi300}]}}}")).unwrap();
    let key = &deployment.groups()[0].resources[0].resources.gpu.attributes[0].key;
    assert_eq!(key, "vendor/nvidia/model/*");
    assert!(deployment.warnings()[0].message.contains("`amd` is ignored"), "{:?}", deployment.warnings());
}

#[test]
fn several_errors_are_told_at_once_in_the_order_of_the_text() {
    let text = changed("port: 80", "port: 0")
        .replace("512Mi", "1Ki")
        .replace("amount: 1000", "amount: 0")
        .replace("count: 1", "count: x");
    let refused = refused(&text);
    let lines: Vec<usize> = refused.errors().map(|error| error.line).collect();
    assert_eq!(lines, [8, 19, 27, 32], "{refused}");
}

#[test]
fn no_file_is_too_large_too_deep_or_too_clever() {
    let large = format!("{GOOD}# {}", "x".repeat(10 << 20));
    let bomb: String = (1..30).fold("include: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, n| {
        text + &format!("x{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", "))
    });
    let entries = format!("{GOOD}include: [{}]\n", "x, ".repeat(ENTRIES_MAX));
    let keys: String = (0..10_000).map(|n| format!("key{n}: {n}\n")).collect();
    let begun = Instant::now();
    for (text, words) in [
        (large.clone(), format!("larger than {BYTES_MAX}")),
        (bomb, format!("more than {ENTRIES_MAX} values")),
        (entries, format!("more than {ENTRIES_MAX} values")),
        (format!("{GOOD}include: {}", "[".repeat(500_000)), "limit".to_owned()),
        (GOOD.replace("west:", "west: &w\n      <<: *w"), "own anchor".to_owned()),
        (format!("{GOOD}services: {{}}\n"), "twice".to_owned()),
    ] {
        let said = refused(&text).to_string();
        assert!(said.contains(&words) || (words == "limit" && said.contains("deep")), "{words}: {said}");
    }
    let many = refused(&format!("{GOOD}{keys}"));
    assert_eq!(many.findings().iter().filter(|finding| finding.severity == Severity::Error).count(), FINDINGS_MAX);
    assert!(begun.elapsed() < Duration::from_secs(30), "hostile files took {:?}", begun.elapsed());
    assert!(read_bytes(b"version: \xff").unwrap_err().to_string().contains("no UTF-8"));
}

#[test]
fn anchors_and_merge_keys_are_followed() {
    let text = r#"version: "2.0"
services:
  web: &web
    image: nginx:1.27
    expose: &ports
      - port: 80
        to: [{global: true}]
  other:
    <<: *web
    env: [A=1]
profiles:
  compute:
    small: {resources: &res {cpu: {units: 1}, memory: {size: 1Gi}, storage: {size: 1Gi}}}
    large: {resources: {<<: *res, memory: {size: 2Gi}}}
  placement:
    west:
      pricing: {small: &price {denom: uact, amount: 10}, large: {<<: *price, amount: 20}}
deployment:
  web: {west: {profile: small, count: 1}}
  other: {west: {profile: large, count: 2}}
"#;
    let deployment = read(text).unwrap_or_else(|refused| panic!("{refused}"));
    assert_eq!(deployment.price().amount.to_decimal(), "50");
    let units = &deployment.groups()[0].resources;
    assert_eq!((units[0].resources.memory.size.get(), units[1].resources.memory.size.get()), (2 << 30, 1 << 30));
    assert_eq!(deployment.manifest().groups[0].services[0].env.as_deref(), Some(&["A=1".to_owned()][..]));
    let wrong = changed("        cpu:\n          units: 0.5\n", "        cpu: {<<: {units: 0.5}}\n");
    assert!(refused(&wrong).to_string().contains("merge keys are not followed here"));
}

#[test]
fn versions_credentials_and_reclamation() {
    wrong("version: \"2.0\"\n", "", "", "does not say its version");
    wrong("\"2.0\"", "\"1.0\"", "version", "no rules have the version `1.0`");
    let with = |extra: &str| changed("    env:\n", &format!("    credentials: {extra}\n    env:\n"));
    let said = refused(&with("{host: h, username: \" \", password: hunter2}")).to_string();
    assert!(said.contains("no username") && !said.contains("hunter2"), "{said}");
    warned(&with("{host: h, username: u, password: p}"), "services.web.credentials.password", "at least 6");
    let window = |text: &str| format!("{GOOD}reclamation:\n  min_window: {text}\n");
    assert_eq!(read(&window("24h")).unwrap().reclaim_window_ns(), Some(86_400_000_000_000));
    warned(&window("1h30m"), "reclamation.min_window", "few tools");
    for text in ["0s", "-1h", "1d", "", "[]"] {
        assert!(refused(&window(text)).to_string().contains("min_window"), "{text}");
    }
}
