//! A gateway whose disk takes nothing any more: it says so, and goes on by itself when there is room.

mod kit;
#[path = "../../files/tests/disk/small.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod small;

use depin_files::Floor;
use kit::{Kit, noise};
use small::SmallDisk;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_writes_and_loses_nothing_and_freed_space_is_enough_to_go_on() {
    let Some((_folder, disk)) = SmallDisk::mount(24 << 20) else { return };
    let home = disk.path().join("gateway");
    // Nothing is kept free: it is the disk that refuses.
    let mut kit = Kit::start_with(3, |config| {
        config.home.clone_from(&home);
        config.floor = Floor::new(&home, Some(0));
    })
    .await;
    kit.s3.make_bucket("full").await;
    let mut kept = Vec::new();
    for round in 0..3 {
        disk.fill(&format!("filler-{round}"));
        // What is in the log's allotted space may still be written; then nothing is.
        let mut number = 0;
        let refused = loop {
            let (object, bytes) = (format!("/full/{round}-{number}"), noise(number, 3_000));
            let answer = kit.s3.put(&object, bytes.clone()).await;
            if answer.status != 200 {
                break answer;
            }
            kept.push((object, bytes));
            number += 1;
            assert!(number < 5_000, "a full disk takes everything");
        };
        assert!(refused.status >= 500, "{}", refused.text());
        for (object, bytes) in &kept {
            kit.s3.expect(object, bytes).await;
        }
        disk.clear();
        let (object, bytes) = (format!("/full/{round}-after"), noise(77, 3_000));
        kit.s3.put(&object, bytes.clone()).await.ok();
        kept.push((object, bytes));
    }
    // What could not be written down before is, without anybody's asking: where providers are, too.
    kit.restart().await;
    for (object, bytes) in &kept {
        kit.s3.expect(object, bytes).await;
    }
}
