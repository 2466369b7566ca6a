//! What each attack earns: every test says what its people had before and after.

use crate::world::*;
use depin_economy::Account;
use depin_quantity::{Address, Span, UnitId};
use depin_services::rendering::{self, *};

/// What a job was paid to the nodes of an owner, in millionths.
fn earned(net: &Net, who: Address) -> u64 {
    let paid = |event: &&RenderingEvent| match event {
        RenderingEvent::FramePaid { owner, price, .. } if *owner == who => *price,
        _ => 0,
    };
    net.told().iter().map(paid).sum()
}

/// A frame rendered by the node that the draw says, and again by the one that it says checks it.
fn twice(net: &mut Net, job: UnitId, first: u8, second: u8) -> [(u32, Opening); 2] {
    let left = net.rendered(job, 0, 0, Purpose::Frame, first);
    let right = net.rendered(job, 0, 0, Purpose::Check { of: left.0 }, second);
    assert_ne!(net.ticket(job, left.0).owner, net.ticket(job, right.0).owner);
    [left, right]
}

fn judge(net: &mut Net, job: UnitId, number: u32, left: bool, right: bool) -> Address {
    let (_, owner) = net.third(job, number);
    net.ok(owner, RenderingMessage::Judge { job, number, left, right });
    owner
}

/// Both commit before either says anything; equal pixels are verified, whoever asks.
#[test]
fn equal_frames_are_verified_and_both_paid() {
    let mut net = Net::new(4);
    let job = net.drawn(new_job());
    let [left, right] = twice(&mut net, job, 7, 7);
    let (a, b) = (left.0, right.0);
    net.compare(job, left.clone(), Some(right.clone()));
    net.reveal(job, a, 7);
    assert_eq!(net.state_of(job, a), "compared");
    net.reveal(job, b, 7);
    let again = RenderingMessage::Compare { job, left, right: Some(right) };
    assert_eq!(net.refused(GATEWAY, again), "not-alike", "nobody's name grows by being compared again");
    for number in [a, b] {
        let ticket = net.ticket(job, number);
        assert!(ticket.verified && ticket.state == TicketState::Delivered);
        let node = rendering::node(net.rows(), ticket.node).unwrap();
        assert_eq!((node.judged, node.right), (1, 1));
    }
    net.approve(job, a, b);
    net.open_key(job, a);
    net.open_key(job, b);
    assert_eq!(net.job(job).spent, 2 * PRICE, "a check is a frame like any other");
}

/// Copying: a node hands in the commitment that another one has on the ledger already. It cannot open it as its own.
#[test]
fn whoever_copies_a_commitment_cannot_open_it() {
    let mut net = Net::new(4);
    let job = net.drawn(new_job());
    let left = net.rendered(job, 0, 0, Purpose::Frame, 7);
    let right = net.issue(job, 0, 0, Purpose::Check { of: left.0 });
    let (a, b) = (left.0, right.0);
    let copied = net.ticket(job, a).delivery.unwrap().handed;
    let thief = net.ticket(job, b).owner;
    net.tick(Span::from_secs(120));
    net.ok(thief, RenderingMessage::Deliver { job, number: b, handed: copied });
    net.compare(job, left, Some(right));
    net.reveal(job, a, 7);
    let original = net.ticket(job, a).node;
    let copy = RenderingMessage::Reveal { job, number: b, pixels: pixels(7), salt: salt(original) };
    assert_eq!(net.refused(thief, copy), "commitment", "even with what the other one just said");
    net.tick(HOUR);
    assert_eq!((net.state_of(job, a), net.state_of(job, b)), ("delivered", "wrong"));
    assert_eq!(earned(&net, thief), 0);
    assert_eq!(rendering::node(net.rows(), net.ticket(job, b).node).unwrap().right, 0);
}

