//! Which tickets are given out next.

use super::{Board, DEPTH, Issuance, JobView, Known};
use depin_quantity::{Seed, UnitId};
use depin_services::rendering::{
    ATTEMPTS_MOST, ENTRIES_MAX, Eligible, JobState, Purpose, Secret, assigned, checker, planted, planted_most,
};
use std::collections::BTreeMap;

/// What may still be given out in this look.
struct Room {
    /// Tickets of each node that it has not handed in.
    open: BTreeMap<UnitId, usize>,
    /// Tickets that money and bounds leave.
    left: usize,
    given: Vec<Issuance>,
}

impl Room {
    fn new(view: &JobView) -> Self {
        let job = &view.job;
        let paid = usize::try_from(job.free / job.frame_most.max(1)).unwrap_or(usize::MAX);
        let most = u64::from(job.count) * 8 + 64;
        let numbers = usize::try_from(most.saturating_sub(job.tickets.into())).unwrap_or(usize::MAX);
        let mut open = BTreeMap::new();
        for ticket in view.tickets.iter().filter(|ticket| ticket.state == "issued") {
            *open.entry(ticket.node).or_default() += 1;
        }
        Self { open, left: paid.min(numbers).min(ENTRIES_MAX), given: Vec::new() }
    }

    /// Gives a ticket out, if there is room; whether there was.
    fn give(&mut self, node: Eligible, frame: u32, attempt: u8, purpose: Purpose) -> bool {
        let open = self.open.entry(node.node).or_default();
        if self.left == 0 || *open >= DEPTH {
            return false;
        }
        *open += 1;
        self.left -= 1;
        self.given.push(Issuance { node: node.node, frame, attempt, purpose });
        true
    }
}

/// How it stands with the check of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// The seed is not there that says whether there is one.
    Unknown,
    /// It is to be given out: the turn, and the node.
    Due(u8, Eligible),
    /// A node renders it, or both are to be compared, or are.
    UnderWay,
    /// None is wanted, or it is over, or there is nobody left who could.
    Over,
}

impl Board<'_> {
    /// The tickets to give out: frames whose attempt failed, checks that the draws want, planted frames, then the next frames in their order.
    pub(super) fn issue(&self) -> Vec<Issuance> {
        let job = &self.view.job;
        let (JobState::Open, Some(seed)) = (job.state, job.drawn) else { return Vec::new() };
        // A ticket that nobody knows the purpose of was not given out by this dispatcher: it goes no further before somebody looks.
        if self.tickets.len() != self.view.tickets.len() || self.view.now >= job.until.instant() {
            return Vec::new();
        }
        let mut room = Room::new(self.view);
        self.again(&mut room, seed);
        for one in self.handed() {
            if let Check::Due(turn, node) = self.check_of(one) {
                room.give(node, one.issuance.frame, turn, Purpose::Check { of: one.ticket.number });
            }
        }
        self.plants(&mut room, seed);
        // In their order, each after the one before it: so none that the draw gives to a friend can be preferred.
        for frame in (0..job.count).skip(self.tries.len()) {
            let given = self.attempt(seed, frame, 0).map(|(attempt, node)| room.give(node, frame, attempt, Purpose::Frame));
            if given != Some(true) {
                break;
            }
        }
        room.given
    }

    /// The first attempt at a frame from one on whose node takes part: those before it were never given out for that reason.
    fn attempt(&self, seed: Seed, frame: u32, after: u8) -> Option<(u8, Eligible)> {
        self.first_taking(after, |attempt| assigned(self.book.secret, seed, frame, attempt, &self.nodes))
    }

    fn first_taking(&self, after: u8, draw: impl Fn(u8) -> Option<Eligible>) -> Option<(u8, Eligible)> {
        let mut drawn = (after..ATTEMPTS_MOST).map_while(|attempt| Some((attempt, draw(attempt)?)));
        drawn.find(|(_, node)| self.takes(node.node))
    }

    /// Whether a node can be given tickets.
    fn takes(&self, node: UnitId) -> bool {
        self.view.nodes.iter().any(|known| known.node == node && known.active)
    }

    /// Frames whose attempts have all failed go to another node.
    fn again(&self, room: &mut Room, seed: Seed) {
        for (frame, tries) in &self.tries {
            if tries.iter().any(|one| !one.has_failed()) {
                continue;
            }
            let last = tries.iter().map(|one| one.issuance.attempt).max().unwrap_or(0);
            if let Some((attempt, node)) = self.attempt(seed, *frame, last.saturating_add(1)) {
                room.give(node, *frame, attempt, Purpose::Frame);
            }
        }
    }

    /// How it stands with the check of a frame's ticket that was handed in.
    pub(super) fn check_of(&self, one: &Known<'_>) -> Check {
        let Some(seed) = one.ticket.drawn else { return Check::Unknown };
        if self.to_check(one) != Some(true) {
            return Check::Over;
        }
        let of = one.ticket.number;
        let after = match self.last_check(of).map(|check| (check, check.ticket.state.as_str())) {
            None => 0,
            Some((check, "declined" | "lapsed")) => check.issuance.attempt.saturating_add(1),
            Some((check, "delivered")) => {
                let is_compared = self.book.compared.contains(&(of, check.ticket.number));
                return if is_compared || !one.is_comparable() { Check::Over } else { Check::UnderWay };
            }
            Some((_, "issued" | "compared")) => return Check::UnderWay,
            Some(_) => return Check::Over,
        };
        let drawn = |turn| checker(self.book.secret, seed, one.ticket.hash, turn, one.ticket.owner, &self.nodes);
        self.first_taking(after, drawn).map_or(Check::Over, |(turn, node)| Check::Due(turn, node))
    }

    /// Frames whose pixels are known, each once, after so many others as the secret says.
    fn plants(&self, room: &mut Room, seed: Seed) {
        let (count, secret) = (self.view.job.count, self.book.secret);
        let plants = self.book.known.iter().filter(|plant| plant.index < count).take(planted_most(count) as usize);
        for (number, plant) in (0u32..).zip(plants) {
            let is_it = |one: &Known<'_>| matches!(one.issuance.purpose, Purpose::Planted { number: is, .. } if is == number);
            if self.tries.len() <= place(secret, number, count) || self.tickets.values().any(is_it) {
                continue;
            }
            let node = planted(secret, seed, number, &self.nodes).filter(|node| self.takes(node.node));
            if let Some(node) = node {
                room.give(node, plant.index, 0, Purpose::Planted { number, pixels: plant.pixels });
            }
        }
    }
}

/// After which frame one is planted: somewhere among all of them.
fn place(secret: Secret, number: u32, count: u32) -> usize {
    let hash = Seed::derive("depin-rendering-plant-place", &[&secret.get(), &number.to_be_bytes()]);
    let first: [u8; 8] = hash.get()[..8].try_into().expect("a seed has 32 bytes");
    (u64::from_be_bytes(first) % u64::from(count.max(1))) as usize
}
