//! Progress on standard error: a spinner on a terminal, plain lines elsewhere, nothing with `--json`.

use super::Output;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    io::IsTerminal as _,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The bar on the screen, for whoever has to ask something there.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Does something on the terminal with no progress in its way.
pub fn without_progress<T>(act: impl FnOnce() -> T) -> T {
    let bar = SHOWN.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match bar {
        Some(bar) => bar.suspend(act),
        None => act(),
    }
}

/// Steps of one task, one after another.
pub struct Progress {
    bar: ProgressBar,
    plain: bool,
    step: Option<(String, Instant)>,
    colour: bool,
}

impl Progress {
    pub fn start(out: &Output) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if terminal && !out.json {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            let template = if out.colour_err { "{spinner:.cyan} {msg}" } else { "{spinner} {msg}" };
            bar.set_style(ProgressStyle::with_template(template).expect("the template is a constant"));
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar.clone());
        Self { bar, plain: !terminal && !out.json, step: None, colour: out.colour_err }
    }

    /// Begins the next step; the one before is done.
    pub fn step(&mut self, text: impl Into<String>) {
        self.finish_step();
        let text = super::clean::plain(&text.into()).into_owned();
        if self.plain {
            super::tell(&text);
        }
        self.bar.set_message(text.clone());
        self.step = Some((text, Instant::now()));
    }

    /// Everything is done; what is on the screen stays.
    pub fn done(mut self) {
        self.finish_step();
        self.bar.finish_and_clear();
    }

    fn finish_step(&mut self) {
        if let Some((text, began)) = self.step.take() {
            let (green, off) = if self.colour { ("\x1b[32m", "\x1b[0m") } else { ("", "") };
            self.bar.println(format!("{green}✓{off} {text} ({:.1} s)", began.elapsed().as_secs_f32()));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.bar.finish_and_clear();
    }
}
