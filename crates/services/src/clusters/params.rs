//! Parameters of the service: the `[service.clusters]` part of a network's file, and what the economy says about hires.

use super::rules::{ClustersRules, wrong_rules};
use depin_challenge::Scale;
use depin_economy::{Reader, Spec, SpecErrors};
use depin_quantity::{Decimal18, Instant, Name, Share, Span};

/// Hundredths in 10^-18.
const HUNDREDTH: u128 = 10_000_000_000_000_000;
/// A challenge that anybody can answer, and send, in less is none.
const LIMIT_LEAST: Span = Span::from_secs(1);

/// How devices are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProofParams {
    /// The role whose key says how long an answer took.
    pub checker: Name,
    /// Longest time for an answer, by the wall clock.
    pub limit: Span,
    /// Longest time until an answer is on the ledger, in ledger time from its challenge on.
    pub within: Span,
    /// Judged hours that are looked at.
    pub window: u32,
    /// So many failed ones of them, and the device stands out.
    pub misses: u32,
    /// How much work a device is proved by.
    pub work: Scale,
    /// Least part of its profile that a hired device must still have, by its hirer's benchmark.
    pub lock_least: Share,
}

/// How many of everything there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Devices of one owner.
    pub per_owner: u32,
    /// Processors of one device.
    pub processors: u32,
    /// Memory of one device in MiB.
    pub memory_mib: u32,
    /// Devices of one hire, those that replaced others not counted.
    pub devices: u32,
    /// Hires of one hirer that are kept.
    pub per_hirer: u32,
    /// How long a closed hire stays readable.
    pub closed_kept: Span,
}

/// How a device scores, in tenths of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScoreParams {
    /// For a processor of multiplier 1.
    pub multiplier: u64,
    /// For the best of four tiers of connectivity.
    pub connectivity: u64,
    /// For a device that is hired.
    pub hired: u64,
    /// Multiplier of a core of a CPU, in hundredths.
    pub cpu: u32,
}

/// Checked parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClustersParams {
    /// When hour 0 began.
    pub start: Instant,
    /// From check to check.
    pub hour: Span,
    /// Passed hours before a device is nominated.
    pub uptime: u32,
    /// Wait of a new device before it can be hired.
    pub first_hire_after: Span,
    /// How devices are checked.
    pub proof: ProofParams,
    /// How they score.
    pub score: ScoreParams,
    /// How many of everything there may be.
    pub bounds: Bounds,
    /// Whether slices of a machine may be devices.
    pub slices: bool,
    /// Shortest hire, in hours.
    pub hours_least: u32,
    /// A hire is paid in between so often.
    pub pay_every: Span,
    /// What the economy has rules for.
    pub rules: ClustersRules,
}

/// A number that fits 32 bits.
fn number(r: &mut Reader<'_>, key: &str, range: std::ops::RangeInclusive<u64>) -> Option<u32> {
    r.integer(key, range).and_then(|number| u32::try_from(number).ok())
}

/// A span in whole hours, at least one.
fn hours(r: &mut Reader<'_>, key: &str, hour: Option<Span>) -> Option<u32> {
    let (span, hour) = (r.span(key)?, hour?);
    if span < hour || !span.get().is_multiple_of(hour.get()) {
        r.problem(key, &format!("{span} is no whole number of checks, which come every {hour}"), "write \"1h\", or \"5h\"");
        return None;
    }
    u32::try_from(span.get() / hour.get()).ok()
}

/// What comes every so often, at least once a minute.
fn every(r: &mut Reader<'_>) -> Option<Span> {
    let span = r.span("every")?;
    if span < Span::from_secs(60) {
        r.problem("every", &format!("no device can be checked every {span}; at least 60 s are needed"), "write \"1h\"");
        return None;
    }
    Some(span)
}

fn hundredths(r: &mut Reader<'_>, key: &str) -> Option<u32> {
    let given: Decimal18 = r.decimal(key)?;
    let whole = given.get().is_multiple_of(HUNDREDTH);
    let hundredths = u32::try_from(given.get() / HUNDREDTH).ok().filter(|n| whole && (1..=1_000_000).contains(n));
    if hundredths.is_none() {
        r.problem(key, "a multiplier is 0.01 to 10,000, in whole hundredths", "write \"1\", or \"0.25\"");
    }
    hundredths
}

fn work(r: &mut Reader<'_>) -> Option<Scale> {
    let mut figure = |key| number(r, key, 1..=4_194_304);
    let (region, passes, reads) = (figure("region-kib"), figure("passes"), figure("reads"));
    let (products, steps, delay) = (figure("products"), figure("steps"), figure("delay"));
    let scale = Scale { region_kib: region?, passes: passes?, reads: reads?, rounds: products?, steps: steps?, delay: delay? };
    match scale.check() {
        Ok(()) => Some(scale),
        Err(error) => {
            r.problem("", &error.to_string(), "copy the figures of io.net's file");
            None
        }
    }
}

