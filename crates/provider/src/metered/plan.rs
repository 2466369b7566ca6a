//! What to do about disputes. Pure: it has nothing but the view, so that a simulator's agents can use it.

use super::{
    config::DisputePolicy,
    task::MeteredTask,
    view::{KnownDispute, View},
};
use crate::operator::{Agenda, Subject};
use depin_quantity::{UnitId, Units};

/// The tasks that follow from the policy for the disputes on the agenda: one message each, for those that have no answer yet.
pub fn plan(view: &View, agenda: &Agenda) -> Vec<MeteredTask> {
    let tasks = tasks(view, |batch| agenda.allows(Subject::Unit(batch)));
    tasks.into_iter().filter(|task| agenda.units.contains(&task.batch())).collect()
}

/// What the policy does about all disputes without an answer that `may` be answered. Those whose time ends first come first: their
/// deposits are counted before those of others.
fn tasks(view: &View, may: impl Fn(UnitId) -> bool) -> Vec<MeteredTask> {
    let Some(policy) = view.policy else { return Vec::new() };
    let mut open: Vec<&KnownDispute> = view.disputes.values().filter(|known| known.dispute.answer.is_none()).collect();
    open.sort_by_key(|known| (known.dispute.due.ms, known.dispute.batch));
    let allowed = open.into_iter().filter(|known| may(known.dispute.batch));
    match policy {
        DisputePolicy::Ask => Vec::new(),
        DisputePolicy::Concede => allowed.map(|known| MeteredTask::Concede(known.dispute.batch)).collect(),
        DisputePolicy::StandBy { deposit_most } => {
            let mut left = deposit_most.minus_or_zero(at_stake(view));
            let answer = |known: &KnownDispute| {
                let evidence = known.evidence.clone()?;
                left = left.minus(known.dispute.deposit.units).ok()?;
                Some(MeteredTask::Answer { batch: known.dispute.batch, evidence })
            };
            allowed.filter_map(answer).collect()
        }
    }
}

/// What the operator has put up in disputes that are not decided.
pub(super) fn at_stake(view: &View) -> Units {
    let answers = view.disputes.values().filter_map(|known| known.dispute.answer.as_ref());
    // No token has more than 128 bits of base units in all, so no sum of parts of it does.
    answers.fold(Units::ZERO, |sum, answer| sum.plus(answer.deposit.units).unwrap_or(sum))
}

/// Disputes that wait for a person, by the policy.
pub(super) fn waiting(view: &View) -> Vec<UnitId> {
    if view.policy.is_none() {
        return Vec::new();
    }
    let done: Vec<UnitId> = tasks(view, |_| true).iter().map(MeteredTask::batch).collect();
    let unanswered = view.disputes.values().filter(|known| known.dispute.answer.is_none());
    unanswered.map(|known| known.dispute.batch).filter(|batch| !done.contains(batch)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_client::api::{Amount, DisputeAnswer, EvidenceRef, MeteredDispute};
    use depin_quantity::{Address, ContentHash, Instant, Name};
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
    fn it_stands_by_its_reports_as_long_as_all_its_deposits_are_within_its_limit() {
        let stand_by = |most| view(DisputePolicy::StandBy { deposit_most: Units::new(most) });
        // One unit is at stake in the dispute that is answered already.
        let answered = |view: &View| plan(view, &all()).iter().map(MeteredTask::batch).collect::<Vec<_>>();
        for (most, answers, waits) in [
            (5, vec![], vec![id(1), id(2)]),
            (6, vec![id(1)], vec![id(2)]),
            (11, vec![id(1)], vec![id(2)]),
            (12, vec![id(1), id(2)], vec![]),
        ] {
            assert_eq!((answered(&stand_by(most)), waiting(&stand_by(most))), (answers, waits), "{most}");
        }
        // Whose time ends first is answered first.
        let mut view = stand_by(7);
        view.disputes.get_mut(&id(2)).unwrap().dispute.due = Instant::new(8).into();
        assert_eq!((answered(&view), waiting(&view)), (vec![id(2)], vec![id(1)]));
    }

    #[test]
    fn it_answers_with_the_batchs_own_evidence() {
        let view = view(DisputePolicy::StandBy { deposit_most: Units::new(6) });
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
