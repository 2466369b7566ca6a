//! `depin sim backtest`: forecasts scored on weeks that they have not seen, and series that cannot be taken.

mod support;

use std::{fs, path::Path};
use support::{Printed, depin, interrupted, run};

const HELIUM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/series/helium-weekly.csv");

fn at(folder: &Path, args: &[&str]) -> Printed {
    run(depin().current_dir(folder).args(["sim", "backtest"]).args(args))
}

#[test]
fn a_file_is_forecast_scored_and_kept_and_nothing_is_written_over() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let args = ["helium", "--data", HELIUM, "--train-until", "2024-06-30"];
    let told = at(folder, &args).done();
    assert!(told.out.lines().all(|line| line.chars().count() <= 80), "{}", told.out);
    let flowing = told.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "helium: dollars burned for data credits a week",
        "learnt from those until 2024-06-24",
        "PINBALL LOSS",
        "last value",
        "weeks ahead the demand process is",
        "Rules changed on 2025-01-29",
        "nothing was fitted to it",
        "RULES / ISSUED",
        "no price path, no forecast of a price",
        "No series of akash and io.net is published",
        "no supply-side parameter of theirs may be called calibrated",
    ] {
        assert!(flowing.contains(words), "{words}:\n{}", told.out);
    }
    let results = folder.join("backtest-helium");
    for name in ["backtest.json", "forecasts.csv", "scores.csv", "issuance.csv", "report.html", "inputs/helium-weekly.csv"] {
        assert!(results.join(name).is_file(), "{name}");
    }
    assert!(fs::read_to_string(results.join("report.html")).unwrap().contains("chart-backtest-0-4"));

    // The same again, as data, in a folder of its own; what is there is refused.
    let data = at(folder, &[&args[..], &["--out", "again", "--json"]].concat()).json();
    let kept: serde_json::Value = serde_json::from_str(&fs::read_to_string(folder.join("again/backtest.json")).unwrap()).unwrap();
    assert_eq!(data, kept);
    for name in ["forecasts.csv", "scores.csv", "issuance.csv", "report.html"] {
        assert!(fs::read(results.join(name)).unwrap() == fs::read(folder.join("again").join(name)).unwrap(), "{name}");
    }
    let before = fs::read(results.join("scores.csv")).unwrap();
    let refused = at(folder, &["render", "--out", "backtest-helium"]);
    assert!(refused.code == 1 && refused.err.contains("is left as it is"), "{}", refused.err);
    assert_eq!(fs::read(results.join("scores.csv")).unwrap(), before);

    // Scores are those of the forecasts: all of 13 weeks, over again from the table.
    let one = &data["backtests"][0];
    let forecasts = fs::read_to_string(results.join("forecasts.csv")).unwrap();
    let levels = [0.05, 0.25, 0.5, 0.75, 0.95];
    for score in one["scores"].as_array().unwrap().iter().filter(|score| score["weeks"] == 13) {
        let model = score["model"].as_str().unwrap();
        let lines = forecasts
            .lines()
            .filter(|line| line.starts_with(&format!("helium,burned,{model},")) && line.split(',').nth(4) == Some("13"));
        let losses: Vec<f64> = lines
            .map(|line| {
                let logs: Vec<f64> = line.split(',').skip(5).map(|cell| cell.parse::<f64>().unwrap().ln()).collect();
                let loss = |(level, said): (f64, &f64)| (level * (logs[5] - said)).max((level - 1.0) * (logs[5] - said));
                levels.into_iter().zip(&logs[..5]).map(loss).sum::<f64>() / 5.0
            })
            .collect();
        let (told, count) = (score["pinball"].as_f64().unwrap(), losses.len() as f64);
        assert_eq!(score["forecasts"], losses.len());
        assert!((told - losses.iter().sum::<f64>() / count).abs() < 1e-9, "{model}: {told}");
    }
    let issued = one["issuance"]["2024"]["ratio"].as_f64().unwrap();
    assert!((0.4..2.5).contains(&issued), "{issued}");
}

