//! The dispatcher's word: its secret, the tickets that it shows, and what breaking it costs.

use crate::world::*;
use depin_quantity::{Span, UnitId};
use depin_services::rendering::*;

/// A node of the job that the draw did not say.
fn friend(net: &Net, job: UnitId, frame: u32) -> UnitId {
    let wanted = net.wanted(job, frame, 0, &Purpose::Frame).node;
    net.nodes_of(job).into_iter().map(|node| node.node).find(|node| *node != wanted).unwrap()
}

/// One frame is given to the node that the draw says, and one to a friend.
fn with_a_friend(net: &mut Net) -> (UnitId, Vec<(u32, Opening)>) {
    let job = net.drawn(new_job());
    let fair = net.rendered(job, 0, 0, Purpose::Frame, 7);
    let node = friend(net, job, 1);
    let foul = net.give(job, 1, 0, Purpose::Frame, node);
    net.tick(Span::from_secs(120));
    net.deliver(job, foul.0, 7);
    net.draw();
    (job, vec![fair, foul])
}

/// The bond of a tenth of a dollar.
const BOND: u64 = 100_000;

#[test]
fn a_dispatcher_that_gives_frames_to_friends_loses_its_bond_and_its_hold_pays_what_was_handed_in() {
    let mut net = Net::new(4);
    let had = net.held(ARTIST);
    let (job, tickets) = with_a_friend(&mut net);
    let (number, opening) = tickets[0].clone();
    net.ok(ARTIST, RenderingMessage::Reject { job, number, opening, reason: RejectReason::Black });
    let drawn = net.opened(job);
    assert_eq!(drawn, [0, 1], "both of two tickets are looked at");
    let shown = tickets.iter().map(|ticket| net.shown(ticket)).collect();
    net.ok(GATEWAY, RenderingMessage::ShowTickets { job, shown });
    let row = net.job(job);
    assert_eq!((row.word.clone(), row.spent), (Word::Broken(Some(K)), BOND));
    net.tick(SECOND);
    assert_eq!((net.state_of(job, 0), net.state_of(job, 1)), ("approved", "approved"), "the rejected one too, and now");
    net.open_key(job, 0);
    net.open_key(job, 1);
    assert_eq!((net.job(job).state, net.job(job).spent), (JobState::Closed, BOND + 2 * PRICE));
    assert_eq!(had - net.held(ARTIST), u128::from(BOND + 2 * PRICE) * 25);
    net.events_read_back();
}

#[test]
fn anybody_shows_a_ticket_that_was_given_to_another_and_nobody_one_that_was_not() {
    let mut net = Net::new(4);
    let (job, tickets) = with_a_friend(&mut net);
    let proof = |net: &Net, at: usize| RenderingMessage::ProveMisgiven { job, shown: net.shown(&tickets[at]) };
    let (fair, foul) = (proof(&net, 0), proof(&net, 1));
    assert_eq!(net.refused(owner(1), foul.clone()), "job-state");
    net.opened(job);
    assert_eq!(net.refused(owner(1), fair), "well-given");
    let mut other = net.shown(&tickets[0]);
    other.frame = 2;
    assert_eq!(net.refused(owner(1), RenderingMessage::ProveMisgiven { job, shown: other }), "opening");
    net.ok(owner(1), foul.clone());
    assert!(matches!(net.job(job).word, Word::Broken(_)));
    assert_eq!(net.refused(owner(1), foul), "job-state", "once");
}

#[test]
fn a_secret_that_is_not_opened_in_time_breaks_the_word() {
    let mut net = Net::new(3);
    let job = net.drawn(new_job());
    net.rendered(job, 0, 0, Purpose::Frame, 7);
    let open = |secret| RenderingMessage::OpenSecret { job, secret };
    assert_eq!(net.refused(GATEWAY, open(K)), "job-state", "not while nodes work by it");
    net.ok(GATEWAY, RenderingMessage::EndJob { job });
    assert_eq!(net.refused(GATEWAY, open(Secret::new([1; 32]))), "secret");
    net.tick(Span::from_days(1));
    assert_eq!((net.job(job).word, net.job(job).spent), (Word::Broken(None), BOND));
    assert_eq!(net.refused(GATEWAY, open(K)), "job-state");
    net.tick(SECOND);
    net.open_key(job, 0);
    assert_eq!(net.job(job).state, JobState::Closed);
}

