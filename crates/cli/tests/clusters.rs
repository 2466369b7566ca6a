//! Clusters by the real binary: a device of its own process proves its hours to the checker of `depin up`, is hired by command, runs a program in a
//! real sandbox, and is let go. Needs root and bubblewrap for the program; without, that part is not tested, and it is said.

#[path = "../../networks/tests/clusters/least_work.rs"]
mod least_work;
mod support;

use least_work::least_work;
use serde_json::Value;
use std::{fs, path::Path, time::Duration};
use support::{
    at, depin,
    network::{Daemon, Up, until},
};

/// An hour lasts half a minute here; a device needs one or two of them.
const PATIENCE: Duration = Duration::from_secs(240);
/// What the hired program sleeps, which no other process does.
const SLEEP: &str = "86311";

/// io.net's file with the least work and an hour of proof before a hire.
fn network(folder: &Path) -> String {
    let text = least_work(&[
        ("limit = \"1m\"", "limit = \"5s\""),
        ("uptime = \"5h\"", "uptime = \"1h\""),
        ("first-hire-after = \"12h\"", "first-hire-after = \"1h\""),
    ]);
    let path = folder.join("fast.toml");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Whether a program can be run in a sandbox here.
fn can_run() -> bool {
    let bubblewrap = std::process::Command::new("bwrap").arg("--version").output().is_ok_and(|output| output.status.success());
    let root = fs::read_to_string("/proc/self/status").unwrap().contains("\nUid:\t0\t");
    if !(bubblewrap && root) {
        eprintln!(
            "\n*** NO PROGRAM WAS RUN ON A HIRED CLUSTER: that needs root and bubblewrap (apt-get install bubblewrap) ***\n"
        );
        assert!(std::env::var_os("DEPIN_TEST_RUNTIME").is_none_or(|value| value != "required"), "bubblewrap was promised");
    }
    bubblewrap && root
}

/// Whether the hired program runs on this machine.
fn sleeps() -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok()).any(|line| {
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        words.first().is_some_and(|word| word.ends_with(b"sleep")) && words.get(1).is_some_and(|word| *word == SLEEP.as_bytes())
    })
}

async fn until_sleeps(expected: bool) {
    let begun = std::time::Instant::now();
    while sleeps() != expected {
        assert!(begun.elapsed() < PATIENCE, "the program is to run: {expected}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Lists of a network where nothing happened yet are empty, and say what makes them less so; nobody is hired.
fn nothing_yet(home: &Path) {
    for list in ["devices", "blocks", "nominations", "rewards", "slashes", "list"] {
        let printed = at(home, &["cluster", list]).done();
        assert!(printed.out.lines().all(|line| line.chars().count() <= 100), "{list}: {}", printed.out);
        assert_eq!(at(home, &["cluster", list, "--json"]).json().as_array().map(Vec::len), Some(0), "{list}");
    }
    let refused = at(home, &["cluster", "hire", "--devices", "1", "--hours", "1", "--kind", "ray", "--pay", "IO"]);
    assert!(refused.code == 1 && refused.err.contains("0 devices can be hired now"), "{}", refused.err);
    let refused = at(home, &["cluster", "end", "3fa2b1"]);
    assert!(refused.code == 1 && refused.err.contains("3fa2b1"), "{}", refused.err);
}

/// A device of 64 MiB in a process of its own, whose owner the faucet paid.
fn device(home: &Path, folder: &Path, endpoints: &Value) -> Daemon {
    let key = folder.join("owner.key");
    let key = key.to_str().unwrap();
    let owner = at(home, &["wallet", "new", "owner", "--file", key, "--json"]).json();
    let address = owner["address"].as_str().unwrap();
    at(home, &["transfer", "--from", "faucet", "--to", address, "--amount", "1000 IO"]).done();
    let checker = endpoints["endpoints"].as_array().unwrap().iter().find(|one| one["name"] == "checker").unwrap();
    let mut command = depin();
    command.args(["provider", "cluster", "--json", "--name", "small", "--price", "0.1 IO", "--cores", "1"]);
    command.args(["--memory", "64MiB", "--disk", "1GiB", "--listen", "127.0.0.1:0", "--key-file", key]);
    command.args(["--checker", checker["url"].as_str().unwrap(), "--node", endpoints["api"].as_str().unwrap()]);
    Daemon::start(command.arg("--dir").arg(folder.join("device")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_proves_its_hours_is_hired_runs_a_program_and_is_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("net");
    let file = network(folder.path());
    let (up, endpoints) = Up::start(&home, &["--network", &file, "--speed", "120", "--providers", "0"]).await;
    nothing_yet(&home);
    let device = device(&home, folder.path(), &endpoints);
    let free =
        until(&home, &["cluster", "devices", "--free", "--json"], PATIENCE, |list| !list.as_array().unwrap().is_empty()).await;
    assert_eq!((&free[0]["terms"]["profile"]["processors"], &free[0]["failed_hours"]), (&1.into(), &0.into()), "{free:#}");

    let few =
        at(&home, &["cluster", "hire", "--devices", "1", "--hours", "9", "--kind", "ray", "--pay", "IO", "--max", "0.5 IO"]);
    assert!(few.code == 1 && few.err.contains("0.9 IO"), "{}", few.err);
    assert_eq!(at(&home, &["cluster", "list", "--json"]).json().as_array().map(Vec::len), Some(0), "nothing was hired");
    let mut words = vec!["cluster", "hire", "--devices", "1", "--hours", "9", "--kind", "process", "--pay", "IO"];
    words.extend(["--local-network", "--json", "--", "/usr/bin/sleep", SLEEP]);
    let hire = at(&home, &words).json();
    let id = hire["hire"].as_str().unwrap();
    assert_eq!((&hire["state"], &hire["deposited"]["display"]), (&"running".into(), &"0.9 IO".into()), "{hire:#}");
    if can_run() {
        until_sleeps(true).await;
    }
    let stranger = at(&home, &["cluster", "end", id, "--from", "faucet"]);
    assert_eq!(stranger.code, 1, "another's hire: {}", stranger.out);
    at(&home, &["cluster", "extend", id, "--hours", "1"]).done();
    at(&home, &["cluster", "end", &id[..8]]).done();
    let again = at(&home, &["cluster", "end", id]);
    assert!(again.code == 1 && again.err.contains("ending"), "{}", again.err);
    until_sleeps(false).await;
    let closed = until(&home, &["cluster", "show", id, "--json"], PATIENCE, |hire| hire["state"] == "closed").await;
    assert_eq!(closed["held"]["units"], "0", "{closed:#}");
    assert_eq!(at(&home, &["audit", "--json"]).json()["ok"], true);
    device.stop();
    let left = at(&home, &["cluster", "devices", "--json"]).json();
    assert_eq!(left.as_array().map(Vec::len), Some(1), "a device that is away stays on the ledger: {left:#}");
    assert!(up.stop().await.success());
}
