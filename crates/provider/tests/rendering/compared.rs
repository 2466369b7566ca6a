//! Frames that are rendered by two, and compared.

use crate::{life::opened, world::*};
use depin_client::render::{Order, RenderNode, Side};
use depin_provider::rendering::RenderingHandle;
use depin_quantity::UnitId;
use depin_render::Found;
use depin_services::rendering::{Opening, Purpose, RenderingMessage};

/// Two nodes with the scene of a job: the first handed its frame in, the second has the ticket to check it.
struct Two {
    world: World,
    north: RenderingHandle,
    south: RenderingHandle,
    to_north: RenderNode,
    to_south: RenderNode,
    job: UnitId,
    first: (u32, Opening),
    check: (u32, Opening),
}

async fn two(found: Found) -> Two {
    let world = World::start(found).await;
    let (north, south) = (world.node("north", 3).await, world.node("south", 4).await);
    let job = world.job().await.job;
    let (to_north, to_south) = (world.reach(&north, 1), world.reach(&south, 1));
    let first = world.issue(job, north.node(), 2, 0, Purpose::Frame).await;
    let check = world.issue(job, south.node(), 2, 0, Purpose::Check { of: first.0 }).await;
    world.push(&to_north, job).await;
    world.push(&to_south, job).await;
    world.delivered(&to_north, job, first.0, 2).await;
    Two { world, north, south, to_north, to_south, job, first, check }
}

/// Both say what they committed to without being asked by anybody but the ledger; equal frames are verified.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_render_the_same_pixels_say_so_and_are_verified() {
    let Some(found) = engine("a comparison").await else { return };
    let Two { world, north, south, to_north: _, to_south, job, first: (first, opens), check: (check, opens_check) } =
        two(found).await;
    world.delivered(&to_south, job, check, 2).await;
    world.say(RenderingMessage::Compare { job, left: (first, opens), right: Some((check, opens_check)) }).await;
    world
        .until("both are verified", async || world.ticket(job, first).await.verified && world.ticket(job, check).await.verified)
        .await;
    world.say(RenderingMessage::Approve { job, first, last: check }).await;
    let (one, two) = (world.ticket_until(job, first, "paid").await, world.ticket_until(job, check, "paid").await);
    let (one, two) = (opened(&world, &north, &one).await, opened(&world, &south, &two).await);
    assert_eq!(one.hash(), two.hash());
    north.stop().await;
    south.stop().await;
}

/// A node that handed in another frame than it renders now says so itself, before a third one is asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_own_frame_comes_out_otherwise_concedes() {
    let Some(found) = engine("a concession").await else { return };
    let Two { world, north: _north, south, to_north, to_south, job, first: (first, opens), check: (check, opens_check) } =
        two(found).await;
    // The ticket is of frame 3, and what is rendered for it is frame 1: as if something had gone wrong there.
    to_south.order(job, check, Order { frame: 1, index: 0 }).await.unwrap();
    world.ticket_until(job, check, "delivered").await;
    world.say(RenderingMessage::Compare { job, left: (first, opens), right: Some((check, opens_check)) }).await;
    world
        .until("both said what they have", async || {
            world.ticket(job, first).await.comparison.is_some_and(|comparison| comparison.step == "agreeing")
        })
        .await;
    let (left, right) = (to_north.clear(job, first).await.unwrap(), to_south.clear(job, check).await.unwrap());
    to_north.give(job, first, Side::Right, right).await.unwrap();
    to_south.give(job, first, Side::Left, left).await.unwrap();
    world.ticket_until(job, check, "wrong").await;
    let ticket = world.ticket(job, first).await;
    assert_eq!((ticket.state.as_str(), ticket.verified), ("delivered", true));
    let entry = world.client.rendering().node(south.node()).await.unwrap().unwrap();
    assert_eq!((entry.judged, entry.right), (1, 0), "one that is found wrong by others counts as two");
}
