//! Uploading into the store, and reading back.

use crate::support::*;
use depin_provider::{
    Clock as _,
    storage::{PieceState, StoreError},
};
use depin_quantity::Address;
use depin_services::storage::piece::PieceSize;

#[test]
fn a_stored_payload_reads_back_and_is_listed_as_uploaded() {
    let bench = Bench::new(100 * MIB);
    // Around the chunk's and the base block's borders, and the smallest ones.
    for (seed, length) in [0, 1, 127, 128, MIB - 1, MIB, MIB + 1, 3 * MIB + 12_345].into_iter().enumerate() {
        let payload = payload(length, seed as u64);
        let stored = bench.put(&payload, CLIENT).unwrap();
        assert!(stored.new);
        assert_eq!((stored.cid, stored.payload_bytes), (commit(&payload), length));
        assert_eq!(stored.piece_size, PieceSize::for_payload(length).unwrap());
        assert_eq!(read(&bench.store, &stored.cid).unwrap(), payload);
        let status = bench.store.status(&stored.cid).unwrap().unwrap();
        assert_eq!(status.state(), PieceState::Uploaded);
        assert_eq!((status.holds[0].client, status.stored_at_ms), (CLIENT, START_MS));
        assert_eq!(status.holds[0].expires_at_ms, START_MS + 3_600_000);
    }
    bench.check();
}

#[test]
fn pieces_are_listed_in_pages_by_commitment() {
    let bench = Bench::new(MIB);
    for seed in 0..7 {
        bench.put(&payload(1000, seed), CLIENT).unwrap();
    }
    let all: Vec<_> = bench.store.list(None, 100).unwrap().into_iter().map(|piece| piece.cid).collect();
    assert!(all.len() == 7 && all.is_sorted());
    let first: Vec<_> = bench.store.list(None, 3).unwrap().into_iter().map(|piece| piece.cid).collect();
    let second: Vec<_> = bench.store.list(first.last(), 100).unwrap().into_iter().map(|piece| piece.cid).collect();
    assert_eq!([first, second].concat(), all);
}

#[test]
fn stored_pieces_are_there_after_a_restart() {
    let bench = Bench::new(100 * MIB);
    let kept = payload(2 * MIB, 1);
    let cid = bench.put(&kept, CLIENT).unwrap().cid;
    bench.store.pin(&cid, &deal(1)).unwrap();
    let before = bench.store.status(&cid).unwrap();
    let bench = bench.reopen(100 * MIB, |_| {});
    assert_eq!(bench.store.status(&cid).unwrap(), before);
    assert_eq!(read(&bench.store, &cid).unwrap(), kept);
    assert_eq!(bench.store.pins().unwrap(), vec![(cid, deal(1))]);
    bench.check();
}

#[test]
fn an_upload_that_is_cut_short_leaves_nothing() {
    let bench = Bench::new(100 * MIB);
    let payload = payload(MIB, 1);
    let mut upload = bench.store.begin(commit(&payload), MIB, CLIENT, START_MS).unwrap();
    upload.write(&payload[1..]).unwrap();
    let error = upload.finish().unwrap_err();
    assert!(matches!(error, StoreError::Truncated { got, expected } if got == MIB - 1 && expected == MIB), "{error}");
    // And one that is simply dropped, as when a connection breaks.
    let mut upload = bench.store.begin(commit(&payload), MIB, CLIENT, START_MS).unwrap();
    upload.write(&payload[..1000]).unwrap();
    drop(upload);
    assert_eq!((bench.store.pieces().unwrap(), bench.store.usage().used), (0, 0));
    bench.check();
}

#[test]
fn an_upload_longer_than_announced_is_refused() {
    let bench = Bench::new(100 * MIB);
    let payload = payload(1000, 1);
    let mut upload = bench.store.begin(commit(&payload), 999, CLIENT, START_MS).unwrap();
    assert!(matches!(upload.write(&payload), Err(StoreError::TooLong { expected: 999 })));
    drop(upload);
    bench.check();
}

