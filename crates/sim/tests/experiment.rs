//! Many runs into a folder: the same bytes however they were made, and nothing lost or overwritten on the way.

mod standin;

use depin_sim::{
    Paired, Point, RunFailure, RunKey, RunResult, Watch,
    experiment::{Engine, Look, Sign},
    results::{Fold, Identity, Quantity, Results, ResultsError, RunFolder, Summary},
    scenario::Treatment,
};
use standin::{STEPS, assumptions, engine, identity, inputs};
use std::{
    collections::BTreeMap,
    fs,
    num::NonZeroUsize,
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};

const RUNS: u32 = 40;

fn begin(path: &Path, identity: Identity) -> Result<RunFolder, ResultsError> {
    RunFolder::begin(path, identity, &inputs(), &assumptions())
}

fn conduct(folder: &mut RunFolder, workers: usize, look: &dyn Look) -> Result<Summary, ResultsError> {
    folder.conduct(&engine, &assumptions(), NonZeroUsize::new(workers).unwrap(), look)
}

fn made(path: &Path, workers: usize) -> Summary {
    conduct(&mut begin(path, identity(RUNS)).unwrap(), workers, &()).unwrap()
}

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            files.extend(self::files(&path).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
        } else {
            files.insert(name, fs::read(&path).unwrap());
        }
    }
    files
}

fn same(one: &Path, other: &Path) {
    let (one, other) = (files(one), files(other));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (name, bytes) in &one {
        assert!(*bytes == other[name], "{name} differs");
    }
}

#[test]
fn any_number_of_workers_writes_the_same_bytes() {
    let place = tempfile::tempdir().unwrap();
    let (one, two) = (place.path().join("one"), place.path().join("two"));
    // Not a number equals nothing, so summaries are compared as they are written.
    assert_eq!(made(&one, 1).files, made(&two, 3).files);
    same(&one, &two);
    let names: Vec<String> = files(&one).into_keys().collect();
    let expected = [
        ".lock",
        "agents.csv",
        "agents.parquet",
        "experiment.json",
        "inputs/network.toml",
        "inputs/points.csv",
        "inputs/scenario/1-metered.toml",
        "inputs/scenario/2-baseline.toml",
        "outcomes.csv",
        "outcomes.parquet",
        "runs.csv",
        "runs.parquet",
        "summary.json",
    ];
    assert_eq!(names, expected);
}

/// Says stop after some calls.
struct Until(AtomicU32);

impl Look for Until {
    fn go_on(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0 && self.0.fetch_sub(1, Ordering::Relaxed) > 1
    }
}

#[test]
fn what_was_stopped_keeps_what_is_done_and_ends_as_if_it_had_not_been() {
    let place = tempfile::tempdir().unwrap();
    let (whole, stopped) = (place.path().join("whole"), place.path().join("stopped"));
    made(&whole, 2);
    let mut folder = begin(&stopped, identity(RUNS)).unwrap();
    let summary = conduct(&mut folder, 2, &Until(AtomicU32::new(400))).unwrap();
    assert!((1..RUNS).contains(&summary.runs.done) && !summary.whole() && !folder.is_whole(), "{:?}", summary.runs);
    drop(folder);
    let half = Results::open(&stopped).unwrap();
    assert_eq!(half.runs().unwrap().rows(), fs::read_to_string(stopped.join("runs.csv")).unwrap().lines().count() as u64 - 1);

    let (mut folder, found) = RunFolder::resume(&stopped).unwrap();
    assert_eq!((found, folder.done()), (inputs(), summary.runs.done as usize));
    assert!(conduct(&mut folder, 1, &()).unwrap().whole() && folder.is_whole());
    drop(folder);
    same(&whole, &stopped);
}

