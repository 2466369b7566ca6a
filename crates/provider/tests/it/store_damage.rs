//! Damage: found, marked, refused, repaired; and proofs, which must never be wrong.

use crate::support::*;
use depin_provider::storage::{BLOCK_BYTES, PieceState, Recovery, Store, StoreError};
use std::fs;

fn damaged_chunks(error: StoreError) -> Vec<u32> {
    match error {
        StoreError::Damaged { chunks, .. } => chunks,
        other => panic!("expected damage, got: {other}"),
    }
}

#[test]
fn every_leaf_of_a_stored_piece_can_be_proven() {
    let bench = Bench::new(100 * MIB);
    for (seed, length) in [0, 1, 300, 40_000, 5 * MIB / 4].into_iter().enumerate() {
        let stored = bench.put(&payload(length, seed as u64), CLIENT).unwrap();
        let size = stored.piece_size;
        // Some from every region, the padding behind the payload too.
        for leaf in (0..size.leaves()).step_by((size.leaves() / 61).max(1) as usize).chain([size.leaves() - 1]) {
            let proof = bench.store.prove(&stored.cid, leaf).unwrap();
            assert_eq!(proof.verify(&stored.cid, size, leaf), Ok(()), "leaf {leaf} of {length} bytes");
        }
        let beyond = bench.store.prove(&stored.cid, size.leaves());
        assert!(matches!(beyond, Err(StoreError::NoSuchLeaf { last, .. }) if last == size.leaves() - 1));
    }
    assert!(matches!(bench.store.prove(&commit(&[9]), 0), Err(StoreError::Unknown { .. })));
}

#[test]
fn a_flipped_bit_is_found_on_reading_and_marked() {
    let bench = Bench::new(100 * MIB);
    let payload = payload(3 * MIB, 1);
    let cid = bench.put(&payload, CLIENT).unwrap().cid;
    let mut changes = bench.store.watch_damage();
    assert!(!changes.has_changed().unwrap());
    flip_bit(&bench.payload_file(&cid), MIB as usize + 77);

    let reader = bench.store.open_piece(&cid).unwrap();
    assert_eq!(reader.read_chunk(0).unwrap(), payload[..MIB as usize]);
    assert_eq!(damaged_chunks(reader.read_chunk(1).unwrap_err()), [1]);
    assert_eq!(reader.read_chunk(2).unwrap(), payload[2 * MIB as usize..]);
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();

    let damaged = bench.store.damaged().unwrap();
    assert_eq!((damaged.len(), damaged[0].state(), &damaged[0].damaged), (1, PieceState::Damaged, &vec![1]));
    // Known damage is no news, and rules proofs of sound parts out as well.
    reader.read_chunk(1).unwrap_err();
    assert!(!changes.has_changed().unwrap());
    assert_eq!(damaged_chunks(bench.store.prove(&cid, 0).unwrap_err()), [1]);
}

#[test]
fn a_chunk_is_read_in_blocks_that_are_each_checked_again() {
    let bench = Bench::new(100 * MIB);
    for (seed, length) in
        [0, 1, BLOCK_BYTES, BLOCK_BYTES + 1, MIB, MIB + 1, 2 * MIB + 5 * BLOCK_BYTES / 2].into_iter().enumerate()
    {
        let payload = payload(length, seed as u64);
        let cid = bench.put(&payload, CLIENT).unwrap().cid;
        let reader = bench.store.open_piece(&cid).unwrap();
        let mut read = Vec::new();
        for chunk in 0..reader.chunks() {
            let (covers, checked) = (reader.chunk_range(chunk), reader.check_chunk(chunk).unwrap());
            while (read.len() as u64) < covers.end {
                let at = read.len() as u64;
                let (block, bytes) = reader.read_block(&checked, at).unwrap();
                assert!(block.start == at && block.end - at == bytes.len() as u64 && bytes.len() as u64 <= BLOCK_BYTES);
                read.extend(bytes);
            }
        }
        assert!(read == payload, "{length}");
    }
}

