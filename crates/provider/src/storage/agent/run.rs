//! The agent's loop: wait, look, plan, act.

use super::{
    act::{self, Outcome, Subject},
    blocking,
    config::ProviderConfig,
    decide::{DealFacts, PieceFact},
    errand::{Errand, Plan, Situation, plan},
    follow,
    register::{registration, removed},
    status::{self, Board},
    view::{Stale, View},
};
use crate::storage::store::{PieceState, PieceStatus, Store, StoreError};
use depin_client::{Client, ClientError, Sender, SubmitError};
use depin_ledger::Message;
use depin_quantity::{Instant, UnitId};
use depin_services::storage::piece::Commitment;
use futures::stream::{self, StreamExt as _};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::sync::{mpsc, watch};

/// Notes of the event follower that wait at most.
const NOTES: usize = 1_024;
/// First and longest pause while the node is away.
const AWAY_PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(15));
/// Everything is read again this soon after the start: an event may have come before the stream stood.
const SECOND_LOOK: Duration = Duration::from_secs(2);
/// Setbacks with a subject until it rests till everything is read anew.
const SETBACKS: u32 = 3;
/// Messages under way at once.
const ERRANDS: usize = 32;
/// Times that taking a deal may fail, once for each full reading, until the deal is declined.
const ACCEPTS_TRIED: u32 = 3;

/// The agent.
pub(super) struct Agent {
    config: ProviderConfig,
    url: String,
    pub(super) store: Arc<Store>,
    pub(super) sender: Sender,
    pub(super) board: Board,
    stopping: watch::Receiver<bool>,
    pub(super) view: View,
    stale: Stale,
    /// Deals to look at again without reading them anew.
    look: BTreeSet<UnitId>,
    /// Setbacks since everything was last read.
    setbacks: BTreeMap<Subject, u32>,
    /// How often taking a deal failed, and what was said last.
    failed_accepts: BTreeMap<UnitId, (u32, String)>,
    /// Whether this process has seen the provider registered.
    begun: bool,
    /// Ledger time of the last claim.
    claimed: Option<Instant>,
}

/// Why a round was not finished.
enum Cut {
    /// The node is away or does not answer properly.
    Client(ClientError),
    /// A message did not get through.
    Submit(SubmitError),
    /// The store failed.
    Store(StoreError),
}

impl From<ClientError> for Cut {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

impl From<StoreError> for Cut {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Agent {
    pub(super) fn new(
        config: ProviderConfig,
        url: String,
        store: Arc<Store>,
        sender: Sender,
        board: Board,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self {
            config,
            url,
            store,
            sender,
            board,
            stopping,
            view: View::default(),
            stale: Stale::all(),
            look: BTreeSet::new(),
            setbacks: BTreeMap::new(),
            failed_accepts: BTreeMap::new(),
            begun: false,
            claimed: None,
        }
    }

    fn client(&self) -> &Client {
        self.sender.client()
    }

    /// Runs until the provider is stopped.
    pub(super) async fn run(mut self) {
        let (notes, mut noted) = mpsc::channel(NOTES);
        let following = tokio::spawn(follow::follow(self.client().clone(), self.sender.address(), notes));
        let mut damage = self.store.watch_damage();
        let mut away = AWAY_PAUSE.0;
        let mut full_reading = tokio::time::Instant::now() + SECOND_LOOK;
        let mut stopping = self.stopping.clone();
        loop {
            let round = tokio::select! {
                biased;
                () = stopped(&mut stopping) => break,
                round = self.round() => round,
            };
            let pause = match round {
                Ok(()) => {
                    self.board.solved("node");
                    away = AWAY_PAUSE.0;
                    None
                }
                Err(cut) => {
                    self.note(cut);
                    self.stale = Stale::all();
                    away = (away * 2).min(AWAY_PAUSE.1);
                    Some(away)
                }
            };
            let quiet = pause.is_none() && self.stale.is_empty() && self.look.is_empty();
            tokio::select! {
                biased;
                () = stopped(&mut stopping) => break,
                () = tokio::time::sleep(pause.unwrap_or_default()), if !quiet => {}
                Some(note) = noted.recv(), if pause.is_none() => self.heard(note),
                Ok(()) = damage.changed(), if pause.is_none() => self.look_at_damage().await,
                () = tokio::time::sleep_until(full_reading), if pause.is_none() => {
                    self.stale = Stale::all();
                    full_reading = tokio::time::Instant::now() + self.config.resync;
                }
            }
            while let Ok(note) = noted.try_recv() {
                self.heard(note);
            }
        }
        following.abort();
    }

