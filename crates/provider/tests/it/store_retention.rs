//! How long pieces stay.

use crate::support::*;
use depin_provider::{
    Clock as _,
    storage::{PieceState, StoreError},
};

const HOUR_MS: u64 = 3_600_000;

#[test]
fn an_upload_without_a_deal_is_swept_after_its_hour() {
    let bench = Bench::new(100 * MIB);
    let cid = bench.put(&payload(MIB, 1), CLIENT).unwrap().cid;
    bench.clock.advance(HOUR_MS - 1);
    assert_eq!(bench.store.sweep().unwrap(), []);
    bench.clock.advance(1);
    assert_eq!(bench.store.sweep().unwrap(), [cid]);
    assert!(matches!(bench.store.open_piece(&cid), Err(StoreError::Unknown { .. })));
    assert_eq!(bench.store.usage().used, 0);
    bench.check();
}

#[test]
fn a_pinned_piece_stays_until_its_last_deal_ends() {
    let bench = Bench::new(100 * MIB);
    let cid = bench.put(&payload(MIB, 1), CLIENT).unwrap().cid;
    assert!(bench.store.pin(&cid, &deal(1)).unwrap());
    assert!(!bench.store.pin(&cid, &deal(1)).unwrap(), "pinning twice is one pin");
    assert!(bench.store.pin(&cid, &deal(2)).unwrap());
    bench.clock.advance(2 * HOUR_MS);
    assert_eq!(bench.store.sweep().unwrap(), []);
    let status = bench.store.status(&cid).unwrap().unwrap();
    assert_eq!((status.state(), status.deals), (PieceState::Kept, vec![deal(1), deal(2)]));
    assert_eq!(status.holds, [], "the sweep dropped the expired hold");

    assert!(bench.store.unpin(&cid, &deal(1)).unwrap());
    assert!(!bench.store.unpin(&cid, &deal(1)).unwrap());
    assert_eq!(bench.store.sweep().unwrap(), []);
    assert!(bench.store.unpin(&cid, &deal(2)).unwrap());
    assert_eq!(bench.store.sweep().unwrap(), [cid]);
    bench.check();
}

#[test]
fn a_sweep_of_many_pieces_takes_them_all() {
    let bench = Bench::new(100 * MIB);
    let mut kept = None;
    for seed in 0..230 {
        let cid = bench.put(&payload(10, seed), CLIENT).unwrap().cid;
        if seed == 100 {
            bench.store.pin(&cid, &deal(1)).unwrap();
            kept = Some(cid);
        }
    }
    bench.clock.advance(HOUR_MS);
    assert_eq!(bench.store.sweep().unwrap().len(), 229);
    let left: Vec<_> = bench.store.list(None, 10).unwrap().into_iter().map(|piece| piece.cid).collect();
    assert_eq!(left, [kept.unwrap()]);
    bench.check();
}

#[test]
fn a_piece_that_is_not_stored_cannot_be_pinned() {
    let bench = Bench::new(MIB);
    assert!(matches!(bench.store.pin(&commit(&[1]), &deal(1)), Err(StoreError::Unknown { .. })));
    assert!(!bench.store.unpin(&commit(&[1]), &deal(1)).unwrap());
}

#[test]
fn only_an_uploader_may_withdraw_and_only_without_a_deal() {
    let bench = Bench::new(100 * MIB);
    let cid = bench.put(&payload(MIB, 1), CLIENT).unwrap().cid;
    let later = START_MS + 1;
    assert!(matches!(bench.store.withdraw(&commit(&[1]), &CLIENT, later), Err(StoreError::Unknown { .. })));
    assert!(matches!(bench.store.withdraw(&cid, &OTHER_CLIENT, later), Err(StoreError::NotHolder { .. })));
    bench.store.pin(&cid, &deal(1)).unwrap();
    let error = bench.store.withdraw(&cid, &CLIENT, later).unwrap_err();
    assert!(matches!(&error, StoreError::Covered { deals, .. } if *deals == [deal(1)]), "{error}");
    assert!(matches!(bench.store.remove(&cid), Err(StoreError::Covered { .. })));
    bench.store.unpin(&cid, &deal(1)).unwrap();
    assert!(bench.store.withdraw(&cid, &CLIENT, later).unwrap());
    assert!(matches!(bench.store.withdraw(&cid, &CLIENT, later), Err(StoreError::Unknown { .. })));
    assert_eq!(bench.store.usage().used, 0);
    bench.check();
}

#[test]
fn a_withdrawal_leaves_the_bytes_to_the_other_uploader() {
    let bench = Bench::new(100 * MIB);
    let payload = payload(MIB, 1);
    let cid = bench.put(&payload, CLIENT).unwrap().cid;
    bench.put(&payload, OTHER_CLIENT).unwrap();
    assert!(!bench.store.withdraw(&cid, &CLIENT, START_MS + 1).unwrap());
    assert_eq!(read(&bench.store, &cid).unwrap(), payload);
    assert!(bench.store.withdraw(&cid, &OTHER_CLIENT, START_MS + 1).unwrap());
    bench.check();
}

/// A withdrawal that somebody recorded and plays back must not touch what was uploaded after it was signed.
#[test]
fn an_old_withdrawal_does_not_touch_a_newer_upload() {
    let bench = Bench::new(100 * MIB);
    let payload = payload(MIB, 1);
    let cid = bench.put(&payload, CLIENT).unwrap().cid;
    bench.clock.advance(10);
    let recorded = bench.clock.now_ms();
    bench.store.withdraw(&cid, &CLIENT, recorded).unwrap();
    bench.clock.advance(10);
    bench.put(&payload, CLIENT).unwrap();
    assert!(matches!(bench.store.withdraw(&cid, &CLIENT, recorded), Err(StoreError::Stale { .. })));
    assert!(matches!(bench.store.withdraw(&cid, &CLIENT, recorded + 10), Err(StoreError::Stale { .. })));
    assert!(bench.store.withdraw(&cid, &CLIENT, recorded + 11).unwrap());
    bench.check();
}

#[test]
fn the_operator_removes_what_no_deal_covers() {
    let bench = Bench::new(100 * MIB);
    let cid = bench.put(&payload(MIB, 1), CLIENT).unwrap().cid;
    bench.store.remove(&cid).unwrap();
    assert!(matches!(bench.store.remove(&cid), Err(StoreError::Unknown { .. })));
    bench.check();
}

#[test]
fn a_reader_goes_on_reading_a_piece_that_is_removed_meanwhile() {
    let bench = Bench::new(100 * MIB);
    let payload = payload(2 * MIB, 1);
    let cid = bench.put(&payload, CLIENT).unwrap().cid;
    let reader = bench.store.open_piece(&cid).unwrap();
    bench.store.remove(&cid).unwrap();
    assert_eq!(reader.read_chunk(1).unwrap(), payload[MIB as usize..]);
    drop(reader);
    bench.check();
}
