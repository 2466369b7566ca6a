//! Decisions gathered into messages: what goes to the ledger, in pieces that one message takes.

use super::decide::{DealFacts, Decision, PieceFact, Terms, decide};
use depin_client::api::DealStage;
use depin_quantity::{Instant, UnitId};
use depin_services::storage::{Ask, DEALS_PER_MESSAGE, PROOFS_PER_MESSAGE, REASON_MAX, StorageMessage, piece::Commitment};
use std::collections::{BTreeMap, BTreeSet};

/// One message to come, and the deals that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// Take deals.
    Accept(Vec<UnitId>),
    /// Decline deals.
    Refuse(Vec<UnitId>, String),
    /// Answer challenges of sectors.
    Prove(Vec<UnitId>),
    /// Say that sectors are lost or damaged.
    Faults(Vec<UnitId>),
    /// Say that sectors are back.
    Recovered(Vec<UnitId>),
    /// Agree to ends.
    AgreeEnds(Vec<UnitId>),
    /// Agree to longer terms.
    Extensions(Vec<UnitId>),
    /// Answer the open window of a data set.
    ProveSet(u32),
}

impl Errand {
    /// The deals that it is about; none for a data set.
    pub fn deals(&self) -> &[UnitId] {
        match self {
            Self::Accept(deals)
            | Self::Refuse(deals, _)
            | Self::Prove(deals)
            | Self::Faults(deals)
            | Self::Recovered(deals)
            | Self::AgreeEnds(deals)
            | Self::Extensions(deals) => deals,
            Self::ProveSet(_) => &[],
        }
    }

    fn with(&self, deals: Vec<UnitId>) -> Self {
        match self {
            Self::Accept(_) => Self::Accept(deals),
            Self::Refuse(_, reason) => Self::Refuse(deals, reason.clone()),
            Self::Prove(_) => Self::Prove(deals),
            Self::Faults(_) => Self::Faults(deals),
            Self::Recovered(_) => Self::Recovered(deals),
            Self::AgreeEnds(_) => Self::AgreeEnds(deals),
            Self::Extensions(_) => Self::Extensions(deals),
            Self::ProveSet(set) => Self::ProveSet(*set),
        }
    }

    /// The same without some deals; `None` when none is left.
    pub fn without(&self, gone: &BTreeSet<UnitId>) -> Option<Self> {
        if let Self::ProveSet(_) = self {
            return Some(self.clone());
        }
        let left: Vec<UnitId> = self.deals().iter().copied().filter(|id| !gone.contains(id)).collect();
        (!left.is_empty()).then(|| self.with(left))
    }

    /// Two errands of half the deals each; `None` when it is about one or none. A message is refused as a whole, so halving
    /// finds the deals that it was refused for, while the others go through.
    pub fn halves(&self) -> Option<[Self; 2]> {
        let deals = self.deals();
        let (first, second) = deals.split_at(deals.len().div_ceil(2));
        (!second.is_empty()).then(|| [self.with(first.to_vec()), self.with(second.to_vec())])
    }

    /// The message, for errands that need no proof.
    pub fn message(&self) -> Option<StorageMessage> {
        Some(match self {
            Self::Accept(deals) => StorageMessage::AcceptDeals(deals.clone()),
            Self::Refuse(deals, reason) => StorageMessage::RefuseDeals { deals: deals.clone(), reason: shortened(reason) },
            Self::Faults(deals) => StorageMessage::DeclareFaults(deals.clone()),
            Self::Recovered(deals) => StorageMessage::DeclareRecovered(deals.clone()),
            Self::AgreeEnds(deals) => StorageMessage::AgreeEnds(deals.clone()),
            Self::Extensions(deals) => StorageMessage::AcceptExtensions(deals.clone()),
            Self::Prove(_) | Self::ProveSet(_) => return None,
        })
    }

    /// A word for logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Accept(_) => "accept",
            Self::Refuse(..) => "refuse",
            Self::Prove(_) => "prove",
            Self::Faults(_) => "declare faults",
            Self::Recovered(_) => "declare recovered",
            Self::AgreeEnds(_) => "agree to ends",
            Self::Extensions(_) => "accept extensions",
            Self::ProveSet(_) => "prove set",
        }
    }
}

/// At most [`REASON_MAX`] bytes, cut between characters.
fn shortened(reason: &str) -> String {
    let end = (0..=reason.len().min(REASON_MAX)).rev().find(|end| reason.is_char_boundary(*end)).unwrap_or(0);
    reason[..end].to_owned()
}

