//! What to do about one deal: pure, so that every case can be tried.
//!
//! In: what the ledger says of the deal, what the store says of its piece, what the provider asks, the ledger time. Out: one
//! [`Decision`]. The caller gathers the facts and carries decisions out; whatever goes wrong there, the same facts give the same
//! decision again.

use depin_client::api::{self, Currency, DealStage};
use depin_quantity::{Address, Instant, Seed, UnitId, Units};
use depin_services::storage::{
    Ask,
    piece::{Commitment, PieceSize, PieceSizeError},
};

/// What the ledger says of a deal, as far as its provider must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DealFacts {
    /// Its id.
    pub id: UnitId,
    /// Who pays.
    pub client: Address,
    /// Commitment of the piece.
    pub piece: Commitment,
    /// Padded size that is paid for.
    pub size: PieceSize,
    /// Base units per epoch.
    pub price: Units,
    /// Epochs from activation to end.
    pub term: u64,
    /// Whether DataCap was spent on it.
    pub verified: bool,
    /// Where it stands.
    pub stage: DealStage,
    /// When it must be active.
    pub start_by: Instant,
    /// When its term ends, once it is active.
    pub until: Option<Instant>,
    /// The challenge to answer, and how many leaves it asks for.
    pub challenge: Option<(Seed, u32)>,
    /// Whether the provider said that the faulty sector is back.
    pub recovering: bool,
    /// Epochs that the client wants to add.
    pub extension: Option<u64>,
    /// Whether the client wants it to end.
    pub end_asked: bool,
}

impl TryFrom<&api::Deal> for DealFacts {
    type Error = PieceSizeError;

    fn try_from(deal: &api::Deal) -> Result<Self, PieceSizeError> {
        Ok(Self {
            id: deal.id,
            client: deal.client,
            piece: deal.piece,
            size: PieceSize::new(deal.size_bytes)?,
            price: deal.price.units,
            term: deal.term_epochs,
            verified: deal.verified,
            stage: deal.state,
            start_by: deal.start_by.instant(),
            until: deal.until.as_ref().map(api::Time::instant),
            challenge: deal.challenge.as_ref().map(|c| (c.seed, c.leaves)),
            recovering: deal.fault.as_ref().is_some_and(|fault| fault.recovering),
            extension: deal.extension_epochs,
            end_asked: deal.end_asked,
        })
    }
}

/// What the store says of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceFact {
    /// Not here.
    Absent,
    /// Here, without known damage.
    Whole {
        /// Padded size of what is stored.
        size: PieceSize,
    },
    /// Here with bytes that fail their checksum.
    Damaged,
}

impl PieceFact {
    const fn is_whole(self) -> bool {
        matches!(self, Self::Whole { .. })
    }
}

/// What holds for all deals at this moment.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// What the provider asks, as the ledger has it.
    pub ask: &'a Ask,
    /// What deals are paid in.
    pub currency: Currency,
    /// Ledger time.
    pub now: Instant,
    /// Padded bytes that can still be promised.
    pub room: u64,
}

/// What to do about a deal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing now.
    Wait,
    /// Take it.
    Accept,
    /// Decline it, with the reason for the client.
    Refuse(String),
    /// Answer the challenge to its sector.
    Prove,
    /// Say that the sector is lost or damaged.
    DeclareFault,
    /// Say that the sector is back.
    DeclareRecovered,
    /// Agree that it ends.
    AgreeEnd,
    /// Agree to the longer term.
    AcceptExtension,
    /// It is over: let go of the piece.
    Release,
}

