//! Decisions gathered into tasks: what goes to the ledger, in pieces that one message takes. Pure.

use super::clients::Clients;
use super::decide::{DealFacts, Decision, PieceFact, Terms, decide};
use super::task::StorageTask;
use depin_client::api::{Currency, DealStage};
use depin_quantity::{Instant, UnitId};
use depin_services::storage::{Ask, DEALS_PER_MESSAGE, PROOFS_PER_MESSAGE, piece::Commitment};
use std::collections::BTreeMap;

/// What there is to plan with.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// What the provider asks.
    pub ask: &'a Ask,
    /// What deals are paid in.
    pub currency: Currency,
    /// Ledger time.
    pub now: Instant,
    /// Padded bytes that can still be promised.
    pub room: u64,
    /// Reasons to decline deals that were to be taken, but could not be.
    pub hopeless: &'a BTreeMap<UnitId, String>,
}

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Pieces to keep for deals, before anything is told to the ledger.
    pub pin: Vec<(Commitment, UnitId)>,
    /// Pieces to let go of.
    pub unpin: Vec<(Commitment, UnitId)>,
    /// Messages to send, in any order.
    pub tasks: Vec<StorageTask>,
}

/// Decides about `deals` and gathers what comes of it. Those that must start first are taken first when room is scarce, or room among
/// the clients that pay less than their proofs cost.
pub fn plan<'d>(
    deals: impl IntoIterator<Item = &'d DealFacts>,
    pieces: &BTreeMap<Commitment, PieceFact>,
    situation: &Situation<'_>,
    mut clients: Clients,
) -> Plan {
    let mut deals: Vec<&DealFacts> = deals.into_iter().collect();
    deals.sort_by_key(|deal| (deal.start_by, deal.id));
    let mut room = situation.room;
    let mut plan = Plan::default();
    let mut gathered: BTreeMap<(u8, String), (StorageTask, Vec<UnitId>)> = BTreeMap::new();
    for deal in deals {
        let piece = pieces.get(&deal.piece).copied().unwrap_or(PieceFact::Absent);
        let mut decision =
            decide(deal, piece, &Terms { ask: situation.ask, currency: situation.currency, now: situation.now, room });
        if let (Decision::Accept, Some(why)) = (&decision, situation.hopeless.get(&deal.id)) {
            decision = Decision::Refuse(why.clone());
        }
        if decision == Decision::Accept
            && let Err(why) = clients.take(deal, situation.currency)
        {
            decision = Decision::Refuse(why);
        }
        if decision == Decision::Accept {
            room = room.saturating_sub(deal.size.get());
        }
        let kept =
            decision == Decision::Accept || matches!(deal.stage, DealStage::Accepted | DealStage::Active | DealStage::Faulty);
        if kept && piece != PieceFact::Absent {
            plan.pin.push((deal.piece, deal.id));
        }
        let Some((order, reason, empty)) = task_of(decision, deal, &mut plan) else { continue };
        gathered.entry((order, reason)).or_insert((empty, Vec::new())).1.push(deal.id);
    }
    for (task, deals) in gathered.into_values() {
        let most = if matches!(task, StorageTask::Prove(_)) { PROOFS_PER_MESSAGE } else { DEALS_PER_MESSAGE };
        plan.tasks.extend(deals.chunks(most).map(|part| task.with(part.to_vec())));
    }
    plan
}

