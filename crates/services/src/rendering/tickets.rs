//! Tickets are given out, given back, handed in, or lie.

use super::{
    due::{Subject, Task},
    error::RenderingError,
    event::RenderingEvent,
    jobs::only,
    message::{Issued, check_count},
    price::{price_of, work_of},
    rows::{Comparison, Delivery, Id, IndexKey, Job, JobState, Node, Ticket, TicketState},
    service::Rendering,
    terms::Handed,
};
use crate::context::Context;
use depin_quantity::{Address, UnitId};

impl Context<'_, Rendering> {
    /// Order of refusals: entries, job, dispatcher, state; then of each: tickets, money, node, tickets of the node.
    pub(super) fn issue(&mut self, sender: Address, id: UnitId, tickets: &[Issued]) -> Result<(), RenderingError> {
        check_count(tickets.len())?;
        let mut job = self.job(id)?;
        only(sender == job.terms.dispatcher, id, &job, "its dispatcher")?;
        if job.state != JobState::Open || job.lapsed {
            return Err(RenderingError::State { job: id, state: job.state, needed: "open" });
        }
        let nodes = self.eligible(id);
        for issued in tickets {
            if job.tickets >= job.tickets_most() {
                return Err(RenderingError::Tickets(job.tickets_most()));
            }
            if job.free() < job.frame_most {
                return Err(RenderingError::Paused { free: job.free(), needed: job.frame_most });
            }
            let owner = nodes.iter().find(|node| node.node == issued.node).map(|node| node.owner);
            let owner = owner.ok_or(RenderingError::NotEligible(issued.node))?;
            self.give(id, &mut job, *issued, owner)?;
        }
        if job.is_paused() {
            job.paused = true;
            let (free, needed) = (job.free(), job.frame_most);
            self.emit(RenderingEvent::JobPaused { job: id, sides: job.sides(), free, needed });
        }
        self.save(Id::Job(id), job);
        Ok(())
    }

    fn give(&mut self, id: UnitId, job: &mut Job, issued: Issued, owner: Address) -> Result<(), RenderingError> {
        let mut node = self.node(issued.node)?;
        if !node.active || node.below_pledge {
            return Err(RenderingError::NotEligible(issued.node));
        }
        let (key, most) = (IndexKey::OpenOf(id, issued.node), self.params().tickets_most);
        let has = self.found(key).unwrap_or(0);
        if has >= most {
            return Err(RenderingError::NodeBusy { node: issued.node, most });
        }
        self.list(key, has + 1);
        node.open += 1;
        self.save(Id::Node(issued.node), node);
        let (number, at) = (job.tickets, self.now());
        let due = at.later(job.terms.deliver_within);
        let ticket = Ticket {
            hash: issued.hash,
            node: issued.node,
            owner,
            issued: at,
            due,
            state: TicketState::Issued,
            delivery: None,
            drawn: None,
            verified: false,
            pixels: None,
            key: None,
            key_disputed: false,
            done: false,
        };
        job.tickets += 1;
        job.open += 1;
        job.reserved = job.reserved.saturating_add(job.frame_most);
        self.totals(|totals| {
            totals.tickets += 1;
            totals.open_tickets += 1;
        });
        self.list(IndexKey::TicketOf(issued.node, id, number), 0);
        self.schedule(due, Task::Lapse(id, number));
        self.save(Id::Ticket(id, number), ticket);
        self.emit(RenderingEvent::TicketIssued { job: id, number, node: issued.node, owner, due });
        Ok(())
    }

    /// A node has one ticket of a job less to hand in.
    fn one_less(&mut self, id: UnitId, node: UnitId) {
        let key = IndexKey::OpenOf(id, node);
        match self.found(key) {
            Some(has) if has > 1 => self.list(key, has - 1),
            _ => self.unlist(key),
        }
    }

    /// A ticket of the sender's node that is not handed in.
    fn own_open(&mut self, sender: Address, id: UnitId, number: u32) -> Result<(Job, Ticket), RenderingError> {
        let job = self.job(id)?;
        let ticket = self.ticket(id, number)?;
        self.own_node(sender, ticket.node)?;
        if ticket.state != TicketState::Issued {
            return Err(RenderingError::TicketState { number, state: ticket.state, needed: "issued" });
        }
        if self.now() >= ticket.due {
            return Err(RenderingError::TooLate(ticket.due));
        }
        Ok((job, ticket))
    }

    /// A node gives a ticket back; a third node, of the first ticket of a comparison, its turn to judge.
    pub(super) fn decline(&mut self, sender: Address, id: UnitId, number: u32) -> Result<(), RenderingError> {
        if let Some(row) = self.load::<Comparison>(Id::Comparison(id, number)) {
            return self.pass_on(sender, id, number, row);
        }
        let (job, ticket) = self.own_open(sender, id, number)?;
        let mut node = self.node(ticket.node)?;
        node.freed(self.now());
        self.free_pledge(ticket.node, &mut node)?;
        self.save(Id::Node(ticket.node), node);
        self.unschedule(ticket.due, Task::Lapse(id, number));
        self.give_up(id, job, number, ticket, TicketState::Declined)
    }

    /// A node let a ticket lie.
    pub(super) fn lapse(&mut self, id: UnitId, number: u32) -> Result<(), RenderingError> {
        let Some(ticket) = self.load::<Ticket>(Id::Ticket(id, number)) else { return Ok(()) };
        if ticket.state != TicketState::Issued {
            return Ok(());
        }
        let job = self.job(id)?;
        let key = IndexKey::Lapsed(id, ticket.node);
        let counts = self.found(key).is_none();
        self.let_lie(ticket.node, counts)?;
        self.list(key, 0);
        self.give_up(id, job, number, ticket, TicketState::Lapsed)
    }

    /// Nobody hands a ticket in any more; what it could have cost is free.
    fn give_up(
        &mut self,
        id: UnitId,
        mut job: Job,
        number: u32,
        mut ticket: Ticket,
        state: TicketState,
    ) -> Result<(), RenderingError> {
        Self::unreserve(&mut job, &ticket);
        job.open = job.open.saturating_sub(1);
        (ticket.state, ticket.done) = (state, true);
        let (node, owner, lapsed) = (ticket.node, ticket.owner, state == TicketState::Lapsed);
        self.totals(|totals| totals.open_tickets = totals.open_tickets.saturating_sub(1));
        self.unlist(IndexKey::TicketOf(node, id, number));
        self.one_less(id, node);
        self.save(Id::Ticket(id, number), ticket);
        self.emit(RenderingEvent::TicketFailed { job: id, number, node, owner, lapsed });
        self.go_on(id, job)
    }

    /// Order of refusals: job, ticket, node, state, time, work.
    ///
    /// What is paid is the node's score of now times the time that it worked, never more than has passed since the ticket was given out, and
    /// never more than the most that the job pays for one frame.
    pub(super) fn deliver(&mut self, sender: Address, id: UnitId, number: u32, handed: &Handed) -> Result<(), RenderingError> {
        let (mut job, mut ticket) = self.own_open(sender, id, number)?;
        let passed = self.now().since(ticket.issued);
        if handed.worked > passed {
            return Err(RenderingError::Worked { worked: handed.worked, passed });
        }
        let mut node: Node = self.node(ticket.node)?;
        let params = self.params();
        let work = work_of(node.terms.score, handed.worked)?.min(job.terms.frame_work_most);
        let price = price_of(work, params.credit, params.per_credit(job.terms.tier))?.min(job.frame_most);
        node.freed(self.now());
        node.pending += 1;
        if node.active {
            node.lapses = 0;
        }
        self.save(Id::Node(ticket.node), node);
        self.unschedule(ticket.due, Task::Lapse(id, number));
        self.one_less(id, ticket.node);
        job.reserved = job.reserved.saturating_sub(job.frame_most - price);
        (job.open, job.pending) = (job.open.saturating_sub(1), job.pending + 1);
        ticket.delivery = Some(Delivery { handed: *handed, at: self.now(), work, price });
        ticket.state = TicketState::Delivered;
        ticket.due = self.now().later(self.params().windows.check);
        if job.terms.auto_approve {
            self.schedule(ticket.due, Task::AutoApprove(id, number));
        }
        self.fix(Subject::Check(id, number));
        self.totals(|totals| {
            totals.open_tickets = totals.open_tickets.saturating_sub(1);
            totals.pending_tickets += 1;
        });
        let (node, owner) = (ticket.node, ticket.owner);
        self.save(Id::Ticket(id, number), ticket);
        self.emit(RenderingEvent::FrameDelivered { job: id, number, node, owner, price });
        self.go_on(id, job)
    }

    /// Whatever a ticket was handed in for is decided.
    pub(super) fn finish(
        &mut self,
        id: UnitId,
        job: &mut Job,
        number: u32,
        ticket: &mut Ticket,
        state: TicketState,
    ) -> Result<(), RenderingError> {
        Self::unreserve(job, ticket);
        job.pending = job.pending.saturating_sub(1);
        (ticket.state, ticket.done) = (state, true);
        let mut node = self.node(ticket.node)?;
        node.pending = node.pending.saturating_sub(1);
        self.free_pledge(ticket.node, &mut node)?;
        self.save(Id::Node(ticket.node), node);
        self.totals(|totals| totals.pending_tickets = totals.pending_tickets.saturating_sub(1));
        self.unlist(IndexKey::TicketOf(ticket.node, id, number));
        self.save(Id::Ticket(id, number), ticket.clone());
        Ok(())
    }
}
