//! What one run leaves for its experiment.

use super::plan::Task;
use crate::{
    AuditSummary, RunFailure, RunResult,
    kpi::of_regions,
    results::{AgentRow, Row},
    scenario::Treatment,
};
use std::collections::BTreeMap;

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// At its horizon.
    Finished,
    /// Before it, as its scenario asked.
    Stopped {
        /// Number of its last row.
        timestep: u32,
        /// The condition, in words.
        reason: String,
    },
    /// It could not be finished.
    Failed {
        /// What went wrong.
        message: String,
    },
}

impl State {
    /// Its name in files.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Stopped { .. } => "stopped",
            Self::Failed { .. } => "failed",
        }
    }

    /// Why it ended so; empty for a run that reached its horizon.
    pub fn reason(&self) -> &str {
        match self {
            Self::Finished => "",
            Self::Stopped { reason, .. } => reason,
            Self::Failed { message } => message,
        }
    }
}

/// Rows of a run under one treatment.
#[derive(Clone, Debug, PartialEq)]
pub struct Subset {
    /// The treatment.
    pub treatment: Treatment,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// What one run leaves.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRecord {
    /// Its number.
    pub run: u32,
    /// The number of its draw.
    pub draw: u32,
    /// How it ended.
    pub state: State,
    /// Rows under the treatment that was asked for.
    pub rows: Vec<Row>,
    /// Rows under the treatments that it is compared with.
    pub paired: Vec<Subset>,
    /// Single providers, where they were asked for.
    pub agents: Vec<AgentRow>,
    /// Key figures by id; not a number where one is not defined.
    pub kpis: BTreeMap<String, f64>,
    /// What the audit found; nothing for a run that failed.
    pub audit: AuditSummary,
}

impl RunRecord {
    pub(super) fn empty(task: &Task) -> Self {
        Self {
            run: task.key.run,
            draw: task.draw,
            state: State::Finished,
            rows: Vec::new(),
            paired: Vec::new(),
            agents: Vec::new(),
            kpis: BTreeMap::new(),
            audit: AuditSummary::default(),
        }
    }

    pub(super) fn of_result(task: &Task, result: RunResult) -> Self {
        let state = match result.stopped {
            None => State::Finished,
            Some(stopped) => State::Stopped { timestep: stopped.timestep, reason: stopped.reason },
        };
        let paired = result.paired.into_iter().map(|one| Subset { treatment: one.treatment, rows: one.rows });
        Self {
            state,
            rows: result.rows,
            paired: paired.collect(),
            agents: result.agents,
            kpis: result.kpis.into_iter().map(|(id, value)| (id.to_string(), value)).chain(of_regions(&result.regions)).collect(),
            audit: result.audit,
            ..Self::empty(task)
        }
    }

    pub(super) fn of_failure(task: &Task, failure: RunFailure) -> Self {
        Self { state: State::Failed { message: failure.message }, rows: failure.rows, ..Self::empty(task) }
    }
}
