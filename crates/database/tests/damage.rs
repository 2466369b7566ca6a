//! A database is damaged in every way, after a stop and after a crash: it is told, or nothing is lost.

use depin_database::{Database, Durability, OpenError, reader};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use std::{
    fs::{self, OpenOptions},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

const ROWS: i64 = 2_000;

/// A database with rows, left in order or as by a crash: then half of the rows are in the log.
fn left(in_order: bool) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.db");
    let mut rows = open(&path).unwrap();
    rows.change(|rows| rows.execute_batch("CREATE TABLE row (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT")).unwrap();
    fill(&mut rows, 0..ROWS / 2);
    rows.close();
    let mut rows = open(&path).unwrap();
    fill(&mut rows, ROWS / 2..ROWS);
    if in_order {
        rows.close();
    } else {
        drop(rows);
    }
    (folder, path)
}

fn open(path: &Path) -> Result<Database, OpenError> {
    Database::open(path, true, Durability::AtCommit).or_else(|error| match path.exists() {
        false if !path.with_extension("db.sums").exists() => Database::open(path, false, Durability::AtCommit),
        _ => Err(error),
    })
}

/// Ten rows in each of many commits.
fn fill(rows: &mut Database, ids: std::ops::Range<i64>) {
    for id in ids.step_by(10) {
        let insert = "INSERT INTO row SELECT value, printf('%08d', value) || hex(zeroblob(40)) FROM (
            WITH RECURSIVE ids (value) AS (SELECT ?1 UNION ALL SELECT value + 1 FROM ids WHERE value + 1 < ?1 + 10) SELECT value FROM ids)";
        rows.change(|rows| rows.execute(insert, [id])).unwrap();
    }
}

fn count(rows: &Database) -> rusqlite::Result<i64> {
    let whole = "SELECT count(*) FROM row WHERE text = printf('%08d', id) || hex(zeroblob(40))";
    rows.connection().query_row(whole, [], |row| row.get(0))
}

fn copy(from: &Path) -> TempDir {
    let to = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.path().join(entry.file_name())).unwrap();
    }
    to
}

fn flip(file: &Path, at: u64, bit: u8) {
    let opened = OpenOptions::new().read(true).write(true).open(file).unwrap();
    let mut byte = [0];
    opened.read_exact_at(&mut byte, at).unwrap();
    opened.write_all_at(&[byte[0] ^ 1 << bit], at).unwrap();
}

fn length(file: &Path) -> u64 {
    fs::metadata(file).unwrap().len()
}

