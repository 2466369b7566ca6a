//! Comparisons, and how a job comes to its end.

use super::{Board, Known, Step, issue::Check};
use depin_services::rendering::{Purpose, Shown};
use std::collections::BTreeSet;

impl<'a> Board<'a> {
    /// Frames that are to be compared: with their checks, rejected ones with what came after, planted ones with what is known.
    pub(super) fn compare(&self) -> Vec<Step> {
        if self.view.job.approve_at.as_ref().is_some_and(|at| at.instant() <= self.view.now) {
            return Vec::new();
        }
        let (mut busy, mut steps) = (BTreeSet::new(), Vec::new());
        for one in self.tickets.values().filter(|one| one.is_comparable()) {
            let Some((left, right)) = self.pair_of(one) else { continue };
            let pair = (left, right.unwrap_or(left));
            // A ticket is a side of one comparison at a time, and a pair is compared once.
            if self.book.compared.contains(&pair) || busy.contains(&pair.0) || busy.contains(&pair.1) {
                continue;
            }
            busy.extend([pair.0, pair.1]);
            steps.push(Step::Compare { left, right });
        }
        steps
    }

    /// What a delivery is compared with.
    fn pair_of(&self, one: &Known<'_>) -> Option<(u32, Option<u32>)> {
        let number = one.ticket.number;
        match one.issuance.purpose {
            Purpose::Planted { .. } => (!one.ticket.verified).then_some((number, None)),
            Purpose::Check { of } => {
                let other = self.tickets.get(&of).filter(|other| other.is_comparable() && is_open(other, one))?;
                Some((other.ticket.number, Some(number)))
            }
            // One that was rejected itself is compared with what comes after it.
            Purpose::Frame if one.ticket.state == "rejected" => None,
            Purpose::Frame => {
                let is_before = |other: &&Known<'_>| {
                    let earlier = other.issuance.attempt < one.issuance.attempt;
                    earlier && other.ticket.state == "rejected" && other.is_comparable() && is_open(other, one)
                };
                let other = self.tries(one.issuance.frame).iter().rfind(is_before)?;
                Some((other.ticket.number, Some(number)))
            }
        }
    }

    /// Whether a job that gives frames out can end: every frame is approved, no delivery is checked or will be, and nobody is at work.
    pub(super) fn is_over(&self) -> bool {
        let is_settled =
            |frame: u32| self.tries(frame).iter().any(|one| matches!(one.ticket.state.as_str(), "approved" | "paid"));
        self.view.job.open == 0
            && self.tickets.values().all(|one| one.ticket.state != "compared")
            && (0..self.view.job.count).all(is_settled)
            && self.handed().all(|one| self.check_of(one) == Check::Over)
    }

    /// The tickets that are to be shown, with what belongs to each.
    pub(super) fn show(&self) -> Vec<Shown> {
        self.view.job.to_show.iter().filter_map(|number| Some(self.shown(self.tickets.get(number)?))).collect()
    }

    fn shown(&self, one: &Known<'_>) -> Shown {
        let (number, frame, attempt) = (one.ticket.number, one.issuance.frame, one.issuance.attempt);
        let purpose = one.issuance.purpose.clone();
        let before = match (&purpose, attempt) {
            (Purpose::Frame, 0) => {
                let earlier = frame.checked_sub(1).map_or(&[][..], |before| self.tries(before));
                earlier.iter().find(|other| other.ticket.number < number)
            }
            (_, 0) => None,
            (Purpose::Frame, _) => attempt_before(self.tries(frame), attempt),
            (Purpose::Check { of }, _) => self.checks.get(of).and_then(|turns| attempt_before(turns, attempt)),
            (Purpose::Planted { .. }, _) => None,
        };
        let check = self.checks.get(&number).and_then(|turns| turns.first());
        let number_of = |one: &Known<'_>| one.ticket.number;
        Shown { number, frame, attempt, purpose, before: before.map(number_of), check: check.map(number_of) }
    }
}

/// The attempt before one, if it was given out. It failed, or was rejected and found right since.
fn attempt_before<'k, 'a>(tries: &'k [Known<'a>], attempt: u8) -> Option<&'k Known<'a>> {
    tries.iter().find(|other| other.issuance.attempt + 1 == attempt)
}

/// Whether two deliveries are of two owners, and one of them is not known to be right.
fn is_open(left: &Known<'_>, right: &Known<'_>) -> bool {
    left.ticket.owner != right.ticket.owner && !(left.ticket.verified && right.ticket.verified)
}
