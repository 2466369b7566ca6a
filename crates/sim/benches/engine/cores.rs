//! Runs on one core and on two: `cargo bench -p depin-sim --bench engine -- cores`.
//!
//! Runs are independent, so what two cores make in the time of one depends on what they share: caches, memory, and other work on the machine.
//! Time on the wall says what came of it here; processor time says what would, if both cores had nothing else to do.

use super::{Service, clock, model};
use depin_sim::experiment::{Assumptions, Experiment, Plan, State};
use rustix::time::ClockId;
use std::{num::NonZeroUsize, time::Duration};

const RUNS: u32 = 8;
const ROUNDS: u32 = 5;
const PROVIDERS: f64 = 1_000.0;

/// Time on the wall, and of all processors.
type Taken = (Duration, Duration);

pub fn measure(name: &str, service: &Service) {
    let model = model(name, PROVIDERS, 1.0, PROVIDERS * 15.0, service);
    let assumptions = Assumptions::default();
    let plan = Plan { simulation: 0, seed: 1, runs: RUNS, fixed: true };
    let experiment = Experiment::new(&model, &assumptions, plan);
    let timed = |workers: usize| -> Taken {
        let workers = NonZeroUsize::new(workers).expect("one or two");
        let (wall, all) = (clock(ClockId::Monotonic), clock(ClockId::ProcessCPUTime));
        let done = experiment.all(0..RUNS, workers, &(), |record| {
            if record.state == State::Finished { Ok(()) } else { Err(format!("run {}: {:?}", record.run, record.state)) }
        });
        assert_eq!(done, Ok(true));
        (clock(ClockId::Monotonic) - wall, clock(ClockId::ProcessCPUTime) - all)
    };
    let (mut one, mut two) = ((Duration::MAX, Duration::MAX), (Duration::MAX, Duration::MAX));
    for _ in 0..ROUNDS {
        one = least(one, timed(1));
        two = least(two, timed(2));
    }
    println!("{RUNS} runs of {name}, a year of {PROVIDERS} providers each; best of {ROUNDS} rounds in turns");
    for (workers, (wall, processor)) in [(1, one), (2, two)] {
        println!("{workers} workers: {:.3} s on the wall, {:.3} s of processor", wall.as_secs_f64(), processor.as_secs_f64());
    }
    println!(
        "two to one: {:.2} on the wall; {:.2} by processor time",
        one.0.as_secs_f64() / two.0.as_secs_f64(),
        2.0 * one.1.as_secs_f64() / two.1.as_secs_f64()
    );
}

fn least(a: Taken, b: Taken) -> Taken {
    (a.0.min(b.0), a.1.min(b.1))
}
