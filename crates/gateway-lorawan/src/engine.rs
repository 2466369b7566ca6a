//! The one task that has the network server.
//!
//! In: commands. It applies all that wait, lets what is due take effect, makes the changes and events of all of them durable in one transaction, and only then
//! answers, wakes the deliveries and gives downlinks away. A transaction that fails undoes all of it: the network server is read from the store again, and
//! whoever waited is told that nothing was taken.

use crate::{
    config::Config,
    intake::{Acknowledge, IntakeError},
    metrics::Metrics,
    recent::Recent,
    store::{NewEvent, Store, StoreError, StoreResult, keep, load, wall_ms},
    suspects::Suspects,
};
use depin_client::lorawan::{Answer, PacketAnswer, PacketReport, Rejection, gateway_id};
use depin_lorawan::{
    Eui, Micros,
    frame::payload_hash,
    gwmp::{RxPacket, TxError},
    server::{DownlinkPlan, Event, QueueError, Server, Step, TxOutcome, Write},
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::sync::{Notify, mpsc, oneshot};

/// Commands that are applied before their changes are written.
const BATCH: usize = 1_024;
/// Commands that wait; more make their senders wait.
pub(crate) const COMMANDS: usize = 4_096;
/// For how long an acknowledgement is given again to whoever asks once more, and how many are kept for that.
const AGAIN: Duration = Duration::from_secs(15 * 60);
const AGAIN_MOST: usize = 100_000;
/// Between two tries to read the store again.
const PAUSE: Duration = Duration::from_millis(250);

type Change = Box<dyn FnOnce(&mut Server) -> Result<Step, QueueError> + Send>;
type Look = Box<dyn FnOnce(&Server) + Send>;

/// What the task is asked.
pub(crate) enum Command {
    /// Packets of a hotspot.
    Hear { hotspot: [u8; 32], packets: Vec<RxPacket>, reply: oneshot::Sender<Result<Answer, IntakeError>> },
    /// A change of devices or queues.
    Change { change: Change, reply: oneshot::Sender<Result<(), ChangeError>> },
    /// What became of a downlink.
    Outcome { hotspot: [u8; 32], id: u32, outcome: TxOutcome, reply: oneshot::Sender<Result<(), IntakeError>> },
    /// A look at what is.
    Look(Look),
}

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeError {
    #[error(transparent)]
    Refused(#[from] QueueError),
    #[error("the store failed, so nothing was changed")]
    Store { full: bool },
}

/// A hotspot that waits for what becomes of its packets.
struct Hotspot {
    key: [u8; 32],
    answers: Vec<Option<PacketAnswer>>,
    /// Frames that wait, with the place of the packet.
    waits: Vec<([u8; 32], usize, u16)>,
    at_ms: u64,
    downlinks: Vec<DownlinkPlan>,
    reply: oneshot::Sender<Result<Answer, IntakeError>>,
}

/// What is answered when the transaction stands.
enum Reply {
    Change(oneshot::Sender<Result<(), ChangeError>>, Result<(), QueueError>),
    Outcome(oneshot::Sender<Result<(), IntakeError>>),
}

impl Reply {
    /// Answers. Whoever asked may be gone.
    fn send(self, change: impl FnOnce(Result<(), QueueError>) -> Result<(), ChangeError>, outcome: Result<(), IntakeError>) {
        let _gone = match self {
            Self::Change(reply, done) => reply.send(change(done)).is_err(),
            Self::Outcome(reply) => reply.send(outcome).is_err(),
        };
    }
}

/// The task.
pub(crate) struct Engine {
    pub config: Arc<Config>,
    pub store: Store,
    pub metrics: Arc<Metrics>,
    pub acknowledger: Arc<dyn Acknowledge>,
    /// Told when events wait.
    pub deliveries: Arc<Notify>,
    pub sinks: Vec<&'static str>,
    pub server: Server,
    /// Devices that send what no device does.
    pub suspects: Arc<Suspects>,
    /// Uplinks of late.
    pub recent: Arc<Recent>,
    hotspots: Vec<Hotspot>,
    given: Given,
}

/// Acknowledgements of late. A hotspot that was cut off from its answer hands the packet in once more, and is told the same.
#[derive(Default)]
struct Given {
    reports: BTreeMap<([u8; 32], [u8; 32]), PacketReport>,
    order: VecDeque<(Instant, [u8; 32], [u8; 32])>,
}

impl Given {
    fn keep(&mut self, report: &PacketReport) {
        let now = Instant::now();
        self.reports.insert((report.hotspot, report.hash), report.clone());
        self.order.push_back((now, report.hotspot, report.hash));
        while let Some((at, hotspot, hash)) = self.order.front().copied() {
            if self.order.len() <= AGAIN_MOST && now.duration_since(at) < AGAIN {
                break;
            }
            self.order.pop_front();
            self.reports.remove(&(hotspot, hash));
        }
    }
}

/// The wall clock that never goes back: a step of the system's clock must not shorten a duty cycle, nor lengthen the wait for copies.
struct Clock {
    began: Instant,
    at: Micros,
}

impl Clock {
    fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { began: Instant::now(), at: Micros::new(u64::try_from(since.as_micros()).unwrap_or(u64::MAX)) }
    }

    fn now(&self) -> Micros {
        self.at.plus(Micros::new(u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)))
    }
}

