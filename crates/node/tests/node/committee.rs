//! Four validators on one ledger each: the engine with the node's machine, since a node itself runs committees of one as yet.

use crate::common::{FIL, doc, key, name};
use bytes::Bytes;
use depin_client::sign;
use depin_economy::{Action, SeedRow, ValidatorNow};
use depin_engine::{
    Config, End, Engine, Handle, Peer, Replay, Timeouts, VoteKind, check_round, deal_beacon, public_key, sign_vote,
};
use depin_ledger::{ChainRow, GenesisDoc, Ledger, Message, Source};
use depin_node::{CheckedSignatures, LedgerMachine, Pending, Pool, PoolLimits};
use depin_quantity::Units;
use std::{
    net::{SocketAddr, TcpListener},
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Longest wait for something that must happen.
const PATIENCE: Duration = Duration::from_secs(120);
/// Stakes of the four, of which a double vote costs 5 % and too many misses 0.01 %.
const STAKE: u128 = 100 * FIL;
const STAKING: &str = "\n[incentive.staking.validators]\ntoken = \"FIL\"\nunbonding = \"21d\"\ncommission-least = \"5%\"\n\
    most-validators = 4\nentries-most = 7\nslash = { double-sign = \"5%\", downtime = \"0.01%\" }\n\
    liveness = { window = 10, signed-least = \"50%\", jail = \"10m\" }\nsource = \"test\"\n";

fn four() -> GenesisDoc {
    let doc = doc("test-chain");
    let validators = (1..=4).map(|n| key(n).public_key()).collect();
    let beacon = Some(BEACON.0.clone());
    GenesisDoc { network_toml: doc.network_toml.clone() + STAKING, validators, beacon, ..doc }
}

/// The key of the committee's beacon, and a share for each.
static BEACON: LazyLock<(Vec<u8>, Vec<Vec<u8>>)> = LazyLock::new(|| deal_beacon(4));

struct Validator {
    engine: Handle,
    ledger: Arc<Ledger>,
    pool: Arc<Pool>,
    _folder: TempDir,
}

impl Validator {
    fn start(n: u8, addresses: &[SocketAddr]) -> Self {
        Self::with_share(n, addresses, Some(BEACON.1[usize::from(n) - 1].clone()))
    }

    /// A validator that signs rounds of the beacon by this share, or none.
    fn with_share(n: u8, addresses: &[SocketAddr], share: Option<Vec<u8>>) -> Self {
        let ledger = Arc::new(Ledger::new(four(), Arc::new(CheckedSignatures::default())).unwrap());
        let pool = Arc::new(Pool::new(PoolLimits::default()));
        let machine = Arc::new(LedgerMachine::alone(Arc::clone(&ledger), Arc::clone(&pool)));
        let (folder, heartbeat) = (tempfile::tempdir().unwrap(), Duration::from_millis(200));
        let committee = (1..).zip(addresses).map(|(seed, address)| Peer { key: public_key(&[seed; 32]), address: *address });
        let config = Config {
            committee: committee.collect(),
            share,
            listen: addresses[usize::from(n) - 1],
            heartbeat,
            pace: Duration::from_millis(20),
            timeouts: Timeouts::for_heartbeat(heartbeat),
            ..Config::single(folder.path(), [n; 32])
        };
        Self { engine: Engine::start(config, machine).unwrap(), ledger, pool, _folder: folder }
    }

    /// What the staking knows of validator `n`, once it is one.
    fn now(&self, n: u8) -> Option<ValidatorNow> {
        self.ledger.read(|state| {
            let time = state.get::<ChainRow>(&())?.time;
            self.ledger.economy().reads(state, time).validator(name("validators"), key(n).address())
        })
    }

    async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let mut tips = self.engine.finalized();
        let wait = async {
            while !holds(self) {
                tips.changed().await.expect("the engine runs");
            }
        };
        assert!(tokio::time::timeout(PATIENCE, wait).await.is_ok(), "waited in vain: {what}");
    }
}

/// Puts a transaction into the pools of all of them, as if it were passed on.
fn send(validators: &[Validator], from: u8, nonce: u64, message: &Message) {
    for validator in validators {
        let transaction = sign(&key(from), name("test-chain"), nonce, Units::new(FIL / 1_000_000), Units::ZERO, message.clone());
        let bytes = Bytes::from(transaction.encode());
        validator.pool.insert(Pending::new(transaction, bytes, Instant::now()), || nonce).unwrap();
    }
}

fn addresses() -> Vec<SocketAddr> {
    let listeners: Vec<_> = (0..4).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    listeners.iter().map(|listener| listener.local_addr().unwrap()).collect()
}

/// Bonds all four.
async fn bond(running: &[Validator]) {
    let commission = "10%".parse().unwrap();
    for n in 1..=4 {
        let create = Action::CreateValidator { staking: name("validators"), commission, stake: Units::new(STAKE) };
        send(running, n, 0, &Message::Act(create));
    }
    let all_bonded = |v: &Validator| (1..=4).all(|n| v.now(n).is_some_and(|now| now.bonded));
    running[0].until("four validators", all_bonded).await;
}

