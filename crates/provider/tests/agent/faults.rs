//! Damage is found, declared, and mended by uploading again.

use crate::world::{Piece, World};
use depin_client::api::DealStage;
use std::path::{Path, PathBuf};

/// The one file below `folder` that holds `payload`.
fn file_of(folder: &Path, payload: &[u8]) -> PathBuf {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::read(&path).is_ok_and(|bytes| bytes == payload) {
                return path;
            }
        }
    }
    panic!("no file holds the payload");
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_found_by_scrubbing_is_declared_and_an_upload_brings_the_sector_back() {
    let world = World::start(1).await;
    let provider = world.provider().await;
    let piece = Piece::new(1, 3 << 20);
    assert_eq!(world.upload(&provider, &piece).await, 201);
    let id = world.propose(vec![world.proposal(provider.address(), &piece)]).await[0];
    world.until_stage(id, DealStage::Active).await;

    let path = file_of(&world.provider_folder(), &piece.payload);
    let mut bytes = piece.payload.clone();
    bytes[2_000_000] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let faulty = world.until_stage(id, DealStage::Faulty).await;
    assert!(faulty.fault.unwrap().declared);
    assert_eq!(world.download(&provider, &piece).await.0, 410);

    let status = world.upload(&provider, &piece).await;
    assert!(status == 200 || status == 201, "{status}");
    world.until_stage(id, DealStage::Active).await;
    assert_eq!(world.download(&provider, &piece).await, (200, piece.payload.clone()));
    world.wait("both proofs to be counted", || provider.status().service.done.sectors_proven == 2).await;
    assert_eq!(provider.status().service.done.faults, 1);
    provider.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_is_answered_for_the_whole_sectors_beside_a_lost_one() {
    let world = World::start(100).await;
    let mut config = world.provider_config();
    // Only the window finds the loss.
    config.scrub.rest = std::time::Duration::from_secs(3_600);
    let provider = world.provider_with(config, crate::world::key(3)).await;
    let (kept, lost) = (Piece::new(1, 60_000), Piece::new(2, 60_000));
    let mut proposals = Vec::new();
    for piece in [&kept, &lost] {
        assert_eq!(world.upload(&provider, piece).await, 201);
        proposals.push(world.proposal(provider.address(), piece));
    }
    let ids = world.propose(proposals).await;
    for id in &ids {
        world.until_stage(*id, DealStage::Active).await;
    }
    std::fs::remove_file(file_of(&world.provider_folder(), &lost.payload)).unwrap();
    // Five leaves of two sectors: that none falls on the lost one has a chance of 1 in 32 a window.
    let faulty = world.until_stage(ids[1], DealStage::Faulty).await;
    assert!(faulty.fault.unwrap().declared, "found while answering, told before the window closed");
    world.wait("the window to be answered without it", || provider.status().service.done.sets_proven >= 1).await;
    assert_eq!(world.client.storage().deal(ids[0]).await.unwrap().unwrap().state, DealStage::Active);
    let sets = world.client.storage().all_sets(Some(provider.address())).await.unwrap();
    assert!(sets.iter().all(|set| set.missed == 0), "{sets:?}");
    provider.stop().await;
}