    /// Something happened: what it concerns is read anew, and may be tried again.
    fn heard(&mut self, note: Stale) {
        self.setbacks.retain(|subject, _| match subject {
            Subject::Deal(id) => !note.deals.contains(id),
            Subject::Set(_) => false,
            Subject::Registration => true,
        });
        self.stale.add(note);
    }

    fn note(&self, cut: Cut) {
        match cut {
            Cut::Client(error) => self.board.problem("node", error.to_string()),
            Cut::Submit(error) if act::is_underfunded(&error) => self.board.problem(
                "balance",
                format!("the balance is too low to send anything: {error}; send tokens to {}", self.sender.address()),
            ),
            Cut::Submit(error) => self.board.problem("node", error.to_string()),
            Cut::Store(error) => self.board.problem("store", error.to_string()),
        }
    }

    /// Looks at what changed, and does what follows from it.
    async fn round(&mut self) -> Result<(), Cut> {
        let stale = std::mem::take(&mut self.stale);
        let read = self.view_refreshed(&stale).await;
        let mut look = match read {
            Ok(look) => look,
            Err(error) => {
                self.stale.add(stale);
                return Err(error.into());
            }
        };
        look.append(&mut self.look);
        if stale.all {
            self.full_reading().await?;
        }
        if !self.register().await? {
            return Ok(());
        }
        let Some(ask) = self.view.ask.clone() else { return Ok(()) };
        let deals: Vec<DealFacts> = look.iter().filter_map(|id| self.view.deals.get(id)).cloned().collect();
        let (pieces, pinned) = self.pieces(&deals).await?;
        let hopeless = self.hopeless();
        let situation = Situation { ask: &ask, now: self.view.now, room: self.view.room(), hopeless: &hopeless };
        let rested = deals.iter().filter(|deal| self.may_try(Subject::Deal(deal.id)));
        let Plan { mut pin, unpin, mut errands } = plan(rested, &pieces, &situation);
        pin.retain(|(_, deal)| !pinned.contains(deal));
        let sets = self.view.waiting_sets().map(|(number, _)| number);
        errands.splice(0..0, sets.filter(|number| self.may_try(Subject::Set(*number))).map(Errand::ProveSet));
        let gone = self.keep(pin, unpin).await?;
        if !gone.is_empty() {
            // Dropped since they were looked at. Nothing may be promised about them; the next look sees that they are absent.
            errands = errands.iter().filter_map(|errand| errand.without(&gone)).collect();
            self.look.extend(gone);
        }
        self.view.forget_closed();
        let under_way = errands.into_iter().map(|errand| self.carry_out(errand));
        let outcomes = stream::iter(under_way).buffer_unordered(ERRANDS).collect().await;
        self.learn(outcomes)?;
        self.board.change(|status| status.deals = status::count(self.view.deals.values().map(|deal| deal.stage)));
        if stale.all {
            self.claim_rewards().await?;
        }
        self.board.solved("store");
        if self.stale.is_empty() {
            self.board.set_ready();
        }
        Ok(())
    }

    async fn view_refreshed(&mut self, stale: &Stale) -> Result<BTreeSet<UnitId>, ClientError> {
        let (client, own) = (self.client().clone(), self.sender.address());
        self.view.refresh(&client, own, stale).await
    }

