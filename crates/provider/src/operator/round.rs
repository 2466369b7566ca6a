//! The loop: wait, look, plan, act.

use super::{
    dirty::DirtySet,
    duty::{Agenda, Duty, Look, Prepared, Registration},
    error::RoundError,
    failure::{Failures, Subject},
    follow,
    money::Costs,
    start::OperatorConfig,
    status::SharedStatus,
    submit::{Outcome, is_underfunded, is_without_room},
};
use depin_client::{Client, Sender};
use depin_ledger::Message;
use depin_quantity::Instant;
use futures::stream::{self, StreamExt as _};
use std::{collections::BTreeSet, time::Duration};
use tokio::sync::{mpsc, watch};

/// Changes noted by the event follower that wait at most.
const CHANGES: usize = 1_024;
/// First and longest pause while the node is away.
const AWAY_PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(15));
/// Everything is read again this soon after the start: an event may have come before the stream stood.
const SECOND_LOOK: Duration = Duration::from_secs(2);
/// What a problem concerns that is the node's disk.
pub const NODE_DISK: &str = "node-disk";
/// Messages under way at once.
const TASKS: usize = 32;

/// Runs one duty.
pub(super) struct Runner<D: Duty> {
    pub(super) duty: D,
    pub(super) config: OperatorConfig,
    pub(super) sender: Sender,
    pub(super) status: SharedStatus<D::Figures>,
    pub(super) view: D::View,
    /// Ledger time of the last look.
    pub(super) now: Instant,
    /// What its messages cost.
    pub(super) costs: Costs,
    /// Ledger time of the last claim.
    pub(super) claimed: Option<Instant>,
    stopping: watch::Receiver<bool>,
    dirty: DirtySet,
    failures: Failures,
    /// What of the operator's own failed, by what it concerns, until a round goes through.
    own_problems: BTreeSet<&'static str>,
    /// Whether this process has seen the operator registered.
    begun: bool,
}

impl<D: Duty> Runner<D> {
    pub(super) fn new(
        duty: D,
        config: OperatorConfig,
        sender: Sender,
        status: SharedStatus<D::Figures>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self {
            duty,
            config,
            costs: Costs::new(sender.key()),
            sender,
            status,
            view: D::View::default(),
            now: Instant::default(),
            claimed: None,
            stopping,
            dirty: DirtySet::all(),
            failures: Failures::default(),
            own_problems: BTreeSet::new(),
            begun: false,
        }
    }

    pub(super) fn client(&self) -> &Client {
        self.sender.client()
    }

