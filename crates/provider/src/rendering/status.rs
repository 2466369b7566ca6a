//! What a node adds to its status and metrics.

use super::{store::Stage, task::RenderingTask, view::View};
use crate::operator::{Figures, Status, counter, gauge};
use depin_quantity::UnitId;
use depin_services::rendering::Engine;
use prometheus_client::encoding::DescriptorEncoder;
use serde::Serialize;
use std::fmt;

/// A node at one moment.
pub type RenderingStatus = Status<RenderingFigures>;

/// What a node that renders adds to its status.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RenderingFigures {
    /// Its id on the ledger.
    pub node: Option<UnitId>,
    /// What it renders with, as the ledger has it.
    pub engines: Vec<Engine>,
    /// Its score, in points of the benchmark.
    pub score: u32,
    /// Thousandths of its judged frames that were right.
    pub reputation: u32,
    /// Tickets to hand in.
    pub tickets_open: u64,
    /// Tickets handed in that are not decided.
    pub tickets_pending: u64,
    /// Frames ordered here that wait for their turn or are rendered.
    pub frames_waiting: u64,
    /// Scenes that it keeps.
    pub scenes: u64,
    /// Frames ever paid.
    pub frames_paid: u64,
    /// Their work, in thousandths of an OctaneBench-hour.
    pub work: u64,
    /// Their price, in millionths of what frames are priced in.
    pub value: u64,
    /// What frames are priced in.
    pub priced_in: String,
    /// Frames handed in since it was started.
    pub delivered: u64,
    /// Tickets given back since it was started.
    pub declined: u64,
    /// Keys opened since it was started.
    pub keys_opened: u64,
    /// Comparisons of others that it decided since it was started.
    pub judged: u64,
}

impl RenderingFigures {
    pub(super) fn count(&mut self, task: &RenderingTask, failed: usize) {
        match task {
            RenderingTask::Deliver { .. } => self.delivered += 1,
            RenderingTask::Decline { .. } => self.declined += 1,
            RenderingTask::OpenKeys { keys, .. } => self.keys_opened += keys.len().saturating_sub(failed) as u64,
            RenderingTask::Judge { .. } => self.judged += 1,
            RenderingTask::Reveal { .. } | RenderingTask::Settle { .. } | RenderingTask::Beat(_) => {}
        }
    }

    pub(super) fn show(&mut self, view: &View) {
        self.node = view.node;
        if let Some(entry) = &view.entry {
            self.engines.clone_from(&entry.terms.engines);
            (self.score, self.reputation) = (entry.terms.score, entry.reputation);
            (self.tickets_open, self.tickets_pending) = (entry.open.into(), entry.pending.into());
            self.frames_paid = entry.frames;
            let digits = |text: &str| text.parse().unwrap_or(u64::MAX);
            (self.work, self.value) = (digits(&entry.work), digits(&entry.value));
        }
        if let Some(network) = &view.network {
            self.priced_in = network.priced_in.to_string();
        }
        let waits = |kept: &super::store::Kept| kept.stage == Stage::Queued;
        self.frames_waiting = view.tickets.values().filter(|known| known.kept.as_ref().is_some_and(waits)).count() as u64;
        self.scenes = view.scenes.len() as u64;
    }
}

impl Figures for RenderingFigures {
    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let gauges = [
            ("tickets_open", "Tickets to hand in", self.tickets_open),
            ("tickets_pending", "Tickets handed in that are not decided", self.tickets_pending),
            ("frames_waiting", "Frames ordered here that are not rendered", self.frames_waiting),
            ("frames_paid", "Frames ever paid", self.frames_paid),
            ("reputation", "Thousandths of judged frames that were right", self.reputation.into()),
            ("score", "Points of the benchmark", self.score.into()),
        ];
        gauges.into_iter().try_for_each(|(name, help, value)| gauge(encoder, name, help, value))?;
        counter(encoder, "frames_delivered", "Frames handed in", self.delivered)?;
        counter(encoder, "tickets_declined", "Tickets given back", self.declined)?;
        counter(encoder, "keys_opened", "Keys opened", self.keys_opened)?;
        counter(encoder, "comparisons_judged", "Comparisons of others decided", self.judged)
    }
}
