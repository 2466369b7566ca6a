//! A running `depin up`, its S3 endpoint, and what it says.

use super::{Printed, at, depin};
use reqwest::{Client, Method, StatusCode, Url};
use rusty_s3::{Bucket, UrlStyle, signing};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

/// Longest time that a start may take on a busy machine.
const START: Duration = Duration::from_secs(120);
/// How often files and states that nobody announces are looked at.
const LOOK: Duration = Duration::from_millis(100);

/// A `depin up` in a process of its own. Killed when dropped.
pub struct Up {
    pub child: Child,
    pub home: PathBuf,
    pub log: PathBuf,
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Up {
    /// Starts it; standard output and error go to `HOME.log`.
    pub fn spawn(home: &Path, args: &[&str]) -> Self {
        Self::spawn_as(depin(), home, args)
    }

    /// The same by a command of one's own.
    pub fn spawn_as(mut command: Command, home: &Path, args: &[&str]) -> Self {
        let log = home.with_extension("log");
        let file = fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let child = command
            .arg("--home")
            .arg(home)
            .args(["up", "--port-base", "0"])
            .args(args)
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, home: home.to_owned(), log }
    }

    /// Starts it and waits until it says that it is ready.
    pub async fn start(home: &Path, args: &[&str]) -> (Self, Value) {
        let mut up = Self::spawn(home, args);
        let endpoints = up.ready().await;
        (up, endpoints)
    }

    /// The same by a command of one's own.
    pub async fn start_as(command: Command, home: &Path, args: &[&str]) -> (Self, Value) {
        let mut up = Self::spawn_as(command, home, args);
        let endpoints = up.ready().await;
        (up, endpoints)
    }

    /// The same where a process may open `files.0` files, and raise that to `files.1`.
    pub async fn start_with_files(home: &Path, args: &[&str], files: (u64, u64)) -> (Self, Value) {
        let plain = depin();
        let mut command = Command::new("sh");
        let script = format!("ulimit -S -n {} && ulimit -H -n {} && exec \"$0\" \"$@\"", files.0, files.1);
        command.args(["-c", &script]).arg(plain.get_program());
        for (name, value) in plain.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let mut up = Self::spawn_as(command, home, args);
        let endpoints = up.ready().await;
        (up, endpoints)
    }

    /// Waits for `endpoints.json`, which is written when everything is ready.
    pub async fn ready(&mut self) -> Value {
        self.ready_within(START).await
    }

