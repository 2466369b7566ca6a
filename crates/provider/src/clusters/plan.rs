//! What to say to the ledger. Pure: it has nothing but the view, so that a simulator's agents can use it.

use super::{store::Stamped, task::ClusterTask, view::View};
use crate::operator::{Agenda, Subject};

/// The tasks that follow from what is known, for what the agenda allows.
pub fn plan(view: &View, agenda: &Agenda) -> Vec<ClusterTask> {
    let Some(device) = view.device else { return Vec::new() };
    if !agenda.units.contains(&device) || !agenda.allows(Subject::Unit(device)) {
        return Vec::new();
    }
    let Some(entry) = view.entry.as_ref().filter(|entry| entry.active) else { return Vec::new() };
    if entry.due.is_none() {
        // Once in a process: a device that goes on failing is its owner's to look after.
        return if view.readied { Vec::new() } else { vec![ClusterTask::Ready(device)] };
    }
    let Some(sought) = view.sought().filter(|sought| !view.refused.contains_key(&(sought.hour, sought.hired))) else {
        return Vec::new();
    };
    let kept = view.hours.iter().find(|kept| (kept.hour, kept.seed) == (sought.hour, sought.seed));
    match kept.and_then(|kept| kept.stamped.as_ref()) {
        // One that is too late costs a fee and is refused.
        Some(Stamped::Answer(answer)) if u64::from(answer.millis) <= sought.limit_ms => {
            vec![ClusterTask::Answer(answer.clone())]
        }
        Some(Stamped::Attendance(seen)) if sought.hired => vec![ClusterTask::Attend(seen.clone())],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