#[test]
fn tickets_that_are_drawn_and_not_shown_break_the_word() {
    let mut net = Net::new(3);
    let job = net.drawn(new_job());
    let tickets: Vec<_> = (0..2).map(|frame| net.rendered(job, frame, 0, Purpose::Frame, 7)).collect();
    let drawn = net.opened(job);
    let shown = vec![net.shown(&tickets[0])];
    net.ok(GATEWAY, RenderingMessage::ShowTickets { job, shown: shown.clone() });
    assert_eq!(net.refused(GATEWAY, RenderingMessage::ShowTickets { job, shown }), "not-sampled");
    assert_eq!(drawn.len(), 2);
    net.tick(Span::from_days(1));
    assert_eq!(net.job(job).word, Word::Broken(Some(K)));
}

/// A later attempt needs a failed one before it: else a dispatcher would choose among sixteen draws.
#[test]
fn a_second_attempt_is_shown_with_the_first_that_failed() {
    let mut net = Net::new(4);
    let job = net.drawn(new_job());
    let first = net.issue(job, 0, 0, Purpose::Frame);
    let holder = net.ticket(job, first.0).owner;
    let unfounded = net.rendered(job, 1, 1, Purpose::Frame, 7);
    net.ok(holder, RenderingMessage::Decline { job, number: first.0 });
    let second = net.rendered(job, 0, 1, Purpose::Frame, 7);
    net.opened(job);
    let lone = net.shown(&second);
    assert_eq!(net.refused(GATEWAY, RenderingMessage::ShowTickets { job, shown: vec![lone.clone()] }), "lacks");
    let with = Shown { before: Some(first.0), ..lone };
    net.ok(GATEWAY, RenderingMessage::ShowTickets { job, shown: vec![with, net.shown(&first)] });
    for before in [None, Some(first.0), Some(second.0), Some(99)] {
        let shown = Shown { before, ..net.shown(&unfounded) };
        assert_eq!(net.refused(GATEWAY, RenderingMessage::ShowTickets { job, shown: vec![shown] }), "lacks");
    }
}

/// Nodes that may come back as soon as they left: a pledge that cools down for a week cannot be locked again before.
fn coming_back(nodes: u8) -> Net {
    Net::of(&render(&[("cool-down = \"7d\"", "cool-down = \"1s\"")]), MINTED, nodes)
}

/// A node that was away when a frame was given out is rightly left out, and it makes no difference that it is back when that is shown; one that was
/// there is not, although it is away then.
#[test]
fn a_node_that_was_away_may_be_left_out_and_one_that_was_there_may_not() {
    let number_of = |node: UnitId| (1..=4).find(|n| machine(*n) == node).expect("it is one of them");
    for was_away in [true, false] {
        let mut net = coming_back(4);
        let job = net.drawn(new_job());
        let first = net.wanted(job, 0, 0, &Purpose::Frame);
        let number = number_of(first.node);
        if was_away {
            net.ok(first.owner, RenderingMessage::Leave { node: first.node });
        }
        let second = net.rendered(job, 0, 1, Purpose::Frame, 7);
        if was_away {
            net.register(number);
        } else {
            net.ok(first.owner, RenderingMessage::Leave { node: first.node });
        }
        net.opened(job);
        let show = RenderingMessage::ShowTickets { job, shown: vec![net.shown(&second)] };
        if was_away {
            net.ok(GATEWAY, show);
            assert_eq!(net.job(job).word, Word::Kept(K));
        } else {
            assert_eq!(net.refused(GATEWAY, show), "lacks");
        }
    }
}

/// Whoever comes and goes without end takes no room without end.
#[test]
fn a_node_that_comes_and_goes_is_remembered_in_bounded_room() {
    let mut net = coming_back(2);
    let begun = net.now;
    for _ in 0..40 {
        net.ok(owner(1), RenderingMessage::Leave { node: machine(1) });
        net.tick(Span::from_secs(2));
        net.register(1);
        net.tick(HOUR);
    }
    let row = net.node(1);
    assert!(row.absences.len() <= 16, "{}", row.absences.len());
    assert!(row.was_away(begun.later(HOUR), Span::from_millis(0)), "what lies between the oldest counts as away");
    assert!(!row.was_away(net.now, Span::from_millis(0)) && row.was_away(net.now, Span::from_secs(7_200)));
}

