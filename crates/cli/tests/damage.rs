//! Files of a home are damaged, one at a time, and the network is started: it works and nothing wrong is served, or it says which
//! file it is. Never a panic, never a start that hangs.
//!
//! One home is made, with files stored, and copied for each damage. Every kind of file is damaged in every way; which of its files, and
//! where, is drawn. Prints its seed; `DEPIN_SEED=N` runs one again, `DEPIN_DAMAGES=N` another number of damages.

mod support;

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    os::unix::{
        fs::{FileExt as _, PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use support::{
    at, depin,
    network::{S3, Up, all_secured, content, until},
    run,
};

const DAMAGES: usize = 200;
/// Starts under way at once, each at an address of its own: copies of a home remember the same ports.
const WORKERS: usize = 2;
const BUCKET: &str = "kept";
/// Objects by their length.
const OBJECTS: [(&str, usize); 3] = [("small", 900), ("middle", 70_000), ("large", 400_000)];
/// Longest time that a start may take on a busy machine until it works or ends.
const PATIENCE: Duration = Duration::from_secs(120);
const PAGE: &str = include_str!("../../../docs/when-something-is-damaged.md");

/// What is done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    Missing,
    Empty,
    Cut,
    OneBit,
    ManyBits,
}

const HOWS: [How; 5] = [How::Missing, How::Empty, How::Cut, How::OneBit, How::ManyBits];

/// One damage, and what came of it.
struct Case {
    number: usize,
    /// Of the file; which one, and where, follows from the seed and the home.
    kind: String,
    how: How,
    seed: u64,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "damage {}, {} {:?}", self.number, self.kind, self.how)
    }
}

impl Case {
    /// Damages a file of a copy of `original` at `home`; which one, and what was done, in words. None where there is no such file.
    fn damage(&self, original: &Original, home: &Path) -> Option<(PathBuf, String)> {
        let mut random = StdRng::seed_from_u64(self.seed);
        let files = original.kinds().remove(&self.kind)?;
        let file = files[random.random_range(0..files.len())].clone();
        let what = self.damage_file(&home.join(&file), random);
        let what = format!("{self}: {} {what}", file.display());
        Some((file, what))
    }

    fn damage_file(&self, path: &Path, mut random: StdRng) -> String {
        let length = fs::metadata(path).unwrap().len();
        match self.how {
            How::Missing => fs::remove_file(path).unwrap(),
            How::Empty => truncate(path, 0),
            How::Cut => truncate(path, random.random_range(0..length.max(1))),
            How::OneBit | How::ManyBits => {
                let file = fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
                let count = if self.how == How::OneBit { 1 } else { 12 };
                let places: Vec<u64> = (0..count).map(|_| random.random_range(0..length.max(1))).collect();
                for at in places.iter().filter(|_| length > 0) {
                    let mut byte = [0];
                    file.read_exact_at(&mut byte, *at).unwrap();
                    file.write_all_at(&[byte[0] ^ 1 << random.random_range(0..8)], *at).unwrap();
                }
                return format!("at {places:?} of {length}");
            }
        }
        format!("of {length}")
    }
}

fn truncate(path: &Path, length: u64) {
    fs::OpenOptions::new().write(true).open(path).unwrap().set_len(length).unwrap();
}

/// The loopback address of a worker, or of another test here.
fn address(number: usize) -> String {
    format!("127.0.0.{}", number + 2)
}

/// A home that was stopped in order or killed, with what it answered before.
struct Original {
    _folder: tempfile::TempDir,
    home: PathBuf,
    address: String,
    events: Value,
}

impl Original {
    /// One that was stopped in order.
    async fn stopped(address: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("net");
        let (up, endpoints) = Up::start(&home, &["--speed", "20", "--listen", &address]).await;
        let s3 = S3::new(&endpoints);
        assert!(s3.make_bucket(BUCKET).await.unwrap().is_success());
        for (number, (key, length)) in (0..).zip(OBJECTS) {
            assert!(s3.put(BUCKET, key, content(number, length)).await.unwrap().is_success());
        }
        let list = ["storage", "list", "--json"];
        until(&home, &list, PATIENCE * 2, |list| all_secured(list, OBJECTS.len())).await;
        let events = first_events(&endpoints).await.unwrap();
        assert!(up.stop().await.success());
        // Space that is given back when the disk is full: large, and nothing is in it.
        let _ = fs::remove_file(home.join("node/ballast"));
        Self { _folder: folder, home, address, events }
    }

