//! Two frames are compared: what was committed to is said, and whoever was wrong loses by it.

use super::{
    approval::opens,
    draw::commitment,
    due::{Subject, Task},
    error::RenderingError,
    event::{Outcome, RenderingEvent},
    jobs::only,
    rows::{Against, Comparison, Id, IndexKey, Job, JobState, Step, Ticket, TicketState},
    service::Rendering,
    terms::{Opening, Purpose, Salt},
};
use crate::context::Context;
use depin_quantity::{Address, ContentHash, Span, UnitId};

impl Context<'_, Rendering> {
    /// Order of refusals: job, left ticket, right ticket, sender, states, openings, owners, frames, time, whether it is known.
    pub(super) fn compare(
        &mut self,
        sender: Address,
        id: UnitId,
        (number, left_opens): &(u32, Opening),
        right: Option<&(u32, Opening)>,
    ) -> Result<(), RenderingError> {
        let number = *number;
        let mut job = self.job(id)?;
        let mut left = self.ticket(id, number)?;
        let mut other = match right {
            Some((other, opening)) => Some((*other, self.ticket(id, *other)?, opening)),
            None => None,
        };
        let owners: Vec<Address> =
            [Some(left.owner), other.as_ref().map(|(_, ticket, _)| ticket.owner)].into_iter().flatten().collect();
        let may = [job.artist, job.terms.dispatcher].contains(&sender) || owners.contains(&sender);
        only(may, id, &job, "its artist, its dispatcher or one of the two nodes")?;
        comparable(number, &left)?;
        opens(id, &job, number, &left, left_opens)?;
        let against = match (&mut other, &left_opens.purpose) {
            (Some((other, ticket, opening)), _) => {
                comparable(*other, ticket)?;
                opens(id, &job, *other, ticket, opening)?;
                let wrong = |why| Err(RenderingError::NotAlike { left: number, right: *other, why });
                if ticket.owner == left.owner {
                    return wrong("both nodes are of one owner");
                }
                if opening.frame != left_opens.frame {
                    return wrong("they are of two frames");
                }
                Against::Ticket(*other)
            }
            (None, Purpose::Planted { pixels, .. }) => Against::Planted(*pixels),
            (None, _) => {
                return Err(RenderingError::NotAlike {
                    left: number,
                    right: number,
                    why: "only a planted frame is compared alone",
                });
            }
        };
        if let Some(at) = job.approve_at.filter(|at| *at <= self.now()) {
            return Err(RenderingError::TooLate(at));
        }
        // Else a pair would be compared again and again for its name's sake.
        if left.verified && other.as_ref().is_none_or(|(_, ticket, _)| ticket.verified) {
            let right = other.as_ref().map_or(number, |(other, ..)| *other);
            return Err(RenderingError::NotAlike { left: number, right, why: "what they have was found right already" });
        }
        let (left_was, right_was) = (left.state, other.as_ref().map(|(_, ticket, _)| ticket.state));
        left.state = TicketState::Compared;
        self.save(Id::Ticket(id, number), left);
        let mut second = None;
        if let Some((other, mut ticket, _)) = other {
            ticket.state = TicketState::Compared;
            self.save(Id::Ticket(id, other), ticket);
            self.list(IndexKey::Second(id, other), number);
            second = Some(other);
        }
        self.begin(id, &mut job, number, (against, left_opens.frame), (left_was, right_was));
        self.emit(RenderingEvent::ComparisonOpened { job: id, number, other: second, owners });
        self.save(Id::Job(id), job);
        self.all_said(id, number)
    }

    /// Opens a comparison: its sides are to say what they committed to.
    fn begin(
        &mut self,
        id: UnitId,
        job: &mut Job,
        number: u32,
        (against, frame): (Against, u32),
        (left_was, right_was): (TicketState, Option<TicketState>),
    ) {
        let due = self.now().later(self.params().windows.reveal);
        let step = Step::Revealing;
        let (left_alike, right_alike, turn) = (false, false, 0);
        let row = Comparison { against, frame, step, due, left_alike, right_alike, left_was, right_was, turn };
        self.schedule(due, Task::Step(id, number));
        self.save(Id::Comparison(id, number), row);
        job.comparisons += 1;
        self.totals(|totals| totals.comparisons_open += 1);
    }

    /// The artist says that the key of a paid frame does not open what was committed to. Its node says what that was; a third node looks at it.
    ///
    /// Order of refusals: job, artist, state, ticket, once, time.
    pub(super) fn dispute_key(&mut self, sender: Address, id: UnitId, number: u32) -> Result<(), RenderingError> {
        let mut job = self.job(id)?;
        only(sender == job.artist, id, &job, "its artist")?;
        if job.state == JobState::Closed {
            return Err(RenderingError::State { job: id, state: job.state, needed: "not closed" });
        }
        let mut ticket = self.ticket(id, number)?;
        let TicketState::Paid { at } = ticket.state else {
            return Err(RenderingError::TicketState { number, state: ticket.state, needed: "paid" });
        };
        if ticket.key_disputed {
            return Err(RenderingError::Disputed(number));
        }
        let until = at.later(self.params().windows.key);
        if self.now() > until {
            return Err(RenderingError::TooLate(until));
        }
        ticket.key_disputed = true;
        let (owner, node) = (ticket.owner, ticket.node);
        self.begin(id, &mut job, number, (Against::Key, 0), (ticket.state, None));
        // Its node finds it among its tickets again, and says what it committed to.
        self.list(IndexKey::TicketOf(node, id, number), 0);
        self.save(Id::Ticket(id, number), ticket);
        self.save(Id::Job(id), job);
        self.emit(RenderingEvent::ComparisonOpened { job: id, number, other: None, owners: vec![owner] });
        self.all_said(id, number)
    }

    /// The comparison that a ticket is a side of, with its number.
    fn comparison_of(&mut self, id: UnitId, number: u32) -> Result<(u32, Comparison), RenderingError> {
        let first = self.found(IndexKey::Second(id, number)).unwrap_or(number);
        self.comparison(id, first).map(|row| (first, row)).map_err(|_| RenderingError::NoComparison(number))
    }

    /// Order of refusals: ticket, node, comparison, step, commitment.
    pub(super) fn reveal(
        &mut self,
        sender: Address,
        id: UnitId,
        number: u32,
        (pixels, salt): (ContentHash, Salt),
    ) -> Result<(), RenderingError> {
        let mut ticket = self.ticket(id, number)?;
        self.own_node(sender, ticket.node)?;
        let (first, row) = self.comparison_of(id, number)?;
        if row.step != Step::Revealing || ticket.pixels.is_some() {
            return Err(RenderingError::OtherStep { number, waits: row.step.waits() });
        }
        let committed = ticket.delivery.map(|delivery| delivery.handed.pixels);
        if committed != Some(commitment(pixels, salt, ticket.node)) {
            return Err(RenderingError::Commitment(number));
        }
        ticket.pixels = Some(pixels);
        self.save(Id::Ticket(id, number), ticket);
        self.all_said(id, first)
    }

    /// Goes on with a comparison whose sides have said what they committed to; in an earlier comparison, too.
    fn all_said(&mut self, id: UnitId, number: u32) -> Result<(), RenderingError> {
        let row = self.comparison(id, number)?;
        let (left, right) = self.said(id, number, &row)?;
        match (row.against, left, right) {
            (Against::Key, Some(_), _) => self.ask_third(id, number, row),
            (Against::Ticket(_), Some(left), Some(right)) if left == right => {
                self.decide(id, number, Outcome::Equal, (Some(true), Some(true)))?;
            }
            (Against::Planted(_), Some(left), Some(right)) if left == right => {
                self.decide(id, number, Outcome::Equal, (Some(true), None))?;
            }
            (_, Some(_), Some(_)) => {
                let due = self.go_to(id, number, row, Step::Agreeing, self.params().windows.agree);
                self.emit(RenderingEvent::FramesDiffer { job: id, number, due });
            }
            _ => {}
        }
        Ok(())
    }

    /// The pixels that both sides of a comparison said.
    fn said(
        &mut self,
        id: UnitId,
        number: u32,
        row: &Comparison,
    ) -> Result<(Option<ContentHash>, Option<ContentHash>), RenderingError> {
        let left = self.ticket(id, number)?.pixels;
        let right = match row.against {
            Against::Ticket(other) => self.ticket(id, other)?.pixels,
            Against::Planted(pixels) => Some(pixels),
            Against::Key => None,
        };
        Ok((left, right))
    }

    /// The comparison goes on with a step that is over after `within`.
    fn go_to(&mut self, id: UnitId, number: u32, mut row: Comparison, step: Step, within: Span) -> depin_quantity::Instant {
        self.unschedule(row.due, Task::Step(id, number));
        (row.step, row.due) = (step, self.now().later(within));
        let due = row.due;
        self.schedule(due, Task::Step(id, number));
        self.save(Id::Comparison(id, number), row);
        due
    }

    /// A third node is to be drawn.
    fn ask_third(&mut self, id: UnitId, number: u32, mut row: Comparison) {
        self.unschedule(row.due, Task::Step(id, number));
        row.step = Step::Drawing;
        self.save(Id::Comparison(id, number), row);
        self.fix(Subject::Third(id, number));
    }

    /// The seed is there that draws the third node.
    pub(super) fn draw_third(&mut self, id: UnitId, number: u32, seed: depin_quantity::Seed) -> Result<(), RenderingError> {
        let Some(row) = self.load::<Comparison>(Id::Comparison(id, number)).filter(|row| row.step == Step::Drawing) else {
            return Ok(());
        };
        let job = self.job(id)?;
        let mut owners = vec![self.ticket(id, number)?.owner];
        if let Against::Ticket(other) = row.against {
            owners.push(self.ticket(id, other)?.owner);
        }
        let parts: [&[u8]; 4] = [&seed.get(), &id.get(), &number.to_be_bytes(), &[row.turn]];
        let hash = depin_quantity::Seed::derive("depin-rendering-third", &parts);
        let Some(third) = self.third(id, &job, hash, &owners) else {
            return self.decide(id, number, Outcome::Undecided, (None, None));
        };
        let due = self.go_to(id, number, row, Step::Judging(third.node), self.params().windows.judge);
        self.emit(RenderingEvent::ThirdDrawn { job: id, number, node: third.node, owner: third.owner, due });
        Ok(())
    }

    /// Order of refusals: ticket, node, comparison, step, whether a frame is planted.
    pub(super) fn settle(&mut self, sender: Address, id: UnitId, number: u32, alike: bool) -> Result<(), RenderingError> {
        let ticket = self.ticket(id, number)?;
        self.own_node(sender, ticket.node)?;
        let (first, mut row) = self.comparison_of(id, number)?;
        if row.step != Step::Agreeing {
            return Err(RenderingError::OtherStep { number, waits: row.step.waits() });
        }
        let is_left = first == number;
        if !alike {
            let right = matches!(row.against, Against::Ticket(_)).then_some(is_left);
            let (left, right) = (!is_left, right);
            return self.decide(id, first, Outcome::Conceded, (Some(left), right));
        }
        if !matches!(row.against, Against::Ticket(_)) {
            let why = "a planted frame's pixels are known; concede, or wait for a third node";
            return Err(RenderingError::NotAlike { left: number, right: number, why });
        }
        if is_left {
            row.left_alike = true
        } else {
            row.right_alike = true
        }
        if row.left_alike && row.right_alike {
            return self.decide(id, first, Outcome::Alike, (Some(true), Some(true)));
        }
        self.save(Id::Comparison(id, first), row);
        Ok(())
    }

    /// Order of refusals: comparison, step, node.
    pub(super) fn judge(
        &mut self,
        sender: Address,
        id: UnitId,
        number: u32,
        left: bool,
        right: bool,
    ) -> Result<(), RenderingError> {
        let row = self.comparison(id, number)?;
        let Step::Judging(third) = row.step else {
            return Err(RenderingError::OtherStep { number, waits: row.step.waits() });
        };
        let owner = self.own_node(sender, third)?.owner;
        if self.now() >= row.due {
            return Err(RenderingError::TooLate(row.due));
        }
        let delivery = self.ticket(id, number)?.delivery;
        let right = matches!(row.against, Against::Ticket(_)).then_some(right);
        self.decide(id, number, Outcome::Judged, (Some(left), right))?;
        let (Some(delivery), Some(mut job)) = (delivery, self.load::<Job>(Id::Job(id))) else { return Ok(()) };
        // It rendered a frame as they did, and is paid as the first of them, as far as money is left, whatever it says.
        let price = delivery.price.min(job.free());
        if job.state != JobState::Closed && price > 0 {
            self.pay_node(id, &mut job, (third, owner), (price, delivery.work))?;
            self.save(Id::Job(id), job);
        }
        Ok(())
    }

    /// A third node cannot say who is right: it was given nothing to look at, or what it renders is neither. Another one is drawn, and its name stays.
    ///
    /// Order of refusals: step, node, time.
    pub(super) fn pass_on(&mut self, sender: Address, id: UnitId, number: u32, row: Comparison) -> Result<(), RenderingError> {
        let Step::Judging(third) = row.step else {
            return Err(RenderingError::OtherStep { number, waits: row.step.waits() });
        };
        self.own_node(sender, third)?;
        if self.now() >= row.due {
            return Err(RenderingError::TooLate(row.due));
        }
        self.next_third(id, number, row)
    }

    /// The third node did not say who is right: another one is drawn, or nobody knows.
    fn next_third(&mut self, id: UnitId, number: u32, mut row: Comparison) -> Result<(), RenderingError> {
        row.turn += 1;
        if row.turn >= super::params::THIRDS_MOST {
            return self.decide(id, number, Outcome::Undecided, (None, None));
        }
        self.ask_third(id, number, row);
        Ok(())
    }

    /// The time of a step is over.
    pub(super) fn step_over(&mut self, id: UnitId, number: u32) -> Result<(), RenderingError> {
        let Some(row) = self.load::<Comparison>(Id::Comparison(id, number)) else { return Ok(()) };
        match row.step {
            Step::Revealing => {
                let (left, right) = self.said(id, number, &row)?;
                let silent = |said: Option<ContentHash>| if said.is_none() { Some(false) } else { None };
                let right = if matches!(row.against, Against::Ticket(_)) { silent(right) } else { None };
                self.decide(id, number, Outcome::Unrevealed, (silent(left), right))
            }
            Step::Agreeing => {
                self.ask_third(id, number, row);
                Ok(())
            }
            Step::Judging(third) => {
                self.judged(third, false);
                self.next_third(id, number, row)
            }
            Step::Drawing => Ok(()),
        }
    }
}

impl Step {
    /// What a comparison waits for.
    pub(super) const fn waits(self) -> &'static str {
        match self {
            Self::Revealing => "what its nodes committed to",
            Self::Agreeing => "its nodes to agree",
            Self::Drawing => "a third node to be drawn",
            Self::Judging(_) => "its third node",
        }
    }
}

/// Refuses a ticket that is not handed in, or is decided.
fn comparable(number: u32, ticket: &Ticket) -> Result<(), RenderingError> {
    let open = matches!(ticket.state, TicketState::Delivered | TicketState::Rejected { .. }) && !ticket.done;
    if open { Ok(()) } else { Err(RenderingError::TicketState { number, state: ticket.state, needed: "delivered" }) }
}