/// An empty frame, an older seed, half the samples: whatever it was, its pixels differ, and a third node says whose are right.
#[test]
fn a_frame_that_differs_goes_to_a_third_node_and_the_wrong_one_is_not_paid() {
    for cheat in [0, 3] {
        let mut net = Net::new(5);
        let job = net.drawn(new_job());
        let [left, right] = twice(&mut net, job, cheat, 7);
        let (a, b) = (left.0, right.0);
        let (cheater, honest) = (net.ticket(job, a).owner, net.ticket(job, b).owner);
        net.compare(job, left, Some(right));
        net.reveal(job, a, cheat);
        net.reveal(job, b, 7);
        net.tick(HOUR);
        net.draw();
        let (_, third) = net.third(job, a);
        assert!(![cheater, honest, ARTIST, GATEWAY].contains(&third));
        let verdict = RenderingMessage::Judge { job, number: a, left: true, right: false };
        assert_eq!(net.refused(cheater, verdict), "not-yours", "nobody judges itself");
        judge(&mut net, job, a, false, true);
        assert_eq!((net.state_of(job, a), net.ticket(job, b).verified), ("wrong", true));
        net.approve(job, 0, 1);
        net.open_key(job, b);
        let spent = net.job(job).spent;
        assert_eq!(
            (earned(&net, cheater), earned(&net, honest), spent),
            (0, PRICE, 2 * PRICE),
            "the third has the cheater's pay"
        );
        assert_eq!((net.totals().verified, net.totals().wrong), (1, 1));
        net.events_read_back();
    }
}

#[test]
fn nodes_that_differ_may_agree_that_they_are_alike_or_who_is_wrong() {
    let mut net = Net::new(4);
    let job = net.drawn(new_job());
    let settle = |number, alike| RenderingMessage::Settle { job, number, alike };
    let [left, right] = twice(&mut net, job, 7, 8);
    let (a, b) = (left.0, right.0);
    let (first, second) = (net.ticket(job, a).owner, net.ticket(job, b).owner);
    net.compare(job, left, Some(right));
    assert_eq!(net.refused(first, settle(a, true)), "other-step", "not before both have said what they have");
    net.reveal(job, a, 7);
    net.reveal(job, b, 8);
    net.ok(first, settle(a, true));
    assert_eq!(net.state_of(job, a), "compared", "one word is not two");
    net.ok(second, settle(b, true));
    assert!(net.ticket(job, a).verified && net.ticket(job, b).verified);
    let again = net.rendered(job, 1, 0, Purpose::Frame, 7);
    let check = net.rendered(job, 1, 0, Purpose::Check { of: again.0 }, 8);
    let (c, d) = (again.0, check.0);
    net.compare(job, again, Some(check));
    net.reveal(job, c, 7);
    net.reveal(job, d, 8);
    let conceding = net.ticket(job, d).owner;
    net.ok(conceding, settle(d, false));
    assert_eq!((net.state_of(job, c), net.ticket(job, c).verified, net.state_of(job, d)), ("delivered", true, "wrong"));
}

/// A node that says itself that it was wrong pays the file's smaller fault, and loses half as much of its name, as one that lets a third node say it.
#[test]
fn conceding_costs_less_than_being_found_wrong_and_is_not_free() {
    let fault = |name: &str, share: &str| {
        format!(
            "[incentive.fault.{name}]\ntoken = \"RENDER\"\nfee = \"share-of-pledge\"\npledge = \"node\"\nshare = \"{share}\"\nparameter = true\nwhy = \"a test\"\n"
        )
    };
    let before = "[incentive.fault.failed-frames]\ntoken = \"RENDER\"\nfee = \"nothing\"\nsource = \"knowledge base: a rejected frame is rendered again by another node without charge, and the node's score falls\"\n";
    let own = "[incentive.fault.conceded-frames]\ntoken = \"RENDER\"\nfee = \"nothing\"\nparameter = true\nwhy = \"a node that says itself that its frame was wrong costs less than one that is found wrong, which costs nothing here but its score\"\n";
    let toml = render(&[(before, &fault("failed-frames", "30%")), (own, &fault("conceded-frames", "10%"))]);
    let pledged = |net: &Net, who| net.network.economy().reads(net.rows(), net.now).balance(Account::Pledge(who), RENDER).get();
    let mut cost = Vec::new();
    for concedes in [true, false] {
        let mut net = Net::of(&toml, MINTED, 5);
        let job = net.drawn(new_job());
        let [left, right] = twice(&mut net, job, 7, 8);
        let (a, b) = (left.0, right.0);
        let wrong = net.ticket(job, b);
        let before = pledged(&net, wrong.owner);
        net.compare(job, left, Some(right));
        net.reveal(job, a, 7);
        net.reveal(job, b, 8);
        if concedes {
            net.ok(wrong.owner, RenderingMessage::Settle { job, number: b, alike: false });
        } else {
            net.tick(HOUR);
            net.draw();
            judge(&mut net, job, a, true, false);
        }
        assert_eq!((net.state_of(job, b), net.ticket(job, a).verified), ("wrong", true));
        let row = rendering::node(net.rows(), wrong.node).unwrap();
        cost.push((before - pledged(&net, wrong.owner), row.judged, row.right, row.reputation()));
    }
    let pledge = 100 * 10u128.pow(8);
    assert_eq!(cost, [(pledge / 10, 1, 0, 818), (pledge * 3 / 10, 2, 0, 750)]);
}