#[test]
fn a_process_that_died_in_the_middle_of_a_record_loses_that_one() {
    let place = tempfile::tempdir().unwrap();
    let (whole, died) = (place.path().join("whole"), place.path().join("died"));
    made(&whole, 1);
    let mut folder = begin(&died, identity(RUNS)).unwrap();
    conduct(&mut folder, 1, &Until(AtomicU32::new(200))).unwrap();
    drop(folder);
    let checkpoint = died.join("checkpoint.bin");
    let bytes = fs::read(&checkpoint).unwrap();
    fs::write(&checkpoint, &bytes[..bytes.len() - 100]).unwrap();
    for left in ["summary.json", "runs.csv", "outcomes.parquet"] {
        fs::remove_file(died.join(left)).unwrap();
    }
    assert_eq!(Results::open(&died).unwrap_err().code(), "no-results");
    let (mut folder, _) = RunFolder::resume(&died).unwrap();
    conduct(&mut folder, 2, &()).unwrap();
    drop(folder);
    same(&whole, &died);
}

#[test]
fn a_failed_run_keeps_its_rows_its_seed_and_its_reason() {
    let place = tempfile::tempdir().unwrap();
    let summary = made(place.path(), 2);
    assert_eq!(
        (summary.runs.done, summary.runs.finished, summary.runs.failed, summary.runs.draws),
        (RUNS, RUNS - 1, 1, RUNS / 2)
    );
    assert_eq!((summary.failures[0].run, summary.failures[0].message.as_str()), (3, "nobody is left to pay"));
    assert_eq!((summary.audit.runs, summary.audit.checked, summary.audit.violated), (RUNS - 1, 100 * (u64::from(RUNS) - 1), 0));
    let runs = fs::read_to_string(place.path().join("runs.csv")).unwrap();
    assert!(runs.starts_with("simulation,subset,run,timestep,seed,date,days,price,service_price,"));
    assert_eq!(runs.lines().filter(|line| line.starts_with("0,0,3,")).count(), (STEPS / 2) as usize);
    assert_eq!(runs.lines().filter(|line| line.starts_with("0,1,2,")).count(), STEPS as usize, "its pair is subset 1");
    let outcomes = fs::read_to_string(place.path().join("outcomes.csv")).unwrap();
    assert!(outcomes.lines().any(|line| line.starts_with("0,3,1,7,failed,nobody is left to pay,15,")), "{outcomes}");
    let agents = fs::read_to_string(place.path().join("agents.csv")).unwrap();
    assert!(agents.lines().next().unwrap().ends_with(",agent,class,capacity,booked,income_usd,rewards_usd,cash_usd,tokens"));
    assert_eq!(agents.lines().nth(1).unwrap()[..50], *"0,0,0,10,7,2025-03-12T00:00:00Z,0,idle,1,0.5,9,8,2");
}

#[test]
fn figures_say_how_sure_they_are_and_what_moves_them() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("out");
    let mut folder = begin(&path, identity(400)).unwrap();
    let summary = conduct(&mut folder, 2, &()).unwrap();
    // Use at the end is 1000 (1 + growth 30/52) with a little chance: the median of growth is 0.5, and growth makes nearly all of it.
    let use_rate = &summary.kpis["utilisation"];
    assert!((use_rate.p50.value * 14_000.0 - 1288.0).abs() < 60.0, "{use_rate:?}");
    assert!(use_rate.p5.error.is_some() && use_rate.p50.error.unwrap() > 0.0 && use_rate.sign == Sign::Positive);
    assert!(use_rate.variance_by_assumptions.unwrap().value > 0.9);
    assert_eq!(use_rate.moved_by[0].key, "scenario.demand.a.growth");
    assert!(use_rate.moved_by[0].clear && !use_rate.moved_by[1].clear, "{:?}", use_rate.moved_by);
    let burned = &summary.kpis["burn-to-mint"];
    assert_eq!(
        (burned.moved_by[0].key.as_str(), burned.moved_by[1].key.as_str()),
        ("scenario.market.start", "scenario.demand.a.growth")
    );
    assert!(burned.moved_by[0].rank_correlation < -0.8 && burned.moved_by[1].rank_correlation > 0.1);
    // Nothing but chance, on both sides of zero.
    let issuance = &summary.kpis["net-issuance"];
    assert!(issuance.sign == Sign::Undecided && issuance.variance_by_assumptions.unwrap().value < 0.3, "{issuance:?}");
    assert!(issuance.moved_by.iter().all(|mover| !mover.clear), "{:?}", issuance.moved_by);
    // A quarter of the runs never pays back.
    let payback = &summary.kpis["payback-months"];
    assert!(payback.p95.value.is_infinite() && payback.p95.error.is_none() && payback.p50.value.is_finite());
    assert_eq!(payback.runs, 399, "one run failed");
    // 30 weeks of about 1000 to 1288 less 800.
    let usage = &summary.differences["no-tokens"]["usage"];
    assert!(usage.sign == Sign::Positive && (usage.p50.value - 30.0 * 350.0).abs() < 1500.0, "{usage:?}");

    let fixed = Identity { plan: depin_sim::experiment::Plan { fixed: true, ..identity(400).plan }, ..identity(400) };
    let mut folder = begin(&place.path().join("fixed"), fixed).unwrap();
    let summary = conduct(&mut folder, 2, &()).unwrap();
    let use_rate = &summary.kpis["utilisation"];
    assert!(use_rate.variance_by_assumptions.is_none() && use_rate.moved_by.is_empty() && summary.runs.draws == 1);
}

