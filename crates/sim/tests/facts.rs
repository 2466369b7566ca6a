//! What the defaults reproduce of what was seen, told in `docs/stylised-facts.md` as it is: figures by the median of three runs.
//! `DEPIN_FACTS_PRINT=1` prints the table's rows anew.

#![allow(missing_docs)]

use depin_networks::network_file;
use depin_sim::{
    Model, Point, RunKey,
    facts::{Evidence, Fact, Set},
    run,
    scenario::{Draft, Scenario, Treatment},
};
use std::collections::BTreeMap;

const PAGE: &str = include_str!("../../../docs/stylised-facts.md");
const FINDINGS: &str = include_str!("../../../docs/findings.md");
const README: &str = include_str!("../../../README.md");
const FIVE: [(&str, &str); 5] =
    [("helium", "coverage"), ("filecoin", "storage"), ("render", "rendering"), ("akash", "leasing"), ("io.net", "clusters")];

fn model(network: &str, service: &str, scenario: &str, years: &str) -> Model {
    let mut draft = Draft::builtin(scenario).unwrap();
    let scenario: Scenario = draft.set("scenario.years", years).resolve(service).unwrap();
    Model::new(network_file(network).unwrap(), scenario).unwrap()
}

/// A row of the page for each fact: what was seen, the figure, the verdict.
fn rows() -> Vec<String> {
    let facts = Fact::builtin();
    let mut rows = Vec::new();
    for (network, service) in FIVE {
        for scenario in ["baseline", "ai-boom"] {
            let of: Vec<&Fact> = facts.iter().filter(|fact| fact.network == network && fact.scenario == scenario).collect();
            if of.is_empty() {
                continue;
            }
            // Helium's burning may take five years to overtake its minting; two years and a row show everything else.
            let years = if network == "helium" { "5" } else { "2.1" };
            let model = model(network, service, scenario, years).paired_with(&[]);
            let runs: Vec<_> = (0..3).map(|n| run(&model, &Point::default(), RunKey { seed: 1, run: n }, &()).unwrap()).collect();
            for fact in of {
                let mut figures: Vec<f64> = runs
                    .iter()
                    .map(|result| {
                        let kpis: BTreeMap<String, f64> = result.kpis.iter().map(|(id, kpi)| (id.to_string(), *kpi)).collect();
                        fact.figure(Evidence { rows: &result.rows, kpis: &kpis, scenario: model.scenario() })
                    })
                    .collect();
                figures.sort_by(f64::total_cmp);
                let (figure, word) = (figures[1], fact.verdict(figures[1]).word());
                rows.push(format!("| `{}` | {} | {} | {word} |", fact.id, short(fact.observed), short(figure)));
            }
        }
    }
    rows
}

/// To two digits.
fn short(figure: f64) -> String {
    let digits = if figure == 0.0 { 0.0 } else { (1.0 - figure.abs().log10().floor()).max(0.0) };
    format!("{figure:.*}", digits as usize)
}

#[test]
fn the_page_tells_what_the_defaults_reproduce_and_what_they_miss() {
    let (rows, facts) = (rows(), Fact::builtin());
    if std::env::var_os("DEPIN_FACTS_PRINT").is_some() {
        rows.iter().for_each(|row| println!("{row}"));
    }
    let unlike: Vec<&String> = rows.iter().filter(|row| !PAGE.contains(row.as_str())).collect();
    assert!(unlike.is_empty(), "docs/stylised-facts.md tells otherwise of:\n{unlike:#?}");
    let reproduced = rows.iter().filter(|row| row.ends_with("| reproduced |")).count();
    // Whoever counts them elsewhere counts the same.
    let unset: Vec<&Fact> = facts.iter().filter(|fact| fact.set == Set::No).collect();
    let right = |fact: &&&Fact| rows.iter().any(|row| row.contains(&format!("`{}`", fact.id)) && row.ends_with("| reproduced |"));
    let counts = [(reproduced, rows.len()), (unset.iter().filter(right).count(), unset.len())];
    let [(all, of_all), (free, of_free)] = counts;
    for (page, words) in [
        (PAGE, format!("{all} of {of_all} are reproduced, {free} of them among the {of_free} that set no default")),
        (
            FINDINGS,
            format!("reproduce {all} of {of_all} facts** of the real networks, {free} of the {of_free} that set no default"),
        ),
        (README, format!("({all} of {of_all})")),
    ] {
        assert!(page.contains(&words), "no page says: {words}");
    }
    assert!(4 * reproduced >= 3 * rows.len(), "{reproduced} of {}", rows.len());
}

/// Nobody comes faster than people, hardware and money do, and what rewards pay for is more than what comes without them.
#[test]
fn no_fleet_overshoots_and_without_rewards_fewer_come() {
    for (network, service) in FIVE {
        let model = model(network, service, "baseline", "3").paired_with(&[Treatment::NoTokens]);
        let result = run(&model, &Point::default(), RunKey { seed: 1, run: 0 }, &()).unwrap();
        let capacity = |row: usize| result.rows[row].get("capacity") / result.rows[0].get("capacity");
        assert!((0.1..10.0).contains(&capacity(155)), "{network}: {} times the capacity after three years", capacity(155));
        let one_year = |rows: &[depin_sim::results::Row]| rows[51].get("capacity");
        let (with, without) = (one_year(&result.rows), one_year(&result.paired[0].rows));
        // Akash rewards stakers, and no provider.
        assert!(network == "akash" || without < with, "{network}: {without} without rewards, {with} with them");
        let dear = |row: &depin_sim::results::Row| row.get("service_price") / row.get("alternative_price");
        let dearest = result.rows.iter().map(dear).fold(0.0, f64::max);
        assert!(network == "helium" || dearest <= 1.1, "{network}: {dearest} times the alternative's price");
        assert!(result.rows.iter().all(|row| !row.get("gini").is_nan()), "{network} has no Gini coefficient");
        // Charges of a segment are paid as one; those of the opening may fail.
        assert!(result.effort.unpaid <= 3, "{network}: {} bills were not paid", result.effort.unpaid);
    }
}
