//! What is refused, with its code, and that nothing changes by it.

use crate::world::*;
use depin_quantity::{Span, UnitId};
use depin_services::rendering::*;

fn frames(first: i64, last: i64, step: i64) -> NewJob {
    NewJob { frames: Frames { first, last, step }, ..new_job() }
}

#[test]
fn jobs_that_cannot_be_are_refused_and_hold_nothing() {
    let mut net = Net::new(1);
    let had = net.held(ARTIST);
    let cases = [
        (frames(-1, 4, 1), "frames"),
        (frames(5, 4, 1), "frames"),
        (frames(1, 4, 0), "frames"),
        (frames(1, 4, -1), "frames"),
        (frames(0, i64::MAX, 1), "frames"),
        (frames(1, 1_000_000, 1), "frames"),
        (NewJob { samples: 0, ..new_job() }, "job"),
        (NewJob { width: 0, ..new_job() }, "job"),
        (NewJob { height: 70_000, ..new_job() }, "job"),
        (NewJob { frame_work_most: 0, ..new_job() }, "job"),
        (NewJob { engine: Engine { build: String::new(), ..engine() }, ..new_job() }, "job"),
        (NewJob { tier: Tier::Trusted, ..new_job() }, "job"),
        (NewJob { deliver_within: Span::from_millis(0), ..new_job() }, "job"),
        (NewJob { funds: 0, ..new_job() }, "job"),
        (NewJob { check_share: "1%".parse().unwrap(), ..new_job() }, "check-share"),
        (NewJob { deliver_within: SECOND, ..new_job() }, "too-short"),
        (NewJob { deliver_within: Span::from_secs(599), ..new_job() }, "too-short"),
        (NewJob { deliver_within: Span::from_days(1), ..new_job() }, "too-long"),
        (NewJob { open_for: Span::from_days(15), ..new_job() }, "too-long"),
        // 12,500 for a frame, of which 10 % more bind the dispatcher.
        (NewJob { funds: 13_888, ..new_job() }, "below-frame"),
        (NewJob { funds: u64::MAX, ..new_job() }, "economy"),
    ];
    for (terms, code) in cases {
        let told = format!("{terms:?}");
        assert_eq!(net.refused(ARTIST, RenderingMessage::OpenJob(Box::new(terms))), code, "{told}");
    }
    assert_eq!((net.held(ARTIST), net.totals().jobs), (had, 0));
    net.order(NewJob { funds: 13_889, ..new_job() });
    net.order(frames(1, 10_000, 1));
}

#[test]
fn a_million_frames_are_refused_by_name_and_by_the_file() {
    let mut net = Net::new(1);
    let message = RenderingMessage::OpenJob(Box::new(frames(1, 1_000_000, 1)));
    let told = net.send(ARTIST, message).unwrap_err().message;
    assert_eq!(told, "a job has at most 10000 frames, this one 1000000; order several jobs");
}

#[test]
fn a_price_that_is_stale_refuses_new_holds_and_lets_old_ones_be_paid() {
    let mut net = Net::new(2);
    let job = net.drawn(new_job());
    let (number, _) = net.rendered(job, 0, 0, Purpose::Frame, 7);
    net.tick(Span::from_days(1));
    let open = || RenderingMessage::OpenJob(Box::new(new_job()));
    assert_eq!(net.refused(ARTIST, open()), "economy");
    assert_eq!(net.refused(ARTIST, RenderingMessage::Fund { job, more: 1_000 }), "economy");
    net.approve(job, number, number);
    net.open_key(job, number);
    net.report_price();
    net.ok(ARTIST, open());
}

#[test]
fn nodes_that_cannot_be_are_refused() {
    let mut net = Net::new(1);
    let long = format!("https://{}", "x".repeat(300));
    for terms in [
        NodeTerms { url: "ftp://x".to_owned(), ..node_terms() },
        NodeTerms { url: long, ..node_terms() },
        NodeTerms { score: 0, ..node_terms() },
        NodeTerms { memory_mb: 0, ..node_terms() },
        NodeTerms { engines: Vec::new(), ..node_terms() },
        NodeTerms { engines: vec![engine(), engine()], ..node_terms() },
        NodeTerms { tiers: Vec::new(), ..node_terms() },
        NodeTerms { tiers: vec![Tier::Economy, Tier::Economy], ..node_terms() },
    ] {
        let told = format!("{terms:?}");
        assert_eq!(net.refused(owner(1), RenderingMessage::Register { name: name(1), terms }), "node", "{told}");
    }
    let poor = depin_quantity::Address::new([250; 32]);
    let message = RenderingMessage::Register { name: name(1), terms: node_terms() };
    assert_eq!(net.refused(poor, message), "economy", "nothing to pledge");
}

#[test]
fn bounds_are_told_before_a_message_is_run() {
    use depin_services::MessageInfo as _;
    let job = UnitId::new([1; 32]);
    let issued = vec![Issued { hash: job, node: job }; 65];
    for message in [
        RenderingMessage::Issue { job, tickets: Vec::new() },
        RenderingMessage::Issue { job, tickets: issued },
        RenderingMessage::OpenKeys { job, keys: Vec::new() },
        RenderingMessage::ShowTickets { job, shown: Vec::new() },
        RenderingMessage::Approve { job, first: 5, last: 4 },
        RenderingMessage::Approve { job, first: 0, last: 256 },
        RenderingMessage::Fund { job, more: 0 },
        RenderingMessage::OpenJob(Box::new(frames(2, 1, 1))),
    ] {
        assert!(message.bounds().is_err(), "{}", message.name());
    }
    RenderingMessage::Approve { job, first: 0, last: 255 }.bounds().unwrap();
}

