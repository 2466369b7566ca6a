//! Clients that other people wrote; `clients/README.md` says how they get here.

mod kit;

use kit::{ACCESS, Kit, SECRET, noise};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Where `.ci/clients` puts the Python ones.
fn home() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/clients");
    std::env::var_os("DEPIN_TEST_CLIENTS").map_or_else(beside, PathBuf::from)
}

/// A Python with the packages of one folder.
fn python(packages: &str) -> Command {
    let mut command = Command::new("python3");
    command.env("PYTHONPATH", home().join(packages));
    command
}

/// A program, from the folder of the Python ones or from the system.
fn program(name: &str) -> Command {
    let own = home().join("tools/bin").join(name);
    let mut command = if own.exists() { Command::new(own) } else { Command::new(name) };
    command.env("PYTHONPATH", home().join("tools"));
    command
}

/// Whether a client is here; says loudly when it is not.
fn here(name: &str, mut command: Command) -> bool {
    let there = command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if !there {
        eprintln!("\n*** SKIPPED: {name} is not installed here, so it was NOT tested; `.ci/clients` installs it ***\n");
    }
    there
}

fn with(mut command: Command, arguments: &[&str]) -> Command {
    command
        .args(arguments)
        .env("AWS_ACCESS_KEY_ID", ACCESS)
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("NO_PROXY", "127.0.0.1,localhost");
    for name in ["AWS_CA_BUNDLE", "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"] {
        command.env_remove(name);
    }
    command
}

async fn run(command: Command) -> String {
    let (code, text) = outcome(command).await;
    assert_eq!(code, Some(0), "{text}");
    text
}

async fn outcome(mut command: Command) -> (Option<i32>, String) {
    let shown = format!("{command:?}");
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), format!("{shown}\n{}\n{}", text(&output.stdout), text(&output.stderr)))
}

async fn kit() -> Kit {
    Kit::start_with(4, |config| config.shard_payload = 127 << 14).await
}

