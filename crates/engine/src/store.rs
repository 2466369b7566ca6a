//! Types and settings of the store: one ordered table of rows, one append-only log of receipts.
//!
//! Called by the wiring (live) and by [`crate::Replay`] (offline). All settings that shape files are constants: another value
//! makes an existing folder unreadable.

use crate::limits::{MAX_RECEIPT, MAX_ROW_KEY, MAX_ROW_VALUE};
use commonware_codec::RangeCfg;
use commonware_cryptography::Sha256;
use commonware_glue::stateful::db::Shared;
use commonware_parallel::Sequential;
use commonware_runtime::buffer::paged::{CacheRef, page_size};
use commonware_storage::{
    journal::contiguous::variable::Config as LogConfig,
    mmr::{self, full::Config as MerkleConfig},
    qmdb::{
        current::{VariableConfig, ordered::variable},
        keyless,
    },
    translator::{OrderedTranslator, Translator},
};
use commonware_utils::{NZU64, NZUsize};
use std::{
    hash::{BuildHasher, DefaultHasher},
    num::{NonZeroU64, NonZeroUsize},
};

/// The one runtime that everything generic is instantiated for.
pub(crate) type Runtime = commonware_runtime::tokio::Context;
pub(crate) type Family = mmr::Family;
/// Length bounds of a byte string.
pub(crate) type BytesCfg = (RangeCfg<usize>, ());
/// Length bounds of a row's key and value.
pub(crate) type RowCfg = (BytesCfg, BytesCfg);
/// Bytes of the activity bitmap per Merkle leaf.
pub(crate) const CHUNK: usize = 32;

pub(crate) type RowsDb = variable::Db<Family, Runtime, Vec<u8>, Vec<u8>, Sha256, NaturalOrder, CHUNK, Sequential>;
pub(crate) type RowsConfig = VariableConfig<NaturalOrder, RowCfg, Sequential>;
pub(crate) type ReceiptsDb = keyless::variable::Db<Family, Runtime, Vec<u8>, Sha256, Sequential>;
pub(crate) type ReceiptsConfig = keyless::variable::Config<BytesCfg, Sequential>;
/// Both databases, shared.
pub(crate) type Pair = (Shared<RowsDb>, Shared<ReceiptsDb>);

/// Operations that one state-sync message carries at most: some two mebibytes of the largest rows.
pub(crate) const SYNC_BATCH: NonZeroU64 = NZU64!(32);
/// Bytes of the largest operation of either database: a row names its successor, a receipt its place.
pub(crate) const OPERATION_SIZE_MAX: usize = {
    let row = 2 * MAX_ROW_KEY + MAX_ROW_VALUE;
    let receipt = MAX_RECEIPT + crate::receipt::PLACE;
    (if row > receipt { row } else { receipt }) + 64
};
/// Read and write buffer of a file.
pub(crate) const BUFFER: NonZeroUsize = NZUsize!(1 << 20);
const ITEMS_PER_FILE: NonZeroU64 = NZU64!(1 << 16);
/// Bytes of a key that the index in memory keeps. Keys that agree in all of them share a bucket, which is read from disk.
const INDEXED: usize = 64;

/// Orders the index by the keys' first bytes. Natural ids share long prefixes (table, owner), so it keeps many of them.
#[derive(Clone, Default)]
pub(crate) struct NaturalOrder;

impl Translator for NaturalOrder {
    type Key = [u8; INDEXED];

    fn transform(&self, key: &[u8]) -> Self::Key {
        let mut prefix = [0; INDEXED];
        let len = key.len().min(INDEXED);
        prefix[..len].copy_from_slice(&key[..len]);
        prefix
    }
}

impl OrderedTranslator for NaturalOrder {}

impl BuildHasher for NaturalOrder {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        DefaultHasher::new()
    }
}

/// Bytes of a page of the disk, checksums included. Whatever a block adds to a file, the page that it ends in is written again: small ones
/// let an idle chain write little.
const PAGE_ON_DISK: u32 = 4_096;
/// Bytes of content in it.
pub(crate) const PAGE: usize = page_size(PAGE_ON_DISK).get() as usize;

/// A cache of 32 MiB for all files of a node.
pub(crate) fn page_cache() -> CacheRef {
    CacheRef::new(page_size(PAGE_ON_DISK), NZUsize!(8_000))
}

pub(crate) fn row_cfg() -> RowCfg {
    ((RangeCfg::from(0..=MAX_ROW_KEY), ()), (RangeCfg::from(0..=MAX_ROW_VALUE), ()))
}

pub(crate) fn rows_config(cache: &CacheRef) -> RowsConfig {
    VariableConfig {
        merkle_config: merkle("rows", cache),
        journal_config: log("rows-log", row_cfg(), cache),
        grafted_metadata_partition: "rows-grafted".into(),
        translator: NaturalOrder,
        init_cache: Some(NZUsize!(1024)),
        init_buffer: NZUsize!(1 << 21),
        init_concurrency: (),
    }
}

pub(crate) fn receipts_config(cache: &CacheRef) -> ReceiptsConfig {
    keyless::Config {
        merkle: merkle("receipts", cache),
        log: log("receipts-log", (RangeCfg::from(0..=MAX_RECEIPT + crate::receipt::PLACE), ()), cache),
    }
}

fn merkle(name: &str, cache: &CacheRef) -> MerkleConfig<Sequential> {
    MerkleConfig {
        journal_partition: format!("{name}-mmr-journal"),
        metadata_partition: format!("{name}-mmr-metadata"),
        items_per_blob: ITEMS_PER_FILE,
        write_buffer: BUFFER,
        replay_buffer: BUFFER,
        strategy: Sequential,
        page_cache: cache.clone(),
    }
}

fn log<C>(partition: &str, codec_config: C, cache: &CacheRef) -> LogConfig<C> {
    LogConfig {
        partition: partition.into(),
        items_per_section: ITEMS_PER_FILE,
        compression: None,
        codec_config,
        page_cache: cache.clone(),
        write_buffer: BUFFER,
        replay_buffer: BUFFER,
    }
}
