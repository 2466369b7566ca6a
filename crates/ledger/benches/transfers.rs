//! How fast blocks of signed transfers run, beside what limits them: checking the same signatures in one batch, and nothing else.
//! Prints ratios; one core, everything in memory.
//!
//! The whole of a block here: its signatures checked in a batch, executed, its writes frozen, kept, and folded into the finalized rows.
//! The roots that the header holds are made by the engine's store, and are not in these figures.
//!
//! `cargo bench -p depin-ledger --bench transfers`

#[path = "../tests/common/mod.rs"]
mod common;
mod measure;

use common::*;
use depin_economy::Action;
use depin_ledger::*;
use depin_quantity::Units;
use measure::{bare_batch, median, middle, per_second, timed};
use std::sync::Arc;

/// As in the program.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BLOCK: usize = 4096;
const BLOCKS: usize = 12;
const ACCOUNTS: usize = 20_000;

/// Checks signatures in one batch per block, as a node does.
struct Batched;

impl Signatures for Batched {
    fn verify_all(&self, items: &[SignedItem<'_>]) -> bool {
        bare_batch(items)
    }
}

fn main() {
    let parties: Vec<Party> = (0..ACCOUNTS as u64).map(|i| party(1_000_000 + i)).collect();
    let accounts: Vec<_> = parties.iter().map(|p| (p, 1)).collect();
    let mut chain = Chain::from_doc(doc(&accounts));
    chain.block(1000, &[]).expect("genesis runs");
    let mut transfer = |block: usize, i: usize| {
        let from = (block * BLOCK + i * 7) % ACCOUNTS;
        let to = parties[(i * 31 + block) % ACCOUNTS].address;
        chain.tx(&parties[from], Message::Act(Action::Transfer { to, token: name("FIL"), amount: Units::new(1) }))
    };
    let blocks: Vec<Vec<Transaction>> = (0..BLOCKS).map(|block| (0..BLOCK).map(|i| transfer(block, i)).collect()).collect();
    let encoded: Vec<Vec<Vec<u8>>> = blocks.iter().map(|block| block.iter().map(Transaction::encode).collect()).collect();
    let messages: Vec<Vec<u8>> = blocks[0].iter().map(|t| t.body.signed_bytes()).collect();
    let items: Vec<_> = blocks[0]
        .iter()
        .zip(&messages)
        .map(|(t, message)| SignedItem { key: &t.body.key, message, signature: &t.signature })
        .collect();

    let ledger = Ledger::new(chain.ledger.doc().clone(), Arc::new(Batched)).expect("same document");
    let rows = chain.ledger.tables(|t| t.iter().map(|(k, v)| (k.to_vec(), v.to_vec())).collect());
    ledger.load(rows).expect("same rows");
    let env = chain.env(1000);
    let batch = median(|| assert!(bare_batch(&items)));
    let executed = median(|| drop(ledger.run(&env, &encoded[0], true).expect("good")));
    let signed = median(|| drop(ledger.run(&env, &encoded[0], false).expect("good")));
    let (mut folded, mut whole) = (Vec::new(), Vec::new());
    for transactions in &encoded {
        let stamp = ledger.stamp(&chain.parent, chain.parent.stamp.wall + 1000, 1);
        let view = chain.parent.height + 1;
        let env = BlockEnv { parent: chain.parent, stamp, proposer: [7; 32], view, votes: [].into(), beacon: None };
        let digest = [env.height() as u8; 32];
        let (ran, outcome) = timed(|| ledger.run(&env, transactions, false).expect("good"));
        let (kept, ()) = timed(|| {
            ledger.keep(digest, &env, &outcome);
            ledger.finalize(digest, env.height()).expect("kept");
        });
        let (dropped, ()) = timed(|| drop(outcome));
        folded.push(kept + dropped);
        whole.push(ran + kept + dropped);
        chain.parent = Parent { digest, height: env.height(), stamp };
    }

    println!("{BLOCK} transfers a block, {ACCOUNTS} accounts, CPU time of one thread, medians; ratio to bare batch verification");
    for (what, time, wanted) in [
        ("bare batch verification", batch, ""),
        ("execute and freeze, signatures not checked", executed, ""),
        ("keep and fold into the finalized rows", middle(folded), ""),
        ("verify, execute and freeze", signed, ""),
        ("verify, execute, freeze, finalize", middle(whole), "  wanted 0.60"),
    ] {
        let ratio = batch.as_secs_f64() / time.as_secs_f64();
        println!(
            "{what:<44} {:>9.0}/s {:>7.2} µs each  ratio {ratio:.2}{wanted}",
            per_second(BLOCK, time),
            time.as_secs_f64() * 1e6 / BLOCK as f64
        );
    }
}
