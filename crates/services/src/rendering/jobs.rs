//! Jobs are ordered, drawn, funded, ended, closed and forgotten.

use super::{
    draw,
    due::{Subject, Task},
    error::RenderingError,
    event::{RenderingEvent, Sides},
    message::check_job,
    price::price_of,
    rows::{EligibleNodes, EndReason, Found, Id, IndexKey, Job, JobState, Node, Person, Ticket, Word},
    service::Rendering,
    terms::{Eligible, NewJob},
};
use crate::context::Context;
use depin_economy::Refusal;
use depin_quantity::{Address, Rounding, Seed, Span, UnitId, Units};

/// Tickets that one due job forgets, or approves.
pub(super) const AT_ONCE: u32 = 64;
/// Nodes that a draw looks at, for each that it may take.
const LOOKED_AT: u32 = 4;

/// The id of a job: that of its artist and of the transaction that orders it.
pub fn job_id(artist: Address, unique: Seed) -> UnitId {
    UnitId::derive("depin-rendering-job", &[&artist.get(), &unique.get()])
}

impl Job {
    /// Its sides.
    pub const fn sides(&self) -> Sides {
        Sides { artist: self.artist, dispatcher: self.terms.dispatcher }
    }

    /// Tickets that it may have at most: eight for a frame, and some more for short jobs.
    pub const fn tickets_most(&self) -> u32 {
        self.count.saturating_mul(8).saturating_add(64)
    }
}

