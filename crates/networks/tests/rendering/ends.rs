//! Keys, leaving, lapses, and what time does.

use crate::world::*;
use depin_economy::Account;
use depin_quantity::{Span, Units};
use depin_services::rendering::{self, *};

#[test]
fn a_key_that_is_withheld_is_refunded_and_the_node_pays() {
    // The document's file takes nothing of the pledge; here a tenth.
    let fault = "fee = \"nothing\"\nsource = \"knowledge base: a rejected";
    let cut = "fee = \"share-of-pledge\"\npledge = \"node\"\nshare = \"10%\"\nsource = \"knowledge base: a rejected";
    for (toml, lost) in [(render(&[]), 0), (render(&[(fault, cut)]), 1_000_000_000)] {
        let mut net = Net::of(&toml, MINTED, 2);
        let had = net.held(ARTIST);
        let job = net.drawn(new_job());
        let (number, opening) = net.rendered(job, 0, 0, Purpose::Frame, 7);
        let who = net.ticket(job, number).owner;
        let pledged = |net: &Net| net.network.economy().reads(net.rows(), net.now).balance(Account::Pledge(who), RENDER).get();
        let before = pledged(&net);
        net.approve(job, number, number);
        let wrong = RenderingMessage::OpenKeys { job, keys: vec![(number, FrameKey::new([1; 32]))] };
        assert_eq!(net.refused(who, wrong), "key", "another key than it committed to");
        net.tick(Span::from_days(1));
        assert_eq!(net.state_of(job, number), "withheld");
        let late = RenderingMessage::OpenKeys { job, keys: vec![(number, key(job, number))] };
        assert_eq!(net.refused(who, late), "ticket-state");
        assert_eq!(before - pledged(&net), lost);
        let row = rendering::node(net.rows(), net.ticket(job, number).node).unwrap();
        assert_eq!((row.judged, row.right, row.below_pledge), (1, 0, lost > 0));
        net.kept(job, &[(number, opening)]);
        assert_eq!((net.job(job).state, net.held(ARTIST)), (JobState::Closed, had), "the artist paid nothing");
    }
}

#[test]
fn a_node_leaves_when_its_frames_are_decided_and_its_pledge_cools_down() {
    let mut net = Net::new(2);
    let had = net.held(owner(1));
    let job = net.drawn(new_job());
    let mine = (0..4).find(|frame| net.wanted(job, *frame, 0, &Purpose::Frame).node == machine(1)).unwrap();
    let (number, _) = net.issue(job, mine, 0, Purpose::Frame);
    let leave = || RenderingMessage::Leave { node: machine(1) };
    assert_eq!(net.refused(owner(1), leave()), "in-work");
    assert_eq!(net.refused(owner(2), leave()), "not-yours");
    net.ok(owner(1), RenderingMessage::Decline { job, number });
    assert_eq!((net.state_of(job, number), net.node(1).judged), ("declined", 0), "giving back costs no name");
    net.ok(owner(1), leave());
    assert_eq!(net.refused(owner(1), leave()), "unknown-node");
    let issued = Issued { hash: depin_quantity::UnitId::new([1; 32]), node: machine(1) };
    assert_eq!(net.refused(GATEWAY, RenderingMessage::Issue { job, tickets: vec![issued] }), "not-eligible");
    net.tick(Span::from_days(8));
    assert_eq!(net.held(owner(1)), had + 100 * 100_000_000);
    net.register(1);
    assert!(net.node(1).active && net.held(owner(1)) == had);
}

#[test]
fn one_failure_moves_an_old_node_little_and_a_new_one_more() {
    let mut net = Net::new(1);
    let mut row = net.node(1);
    assert_eq!(row.reputation(), 900, "a new node");
    row.judged = 1;
    assert_eq!(row.reputation(), 818);
    (row.judged, row.right) = (1_000, 1_000);
    assert_eq!(row.reputation(), 999);
    row.judged = 1_001;
    assert_eq!(row.reputation(), 998);
    (row.judged, row.right, row.open) = (0, 0, 2);
    assert_eq!(row.weight(), 300, "tickets in its hands make others likelier");
    net.tick(SECOND);
}

#[test]
fn nodes_below_the_tiers_minimum_are_not_drawn_for_it() {
    let mut net = Net::of(&render(&[("priority-least = 800", "priority-least = 950")]), MINTED, 3);
    let job = net.drawn(NewJob { tier: Tier::Priority, ..new_job() });
    assert_eq!(net.job(job).reason, Some(EndReason::Nobody), "new nodes have 900");
    let job = net.drawn(new_job());
    assert_eq!(net.nodes_of(job).len(), 3);
}

