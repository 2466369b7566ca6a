//! What a node refuses.

use crate::world::*;
use depin_client::render::{Order, RenderCallError, TicketStage};
use depin_files::{Floor, Room};
use depin_services::rendering::Purpose;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

fn refused<T: std::fmt::Debug>(answer: Result<T, RenderCallError>) -> (u16, String) {
    let error = answer.unwrap_err();
    (error.status().unwrap_or(0), error.code().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_jobs_dispatcher_is_heard_and_only_about_what_the_ledger_has() {
    let Some(found) = engine("refusals").await else { return };
    let world = World::start(found).await;
    let node = world.node("north", 3).await;
    let job = world.job().await.job;
    let (reach, stranger) = (world.reach(&node, 1), world.reach(&node, 2));
    let order = Order { frame: 1, index: 0 };
    assert_eq!(refused(stranger.order(job, 0, order).await), (403, "dispatcher".to_owned()));
    assert_eq!(refused(stranger.scene(job).await), (403, "dispatcher".to_owned()));
    assert_eq!(refused(reach.order(job, 0, order).await), (404, "unknown".to_owned()), "the ledger has no such ticket");
    let (number, _) = world.issue(job, node.node(), 0, 0, Purpose::Frame).await;
    assert_eq!(refused(reach.order(job, number, Order { frame: 2, index: 0 }).await).0, 409, "another frame than the index says");
    assert_eq!(refused(reach.clear(job, number).await).0, 409);
    assert_eq!(refused(reach.frame(job, number).await).0, 404);
    assert_eq!(refused(reach.give(job, number, depin_client::render::Side::Left, vec![1]).await).0, 409);
    let unsigned = reqwest::get(format!("{}/v1/render/jobs/{job}/scene", node.url())).await.unwrap();
    assert_eq!(unsigned.status(), 401);
    let info = reach.info().await.unwrap();
    assert_eq!((info.node, info.score, info.busy, info.scenes), (node.node(), 50, 0, 0));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scene_goes_on_where_it_broke_off_and_other_bytes_are_not_kept() {
    let Some(found) = engine("scenes").await else { return };
    let world = World::start(found).await;
    let node = world.node("north", 3).await;
    let job = world.job().await.job;
    let reach = world.reach(&node, 1);
    let of = world.sealed.len() as u64;
    let key = [1; 32];
    let early = reach.put_scene(job, (0, of), world.sealed.clone(), &key).await;
    assert_eq!(refused(early), (409, "conflict".to_owned()), "it has nothing to render of the job");
    assert_eq!(reach.scene(job).await.unwrap().have, 0);
    world.issue(job, node.node(), 0, 0, Purpose::Frame).await;
    // With a key that is not the scene's.
    let all = world.sealed.clone();
    assert_eq!(refused(reach.put_scene(job, (0, of), all, &key).await), (422, "unfit".to_owned()));
    assert_eq!(reach.scene(job).await.unwrap().have, 0);
    let other = vec![0; world.sealed.len()];
    assert_eq!(refused(reach.put_scene(job, (0, of), other, &key).await).0, 422);
    let begun = reach.put_scene(job, (0, of), world.sealed[..100].to_vec(), &key).await.unwrap();
    assert_eq!((begun.have, begun.whole), (100, false));
    assert_eq!(refused(reach.put_scene(job, (0, of), world.sealed[..100].to_vec(), &key).await).0, 409, "that is here");
    assert_eq!(refused(reach.put_scene(job, (100, 100), vec![1], &key).await).0, 409, "more than it says");
    assert_eq!(refused(reach.put_scene(job, (100, u64::MAX), vec![1], &key).await).0, 413);
    let (_, rest) = world.sealed.split_at(100);
    let scene_key = depin_client::render::scene_key(
        &crate::world::key(1),
        world.client.rendering().job(job).await.unwrap().unwrap().terms.scene,
    );
    assert!(reach.put_scene(job, (100, of), rest.to_vec(), &scene_key).await.unwrap().whole);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_takes_no_scene_and_begins_no_frame_and_goes_on_when_there_is_room() {
    let Some(found) = engine("a full disk").await else { return };
    let world = World::start(found).await;
    let free = Arc::new(AtomicU64::new(0));
    let read = Arc::clone(&free);
    let mut config = world.config("north");
    config.floor = Floor::new(&config.folder, Some(1 << 20))
        .read_by(move |_| Ok(Room { free: read.load(Ordering::Relaxed), total: 1 << 40 }));
    let node = world.start_node(config, 3).await;
    let job = world.job().await.job;
    let reach = world.reach(&node, 1);
    let (number, _) = world.issue(job, node.node(), 0, 0, Purpose::Frame).await;
    let sent = reach.put_scene(job, (0, world.sealed.len() as u64), world.sealed.clone(), &[1; 32]).await;
    assert_eq!(refused(sent), (507, "full".to_owned()));
    let health = reqwest::get(format!("{}/health", node.url())).await.unwrap();
    assert_eq!(health.status(), 507);
    free.store(1 << 30, Ordering::Relaxed);
    world.push(&reach, job).await;
    free.store(0, Ordering::Relaxed);
    reach.order(job, number, Order { frame: 1, index: 0 }).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(reach.ticket(job, number).await.unwrap().state, TicketStage::Queued);
    free.store(1 << 30, Ordering::Relaxed);
    world.ticket_until(job, number, "delivered").await;
}