/// What there is to plan with.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// What the provider asks.
    pub ask: &'a Ask,
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
    pub errands: Vec<Errand>,
}

/// Decides about `deals` and gathers what comes of it. Those that must start first are taken first when room is scarce.
pub fn plan<'d>(
    deals: impl IntoIterator<Item = &'d DealFacts>,
    pieces: &BTreeMap<Commitment, PieceFact>,
    situation: &Situation<'_>,
) -> Plan {
    let mut deals: Vec<&DealFacts> = deals.into_iter().collect();
    deals.sort_by_key(|deal| (deal.start_by, deal.id));
    let mut room = situation.room;
    let mut plan = Plan::default();
    let mut gathered: BTreeMap<(u8, String), (Errand, Vec<UnitId>)> = BTreeMap::new();
    for deal in deals {
        let piece = pieces.get(&deal.piece).copied().unwrap_or(PieceFact::Absent);
        let mut decision = decide(deal, piece, &Terms { ask: situation.ask, now: situation.now, room });
        if let (Decision::Accept, Some(why)) = (&decision, situation.hopeless.get(&deal.id)) {
            decision = Decision::Refuse(why.clone());
        }
        if decision == Decision::Accept {
            room = room.saturating_sub(deal.size.get());
        }
        let kept =
            decision == Decision::Accept || matches!(deal.stage, DealStage::Accepted | DealStage::Active | DealStage::Faulty);
        if kept && piece != PieceFact::Absent {
            plan.pin.push((deal.piece, deal.id));
        }
        let Some((order, reason, empty)) = errand_of(decision, deal, &mut plan) else { continue };
        gathered.entry((order, reason)).or_insert((empty, Vec::new())).1.push(deal.id);
    }
    for (errand, deals) in gathered.into_values() {
        let most = if matches!(errand, Errand::Prove(_)) { PROOFS_PER_MESSAGE } else { DEALS_PER_MESSAGE };
        plan.errands.extend(deals.chunks(most).map(|part| errand.with(part.to_vec())));
    }
    plan
}

