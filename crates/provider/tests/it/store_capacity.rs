//! The operator's limit, counted to the byte.

use crate::support::*;
use depin_files::{Floor, Room};
use depin_provider::{
    Clock,
    storage::{Store, StoreError, StoreSettings, Usage},
};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

#[test]
fn a_piece_fits_exactly_or_not_at_all() {
    let payload = payload(MIB, 1);
    let needed = stored_bytes(MIB);
    let bench = Bench::new(needed - 1);
    let error = bench.put(&payload, CLIENT).unwrap_err();
    assert!(
        matches!(error, StoreError::CapacityFull { wanted, free, capacity } if wanted == needed && free == needed - 1 && capacity == needed - 1),
        "{error}"
    );
    bench.check();

    let bench = Bench::new(needed);
    bench.put(&payload, CLIENT).unwrap();
    assert_eq!(bench.store.usage(), Usage { capacity: needed, used: needed, reserved: 0 });
    assert!(matches!(bench.store.begin(commit(&[1]), 1, CLIENT, START_MS), Err(StoreError::CapacityFull { free: 0, .. })));
    // What is there is there: more clients of it need no more room.
    assert!(bench.store.adopt(&commit(&payload), MIB, OTHER_CLIENT, START_MS).unwrap().is_some());
    bench.check();
}

#[test]
fn uploads_in_flight_count_from_their_beginning() {
    let one = stored_bytes(MIB);
    let bench = Bench::new(2 * one);
    let (first, second) = (payload(MIB, 1), payload(MIB, 2));
    let mut upload = bench.store.begin(commit(&first), MIB, CLIENT, START_MS).unwrap();
    let dropped = bench.store.begin(commit(&second), MIB, CLIENT, START_MS).unwrap();
    assert_eq!(bench.store.usage(), Usage { capacity: 2 * one, used: 0, reserved: 2 * one });
    assert!(matches!(bench.store.begin(commit(&[3]), 1, CLIENT, START_MS), Err(StoreError::CapacityFull { .. })));

    drop(dropped);
    assert_eq!(bench.store.usage().free(), one);
    upload.write(&first).unwrap();
    upload.finish().unwrap();
    assert_eq!(bench.store.usage(), Usage { capacity: 2 * one, used: one, reserved: 0 });
    bench.put(&second, CLIENT).unwrap();
    assert_eq!(bench.store.usage().free(), 0);
    bench.check();
}

#[test]
fn a_failed_upload_gives_its_space_back() {
    let one = stored_bytes(MIB);
    let bench = Bench::new(one);
    let mut upload = bench.store.begin(commit(&payload(MIB, 1)), MIB, CLIENT, START_MS).unwrap();
    upload.write(&payload(MIB, 2)).unwrap();
    assert!(matches!(upload.finish(), Err(StoreError::Mismatch { .. })));
    assert_eq!(bench.store.usage().free(), one);
    bench.put(&payload(MIB, 3), CLIENT).unwrap();
    bench.check();
}

#[test]
fn a_limit_lowered_below_what_is_stored_refuses_uploads_and_keeps_pieces() {
    let bench = Bench::new(100 * MIB);
    let cid = bench.put(&payload(2 * MIB, 1), CLIENT).unwrap().cid;
    let bench = bench.reopen(MIB, |_| {});
    assert_eq!(bench.store.usage().free(), 0);
    assert!(matches!(bench.put(&[1], CLIENT), Err(StoreError::CapacityFull { free: 0, .. })));
    assert_eq!(read(&bench.store, &cid).unwrap(), payload(2 * MIB, 1));
    bench.check();
}

#[test]
fn below_the_floor_no_upload_is_taken_and_what_is_there_is_read_and_removed() {
    let (folder, clock, free) = (tempfile::tempdir().unwrap(), HandClock::new(), Arc::new(AtomicU64::new(1_000 * MIB)));
    let now = Arc::clone(&free);
    let read = move |_: &Path| Ok(Room { free: now.load(Ordering::Relaxed), total: 100_000 * MIB });
    let floor = Floor::new(folder.path(), Some(100 * MIB)).read_by(read);
    let store =
        Store::open(StoreSettings { floor, ..settings(folder.path(), 10_000 * MIB) }, Arc::clone(&clock) as Arc<dyn Clock>)
            .unwrap();
    let (kept, refused) = (payload(MIB, 1), payload(2 * MIB, 2));
    put(&store, &kept, CLIENT, START_MS).unwrap();
    free.store(102 * MIB - 1, Ordering::Relaxed);
    let error = put(&store, &refused, CLIENT, START_MS).unwrap_err();
    assert!(matches!(&error, StoreError::NoRoom(full) if full.needed == 102 * MIB && full.floor == 100 * MIB), "{error}");
    assert_eq!(store.usage().reserved, 0, "nothing stays set aside");
    assert!(!store.room().unwrap().refuses());
    free.store(0, Ordering::Relaxed);
    assert!(store.room().unwrap().refuses());
    assert!(store.adopt(&commit(&kept), MIB, OTHER_CLIENT, START_MS).unwrap().is_some(), "more clients need no more room");
    assert!(store.status(&commit(&kept)).unwrap().is_some());
    free.store(102 * MIB, Ordering::Relaxed);
    put(&store, &refused, CLIENT, START_MS).unwrap();
}
