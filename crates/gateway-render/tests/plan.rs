//! The dispatcher's plan against the real rules: whole jobs on a ledger in memory, with honest, silent and cheating nodes.

#[path = "../../networks/tests/drive/files.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod files;
#[path = "../../networks/tests/rendering/world.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod world;

use depin_client::{
    api::{Amount, RenderingEligible, RenderingJob, RenderingTicket},
    render::{FrameStage, KnownFrame},
};
use depin_gateway_render::plan::{Book, DEPTH, JobView, Step, frames, plan};
use depin_quantity::{Address, Span, UnitId, Units};
use depin_services::rendering::{self, *};
use std::collections::{BTreeMap, BTreeSet};
use world::*;

/// How a node behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// Hands in the frame's own pixels, and says so.
    Honest,
    /// Hands in the same wrong pixels whatever is asked for, and insists.
    Cheat,
    /// Never hands anything in.
    Silent,
}

/// A dispatcher and its nodes.
struct Drive {
    net: Net,
    job: UnitId,
    book: Book,
    manners: BTreeMap<UnitId, Manner>,
    /// Most tickets that a node had at once.
    deepest: usize,
}

/// The right pixels of a frame.
fn right(frame: u32) -> u8 {
    frame as u8 + 1
}

const WRONG: u8 = 250;

impl Drive {
    fn new(nodes: u8, terms: NewJob, known: Vec<KnownFrame>) -> Self {
        let mut net = Net::new(nodes);
        net.audited = false;
        let job = net.drawn(terms);
        let book = Book { secret: K, issued: BTreeMap::new(), known, compared: BTreeSet::new() };
        let manners = (1..=nodes).map(|n| (machine(n), Manner::Honest)).collect();
        Self { net, job, book, manners, deepest: 0 }
    }

    fn of(mut self, n: u8, manner: Manner) -> Self {
        self.manners.insert(machine(n), manner);
        self
    }

    /// What the node's API would say.
    fn view(&self) -> JobView {
        let (job, rows) = (self.net.job(self.job), self.net.rows());
        let tickets = (0..job.tickets).map(|number| wire_ticket(&self.net, self.job, number)).collect();
        let wire = |one: Eligible| {
            let row = rendering::node(rows, one.node).unwrap();
            let active = row.active && !row.below_pledge;
            RenderingEligible { node: one.node, owner: one.owner, weight: one.weight, url: row.terms.url, active }
        };
        let nodes = self.net.nodes_of(self.job).into_iter().map(wire).collect();
        JobView { job: RenderingJob::of(self.job, job, Amount::new(RENDER, Units::ZERO, 8)), nodes, tickets, now: self.net.now }
    }

    fn steps(&self) -> Vec<Step> {
        plan(&self.view(), &self.book)
    }

    /// One look: everything that is planned is taken by the ledger.
    fn look(&mut self) {
        let view = self.view();
        for step in plan(&view, &self.book) {
            let message = self.message(&view, &step);
            self.net.ok(GATEWAY, message);
            if let Step::Compare { left, right } = step {
                self.book.compared.insert((left, right.unwrap_or(left)));
            }
        }
        let mut open = BTreeMap::<UnitId, usize>::new();
        for ticket in self.view().tickets.iter().filter(|ticket| ticket.state == "issued") {
            *open.entry(ticket.node).or_default() += 1;
        }
        self.deepest = self.deepest.max(open.into_values().max().unwrap_or(0));
    }

    fn message(&mut self, view: &JobView, step: &Step) -> RenderingMessage {
        let job = self.job;
        let opening = |number: u32| {
            let hash = view.tickets[number as usize].hash;
            (number, self.book.issued[&hash].opening(K, job))
        };
        match step.clone() {
            Step::Compare { left, right } => RenderingMessage::Compare { job, left: opening(left), right: right.map(opening) },
            Step::Issue(given) => {
                let tickets = given.iter().map(|one| Issued { hash: one.hash(K, job), node: one.node }).collect();
                self.book.issued.extend(given.into_iter().map(|one| (one.hash(K, job), one)));
                RenderingMessage::Issue { job, tickets }
            }
            Step::End => RenderingMessage::EndJob { job },
            Step::OpenSecret => RenderingMessage::OpenSecret { job, secret: K },
            Step::Show(shown) => RenderingMessage::ShowTickets { job, shown },
        }
    }

    fn manner(&self, node: UnitId) -> Manner {
        self.manners[&node]
    }

    fn frame_of(&self, number: u32) -> u32 {
        self.book.issued[&self.net.ticket(self.job, number).hash].frame
    }

    fn seen(&self, node: UnitId, frame: u32) -> u8 {
        if self.manner(node) == Manner::Cheat { WRONG } else { right(frame) }
    }