fn proof(r: &mut Reader<'_>, hour: Option<Span>, work: Option<Scale>) -> Option<ProofParams> {
    let (checker, limit, within) = (r.name("checker"), r.span("limit"), r.span("within"));
    let (window, misses) = (number(r, "window", 1..=64), number(r, "misses", 1..=64));
    let lock_least = r.share("lock-least");
    let (limit, within, window, misses) = (limit?, within?, window?, misses?);
    if limit < LIMIT_LEAST || within < limit || hour.is_some_and(|hour| within >= hour) {
        let message = format!("answers that take up to {limit} are to be there within {within}");
        r.problem(
            "within",
            &message,
            "write limit = \"1m\" or 1 s at least, a longer `within`, and check.every longer than that",
        );
        return None;
    }
    if misses > window {
        r.problem("misses", "more hours are to be failed than are looked at", "write misses = 3, window = 5");
        return None;
    }
    Some(ProofParams { checker: checker?, limit, within, window, misses, work: work?, lock_least: lock_least? })
}

fn bounds(r: &mut Reader<'_>) -> Option<Bounds> {
    let per_owner = number(r, "per-owner", 1..=1_000_000);
    let (processors, memory) = (number(r, "processors", 1..=256), number(r, "memory-mib", 1..=1_048_576));
    let (devices, per_hirer) = (number(r, "devices", 1..=64), number(r, "per-hirer", 1..=1_000_000));
    let closed_kept = r.span("closed-kept");
    Some(Bounds {
        per_owner: per_owner?,
        processors: processors?,
        memory_mib: memory?,
        devices: devices?,
        per_hirer: per_hirer?,
        closed_kept: closed_kept?,
    })
}

/// Whether slices of machines may be devices: not where the file says nothing.
fn slices(r: &mut Reader<'_>) -> Option<bool> {
    if !r.has("development") {
        return Some(false);
    }
    r.table("development", |r| r.choice("slices", &[("no", false), ("yes", true)]))
}

impl ClustersParams {
    /// Reads the `[service.clusters]` section of a network's file.
    ///
    /// # Errors
    /// Every problem found.
    pub fn read(spec: &Spec, genesis: Instant) -> Result<Self, SpecErrors> {
        let rules = ClustersRules::of(spec, genesis);
        spec.read_service("clusters", |r| {
            let check = r.table("check", |r| {
                let hour = every(r);
                let (uptime, first) = (hours(r, "uptime", hour), r.span("first-hire-after"));
                Some((hour?, uptime?, first?))
            });
            let hour = check.map(|(hour, ..)| hour);
            let score = r.table("score", |r| {
                let mut figure = |key| r.integer(key, 0..=1_000_000_000);
                let (multiplier, connectivity, hired) = (figure("multiplier"), figure("connectivity"), figure("hired"));
                Some((multiplier?, connectivity?, hired?))
            });
            let hours_least = r.table("hire", |r| hours(r, "least", hour));
            let cpu = r.table("multiplier", |r| hundredths(r, "cpu"));
            let work = r.table("work", work);
            let (proof, bounds) = (r.table("proof", |r| proof(r, hour, work)), r.table("bounds", bounds));
            let (pay_every, slices) = (r.table("pay", |r| hours(r, "every", hour)), slices(r));
            let wrong = wrong_rules(spec, genesis, rules.as_ref(), hour);
            for (message, hint) in &wrong {
                r.problem("", message, hint);
            }
            let ((hour, uptime, first_hire_after), (multiplier, connectivity, hired)) = (check?, score?);
            let score = ScoreParams { multiplier, connectivity, hired, cpu: cpu? };
            let pay_every = Span::from_millis(hour.get().saturating_mul(pay_every?.into()));
            Some(Self {
                start: genesis,
                hour,
                uptime,
                first_hire_after,
                proof: proof?,
                score,
                bounds: bounds?,
                slices: slices?,
                hours_least: hours_least?,
                pay_every,
                rules: rules.filter(|_| wrong.is_empty())?,
            })
        })
    }

    /// The hour that a time lies in.
    pub const fn hour_at(&self, at: Instant) -> u64 {
        at.since(self.start).get() / self.hour.get()
    }

    /// When an hour begins.
    pub const fn hour_start(&self, hour: u64) -> Instant {
        self.start.later(Span::from_millis(hour.saturating_mul(self.hour.get())))
    }

    /// When a device that works since `from` begins to be paid: its stream runs two hours behind, so that the check that covers an hour is closed
    /// before the hour is paid.
    pub const fn pays_from(&self, from: Instant) -> Instant {
        from.later(Span::from_millis(self.hour.get().saturating_mul(2)))
    }

    /// How many times as fast as the wall clock ledger time may run: an answer takes `limit` by the wall clock and has `within` of ledger time.
    ///
    /// `max(1, floor(within / limit))`
    pub fn speed_most(&self) -> u32 {
        u32::try_from(self.proof.within.get() / self.proof.limit.get()).unwrap_or(u32::MAX).max(1)
    }
}
