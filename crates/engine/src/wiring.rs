//! Puts one node together: network, broadcast, archives, state, consensus; then waits for the end.
//!
//! Everything generic of the engine is instantiated in this file, for one runtime, once. The order of the steps matters: the
//! network starts before a state sync asks peers for a floor, marshal before the state actor opens the databases, consensus last.

use crate::{
    application::Adapter,
    block::Block,
    config::{Config, Timeouts, private_key},
    databases::{self, Blocks, Sources},
    handle::End,
    machine::Machine,
    network::{self, Committee, MAILBOX, Oracle, vote_namespace},
    pace::Paced,
    progress::Progress,
    requests::{self, Request},
    store::{BUFFER, Family, ReceiptsDb, RowsDb, Runtime, SYNC_BATCH, page_cache, receipts_config, rows_config},
    transport::{ReceiptSource, RowSource, Served},
};
use commonware_broadcast::buffered;
use commonware_consensus::{
    marshal::{
        self,
        core::Actor as MarshalActor,
        resolver::p2p as marshal_resolver,
        standard::{Deferred, Standard},
    },
    simplex::{
        self,
        config::{Floor, ForwardPolicy, SkipPolicy},
        elector::RoundRobin,
        scheme::ed25519::Scheme,
    },
    types::{Epoch, FixedEpocher, ViewDelta},
};
use commonware_cryptography::{Digested, Digestible as _, Sha256, Signer as _, certificate::ConstantProvider, ed25519, sha256};
use commonware_glue::stateful::{
    Config as StatefulConfig, PruneConfig, Stateful, SyncPlan,
    db::{SyncEngineConfig, p2p as state_resolver},
    probe::{self, Probe},
};
use commonware_parallel::Sequential;
use commonware_runtime::{Handle, Spawner as _, Supervisor as _, buffer::paged::CacheRef};
use commonware_storage::{archive::prunable, translator::EightCap};
use commonware_utils::{NZU64, NZUsize, NonZeroDuration};
use futures::{
    FutureExt as _,
    future::{Either, select, select_all},
};
use std::{
    num::{NonZeroU64, NonZeroUsize},
    pin::pin,
    sync::Arc,
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

/// One epoch holds all blocks: the committee of a chain is fixed.
const EPOCH_LENGTH: NonZeroU64 = NZU64!(u64::MAX);
const RETRY: Duration = Duration::from_millis(200);
/// Views kept behind the last final one.
const VIEWS: ViewDelta = ViewDelta::new(100);
/// Final blocks under way to the state actor at once.
const PENDING_ACKS: NonZeroUsize = NZUsize!(16);
/// How long a clean stop waits for the actors.
const STOP: Duration = Duration::from_secs(10);
type Automaton = Deferred<Runtime, Scheme, Paced, Block, FixedEpocher>;
type Consensus =
    simplex::Engine<Runtime, Scheme, RoundRobin<Sha256>, Oracle, sha256::Digest, Automaton, Automaton, Automaton, Sequential>;

/// Everything that a node's engine needs to run.
pub(crate) struct Node {
    pub(crate) config: Config,
    pub(crate) committee: Committee,
    pub(crate) chain_id: String,
    pub(crate) genesis: Block,
    pub(crate) machine: Arc<dyn Machine>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) requests: mpsc::Receiver<Request>,
    pub(crate) stopping: oneshot::Receiver<()>,
}

