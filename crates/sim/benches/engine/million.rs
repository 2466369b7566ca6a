//! A million single providers for a year: `cargo bench -p depin-sim --bench engine -- million`.
//!
//! Each has rows of its own on the ledger, decides every day, and is reported, paid and sells once a week. They serve together what a
//! thousand do elsewhere, since no token's market carries a thousand times as much.

use super::{Service, clock, model};
use depin_sim::{Point, RunKey, run};
use rustix::time::ClockId;

const PROVIDERS: f64 = 1e6;
const DEMAND: f64 = 15_000.0;
const MOST: u64 = 2 << 30;

pub fn measure(name: &str, service: &Service) {
    let model = model(name, PROVIDERS, 1.0, DEMAND, service);
    println!("{name}: {} MiB when it is opened", peak() >> 20);
    let began = clock(ClockId::ThreadCPUTime);
    let result =
        run(&model, &Point::default(), RunKey { seed: 1, run: 0 }, &()).unwrap_or_else(|failure| panic!("{name}: {failure}"));
    let seconds = (clock(ClockId::ThreadCPUTime) - began).as_secs_f64();
    let (days, peak) = (result.effort.provider_days as f64, peak());
    println!(
        "{name}: {days} provider-days in {seconds:.0} s of processor, {:.2e} a second; {:.3} records a provider-day, {} refused; {} rows checked",
        days / seconds,
        result.effort.records as f64 / days,
        result.effort.refused,
        result.audit.checked
    );
    println!("{name}: {} MiB at most", peak >> 20);
    assert!(peak <= MOST, "a million providers take {peak} bytes, and should take at most {MOST}");
}

/// The most memory that this process ever had, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells what a process takes");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("and how much it took at most");
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("in kilobytes");
    kilobytes << 10
}