/// The kind of errand that a decision asks for, with what tells errands of one kind apart; proofs come first, they have deadlines.
fn errand_of(decision: Decision, deal: &DealFacts, plan: &mut Plan) -> Option<(u8, String, Errand)> {
    let (order, errand) = match decision {
        Decision::Wait => return None,
        Decision::Release => {
            plan.unpin.push((deal.piece, deal.id));
            return None;
        }
        Decision::Refuse(reason) => return Some((7, reason.clone(), Errand::Refuse(Vec::new(), reason))),
        Decision::DeclareFault => (1, Errand::Faults(Vec::new())),
        Decision::Prove => (2, Errand::Prove(Vec::new())),
        Decision::DeclareRecovered => (3, Errand::Recovered(Vec::new())),
        Decision::Accept => (4, Errand::Accept(Vec::new())),
        Decision::AcceptExtension => (5, Errand::Extensions(Vec::new())),
        Decision::AgreeEnd => (6, Errand::AgreeEnds(Vec::new())),
    };
    Some((order, String::new(), errand))
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_quantity::{Seed, Units};
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
            piece: Commitment::of_zeros(PieceSize::MIN),
            size: PieceSize::MIN,
            price: Units::new(1),
            term: 10,
            verified: false,
            stage,
            start_by: Instant::new(1_000 - u64::from(n)),
            challenge: Some((Seed::new([0; 32]), 5)),
            recovering: true,
            extension: None,
            end_asked: false,
        }
    }

    fn whole() -> BTreeMap<Commitment, PieceFact> {
        BTreeMap::from([(Commitment::of_zeros(PieceSize::MIN), PieceFact::Whole { size: PieceSize::MIN })])
    }

    fn on(deals: &[DealFacts], room: u64) -> Plan {
        let hopeless = BTreeMap::new();
        plan(deals, &whole(), &Situation { ask: &ask(), now: Instant::new(0), room, hopeless: &hopeless })
    }

    #[test]
    fn messages_hold_no_more_than_they_may() {
        let deals: Vec<_> = (0..100).map(|n| deal(n, if n < 50 { DealStage::Accepted } else { DealStage::Proposed })).collect();
        let plan = on(&deals, u64::MAX);
        let sizes: Vec<_> = plan.errands.iter().map(|e| (e.name(), e.deals().len())).collect();
        assert_eq!(sizes, [("prove", 16), ("prove", 16), ("prove", 16), ("prove", 2), ("accept", 50)]);
        assert_eq!(plan.pin.len(), 100, "also those that are about to be taken");
    }

    #[test]
    fn scarce_room_goes_to_those_that_must_start_first() {
        let deals: Vec<_> = (0..5).map(|n| deal(n, DealStage::Proposed)).collect();
        let plan = on(&deals, 2 * 128);
        assert_eq!(plan.errands[0], Errand::Accept(vec![id(4), id(3)]));
        let Errand::Refuse(refused, reason) = &plan.errands[1] else { panic!("{plan:?}") };
        assert_eq!((refused.len(), reason.contains("no room")), (3, true));
        assert_eq!(plan.pin.len(), 2, "what is refused is not kept");
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
        let plan = plan(&deals, &whole(), &Situation { ask: &ask, now: Instant::new(0), room: u64::MAX, hopeless: &hopeless });
        let counts: std::collections::BTreeSet<_> = plan.errands.iter().map(|e| e.deals().len()).collect();
        assert_eq!((plan.errands.len(), counts), (2, [1, 2].into()));
    }

    #[test]
    fn a_deal_that_could_not_be_taken_is_declined_with_the_ledgers_words() {
        let hopeless = BTreeMap::from([(id(0), "the pledge: 5 FIL are needed, 1 is there".to_owned())]);
        let situation = Situation { ask: &ask(), now: Instant::new(0), room: u64::MAX, hopeless: &hopeless };
        let plan = plan(&[deal(0, DealStage::Proposed)], &whole(), &situation);
        assert!(matches!(&plan.errands[..], [Errand::Refuse(deals, reason)] if *deals == [id(0)] && reason.contains("5 FIL")));
    }

    #[test]
    fn pieces_of_ended_deals_are_let_go() {
        let plan = on(&[deal(0, DealStage::Ended), deal(1, DealStage::Active)], 0);
        assert_eq!(plan.unpin, [(Commitment::of_zeros(PieceSize::MIN), id(0))]);
        assert_eq!(plan.pin, [(Commitment::of_zeros(PieceSize::MIN), id(1))]);
        assert!(plan.errands.is_empty());
    }

    #[test]
    fn deals_whose_pieces_went_are_left_out() {
        let gone = BTreeSet::from([id(1)]);
        let left = |errand: Errand| errand.without(&gone);
        assert_eq!(left(Errand::Accept(vec![id(0), id(1)])), Some(Errand::Accept(vec![id(0)])));
        assert_eq!(left(Errand::Accept(vec![id(1)])), None);
        assert_eq!(left(Errand::ProveSet(3)), Some(Errand::ProveSet(3)));
    }

    #[test]
    fn halving_ends_at_single_deals() {
        let whole = Errand::Refuse(vec![id(0), id(1), id(2)], "no".to_owned());
        let [first, second] = whole.halves().unwrap();
        assert_eq!((first.deals().len(), second.deals().len()), (2, 1));
        assert!(second.halves().is_none() && Errand::ProveSet(1).halves().is_none());
        assert_eq!(second, Errand::Refuse(vec![id(2)], "no".to_owned()));
    }

    #[test]
    fn long_reasons_are_cut_between_characters() {
        let errand = Errand::Refuse(vec![id(0)], "é".repeat(300));
        let Some(StorageMessage::RefuseDeals { reason, .. }) = errand.message() else { panic!() };
        assert_eq!(reason, "é".repeat(100));
        assert_eq!(shortened("short"), "short");
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
        /// Each deal gets at most one errand, no message is too long, and no more is taken than there is room for.
        #[test]
        fn plans_keep_their_bounds(deals in prop::collection::vec(any_deal(), 0..200), room in 0..100_000u64) {
            let deals: BTreeMap<UnitId, DealFacts> = deals.into_iter().map(|d| (d.id, d)).collect();
            let pieces: BTreeMap<_, _> =
                deals.values().map(|d| (d.piece, PieceFact::Whole { size: d.size })).collect();
            let hopeless = BTreeMap::new();
            let situation = Situation { ask: &ask(), now: Instant::new(600), room, hopeless: &hopeless };
            let plan = plan(deals.values(), &pieces, &situation);
            let mut seen = std::collections::BTreeSet::new();
            let mut taken = 0u64;
            for errand in &plan.errands {
                let most = if matches!(errand, Errand::Prove(_)) { PROOFS_PER_MESSAGE } else { DEALS_PER_MESSAGE };
                prop_assert!((1..=most).contains(&errand.deals().len()));
                for id in errand.deals() {
                    prop_assert!(seen.insert(*id));
                    if matches!(errand, Errand::Accept(_)) {
                        taken += deals[id].size.get();
                    }
                }
            }
            prop_assert!(taken <= room);
        }
    }
}
