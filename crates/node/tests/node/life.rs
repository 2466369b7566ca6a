//! Starting, stopping, starting again; who may use a folder; the index as a copy of the log.

use crate::common::{FIL, World, config, doc, key, name, transfer};
use depin_client::{Client, SigningKey, api::EventQuery};
use depin_engine::End;
use depin_node::{HomeError, Node, StartError, stored_genesis};
use depin_quantity::Units;
use std::{fs, path::Path, time::Duration};

/// Every event that the API tells, as text.
async fn history(client: &Client) -> Vec<String> {
    let (mut query, mut all) = (EventQuery { limit: Some(500), ..EventQuery::default() }, Vec::new());
    loop {
        let page = client.events(&query).await.unwrap();
        all.extend(page.items.iter().map(|event| serde_json::to_string(event).unwrap()));
        match page.next {
            Some(next) => query.from = Some(next.parse().unwrap()),
            None => return all,
        }
    }
}

#[tokio::test]
async fn a_node_goes_on_with_the_same_data() {
    let world = World::start().await;
    let posted = world.send(&key(1), transfer(key(2).address(), 5 * FIL)).await;
    let before = world.client.status().await.unwrap();
    let told = history(&world.client).await;
    let World { folder, node, .. } = world;
    assert_eq!(node.stop().await, End::Stopped);

    let stored = stored_genesis(folder.path()).unwrap().unwrap();
    assert_eq!(stored.digest(), doc("test-chain").digest());
    let mut again = config(folder.path());
    again.genesis = stored;
    let node = Node::start(again).await.unwrap();
    let client = Client::new(node.api_url()).unwrap();
    let after = client.status().await.unwrap();
    assert!(after.height >= before.height);
    let block = client.block(before.height).await.unwrap().unwrap();
    assert_eq!(block.state_root, before.state_root);
    assert_eq!(client.transaction(posted.id).await.unwrap().receipt, posted.receipt);
    assert_eq!(client.account(key(2).address()).await.unwrap().balances[0].units, Units::new(1_005 * FIL));
    assert_eq!(history(&client).await[..told.len()], told);
    assert!(client.audit().await.unwrap().ok);
    assert_eq!(node.stop().await, End::Stopped);
}

#[tokio::test]
async fn a_node_that_was_cut_off_recovers() {
    let mut world = World::start().await;
    let mut told = Vec::new();
    for round in 1..=3u128 {
        let posted = world.send(&key(1), transfer(key(2).address(), FIL)).await;
        told = [told, history(&world.client).await].into_iter().max_by_key(Vec::len).unwrap();
        let World { folder, node, .. } = world;
        let closed = node.engine().closed();
        // Dropped without a word, as by a crash.
        drop(node);
        assert_eq!(closed.await, End::Abandoned);
        let node = restart(folder.path()).await;
        let client = Client::new(node.api_url()).unwrap();
        assert_eq!(client.transaction(posted.id).await.unwrap().receipt, posted.receipt, "round {round}");
        assert_eq!(client.account(key(2).address()).await.unwrap().balances[0].units, Units::new((1_000 + round) * FIL));
        assert_eq!(history(&client).await[..told.len()], told);
        world = World { folder, node, client, http: reqwest::Client::new() };
    }
}