    /// A copy of it that ran again and was killed.
    async fn killed(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("net");
        copy(&self.home, &home);
        let (up, endpoints) = Up::start(&home, &["--listen", &self.address]).await;
        assert!(S3::new(&endpoints).put(BUCKET, "more", content(8, 3_000)).await.unwrap().is_success());
        up.kill();
        let _ = fs::remove_file(home.join("node/ballast"));
        Self { _folder: folder, home, address: self.address.clone(), events: self.events.clone() }
    }

    /// Files by kind: what is the same but for a name or a number counts as one.
    fn kinds(&self) -> BTreeMap<String, Vec<PathBuf>> {
        let mut kinds: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for file in files(&self.home) {
            kinds.entry(kind(&file)).or_default().push(file);
        }
        kinds
    }
}

/// All files below a folder, by their paths there.
fn files(folder: &Path) -> Vec<PathBuf> {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, found);
            } else {
                found.push(path.strip_prefix(root).unwrap().to_owned());
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, folder, &mut found);
    found.sort();
    found
}

/// The kind of a file, as the page calls it: a path with `…` where names and numbers stand.
fn kind(file: &Path) -> String {
    let parts: Vec<&str> = file.iter().map(|part| part.to_str().unwrap()).collect();
    match parts.as_slice() {
        ["providers", _, "data", "pieces", _, piece] => {
            format!("providers/…/data/pieces/…/….{}", piece.rsplit('.').next().unwrap())
        }
        ["providers", _, rest @ ..] => format!("providers/…/{}", rest.join("/")),
        ["wallet", key] if key.ends_with(".key") => "wallet/….key".to_owned(),
        ["node", "engine", "store", partition, _] => format!("node/engine/store/{partition}/…"),
        parts => parts.join("/"),
    }
}

async fn first_events(endpoints: &Value) -> Option<Value> {
    let url = format!("{}/v1/events?from=0&limit=50", endpoints["api"].as_str()?);
    let answer = reqwest::get(url).await.ok()?.text().await.ok()?;
    Some(serde_json::from_str::<Value>(&answer).ok()?["items"].clone())
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").args(["-a", "--reflink=auto"]).args([from, to]).status().unwrap().success());
}