#[test]
fn people_may_do_what_is_theirs_alone() {
    let mut net = Net::new(3);
    let job = net.drawn(new_job());
    let (number, opening) = net.rendered(job, 0, 0, Purpose::Frame, 7);
    let handed = net.ticket(job, number).delivery.unwrap().handed;
    let stranger = depin_quantity::Address::new([9; 32]);
    let node = net.wanted(job, 1, 0, &Purpose::Frame).node;
    for message in [
        RenderingMessage::Issue { job, tickets: vec![Issued { hash: job, node }] },
        RenderingMessage::EndJob { job },
        RenderingMessage::Approve { job, first: 0, last: 0 },
        RenderingMessage::Reject { job, number, opening: opening.clone(), reason: RejectReason::Black },
        RenderingMessage::DisputeKey { job, number },
        RenderingMessage::Decline { job, number },
        RenderingMessage::Deliver { job, number, handed },
        RenderingMessage::OpenKeys { job, keys: vec![(number, key(job, number))] },
        RenderingMessage::Reveal { job, number, pixels: pixels(7), salt: Salt::new([1; 32]) },
        RenderingMessage::Settle { job, number, alike: true },
        RenderingMessage::Compare { job, left: (number, opening.clone()), right: None },
    ] {
        let told = message.name();
        assert_eq!(net.refused(stranger, message), "not-yours", "{told}");
    }
    let wrong = Opening { frame: 1, ..opening.clone() };
    assert_eq!(
        net.refused(ARTIST, RenderingMessage::Reject { job, number, opening: wrong, reason: RejectReason::Black }),
        "opening"
    );
    let beyond = Opening { frame: 4, ..opening.clone() };
    assert_eq!(
        net.refused(ARTIST, RenderingMessage::Reject { job, number, opening: beyond, reason: RejectReason::Black }),
        "frames"
    );
    let alone = RenderingMessage::Compare { job, left: (number, opening), right: None };
    assert_eq!(net.refused(GATEWAY, alone), "not-alike");
    for (message, code) in [
        (RenderingMessage::Approve { job, first: 1, last: 1 }, "unknown-ticket"),
        (RenderingMessage::EndJob { job: UnitId::new([1; 32]) }, "unknown-job"),
        (RenderingMessage::Judge { job, number, left: true, right: true }, "no-comparison"),
        (RenderingMessage::OpenSecret { job, secret: K }, "job-state"),
    ] {
        assert_eq!(net.refused(ARTIST, message), code);
    }
}

#[test]
fn an_account_has_so_many_jobs_and_nodes_as_the_file_says() {
    let mut net = Net::of(&render(&[("per-artist = 100", "per-artist = 2"), ("per-owner = 1_000", "per-owner = 1")]), MINTED, 1);
    let first = net.order(new_job());
    net.order(new_job());
    let open = || RenderingMessage::OpenJob(Box::new(new_job()));
    assert_eq!(net.refused(ARTIST, open()), "jobs-kept");
    net.ok(ARTIST, RenderingMessage::EndJob { job: first });
    assert_eq!(net.refused(ARTIST, open()), "jobs-kept", "closed ones count until they are forgotten");
    net.tick(Span::from_days(7));
    net.report_price();
    net.ok(ARTIST, open());
    let second = RenderingMessage::Register { name: name(9), terms: node_terms() };
    assert_eq!(net.refused(owner(1), second), "nodes-most");
    net.register(1);
}

/// One job takes up a node as far as the file says, and no further; what is handed in makes room.
#[test]
fn a_node_has_so_many_tickets_of_a_job_at_once_as_the_file_says() {
    let mut net = Net::of(&render(&[("tickets-most = 16", "tickets-most = 2")]), MINTED, 1);
    let (job, other) = (net.drawn(new_job()), net.drawn(new_job()));
    let first = net.issue(job, 0, 0, Purpose::Frame);
    net.issue(job, 1, 0, Purpose::Frame);
    let more = |job| RenderingMessage::Issue { job, tickets: vec![Issued { hash: job, node: machine(1) }] };
    assert_eq!(net.refused(GATEWAY, more(job)), "node-busy");
    net.ok(GATEWAY, more(other));
    net.tick(Span::from_secs(120));
    net.deliver(job, first.0, 7);
    net.ok(GATEWAY, more(job));
    assert_eq!(net.refused(GATEWAY, more(job)), "node-busy");
}

/// Every code that a refusal may have is in the list that programs read, and the other way round it is no invention.
#[test]
fn codes_are_listed_once() {
    let codes: std::collections::BTreeSet<_> = RenderingError::CODES.iter().collect();
    assert_eq!(codes.len(), RenderingError::CODES.len());
    for error in [RenderingError::Entries(0), RenderingError::Nothing, RenderingError::WellGiven(1), RenderingError::Key(1)] {
        assert!(codes.contains(&error.code()));
    }
}
