//! What to say to the ledger. Pure: it has nothing but the view, so that a simulator's agents can use it.

use super::{
    store::{Stage, Verdict},
    task::RenderingTask,
    view::{KnownTicket, Said, View},
};
use crate::operator::{Agenda, Subject};
use depin_quantity::{Span, UnitId};
use depin_services::rendering::{ENTRIES_MAX, FrameKey, Handed, commitment, key_hash};
use std::collections::BTreeMap;

/// The last part of a ticket's time, one in so many, in which a frame that is not rendered is given back.
const LAST: u64 = 16;

/// The tasks that follow from what is known, for what the agenda allows.
pub fn plan(view: &View, agenda: &Agenda) -> Vec<RenderingTask> {
    let Some(node) = view.node else { return Vec::new() };
    let allows = |unit: UnitId| agenda.units.contains(&unit) && agenda.allows(Subject::Unit(unit));
    let mut tasks = Vec::new();
    let mut keys: BTreeMap<UnitId, Vec<(UnitId, u32, FrameKey)>> = BTreeMap::new();
    for known in view.tickets.values().filter(|known| allows(known.ticket.hash)) {
        let ticket = &known.ticket;
        match (ticket.state.as_str(), ready(known)) {
            ("issued", _) => tasks.extend(about_issued(view, node, known)),
            ("approved", Some(ready)) => {
                keys.entry(ticket.job).or_default().push((ticket.hash, ticket.number, ready.key));
            }
            _ => {}
        }
        tasks.extend(revealing(view, known));
    }
    for (job, keys) in keys {
        tasks.extend(keys.chunks(ENTRIES_MAX).map(|keys| RenderingTask::OpenKeys { job, keys: keys.to_vec() }));
    }
    tasks.extend(verdicts(view, node).into_iter().filter(|task| task.subjects_allow(&allows)));
    if beats(view) && allows(node) {
        tasks.push(RenderingTask::Beat(node));
    }
    tasks
}

impl RenderingTask {
    fn subjects_allow(&self, allows: &impl Fn(UnitId) -> bool) -> bool {
        crate::operator::Task::subjects(self).iter().all(|subject| matches!(subject, Subject::Unit(unit) if allows(*unit)))
    }
}

fn ready(known: &KnownTicket) -> Option<&super::store::Commitment> {
    match known.kept.as_ref().map(|kept| &kept.stage) {
        Some(Stage::Ready(ready)) => Some(ready),
        _ => None,
    }
}

/// Handed in when it is rendered; given back when it cannot be, when three quarters of its time went by and neither order nor scene came, or when its
/// time is all but over and it is not rendered: what is given back costs a node nothing, what it lets lie costs its name.
fn about_issued(view: &View, node: UnitId, known: &KnownTicket) -> Option<RenderingTask> {
    let (subject, job, number) = (known.ticket.hash, known.ticket.job, known.ticket.number);
    if view.now.get() >= known.ticket.due.ms {
        return None;
    }
    if let Some(ready) = ready(known) {
        // A node cannot have worked longer than its ticket was out; the ledger's time may be slower than this machine's.
        let out = view.now.get().saturating_sub(known.ticket.issued.ms);
        let handed = Box::new(Handed {
            pixels: commitment(ready.pixels, ready.salt, node),
            sealed: ready.sealed,
            key: key_hash(ready.key.get()),
            preview: ready.preview,
            watermark: ready.watermark,
            worked: Span::from_millis(ready.milliseconds.min(out)),
        });
        return Some(RenderingTask::Deliver { subject, job, number, handed });
    }
    let failed = matches!(known.kept.as_ref().map(|kept| &kept.stage), Some(Stage::Failed(_)));
    let (issued, due) = (known.ticket.issued.ms, known.ticket.due.ms);
    let (time, now) = (due.saturating_sub(issued), view.now.get());
    let late = now >= issued.saturating_add(time / 4 * 3);
    let over = now >= due.saturating_sub(time / LAST);
    let waits = known.kept.is_none() || !view.scenes.contains(&job);
    (failed || over || (late && waits)).then_some(RenderingTask::Decline { subject, job, number })
}

/// What it committed to, in a comparison that waits for that.
fn revealing(view: &View, known: &KnownTicket) -> Option<RenderingTask> {
    let ticket = &known.ticket;
    let waits = ticket.comparison.as_ref().is_some_and(|comparison| comparison.step == "revealing");
    let ready = ready(known).filter(|_| waits && view.may_say(ticket.hash, Said::Pixels))?;
    let (subject, job, number) = (ticket.hash, ticket.job, ticket.number);
    Some(RenderingTask::Reveal { subject, job, number, pixels: ready.pixels, salt: ready.salt })
}

/// What it found about comparisons that wait for its word. That its own frame is wrong it says itself, which costs it less than having it said; that
/// frames are not alike is not said: a third node looks at them.
fn verdicts(view: &View, node: UnitId) -> Vec<RenderingTask> {
    let mut tasks = Vec::new();
    for (given, first) in &view.compared {
        let Some(comparison) = &first.comparison else { continue };
        let (subject, job, number) = (first.hash, given.job, given.first);
        match (comparison.step.as_str(), given.verdict) {
            ("agreeing", Some(found @ (Verdict::Alike(true) | Verdict::OwnWrong))) => {
                let mut own = view.tickets.values().filter(|known| {
                    let compared = known.ticket.comparison.as_ref();
                    known.ticket.job == job && compared.is_some_and(|compared| compared.first == number)
                });
                if let Some(own) = own.next().filter(|own| view.may_say(own.ticket.hash, Said::Alike)) {
                    let (subject, number) = (own.ticket.hash, own.ticket.number);
                    tasks.push(RenderingTask::Settle { subject, job, number, alike: found != Verdict::OwnWrong });
                }
            }
            ("judging", Some(Verdict::Right { left, right })) if comparison.third == Some(node) => {
                tasks.push(RenderingTask::Judge { subject, job, number, left, right });
            }
            ("judging", Some(Verdict::Unclear)) if comparison.third == Some(node) => {
                tasks.push(RenderingTask::Decline { subject, job, number });
            }
            _ => {}
        }
    }
    tasks
}

/// Whether it is time to say that the node is there: half of the time in which that counts is over.
fn beats(view: &View) -> bool {
    let (Some(network), Some(entry)) = (&view.network, &view.entry) else { return false };
    let window = network.windows_ms.get("beat").copied().unwrap_or(0);
    let last = entry.beat.as_ref().map_or(0, |beat| beat.ms);
    network.pays_idle && entry.active && !entry.below_pledge && window > 0 && view.now.get() >= last.saturating_add(window / 2)
}

#[cfg(test)]
mod tests;
