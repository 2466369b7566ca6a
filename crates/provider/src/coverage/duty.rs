//! What the service asks of a hotspot's owner: an entry in line, and packets reported.

use super::{
    config::CoverageConfig,
    entry, fees,
    status::HotspotFigures,
    store::{Store, StoreError},
    table::{self, KnownRoutes},
    task::Report,
    view::{Running, View},
};
use crate::operator::{Agenda, Draft, Duty, Failure, Look, Prepared, Registration, RoundError, SharedStatus, Subject};
use depin_client::{Sender, api::PacketStage};
use depin_ledger::Message;
use depin_quantity::{Address, Name, Span, UnitId};
use depin_services::coverage::CoverageMessage;
use std::{collections::BTreeSet, sync::Arc};
use tokio::sync::watch;

/// Batches of one message.
const BATCHES: usize = 8;

/// A hotspot's duty.
pub(super) struct CoverageDuty {
    pub config: CoverageConfig,
    pub owner: Address,
    pub chain_id: Name,
    pub sender: Sender,
    pub store: Store,
    pub running: Running,
    pub table: Arc<KnownRoutes>,
    /// Changes with every new batch.
    pub made: watch::Receiver<u64>,
}

impl From<StoreError> for RoundError {
    fn from(error: StoreError) -> Self {
        Self::own("store", &error)
    }
}

impl CoverageDuty {
    /// Reads the hotspot's entry, and sees to it that what brings it in line can be paid.
    async fn read_entry(&self, view: &mut View, look: Look<'_>) -> Result<(), RoundError> {
        let (coverage, hotspot) = (look.client.coverage(), self.config.hotspot.address());
        view.entry = coverage.hotspot(hotspot).await?;
        view.beacon = coverage.beacon(hotspot).await?;
        let joins = view.entry.is_none();
        let moves = view.entry.as_ref().is_none_or(|entry| !entry.retired && entry.location.is_none());
        if joins || moves {
            fees::provide(look.client, &self.sender, joins, moves).await?;
        }
        Ok(())
    }

    /// Reads the batches, and forgets those that are on the ledger. One that nobody acknowledged is there as a claim.
    async fn read_batches(&self, view: &mut View, look: Look<'_>) -> Result<BTreeSet<UnitId>, RoundError> {
        let stored = self.store.batches().await?;
        let mut units = BTreeSet::new();
        view.batches.clear();
        for (id, batch) in stored {
            let asked = look.dirty.all || look.dirty.units.contains(&id);
            let there = if asked { look.client.coverage().batch(id).await? } else { None };
            let newest = batch.packets.iter().map(|packet| packet.received).max().unwrap_or_default();
            let late = asked && view.late_after.is_some_and(|span| newest.later(span) < look.now);
            if late && there.is_none() {
                tracing::warn!(batch = %id, packets = batch.packets.len(), "a batch of packets came too late for the ledger");
            }
            if late || there.is_some_and(|there| there.state != PacketStage::Claimed || batch.acknowledged.is_none()) {
                self.store.forget(id).await?;
            } else {
                view.batches.insert(id, batch);
                units.insert(id);
            }
        }
        Ok(units)
    }
}

impl Duty for CoverageDuty {
    const SERVICE: &'static str = "coverage";

    type View = View;
    type Plan = Vec<Report>;
    type Task = Report;
    type Figures = HotspotFigures;

    fn watch(&self) -> Option<watch::Receiver<u64>> {
        Some(self.made.clone())
    }

    /// New batches: those that were not seen before. One that was refused is not new.
    async fn changed(&self, view: &View) -> Result<BTreeSet<UnitId>, RoundError> {
        let stored = self.store.batches().await?.into_iter().map(|(id, _)| id);
        Ok(stored.filter(|id| !view.batches.contains_key(id)).collect())
    }

    async fn refresh(&self, view: &mut View, look: Look<'_>) -> Result<BTreeSet<UnitId>, RoundError> {
        view.running = Some(self.running.clone());
        self.read_entry(view, look).await?;
        if look.dirty.all {
            let network = look.client.coverage().network().await?;
            view.late_after = Some(Span::from_millis(network.late_after_ms));
            let table = table::read(look.client).await?;
            self.table.set(table);
        }
        self.read_batches(view, look).await
    }

    fn registration(&self, view: &View, begun: bool) -> Registration {
        entry::registration(&self.config, self.owner, self.chain_id, view, begun)
    }

    fn plan(view: &View, agenda: &Agenda) -> Vec<Report> {
        let ready = agenda.units.iter().filter(|id| view.batches.contains_key(id) && agenda.allows(Subject::Unit(**id)));
        let ready: Vec<UnitId> = ready.copied().collect();
        ready.chunks(BATCHES).map(|part| Report(part.to_vec())).collect()
    }

    async fn prepare(&self, _: &mut View, plan: Vec<Report>) -> Result<Prepared<Report>, RoundError> {
        Ok(plan.into())
    }

    async fn message(&self, view: &View, task: &Report) -> Draft<Report> {
        let batches: Vec<_> = task.0.iter().filter_map(|id| view.batches.get(id).cloned()).collect();
        if batches.is_empty() { Draft::nothing() } else { Message::service(CoverageMessage::Report(batches)).into() }
    }

    /// A refused batch is tried again when everything is read anew: every try costs a fee.
    fn settle(&self, _: &mut View, failures: &[Failure<Report>], status: &SharedStatus<HotspotFigures>) -> BTreeSet<Subject> {
        match failures.first() {
            Some(failure) => status.problem("packets", format!("the ledger refuses a batch of packets: {}", failure.why)),
            None => status.solved("packets"),
        }
        let trouble = self.running.carrier.trouble();
        match trouble.first_key_value() {
            Some((_, why)) => status.problem("customers", why.clone()),
            None => status.solved("customers"),
        }
        failures.iter().map(|failure| failure.subject).collect()
    }

    fn count(figures: &mut HotspotFigures, task: &Report, failed: usize) {
        figures.batches_reported += (task.0.len() - failed.min(task.0.len())) as u64;
    }

    fn show(view: &View, figures: &mut HotspotFigures) {
        figures.show(view);
    }
}
