//! The file's `[service.coverage.mobile]`, and what its economy says about points and sessions.

use super::points::Figures;
use crate::coverage::{
    PriceForm,
    names::{CARRIER_UNITS, COVERAGE_POINTS, MOBILE_UNITS, SESSION},
};
use depin_economy::{Reader, Spec};
use depin_quantity::{Instant, Name, Span};

/// Most heartbeats of an epoch: one bit each.
const BEATS_MOST: u64 = 64;
/// Length of an epoch, of a heartbeat's time, how many of them are needed, and after how long silence costs seniority, where the file says
/// nothing. Source: helium/oracles `mobile_verifier`.
const EPOCH: Span = Span::from_days(1);
const HEARTBEAT: Span = Span::from_secs(3_600);
const BEATS_LEAST: u64 = 12;
const SILENT_AFTER: Span = Span::from_days(3);
/// How old speed tests may be, and how many there must be.
const TESTS_WITHIN: Span = Span::from_secs(48 * 3_600);
const TESTS_LEAST: u64 = 2;
/// Longest session that is paid.
const SESSION_LONGEST: Span = Span::from_days(7);

/// Checked parameters of the mobile part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MobileParams {
    /// Points, trust and worth of hexes.
    pub figures: Figures,
    /// When the first epoch began.
    pub start: Instant,
    /// How often coverage is judged.
    pub epoch: Span,
    /// One heartbeat counts in each such time.
    pub heartbeat: Span,
    /// So many must count in an epoch.
    pub beats_least: u32,
    /// Silence after which an access point's seniority begins anew.
    pub silent_after: Span,
    /// How old a speed test may be.
    pub tests_within: Span,
    /// So many are needed.
    pub tests_least: usize,
    /// The role whose key measures speed; `None`: anybody's.
    pub speed_server: Option<Name>,
    /// The role whose key says where an access point is; `None`: its own word.
    pub locator: Option<Name>,
    /// The role that says what hexes are worth, who boosts them and how many people use an access point; `None`: all are worth their whole.
    pub assigner: Option<Name>,
    /// Bytes of a unit of mobile data.
    pub unit: u64,
    /// Longest session that is paid.
    pub session_longest: Span,
    /// What the economy has rules for.
    pub rules: MobileRules,
}

/// Which of the things that this part can say to an economy the file has rules for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MobileRules {
    /// How the price of a unit of data comes about.
    pub form: PriceForm,
    /// What data is paid in.
    pub currency: Name,
    /// Its places.
    pub decimals: u8,
    /// Whether points are weight in a pool.
    pub points_earn: bool,
    /// Whether data is weight in a pool.
    pub data_earns: bool,
    /// Whether data by who paid for it is told: it is weight in a pool of some version, and every version knows of it.
    pub carriers_count: bool,
}

impl MobileRules {
    /// The rules of a file; none when it has no way to pay sessions.
    pub fn of(spec: &Spec) -> Option<Self> {
        let charge = spec.charge(SESSION)?;
        let currency = *charge.currencies.first()?;
        let pool = |metric| spec.binding(metric).is_some_and(|binding| binding.pool.is_some());
        let bound = spec.binding(MOBILE_UNITS).is_some_and(|binding| binding.charge == Some(SESSION));
        let form = PriceForm::of(&charge.price);
        if form == PriceForm::Network && !bound {
            return None;
        }
        let decimals = spec.token(currency)?.decimals;
        let (points_earn, data_earns) = (pool(COVERAGE_POINTS), pool(MOBILE_UNITS));
        Some(Self { form, currency, decimals, points_earn, data_earns, carriers_count: spec.binding(CARRIER_UNITS).is_some() })
    }

    /// The same, with what all parameter versions of a file say together: a carrier's data is told where some version has a pool for it, and
    /// none forgets it.
    fn with_later(self, spec: &Spec) -> Self {
        let versions = || std::iter::once(spec).chain(spec.later().iter().map(|(_, later)| later));
        let binding = |spec: &Spec| spec.binding(CARRIER_UNITS).map(|binding| binding.pool.is_some());
        let carriers_count = versions().all(|spec| binding(spec).is_some()) && versions().any(|spec| binding(spec) == Some(true));
        Self { carriers_count, ..self }
    }

    /// Whether what is open by these rules can be ended by later ones.
    fn hold_in(&self, later: &Self) -> bool {
        later.form == self.form
            && later.currency == self.currency
            && (later.points_earn || !self.points_earn)
            && (later.data_earns || !self.data_earns)
    }
}