/// Starts a damaged home and looks at what comes of it; the complaint when it is not as it should be.
async fn check(original: &Original, case: &Case) -> Result<&'static str, String> {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("net");
    copy(&original.home, &home);
    // Two homes have not quite the same kinds of files.
    let Some((file, what)) = case.damage(original, &home) else { return Ok("no such file") };
    let mut up = Up::spawn(&home, &["--listen", &original.address]);
    let begun = Instant::now();
    let complaint = |up: &Up, why: &str| Err(format!("{what}: {why}\n{}", up.printed()));
    let ended = loop {
        if up.printed().contains("Ctrl-C stops it") {
            break None;
        }
        if let Some(status) = up.child.try_wait().unwrap() {
            break Some(status);
        }
        if begun.elapsed() > PATIENCE {
            return complaint(&up, "the start neither works nor ends");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    if up.printed().contains("panicked") {
        return complaint(&up, "a panic");
    }
    if let Some(status) = ended {
        return match status.code() {
            Some(1 | 2) if names(&up.printed(), &file) => Ok("told, and it ended"),
            _ => complaint(&up, "it ended without saying why"),
        };
    }
    let told = names(&up.printed(), &file);
    let endpoints: Value = serde_json::from_slice(&fs::read(home.join("endpoints.json")).unwrap()).unwrap();
    match works(original, &home, &endpoints).await {
        Ok(()) => {}
        Err(_) if told => {}
        Err(why) => return complaint(&up, &why),
    }
    up.signal("INT");
    let begun = Instant::now();
    while up.child.try_wait().unwrap().is_none() {
        if begun.elapsed() > PATIENCE {
            return complaint(&up, "it does not stop");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    if up.printed().contains("panicked") {
        return complaint(&up, "a panic");
    }
    Ok(if told { "told, and it went on" } else { "works" })
}

/// Whether the file is named, or the store or the piece that it is in.
fn names(printed: &str, file: &Path) -> bool {
    let name = file.to_str().unwrap();
    let name = if name.starts_with("node/engine/store/") { "node/engine/store" } else { name };
    printed.contains(name) || file.extension().is_some_and(|end| end == "payload" || end == "tree") && printed.contains("damage")
}

/// Whether everything that was there is there, and as it was.
async fn works(original: &Original, home: &Path, endpoints: &Value) -> Result<(), String> {
    let api = endpoints["api"].as_str().unwrap();
    let health = reqwest::get(format!("{api}/health")).await.map_err(|error| error.to_string())?;
    if !health.status().is_success() {
        return Err(format!("unwell: {}", health.text().await.unwrap_or_default()));
    }
    let s3 = endpoints["endpoints"].as_array().unwrap().iter().any(|endpoint| endpoint["name"] == "s3");
    if !s3 {
        return Err("there is no S3 gateway".to_owned());
    }
    let s3 = S3::new(endpoints);
    for (number, (key, length)) in (0..).zip(OBJECTS) {
        let begun = Instant::now();
        loop {
            match s3.get(BUCKET, key).await {
                Ok((status, body)) if status.is_success() && body == content(number, length) => break,
                Ok((status, body)) if status.is_success() => {
                    return Err(format!("{key} came back changed: {} bytes", body.len()));
                }
                // Where providers are now, the gateway learns from the ledger.
                Ok((status, _)) if status.as_u16() == 503 && begun.elapsed() < PATIENCE / 2 => {}
                Ok((status, _)) => return Err(format!("{key} cannot be read: {status}")),
                Err(error) => return Err(format!("{key} cannot be read: {error}")),
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    let put = s3.put(BUCKET, "new", content(9, 5_000)).await.map_err(|error| error.to_string())?;
    if !put.is_success() {
        return Err(format!("nothing can be stored: {put}"));
    }
    let audit = at(home, &["audit", "--json"]);
    if audit.code != 0 {
        return Err(format!("the audit fails: {}{}", audit.out, audit.err));
    }
    // An index that is filled anew has them after a moment.
    let begun = Instant::now();
    while first_events(endpoints).await.as_ref() != Some(&original.events) {
        if begun.elapsed() > PATIENCE {
            return Err("events are lost or changed".to_owned());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_file_is_damaged_it_is_told_or_nothing_is_lost() {
    let seed = number("DEPIN_SEED").unwrap_or_else(rand::random);
    let count = number("DEPIN_DAMAGES").and_then(|n| usize::try_from(n).ok()).unwrap_or(DAMAGES);
    println!("seed: DEPIN_SEED={seed} DEPIN_DAMAGES={count}");
    let mut random = StdRng::seed_from_u64(seed);
    // Every worker has both kinds of its own.
    let made = (0..WORKERS).map(|worker| async move {
        let stopped = Original::stopped(address(worker)).await;
        let killed = stopped.killed().await;
        [stopped, killed]
    });
    let originals = Arc::new(futures::future::join_all(made).await);
    // Every kind in every way, in an order of its own each round, until there are enough.
    let mut cases: Vec<(usize, Case)> = Vec::new();
    while cases.len() < count {
        let mut round = Vec::new();
        for (which, original) in originals[0].iter().enumerate() {
            for (kind, _) in original.kinds() {
                for how in HOWS {
                    round.push((which, kind.clone(), how));
                }
            }
        }
        round.shuffle(&mut random);
        for (which, kind, how) in round {
            cases.push((which, Case { number: cases.len(), kind, how, seed: random.random() }));
        }
    }
    cases.truncate(count);
    let (cases, next) = (Arc::new(cases), Arc::new(AtomicUsize::new(0)));
    let worker = |worker: usize| {
        let (originals, cases, next) = (Arc::clone(&originals), Arc::clone(&cases), Arc::clone(&next));
        tokio::spawn(async move {
            let (mut outcomes, mut wrong): (BTreeMap<&str, usize>, Vec<String>) = (BTreeMap::new(), Vec::new());
            while let Some((which, case)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                match check(&originals[worker][*which], case).await {
                    Ok(outcome) => *outcomes.entry(outcome).or_default() += 1,
                    Err(why) => wrong.push(format!("{} {why}", if *which == 0 { "stopped:" } else { "killed:" })),
                }
            }
            (outcomes, wrong)
        })
    };
    let workers: Vec<_> = (0..WORKERS).map(worker).collect();
    let (mut outcomes, mut wrong): (BTreeMap<&str, usize>, Vec<String>) = (BTreeMap::new(), Vec::new());
    for worker in workers {
        let (one, more) = worker.await.unwrap();
        one.into_iter().for_each(|(outcome, times)| *outcomes.entry(outcome).or_default() += times);
        wrong.extend(more);
    }
    println!("{outcomes:?}");
    assert!(wrong.is_empty(), "DEPIN_SEED={seed}: {} of {count} damages:\n{}", wrong.len(), wrong.join("\n\n"));
}

/// The page names every kind of file of both kinds of home, and nothing that is in none.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_names_every_kind_of_file_in_a_home() {
    let stopped = Original::stopped(address(WORKERS)).await;
    let storage = stopped.killed().await;
    let folder = tempfile::tempdir().unwrap();
    let make = ["new", "atlas", "--service", "metered", "--unit", "map tile", "--economy", "filecoin"];
    run(depin().current_dir(folder.path()).args(make)).done();
    let home = folder.path().join("net");
    let atlas = folder.path().join("atlas");
    let (up, _) = Up::start(&home, &["--network", atlas.to_str().unwrap(), "--listen", &address(WORKERS)]).await;
    let mut kinds: BTreeSet<String> = files(&home).iter().map(|file| kind(file)).collect();
    assert!(up.stop().await.success());
    kinds.extend(storage.kinds().into_keys().chain(stopped.kinds().into_keys()));
    // There only while stamps are ahead of the clock, after something was set aside, or where an operator or a gateway runs by itself.
    let more = [
        "node/accepted-clock",
        "operator.json",
        "node/engine/votes.lost-1",
        "metering/metering.db.lost-1",
        "customer.key",
        "reporter.key",
    ];
    for kind in kinds.iter().map(String::as_str).chain(more) {
        let shown = match kind.split('/').collect::<Vec<_>>().as_slice() {
            // A table of its own lists the partitions.
            ["node", "engine", "store", partition, "…"] => format!("`{partition}/`"),
            ["node", "engine", "store", file] => format!("`node/engine/store/{file}`"),
            _ => format!("`{}`", kind.trim_end_matches("-wal").trim_end_matches("-shm").trim_end_matches(".sums")),
        };
        assert!(PAGE.contains(&shown), "the page does not name {shown}");
    }
    for suffix in ["`NAME-wal`", "`NAME-shm`", "`NAME.sums`"] {
        assert!(PAGE.contains(suffix), "{suffix}");
    }
}

/// What may not be written is told by its path, with the system's word for it.
#[tokio::test(flavor = "multi_thread")]
async fn files_that_may_not_be_read_or_written_are_told() {
    const NOBODY: u32 = 65_534;
    let original = Original::stopped(address(WORKERS + 1)).await;
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let is_root = fs::metadata("/proc/self").is_ok_and(|file| std::os::unix::fs::MetadataExt::uid(&file) == 0);
    for (number, (file, mode)) in (0..).zip([
        ("gateway/meta.db", 0o400),
        ("gateway/master.key", 0),
        ("providers/provider-1/data/index.sqlite", 0o400),
        ("providers/provider-1/settings.json", 0),
        ("node/engine/lock", 0),
        ("node/engine/identity", 0),
        ("node/engine/store/rows-log_data/0000000000000000", 0o400),
        ("node/engine/store/blocks-value/0000000000000000", 0),
        ("genesis.json", 0),
        ("validator.key", 0),
        ("wallet/customer.key", 0),
        ("lock", 0o400),
    ]) {
        let home = folder.path().join(format!("net-{number}"));
        copy(&original.home, &home);
        fs::set_permissions(home.join(file), fs::Permissions::from_mode(mode)).unwrap();
        let mut command = depin();
        if is_root {
            // Root may do everything; so somebody else runs it.
            for path in [home.clone()].into_iter().chain(files(&home).iter().flat_map(|file| ancestors(&home, file))) {
                chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
            command.uid(NOBODY).gid(NOBODY);
        }
        command.arg("--home").arg(&home).args(["up", "--port-base", "0", "--listen", &original.address]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (pid, begun) = (child.id(), Instant::now());
        let waiting = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
        while !waiting.is_finished() && begun.elapsed() < PATIENCE {
            // One that goes on without the part that is lost says so first.
            let up = fs::read(home.join("endpoints.json")).is_ok();
            if up {
                run(Command::new("kill").args(["-INT", &pid.to_string()]));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let printed = waiting.await.unwrap();
        let said = String::from_utf8_lossy(&printed.stderr);
        assert!(names(&said, Path::new(file)), "{file}, mode {mode:o}: {said}");
        assert!(said.contains("ermission denied") || said.contains("readonly") || said.contains("read-only"), "{file}: {said}");
        assert!(!said.contains("panicked"), "{file}: {said}");
    }
}

/// The file and the folders above it, up to the home.
fn ancestors(home: &Path, file: &Path) -> Vec<PathBuf> {
    file.ancestors().filter(|part| !part.as_os_str().is_empty()).map(|part| home.join(part)).collect()
}
