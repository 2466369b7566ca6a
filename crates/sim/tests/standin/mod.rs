//! A model small enough to be checked by hand: a stand-in for a run of a network.

#![allow(dead_code, reason = "each test file uses a part of this")]

use depin_quantity::Instant;
use depin_sim::{
    AuditSummary, Opening, Paired, Point, RunFailure, RunKey, RunResult, Watch,
    experiment::{Assumptions, Plan},
    kpi::{self, KpiId},
    results::{AgentRow, COLUMNS, FORMAT, Identity, Inputs, NetworkInput, Row, ScenarioInput, column},
    scenario::{Figure, Treatment},
};
use sha2::{Digest as _, Sha256};

pub const STEPS: u32 = 30;
const WEEK: u64 = 7 * 86_400_000;

/// A number from -1 to 1 that depends on the run and the step alone.
fn chance(key: RunKey, step: u32) -> f64 {
    let bytes = Sha256::digest([&key.seed.to_be_bytes()[..], &key.run.to_be_bytes(), &step.to_be_bytes()].concat());
    f64::from(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])) / f64::from(u32::MAX) * 2.0 - 1.0
}

fn row(step: u32, set: &[(&str, f64)]) -> Row {
    let mut values = vec![0.0; COLUMNS.len()];
    for (name, value) in set {
        values[column(name).unwrap()] = *value;
    }
    Row { timestep: step, date: Instant::new(1_735_689_600_000 + u64::from(step) * WEEK), values }
}

/// Use grows as the assumption says, and by chance; the price is an assumption with noise. Run 3 fails half way.
#[expect(clippy::too_many_lines, reason = "a made-up run, figure by figure")]
pub fn engine(point: &Point, key: RunKey, watch: &dyn Watch) -> Result<RunResult, RunFailure> {
    let get = |name: &str, default: f64| point.values.get(name).copied().unwrap_or(default);
    let (growth, price) = (get("scenario.demand.a.growth", 0.5), get("scenario.market.start", 2.0));
    let (mut rows, mut without) = (Vec::new(), Vec::new());
    for step in 1..=STEPS {
        if !watch.step(step, STEPS) {
            break;
        }
        if key.run == 3 && step > STEPS / 2 {
            return Err(RunFailure { key, rows, message: "nobody is left to pay".to_owned() });
        }
        let years = f64::from(step) / 52.0;
        let usage = 1000.0 * (1.0 + growth * years) + 50.0 * chance(key, step);
        let price = price * (1.0 + 0.3 * chance(key, 1000 + step));
        rows.push(row(
            step,
            &[
                ("price", price),
                ("supply", 1e8 + 1e5 * f64::from(step)),
                ("circulating", 6e7 + 9e4 * f64::from(step)),
                ("minted", 1e5),
                ("burned", usage / price),
                ("mint_usd", 1e5 * price),
                ("burn_usd", usage),
                ("reward_providers_usd", 7e4 * price),
                ("reward_stakers_usd", 2e4 * price),
                ("reward_other_usd", 1e4 * price),
                ("providers", 100.0 + f64::from(step)),
                ("capacity", 2000.0),
                ("demand", usage * 1.1),
                ("usage", usage),
                ("paid_usage", usage * 0.8),
                ("useful_usage", usage * 0.9),
                ("utilisation", usage / 14_000.0),
                ("revenue_usd", usage),
                ("revenue_third_usd", usage * 0.8),
                ("payback_months", if step < 3 { f64::NAN } else { 20.0 / price }),
                ("profit_usd", 5e3 * (price - 1.5)),
            ],
        ));
        without.push(row(step, &[("usage", 800.0), ("useful_usage", 800.0), ("capacity", 1500.0), ("price", f64::NAN)]));
    }
    let paired = vec![Paired { treatment: Treatment::NoTokens, rows: without }];
    let mut kpis = kpi::all(&rows, &paired, Opening { date: rows.first().map_or_else(Instant::default, |row| row.date), price });
    let last = rows.last().map_or(f64::NAN, |row| row.get("usage"));
    kpis.extend([
        (KpiId("burn-to-mint"), last / (1e5 * price)),
        (KpiId("net-issuance"), chance(key, 7)),
        (KpiId("payback-months"), if key.run.is_multiple_of(4) { f64::INFINITY } else { 20.0 / price }),
        (KpiId("utilisation"), last / 14_000.0),
    ]);
    let agent = |step| AgentRow {
        timestep: step,
        agent: 0,
        class: "idle".to_owned(),
        capacity: 1.0,
        booked: 0.5,
        income_usd: 9.0,
        rewards_usd: 8.0,
        cash_usd: price,
        tokens: 3.0,
    };
    Ok(RunResult {
        agents: vec![agent(10), agent(20)],
        paired,
        rows,
        regions: vec![kpi::Region { name: "asia".to_owned(), capacity: 2000.0, revenue_usd: 100.0 * price }],
        kpis,
        drawn: point.values.clone(),
        audit: AuditSummary { checked: 100, ..AuditSummary::default() },
        effort: depin_sim::Effort::default(),
        stopped: None,
    })
}

pub fn assumptions() -> Assumptions {
    let figure = |value, range, log| Figure { range: Some(range), log, ..Figure::plain(value) };
    Assumptions::new([
        ("scenario.demand.a.growth".to_owned(), figure(0.5, (0.0, 1.0), false)),
        ("scenario.market.start".to_owned(), figure(2.0, (1.0, 4.0), true)),
        ("scenario.market.depth".to_owned(), figure(1e6, (1e5, 1e7), true)),
        ("scenario.unit.per-day".to_owned(), Figure::plain(24.0)),
    ])
}

pub fn inputs() -> Inputs {
    Inputs {
        network: "[network]\nname = \"atlas\"\n".to_owned(),
        scenario: vec![
            ("metered.toml".to_owned(), "[unit]\nname = \"map tile\"\n".to_owned()),
            ("baseline.toml".to_owned(), "[scenario]\nname = \"baseline\" # a <b>bold</b> assumption\n".to_owned()),
        ],
    }
}

pub fn identity(runs: u32) -> Identity {
    let inputs = inputs();
    Identity {
        format: FORMAT,
        depin: "0.1.0".to_owned(),
        network: NetworkInput {
            name: "atlas".to_owned(),
            title: "Atlas <maps> & tiles".to_owned(),
            service: "metered".to_owned(),
            priced_as: None,
            sha256: inputs.network_sha256(),
        },
        scenario: ScenarioInput {
            name: "baseline".to_owned(),
            title: "Baseline".to_owned(),
            about: "nothing special happens".to_owned(),
            start: "2025-01-01T00:00:00Z".to_owned(),
            years: 0.58,
            step_ms: 86_400_000,
            record_ms: WEEK,
            opening: "aged".to_owned(),
            treatment: "tokens".to_owned(),
            unit: ["map tile".to_owned(), "map tiles".to_owned()],
            sha256: inputs.scenario_sha256(),
        },
        set: Vec::new(),
        plan: Plan { simulation: 0, seed: 7, runs, fixed: false },
        agents_every: Some(10),
        first_day: None,
    }
}
