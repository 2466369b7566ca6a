//! A whole network by the real binary: started, used, stopped, started again.

mod support;

use serde_json::Value;
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};
use support::{
    at, depin,
    network::{Daemon, S3, Up, all_secured, content, until},
    run,
};

const PATIENCE: Duration = Duration::from_secs(180);

/// Base units of FIL in an amount.
fn units(amount: &Value) -> i128 {
    amount["units"].as_str().unwrap_or_else(|| panic!("no amount: {amount}")).parse().unwrap()
}

fn balance(home: &Path, who: &str) -> i128 {
    units(&at(home, &["account", "show", who, "--json"]).json()["balances"][0])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_is_started_used_stopped_and_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("net");
    let (up, endpoints) = Up::start(&home, &[]).await;
    up.says("a new network").await;

    files_go_in_and_come_out(&home, &endpoints).await;
    every_command_shows_what_happened(&home);
    a_running_home_is_not_started_twice(&home, &up);
    tokens_are_sent(&home);
    events_are_followed(&home);
    providers_are_managed(&home, &endpoints).await;

    let status = up.stop().await;
    assert!(status.success(), "{status}");
    assert!(!home.join("endpoints.json").exists() && !home.join("control.json").exists());
    let printed = at(&home, &["status"]);
    assert_eq!(printed.code, 2, "{}", printed.err);
    assert!(printed.err.contains("does not run"), "{}", printed.err);

    let (up, again) = Up::start(&home, &["--providers", "5"]).await;
    assert_eq!(again["providers"].as_array().unwrap().len(), 5);
    up.says("going on with the data").await;
    assert_eq!(
        (&again["api"], &again["endpoints"], &again["chain_id"]),
        (&endpoints["api"], &endpoints["endpoints"], &endpoints["chain_id"])
    );
    let s3 = S3::new(&again);
    assert_eq!(s3.get("files", "large").await.unwrap().1, content(3, 3 << 20));
    assert_eq!(at(&home, &["audit", "--json"]).json()["ok"], true);
    verified_deals_count_ten_times(&home, &s3).await;
    joins_from_other_processes(&home, folder.path()).await;
    assert!(up.stop_by("TERM").await.success());

    // Another network in its place: nothing of the old one is left.
    let (up, fresh) = Up::start(&home, &["--fresh", "--providers", "3"]).await;
    assert_ne!(fresh["chain_id"], endpoints["chain_id"]);
    assert_eq!(fresh["providers"].as_array().unwrap().len(), 3);
    assert_eq!(at(&home, &["storage", "list", "--json"]).json()["objects"], serde_json::json!([]));
    a_provider_without_deals_leaves(&home);
    assert!(up.stop().await.success());
    let (up, left) = Up::start(&home, &[]).await;
    assert_eq!(left["providers"].as_array().unwrap().len(), 2, "who left is not started again");
    assert!(up.stop().await.success());
}

async fn files_go_in_and_come_out(home: &Path, endpoints: &Value) {
    let s3 = S3::new(endpoints);
    assert!(s3.make_bucket("files").await.unwrap().is_success());
    let files = [("empty", 0, 0), ("small", 1, 1), ("middle", 2, 100_000), ("large", 3, 3 << 20)];
    for (key, seed, length) in files {
        assert!(s3.put("files", key, content(seed, length)).await.unwrap().is_success(), "{key}");
    }
    for (key, seed, length) in files {
        let (status, body) = s3.get("files", key).await.unwrap();
        assert!(status.is_success() && body == content(seed, length), "{key}: {status}");
    }
    let (status, part) = s3.get_range("files", "large", "bytes=1000000-1000099").await.unwrap();
    assert_eq!((status.as_u16(), part.as_slice()), (206, &content(3, 3 << 20)[1_000_000..1_000_100]));

    let file = home.with_extension("in");
    fs::write(&file, content(4, 50_000)).unwrap();
    let path = file.to_str().unwrap();
    let stored = at(home, &["storage", "put", path, "files/by/cli", "--json"]).json();
    assert_eq!(stored["size"], 50_000);
    let back = home.with_extension("out");
    at(home, &["storage", "get", "files/by/cli", back.to_str().unwrap()]).done();
    assert_eq!(fs::read(&back).unwrap(), content(4, 50_000));
    let kept = at(home, &["storage", "get", "files/by/cli", back.to_str().unwrap()]);
    assert!(kept.code == 1 && kept.err.contains("--force"), "{}", kept.err);
    let none = at(home, &["storage", "get", "files/none"]);
    assert!(none.code == 1 && none.err.contains("NoSuchKey"), "{}", none.err);

    rclone_copies_a_folder(home);
    let list = until(home, &["storage", "list", "--json"], PATIENCE, |list| {
        all_secured(list, list["objects"].as_array().unwrap().len()) && list["funds_last_until"].is_u64()
    })
    .await;
    let objects = list["objects"].as_array().unwrap();
    let large = objects.iter().find(|object| object["key"] == "large").expect("it is listed");
    assert!(objects.len() >= 5 && list["balance"]["token"] == "FIL");
    assert!(large["paid_until"].as_u64() > list["ledger_now"].as_u64() && large["funds_last_until"].is_u64(), "{large:#}");
}

