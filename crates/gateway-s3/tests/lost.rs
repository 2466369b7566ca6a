//! A gateway whose map is gone: nothing is begun in its place unless that is asked for.

mod kit;

use depin_gateway_s3::GatewayError;
use kit::{Kit, noise};
use std::fs;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_map_that_is_gone_together_with_its_key_is_told_and_begun_anew_on_purpose_only() {
    let mut kit = Kit::start(3).await;
    kit.s3.make_bucket("bucket").await;
    kit.s3.put("/bucket/object", noise(1, 3_000)).await.ok();
    kit.handle.take().unwrap().stop().await;
    let home = kit.config.home.clone();
    fs::remove_file(home.join("meta.db")).unwrap();
    fs::remove_file(home.join("master.key")).unwrap();
    for _ in 0..2 {
        let error = kit.try_start().await.err().expect("an empty gateway in its place");
        assert!(matches!(&error, GatewayError::Lost { path, .. } if *path == home.join("meta.db")), "{error}");
        assert!(error.hint().contains("--new-store"), "{}", error.hint());
        assert!(!home.join("meta.db").exists() && !home.join("master.key").exists(), "nothing is made in its place");
    }
    // Damaged, it is kept beside the new one.
    fs::write(home.join("meta.db"), "not a database").unwrap();
    kit.config.new_store = true;
    kit.restart().await;
    assert_eq!(fs::read(home.join("meta.db.lost-1")).unwrap(), b"not a database");
    kit.s3.make_bucket("another").await;
    kit.restart().await;
    assert!(kit.s3.get("/another").await.status == 200, "one that is whole is not replaced");
    kit.config.new_store = false;
    kit.restart().await;
}
