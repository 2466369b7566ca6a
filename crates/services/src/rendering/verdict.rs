//! A comparison is over: what becomes of its tickets, its nodes and its artist.

use super::{
    due::Task,
    error::RenderingError,
    event::{Outcome, RenderingEvent},
    names::{CONCEDED_FRAMES, FAILED_FRAMES},
    rows::{Against, Comparison, Id, IndexKey, Job, TicketState},
    service::Rendering,
};
use crate::context::Context;
use depin_quantity::UnitId;

/// One side of a comparison: its ticket, how far that was before, whether it is right.
type Side = (u32, TicketState, Option<bool>);

/// Frames that one counts as for a node's reputation that did not say itself that it was wrong.
const INSISTED: u64 = 2;

impl Context<'_, Rendering> {
    /// Ends a comparison. `left` and `right` say whether the sides are right; none where nobody knows. Faults are said to the economy before
    /// anything is written: it may put them off.
    pub(super) fn decide(
        &mut self,
        id: UnitId,
        number: u32,
        outcome: Outcome,
        (left, right): (Option<bool>, Option<bool>),
    ) -> Result<(), RenderingError> {
        let row = self.comparison(id, number)?;
        let sides = sides(number, &row, left, right);
        // Whoever says so itself spares a third node's work. Where the file has no smaller fault for it, it is the same one.
        let conceded = outcome == Outcome::Conceded && self.params().rules.faults.contains(&CONCEDED_FRAMES);
        for (number, _, verdict) in &sides {
            if *verdict == Some(false) {
                let ticket = self.ticket(id, *number)?;
                let node = self.node(ticket.node)?;
                self.fault(ticket.node, &node, if conceded { CONCEDED_FRAMES } else { FAILED_FRAMES })?;
            }
        }
        self.unschedule(row.due, Task::Step(id, number));
        self.forget(Id::Comparison(id, number));
        if let Against::Ticket(other) = row.against {
            self.unlist(IndexKey::Second(id, other));
        }
        self.totals(|totals| totals.comparisons_open = totals.comparisons_open.saturating_sub(1));
        let mut job = self.job(id)?;
        job.comparisons = job.comparisons.saturating_sub(1);
        let wrong_as = if outcome == Outcome::Conceded { 1 } else { INSISTED };
        for side in sides {
            self.end_side(id, &mut job, side, wrong_as)?;
        }
        self.emit(RenderingEvent::ComparisonEnded { job: id, number, outcome, left, right });
        self.go_on(id, job)
    }

    /// `wrong_as` is how many frames one counts as that is wrong.
    fn end_side(&mut self, id: UnitId, job: &mut Job, (number, was, verdict): Side, wrong_as: u64) -> Result<(), RenderingError> {
        let mut ticket = self.ticket(id, number)?;
        let paid = matches!(was, TicketState::Paid { .. });
        ticket.verified = verdict.unwrap_or(ticket.verified);
        match verdict {
            Some(true) => self.totals(|totals| totals.verified += 1),
            Some(false) => self.totals(|totals| totals.wrong += 1),
            None => {}
        }
        let unfounded = verdict == Some(true) && (paid || matches!(was, TicketState::Rejected { .. }));
        if unfounded {
            self.person(job.artist, |person| person.unfounded += 1);
        }
        if paid {
            // Its key was disputed: its node has nothing more to do about it.
            self.unlist(IndexKey::TicketOf(ticket.node, id, number));
            self.save(Id::Ticket(id, number), ticket.clone());
        } else if verdict == Some(false) {
            self.finish(id, job, number, &mut ticket, TicketState::Wrong)?;
        } else {
            let swept = job.approve_at.is_some_and(|at| at <= self.now());
            let due = job.terms.auto_approve && (verdict == Some(true) || ticket.due <= self.now());
            let rejected = matches!(was, TicketState::Rejected { .. }) && !unfounded;
            ticket.state = was;
            // One that was rejected and is not shown to be wrong is paid when the time for approval is over.
            if unfounded || swept || (due && !rejected) {
                self.approve(id, number, ticket.clone());
            } else {
                self.save(Id::Ticket(id, number), ticket.clone());
            }
        }
        if let Some(right) = verdict {
            self.judged_as(ticket.node, if right { 1 } else { wrong_as }, right);
        }
        Ok(())
    }
}

/// The sides of a comparison that are tickets.
fn sides(number: u32, row: &Comparison, left: Option<bool>, right: Option<bool>) -> Vec<Side> {
    let mut sides = vec![(number, row.left_was, left)];
    if let (Against::Ticket(other), Some(was)) = (row.against, row.right_was) {
        sides.push((other, was, right));
    }
    sides
}
