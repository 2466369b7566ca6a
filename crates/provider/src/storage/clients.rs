//! Whether clients pay for the proofs of their data sets. Pure.
//!
//! In: the deals that are taken, by client; how many data sets each has; what a proof costs. Out: whether another deal may be taken.
//! A data set is of one client and costs a proof a period, however little it holds: a thousand accounts with a deal of 128 bytes each cost
//! as many proofs as a thousand customers. So the data sets of clients that pay less than their proofs cost are bounded; whoever pays as
//! much is always taken.

use super::decide::DealFacts;
use depin_client::api::{Currency, DealStage};
use depin_ledger::{Body, Message};
use depin_quantity::{Address, Instant, Rounding, Span, Units};
use depin_services::storage::{
    StorageMessage,
    piece::{LeafProof, PieceSize},
};
use std::collections::BTreeMap;

/// Bytes of a leaf, and of each sibling on its way to the root.
const NODE: u64 = 32;
/// Bytes of a transaction around a message, about.
const ENVELOPE: u64 = 128;

/// Length of the longest answer to a window: each challenge may fall on the largest piece.
pub(super) fn answer_bytes(leaves: u64, largest: PieceSize) -> u64 {
    // The leaf, the length of its path, the path; around them what every transaction has.
    leaves * (NODE + 4 + NODE * u64::from(largest.height())) + ENVELOPE
}

/// What a network says of proofs, and what fees are now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProofTerms {
    /// Length of an epoch.
    pub epoch: Span,
    /// Epochs from one proof of a data set to the next.
    pub period: u64,
    /// Leaves that a proof shows.
    pub leaves: u32,
    /// Most sectors of one data set.
    pub set_sectors: u32,
    /// What a unit of work costs, in base units of what deals are paid in.
    pub base_fee: Units,
    /// What a byte of rows costs.
    pub row_fee: Units,
}

impl ProofTerms {
    /// The fee of a proof that shows leaves of a piece of this size.
    fn proof(&self, largest: PieceSize) -> Units {
        let leaf = LeafProof { leaf: [0; 32], path: vec![[0; 32]; largest.height() as usize] };
        let leaves = vec![leaf; self.leaves as usize];
        let work = Body::work_of(&Message::service(StorageMessage::ProveSet { set: 0, leaves }));
        let history = Body::history_of(answer_bytes(self.leaves.into(), largest));
        let fees = [self.base_fee.times(work.into()), self.row_fee.times(history.into())];
        fees.into_iter().fold(Units::ZERO, |sum, fee| fee.and_then(|fee| sum.plus(fee)).unwrap_or(MAX))
    }
}

const MAX: Units = Units::new(u128::MAX);

/// What a client has with this provider.
#[derive(Clone, Copy, Debug, Default)]
struct Holding {
    deals: u64,
    /// Data sets that are there; deals that are not active yet may need more.
    sets: u64,
    /// What its deals will pay until they end.
    pays: Units,
    /// Epochs until the last of them ends.
    epochs: u64,
    largest: Option<PieceSize>,
}

impl Holding {
    fn add(&mut self, deal: &DealFacts, now: Instant, epoch: Span) {
        let left = deal.until.map_or(deal.term, |until| until.since(now).get() / epoch.get().max(1));
        let pays = deal.price.times(left.into()).and_then(|pays| self.pays.plus(pays));
        *self = Self {
            deals: self.deals + 1,
            sets: self.sets,
            pays: pays.unwrap_or(MAX),
            epochs: self.epochs.max(left),
            largest: self.largest.max(Some(deal.size)),
        };
    }

    fn needs(&self, terms: &ProofTerms) -> u64 {
        self.sets.max(self.deals.div_ceil(terms.set_sectors.max(1).into()))
    }

    /// Its data sets, when its deals pay less than these cost until the last one ends; else none.
    fn unpaid(&self, terms: &ProofTerms) -> u64 {
        let (sets, Some(largest)) = (self.needs(terms), self.largest) else { return 0 };
        let proofs = u128::from(sets).saturating_mul(self.epochs.into());
        let costs = terms.proof(largest).mul_div(proofs, terms.period.max(1).into(), Rounding::Up).unwrap_or(MAX);
        if self.pays >= costs { 0 } else { sets }
    }
}