    /// Runs until the operator is stopped.
    pub(super) async fn run(mut self) {
        let (changes, mut changed) = mpsc::channel(CHANGES);
        let following = tokio::spawn(follow::follow::<D>(self.client().clone(), self.sender.address(), changes));
        let mut own = self.duty.watch();
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
                    self.status.solved("node");
                    self.status.solved(NODE_DISK);
                    away = AWAY_PAUSE.0;
                    None
                }
                Err(error) => {
                    self.round_failed(error);
                    away = (away * 2).min(AWAY_PAUSE.1);
                    Some(away)
                }
            };
            let quiet = pause.is_none() && self.dirty.is_empty();
            tokio::select! {
                biased;
                () = stopped(&mut stopping) => break,
                () = tokio::time::sleep(pause.unwrap_or_default()), if !quiet => {}
                Some(dirty) = changed.recv(), if pause.is_none() => self.changed(dirty),
                () = own_change(&mut own), if pause.is_none() => self.look_at_own().await,
                () = tokio::time::sleep_until(full_reading), if pause.is_none() => {
                    self.dirty = DirtySet::all();
                    full_reading = tokio::time::Instant::now() + self.config.resync;
                }
            }
            while let Ok(dirty) = changed.try_recv() {
                self.changed(dirty);
            }
        }
        following.abort();
    }

    /// Something happened: what it concerns is looked at anew, and may be tried again.
    fn changed(&mut self, dirty: DirtySet) {
        self.failures.forgive(&dirty);
        self.dirty.add(dirty);
    }

    async fn look_at_own(&mut self) {
        match self.duty.changed(&self.view).await {
            Ok(own) => self.changed(DirtySet { own, ..DirtySet::default() }),
            Err(error) => self.round_failed(error),
        }
    }

    fn round_failed(&mut self, error: RoundError) {
        match error {
            RoundError::Submit(error) if is_underfunded(&error) => self.status.problem(
                "balance",
                format!("the balance is too low to send anything: {error}; send tokens to {}", self.sender.address()),
            ),
            // What is served needs no transaction; what waits is sent once there is room.
            RoundError::Submit(error) if is_without_room(&error) => self.status.problem(NODE_DISK, error.to_string()),
            RoundError::Node(_) | RoundError::Submit(_) => self.status.problem("node", error.to_string()),
            RoundError::Own { concerns, why } => {
                self.own_problems.insert(concerns);
                self.status.problem(concerns, why);
            }
        }
        self.dirty = DirtySet::all();
    }

    /// Looks at what changed, and does what follows from it.
    async fn round(&mut self) -> Result<(), RoundError> {
        let dirty = std::mem::take(&mut self.dirty);
        // Before the rest: what is read after it is at least as new.
        let status = self.client().status().await?;
        (self.now, self.costs.base_fee) = (Instant::new(status.time_ms), status.base_fee.units);
        self.costs.row_fee = status.row_fee.units;
        let client = self.client().clone();
        let look = Look { client: &client, address: self.sender.address(), now: self.now, dirty: &dirty };
        let mut units = self.duty.refresh(&mut self.view, look).await?;
        self.show();
        if dirty.all {
            self.failures.clear();
            self.read_account().await?;
        }
        if !self.register().await? {
            return Ok(());
        }
        units.retain(|id| self.failures.may_try(Subject::Unit(*id)));
        let plan = D::plan(&self.view, &Agenda { units, resting: self.failures.resting() });
        let Prepared { tasks, again } = self.duty.prepare(&mut self.view, plan).await?;
        self.dirty.own.extend(again);
        let sent = !tasks.is_empty();
        let under_way = tasks.into_iter().map(|task| self.carry_out(task));
        let outcomes = stream::iter(under_way).buffer_unordered(TASKS).collect().await;
        self.settle(outcomes)?;
        self.show();
        if dirty.all {
            self.claim_rewards().await?;
        }
        if sent {
            // Fees and deposits went.
            self.now = Instant::new(self.client().status().await?.time_ms);
            self.read_account().await?;
        }
        for concerns in std::mem::take(&mut self.own_problems) {
            self.status.solved(concerns);
        }
        if self.dirty.is_empty() {
            self.status.set_ready();
        }
        Ok(())
    }

    fn show(&self) {
        self.status.change(|status| D::show(&self.view, &mut status.service));
    }

    /// Balance and pledge, for the status; whether the balance suffices.
    async fn read_account(&mut self) -> Result<(), RoundError> {
        let account = self.client().account(self.sender.address()).await?;
        self.check_funds(&account).await?;
        let token = account.pledged.token;
        let balance = account.balances.into_iter().find(|balance| balance.token == token);
        let time = self.now.to_rfc3339();
        self.status.change(|status| {
            status.balance = balance;
            status.pledged = Some(account.pledged);
            status.time = Some(time);
        });
        Ok(())
    }

    /// Brings the entry on the ledger in line. False when there is none to work with.
    async fn register(&mut self) -> Result<bool, RoundError> {
        match self.duty.registration(&self.view, self.begun) {
            Registration::InLine => {
                self.begun = true;
                self.status.change(|status| status.registered = true);
                self.status.solved("registration");
                Ok(true)
            }
            Registration::Contested { why } => {
                self.status.change(|status| status.registered = true);
                self.status.problem("registration", why);
                Ok(true)
            }
            Registration::Removed => {
                self.status.change(|status| status.registered = false);
                let why = "the provider was taken out of the network; start it again to come back";
                self.status.problem("registration", why.to_owned());
                Ok(false)
            }
            Registration::Differs { serving, .. } if !self.failures.may_try(Subject::Registration) => Ok(serving),
            Registration::Differs { message, serving } => self.submit_registration(*message, serving).await,
        }
    }

    async fn submit_registration(&mut self, message: Message, serving: bool) -> Result<bool, RoundError> {
        match self.sender.submit(message).await {
            Ok(receipt) => {
                self.costs.paid(receipt.fee.units);
                tracing::info!(name = %self.config.name, url = self.status.get().url, "registered");
                self.dirty = DirtySet::all();
                Ok(false)
            }
            Err(error) => {
                let Some((_, message)) = error.refusal() else { return Err(error.into()) };
                self.status.problem("registration", format!("the ledger refuses the registration: {message}"));
                // Tried again when everything is read anew; units of an earlier registration go on meanwhile.
                self.failures.rest(Subject::Registration);
                Ok(serving)
            }
        }
    }

    /// Takes note of what came of the tasks.
    fn settle(&mut self, outcomes: Vec<Outcome<D::Task>>) -> Result<(), RoundError> {
        let (mut failures, mut cut_off) = (Vec::new(), None);
        for outcome in outcomes {
            self.dirty.add(outcome.dirty);
            failures.extend(outcome.failures);
            cut_off = cut_off.or(outcome.cut_off);
            self.costs.paid(outcome.fee);
        }
        for failure in &failures {
            self.failures.count(failure.subject);
        }
        for subject in self.duty.settle(&mut self.view, &failures, &self.status) {
            self.failures.rest(subject);
        }
        match cut_off {
            Some(error) => Err(error.into()),
            None => {
                self.status.solved("balance");
                Ok(())
            }
        }
    }
}

/// Resolves when the operator is to stop, also when nobody is left to say so.
pub(super) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// Resolves when something of the operator's own changed; never when nothing of it can.
async fn own_change(own: &mut Option<watch::Receiver<u64>>) {
    if let Some(receiver) = own
        && receiver.changed().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}
