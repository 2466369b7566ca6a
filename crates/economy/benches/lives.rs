//! How long the whole life of each network takes at its own epoch, every period computed by itself, beside a plain loop over as many
//! periods. Prints ratios; one thread; processor time, so that other work on the machine does not count.
//!
//! The plain loop is what a script does, in doubles: one power of two and a difference for each period. It is not exact: a double has
//! 53 bits, a supply in base units up to 91.
//!
//! `cargo bench -p depin-economy --bench lives`

mod common;

use common::timed;
use depin_economy::{Economy, Every, ProjectionQuery, Ratios, Schedule, Spec, SupplyProjection};
use depin_quantity::{Decimal18, Instant, Name, Span};
use std::{hint::black_box, time::Duration};

/// A network, how many years it is followed, the bonded ratio, and how long that may take.
const LIVES: [(&str, &str, u64, &str, f64); 5] = [
    ("helium", include_str!("../../../networks/helium/network.toml"), 50, "0", 1.0),
    ("filecoin", include_str!("../../../networks/filecoin/network.toml"), 20, "0", 10.0),
    ("render", include_str!("../../../networks/render/network.toml"), 100, "0", 1.0),
    ("akash", include_str!("../../../networks/akash/network.toml"), 12, "0.67", 1.0),
    ("io.net", include_str!("../../../networks/io.net/network.toml"), 20, "0", 1.0),
];
const ROUNDS: usize = 3;

fn main() {
    println!("one thread, processor time, best of {ROUNDS}; a report every month, every period by itself");
    println!(
        "{:<10} {:>6} {:>14} {:>10} {:>10} {:>12} {:>12} {:>8} {:>12}",
        "network", "years", "periods", "wanted", "time", "a period", "plain loop", "ratio", "more memory"
    );
    let mut failed = false;
    for (name, text, years, bonded, wanted) in LIVES {
        let economy = Economy::new(Spec::parse(text).unwrap_or_else(|errors| panic!("{name}:\n{errors}")));
        let (periods, before) = (periods(&economy, years), resident_most());
        let time = best(|| live(&economy, years, bonded));
        // Short ones many times over: the kernel counts processor time by ticks.
        let times = u32::try_from(20_000_000 / periods.max(1)).unwrap_or(u32::MAX).max(1);
        let plain = best(|| (0..times).for_each(|_| plain(periods))) / times;
        let seconds = time.as_secs_f64();
        failed |= seconds > wanted;
        println!(
            "{name:<10} {years:>6} {periods:>14} {wanted:>8.0} s {seconds:>8.2} s {:>9.1} ns {:>9.3} ms {:>8.4} {:>8} KiB",
            seconds * 1e9 / periods as f64,
            plain.as_secs_f64() * 1e3,
            plain.as_secs_f64() / seconds,
            resident_most() - before,
        );
    }
    println!("most memory of the whole run: {} MiB", resident_most() / 1024);
    assert!(!failed, "a life takes longer than wanted");
}

fn query(economy: &Economy, years: u64, bonded: &str) -> ProjectionQuery {
    let launch = economy.spec().network().launch.expect("the networks that come along say when they were launched");
    ProjectionQuery {
        launch,
        from: launch,
        until: launch.later(Span::from_days(365 * years)),
        every: Every::Month,
        tokens: Vec::new(),
        bonded: Some(Ratios::constant(Decimal18::parse(bonded).expect("a ratio"))),
        usage: Vec::new(),
        exact: true,
    }
}

fn live(economy: &Economy, years: u64, bonded: &str) {
    for row in SupplyProjection::new(economy, query(economy, years, bonded)).expect("a good query") {
        black_box(row.expect("nothing is burnt"));
    }
}

/// Periods of every pool's clock, over all tokens and parameter versions: what the path computes.
fn periods(economy: &Economy, years: u64) -> u64 {
    let query = query(economy, years, "0");
    let schedule = Schedule::new(economy.spec(), query.launch);
    let mut sum = 0;
    for (start, end, spec) in schedule.versions() {
        let (from, until) = (start.max(query.launch), end.min(query.until));
        let mut clocks: Vec<(Name, Name)> = spec.pools().values().map(|rule| (rule.token, rule.clock)).collect();
        clocks.sort_unstable();
        clocks.dedup();
        for (_, clock) in clocks.iter().filter(|(token, _)| spec.supply(*token).is_some_and(|s| s.emission.is_some())) {
            let clock = spec.clock(*clock).expect("the parser resolved it");
            let over = |at: Instant| clock.period(clock.begins(query.launch), at);
            sum += over(until.max(from)) - over(from);
        }
    }
    sum
}

fn plain(periods: u64) {
    let (half_life, total) = (black_box(6_307_200.0_f64), black_box(1.4e27_f64));
    let (mut last, mut sum) = (0.0, 0.0);
    for n in 0..periods {
        let given = total * (1.0 - (-(n as f64) / half_life).exp2());
        sum += black_box(given - last);
        last = given;
    }
    black_box(sum);
}

fn best(mut run: impl FnMut()) -> Duration {
    (0..ROUNDS).map(|_| timed(&mut run).0).min().unwrap_or_default()
}

/// Most memory that this process ever had, in KiB.
fn resident_most() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells a process's memory");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("it names the peak");
    line.trim().trim_end_matches(" kB").trim().parse().expect("a number")
}
