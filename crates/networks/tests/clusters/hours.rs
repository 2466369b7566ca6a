//! Hours: who is nominated, passes, fails, stands out, and what that earns.

use crate::world::{HOUR, Net, SECOND, machine, owner};
use depin_quantity::{Address, Span};
use depin_services::clusters::{Answer, ClustersMessage as M, HourState, MissReason};

/// Wallet and what the period's batch paid: in IO's base units.
fn earned(net: &mut Net, n: u8, of: impl FnOnce(&mut Net)) -> u128 {
    let before = net.held(owner(n));
    of(net);
    net.held(owner(n)) - before
}

#[test]
fn five_passed_hours_nominate_a_device_and_the_sixth_earns() {
    let mut net = Net::new(1);
    let nothing = earned(&mut net, 1, |net| {
        net.pass_hours(5, &[1]);
        net.next_hour();
    });
    assert_eq!(nothing, 0);
    assert_eq!(net.hour_row(net.hour()).nominated, 1);
    let hour = net.hour();
    net.answer(1);
    let row = net.hour_row(hour);
    assert_eq!((row.completed, row.score), (1, 40_000), "two processors of 20,000 tenths of a point");
    let reward = earned(&mut net, 1, Net::next_hour);
    // 90 % of about 4,566 IO.
    assert!((410_000_000_000..=411_000_000_000).contains(&reward), "{reward}");
    assert_eq!(net.hour_row(hour).state, HourState::Completed);
    net.events_read_back();
}

#[test]
fn the_hour_is_shared_by_score_among_those_that_passed() {
    let mut net = Net::new(3);
    net.pass_hours(5, &[1, 2, 3]);
    net.next_hour();
    net.answer(1);
    net.answer(2);
    let before = [1, 2, 3].map(|n| net.held(owner(n)));
    net.next_hour();
    let got: Vec<u128> = [1, 2, 3].iter().zip(before).map(|(n, before)| net.held(owner(*n)) - before).collect();
    assert!(got[0] == got[1] && got[0] > 200_000_000_000 && got[2] == 0, "{got:?}");
    let row = net.hour_row(net.hour() - 1);
    assert_eq!((row.nominated, row.completed, row.failed), (3, 2, 1));
    assert_eq!(net.device(3).misses[0].reason, MissReason::Unanswered);
}

#[test]
fn one_failed_hour_costs_its_reward_and_three_of_five_begin_anew() {
    let mut net = Net::new(2);
    net.pass_hours(5, &[1, 2]);
    // Device 2 answers every other hour: it fails the first, third and fifth.
    for round in 0..5 {
        net.next_hour();
        net.answer(1);
        if round % 2 == 1 {
            net.answer(2);
        }
    }
    assert!(net.device(2).nominated, "two failed so far");
    net.next_hour();
    let device = net.device(2);
    assert_eq!((device.due, device.uptime, device.misses.len()), (None, 0, 3));
    assert_eq!(net.count("hour-failed"), 3);
    net.answer(1);
    let answer = Answer { device: machine(2), ..net.solved(1) };
    assert_eq!(net.refused(owner(2), M::Answer(Box::new(answer))), "stands-out");
    net.ok(owner(2), M::Ready { device: machine(2) });
    assert_eq!(net.refused(owner(2), M::Ready { device: machine(2) }), "is-waiting");
    net.pass_hours(5, &[1, 2]);
    assert!(net.device(2).nominated, "it proved itself anew");
}