    /// What comes with reading everything: a fresh start for what failed, the balance, pins that no deal asks for.
    async fn full_reading(&mut self) -> Result<(), Cut> {
        self.setbacks.clear();
        let deals = &self.view.deals;
        self.failed_accepts.retain(|id, _| deals.contains_key(id));
        let account = self.client().account(self.sender.address()).await?;
        let token = account.pledged.token;
        let balance = account.balances.into_iter().find(|balance| balance.token == token);
        let time = self.view.now.to_rfc3339();
        let ask = self.view.entry.as_ref().map(|entry| entry.ask.clone());
        self.board.change(|status| {
            status.balance = balance;
            status.pledged = Some(account.pledged);
            status.time = Some(time);
            status.ask = ask;
        });
        let store = Arc::clone(&self.store);
        let known: BTreeSet<UnitId> = self.view.deals.keys().copied().collect();
        let orphans = blocking(move || -> Result<usize, StoreError> {
            let mut orphans = 0;
            for (cid, deal) in store.pins()? {
                if !known.contains(&deal) {
                    orphans += usize::from(store.unpin(&cid, &deal)?);
                }
            }
            if orphans > 0 {
                store.sweep()?;
            }
            Ok(orphans)
        })
        .await?;
        if orphans > 0 {
            tracing::info!(orphans, "let go of pieces of deals that are over");
        }
        Ok(())
    }

    /// Brings the entry on the ledger in line. False when there is none to work with.
    async fn register(&mut self) -> Result<bool, Cut> {
        let Some(message) = registration(&self.config, &self.url, &self.view, self.begun) else {
            let out = removed(&self.view);
            self.begun |= !out;
            self.board.change(|status| {
                status.registered = !out;
                status.ask = self.view.entry.as_ref().map(|entry| entry.ask.clone());
            });
            if out {
                self.board
                    .problem("registration", "the provider was taken out of the network; start it again to come back".to_owned());
            } else {
                self.board.solved("registration");
            }
            return Ok(!out);
        };
        if !self.may_try(Subject::Registration) {
            return Ok(self.view.entry.is_some());
        }
        match self.sender.submit(Message::service(message)).await {
            Ok(_) => {
                tracing::info!(name = %self.config.name, url = self.url, "registered");
                self.stale = Stale::all();
                Ok(false)
            }
            Err(SubmitError::Failed { message, .. }) => {
                self.board.problem("registration", format!("the ledger refuses the registration: {message}"));
                // Tried again when everything is read anew; deals of an earlier registration go on meanwhile.
                self.setbacks.insert(Subject::Registration, SETBACKS);
                Ok(self.view.entry.is_some())
            }
            Err(error) => Err(Cut::Submit(error)),
        }
    }

    /// What the store knows of these deals' pieces, and which deals it keeps them for.
    async fn pieces(&self, deals: &[DealFacts]) -> Result<(BTreeMap<Commitment, PieceFact>, BTreeSet<UnitId>), StoreError> {
        let wanted: BTreeSet<Commitment> = deals.iter().map(|deal| deal.piece).collect();
        let store = Arc::clone(&self.store);
        blocking(move || {
            let (mut facts, mut pinned) = (BTreeMap::new(), BTreeSet::new());
            for cid in wanted {
                let status = store.status(&cid)?;
                facts.insert(cid, status.as_ref().map_or(PieceFact::Absent, piece_fact));
                pinned.extend(status.into_iter().flat_map(|piece| piece.deals));
            }
            Ok((facts, pinned))
        })
        .await
    }

    /// Notes in the store which deals cover which pieces. Gives the deals whose pieces are not there any more.
    async fn keep(
        &self,
        pin: Vec<(Commitment, UnitId)>,
        unpin: Vec<(Commitment, UnitId)>,
    ) -> Result<BTreeSet<UnitId>, StoreError> {
        let store = Arc::clone(&self.store);
        blocking(move || {
            let mut gone = BTreeSet::new();
            for (cid, deal) in pin {
                match store.pin(&cid, &deal) {
                    Ok(_) => {}
                    Err(StoreError::Unknown { .. }) => _ = gone.insert(deal),
                    Err(error) => return Err(error),
                }
            }
            let mut let_go = false;
            for (cid, deal) in unpin {
                let_go |= store.unpin(&cid, &deal)?;
            }
            if let_go {
                store.sweep()?;
            }
            Ok(gone)
        })
        .await
    }

