//! Whole lives of jobs.

use crate::world::*;
use depin_economy::Event as Economy;
use depin_quantity::Span;
use depin_services::{
    Event,
    rendering::{self, *},
};

/// A dollar's frames cost a quarter of a token at four dollars each: 2,604 of its 10^-8 for a hundred-millionth of a dollar.
const TOKENS: u128 = PRICE as u128 * 25;

fn burnt(net: &Net) -> u128 {
    let paid = |event: &Event| match event {
        Event::Economy(Economy::Charged { hold: Some(_), amount, .. }) => amount.get(),
        _ => 0,
    };
    net.events.iter().map(paid).sum()
}

#[test]
fn a_job_is_drawn_rendered_approved_paid_and_its_rest_goes_back() {
    let mut net = Net::new(4);
    let had = net.held(ARTIST);
    let job = net.order(new_job());
    assert_eq!(had - net.held(ARTIST), 25_000_000, "a dollar is held");
    let early = Issued { hash: depin_quantity::UnitId::new([1; 32]), node: machine(1) };
    assert_eq!(net.refused(GATEWAY, RenderingMessage::Issue { job, tickets: vec![early] }), "job-state");
    net.draw();
    assert_eq!((net.job(job).state, net.nodes_of(job).len()), (JobState::Open, 4));
    let tickets: Vec<_> = (0..4).map(|frame| net.rendered(job, frame, 0, Purpose::Frame, frame as u8)).collect();
    let wallets: Vec<u128> = (1..=4).map(|n| net.held(owner(n))).collect();
    net.approve(job, 0, 3);
    for number in 0..4 {
        assert_eq!(net.state_of(job, number), "approved");
        net.open_key(job, number);
        assert_eq!(net.ticket(job, number).key, Some(key(job, number)), "the artist reads it there");
    }
    assert_eq!(wallets, (1..=4).map(|n| net.held(owner(n))).collect::<Vec<_>>(), "the price is burnt, not paid to nodes");
    assert_eq!((net.job(job).spent, net.job(job).frames, burnt(&net)), (4 * PRICE, 4, 4 * TOKENS));
    net.kept(job, &tickets);
    let row = net.job(job);
    assert_eq!((row.state, row.word.clone(), row.reason), (JobState::Closed, Word::Kept(K), Some(EndReason::Asked)));
    assert_eq!(had - net.held(ARTIST), 4 * TOKENS, "only frames cost anything");
    assert_eq!((net.totals().frames, net.totals().value), (4, 4 * u128::from(PRICE)));
    assert_eq!((net.artist().paid, net.totals().work), (4, 4 * 8_333));
    net.events_read_back();
    net.tick(Span::from_days(7));
    assert!(rendering::job(net.rows(), job).is_none() && rendering::tickets(net.rows(), job, None).next().is_none());
    assert_eq!(net.artist().jobs, 0, "and nothing of it is kept");
}

#[test]
fn before_burn_and_mint_the_held_price_is_the_operators() {
    let mut net = Net::of(&render(&[]), HELD, 2);
    let job = net.drawn(new_job());
    let (number, _) = net.rendered(job, 0, 0, Purpose::Frame, 7);
    let owner = net.ticket(job, number).owner;
    let had = net.held(owner);
    net.approve(job, number, number);
    net.open_key(job, number);
    assert_eq!(net.held(owner) - had, TOKENS);
}

/// A frame counts when it is approved and its key is open: whoever withholds a key has earned nothing of the emission.
#[test]
fn a_frame_counts_in_the_week_in_which_its_key_is_opened() {
    let accrued = |net: &Net| {
        let own = |event: &&Event| matches!(event, Event::Economy(Economy::Accrued { .. }));
        net.events.iter().filter(own).count()
    };
    // MINTED is a Monday: weeks end on Wednesday at 00:00, 36 hours later.
    let mut net = Net::new(2);
    let job = net.drawn(new_job());
    let (number, _) = net.rendered(job, 0, 0, Purpose::Frame, 7);
    net.tick(Span::from_secs(35 * 3_600 + 1_800));
    net.approve(job, number, number);
    assert_eq!(accrued(&net), 0, "approved in the first week, and nothing counts yet");
    net.tick(HOUR);
    net.open_key(job, number);
    assert_eq!(accrued(&net), 1, "in the second one");
    let who = net.ticket(job, number).owner;
    let had = net.held(who);
    net.tick(SECOND);
    assert_eq!(net.held(who), had, "the first week pays it nothing");
    net.tick(Span::from_days(7));
    net.act(who, &depin_economy::Action::Claim { after: None });
    assert!(net.held(who) > had, "the second one does");
}

