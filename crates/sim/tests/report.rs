//! The page that people read: one file, the same bytes each time, and nothing in it that a network's file could smuggle in.

mod standin;

use depin_sim::{
    experiment::Sign,
    report::{Comparison, is_page, page},
    results::{Identity, Results, RunFolder},
};
use standin::{assumptions, engine, identity, inputs};
use std::{num::NonZeroUsize, path::Path};

fn made(path: &Path, identity: Identity) -> Results {
    let mut folder = RunFolder::begin(path, identity, &inputs(), &assumptions()).unwrap();
    folder.conduct(&engine, &assumptions(), NonZeroUsize::new(2).unwrap(), &()).unwrap();
    Results::open(path).unwrap()
}

/// The JSON of the charts.
fn charts(page: &str) -> Vec<serde_json::Value> {
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"charts\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn a_report_stands_alone_and_is_the_same_each_time() {
    let place = tempfile::tempdir().unwrap();
    let results = made(place.path(), identity(120));
    let text = page(&results).unwrap();
    assert_eq!(text, page(&results).unwrap());
    assert!(is_page(&text) && !is_page("<html>years of work</html>"));
    for fetched in ["src=", "<link", "@import", "url(", "fetch(", "XMLHttpRequest"] {
        assert!(!text.contains(fetched), "{fetched}");
    }
    assert!(text.len() < 400_000, "{} bytes", text.len());
    // What the network's file and the scenario say is shown, and stays text.
    assert!(text.contains("Atlas &lt;maps&gt; &amp; tiles") && !text.contains("<maps>"));
    assert!(text.contains("a &lt;b&gt;bold&lt;/b&gt; assumption"));
    for words in [
        "Incentive conversion",
        "caused (incremental)",
        "Audit",
        "All books balance",
        "1 of 120 runs failed and in no figure",
        "nobody is left to pay",
        "undecided",
        "Exact inputs",
        "depin sim run --again . --out ../again",
        "120 runs of seed 7. Single providers were recorded every 70 days.",
        "market.start -0.9",
        &results.summary.files["runs.parquet"].sha256,
        "The MIT License (MIT)",
    ] {
        assert!(text.contains(words), "{words}");
    }
}

#[test]
fn every_chart_has_its_place_its_numbers_and_its_definitions() {
    let place = tempfile::tempdir().unwrap();
    let text = page(&made(place.path(), identity(40))).unwrap();
    let charts = charts(&text);
    assert_eq!(charts.len(), 12);
    for chart in &charts {
        let id = chart["id"].as_str().unwrap();
        let (_, figure) = text.split_once(&format!("<figure id=\"chart-{id}\">")).unwrap_or_else(|| panic!("{id}"));
        let (_, caption) = figure.split_once("<figcaption><b>").unwrap();
        assert!(caption.split_once("</figcaption>").unwrap().0.len() > 20, "{id}");
        for line in chart["lines"].as_array().unwrap() {
            for values in line["values"].as_array().unwrap() {
                assert_eq!(values.as_array().unwrap().len(), chart["x"].as_array().unwrap().len(), "{id}");
            }
        }
    }
    let of = |id: &str| charts.iter().find(|chart| chart["id"] == id).unwrap();
    // A fan is five percentiles; a run beside it is one dashed line.
    let providers = of("providers")["lines"].as_array().unwrap();
    assert_eq!((providers[0]["values"].as_array().unwrap().len(), providers[1]["values"].as_array().unwrap().len()), (5, 1));
    assert_eq!(providers[1]["dashed"], true);
    // Rewards stand upon each other: the topmost line is their sum.
    let rewards = of("rewards")["lines"].as_array().unwrap();
    let [low, own, high] =
        [&rewards[1]["values"][0][3], &rewards[2]["own"][3], &rewards[2]["values"][0][3]].map(|v| v.as_f64().unwrap());
    assert!((low + own - high).abs() < high * 1e-4, "{low} + {own} = {high}");
    // What a scale of powers cannot show is left out.
    assert!(of("price")["lines"][0]["values"][0].as_array().unwrap().iter().all(|v| v.as_f64().unwrap() > 0.0));
}