#[test]
fn bands_are_percentiles_of_all_runs_at_each_time() {
    let place = tempfile::tempdir().unwrap();
    made(place.path(), 2);
    let results = Results::open(place.path()).unwrap();
    let quantities = [
        Quantity { columns: &["capacity"], value: |row| row[0], fold: Fold::Last },
        Quantity { columns: &["minted"], value: |row| row[0], fold: Fold::PerDay },
        Quantity { columns: &["usage", "capacity"], value: |row| row[0] / row[1], fold: Fold::Mean },
        Quantity { columns: &["payback_months"], value: |row| row[0], fold: Fold::Last },
    ];
    let bands = results.bands(&quantities).unwrap();
    assert_eq!(bands.keys().copied().collect::<Vec<_>>(), [0, 1]);
    let (tokens, without) = (&bands[&0], &bands[&1]);
    assert_eq!((tokens.dates.len(), tokens.dates[0].to_rfc3339().as_str()), (STEPS as usize, "2025-01-08T00:00:00Z"));
    let capacity = tokens.bands[0][0].unwrap();
    assert_eq!((capacity.runs, capacity.percentiles, capacity.mean), (40, [2000.0; 5], 2000.0));
    assert_eq!(tokens.bands[0][STEPS as usize - 1].unwrap().runs, 39, "the failed run is there until it failed");
    assert_eq!(without.bands[0][0].unwrap().percentiles[2], 1500.0);
    assert!((tokens.bands[1][0].unwrap().mean - 1e5 / 7.0).abs() < 1e-9);
    let ratio = tokens.bands[2][9].unwrap().percentiles;
    assert!(ratio.windows(2).all(|pair| pair[0] < pair[1]) && (0.45..0.65).contains(&ratio[2]), "{ratio:?}");
    assert_eq!((tokens.bands[3][1], tokens.bands[3][2].map(|band| band.runs)), (None, Some(40)));
}

