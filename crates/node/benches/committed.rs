//! Committed transfers per second, end to end: posted over HTTP, checked, ordered by the engine, durable, indexed.
//!
//! `cargo bench -p depin-node --bench committed` prints the rate beside how fast one core checks such signatures one by one.

use depin_client::{Client, SigningKey, Verifier, sign};
use depin_ledger::{GenesisAccount, GenesisDoc, Message, Transaction};
use depin_node::{Node, NodeConfig};
use depin_quantity::{Instant, Name, Units};
use futures::{StreamExt as _, stream};
use std::{sync::Arc, time::Duration};

const NETWORK: &str = include_str!("../../../networks/filecoin/network.toml");
const SENDERS: usize = 250;
const EACH: u64 = 40;
const IN_FLIGHT: usize = 64;

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

fn main() {
    let keys: Vec<SigningKey> = (0..SENDERS as u64).map(seeded).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(run(&keys));
}

fn seeded(n: u64) -> SigningKey {
    let mut seed = [7; 32];
    seed[..8].copy_from_slice(&n.to_be_bytes());
    SigningKey::from_seed(&seed)
}

fn doc(keys: &[SigningKey], validator: &SigningKey) -> GenesisDoc {
    let account = |(i, key): (usize, &SigningKey)| GenesisAccount {
        address: key.address(),
        name: name(&format!("account-{i}")),
        from: name("foundation"),
        amount: Units::new(1_000_000_000_000_000_000),
        token: None,
    };
    GenesisDoc {
        chain_id: name("bench-chain"),
        network: name("filecoin"),
        variant: name("document"),
        network_toml: NETWORK.to_owned(),
        time: Instant::new(1_790_000_000_000),
        speed_max: 1,
        accounts: keys.iter().enumerate().map(account).collect(),
        roles: [(name("notary"), keys[0].address()), (name("price-feeder"), keys[1].address())].into(),
        validators: vec![validator.public_key()],
    }
}

async fn run(keys: &[SigningKey]) {
    let seed = [99; 32];
    let home = tempfile::tempdir().expect("a folder");
    let document = doc(keys, &SigningKey::from_seed(&seed));
    let config = NodeConfig { pace: Duration::from_millis(20), ..NodeConfig::single(home.path(), document, seed) };
    let node = Node::start(config).await.expect("the node starts");
    let transfer = |i: usize, nonce: u64| {
        let to = keys[(i * 31 + 7) % SENDERS].address();
        let message = Message::Transfer { to, token: name("FIL"), amount: Units::new(1) };
        sign(&keys[i], name("bench-chain"), nonce, Units::new(1_000_000_000), Units::ZERO, message)
    };
    let transactions: Vec<Transaction> =
        (0..EACH).flat_map(|n| (0..SENDERS).map(move |i| (i, n))).map(|(i, n)| transfer(i, n)).collect();
    let single = std::time::Instant::now();
    for transaction in transactions.iter().take(2000) {
        let message = transaction.body.signed_bytes();
        assert!(Verifier.verify_one(&transaction.body.key, &message, &transaction.signature));
    }
    let checked = 2000.0 / single.elapsed().as_secs_f64();

    let client = Arc::new(Client::new(node.api_url()).expect("the node's own address"));
    let mut tips = node.engine().finalized();
    let (start, count) = (std::time::Instant::now(), transactions.len());
    let posts = stream::iter(transactions).map(|transaction| {
        let client = client.clone();
        async move { client.post_transaction(&transaction, false).await.expect("taken") }
    });
    posts.buffered(IN_FLIGHT).for_each(|_| async {}).await;
    let posted = start.elapsed();
    while keys.iter().any(|key| node.ledger().nonce(key.address()) < EACH) {
        tips.changed().await.expect("the engine goes on");
    }
    let all = start.elapsed();
    println!("{count} transfers of {SENDERS} senders over HTTP, {IN_FLIGHT} requests in flight, committee of one, both cores");
    println!("posted and checked        {:>8.0}/s", count as f64 / posted.as_secs_f64());
    println!("committed and durable     {:>8.0}/s", count as f64 / all.as_secs_f64());
    println!("one core checks one by one{checked:>8.0}/s  ratio {:.2}", count as f64 / all.as_secs_f64() / checked);
    node.stop().await;
}