    /// Takes note of what came of the errands.
    fn learn(&mut self, outcomes: Vec<Outcome>) -> Result<(), Cut> {
        let mut cut = None;
        let mut hampered = false;
        for outcome in outcomes {
            self.stale.add(outcome.stale);
            for setback in outcome.setbacks {
                let count = self.setbacks.entry(setback.subject).or_default();
                *count += 1;
                if let (Subject::Deal(id), "accept") = (setback.subject, setback.tried) {
                    // Not before everything is read anew: every try costs a fee.
                    *count = SETBACKS;
                    hampered = true;
                    self.board.problem("deals", format!("a deal could not be taken: {}", setback.why));
                    let failed = self.failed_accepts.entry(id).or_default();
                    *failed = (failed.0 + 1, setback.why);
                }
            }
            cut = cut.or(outcome.cut_off);
        }
        if !hampered && self.failed_accepts.is_empty() {
            self.board.solved("deals");
        }
        match cut {
            Some(error) => Err(Cut::Submit(error)),
            None => {
                self.board.solved("balance");
                Ok(())
            }
        }
    }

    /// Deals that could not be taken often enough, with the ledger's words.
    fn hopeless(&self) -> BTreeMap<UnitId, String> {
        let tried = self.failed_accepts.iter().filter(|(_, (count, _))| *count >= ACCEPTS_TRIED);
        tried.map(|(id, (_, why))| (*id, format!("the provider cannot take it now: {why}"))).collect()
    }

    fn may_try(&self, subject: Subject) -> bool {
        self.setbacks.get(&subject).is_none_or(|count| *count < SETBACKS)
    }

    /// Deals whose pieces are damaged, and faulty ones, whose pieces may be back, are looked at again.
    async fn look_at_damage(&mut self) {
        let store = Arc::clone(&self.store);
        match blocking(move || store.damaged()).await {
            Ok(damaged) => {
                let damaged: BTreeSet<Commitment> = damaged.into_iter().map(|piece| piece.cid).collect();
                let hit = self.view.deals.values().filter(|deal| damaged.contains(&deal.piece));
                self.look.extend(hit.chain(self.view.faulty()).map(|deal| deal.id));
                let look = &self.look;
                self.setbacks.retain(|subject, _| match subject {
                    Subject::Deal(id) => !look.contains(id),
                    Subject::Set(_) => false,
                    Subject::Registration => true,
                });
            }
            Err(error) => {
                self.board.problem("store", error.to_string());
                self.stale = Stale::all();
            }
        }
    }

    /// Claims rewards once per proving period.
    async fn claim_rewards(&mut self) -> Result<(), Cut> {
        let now = self.view.now;
        if self.claimed.is_some_and(|last| now.since(last) < self.config.claim_every) {
            return Ok(());
        }
        let account = self.client().account(self.sender.address()).await?;
        if account.claimable.units.is_zero() {
            return Ok(());
        }
        match self.claim().await {
            Ok(()) => {
                tracing::info!(amount = account.claimable.display, "claimed rewards");
                self.claimed = Some(now);
                Ok(())
            }
            Err(SubmitError::Failed { message, .. }) => {
                tracing::info!(message, "rewards could not be claimed");
                self.claimed = Some(now);
                Ok(())
            }
            Err(error) => Err(Cut::Submit(error)),
        }
    }
}

/// Resolves when the provider is to stop, also when nobody is left to say so.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}

fn piece_fact(piece: &PieceStatus) -> PieceFact {
    if piece.state() == PieceState::Damaged { PieceFact::Damaged } else { PieceFact::Whole { size: piece.piece_size } }
}
