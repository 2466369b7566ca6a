//! The map against a model: what is listed, what lives, what is counted.

use super::{
    Cursor, Entry, Extent, Job, Map, NewContent, NewObject, NewPart, NewSegment, NewShard, ObjectMeta, ShardState,
    WriteCondition, tables, write_loop,
};
use crate::{crypt::WrappedKey, spending::Taken};
use depin_database::{Database, Durability};
use depin_quantity::{Address, Units};
use depin_services::storage::piece::{Commitment, Hasher};
use proptest::prelude::*;
use rusqlite::Connection;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::mpsc,
    time::Duration,
};
use tokio::sync::watch;

fn open() -> (tempfile::TempDir, Map) {
    let home = tempfile::tempdir().unwrap();
    let map = Map::open(&home.path().join("meta.db"), false).unwrap();
    (home, map)
}

fn block<T>(future: impl Future<Output = T>) -> T {
    futures::executor::block_on(future)
}

fn content(segment: i64, size: u64) -> NewContent {
    let key = WrappedKey { tag: [1; 16], wrapped: vec![2; 72] };
    // Two runs, so that a content has more than one extent.
    let (first, second) = (size / 2, size - size / 2);
    let extents = vec![Extent { segment, at: 0, length: first }, Extent { segment: segment % 3 + 1, at: first, length: second }];
    NewContent { key, size, extents: extents.into_iter().filter(|extent| extent.length > 0).collect() }
}

fn object(key: &str, condition: WriteCondition) -> NewObject {
    let (bucket, etag) = ("b".to_owned(), "e".to_owned());
    NewObject { bucket, key: key.to_owned(), etag, modified_ms: 1, meta: ObjectMeta::default(), condition }
}

fn piece(segment: i64, index: u8) -> Commitment {
    let mut hasher = Hasher::new();
    hasher.update(&[segment as u8; 126]);
    hasher.update(&[index]);
    hasher.finish().unwrap().0
}

fn segments(db: &Connection) {
    for id in 1..=3 {
        let shard = |index: u8| NewShard {
            provider: Address::new([index; 32]),
            cid: piece(id, index),
            piece_size: 128,
            sums: vec![],
            price: Units::new(7),
            taken: Taken { day: 1, units: 70 },
        };
        let shards = (0..3).map(shard).collect();
        tables::insert_segment(db, &NewSegment { id, k: 2, n: 3, payload: 254, used: 9, now_ms: 0, shards }).unwrap();
    }
}