/// A run of whole days ends within a week; what flowed in what is left of it is no less a day.
#[test]
fn a_last_row_that_is_shorter_flows_as_much_a_day() {
    let place = tempfile::tempdir().unwrap();
    let cut = |point: &Point, key: RunKey, watch: &dyn Watch| {
        let mut result = engine(point, key, watch)?;
        let days = result.rows.last().unwrap().date.get() - 4 * 86_400_000;
        let last = result.rows.last_mut().unwrap();
        last.date = depin_quantity::Instant::new(days);
        last.values[depin_sim::results::column("minted").unwrap()] *= 3.0 / 7.0;
        Ok(result)
    };
    let mut folder = begin(place.path(), identity(2)).unwrap();
    folder.conduct(&cut, &assumptions(), NonZeroUsize::MIN, &()).unwrap();
    drop(folder);
    let table = fs::read_to_string(place.path().join("runs.csv")).unwrap();
    let days: Vec<&str> =
        table.lines().filter(|line| line.starts_with("0,0,1,")).filter_map(|line| line.split(',').nth(6)).collect();
    assert_eq!((days.len(), days[0], days[STEPS as usize - 2], days[STEPS as usize - 1]), (STEPS as usize, "7", "7", "3"));
    let minted = [Quantity { columns: &["minted"], value: |row| row[0], fold: Fold::PerDay }];
    let bands = Results::open(place.path()).unwrap().bands(&minted).unwrap();
    let means: Vec<f64> = bands[&0].bands[0].iter().map(|band| band.unwrap().mean).collect();
    assert!(means.len() == STEPS as usize && means.iter().all(|mean| (mean - 1e5 / 7.0).abs() < 1e-9), "{means:?}");
}

#[test]
fn a_folder_is_gone_on_with_only_by_the_same_experiment() {
    let place = tempfile::tempdir().unwrap();
    made(place.path(), 1);
    let before = files(place.path());
    let other = Identity { plan: depin_sim::experiment::Plan { seed: 8, ..identity(RUNS).plan }, ..identity(RUNS) };
    let error = begin(place.path(), other).unwrap_err();
    assert_eq!(error.code(), "other-experiment");
    assert!(error.to_string().contains("its `plan.seed` is 7, and 8 was asked for"), "{error}");
    let mut again = begin(place.path(), identity(RUNS)).unwrap();
    assert!(again.is_whole() && conduct(&mut again, 1, &()).unwrap().whole());
    assert_eq!(files(place.path()), before);
    let new = tempfile::tempdir().unwrap();
    let _begun = begin(new.path(), identity(RUNS)).unwrap();
    assert_eq!(begin(new.path(), identity(RUNS)).unwrap_err().code(), "busy");
}

/// A table whose size is right and whose bytes are not would give other figures than the summary beside it.
#[test]
fn a_table_that_was_changed_or_is_gone_is_not_read() {
    let place = tempfile::tempdir().unwrap();
    made(place.path(), 1);
    let table = place.path().join("runs.parquet");
    let mut bytes = fs::read(&table).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&table, bytes).unwrap();
    let results = Results::open(place.path()).unwrap();
    let error = results.runs().err().unwrap();
    assert!(error.code() == "results-damaged" && error.to_string().contains("runs.parquet"), "{error}");
    assert_eq!(results.bands(&[]).err().unwrap().code(), "results-damaged");
    assert!(results.outcomes().is_ok(), "the other one is whole");
    // Nor does anybody say of it that everything is done.
    assert_eq!(RunFolder::resume(place.path()).unwrap_err().code(), "results-damaged");
    assert_eq!(begin(place.path(), identity(RUNS)).unwrap_err().code(), "results-damaged");
    fs::remove_file(place.path().join("outcomes.parquet")).unwrap();
    let error = Results::open(place.path()).unwrap_err();
    assert!(error.code() == "results-damaged" && error.to_string().contains("it is gone, and "), "{error}");
}

/// A lock cannot be had in a folder that is for reading only, and where everything is done none is needed.
#[test]
fn a_folder_in_which_everything_is_done_is_opened_without_a_lock() {
    let place = tempfile::tempdir().unwrap();
    made(place.path(), 1);
    let lock = place.path().join(".lock");
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    let (folder, _) = RunFolder::resume(place.path()).unwrap();
    assert!(folder.is_whole());
}

#[test]
fn a_folder_that_holds_anything_else_is_left_as_it_is() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("thesis.tex"), "years of work").unwrap();
    let error = begin(place.path(), identity(RUNS)).unwrap_err();
    assert!(error.to_string().contains("thesis.tex") && error.hint().contains("--out"), "{error}");
    assert_eq!(files(place.path()).len(), 1);
    assert_eq!(Results::open(place.path()).unwrap_err().code(), "no-results");
    assert_eq!(begin(&place.path().join("thesis.tex"), identity(RUNS)).unwrap_err().code(), "io");
    // One whose making was cut short is begun again.
    let cut = place.path().join("cut");
    fs::create_dir_all(cut.join("inputs")).unwrap();
    fs::write(cut.join(".lock"), "").unwrap();
    assert!(begin(&cut, identity(RUNS)).is_ok());
}

