//! How far an experiment is, on standard error; and a stop that keeps what is done.

use crate::output::{Output, count, tell};
use depin_sim::experiment::Look;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    collections::BTreeMap,
    io::IsTerminal as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

/// Parts of a run on the bar.
const PARTS: u64 = 1000;

/// Looks on while runs are made.
pub struct Watching {
    bar: ProgressBar,
    stop: Arc<AtomicBool>,
    /// Parts that runs under way have done.
    under_way: Mutex<BTreeMap<u32, u64>>,
    done: Mutex<u64>,
}

impl Watching {
    /// A bar of `runs` runs, of which some are done; on a terminal it moves, elsewhere its beginning is told.
    pub fn start(title: &str, done: usize, runs: u32, stop: Arc<AtomicBool>, out: &Output) -> Self {
        let bar = ProgressBar::with_draw_target(Some(u64::from(runs) * PARTS), ProgressDrawTarget::hidden());
        let done = done as u64 * PARTS;
        if std::io::stderr().is_terminal() && !out.json {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            let bar_of = if out.colour_err { "{bar:28.cyan/dim}" } else { "{bar:28}" };
            let style = ProgressStyle::with_template(&format!("{{msg}} {bar_of} {{percent:>3}} %, {{eta}} left"));
            bar.set_style(style.expect("the template is a constant"));
            bar.set_message(title.to_owned());
            bar.set_position(done);
            bar.reset_eta();
        } else if !out.json {
            tell(format_args!("{title}: {}", count(runs.into(), "run", "runs")));
        }
        Self { bar, stop, under_way: Mutex::default(), done: Mutex::new(done) }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}

impl Look for Watching {
    fn step(&self, run: u32, done: u32, all: u32) {
        let part = u64::from(done) * PARTS / u64::from(all.max(1));
        let (Ok(mut under_way), Ok(mut whole)) = (self.under_way.lock(), self.done.lock()) else { return };
        let before = under_way.insert(run, part).unwrap_or(0);
        // Runs that share a run's chance are made after it, and begin again at nought.
        if part > before {
            *whole += part - before;
            self.bar.set_position(*whole);
        } else if part < before {
            under_way.insert(run, before);
        }
    }

    fn go_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }
}

/// Waits for Ctrl-C, or for being told to end, from now on; the first one asks runs to stop, another ends the program at once.
pub fn stop_on_signals(out: &Output) -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let (asked, out) = (stop.clone(), *out);
    tokio::spawn(async move {
        let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else { return };
        loop {
            tokio::select! {
                done = tokio::signal::ctrl_c() => if done.is_err() { return },
                _ = terminate.recv() => {},
            }
            if asked.swap(true, Ordering::Relaxed) {
                std::process::exit(2);
            }
            out.note("stopping; what is done is kept (once more: end at once)");
        }
    });
    stop
}