#[test]
fn damage_that_comes_after_a_chunk_was_checked_is_found_in_its_block() {
    let bench = Bench::new(100 * MIB);
    let payload = payload(3 * MIB, 1);
    let cid = bench.put(&payload, CLIENT).unwrap().cid;
    let reader = bench.store.open_piece(&cid).unwrap();
    let checked = reader.check_chunk(1).unwrap();
    flip_bit(&bench.payload_file(&cid), MIB as usize + 5 * BLOCK_BYTES as usize + 9);
    assert!(reader.read_block(&checked, MIB + 4 * BLOCK_BYTES).is_ok());
    assert!(reader.read_block(&checked, MIB + 6 * BLOCK_BYTES).is_ok());
    assert_eq!(damaged_chunks(reader.read_block(&checked, MIB + 5 * BLOCK_BYTES + 77).unwrap_err()), [1]);
    assert_eq!(bench.store.damaged().unwrap()[0].damaged, [1]);
    assert_eq!(damaged_chunks(reader.check_chunk(1).unwrap_err()), [1]);
    assert!(reader.check_chunk(0).is_ok());
}

#[test]
fn damage_that_nobody_has_seen_yet_is_found_by_proving() {
    let bench = Bench::new(100 * MIB);
    let stored = bench.put(&payload(3 * MIB, 1), CLIENT).unwrap();
    flip_bit(&bench.payload_file(&stored.cid), 2 * MIB as usize);
    // Four leaves for 127 bytes: this leaf's subtree holds the flipped bit.
    let leaf = 2 * MIB / 127 * 4;
    assert_eq!(damaged_chunks(bench.store.prove(&stored.cid, leaf).unwrap_err()), [2]);
    assert_eq!(bench.store.damaged().unwrap()[0].damaged, [2]);
}

#[test]
fn a_payload_cut_short_is_damaged_at_its_end() {
    let bench = Bench::new(100 * MIB);
    let stored = bench.put(&payload(2 * MIB + 10, 1), CLIENT).unwrap();
    fs::OpenOptions::new().write(true).open(bench.payload_file(&stored.cid)).unwrap().set_len(2 * MIB).unwrap();
    let reader = bench.store.open_piece(&stored.cid).unwrap();
    assert!(reader.read_chunk(1).is_ok());
    assert_eq!(damaged_chunks(reader.read_chunk(2).unwrap_err()), [2]);
}

#[test]
fn a_damaged_or_missing_tree_cache_is_rebuilt_for_the_proof() {
    let bench = Bench::new(100 * MIB);
    let stored = bench.put(&payload(3 * MIB, 1), CLIENT).unwrap();
    let (cid, tree) = (stored.cid, bench.tree_file(&stored.cid));
    let sound = fs::read(&tree).unwrap();
    let break_it: [&dyn Fn(); 4] =
        [&|| flip_bit(&tree, 0), &|| flip_bit(&tree, sound.len() - 40), &|| fs::write(&tree, &sound[..32]).unwrap(), &|| {
            fs::remove_file(&tree).unwrap()
        }];
    for break_it in break_it {
        break_it();
        for leaf in [0, stored.piece_size.leaves() - 1] {
            let proof = bench.store.prove(&cid, leaf).unwrap();
            assert_eq!(proof.verify(&cid, stored.piece_size, leaf), Ok(()));
        }
        assert_eq!(bench.store.damaged().unwrap(), []);
    }
    fs::remove_file(&tree).unwrap();
    bench.store.prove(&cid, 0).unwrap();
    assert_eq!(fs::read(&tree).unwrap(), sound);
    bench.check();
}

#[test]
fn uploading_again_repairs_a_damaged_piece() {
    let bench = Bench::new(100 * MIB);
    let payload = payload(2 * MIB, 1);
    let cid = bench.put(&payload, CLIENT).unwrap().cid;
    bench.store.pin(&cid, &deal(1)).unwrap();
    flip_bit(&bench.payload_file(&cid), 5);
    read(&bench.store, &cid).unwrap_err();
    let stale_reader = bench.store.open_piece(&cid).unwrap();
    assert_eq!(bench.store.adopt(&cid, 2 * MIB, OTHER_CLIENT, START_MS).unwrap(), None, "damaged bytes are not adopted");

    let mut changes = bench.store.watch_damage();
    assert!(bench.put(&payload, OTHER_CLIENT).unwrap().new);
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    assert_eq!(read(&bench.store, &cid).unwrap(), payload);
    let status = bench.store.status(&cid).unwrap().unwrap();
    assert_eq!((status.state(), status.deals), (PieceState::Kept, vec![deal(1)]));
    // A reader of the old file still sees damage there, and must not blame the new one.
    stale_reader.read_chunk(0).unwrap_err();
    assert!(!changes.has_changed().unwrap());
    assert_eq!(bench.store.damaged().unwrap(), []);
    drop(stale_reader);
    bench.check();
}

