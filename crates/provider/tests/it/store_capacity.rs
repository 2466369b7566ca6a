//! The operator's limit, counted to the byte.

use crate::support::*;
use depin_files::{Floor, Room};
use depin_provider::{
    Clock,
    storage::{HoldLimits, Store, StoreError, StoreSettings, Usage},
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
    assert_eq!(bench.store.usage(), Usage { capacity: needed, used: needed, reserved: 0, held: needed });
    assert!(matches!(bench.store.begin(commit(&[1]), 1, CLIENT, START_MS), Err(StoreError::CapacityFull { free: 0, .. })));
    // What is there is there: more clients of it need no more room.
    assert!(bench.store.adopt(&commit(&payload), MIB, OTHER_CLIENT, START_MS).unwrap().is_some());
    bench.check();
}

#[test]
fn space_is_taken_as_bytes_come_and_never_by_an_announcement() {
    let bench = Bench::new(8 * MIB);
    let (slow, quick) = (payload(6 * MIB, 1), payload(4 * MIB, 2));
    let mut announced: Vec<_> = (0..100).map(|_| bench.store.begin(commit(&slow), 6 * MIB, CLIENT, START_MS).unwrap()).collect();
    let empty = Usage { capacity: 8 * MIB, used: 0, reserved: 0, held: 0 };
    assert_eq!(bench.store.usage(), empty, "a hundred announcements");
    let on_disk = || -> u64 {
        use std::os::unix::fs::MetadataExt as _;
        let files = std::fs::read_dir(bench.folder.path().join("tmp")).unwrap();
        files.map(|file| file.unwrap().metadata().unwrap().blocks() * 512).sum()
    };
    assert_eq!(on_disk(), 0);
    announced[0].write(&slow[..1]).unwrap();
    assert_eq!(bench.store.usage(), Usage { reserved: MIB, ..empty }, "the first step");
    announced[0].write(&slow[1..MIB as usize + 1]).unwrap();
    assert_eq!(bench.store.usage(), Usage { reserved: 2 * MIB, ..empty });

    bench.put(&quick, OTHER_CLIENT).unwrap();
    let used = stored_bytes(4 * MIB);
    // What was let in and does not fit any more ends with the byte that is too many, and gives all of it back.
    let error = announced[0].write(&slow[MIB as usize + 1..]).unwrap_err();
    assert!(matches!(error, StoreError::CapacityFull { capacity, .. } if capacity == 8 * MIB), "{error}");
    announced.clear();
    assert_eq!(bench.store.usage(), Usage { used, held: used, ..empty });
    assert!(matches!(bench.store.begin(commit(&slow), 6 * MIB, CLIENT, START_MS), Err(StoreError::CapacityFull { .. })));
    bench.check();
}

#[test]
fn what_one_client_may_have_on_hold_is_bounded_and_a_deal_makes_room() {
    let one = stored_bytes(MIB);
    let bench = Bench::with(100 * MIB, HoldLimits { client: 2 * one, all: 100 * MIB });
    let first = bench.put(&payload(MIB, 1), CLIENT).unwrap().cid;
    let announced = bench.store.announce(CLIENT, MIB).unwrap();
    assert_eq!(announced.total(), 2 * one);
    let error = bench.store.announce(CLIENT, 0).unwrap_err();
    assert!(
        matches!(error, StoreError::HoldLimit { client: CLIENT, held, limit, .. } if held == 2 * one && limit == 2 * one),
        "{error}"
    );
    assert_eq!(bench.store.announce(OTHER_CLIENT, MIB).unwrap().total(), one, "others have their own");
    drop(announced);
    bench.put(&payload(MIB, 2), CLIENT).unwrap();
    assert!(matches!(bench.put(&payload(MIB, 3), CLIENT), Err(StoreError::HoldLimit { .. })));

    bench.store.pin(&first, &deal(1)).unwrap();
    bench.put(&payload(MIB, 3), CLIENT).unwrap();
    bench.store.unpin(&first, &deal(1)).unwrap();
    assert_eq!(bench.store.usage().held, 3 * one, "its hour is not over");
    let holds = HoldLimits { client: 2 * one, all: 100 * MIB };
    let settings = bench.store.settings().clone();
    assert_eq!(settings.holds, holds);
    let bench = bench.reopen(100 * MIB, |_| {});
    assert_eq!(bench.store.usage().held, 3 * one, "counted anew from the index");
    assert_eq!(bench.store.announce(CLIENT, MIB).unwrap().total(), 4 * one);
    bench.clock.advance(3_600_000);
    bench.store.sweep().unwrap();
    assert_eq!(bench.store.announce(CLIENT, MIB).unwrap().total(), one);
    bench.check();
}

#[test]
fn what_all_have_on_hold_is_bounded_as_it_comes_and_repairs_of_deals_pieces_are_not() {
    let one = stored_bytes(MIB);
    let bench = Bench::with(100 * MIB, HoldLimits { client: 100 * MIB, all: 2 * one });
    let kept = payload(MIB, 1);
    let cid = bench.put(&kept, CLIENT).unwrap().cid;
    bench.store.pin(&cid, &deal(1)).unwrap();
    bench.put(&payload(MIB, 2), CLIENT).unwrap();
    let (late, quick) = (payload(MIB, 3), payload(MIB, 4));
    let mut slow = bench.store.begin(commit(&late), MIB, OTHER_CLIENT, START_MS).unwrap();
    bench.put(&quick, CLIENT).unwrap();
    let error = slow.write(&late).unwrap_err();
    assert!(matches!(error, StoreError::HoldsFull { held, limit, .. } if held == 2 * one && limit == 2 * one), "{error}");
    drop(slow);
    assert!(matches!(bench.put(&late, OTHER_CLIENT), Err(StoreError::HoldsFull { .. })));

    flip_bit(&bench.payload_file(&cid), 5);
    bench.store.open_piece(&cid).unwrap().read_chunk(0).unwrap_err();
    assert!(bench.put(&kept, OTHER_CLIENT).unwrap().new, "it waits for no deal");
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
