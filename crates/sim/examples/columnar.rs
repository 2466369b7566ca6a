//! Runs the burn-and-mint model as `bench/peers/compare.py` asks for it: `columnar RUNS REPEATS`, one line of end values per repeat.
//!
//! Every day of every run is kept until the clock stops, as the peers keep theirs.

use depin_sim::columnar::{BurnAndMint, Outcome, Shocks, run};
use std::{hint::black_box, process::ExitCode, time::Instant};

fn main() -> ExitCode {
    let arguments: Option<Vec<u64>> = std::env::args().skip(1).map(|argument| argument.parse().ok()).collect();
    let Some(&[runs, repeats]) = arguments.as_deref().filter(|numbers| numbers.iter().all(|number| *number > 0)) else {
        eprintln!("usage: columnar RUNS REPEATS, both at least 1");
        return ExitCode::from(2);
    };
    for _ in 0..repeats {
        let begun = Instant::now();
        let model = |of| BurnAndMint { providers: 1000, days: 3650, shocks: Shocks::OfRun(of) };
        let outcomes: Vec<Outcome> = (0..runs).map(|of| run(model(of))).collect();
        let seconds = begun.elapsed().as_secs_f64();
        let last = &black_box(&outcomes)[0];
        let day = last.days.last().expect("3650 days were run");
        println!("{seconds} {} {} {}", day.supply, day.price, last.balance);
    }
    ExitCode::SUCCESS
}