fn rclone_copies_a_folder(home: &Path) {
    if Command::new("rclone").arg("version").output().is_err() {
        eprintln!("SKIPPED: rclone is not installed, so no folder was copied with it (Debian: apt-get install rclone)");
        return;
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let back = home.with_extension("tree");
    let script = format!(
        ". {}/s3.env && rclone copy {source} depin:tree && rclone check --download {source} depin:tree && rclone copy depin:tree {back} && diff -r {source} {back}",
        home.display(),
        source = source.display(),
        back = back.display()
    );
    let done = Command::new("sh").args(["-ec", &script]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn every_command_shows_what_happened(home: &Path) {
    let json = |args: &[&str]| at(home, &[args, &["--json"]].concat()).json();
    let status = json(&["status"]);
    assert!(status["height"].as_u64() > Some(0) && status["chain_id"].as_str().unwrap().starts_with("filecoin-dev-"));
    assert_eq!(status["prices"]["prices"][0]["reporters"][0], "development-feeder");
    let audit = json(&["audit"]);
    assert!(audit["ok"] == true && audit["violations"] == serde_json::json!([]));
    let accounts = json(&["account", "list"]);
    let names: Vec<&str> = accounts["items"].as_array().unwrap().iter().filter_map(|account| account["name"].as_str()).collect();
    for name in ["customer", "faucet", "notary", "provider-1", "provider-4", "development-feeder"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    let quote = json(&["storage", "quote", "--size", "1TiB", "--for", "365d"]);
    assert!(
        units(&quote["cost"]) > 0 && quote["cost_usd"].is_string() && quote["overhead"].as_str().unwrap().starts_with("0.5"),
        "{quote:#}"
    );
    assert!(units(&quote["per_tib_month"]) > 0);
    let deals = json(&["storage", "deals", "--state", "active"]);
    assert!(deals["items"].as_array().unwrap().len() >= 3);
    let of_one = json(&["storage", "deals", "--provider", "provider-1"]);
    assert!(of_one["items"].as_array().unwrap().len() < deals["items"].as_array().unwrap().len());
    assert!(!json(&["storage", "proofs"])["items"].as_array().unwrap().is_empty());
    assert_eq!(json(&["storage", "providers"])["items"].as_array().unwrap().len(), 4);
    assert_eq!(json(&["storage", "faults"])["ledger"], serde_json::json!([]));
    let events = json(&["events", "--kind", "deal-activated", "--limit", "3"]);
    assert_eq!(events["items"].as_array().unwrap().len(), 3);
    assert!(json(&["network", "show"])["rows"].as_array().unwrap().len() > 40);
    let hidden = at(home, &["wallet", "show", "--phrase", "--json"]);
    assert!(hidden.code == 1 && hidden.out.is_empty() && hidden.err.contains("terminal only"), "{}{}", hidden.out, hidden.err);
    let copy = home.with_extension("phrase");
    json(&["wallet", "show", "--phrase", "--out", copy.to_str().unwrap()]);
    assert_eq!(fs::read_to_string(copy).unwrap().split_whitespace().count(), 24);
    tables_fit_a_terminal(home);
}

fn tables_fit_a_terminal(home: &Path) {
    let commands: &[&[&str]] = &[
        &["status"],
        &["audit"],
        &["account", "list"],
        &["account", "show", "provider-1"],
        &["storage", "list"],
        &["storage", "deals", "--limit", "1000"],
        &["storage", "proofs"],
        &["storage", "providers"],
        &["storage", "faults"],
        &["storage", "quote", "--size", "1TiB", "--for", "365d"],
        &["provider", "list"],
        &["wallet", "show"],
    ];
    for args in commands {
        let printed = at(home, args).done();
        assert!(!printed.out.is_empty() && printed.err.is_empty(), "{args:?}: {}", printed.err);
        for line in printed.out.lines() {
            assert!(line.chars().count() <= 100, "{args:?}: {line}");
        }
    }
}

fn a_running_home_is_not_started_twice(home: &Path, up: &Up) {
    for args in [&["up"] as &[&str], &["up", "--fresh"]] {
        let second = at(home, args);
        assert_eq!(second.code, 1, "{}", second.err);
        assert!(second.err.contains("in use") && second.err.contains(&up.child.id().to_string()), "{}", second.err);
    }
}

fn tokens_are_sent(home: &Path) {
    let before = balance(home, "provider-2");
    let sent = at(home, &["transfer", "--from", "faucet", "--to", "provider-2", "--amount", "1.5 FIL", "--json"]).json();
    assert_eq!(sent["amount"], serde_json::json!({"token": "FIL", "units": "1500000000000000000", "display": "1.5 FIL"}));
    assert!(balance(home, "provider-2") - before > 1_400_000_000_000_000_000, "it pays fees meanwhile");
    let refused = at(home, &["transfer", "--to", "faucet", "--amount", "999999999 FIL"]);
    assert!(refused.code == 1 && refused.out.is_empty() && refused.err.contains("nothing was sent"), "{}", refused.err);
    let wrong = at(home, &["transfer", "--to", "faucet", "--amount", "1 BTC"]);
    assert!(wrong.code == 1 && wrong.err.contains("FIL"), "{}", wrong.err);
    let nobody = at(home, &["transfer", "--to", "nobody", "--amount", "1 FIL"]);
    assert!(nobody.code == 1 && nobody.err.contains("account list"), "{}", nobody.err);
}

fn events_are_followed(home: &Path) {
    let mut follower = Following::start(home, &["--kind", "posting", "--account", "notary", "--from", "0"]);
    at(home, &["transfer", "--from", "faucet", "--to", "notary", "--amount", "7 FIL"]).done();
    let event = follower.next(|event| event["event"]["event"]["amount"] == "7000000000000000000");
    assert_eq!(event["kind"], "posting");
    // From where it stopped, without what was seen.
    let position = event["position"].as_u64().unwrap();
    let from = (position + 1).to_string();
    at(home, &["transfer", "--from", "faucet", "--to", "notary", "--amount", "8 FIL"]).done();
    let mut resumed = Following::start(home, &["--kind", "posting", "--account", "notary", "--from", &from]);
    let next = resumed.next(|event| event["event"]["event"]["reason"] == "transfer");
    assert!(next["position"].as_u64().unwrap() > position && next["event"]["event"]["amount"] == "8000000000000000000");
}

/// `depin events --follow --json`.
struct Following {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Following {
    fn start(home: &Path, args: &[&str]) -> Self {
        let mut child = depin()
            .arg("--home")
            .arg(home)
            .args(["events", "--follow", "--json"])
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Blocks until an event comes that is meant.
    fn next(&mut self, meant: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = self.lines.next().expect("the stream goes on").unwrap();
            let event: Value = serde_json::from_str(&line).expect("one document per line");
            if meant(&event) {
                return event;
            }
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn providers_are_managed(home: &Path, endpoints: &Value) {
    let state = |name: &str| {
        let list = at(home, &["provider", "list", "--json"]).json();
        let found = list["providers"].as_array().unwrap().iter().find(|provider| provider["name"] == name).cloned();
        found.unwrap_or_else(|| panic!("no {name}: {list:#}"))
    };
    at(home, &["provider", "ask", "provider-4", "--price", "0.000000002 FIL"]).done();
    assert_eq!(state("provider-4")["registered"]["ask"]["price"]["units"], "2000000000");
    at(home, &["provider", "ask", "provider-4", "--closed"]).done();
    assert_eq!(state("provider-4")["registered"]["ask"]["open"], false);
    at(home, &["provider", "ask", "provider-4", "--open"]).done();

    let refused = at(home, &["provider", "remove", "provider-1"]);
    assert!(refused.code == 1 && refused.err.contains("--closed"), "{}", refused.err);
    assert_eq!(state("provider-1")["state"], "running");

    // With one provider away, two shards of three are enough.
    at(home, &["provider", "stop", "provider-1"]).done();
    assert_eq!(state("provider-1")["state"], "stopped");
    let s3 = S3::new(endpoints);
    assert_eq!(s3.get("files", "large").await.unwrap().1, content(3, 3 << 20));
    at(home, &["provider", "start", "provider-1"]).done();
    assert_eq!(state("provider-1")["state"], "running");
    let unknown = at(home, &["provider", "stop", "garage"]);
    assert!(unknown.code == 1 && unknown.err.contains("provider list"), "{}", unknown.err);

    let withdrawn = at(home, &["provider", "withdraw", "provider-2", "--json"]).json();
    assert!(withdrawn["account"]["vesting"]["locked"]["units"].is_string(), "{withdrawn:#}");
}

async fn verified_deals_count_ten_times(home: &Path, s3: &S3) {
    let granted = at(home, &["account", "grant", "--to", "customer", "--size", "1GiB", "--json"]).json();
    assert_eq!(granted["bytes"].as_u64(), Some(1 << 30));
    let by_somebody = at(home, &["account", "grant", "--from", "customer", "--to", "customer", "--size", "1GiB"]);
    assert_eq!(by_somebody.code, 1, "{}", by_somebody.err);
    assert!(s3.put("files", "verified", content(5, 10_000)).await.unwrap().is_success());
    until(home, &["status", "--json"], PATIENCE, |status| {
        let bytes = |name: &str| status["storage"]["totals"][name].as_str().unwrap().parse::<u64>().unwrap();
        bytes("quality_bytes") > bytes("raw_bytes")
    })
    .await;
    let deals = at(home, &["storage", "deals", "--json", "--limit", "1000"]).json();
    let verified = deals["items"].as_array().unwrap().iter().filter(|deal| deal["verified"] == true);
    assert_eq!(verified.count(), 3);
}

fn a_provider_without_deals_leaves(home: &Path) {
    at(home, &["provider", "remove", "provider-3"]).done();
    let list = at(home, &["provider", "list", "--json"]).json();
    let left = list["providers"].as_array().unwrap().iter().find(|provider| provider["name"] == "provider-3").unwrap();
    assert_eq!(left["state"], "removed", "{left:#}");
    assert!(home.join("providers/provider-3").is_dir(), "its folder is its owner's business");
}

/// A provider and your own gateway, each in its own process, at the node of the home.
async fn joins_from_other_processes(home: &Path, folder: &Path) {
    let endpoints: Value = serde_json::from_slice(&fs::read(home.join("endpoints.json")).unwrap()).unwrap();
    let node = endpoints["api"].as_str().unwrap();
    let key = |name: &str| {
        let file = folder.join(format!("{name}.key"));
        let made = at(home, &["wallet", "new", name, "--file", file.to_str().unwrap(), "--json"]).json();
        let address = made["address"].as_str().unwrap().to_owned();
        at(home, &["transfer", "--from", "faucet", "--to", &address, "--amount", "1000 FIL"]).done();
        (file, address)
    };
    let (garage_key, garage) = key("garage");
    let provider = Daemon::start(
        depin()
            .args([
                "--json",
                "--node",
                node,
                "provider",
                "storage",
                "--name",
                "garage",
                "--capacity",
                "10GiB",
                "--price",
                "0.0000000001 FIL",
                "--dir",
            ])
            .arg(folder.join("garage"))
            .arg("--key-file")
            .arg(garage_key),
    );
    assert_eq!(provider.printed["address"], garage.as_str());
    let list = run(depin().args(["--json", "--node", node, "provider", "list"])).json();
    let entry =
        list["providers"].as_array().unwrap().iter().find(|provider| provider["name"] == "garage").expect("it is registered");
    assert_eq!(entry["registered"]["capacity_bytes"].as_u64(), Some(10 << 30));
    let elsewhere = at(home, &["provider", "stop", "garage"]);
    assert!(elsewhere.code == 1 && elsewhere.err.contains("Ctrl-C"), "{}", elsewhere.err);

    let (payer_key, payer) = key("payer");
    let gateway = Daemon::start(
        depin()
            .args(["--json", "--node", node, "gateway", "s3", "--local-network", "--copies", "1-of-2", "--dir"])
            .arg(folder.join("gateway"))
            .arg("--key-file")
            .arg(payer_key),
    );
    assert_eq!(gateway.printed["address"], payer.as_str());
    let s3 = S3::new(&gateway.printed);
    assert!(s3.make_bucket("mine").await.unwrap().is_success());
    assert!(s3.put("mine", "file", content(9, 200_000)).await.unwrap().is_success());
    assert_eq!(s3.get("mine", "file").await.unwrap().1, content(9, 200_000));
    let active = ["storage", "deals", "--client", &payer, "--state", "active", "--json"];
    until(home, &active, PATIENCE, |deals| deals["items"].as_array().unwrap().len() == 2).await;
    gateway.stop();
    provider.stop();
}