#[test]
fn bytes_of_another_piece_are_refused_and_leave_nothing() {
    let bench = Bench::new(100 * MIB);
    let (promised, sent) = (payload(MIB, 1), payload(MIB, 2));
    let mut upload = bench.store.begin(commit(&promised), MIB, CLIENT, START_MS).unwrap();
    upload.write(&sent).unwrap();
    let error = upload.finish().unwrap_err();
    assert!(
        matches!(error, StoreError::Mismatch { expected, found } if expected == commit(&promised) && found == commit(&sent)),
        "{error}"
    );
    assert_eq!(bench.store.pieces().unwrap(), 0);
    bench.check();
}

#[test]
fn a_payload_beyond_the_limit_is_refused_before_its_bytes() {
    let bench = Bench::new(1000 * MIB);
    let cid = commit(&[1]);
    let error = bench.store.begin(cid, 64 * MIB + 1, CLIENT, START_MS).unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { limit, .. } if limit == 64 * MIB), "{error}");
    assert!(bench.store.begin(cid, 64 * MIB, CLIENT, START_MS).is_ok());
}

#[test]
fn the_same_piece_of_two_clients_is_stored_once() {
    let bench = Bench::new(100 * MIB);
    let payload = payload(MIB, 1);
    let cid = bench.put(&payload, CLIENT).unwrap().cid;
    let used = bench.store.usage().used;
    let again = bench.put(&payload, OTHER_CLIENT).unwrap();
    assert!(!again.new);
    assert_eq!(bench.store.usage().used, used);
    let holders: Vec<_> = bench.store.status(&cid).unwrap().unwrap().holds.iter().map(|hold| hold.client).collect();
    assert_eq!(holders, [CLIENT, OTHER_CLIENT]);
    bench.check();
}

#[test]
fn two_uploads_of_one_piece_at_once_both_succeed() {
    let bench = Bench::new(100 * MIB);
    let payload = payload(2 * MIB, 1);
    let cid = commit(&payload);
    let (bench, payload) = (&bench, &payload);
    let stored = std::thread::scope(|scope| {
        let uploads = [CLIENT, OTHER_CLIENT].map(|client| scope.spawn(move || bench.put(payload, client).unwrap()));
        uploads.map(|upload| upload.join().unwrap())
    });
    assert_eq!(stored.iter().filter(|stored| stored.new).count(), 1);
    assert_eq!(bench.store.status(&cid).unwrap().unwrap().holds.len(), 2);
    bench.check();
}

#[test]
fn what_is_there_can_be_adopted_without_its_bytes() {
    let bench = Bench::new(100 * MIB);
    let payload = payload(MIB, 1);
    let cid = commit(&payload);
    assert_eq!(bench.store.adopt(&cid, MIB, CLIENT, START_MS).unwrap(), None);
    bench.put(&payload, CLIENT).unwrap();
    let adopted = bench.store.adopt(&cid, MIB, OTHER_CLIENT, START_MS).unwrap().unwrap();
    assert!(!adopted.new);
    assert_eq!(bench.store.status(&cid).unwrap().unwrap().holds.len(), 2);
    // Another length, even of the same piece, needs the bytes.
    assert_eq!(bench.store.adopt(&cid, MIB + 1, CLIENT, START_MS).unwrap(), None);
}

#[test]
fn asking_again_without_the_bytes_does_not_keep_them_longer() {
    let bench = Bench::new(100 * MIB);
    let payload = payload(MIB, 1);
    let cid = bench.put(&payload, CLIENT).unwrap().cid;
    bench.clock.advance(3_000_000);
    let adopted = bench.store.adopt(&cid, MIB, CLIENT, START_MS + 3_000_000).unwrap().unwrap();
    assert_eq!(adopted.expires_at_ms, START_MS + 3_600_000);
    bench.clock.advance(600_000);
    assert_eq!(bench.store.adopt(&cid, MIB, CLIENT, START_MS + 3_600_000).unwrap(), None, "its hour is over");
    // Sending them again does.
    assert_eq!(bench.put(&payload, CLIENT).unwrap().expires_at_ms, START_MS + 7_200_000);
}