#[test]
fn a_repair_with_fewer_trailing_zeros_keeps_the_length() {
    let bench = Bench::new(100 * MIB);
    let short = payload(2 * MIB + 200_000, 1);
    let mut long = short.clone();
    long.resize(3 * MIB as usize + 7, 0);
    let cid = bench.put(&long, CLIENT).unwrap().cid;
    assert_eq!(cid, commit(&short));
    flip_bit(&bench.payload_file(&cid), 5);
    read(&bench.store, &cid).unwrap_err();
    let repaired = bench.put(&short, OTHER_CLIENT).unwrap();
    assert_eq!((repaired.new, repaired.payload_bytes), (true, long.len() as u64));
    assert_eq!(read(&bench.store, &cid).unwrap(), long);
    bench.check();
}

#[test]
fn opening_removes_what_a_crash_left_behind() {
    let bench = Bench::new(100 * MIB);
    let cid = bench.put(&payload(MIB, 1), CLIENT).unwrap().cid;
    let (stranger, orphan) = (commit(&payload(10, 2)), commit(&payload(10, 3)));
    let bench = bench.reopen(100 * MIB, |folder| {
        fs::write(folder.join("tmp/0.payload"), "half").unwrap();
        fs::write(folder.join("tmp/0.tree"), "").unwrap();
        let wrong = folder.join("pieces").join(if stranger.as_bytes()[0] == 0 { "01" } else { "00" });
        for folder in [piece_file(folder, &orphan, "payload").parent().unwrap(), &wrong] {
            fs::create_dir_all(folder).unwrap();
        }
        fs::write(piece_file(folder, &orphan, "payload"), "renamed, not committed").unwrap();
        fs::write(piece_file(folder, &orphan, "tree"), "the same").unwrap();
        // In the wrong folder, and under a name that is none of ours: not the store's to remove.
        fs::write(wrong.join(format!("{stranger}.payload")), "mine").unwrap();
        fs::write(wrong.join("notes.txt"), "mine").unwrap();
    });
    let expected = Recovery { rebuilt: None, temporary_files: 2, orphan_files: 2, damaged_pieces: 0, strange_files: 2 };
    assert_eq!(bench.store.recovery(), expected);
    assert_eq!(read(&bench.store, &cid).unwrap(), payload(MIB, 1));
    assert_eq!(fs::read_dir(bench.folder.path().join("tmp")).unwrap().count(), 0);
    assert!(!piece_file(bench.folder.path(), &orphan, "payload").exists());
}

#[test]
fn opening_marks_pieces_whose_payload_is_gone() {
    let bench = Bench::new(100 * MIB);
    let whole = bench.put(&payload(MIB, 1), CLIENT).unwrap().cid;
    let lost = bench.put(&payload(2 * MIB, 2), CLIENT).unwrap().cid;
    let cut = bench.put(&payload(3 * MIB, 3), CLIENT).unwrap().cid;
    let empty = bench.put(&[], CLIENT).unwrap().cid;
    let bench = bench.reopen(100 * MIB, |folder| {
        fs::remove_file(piece_file(folder, &lost, "payload")).unwrap();
        fs::write(piece_file(folder, &cut, "payload"), "x").unwrap();
        fs::remove_file(piece_file(folder, &empty, "payload")).unwrap();
    });
    assert_eq!(bench.store.recovery().damaged_pieces, 3);
    let damaged = |cid| bench.store.status(cid).unwrap().unwrap().damaged;
    assert_eq!([damaged(&whole), damaged(&lost), damaged(&cut), damaged(&empty)], [vec![], vec![0, 1], vec![0, 1, 2], vec![0]]);
    assert_eq!(damaged_chunks(bench.store.open_piece(&lost).unwrap_err()), [0, 1]);
    assert_eq!(damaged_chunks(bench.store.prove(&lost, 0).unwrap_err()), [0, 1]);
    // Whatever happened to the disk, an upload brings a piece back.
    for (length, seed) in [(2 * MIB, 2), (3 * MIB, 3), (0, 0)] {
        assert!(bench.put(&payload(length, seed), CLIENT).unwrap().new);
    }
    assert_eq!(bench.store.damaged().unwrap(), []);
    bench.check();
}

