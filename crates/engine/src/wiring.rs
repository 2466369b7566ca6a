//! Puts one node together: network, broadcast, archives, state, consensus; then waits for the end.
//!
//! Everything generic of the engine is instantiated in this file, for one runtime, once. The order of the steps matters: the
//! network starts before a state sync asks peers for a floor, marshal before the state actor opens the databases, consensus last.

use crate::{
    beacon::{self, Beacon},
    block::Block,
    config::{Config, private_key},
    databases::{Blocks, Sources},
    handle::End,
    history::Archive,
    machine::Machine,
    network::{self, Channel, Committee, MAILBOX, Oracle, vote_namespace},
    pace::Paced,
    parts::{PRUNE, Parts, SYNC},
    progress::Progress,
    requests::{self, Request},
    store::{Family, ReceiptsDb, RowsDb, Runtime},
    transport::{ReceiptSource, RowSource, Served},
    votes::Voters,
};
use commonware_broadcast::buffered;
use commonware_consensus::{
    marshal::{
        core::Actor as MarshalActor,
        resolver::p2p as marshal_resolver,
        standard::{Deferred, Standard},
    },
    simplex::{self, scheme::ed25519::Scheme},
};
use commonware_cryptography::{Digested, Signer as _, certificate::ConstantProvider, ed25519};
use commonware_glue::stateful::{Config as StatefulConfig, Stateful, SyncPlan, db::p2p as state_resolver, probe::Probe};
use commonware_parallel::Sequential;
use commonware_runtime::{Handle, Spawner as _, Supervisor as _};
use futures::{
    FutureExt as _,
    future::{Either, select, select_all},
};
use std::{pin::pin, sync::Arc, time::Duration};
use tokio::sync::{mpsc, oneshot};

/// How long a clean stop waits for the actors.
const STOP: Duration = Duration::from_secs(10);

/// Everything that a node's engine needs to run.
pub(crate) struct Node {
    pub(crate) config: Config,
    pub(crate) committee: Committee,
    pub(crate) chain_id: String,
    pub(crate) genesis: Block,
    pub(crate) machine: Arc<dyn Machine>,
    pub(crate) beacon: Arc<Beacon>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) requests: mpsc::Receiver<Request>,
    pub(crate) stopping: oneshot::Receiver<()>,
}

impl Node {
    /// Runs until a stop, until nobody holds a handle any more, or until a part ends by itself.
    pub(crate) async fn run(self, runtime: Runtime) -> End {
        let Self { config, committee, chain_id, genesis, machine, beacon, progress, requests, stopping } = self;
        let mut stopping = pin!(ordered_end(stopping, progress.clone()));
        let signer = private_key(&config.seed);
        let (namespace, voters) = (vote_namespace(&chain_id), Voters::new(&chain_id, committee.keys.clone()));
        let scheme = Scheme::signer(&namespace, committee.keys.clone(), signer)
            .unwrap_or_else(|| Scheme::verifier(&namespace, committee.keys.clone()));

        let (network, oracle, channels) = network::open(&runtime, &config, &committee, &chain_id);
        let parts = Parts::new(private_key(&config.seed).public_key(), oracle, &config, &beacon);
        let resolver = marshal_resolver::init(runtime.child("marshal_resolver"), parts.backfill(), channels.backfill);
        let (broadcaster, buffer) = buffered::Engine::new(runtime.child("broadcast"), parts.broadcast());
        broadcaster.start(channels.broadcast);

        let certificates = parts.archive("finalizations", committee.keys.len());
        let finalizations = Archive::open(runtime.child("finalizations"), certificates, progress.history().clone()).await;
        let blocks = Archive::open(runtime.child("blocks"), parts.archive("blocks", ()), progress.history().clone()).await;
        let mut plan = SyncPlan::init(runtime.child("plan"), "state").await;
        let provider = ConstantProvider::new(scheme.clone());
        let (prober, floor_probe) = Probe::new(parts.probe(runtime.child("probe"), provider.clone()));
        prober.start(channels.floors);
        let sources = sources(&runtime, &parts, channels.row_requests, channels.receipt_requests);
        let others = committee.keys.iter().any(|key| *key != parts.me);
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
            parts.marshal(provider, start),
        )
        .await;
        let (state_actor, state) = Stateful::new(
            runtime.child("stateful"),
            StatefulConfig {
                application: parts.adapter(&machine, &progress, &voters, &genesis),
                db_config: parts.databases(Blocks::Archive(marshal.clone(), plan.completed()), &machine, &progress),
                provider: (),
                marshal: (marshal.clone(), floor),
                mailbox_size: MAILBOX,
                plan,
                resolvers: sources,
                sync_config: SYNC,
                prune_config: Some(PRUNE),
                strategy: Sequential,
            },
        );
        let lots = sign_rounds(&runtime, beacon, &machine, &progress, channels.beacon);
        let paced = Paced::new(state.clone(), machine, progress.clone(), &config);
        let deferred = Deferred::new(runtime.child("deferred"), paced, marshal.clone(), Parts::epochs());
        let marshal_actor = marshal_actor.start(state, buffer, resolver);
        floor_probe.attach(marshal.clone());
        let state_actor = state_actor.start();
        let consensus = simplex::Engine::new(runtime.child("simplex"), parts.consensus(scheme, deferred, voters, &genesis));
        let consensus = consensus.start(channels.votes, channels.certificates, channels.certificate_requests);
        let server = runtime.child("requests").spawn(move |_| requests::serve(requests, marshal, progress));
        let running = [
            ("network", network),
            ("archive", marshal_actor),
            ("state", state_actor),
            ("consensus", consensus),
            ("requests", server),
            ("beacon", lots),
        ];
        first_end(&runtime, running, stopping).await
    }
}

