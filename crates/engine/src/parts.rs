//! Settings of the engine's parts.
//!
//! Called by the wiring alone. Names of partitions and sizes of sections shape files: another value makes an existing folder
//! unreadable.

use crate::{
    application::Adapter,
    beacon::Beacon,
    block::Block,
    clock::Clock,
    config::{Config, Timeouts},
    databases::{self, Blocks},
    intact::{VOTES, Voted},
    machine::Machine,
    network::{MAILBOX, Oracle},
    pace::Paced,
    progress::Progress,
    store::{BUFFER, Runtime, SYNC_BATCH, page_cache, receipts_config, rows_config},
    votes::{Listening, Voters},
};
use commonware_broadcast::buffered;
use commonware_consensus::{
    marshal::{self, Start, resolver::p2p as marshal_resolver, standard::Deferred},
    simplex::{
        self,
        config::{Floor, ForwardPolicy, SkipPolicy},
        elector::RoundRobin,
        scheme::ed25519::Scheme,
    },
    types::{Epoch, FixedEpocher, ViewDelta},
};
use commonware_cryptography::{
    Digested, Sha256,
    certificate::{ConstantProvider, Scheme as _},
    ed25519, sha256,
};
use commonware_glue::stateful::{
    PruneConfig,
    db::{SyncEngineConfig, p2p as state_resolver},
    probe,
};
use commonware_parallel::Sequential;
use commonware_runtime::buffer::paged::CacheRef;
use commonware_storage::{archive::prunable, translator::EightCap};
use commonware_utils::{NZU64, NZUsize, NonZeroDuration};
use std::{
    num::{NonZeroU64, NonZeroUsize},
    sync::Arc,
    time::Duration,
};

/// One epoch holds all blocks: the committee of a chain is fixed.
const EPOCH_LENGTH: NonZeroU64 = NZU64!(u64::MAX);
const RETRY: Duration = Duration::from_millis(200);
/// Views kept behind the last final one.
const VIEWS: ViewDelta = ViewDelta::new(100);
/// Final blocks under way to the state actor at once.
const PENDING_ACKS: NonZeroUsize = NZUsize!(16);
/// When the store is pruned, and how much of the past stays behind the last acknowledged block for peers.
pub(crate) const PRUNE: PruneConfig =
    PruneConfig { maintenance_interval: NZUsize!(64), retained_marshal_blocks: 16, retained_qmdb_blocks: 16 };
/// How a state sync asks.
pub(crate) const SYNC: SyncEngineConfig =
    SyncEngineConfig { fetch_batch_size: SYNC_BATCH, apply_batch_size: NZU64!(4096), max_outstanding_requests: NZUsize!(8) };

/// What judges and proposes blocks for consensus, and hears of its results.
pub(crate) type Automaton = Deferred<Runtime, Scheme, Paced, Block, FixedEpocher>;
type Provider = ConstantProvider<Scheme, Epoch>;
type Consensus =
    simplex::Config<Scheme, RoundRobin<Sha256>, Oracle, sha256::Digest, Automaton, Automaton, Listening<Automaton>, Sequential>;

/// What the settings of several parts have in common.
pub(crate) struct Parts {
    pub(crate) me: ed25519::PublicKey,
    pub(crate) oracle: Oracle,
    pub(crate) cache: CacheRef,
    pub(crate) timeouts: Timeouts,
    pub(crate) clock: Arc<Clock>,
    pub(crate) file_blocks: NonZeroU64,
    pub(crate) beacon: Arc<Beacon>,
}

impl Parts {
    /// What the settings say, for a node with this key.
    pub(crate) fn new(me: ed25519::PublicKey, oracle: Oracle, config: &Config, beacon: &Arc<Beacon>) -> Self {
        let Config { timeouts, file_blocks, .. } = *config;
        Self { me, oracle, cache: page_cache(), timeouts, clock: config.clock.clone(), file_blocks, beacon: beacon.clone() }
    }

    /// How blocks are divided into epochs.
    pub(crate) fn epochs() -> FixedEpocher {
        FixedEpocher::new(EPOCH_LENGTH)
    }

    /// Asks peers for blocks and certificates, and answers them.
    pub(crate) fn backfill(&self) -> marshal_resolver::Config<ed25519::PublicKey, Oracle, Oracle> {
        marshal_resolver::Config {
            public_key: self.me.clone(),
            peer_provider: self.oracle.clone(),
            blocker: self.oracle.clone(),
            mailbox_size: MAILBOX,
            fetch_timeout: nonzero(self.timeouts.fetch),
            fetch_retry_delay: RETRY,
            priority_requests: false,
            priority_responses: false,
        }
    }

    /// Sends new blocks to everyone.
    pub(crate) fn broadcast(&self) -> buffered::Config<ed25519::PublicKey, (), Oracle, Sequential> {
        buffered::Config {
            public_key: self.me.clone(),
            mailbox_size: MAILBOX,
            deque_size: 16,
            priority: true,
            codec_config: (),
            peer_provider: self.oracle.clone(),
            strategy: Sequential,
        }
    }

