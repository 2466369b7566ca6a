//! What to do about disputes. Pure: it has nothing but the view, so that a simulator's agents can use it.

use super::{
    config::DisputePolicy,
    task::MeteredTask,
    view::{KnownDispute, View},
};
use crate::operator::{Agenda, Subject};
use depin_quantity::UnitId;

/// The tasks that follow from the policy for the disputes on the agenda: one message each, for those that have no answer yet.
pub fn plan(view: &View, agenda: &Agenda) -> Vec<MeteredTask> {
    let Some(policy) = view.policy else { return Vec::new() };
    let open = agenda.units.iter().filter_map(|id| view.disputes.get(id));
    let allowed = open.filter(|known| agenda.allows(Subject::Unit(known.dispute.batch)));
    allowed.filter_map(|known| task(policy, known)).collect()
}

fn task(policy: DisputePolicy, known: &KnownDispute) -> Option<MeteredTask> {
    let dispute = &known.dispute;
    if dispute.answer.is_some() {
        return None;
    }
    match policy {
        DisputePolicy::Concede => Some(MeteredTask::Concede(dispute.batch)),
        DisputePolicy::StandBy { deposit_most } if dispute.deposit.units <= deposit_most => {
            let evidence = known.evidence.clone()?;
            Some(MeteredTask::Answer { batch: dispute.batch, evidence })
        }
        DisputePolicy::StandBy { .. } | DisputePolicy::Ask => None,
    }
}

/// Disputes that wait for a person, by the policy.
pub(super) fn waiting(view: &View) -> Vec<UnitId> {
    let Some(policy) = view.policy else { return Vec::new() };
    let unanswered = view.disputes.values().filter(|known| known.dispute.answer.is_none());
    unanswered.filter(|known| task(policy, known).is_none()).map(|known| known.dispute.batch).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_client::api::{Amount, DisputeAnswer, EvidenceRef, MeteredDispute};
    use depin_quantity::{Address, ContentHash, Instant, Name, Units};
    use depin_services::metered::Evidence;

    fn id(n: u8) -> UnitId {
        UnitId::new([n; 32])
    }

    fn dispute(n: u8, deposit: u128, answered: bool) -> KnownDispute {
        let amount = Amount::new(Name::literal("FIL"), Units::new(deposit), 18);
        let evidence = EvidenceRef { hash: ContentHash::new([1; 32]), pointer: None };
        let answer = DisputeAnswer { at: Instant::new(1).into(), deposit: amount.clone(), evidence: evidence.clone() };
        let dispute = MeteredDispute {
            batch: id(n),
            order: id(100),
            customer: Address::new([1; 32]),
            operator: Address::new([2; 32]),
            contested: 10,
            opened: Instant::new(0).into(),
            deposit: amount,
            evidence,
            answer: answered.then_some(answer),
            due: Instant::new(9).into(),
        };
        KnownDispute { dispute, evidence: Some(Evidence { hash: ContentHash::new([n; 32]), pointer: None }) }
    }

    fn view(policy: DisputePolicy) -> View {
        let disputes = [dispute(1, 5, false), dispute(2, 6, false), dispute(3, 1, true)];
        let disputes = disputes.into_iter().map(|known| (known.dispute.batch, known)).collect();
        View { disputes, policy: Some(policy), ..View::default() }
    }

    fn all() -> Agenda {
        Agenda { units: [id(1), id(2), id(3), id(9)].into(), ..Agenda::default() }
    }

    #[test]
    fn it_stands_by_its_reports_up_to_the_deposit_that_it_may_put_up() {
        let view = view(DisputePolicy::StandBy { deposit_most: Units::new(5) });
        let evidence = Evidence { hash: ContentHash::new([1; 32]), pointer: None };
        assert_eq!(plan(&view, &all()), [MeteredTask::Answer { batch: id(1), evidence }]);
        assert_eq!(waiting(&view), [id(2)], "what costs more is left to a person");
    }

    #[test]
    fn it_concedes_what_is_not_answered_yet_or_leaves_all_to_a_person() {
        let concede = view(DisputePolicy::Concede);
        assert_eq!(plan(&concede, &all()), [MeteredTask::Concede(id(1)), MeteredTask::Concede(id(2))]);
        assert_eq!(waiting(&concede), []);
        let ask = view(DisputePolicy::Ask);
        assert_eq!(plan(&ask, &all()), []);
        assert_eq!(waiting(&ask), [id(1), id(2)]);
    }

    #[test]
    fn what_rests_is_left_alone() {
        let agenda = Agenda { resting: [Subject::Unit(id(1))].into(), ..all() };
        assert_eq!(plan(&view(DisputePolicy::Concede), &agenda), [MeteredTask::Concede(id(2))]);
    }
}