/// Signs the rounds of the committee's beacon and hears those of the others, as long as the node runs.
fn sign_rounds(
    runtime: &Runtime,
    beacon: Arc<Beacon>,
    machine: &Arc<dyn Machine>,
    progress: &Arc<Progress>,
    channel: Channel,
) -> Handle<()> {
    let (machine, progress) = (machine.clone(), progress.clone());
    runtime.child("beacon").spawn(move |runtime| beacon::run(runtime, beacon, machine, progress, channel))
}

/// Waits for an order to stop, for nobody to hold the engine any more, or for a clock that the store is not opened with.
async fn ordered_end(stopping: oneshot::Receiver<()>, progress: Arc<Progress>) -> End {
    let ordered = stopping.map(|order| if order.is_ok() { End::Stopped } else { End::Abandoned });
    match select(pin!(ordered), pin!(progress.refused())).await {
        Either::Left((end, _)) => end,
        Either::Right((behind, _)) => End::ClockBehind(behind),
    }
}

/// Where a state sync gets rows and receipts from: each from a part that asks peers, and that answers theirs.
fn sources(runtime: &Runtime, parts: &Parts, rows: Channel, receipts: Channel) -> Sources<RowSource, ReceiptSource> {
    type Resolver<DB> = state_resolver::Actor<Runtime, ed25519::PublicKey, Oracle, Oracle, Family, DB>;
    let (row_actor, row_mailbox) = Resolver::<Served<RowsDb>>::new(runtime.child("row_resolver"), parts.state_requests());
    row_actor.start(rows);
    let (receipt_actor, receipt_mailbox) =
        Resolver::<Served<ReceiptsDb>>::new(runtime.child("receipt_resolver"), parts.state_requests());
    receipt_actor.start(receipts);
    Sources(
        RowSource::new(row_mailbox, runtime.child("row_source")),
        ReceiptSource::new(receipt_mailbox, runtime.child("receipt_source")),
    )
}

/// Waits for an order to stop, or for the first part that ends by itself.
async fn first_end(runtime: &Runtime, parts: [(&str, Handle<()>); 6], stopping: impl Future<Output = End> + Unpin) -> End {
    let ends = parts.map(|(name, handle)| Box::pin(async move { (name, handle.await) }));
    let end = match select(select_all(ends), stopping).await {
        Either::Left((((name, result), _, _), _)) => End::Failed(format!("the part {name} ended by itself: {result:?}")),
        Either::Right((end, _)) => end,
    };
    // Actors that miss the deadline are cut off as by a crash, which recovery handles.
    if matches!(end, End::Stopped) && runtime.child("stop").stop(0, Some(STOP)).await.is_err() {
        tracing::warn!("some parts did not stop in time");
    }
    end
}