/// A colluding pair: both hand the same wrong frame in. A check by the other of them finds nothing; the dispatcher's planted frame, whose pixels
/// it knows, does, since they cannot tell it from another.
#[test]
fn a_colluding_pair_is_paid_for_what_it_checks_itself_and_caught_by_what_is_planted() {
    let mut net = Net::new(5);
    let job = net.drawn(new_job());
    let [left, right] = twice(&mut net, job, 66, 66);
    let (a, b) = (left.0, right.0);
    net.compare(job, left, Some(right));
    net.reveal(job, a, 66);
    net.reveal(job, b, 66);
    assert!(net.ticket(job, a).verified, "the pair vouches for itself: that is what a share of checks by chance cannot see");
    let planted = net.rendered(job, 1, 0, Purpose::Planted { number: 0, pixels: pixels(7) }, 66);
    let number = planted.0;
    net.compare(job, planted, None);
    net.reveal(job, number, 66);
    let owner = net.ticket(job, number).owner;
    let alike = RenderingMessage::Settle { job, number, alike: true };
    assert_eq!(net.refused(owner, alike), "not-alike", "it cannot vouch for itself here");
    net.tick(HOUR);
    net.draw();
    judge(&mut net, job, number, false, true);
    assert_eq!((net.state_of(job, number), earned(&net, owner)), ("wrong", 0));
    let right = net.rendered(job, 2, 0, Purpose::Frame, 7);
    assert_eq!(net.state_of(job, right.0), "delivered");
}

/// A lazy checker hands in what it has at hand; it does not know that it checks, so it loses what a frame costs and its name.
#[test]
fn a_lazy_checker_is_the_one_that_is_wrong() {
    let mut net = Net::new(5);
    let job = net.drawn(new_job());
    let [left, right] = twice(&mut net, job, 7, 0);
    let (a, b) = (left.0, right.0);
    net.compare(job, left, Some(right));
    net.reveal(job, a, 7);
    net.tick(HOUR);
    assert_eq!((net.state_of(job, a), net.state_of(job, b)), ("delivered", "wrong"), "it did not even say what it had");
    let lazy = net.ticket(job, b).owner;
    net.approve(job, a, b);
    net.open_key(job, a);
    assert_eq!((earned(&net, lazy), net.job(job).spent), (0, PRICE));
}

/// A third node that says nothing loses its name; after three the frames count as nobody knows.
#[test]
fn thirds_that_are_silent_leave_both_frames_as_they_were() {
    let mut net = Net::new(6);
    let job = net.drawn(new_job());
    let [left, right] = twice(&mut net, job, 7, 8);
    let (a, b) = (left.0, right.0);
    net.compare(job, left.clone(), Some(right.clone()));
    net.reveal(job, a, 7);
    net.reveal(job, b, 8);
    net.tick(HOUR);
    for _ in 0..3 {
        net.draw();
        let (third, _) = net.third(job, a);
        let judged = rendering::node(net.rows(), third).unwrap().judged;
        net.tick(Span::from_secs(6 * 3_600));
        assert_eq!(rendering::node(net.rows(), third).unwrap().judged, judged + 1);
    }
    assert_eq!((net.state_of(job, a), net.state_of(job, b)), ("delivered", "delivered"));
    assert!(!net.ticket(job, a).verified && net.totals().wrong == 0);
    // Both have said what they have: a second comparison need not ask them again.
    net.compare(job, left, Some(right));
    let settle = |number| RenderingMessage::Settle { job, number, alike: true };
    let owners = [a, b].map(|number| net.ticket(job, number).owner);
    net.ok(owners[0], settle(a));
    net.ok(owners[1], settle(b));
    assert!(net.ticket(job, a).verified && net.ticket(job, b).verified);
}