#[test]
fn a_job_that_approves_by_itself_waits_for_the_check_alone() {
    let mut net = Net::new(3);
    let job = net.drawn(NewJob { auto_approve: true, ..new_job() });
    let (number, _) = net.rendered(job, 0, 0, Purpose::Frame, 7);
    net.tick(HOUR);
    assert_eq!(net.state_of(job, number), "delivered");
    net.tick(HOUR);
    assert_eq!(net.state_of(job, number), "approved");
    net.open_key(job, number);
    assert_eq!(net.state_of(job, number), "paid");
}

#[test]
fn whatever_nobody_showed_to_be_wrong_is_approved_72_hours_after_the_end_and_not_before() {
    let mut net = Net::new(3);
    let job = net.drawn(new_job());
    let tickets: Vec<_> = (0..3).map(|frame| net.rendered(job, frame, 0, Purpose::Frame, 7)).collect();
    let reject = |n: usize| {
        let (number, opening) = tickets[n].clone();
        RenderingMessage::Reject { job, number, opening, reason: RejectReason::Black }
    };
    net.kept(job, &tickets);
    let at = net.job(job).approve_at.unwrap();
    net.ok(ARTIST, reject(0));
    net.tick(at.since(net.now).get().checked_sub(1).map(Span::from_millis).unwrap());
    assert_eq!(net.state_of(job, 1), "delivered", "a millisecond is left");
    net.ok(ARTIST, reject(1));
    net.tick(Span::from_millis(1));
    assert_eq!((net.state_of(job, 0), net.state_of(job, 1), net.state_of(job, 2)), ("approved", "approved", "approved"));
    assert_eq!(net.refused(ARTIST, reject(2)), "ticket-state", "the artist came too late");
    (0..3).for_each(|number| net.open_key(job, number));
    assert_eq!((net.job(job).state, net.job(job).spent), (JobState::Closed, 3 * PRICE));
}

#[test]
fn a_job_pauses_when_its_money_is_too_little_for_a_frame_and_goes_on_after_a_top_up() {
    let mut net = Net::new(3);
    // A bond of 2,778 leaves 25,002: two frames of 12,500.
    let job = net.drawn(NewJob { funds: 27_780, ..new_job() });
    net.issue(job, 0, 0, Purpose::Frame);
    assert!(!net.job(job).paused);
    net.issue(job, 1, 0, Purpose::Frame);
    assert!(net.job(job).is_paused() && net.told().iter().any(|event| matches!(event, RenderingEvent::JobPaused { .. })));
    let node = net.wanted(job, 2, 0, &Purpose::Frame).node;
    let more = Issued { hash: depin_quantity::UnitId::new([1; 32]), node };
    assert_eq!(net.refused(GATEWAY, RenderingMessage::Issue { job, tickets: vec![more] }), "paused");
    assert_eq!(net.refused(GATEWAY, RenderingMessage::Fund { job, more: 20_000 }), "not-yours");
    net.ok(ARTIST, RenderingMessage::Fund { job, more: 20_000 });
    assert!(net.told().iter().any(|event| matches!(event, RenderingEvent::JobFunded { resumed: true, funds: 47_780, .. })));
    net.issue(job, 2, 0, Purpose::Frame);
}

#[test]
fn a_job_that_is_cancelled_pays_what_was_handed_in_and_rejected_ones_that_nobody_rendered_again() {
    let mut net = Net::new(3);
    let had = net.held(ARTIST);
    let job = net.drawn(new_job());
    let good = net.rendered(job, 0, 0, Purpose::Frame, 7);
    let (black, opening) = net.rendered(job, 1, 0, Purpose::Frame, 0);
    let third = net.issue(job, 2, 0, Purpose::Frame);
    let open = third.0;
    net.ok(ARTIST, RenderingMessage::Reject { job, number: black, opening: opening.clone(), reason: RejectReason::Black });
    net.ok(ARTIST, RenderingMessage::EndJob { job });
    assert_eq!(net.job(job).state, JobState::Ending, "a node is at work");
    assert_eq!(net.refused(ARTIST, RenderingMessage::EndJob { job }), "job-state");
    net.tick(HOUR);
    assert_eq!((net.state_of(job, open), net.job(job).state), ("lapsed", JobState::Ended));
    net.ok(GATEWAY, RenderingMessage::OpenSecret { job, secret: K });
    net.draw();
    let shown = [good, (black, opening), third].iter().map(|ticket| net.shown(ticket)).collect();
    net.ok(GATEWAY, RenderingMessage::ShowTickets { job, shown });
    net.tick(Span::from_days(3));
    net.open_key(job, 0);
    net.open_key(job, black);
    assert_eq!((net.job(job).state, had - net.held(ARTIST)), (JobState::Closed, 2 * TOKENS));
}

