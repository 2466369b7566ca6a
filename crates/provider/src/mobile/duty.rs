//! What the service asks of an access point's owner: an entry in line, and sessions reported.

use super::{
    config::MobileConfig,
    counters::Counters,
    entry,
    radius::Front,
    status::MobileFigures,
    store::{Due, Store, StoreError},
    task::Report,
    tester::Trouble,
    view::View,
};
use crate::{
    coverage::provide_fees,
    operator::{Agenda, Draft, Duty, Failure, Look, Prepared, Registration, RoundError, SharedStatus, Subject},
};
use depin_client::Sender;
use depin_ledger::Message;
use depin_quantity::{Address, Instant, Name, UnitId};
use depin_services::coverage::{
    CoverageMessage, PublicKey,
    mobile::{MobileMessage, SESSIONS_MAX, SessionUse},
};
use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError},
};
use tokio::sync::watch;

/// Sessions that are looked at in one round.
const ROUND: usize = 1_024;

/// An access point's duty.
pub(super) struct MobileDuty {
    pub config: MobileConfig,
    pub owner: Address,
    pub chain_id: Name,
    pub sender: Sender,
    pub store: Store,
    pub counters: Arc<Counters>,
    pub front: Arc<Front>,
    /// Why the last speed test came to nothing.
    pub trouble: Trouble,
    /// Changes when there is something new to report.
    pub made: watch::Receiver<u64>,
}

impl From<StoreError> for RoundError {
    fn from(error: StoreError) -> Self {
        Self::own("store", &error)
    }
}

impl MobileDuty {
    /// Reads the access point's entry, and sees to it that what brings it in line can be paid.
    async fn read_entry(&self, view: &mut View, look: Look<'_>) -> Result<(), RoundError> {
        let (coverage, access_point) = (look.client.coverage(), self.config.access_point.address());
        view.network = coverage.mobile().await?;
        if view.network.is_none() {
            let why = "this network has no mobile coverage; its file would say [service.coverage.mobile]";
            return Err(RoundError::own("network", &why));
        }
        view.entry = coverage.access_point(access_point).await?;
        let joins = view.entry.is_none();
        let moves = view.entry.as_ref().is_none_or(|entry| !entry.retired && entry.location.is_none());
        if joins || moves {
            provide_fees(look.client, &self.sender, joins, moves).await?;
        }
        let known = view.entry.as_ref().map_or(0, |entry| entry.object);
        // An object that another store gave is another one.
        let number = self.store.object(self.config.site.hexes_hash(), if view.object == 0 { known.saturating_sub(1) } else { 0 });
        view.object = number.await?;
        Ok(())
    }

    /// Sessions to report now.
    async fn due(&self) -> Result<Vec<Due>, StoreError> {
        let every = u64::try_from(self.config.report_every.as_millis()).unwrap_or(u64::MAX);
        self.store.due(ROUND, self.config.clock.now_ms().saturating_sub(every)).await
    }

    /// Notes what the ledger knows of sessions that were reported.
    async fn note(&self, view: &View, look: Look<'_>) -> Result<(), RoundError> {
        let (access_point, mut told) = (self.config.access_point.address(), Vec::new());
        for one in self.due().await? {
            // What was never looked at was never reported by this process; another may have.
            let asked = look.dirty.all || look.dirty.units.contains(&one.id) && view.due.contains_key(&one.id);
            if !asked {
                continue;
            }
            let Some(there) = look.client.coverage().session(access_point, one.id).await? else { continue };
            let sent = view.due.get(&one.id).copied().unwrap_or(one);
            if there.up >= sent.up && there.down >= sent.down && (there.stopped || !sent.stopped) {
                told.push(Due { up: there.up, down: there.down, stopped: there.stopped, ..sent });
            }
        }
        Ok(self.store.told(told, self.config.clock.now_ms()).await?)
    }

    /// Carriers of these sessions that there are; one that is not there yet may be opened later.
    async fn carriers(&self, view: &mut View, look: Look<'_>, due: &[Due]) -> Result<(), RoundError> {
        view.without = None;
        for carrier in due.iter().map(|one| one.carrier).collect::<BTreeSet<u32>>() {
            if !view.carriers.contains(&carrier) {
                if look.client.coverage().carrier(carrier).await?.is_some() {
                    view.carriers.insert(carrier);
                } else {
                    view.without = Some(carrier);
                }
            }
        }
        Ok(())
    }

