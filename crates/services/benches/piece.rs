//! Speed of piece commitments, compared in one run with what the same SHA-256 compressions cost alone.
//!
//! Plain `main`, because the figure wanted is a ratio of two measurements taken side by side; a table of times of separate
//! runs would compare two moods of the machine. Run: `cargo bench -p depin-services --bench piece`.

use depin_services::storage::piece::{Hasher, PieceSize, Subtree};
use sha2::block_api::compress256;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// The default shard.
const PIECE_BYTES: u64 = 16 << 20;
const ROUNDS: usize = 15;

fn main() {
    let size = PieceSize::new(PIECE_BYTES).expect("16 MiB is a piece size");
    let mut state = 1u64;
    let payload: Vec<u8> = (0..size.payload_capacity())
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .collect();
    // Every inner node is one message of 64 bytes: a data block and a padding block.
    let nodes = size.leaves() - 1;

    // The three take turns, so that a slow moment of the machine hits all of them; the best of each counts.
    let [mut chained, mut separate, mut pieces, mut cached] = [Duration::MAX; 4];
    for _ in 0..ROUNDS {
        chained = chained.min(timed(|| compress_in_one_chain(&payload, 2 * nodes)));
        separate = separate.min(timed(|| compress_messages(&payload, nodes)));
        pieces = pieces.min(timed(|| {
            let mut hasher = Hasher::new();
            hasher.update(black_box(&payload));
            black_box(hasher.finish().expect("the payload fits"));
        }));
        cached = cached.min(timed(|| {
            let mut hasher = Hasher::new();
            hasher.update(black_box(&payload));
            black_box(hasher.finish_with_cache().expect("the payload fits"));
        }));
    }

    println!("piece of {} MiB, {} compressions, best of {ROUNDS}, one thread", PIECE_BYTES >> 20, 2 * nodes);
    for (name, time) in [
        ("raw, one long chain", chained),
        ("raw, two-block messages", separate),
        ("commitment", pieces),
        ("commitment with cache", cached),
    ] {
        let seconds = time.as_secs_f64();
        println!("{name:<26}{:>9.2} ms {:>9.1} MiB/s of payload", seconds * 1e3, payload.len() as f64 / seconds / 1048576.0);
    }
    let raw = chained.min(separate);
    println!("ratio to the faster raw run: {:.3} (target 0.8)", raw.as_secs_f64() / pieces.as_secs_f64());
    prove_once(&payload);
}

/// Compressions that each wait for the one before, as in hashing one long message.
fn compress_in_one_chain(payload: &[u8], compressions: u64) {
    let (blocks, _) = payload.as_chunks::<64>();
    let mut state = [0; 8];
    let mut left = compressions as usize;
    while left > 0 {
        let now = left.min(blocks.len());
        compress256(&mut state, black_box(&blocks[..now]));
        left -= now;
    }
    black_box(state);
}

/// Two compressions for each message, from a fresh state, straight from memory: no tree, no expansion, no copying.
fn compress_messages(payload: &[u8], messages: u64) {
    let (pairs, _) = payload.as_chunks::<128>();
    let mut sum = 0;
    for pair in pairs.iter().cycle().take(messages as usize) {
        let (blocks, _) = pair.as_chunks::<64>();
        let mut state = [1; 8];
        compress256(&mut state, black_box(blocks));
        sum ^= state[0];
    }
    black_box(sum);
}

fn prove_once(payload: &[u8]) {
    let mut hasher = Hasher::new();
    hasher.update(payload);
    let (commitment, cache) = hasher.finish_with_cache().expect("the payload fits");
    let index = cache.size().leaves() / 3;
    let range = Subtree::of_leaf(cache.size(), index).expect("the leaf exists").payload;
    let part = &payload[range.start as usize..range.end as usize];
    let time = (0..ROUNDS)
        .map(|_| timed(|| _ = black_box(cache.prove(&commitment, index, black_box(part)))))
        .min()
        .expect("more than no rounds");
    println!("one leaf proof from {} payload bytes and the cache: {:.1} µs", part.len(), time.as_secs_f64() * 1e6);
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}
