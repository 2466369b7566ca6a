//! The dispatcher's door: sealed scenes in parts, drafts, what is refused, what a restart finds. The node is away all the time.

use depin_client::{
    Client, SigningKey, Trust,
    render::{Desk, KnownFrame, NewDraft, RenderCallError, SCENE_PART, content_of},
};
use depin_gateway_render::{Config, Gateway, GatewayError, Handle};
use depin_quantity::{ContentHash, Name};
use std::path::Path;

const CHAIN: Name = Name::literal("render-test-0");

fn key() -> SigningKey {
    SigningKey::from_seed(&[5; 32])
}

async fn open(folder: &Path, scene_most: u64, new_store: bool, key: SigningKey) -> Result<Handle, GatewayError> {
    // Nobody listens on the discard port.
    let client = Client::new("http://127.0.0.1:9").unwrap();
    Gateway::start(Config { scene_most, new_store, ..Config::new(folder) }, client, CHAIN, key).await
}

async fn start(folder: &Path) -> (Handle, Desk) {
    let gateway = open(folder, 16 << 20, false, key()).await.unwrap();
    let desk = Desk::new(&format!("http://{}", gateway.address()), gateway.key(), &Trust::default()).unwrap();
    (gateway, desk)
}

fn scene() -> Vec<u8> {
    (0..SCENE_PART + 1_000).map(|at| (at % 251) as u8).collect()
}

fn draft(sealed: ContentHash) -> NewDraft {
    let known = vec![KnownFrame { index: 3, pixels: ContentHash::new([9; 32]) }];
    NewDraft { name: "scene.blend".to_owned(), sealed, key: hex::encode([7; 32]), known }
}

fn refused(error: &RenderCallError) -> (u16, &str) {
    (error.status().unwrap_or(0), error.code().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scene_that_was_cut_off_goes_on_after_a_restart_and_is_drafted_once_it_is_whole() {
    let (folder, scene) = (tempfile::tempdir().unwrap(), scene());
    let (sealed, of) = (content_of(&scene), scene.len() as u64);
    let (gateway, desk) = start(folder.path()).await;
    assert_eq!(desk.info().await.unwrap().dispatcher, key().address());
    assert_eq!(desk.scene(sealed).await.unwrap().have, 0);
    let has = desk.put_scene(sealed, (0, of), scene[..SCENE_PART].to_vec()).await.unwrap();
    assert_eq!((has.have, has.whole), (SCENE_PART as u64, false));
    assert_eq!(refused(&desk.draft(&draft(sealed)).await.unwrap_err()), (409, "no-scene"));
    // Killed; nothing of what was taken is asked for again.
    drop(gateway);
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let (gateway, desk) = start(folder.path()).await;
    let has = desk.scene(sealed).await.unwrap();
    assert_eq!(has.have, SCENE_PART as u64);
    assert_eq!(refused(&desk.put_scene(sealed, (0, of), scene[..9].to_vec()).await.unwrap_err()), (409, "offset"));
    let has = desk.put_scene(sealed, (has.have, of), scene[SCENE_PART..].to_vec()).await.unwrap();
    assert!(has.whole && has.have == of);
    let (one, other) = (desk.draft(&draft(sealed)).await.unwrap(), desk.draft(&draft(sealed)).await.unwrap());
    assert_eq!(one.dispatcher, key().address());
    assert_ne!(one.secret, other.secret, "each job has a secret of its own");
    assert!(desk.jobs().await.unwrap().is_empty(), "neither was ordered");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_not_the_scene_or_without_the_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (gateway, desk) = start(folder.path()).await;
    let sealed = content_of(b"scene");
    assert_eq!(refused(&desk.put_scene(sealed, (0, 17 << 20), b"s".to_vec()).await.unwrap_err()), (413, "too-large"));
    let large = vec![0; SCENE_PART + 1];
    let told = desk.put_scene(sealed, (0, 16 << 20), large).await.unwrap_err();
    // Said before anything of it is read, so the connection may be cut first.
    assert!(refused(&told) == (413, "too-large") || matches!(told, RenderCallError::Away { .. }), "{told:?}");
    assert_eq!(refused(&desk.put_scene(sealed, (0, 5), b"other".to_vec()).await.unwrap_err()), (422, "other-bytes"));
    desk.put_scene(sealed, (0, 5), b"scene".to_vec()).await.unwrap();
    for wrong in [
        NewDraft { name: String::new(), ..draft(sealed) },
        NewDraft { name: "a\u{1b}[2J".to_owned(), ..draft(sealed) },
        NewDraft { key: "7".to_owned(), ..draft(sealed) },
        NewDraft { known: vec![KnownFrame { index: 0, pixels: sealed }; 65], ..draft(sealed) },
    ] {
        assert_eq!(refused(&desk.draft(&wrong).await.unwrap_err()).0, 400, "{wrong:?}");
    }
    let stranger = Desk::new(desk.url(), "render_0000", &Trust::default()).unwrap();
    assert_eq!(refused(&stranger.info().await.unwrap_err()), (401, "no-key"));
    assert_eq!(refused(&stranger.put_scene(sealed, (0, 5), b"scene".to_vec()).await.unwrap_err()), (401, "no-key"));
    let nobody = depin_quantity::UnitId::new([1; 32]);
    assert_eq!(refused(&desk.frames(nobody).await.unwrap_err()), (404, "not-found"));
    let health: serde_json::Value = reqwest::get(format!("{}/health", desk.url())).await.unwrap().json().await.unwrap();
    assert!(health["status"] == "ok" || health["status"] == "degraded", "{health}");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_was_lost_or_is_of_another_account_is_not_begun_anew_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (gateway, _) = start(folder.path()).await;
    let busy = open(folder.path(), 1, false, key()).await.err().unwrap();
    assert!(matches!(busy, GatewayError::Busy { .. }), "{busy}");
    gateway.stop().await;
    let other = open(folder.path(), 1, false, SigningKey::from_seed(&[6; 32])).await.err().unwrap();
    assert!(other.to_string().contains("are given out by"), "{other}");
    let whole = open(folder.path(), 1, true, key()).await.err().unwrap();
    assert!(matches!(whole, GatewayError::Whole { .. }), "{whole}");
    for name in ["rendering.db", "rendering.db-wal", "rendering.db-shm", "rendering.db.sums"] {
        let _ = std::fs::remove_file(folder.path().join(name));
    }
    let lost = open(folder.path(), 1, false, key()).await.err().unwrap();
    assert!(matches!(lost, GatewayError::Lost { .. }) && lost.hint().contains("--new-store"), "{lost}");
    open(folder.path(), 1, true, key()).await.unwrap().stop().await;
}