#[test]
fn another_version_and_files_that_are_not_whole_are_told_apart() {
    let place = tempfile::tempdir().unwrap();
    made(place.path(), 1);
    let broken = |file: &str, change: &dyn Fn(Vec<u8>) -> Vec<u8>| {
        let path = place.path().join(file);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, change(whole.clone())).unwrap();
        let error = Results::open(place.path()).unwrap_err();
        fs::write(&path, whole).unwrap();
        assert!(!error.hint().is_empty() && error.to_string().contains(place.path().to_str().unwrap()), "{error}");
        error.code()
    };
    let text = |change: fn(String) -> String| move |bytes: Vec<u8>| change(String::from_utf8(bytes).unwrap()).into_bytes();
    assert_eq!(broken("experiment.json", &text(|t| t.replace("\"format\": 2", "\"format\": 3"))), "results-format");
    assert_eq!(broken("experiment.json", &text(|t| t.replace("\"depin\": \"0.1.0\"", "\"depin\": \"0.9.0\""))), "inputs-changed");
    assert_eq!(broken("experiment.json", &text(|t| t.replace("\"seed\": 7", "\"seed\": 8"))), "inputs-changed");
    assert_eq!(broken("experiment.json", &text(|_| "{}".to_owned())), "results-damaged");
    assert_eq!(broken("experiment.json", &text(|t| t[..t.len() / 2].to_owned())), "results-damaged");
    assert_eq!(broken("summary.json", &text(|t| t[..t.len() / 2].to_owned())), "results-damaged");
    assert_eq!(broken("runs.parquet", &|mut bytes| bytes.split_off(9)), "results-truncated");
    for input in ["inputs/network.toml", "inputs/scenario/2-baseline.toml"] {
        assert_eq!(broken(input, &text(|t| t + "# looked at\n")), "inputs-changed");
    }
    assert!(Results::open(place.path()).is_ok());
}

#[test]
fn a_build_that_computes_otherwise_does_not_mix_its_runs_in() {
    let place = tempfile::tempdir().unwrap();
    let mut folder = begin(place.path(), identity(RUNS)).unwrap();
    conduct(&mut folder, 1, &Until(AtomicU32::new(200))).unwrap();
    let other = |point: &Point, key: RunKey, watch: &dyn Watch| -> Result<RunResult, RunFailure> {
        let mut result = engine(point, key, watch)?;
        result.rows[0].values[0] += 1e-12;
        Ok(result)
    };
    let before = files(place.path());
    let error = folder.conduct(&other as &dyn Engine, &assumptions(), NonZeroUsize::MIN, &()).unwrap_err();
    assert!(error.code() == "results-differ" && error.to_string().contains("run 0"), "{error}");
    assert_eq!(files(place.path()), before);
}

/// Where one company is asked for, providers are recorded of the run whose rewards it gets: subset 3, as its rows.
#[test]
fn single_providers_have_the_subset_of_the_run_that_they_are_of() {
    let place = tempfile::tempdir().unwrap();
    let company = |point: &Point, key: RunKey, watch: &dyn Watch| -> Result<RunResult, RunFailure> {
        let mut result = engine(point, key, watch)?;
        result.paired.push(Paired { treatment: Treatment::Tokens, rows: result.rows.clone() });
        Ok(result)
    };
    let mut folder = begin(place.path(), identity(2)).unwrap();
    folder.conduct(&company as &dyn Engine, &assumptions(), NonZeroUsize::MIN, &()).unwrap();
    let agents = fs::read_to_string(place.path().join("agents.csv")).unwrap();
    assert!(agents.lines().skip(1).all(|line| line.starts_with("0,3,") && line.contains(",2025-")), "{agents}");
}
