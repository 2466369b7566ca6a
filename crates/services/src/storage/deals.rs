//! Deals: proposed, accepted, extended, ended.

use super::{
    due::{Challenge, Job},
    error::{StorageError, check_count, check_list},
    event::StorageEvent,
    message::{DEALS_PER_MESSAGE, LABEL_MAX, Proposal, REASON_MAX},
    names::{close_reason, fault_kind},
    rows::{ByProvider, CloseReason, Deal, DealState, ProposalsOf, Provider},
    service::Storage,
};
use crate::context::Context;
use depin_quantity::{Address, Seed, Span, UnitId};

/// How long a proposal that nobody took can still be read after it closed.
const UNTAKEN_KEPT: Span = Span::from_secs(3_600);

impl Context<'_, Storage> {
    /// `unique` binds the new deals' ids to the transaction that proposes them.
    pub(super) fn propose(&mut self, client: Address, proposals: &[Proposal], unique: Seed) -> Result<(), StorageError> {
        check_count(proposals.len(), DEALS_PER_MESSAGE)?;
        self.count_proposals(client, proposals.len())?;
        for (index, proposal) in proposals.iter().enumerate() {
            self.check_proposal(proposal)?;
            let id = deal_id(unique, index);
            let start_by = self.now().later(self.params().epochs(proposal.start_within));
            let deal = Deal::from_proposal(client, proposal, self.now(), start_by);
            self.escrow_deal(id, &deal)?;
            self.put_deal(id, &deal);
            self.list_deal(id, &deal);
            self.schedule(start_by, Job::Expire(id));
            self.totals(|t| t.proposed += 1);
            let Deal { provider, piece, size, price, term, .. } = deal;
            self.emit(StorageEvent::DealProposed { deal: id, client, provider, piece, size, price, term });
        }
        Ok(())
    }

    /// Counts proposals that wait, up to what one client may have waiting.
    fn count_proposals(&mut self, client: Address, more: usize) -> Result<(), StorageError> {
        let (ProposalsOf(open), most) =
            (self.state().get::<ProposalsOf>(&client).unwrap_or_default(), self.params().proposals_most);
        let sum = u32::try_from(more).ok().and_then(|more| open.checked_add(more)).filter(|sum| *sum <= most);
        let sum = sum.ok_or(StorageError::Proposals { open, more, most })?;
        self.state().put(&client, &ProposalsOf(sum));
        Ok(())
    }

    /// A proposal waits no more: it was taken, or it closed.
    fn waits_no_more(&mut self, id: UnitId, deal: &Deal) {
        let client = deal.client;
        self.state().put(&(deal.provider, id), &ByProvider::Answered);
        match self.state().get::<ProposalsOf>(&client) {
            Some(ProposalsOf(open)) if open > 1 => self.state().put(&client, &ProposalsOf(open - 1)),
            _ => self.state().delete::<ProposalsOf>(&client),
        }
    }

    fn check_proposal(&mut self, p: &Proposal) -> Result<(), StorageError> {
        let params = self.params();
        let provider = self.provider(p.provider)?;
        if p.price.is_zero() {
            return Err(StorageError::FreeDeal);
        }
        if p.price > params.price_max {
            return Err(StorageError::PriceTooHigh { price: p.price, max: params.price_max });
        }
        if p.term < params.term_min || p.term > params.term_max {
            return Err(StorageError::Term { term: p.term, min: params.term_min, max: params.term_max });
        }
        if p.start_within < params.start_min || p.start_within > params.start_max {
            return Err(StorageError::Start { given: p.start_within, min: params.start_min, max: params.start_max });
        }
        if p.label.len() > LABEL_MAX {
            return Err(StorageError::Label(p.label.len()));
        }
        if !provider.ask.open || p.size < provider.ask.piece_min || p.size > provider.ask.piece_max {
            return Err(StorageError::Ask("the provider takes no such deal; read its ask and propose within it"));
        }
        check_room(p.provider, &provider, p.size.get())
    }

    pub(super) fn accept(&mut self, sender: Address, deals: &[UnitId]) -> Result<(), StorageError> {
        check_list(deals)?;
        for &id in deals {
            let mut deal = self.deal_of_provider(id, sender)?;
            needs(id, &deal, "proposed", deal.state == DealState::Proposed)?;
            if self.now() >= deal.start_by {
                return Err(StorageError::TooLate { deal: id, by: deal.start_by });
            }
            let mut provider = self.provider(sender)?;
            check_room(sender, &provider, deal.size.get())?;
            self.commit_deal(id, &deal)?;
            provider.promised += deal.size.get();
            provider.deals += 1;
            self.state().put(&sender, &provider);
            self.unschedule(deal.start_by, Job::Expire(id));
            self.fix(Challenge::Sector(id));
            self.waits_no_more(id, &deal);
            deal.state = DealState::Accepted;
            self.put_deal(id, &deal);
            self.emit(StorageEvent::DealAccepted { deal: id, client: deal.client, provider: sender });
        }
        Ok(())
    }

    pub(super) fn refuse(&mut self, sender: Address, deals: &[UnitId], reason: &str) -> Result<(), StorageError> {
        check_list(deals)?;
        if reason.len() > REASON_MAX {
            return Err(StorageError::Reason(reason.len()));
        }
        for &id in deals {
            let mut deal = self.deal_of_provider(id, sender)?;
            needs(id, &deal, "proposed", deal.state == DealState::Proposed)?;
            self.unschedule(deal.start_by, Job::Expire(id));
            self.refund_proposal(id, &deal)?;
            self.finish(id, &mut deal, CloseReason::Refused(reason.to_owned()));
        }
        Ok(())
    }

    /// Nobody took the deal in time.
    pub(super) fn expire(&mut self, id: UnitId) -> Result<(), StorageError> {
        let mut deal = self.deal(id)?;
        if deal.state == DealState::Proposed {
            self.refund_proposal(id, &deal)?;
            self.finish(id, &mut deal, CloseReason::Expired);
        }
        Ok(())
    }

    pub(super) fn extend(&mut self, client: Address, deals: &[UnitId], epochs: u64) -> Result<(), StorageError> {
        check_list(deals)?;
        let params = self.params();
        for &id in deals {
            let mut deal = self.deal_of_client(id, client)?;
            needs(id, &deal, "active", matches!(deal.state, DealState::Active { .. }))?;
            needs(id, &deal, "without an open request", deal.extension.is_none() && !deal.end_asked)?;
            let term = deal.term.saturating_add(epochs);
            if epochs == 0 || term > params.term_max {
                return Err(StorageError::Term { term: epochs, min: 1, max: params.term_max.saturating_sub(deal.term) });
            }
            let price = deal.price.times(epochs.into()).map_err(depin_economy::Refusal::from)?;
            self.deposit(id, client, price)?;
            deal.extension = Some(epochs);
            self.put_deal(id, &deal);
            self.emit(StorageEvent::ExtensionAsked { deal: id, provider: deal.provider, epochs });
        }
        Ok(())
    }

    pub(super) fn accept_extensions(&mut self, sender: Address, deals: &[UnitId]) -> Result<(), StorageError> {
        check_list(deals)?;
        for &id in deals {
            let mut deal = self.deal_of_provider(id, sender)?;
            let (Some(epochs), DealState::Active { since, until, faulty }) = (deal.extension, deal.state.clone()) else {
                return Err(wrong(id, &deal, "active with an extension asked for"));
            };
            let until = until.later(self.params().epochs(epochs));
            self.extend_stream(id, &deal, epochs, until)?;
            deal.term += epochs;
            deal.extension = None;
            deal.state = DealState::Active { since, until, faulty };
            self.put_deal(id, &deal);
            self.emit(StorageEvent::DealExtended { deal: id, client: deal.client, provider: sender, until });
        }
        Ok(())
    }

    /// A request to end also withdraws an extension that was not agreed yet.
    pub(super) fn ask_end(&mut self, client: Address, deals: &[UnitId]) -> Result<(), StorageError> {
        check_list(deals)?;
        for &id in deals {
            let mut deal = self.deal_of_client(id, client)?;
            needs(id, &deal, "proposed, accepted or active", !deal.is_closed())?;
            if deal.state == DealState::Proposed {
                self.unschedule(deal.start_by, Job::Expire(id));
                self.refund_proposal(id, &deal)?;
                self.finish(id, &mut deal, CloseReason::Agreed);
                continue;
            }
            self.withdraw_extension(id, &mut deal)?;
            deal.end_asked = true;
            self.put_deal(id, &deal);
            self.emit(StorageEvent::EndAsked { deal: id, provider: deal.provider });
        }
        Ok(())
    }

    fn withdraw_extension(&mut self, id: UnitId, deal: &mut Deal) -> Result<(), StorageError> {
        let Some(epochs) = deal.extension.take() else { return Ok(()) };
        let price = deal.price.times(epochs.into()).map_err(depin_economy::Refusal::from)?;
        self.refund(id, price)
    }

    pub(super) fn agree_end(&mut self, sender: Address, deals: &[UnitId]) -> Result<(), StorageError> {
        check_list(deals)?;
        for &id in deals {
            let mut deal = self.deal_of_provider(id, sender)?;
            needs(id, &deal, "one whose client asked to end it", deal.end_asked && !deal.is_closed())?;
            self.close_stream(id, close_reason::AGREED)?;
            self.leave(id, &mut deal, CloseReason::Agreed)?;
        }
        Ok(())
    }

    pub(super) fn give_up(&mut self, sender: Address, deals: &[UnitId]) -> Result<(), StorageError> {
        check_list(deals)?;
        for &id in deals {
            let mut deal = self.deal_of_provider(id, sender)?;
            needs(id, &deal, "accepted or active", matches!(deal.state, DealState::Accepted | DealState::Active { .. }))?;
            self.terminate(id, &mut deal, CloseReason::GivenUp)?;
        }
        Ok(())
    }

    /// Ends a deal by its provider's fault: penalty from the pledge, bond burnt, unspent funds back to the client.
    pub(super) fn terminate(&mut self, id: UnitId, deal: &mut Deal, reason: CloseReason) -> Result<(), StorageError> {
        self.fault(id, deal, fault_kind::TERMINATED)?;
        self.close_stream(id, close_reason::TERMINATED)?;
        self.leave(id, deal, reason)
    }

    pub(super) fn settle(&mut self, deals: &[UnitId]) -> Result<(), StorageError> {
        check_list(deals)?;
        for &id in deals {
            let deal = self.deal(id)?;
            needs(id, &deal, "active", matches!(deal.state, DealState::Active { .. }))?;
            self.settle_stream(id)?;
        }
        Ok(())
    }

    /// Takes the sector out of its provider's books after its stream has ended: power, pledge, DataCap, data set.
    pub(super) fn leave(&mut self, id: UnitId, deal: &mut Deal, reason: CloseReason) -> Result<(), StorageError> {
        let mut provider = self.provider(deal.provider)?;
        if deal.has_power() {
            self.power(&mut provider, deal, false)?;
        }
        match deal.state {
            DealState::Active { ref faulty, .. } => {
                let was_faulty = faulty.is_some();
                self.totals(|t| {
                    t.active -= 1;
                    t.faulty -= u64::from(was_faulty);
                });
                self.release_datacap(id, deal)?;
            }
            _ => self.return_datacap(id, deal)?,
        }
        provider.promised -= deal.size.get();
        provider.deals -= 1;
        if let Some(set) = deal.set.take() {
            self.remove_from_set(deal.provider, set, id);
        }
        self.state().put(&deal.provider, &provider);
        // A termination fault may have ended the pledge already, and kept the penalty.
        let terminated = matches!(reason, CloseReason::GivenUp | CloseReason::Faulty);
        if !(terminated && self.params().rules.termination_ends_pledge) {
            self.release_sector(id, deal)?;
        }
        self.finish(id, deal, reason);
        Ok(())
    }

    /// Marks a deal closed and lets it be forgotten in a while, one that nobody took sooner: it says no more than its end did.
    fn finish(&mut self, id: UnitId, deal: &mut Deal, reason: CloseReason) {
        let mut kept = self.params().epochs(self.params().closed_kept);
        if deal.state == DealState::Proposed {
            self.waits_no_more(id, deal);
            kept = kept.min(UNTAKEN_KEPT);
        }
        deal.state = DealState::Closed { reason: reason.clone(), at: self.now() };
        deal.challenge = None;
        deal.extension = None;
        self.put_deal(id, deal);
        self.schedule(self.now().later(kept), Job::Forget(id));
        self.emit(StorageEvent::DealClosed { deal: id, client: deal.client, provider: deal.provider, reason });
    }

    pub(super) fn forget(&mut self, id: UnitId) -> Result<(), StorageError> {
        let deal = self.deal(id)?;
        self.unlist_deal(id, &deal);
        self.state().delete::<Deal>(&id);
        Ok(())
    }
}

/// Natural id of the deal that a transaction proposes at `index` of its list.
pub fn deal_id(unique: Seed, index: usize) -> UnitId {
    UnitId::derive("depin-deal", &[&unique.get(), &(index as u64).to_be_bytes()])
}

fn check_room(address: Address, provider: &Provider, wanted: u64) -> Result<(), StorageError> {
    let (capacity, promised) = (provider.capacity, provider.promised);
    if promised.checked_add(wanted).is_none_or(|sum| sum > capacity) {
        return Err(StorageError::Full { provider: address, capacity, promised, wanted });
    }
    Ok(())
}

/// Refuses a deal that is not in the state needed.
pub(super) fn needs(id: UnitId, deal: &Deal, needs: &'static str, holds: bool) -> Result<(), StorageError> {
    if holds { Ok(()) } else { Err(wrong(id, deal, needs)) }
}

pub(super) fn wrong(id: UnitId, deal: &Deal, needs: &'static str) -> StorageError {
    StorageError::WrongState { deal: id, is: deal.state.name(), needs }
}
