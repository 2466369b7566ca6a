//! Storage on each of the five economies, by the real binary: files go in and come out, deals are paid as the network pays, the books
//! balance, and everything is there after a restart.

mod support;

use serde_json::Value;
use std::{fs, path::Path, time::Duration};
use support::{
    at, depin,
    network::{S3, Up, all_secured, content, until},
    run,
};

/// Longest wait for anything; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(120);
/// As fast as proof windows allow, so that a day of deals is paid in minutes.
const SPEED: [&str; 4] = ["--speed", "200", "--providers", "3"];

#[tokio::test(flavor = "multi_thread")]
async fn storage_runs_on_filecoins_economy() {
    let told = runs("filecoin", async |_: &Path| {}).await;
    assert!(!told.contains("is not live yet"), "storage is this network's own service: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn storage_runs_on_heliums_economy() {
    // Deals are paid in credits, which the gateway minted by burning, and which are burnt again when they are used.
    let folder = tempfile::tempdir().unwrap();
    let made =
        run(depin().current_dir(folder.path()).args(["new", "helium-storage", "--service", "storage", "--economy", "helium"]));
    made.done();
    let network = folder.path().join("helium-storage");
    let told = runs_as("helium-storage", network.to_str().unwrap(), async |home: &Path| {
        let minted = at(home, &["events", "--kind", "credits-minted", "--json"]).json();
        assert!(!minted["items"].as_array().unwrap().is_empty(), "{minted:#}");
        assert_ne!(supply(home, "HNT")["burned"]["units"], "0");
        at(home, &["token", "mint", "--give", "1 HNT", "--credit", "DC", "--to", "provider-1"]).done();
        let sent = at(home, &["transfer", "--to", "provider-1", "--amount", "1 DC"]);
        assert!(sent.code == 1 && sent.err.contains("cannot be moved between parties"), "{}", sent.err);
        at(home, &["token", "lock", "--amount", "10 HNT", "--for", "365d"]).done();
        assert_eq!(at(home, &["account", "show", "customer", "--json"]).json()["committed"][0]["to"], "veHNT");
    })
    .await;
    assert!(told.contains("ahead of its schedule"), "nothing is minted at this network's start: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn storage_runs_on_renders_economy() {
    // What customers pay is burnt; operators are paid by emission, by the week.
    let folder = tempfile::tempdir().unwrap();
    run(depin().current_dir(folder.path()).args(["new", "render-storage", "--service", "storage", "--economy", "render"])).done();
    let network = folder.path().join("render-storage");
    runs_as("render-storage", network.to_str().unwrap(), async |home: &Path| {
        assert_ne!(supply(home, "RENDER")["burned"]["units"], "0");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn storage_runs_on_akashs_economy() {
    let folder = tempfile::tempdir().unwrap();
    run(depin().current_dir(folder.path()).args(["new", "akash-storage", "--service", "storage", "--economy", "akash"])).done();
    let network = folder.path().join("akash-storage");
    runs_as("akash-storage", network.to_str().unwrap(), async |home: &Path| {
        // The take rate: what is no provider's goes to the treasury and to stakers.
        let treasury = at(home, &["events", "--kind", "posting", "--limit", "10000"]).done().out;
        assert!(treasury.split_whitespace().collect::<Vec<_>>().join(" ").contains("to treasury ecosystem"), "{treasury}");
        at(home, &["token", "validate", "--commission", "5%", "--stake", "100 AKT", "--from", "provider-1"]).done();
        at(home, &["token", "stake", "--with", "provider-1", "--amount", "10 AKT"]).done();
        let staked = at(home, &["account", "show", "customer", "--json"]).json()["committed"][0].clone();
        assert_eq!((&staked["to"], &staked["amount"]["display"]), (&"validators".into(), &"10 AKT".into()), "{staked:#}");
        a_double_vote_is_judged_by_the_ledger(home);
        // Stablecoin came over the bridge that the faucet stands for.
        at(home, &["token", "fund", "--amm-pool", "AKT-USDC", "1000 AKT", "4000 USDC", "--from", "faucet"]).done();
        at(home, &["token", "swap", "--amm-pool", "AKT-USDC", "--give", "10 USDC", "--least", "2 AKT"]).done();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn storage_runs_on_io_nets_economy() {
    // Capacity earns by the hour, which is 18 seconds here.
    let folder = tempfile::tempdir().unwrap();
    run(depin().current_dir(folder.path()).args(["new", "io-storage", "--service", "storage", "--economy", "io.net"])).done();
    let network = folder.path().join("io-storage");
    runs_as("io-storage", network.to_str().unwrap(), async |home: &Path| {
        let minted = ["events", "--kind", "emission-minted", "--limit", "1000", "--json"];
        until(home, &minted, PATIENCE, |events| {
            events["items"].as_array().unwrap().iter().any(|event| event["event"]["event"]["pool"] == "capacity")
        })
        .await;
        let claimed = at(home, &["token", "claim", "--from", "provider-1"]).done().out;
        assert!(claimed.contains("IO from pool capacity to provider-1"), "{claimed}");
    })
    .await;
}

/// Two votes that are none are refused, with the fee paid; so are real ones of a validator that put up no stake.
fn a_double_vote_is_judged_by_the_ledger(home: &Path) {
    let file = home.with_file_name("votes.txt");
    let refused = |votes: &str| {
        fs::write(&file, votes).unwrap();
        let told = at(home, &["evidence", file.to_str().unwrap()]);
        assert_eq!(told.code, 1, "{}", told.out);
        told.err
    };
    let none = refused("abcd\nabce\n");
    assert!(none.contains("the ledger refused `signed-twice`"), "{none}");
    let genesis: Value = serde_json::from_slice(&fs::read(home.join("genesis.json")).unwrap()).unwrap();
    let mut seed = [0; 32];
    hex::decode_to_slice(fs::read_to_string(home.join("validator.key")).unwrap().trim(), &mut seed).unwrap();
    let committee = [depin_engine::public_key(&seed)];
    let chain = genesis["chain_id"].as_str().unwrap();
    let vote = |digest| {
        let vote = depin_engine::sign_vote(chain, &committee, &seed, depin_engine::VoteKind::Notarize, 2, [digest; 32]);
        hex::encode(vote.unwrap().expect("it is the committee"))
    };
    let unbonded = refused(&format!("{{\"first\": \"{}\", \"second\": \"{}\"}}", vote(1), vote(2)));
    assert!(
        unbonded.contains("signed-twice") && !unbonded.contains("vote is"),
        "the votes hold, the stake is missing: {unbonded}"
    );
    assert_ne!(none, unbonded);
    fs::remove_file(&file).unwrap();
}

/// Runs a network through a file's life, with what is `its_own` while deals run; gives what `depin up` said.
async fn runs(network: &str, its_own: impl AsyncFnOnce(&Path)) -> String {
    runs_as(network, network, its_own).await
}

/// The same for one that is named otherwise than it is started: by its folder.
async fn runs_as(network: &str, asked: &str, its_own: impl AsyncFnOnce(&Path)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("net");
    let (up, endpoints) = Up::start(&home, &[&["--network", asked], &SPEED[..]].concat()).await;
    assert_eq!(endpoints["network"], network);
    let s3 = S3::new(&endpoints);
    assert!(s3.make_bucket("files").await.unwrap().is_success());
    for (key, length) in [("kept", 70_000), ("gone", 50_000)] {
        assert!(s3.put("files", key, content(length, length as usize)).await.unwrap().is_success(), "{key}");
    }
    files_come_out(&s3, &endpoints).await;
    until(&home, &["storage", "list", "--json"], PATIENCE, |list| all_secured(list, 2)).await;

    let deals = until(&home, &["storage", "deals", "--json"], PATIENCE, |deals| !active(deals).is_empty()).await;
    let price = active(&deals)[0]["price"].clone();
    assert!(price["units"].as_str().unwrap().parse::<u128>().unwrap() > 0, "nothing is stored for nothing: {price}");
    deals_are_paid(&home, &price).await;
    a_home_stays_with_its_network(&home, network);
    its_own(&home).await;
    assert_eq!(at(&home, &["audit", "--json"]).json()["ok"], true, "{}", at(&home, &["audit"]).out);

    assert!(s3.delete("files", "gone").await.unwrap().is_success());
    assert_eq!(s3.get("files", "gone").await.unwrap().0, 404);
    assert_eq!(S3::new(&endpoints).list("files").await, ["kept"]);
    let printed = up.printed();
    assert!(up.stop().await.success());

    let (up, again) = Up::start(&home, &SPEED).await;
    assert_eq!((&again["chain_id"], &again["network"]), (&endpoints["chain_id"], &endpoints["network"]));
    assert_eq!(S3::new(&again).get("files", "kept").await.unwrap().1, content(70_000, 70_000));
    let audit = at(&home, &["audit", "--json"]).json();
    assert_eq!(audit["ok"], true, "{audit:#}");
    assert!(up.stop().await.success());
    printed
}

async fn files_come_out(s3: &S3, endpoints: &Value) {
    let (status, whole) = s3.get("files", "kept").await.unwrap();
    assert!(status.is_success() && whole == content(70_000, 70_000), "{status}");
    let (status, part) = s3.get_range("files", "kept", "bytes=1000-1099").await.unwrap();
    assert_eq!((status.as_u16(), part.as_slice()), (206, &content(70_000, 70_000)[1_000..1_100]));
    assert_eq!(S3::new(endpoints).list("files").await, ["gone", "kept"]);
}

fn active(deals: &Value) -> Vec<&Value> {
    deals["items"].as_array().unwrap().iter().filter(|deal| deal["state"] == "active").collect()
}

/// What deals owe is settled, and moves as the network's file says: to the provider, to its funds, or into nothing.
async fn deals_are_paid(home: &Path, price: &Value) {
    let token = price["token"].as_str().unwrap();
    let before = supply(home, token)["burned"].clone();
    // Settling waits for a whole period of the deals' clock at most, which is short at this speed.
    let settled = until(home, &["storage", "settle", "--json"], PATIENCE, |settled| {
        settled["paid"].as_array().is_some_and(|paid| !paid.is_empty())
    })
    .await;
    for paid in settled["paid"].as_array().unwrap() {
        assert_eq!(paid["amount"]["token"], token, "{settled:#}");
    }
    let burnt = settled["paid"].as_array().unwrap().iter().any(|paid| paid["to"] == "burnt");
    let after = supply(home, token)["burned"].clone();
    if burnt {
        assert_ne!(before, after, "what is burnt is gone from the supply");
    }
    let text = at(home, &["events", "--kind", "posting", "--limit", "200"]).done().out;
    assert!(text.contains(token), "{text}");
}

fn supply(home: &Path, token: &str) -> Value {
    let status = at(home, &["status", "--json"]).json();
    let tokens = status["supply"]["tokens"].as_array().unwrap().clone();
    tokens.into_iter().find(|entry| entry["token"] == token).unwrap_or_else(|| panic!("no supply of {token}: {status:#}"))
}

fn a_home_stays_with_its_network(home: &Path, network: &str) {
    assert!(fs::read_to_string(home.join("network.toml")).unwrap().contains(&format!("name = \"{network}\"")));
}

#[test]
fn another_network_than_the_homes_is_refused_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("net");
    fs::create_dir(&home).unwrap();
    // A home as an earlier start left it.
    let marker = serde_json::json!({"format": depin_ledger::FORMAT, "kind": "depin-home", "chain_id": "akash-dev-0", "network": "akash",
        "variant": "document", "complete": true});
    fs::write(home.join("home.json"), marker.to_string()).unwrap();
    let printed = at(&home, &["up", "--network", "filecoin"]);
    assert_eq!(printed.code, 1);
    for word in ["akash", "filecoin", "akash-dev-0", "--fresh"] {
        assert!(printed.err.contains(word), "{word}: {}", printed.err);
    }
    let unknown = at(&folder.path().join("new"), &["up", "--network", "bitcoin"]);
    assert!(unknown.code == 1 && unknown.err.contains("render"), "{}", unknown.err);
}