/// Decides about one deal.
pub fn decide(deal: &DealFacts, piece: PieceFact, terms: &Terms<'_>) -> Decision {
    match deal.stage {
        DealStage::Refused | DealStage::Expired | DealStage::Ended => Decision::Release,
        // A deal that its client wants to end needs neither proof nor recovery any more.
        DealStage::Accepted | DealStage::Active | DealStage::Faulty if deal.end_asked => Decision::AgreeEnd,
        // Too late to be taken: the chain closes it, and gives the escrow back.
        DealStage::Proposed if terms.now >= deal.start_by => Decision::Wait,
        DealStage::Proposed => match refusal(deal, piece, terms) {
            Some(reason) => Decision::Refuse(reason),
            None => Decision::Accept,
        },
        DealStage::Accepted if deal.challenge.is_some() && piece.is_whole() && terms.now < deal.start_by => Decision::Prove,
        DealStage::Accepted => Decision::Wait,
        DealStage::Active if !piece.is_whole() => Decision::DeclareFault,
        DealStage::Active if extension_suits(deal, terms.ask) => Decision::AcceptExtension,
        DealStage::Active => Decision::Wait,
        DealStage::Faulty if !piece.is_whole() => Decision::Wait,
        DealStage::Faulty if !deal.recovering => Decision::DeclareRecovered,
        DealStage::Faulty if deal.challenge.is_some() => Decision::Prove,
        DealStage::Faulty => Decision::Wait,
    }
}

/// Why a proposed deal is not taken; the first reason of this order.
fn refusal(deal: &DealFacts, piece: PieceFact, terms: &Terms<'_>) -> Option<String> {
    let ask = terms.ask;
    if !ask.open {
        return Some("this provider takes no new deals".to_owned());
    }
    let least = ask.price_per_epoch(deal.size, deal.verified);
    if deal.price < least {
        let [price, least] = [deal.price, least].map(|units| terms.currency.text(units));
        return Some(format!("the price of {price} per epoch is below the ask of {least}; read the ask again"));
    }
    if deal.size < ask.piece_min || deal.size > ask.piece_max {
        return Some(format!("a piece of {} bytes is not taken, only {} to {}", deal.size, ask.piece_min, ask.piece_max));
    }
    if deal.term < ask.term_min || deal.term > ask.term_max {
        return Some(format!("a term of {} epochs is not taken, only {} to {}", deal.term, ask.term_min, ask.term_max));
    }
    match piece {
        PieceFact::Absent => return Some("the piece is not here; upload it first, then propose the deal".to_owned()),
        PieceFact::Damaged => return Some("the stored piece is damaged; upload it again, then propose the deal".to_owned()),
        PieceFact::Whole { size } if size != deal.size => {
            return Some(format!("the piece has {size} padded bytes, the deal says {}", deal.size));
        }
        PieceFact::Whole { .. } => {}
    }
    if deal.size.get() > terms.room {
        return Some(format!("no room: {} bytes can still be promised", terms.room));
    }
    None
}

