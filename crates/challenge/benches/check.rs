//! What checking an answer costs, in parts of what answering costs: times of one run side by side, and operations.
//!
//! Plain `main`, because the figure wanted is a ratio. Run: `cargo bench -p depin-challenge --bench check [-- CORES MEMORY_MIB STEPS]`.

use depin_challenge::{Answer, Claim, Cost, Lot, Processor, Progress, Scale, Work, prepare, solve, verify};
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
    weights();
    println!("a core's work by weighed operations: {:.1} s", answering.weighed() as f64 / 1e12 / f64::from(cores));
}

/// What one operation of each kind costs one core here: the difference of two runs that differ in it alone, the best of some.
fn weights() {
    let claim = Claim { cores: 1, memory_mib: 64 };
    let base = Scale { steps: 255, reads: 16, rounds: 1, passes: 1, delay: 1, ..Scale::PRODUCTION };
    let run = |claim: Claim, scale: Scale| {
        let work = Work::draw(Seed::new([1; 32]), UnitId::new([2; 32]), claim, scale).expect("claim and scale are allowed");
        let progress = Progress::default();
        let best =
            (0..5).map(|_| timed(|| drop(black_box(solve(&work, &Processor, &progress).expect("the work is done"))))).min();
        (best.expect("there were five"), work.cost())
    };
    let (time, cost) = run(claim, base);
    println!("picoseconds of one operation on one core here, as differences of runs:");
    let counts: [fn(&Cost) -> u64; 4] = [|cost| cost.fills, |cost| cost.reads, |cost| cost.products, |cost| cost.squarings];
    let others = [
        ("fill", Claim { memory_mib: 320, ..claim }, base),
        ("read", claim, Scale { steps: 65_535, ..base }),
        ("product", claim, Scale { rounds: 500, ..base }),
        ("squaring", claim, Scale { delay: 100_000, ..base }),
    ];
    for ((name, claim, scale), count) in others.into_iter().zip(counts) {
        let (more, other) = run(claim, scale);
        let operations = count(&other) - count(&cost);
        println!("  {name:<9}{:>12.0}", more.saturating_sub(time).as_secs_f64() * 1e12 / operations as f64);
    }
    println!("  (a read is told with its share of a step's hashes and one round of products)");
}

fn share(part: Cost, whole: Cost) -> f64 {
    part.weighed() as f64 / whole.weighed() as f64 * 100.0
}

fn timed(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}