impl Context<'_, Rendering> {
    /// Order of refusals: what a job says; frames, check, times; what a frame costs; jobs of the artist; funds, price, wallet.
    pub(super) fn open_job(&mut self, artist: Address, terms: &NewJob, unique: Seed) -> Result<(), RenderingError> {
        check_job(terms)?;
        let count = self.fits(terms)?;
        let params = self.params();
        let frame_most = price_of(terms.frame_work_most, params.credit, params.per_credit(terms.tier))?;
        if frame_most == 0 {
            return Err(RenderingError::Job("its most work of one frame costs nothing; render a test frame to know it"));
        }
        let bond = self.bond_of(terms.funds)?;
        let free = terms.funds.saturating_sub(bond);
        if free < frame_most {
            let currency = params.rules.priced_in();
            return Err(RenderingError::BelowFrame { free, frame: frame_most, bond, currency });
        }
        let kept = self.load::<Person>(Id::Person(artist)).map_or(0, |person| person.jobs);
        if kept >= params.per_artist {
            return Err(RenderingError::JobsKept { kept, most: params.per_artist });
        }
        let id = job_id(artist, unique);
        self.hold(id, artist, terms.funds)?;
        let (created, until) = (self.now(), self.now().later(terms.open_for));
        let job = Job {
            artist,
            terms: terms.clone(),
            count,
            frame_most,
            state: JobState::Drawing,
            reason: None,
            drawn: None,
            word: Word::Committed,
            funds: terms.funds,
            reserved: 0,
            spent: 0,
            bond,
            lapsed: false,
            paused: false,
            tickets: 0,
            open: 0,
            pending: 0,
            comparisons: 0,
            frames: 0,
            created,
            until,
            approve_at: None,
            secret_due: None,
            closed: None,
        };
        self.list(IndexKey::JobOf(artist, id), 0);
        self.list(IndexKey::DispatchOf(terms.dispatcher, id), 0);
        self.person(artist, |person| person.jobs += 1);
        self.totals(|totals| {
            totals.jobs += 1;
            totals.open_jobs += 1;
        });
        self.schedule(until, Task::End(id));
        self.fix(Subject::Job(id));
        self.emit(RenderingEvent::JobOpened { job: id, sides: job.sides(), frames: count, funds: terms.funds });
        self.save(Id::Job(id), job);
        Ok(())
    }

    /// The number of a job's frames, where the network takes so many, so seldom checked and for so long.
    fn fits(&self, terms: &NewJob) -> Result<u32, RenderingError> {
        let params = self.params();
        let given = terms.frames.count().ok_or(RenderingError::Frames(terms.frames))?;
        let most = params.frames_most;
        let count = u32::try_from(given).ok().filter(|count| *count <= most).ok_or(RenderingError::FramesMost { given, most })?;
        let least = params.check_least;
        if terms.check_share < least {
            return Err(RenderingError::CheckShare { given: terms.check_share, least });
        }
        let (windows, least) = (&params.windows, params.deliver_least);
        if terms.deliver_within < least {
            return Err(RenderingError::TooShort { given: terms.deliver_within, least });
        }
        let times = [
            ("the time for one frame", terms.deliver_within, windows.deliver),
            ("the time in which frames are given out", terms.open_for, windows.open_most),
        ];
        match times.into_iter().find(|(_, given, most)| given > most) {
            Some((what, given, most)) => Err(RenderingError::TooLong { what, given, most }),
            None => Ok(count),
        }
    }

    /// What of so much binds the dispatcher's word: the file's share, rounded up.
    fn bond_of(&self, funds: u64) -> Result<u64, RenderingError> {
        let bond = self.params().bond.of(Units::new(funds.into()), Rounding::Up)?;
        Ok(u64::try_from(bond.get()).map_err(|_| Refusal::TooLarge)?)
    }

    /// The seed of a job is there: the nodes that stand now are those that its frames may go to.
    pub(super) fn draw_job(&mut self, id: UnitId, seed: Seed) -> Result<u64, RenderingError> {
        let Some(mut job) = self.load::<Job>(Id::Job(id)).filter(|job| job.state == JobState::Drawing) else { return Ok(1) };
        let (nodes, looked_at) = self.stand_ready(id, &job, seed);
        if nodes.is_empty() {
            job.reason = Some(EndReason::Nobody);
            self.unschedule(job.until, Task::End(id));
            self.close_job(id, job)?;
            return Ok(looked_at);
        }
        job.drawn = Some(seed);
        job.state = JobState::Open;
        self.emit(RenderingEvent::JobDrawn { job: id, sides: job.sides(), seed, nodes: nodes.len() as u32 });
        self.save(Id::Eligible(id), EligibleNodes(nodes));
        self.save(Id::Job(id), job);
        Ok(looked_at)
    }

    /// The nodes that a job may go to: those of its tier from a drawn place on, in the order of their ids, around once. Bounded by how many are
    /// looked at, so that a tier of many nodes costs no block more than one of few.
    fn stand_ready(&mut self, id: UnitId, job: &Job, seed: Seed) -> (Vec<Eligible>, u64) {
        let (tier, params) = (job.terms.tier, self.params());
        let artist = self.load::<Person>(Id::Person(job.artist)).unwrap_or_default();
        let most = artist.nodes_of(params.nodes_most).min(params.nodes_most);
        let least = params.reputation_least[tier.index()];
        let place = UnitId::derive("depin-rendering-place", &[&seed.get(), &id.get()]);
        let (mut nodes, mut looked_at, mut around) = (Vec::new(), 0u64, false);
        let mut next = self.state().first_from::<Found>(&IndexKey::Tier(tier, place));
        while nodes.len() < most as usize && looked_at < u64::from(params.nodes_most * LOOKED_AT) {
            let node = match next {
                Some((IndexKey::Tier(of, node), _)) if of == tier && !(around && node >= place) => node,
                _ if around => break,
                _ => {
                    around = true;
                    next = self.state().first_from::<Found>(&IndexKey::Tier(tier, UnitId::new([0; 32])));
                    continue;
                }
            };
            looked_at += 1;
            let row = self.load::<Node>(Id::Node(node)).filter(|row| row.may_render(&job.terms, least));
            nodes.extend(row.map(|row| Eligible { node, owner: row.owner, weight: row.weight() }));
            next = self.state().next_after::<Found>(&IndexKey::Tier(tier, node));
        }
        (nodes, looked_at + 10)
    }

    /// The nodes that a job may go to.
    pub(super) fn eligible(&mut self, id: UnitId) -> Vec<Eligible> {
        self.load::<EligibleNodes>(Id::Eligible(id)).unwrap_or_default().0
    }

    pub(super) fn fund(&mut self, sender: Address, id: UnitId, more: u64) -> Result<(), RenderingError> {
        let mut job = self.job(id)?;
        only(sender == job.artist, id, &job, "its artist")?;
        if more == 0 {
            return Err(RenderingError::Nothing);
        }
        if !matches!(job.state, JobState::Drawing | JobState::Open) || job.lapsed {
            return Err(RenderingError::State { job: id, state: job.state, needed: "open" });
        }
        let was = job.is_paused();
        let bond = self.bond_of(more)?;
        job.funds = job.funds.checked_add(more).ok_or(Refusal::TooLarge)?;
        job.bond = job.bond.checked_add(bond).ok_or(Refusal::TooLarge)?;
        self.hold_more(id, more)?;
        let resumed = was && !job.is_paused();
        self.emit(RenderingEvent::JobFunded { job: id, sides: job.sides(), funds: job.funds, resumed });
        self.save(Id::Job(id), job);
        Ok(())
    }

    pub(super) fn end_job(&mut self, sender: Address, id: UnitId) -> Result<(), RenderingError> {
        let job = self.job(id)?;
        only([job.artist, job.terms.dispatcher].contains(&sender), id, &job, "its artist or its dispatcher")?;
        if !matches!(job.state, JobState::Drawing | JobState::Open) {
            return Err(RenderingError::State { job: id, state: job.state, needed: "open" });
        }
        self.end(id, job, EndReason::Asked)
    }

    /// No more tickets are given out.
    pub(super) fn end(&mut self, id: UnitId, mut job: Job, reason: EndReason) -> Result<(), RenderingError> {
        if job.tickets == 0 {
            // Whoever sees who would render, and goes away, pays a frame: else it would order again until the draw says its friends.
            if job.state == JobState::Open {
                let frame = job.frame_most;
                self.pay_drawn(id, &mut job, frame)?;
            }
            self.unschedule(job.until, Task::End(id));
            job.reason = Some(reason);
            return self.close_job(id, job);
        }
        self.unschedule(job.until, Task::End(id));
        job.reason = Some(reason);
        (job.state, job.until) = (JobState::Ending, self.now());
        self.emit(RenderingEvent::JobEnding { job: id, sides: job.sides(), reason });
        self.go_on(id, job)
    }

    /// Writes a job, one step further where everything that it waited for has come.
    pub(super) fn go_on(&mut self, id: UnitId, mut job: Job) -> Result<(), RenderingError> {
        if job.state == JobState::Ending && job.open == 0 {
            let windows = &self.params().windows;
            let (approve_at, secret_due) = (self.now().later(windows.approval), self.now().later(windows.secret));
            job.state = JobState::Ended;
            (job.approve_at, job.secret_due) = (Some(approve_at), Some(secret_due));
            self.schedule(approve_at, Task::ApproveAll(id, 0));
            self.schedule(secret_due, Task::SecretDue(id));
            self.emit(RenderingEvent::JobEnded { job: id, sides: job.sides(), approve_at, secret_due });
        }
        let judged = matches!(job.word, Word::Kept(_) | Word::Broken(_));
        if job.state == JobState::Ended && judged && (job.pending, job.comparisons) == (0, 0) {
            return self.close_job(id, job);
        }
        self.save(Id::Job(id), job);
        Ok(())
    }

    /// The job is over: what is left goes back.
    fn close_job(&mut self, id: UnitId, mut job: Job) -> Result<(), RenderingError> {
        let returned = self.void(id, &job)?;
        if let Some(at) = job.approve_at {
            self.unschedule(at, Task::ApproveAll(id, 0));
        }
        job.state = JobState::Closed;
        job.closed = Some(self.now());
        self.schedule(self.now().later(self.params().closed_kept), Task::Forget(id));
        self.totals(|totals| totals.open_jobs = totals.open_jobs.saturating_sub(1));
        self.emit(RenderingEvent::JobClosed { job: id, sides: job.sides(), frames: job.frames, spent: job.spent, returned });
        self.save(Id::Job(id), job);
        Ok(())
    }

    /// Pays a part of a job's money to a node drawn among those of the job that are neither its artist's nor its dispatcher's, or as the file says
    /// payments go; gives what was paid, nothing where there is no such node.
    pub(super) fn pay_drawn(&mut self, id: UnitId, job: &mut Job, value: u64) -> Result<u64, RenderingError> {
        let hash = Seed::derive("depin-rendering-bond", &[&job.drawn.unwrap_or_default().get(), &id.get()]);
        let nodes = self.eligible(id);
        match draw::pick(hash, &nodes, &[job.artist, job.terms.dispatcher]) {
            Some(to) => self.capture(id, job, to.owner, value).map(|()| value),
            None => Ok(0),
        }
    }

    /// The hold of a job ran out before the job was decided, so its money is back; nothing of it is paid any more.
    pub(super) fn lapse_hold(&mut self, id: UnitId) {
        if let Some(mut job) = self.load::<Job>(Id::Job(id)) {
            job.lapsed = true;
            self.save(Id::Job(id), job);
        }
    }

    /// Forgets a closed job with its tickets, some at a time. Gives how many rows it forgot.
    pub(super) fn forget_job(&mut self, id: UnitId) -> u64 {
        let Some(mut job) = self.load::<Job>(Id::Job(id)) else { return 1 };
        let last = job.tickets.saturating_sub(AT_ONCE);
        for number in last..job.tickets {
            self.forget(Id::Ticket(id, number));
        }
        let mut forgotten = u64::from(job.tickets - last);
        job.tickets = last;
        while forgotten < u64::from(AT_ONCE) {
            let Some(key) = self.noted_of(id) else { break };
            self.unlist(key);
            forgotten += 1;
        }
        if forgotten >= u64::from(AT_ONCE) {
            self.save(Id::Job(id), job);
            let next = self.now().later(Span::from_millis(1));
            self.schedule(next, Task::Forget(id));
            return forgotten;
        }
        self.unlist(IndexKey::JobOf(job.artist, id));
        self.unlist(IndexKey::DispatchOf(job.terms.dispatcher, id));
        self.forget(Id::Eligible(id));
        self.forget(Id::Job(id));
        self.person(job.artist, |person| person.jobs = person.jobs.saturating_sub(1));
        forgotten + 5
    }

    /// A rejection, or a lapse, that is noted of a job.
    fn noted_of(&mut self, id: UnitId) -> Option<IndexKey> {
        let first = [IndexKey::Failures(id, 0), IndexKey::Lapsed(id, UnitId::new([0; 32]))];
        first.into_iter().find_map(|from| match self.state().first_from::<Found>(&from) {
            Some((key @ (IndexKey::Failures(of, _) | IndexKey::Lapsed(of, _)), _)) if of == id => Some(key),
            _ => None,
        })
    }

    /// The node that is to be asked when two frames differ: of none of these owners, drawn among those that the job may go to and that take part.
    pub(super) fn third(&mut self, id: UnitId, job: &Job, hash: Seed, owners: &[Address]) -> Option<Eligible> {
        let without: Vec<Address> = owners.iter().copied().chain([job.artist, job.terms.dispatcher]).collect();
        let nodes = self.eligible(id).into_iter();
        let here: Vec<Eligible> =
            nodes.filter(|node| self.load::<Node>(Id::Node(node.node)).is_some_and(|row| row.active)).collect();
        draw::pick(hash, &here, &without)
    }

    /// A ticket's price and reserve are free again.
    pub(super) fn unreserve(job: &mut Job, ticket: &Ticket) {
        let reserve = ticket.delivery.map_or(job.frame_most, |delivery| delivery.price);
        job.reserved = job.reserved.saturating_sub(reserve);
    }
}

/// Refuses whoever may not do this.
pub(super) fn only(may: bool, id: UnitId, job: &Job, allowed: &'static str) -> Result<(), RenderingError> {
    if may {
        return Ok(());
    }
    Err(RenderingError::NotYourJob { job: id, artist: job.artist, dispatcher: job.terms.dispatcher, allowed })
}