#[test]
fn series_that_come_along_have_names_and_networks_without_one_say_so() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let both = at(folder, &["filecoin", "--json"]).json();
    let names: Vec<&str> = both["backtests"].as_array().unwrap().iter().map(|one| one["series"].as_str().unwrap()).collect();
    assert_eq!(names, ["onboarding", "deals"]);
    assert!(both["backtests"][0]["issuance"].is_null());
    let next = at(folder, &["filecoin", "--series", "deals"]).done();
    assert!(next.err.contains("results in backtest-filecoin-2"), "{}", next.err);
    for (args, words) in [
        (&["akash"] as &[&str], "no series of akash comes along, so nothing of it can be scored"),
        (&["io.net"], "none of its figures is calibrated"),
        (&["heliun"], "did you mean helium?"),
        (&["filecoin", "--series", "deal"], "did you mean deals?"),
        (&["filecoin", "--data", HELIUM], "say which with --series: onboarding, deals"),
        (&["akash", "--data", HELIUM], "--column"),
        (&["helium", "--data", HELIUM, "--column", "usd"], "the columns are: week, hnt_burned, usd_burned"),
        (&["helium", "--column", "usd_burned"], "--data"),
        (&["helium", "--train-until", "2019-06-30"], "choose a date from 2023-10-16 to 2025-06-02"),
        (&["helium", "--train-until", "2031-01-01"], "and 0 to forecast; choose a date from"),
        (&["helium", "--train-until", "last June"], "write 2024-01-31"),
        (&["helium", "--data", "nowhere.csv"], "there is no file nowhere.csv"),
        (&["helium", "--out", "."], "is left as it is"),
    ] {
        let refused = at(folder, args);
        assert_eq!(refused.code, 1, "{args:?}: {}{}", refused.out, refused.err);
        assert!(refused.out.is_empty() && refused.err.contains(words), "{args:?}: {}", refused.err);
    }
    // One of akash that somebody has can be scored, with its own column.
    let own = at(folder, &["akash", "--data", HELIUM, "--column", "usd_burned", "--out", "own"]).done();
    assert!(own.out.contains("akash: usd_burned of") && !own.out.contains("RULES / ISSUED"), "{}", own.out);
    assert_eq!(fs::read_dir(folder).unwrap().count(), 3, "nothing else was made");
}

#[test]
fn a_file_that_cannot_be_taken_is_told_with_its_line_and_makes_nothing() {
    let place = tempfile::tempdir().unwrap();
    let good = fs::read_to_string(HELIUM).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let without =
        |line: usize| lines.iter().enumerate().filter(|(at, _)| at + 1 != line).map(|(_, line)| format!("{line}\n")).collect();
    let with = |line: usize, text: &str| {
        let all = lines.iter().enumerate().map(|(at, old)| format!("{}\n", if at + 1 == line { text } else { old }));
        all.collect::<String>()
    };
    let cases: [(String, &str); 8] = [
        (without(30), "line 30: 2023-11-13 follows 2023-10-30, where 2023-11-06 is due"),
        (with(30, "2023-11-06,1,NaN,1,1"), "line 30: `NaN` is no amount"),
        (with(30, "2023-11-06,1,2,NaN,1"), "line 30: `NaN` is no amount"),
        (with(30, "2023-10-23,1,2,1,1"), "line 30: 2023-10-23 stands behind 2023-10-30"),
        (with(30, "6 November,1,2,1,1"), "line 30: `6 November` is no date"),
        (with(30, "2023-11-06,1,2"), "line 30"),
        (good.replace("usd_burned", "dollars"), "there is no column `usd_burned`"),
        (lines[..20].join("\n"), "there are 19 weeks; at least 40 are needed"),
    ];
    for (nth, (text, words)) in cases.iter().enumerate() {
        let name = format!("{nth}.csv");
        fs::write(place.path().join(&name), text).unwrap();
        let refused = at(place.path(), &["helium", "--data", &name]);
        assert_eq!(refused.code, 1, "{words}: {}{}", refused.out, refused.err);
        assert!(refused.err.contains(&format!("{name}: ")) && refused.err.contains(words), "{words}: {}", refused.err);
    }
    assert!(fs::read_dir(place.path()).unwrap().all(|entry| entry.unwrap().path().extension().is_some()), "no folder was made");
}

/// Filecoin has two series: the first goes on to its end, and is kept; the second is not begun.
#[test]
fn ctrl_c_keeps_the_series_that_are_done() {
    let place = tempfile::tempdir().unwrap();
    let stopped = interrupted(depin().current_dir(place.path()).args(["sim", "backtest", "filecoin"]), "four forecasts");
    assert_eq!(stopped.code, 2, "{}{}", stopped.out, stopped.err);
    assert!(stopped.err.contains("what is done is kept, and these series were not forecast: "), "{}", stopped.err);
    let results = place.path().join("backtest-filecoin");
    let kept: serde_json::Value = serde_json::from_str(&fs::read_to_string(results.join("backtest.json")).unwrap()).unwrap();
    assert_eq!(kept["backtests"].as_array().unwrap().len(), 1);
    assert_eq!(fs::read_dir(results.join("inputs")).unwrap().count(), 1);
}