    /// What all nodes do at once: hand in, say what they committed to, concede or insist, judge, open keys.
    fn nodes_act(&mut self) {
        let job = self.job;
        self.net.tick(Span::from_secs(90));
        for number in 0..self.net.job(job).tickets {
            let ticket = self.net.ticket(job, number);
            if self.manner(ticket.node) == Manner::Silent {
                continue;
            }
            let seen = self.seen(ticket.node, self.frame_of(number));
            match ticket.state {
                TicketState::Issued => self.net.deliver(job, number, seen),
                TicketState::Compared if ticket.pixels.is_none() => self.net.reveal(job, number, seen),
                TicketState::Approved { .. } => self.net.open_key(job, number),
                _ => {}
            }
            self.judge(number);
        }
        self.net.draw();
    }

    /// The third node of a comparison, if one is drawn, says who has the right pixels.
    fn judge(&mut self, number: u32) {
        let job = self.job;
        let Some((first, row)) = rendering::comparison(self.net.rows(), job, number) else { return };
        let rendering::Step::Judging(third) = row.step else { return };
        if first != number || self.manner(third) == Manner::Silent {
            return;
        }
        let is_right = |said: Option<depin_quantity::ContentHash>| said == Some(pixels(self.seen(third, row.frame)));
        let left = is_right(self.net.ticket(job, first).pixels);
        let right = match row.against {
            Against::Ticket(other) => is_right(self.net.ticket(job, other).pixels),
            _ => true,
        };
        let owner = rendering::node(self.net.rows(), third).unwrap().owner;
        self.net.ok(owner, RenderingMessage::Judge { job, number: first, left, right });
    }

    fn stages(&self) -> BTreeMap<FrameStage, usize> {
        let mut counts = BTreeMap::new();
        for frame in frames(&self.view(), &self.book) {
            *counts.entry(frame.stage).or_default() += 1;
        }
        counts
    }

    /// Approves what is ready, as an artist who looks at everything would.
    fn artist_approves(&mut self) {
        let ready: Vec<u32> = frames(&self.view(), &self.book)
            .into_iter()
            .filter(|frame| frame.stage == FrameStage::Ready)
            .filter_map(|frame| frame.ticket)
            .collect();
        for number in ready {
            self.net.approve(self.job, number, number);
        }
    }

    /// Goes on until the dispatcher's word is judged; an artist approves what is ready.
    fn finish(&mut self) {
        for _ in 0..200 {
            self.look();
            self.nodes_act();
            self.artist_approves();
            if matches!(self.net.job(self.job).word, Word::Kept(_) | Word::Broken(_)) {
                self.net.check_all();
                return;
            }
            if self.manners.values().any(|manner| *manner == Manner::Silent) {
                self.net.tick(HOUR);
            }
        }
        panic!("it never ended: {:?}, {:#?}", self.stages(), self.net.job(self.job));
    }

    /// Tickets by what they are for, and how many of those were found right.
    fn tickets(&self) -> (usize, usize, usize, usize) {
        let of = |wanted: fn(&Purpose) -> bool| {
            let all = 0..self.net.job(self.job).tickets;
            all.filter(|number| wanted(&self.book.issued[&self.net.ticket(self.job, *number).hash].purpose)).count()
        };
        let verified = (0..self.net.job(self.job).tickets).filter(|number| self.net.ticket(self.job, *number).verified).count();
        let checks = of(|purpose| matches!(purpose, Purpose::Check { .. }));
        let planted = of(|purpose| matches!(purpose, Purpose::Planted { .. }));
        (of(|purpose| *purpose == Purpose::Frame), checks, planted, verified)
    }
}

fn wire_ticket(net: &Net, job: UnitId, number: u32) -> RenderingTicket {
    RenderingTicket::of(job, number, net.ticket(job, number), rendering::comparison(net.rows(), job, number))
}

fn terms(frames: i64, checks: &str) -> NewJob {
    NewJob {
        frames: Frames { first: 1, last: frames, step: 1 },
        check_share: checks.parse().unwrap(),
        funds: 20_000_000,
        ..new_job()
    }
}

#[test]
fn a_job_of_honest_nodes_is_given_out_checked_compared_and_its_word_is_kept() {
    let known = KnownFrame { index: 3, pixels: pixels(right(3)) };
    let mut drive = Drive::new(4, terms(24, "50%"), vec![known]);
    drive.finish();
    let (frames, checks, planted, verified) = drive.tickets();
    assert_eq!((frames, planted), (24, 1), "each frame once, and one planted");
    assert!((4..=20).contains(&checks), "about half are checked: {checks}");
    // A planted frame's ticket, and both sides of every check.
    assert_eq!(verified, 2 * checks + 1);
    assert!(matches!(drive.net.job(drive.job).word, Word::Kept(_)));
    assert!(drive.deepest <= DEPTH, "{} tickets at one node", drive.deepest);
    assert_eq!(drive.net.artist().broken, 0);
    assert_eq!(drive.stages().into_iter().collect::<Vec<_>>(), [(FrameStage::Done, 24)]);
}

