//! Puts one node together: network, broadcast, archives, state, consensus; then waits for the end.
//!
//! Everything generic of the engine is instantiated in this file, for one runtime, once. The order of the steps matters: the
//! network starts before a state sync asks peers for a floor, marshal before the state actor opens the databases, consensus last.

use crate::{
    beacon::{self, Beacon},
    block::Block,
    config::{Config, private_key},
    databases::{Blocks, Sources},
    engine::STORE,
    handle::End,
    history::Archive,
    intact::{Begin, VoteJournal, Voted, VotesFault},
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
        store::{Blocks as FinalBlocks, Certificates},
    },
    simplex::{self, scheme::ed25519::Scheme, types::Finalization},
};
use commonware_cryptography::{Digested, Digestible as _, Signer as _, certificate::ConstantProvider, ed25519, sha256};
use commonware_glue::stateful::{Config as StatefulConfig, Stateful, SyncPlan, db::p2p as state_resolver, probe::Probe};
use commonware_parallel::Sequential;
use commonware_runtime::{Handle, Spawner as _, Supervisor as _};
use commonware_storage::archive::Identifier;
use futures::{
    FutureExt as _,
    future::{Either, select, select_all},
};
use std::{pin::pin, sync::Arc, time::Duration};
use tokio::sync::{mpsc, oneshot};

/// How long a clean stop waits for the actors.
const STOP: Duration = Duration::from_secs(10);

type Certificate = Finalization<Scheme, sha256::Digest>;
type Floor = simplex::config::Floor<Scheme, sha256::Digest>;

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
        let (scheme, voters) = (scheme(&chain_id, &committee, &config), Voters::new(&chain_id, committee.keys.clone()));

        let (network, oracle, channels) = network::open(&runtime, &config, &committee, &chain_id);
        let parts = Parts::new(private_key(&config.seed).public_key(), oracle, &config, &beacon);
        let resolver = marshal_resolver::init(runtime.child("marshal_resolver"), parts.backfill(), channels.backfill);
        let (broadcaster, buffer) = buffered::Engine::new(runtime.child("broadcast"), parts.broadcast());
        broadcaster.start(channels.broadcast);

        let opened = open(&runtime, &parts, &config, &committee, &genesis, &progress).await;
        let (finalizations, blocks, floor, voted) = match opened {
            Ok(opened) => opened,
            Err(end) => return end,
        };
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
        let (marshal_actor, marshal, processed) = MarshalActor::<_, Standard<Block>, _, _, _, _, _>::init(
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
                marshal: (marshal.clone(), processed),
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
        let consensus = simplex::Engine::new(runtime.child("simplex"), parts.consensus(scheme, deferred, voters, voted, floor));
        let consensus = consensus.start(channels.votes, channels.certificates, channels.certificate_requests);
        let asked = progress.clone();
        let server = runtime.child("requests").spawn(move |_| requests::serve(requests, marshal, asked));
        let running = [
            ("network", network),
            ("archive", marshal_actor),
            ("state", state_actor),
            ("consensus", consensus),
            ("requests", server),
            ("beacon", lots),
        ];
        first_end(&runtime, running, stopping, &progress).await
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

/// How this node signs, if it is a validator, and checks what others sign.
fn scheme(chain_id: &str, committee: &Committee, config: &Config) -> Scheme {
    let (namespace, keys) = (vote_namespace(chain_id), committee.keys.clone());
    Scheme::signer(&namespace, keys.clone(), private_key(&config.seed)).unwrap_or_else(|| Scheme::verifier(&namespace, keys))
}

/// What holds the certificates and the blocks, where consensus begins, and where a validator's votes are noted.
type Opened = (Archive<Certificate>, Archive<Arc<Block>>, Floor, Option<Voted>);

/// Opens the archives, and looks whether the votes of before are there; how the engine ends where they cannot be used.
async fn open(
    runtime: &Runtime,
    parts: &Parts,
    config: &Config,
    committee: &Committee,
    genesis: &Block,
    progress: &Progress,
) -> Result<Opened, End> {
    let history = progress.history();
    let certificates = parts.archive("finalizations", committee.keys.len());
    let finalizations =
        Archive::open(runtime.child("finalizations"), certificates, history.clone()).await.map_err(End::Failed)?;
    let blocks = parts.archive("blocks", ());
    let blocks = Archive::open(runtime.child("blocks"), blocks, history.clone()).await.map_err(End::Failed)?;
    let last = last_of(&finalizations).await.map_err(End::Failed)?;
    if config.begun && last.is_none() && FinalBlocks::last_index(&blocks).is_none() {
        return Err(End::Votes(VotesFault::Gone(config.data.join(STORE))));
    }
    let (floor, voted) = begin(config, committee, &parts.me, last, genesis).map_err(End::Votes)?;
    Ok((finalizations, blocks, floor, voted))
}

/// The certificate of the highest block that has one.
async fn last_of(finalizations: &Archive<Certificate>) -> Result<Option<Certificate>, String> {
    let Some(height) = finalizations.last_index() else { return Ok(None) };
    let found = Certificates::get(finalizations, Identifier::Index(height.get())).await;
    found.map_err(|error| format!("the certificate of block {height} cannot be read: {error}"))
}

/// Where consensus begins, once the votes of before are known to be there: at genesis, from where its journal leads on, or, where that
/// was set aside, at the last final block. With where a validator's votes are noted.
fn begin(
    config: &Config,
    committee: &Committee,
    me: &ed25519::PublicKey,
    last: Option<Certificate>,
    genesis: &Block,
) -> Result<(Floor, Option<Voted>), VotesFault> {
    let from_genesis = Floor::Genesis(genesis.digest());
    if committee.keys.iter().all(|key| key != me) {
        return Ok((from_genesis, None));
    }
    let journal = VoteJournal::new(&config.data, &config.data.join(STORE));
    let view = last.as_ref().map(|last| last.proposal.round.view().get());
    let begin = journal.open(view, committee.keys.len() == 1, config.forget_votes)?;
    let floor = match (begin, last) {
        (Begin::Anew, Some(last)) => Floor::Finalized(last),
        _ => from_genesis,
    };
    Ok((floor, Some(journal.voted()?)))
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
async fn first_end(
    runtime: &Runtime,
    parts: [(&str, Handle<()>); 6],
    stopping: impl Future<Output = End> + Unpin,
    progress: &Progress,
) -> End {
    let ends = parts.map(|(name, handle)| Box::pin(async move { (name, handle.await) }));
    let end = match select(select_all(ends), stopping).await {
        Either::Left((((name, result), _, _), _)) => End::Failed(format!("the part {name} ended by itself: {result:?}")),
        Either::Right((end, _)) => end,
    };
    // Actors that miss the deadline are cut off as by a crash, which recovery handles.
    if matches!(end, End::Stopped) {
        match runtime.child("stop").stop(0, Some(STOP)).await {
            Ok(()) => progress.note_order(),
            Err(_) => tracing::warn!("some parts did not stop in time"),
        }
    }
    end
}