/// Whether a longer term is taken: new deals are, the present price meets the ask, and the addition is no longer than a new deal.
/// It may be shorter than one, since the data lie here already.
fn extension_suits(deal: &DealFacts, ask: &Ask) -> bool {
    let Some(epochs) = deal.extension else { return false };
    ask.open && deal.price >= ask.price_per_epoch(deal.size, deal.verified) && epochs <= ask.term_max
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_quantity::Name;

    const MIB16: u64 = 16 << 20;

    fn size(bytes: u64) -> PieceSize {
        PieceSize::new(bytes).unwrap()
    }

    fn ask() -> Ask {
        Ask {
            price: Units::new(6_400),
            verified_price: Units::new(640),
            piece_min: size(1 << 20),
            piece_max: size(32 << 20),
            term_min: 100,
            term_max: 1_000,
            open: true,
        }
    }

    fn deal(stage: DealStage) -> DealFacts {
        DealFacts {
            id: UnitId::new([1; 32]),
            client: Address::new([9; 32]),
            piece: Commitment::of_zeros(size(MIB16)),
            size: size(MIB16),
            price: Units::new(100),
            term: 100,
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

    const FIL: Currency = Currency { token: Name::literal("FIL"), decimals: 18 };
    const WHOLE: PieceFact = PieceFact::Whole { size: PieceSize::MIN };

    fn whole() -> PieceFact {
        PieceFact::Whole { size: size(MIB16) }
    }

    fn on(deal: &DealFacts, piece: PieceFact) -> Decision {
        decide(deal, piece, &Terms { ask: &ask(), currency: FIL, now: Instant::new(0), room: u64::MAX })
    }

    fn reason(deal: &DealFacts, piece: PieceFact, terms: &Terms<'_>) -> String {
        match decide(deal, piece, terms) {
            Decision::Refuse(reason) => reason,
            other => panic!("{other:?} instead of a refusal"),
        }
    }

    #[test]
    fn a_deal_that_meets_the_ask_to_the_unit_is_taken() {
        // 6,400 per GiB is exactly 100 for 16 MiB.
        assert_eq!(on(&deal(DealStage::Proposed), whole()), Decision::Accept);
        let verified = DealFacts { price: Units::new(10), verified: true, ..deal(DealStage::Proposed) };
        assert_eq!(on(&verified, whole()), Decision::Accept);
    }

    #[test]
    fn every_reason_to_decline_is_told_at_its_edge() {
        let (ask, proposed) = (ask(), deal(DealStage::Proposed));
        let terms = Terms { ask: &ask, currency: FIL, now: Instant::new(0), room: MIB16 };
        assert_eq!(decide(&proposed, whole(), &terms), Decision::Accept);
        let with = |change: fn(&mut DealFacts)| {
            let mut deal = proposed.clone();
            change(&mut deal);
            reason(&deal, whole(), &terms)
        };
        assert!(
            with(|d| d.price = Units::new(99))
                .contains("0.000000000000000099 FIL per epoch is below the ask of 0.0000000000000001 FIL")
        );
        assert!(with(|d| (d.price, d.verified) = (Units::new(9), true)).contains("below the ask of 0.00000000000000001 FIL"));
        assert!(with(|d| d.term = 99).contains("only 100 to 1000"));
        assert!(with(|d| d.term = 1_001).contains("only 100 to 1000"));
        assert!(with(|d| (d.size, d.price) = (size(1 << 19), Units::new(1_000))).contains("only 1048576 to 33554432"));
        assert!(with(|d| (d.size, d.price) = (size(64 << 20), Units::new(1_000))).contains("only 1048576 to 33554432"));
        assert!(reason(&proposed, PieceFact::Absent, &terms).contains("upload it first"));
        assert!(reason(&proposed, PieceFact::Damaged, &terms).contains("damaged"));
        assert!(reason(&proposed, PieceFact::Whole { size: size(32 << 20) }, &terms).contains("33554432 padded bytes"));
        assert!(reason(&proposed, whole(), &Terms { room: MIB16 - 1, ..terms }).contains("no room"));
        let closed = Ask { open: false, ..ask.clone() };
        assert!(reason(&proposed, whole(), &Terms { ask: &closed, ..terms }).contains("no new deals"));
    }

    #[test]
    fn every_reason_fits_a_message() {
        let ask = Ask { price: Units::new(u128::MAX), piece_max: PieceSize::MAX, term_max: u64::MAX, ..ask() };
        let terms = Terms { ask: &ask, currency: FIL, now: Instant::new(0), room: u64::MAX };
        let dear = DealFacts { price: Units::new(u128::MAX / 3), size: PieceSize::MAX, ..deal(DealStage::Proposed) };
        assert!(reason(&dear, whole(), &terms).len() <= depin_services::storage::REASON_MAX);
        let cheap = Ask { price: Units::new(1), ..ask };
        let long = DealFacts { term: 0, ..dear };
        assert!(reason(&long, whole(), &Terms { ask: &cheap, ..terms }).len() <= depin_services::storage::REASON_MAX);
    }

    #[test]
    fn a_proposal_past_its_time_is_left_to_expire() {
        let ask = ask();
        let at = |now| Terms { ask: &ask, currency: FIL, now: Instant::new(now), room: u64::MAX };
        assert_eq!(decide(&deal(DealStage::Proposed), whole(), &at(999)), Decision::Accept);
        assert_eq!(decide(&deal(DealStage::Proposed), whole(), &at(1_000)), Decision::Wait);
    }

    #[test]
    fn an_accepted_deal_is_proven_once_its_challenge_is_drawn_and_while_there_is_time() {
        let ask = ask();
        let waiting = deal(DealStage::Accepted);
        assert_eq!(on(&waiting, whole()), Decision::Wait);
        let challenged = DealFacts { challenge: Some((Seed::new([1; 32]), 5)), ..waiting };
        assert_eq!(on(&challenged, whole()), Decision::Prove);
        assert_eq!(on(&challenged, PieceFact::Damaged), Decision::Wait);
        assert_eq!(on(&challenged, PieceFact::Absent), Decision::Wait);
        let late = Terms { ask: &ask, currency: FIL, now: Instant::new(1_000), room: 0 };
        assert_eq!(decide(&challenged, whole(), &late), Decision::Wait);
    }

    #[test]
    fn an_active_sector_without_its_bytes_is_declared_faulty_and_declared_back_when_they_are() {
        assert_eq!(on(&deal(DealStage::Active), whole()), Decision::Wait);
        for lost in [PieceFact::Absent, PieceFact::Damaged] {
            assert_eq!(on(&deal(DealStage::Active), lost), Decision::DeclareFault);
            assert_eq!(on(&deal(DealStage::Faulty), lost), Decision::Wait);
        }
        let faulty = deal(DealStage::Faulty);
        assert_eq!(on(&faulty, whole()), Decision::DeclareRecovered);
        let recovering = DealFacts { recovering: true, ..faulty };
        assert_eq!(on(&recovering, whole()), Decision::Wait, "the challenge is not drawn yet");
        let challenged = DealFacts { challenge: Some((Seed::new([1; 32]), 5)), ..recovering };
        assert_eq!(on(&challenged, whole()), Decision::Prove);
        assert_eq!(on(&challenged, PieceFact::Damaged), Decision::Wait);
    }

    #[test]
    fn a_wish_to_end_is_granted_before_anything_else() {
        for stage in [DealStage::Accepted, DealStage::Active, DealStage::Faulty] {
            let ending = DealFacts { end_asked: true, challenge: Some((Seed::new([1; 32]), 5)), ..deal(stage) };
            for piece in [whole(), PieceFact::Absent, PieceFact::Damaged] {
                assert_eq!(on(&ending, piece), Decision::AgreeEnd);
            }
        }
    }

    #[test]
    fn a_longer_term_is_taken_when_a_new_deal_of_it_would_be() {
        let longer = |epochs| DealFacts { extension: Some(epochs), ..deal(DealStage::Active) };
        assert_eq!(on(&longer(1), whole()), Decision::AcceptExtension, "shorter than a new deal is fine");
        assert_eq!(on(&longer(1_000), whole()), Decision::AcceptExtension);
        assert_eq!(on(&longer(1_001), whole()), Decision::Wait);
        let cheap = DealFacts { price: Units::new(99), ..longer(1) };
        assert_eq!(on(&cheap, whole()), Decision::Wait);
        let closed = Ask { open: false, ..ask() };
        let terms = Terms { ask: &closed, currency: FIL, now: Instant::new(0), room: 0 };
        assert_eq!(decide(&longer(1), whole(), &terms), Decision::Wait);
        assert_eq!(on(&longer(1), PieceFact::Damaged), Decision::DeclareFault, "the fault first");
    }

    #[test]
    fn whatever_is_over_is_released() {
        for stage in [DealStage::Refused, DealStage::Expired, DealStage::Ended] {
            for piece in [WHOLE, PieceFact::Absent, PieceFact::Damaged] {
                assert_eq!(on(&deal(stage), piece), Decision::Release);
            }
        }
    }
}
