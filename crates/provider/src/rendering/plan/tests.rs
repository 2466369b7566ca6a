use super::*;
use crate::rendering::store::{Commitment, Given, Kept};
use depin_client::{
    api::{RenderingComparison, RenderingTicket, Time},
    render::Order,
};
use depin_quantity::{Address, ContentHash, Instant};
use depin_services::rendering::{Against, Salt};

const NODE: UnitId = UnitId::new([9; 32]);
const JOB: UnitId = UnitId::new([1; 32]);

fn time(ms: u64) -> Time {
    Instant::new(ms).into()
}

fn ticket(number: u32, state: &str) -> RenderingTicket {
    RenderingTicket {
        job: JOB,
        number,
        hash: UnitId::new([100 + number as u8; 32]),
        node: NODE,
        owner: Address::new([8; 32]),
        state: state.to_owned(),
        rejected: None,
        done: false,
        verified: false,
        handed: None,
        work: 0,
        price: 0,
        drawn: None,
        pixels: None,
        key: None,
        comparison: None,
        issued: time(1_000),
        delivered: None,
        due: time(5_000),
    }
}

fn commitment_of(milliseconds: u64) -> Commitment {
    let hash = ContentHash::new([2; 32]);
    let (salt, key) = (Salt::new([3; 32]), FrameKey::new([4; 32]));
    Commitment { pixels: hash, salt, key, sealed: hash, preview: hash, watermark: hash, milliseconds }
}

fn kept(number: u32, stage: Stage) -> Kept {
    Kept { job: JOB, number, order: Order { frame: 1, index: 0 }, stage, at_ms: 0 }
}

fn view(now: u64, tickets: impl IntoIterator<Item = (RenderingTicket, Option<Stage>)>) -> View {
    let known = |(ticket, stage): (RenderingTicket, Option<Stage>)| {
        let number = ticket.number;
        ((JOB, number), KnownTicket { ticket, kept: stage.map(|stage| kept(number, stage)) })
    };
    View { node: Some(NODE), now: Instant::new(now), tickets: tickets.into_iter().map(known).collect(), ..View::default() }
}

fn planned(view: &View) -> Vec<RenderingTask> {
    plan(view, &Agenda { units: view.units(), ..Agenda::default() })
}

fn ready(milliseconds: u64) -> Option<Stage> {
    Some(Stage::Ready(Box::new(commitment_of(milliseconds))))
}

#[test]
fn a_rendered_frame_is_handed_in_with_no_more_time_than_its_ticket_was_out() {
    for (worked, told) in [(500, 500), (9_000, 1_500)] {
        let tasks = planned(&view(2_500, [(ticket(3, "issued"), ready(worked))]));
        let [RenderingTask::Deliver { number: 3, handed, .. }] = tasks.as_slice() else { panic!("{tasks:?}") };
        assert_eq!(handed.worked, Span::from_millis(told));
        let made = commitment_of(worked);
        assert_eq!(handed.pixels, commitment(made.pixels, made.salt, NODE));
        assert_eq!(handed.key, key_hash(made.key.get()));
    }
    assert_eq!(planned(&view(5_000, [(ticket(3, "issued"), ready(1))])), [], "its time is over");
    assert_eq!(planned(&view(2_500, [(ticket(3, "delivered"), ready(1))])), []);
}

#[test]
fn what_cannot_be_rendered_is_given_back_and_so_is_what_nobody_orders_in_time() {
    let declines = |now, stage, scene: bool| {
        let mut view = view(now, [(ticket(3, "issued"), stage)]);
        view.scenes.extend(scene.then_some(JOB));
        matches!(planned(&view).as_slice(), [RenderingTask::Decline { number: 3, .. }])
    };
    assert!(declines(1_001, Some(Stage::Failed("no camera".to_owned())), true));
    // Three quarters of 4 s.
    for (now, late) in [(3_999, false), (4_000, true)] {
        assert_eq!(declines(now, None, true), late, "nobody ordered it");
        assert_eq!(declines(now, Some(Stage::Queued), false), late, "its scene did not come");
        assert!(!declines(now, Some(Stage::Queued), true), "it waits for its turn");
    }
    // The last sixteenth of 4 s.
    assert!(!declines(4_749, Some(Stage::Queued), true), "it may still be rendered");
    assert!(declines(4_750, Some(Stage::Queued), true), "it is given back before it lapses");
    assert!(!declines(5_000, Some(Stage::Queued), true), "too late");
}

