//! Frames that are rendered by two, and compared.

use crate::{life::opened, world::*};
use depin_services::rendering::{Purpose, RenderingMessage};

/// Both say what they committed to without being asked by anybody but the ledger; equal frames are verified.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_render_the_same_pixels_say_so_and_are_verified() {
    let Some(found) = engine("a comparison").await else { return };
    let world = World::start(found).await;
    let (north, south) = (world.node("north", 3).await, world.node("south", 4).await);
    let job = world.job().await.job;
    let (to_north, to_south) = (world.reach(&north, 1), world.reach(&south, 1));
    world.push(&to_north, job).await;
    world.push(&to_south, job).await;
    let (first, opens) = world.issue(job, north.node(), 2, 0, Purpose::Frame).await;
    let (check, opens_check) = world.issue(job, south.node(), 2, 0, Purpose::Check { of: first }).await;
    world.delivered(&to_north, job, first, 2).await;
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
