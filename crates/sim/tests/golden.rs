//! Rows of small runs of every network that comes along, pinned to the bit: whoever makes the engine faster changes none of them.
//!
//! `golden/rows.txt` has a line for each network, scenario and treatment: the SHA-256 of all values of its rows, and last figures that a person
//! can read. What changes rules, scenarios or the order of a sum changes lines; then the figures of `docs/findings.md` and `docs/claims.md` are
//! of another model, and are made anew. To write the lines: `DEPIN_GOLDEN=write cargo test -p depin-sim --test golden`.

use depin_networks::network_file;
use depin_sim::{
    Model,
    experiment::{Assumptions, Experiment, Plan, State},
    results::Row,
    scenario::{Draft, Treatment},
};
use sha2::{Digest as _, Sha256};
use std::{env, fs, path::Path};

const NETWORKS: [&str; 5] = ["helium", "filecoin", "render", "akash", "io.net"];
const SCENARIOS: [&str; 2] = ["baseline", "ai-boom"];
const DAYS: u32 = 42;
/// What people read of the last row.
const SHOWN: [&str; 4] = ["price", "providers", "usage", "minted"];

/// Every value of all rows, bit by bit, and when each was: an undefined value is one whatever its bits.
fn digest(rows: &[Row]) -> String {
    let mut all = Sha256::new();
    for row in rows {
        all.update(row.date.get().to_be_bytes());
        for value in &row.values {
            let value = if value.is_nan() { f64::NAN } else { *value };
            all.update(value.to_bits().to_be_bytes());
        }
    }
    hex::encode(all.finalize())
}

fn line(name: &str, treatment: &str, rows: &[Row]) -> String {
    let last = rows.last().expect("a run has rows");
    let shown = SHOWN.map(|column| format!("{column}={}", last.get(column)));
    format!("{name} {treatment} {} {}", digest(rows), shown.join(" "))
}

fn name_of(treatment: Treatment) -> &'static str {
    match treatment {
        Treatment::Tokens => "tokens",
        Treatment::NoTokens => "no-tokens",
        Treatment::CentralCapex => "central-capex",
    }
}

/// The lines of one network under one scenario: the run that was asked for, and those that it is compared with, every assumption drawn.
fn lines(network: &str, scenario: &str) -> Vec<String> {
    let text = network_file(network).expect("it comes along");
    let mut draft = Draft::builtin(scenario).expect("it comes along");
    draft.set("scenario.years", &(f64::from(DAYS) / 365.0).to_string());
    let people = draft.for_network(text, network, None).unwrap_or_else(|error| panic!("{network} {scenario}: {error}"));
    let assumptions = Assumptions::of(&people);
    let model = Model::new(text, people).unwrap_or_else(|error| panic!("{network} {scenario}: {error}"));
    let plan = Plan { simulation: 0, seed: 1, runs: 1, fixed: false };
    let record = Experiment::new(&model, &assumptions, plan).one(0, &()).expect("nobody stops it");
    assert_eq!(record.state, State::Finished, "{network} {scenario}");
    let name = format!("{network} {scenario}");
    let paired = record.paired.iter().map(|one| line(&name, name_of(one.treatment), &one.rows));
    std::iter::once(line(&name, "tokens", &record.rows)).chain(paired).collect()
}

#[test]
fn rows_of_small_runs_are_the_same_bits_as_ever() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/rows.txt");
    let all = NETWORKS.iter().flat_map(|network| SCENARIOS.iter().flat_map(|scenario| lines(network, scenario)));
    let text = all.map(|line| line + "\n").collect::<String>();
    if env::var_os("DEPIN_GOLDEN").is_some_and(|what| what == "write") {
        fs::write(&path, &text).expect("the folder is there");
    }
    let known = fs::read_to_string(&path).expect("the lines are committed");
    for (found, known) in text.lines().zip(known.lines()) {
        assert_eq!(
            found, known,
            "another row; if that is meant, say so where these lines are explained, and make the findings anew"
        );
    }
    assert_eq!(text.lines().count(), known.lines().count());
}