/// One client after the other would keep what none of them sends.
#[test]
fn another_client_holds_without_the_bytes_no_longer_than_whoever_sent_them() {
    let bench = Bench::new(100 * MIB);
    let payload = payload(MIB, 1);
    let cid = bench.put(&payload, CLIENT).unwrap().cid;
    let others: Vec<Address> = (10..14).map(|n| Address::new([n; 32])).collect();
    bench.clock.advance(1_800_000);
    let adopted = bench.store.adopt(&cid, MIB, others[0], bench.clock.now_ms()).unwrap().unwrap();
    assert_eq!(adopted.expires_at_ms, START_MS + 3_600_000);
    assert_eq!(bench.store.held(&cid, MIB, &others[0]).unwrap().unwrap().expires_at_ms, START_MS + 3_600_000);
    bench.clock.advance(1);
    assert_eq!(bench.store.adopt(&cid, MIB, others[1], bench.clock.now_ms()).unwrap(), None, "half of its time is over");
    assert_eq!(bench.store.held(&cid, MIB, &others[1]).unwrap(), None);
    // What a deal covers is paid for.
    bench.store.pin(&cid, &deal(1)).unwrap();
    let covered = bench.store.adopt(&cid, MIB, others[2], bench.clock.now_ms()).unwrap().unwrap();
    assert_eq!(covered.expires_at_ms, START_MS + 1_800_001 + 3_600_000);
    bench.clock.advance(1_800_000);
    assert_eq!(bench.store.held(&cid, MIB, &CLIENT).unwrap(), None, "over");
}

/// The commitment does not fix the payload's length: trailing zeros are padding too.
#[test]
fn the_longest_form_of_a_piece_with_trailing_zeros_is_kept() {
    let bench = Bench::new(100 * MIB);
    let short = payload(2 * MIB - 5_000, 1);
    let mut long = short.clone();
    long.resize(2 * MIB as usize - 100, 0);
    let cid = commit(&short);
    assert_eq!(cid, commit(&long));
    assert!(bench.put(&short, CLIENT).unwrap().new);

    let longer = bench.put(&long, OTHER_CLIENT).unwrap();
    assert_eq!((longer.new, longer.payload_bytes), (true, long.len() as u64));
    assert_eq!(read(&bench.store, &cid).unwrap(), long);
    bench.check();

    let shorter = bench.put(&short, CLIENT).unwrap();
    assert_eq!((shorter.new, shorter.payload_bytes), (false, long.len() as u64));
    assert_eq!(read(&bench.store, &cid).unwrap(), long);
    bench.check();
}

#[test]
fn a_folder_in_use_is_refused() {
    let bench = Bench::new(MIB);
    let error = depin_provider::storage::Store::open(settings(bench.folder.path(), MIB), bench.clock.clone()).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
}

#[test]
fn a_folder_of_another_format_is_refused() {
    let bench = Bench::new(MIB);
    let (folder, clock) = (bench.folder, bench.clock);
    drop(bench.store);
    let index = rusqlite::Connection::open(folder.path().join("index.sqlite")).unwrap();
    index.pragma_update(None, "user_version", 2).unwrap();
    drop(index);
    // As on purpose: they are of the index as it was.
    std::fs::remove_file(folder.path().join("index.sqlite.sums")).unwrap();
    let error = depin_provider::storage::Store::open(settings(folder.path(), MIB), clock).unwrap_err();
    assert!(matches!(error, StoreError::Format { found: 2, supported: 1, .. }), "{error}");
}
