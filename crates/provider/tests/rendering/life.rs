//! Frames from order to pay.

use crate::world::*;
use depin_client::{
    api::RenderingTicket,
    render::{Order, TicketStage, watermark_text},
};
use depin_provider::rendering::RenderingHandle;
use depin_quantity::{ContentHash, UnitId};
use depin_render::{FrameFormat, Pixels, Watermark};
use depin_services::rendering::{Purpose, RenderingMessage, Salt, commitment};

/// The clear frame, opened by the key on the ledger; whether everything that was committed to holds.
pub async fn opened(world: &World, node: &RenderingHandle, ticket: &RenderingTicket) -> Pixels {
    let (handed, key) = (ticket.handed.unwrap(), ticket.key.unwrap());
    let reach = world.reach(node, 1);
    let sealed = reach.frame(ticket.job, ticket.number).await.unwrap();
    let preview = reach.preview(ticket.job, ticket.number).await.unwrap();
    assert_eq!((sha(&sealed), sha(&preview)), (handed.sealed.get(), handed.preview.get()));
    let mut plain = Vec::new();
    depin_render::open(&mut sealed.as_slice(), &mut plain, &key.get(), 1 << 30).unwrap();
    let (salt, image) = plain.split_first_chunk::<32>().unwrap();
    let pixels = Pixels::decode(image, FrameFormat::Png).unwrap();
    assert_eq!(commitment(ContentHash::new(pixels.hash()), Salt::new(*salt), ticket.node), handed.pixels);
    let watermark = Watermark::new(&watermark_text(ticket.node, ticket.job, ticket.number));
    assert_eq!(watermark.hash(), handed.watermark.get());
    assert!(watermark.is_preview_of(&Pixels::decode(&preview, FrameFormat::Png).unwrap(), &pixels));
    pixels
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
    world.push(&reach, job).await;
    let (first, _) = world.issue(job, node.node(), 0, 0, Purpose::Frame).await;
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

/// What was ordered, and what was committed to, outlives the process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_cut_off_goes_on_with_its_frames_and_opens_its_keys() {
    let Some(found) = engine("a restart").await else { return };
    let world = World::start(found).await;
    let node = world.node("north", 3).await;
    let job = world.job().await.job;
    let reach = world.reach(&node, 1);
    world.push(&reach, job).await;
    let (first, _) = world.issue(job, node.node(), 0, 0, Purpose::Frame).await;
    let (second, _) = world.issue(job, node.node(), 1, 0, Purpose::Frame).await;
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
    world.push(&reach, job).await;
    let (number, _) = world.issue(job, node.node(), 0, 0, Purpose::Frame).await;
    reach.order(job, number, Order { frame: 1, index: 0 }).await.unwrap();
    world.ticket_until(job, number, "declined").await;
    let view = reach.ticket(job, number).await.unwrap();
    assert!(view.state == TicketStage::Failed && view.why.as_ref().is_some_and(|why| why.contains("stopped after")), "{view:?}");
    let entry = world.client.rendering().node(node.node()).await.unwrap().unwrap();
    assert_eq!((entry.judged, entry.open), (0, 0));
}