/// Reads the network server from the store.
pub(crate) async fn read(config: &Config, store: &Store) -> Result<Server, StoreError> {
    let mut server = Server::new(config.server.clone()).map_err(|error| StoreError::Record(error.to_string()))?;
    for write in store.run(load).await? {
        server.restore(write);
    }
    Ok(server)
}

impl Engine {
    pub(crate) fn new(
        (config, store, server): (Arc<Config>, Store, Server),
        (metrics, suspects, recent): (Arc<Metrics>, Arc<Suspects>, Arc<Recent>),
        acknowledger: Arc<dyn Acknowledge>,
        deliveries: Arc<Notify>,
        sinks: Vec<&'static str>,
    ) -> Self {
        Self {
            config,
            store,
            metrics,
            acknowledger,
            deliveries,
            sinks,
            server,
            suspects,
            recent,
            hotspots: Vec::new(),
            given: Given::default(),
        }
    }

    /// Works until nobody can ask any more.
    pub(crate) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let clock = Clock::new();
        let mut waiting = Vec::with_capacity(BATCH);
        loop {
            let due = self.server.next_due().map(|due| Duration::from_micros(due.since(clock.now()).get()));
            let sleep = tokio::time::sleep(due.unwrap_or(Duration::from_secs(3_600)));
            tokio::select! {
                received = commands.recv_many(&mut waiting, BATCH) => if received == 0 { return },
                () = sleep => {}
            }
            self.round(clock.now(), std::mem::take(&mut waiting)).await;
        }
    }

    async fn round(&mut self, now: Micros, commands: Vec<Command>) {
        let (mut step, mut replies) = (Step::default(), Vec::new());
        for command in commands {
            self.apply(now, command, &mut step, &mut replies);
        }
        join(&mut step, self.server.due(now));
        // Downlinks for hotspots that do not wait any more are not emitted.
        let transmits = std::mem::take(&mut step.transmits);
        let lost = self.give(transmits);
        for id in lost {
            let gone = TxOutcome::Failed(vec![TxError::Other("the hotspot is gone".to_owned())]);
            join(&mut step, self.server.outcome(now, id, &gone));
        }
        match self.commit(&step).await {
            Ok(()) => self.stand(&step, replies),
            Err(error) => self.undo(&error, replies).await,
        }
    }

    fn apply(&mut self, now: Micros, command: Command, step: &mut Step, replies: &mut Vec<Reply>) {
        match command {
            Command::Hear { hotspot, packets, reply } => {
                let queued = self.metrics.queued();
                if queued > self.config.queue_max {
                    // Whoever asked may be gone.
                    let _ = reply.send(Err(IntakeError::Full(queued)));
                    return;
                }
                self.hear(now, hotspot, packets, reply, step);
            }
            Command::Change { change, reply } => match change(&mut self.server) {
                Ok(changed) => {
                    join(step, changed);
                    replies.push(Reply::Change(reply, Ok(())));
                }
                Err(error) => replies.push(Reply::Change(reply, Err(error))),
            },
            Command::Outcome { hotspot, id, outcome, reply } => {
                if self.server.flies_by(id) == Some(gateway_id(&hotspot)) {
                    join(step, self.server.outcome(now, id, &outcome));
                }
                replies.push(Reply::Outcome(reply));
            }
            Command::Look(look) => look(&self.server),
        }
    }

    fn hear(
        &mut self,
        now: Micros,
        key: [u8; 32],
        packets: Vec<RxPacket>,
        reply: oneshot::Sender<Result<Answer, IntakeError>>,
        step: &mut Step,
    ) {
        let (gateway, many) = (gateway_id(&key), packets.len());
        let mut hotspot =
            Hotspot { key, answers: vec![None; many], waits: Vec::new(), at_ms: now.get() / 1_000, downlinks: Vec::new(), reply };
        for (place, packet) in packets.into_iter().enumerate() {
            let (hash, bytes) = (payload_hash(&packet.payload), packet.payload.len() as u16);
            let heard = self.server.hear(now, gateway, packet);
            let refusal = heard.events.iter().find_map(|event| match event {
                Event::Refused(refused) => Some(Rejection::from(&refused.why)),
                _ => None,
            });
            match refusal {
                Some(_) if self.given.reports.contains_key(&(key, hash)) => {
                    let report = &self.given.reports[&(key, hash)];
                    hotspot.answers[place] = Some(acknowledged(self.acknowledger.as_ref(), report));
                }
                Some(refusal) => hotspot.answers[place] = Some(PacketAnswer::Rejected(refusal)),
                None => hotspot.waits.push((hash, place, bytes)),
            }
            join(step, heard);
        }
        self.metrics.packets(many);
        self.hotspots.push(hotspot);
    }

    /// Gives downlinks to hotspots that wait; the numbers of those that nobody waits for.
    fn give(&mut self, transmits: Vec<DownlinkPlan>) -> Vec<u32> {
        let (mut lost, server) = (Vec::new(), &self.server);
        for plan in transmits {
            let mut waiting: Vec<&mut Hotspot> =
                self.hotspots.iter_mut().filter(|one| gateway_id(&one.key) == plan.gateway && !one.reply.is_closed()).collect();
            // One that is answered in this round: another request of the same hotspot may wait longer than the window is away.
            let over = waiting.iter().position(|one| one.waits.iter().all(|(hash, ..)| !server.waits(hash)));
            match waiting.get_mut(over.unwrap_or_default()) {
                Some(hotspot) => hotspot.downlinks.push(plan),
                None => lost.push(plan.id),
            }
        }
        lost
    }

    async fn commit(&self, step: &Step) -> StoreResult<()> {
        if step.writes.is_empty() && step.events.is_empty() {
            return Ok(());
        }
        let writes = latest(&step.writes);
        let events = step.events.iter().filter_map(|event| {
            let (device, body) = (event.device()?, self.server.body(event)?.to_string());
            let at_ms = i64::try_from(event.at().get() / 1_000).unwrap_or(i64::MAX);
            Some(NewEvent { at_ms, device, kind: event.kind(), body })
        });
        let (events, sinks): (Vec<NewEvent>, _) = (events.collect(), self.sinks.clone());
        if writes.is_empty() && (events.is_empty() || sinks.is_empty()) {
            return Ok(());
        }
        self.store.run(move |db| keep(db, &writes, &events, &sinks)).await
    }

    /// What was decided stands: everybody is answered.
    fn stand(&mut self, step: &Step, replies: Vec<Reply>) {
        let told = step.events.iter().filter(|event| self.server.body(event).is_some()).count() * self.sinks.len();
        self.metrics.events(&step.events, told);
        self.suspects.look(&step.events);
        self.recent.look(&step.events, &self.server);
        if told > 0 {
            self.deliveries.notify_waiters();
        }
        let taken: BTreeMap<[u8; 32], bool> = step
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Uplink(up) => Some((up.hash, false)),
                Event::Joined(join) => Some((join.hash, true)),
                _ => None,
            })
            .collect();
        let (server, acknowledger, given) = (&self.server, self.acknowledger.as_ref(), &mut self.given);
        for hotspot in &mut self.hotspots {
            let Hotspot { key, answers, waits, at_ms, .. } = hotspot;
            waits.retain(|(hash, place, bytes)| {
                if server.waits(hash) {
                    return true;
                }
                answers[*place] = Some(if let Some(join) = taken.get(hash).copied() {
                    let received_ms = acknowledger.stamp_ms(*at_ms);
                    let report = PacketReport { hotspot: *key, hash: *hash, bytes: *bytes, received_ms, join };
                    given.keep(&report);
                    acknowledged(acknowledger, &report)
                } else {
                    let message = "it changes nothing: a repetition, or its device was removed".to_owned();
                    PacketAnswer::Rejected(Rejection { code: "no_effect".to_owned(), message })
                });
                false
            });
        }
        let (over, waiting): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.hotspots).into_iter().partition(|hotspot| hotspot.waits.is_empty());
        self.hotspots = waiting;
        for Hotspot { answers, downlinks, reply, .. } in over {
            let packets = answers.into_iter().flatten().collect();
            // Whoever asked may be gone; its downlinks then expire.
            let _ = reply.send(Ok(Answer { packets, downlinks }));
        }
        for reply in replies {
            reply.send(|done| done.map_err(ChangeError::from), Ok(()));
        }
    }

    /// Nothing was written, so nothing counts: what is known is read again, however long that takes.
    async fn undo(&mut self, error: &StoreError, replies: Vec<Reply>) {
        tracing::error!(%error, "the gateway's store failed; what was not written is forgotten");
        self.metrics.store_failed();
        for hotspot in std::mem::take(&mut self.hotspots) {
            let _ = hotspot.reply.send(Err(IntakeError::Store));
        }
        let full = error.is_full();
        for reply in replies {
            reply.send(|_| Err(ChangeError::Store { full }), Err(IntakeError::Store));
        }
        loop {
            match read(&self.config, &self.store).await {
                Ok(server) => {
                    self.server = server;
                    return;
                }
                Err(StoreError::Closed) => return,
                Err(error) => {
                    tracing::error!(%error, "the gateway's store cannot be read");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

fn acknowledged(by: &dyn Acknowledge, report: &PacketReport) -> PacketAnswer {
    let signature = hex::encode(by.acknowledge(report));
    PacketAnswer::Acknowledged { report: report.clone(), signature }
}

fn join(step: &mut Step, more: Step) {
    step.writes.extend(more.writes);
    step.events.extend(more.events);
    step.transmits.extend(more.transmits);
}

/// Of several writes of one row the last, in an order in which none undoes another.
fn latest(writes: &[Write]) -> Vec<Write> {
    let mut rows: BTreeMap<(u8, Eui), Write> = BTreeMap::new();
    let mut all = Vec::new();
    for write in writes {
        match write {
            Write::Device(row) => drop(rows.insert((0, row.spec.dev_eui), write.clone())),
            Write::Removed(device) => drop(rows.insert((0, *device), write.clone())),
            Write::Duty { gateway, .. } => drop(rows.insert((1, *gateway), write.clone())),
            Write::Nonce { .. } => all.push(write.clone()),
        }
    }
    all.extend(rows.into_values());
    all
}

/// The wall clock in milliseconds, for whoever checks a body's time.
pub(crate) fn now_ms() -> u64 {
    u64::try_from(wall_ms()).unwrap_or_default()
}
