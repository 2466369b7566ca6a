//! Tenants order deployments, change their manifests, fund them and close them; their money runs out, and may come back.

use super::{
    due::Job,
    error::LeasingError,
    event::LeasingEvent,
    groups::Ending,
    ids::DeploymentId,
    message::{Deposit, NewDeployment},
    rows::{DeployedGroup, Deployment, Found, Funds, IndexKey},
    service::Leasing,
    states::{DeploymentState, GroupState},
};
use crate::context::Context;
use depin_economy::Money;
use depin_quantity::{Address, ContentHash, Instant, Name, Span, UnitId, Units};
use depin_sdl::Group;

impl Context<'_, Leasing> {
    /// Order of refusals: number, currency, window, money.
    pub(super) fn create_deployment(&mut self, sender: Address, new: &NewDeployment) -> Result<(), LeasingError> {
        let id = DeploymentId { owner: sender, dseq: new.dseq };
        if self.state().has::<Deployment>(&id) {
            return Err(LeasingError::DeploymentExists(id));
        }
        let (denom, currency) = self.currency_of(&new.groups)?;
        check_currency(new.deposit.amount, currency)?;
        if let Some(window) = new.reclaim_window {
            self.check_window(window)?;
        }
        let deposit = self.first_deposit(sender, id, &new.deposit)?;
        let deployment = Deployment {
            state: DeploymentState::Active,
            hash: new.hash,
            denom,
            currency,
            reclaim_window: new.reclaim_window,
            groups: u32::try_from(new.groups.len()).unwrap_or(u32::MAX),
            leases: 0,
            funds: Funds::Open,
            owed: Units::ZERO,
            created: self.now(),
            closed: None,
        };
        self.state().put(&id, &deployment);
        self.list(IndexKey::Escrow(id.unit()), Found::Deployment(id));
        self.totals(|totals| {
            totals.deployments += 1;
            totals.active_deployments += 1;
        });
        self.emit(LeasingEvent::DeploymentCreated { deployment: id, hash: new.hash, currency, deposit });
        for (gseq, group) in (1..).zip(&new.groups) {
            let mut row = DeployedGroup { state: GroupState::Open, group: group.clone(), orders: 0 };
            self.open_order(id.group(gseq), &mut row);
        }
        Ok(())
    }

    /// What groups are priced in, and the token that this is here.
    fn currency_of(&self, groups: &[Group]) -> Result<(String, Name), LeasingError> {
        let denom =
            groups.iter().flat_map(|group| &group.resources).map(|unit| unit.price.denom.clone()).next().unwrap_or_default();
        let denoms = &self.params().denoms;
        match denoms.token(&denom) {
            Some(currency) => Ok((denom, currency)),
            None => Err(LeasingError::Denom { given: denom.chars().take(80).collect(), known: denoms.known() }),
        }
    }

    /// Refuses a reclaim window outside what the network allows.
    pub(super) fn check_window(&self, given: Span) -> Result<(), LeasingError> {
        let window = self.params().reclaim.ok_or(LeasingError::NoReclaim)?;
        if given < window.least || given > window.most {
            return Err(LeasingError::ReclaimWindow { given, least: window.least, most: window.most });
        }
        Ok(())
    }

    pub(super) fn update_deployment(&mut self, sender: Address, dseq: u64, hash: ContentHash) -> Result<(), LeasingError> {
        let id = DeploymentId { owner: sender, dseq };
        let mut deployment = self.deployment(id)?;
        if deployment.state == DeploymentState::Closed {
            return Err(LeasingError::DeploymentClosed(id));
        }
        if deployment.hash == hash {
            return Err(LeasingError::SameHash(id));
        }
        deployment.hash = hash;
        self.state().put(&id, &deployment);
        self.emit(LeasingEvent::DeploymentUpdated { deployment: id, hash });
        Ok(())
    }

    /// Anybody may deposit; only its owner resumes a deployment whose money ran out.
    pub(super) fn deposit(&mut self, sender: Address, id: DeploymentId, deposit: &Deposit) -> Result<(), LeasingError> {
        let mut deployment = self.deployment(id)?;
        check_currency(deposit.amount, deployment.currency)?;
        match deployment.funds {
            Funds::Gone => return Err(LeasingError::OutOfFunds(id)),
            Funds::Closed if deployment.owed.is_zero() => return Err(LeasingError::DeploymentClosed(id)),
            Funds::Suspended { .. } if sender != id.owner => return Err(LeasingError::NotYours(id)),
            Funds::Open | Funds::Closed | Funds::Suspended { .. } => {}
        }
        let mut amount = Units::ZERO;
        let mut rest = deposit.clone();
        if deployment.funds == Funds::Open || !deployment.owed.is_zero() {
            amount = self.more_deposit(sender, id, deposit)?;
            rest.amount.amount = rest.amount.amount.minus_or_zero(self.money(deployment.currency, amount)?.amount);
            if !deployment.owed.is_zero() {
                deployment.owed = deployment.owed.minus_or_zero(amount);
                self.state().put(&id, &deployment);
            }
        }
        let resumes = matches!(deployment.funds, Funds::Suspended { .. }) && deployment.owed.is_zero();
        if resumes && !rest.amount.amount.is_zero() {
            amount = amount.plus(self.resume(sender, id, deployment.clone(), &rest)?)?;
        }
        let currency = deployment.currency;
        self.emit(LeasingEvent::DeploymentFunded { deployment: id, by: sender, currency, amount });
        Ok(())
    }

    /// New money for a deployment whose money ran out: its groups are ordered again.
    fn resume(
        &mut self,
        sender: Address,
        id: DeploymentId,
        mut deployment: Deployment,
        deposit: &Deposit,
    ) -> Result<Units, LeasingError> {
        let amount = self.first_deposit(sender, id, deposit)?;
        if let Funds::Suspended { until } = deployment.funds {
            self.unschedule(until, Job::GiveUp(id));
        }
        deployment.funds = Funds::Open;
        self.state().put(&id, &deployment);
        self.list(IndexKey::Escrow(id.unit()), Found::Deployment(id));
        for gseq in 1..=deployment.groups {
            let mut group = self.group(id.group(gseq))?;
            if group.state == GroupState::InsufficientFunds {
                self.start(id.group(gseq), &mut group);
            }
        }
        Ok(amount)
    }

    pub(super) fn close_deployment(&mut self, sender: Address, dseq: u64) -> Result<(), LeasingError> {
        let id = DeploymentId { owner: sender, dseq };
        let deployment = self.deployment(id)?;
        match (deployment.state, deployment.funds) {
            (DeploymentState::Closed, _) => return Err(LeasingError::DeploymentClosed(id)),
            (_, Funds::Gone) => return Err(LeasingError::OutOfFunds(id)),
            _ => {}
        }
        for gseq in 1..=deployment.groups {
            self.end_group(id.group(gseq), GroupState::Closed, Ending::OF_DEPLOYMENT)?;
        }
        if deployment.funds == Funds::Open {
            self.close_escrow(id)?;
        }
        self.finish(id)
    }

    /// The deployment is over; its groups have ended.
    fn finish(&mut self, id: DeploymentId) -> Result<(), LeasingError> {
        let mut deployment = self.deployment(id)?;
        if let Funds::Suspended { until } = deployment.funds {
            self.unschedule(until, Job::GiveUp(id));
        }
        if deployment.owed.is_zero() {
            self.unlist(IndexKey::Escrow(id.unit()));
        }
        (deployment.state, deployment.funds) = (DeploymentState::Closed, Funds::Closed);
        deployment.closed = Some(self.now());
        self.state().put(&id, &deployment);
        self.totals(|totals| totals.active_deployments = totals.active_deployments.saturating_sub(1));
        self.emit(LeasingEvent::DeploymentClosed { deployment: id });
        Ok(())
    }

    /// The economy says that an escrow is exhausted: its leases are closed by a job, since one block may have many such escrows.
    pub(super) fn funds_gone(&mut self, escrow: UnitId, owed: Units) {
        let Some(Found::Deployment(id)) = self.find(IndexKey::Escrow(escrow)) else { return };
        let Some(mut deployment) = self.state().get::<Deployment>(&id) else { return };
        (deployment.funds, deployment.owed) = (Funds::Gone, owed);
        self.state().put(&id, &deployment);
        self.schedule(self.now(), Job::Gone(id));
    }

    /// The economy says that an escrow is closed: after a debt was settled nothing is owed any more.
    pub(super) fn escrow_closed(&mut self, escrow: UnitId) {
        let Some(Found::Deployment(id)) = self.find(IndexKey::Escrow(escrow)) else { return };
        let Some(mut deployment) = self.state().get::<Deployment>(&id) else { return };
        deployment.owed = Units::ZERO;
        self.state().put(&id, &deployment);
        if deployment.funds == Funds::Closed {
            self.unlist(IndexKey::Escrow(escrow));
        }
    }

    pub(super) fn funds_low(&mut self, escrow: UnitId, until: Instant) {
        if let Some(Found::Deployment(deployment)) = self.find(IndexKey::Escrow(escrow)) {
            self.emit(LeasingEvent::FundsLow { deployment, until });
        }
    }

    /// Closes the leases of a deployment whose money is gone, and the deployment, unless the network lets a deposit resume it. What a
    /// group had done to it stays done when the economy puts the rest off. Gives how many groups it looked at.
    pub(super) fn close_without_funds(&mut self, id: DeploymentId) -> Result<u64, LeasingError> {
        let deployment = self.deployment(id)?;
        if deployment.funds != Funds::Gone {
            return Ok(0);
        }
        let resumes_until = self.params().resume_within.map(|within| self.now().later(within));
        for gseq in 1..=deployment.groups {
            let group = self.group(id.group(gseq))?;
            let stays = match group.state {
                GroupState::Closed | GroupState::InsufficientFunds => true,
                GroupState::Paused => resumes_until.is_some(),
                GroupState::Open => false,
            };
            if !stays {
                self.end_group(id.group(gseq), GroupState::InsufficientFunds, Ending::OUT_OF_FUNDS)?;
            }
        }
        self.emit(LeasingEvent::FundsGone { deployment: id, owed: deployment.owed, resumes_until });
        match resumes_until {
            Some(until) => {
                let mut deployment = self.deployment(id)?;
                deployment.funds = Funds::Suspended { until };
                self.state().put(&id, &deployment);
                self.schedule(until, Job::GiveUp(id));
            }
            None => self.finish(id)?,
        }
        Ok(deployment.groups.into())
    }

    /// Nobody resumed the deployment in time.
    pub(super) fn give_up(&mut self, id: DeploymentId) -> Result<u64, LeasingError> {
        let deployment = self.deployment(id)?;
        if !matches!(deployment.funds, Funds::Suspended { .. }) {
            return Ok(0);
        }
        for gseq in 1..=deployment.groups {
            self.end_group(id.group(gseq), GroupState::Closed, Ending::OUT_OF_FUNDS)?;
        }
        self.finish(id)?;
        Ok(deployment.groups.into())
    }
}

fn check_currency(deposit: Money, needed: Name) -> Result<(), LeasingError> {
    if deposit.currency == needed { Ok(()) } else { Err(LeasingError::DepositCurrency { given: deposit.currency, needed }) }
}
