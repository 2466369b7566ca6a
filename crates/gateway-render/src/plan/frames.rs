//! How far each frame of a job is.

use super::{Board, Book, JobView, Known, issue::Check};
use depin_client::render::FrameStage;
use depin_services::rendering::{JobState, RejectReason};

/// A frame, and the ticket that counts for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameView {
    /// The how manieth of the range it is, from 0.
    pub index: u32,
    /// How far it is. Whether a node that has it renders it already, the node says.
    pub stage: FrameStage,
    /// Nodes that had it.
    pub attempts: u32,
    /// The ticket that counts.
    pub ticket: Option<u32>,
    /// Why it is not further, if there is anything to say.
    pub why: Option<String>,
}

/// All frames of a job, in order.
pub fn frames(view: &JobView, book: &Book) -> Vec<FrameView> {
    let board = Board::new(view, book);
    (0..view.job.count).map(|index| board.frame(index)).collect()
}

/// How far a ticket brings its frame: the furthest counts, since one that was rejected may turn out right.
fn rank(state: &str) -> u8 {
    match state {
        "paid" => 5,
        "approved" => 4,
        "compared" => 3,
        "delivered" => 2,
        "issued" => 1,
        _ => 0,
    }
}

impl Board<'_> {
    fn frame(&self, index: u32) -> FrameView {
        let tries = self.tries(index);
        let best = tries.iter().max_by_key(|one| (rank(&one.ticket.state), one.issuance.attempt));
        let is_open = matches!(self.view.job.state, JobState::Drawing | JobState::Open);
        let (stage, why) = match best {
            None if is_open => (FrameStage::Waiting, None),
            None => (FrameStage::Failed, Some("its job ended before it was given out".to_owned())),
            Some(best) => self.stage(best),
        };
        let ticket = best.map(|best| best.ticket.number);
        FrameView { index, stage, attempts: u32::try_from(tries.len()).unwrap_or(u32::MAX), ticket, why }
    }

    fn stage(&self, best: &Known<'_>) -> (FrameStage, Option<String>) {
        match best.ticket.state.as_str() {
            "issued" => (FrameStage::Queued, None),
            "delivered" if self.is_under_check(best) => (FrameStage::Checking, None),
            "delivered" => (FrameStage::Ready, None),
            "compared" => (FrameStage::Comparing, None),
            "approved" => (FrameStage::Approved, None),
            "paid" => (FrameStage::Done, None),
            failed => {
                let why = match (failed, best.ticket.rejected) {
                    ("rejected", Some(RejectReason::Black)) => "rejected as black",
                    ("rejected", Some(RejectReason::Partial)) => "rejected as partial",
                    ("rejected", _) => "rejected as broken",
                    ("declined", _) => "its node gave it back",
                    ("lapsed", _) => "its node let it lie",
                    ("withheld", _) => "its node did not open its key",
                    _ => "it was wrong",
                };
                let goes_on = self.view.job.state == JobState::Open;
                (if goes_on { FrameStage::Waiting } else { FrameStage::Failed }, Some(why.to_owned()))
            }
        }
    }

    /// Whether it is not known yet if a delivery is checked, or its check is under way. Once no more tickets are given out, nobody waits for one
    /// that was not.
    fn is_under_check(&self, best: &Known<'_>) -> bool {
        match self.check_of(best) {
            Check::UnderWay => true,
            Check::Unknown | Check::Due(..) => self.view.job.state == JobState::Open,
            Check::Over => false,
        }
    }
}