    /// The same for networks whose parts take longer.
    pub async fn ready_within(&mut self, limit: Duration) -> Value {
        let begun = Instant::now();
        loop {
            if let Ok(text) = fs::read(self.home.join("endpoints.json")) {
                let endpoints: Value = serde_json::from_slice(&text).expect("it is written whole or not at all");
                // One of a process that was killed is taken away by the next one before anything else.
                if endpoints["pid"] == self.child.id() {
                    return endpoints;
                }
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("`depin up` ended with {status}:\n{}", self.printed());
            }
            assert!(begun.elapsed() < limit, "not ready within {limit:?}, threads {}:\n{}", self.threads(), self.printed());
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What it printed so far.
    pub fn printed(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until it has printed this: what a start says comes a moment after the file that tells of it is on the disk.
    pub async fn says(&self, text: &str) {
        let begun = Instant::now();
        while !self.printed().contains(text) {
            assert!(begun.elapsed() < START, "it does not say {text:?}:\n{}", self.printed());
            tokio::time::sleep(LOOK).await;
        }
    }

    /// State and name of every thread of the process, for telling a deadlock (all asleep) from a slow machine.
    fn threads(&self) -> String {
        let Ok(tasks) = fs::read_dir(format!("/proc/{}/task", self.child.id())) else { return "gone".to_owned() };
        let state = |task: fs::DirEntry| {
            let stat = fs::read_to_string(task.path().join("stat")).ok()?;
            let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
            Some(format!("{name} {}", rest.trim().chars().next()?))
        };
        tasks.flatten().filter_map(state).collect::<Vec<_>>().join(", ")
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let done = std::process::Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
        assert!(done.success());
    }

    /// Stops it as Ctrl-C does.
    pub async fn stop(self) -> ExitStatus {
        self.stop_by("INT").await
    }

    /// Stops it by a signal.
    pub async fn stop_by(mut self, name: &str) -> ExitStatus {
        self.signal(name);
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < START, "does not stop:\n{}", self.printed());
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Ends it as a power cut does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A process that runs until it is told to stop, and says a JSON document first.
pub struct Daemon {
    child: Child,
    pub printed: Value,
}

impl Daemon {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut text = String::new();
        let printed = loop {
            text += &lines.next().expect("it says where it is").unwrap();
            if let Ok(printed) = serde_json::from_str(&text) {
                break printed;
            }
        };
        Self { child, printed }
    }

    pub fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command on a home until `holds` of its JSON, for at most `limit`.
pub async fn until(home: &Path, args: &[&str], limit: Duration, holds: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let printed: Printed = at(home, args);
        if printed.code == 0 {
            let value = printed.json();
            if holds(&value) {
                return value;
            }
            assert!(begun.elapsed() < limit, "{args:?} never came to that: {value:#}");
        } else {
            assert!(begun.elapsed() < limit, "{args:?}: {}", printed.err);
        }
        tokio::time::sleep(LOOK * 3).await;
    }
}

/// Files listed, with every deal behind them active.
pub fn all_secured(list: &Value, files: usize) -> bool {
    let objects = list["objects"].as_array().unwrap();
    objects.len() == files
        && objects.iter().all(|object| matches!(object["durability"]["state"].as_str(), Some("secured" | "empty")))
}

/// Where the S3 gateway of a network is, as `endpoints.json` says it.
pub fn s3_of(endpoints: &Value) -> &Value {
    let all = endpoints["endpoints"].as_array().unwrap_or_else(|| panic!("no endpoints: {endpoints:#}"));
    all.iter().find(|endpoint| endpoint["name"] == "s3").unwrap_or_else(|| panic!("no S3 gateway: {endpoints:#}"))
}

/// The secret key of an S3 endpoint: said in `endpoints.json`, and named by its file in what is printed.
fn secret_key(s3: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("no secret key: {s3:#}")).to_owned();
    let Some(path) = s3["secret_key_file"].as_str() else { return text(&s3["secret_key"]) };
    let account: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    text(&account["secret_key"])
}

/// A small S3 client.
#[derive(Clone)]
pub struct S3 {
    http: Client,
    endpoint: Url,
    access_key: String,
    secret_key: String,
    region: String,
}

impl S3 {
    pub fn new(endpoints: &Value) -> Self {
        Self::with(endpoints, Client::builder())
    }

    /// The same with a trust of one's own.
    pub fn with(endpoints: &Value, http: reqwest::ClientBuilder) -> Self {
        let s3 = s3_of(endpoints);
        let text = |name: &str| s3[name].as_str().unwrap().to_owned();
        let http = http.no_proxy().timeout(Duration::from_secs(60)).build().unwrap();
        Self {
            http,
            endpoint: text("url").parse().unwrap(),
            access_key: text("access_key"),
            secret_key: secret_key(s3),
            region: text("region"),
        }
    }

    /// The signed URL of an object, or of a bucket where the key is empty. `query` is sorted by name.
    fn signed(&self, method: rusty_s3::Method, bucket: &str, key: &str, query: &[(&str, &str)]) -> Url {
        let at = Bucket::new(self.endpoint.clone(), UrlStyle::Path, bucket.to_owned(), self.region.clone()).unwrap();
        let url = if key.is_empty() { at.base_url().clone() } else { at.object_url(key) };
        let (now, query, headers) = (jiff::Timestamp::now(), query.iter().copied(), std::iter::empty());
        signing::sign(&now, method, url, &self.access_key, &self.secret_key, None, &self.region, 300, query, headers)
    }

    async fn send(
        &self,
        method: Method,
        bucket: &str,
        key: &str,
        range: Option<&str>,
        body: Vec<u8>,
    ) -> reqwest::Result<(StatusCode, Vec<u8>)> {
        let signed_for = match method {
            Method::PUT => rusty_s3::Method::Put,
            Method::DELETE => rusty_s3::Method::Delete,
            _ => rusty_s3::Method::Get,
        };
        let mut request = self.http.request(method, self.signed(signed_for, bucket, key, &[]));
        if let Some(range) = range {
            request = request.header("range", range);
        }
        let response = request.body(body).send().await?;
        Ok((response.status(), response.bytes().await?.to_vec()))
    }

    /// Keys of a bucket, as S3 lists them.
    pub async fn list(&self, bucket: &str) -> Vec<String> {
        let url = self.signed(rusty_s3::Method::Get, bucket, "", &[("list-type", "2")]);
        let response = self.http.get(url).send().await.unwrap();
        assert!(response.status().is_success(), "{}", response.status());
        let body = response.text().await.unwrap();
        body.split("<Key>").skip(1).map(|rest| rest.split("</Key>").next().unwrap().to_owned()).collect()
    }

    /// How asking for a bucket fails.
    pub async fn list_error(&self, bucket: &str) -> reqwest::Error {
        let url = self.signed(rusty_s3::Method::Get, bucket, "", &[("list-type", "2")]);
        self.http.get(url).send().await.expect_err("it is refused")
    }

    pub async fn make_bucket(&self, bucket: &str) -> reqwest::Result<StatusCode> {
        self.send(Method::PUT, bucket, "", None, Vec::new()).await.map(|(status, _)| status)
    }

    pub async fn put(&self, bucket: &str, key: &str, body: Vec<u8>) -> reqwest::Result<StatusCode> {
        self.send(Method::PUT, bucket, key, None, body).await.map(|(status, _)| status)
    }

    pub async fn get(&self, bucket: &str, key: &str) -> reqwest::Result<(StatusCode, Vec<u8>)> {
        self.send(Method::GET, bucket, key, None, Vec::new()).await
    }

    pub async fn get_range(&self, bucket: &str, key: &str, range: &str) -> reqwest::Result<(StatusCode, Vec<u8>)> {
        self.send(Method::GET, bucket, key, Some(range), Vec::new()).await
    }

    pub async fn delete(&self, bucket: &str, key: &str) -> reqwest::Result<StatusCode> {
        self.send(Method::DELETE, bucket, key, None, Vec::new()).await.map(|(status, _)| status)
    }
}

/// Bytes that follow from a number: as good as random, and made again for comparing.
pub fn content(seed: u64, length: usize) -> Vec<u8> {
    use rand::{Rng as _, SeedableRng as _};
    let mut bytes = vec![0; length];
    rand::rngs::StdRng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}