#[test]
fn a_job_goes_to_as_many_nodes_as_the_file_says_wherever_the_draw_begins() {
    let mut net = Net::of(&render(&[("nodes-most = 64", "nodes-most = 3")]), MINTED, 7);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..12 {
        let job = net.drawn(new_job());
        let nodes = net.nodes_of(job);
        assert_eq!(nodes.len(), 3);
        assert_eq!(nodes.iter().map(|node| node.node).collect::<std::collections::BTreeSet<_>>().len(), 3, "each once");
        seen.extend(nodes.iter().map(|node| node.node));
    }
    assert_eq!(seen.len(), 7, "none is left out for good");
}

#[test]
fn a_time_that_is_over_ends_the_job_and_a_job_without_tickets_closes() {
    let mut net = Net::new(2);
    let had = net.held(ARTIST);
    let job = net.drawn(new_job());
    net.tick(Span::from_days(2));
    assert_eq!((net.job(job).state, net.job(job).reason), (JobState::Closed, Some(EndReason::Time)));
    assert_eq!(had - net.held(ARTIST), 12_500 * 25, "it was drawn and nothing given out: a frame");
    let had = net.held(ARTIST);
    net.report_price();
    let never = net.order(new_job());
    net.ok(ARTIST, RenderingMessage::EndJob { job: never });
    net.draw();
    assert_eq!((net.job(never).state, net.held(ARTIST)), (JobState::Closed, had), "ended before it was drawn");
}

/// A chain that stood still for a month finds the money gone back: frames are approved, and nobody is paid out of nothing.
#[test]
fn a_hold_that_ran_out_pays_nobody() {
    let mut net = Net::new(2);
    let had = net.held(ARTIST);
    let job = net.drawn(new_job());
    let (number, _) = net.rendered(job, 0, 0, Purpose::Frame, 7);
    net.tick(Span::from_days(31));
    assert!(net.job(job).lapsed && net.held(ARTIST) == had);
    net.tick(SECOND);
    net.tick(Span::from_days(3));
    assert_eq!(net.state_of(job, number), "approved");
    net.open_key(job, number);
    assert_eq!(net.held(ARTIST), had);
    let held = net.network.economy().reads(net.rows(), net.now).balance(Account::Hold(job), RENDER);
    assert_eq!(held, Units::ZERO);
    net.tick(Span::from_days(3));
    assert_eq!(net.job(job).state, JobState::Closed);
}

/// However many tickets a job has, a block approves and forgets some at a time.
#[test]
fn a_long_job_is_approved_and_forgotten_within_the_work_of_a_block() {
    let mut net = Net::of(&render(&[("tickets-most = 16", "tickets-most = 150")]), MINTED, 3);
    net.audited = false;
    let frames = Frames { first: 1, last: 150, step: 1 };
    let job = net.drawn(NewJob { frames, funds: 10_000_000, ..new_job() });
    let tickets: Vec<_> = (0..150).map(|frame| net.issue(job, frame, 0, Purpose::Frame)).collect();
    net.tick(Span::from_secs(120));
    (0..150).for_each(|number| net.deliver(job, number, 7));
    net.draw();
    net.kept(job, &tickets);
    let approved = |net: &Net| (0..150).filter(|number| net.state_of(job, *number) == "approved").count();
    net.now = net.job(job).approve_at.unwrap();
    let mut blocks = 0;
    while approved(&net) < 150 {
        let (before, used) = (approved(&net), net.short_block(400));
        assert!(approved(&net) - before <= 64 && used <= 1_200, "{used} units of work");
        blocks += 1;
    }
    assert!(blocks >= 3);
    net.check_all();
    net.tick(Span::from_days(1));
    assert_eq!((net.job(job).state, net.totals().withheld), (JobState::Closed, 150), "nobody opened a key");
    net.now = net.now.later(Span::from_days(7));
    net.short_block(100);
    let left = rendering::tickets(net.rows(), job, None).count();
    assert!((1..150).contains(&left), "{left} are left");
    net.check_all();
    (0..3).for_each(|_| net.tick(SECOND));
    assert!(rendering::job(net.rows(), job).is_none());
    net.check_all();
}
