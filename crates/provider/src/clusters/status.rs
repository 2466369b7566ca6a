//! What a device adds to its status and metrics.

use super::{host::NodeNow, task::ClusterTask, view::View};
use crate::operator::{Figures, Status, counter, gauge};
use depin_quantity::UnitId;
use depin_services::clusters::Profile;
use prometheus_client::encoding::DescriptorEncoder;
use serde::Serialize;
use std::fmt;

/// A device at one moment.
pub type ClusterStatus = Status<ClusterFigures>;

/// An hour that the device failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailedHour {
    /// Which.
    pub hour: u64,
    /// What the ledger says: `unanswered`, `absent`.
    pub reason: &'static str,
    /// What the daemon says.
    pub why: String,
}

/// What a device adds to its status.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ClusterFigures {
    /// Its id on the ledger.
    pub device: Option<UnitId>,
    /// What it is registered as.
    pub profile: Option<Profile>,
    /// Whether it is for hire, as the ledger has it.
    pub for_hire: bool,
    /// The hour in which it is checked next; none while it stands out.
    pub due: Option<u64>,
    /// Whether it is nominated for that hour.
    pub nominated: bool,
    /// Hours that it passed since it began, or began anew.
    pub uptime: u32,
    /// Passed hours among all, in thousandths.
    pub reliability: u32,
    /// Hours that it passed.
    pub passed_hours: u64,
    /// Hours that it failed.
    pub failed_hours: u64,
    /// The last that it failed, and why.
    pub failures: Vec<FailedHour>,
    /// What stands in the way of the hour that runs; empty when nothing does.
    pub hour_waits: String,
    /// Milliseconds of its last answer, by the checker's clock.
    pub last_millis: Option<u32>,
    /// The node that it runs for its hire.
    pub node: NodeNow,
    /// Answers taken since it was started.
    pub answered: u64,
    /// Attendances taken since it was started.
    pub attended: u64,
}

impl ClusterFigures {
    pub(super) fn count(&mut self, task: &ClusterTask) {
        match task {
            ClusterTask::Answer(_) => self.answered += 1,
            ClusterTask::Attend(_) => self.attended += 1,
            ClusterTask::Ready(_) => {}
        }
    }

    pub(super) fn show(&mut self, view: &View) {
        use super::store::Stamped;
        self.device = view.device;
        self.node = view.node.clone();
        if let Some(entry) = &view.entry {
            self.profile = Some(entry.terms.profile);
            self.for_hire = entry.active && entry.terms.accepts;
            (self.due, self.nominated) = (entry.due, entry.nominated);
            (self.uptime, self.reliability) = (entry.uptime, entry.reliability);
            (self.passed_hours, self.failed_hours) = (entry.passed_hours, entry.failed_hours);
            let failed = |miss: &depin_services::clusters::Miss| FailedHour {
                hour: miss.hour,
                reason: miss.reason.word(),
                why: view.why(miss.hour),
            };
            self.failures = entry.misses.iter().map(failed).collect();
        }
        let now = view.hour.as_ref().map(|hour| hour.hour);
        let kept = view.hours.iter().find(|kept| Some(kept.hour) == now);
        self.hour_waits = kept.map_or_else(String::new, |kept| kept.note.clone());
        self.last_millis = view.hours.iter().find_map(|kept| match &kept.stamped {
            Some(Stamped::Answer(answer)) => Some(answer.millis),
            _ => None,
        });
    }
}

impl Figures for ClusterFigures {
    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let gauges = [
            ("hours_passed", "Hours that the device passed", self.passed_hours),
            ("hours_failed", "Hours that the device failed", self.failed_hours),
            ("reliability", "Thousandths of judged hours that were passed", self.reliability.into()),
            ("nominated", "Whether the device is nominated for its next hour", self.nominated.into()),
            ("node_running", "Whether the node of the device's hire runs", self.node.running.into()),
            ("answer_milliseconds", "Time of the last answer by the checker's clock", self.last_millis.unwrap_or(0).into()),
        ];
        gauges.into_iter().try_for_each(|(name, help, value)| gauge(encoder, name, help, value))?;
        counter(encoder, "challenges_answered", "Answers that the ledger took", self.answered)?;
        counter(encoder, "hours_attended", "Attendances that the ledger took", self.attended)
    }
}