fn script(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name).to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_finds_checksums_forms_tags_settings_and_conditions() {
    if !here("boto3", with(python("tools"), &["-c", "import boto3"])) {
        return;
    }
    let kit = kit().await;
    let file = kit.folder.path().join("file");
    let arguments = [&script("boto.py"), kit.handle().endpoint(), ACCESS, SECRET, file.to_str().unwrap()];
    run(with(python("tools"), &arguments)).await;
    assert_eq!(kit.handle().status().await.unwrap().buckets, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn minio_py_puts_lists_tags_and_deletes() {
    if !here("minio-py", with(python("tools"), &["-c", "import minio"])) {
        return;
    }
    let kit = kit().await;
    run(with(python("tools"), &[&script("minio_py.py"), kit.handle().endpoint(), ACCESS, SECRET])).await;
    assert_eq!(kit.handle().status().await.unwrap().buckets, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3fs_and_pyarrow_read_and_write_files() {
    let kit = kit().await;
    for name in ["s3fs", "pyarrow"] {
        if here(name, with(python("frames"), &["-c", &format!("import {name}")])) {
            run(with(python("frames"), &[&script("frames.py"), name, kit.handle().endpoint(), ACCESS, SECRET])).await;
        }
    }
    assert_eq!(kit.handle().status().await.unwrap().buckets, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aws_cli_syncs_copies_and_presigns() {
    let aws = |arguments: &[&str]| {
        let mut all = vec!["-m", "awscli"];
        all.extend_from_slice(arguments);
        with(python("tools"), &all)
    };
    if !here("aws-cli", aws(&["--version"])) {
        return;
    }
    let kit = kit().await;
    let url = kit.handle().endpoint().to_owned();
    let aws = |arguments: &[&str]| aws(&[&["--endpoint-url", url.as_str()], arguments].concat());
    let from = kit.folder.path().join("from");
    std::fs::create_dir_all(from.join("deep")).unwrap();
    for (index, size) in [0, 1000, 200_000, 9_000_000].into_iter().enumerate() {
        std::fs::write(from.join(format!("deep/f{index}")), noise(index as u64, size)).unwrap();
    }
    let (from, back) = (from.to_str().unwrap().to_owned(), kit.folder.path().join("back"));
    run(aws(&["s3", "mb", "s3://aws-cli"])).await;
    run(aws(&["s3", "sync", &from, "s3://aws-cli/data"])).await;
    run(aws(&["s3", "cp", "s3://aws-cli/data/deep/f3", "s3://aws-cli/copy"])).await;
    assert!(run(aws(&["s3", "ls", "--recursive", "s3://aws-cli"])).await.contains("data/deep/f2"));
    run(aws(&["s3", "sync", "s3://aws-cli/data", back.to_str().unwrap()])).await;
    for index in 0..4 {
        let name = format!("deep/f{index}");
        assert!(std::fs::read(Path::new(&from).join(&name)).unwrap() == std::fs::read(back.join(&name)).unwrap(), "{name}");
    }
    let file = format!("{from}/deep/f1");
    let (code, text) = outcome(aws(&["s3", "cp", &file, "s3://aws-cli/public", "--acl", "public-read"])).await;
    assert!(code != Some(0) && text.contains("AccessControlListNotSupported"), "{text}");
    let attributes =
        ["s3api", "get-object-attributes", "--bucket", "aws-cli", "--key", "copy", "--object-attributes", "ObjectSize"];
    assert!(run(aws(&attributes)).await.contains("9000000"));
    let link = run(aws(&["s3", "presign", "s3://aws-cli/copy"])).await;
    let link = link.lines().find(|line| line.starts_with("http")).unwrap();
    assert_eq!(kit.s3.http.get(link).send().await.unwrap().bytes().await.unwrap().len(), 9_000_000);
    run(aws(&["s3", "rb", "--force", "s3://aws-cli"])).await;
    assert_eq!(kit.handle().status().await.unwrap().buckets, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3cmd_works_with_the_settings_it_writes_by_itself() {
    if !here("s3cmd", with(program("s3cmd"), &["--version"])) {
        return;
    }
    let kit = kit().await;
    let host = kit.s3.host();
    let settings = kit.folder.path().join("s3cfg");
    // `bucket_location = US` is what `s3cmd --configure` writes.
    let text = format!(
        "[default]\naccess_key = {ACCESS}\nsecret_key = {SECRET}\nhost_base = {host}\nhost_bucket = {host}\nuse_https = False\nbucket_location = US\n"
    );
    std::fs::write(&settings, text).unwrap();
    let s3cmd = |arguments: &[&str]| with(program("s3cmd"), &[&["--config", settings.to_str().unwrap()], arguments].concat());
    let (file, back) = (kit.folder.path().join("file"), kit.folder.path().join("back"));
    std::fs::write(&file, noise(1, 13_000_000)).unwrap();
    run(s3cmd(&["mb", "s3://cmd"])).await;
    run(s3cmd(&["put", "--multipart-chunk-size-mb=6", file.to_str().unwrap(), "s3://cmd/a/b"])).await;
    run(s3cmd(&["info", "s3://cmd/a/b"])).await;
    run(s3cmd(&["get", "s3://cmd/a/b", back.to_str().unwrap()])).await;
    assert!(std::fs::read(&file).unwrap() == std::fs::read(&back).unwrap());
    run(s3cmd(&["mv", "s3://cmd/a/b", "s3://cmd/c"])).await;
    run(s3cmd(&["del", "--recursive", "--force", "s3://cmd"])).await;
    run(s3cmd(&["rb", "s3://cmd"])).await;
    assert_eq!(kit.handle().status().await.unwrap().buckets, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restic_backs_up_checks_restores_and_prunes() {
    if !here("restic", with(program("restic"), &["version"])) {
        return;
    }
    let kit = kit().await;
    let (from, back) = (kit.folder.path().join("from"), kit.folder.path().join("back"));
    std::fs::create_dir_all(&from).unwrap();
    for index in 0..6u64 {
        std::fs::write(from.join(format!("f{index}")), noise(index, 700_000 * index as usize)).unwrap();
    }
    let place = format!("s3:{}/restic", kit.handle().endpoint());
    let cache = kit.folder.path().join("cache");
    let restic = |arguments: &[&str]| {
        let own = ["-r", place.as_str(), "--cache-dir", cache.to_str().unwrap()];
        let mut command = with(program("restic"), &[&own, arguments].concat());
        command.env("RESTIC_PASSWORD", "test");
        command
    };
    run(restic(&["init"])).await;
    run(restic(&["backup", from.to_str().unwrap()])).await;
    std::fs::remove_file(from.join("f5")).unwrap();
    run(restic(&["backup", from.to_str().unwrap()])).await;
    run(restic(&["check", "--read-data"])).await;
    run(restic(&["forget", "--keep-last", "1", "--prune"])).await;
    run(restic(&["restore", "latest", "--target", back.to_str().unwrap()])).await;
    let restored = back.join(from.strip_prefix("/").unwrap());
    for index in 0..5 {
        let name = format!("f{index}");
        assert!(std::fs::read(from.join(&name)).unwrap() == std::fs::read(restored.join(&name)).unwrap(), "{name}");
    }
    run(restic(&["check"])).await;
}