impl Node {
    /// Runs until a stop, until nobody holds a handle any more, or until a part ends by itself.
    pub(crate) async fn run(self, runtime: Runtime) -> End {
        let Self { config, committee, chain_id, genesis, machine, progress, requests, stopping } = self;
        let mut stopping = pin!(stopping.map(|order| if order.is_ok() { End::Stopped } else { End::Abandoned }));
        let signer = private_key(&config.seed);
        let me = signer.public_key();
        let cache = page_cache();
        let namespace = vote_namespace(&chain_id);
        let scheme = Scheme::signer(&namespace, committee.keys.clone(), signer.clone())
            .unwrap_or_else(|| Scheme::verifier(&namespace, committee.keys.clone()));

        let (network, oracle, channels) = network::open(&runtime, &config, &committee, &chain_id);
        let resolver = marshal_resolver::init(
            runtime.child("marshal_resolver"),
            marshal_resolver::Config {
                public_key: me.clone(),
                peer_provider: oracle.clone(),
                blocker: oracle.clone(),
                mailbox_size: MAILBOX,
                fetch_timeout: nonzero(config.timeouts.fetch),
                fetch_retry_delay: RETRY,
                priority_requests: false,
                priority_responses: false,
            },
            channels.backfill,
        );
        let (broadcaster, buffer) = buffered::Engine::new(
            runtime.child("broadcast"),
            buffered::Config {
                public_key: me.clone(),
                mailbox_size: MAILBOX,
                deque_size: 16,
                priority: true,
                codec_config: (),
                peer_provider: oracle.clone(),
                strategy: Sequential,
            },
        );
        broadcaster.start(channels.broadcast);

        let finalizations = archive("finalizations", &cache, committee.keys.len());
        let finalizations = prunable::Archive::init(runtime.child("finalizations"), finalizations)
            .await
            .expect("the archive of certificates can be opened");
        let blocks = prunable::Archive::init(runtime.child("blocks"), archive("blocks", &cache, ()))
            .await
            .expect("the archive of blocks can be opened");

        let mut plan = SyncPlan::init(runtime.child("plan"), "state").await;
        let provider = ConstantProvider::new(scheme.clone());
        let (prober, floor_probe) = Probe::new(probe::Config {
            context: runtime.child("probe"),
            provider: provider.clone(),
            strategy: Sequential,
            mailbox_size: MAILBOX,
            blocker: oracle.clone(),
            minimum_epoch: Epoch::zero(),
            retry_timeout: nonzero(RETRY),
        });
        prober.start(channels.floors);
        let rows = state_resolver::Actor::<_, ed25519::PublicKey, _, _, Family, Served<RowsDb>>::new(
            runtime.child("row_resolver"),
            requests_config(&oracle, &me, config.timeouts.fetch),
        );
        rows.0.start(channels.row_requests);
        let receipts = state_resolver::Actor::<_, ed25519::PublicKey, _, _, Family, Served<ReceiptsDb>>::new(
            runtime.child("receipt_resolver"),
            requests_config(&oracle, &me, config.timeouts.fetch),
        );
        receipts.0.start(channels.receipt_requests);
        let sources = Sources(
            RowSource::new(rows.1, runtime.child("row_source")),
            ReceiptSource::new(receipts.1, runtime.child("receipt_source")),
        );

        let others = committee.keys.iter().any(|key| *key != me);
        if plan.should_sync(config.sync && others) {
            let floor = match select(pin!(floor_probe.subscribe()), stopping.as_mut()).await {
                Either::Left((floor, _)) => floor.expect("the probe runs as long as the node"),
                Either::Right((end, _)) => return end,
            };
            plan = plan.set_floor(floor).await;
        }

        let start = plan.marshal_start(Digested::compute(genesis.clone(), &Sequential).await);
        let (marshal_actor, marshal, floor) = MarshalActor::<_, Standard<Block>, _, _, _, _, _>::init(
            runtime.child("marshal"),
            finalizations,
            blocks,
            marshal::Config {
                provider,
                epocher: FixedEpocher::new(EPOCH_LENGTH),
                start,
                partition_prefix: "marshal".into(),
                mailbox_size: MAILBOX,
                view_retention: VIEWS,
                prunable_items_per_section: NZU64!(1024),
                page_cache: cache.clone(),
                replay_buffer: BUFFER,
                key_write_buffer: BUFFER,
                value_write_buffer: BUFFER,
                block_codec_config: (),
                max_repair: NZUsize!(20),
                max_pending_acks: PENDING_ACKS,
                strategy: Sequential,
            },
        )
        .await;

        let (state_actor, state) = Stateful::new(
            runtime.child("stateful"),
            StatefulConfig {
                application: Adapter::new(machine.clone(), progress.clone(), genesis.clone()),
                db_config: databases::Config {
                    rows: rows_config(&cache),
                    receipts: receipts_config(&cache),
                    blocks: Blocks::Archive(marshal.clone(), plan.completed()),
                    machine: machine.clone(),
                    progress: progress.clone(),
                },
                provider: (),
                marshal: (marshal.clone(), floor),
                mailbox_size: MAILBOX,
                plan,
                resolvers: sources,
                sync_config: SyncEngineConfig {
                    fetch_batch_size: SYNC_BATCH,
                    apply_batch_size: NZU64!(4096),
                    max_outstanding_requests: NZUsize!(8),
                },
                prune_config: None::<PruneConfig>,
                strategy: Sequential,
            },
        );
        let paced = Paced { inner: state.clone(), machine, pace: config.pace, heartbeat: config.heartbeat };
        let deferred = Deferred::new(runtime.child("deferred"), paced, marshal.clone(), FixedEpocher::new(EPOCH_LENGTH));
        let marshal_actor = marshal_actor.start(state, buffer, resolver);
        floor_probe.attach(marshal.clone());
        let state_actor = state_actor.start();
        let consensus = consensus(&runtime, config.timeouts, scheme, oracle, deferred, &genesis, cache).start(
            channels.votes,
            channels.certificates,
            channels.certificate_requests,
        );
        let server = runtime.child("requests").spawn(move |_| requests::serve(requests, marshal, progress));

        let parts: [(&str, Handle<()>); 5] = [
            ("network", network),
            ("archive", marshal_actor),
            ("state", state_actor),
            ("consensus", consensus),
            ("requests", server),
        ];
        let ends = parts.map(|(name, handle)| Box::pin(async move { (name, handle.await) }));
        let end = match select(select_all(ends), stopping.as_mut()).await {
            Either::Left((((name, result), _, _), _)) => End::Failed(format!("the part {name} ended by itself: {result:?}")),
            Either::Right((end, _)) => end,
        };
        if matches!(end, End::Stopped) {
            // Actors that miss the deadline are cut off as by a crash, which recovery handles.
            if runtime.child("stop").stop(0, Some(STOP)).await.is_err() {
                tracing::warn!("some parts did not stop in time");
            }
        }
        end
    }
}

