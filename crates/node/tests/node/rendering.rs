//! A chain that runs `rendering`: artists, dispatchers and nodes over HTTP.

use crate::common::*;
use depin_client::{
    SigningKey,
    api::{EventQuery, RenderingJobQuery, RenderingNodeQuery},
};
use depin_quantity::{ContentHash, Name, Span, UnitId};
use depin_services::rendering::{
    EndReason, Engine, Format, FrameKey, Frames, Handed, Issued, JobState, NewJob, NodeTerms, Opening, Purpose, RenderingMessage,
    Salt, Secret, Tier, assigned, commitment, key_hash, node_id, salt_of, secret_hash, ticket_hash,
};
use reqwest::StatusCode;

const K: Secret = Secret::new([7; 32]);

fn engine() -> Engine {
    Engine { name: Name::literal("blender"), build: "3.4.1".to_owned() }
}

fn terms() -> NodeTerms {
    NodeTerms {
        url: "https://node:9000".to_owned(),
        score: 500,
        memory_mb: 16_384,
        engines: vec![engine()],
        tiers: vec![Tier::Economy],
        report: ContentHash::new([9; 32]),
        accepts: true,
    }
}

fn new_job(dispatcher: &SigningKey) -> NewJob {
    NewJob {
        dispatcher: dispatcher.address(),
        scene: ContentHash::new([1; 32]),
        sealed: ContentHash::new([2; 32]),
        engine: engine(),
        frames: Frames { first: 1, last: 4, step: 1 },
        width: 128,
        height: 96,
        samples: 16,
        seed: 1,
        format: Format::Png,
        tier: Tier::Economy,
        memory_mb: 8_192,
        auto_approve: false,
        check_share: "2%".parse().unwrap(),
        frame_work_most: 10_000,
        deliver_within: Span::from_secs(3_600),
        open_for: Span::from_days(1),
        funds: 1_000_000,
        secret: secret_hash(K),
    }
}

/// Blocks until the job is drawn: each message makes one.
async fn drawn(world: &World, job: UnitId, nudger: &SigningKey) -> depin_client::api::RenderingJob {
    for turn in 0..20 {
        let found = world.client.rendering().job(job).await.unwrap().unwrap();
        if found.state == JobState::Open {
            return found;
        }
        let terms = NodeTerms { score: 1 + turn, engines: vec![Engine { build: "other".to_owned(), ..engine() }], ..terms() };
        world.done(nudger, RenderingMessage::Register { name: name("nudge"), terms }).await;
    }
    panic!("the job was never drawn");
}