#[test]
fn keys_of_approved_frames_are_opened_together() {
    let many = (0..70).map(|number| (ticket(number, "approved"), ready(1)));
    let tasks = planned(&view(9_000, many));
    let counts: Vec<usize> =
        tasks.iter().map(|task| if let RenderingTask::OpenKeys { keys, .. } = task { keys.len() } else { 0 }).collect();
    assert_eq!(counts, [64, 6]);
    let halves = crate::operator::Task::split(&tasks[0]).unwrap();
    assert!(halves.iter().all(|half| crate::operator::Task::subjects(half).len() == 32));
    assert_eq!(planned(&view(9_000, [(ticket(3, "approved"), None)])), [], "whose key was lost is not opened");
}

fn compared(step: &str, third: Option<UnitId>) -> RenderingTicket {
    let comparison =
        RenderingComparison { first: 3, against: Against::Ticket(4), frame: 0, step: step.to_owned(), third, due: time(9_000) };
    RenderingTicket { comparison: Some(comparison), ..ticket(3, "compared") }
}

#[test]
fn what_was_committed_to_is_said_once_and_again_when_it_seems_lost() {
    let mut view = view(2_000, [(compared("revealing", None), ready(1))]);
    let tasks = planned(&view);
    assert!(matches!(tasks.as_slice(), [RenderingTask::Reveal { number: 3, .. }]));
    view.saying = tasks;
    view.note_said(&[view.tickets[&(JOB, 3)].ticket.hash].into());
    assert_eq!(planned(&view).len(), 1, "it was refused");
    view.network = Some(network(400));
    view.saying = planned(&view);
    view.note_said(&[].into());
    assert_eq!(planned(&view), []);
    view.now = Instant::new(2_100);
    assert_eq!(planned(&view).len(), 1, "a quarter of the time for it went by");
}

#[test]
fn a_word_in_a_comparison_follows_from_what_was_found() {
    let judged = |step, third, verdict| {
        let first = compared(step, third);
        let mut view = view(2_000, [(first.clone(), ready(1))]);
        view.compared.push((Given { job: JOB, first: 3, sides: vec!["left".to_owned()], verdict }, first));
        planned(&view)
    };
    let right = Some(Verdict::Right { left: true, right: false });
    assert!(matches!(
        judged("agreeing", None, Some(Verdict::Alike(true))).as_slice(),
        [RenderingTask::Settle { number: 3, alike: true, .. }]
    ));
    assert_eq!(judged("agreeing", None, Some(Verdict::Alike(false))), [], "a third node looks at them");
    let conceded = judged("agreeing", None, Some(Verdict::OwnWrong));
    assert!(matches!(conceded.as_slice(), [RenderingTask::Settle { number: 3, alike: false, .. }]), "{conceded:?}");
    assert!(matches!(
        judged("judging", Some(NODE), right).as_slice(),
        [RenderingTask::Judge { number: 3, left: true, right: false, .. }]
    ));
    assert_eq!(judged("judging", Some(UnitId::new([7; 32])), right), [], "another third node was drawn");
    assert_eq!(judged("judging", Some(NODE), None), []);
    assert!(matches!(
        judged("judging", Some(NODE), Some(Verdict::Unclear)).as_slice(),
        [RenderingTask::Decline { number: 3, .. }]
    ));
    assert_eq!(judged("judging", Some(UnitId::new([7; 32])), Some(Verdict::Unclear)), []);
}

fn network(reveal: u64) -> depin_client::api::RenderingNetwork {
    depin_client::api::RenderingNetwork {
        priced_in: depin_quantity::Name::literal("USD"),
        currency: depin_quantity::Name::literal("RENDER"),
        credit: 1,
        per_credit: BTreeMap::new(),
        reputation_least: BTreeMap::new(),
        check_least: "2%".to_owned(),
        bond: "10%".to_owned(),
        frames_most: 1,
        re_renders_most: 3,
        nodes_most: 64,
        jobs_most: 1,
        windows_ms: [("reveal".to_owned(), reveal)].into(),
        pays_idle: false,
        pledge: None,
        totals: BTreeMap::new(),
    }
}
