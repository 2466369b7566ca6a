//! Committed transfers per second, end to end: posted over HTTP, checked, ordered by the engine, durable, indexed. First one request
//! for each, then many in one request. Transactions are signed before the clock runs. Then the same blocks once more, as another
//! validator has them: everything that a block needs, without consensus and requests.
//!
//! `cargo bench -p depin-node --bench committed` prints the rates beside how fast one core checks such signatures one by one, and what a
//! transfer of a block costs beside checking its signature in a batch.

use depin_client::{
    Client, SigningKey, Verifier,
    api::{BATCH_MAX, BatchAnswer},
    sign,
};
use depin_economy::Action;
use depin_engine::{Block, Replay, Step, Verdict};
use depin_ledger::{GenesisAccount, GenesisDoc, Ledger, Message, Transaction};
use depin_node::{CheckedSignatures, LedgerMachine, Node, NodeConfig, NodeHandle, Pool, PoolLimits};
use depin_quantity::{Name, Units};
use futures::{StreamExt as _, stream};
use std::{
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

/// As in the program.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

const NETWORK: &str = include_str!("../../../networks/filecoin/network.toml");
const SENDERS: usize = 250;
/// Transfers of each sender that are posted one by one, and in batches.
const ALONE: u64 = 40;
const TOGETHER: u64 = 400;
const IN_FLIGHT: usize = 64;
const BATCHES_IN_FLIGHT: usize = 3;
const ROUNDS: u64 = 3;
const VALIDATOR: [u8; 32] = [99; 32];
/// Signatures of a batch that is checked alone: as many as a full block has.
const CHECKED: usize = 4_096;

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

fn main() {
    let keys: Vec<SigningKey> = (0..SENDERS as u64).map(seeded).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let blocks = runtime.block_on(run(&keys));
    drop(runtime);
    again(&keys, &blocks);
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
        time: depin_quantity::Instant::new(1_790_000_000_000),
        speed_max: 1,
        accounts: keys.iter().enumerate().map(account).collect(),
        roles: [(name("notary"), keys[0].address()), (name("price-feeder"), keys[1].address())].into(),
        validators: vec![validator.public_key()],
        beacon: None,
        randomness: None,
    }
}

/// Gives the chain's blocks.
async fn run(keys: &[SigningKey]) -> Vec<Arc<Block>> {
    let home = tempfile::tempdir().expect("a folder");
    let document = doc(keys, &SigningKey::from_seed(&VALIDATOR));
    let config = NodeConfig { pace: Duration::from_millis(20), ..NodeConfig::single(home.path(), document, VALIDATOR) };
    let node = Node::start(config).await.expect("the node starts");
    let client = Client::new(node.api_url()).expect("the node's own address");
    let first = signed(keys, 0..ALONE);
    let checked = one_by_one(&first);

    println!(
        "transfers of {SENDERS} senders over HTTP, committee of one, both cores; {checked:.0}/s are checked one by one by one core"
    );
    let alone = committed(&node, keys, ALONE, first.len(), async {
        let posts =
            stream::iter(&first).map(|transaction| async { client.post_transaction(transaction, false).await.expect("taken") });
        posts.buffered(IN_FLIGHT).for_each(|_| async {}).await;
    })
    .await;
    print(&format!("{} one by one, {IN_FLIGHT} requests in flight", first.len()), alone, checked);

    let mut rates = Vec::new();
    for round in 0..ROUNDS {
        let from = ALONE + round * TOGETHER;
        let transactions = signed(keys, from..from + TOGETHER);
        rates.push(committed(&node, keys, from + TOGETHER, transactions.len(), in_batches(&client, &transactions)).await);
    }
    rates.sort_by(|a, b| a.1.total_cmp(&b.1));
    let together = rates[rates.len() / 2];
    let what =
        format!("{} in batches of {BATCH_MAX}, {BATCHES_IN_FLIGHT} in flight, median of {ROUNDS}", SENDERS as u64 * TOGETHER);
    print(&what, together, checked);
    println!("ratio of both: {:.2}; wanted: 16,668/s", together.1 / alone.1);
    let tip = node.engine().finalized().borrow().height;
    let mut blocks = Vec::new();
    for height in 1..=tip {
        blocks.push(node.engine().block(height).await.expect("the node answers").expect("a final block"));
    }
    node.stop().await;
    blocks
}

/// Processor time of the whole process.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).expect("time goes on")
}

