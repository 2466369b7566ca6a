//! A mobile access point by the real binary: Debian's `radclient` tells sessions, the ledger pays them, and a kill loses nothing that was answered.

mod support;

use serde_json::{Value, json};
use std::{
    fs,
    io::Write as _,
    net::UdpSocket,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};
use support::{
    at, depin,
    network::{Daemon, Up, until},
    run,
};

/// Longest wait for anything; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(240);
const SECRET: &str = "a shared secret";

fn items(value: &Value) -> &Vec<Value> {
    value["items"].as_array().unwrap_or_else(|| panic!("no list: {value:#}"))
}

/// A radio that tells sessions of one subscriber by `radclient`.
struct Radio {
    to: String,
}

impl Radio {
    /// Tells a record; whether it was answered. A radio tells one again that was not.
    fn tells(&self, status: &str, session: &str, (up, down): (u64, u64), seconds: u32) -> bool {
        let mut child = Command::new("radclient")
            .args(["-r", "1", "-t", "5", &self.to, "acct", SECRET])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("radclient starts");
        let record = format!(
            "User-Name = \"a@carrier.example\"\nAcct-Status-Type = {status}\nAcct-Session-Id = \"{session}\"\n\
             Acct-Input-Octets = {up}\nAcct-Output-Octets = {down}\nAcct-Session-Time = {seconds}\n"
        );
        child.stdin.take().expect("it reads").write_all(record.as_bytes()).expect("it takes a record");
        child.wait().expect("it ends").success()
    }
}

/// An account with tokens; its key file.
fn account(home: &Path, folder: &Path, name: &str) -> PathBuf {
    let key = folder.join(format!("{name}.key"));
    let made = run(depin().arg("--home").arg(home).args(["wallet", "new", name, "--json", "--file"]).arg(&key)).json();
    let address = made["address"].as_str().unwrap().to_owned();
    at(home, &["transfer", "--from", "faucet", "--to", &address, "--amount", "1000 HNT"]).done();
    key
}

/// Where an access point stands, and how it is started.
struct Stand {
    node: String,
    folder: PathBuf,
    key: PathBuf,
    site: PathBuf,
    port: String,
}

impl Stand {
    fn start(&self) -> (Daemon, Radio) {
        let mut command = depin();
        command.args(["provider", "mobile", "--json", "--name", "cafe", "--location", "52.52,13.405", "--node", &self.node]);
        command.arg("--radius").arg(&self.port).arg("--dir").arg(&self.folder).arg("--key-file").arg(&self.key);
        let daemon = Daemon::start(command.arg("--coverage").arg(&self.site));
        assert_eq!((&daemon.printed["radios"], &daemon.printed["authentication"]), (&json!(1), &json!(false)));
        let to = daemon.printed["radius"].as_str().unwrap().to_owned();
        (daemon, Radio { to })
    }
}

fn carriers_sessions(home: &Path, carrier: &str) -> Value {
    at(home, &["coverage", "sessions", "--carrier", carrier, "--json"]).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_radclient_tells_are_paid_and_a_kill_loses_none_that_was_answered() {
    if Command::new("radclient").arg("-v").output().is_err() {
        eprintln!("\n*** radclient (Debian's freeradius-utils) is NOT here: nothing is tested ***\n");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("net");
    let (up, endpoints) = Up::start(&home, &["--network", "helium"]).await;
    let (owner, payer) = (account(&home, folder.path(), "owner"), account(&home, folder.path(), "payer"));
    let payer = payer.to_str().unwrap();
    let new = ["coverage", "carrier", "new", "--credits", "100000", "--bytes", "1000000", "--from", payer, "--json"];
    let carrier = at(&home, &new).json()["carrier"].to_string();
    let site = json!({
        "kind": "indoor-wifi",
        "hexes": [{ "latitude": 52.52, "longitude": 13.405, "signal": "high", "power": -500 }],
        "access_points": [{ "from": "127.0.0.1", "secret": SECRET }],
        "carriers": { "carrier.example": carrier.parse::<u32>().unwrap() },
    });
    let file = folder.path().join("coverage.json");
    fs::write(&file, site.to_string()).unwrap();
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let node = endpoints["api"].as_str().unwrap().to_owned();
    let stand = Stand { node, folder: folder.path().join("cafe"), key: owner, site: file, port };

    let (daemon, radio) = stand.start();
    assert!(radio.tells("Start", "one", (0, 0), 0) && radio.tells("Interim-Update", "one", (400, 2_000), 60));
    assert!(radio.tells("Stop", "one", (800, 4_000), 90) && radio.tells("Stop", "one", (800, 4_000), 90), "told twice");
    let over = |many: usize| move |sessions: &Value| items(sessions).iter().filter(|one| one["stopped"] == true).count() == many;
    let list = ["coverage", "sessions", "--carrier", &carrier, "--json"];
    let paid = until(&home, &list, PATIENCE, over(1)).await;
    assert_eq!((&items(&paid)[0]["paid"], &items(&paid)[0]["units"]), (&json!(4_800), &json!(200)), "{paid:#}");

    // Reports go out every ten seconds: what was answered now is on the disk, and nowhere else.
    assert!(radio.tells("Start", "two", (0, 0), 0) && radio.tells("Stop", "two", (0, 2_400), 30));
    assert!(radio.tells("Start", "three", (0, 0), 0) && radio.tells("Interim-Update", "three", (240, 0), 30));
    drop(daemon);
    let reported = items(&carriers_sessions(&home, &carrier)).len();
    assert!(!radio.tells("Stop", "three", (480, 0), 60), "nobody is there who answers");

    let (daemon, radio) = stand.start();
    assert!(radio.tells("Stop", "three", (480, 0), 60), "the radio tells it again");
    let paid = until(&home, &list, PATIENCE, over(3)).await;
    let mut sums: Vec<u64> = items(&paid).iter().map(|one| one["paid"].as_u64().unwrap()).collect();
    sums.sort_unstable();
    assert_eq!(sums, [480, 2_400, 4_800], "{reported} were on the ledger when it was killed: {paid:#}");
    let carriers = at(&home, &["coverage", "carrier", "list", "--json"]).json();
    let own = items(&carriers).iter().find(|one| one["carrier"].as_u64() == carrier.parse().ok()).unwrap();
    assert_eq!((&own["bytes"], &own["spent"]["units"]), (&json!("7680"), &json!("320")), "each is paid once: {own:#}");
    let points = at(&home, &["coverage", "access-points", "--json"]).json();
    assert_eq!(items(&points).iter().filter(|point| point["kind"] == "indoor-wifi").count(), 1, "it joined once: {points:#}");
    daemon.stop();
    assert_eq!(at(&home, &["audit", "--json"]).json()["ok"], true, "{}", at(&home, &["audit"]).out);
    assert!(up.stop().await.success());
}
