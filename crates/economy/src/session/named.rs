//! Who and what an event names, for indexes.

use crate::{Account, Event, Subject};
use depin_quantity::{Address, UnitId};

/// The accounts and ids that an event names, in the order in which it names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventNames {
    /// Parties.
    pub accounts: Vec<Address>,
    /// Units of the service, escrows, streams, holds, fees, locks and other ids.
    pub units: Vec<UnitId>,
}

impl EventNames {
    fn account(&mut self, account: &Account) {
        match account {
            Account::Wallet(party) | Account::Vesting(party) | Account::Pledge(party) => self.accounts.push(*party),
            Account::Escrow(id) | Account::Bond(id) | Account::Hold(id) | Account::Slashed(id) => self.units.push(*id),
            Account::Supply
            | Account::Pool(_)
            | Account::Allocation(_)
            | Account::Treasury(_)
            | Account::AmmPool(_)
            | Account::Stake(_)
            | Account::Unbonding(_)
            | Account::Locked(_)
            | Account::Fees => {}
        }
    }

    fn subject(&mut self, subject: &Subject) {
        self.accounts.push(subject.owner());
        if let Subject::Unit { unit, .. } = subject {
            self.units.push(*unit);
        }
    }
}

impl Event {
    /// The accounts and ids that it names.
    pub fn names(&self) -> EventNames {
        let mut names = EventNames::default();
        self.name_parties(&mut names);
        self.name_units(&mut names);
        names
    }

    /// The unit that it is about, if it names one: what a service opens for a unit goes by the unit's id.
    pub fn subject(&self) -> Option<UnitId> {
        let mut units = self.names().units;
        units.sort_unstable();
        units.dedup();
        units.pop().filter(|_| units.is_empty())
    }

    /// Names what moves between accounts, and what is about a subject or a party.
    fn name_parties(&self, names: &mut EventNames) {
        match self {
            Self::Posting { from, to, .. } => {
                names.account(from);
                names.account(to);
            }
            Self::BatchPaid { payouts, .. } => {
                for payout in payouts {
                    names.accounts.push(payout.to);
                    // All zeros stand for the party itself.
                    names.units.extend((payout.unit.get() != [0; 32]).then_some(payout.unit));
                }
            }
            Self::Accrued { subject, .. }
            | Self::DrawWon { subject, .. }
            | Self::RewardPaid { subject, .. }
            | Self::MetricChanged { subject, .. }
            | Self::Registered { subject, .. }
            | Self::PledgeLocked { subject, .. }
            | Self::PledgeReleased { subject, .. }
            | Self::PledgeSlashed { subject, .. }
            | Self::FaultRaised { subject, .. } => names.subject(subject),
            Self::EscrowOpened { owner: party, .. }
            | Self::StreamOpened { to: party, .. }
            | Self::DebtChanged { party, .. }
            | Self::AllowanceGranted { party, .. }
            | Self::PriceReported { reporter: party, .. }
            | Self::HoldOpened { payer: party, .. }
            | Self::CreditsMinted { to: party, .. }
            | Self::ServiceFeePaid { payer: party, .. }
            | Self::ServiceFeeBegan { payer: party, .. }
            | Self::ServiceFeeUnpaid { payer: party, .. }
            | Self::ValidatorChanged { validator: party, .. }
            | Self::HasLeft { owner: party, .. }
            | Self::StakeRewardPaid { to: party, .. }
            | Self::LockChanged { owner: party, .. }
            | Self::Redeemed { party, .. }
            | Self::Bridged { party, .. } => names.accounts.push(*party),
            Self::AllowanceConsumed { party: a, beneficiary: b, .. }
            | Self::Charged { payer: a, to: b, .. }
            | Self::Delegated { validator: a, delegator: b, .. }
            | Self::Undelegated { validator: a, delegator: b, .. } => names.accounts.extend([*a, *b]),
            Self::Redelegated { from, to, delegator, .. } => names.accounts.extend([*from, *to, *delegator]),
            Self::StakeSlashed { validator, delegator, .. } => {
                names.accounts.push(*validator);
                names.accounts.extend(*delegator);
            }
            _ => {}
        }
    }

    /// Names the ids that stand in fields of their own.
    fn name_units(&self, names: &mut EventNames) {
        match self {
            Self::EscrowOpened { escrow: id, .. }
            | Self::EscrowClosed { escrow: id }
            | Self::EscrowLow { escrow: id, .. }
            | Self::EscrowSettled { escrow: id, .. }
            | Self::EscrowExhausted { escrow: id, .. }
            | Self::StreamActivated { stream: id, .. }
            | Self::StreamExtended { stream: id, .. }
            | Self::StreamMeasured { stream: id, .. }
            | Self::StreamEnded { stream: id, .. }
            | Self::AllowanceConsumed { unit: id, .. }
            | Self::AllowanceEnded { unit: id, .. }
            | Self::HoldOpened { hold: id, .. }
            | Self::HoldEnded { hold: id, .. }
            | Self::ServiceFeeBegan { fee: id, .. }
            | Self::ServiceFeeUnpaid { fee: id, .. }
            | Self::ServiceFeeEnded { fee: id, .. }
            | Self::Undelegated { unbonding: id, .. }
            | Self::HasLeft { id, .. }
            | Self::SlashEnded { slash: id, .. }
            | Self::LockChanged { id, .. }
            | Self::LockEnded { id }
            | Self::LockRewardPaid { id, .. }
            | Self::Bridged { reference: id, .. } => names.units.push(*id),
            Self::StreamOpened { stream: a, escrow: b, .. } | Self::SlashAppealed { slash: a, grounds: b } => {
                names.units.extend([*a, *b]);
            }
            Self::Charged { hold: id, .. } | Self::PledgeSlashed { slash: id, .. } => names.units.extend(*id),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reason;
    use depin_quantity::{Name, Units};

    fn posting(from: Account, to: Account) -> Event {
        Event::Posting { token: Name::literal("TOK"), from, to, amount: Units::new(1), reason: Reason::EscrowFunded }
    }

    #[test]
    fn an_event_is_about_the_only_id_that_it_names() {
        let (deal, other, party) = (UnitId::new([1; 32]), UnitId::new([2; 32]), Address::new([3; 32]));
        let funded = posting(Account::Wallet(party), Account::Escrow(deal));
        assert_eq!(funded.names(), EventNames { accounts: vec![party], units: vec![deal] });
        assert_eq!(funded.subject(), Some(deal));
        assert_eq!(posting(Account::Escrow(deal), Account::Bond(deal)).subject(), Some(deal));
        assert_eq!(posting(Account::Escrow(deal), Account::Bond(other)).subject(), None);
        assert_eq!(posting(Account::Supply, Account::Fees).names(), EventNames::default());
    }

    #[test]
    fn a_payout_of_the_party_itself_names_no_unit() {
        let payout = |unit| crate::Payout { to: Address::new([3; 32]), unit: UnitId::new([unit; 32]), amount: Units::new(1) };
        let paid =
            Event::BatchPaid { pool: Name::literal("work"), token: Name::literal("TOK"), payouts: vec![payout(0), payout(9)] };
        assert_eq!(paid.names().units, [UnitId::new([9; 32])]);
        assert_eq!(paid.names().accounts.len(), 2);
    }
}