/// The kind of task that a decision asks for, with what tells tasks of one kind apart; proofs come first, they have deadlines.
fn task_of(decision: Decision, deal: &DealFacts, plan: &mut Plan) -> Option<(u8, String, StorageTask)> {
    let (order, task) = match decision {
        Decision::Wait => return None,
        Decision::Release => {
            plan.unpin.push((deal.piece, deal.id));
            return None;
        }
        Decision::Refuse(reason) => return Some((7, reason.clone(), StorageTask::Refuse(Vec::new(), reason))),
        Decision::DeclareFault => (1, StorageTask::Faults(Vec::new())),
        Decision::Prove => (2, StorageTask::Prove(Vec::new())),
        Decision::DeclareRecovered => (3, StorageTask::Recovered(Vec::new())),
        Decision::Accept => (4, StorageTask::Accept(Vec::new())),
        Decision::AcceptExtension => (5, StorageTask::Extensions(Vec::new())),
        Decision::AgreeEnd => (6, StorageTask::AgreeEnds(Vec::new())),
    };
    Some((order, String::new(), task))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::Task as _;
    use depin_quantity::{Address, Name, Seed, Span, Units};
    use depin_services::storage::piece::PieceSize;
    use proptest::prelude::*;

    fn id(n: u16) -> UnitId {
        UnitId::derive("test", &[&n.to_be_bytes()])
    }

    fn ask() -> Ask {
        Ask {
            price: Units::new(1),
            verified_price: Units::new(1),
            piece_min: PieceSize::MIN,
            piece_max: PieceSize::MAX,
            term_min: 1,
            term_max: 1_000,
            open: true,
        }
    }

    fn deal(n: u16, stage: DealStage) -> DealFacts {
        DealFacts {
            id: id(n),
            client: Address::new([n as u8; 32]),
            piece: Commitment::of_zeros(PieceSize::MIN),
            size: PieceSize::MIN,
            price: Units::new(1),
            term: 10,
            verified: false,
            stage,
            start_by: Instant::new(1_000 - u64::from(n)),
            until: None,
            challenge: Some((Seed::new([0; 32]), 5)),
            recovering: true,
            extension: None,
            end_asked: false,
        }
    }

    const FIL: Currency = Currency { token: Name::literal("FIL"), decimals: 18 };

    fn whole() -> BTreeMap<Commitment, PieceFact> {
        BTreeMap::from([(Commitment::of_zeros(PieceSize::MIN), PieceFact::Whole { size: PieceSize::MIN })])
    }

    fn on(deals: &[DealFacts], room: u64) -> Plan {
        let hopeless = BTreeMap::new();
        plan(
            deals,
            &whole(),
            &Situation { ask: &ask(), currency: FIL, now: Instant::new(0), room, hopeless: &hopeless },
            Clients::default(),
        )
    }

    #[test]
    fn messages_hold_no_more_than_they_may() {
        let deals: Vec<_> = (0..100).map(|n| deal(n, if n < 50 { DealStage::Accepted } else { DealStage::Proposed })).collect();
        let plan = on(&deals, u64::MAX);
        let sizes: Vec<_> = plan.tasks.iter().map(|e| (e.name(), e.deals().len())).collect();
        assert_eq!(sizes, [("prove", 16), ("prove", 16), ("prove", 16), ("prove", 2), ("accept", 50)]);
        assert_eq!(plan.pin.len(), 100, "also those that are about to be taken");
    }

    #[test]
    fn scarce_room_goes_to_those_that_must_start_first() {
        let deals: Vec<_> = (0..5).map(|n| deal(n, DealStage::Proposed)).collect();
        let plan = on(&deals, 2 * 128);
        assert_eq!(plan.tasks[0], StorageTask::Accept(vec![id(4), id(3)]));
        let StorageTask::Refuse(refused, reason) = &plan.tasks[1] else { panic!("{plan:?}") };
        assert_eq!((refused.len(), reason.contains("no room")), (3, true));
        assert_eq!(plan.pin.len(), 2, "what is refused is not kept");
    }

    #[test]
    fn clients_that_pay_less_than_a_proof_are_declined_in_one_message_once_there_are_enough() {
        use crate::storage::ProofTerms;
        let (base_fee, row_fee) = (Units::new(100), Units::new(1_000_000_000));
        let terms = ProofTerms { epoch: Span::from_secs(30), period: 2_880, leaves: 5, set_sectors: 128, base_fee, row_fee };
        let deals: Vec<_> = (0..20).map(|n| deal(n, DealStage::Proposed)).collect();
        let (hopeless, clients) = (BTreeMap::new(), Clients::new(terms, Instant::new(0), 3, [], []));
        let situation = Situation { ask: &ask(), currency: FIL, now: Instant::new(0), room: u64::MAX, hopeless: &hopeless };
        let plan = plan(&deals, &whole(), &situation, clients);
        assert_eq!(plan.tasks[0], StorageTask::Accept(vec![id(19), id(18), id(17)]));
        let StorageTask::Refuse(refused, reason) = &plan.tasks[1] else { panic!("{plan:?}") };
        assert_eq!((plan.tasks.len(), refused.len(), plan.pin.len()), (2, 17, 3));
        assert!(reason.contains("pay less than their proofs cost"), "{reason}");
    }

    #[test]
    fn different_reasons_go_in_different_messages() {
        let deals = [
            DealFacts { term: 2_000, ..deal(0, DealStage::Proposed) },
            DealFacts { price: Units::ZERO, verified: true, ..deal(1, DealStage::Proposed) },
            DealFacts { term: 2_000, ..deal(2, DealStage::Proposed) },
        ];
        let ask = Ask { verified_price: Units::new(1 << 40), ..ask() };
        let hopeless = BTreeMap::new();
        let plan = plan(
            &deals,
            &whole(),
            &Situation { ask: &ask, currency: FIL, now: Instant::new(0), room: u64::MAX, hopeless: &hopeless },
            Clients::default(),
        );
        let counts: std::collections::BTreeSet<_> = plan.tasks.iter().map(|e| e.deals().len()).collect();
        assert_eq!((plan.tasks.len(), counts), (2, [1, 2].into()));
    }

    #[test]
    fn a_deal_that_could_not_be_taken_is_declined_with_the_ledgers_words() {
        let hopeless = BTreeMap::from([(id(0), "the pledge: 5 FIL are needed, 1 is there".to_owned())]);
        let situation = Situation { ask: &ask(), currency: FIL, now: Instant::new(0), room: u64::MAX, hopeless: &hopeless };
        let plan = plan(&[deal(0, DealStage::Proposed)], &whole(), &situation, Clients::default());
        assert!(matches!(&plan.tasks[..], [StorageTask::Refuse(deals, reason)] if *deals == [id(0)] && reason.contains("5 FIL")));
    }

    #[test]
    fn pieces_of_ended_deals_are_let_go() {
        let plan = on(&[deal(0, DealStage::Ended), deal(1, DealStage::Active)], 0);
        assert_eq!(plan.unpin, [(Commitment::of_zeros(PieceSize::MIN), id(0))]);
        assert_eq!(plan.pin, [(Commitment::of_zeros(PieceSize::MIN), id(1))]);
        assert!(plan.tasks.is_empty());
    }

    fn any_deal() -> impl Strategy<Value = DealFacts> {
        use DealStage::{Accepted, Active, Ended, Expired, Faulty, Proposed, Refused};
        let stage = prop::sample::select(vec![Proposed, Accepted, Active, Faulty, Refused, Expired, Ended]);
        let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
        (0..500u16, stage, flags, prop::option::of(0..2_000u64), 7..20u32).prop_map(|(n, stage, flags, extension, shift)| {
            let (challenged, recovering, end_asked, verified) = flags;
            DealFacts {
                challenge: challenged.then_some((Seed::new([1; 32]), 5)),
                recovering,
                end_asked,
                verified,
                extension,
                size: PieceSize::new(1 << shift).unwrap(),
                ..deal(n, stage)
            }
        })
    }

    proptest! {
        /// Each deal gets at most one task, no message is too long, and no more is taken than there is room for.
        #[test]
        fn plans_keep_their_bounds(deals in prop::collection::vec(any_deal(), 0..200), room in 0..100_000u64) {
            let deals: BTreeMap<UnitId, DealFacts> = deals.into_iter().map(|d| (d.id, d)).collect();
            let pieces: BTreeMap<_, _> =
                deals.values().map(|d| (d.piece, PieceFact::Whole { size: d.size })).collect();
            let hopeless = BTreeMap::new();
            let situation = Situation { ask: &ask(), currency: FIL, now: Instant::new(600), room, hopeless: &hopeless };
            let plan = plan(deals.values(), &pieces, &situation, Clients::default());
            let mut seen = std::collections::BTreeSet::new();
            let mut taken = 0u64;
            for task in &plan.tasks {
                let most = if matches!(task, StorageTask::Prove(_)) { PROOFS_PER_MESSAGE } else { DEALS_PER_MESSAGE };
                prop_assert!((1..=most).contains(&task.deals().len()));
                for id in task.deals() {
                    prop_assert!(seen.insert(*id));
                    if matches!(task, StorageTask::Accept(_)) {
                        taken += deals[id].size.get();
                    }
                }
            }
            prop_assert!(taken <= room);
        }
    }
}
