//! What checking an answer costs, in parts of what answering costs: times of one run side by side, and operations.
//!
//! Plain `main`, because the figure wanted is a ratio. Run: `cargo bench -p depin-challenge --bench check [-- CORES MEMORY_MIB STEPS]`.

use depin_challenge::{Answer, Claim, Cost, Lot, Processor, Progress, Scale, Work, prepare, verify};
use depin_quantity::{Seed, UnitId};
use std::{
    hint::black_box,
    time::{Duration, Instant},
};

const CHECKS: u32 = 20;

fn main() {
    let mut figures = std::env::args().filter_map(|text| text.parse::<u32>().ok());
    let mut figure = |otherwise| figures.next().unwrap_or(otherwise);
    let (cores, memory_mib, steps) = (figure(1), figure(256), figure(4095));
    let claim = Claim { cores: u16::try_from(cores).expect("cores are at most 256"), memory_mib };
    let scale = Scale { steps, ..Scale::PRODUCTION };
    let work = Work::draw(Seed::new([1; 32]), UnitId::new([2; 32]), claim, scale).expect("claim and scale are allowed");
    println!("{claim:?}\n{scale:?}\nchecked steps: {} of {}", work.probes(), work.transitions());

    let progress = Progress::default();
    let mut done = None;
    let worked = timed(|| done = Some(prepare(&work, &Processor, &progress).expect("the work is done")));
    let done = done.expect("it was set");
    let mut answer = None;
    let delayed = timed(|| answer = Some(done.answer(Lot::Committed, &progress).expect("the answer is made")));
    let bytes = answer.expect("it was set").encode();
    let drawn = Lot::Drawn { root: done.root(), seed: Seed::new([3; 32]) };
    let other = done.answer(drawn, &progress).expect("the answer is made");

    let answer = Answer::decode(&bytes).expect("it was encoded");
    let mut checks = [Duration::MAX; 2];
    for _ in 0..CHECKS {
        checks[0] = checks[0].min(timed(|| verify(black_box(&work), &answer, Lot::Committed).expect("it is right")));
        checks[1] = checks[1].min(timed(|| verify(black_box(&work), &other, drawn).expect("it is right")));
    }
    let total = (worked + delayed).as_secs_f64() * f64::from(cores);
    println!("work {:.3} s, delay {:.3} s, answer {} bytes", worked.as_secs_f64(), delayed.as_secs_f64(), bytes.len());
    for (name, check) in [("one message", checks[0]), ("two messages", checks[1])] {
        let seconds = check.as_secs_f64();
        println!(
            "check, {name}: {:.3} ms, {:.5} % of what the cores together answered in",
            seconds * 1e3,
            seconds / total * 100.0
        );
    }
    let (answering, checking) = (work.cost(), work.check_cost());
    println!("operations to answer {answering:?}\noperations to check {checking:?}");
    println!("check by weighed operations: {:.5} % (target: at most 1 %)", share(checking, answering));
    println!("a core's work by weighed operations: {:.1} s", answering.weighed() as f64 / 1e12 / f64::from(cores));
}

fn share(part: Cost, whole: Cost) -> f64 {
    part.weighed() as f64 / whole.weighed() as f64 * 100.0
}

fn timed(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}
