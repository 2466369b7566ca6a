//! Blocks from hostile bytes.

use crate::ledger::{Ledger, blocks, config, reach_receipts, txs};
use depin_engine::{Block, BlockError, Engine, Header, MAX_TXS};
use proptest::{collection::vec, prelude::*};
use std::sync::{Arc, OnceLock};
use tempfile::TempDir;

/// Two real blocks with transactions.
fn samples() -> &'static [Arc<Block>] {
    static SAMPLES: OnceLock<Vec<Arc<Block>>> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let folder = TempDir::new().expect("a folder");
            let machine = Ledger::new();
            let node = Engine::start(config(folder.path(), 1), machine.clone()).expect("the engine starts");
            machine.submit(txs("sample", 40));
            let tip = reach_receipts(&node, 40).await;
            let mut blocks = blocks(&node, tip.height).await;
            node.stop().await;
            blocks.retain(|block| !block.txs().is_empty());
            assert!(blocks.len() >= 2);
            blocks
        })
    })
}

#[test]
fn a_block_survives_its_encoding() {
    for block in samples() {
        let bytes = block.to_bytes();
        assert_eq!(&Block::from_bytes(&bytes).expect("a block"), block.as_ref());
        assert_eq!(&Header::from_bytes(&block.header().to_bytes()).expect("a header"), block.header());
    }
}

#[test]
fn the_digest_covers_the_header_alone_and_pins_the_body() {
    let [one, other] = [&samples()[0], &samples()[1]];
    let header = one.header().to_bytes();
    assert!(one.to_bytes().starts_with(&header));
    // The header of one block before the body of another: same digest, other body.
    let mixed = [&header[..], &other.to_bytes()[other.header().to_bytes().len()..]].concat();
    assert!(matches!(Block::from_bytes(&mixed), Err(BlockError::Malformed(_))));
    assert!(matches!(one.with_txs(other.txs().to_vec()), Err(BlockError::OtherBody)));
    assert!(matches!(one.with_txs(vec![vec![1].into(); MAX_TXS + 1]), Err(BlockError::TooMany { .. })));
    assert!(matches!(one.with_txs(vec![vec![1; 2 << 20].into()]), Err(BlockError::TooLarge { .. })));
    assert!(matches!(one.with_txs(vec![Vec::new().into()]), Err(BlockError::EmptyTx { index: 0 })));
}

#[test]
fn every_cut_and_every_extension_of_a_block_is_refused() {
    let bytes = samples()[0].to_bytes();
    for cut in 0..bytes.len() {
        assert!(Block::from_bytes(&bytes[..cut]).is_err());
    }
    assert!(Block::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
}

#[test]
fn another_format_is_refused() {
    let mut bytes = samples()[0].to_bytes();
    bytes[0] += 1;
    assert!(matches!(Block::from_bytes(&bytes), Err(BlockError::Malformed(_))));
}

proptest! {
    /// Noise is never a block.
    #[test]
    fn noise_is_refused(bytes in vec(any::<u8>(), 0..2000)) {
        prop_assert!(Block::from_bytes(&bytes).is_err());
        prop_assert!(Header::from_bytes(&bytes).is_err());
    }

    /// Noise behind a valid start reaches every field; it never panics.
    #[test]
    fn noise_behind_a_valid_start_is_refused(keep in 1usize..600, bytes in vec(any::<u8>(), 0..600)) {
        let real = samples()[0].to_bytes();
        let keep = keep.min(real.len() - 1);
        let mixed = [&real[..keep], &bytes[..]].concat();
        prop_assume!(mixed != real);
        if let Ok(block) = Block::from_bytes(&mixed) {
            // Another header over the same body can be well-formed; then it is another block.
            prop_assert_ne!(block.header().digest(), samples()[0].header().digest());
        }
    }

    /// A flipped bit gives an error or another block, never the same digest.
    #[test]
    fn a_flipped_bit_never_keeps_the_digest(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut bytes = samples()[0].to_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(block) = Block::from_bytes(&bytes) {
            prop_assert_ne!(block.header().digest(), samples()[0].header().digest());
        }
    }
}