/// Consensus over the blocks that `automaton` proposes, judges and reports.
fn consensus(
    runtime: &Runtime,
    timeouts: Timeouts,
    scheme: Scheme,
    oracle: Oracle,
    automaton: Automaton,
    genesis: &Block,
    page_cache: CacheRef,
) -> Consensus {
    simplex::Engine::new(
        runtime.child("simplex"),
        simplex::Config {
            scheme,
            elector: RoundRobin::<Sha256>::default(),
            blocker: oracle,
            automaton: automaton.clone(),
            relay: automaton.clone(),
            reporter: automaton,
            strategy: Sequential,
            partition: "simplex".into(),
            mailbox_size: MAILBOX,
            epoch: Epoch::zero(),
            floor: Floor::Genesis(genesis.digest()),
            replay_buffer: BUFFER,
            write_buffer: BUFFER,
            page_cache,
            leader_timeout: timeouts.leader,
            certification_timeout: timeouts.certification,
            timeout_retry: timeouts.retry,
            view_retention: VIEWS,
            skip: SkipPolicy::Enabled { timeout: timeouts.skip, budget: simplex::SkipBudget::Participants },
            fetch_timeout: nonzero(timeouts.fetch),
            fetch_retry_delay: RETRY,
            forward: ForwardPolicy::Disabled,
            track_historical_votes: false,
        },
    )
}

fn requests_config<DB>(
    oracle: &Oracle,
    me: &ed25519::PublicKey,
    timeout: Duration,
) -> state_resolver::Config<ed25519::PublicKey, Oracle, Oracle, DB> {
    state_resolver::Config {
        peer_provider: oracle.clone(),
        blocker: oracle.clone(),
        database: None,
        mailbox_size: MAILBOX,
        me: Some(me.clone()),
        fetch_timeout: nonzero(timeout),
        fetch_retry_delay: RETRY,
        max_serve_ops: SYNC_BATCH,
        priority_requests: false,
        priority_responses: false,
    }
}

fn archive<C>(name: &str, cache: &CacheRef, codec_config: C) -> prunable::Config<EightCap, C> {
    prunable::Config {
        translator: EightCap,
        metadata_partition: format!("{name}-metadata"),
        key_partition: format!("{name}-key"),
        key_page_cache: cache.clone(),
        value_partition: format!("{name}-value"),
        compression: None,
        codec_config,
        items_per_section: NZU64!(1024),
        key_write_buffer: BUFFER,
        value_write_buffer: BUFFER,
        replay_buffer: BUFFER,
    }
}

fn nonzero(duration: Duration) -> NonZeroDuration {
    NonZeroDuration::new(duration).expect("durations of a checked configuration are not zero")
}