    /// Asks the committee for a recent final block.
    pub(crate) fn probe(
        &self,
        context: Runtime,
        provider: Provider,
    ) -> probe::Config<Runtime, Provider, Sequential, ed25519::PublicKey, Oracle> {
        probe::Config {
            context,
            provider,
            strategy: Sequential,
            mailbox_size: MAILBOX,
            blocker: self.oracle.clone(),
            minimum_epoch: Epoch::zero(),
            retry_timeout: nonzero(RETRY),
        }
    }

    /// Asks peers for operations of a database, and answers them.
    pub(crate) fn state_requests<DB>(&self) -> state_resolver::Config<ed25519::PublicKey, Oracle, Oracle, DB> {
        state_resolver::Config {
            peer_provider: self.oracle.clone(),
            blocker: self.oracle.clone(),
            database: None,
            mailbox_size: MAILBOX,
            me: Some(self.me.clone()),
            fetch_timeout: nonzero(self.timeouts.fetch),
            fetch_retry_delay: RETRY,
            max_serve_ops: SYNC_BATCH,
            priority_requests: false,
            priority_responses: false,
        }
    }

    /// Keeps what is final, by height.
    pub(crate) fn archive<C>(&self, name: &str, codec_config: C) -> prunable::Config<EightCap, C> {
        prunable::Config {
            translator: EightCap,
            metadata_partition: format!("{name}-metadata"),
            key_partition: format!("{name}-key"),
            key_page_cache: self.cache.clone(),
            value_partition: format!("{name}-value"),
            compression: None,
            codec_config,
            items_per_section: self.file_blocks,
            key_write_buffer: BUFFER,
            value_write_buffer: BUFFER,
            replay_buffer: BUFFER,
        }
    }

    /// Binds the machine to the engine.
    pub(crate) fn adapter(
        &self,
        machine: &Arc<dyn Machine>,
        progress: &Arc<Progress>,
        voters: &Arc<Voters>,
        genesis: &Block,
    ) -> Adapter {
        let heard = (voters.clone(), self.beacon.clone());
        Adapter::new(machine.clone(), progress.clone(), heard, genesis.clone(), self.clock.clone())
    }

    /// Holds rows and receipts.
    pub(crate) fn databases(&self, blocks: Blocks, machine: &Arc<dyn Machine>, progress: &Arc<Progress>) -> databases::Config {
        databases::Config {
            rows: rows_config(&self.cache),
            receipts: receipts_config(&self.cache),
            blocks,
            machine: machine.clone(),
            progress: progress.clone(),
            clock: Some(self.clock.clone()),
        }
    }

    /// Brings final blocks into order.
    pub(crate) fn marshal(
        &self,
        provider: Provider,
        start: Start<Scheme, sha256::Digest, Digested<Block>>,
    ) -> marshal::Config<Provider, FixedEpocher, Sequential, Block, Digested<Block>> {
        marshal::Config {
            provider,
            epocher: Self::epochs(),
            start,
            partition_prefix: "marshal".into(),
            mailbox_size: MAILBOX,
            view_retention: VIEWS,
            prunable_items_per_section: NZU64!(1024),
            page_cache: self.cache.clone(),
            replay_buffer: BUFFER,
            key_write_buffer: BUFFER,
            value_write_buffer: BUFFER,
            block_codec_config: (),
            max_repair: NZUsize!(20),
            max_pending_acks: PENDING_ACKS,
            strategy: Sequential,
        }
    }

    /// Consensus over the blocks that `automaton` proposes, judges and reports.
    pub(crate) fn consensus(
        &self,
        scheme: Scheme,
        automaton: Automaton,
        voters: Arc<Voters>,
        voted: Option<Voted>,
        floor: Floor<Scheme, sha256::Digest>,
    ) -> Consensus {
        let own = scheme.me().map(|me| me.index()).zip(voted.map(Arc::new));
        simplex::Config {
            scheme,
            elector: RoundRobin::<Sha256>::default(),
            blocker: self.oracle.clone(),
            automaton: automaton.clone(),
            relay: automaton.clone(),
            reporter: Listening { voters, own, inner: automaton },
            strategy: Sequential,
            partition: VOTES.into(),
            mailbox_size: MAILBOX,
            epoch: Epoch::zero(),
            floor,
            replay_buffer: BUFFER,
            write_buffer: BUFFER,
            page_cache: self.cache.clone(),
            leader_timeout: self.timeouts.leader,
            certification_timeout: self.timeouts.certification,
            timeout_retry: self.timeouts.retry,
            view_retention: VIEWS,
            skip: SkipPolicy::Enabled { timeout: self.timeouts.skip, budget: simplex::SkipBudget::Participants },
            fetch_timeout: nonzero(self.timeouts.fetch),
            fetch_retry_delay: RETRY,
            forward: ForwardPolicy::Disabled,
            track_historical_votes: false,
        }
    }
}

fn nonzero(duration: Duration) -> NonZeroDuration {
    NonZeroDuration::new(duration).expect("durations of a checked configuration are not zero")
}