#[test]
fn a_node_that_hands_in_wrong_frames_is_found_and_its_frames_come_from_others() {
    let mut drive = Drive::new(4, terms(24, "100%"), Vec::new()).of(2, Manner::Cheat);
    drive.finish();
    assert!(matches!(drive.net.job(drive.job).word, Word::Kept(_)));
    let cheat = drive.net.node(2);
    assert!(cheat.judged > 0 && cheat.right == 0 && cheat.frames == 0, "{cheat:?}");
    assert!(drive.net.totals().wrong > 0);
    assert_eq!(drive.stages().get(&FrameStage::Done), Some(&24));
    let others = [1, 3, 4].map(|n| (drive.net.node(n).judged, drive.net.node(n).right));
    assert!(others.iter().all(|(judged, right)| judged == right), "{others:?}");
}

#[test]
fn frames_of_a_node_that_never_delivers_go_to_others_after_a_while() {
    let mut drive = Drive::new(4, terms(12, "10%"), Vec::new()).of(3, Manner::Silent);
    drive.finish();
    assert!(matches!(drive.net.job(drive.job).word, Word::Kept(_)), "{:?}", drive.net.job(drive.job));
    let lapsed = drive.net.told().into_iter().filter(|event| matches!(event, RenderingEvent::TicketFailed { lapsed: true, .. }));
    assert!(lapsed.count() > 0 && drive.net.node(3).frames == 0, "what it let lie is not paid");
    assert_eq!(drive.stages().get(&FrameStage::Done), Some(&12));
}

#[test]
fn a_rejected_frame_is_rendered_again_elsewhere_and_compared_with_what_came_before() {
    let mut drive = Drive::new(4, terms(2, "2%"), Vec::new());
    while !drive.stages().contains_key(&FrameStage::Ready) {
        drive.look();
        drive.nodes_act();
    }
    let first = frames(&drive.view(), &drive.book).into_iter().find(|frame| frame.stage == FrameStage::Ready).unwrap();
    let number = first.ticket.unwrap();
    let issuance = drive.book.issued[&drive.net.ticket(drive.job, number).hash].clone();
    let (job, opening) = (drive.job, issuance.opening(K, drive.job));
    drive.net.ok(ARTIST, RenderingMessage::Reject { job, number, opening, reason: RejectReason::Black });
    let waits = frames(&drive.view(), &drive.book).into_iter().find(|frame| frame.index == first.index).unwrap();
    assert_eq!((waits.stage, waits.why.as_deref()), (FrameStage::Waiting, Some("rejected as black")));
    drive.look();
    drive.nodes_act();
    let again = frames(&drive.view(), &drive.book).into_iter().find(|frame| frame.index == first.index).unwrap();
    assert_eq!(again.attempts, 2);
    let owner = |number: u32| -> Address { drive.net.ticket(drive.job, number).owner };
    assert_ne!(owner(number), owner(again.ticket.unwrap()), "another owner's node");
    drive.finish();
    // The rejected frame was right: the artist is told so by the ledger, and its node is paid.
    assert_eq!((drive.net.artist().unfounded, drive.net.state_of(drive.job, number)), (1, "paid"));
    assert!(matches!(drive.net.job(drive.job).word, Word::Kept(_)));
}

#[test]
fn nothing_is_given_out_without_money_and_it_goes_on_after_more_is_held() {
    // A bond of 2,778 leaves 25,002: two frames of 12,500.
    let mut drive = Drive::new(3, NewJob { funds: 27_780, ..terms(6, "2%") }, Vec::new());
    drive.look();
    assert_eq!((drive.net.job(drive.job).tickets, drive.net.job(drive.job).is_paused()), (2, true));
    drive.nodes_act();
    drive.artist_approves();
    drive.nodes_act();
    while drive.net.job(drive.job).free() >= drive.net.job(drive.job).frame_most {
        drive.look();
        drive.nodes_act();
        drive.artist_approves();
    }
    assert!(drive.steps().is_empty(), "it waits for money: {:?}", drive.steps());
    let job = drive.job;
    drive.net.ok(ARTIST, RenderingMessage::Fund { job, more: 1_000_000 });
    drive.finish();
    assert_eq!(drive.stages().get(&FrameStage::Done), Some(&6));
}

#[test]
fn a_ticket_that_this_dispatcher_did_not_give_stops_it_from_giving_more() {
    let mut drive = Drive::new(3, terms(6, "2%"), Vec::new());
    let before = drive.steps();
    assert!(matches!(before.as_slice(), [Step::Issue(given)] if given.len() == 6), "{before:?}");
    let job = drive.job;
    let node = drive.net.nodes_of(job)[0].node;
    drive.net.ok(GATEWAY, RenderingMessage::Issue { job, tickets: vec![Issued { hash: UnitId::new([9; 32]), node }] });
    assert!(drive.steps().is_empty());
}

#[test]
fn what_was_not_written_to_the_ledger_is_planned_again_as_it_was() {
    let mut drive = Drive::new(3, terms(6, "100%"), Vec::new());
    assert_eq!(drive.steps(), drive.steps());
    drive.look();
    drive.nodes_act();
    let after = drive.steps();
    assert!(after.iter().any(|step| matches!(step, Step::Issue(_))) && after == drive.steps(), "{after:?}");
}