/// The third votes and signs no round; the fourth stops. Two shares of four make a round, and it is the same whoever they are of.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_withholds_its_share_and_one_that_stopped_hold_up_no_lots() {
    let addresses = addresses();
    let share = |n: u8| (n != 3).then(|| BEACON.1[usize::from(n) - 1].clone());
    let mut running: Vec<_> = (1..=4).map(|n| Validator::with_share(n, &addresses, share(n))).collect();
    bond(&running).await;
    assert_eq!(running.pop().unwrap().engine.stop().await, End::Stopped);
    let stopped = running[0].ledger.chance().round;
    running[0].until("jail of the one that stopped", |v| v.now(4).unwrap().jailed_until.is_some()).await;
    for n in 1..=3 {
        assert_eq!(running[0].now(n).unwrap().stake, Units::new(STAKE), "{n} votes; what it withholds gains it nothing");
    }
    let round = stopped + 5;
    let mut seeds = Vec::new();
    for validator in &running {
        validator.until("rounds without the two", |v| v.ledger.chance().round >= round).await;
        let row = validator.ledger.chance();
        assert_eq!((row.by, row.alone), (Source::Committee, 0));
        let first = round.saturating_sub(3);
        seeds.push(validator.ledger.read(|state| (first..=round).map(|n| state.get::<SeedRow>(&n)).collect::<Vec<_>>()));
        assert!(validator.ledger.audit().ok);
    }
    assert!(seeds[0].iter().all(Option::is_some) && seeds.windows(2).all(|pair| pair[0] == pair[1]), "{seeds:?}");

    // Running the blocks again gives the same, and their headers show what anybody can check.
    let height = running[0].engine.finalized().borrow().height;
    let (mut blocks, mut carried) = (Vec::new(), 0);
    for height in 1..=height {
        let block = running[0].engine.block(height).await.unwrap().expect("a final block");
        if let (Some(lots), Some(signature)) = (block.header().lots(), block.header().round_signature()) {
            carried += 1;
            assert_eq!(lots.round, carried, "rounds come one by one");
            check_round("test-chain", &BEACON.0, 4, lots.round, signature).expect("the committee signed it");
        }
        blocks.push(block);
    }
    for validator in &running {
        assert_eq!(validator.engine.stop().await, End::Stopped);
    }
    let ledger = Arc::new(Ledger::new(four(), Arc::new(CheckedSignatures::default())).unwrap());
    let machine = Arc::new(LedgerMachine::alone(Arc::clone(&ledger), Arc::new(Pool::new(PoolLimits::default()))));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let audit = move || Replay::audit(&path, machine, &four().validators, blocks);
    tokio::task::spawn_blocking(audit).await.unwrap().expect("every block gives its roots");
    assert_eq!(ledger.chance().round, carried);
    let again = ledger.read(|state| state.get::<SeedRow>(&round));
    assert_eq!(Some(&again), seeds[0].last());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_validator_is_jailed_and_a_double_vote_slashed_while_the_others_go_on() {
    let addresses = addresses();
    let mut running: Vec<_> = (1..=4).map(|n| Validator::start(n, &addresses)).collect();
    bond(&running).await;

    // The fourth stops: the stakings hear of it from blocks.
    assert_eq!(running.pop().unwrap().engine.stop().await, End::Stopped);
    running[0].until("jail of the one that stopped", |v| v.now(4).unwrap().jailed_until.is_some()).await;
    let fourth = running[0].now(4).unwrap();
    assert_eq!((fourth.bonded, fourth.tombstoned, fourth.stake), (false, false, Units::new(STAKE - STAKE / 10_000)));
    for n in 1..=3 {
        let now = running[0].now(n).unwrap();
        assert_eq!((now.bonded, now.stake), (true, Units::new(STAKE)), "{n} signed, or its late votes are in blocks");
    }

    // Somebody shows two votes of the third.
    let committee = four().validators;
    let vote = |digest| sign_vote("test-chain", &committee, &[3; 32], VoteKind::Notarize, 5, [digest; 32]).unwrap().unwrap();
    send(&running, 1, 1, &Message::SignedTwice { first: vote(1), second: vote(2) });
    running[0].until("the slash", |v| v.now(3).unwrap().tombstoned).await;
    assert_eq!(running[0].now(3).unwrap().stake, Units::new(STAKE - STAKE / 20));

    // All hold the same, and go on.
    let height = running[0].engine.finalized().borrow().height + 2;
    let mut roots = Vec::new();
    for validator in &running {
        validator.until("the same height", |v| v.engine.finalized().borrow().height >= height).await;
        assert!(validator.now(3).unwrap().tombstoned && validator.now(4).unwrap().jailed_until.is_some());
        let header = validator.engine.header(height).await.unwrap().expect("a final block");
        roots.push((header.digest(), header.state_root(), header.receipts_root()));
    }
    assert!(roots.windows(2).all(|pair| pair[0] == pair[1]));
    for validator in &running {
        assert!(validator.ledger.audit().ok);
        assert_eq!(validator.engine.stop().await, End::Stopped);
    }
}
