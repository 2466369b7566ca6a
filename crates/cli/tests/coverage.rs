//! Wireless coverage by the real binary: hotspots, a network server and simulated devices, at the wall clock's speed and at sixty times that.

mod support;

use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::Stdio,
    time::Duration,
};
use support::{
    at, depin,
    network::{Daemon, Up, until},
    run,
};

/// What a person waits for packets, and for beacons.
const PACKETS: Duration = Duration::from_secs(120);
const BEACONS: Duration = Duration::from_secs(180);
/// Longest wait for anything else; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(240);

fn items(value: &Value) -> &Vec<Value> {
    value["items"].as_array().unwrap_or_else(|| panic!("no list: {value:#}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_flow_and_credits_burn_within_two_minutes() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("net");
    let (up, endpoints) = Up::start(&home, &["--network", "helium"]).await;
    assert_eq!((&endpoints["network"], &endpoints["service"]), (&json!("helium"), &json!("coverage")));
    let hotspots = at(&home, &["coverage", "hotspots", "--json"]).json();
    assert_eq!(items(&hotspots).len(), 3, "{hotspots:#}");
    assert!(items(&hotspots).iter().all(|hotspot| hotspot["location"]["region"] == "eu868"), "{hotspots:#}");

    let paid = until(&home, &["coverage", "packets", "--json"], PACKETS, |packets| !items(packets).is_empty()).await;
    assert!(items(&paid).iter().all(|batch| batch["state"] == "settled"), "{paid:#}");
    let oui = at(&home, &["coverage", "oui", "list", "--json"]).json()["items"][0].clone();
    assert_ne!(oui["spent"]["units"], "0", "{oui:#}");
    let status = at(&home, &["status", "--json"]).json();
    let tokens = status["supply"]["tokens"].as_array().unwrap();
    let credits = tokens.iter().find(|token| token["token"] == "DC").unwrap();
    assert_ne!(credits["burned"]["units"], "0", "{credits:#}");
    let sessions = until(&home, &["coverage", "sessions", "--json"], PACKETS, |sessions| {
        items(sessions).iter().any(|session| session["paid"].as_u64().unwrap() > 0)
    })
    .await;
    assert!(items(&sessions).iter().all(|session| session["carrier"] == 1), "{sessions:#}");
    look_around(&home, folder.path());
    packets_are_followed_in_the_clear(&home);
    a_customer_of_ones_own(&home, folder.path()).await;

    assert!(up.stop().await.success());
    let (up, _) = Up::start(&home, &[]).await;
    let before = oui["packets"].as_u64().unwrap();
    until(&home, &["coverage", "oui", "list", "--json"], PATIENCE, |ouis| {
        items(ouis).iter().any(|again| again["oui"] == oui["oui"] && again["packets"].as_u64().unwrap() > before + 3)
    })
    .await;
    assert_eq!(at(&home, &["audit", "--json"]).json()["ok"], true, "{}", at(&home, &["audit"]).out);
    assert!(up.stop().await.success());
}

/// Every list fits a terminal, and says what there is.
fn look_around(home: &Path, folder: &Path) {
    for (list, word) in [
        (vec!["coverage", "hotspots"], "provider-1"),
        (vec!["coverage", "oui", "list"], "customer"),
        (vec!["coverage", "route", "list"], "active"),
        (vec!["coverage", "credits", "balance"], "on"),
        (vec!["coverage", "device", "list"], "simulated-0"),
        (vec!["coverage", "packets"], "paid"),
        (vec!["coverage", "rewards"], "provider-1"),
        (vec!["coverage", "access-points"], "outdoor-wifi"),
        (vec!["coverage", "carrier", "list"], "customer"),
        (vec!["coverage", "sessions"], "MB UP"),
        (vec!["coverage", "map"], "HEX"),
        (vec!["provider", "show", "provider-1"], "packets paid"),
    ] {
        let told = at(home, &list).done().out;
        assert!(told.contains(word), "{list:?}: {told}");
        assert!(told.lines().all(|line| line.chars().count() <= 100), "{list:?}: {told}");
    }
    let (svg, geojson) = (folder.join("map.svg"), folder.join("map.geojson"));
    at(home, &["coverage", "map", "--svg", svg.to_str().unwrap()]).done();
    at(home, &["coverage", "map", "--geojson", geojson.to_str().unwrap()]).done();
    let picture = std::fs::read_to_string(svg).unwrap();
    assert!(picture.starts_with("<svg") && picture.contains("provider-3") && picture.ends_with("</svg>\n"), "{picture}");
    let map: Value = serde_json::from_slice(&std::fs::read(geojson).unwrap()).unwrap();
    let kinds = map["features"].as_array().unwrap().iter().filter(|one| one["properties"]["kind"] == "hotspot").count();
    assert_eq!((&map["type"], kinds), (&json!("FeatureCollection"), 3));
}

/// Each packet comes with what it cost, and with what is in it: the network server of the home has the keys.
fn packets_are_followed_in_the_clear(home: &Path) {
    let mut command = depin();
    command.arg("--home").arg(home).args(["coverage", "packets", "--follow", "--json"]).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().take(20);
    let events = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let mut packets = events.flat_map(|event| event["packets"].as_array().unwrap().clone());
    let found = packets.find(|packet| packet["clear"]["name"].as_str().is_some_and(|name| name.starts_with("simulated-")));
    child.kill().unwrap();
    child.wait().unwrap();
    let packet = found.expect("one of the first is in the clear");
    assert_eq!((&packet["cost"]["token"], packet["hash"] == packet["clear"]["hash"]), (&json!("DC"), true), "{packet:#}");
}

/// A second customer, with a network server and a hotspot in processes of their own.
async fn a_customer_of_ones_own(home: &Path, folder: &Path) {
    let api = std::fs::read(home.join("endpoints.json")).unwrap();
    let api: Value = serde_json::from_slice(&api).unwrap();
    let key = folder.join("other.key");
    let made = run(depin().arg("--home").arg(home).args(["wallet", "new", "other", "--file", key.to_str().unwrap(), "--json"]));
    let address = made.json()["address"].as_str().unwrap().to_owned();
    at(home, &["transfer", "--from", "faucet", "--to", &address, "--amount", "100 HNT"]).done();
    let mut command = depin();
    command.args(["gateway", "lorawan", "--json", "--node", api["api"].as_str().unwrap(), "--credits", "20000"]);
    command.args(["--devaddr", "49000000-4900000F", "--dir"]).arg(folder.join("lns")).arg("--key-file").arg(&key);
    let server = Daemon::start(&mut command);
    let endpoint = &server.printed["endpoints"][0];
    assert_eq!(endpoint["oui"], "2", "{:#}", server.printed);
    let routes = at(home, &["coverage", "route", "list", "--oui", "2", "--json"]).json();
    assert_eq!((items(&routes).len(), &items(&routes)[0]["ranges"]), (1, &json!(1)), "{routes:#}");
    let add = at(home, &["coverage", "credits", "mint", "500", "--oui", "2", "--from", key.to_str().unwrap(), "--json"]).json();
    assert_eq!((&add["oui"], &add["credits"]), (&json!(2), &json!("500")), "{add:#}");
    let refused = at(home, &["coverage", "credits", "mint", "500", "--oui", "2"]);
    assert_eq!(refused.code, 1, "another's OUI: {}", refused.err);
    server.stop();
    let closed = at(home, &["coverage", "oui", "close", "2", "--from", key.to_str().unwrap(), "--json"]).json();
    assert_eq!((&closed["oui"], &closed["routes"], &closed["credits"]), (&json!(2), &json!(1), &json!("20500")), "{closed:#}");
    let ouis = at(home, &["coverage", "oui", "list", "--json"]).json();
    let second = items(&ouis).iter().find(|oui| oui["oui"] == 2).unwrap();
    assert_eq!((&second["routes"], &second["balance"]["units"]), (&json!(0), &json!("0")), "{second:#}");
    assert!(at(home, &["coverage", "denylist", "list"]).done().out.contains("nobody is denied"));
    assert!(at(home, &["coverage", "claim", "list"]).done().out.contains("no claims are open"));
    let history = at(home, &["coverage", "packets", "--history", "--json"]).json();
    assert!(items(&history).iter().any(|event| event["kind"] == "packets-settled"), "{history:#}");
}

/// Its forwarders are real to whoever listens.
#[test]
fn a_simulated_radio_by_itself_speaks_to_a_hotspots_port() {
    let folder = tempfile::tempdir().unwrap();
    let port = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    port.set_read_timeout(Some(PATIENCE)).unwrap();
    let hotspot = format!("52.52,13.405@{}", port.local_addr().unwrap());
    let mut command = depin();
    command.args(["devnet", "radio", "--json", "--devices", "0", "--hotspot", &hotspot, "--memory"]);
    let radio = Daemon::start(command.arg(folder.path().join("radio.json")));
    assert_eq!((&radio.printed["simulated"], &radio.printed["devices"]), (&json!(true), &json!(0)), "{:#}", radio.printed);
    // PUSH_DATA with its status and PULL_DATA, whichever comes first.
    let mut kinds = std::collections::BTreeSet::new();
    while kinds.len() < 2 {
        let mut datagram = [0; 2_048];
        let (length, _) = port.recv_from(&mut datagram).unwrap();
        let [version, _, _, kind, ..] = datagram;
        assert!(version == 2 && (kind == 0 || (kind == 2 && length == 12)), "{:?}", &datagram[..length]);
        kinds.insert(kind);
    }
    radio.stop();
}

/// The most IOT that one hotspot earned, in base units.
fn most_iot(rewards: &Value) -> u128 {
    let earned = |one: &Value| one["earned"].as_array().unwrap().iter().map(iot).sum();
    items(rewards).iter().map(earned).max().unwrap_or_default()
}

fn iot(amount: &Value) -> u128 {
    if amount["token"] == "IOT" { amount["units"].as_str().unwrap().parse().unwrap() } else { 0 }
}

/// What each hotspot earned is the sum of its payouts, and what its owner has.
async fn earned_is_what_was_paid(home: &Path) {
    // Payouts come between the calls: none of a second that begins with the first.
    let rewards = at(home, &["coverage", "rewards", "provider-1", "--json"]).json();
    let rounds = at(home, &["coverage", "rewards", "provider-1", "--by-period", "--limit", "100000", "--json"]).json();
    let sum: u128 = items(&rounds).iter().map(|round| iot(&round["amount"])).sum();
    let last = items(&rounds)[0]["paid"]["ms"].clone();
    let later: u128 = items(&rounds).iter().filter(|round| round["paid"]["ms"] == last).map(|round| iot(&round["amount"])).sum();
    let earned = most_iot(&rewards);
    assert!(earned == sum || earned == sum - later, "{earned} of {sum}, {later} of it just now: {rewards:#}");
    let told = at(home, &["coverage", "rewards", "--by-period"]).done().out;
    assert!(told.contains("iot-coverage") && told.lines().all(|line| line.chars().count() <= 80), "{told}");
    // Right after a payout nothing is due: the next packet or beacon makes it so again.
    until(home, &["coverage", "rewards", "provider-1", "--json"], BEACONS, |rewards| {
        let due = items(rewards)[0]["due"].as_array().unwrap();
        due.iter().any(|due| due["pool"] == "iot-coverage" || due["pool"] == "iot-data")
    })
    .await;
    let nobody = at(home, &["coverage", "rewards", "faucet"]);
    assert!(nobody.code == 1 && nobody.err.contains("no hotspot or access point is theirs"), "{}", nobody.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn beacons_witnesses_and_rewards_are_there_within_three_minutes_at_speed_sixty() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("net");
    let (up, _) = Up::start(&home, &["--network", "helium-development", "--speed", "60"]).await;
    let begun = std::time::Instant::now();
    let at_first = most_iot(&at(&home, &["coverage", "rewards", "--json"]).json());
    let beacons = until(&home, &["coverage", "beacons", "--json"], BEACONS, |beacons| {
        items(beacons).iter().any(|beacon| {
            beacon["reason"].is_null()
                && beacon["witnesses"].as_array().unwrap().iter().any(|witness| witness["selected"] == true)
        })
    })
    .await;
    assert!(!items(&beacons).is_empty());
    let witnesses = at(&home, &["coverage", "witnesses", "--json"]).json();
    assert!(!items(&witnesses).is_empty(), "{witnesses:#}");
    until(&home, &["coverage", "rewards", "--json"], BEACONS, |rewards| {
        // An epoch's part of coverage is many whole tokens; packets alone are worth some millionths.
        most_iot(rewards) > at_first + 1_000_000
    })
    .await;
    println!("beacons, witnesses and rewards after {:?}", begun.elapsed());
    earned_is_what_was_paid(&home).await;
    let points = until(&home, &["coverage", "access-points", "--json"], PATIENCE, |points| {
        items(points).iter().any(|point| point["points_ever"] != "0")
    })
    .await;
    assert!(!items(&points)[0]["speed_tests"].as_array().unwrap().is_empty(), "{points:#}");
    assert!(begun.elapsed() < BEACONS, "{:?}", begun.elapsed());
    let genesis: Value = serde_json::from_slice(&std::fs::read(home.join("genesis.json")).unwrap()).unwrap();
    assert_eq!(genesis["variant"], "development");
    assert_eq!(at(&home, &["audit", "--json"]).json()["ok"], true, "{}", at(&home, &["audit"]).out);
    assert!(up.stop().await.success());
}