#[tokio::test]
async fn a_frame_is_ordered_rendered_approved_and_paid_over_http() {
    let world = World::of_service("rendering").await;
    let (artist, renderer) = (key(3), key(4));
    let rendering = world.client.rendering();
    let node = node_id(renderer.address(), name("north"));
    world.done(&renderer, RenderingMessage::Register { name: name("north"), terms: terms() }).await;
    let found = rendering.node(node).await.unwrap().unwrap();
    assert_eq!((found.reputation, found.terms.clone(), found.active), (900, terms(), true));
    world.done(&artist, RenderingMessage::OpenJob(Box::new(new_job(&artist)))).await;
    let mine = RenderingJobQuery { artist: Some(artist.address()), ..RenderingJobQuery::default() };
    let job = rendering.jobs(&mine).await.unwrap().items.remove(0);
    assert_eq!((job.count, job.funds, job.bond, job.terms.clone()), (4, 1_000_000, 100_000, new_job(&artist)));
    assert_eq!(job.held.display, "1 FIL", "priced in the token");
    let job = drawn(&world, job.job, &key(2)).await;
    let nodes = rendering.job_nodes(job.job).await.unwrap().unwrap();
    assert_eq!(nodes.iter().map(|node| (node.node, node.weight)).collect::<Vec<_>>(), [(node, 900)]);
    let eligible = depin_services::rendering::Eligible { node, owner: renderer.address(), weight: 900 };
    assert_eq!(assigned(K, job.drawn.unwrap(), 0, 0, &[eligible]), Some(eligible), "anybody draws from what is read");
    let salt = salt_of(K, job.job, node, 0, 0, &Purpose::Frame);
    let opening = Opening { frame: 0, attempt: 0, purpose: Purpose::Frame, salt };
    let tickets = vec![Issued { hash: ticket_hash(job.job, node, &opening), node }];
    world.done(&artist, RenderingMessage::Issue { job: job.job, tickets }).await;
    let open = rendering.node_tickets(node, None, None).await.unwrap().items.remove(0);
    assert_eq!((open.job, open.number, open.state.as_str(), open.handed), (job.job, 0, "issued", None));
    let frame_key = FrameKey::new([5; 32]);
    let handed = Handed {
        pixels: commitment(ContentHash::new([1; 32]), Salt::new([2; 32]), node),
        sealed: ContentHash::new([3; 32]),
        key: key_hash(frame_key.get()),
        preview: ContentHash::new([4; 32]),
        watermark: ContentHash::new([6; 32]),
        worked: Span::from_millis(0),
    };
    world.done(&renderer, RenderingMessage::Deliver { job: job.job, number: 0, handed }).await;
    world.done(&artist, RenderingMessage::Approve { job: job.job, first: 0, last: 0 }).await;
    assert_eq!(rendering.ticket(job.job, 0).await.unwrap().unwrap().key, None);
    world.done(&renderer, RenderingMessage::OpenKeys { job: job.job, keys: vec![(0, frame_key)] }).await;
    let ticket = rendering.ticket(job.job, 0).await.unwrap().unwrap();
    assert_eq!((ticket.state.as_str(), ticket.key, ticket.handed, ticket.done), ("paid", Some(frame_key), Some(handed), true));
    world.done(&artist, RenderingMessage::EndJob { job: job.job }).await;
    let ended = rendering.job(job.job).await.unwrap().unwrap();
    assert_eq!((ended.state, ended.reason, ended.word.as_str()), (JobState::Ended, Some(EndReason::Asked), "committed"));
    world.done(&artist, RenderingMessage::OpenSecret { job: job.job, secret: K }).await;
    assert_eq!(rendering.job(job.job).await.unwrap().unwrap().secret, Some(K));
    let person = rendering.person(artist.address()).await.unwrap();
    assert_eq!((person.jobs, person.paid, person.unfounded), (1, 1, 0));
    let events = world.client.events(&EventQuery { subject: Some(job.job), ..Default::default() }).await.unwrap();
    for kind in ["job-opened", "job-drawn", "ticket-issued", "frame-delivered", "frame-approved", "frame-paid", "secret-opened"] {
        assert!(events.items.iter().any(|event| event.kind == kind), "{kind}: {:?}", events.items);
    }
    let network = rendering.network().await.unwrap();
    assert_eq!((network.credit, network.per_credit["economy"], network.totals["frames_paid"].as_str()), (250_000, 200, "1"));
    assert!(world.client.metrics().await.unwrap().contains("rendering_frames_paid 1"));
    assert!(world.client.audit().await.unwrap().ok);
}

/// Every described path of the service answers, and says what is wrong in the API's own form.
#[tokio::test]
async fn the_description_of_rendering_is_its_api() {
    let world = World::of_service("rendering").await;
    let (artist, renderer) = (key(3), key(4));
    world.done(&renderer, RenderingMessage::Register { name: name("north"), terms: terms() }).await;
    world.done(&artist, RenderingMessage::OpenJob(Box::new(new_job(&artist)))).await;
    let rendering = world.client.rendering();
    let node = node_id(renderer.address(), name("north"));
    let job = rendering.jobs(&RenderingJobQuery::default()).await.unwrap().items.remove(0).job;
    let economy = RenderingNodeQuery { tier: Some(Tier::Economy), ..RenderingNodeQuery::default() };
    assert_eq!(rendering.nodes(&economy).await.unwrap().items.len(), 1);
    let priority = RenderingNodeQuery { tier: Some(Tier::Priority), ..RenderingNodeQuery::default() };
    assert_eq!(rendering.nodes(&priority).await.unwrap().items, []);
    let api = world.client.openapi().await.unwrap();
    let paths: Vec<&String> = api["paths"].as_object().unwrap().keys().filter(|path| path.contains("rendering")).collect();
    assert_eq!(paths.len(), 10, "{paths:?}");
    for path in paths {
        let asked = path
            .replace("{node}", &node.to_string())
            .replace("{job}", &job.to_string())
            .replace("{number}", "0")
            .replace("{address}", &artist.address().to_string());
        let (status, answer) = world.get(&asked).await;
        let missing = path.ends_with("{number}") && status == StatusCode::NOT_FOUND && !error_code(&answer).is_empty();
        assert!(status == StatusCode::OK || missing, "{asked}: {answer}");
        for wrong in [format!("{asked}?limit=0&after=%25"), path.replace(['{', '}'], "x")] {
            let (status, answer) = world.get(&wrong).await;
            assert!(status.is_success() || !error_code(&answer).is_empty(), "{wrong}: {answer}");
        }
    }
}
