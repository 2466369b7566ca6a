//! What the service says to the economy, one function a happening, and the rows that all messages work with.

use super::{
    error::RenderingError,
    names::{APPROVED_VALUE, AVAILABILITY, FRAME, NODE, NODES, OCTANEBENCH_HOURS},
    params::RenderingParams,
    rows::{Comparison, Found, Id, IndexKey, Job, Kept, Node, Person, RenderingTotals, Thing, Ticket},
    service::Rendering,
};
use crate::context::Context;
use depin_economy::{
    Accrued, ChargeRecord, Component, Components, Current, Fault, PaymentSource, PledgeRecord, Record, Refusal, Register,
    Subject, Topic,
};
use depin_quantity::{Address, Instant, Measured, Name, UnitId};

/// The pledge of a node has no agreed end; rules that ask for one get this.
const NO_END: Instant = Instant::new(253_402_300_799_999);

/// The id of a node: its owner's, and its name among its owner's nodes.
pub fn node_id(owner: Address, name: Name) -> UnitId {
    UnitId::derive("depin-rendering-node", &[&owner.get(), name.as_bytes()])
}

impl<'a> Context<'a, Rendering> {
    pub(super) const fn params(&self) -> &'a RenderingParams {
        &self.service().params
    }

    pub(super) fn load<R: Kept>(&mut self, id: Id) -> Option<R> {
        self.state().get::<Thing>(&id).and_then(R::of)
    }

    pub(super) fn save<R: Kept>(&mut self, id: Id, row: R) {
        self.state().put(&id, &row.thing());
    }

    pub(super) fn forget(&mut self, id: Id) {
        self.state().delete::<Thing>(&id);
    }

    pub(super) fn list(&mut self, key: IndexKey, number: u32) {
        self.state().put(&key, &Found(number));
    }

    pub(super) fn unlist(&mut self, key: IndexKey) {
        self.state().delete::<Found>(&key);
    }

    pub(super) fn found(&mut self, key: IndexKey) -> Option<u32> {
        self.state().get::<Found>(&key).map(|found| found.0)
    }

    pub(super) fn node(&mut self, id: UnitId) -> Result<Node, RenderingError> {
        self.load(Id::Node(id)).ok_or(RenderingError::UnknownNode(id))
    }

    pub(super) fn job(&mut self, id: UnitId) -> Result<Job, RenderingError> {
        self.load(Id::Job(id)).ok_or(RenderingError::UnknownJob(id))
    }

    pub(super) fn ticket(&mut self, job: UnitId, number: u32) -> Result<Ticket, RenderingError> {
        self.load(Id::Ticket(job, number)).ok_or(RenderingError::UnknownTicket { job, number })
    }

    pub(super) fn comparison(&mut self, job: UnitId, number: u32) -> Result<Comparison, RenderingError> {
        self.load(Id::Comparison(job, number)).ok_or(RenderingError::NoComparison(number))
    }

    pub(super) fn totals(&mut self, change: impl FnOnce(&mut RenderingTotals)) {
        let mut totals = self.load::<RenderingTotals>(Id::Totals()).unwrap_or_default();
        change(&mut totals);
        self.save(Id::Totals(), totals);
    }

    /// Changes what is known of somebody; who has done nothing any more has no row.
    pub(super) fn person(&mut self, who: Address, change: impl FnOnce(&mut Person)) {
        let mut person = self.load::<Person>(Id::Person(who)).unwrap_or_default();
        change(&mut person);
        if person == Person::default() {
            self.forget(Id::Person(who));
        } else {
            self.save(Id::Person(who), person);
        }
    }

    fn send(&mut self, record: Record) -> Result<(), RenderingError> {
        self.record(&record)?;
        Ok(())
    }

    /// One node, as pledges and faults count it.
    const fn one() -> Component {
        Component { metric: NODES, quantity: Measured::new(1) }
    }

    /// A node, as the economy knows it.
    pub(super) const fn subject(owner: Address, node: UnitId) -> Subject {
        Subject::Unit { owner, unit: node }
    }

    pub(super) fn register_subject(&mut self, owner: Address, node: UnitId) -> Result<(), RenderingError> {
        self.send(Record::Register(Register { subject: Self::subject(owner, node), phase: 0 }))
    }

    /// Locks the pledge, or tops it up.
    pub(super) fn pledge(&mut self, owner: Address, node: UnitId, pledged: bool) -> Result<(), RenderingError> {
        let (subject, kind, basis, until) = (Self::subject(owner, node), NODE, Self::one(), NO_END);
        let record = if pledged {
            PledgeRecord::Resize { subject, kind, basis, until }
        } else {
            PledgeRecord::Lock { subject, kind, basis, until }
        };
        self.send(Record::Pledge(record))
    }

    pub(super) fn release_pledge(&mut self, owner: Address, node: UnitId) -> Result<(), RenderingError> {
        self.send(Record::Pledge(PledgeRecord::Release { subject: Self::subject(owner, node), kind: NODE }))
    }

    /// Whether a node stands, for networks that bind it to something.
    pub(super) fn stand(&mut self, owner: Address, node: UnitId, stands: bool) -> Result<(), RenderingError> {
        if !self.params().rules.nodes_stand {
            return Ok(());
        }
        let components = Components::one(Component { metric: NODES, quantity: Measured::new(u128::from(stands)) });
        self.send(Record::Current(Current { subject: Self::subject(owner, node), components }))
    }

    /// A node failed; nothing is said where the file has no rule for it, or nothing is pledged any more.
    pub(super) fn fault(&mut self, id: UnitId, node: &Node, kind: Name) -> Result<(), RenderingError> {
        let rules = &self.params().rules;
        if !rules.faults.contains(&kind) || (rules.pledges && !node.pledged) {
            return Ok(());
        }
        let (subject, affected) = (Self::subject(node.owner, id), Self::one());
        self.send(Record::Fault(Fault { subject, kind, affected, reporter: None }))
    }

    /// Holds a job's money, in millionths.
    pub(super) fn hold(&mut self, job: UnitId, artist: Address, funds: u64) -> Result<(), RenderingError> {
        let rules = &self.params().rules;
        let (price, until) = (rules.price(funds), self.now().later(rules.hold_most));
        let hold = ChargeRecord::Hold { id: job, kind: FRAME, from: PaymentSource::Wallet(artist), currency: None, price, until };
        self.send(Record::Charge(hold))
    }

    pub(super) fn hold_more(&mut self, job: UnitId, more: u64) -> Result<(), RenderingError> {
        let price = self.params().rules.price(more);
        self.send(Record::Charge(ChargeRecord::Add { id: job, price }))
    }

    /// Pays a part of a job's money to somebody. A hold that is over pays nothing.
    pub(super) fn capture(&mut self, id: UnitId, job: &mut Job, to: Address, value: u64) -> Result<(), RenderingError> {
        if value > 0 && !job.lapsed {
            let price = self.params().rules.price(value);
            self.send(Record::Charge(ChargeRecord::Capture { id, to, price }))?;
        }
        job.spent = job.spent.checked_add(value).ok_or(Refusal::TooLarge)?;
        Ok(())
    }

    /// Pays a node for work, and counts it as what it accrued. What the economy may put off is said first.
    pub(super) fn pay_node(
        &mut self,
        id: UnitId,
        job: &mut Job,
        (node, owner): (UnitId, Address),
        (value, work): (u64, u64),
    ) -> Result<(), RenderingError> {
        if job.lapsed || value == 0 {
            return self.capture(id, job, owner, value);
        }
        let rules = &self.params().rules;
        let metrics = [(rules.value_earns, APPROVED_VALUE, value), (rules.work_earns, OCTANEBENCH_HOURS, work)];
        let accrued = metrics.into_iter().filter(|(earns, ..)| *earns);
        let components = accrued.map(|(_, metric, quantity)| Component { metric, quantity: Measured::new(quantity.into()) });
        let components = Components::new(components).expect("two metrics at most");
        if !components.is_empty() {
            self.send(Record::Accrued(Accrued { subject: Self::subject(owner, node), components }))?;
        }
        self.capture(id, job, owner, value)
    }

    /// What an idle node accrued, in thousandths of a score.
    pub(super) fn accrue_idle(&mut self, owner: Address, node: UnitId, score: u128) -> Result<(), RenderingError> {
        if score == 0 {
            return Ok(());
        }
        let components = Components::one(Component { metric: AVAILABILITY, quantity: Measured::new(score) });
        self.send(Record::Accrued(Accrued { subject: Self::subject(owner, node), components }))
    }

    /// Gives the rest of a job's money back; says how much it is.
    pub(super) fn void(&mut self, id: UnitId, job: &Job) -> Result<u64, RenderingError> {
        let rest = job.funds.saturating_sub(job.spent);
        if job.lapsed || rest == 0 {
            return Ok(0);
        }
        match self.send(Record::Charge(ChargeRecord::Void { id })) {
            Ok(()) => Ok(rest),
            // A chain that came to it after the hold was over: it is back already.
            Err(RenderingError::Economy(Refusal::Unknown { what: Topic::Hold })) => Ok(0),
            Err(error) => Err(error),
        }
    }
}