fn span_or(r: &mut Reader<'_>, key: &str, usual: Span) -> Option<Span> {
    if r.has(key) { r.span(key) } else { Some(usual) }
}

fn number_or(r: &mut Reader<'_>, key: &str, range: std::ops::RangeInclusive<u64>, usual: u64) -> Option<u64> {
    if r.has(key) { r.integer(key, range) } else { Some(usual) }
}

#[allow(clippy::option_option, reason = "the outer one says whether it could be read, the inner one whether it is there")]
fn role(r: &mut Reader<'_>, key: &str) -> Option<Option<Name>> {
    if r.has(key) { r.name(key).map(Some) } else { Some(None) }
}

fn figures(r: &mut Reader<'_>) -> Option<Figures> {
    match r.text("figures")?.as_str() {
        "2024-10" => Some(Figures::Of2024),
        "2026-01" => Some(Figures::Of2026),
        _ => {
            r.problem("figures", "there are figures of two dates", "write \"2024-10\" or \"2026-01\"");
            None
        }
    }
}

/// Whether epoch and heartbeats fit each other.
fn times(r: &mut Reader<'_>) -> Option<(Span, Span, u32)> {
    let (epoch, heartbeat) = (span_or(r, "epoch", EPOCH), span_or(r, "heartbeat", HEARTBEAT));
    let least = number_or(r, "heartbeats-least", 1..=BEATS_MOST, BEATS_LEAST);
    let (epoch, heartbeat, least) = (epoch?, heartbeat?, least?);
    let beats = epoch.get() / heartbeat.get().max(1);
    if epoch.get() % heartbeat.get().max(1) != 0 || beats > BEATS_MOST || beats < least || heartbeat < Span::from_secs(60) {
        let message = format!(
            "an epoch of {epoch} has no whole number of heartbeats of {heartbeat}, {least} at least and {BEATS_MOST} at most, a minute apart or more"
        );
        r.problem("epoch", &message, "write epoch = \"1d\", heartbeat = \"1h\", heartbeats-least = 12");
        return None;
    }
    Some((epoch, heartbeat, u32::try_from(least).ok()?))
}

impl MobileParams {
    /// The epoch that a time lies in, and when it ends.
    pub fn epoch_of(&self, at: Instant) -> (u64, Instant) {
        let epoch = at.since(self.start).get() / self.epoch.get().max(1);
        let end = self.epoch.get().saturating_mul(epoch.saturating_add(1));
        (epoch, self.start.later(Span::from_millis(end)))
    }

    /// Reads the table.
    pub(in crate::coverage) fn read(r: &mut Reader<'_>, spec: &Spec, start: Instant) -> Option<Self> {
        let (figures, times, silent) = (figures(r), times(r), span_or(r, "silent-after", SILENT_AFTER));
        let within = span_or(r, "speed-tests-within", TESTS_WITHIN);
        let least = number_or(r, "speed-tests-least", 1..=6, TESTS_LEAST);
        let (server, locator, assigner) = (role(r, "speed-server"), role(r, "locator"), role(r, "assigner"));
        let (unit, longest) = (r.bytes("unit"), span_or(r, "session-longest", SESSION_LONGEST));
        let rules = MobileRules::of(spec);
        let whole = rules.is_some_and(|rules| {
            spec.later().iter().all(|(_, later)| MobileRules::of(later).is_some_and(|later| rules.hold_in(&later)))
        });
        if !whole {
            let hint = "add [utility.charge.session], write mobile-units = { charge = \"session\", … }, and keep both and their pools in every change";
            r.problem("", "nothing says for good what mobile data costs, or a change takes it away", hint);
            return None;
        }
        let (epoch, heartbeat, beats_least) = times?;
        let unit = unit?;
        if unit == 0 {
            r.problem("unit", "a unit of no bytes has no price", "write unit = \"20000B\"");
            return None;
        }
        Some(Self {
            figures: figures?,
            start,
            epoch,
            heartbeat,
            beats_least,
            silent_after: silent?,
            tests_within: within?,
            tests_least: usize::try_from(least?).ok()?,
            speed_server: server?,
            locator: locator?,
            assigner: assigner?,
            unit,
            session_longest: longest?,
            rules: rules?.with_later(spec),
        })
    }
}