/// The lock is free a moment after the last handle is gone.
async fn restart(home: &Path) -> depin_node::NodeHandle {
    loop {
        match Node::start(config(home)).await {
            Ok(node) => return node,
            Err(StartError::Home(HomeError::Busy(_)) | StartError::Engine(depin_engine::StartError::Busy(_))) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn an_index_filled_again_is_the_same() {
    let world = World::start().await;
    for n in 2..=4 {
        world.send(&key(1), transfer(key(n).address(), n.into())).await;
    }
    let told = history(&world.client).await;
    let World { folder, node, .. } = world;
    node.stop().await;
    let home = folder.path();
    let ways: [&dyn Fn(); 4] = [
        &|| fs::remove_file(home.join("index.sqlite")).unwrap(),
        &|| fs::write(home.join("index.sqlite"), [7; 9_000]).unwrap(),
        &|| fs::write(home.join("index.sqlite"), "").unwrap(),
        &|| {},
    ];
    for (n, damage) in ways.iter().enumerate() {
        damage();
        let mut again = config(home);
        again.rebuild_index = n == ways.len() - 1;
        let node = Node::start(again).await.unwrap();
        let client = Client::new(node.api_url()).unwrap();
        // Whatever waits for the whole history waits until it is there.
        let mut marks = node.index().watch();
        marks.wait_for(|marks| marks.next_event >= told.len() as u64).await.unwrap();
        assert_eq!(history(&client).await[..told.len()], told, "way {n}");
        node.stop().await;
    }
}

#[tokio::test]
async fn two_nodes_never_run_on_one_home() {
    let world = World::start().await;
    let second = Node::start(config(world.folder.path())).await;
    assert!(matches!(second, Err(StartError::Home(HomeError::Busy(_)))));
    world.client.health().await.unwrap();
}

#[tokio::test]
async fn a_home_of_another_chain_network_or_variant_is_refused_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    Node::start(config(folder.path())).await.unwrap().stop().await;
    let start = |change: &dyn Fn(&mut depin_ledger::GenesisDoc)| {
        let mut config = config(folder.path());
        change(&mut config.genesis);
        Node::start(config)
    };
    let text = |error: Option<StartError>| error.expect("refused").to_string();
    let other_chain = text(start(&|doc| doc.chain_id = name("other-chain")).await.err());
    assert!(other_chain.contains("chain `test-chain`, not `other-chain`") && other_chain.contains("--fresh"), "{other_chain}");
    let other_variant = text(start(&|doc| doc.variant = name("mainnet")).await.err());
    assert!(other_variant.contains("variant `document`, not `mainnet`"), "{other_variant}");
    let other_start = text(start(&|doc| doc.speed_max = 7).await.err());
    assert!(other_start.contains("genesis"), "{other_start}");
}

/// A home as the version before layouts were noted left it: its genesis document, and a store that this version cannot read.
#[tokio::test]
async fn a_home_of_another_version_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let genesis = serde_json::to_vec_pretty(&doc("test-chain")).unwrap();
    fs::write(folder.path().join("genesis.json"), &genesis).unwrap();
    fs::write(folder.path().join("lock"), "").unwrap();
    fs::create_dir(folder.path().join("engine")).unwrap();
    fs::write(folder.path().join("engine/blocks"), "of another version").unwrap();
    let refused = || async { Node::start(config(folder.path())).await.err().expect("refused").to_string() };
    for (found, expected) in [
        (None, "layout 2 or older"),
        (Some("rows of layout 3 in blocks of format 2\n"), "layout 3"),
        (Some("rows of layout 99 in blocks of format 7\n"), "layout 99"),
    ] {
        if let Some(found) = found {
            fs::write(folder.path().join("layout"), found).unwrap();
        }
        let error = refused().await;
        assert!(error.contains(expected) && error.contains(&folder.path().display().to_string()), "{error}");
        assert!(error.contains(env!("CARGO_PKG_VERSION")) && error.contains("--fresh"), "{error}");
        let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.retain(|name| name != "layout");
        names.sort();
        assert_eq!(names, ["engine", "genesis.json", "lock"]);
        assert_eq!(fs::read(folder.path().join("engine/blocks")).unwrap(), b"of another version");
    }
    // What this version made, it starts again.
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        Node::start(config(folder.path())).await.unwrap().stop().await;
    }
}