/// The clients of a provider, by what they pay for their data sets. The empty one takes everybody.
#[derive(Clone, Debug, Default)]
pub struct Clients {
    terms: Option<ProofTerms>,
    now: Instant,
    most: u64,
    of: BTreeMap<Address, Holding>,
    unpaid: u64,
}

impl Clients {
    /// Of the deals that are taken, with the client of each data set. Takes at most `most` data sets that pay less than they cost.
    pub fn new<'d>(
        terms: ProofTerms,
        now: Instant,
        most: u32,
        deals: impl IntoIterator<Item = &'d DealFacts>,
        sets: impl IntoIterator<Item = Address>,
    ) -> Self {
        let mut of = BTreeMap::<Address, Holding>::new();
        let taken = |deal: &&DealFacts| matches!(deal.stage, DealStage::Accepted | DealStage::Active | DealStage::Faulty);
        for deal in deals.into_iter().filter(taken) {
            of.entry(deal.client).or_default().add(deal, now, terms.epoch);
        }
        for client in sets {
            of.entry(client).or_default().sets += 1;
        }
        let unpaid = of.values().map(|holding| holding.unpaid(&terms)).sum();
        Self { terms: Some(terms), now, most: most.into(), of, unpaid }
    }

    /// Counts a deal in that is about to be taken.
    ///
    /// # Errors
    /// Why it is not, for the client: its data sets would pay less than they cost, and there are enough of such. Nothing is counted then.
    pub fn take(&mut self, deal: &DealFacts, currency: Currency) -> Result<(), String> {
        let Some(terms) = self.terms else { return Ok(()) };
        let before = self.of.get(&deal.client).copied().unwrap_or_default();
        let mut after = before;
        after.add(deal, self.now, terms.epoch);
        let (was, is) = (before.unpaid(&terms), after.unpaid(&terms));
        let unpaid = self.unpaid - was + is;
        if is > was && unpaid > self.most {
            let proof = terms.proof(after.largest.unwrap_or(deal.size));
            let price = proof.mul_div(1, terms.period.max(1).into(), Rounding::Up).unwrap_or(MAX);
            return Err(format!(
                "{} data sets pay less than their proofs cost, no more are taken; yours would pay for its own at {} an epoch",
                self.most,
                currency.text(price)
            ));
        }
        self.of.insert(deal.client, after);
        self.unpaid = unpaid;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_quantity::{Name, UnitId};
    use depin_services::storage::{REASON_MAX, piece::Commitment};

    const FIL: Currency = Currency { token: Name::literal("FIL"), decimals: 18 };
    /// Filecoin's least: a byte of rows costs a nanoFIL.
    const TERMS: ProofTerms = ProofTerms {
        epoch: Span::from_secs(30),
        period: 2_880,
        leaves: 5,
        set_sectors: 128,
        base_fee: Units::new(100),
        row_fee: Units::new(1_000_000_000),
    };
    const KIB16: u64 = 16 << 10;

    fn client(n: u8) -> Address {
        Address::new([n; 32])
    }

    fn deal(n: u8, stage: DealStage, price: u128) -> DealFacts {
        let size = PieceSize::new(KIB16).unwrap();
        DealFacts {
            id: UnitId::new([n; 32]),
            client: client(n),
            piece: Commitment::of_zeros(size),
            size,
            price: Units::new(price),
            term: 10 * 2_880,
            verified: false,
            stage,
            start_by: Instant::new(1_000),
            until: None,
            challenge: None,
            recovering: false,
            extension: None,
            end_asked: false,
        }
    }

    /// The least price of one deal that pays for the proofs of its data set.
    fn enough() -> u128 {
        TERMS.proof(PieceSize::new(KIB16).unwrap()).get().div_ceil(2_880)
    }

    #[test]
    fn a_proof_of_small_pieces_costs_two_hundred_nanofil_and_a_large_one_a_thousand() {
        let nano = |bytes| TERMS.proof(PieceSize::new(bytes).unwrap()).get() / 1_000_000_000;
        assert_eq!([KIB16, 32 << 30].map(nano), [181, 1_021]);
    }

    #[test]
    fn clients_that_pay_less_than_their_proofs_are_taken_up_to_the_bound_and_others_always() {
        let mut clients = Clients::new(TERMS, Instant::new(0), 2, [], []);
        let mut take = |n, price| clients.take(&deal(n, DealStage::Proposed, price), FIL);
        assert_eq!((take(1, 1), take(2, 1)), (Ok(()), Ok(())));
        let reason = take(3, enough() - 1).unwrap_err();
        let told = FIL.text(Units::new(enough()));
        assert!(reason.contains("2 data sets") && reason.contains(&told), "{reason}");
        assert!(reason.len() <= REASON_MAX, "{reason}");
        assert_eq!(take(3, enough()), Ok(()), "what the refusal says is enough");
        assert_eq!(take(4, enough()), Ok(()));
        assert_eq!(take(1, 1), Ok(()), "there is room in its data set, so it costs no further proof");
        // The first pays its way from now on, so there is room for another.
        assert!(take(5, 1).is_err());
        assert_eq!((take(1, enough()), take(5, 1)), (Ok(()), Ok(())));
    }

    #[test]
    fn what_is_taken_already_counts_by_what_is_left_of_it() {
        let active =
            |n, epochs: u64, price| DealFacts { until: Some(Instant::new(epochs * 30_000)), ..deal(n, DealStage::Active, price) };
        let take = |deals: &[DealFacts], most, new: &DealFacts| {
            Clients::new(TERMS, Instant::new(0), most, deals, deals.iter().map(|deal| deal.client)).take(new, FIL).is_ok()
        };
        let new = deal(9, DealStage::Proposed, 1);
        assert!(!take(&[active(1, 2_880, 1)], 1, &new) && take(&[active(1, 2_880, 1)], 2, &new));
        assert!(take(&[active(1, 2_880, enough())], 1, &new), "the other one pays");
        assert!(take(&[deal(1, DealStage::Proposed, 1)], 1, &new), "it is not taken yet");
        // A deal that pays for a month does not pay for a tiny one of a year.
        let long = DealFacts { term: 365 * 2_880, ..deal(1, DealStage::Proposed, 1) };
        assert!(!take(&[active(1, 30 * 2_880, enough())], 0, &long));
        assert!(take(&[active(1, 30 * 2_880, 13 * enough())], 0, &long));
    }

    #[test]
    fn each_data_set_of_a_client_counts() {
        let small = ProofTerms { set_sectors: 2, ..TERMS };
        let mut clients = Clients::new(small, Instant::new(0), 2, [], []);
        let taken = (0..6).filter(|_| clients.take(&deal(1, DealStage::Proposed, 1), FIL).is_ok()).count();
        assert_eq!(taken, 4, "two data sets of two sectors");
        // Sets that are there already are proven, however few deals are left in them.
        let there = Clients::new(small, Instant::new(0), 2, &[deal(1, DealStage::Active, 1)], [client(1); 2]);
        assert!(there.clone().take(&deal(2, DealStage::Proposed, 1), FIL).is_err());
        assert!(there.clone().take(&deal(1, DealStage::Proposed, 1), FIL).is_ok());
    }

    #[test]
    fn every_reason_fits_a_message_and_no_figure_overflows() {
        let dear = ProofTerms { base_fee: MAX, row_fee: MAX, period: 1, ..TERMS };
        let mut clients = Clients::new(dear, Instant::new(0), 0, [], []);
        let large = DealFacts { size: PieceSize::MAX, term: u64::MAX, ..deal(1, DealStage::Proposed, u128::MAX / 2) };
        assert_eq!(clients.take(&large, FIL), Ok(()), "both are as much as can be counted");
        let reason = clients.take(&deal(2, DealStage::Proposed, 1), FIL).unwrap_err();
        assert!(reason.len() <= REASON_MAX, "{reason}");
        assert_eq!(Clients::default().take(&large, FIL), Ok(()));
    }
}
