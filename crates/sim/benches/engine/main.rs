//! The whole engine: a thousand providers that decide every day, every close settled exactly, an audit at the end. `cargo bench -p depin-sim
//! --bench engine [-- NETWORK]`. An agent-step is a day of one provider with all its closes; time is processor time of one thread.
//! `-- cores` and `-- million` measure what their modules say, on Helium or the network that is named.

mod cores;
mod million;
mod scenario;

use depin_networks::network_file;
use depin_quantity::{Name, Span};
use depin_sim::{
    Model, Point, RunKey, run,
    scenario::{Fundamental, Mechanism, PaidBy, Per},
};
use rustix::time::{ClockId, clock_gettime};
use scenario::{Service, scenario};
use std::time::Duration;

/// As in the program.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PROVIDERS: f64 = 1_000.0;
const YEARS: f64 = 3.0;

fn clock(id: ClockId) -> Duration {
    Duration::try_from(clock_gettime(id)).expect("time goes on")
}

/// A network that so many providers serve for so many years; nothing is run beside it.
fn model(name: &str, providers: f64, years: f64, demand: f64, service: &Service) -> Model {
    let network = network_file(name).expect("a network that comes along");
    let model = Model::new(network, scenario(providers, years, demand, service));
    model.unwrap_or_else(|error| panic!("{name}: {error}")).paired_with(&[])
}

fn services() -> [(&'static str, &'static str, Service); 5] {
    let paid = |kind| Name::literal(kind);
    [
        (
            "helium",
            "5e6",
            Service {
                paid_by: PaidBy::Credit(paid("packet")),
                mechanism: Mechanism::FixedCredit,
                fundamental: Fundamental::Burns,
                term: Span::from_days(7),
                metrics: &[
                    ("beacon-units", Per::Capacity, 1e4),
                    ("witness-units", Per::Capacity, 4e4),
                    ("packet-units", Per::Usage, 1e4),
                ],
            },
        ),
        (
            "io.net",
            "1e6",
            Service {
                paid_by: PaidBy::Stream(paid("hire")),
                mechanism: Mechanism::Asks,
                fundamental: Fundamental::Burns,
                term: Span::from_days(30),
                metrics: &[
                    ("device-score", Per::Capacity, 24e3),
                    ("hired-hours", Per::Usage, 3_600.0),
                    ("stake-units", Per::Presence, 4.0),
                ],
            },
        ),
        (
            "filecoin",
            "",
            Service {
                paid_by: PaidBy::Stream(paid("deal")),
                mechanism: Mechanism::Asks,
                fundamental: Fundamental::Quantity,
                term: Span::from_days(180),
                metrics: &[("quality-bytes", Per::Capacity, 1e14), ("raw-bytes", Per::Capacity, 1e14)],
            },
        ),
        (
            "render",
            "",
            Service {
                paid_by: PaidBy::Charge(paid("frame")),
                mechanism: Mechanism::Tier,
                fundamental: Fundamental::Burns,
                term: Span::from_days(7),
                metrics: &[("approved-value", Per::ValueUsd, 1e6), ("nodes", Per::Presence, 1.0)],
            },
        ),
        (
            "akash",
            "",
            Service {
                paid_by: PaidBy::Stream(paid("lease")),
                mechanism: Mechanism::Auction,
                fundamental: Fundamental::Burns,
                term: Span::from_days(30),
                metrics: &[("leased-units", Per::Usage, 1e3), ("providers", Per::Presence, 1.0)],
            },
        ),
    ]
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let services = services();
    let named = |(name, ..): &&(&str, &str, Service)| words.iter().any(|word| word == name);
    let (name, _, service) = services.iter().find(named).unwrap_or(&services[0]);
    let asks = |for_what: &str| words.iter().any(|word| word == for_what);
    if asks("cores") {
        cores::measure(name, service);
    } else if asks("million") {
        million::measure(name, service);
    } else {
        println!(
            "{:<10} {:>14} {:>8} {:>14} {:>10} {:>9} {:>8}",
            "network", "days/CPU s", "wanted", "provider-days", "records/d", "refused", "opened"
        );
        for network in services.iter().filter(|network| words.is_empty() || named(network)) {
            measure(network);
        }
    }
}

/// Steps of one network's thousand providers in a second of one processor, the best of three runs.
fn measure((name, goal, service): &(&str, &str, Service)) {
    let began = clock(ClockId::ThreadCPUTime);
    let model = model(name, PROVIDERS, YEARS, PROVIDERS * 15.0, service);
    let opened = clock(ClockId::ThreadCPUTime) - began;
    let mut best = Duration::MAX;
    let mut effort = depin_sim::Effort::default();
    for number in 0..3 {
        let began = clock(ClockId::ThreadCPUTime);
        let key = RunKey { seed: 1, run: number };
        let result = run(&model, &Point::default(), key, &()).unwrap_or_else(|failure| panic!("{name}: {failure}"));
        best = best.min(clock(ClockId::ThreadCPUTime) - began);
        effort = result.effort;
    }
    let days = effort.provider_days as f64;
    let each = effort.records as f64 / days;
    let speed = days / best.as_secs_f64();
    println!("{name:<10} {speed:>14.3e} {goal:>8} {days:>14} {each:>10.3} {:>9} {:>7.2}s", effort.refused, opened.as_secs_f64());
    assert!(each >= 0.1, "{name}: {each} records a provider-day are too few to count");
}