#[derive(Clone, Debug)]
enum Step {
    Put(usize, u64),
    Delete(usize),
    Copy(usize, usize),
    Part(usize, u32, u64),
    CopyPart(usize, u32, usize),
    Complete(usize),
    Abort(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = 0usize..4;
    let step = prop_oneof![
        (key.clone(), 0u64..50).prop_map(|(key, size)| Step::Put(key, size)),
        key.clone().prop_map(Step::Delete),
        (key.clone(), key.clone()).prop_map(|(from, to)| Step::Copy(from, to)),
        (key.clone(), 1u32..4, 1u64..50).prop_map(|(upload, number, size)| Step::Part(upload, number, size)),
        (key.clone(), 1u32..4, key.clone()).prop_map(|(upload, number, from)| Step::CopyPart(upload, number, from)),
        key.clone().prop_map(Step::Complete),
        key.prop_map(Step::Abort),
    ];
    proptest::collection::vec(step, 1..40)
}

/// Sizes of objects, and of the parts of uploads.
#[derive(Default)]
struct Model {
    objects: BTreeMap<usize, u64>,
    parts: BTreeMap<usize, BTreeMap<u32, u64>>,
}

fn apply(db: &Connection, step: &Step, model: &mut Model) {
    let name = |key: usize| format!("k{key}");
    let part = |upload: usize, number| NewPart {
        upload: name(upload),
        number,
        etag: "x".to_owned(),
        modified_ms: 1,
        checksums: BTreeMap::new(),
    };
    let begin = |model: &mut Model, upload: usize| {
        if let std::collections::btree_map::Entry::Vacant(entry) = model.parts.entry(upload) {
            tables::multipart::create(db, &name(upload), "b", &name(upload), &ObjectMeta::default(), 0).unwrap();
            entry.insert(BTreeMap::new());
        }
    };
    match *step {
        Step::Put(key, size) => {
            let (blob, size) = tables::insert_whole(db, &content(key as i64 % 3 + 1, size)).unwrap();
            tables::put_object(db, &object(&name(key), WriteCondition::default()), blob, size).unwrap();
            model.objects.insert(key, size);
        }
        Step::Delete(key) => {
            tables::delete_object(db, "b", &name(key), &WriteCondition::default()).unwrap();
            model.objects.remove(&key);
        }
        Step::Copy(from, to) => {
            let Some(size) = model.objects.get(&from).copied() else { return };
            let blob = tables::object(db, "b", &name(from)).unwrap().blob;
            tables::copy_object(db, &object(&name(to), WriteCondition::default()), ("b", &name(from)), blob).unwrap();
            model.objects.insert(to, size);
        }
        Step::Part(upload, number, size) => {
            begin(model, upload);
            tables::multipart::put_part(db, &part(upload, number), &content(number.into(), size)).unwrap();
            model.parts.get_mut(&upload).unwrap().insert(number, size);
        }
        Step::CopyPart(upload, number, from) => {
            let Some(size) = model.objects.get(&from).copied().filter(|size| *size > 1) else { return };
            begin(model, upload);
            let blob = tables::object(db, "b", &name(from)).unwrap().blob;
            tables::multipart::copy_part(db, &part(upload, number), ("b", &name(from)), blob, 1..size).unwrap();
            model.parts.get_mut(&upload).unwrap().insert(number, size - 1);
        }
        Step::Complete(upload) => {
            // A single part may have any size.
            let Some((number, size)) = model.parts.get(&upload).and_then(|parts| parts.iter().next_back()) else { return };
            let wanted = [(*number, "x".to_owned())];
            tables::multipart::complete(db, &name(upload), &wanted, &object(&name(upload), WriteCondition::default())).unwrap();
            model.objects.insert(upload, *size);
            model.parts.remove(&upload);
        }
        Step::Abort(upload) => {
            let known = model.parts.remove(&upload).is_some();
            assert_eq!(tables::multipart::abort(db, &name(upload)).is_ok(), known);
        }
    }
}

fn count(db: &Connection, sql: &str) -> i64 {
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn check(db: &Connection, model: &Model) {
    let live = "SELECT count(*) FROM segments WHERE live <> (SELECT coalesce(sum(length), 0) FROM extents WHERE segment = id)";
    assert_eq!(count(db, live), 0, "live bytes are the bytes of the extents");
    assert_eq!(
        count(db, "SELECT count(*) FROM contents WHERE id NOT IN (SELECT content FROM slices)"),
        0,
        "no content without a use"
    );
    let blobs = "SELECT count(*) FROM blobs WHERE id NOT IN (SELECT blob FROM objects UNION ALL SELECT blob FROM parts)";
    assert_eq!(count(db, blobs), 0, "no blob without an owner");
    let sizes = "SELECT count(*) FROM blobs WHERE size <> (SELECT coalesce(sum(length), 0) FROM slices WHERE blob = id)";
    assert_eq!(count(db, sizes), 0, "a blob is as long as its slices");
    assert_eq!(count(db, "SELECT coalesce(sum(size), 0) FROM objects"), model.objects.values().sum::<u64>() as i64);
    assert_eq!(count(db, "SELECT count(*) FROM objects"), model.objects.len() as i64);
    assert_eq!(count(db, "SELECT count(*) FROM parts"), model.parts.values().map(BTreeMap::len).sum::<usize>() as i64);
    if model.objects.is_empty() && model.parts.is_empty() {
        assert_eq!(count(db, "SELECT coalesce(sum(live), 0) FROM segments"), 0);
    }
}

/// What a listing shows, by the rules of S3 and not by the code of the map: all keys are looked at.
fn expected(keys: &BTreeSet<String>, prefix: &str, delimiter: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for key in keys.iter().filter(|key| key.starts_with(prefix)) {
        let line = match key[prefix.len()..].find(delimiter).filter(|_| !delimiter.is_empty()) {
            Some(at) => key[..prefix.len() + at + delimiter.len()].to_owned(),
            None => key.clone(),
        };
        if lines.last() != Some(&line) {
            lines.push(line);
        }
    }
    lines
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever happens to objects and uploads, bytes are counted exactly once and what nothing uses is gone.
    #[test]
    fn live_bytes_are_conserved(steps in steps()) {
        let (_home, map) = open();
        block(map.write(move |db| {
            tables::create_bucket(db, "b", 0)?;
            segments(db);
            let mut model = Model::default();
            for step in &steps {
                apply(db, step, &mut model);
                check(db, &model);
            }
            Ok(())
        })).unwrap();
    }

    /// Pages of any size, one after the other, give every line once and in order.
    #[test]
    fn listings_agree_with_a_plain_look_at_all_keys(
        keys in proptest::collection::btree_set("[ab/é]{1,5}", 0..30), prefix in "[ab/]{0,2}", delimiter in "(/|a/|é)?", max in 1usize..6,
    ) {
        let (_home, map) = open();
        let wanted = expected(&keys, &prefix, &delimiter);
        block(map.write(move |db| {
            tables::create_bucket(db, "b", 0)?;
            for key in &keys {
                let (blob, size) = tables::insert_blob(db, &[])?;
                tables::put_object(db, &object(key, WriteCondition::default()), blob, size)?;
            }
            Ok(())
        })).unwrap();
        let (mut lines, mut from): (Vec<String>, Option<Cursor>) = (Vec::new(), None);
        loop {
            let page = map.read_now(|db| tables::list(db, "b", &prefix, &delimiter, from.as_ref(), max)).unwrap();
            prop_assert!(page.entries.len() <= max);
            lines.extend(page.entries.into_iter().map(|entry| match entry {
                Entry::Object(row) => row.key,
                Entry::Prefix(prefix) => prefix,
            }));
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        prop_assert_eq!(lines, wanted);
    }
}

#[test]
fn a_refused_job_leaves_no_trace_and_its_neighbours_stand() {
    let (_home, map) = open();
    let good = map.write(|db| tables::create_bucket(db, "good", 1));
    let bad = map.write(|db| {
        tables::create_bucket(db, "bad", 1)?;
        tables::create_bucket(db, "good", 1)
    });
    let also = map.write(|db| tables::create_bucket(db, "also", 1));
    assert!(block(good).is_ok() && block(bad).is_err() && block(also).is_ok());
    let names: Vec<String> = map.read_now(tables::buckets).unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["also", "good"]);
    map.close();
    assert!(block(map.write(|db| tables::create_bucket(db, "late", 1))).is_err());
}

/// Outside of a transaction each change would be committed by itself, and refused to whoever asked for it.
#[test]
fn nothing_is_written_where_no_transaction_can_begin() {
    let (home, map) = open();
    map.close();
    let path = home.path().join("meta.db");
    let mut database = Database::open(&path, true, Durability::AtCommit).unwrap();
    database.connection().busy_timeout(Duration::ZERO).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (jobs, waiting) = mpsc::channel::<Job>();
    let (fail, _failed) = watch::channel(None);
    let (answer, answered) = mpsc::channel();
    let job: Job = Box::new(move |begun| {
        // What stood in the way of the transaction is gone when the change is made.
        other.execute_batch("ROLLBACK").unwrap();
        let written = begun.map(|db| tables::create_bucket(db, "b", 0).is_ok()).map_err(str::to_owned);
        Box::new(move |committed| answer.send((written, committed.clone())).unwrap())
    });
    jobs.send(job).unwrap();
    drop(jobs);
    write_loop(&mut database, &waiting, &fail);
    let (written, committed) = answered.recv().unwrap();
    assert!(written.is_err() && committed.is_err(), "{written:?} {committed:?}");
    assert_eq!(tables::buckets(database.connection()).unwrap(), []);
}

#[test]
fn an_object_cannot_refer_to_a_segment_that_was_not_written() {
    let (_home, map) = open();
    let outcome = block(map.write(|db| {
        tables::create_bucket(db, "b", 0)?;
        tables::insert_whole(db, &content(1, 10)).map(|_| ())
    }));
    assert!(outcome.is_err_and(|error| error.to_string().contains("FOREIGN KEY")));
}

#[test]
fn a_map_of_another_format_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("meta.db");
    Map::open(&path, false).unwrap().close();
    Connection::open(&path).unwrap().execute("UPDATE meta SET value = '99' WHERE key = 'format'", []).unwrap();
    let error = Map::open(&path, true).err().unwrap();
    let (file, what) = error.lost(&path).unwrap();
    assert!(file == path && what.contains("is damaged: page") && what.contains("meta.db.sums"), "it was changed: {what}");
    // As on purpose.
    std::fs::remove_file(home.path().join("meta.db.sums")).unwrap();
    assert!(Map::open(&path, true).err().unwrap().to_string().contains("format 99"));
}

#[test]
fn a_map_of_before_prices_were_kept_is_taken_on() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("meta.db");
    Map::open(&path, false).unwrap().close();
    let old = Connection::open(&path).unwrap();
    old.execute_batch("ALTER TABLE shards DROP COLUMN price; DROP TABLE spending").unwrap();
    old.execute("INSERT INTO segments VALUES (1, 1, 1, 254, 9, 9, 0)", []).unwrap();
    let (provider, cid) = (Address::new([1; 32]).to_string(), piece(1, 1).to_string());
    let shard = "INSERT INTO shards (segment, idx, provider, cid, piece_size, sums, state, changed_ms)
                 VALUES (1, 0, ?1, ?2, 256, x'', 'stored', 0)";
    old.execute(shard, [provider, cid]).unwrap();
    drop(old);
    // As a map of then, which had none.
    std::fs::remove_file(home.path().join("meta.db.sums")).unwrap();
    for _ in 0..2 {
        let map = Map::open(&path, true).unwrap();
        let rows = map.read_now(|db| tables::due(db, &[ShardState::Stored], 0, 9)).unwrap();
        assert_eq!((rows.len(), rows[0].price), (1, None));
        assert_eq!(map.read_now(tables::newest_spending).unwrap(), (0, 0));
        map.close();
    }
}

#[test]
fn a_map_that_is_closed_has_everything_in_one_file_whoever_still_read_it() {
    let (home, map) = open();
    block(map.write(|db| tables::create_bucket(db, "b", 0))).unwrap();
    map.read_now(tables::buckets).unwrap();
    map.close();
    assert!(home.path().join("meta.db").exists() && !home.path().join("meta.db-wal").exists());
    let map = Map::open(&home.path().join("meta.db"), true).unwrap();
    assert_eq!(map.read_now(tables::buckets).unwrap(), [("b".to_owned(), 0)]);
}