/// The draw says which deliveries are checked; a dispatcher that leaves the check out cannot show it.
#[test]
fn a_check_that_the_draw_asked_for_is_shown_with_its_frame() {
    let mut net = Net::new(4);
    let job = net.drawn(NewJob { check_share: "100%".parse().unwrap(), ..new_job() });
    let frame = net.rendered(job, 0, 0, Purpose::Frame, 7);
    let check = net.rendered(job, 0, 0, Purpose::Check { of: frame.0 }, 7);
    let bare = net.rendered(job, 1, 0, Purpose::Frame, 7);
    net.tick(Span::from_secs(2 * 3_600));
    net.opened(job);
    let show = |shown| RenderingMessage::ShowTickets { job, shown: vec![shown] };
    let lone = net.shown(&frame);
    assert_eq!(net.refused(GATEWAY, show(lone.clone())), "lacks");
    assert_eq!(net.refused(GATEWAY, show(Shown { check: Some(bare.0), ..lone.clone() })), "lacks");
    net.ok(GATEWAY, show(Shown { check: Some(check.0), ..lone }));
    let shown = net.shown(&check);
    net.ok(GATEWAY, show(shown));
    let bare = net.shown(&bare);
    assert_eq!(net.refused(GATEWAY, show(bare)), "lacks");
    net.tick(Span::from_days(1));
    assert!(matches!(net.job(job).word, Word::Broken(_)));
}

/// The job may end, or run out of money, before the time for a check is over: then none is asked for.
#[test]
fn no_check_is_asked_for_that_there_was_no_time_or_no_money_for() {
    let mut net = Net::new(4);
    let job = net.drawn(NewJob { check_share: "100%".parse().unwrap(), ..new_job() });
    let frame = net.rendered(job, 0, 0, Purpose::Frame, 7);
    net.kept(job, &[frame]);
    assert_eq!(net.job(job).word, Word::Kept(K));
}

#[test]
fn planted_frames_go_where_the_draw_says_too_and_are_few() {
    let mut net = Net::new(4);
    let job = net.drawn(new_job());
    let purpose = |number| Purpose::Planted { number, pixels: pixels(7) };
    let fair = net.rendered(job, 0, 0, purpose(0), 7);
    let many = net.rendered(job, 0, 0, purpose(1), 7);
    net.opened(job);
    let shown = vec![net.shown(&fair), net.shown(&many)];
    net.ok(GATEWAY, RenderingMessage::ShowTickets { job, shown });
    assert!(matches!(net.job(job).word, Word::Broken(_)), "a job of four frames has one planted");
}

/// Frames are given out in their order: a dispatcher that gives its friends' out and leaves the others has none to show before them.
#[test]
fn a_dispatcher_that_gives_only_its_friends_frames_out_cannot_show_them() {
    let mut net = Net::new(3);
    let job = net.drawn(new_job());
    let only = net.rendered(job, 2, 0, Purpose::Frame, 7);
    let late = net.rendered(job, 1, 0, Purpose::Frame, 7);
    net.opened(job);
    let show = |net: &Net, ticket: &(u32, Opening), before| {
        let shown = vec![Shown { before, ..net.shown(ticket) }];
        RenderingMessage::ShowTickets { job, shown }
    };
    for before in [None, Some(late.0), Some(only.0)] {
        let message = show(&net, &only, before);
        assert_eq!(net.refused(GATEWAY, message), "lacks", "frame 1 was given out after frame 2");
    }
    net.tick(Span::from_days(1));
    assert!(matches!(net.job(job).word, Word::Broken(_)));
}

/// Who orders until the draw says its friends pays a frame for each job that it leaves.
#[test]
fn a_job_that_is_drawn_and_left_costs_a_frame_and_one_that_is_not_drawn_nothing() {
    let mut net = Net::new(3);
    let had = net.held(ARTIST);
    let job = net.order(new_job());
    net.ok(ARTIST, RenderingMessage::EndJob { job });
    assert_eq!(net.held(ARTIST), had);
    for turn in 1..=3 {
        let job = net.drawn(new_job());
        net.ok(ARTIST, RenderingMessage::EndJob { job });
        assert_eq!((net.job(job).state, had - net.held(ARTIST)), (JobState::Closed, turn * 12_500 * 25));
    }
}
