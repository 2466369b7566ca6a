//! The artist approves frames or rejects them, time approves the others, nodes open keys and are paid.

use super::{
    draw::{key_hash, ticket_hash},
    due::Task,
    error::RenderingError,
    event::RenderingEvent,
    jobs::{AT_ONCE, only},
    message::{check_count, check_range},
    names::FAILED_FRAMES,
    rows::{EndReason, Id, IndexKey, Job, JobState, Ticket, TicketState},
    service::Rendering,
    terms::{FrameKey, Opening, RejectReason},
};
use crate::context::Context;
use depin_quantity::{Address, Span, UnitId};

impl Context<'_, Rendering> {
    /// Order of refusals: range, job, artist, first ticket. Tickets of the range that are not handed in, or decided, or compared, stay as they are.
    pub(super) fn approve_range(&mut self, sender: Address, id: UnitId, first: u32, last: u32) -> Result<(), RenderingError> {
        check_range(first, last)?;
        let job = self.job(id)?;
        only(sender == job.artist, id, &job, "its artist")?;
        if first >= job.tickets {
            return Err(RenderingError::UnknownTicket { job: id, number: first });
        }
        for number in first..=last.min(job.tickets - 1) {
            let ticket = self.ticket(id, number)?;
            if ticket.state == TicketState::Delivered {
                self.approve(id, number, ticket);
            }
        }
        Ok(())
    }

    /// A frame is approved: its key is due.
    pub(super) fn approve(&mut self, id: UnitId, number: u32, mut ticket: Ticket) {
        let (at, due) = (self.now(), self.now().later(self.params().windows.key));
        (ticket.state, ticket.due) = (TicketState::Approved { at }, due);
        self.schedule(due, Task::KeyDue(id, number));
        self.emit(RenderingEvent::FrameApproved { job: id, number, owner: ticket.owner, due });
        self.save(Id::Ticket(id, number), ticket);
    }

    /// The time for a check is over, in a job that approves by itself.
    pub(super) fn approve_by_time(&mut self, id: UnitId, number: u32) {
        if let Some(ticket) = self.load::<Ticket>(Id::Ticket(id, number)).filter(|ticket| ticket.state == TicketState::Delivered)
        {
            self.approve(id, number, ticket);
        }
    }

    /// The time for approval is over: everything that is handed in is approved, some tickets at a time. What was rejected, too: its price was
    /// kept until another node had rendered the frame, and none has shown it to be wrong. Gives how many tickets it looked at.
    pub(super) fn approve_all(&mut self, id: UnitId, from: u32) -> Result<u64, RenderingError> {
        let Some(job) = self.load::<Job>(Id::Job(id)).filter(|job| job.state == JobState::Ended) else { return Ok(1) };
        let to = job.tickets.min(from.saturating_add(AT_ONCE));
        for number in from..to {
            let ticket = self.ticket(id, number)?;
            if matches!(ticket.state, TicketState::Delivered | TicketState::Rejected { .. }) && !ticket.done {
                self.approve(id, number, ticket);
            }
        }
        if to < job.tickets {
            let next = self.now().later(Span::from_millis(1));
            self.schedule(next, Task::ApproveAll(id, to));
        }
        self.go_on(id, job)?;
        Ok(u64::from(to - from) * 10 + 10)
    }

    /// Order of refusals: job, artist, ticket, state, whether it was compared, frame, opening.
    pub(super) fn reject(
        &mut self,
        sender: Address,
        id: UnitId,
        number: u32,
        opening: &Opening,
        reason: RejectReason,
    ) -> Result<(), RenderingError> {
        let job = self.job(id)?;
        only(sender == job.artist, id, &job, "its artist")?;
        let mut ticket = self.ticket(id, number)?;
        if ticket.state != TicketState::Delivered {
            return Err(RenderingError::TicketState { number, state: ticket.state, needed: "delivered" });
        }
        // It is right, or its pixels were said and its clear form was given to whoever had to compare it.
        if ticket.verified || ticket.pixels.is_some() {
            return Err(RenderingError::Compared(number));
        }
        opens(id, &job, number, &ticket, opening)?;
        let frame = opening.frame;
        ticket.state = TicketState::Rejected { reason };
        self.emit(RenderingEvent::FrameRejected { job: id, number, owner: ticket.owner, frame, reason });
        self.save(Id::Ticket(id, number), ticket);
        self.person(job.artist, |person| person.rejected += 1);
        let key = IndexKey::Failures(id, frame);
        let failures = self.found(key).unwrap_or(0) + 1;
        self.list(key, failures);
        if failures >= self.params().re_renders_most.max(1) && job.state == JobState::Open {
            return self.end(id, job, EndReason::Failed);
        }
        Ok(())
    }

    /// Order of refusals: entries, job; then of each: ticket, node, state, time, key, money.
    pub(super) fn open_keys(&mut self, sender: Address, id: UnitId, keys: &[(u32, FrameKey)]) -> Result<(), RenderingError> {
        check_count(keys.len())?;
        let mut job = self.job(id)?;
        for (number, key) in keys {
            self.open_key(sender, id, &mut job, *number, *key)?;
        }
        self.go_on(id, job)
    }

    fn open_key(&mut self, sender: Address, id: UnitId, job: &mut Job, number: u32, key: FrameKey) -> Result<(), RenderingError> {
        let mut ticket = self.ticket(id, number)?;
        let mut node = self.own_node(sender, ticket.node)?;
        let (TicketState::Approved { .. }, Some(delivery)) = (ticket.state, ticket.delivery) else {
            return Err(RenderingError::TicketState { number, state: ticket.state, needed: "approved" });
        };
        if self.now() >= ticket.due {
            return Err(RenderingError::TooLate(ticket.due));
        }
        if key_hash(key.get()) != delivery.handed.key {
            return Err(RenderingError::Key(number));
        }
        let (price, work) = (delivery.price, delivery.work);
        self.pay_node(id, job, (ticket.node, ticket.owner), (price, work))?;
        node.frames += 1;
        node.work += u128::from(work);
        node.value += u128::from(price);
        self.save(Id::Node(ticket.node), node);
        self.unschedule(ticket.due, Task::KeyDue(id, number));
        ticket.key = Some(key);
        job.frames += 1;
        let at = self.now();
        self.finish(id, job, number, &mut ticket, TicketState::Paid { at })?;
        self.person(job.artist, |person| person.paid += 1);
        self.totals(|totals| {
            totals.frames += 1;
            totals.value += u128::from(price);
            totals.work += u128::from(work);
        });
        let (node, owner) = (ticket.node, ticket.owner);
        self.emit(RenderingEvent::FramePaid { job: id, number, node, owner, price, work });
        Ok(())
    }

    /// A key was not opened in time: the frame is not paid, and its node failed. The economy hears of it before anything is written.
    pub(super) fn withhold(&mut self, id: UnitId, number: u32) -> Result<(), RenderingError> {
        let Some(mut ticket) = self.load::<Ticket>(Id::Ticket(id, number)) else { return Ok(()) };
        if !matches!(ticket.state, TicketState::Approved { .. }) {
            return Ok(());
        }
        let mut job = self.job(id)?;
        let node = self.node(ticket.node)?;
        self.fault(ticket.node, &node, FAILED_FRAMES)?;
        self.finish(id, &mut job, number, &mut ticket, TicketState::Withheld)?;
        self.judged(ticket.node, false);
        self.totals(|totals| totals.withheld += 1);
        let (node, owner) = (ticket.node, ticket.owner);
        self.emit(RenderingEvent::KeyWithheld { job: id, number, node, owner });
        self.go_on(id, job)
    }
}

/// Refuses what does not open a ticket.
pub(super) fn opens(id: UnitId, job: &Job, number: u32, ticket: &Ticket, opening: &Opening) -> Result<(), RenderingError> {
    if opening.frame >= job.count {
        return Err(RenderingError::NoFrame { frame: opening.frame, count: job.count });
    }
    if ticket_hash(id, ticket.node, opening) != ticket.hash { Err(RenderingError::Opening(number)) } else { Ok(()) }
}