/// What came of a damage to a copy of the files: true when it was told, by the name of a file.
fn told(folder: &Path) -> bool {
    match open(&folder.join("rows.db")) {
        Ok(rows) => {
            assert_eq!(count(&rows).unwrap(), ROWS, "rows are lost or changed, and nothing was said");
            false
        }
        Err(OpenError::Lost { path, what }) => {
            assert!(path.starts_with(folder) && !what.is_empty());
            true
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn one_flipped_bit_is_told_or_nothing_is_lost() {
    let seed = std::env::var("DEPIN_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("seed: DEPIN_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    for (in_order, files) in
        [(true, &["rows.db", "rows.db.sums"] as &[&str]), (false, &["rows.db", "rows.db-wal", "rows.db.sums", "rows.db-shm"])]
    {
        let (folder, _) = left(in_order);
        assert_eq!(folder.path().join("rows.db-wal").exists(), !in_order);
        for name in files {
            let mut found = 0;
            for _ in 0..40 {
                let copy = copy(folder.path());
                let file = copy.path().join(name);
                flip(&file, random.random_range(0..length(&file)), random.random_range(0..8));
                found += u32::from(told(copy.path()));
            }
            match *name {
                // Every page is summed.
                "rows.db" if in_order => assert_eq!(found, 40),
                // The last transaction's end cannot be told from one that never came, and then the index tells.
                "rows.db-wal" => assert!(found > 30, "{found} of 40"),
                // Both can be made again.
                "rows.db.sums" | "rows.db-shm" => assert_eq!(found, 0, "{name}"),
                _ => assert!(found > 0, "{name}: {found}"),
            }
        }
        assert!(!told(folder.path()), "untouched, it opens");
    }
}

#[test]
fn a_log_or_database_that_is_gone_or_cut_is_told() {
    let (folder, _) = left(false);
    for name in ["rows.db", "rows.db-wal"] {
        let whole = length(&folder.path().join(name));
        for keep in [None, Some(0), Some(20), Some(whole / 3), Some(whole / 2), Some(whole - 5_000)] {
            let copy = copy(folder.path());
            let file = copy.path().join(name);
            match keep {
                None => fs::remove_file(&file).unwrap(),
                Some(keep) => OpenOptions::new().write(true).open(&file).unwrap().set_len(keep).unwrap(),
            }
            assert!(told(copy.path()) || name == "rows.db-wal" && keep == Some(whole - 5_000), "{name} {keep:?}");
        }
    }
    let (folder, path) = left(true);
    for keep in [0, 20, length(&path) / 2, length(&path) - 1] {
        let copy = copy(folder.path());
        OpenOptions::new().write(true).open(copy.path().join("rows.db")).unwrap().set_len(keep).unwrap();
        assert!(told(copy.path()), "{keep}");
    }
}

#[test]
fn a_database_that_was_changed_on_purpose_is_taken_once_its_sums_are_gone() {
    let (folder, path) = left(true);
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute("UPDATE row SET text = 'mine' WHERE id = 7", []).unwrap();
    drop(other);
    let OpenError::Lost { what, .. } = open(&path).unwrap_err() else { panic!("it is told") };
    assert!(what.contains("rows.db.sums"), "{what}");
    fs::remove_file(folder.path().join("rows.db.sums")).unwrap();
    let rows = open(&path).unwrap();
    assert_eq!(count(&rows).unwrap(), ROWS - 1);
    drop(rows);
    // What SQLite itself notices is told also then.
    fs::remove_file(folder.path().join("rows.db.sums")).unwrap();
    for at in 4_096..4_196 {
        flip(&path, at, 7);
    }
    assert!(matches!(open(&path).unwrap_err(), OpenError::Lost { .. }));
}

/// Killed at any moment, nothing that was committed is lost, and nothing is called damaged: copies of the files are what a kill leaves.
#[test]
fn a_process_that_is_killed_at_any_moment_leaves_a_database_that_opens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.db");
    let mut rows = Database::open(&path, false, Durability::AtCommit).unwrap();
    rows.change(|rows| rows.execute_batch("CREATE TABLE row (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT")).unwrap();
    let (mut moved, mut before) = (0, length(&path));
    for id in 0..600 {
        let fill = "INSERT INTO row VALUES (?1, hex(zeroblob(8000)))";
        rows.change(|rows| rows.execute(fill, [id])).unwrap();
        let now = length(&path);
        moved += u32::from(now != before);
        before = now;
        if id % 30 == 29 {
            let copy = copy(folder.path());
            let killed = Database::open(&copy.path().join("rows.db"), true, Durability::AtCommit).unwrap();
            let kept: i64 = killed.connection().query_row("SELECT count(*) FROM row", [], |row| row.get(0)).unwrap();
            assert_eq!(kept, id + 1);
        }
    }
    assert!(moved > 0, "pages moved into the database on the way");
    // Sums of before beside a database of after, whose log is still there: killed between the two.
    let sums = fs::read(folder.path().join("rows.db.sums")).unwrap();
    let asking = reader(&path).unwrap();
    asking.execute_batch("BEGIN").unwrap();
    assert_eq!(asking.query_row("SELECT count(*) FROM row", [], |row| row.get::<_, i64>(0)).unwrap(), 600);
    drop(asking);
    let log = fs::read(folder.path().join("rows.db-wal")).unwrap();
    rows.close();
    fs::write(folder.path().join("rows.db.sums"), sums).unwrap();
    fs::write(folder.path().join("rows.db-wal"), log).unwrap();
    let rows = Database::open(&path, true, Durability::AtCommit).unwrap();
    assert_eq!(rows.connection().query_row("SELECT count(*) FROM row", [], |row| row.get::<_, i64>(0)).unwrap(), 600);
}

#[test]
fn what_can_be_made_again_goes_on_from_an_older_commit_after_a_power_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.db");
    let mut rows = Database::open(&path, false, Durability::Later).unwrap();
    rows.change(|rows| rows.execute_batch("CREATE TABLE row (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT")).unwrap();
    fill(&mut rows, 0..ROWS);
    drop(rows);
    let log = folder.path().join("rows.db-wal");
    flip(&log, length(&log) / 2, 3);
    let rows = Database::open(&path, true, Durability::Later).unwrap();
    assert!((1..ROWS).contains(&count(&rows).unwrap()));
}

/// A process is killed when it begins the log anew: the new header is there, with what an earlier round left behind it, or with the
/// first frames of a commit that never came. Everything is in the database then.
#[test]
fn a_kill_while_the_log_begins_anew_loses_nothing_and_is_no_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.db");
    let (log, sums) = (folder.path().join("rows.db-wal"), folder.path().join("rows.db.sums"));
    let mut rows = open(&path).unwrap();
    rows.change(|rows| rows.execute_batch("CREATE TABLE row (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT")).unwrap();
    let first = fs::read(&sums).unwrap();
    let mut written = 0;
    while fs::read(&sums).unwrap() == first {
        fill(&mut rows, written..written + 10);
        written += 10;
    }
    drop(rows);
    let moved = fs::read(&log).unwrap();
    let mut header = moved[..24].to_vec();
    header[12..16].copy_from_slice(&(word(&moved, 12) + 1).to_be_bytes());
    header[16..20].copy_from_slice(&(word(&moved, 16).wrapping_add(1)).to_be_bytes());
    header[20..24].copy_from_slice(&[7; 4]);
    header.extend(header_sum(&header));
    let anew = [&header[..], &moved[32..]].concat();
    for (what, left) in [("a header", anew), ("a header alone", [&header[..], &[0; 4_120]].concat())] {
        let killed = copy(folder.path());
        fs::write(killed.path().join("rows.db-wal"), left).unwrap();
        // The next process makes the index anew.
        fs::remove_file(killed.path().join("rows.db-shm")).unwrap();
        let rows = open(&killed.path().join("rows.db")).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(count(&rows).unwrap(), written, "{what}");
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// The sum of a log's header, as SQLite's file format says it: two words over pairs of words.
fn header_sum(header: &[u8]) -> [u8; 8] {
    let (mut s0, mut s1) = (0u32, 0u32);
    let big_endian = header[3] & 1 == 1;
    for pair in header.chunks_exact(8) {
        let value = |at: usize| match big_endian {
            true => u32::from_be_bytes(pair[at..at + 4].try_into().unwrap()),
            false => u32::from_le_bytes(pair[at..at + 4].try_into().unwrap()),
        };
        s0 = s0.wrapping_add(value(0)).wrapping_add(s1);
        s1 = s1.wrapping_add(value(4)).wrapping_add(s0);
    }
    [s0.to_be_bytes(), s1.to_be_bytes()].concat().try_into().unwrap()
}

/// As a process that is killed leaves it, after so many bytes of log.
fn killed_with_log_of(bytes: u64) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.db");
    let mut rows = open(&path).unwrap();
    rows.change(|rows| rows.execute_batch("CREATE TABLE row (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT")).unwrap();
    for id in (0..).step_by(10).take_while(|_| length(&folder.path().join("rows.db-wal")) < bytes) {
        fill(&mut rows, id..id + 10);
    }
    drop(rows);
    (folder, path)
}

#[test]
fn a_kill_right_after_a_start_with_a_long_log_loses_nothing() {
    // SQLite would move pages by itself from 1,000 frames of 4,120 bytes on.
    let (_folder, path) = killed_with_log_of(1_005 * 4_120);
    for _ in 0..3 {
        let rows = open(&path).unwrap();
        let whole: i64 = rows.connection().query_row("SELECT count(*) % 10 FROM row", [], |row| row.get(0)).unwrap();
        assert_eq!(whole, 0);
        drop(rows);
    }
    let sums = fs::read(path.with_extension("db.sums")).unwrap();
    assert!(sums.len() < 100, "no page was summed yet, so none may have moved: {}", sums.len());
    assert!(length(&path) < 3 * 4_096, "{}", length(&path));
}

#[test]
fn a_log_that_begins_anew_gives_back_its_room_and_pages_move_once_in_a_while() {
    use std::os::unix::fs::MetadataExt as _;
    let (folder, path) = killed_with_log_of(4_000_000);
    let (log, sums) = (folder.path().join("rows.db-wal"), folder.path().join("rows.db.sums"));
    let mut rows = open(&path).unwrap();
    let mut next = 1_000_000;
    let mut more = |rows: &mut Database| {
        fill(rows, next..next + 10);
        next += 10;
    };
    let before = fs::metadata(&sums).unwrap().ino();
    while fs::metadata(&sums).unwrap().ino() == before {
        more(&mut rows);
    }
    let moved = fs::metadata(&sums).unwrap().ino();
    for _ in 0..20 {
        more(&mut rows);
    }
    assert_eq!(fs::metadata(&sums).unwrap().ino(), moved, "pages moved with a log that was short again");
    assert!(length(&log) < 1_000_000, "{}", length(&log));
}

#[test]
fn what_was_never_committed_is_cut_from_the_log_at_a_start() {
    let (folder, path) = left(false);
    let log = folder.path().join("rows.db-wal");
    let committed = length(&log);
    let mut rows = open(&path).unwrap();
    rows.begin().unwrap();
    // Pages that do not fit into memory are written before the commit that never comes.
    rows.connection().execute_batch("PRAGMA cache_size = 1; UPDATE row SET text = text || 'x'").unwrap();
    let spilled = length(&log);
    assert!(spilled > committed + 80_000, "{spilled} {committed}");
    let after = copy(folder.path());
    drop(rows);
    let rows = open(&after.path().join("rows.db")).unwrap();
    assert_eq!(count(&rows).unwrap(), ROWS);
    let left = length(&after.path().join("rows.db-wal"));
    assert!(left < committed + 20_000, "{left} {committed}");
}