/// Judges the blocks as candidates and applies them, on a fresh store and a fresh machine: signatures checked in a batch, executed,
/// frozen, the roots of the header computed and compared, folded into the finalized rows, durable.
fn again(keys: &[SigningKey], blocks: &[Arc<Block>]) {
    let encoded: Vec<_> = blocks.iter().flat_map(|block| block.txs()).collect();
    let transactions: Vec<Transaction> = encoded.iter().map(|bytes| Transaction::decode(bytes).expect("it is final")).collect();
    let messages: Vec<Vec<u8>> = transactions.iter().map(|transaction| transaction.body.signed_bytes()).collect();
    let items: Vec<_> = transactions.iter().zip(&messages).map(|(t, m)| (&t.body.key, m.as_slice(), &t.signature)).collect();
    let start = cpu();
    for some in items.chunks(CHECKED) {
        assert!(Verifier.verify_batch(some.iter().map(|(key, message, signature)| (*key, *message, *signature))));
    }
    let bare = cpu() - start;

    let mut whole: Vec<Duration> = (0..ROUNDS).map(|_| judged(keys, blocks)).collect();
    whole.sort_unstable();
    let whole = whole[whole.len() / 2];
    let each = |time: Duration| time.as_secs_f64() * 1e6 / transactions.len() as f64;
    println!("{} blocks with {} transfers again, processor time of all threads", blocks.len(), transactions.len());
    println!("{:<62} {:>6.2} µs each", format!("bare batch verification, {CHECKED} at a time"), each(bare));
    println!(
        "{:<62} {:>6.2} µs each  ratio {:.2}; wanted 0.60",
        format!("checked, executed, frozen, roots, finalized, median of {ROUNDS}"),
        each(whole),
        bare.as_secs_f64() / whole.as_secs_f64()
    );
}

fn judged(keys: &[SigningKey], blocks: &[Arc<Block>]) -> Duration {
    let folder = tempfile::tempdir().expect("a folder");
    let document = doc(keys, &SigningKey::from_seed(&VALIDATOR));
    let committee = document.validators.clone();
    let ledger = Arc::new(Ledger::new(document, Arc::new(CheckedSignatures::default())).expect("a document"));
    let machine = Arc::new(LedgerMachine::alone(ledger, Arc::new(Pool::new(PoolLimits::default()))));
    let steps = blocks.iter().flat_map(|block| [Step::Judge(vec![Arc::clone(block)]), Step::Finalize(Arc::clone(block))]);
    let steps: Vec<Step> = steps.collect();
    let start = cpu();
    let verdicts = Replay::run(folder.path(), machine, &committee, steps).expect("final blocks can be run again");
    let spent = cpu() - start;
    let refused = verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Judged(good) if good.contains(&false)));
    assert_eq!(refused.count(), 0, "every final block may be voted for");
    spent
}

/// Transfers with these nonces of every sender, nonce by nonce.
fn signed(keys: &[SigningKey], nonces: Range<u64>) -> Vec<Transaction> {
    let transfer = |(i, nonce): (usize, u64)| {
        let to = keys[(i * 31 + 7) % SENDERS].address();
        let message = Message::Act(Action::Transfer { to, token: name("FIL"), amount: Units::new(1) });
        sign(&keys[i], name("bench-chain"), nonce, Units::new(1_000_000_000), Units::ZERO, message)
    };
    nonces.flat_map(|n| (0..SENDERS).map(move |i| (i, n))).map(transfer).collect()
}

/// Signatures that one core checks in a second, one by one.
fn one_by_one(transactions: &[Transaction]) -> f64 {
    let started = Instant::now();
    for transaction in transactions.iter().take(2_000) {
        let message = transaction.body.signed_bytes();
        assert!(Verifier.verify_one(&transaction.body.key, &message, &transaction.signature));
    }
    2_000.0 / started.elapsed().as_secs_f64()
}

async fn in_batches(client: &Client, transactions: &[Transaction]) {
    let posts = stream::iter(transactions.chunks(BATCH_MAX)).map(|some| async move {
        // A full pool says so: what it refused is posted again.
        let mut left = some.to_vec();
        while !left.is_empty() {
            let answers = client.post_transactions(&left).await.expect("the node answers");
            let refused = left.into_iter().zip(answers).filter(|(_, answer)| matches!(answer, BatchAnswer::Refused(_)));
            left = refused.map(|(transaction, _)| transaction).collect();
            if !left.is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    });
    posts.buffered(BATCHES_IN_FLIGHT).for_each(|()| async {}).await;
}

/// Posted and committed per second, of `count` transactions after which every sender's nonce is `nonce`.
async fn committed(
    node: &NodeHandle,
    keys: &[SigningKey],
    nonce: u64,
    count: usize,
    post: impl Future<Output = ()>,
) -> (f64, f64) {
    let mut tips = node.engine().finalized();
    let start = Instant::now();
    post.await;
    let posted = start.elapsed();
    while keys.iter().any(|key| node.ledger().nonce(key.address()) < nonce) {
        tips.changed().await.expect("the engine goes on");
    }
    let per_second = |time: Duration| count as f64 / time.as_secs_f64();
    (per_second(posted), per_second(start.elapsed()))
}

fn print(what: &str, (posted, committed): (f64, f64), checked: f64) {
    println!("{what:<62} posted {posted:>7.0}/s, committed and durable {committed:>7.0}/s  ratio {:.2}", committed / checked);
}