/// With an empty index in its place, every piece would be removed as what an upload left behind.
#[test]
fn an_index_that_was_lost_is_made_anew_out_of_the_pieces() {
    let bench = Bench::new(100 * MIB);
    let (kept, changed, cut) = (payload(2 * MIB + 7, 1), payload(40_000, 2), payload(3 * MIB, 3));
    let [kept_cid, changed_cid, cut_cid] = [&kept, &changed, &cut].map(|payload| bench.put(payload, CLIENT).unwrap().cid);
    let empty = bench.put(&[], CLIENT).unwrap().cid;
    bench.store.pin(&kept_cid, &deal(1)).unwrap();
    let before = bench.store.status(&kept_cid).unwrap().unwrap();
    let used = bench.store.usage().used;
    flip_bit(&bench.payload_file(&changed_cid), 20_000);
    std::fs::OpenOptions::new().write(true).open(bench.payload_file(&cut_cid)).unwrap().set_len(MIB + 1).unwrap();
    let (folder, clock) = (bench.folder, bench.clock);
    drop(bench.store);
    let strange = folder.path().join("strange.sqlite");
    rusqlite::Connection::open(&strange).unwrap().execute("CREATE TABLE recipes (x)", []).unwrap();
    let index = folder.path().join("index.sqlite");
    let mut changed_by_a_bit = fs::read(&index).unwrap();
    let middle = changed_by_a_bit.len() / 2;
    changed_by_a_bit[middle] ^= 4;
    let lost = [None, Some(Vec::new()), Some(vec![7; 5_000]), Some(fs::read(&strange).unwrap()), Some(changed_by_a_bit)];
    for (number, left) in lost.into_iter().enumerate() {
        fs::remove_file(&index).unwrap();
        if let Some(bytes) = left {
            fs::write(&index, bytes).unwrap();
        }
        let store = Store::open(settings(folder.path(), 100 * MIB), clock.clone()).unwrap();
        let said = store.recovery().rebuilt.expect("it says so");
        assert!(
            said.contains("index.sqlite ") && said.contains("4 pieces") && said.contains("2 are damaged"),
            "{number}: {said}"
        );
        let now = store.status(&kept_cid).unwrap().unwrap();
        assert_eq!(
            (now.payload_bytes, now.piece_size, now.stored_bytes),
            (before.payload_bytes, before.piece_size, before.stored_bytes)
        );
        assert_eq!(read(&store, &kept_cid).unwrap(), kept);
        assert!(read(&store, &empty).unwrap().is_empty());
        let damaged: Vec<_> = store.damaged().unwrap().into_iter().map(|piece| (piece.cid, piece.damaged)).collect();
        let mut expected = vec![(changed_cid, vec![0]), (cut_cid, vec![0, 1])];
        expected.sort();
        assert_eq!(damaged, expected, "{number}");
        assert!(store.usage().used < used, "what was cut counts as it is");
        assert_eq!(store.sweep().unwrap(), [], "nobody's uploads are kept for a while");
    }
    let store = Store::open(settings(folder.path(), 100 * MIB), clock.clone()).unwrap();
    assert_eq!(store.recovery(), Recovery::default());
    // Uploads repair what is damaged, as ever, and a leaf behind what was cut can be proven.
    let bench = Bench { folder, clock, store };
    assert!(bench.put(&changed, CLIENT).unwrap().new && bench.put(&cut, CLIENT).unwrap().new);
    assert_eq!(bench.store.damaged().unwrap(), []);
    let last = bench.store.status(&cut_cid).unwrap().unwrap().piece_size.leaves() - 1;
    bench.store.prove(&cut_cid, last).unwrap();
    assert_eq!(bench.store.usage().used, used);
    let day_ms = 24 * 60 * 60 * 1_000;
    bench.clock.advance(6 * day_ms);
    assert!(!bench.store.sweep().unwrap().contains(&kept_cid), "the ledger may be away for a while");
    bench.clock.advance(2 * day_ms);
    bench.store.pin(&kept_cid, &deal(1)).unwrap();
    let swept = bench.store.sweep().unwrap();
    assert!(!swept.contains(&kept_cid) && swept.contains(&empty), "a deal keeps its piece: {swept:?}");
}
