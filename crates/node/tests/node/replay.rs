//! The machine under the engine's store: the same blocks give the same roots, rivals do not disturb each other.

use crate::common::{FIL, World, doc, key, name, transfer};
use bytes::Bytes;
use depin_client::sign;
use depin_engine::{Block, Replay, Step, Verdict};
use depin_ledger::Ledger;
use depin_node::{CheckedSignatures, LedgerMachine, Pending, Pool, PoolLimits, replay};
use depin_quantity::Units;
use std::{sync::Arc, time::Instant};

async fn all_blocks(world: &World) -> Vec<Arc<Block>> {
    let tip = world.node.engine().finalized().borrow().height;
    let mut blocks = Vec::new();
    for height in 1..=tip {
        blocks.push(world.node.engine().block(height).await.unwrap().unwrap());
    }
    blocks
}

#[tokio::test]
async fn replayed_blocks_give_the_same_roots() {
    let world = World::start().await;
    for n in 2..=4 {
        world.send(&key(1), transfer(key(n).address(), FIL)).await;
        world.send(&key(n), transfer(key(60).address(), 2_000 * FIL)).await;
    }
    let blocks = all_blocks(&world).await;
    let headers: Vec<_> = blocks.iter().map(|block| block.header().clone()).collect();
    let folder = tempfile::tempdir().unwrap();
    let tips = tokio::task::spawn_blocking(move || replay(doc("test-chain"), folder.path(), blocks)).await.unwrap().unwrap();
    assert_eq!(tips.len(), headers.len());
    for (tip, header) in tips.iter().zip(&headers) {
        assert_eq!((tip.height, tip.state_root, tip.receipts_len), (header.height(), header.state_root(), header.receipts_len()));
    }
}

/// A machine with `amounts` waiting to be sent by accounts 1, 2 and so on.
fn machine(amounts: &[u128]) -> (Arc<LedgerMachine>, Arc<Ledger>, Arc<Pool>) {
    let ledger = Arc::new(Ledger::new(doc("test-chain"), Arc::new(CheckedSignatures::default())).unwrap());
    let pool = Arc::new(Pool::new(PoolLimits::default()));
    for (n, amount) in (1..).zip(amounts) {
        let message = transfer(key(50).address(), *amount);
        let transaction = sign(&key(n), name("test-chain"), 0, Units::new(FIL / 1_000_000), Units::ZERO, message);
        let bytes = Bytes::from(transaction.encode());
        pool.insert(Pending::new(transaction, bytes, Instant::now()), || 0).unwrap();
    }
    (Arc::new(LedgerMachine::alone(Arc::clone(&ledger), Arc::clone(&pool))), ledger, pool)
}

#[tokio::test]
async fn rival_blocks_and_cancelled_calls_leave_no_trace() {
    let world = World::start().await;
    let first = all_blocks(&world).await.remove(0);
    drop(world);
    tokio::task::spawn_blocking(move || rivals(&first)).await.unwrap();
}

fn run(machine: Arc<LedgerMachine>, steps: Vec<Step>) -> Vec<Verdict> {
    let folder = tempfile::tempdir().unwrap();
    Replay::run(folder.path(), machine, &doc("test-chain").validators, steps).unwrap()
}

fn proposal(verdict: Option<&Verdict>) -> Arc<Block> {
    match verdict {
        Some(Verdict::Proposed(Some(block))) => Arc::clone(block),
        other => panic!("a block, not {other:?}"),
    }
}

fn rivals(first: &Arc<Block>) {
    let proposer = doc("test-chain").validators[0];
    let on = |parent: &Arc<Block>, view| Step::Propose { parent: parent.header().digest(), proposer, view };
    // Two blocks on the same parent, made of different pools.
    let made = |amounts: &[u128], view| {
        let (machine, ..) = machine(amounts);
        proposal(run(machine, vec![Step::Finalize(Arc::clone(first)), on(first, view)]).last())
    };
    let view = first.header().view();
    let (a, b) = (made(&[5 * FIL, 7 * FIL], view + 1), made(&[11 * FIL], view + 2));
    assert_eq!((a.txs().len(), b.txs().len()), (2, 1));

    // Both judged at once, one of them begun and given up before, one more built on each; then `a` wins.
    let (machine, ledger, pool) = machine(&[5 * FIL, 7 * FIL]);
    let verdicts = run(
        machine,
        vec![
            Step::Finalize(Arc::clone(first)),
            Step::Cancel(Arc::clone(&b)),
            Step::Judge(vec![Arc::clone(&a), Arc::clone(&b), Arc::clone(&a)]),
            on(&b, view + 3),
            on(&a, view + 4),
            Step::Finalize(Arc::clone(&a)),
        ],
    );
    assert_eq!(verdicts[2], Verdict::Judged(vec![true, true, true]));
    // After `b`, account 1 has used its nonce and only account 2's transfer is left; after `a` nothing is.
    assert_eq!((proposal(verdicts.get(3)).txs().len(), proposal(verdicts.get(4)).txs().len()), (1, 0));
    let Some(Verdict::Final(tip)) = verdicts.last() else { panic!("final") };
    assert_eq!(tip.state_root, a.header().state_root());
    let held = ledger.read(|state| depin_economy::wallet(state, key(50).address(), name("FIL")).held);
    assert_eq!(held, Units::new(12 * FIL));
    assert!(ledger.audit().ok);
    assert_eq!(pool.size().count, 0);
}
