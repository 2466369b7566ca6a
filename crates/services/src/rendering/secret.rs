//! The dispatcher opens its secret when the job has ended, and shows that it gave tickets as they were drawn.

use super::{
    draw::{self, ATTEMPTS_MOST, planted_most, salt_of, secret_hash, ticket_hash},
    due::{Subject, Task},
    error::RenderingError,
    event::RenderingEvent,
    message::{Shown, check_count},
    rows::{Id, IndexKey, Job, JobState, Node, Ticket, Word},
    service::Rendering,
    terms::{Eligible, Opening, Purpose, Secret},
};
use crate::context::Context;
use depin_quantity::{Seed, Span, UnitId};

/// Tickets that are drawn of a job's, to be shown.
pub const SAMPLE_MOST: u32 = 8;

impl Context<'_, Rendering> {
    /// Anybody may send it: only who knows the secret can. Order of refusals: job, state, word, time, secret.
    pub(super) fn open_secret(&mut self, id: UnitId, secret: Secret) -> Result<(), RenderingError> {
        let mut job = self.job(id)?;
        let (JobState::Ended, Word::Committed, Some(due)) = (job.state, &job.word, job.secret_due) else {
            return Err(RenderingError::State { job: id, state: job.state, needed: "ended, with its secret closed" });
        };
        if self.now() >= due {
            return Err(RenderingError::TooLate(due));
        }
        if secret_hash(secret) != job.terms.secret {
            return Err(RenderingError::Secret(id));
        }
        self.unschedule(due, Task::SecretDue(id));
        (job.word, job.secret_due) = (Word::Opened(secret), None);
        self.fix(Subject::Sample(id));
        self.emit(RenderingEvent::SecretOpened { job: id, sides: job.sides(), secret });
        self.save(Id::Job(id), job);
        Ok(())
    }

    /// The seed is there that draws the tickets to look at.
    pub(super) fn draw_sample(&mut self, id: UnitId, seed: Seed) {
        let Some(mut job) = self.load::<Job>(Id::Job(id)).filter(|job| job.state == JobState::Ended) else { return };
        let Word::Opened(secret) = job.word else { return };
        let numbers = draw::sample(seed, id, job.tickets, SAMPLE_MOST);
        let due = self.now().later(self.params().windows.secret);
        self.schedule(due, Task::SecretDue(id));
        (job.word, job.secret_due) = (Word::Sampled(secret, numbers.clone()), Some(due));
        self.emit(RenderingEvent::TicketsDrawn { job: id, numbers, due });
        self.save(Id::Job(id), job);
    }

    /// Order of refusals: entries, job, word, time; then of each: drawn, ticket, opening, what belongs to it.
    pub(super) fn show(&mut self, id: UnitId, shown: &[Shown]) -> Result<(), RenderingError> {
        check_count(shown.len())?;
        let mut job = self.job(id)?;
        let Word::Sampled(secret, mut numbers) = job.word.clone() else { return Err(RenderingError::NotOpen(id)) };
        let due = job.secret_due.filter(|due| *due <= self.now());
        if let Some(due) = due {
            return Err(RenderingError::TooLate(due));
        }
        let nodes = self.eligible(id);
        for one in shown {
            let at = numbers.iter().position(|number| *number == one.number);
            let at = at.ok_or(RenderingError::NotSampled(one.number))?;
            if !self.well_given(id, &job, secret, one, &nodes)? {
                return self.broken(id, job, Some(one.number));
            }
            self.belongings(id, &job, secret, one, &nodes)?;
            numbers.remove(at);
        }
        if numbers.is_empty() {
            if let Some(due) = job.secret_due.take() {
                self.unschedule(due, Task::SecretDue(id));
            }
            job.word = Word::Kept(secret);
            self.emit(RenderingEvent::WordKept { job: id, sides: job.sides() });
            return self.go_on(id, job);
        }
        job.word = Word::Sampled(secret, numbers);
        self.save(Id::Job(id), job);
        Ok(())
    }

    /// Order of refusals: job, state, secret, ticket, opening, whether it was given as drawn.
    pub(super) fn prove_misgiven(&mut self, id: UnitId, shown: &Shown) -> Result<(), RenderingError> {
        let job = self.job(id)?;
        if job.state != JobState::Ended || matches!(job.word, Word::Broken(_)) {
            return Err(RenderingError::State { job: id, state: job.state, needed: "ended, with its dispatcher's word whole" });
        }
        let secret = job.word.secret().ok_or(RenderingError::NotOpen(id))?;
        let nodes = self.eligible(id);
        if self.well_given(id, &job, secret, shown, &nodes)? {
            return Err(RenderingError::WellGiven(shown.number));
        }
        self.broken(id, job, Some(shown.number))
    }

    /// Whether a ticket that a secret opens was given to the node that the draw says.
    fn well_given(
        &mut self,
        id: UnitId,
        job: &Job,
        secret: Secret,
        shown: &Shown,
        nodes: &[Eligible],
    ) -> Result<bool, RenderingError> {
        if shown.frame >= job.count {
            return Err(RenderingError::NoFrame { frame: shown.frame, count: job.count });
        }
        let ticket = self.ticket(id, shown.number)?;
        let (frame, attempt, purpose) = (shown.frame, shown.attempt, &shown.purpose);
        if !is_opened(id, secret, &ticket, frame, attempt, purpose) {
            return Err(RenderingError::Opening(shown.number));
        }
        let seed = job.drawn.unwrap_or_default();
        let wanted = match purpose {
            _ if attempt >= ATTEMPTS_MOST => None,
            Purpose::Frame => draw::assigned(secret, seed, frame, attempt, nodes),
            Purpose::Check { of } => {
                let of = self.load::<Ticket>(Id::Ticket(id, *of));
                of.and_then(|of| draw::checker(secret, of.drawn?, of.hash, attempt, of.owner, nodes))
            }
            Purpose::Planted { number, .. } if *number < planted_most(job.count) && attempt == 0 => {
                draw::planted(secret, seed, *number, nodes)
            }
            Purpose::Planted { .. } => None,
        };
        Ok(wanted.is_some_and(|wanted| wanted.node == ticket.node))
    }

    /// Refuses a ticket that is shown without the attempt before it, or without the check that the draw asked for.
    fn belongings(
        &mut self,
        id: UnitId,
        job: &Job,
        secret: Secret,
        shown: &Shown,
        nodes: &[Eligible],
    ) -> Result<(), RenderingError> {
        let lacks = |lacks| Err(RenderingError::Lacks { number: shown.number, lacks });
        if shown.attempt > 0 && !self.failed_before(id, job, secret, shown, nodes) {
            return lacks("the failed attempt before it");
        }
        if shown.attempt == 0 && shown.frame > 0 && shown.purpose == Purpose::Frame && !self.follows(id, secret, shown) {
            return lacks("a ticket of the frame before it, which was given out earlier");
        }
        let ticket = self.ticket(id, shown.number)?;
        let (Purpose::Frame, Some(delivery), Some(drawn)) = (&shown.purpose, ticket.delivery, ticket.drawn) else {
            return Ok(());
        };
        // A job that ended or ran out of money before the time for a check was over could not have one.
        let in_time = delivery.at.later(self.params().windows.check) <= job.until && !job.paused;
        let due = in_time && draw::is_checked(secret, drawn, ticket.hash, job.terms.check_share);
        if !due || draw::checker(secret, drawn, ticket.hash, 0, ticket.owner, nodes).is_none() {
            return Ok(());
        }
        let check = shown.check.and_then(|number| self.load::<Ticket>(Id::Ticket(id, number)));
        let purpose = Purpose::Check { of: shown.number };
        let is_check = |check: &Ticket| (0..ATTEMPTS_MOST).any(|turn| is_opened(id, secret, check, shown.frame, turn, &purpose));
        if check.is_some_and(|check| is_check(&check)) { Ok(()) } else { lacks("the check that the draw asked for") }
    }

    /// Whether a frame was given out after the one before it: a dispatcher that gave only its friends' frames out would have none to show.
    fn follows(&mut self, id: UnitId, secret: Secret, shown: &Shown) -> bool {
        let earlier = shown.before.filter(|number| *number < shown.number);
        let before = earlier.and_then(|number| self.load::<Ticket>(Id::Ticket(id, number)));
        let is_it = |before: &Ticket| {
            (0..ATTEMPTS_MOST).any(|attempt| is_opened(id, secret, before, shown.frame - 1, attempt, &Purpose::Frame))
        };
        before.is_some_and(|before| is_it(&before))
    }

    /// Whether the attempt before one failed, or was never given out because its node took no part any more.
    fn failed_before(&mut self, id: UnitId, job: &Job, secret: Secret, shown: &Shown, nodes: &[Eligible]) -> bool {
        let attempt = shown.attempt - 1;
        if let Some(before) = shown.before.and_then(|number| self.load::<Ticket>(Id::Ticket(id, number))) {
            let opened = is_opened(id, secret, &before, shown.frame, attempt, &shown.purpose);
            // One that was rejected, and found right or approved by time afterwards, is paid by now; what came after it was given out rightly.
            let swept = job.approve_at.is_some_and(|at| at <= self.now());
            let rejected = shown.purpose == Purpose::Frame && (before.verified || swept) && self.was_rejected(id, shown.frame);
            return opened && (before.state.has_failed() || rejected);
        }
        let wanted = match &shown.purpose {
            Purpose::Frame => draw::assigned(secret, job.drawn.unwrap_or_default(), shown.frame, attempt, nodes),
            Purpose::Check { of } => {
                let of = self.load::<Ticket>(Id::Ticket(id, *of));
                of.and_then(|of| draw::checker(secret, of.drawn?, of.hash, attempt, of.owner, nodes))
            }
            Purpose::Planted { .. } => None,
        };
        // Whether it took part when this one was given out counts, not whether it does now: it may have come back since. The dispatcher may have
        // looked a moment before.
        let (row, grace) = (wanted.and_then(|wanted| self.load::<Node>(Id::Node(wanted.node))), self.params().windows.reveal);
        let given = self.load::<Ticket>(Id::Ticket(id, shown.number)).map(|ticket| ticket.issued);
        row.zip(given).is_some_and(|(row, at)| row.was_away(at, grace))
    }

    fn was_rejected(&mut self, id: UnitId, frame: u32) -> bool {
        self.found(IndexKey::Failures(id, frame)).is_some_and(|times| times > 0)
    }

    /// The secret, or the tickets drawn, were not opened in time.
    pub(super) fn secret_over(&mut self, id: UnitId) -> Result<(), RenderingError> {
        match self.load::<Job>(Id::Job(id)) {
            Some(job) if job.state == JobState::Ended && matches!(job.word, Word::Committed | Word::Sampled(..)) => {
                self.broken(id, job, None)
            }
            _ => Ok(()),
        }
    }

    /// The dispatcher broke its word: its bond is paid to a drawn node, or as the file says payments go; everything that was handed in is
    /// approved, rejected frames too.
    fn broken(&mut self, id: UnitId, mut job: Job, number: Option<u32>) -> Result<(), RenderingError> {
        let bond = job.bond;
        let paid = self.pay_drawn(id, &mut job, bond)?;
        job.bond = 0;
        if let Some(due) = job.secret_due.take() {
            self.unschedule(due, Task::SecretDue(id));
        }
        job.word = Word::Broken(job.word.secret());
        let now = self.now();
        if let Some(at) = job.approve_at.filter(|at| *at > now) {
            self.unschedule(at, Task::ApproveAll(id, 0));
            let next = now.later(Span::from_millis(1));
            self.schedule(next, Task::ApproveAll(id, 0));
            job.approve_at = Some(next);
        }
        self.person(job.terms.dispatcher, |person| person.broken += 1);
        self.totals(|totals| totals.broken += 1);
        self.emit(RenderingEvent::WordBroken { job: id, sides: job.sides(), number, bond: paid });
        self.go_on(id, job)
    }
}

/// Whether the secret opens a ticket as this.
fn is_opened(id: UnitId, secret: Secret, ticket: &Ticket, frame: u32, attempt: u8, purpose: &Purpose) -> bool {
    let salt = salt_of(secret, id, ticket.node, frame, attempt, purpose);
    ticket_hash(id, ticket.node, &Opening { frame, attempt, purpose: purpose.clone(), salt }) == ticket.hash
}
