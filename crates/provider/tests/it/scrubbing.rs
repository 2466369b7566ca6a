//! Scrubbing finds what nobody has read.

use crate::support::*;
use depin_provider::storage::scrub::{ScrubReport, ScrubSettings, ScrubStep, Scrubber, run};
use std::fs;
use std::time::Duration;

fn pass(scrubber: &mut Scrubber) -> ScrubReport {
    loop {
        if let ScrubStep::PassDone(report) = scrubber.step().unwrap() {
            return report;
        }
    }
}

#[test]
fn a_pass_reads_everything_and_finds_all_damage() {
    let bench = Bench::new(100 * MIB);
    let lengths = [0, 10, MIB, 2 * MIB + 1, 3 * MIB];
    let cids: Vec<_> = (0..5).map(|i| bench.put(&payload(lengths[i], i as u64), CLIENT).unwrap().cid).collect();
    let mut scrubber = Scrubber::new(bench.store.clone());
    let clean = ScrubReport { pieces: 5, bytes: lengths.iter().sum(), ..ScrubReport::default() };
    assert_eq!(pass(&mut scrubber), clean);

    flip_bit(&bench.payload_file(&cids[3]), 2 * MIB as usize);
    flip_bit(&bench.payload_file(&cids[4]), 0);
    flip_bit(&bench.payload_file(&cids[4]), 3 * MIB as usize - 1);
    let report = pass(&mut scrubber);
    let mut expected = vec![cids[3], cids[4]];
    expected.sort();
    assert_eq!((report.damaged, report.bytes), (expected, clean.bytes));
    let damaged = |i: usize| bench.store.status(&cids[i]).unwrap().unwrap().damaged;
    assert_eq!([damaged(2), damaged(3), damaged(4)], [vec![], vec![2], vec![0, 2]]);
}

#[test]
fn a_file_brought_back_is_sound_after_the_next_pass() {
    let bench = Bench::new(100 * MIB);
    let payload = payload(2 * MIB, 1);
    let cid = bench.put(&payload, CLIENT).unwrap().cid;
    fs::write(bench.payload_file(&cid), []).unwrap();
    let mut scrubber = Scrubber::new(bench.store.clone());
    assert_eq!(pass(&mut scrubber).damaged, [cid]);
    assert_eq!(bench.store.damaged().unwrap()[0].damaged, [0, 1]);

    fs::write(bench.payload_file(&cid), &payload).unwrap();
    let report = pass(&mut scrubber);
    assert_eq!((report.damaged, report.recovered_chunks), (vec![], 2));
    assert_eq!(bench.store.damaged().unwrap(), []);
    assert!(bench.store.prove(&cid, 0).is_ok());
    drop(scrubber);
    bench.check();
}

#[test]
fn a_pass_rebuilds_broken_tree_caches() {
    let bench = Bench::new(100 * MIB);
    let cids = [1, 2, 3].map(|seed| bench.put(&payload(2 * MIB, seed), CLIENT).unwrap().cid);
    flip_bit(&bench.tree_file(&cids[0]), 100);
    fs::remove_file(bench.tree_file(&cids[1])).unwrap();
    let mut scrubber = Scrubber::new(bench.store.clone());
    let report = pass(&mut scrubber);
    assert_eq!((report.rebuilt_trees, report.damaged), (2, vec![]));
    assert_eq!(pass(&mut scrubber).rebuilt_trees, 0);
    drop(scrubber);
    bench.check();
}

#[test]
fn a_missing_payload_is_damage() {
    let bench = Bench::new(100 * MIB);
    let cid = bench.put(&payload(2 * MIB, 1), CLIENT).unwrap().cid;
    fs::remove_file(bench.payload_file(&cid)).unwrap();
    assert_eq!(pass(&mut Scrubber::new(bench.store.clone())).damaged, [cid]);
    assert_eq!(bench.store.damaged().unwrap()[0].damaged, [0, 1]);
}

#[tokio::test]
async fn the_background_scrubber_reports_each_pass_and_wakes_the_watcher() {
    let bench = Bench::new(100 * MIB);
    let cid = bench.put(&payload(MIB, 1), CLIENT).unwrap().cid;
    flip_bit(&bench.payload_file(&cid), 9);
    let (reports, mut inbox) = tokio::sync::mpsc::unbounded_channel();
    let settings = ScrubSettings { bytes_per_second: u64::MAX, rest: Duration::ZERO };
    let mut changes = bench.store.watch_damage();
    let task = tokio::spawn(run(bench.store.clone(), settings, move |report| _ = reports.send(report)));
    changes.changed().await.unwrap();
    for _ in 0..2 {
        assert_eq!(inbox.recv().await.unwrap().damaged, [cid]);
    }
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
}