#[test]
fn three_rejections_of_one_frame_stop_the_job() {
    let mut net = Net::new(5);
    let job = net.drawn(new_job());
    for attempt in 0..3 {
        assert_eq!(net.job(job).state, JobState::Open);
        let (number, opening) = net.rendered(job, 2, attempt, Purpose::Frame, attempt);
        net.ok(ARTIST, RenderingMessage::Reject { job, number, opening, reason: RejectReason::Broken });
    }
    let row = net.job(job);
    assert_eq!((row.state, row.reason), (JobState::Ended, Some(EndReason::Failed)));
    let owners: std::collections::BTreeSet<_> = (0..3).map(|number| net.ticket(job, number).owner).collect();
    assert_eq!((owners.len(), net.artist().rejected), (3, 3), "each time by another owner's node");
}

#[test]
fn a_job_that_no_node_can_take_gives_its_money_back_at_once() {
    let mut net = Net::new(2);
    let had = net.held(ARTIST);
    for terms in [
        NewJob { memory_mb: 99_999, ..new_job() },
        NewJob { engine: Engine { build: "4.0".to_owned(), ..engine() }, ..new_job() },
        NewJob { tier: Tier::Trusted, auto_approve: true, ..new_job() },
    ] {
        let job = net.drawn(terms);
        assert_eq!((net.job(job).state, net.job(job).reason), (JobState::Closed, Some(EndReason::Nobody)));
    }
    assert_eq!(net.held(ARTIST), had);
}

#[test]
fn nodes_of_a_tier_that_are_all_gone_leave_tickets_that_lapse_and_the_money_goes_back() {
    let mut net = Net::new(2);
    let had = net.held(ARTIST);
    let job = net.drawn(NewJob { frames: Frames { first: 1, last: 6, step: 1 }, ..new_job() });
    let tickets: Vec<_> = (0..6).map(|frame| net.issue(job, frame, 0, Purpose::Frame)).collect();
    net.tick(HOUR);
    assert!((0..6).all(|number| net.state_of(job, number) == "lapsed"));
    assert!(
        (1..=2).all(|n| net.node(n).active && net.node(n).lapses <= 1),
        "one job puts nobody out, however many tickets it gives"
    );
    net.kept(job, &tickets);
    assert_eq!((net.job(job).state, net.held(ARTIST)), (JobState::Closed, had));
    net.tick(Span::from_days(7));
    assert!(rendering::job(net.rows(), job).is_none(), "it is forgotten, with what lapsed of it");
}

#[test]
fn a_node_that_lets_frames_of_three_jobs_lie_is_out() {
    let mut net = Net::new(1);
    for lapses in 1..=3 {
        assert!(net.node(1).active);
        let job = net.drawn(new_job());
        let tickets: Vec<_> = (0..3).map(|frame| net.issue(job, frame, 0, Purpose::Frame)).collect();
        net.tick(HOUR);
        assert!(tickets.iter().all(|(number, _)| net.state_of(job, *number) == "lapsed"));
        assert_eq!((net.node(1).lapses, net.node(1).judged), (lapses, u64::from(lapses)));
    }
    assert!(!net.node(1).active && net.node(1).pledged, "its pledge stays, so that it can come back");
    net.register(1);
    assert!(net.node(1).active && net.node(1).lapses == 0, "at once, without a cool-down");
    let job = net.drawn(new_job());
    let (number, _) = net.rendered(job, 0, 0, Purpose::Frame, 7);
    net.approve(job, number, number);
    net.open_key(job, number);
    assert_eq!(net.state_of(job, number), "paid");
}

/// Whoever is put out and does not mean to come back has its pledge back by leaving, after the cool-down and once.
#[test]
fn a_node_that_was_put_out_has_its_pledge_back_by_leaving() {
    let mut net = Net::of(&render(&[("lapses-most = 3", "lapses-most = 1")]), MINTED, 1);
    let had = net.held(owner(1));
    let job = net.drawn(new_job());
    net.issue(job, 0, 0, Purpose::Frame);
    net.tick(HOUR);
    let leave = || RenderingMessage::Leave { node: machine(1) };
    assert!(!net.node(1).active && net.node(1).pledged);
    net.ok(owner(1), leave());
    assert!(!net.node(1).pledged);
    assert_eq!(net.refused(owner(1), leave()), "unknown-node", "once");
    net.tick(Span::from_days(8));
    assert_eq!(net.held(owner(1)), had + 100 * 100_000_000);
}