#[tokio::test]
async fn a_speed_that_outruns_the_proofs_is_refused_naming_the_highest() {
    let folder = tempfile::tempdir().unwrap();
    let with_speed = |speed| {
        let mut config = config(folder.path());
        config.speed = speed;
        config.genesis.speed_max = u32::MAX;
        Node::start(config)
    };
    let Err(StartError::Speed { given, max }) = with_speed(1_000_000).await else { panic!("refused") };
    assert_eq!(given, 1_000_000);
    let Err(error) = with_speed(max + 1).await else { panic!("refused") };
    assert!(error.to_string().contains(&max.to_string()), "{error}");
    assert!(matches!(with_speed(0).await, Err(StartError::Speed { given: 0, .. })));
    let node = with_speed(max).await.unwrap();
    let client = Client::new(node.api_url()).unwrap();
    let mut tips = node.engine().finalized();
    tips.wait_for(|tip| tip.height >= 3).await.unwrap();
    let status = client.status().await.unwrap();
    assert_eq!(status.speed, max);
    node.stop().await;
    // What the chain itself allows counts too.
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path());
    (config.speed, config.genesis.speed_max) = (2, 1);
    assert!(matches!(Node::start(config).await, Err(StartError::ChainSpeed { given: 2, max: 1 })));
}

#[tokio::test]
async fn wrong_keys_wrong_documents_and_taken_addresses_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong_key = config(folder.path());
    wrong_key.seed = [1; 32];
    assert!(matches!(Node::start(wrong_key).await, Err(StartError::NotValidator)));
    let mut two = config(folder.path());
    two.genesis.validators.push(SigningKey::from_seed(&[3; 32]).public_key());
    assert!(matches!(Node::start(two.clone()).await, Err(StartError::Genesis(depin_ledger::GenesisError::NoBeacon(2)))));
    two.genesis.beacon = Some(depin_engine::deal_beacon(2).0);
    assert!(matches!(Node::start(two).await, Err(StartError::Committee(2))));
    let mut no_network = config(folder.path());
    no_network.genesis.network_toml = "x = 1".to_owned();
    assert!(matches!(Node::start(no_network).await, Err(StartError::Genesis(_))));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut taken_address = config(folder.path());
    taken_address.listen = taken.local_addr().unwrap();
    let error = Node::start(taken_address).await.err().unwrap();
    assert!(error.to_string().contains("Use another port"), "{error}");
    // None of them left anything that is in the way.
    Node::start(config(folder.path())).await.unwrap().stop().await;
}

#[tokio::test]
async fn a_node_whose_engine_ends_says_so() {
    let world = World::start().await;
    let failed = world.node.failed();
    world.node.engine().stop().await;
    // The index, which follows it, may notice first.
    let why = failed.await;
    assert!(why.contains("the engine ended") || why.contains("the index stopped"), "{why}");
    let error = world.client.health().await.unwrap_err();
    assert!(error.is_passing() && error.to_string().contains("about to end"), "{error}");
    let (status, code) = world.post(&world.transaction_at(&key(1), 0, transfer(key(2).address(), 1))).await;
    assert_eq!((status.as_u16(), code.as_str()), (503, "busy"));
}

#[tokio::test]
async fn stopping_ends_event_streams_and_lets_requests_finish() {
    let world = World::start().await;
    let url = format!("{}/v1/events/stream?from=0", world.node.api_url());
    let mut stream = world.http.get(url).send().await.unwrap();
    stream.chunk().await.unwrap().unwrap();
    let waiting = world.transaction_at(&key(1), 1, transfer(key(2).address(), 1));
    let posted = tokio::spawn({
        let (client, waiting) = (world.client.clone(), waiting.clone());
        async move { client.post_transaction(&waiting, true).await }
    });
    while world.node.pool().size().count == 0 {
        tokio::task::yield_now().await;
    }
    let World { node, folder: _folder, .. } = world;
    assert_eq!(node.stop().await, End::Stopped);
    assert_eq!(posted.await.unwrap().unwrap().receipt, None, "answered that it waits");
    while let Ok(Some(_)) = stream.chunk().await {}
}
