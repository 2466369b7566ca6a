//! Deployment files: judged by the real binary. Needs no network.

mod support;

use std::{
    io::Write as _,
    process::{Command, Stdio},
};
use support::{Printed, depin, run};

const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../sdl/tests/files");

fn file(name: &str) -> String {
    format!("{FILES}/{name}")
}

fn check(args: &[&str]) -> Printed {
    run(depin().args(["lease", "check"]).args(args))
}

/// The same with a text on standard input.
fn piped(text: &str, args: &[&str]) -> Printed {
    let mut command: Command = depin();
    command.args(["lease", "check", "-"]).args(args);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    // Of a text that is too long it reads no more than it needs to know.
    let _read = child.stdin.take().expect("a pipe").write_all(text.as_bytes());
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is text");
    Printed { code: output.status.code().expect("by itself"), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn an_accepted_file_shows_its_order_hash_and_cost_within_80_columns() {
    let shown = check(&[&file("yacy__deploy.yaml")]).done().out;
    assert!(shown.lines().all(|line| line.chars().count() <= 80 || line.contains("/tests/files/")), "{shown}");
    for part in [
        "GROUP  SERVICES",
        "akash  yacy",
        "8 CPU, 16 GiB memory, 1 GiB + 50 GiB",
        "1 host   100,000",
        "akash needs host = akash; signed by one of",
        "version   2.0",
        "manifest  69cf4a7aada471a34179db34deef1e6476ba21ef96b3c0a99e2c8a1d6d465f25",
        "ceiling   100,000 uact a block\n          42,990.9 ACT a month of 429,909 blocks, 6.117 s each",
        "accepted, no error, no warning",
    ] {
        assert!(shown.contains(part), "{part}:\n{shown}");
    }
    let shown = check(&[&file("yacy__deploy.yaml"), "--block-time", "6s"]).done().out;
    assert!(shown.contains("43,829.2 ACT a month of 438,292 blocks, 6 s each"), "{shown}");
    // No name and no number is broken.
    let shown = check(&[&file("axolotlai__deploy-persistent.yaml")]).done().out;
    assert!(
        shown.contains("2 USDC a block\n          859,818 USDC a month")
            && shown.contains("gpu-providers  axolotl-trainer ")
            && shown.contains(" 2,000,000\n"),
        "{shown}"
    );
}

#[test]
fn the_report_is_data_too_and_the_manifest_alone() {
    let data = check(&[&file("tetris__deploy.yaml"), "--json"]).json();
    assert_eq!(data["manifest_hash"], "ee52e329aa45b0638c27065d52eb0dc92f6704194bc63c6435c56fb549dded7d");
    assert_eq!((&data["accepted"], &data["errors"], &data["version"]), (&true.into(), &0.into(), &"2.0".into()));
    assert_eq!(data["ceiling"]["per_month"], "4299090000");
    assert_eq!(data["ceiling"]["coins_per_month"], "4299.09 ACT");
    assert_eq!(data["groups"][0]["resources"][0]["resource"]["cpu"]["units"]["val"], "1000");
    assert_eq!(data["groups"][0]["resources"][0]["price"]["amount"], "10000.000000000000000000");

    let manifest = check(&[&file("tetris__deploy.yaml"), "--manifest"]).done().out;
    assert!(
        manifest.starts_with(r#"[{"name":"akash","services":[{"name":"tetris","image":"bsord/tetris","command":null"#),
        "{manifest}"
    );
    // Warnings are on standard error there.
    let manifest = check(&[&file("Redash__deploy.yaml"), "--manifest"]).done();
    assert!(serde_json::from_str::<serde_json::Value>(&manifest.out).is_ok() && manifest.err.contains("`volumes` is ignored"));
}

#[test]
fn a_refused_file_tells_all_reasons_with_lines_and_ends_with_1() {
    let no = check(&[&file("minio__deploy.yml")]);
    assert_eq!(no.code, 1);
    for part in [
        "services.minio.expose[0].to: a mapping stands where a list is meant",
        "minio__deploy.yml:12:13",
        "has no mount in the service",
        "minio__deploy.yml:43:19",
        "refused, 2 errors, 1 warning",
    ] {
        assert!(no.out.contains(part), "{part}:\n{}", no.out);
    }
    assert!(no.err.contains("has 2 errors"), "{}", no.err);
    let data = check(&[&file("minio__deploy.yml"), "--json"]);
    let data: serde_json::Value = serde_json::from_str(&data.out).unwrap();
    assert_eq!((&data["accepted"], &data["findings"][0]["line"]), (&false.into(), &12.into()));
    assert_eq!(data["findings"][0]["path"], "services.minio.expose[0].to");
    let no = check(&[&file("minio__deploy.yml"), "--manifest"]);
    assert!(no.code == 1 && no.out.is_empty() && no.err.contains("a mapping stands"), "{}{}", no.out, no.err);
}

#[test]
fn warnings_refuse_only_when_they_are_asked_to() {
    let named = file("Redash__deploy.yaml");
    assert_eq!(check(&[&named]).code, 0);
    let strict = check(&[&named, "--strict"]);
    assert!(strict.code == 1 && strict.err.contains("warnings") && strict.err.contains("--strict"), "{}", strict.err);
    assert_eq!(check(&[&file("yacy__deploy.yaml"), "--strict"]).code, 0);
}

#[test]
fn standard_input_hostile_files_and_missing_ones_are_told_plainly() {
    let text = std::fs::read_to_string(file("tetris__deploy.yaml")).unwrap();
    assert!(piped(&text, &[]).done().out.contains("standard input: accepted"));
    let no = piped(&text.replace("services:", "servces:"), &[]);
    assert!(no.code == 1 && no.out.contains("did you mean `services`?") && no.out.contains("^^^^^^^"), "{}", no.out);
    let large = piped(&"#".repeat(10 << 20), &[]);
    assert!(large.code == 1 && large.out.contains("larger than 1048576 bytes"), "{}{}", large.out, large.err);
    let missing = check(&["nowhere.yaml"]);
    assert!(missing.code == 1 && missing.err.contains("nowhere.yaml cannot be read"), "{}", missing.err);
    assert_eq!(check(&["nowhere.yaml", "--manifest", "--json"]).code, 1);
}

#[test]
fn lines_of_secrets_are_not_shown() {
    let text = std::fs::read_to_string(file("yacy__deploy.yaml")).unwrap();
    let text =
        text.replace("    params:", "    env: [\"1TOKEN=hunter2\"]\n    credentials: {host: h, password: hunter3}\n    params:");
    for args in [&[] as &[&str], &["--json"]] {
        let no = piped(&text, args);
        assert_eq!(no.code, 1);
        assert!(no.out.contains("`1TOKEN` is no name") && no.out.contains("no username"), "{}", no.out);
        assert!(!no.out.contains("hunter") && !no.err.contains("hunter"), "{}{}", no.out, no.err);
    }
}

#[test]
fn all_21_files_have_their_verdict() {
    let names = std::fs::read_dir(FILES).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names: Vec<String> = names.filter(|name| name.ends_with(".yaml") || name.ends_with(".yml")).collect();
    assert_eq!(names.len(), 21);
    for name in names {
        assert_eq!(check(&[&file(&name)]).code, i32::from(name.starts_with("minio")), "{name}");
    }
}