/// An artist rejects everything: it has previews with a watermark and no keys. Each frame that comes out the same elsewhere is paid all the same.
#[test]
fn an_artist_that_rejects_right_frames_pays_them_and_is_given_fewer_nodes() {
    let mut net = Net::of(&render(&[("nodes-most = 64", "nodes-most = 4")]), MINTED, 6);
    let job = net.drawn(new_job());
    let first = net.rendered(job, 0, 0, Purpose::Frame, 7);
    let (a, opening) = first.clone();
    net.ok(ARTIST, RenderingMessage::Reject { job, number: a, opening, reason: RejectReason::Broken });
    assert_eq!(net.ticket(job, a).key, None);
    let second = net.rendered(job, 0, 1, Purpose::Frame, 7);
    let b = second.0;
    // Whoever rendered it asks for the comparison, where the dispatcher does not.
    let owner = net.ticket(job, a).owner;
    net.ok(owner, RenderingMessage::Compare { job, left: first, right: Some(second) });
    net.reveal(job, a, 7);
    net.reveal(job, b, 7);
    assert_eq!((net.state_of(job, a), net.state_of(job, b), net.artist().unfounded), ("approved", "delivered", 1));
    net.open_key(job, a);
    net.approve(job, b, b);
    net.open_key(job, b);
    assert_eq!((net.job(job).spent, earned(&net, owner)), (2 * PRICE, PRICE));
    let next = net.drawn(new_job());
    assert_eq!(net.nodes_of(next).len(), 2, "4 * 12 / 22");
}

/// An artist ends its job and rejects everything, before or after: nobody renders it again, so nobody has shown it to be wrong, and it is paid.
#[test]
fn a_frame_rejected_and_never_rendered_again_is_paid_when_the_time_for_approval_is_over() {
    let mut net = Net::new(3);
    let had = net.held(ARTIST);
    let job = net.drawn(new_job());
    let (number, opening) = net.rendered(job, 0, 0, Purpose::Frame, 7);
    net.ok(ARTIST, RenderingMessage::Reject { job, number, opening: opening.clone(), reason: RejectReason::Partial });
    let (late, opens_late) = net.rendered(job, 1, 0, Purpose::Frame, 7);
    net.kept(job, &[(number, opening), (late, opens_late.clone())]);
    net.ok(ARTIST, RenderingMessage::Reject { job, number: late, opening: opens_late, reason: RejectReason::Black });
    assert_eq!((net.job(job).state, net.job(job).reserved), (JobState::Ended, 2 * PRICE), "their price is kept");
    net.tick(Span::from_days(3));
    assert_eq!((net.state_of(job, number), net.state_of(job, late)), ("approved", "approved"));
    net.open_key(job, number);
    net.open_key(job, late);
    assert_eq!((net.job(job).state, had - net.held(ARTIST)), (JobState::Closed, u128::from(2 * PRICE) * 25));
}

/// What a comparison found right, and what it had to give out in the clear, is not rejected any more.
#[test]
fn a_frame_that_was_compared_cannot_be_rejected() {
    for differs in [false, true] {
        let mut net = Net::new(6);
        let job = net.drawn(new_job());
        let [left, right] = twice(&mut net, job, 7, if differs { 8 } else { 7 });
        let (a, b) = (left.0, right.0);
        net.compare(job, left.clone(), Some(right));
        net.reveal(job, a, 7);
        net.reveal(job, b, if differs { 8 } else { 7 });
        if differs {
            net.tick(HOUR);
            for _ in 0..3 {
                net.draw();
                net.tick(Span::from_secs(6 * 3_600));
            }
        }
        assert_eq!((net.state_of(job, a), net.ticket(job, a).verified), ("delivered", !differs));
        let (number, opening) = left;
        let reject = RenderingMessage::Reject { job, number, opening, reason: RejectReason::Black };
        assert_eq!(net.refused(ARTIST, reject), "compared");
    }
}

