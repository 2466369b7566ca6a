//! Disputes: opened within a batch's window, answered, conceded or decided; or ended by time.

use super::{
    due::Job,
    error::MeteredError,
    event::{Decided, MeteredEvent, Parties},
    message::Evidence,
    names::OVERSTATED,
    params::{DisputeParams, Undecided},
    records::Side,
    reports::check_evidence,
    rows::{Answer, BatchState, Dispute, Operator},
    service::Metered,
};
use crate::context::Context;
use depin_quantity::{Address, Rounding, UnitId, Units};

impl Context<'_, Metered> {
    fn dispute_params(&self) -> Result<DisputeParams, MeteredError> {
        self.params().disputes.ok_or(MeteredError::NoDisputes)
    }

    fn dispute(&mut self, batch: UnitId) -> Result<Dispute, MeteredError> {
        self.state().get::<Dispute>(&batch).ok_or(MeteredError::NoDispute(batch))
    }

    /// Refuses what comes too late.
    fn in_time(&self, batch: UnitId, by: depin_quantity::Instant) -> Result<(), MeteredError> {
        if self.now() >= by { Err(MeteredError::TooLate { batch, by }) } else { Ok(()) }
    }

    /// Order of refusals: disputes, evidence, batch, customer, state, window, units accepted, deposit.
    pub(super) fn open_dispute(
        &mut self,
        sender: Address,
        id: UnitId,
        accepted: u64,
        evidence: &Evidence,
    ) -> Result<(), MeteredError> {
        let params = self.dispute_params()?;
        check_evidence(evidence)?;
        let mut batch = self.batch(id)?;
        let mut order = self.order(batch.order)?;
        if order.customer != sender {
            return Err(MeteredError::NotYours { order: batch.order, owner: order.customer });
        }
        let BatchState::Pending { payable_at } = batch.state else { return Err(MeteredError::NotPending(id)) };
        self.in_time(id, payable_at)?;
        if accepted >= batch.open {
            return Err(MeteredError::Accepted { batch: id, given: accepted, most: batch.open - 1 });
        }
        self.pay(id, &mut batch, &mut order, accepted)?;
        let contested = batch.open;
        let basis = self.params().rules.deposit.map_or(0, |rule| rule.basis(order.currency, batch.held));
        let deposit = self.hold_deposit(id, Side::Customer, sender, basis)?;
        batch.state = BatchState::Disputed;
        let (opened, due) = (self.now(), self.now().later(params.answer_within));
        let evidence = evidence.clone();
        let dispute = Dispute { order: batch.order, contested, basis, opened, deposit, evidence, answer: None, due };
        self.unschedule(payable_at, Job::Pay(id));
        self.schedule(due, Job::Lose(id));
        self.state().put(&id, &batch);
        self.state().put(&batch.order, &order);
        self.state().put(&id, &dispute);
        self.totals(|totals| {
            totals.disputes += 1;
            totals.open_disputes += 1;
        });
        let (order_id, parties) = (batch.order, order.parties());
        self.emit(MeteredEvent::DisputeOpened { order: order_id, batch: id, parties, contested, deposit, answer_by: due });
        Ok(())
    }

    /// Order of refusals: disputes, evidence, dispute, operator, second answer, time, deposit.
    pub(super) fn answer_dispute(&mut self, sender: Address, id: UnitId, evidence: &Evidence) -> Result<(), MeteredError> {
        let params = self.dispute_params()?;
        check_evidence(evidence)?;
        let mut dispute = self.dispute(id)?;
        let parties = self.parties_for_operator(sender, &dispute)?;
        if dispute.answer.is_some() {
            return Err(MeteredError::Answered(id));
        }
        self.in_time(id, dispute.due)?;
        let deposit = self.hold_deposit(id, Side::Operator, sender, dispute.basis)?;
        self.unschedule(dispute.due, Job::Lose(id));
        let at = self.now();
        dispute.answer = Some(Answer { at, deposit, evidence: evidence.clone() });
        dispute.due = at.later(params.decide_within);
        self.schedule(dispute.due, Job::Default(id));
        self.state().put(&id, &dispute);
        let (order, decide_by) = (dispute.order, dispute.due);
        self.emit(MeteredEvent::DisputeAnswered { order, batch: id, parties, deposit, decide_by });
        Ok(())
    }

    /// The sides of a disputed order, when `sender` is its operator.
    fn parties_for_operator(&mut self, sender: Address, dispute: &Dispute) -> Result<Parties, MeteredError> {
        let parties = self.order(dispute.order)?.parties();
        if parties.operator != sender {
            return Err(MeteredError::NotYours { order: dispute.order, owner: parties.operator });
        }
        Ok(parties)
    }

    pub(super) fn concede(&mut self, sender: Address, id: UnitId) -> Result<(), MeteredError> {
        let dispute = self.dispute(id)?;
        self.parties_for_operator(sender, &dispute)?;
        self.in_time(id, dispute.due)?;
        self.decide(id, 0, Decided::Conceded)
    }

    /// Order of refusals: disputes, dispute, arbiter, answer, time, units.
    pub(super) fn rule_on(&mut self, sender: Address, id: UnitId, counted: u64) -> Result<(), MeteredError> {
        let params = self.dispute_params()?;
        let dispute = self.dispute(id)?;
        let arbiter = self.role(params.arbiter);
        if arbiter != Some(sender) {
            return Err(MeteredError::NotTheArbiter { role: params.arbiter, is: arbiter });
        }
        if dispute.answer.is_none() {
            return Err(MeteredError::NotAnswered { batch: id, by: dispute.due });
        }
        self.in_time(id, dispute.due)?;
        if counted > dispute.contested {
            return Err(MeteredError::Counted { batch: id, given: counted, contested: dispute.contested });
        }
        self.decide(id, counted, Decided::ByArbiter)
    }

    /// The operator gave no answer in time.
    pub(super) fn unanswered(&mut self, id: UnitId) -> Result<(), MeteredError> {
        match self.state().get::<Dispute>(&id) {
            Some(Dispute { answer: None, .. }) => self.decide(id, 0, Decided::Unanswered),
            _ => Ok(()),
        }
    }

    /// The arbiter did not decide in time, so the file does.
    pub(super) fn undecided(&mut self, id: UnitId) -> Result<(), MeteredError> {
        let Some(dispute) = self.state().get::<Dispute>(&id) else { return Ok(()) };
        let counted = match self.dispute_params()?.undecided {
            Undecided::Customer => 0,
            Undecided::Operator => dispute.contested,
            // The odd unit counts: else whoever disputes one unit at a time would win them all by the arbiter's silence.
            Undecided::Split => dispute.contested.div_ceil(2),
        };
        self.decide(id, counted, Decided::ByDefault)
    }

    /// Ends a dispute: `counted` of its units are paid, and the deposits go where they belong.
    fn decide(&mut self, id: UnitId, counted: u64, decided: Decided) -> Result<(), MeteredError> {
        let dispute = self.dispute(id)?;
        let (contested, parties) = (dispute.contested, self.order(dispute.order)?.parties());
        let lost = match decided {
            Decided::ByArbiter => counted < contested.div_ceil(2),
            Decided::Unanswered => true,
            // Who stood by a batch and gives it up has lost it, as by the arbiter's word: else nobody would ever be found.
            Decided::Conceded => dispute.answer.is_some(),
            Decided::ByDefault => false,
        };
        if lost {
            self.find_overstated(parties)?;
        }
        self.settle(id, counted)?;
        let (by_customer, by_operator) = self.lost_parts(&dispute, counted, decided)?;
        let customer_paid = self.end_deposit(id, Side::Customer, parties, dispute.basis, by_customer)?;
        let operator_paid = match dispute.answer {
            Some(_) => self.end_deposit(id, Side::Operator, parties, dispute.basis, by_operator)?,
            None => Units::ZERO,
        };
        self.forget_dispute(id, &dispute);
        let order = dispute.order;
        self.emit(MeteredEvent::DisputeDecided {
            order,
            batch: id,
            parties,
            contested,
            counted,
            decided,
            customer_paid,
            operator_paid,
        });
        Ok(())
    }

    /// How much of its basis the customer's deposit loses, and the operator's: the parts of the units that they were wrong about. Nobody
    /// was found wrong when the file splits because the arbiter was silent; then who opened the dispute pays what the file says, since
    /// the other's money was frozen by it.
    fn lost_parts(&self, dispute: &Dispute, counted: u64, decided: Decided) -> Result<(u128, u128), MeteredError> {
        let params = self.dispute_params()?;
        let basis = Units::new(dispute.basis);
        if decided == Decided::ByDefault && params.undecided == Undecided::Split {
            return Ok((params.undecided_cost.of(basis, Rounding::Up)?.get(), 0));
        }
        let part = |units: u64| basis.mul_div(units.into(), dispute.contested.into(), Rounding::Down);
        Ok((part(counted)?.get(), part(dispute.contested - counted)?.get()))
    }

    fn find_overstated(&mut self, parties: Parties) -> Result<(), MeteredError> {
        let operator = self.operator(parties.operator)?;
        self.fault(parties.operator, OVERSTATED, operator.pledged, parties.customer)?;
        let operator = Operator { failures: operator.failures.saturating_add(1), ..operator };
        self.state().put(&parties.operator, &operator);
        Ok(())
    }

    /// The price of a disputed batch went back by itself, so there is nothing left to decide: both deposits go back.
    pub(super) fn drop_dispute(&mut self, id: UnitId) -> Result<(), MeteredError> {
        let dispute = self.dispute(id)?;
        let parties = self.order(dispute.order)?.parties();
        self.end_deposit(id, Side::Customer, parties, dispute.basis, 0)?;
        if dispute.answer.is_some() {
            self.end_deposit(id, Side::Operator, parties, dispute.basis, 0)?;
        }
        self.forget_dispute(id, &dispute);
        Ok(())
    }

    fn forget_dispute(&mut self, id: UnitId, dispute: &Dispute) {
        let job = if dispute.answer.is_some() { Job::Default(id) } else { Job::Lose(id) };
        self.unschedule(dispute.due, job);
        self.state().delete::<Dispute>(&id);
        self.totals(|totals| totals.open_disputes = totals.open_disputes.saturating_sub(1));
    }
}