#[test]
fn an_answer_counts_once_in_its_hour_by_its_owner_and_the_checkers_clock() {
    let mut net = Net::new(2);
    net.next_hour();
    let good = net.solved(1);
    let cases: Vec<(Address, Answer, &str)> = vec![
        (owner(2), good.clone(), "not-yours"),
        (owner(1), Answer { hour: good.hour + 1, ..good.clone() }, "other-hour"),
        (owner(1), Answer { key: depin_services::coverage::PublicKey::new([9; 32]), ..good.clone() }, "not-the-checker"),
        (owner(1), Answer { millis: 60_001, ..good.clone() }, "too-slow"),
        (owner(1), Answer { answer: Vec::new(), ..good.clone() }, "answer"),
        (owner(1), Answer { answer: vec![1; 2_049], ..good.clone() }, "answer"),
        (owner(1), Answer { answer: vec![1; 100], ..good.clone() }, "answer"),
        (owner(1), Answer { answer: net.solved(2).answer, ..good.clone() }, "wrong-answer"),
    ];
    for (who, answer, code) in cases {
        assert_eq!(net.refused(who, M::Answer(Box::new(answer))), code);
    }
    net.ok(owner(1), M::Answer(Box::new(Answer { millis: 60_000, ..good.clone() })));
    assert_eq!(net.refused(owner(1), M::Answer(Box::new(good))), "other-hour", "it waits for the next");
    let late = net.solved(2);
    net.tick(Span::from_secs(40 * 60 + 1));
    assert_eq!(net.refused(owner(2), M::Answer(Box::new(late))), "too-late");
}

/// A flipped bit anywhere is refused, and the right answer is taken behind it.
#[test]
fn a_changed_answer_is_refused() {
    let mut net = Net::new(1);
    net.next_hour();
    let good = net.solved(1);
    for at in (0..good.answer.len()).step_by(97) {
        let mut answer = good.clone();
        answer.answer[at] ^= 4;
        let code = net.refused(owner(1), M::Answer(Box::new(answer)));
        assert!(code == "answer" || code == "wrong-answer", "{code}");
    }
    net.ok(owner(1), M::Answer(Box::new(good)));
}

/// Before its hour's seed is drawn nobody can know a challenge; one of another hour or device does not help.
#[test]
fn nothing_is_answered_before_the_draw() {
    let mut net = Net::new(1);
    net.next_hour();
    let old = net.solved(1);
    net.answer(1);
    let next = net.params().hour_start(net.hour() + 1);
    net.tick(next.since(net.now));
    let early = Answer { hour: net.hour(), ..old };
    assert_eq!(net.refused(owner(1), M::Answer(Box::new(early.clone()))), "not-open");
    for _ in 0..3 {
        net.tick(SECOND);
    }
    assert_eq!(net.refused(owner(1), M::Answer(Box::new(early))), "wrong-answer");
}

#[test]
fn a_chain_that_stood_still_blames_nobody() {
    let mut net = Net::new(2);
    net.pass_hours(6, &[1, 2]);
    let before = net.device(1);
    net.tick(Span::from_secs(50 * 3_600));
    let after = net.device(1);
    assert_eq!((after.failed_hours, after.uptime, after.nominated), (before.failed_hours, before.uptime, true));
    net.pass_hours(2, &[1, 2]);
    assert_eq!(net.device(2).failed_hours, 0);
}

#[test]
fn hours_rest_while_no_device_is_to_be_checked_and_go_on_with_the_next() {
    let mut net = Net::new(1);
    net.pass_hours(1, &[1]);
    net.ok(owner(1), M::Leave { device: machine(1) });
    net.tick(HOUR);
    net.tick(HOUR);
    assert!(!net.totals().running);
    let due = net.network.next_due(net.rows(), net.now);
    let hours = net.totals().hours;
    net.tick(Span::from_days(3));
    assert_eq!(net.totals().hours, hours, "no hour ran; next is {due:?}");
    net.tick(Span::from_days(12));
    net.ok(owner(1), M::Register { name: crate::world::name(1), terms: crate::world::terms() });
    net.pass_hours(6, &[1]);
    assert!(net.device(1).nominated);
}

#[test]
fn old_hours_are_forgotten_after_a_week() {
    let mut net = Net::new(1);
    net.audited = false;
    net.next_hour();
    let first = net.hour();
    net.answer(1);
    net.pass_hours(169, &[1]);
    net.next_hour();
    assert!(depin_services::clusters::hour(net.rows(), first).is_none());
    assert!(depin_services::clusters::hours(net.rows(), None).count() <= 171);
    net.check_all();
}
