//! Frames from order to pay.

use crate::world::*;
use depin_client::{
    api::RenderingTicket,
    render::{Order, TicketStage, watermark_text},
};
use depin_provider::rendering::RenderingHandle;
use depin_quantity::{ContentHash, UnitId};
use depin_render::{EngineKind, FrameFormat, Pixels, Product, Watermark};
use depin_services::rendering::{Purpose, RenderingMessage, Salt, commitment};

/// The clear frame, opened by the key on the ledger; whether everything that was committed to holds.
pub async fn opened(world: &World, node: &RenderingHandle, ticket: &RenderingTicket) -> Pixels {
    product(world, node, ticket, FrameFormat::Png).await.picture().into_owned()
}

async fn product(world: &World, node: &RenderingHandle, ticket: &RenderingTicket, format: FrameFormat) -> Product {
    let (handed, key) = (ticket.handed.unwrap(), ticket.key.unwrap());
    let reach = world.reach(node, 1);
    let sealed = reach.frame(ticket.job, ticket.number).await.unwrap();
    let preview = reach.preview(ticket.job, ticket.number).await.unwrap();
    assert_eq!((sha(&sealed), sha(&preview)), (handed.sealed.get(), handed.preview.get()));
    let mut plain = Vec::new();
    depin_render::open(&mut sealed.as_slice(), &mut plain, &key.get(), 1 << 30).unwrap();
    let (salt, image) = plain.split_first_chunk::<32>().unwrap();
    let product = Product::decode(image, format).unwrap();
    assert_eq!(commitment(ContentHash::new(product.hash()), Salt::new(*salt), ticket.node), handed.pixels);
    let watermark = Watermark::new(&watermark_text(ticket.node, ticket.job, ticket.number));
    assert_eq!(watermark.hash(), handed.watermark.get());
    let (preview, picture) = (Pixels::decode(&preview, FrameFormat::Png).unwrap(), product.picture());
    let is_its_own = match format {
        FrameFormat::Outputs => watermark.is_card_of(&preview, &picture),
        _ => watermark.is_preview_of(&preview, &picture),
    };
    assert!(is_its_own, "a preview of {} by {} pixels", preview.width(), preview.height());
    drop(picture);
    product
}

pub async fn paid(world: &World, job: UnitId, number: u32) -> RenderingTicket {
    world.say(RenderingMessage::Approve { job, first: number, last: number }).await;
    world.ticket_until(job, number, "paid").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_is_ordered_rendered_handed_in_approved_opened_and_paid() {
    let Some(found) = engine("a frame's life").await else { return };
    let world = World::start(found).await;
    let node = world.node("north", 3).await;
    let job = world.job().await.job;
    let reach = world.reach(&node, 1);
    let (first, _) = world.issue(job, node.node(), 0, 0, Purpose::Frame).await;
    world.push(&reach, job).await;
    let (second, _) = world.issue(job, node.node(), 1, 0, Purpose::Frame).await;
    let ticket = world.delivered(&reach, job, first, 0).await;
    world.delivered(&reach, job, second, 1).await;
    assert!(ticket.handed.unwrap().worked.get() > 0 && ticket.key.is_none());
    let view = reach.ticket(job, first).await.unwrap();
    assert_eq!(view.state, TicketStage::Delivered);
    assert!(view.sealed_bytes > 0 && view.preview_bytes > 0 && view.milliseconds > 0);
    let (one, two) = (paid(&world, job, first).await, paid(&world, job, second).await);
    let (one, two) = (opened(&world, &node, &one).await, opened(&world, &node, &two).await);
    assert_ne!(one.hash(), two.hash(), "something moves");
    assert_eq!((one.width(), one.height()), (64, 48));
    world.until("its figures", async || node.status().service.frames_paid == 2).await;
    let figures = node.status().service;
    assert_eq!((figures.delivered, figures.keys_opened, figures.declined), (2, 2, 0));
    assert_eq!(node.status().problems, [].into());
    node.stop().await;
}

/// A task goes the way of a scene: its parts are run in the sandbox, checked by their hash, and paid.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_of_a_task_is_run_by_two_nodes_found_equal_and_paid() {
    let Some(found) = one_of("a task's life", &[EngineKind::Python]).await else { return };
    let world = World::start(found).await;
    let (north, south) = (world.node("north", 3).await, world.node("south", 4).await);
    let job = world.job().await;
    assert!(job.terms.format.is_task());
    let job = job.job;
    let reach = [world.reach(&north, 1), world.reach(&south, 1)];
    let (first, left) = world.issue(job, north.node(), 2, 0, Purpose::Frame).await;
    let (again, right) = world.issue(job, south.node(), 2, 0, Purpose::Check { of: first }).await;
    for reach in &reach {
        world.push(reach, job).await;
    }
    let ticket = world.delivered(&reach[0], job, first, 2).await;
    world.delivered(&reach[1], job, again, 2).await;
    assert!(ticket.handed.unwrap().worked.get() > 0);
    world.say(RenderingMessage::Compare { job, left: (first, left), right: Some((again, right)) }).await;
    world
        .until("both are found right", async || {
            world.ticket(job, first).await.verified && world.ticket(job, again).await.verified
        })
        .await;
    let paid = paid(&world, job, first).await;
    let Product::Outputs(outputs) = product(&world, &north, &paid, FrameFormat::Outputs).await else { panic!("a picture") };
    // Part 3 has the fourth text.
    let files: Vec<(&str, &[u8])> = outputs.files().collect();
    assert_eq!(files, [("letters.csv", &b"a,4\nb,4\nc,4\n"[..])]);
}

/// What was ordered, and what was committed to, outlives the process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_cut_off_goes_on_with_its_frames_and_opens_its_keys() {
    let Some(found) = engine("a restart").await else { return };
    let world = World::start(found).await;
    let node = world.node("north", 3).await;
    let job = world.job().await.job;
    let reach = world.reach(&node, 1);
    let (first, _) = world.issue(job, node.node(), 0, 0, Purpose::Frame).await;
    let (second, _) = world.issue(job, node.node(), 1, 0, Purpose::Frame).await;
    world.push(&reach, job).await;
    world.delivered(&reach, job, first, 0).await;
    reach.order(job, second, Order { frame: 2, index: 1 }).await.unwrap();
    drop(node);
    let node = world.node("north", 3).await;
    world.ticket_until(job, second, "delivered").await;
    let ticket = paid(&world, job, first).await;
    opened(&world, &node, &ticket).await;
    let ticket = paid(&world, job, second).await;
    opened(&world, &node, &ticket).await;
}

/// A scene that this engine cannot render is no reason to lose one's name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_that_cannot_be_rendered_is_given_back_with_its_reason() {
    let Some(found) = engine("a frame given back").await else { return };
    let world = World::start(found).await;
    let mut config = world.config("north");
    config.limits.frame_time = std::time::Duration::ZERO;
    let node = world.start_node(config, 3).await;
    let job = world.job().await.job;
    let reach = world.reach(&node, 1);
    let (number, _) = world.issue(job, node.node(), 0, 0, Purpose::Frame).await;
    world.push(&reach, job).await;
    reach.order(job, number, Order { frame: 1, index: 0 }).await.unwrap();
    world.ticket_until(job, number, "declined").await;
    let view = reach.ticket(job, number).await.unwrap();
    assert!(view.state == TicketStage::Failed && view.why.as_ref().is_some_and(|why| why.contains("stopped after")), "{view:?}");
    let entry = world.client.rendering().node(node.node()).await.unwrap().unwrap();
    assert_eq!((entry.judged, entry.open), (0, 0));
}