#[test]
fn folders_side_by_side_are_compared_run_by_run_where_they_share_their_chance() {
    let place = tempfile::tempdir().unwrap();
    let with_seed = |seed| Identity { plan: depin_sim::experiment::Plan { seed, ..identity(60).plan }, ..identity(60) };
    let one = made(&place.path().join("one"), with_seed(7));
    let same = made(&place.path().join("same"), Identity { depin: "0.2.0".to_owned(), ..with_seed(7) });
    let other = made(&place.path().join("other"), with_seed(8));
    let list = [one, same, other];
    let comparison = Comparison::new(&list).unwrap();
    assert_eq!(comparison.paired, [true, true, false]);
    assert!(comparison.names[2].ends_with("other"), "{:?}", comparison.names);
    let figure = comparison.figures.iter().find(|figure| figure.id == "burn-to-mint").unwrap();
    assert!(figure.less_first[0].is_none());
    let same = figure.less_first[1].as_ref().unwrap();
    assert!(same.sign == Sign::Zero && same.p95.value == 0.0 && same.runs == 59, "{same:?}");
    let apart = figure.less_first[2].as_ref().unwrap();
    assert!(apart.sign == Sign::Undecided && apart.p5.value < 0.0 && apart.p95.value > 0.0, "{apart:?}");
    assert_eq!(comparison.unlike.len(), 1, "{:?}", comparison.unlike);
    assert!(comparison.unlike[0].starts_with("Seeds are not the same: "), "{:?}", comparison.unlike);
    let text = comparison.page(&list).unwrap();
    assert!(text.contains("Seeds are not the same") && text.contains("where both have one seed and runs of the same time"));
    assert_eq!(charts(&text).len(), 8);
    assert!(is_page(&text) && text.contains("Burn to mint") && text.contains("(undecided)") && !text.contains("<maps>"));
    assert_eq!(text, comparison.page(&list).unwrap());
}

/// Runs of other lengths, and fewer of them, are not set beside others without a word.
#[test]
fn what_is_not_alike_is_told_and_not_compared_run_by_run() {
    let place = tempfile::tempdir().unwrap();
    let one = made(&place.path().join("one"), identity(20));
    let mut longer = identity(20);
    longer.scenario.years = 1.0;
    let longer = made(&place.path().join("longer"), longer);
    let fewer = made(&place.path().join("fewer"), identity(10));
    let list = [one, longer, fewer];
    let comparison = Comparison::new(&list).unwrap();
    assert_eq!(comparison.paired, [true, false, true]);
    let [time, runs] = &comparison.unlike[..] else { panic!("{:?}", comparison.unlike) };
    assert!(time.contains("longer 1 year from 2025-01-01") && time.contains("one 212 days"), "{time}");
    assert!(runs.contains("one 20, longer 20, fewer 10"), "{runs}");
    let burned = comparison.figures.iter().find(|figure| figure.id == "burn-to-mint").unwrap();
    assert_eq!(burned.less_first[2].as_ref().unwrap().runs, 9, "those that both have, but for the one that failed");
    let text = comparison.page(&list).unwrap();
    assert!(text.contains("Runs are not of the same time") && !text.contains("share the seed's chance"));
}

/// However many columns there are, each has its part of the page, on paper and on a screen.
#[test]
fn no_column_of_a_comparison_is_wider_than_its_part() {
    let place = tempfile::tempdir().unwrap();
    let list: Vec<Results> = (0..5).map(|n| made(&place.path().join(n.to_string()), identity(4))).collect();
    let text = Comparison::new(&list).unwrap().page(&list).unwrap();
    assert!(text.contains("<table class=\"beside\">") && text.contains("table.beside { table-layout: fixed;"));
    assert!(text.contains("<td class=\"figure\" colspan=\"5\">Burn to mint"));
    assert!(text.contains("share the seed&#39;s chance") || text.contains("share the seed's chance"), "all are paired");
}

/// Units stand beside names: whoever reads both reads neither twice.
#[test]
fn no_figure_has_its_unit_in_its_name() {
    for kpi in depin_sim::kpi::kpis() {
        let (name, unit) = (kpi.title.to_lowercase(), depin_sim::report::unit_shown(kpi.unit));
        assert!(unit.is_empty() || !name.split(' ').any(|word| word == unit) && !name.ends_with(unit), "{}: {unit}", kpi.title);
    }
}

#[test]
fn one_run_is_no_band_and_is_called_one() {
    let place = tempfile::tempdir().unwrap();
    let text = page(&made(place.path(), identity(1))).unwrap();
    assert!(text.contains("<b>1 run</b>, one draw") && text.contains("One run is no band") && text.contains("1 run of seed 7"));
    assert!(!text.contains("1 runs") && !text.contains("The same times"));
}