    /// Reads sessions that the ledger does not know as they are. When one began is put into ledger time once, and kept.
    async fn read_sessions(&self, view: &mut View, look: Look<'_>) -> Result<BTreeSet<UnitId>, RoundError> {
        self.note(view, look).await?;
        let longest = view.network.as_ref().map_or(u64::MAX, |network| network.session_longest_ms);
        let status = look.client.status().await?;
        let (wall, speed) = (self.config.clock.now_ms(), u64::from(status.speed).max(1));
        let (mut due, mut began, mut late) = (self.due().await?, Vec::new(), Vec::new());
        for one in &mut due {
            if one.ledger_ms.is_none() {
                let ago = wall.saturating_sub(one.began_ms).saturating_mul(speed);
                let at = status.time_ms.saturating_sub(ago);
                one.ledger_ms = Some(at);
                began.push((one.id, at));
            }
            if one.ledger_ms.is_some_and(|at| at.saturating_add(longest) < status.time_ms) {
                late.push(one.id);
            }
        }
        self.store.began(began).await?;
        if !late.is_empty() {
            tracing::warn!(sessions = late.len(), "sessions began too long ago for the ledger, and are reported no more");
            self.store.drop_sessions(late.clone()).await?;
        }
        self.carriers(view, look, &due).await?;
        due.retain(|one| !late.contains(&one.id) && view.carriers.contains(&one.carrier));
        view.due = due.into_iter().map(|one| (one.id, one)).collect();
        let keep = longest / speed;
        view.sessions = self.store.forget(wall.saturating_sub(keep.saturating_mul(2))).await?;
        Ok(view.due.keys().copied().collect())
    }

    /// What the ledger is told of a session.
    fn told(one: &Due) -> SessionUse {
        let started = Instant::new(one.ledger_ms.unwrap_or_default());
        SessionUse { session: one.id, carrier: one.carrier, started, up: one.up, down: one.down, stopped: one.stopped }
    }
}

impl Duty for MobileDuty {
    const SERVICE: &'static str = "coverage";

    type View = View;
    type Plan = Vec<Report>;
    type Task = Report;
    type Figures = MobileFigures;

    fn watch(&self) -> Option<watch::Receiver<u64>> {
        Some(self.made.clone())
    }

    /// Sessions whose reports wait.
    async fn changed(&self, _: &View) -> Result<BTreeSet<UnitId>, RoundError> {
        Ok(self.due().await?.into_iter().map(|one| one.id).collect())
    }

    async fn refresh(&self, view: &mut View, look: Look<'_>) -> Result<BTreeSet<UnitId>, RoundError> {
        view.running = Some((Arc::clone(&self.counters), Arc::clone(&self.front)));
        self.read_entry(view, look).await?;
        self.read_sessions(view, look).await
    }

    fn registration(&self, view: &View, begun: bool) -> Registration {
        entry::registration(&self.config, self.owner, self.chain_id, view, begun)
    }

    fn plan(view: &View, agenda: &Agenda) -> Vec<Report> {
        let ready = view.due.keys().filter(|id| agenda.allows(Subject::Unit(**id)));
        let ready: Vec<UnitId> = ready.copied().collect();
        ready.chunks(SESSIONS_MAX).map(|part| Report(part.to_vec())).collect()
    }

    async fn prepare(&self, _: &mut View, plan: Vec<Report>) -> Result<Prepared<Report>, RoundError> {
        Ok(plan.into())
    }

    async fn message(&self, view: &View, task: &Report) -> Draft<Report> {
        let sessions: Vec<SessionUse> = task.0.iter().filter_map(|id| view.due.get(id)).map(Self::told).collect();
        if sessions.is_empty() {
            return Draft::nothing();
        }
        let key = PublicKey::new(self.config.access_point.public_key());
        let bytes = MobileMessage::session_bytes(key, &sessions);
        let signature = entry::signed(&self.config.access_point, self.chain_id, &bytes);
        Message::service(CoverageMessage::Mobile(MobileMessage::Sessions { key, sessions, signature })).into()
    }

    fn settle(&self, view: &mut View, failures: &[Failure<Report>], status: &SharedStatus<MobileFigures>) -> BTreeSet<Subject> {
        match failures.first() {
            Some(failure) => status.problem("sessions", format!("the ledger refuses sessions: {}", failure.why)),
            None => status.solved("sessions"),
        }
        match view.without {
            Some(carrier) => status.problem("carrier", format!("there is no carrier {carrier} on the ledger; its sessions wait")),
            None => status.solved("carrier"),
        }
        match self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            Some(why) => status.problem("speed-test", why),
            None => status.solved("speed-test"),
        }
        match self.front.trouble() {
            Some(why) => status.problem("radius", why),
            None => status.solved("radius"),
        }
        failures.iter().map(|failure| failure.subject).collect()
    }

    fn count(figures: &mut MobileFigures, task: &Report, failed: usize) {
        figures.sessions_reported += (task.0.len() - failed.min(task.0.len())) as u64;
    }

    fn show(view: &View, figures: &mut MobileFigures) {
        figures.show(view);
    }
}