/// A third node that was given nothing, or renders neither, says so: another is drawn, and its name does not suffer.
#[test]
fn a_third_node_may_pass_its_turn_on() {
    let mut net = Net::new(6);
    let job = net.drawn(new_job());
    let [left, right] = twice(&mut net, job, 7, 8);
    let (a, b) = (left.0, right.0);
    let decline = RenderingMessage::Decline { job, number: a };
    net.compare(job, left, Some(right));
    assert_eq!(net.refused(net.ticket(job, a).owner, decline.clone()), "other-step");
    net.reveal(job, a, 7);
    net.reveal(job, b, 8);
    net.tick(HOUR);
    for turn in 0..3 {
        net.draw();
        let (third, owner) = net.third(job, a);
        let before = rendering::node(net.rows(), third).unwrap().judged;
        assert_eq!(net.refused(net.ticket(job, b).owner, decline.clone()), "not-yours", "turn {turn}");
        net.ok(owner, decline.clone());
        assert_eq!(rendering::node(net.rows(), third).unwrap().judged, before);
    }
    assert_eq!((net.state_of(job, a), net.state_of(job, b), net.job(job).comparisons), ("delivered", "delivered", 0));
    assert_eq!(net.totals().wrong, 0);
}

/// A key may fit its hash and still open something else: a third node opens it and says what is there.
#[test]
fn a_key_that_opens_other_pixels_costs_the_node_its_name_and_a_false_claim_the_artist() {
    for right in [false, true] {
        let mut net = Net::new(4);
        let job = net.drawn(new_job());
        let (number, _) = net.rendered(job, 0, 0, Purpose::Frame, 7);
        let dispute = RenderingMessage::DisputeKey { job, number };
        assert_eq!(net.refused(ARTIST, dispute.clone()), "ticket-state", "before there is a key");
        net.approve(job, number, number);
        net.open_key(job, number);
        net.ok(ARTIST, dispute.clone());
        assert_eq!(net.refused(ARTIST, dispute), "disputed");
        let node = net.ticket(job, number).node;
        let told = |net: &Net| rendering::tickets_of(net.rows(), node, None).any(|(of, _)| of == (job, number));
        assert!(told(&net), "its node is told of it again");
        net.reveal(job, number, 7);
        net.draw();
        judge(&mut net, job, number, right, false);
        let row = rendering::node(net.rows(), net.ticket(job, number).node).unwrap();
        let counted = if right { (1, 1, 1) } else { (2, 0, 0) };
        assert_eq!((row.judged, row.right, net.artist().unfounded), counted);
        assert_eq!((net.state_of(job, number), net.ticket(job, number).verified), ("paid", right));
        assert!(!told(&net), "it is over");
    }
}

/// Work that is not possible is not paid: a node says more than has passed, or more than the job pays for a frame.
#[test]
fn a_node_that_overstates_its_time_has_at_most_what_the_estimate_says() {
    let mut net = Net::new(2);
    let job = net.drawn(new_job());
    let (number, _) = net.issue(job, 0, 0, Purpose::Frame);
    let ticket = net.ticket(job, number);
    let deliver =
        |worked| RenderingMessage::Deliver { job, number, handed: Handed { worked, ..handed(job, number, ticket.node, 7) } };
    net.tick(Span::from_secs(30));
    assert_eq!(net.refused(ticket.owner, deliver(Span::from_secs(31))), "worked");
    net.tick(Span::from_secs(1_800));
    net.ok(ticket.owner, deliver(Span::from_secs(1_800)));
    let delivery = net.ticket(job, number).delivery.unwrap();
    assert_eq!((delivery.work, delivery.price), (10_000, 12_500), "ten OctaneBench-hours, as the job said");
}
