//! How fast blocks of signed transfers run, beside what limits them. Prints ratios; one core, everything in memory.
//!
//! `cargo bench -p depin-ledger --bench transfers`

#[path = "../tests/common/mod.rs"]
mod common;

use common::*;
use commonware_codec::{Copying, DecodeExt as _};
use commonware_cryptography::{BatchEntry, BatchVerifier as _, ed25519};
use commonware_parallel::Sequential;
use depin_ledger::*;
use depin_quantity::Units;
use std::{sync::Arc, time::Duration};

/// As in the program.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BLOCK: usize = 4096;
const BLOCKS: usize = 12;
const ACCOUNTS: usize = 20_000;
const SAMPLE: Duration = Duration::from_millis(500);

/// CPU time of this thread: what one core needs, whatever else the machine does.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("time goes on")
}

fn timed(f: impl FnOnce()) -> Duration {
    let start = cpu();
    f();
    cpu() - start
}

/// Time of one run: the best of five samples, each long enough that the kernel's clock tick (up to 10 ms) does not show.
fn best(mut f: impl FnMut()) -> Duration {
    let mut sample = || {
        let (start, mut runs) = (cpu(), 0);
        loop {
            f();
            runs += 1;
            let spent = cpu() - start;
            if spent >= SAMPLE {
                return spent / runs;
            }
        }
    };
    (0..5).map(|_| sample()).min().unwrap_or_default()
}

fn per_second(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// Checks signatures in one batch per block, as a node does.
struct Batched;

impl Signatures for Batched {
    fn verify_all(&self, items: &[SignedItem<'_>]) -> bool {
        bare_batch(items)
    }
}

fn bare_batch(items: &[SignedItem<'_>]) -> bool {
    let decoded: Option<Vec<_>> = items
        .iter()
        .map(|item| {
            let key = ed25519::PublicKey::decode(Copying(item.key)).ok()?;
            let signature = ed25519::Signature::decode(Copying(item.signature)).ok()?;
            Some((key, signature, item.message))
        })
        .collect();
    let Some(decoded) = decoded else { return false };
    ed25519::PublicKey::verify_batch(
        &mut rand::rng(),
        &decoded,
        |_, (public_key, signature, message)| BatchEntry { namespace: b"", message, public_key, signature },
        &Sequential,
    )
}

fn main() {
    let parties: Vec<Party> = (0..ACCOUNTS as u64).map(|i| party(1_000_000 + i)).collect();
    let accounts: Vec<_> = parties.iter().map(|p| (p, 1)).collect();
    let mut chain = Chain::from_doc(doc(&accounts));
    chain.block(1000, &[]).expect("genesis runs");
    let blocks: Vec<Vec<Transaction>> = (0..BLOCKS)
        .map(|block| {
            (0..BLOCK)
                .map(|i| {
                    let from = (block * BLOCK + i * 7) % ACCOUNTS;
                    let to = parties[(i * 31 + block) % ACCOUNTS].address;
                    let message = Message::Transfer { to, token: name("FIL"), amount: Units::new(1) };
                    chain.tx(&parties[from], message)
                })
                .collect()
        })
        .collect();
    let first: Vec<Vec<u8>> = blocks[0].iter().map(Transaction::encode).collect();
    let messages: Vec<Vec<u8>> = blocks[0].iter().map(|t| t.body.signed_bytes()).collect();
    let items: Vec<_> = blocks[0]
        .iter()
        .zip(&messages)
        .map(|(t, message)| SignedItem { key: &t.body.key, message, signature: &t.signature })
        .collect();

    let env = chain.env(1000);
    let executed = best(|| drop(chain.ledger.execute(&env, &first, true).expect("good")));
    let sealed = best(|| drop(chain.ledger.run(&env, &first, true).expect("good")));
    let batch = best(|| assert!(bare_batch(&items)));
    let with_batch = Ledger::new(chain.ledger.doc().clone(), Arc::new(Batched)).expect("same document");
    let rows = chain.ledger.tables(|t| t.iter().map(|(k, v)| (k.to_vec(), v.to_vec())).collect());
    with_batch.load(rows).expect("same rows");
    let signed = best(|| drop(with_batch.execute(&env, &first, false).expect("good")));
    let all = best(|| drop(with_batch.run(&env, &first, false).expect("good")));
    let finalized = timed(|| {
        for transactions in &blocks {
            let encoded: Vec<_> = transactions.iter().map(Transaction::encode).collect();
            let env = chain.env(1000);
            let outcome = chain.ledger.run(&env, &encoded, true).expect("good");
            let digest = [env.height() as u8; 32];
            chain.ledger.keep(digest, &env, &outcome);
            chain.ledger.finalize(digest, env.height()).expect("kept");
            chain.parent = Parent { digest, height: env.height(), stamp: env.stamp };
        }
    });

    let ratio = |time: Duration| batch.as_secs_f64() / time.as_secs_f64();
    println!("{BLOCK} transfers a block, {ACCOUNTS} accounts, CPU time of one thread, best of 5");
    println!("execute, signatures not checked           {:>9.0}/s  wanted 500000/s", per_second(BLOCK, executed));
    println!("the same and the digest of all rows       {:>9.0}/s", per_second(BLOCK, sealed));
    println!("the same, frozen and finalized, {BLOCKS} blocks {:>9.0}/s", per_second(BLOCK * BLOCKS, finalized));
    println!("bare batch verification                   {:>9.0}/s", per_second(BLOCK, batch));
    println!(
        "verify and execute                        {:>9.0}/s  ratio {:.2}, wanted 0.70",
        per_second(BLOCK, signed),
        ratio(signed)
    );
    println!("the same and the digest of all rows       {:>9.0}/s  ratio {:.2}", per_second(BLOCK, all), ratio(all));
}
