//! Parameters of the storage service: the `[service.storage]` part of a network's file.

use super::{
    names::{DATACAP, DEAL, QUALITY_BYTES, RAW_BYTES, close_reason, fault_kind},
    piece::PieceSize,
};
use depin_economy::{FaultFee, Origin, Spec, SpecErrors, StreamMethod};
use depin_quantity::{Decimal18, Instant, Name, QuantityError, Span, Units};
use std::collections::BTreeSet;

/// Most open proposals of one client where a file does not say.
const PROPOSALS_MOST: u64 = 10_000;

/// Checked parameters. Epochs are periods of the network's epoch clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageParams {
    /// Length of an epoch.
    pub epoch: Span,
    /// Start of epoch 0.
    pub origin: Instant,
    /// Epochs from one window of a data set to the next.
    pub proving_period: u64,
    /// Epochs that a window stays open; it is the end of the proving period.
    pub window: u64,
    /// Leaves that one challenge asks for.
    pub challenges: u32,
    /// Most sectors of one data set.
    pub set_sectors: u32,
    /// Proving periods that a sector may close faulty before it is terminated.
    pub faulty_periods_max: u32,
    /// Factor from raw to quality-adjusted bytes of a verified deal.
    pub verified_multiplier: u32,
    /// Shortest term of a deal in epochs.
    pub term_min: u64,
    /// Longest term, extensions included, counted from activation, in epochs.
    pub term_max: u64,
    /// Fewest epochs that a proposal may leave for acceptance and first proof.
    pub start_min: u64,
    /// Most epochs for that.
    pub start_max: u64,
    /// Highest price per epoch, base units.
    pub price_max: Units,
    /// Token that deals are paid in; its amounts cross the meter in 10^-18 of it.
    pub token: Name,
    /// Decimal places of that token: prices are in 10^-decimals of it.
    pub decimals: u8,
    /// What the network has rules for.
    pub rules: StorageRules,
    /// Smallest piece.
    pub piece_min: PieceSize,
    /// Largest piece.
    pub piece_max: PieceSize,
    /// Epochs for which a closed deal stays readable.
    pub closed_kept: u64,
    /// Most proposals of one client that may wait for their providers.
    pub proposals_most: u32,
}

/// Which of the things that this service can say to an economy the network's file has rules for. What it has none for is not said:
/// networks without collateral, fines or verified deals exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageRules {
    /// Whether raw bytes are bound to anything.
    pub raw: bool,
    /// Whether quality-adjusted bytes are.
    pub quality: bool,
    /// Kind of pledge that each sector locks, and the metric that it is counted on.
    pub sector_pledge: Option<(Name, Name)>,
    /// Whether the fault of a termination ends that pledge by itself.
    pub termination_ends_pledge: bool,
    /// Kinds of faults that the file declares.
    pub faults: BTreeSet<Name>,
}

impl StorageRules {
    fn of(spec: &Spec) -> Self {
        let pledge_on = |metric: Name| Some((spec.binding(metric)?.pledge?, metric));
        let kinds = [fault_kind::DETECTED, fault_kind::CONTINUED, fault_kind::TERMINATED];
        let ends = |fee: &FaultFee| matches!(fee, FaultFee::Termination { .. });
        Self {
            raw: spec.binding(RAW_BYTES).is_some(),
            quality: spec.binding(QUALITY_BYTES).is_some(),
            sector_pledge: pledge_on(QUALITY_BYTES).or_else(|| pledge_on(RAW_BYTES)),
            termination_ends_pledge: spec.fault(fault_kind::TERMINATED).is_some_and(|rule| ends(&rule.fee)),
            faults: kinds.into_iter().filter(|kind| spec.fault(*kind).is_some()).collect(),
        }
    }

    /// The metric that faults are counted on: the one that rewards are, when it is bound.
    pub const fn affected(&self) -> Name {
        if self.quality { QUALITY_BYTES } else { RAW_BYTES }
    }
}

/// What this service would say to an economy in a way that the network's file does not take: message and hint.
///
/// Faults and endings happen in due jobs, which cannot be refused, so everything that they say must fit its rule from the start.
fn wrong_rules(spec: &Spec, rules: &StorageRules) -> Vec<(String, &'static str)> {
    let mut wrong = Vec::new();
    let mut need = |holds: bool, message: String, hint: &'static str| {
        if !holds {
            wrong.push((message, hint));
        }
    };
    need(rules.raw || rules.quality, format!("neither `{RAW_BYTES}` nor `{QUALITY_BYTES}` is bound to anything"), "bind one");
    for metric in spec.bindings().keys().filter(|name| **name != RAW_BYTES && **name != QUALITY_BYTES) {
        need(false, format!("metric `{metric}` is none of this service"), "it counts `raw-bytes` and `quality-bytes`");
    }
    let (raw, quality) = (spec.binding(RAW_BYTES), spec.binding(QUALITY_BYTES));
    need(quality.is_none_or(|b| b.bond.is_none()), format!("the bond of deals is counted on `{RAW_BYTES}`"), "bind it there");
    need(
        raw.and_then(|b| b.bond).is_none_or(|kind| kind == DEAL),
        format!("metric `{RAW_BYTES}` can carry the bond of `{DEAL}` only"),
        "write bond = \"deal\"",
    );
    let twice = raw.is_some_and(|b| b.pledge.is_some()) && quality.is_some_and(|b| b.pledge.is_some());
    need(!twice, "a sector locks one kind of pledge, two are bound".to_owned(), "bind one metric to a pledge");
    let boost = quality.and_then(|b| b.boost.as_ref());
    need(
        boost.is_none_or(|b| b.of == RAW_BYTES && b.allowance == DATACAP),
        format!("the boost of `{QUALITY_BYTES}` must be of `{RAW_BYTES}`, by the allowance `{DATACAP}`"),
        "write boost = { of = \"raw-bytes\", allowance = \"datacap\", times = 10 }",
    );
    let pledge = rules.sector_pledge.map(|(kind, _)| kind);
    let pays = |fee: &FaultFee| match fee {
        FaultFee::Reward { pool, .. } => spec.binding(rules.affected()).is_some_and(|b| b.pool == Some(*pool)),
        FaultFee::Termination { .. } => false,
        _ => true,
    };
    for kind in [fault_kind::DETECTED, fault_kind::CONTINUED] {
        need(
            spec.fault(kind).is_none_or(|rule| pays(&rule.fee)),
            format!("the fee of fault `{kind}` must be counted on `{}` and be no termination", rules.affected()),
            "write fee = \"nothing\", \"reward\" or \"per-gib\"",
        );
    }
    let ends = |fee: &FaultFee| match fee {
        FaultFee::Termination { pledge: of, least_of, .. } => {
            Some(*of) == pledge && spec.fault(*least_of).is_some_and(|rule| pays(&rule.fee))
        }
        fee => pays(fee),
    };
    need(
        spec.fault(fault_kind::TERMINATED).is_none_or(|rule| ends(&rule.fee)),
        format!("the fee of fault `{}` must be of the pledge that sectors lock", fault_kind::TERMINATED),
        "name the pledge that a metric of this service is bound to",
    );
    if let Some(deal) = spec.stream(DEAL) {
        need(
            deal.bond.is_none_or(|bond| !bond.counted()) || raw.is_some_and(|b| b.bond == Some(DEAL)),
            format!("metric `{RAW_BYTES}` must be bound to the bond of `{DEAL}`, which is counted on it"),
            "write bond = \"deal\"",
        );
        for reason in [close_reason::AGREED, close_reason::TERMINATED] {
            need(
                deal.close.contains_key(&reason),
                format!("stream `{DEAL}` says not what becomes of the bond of a deal that is `{reason}`"),
                "add it to [utility.stream.deal.close]",
            );
        }
        need(
            deal.method == StreamMethod::Reserved,
            format!("stream `{DEAL}` is open-ended, and deals have a term"),
            "remove `method`, so that the whole term is reserved",
        );
    }
    wrong
}

const WINDOW_FITS: &str = "a window must last at least one epoch and at most half the proving period";

/// What to write for a window that fits, or for a period that one fits into.
fn window_hint(period: Span, epoch: Span) -> String {
    let half = period.get() / 2 / epoch.get() * epoch.get();
    if half > 0 {
        return format!("length = \"{}\"", written(half));
    }
    format!(
        "length = \"{}\", and a proving period of \"{}\" or more",
        written(epoch.get()),
        written(epoch.get().saturating_mul(2))
    )
}

/// Milliseconds as files write them: `90m`.
fn written(millis: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    let unit = UNITS.into_iter().find(|(unit, _)| millis.is_multiple_of(*unit));
    unit.map_or_else(|| format!("{millis}ms"), |(unit, name)| format!("{}{name}", millis / unit))
}

impl StorageParams {
    /// Reads the `[service.storage]` section of a network's file, and what the economy says about deals.
    ///
    /// # Errors
    /// Every problem found.
    pub fn read(spec: &Spec, genesis: Instant) -> Result<Self, SpecErrors> {
        let deal = spec.stream(DEAL);
        let boost = spec.binding(QUALITY_BYTES).and_then(|b| b.boost.as_ref()).map_or(1, |b| b.times);
        spec.read_service("storage", |r| {
            let Some(deal) = deal else {
                r.problem("deal", "no [utility.stream.deal] says how deals are paid", "add that table");
                return None;
            };
            let rules = StorageRules::of(spec);
            let wrong = wrong_rules(spec, &rules);
            for (message, hint) in &wrong {
                r.problem("", message, hint);
            }
            if !wrong.is_empty() {
                return None;
            }
            let decimals = spec.token(deal.token())?.decimals;
            let clock = spec.clock(deal.clock)?;
            let epoch = clock.every;
            let in_epochs = |span: Span| span.get() / epoch.get();
            let (period, challenges, faulty) = r.table("proving", |r| {
                let period = r.span("period");
                Some((period?, r.integer("challenges", 1..=64)?, r.integer("faulty-periods-most", 1..=10_000)?))
            })?;
            let window = r.table("window", |r| r.span("length"))?;
            let (least, most) = r.table("piece", |r| {
                let (least, most) = (r.bytes("least"), r.bytes("most"));
                Some((least?, most?))
            })?;
            // A data set with an open window keeps 105 bytes per sector in one row, and a store takes rows of 64 KiB.
            let set_sectors = r.table("set", |r| r.integer("pieces-most", 1..=512))?;
            let (term_min, term_max, start, kept, proposals_most) = r.table("deal", |r| {
                let (least, most) = (r.span("term-least"), r.span("term-most"));
                let (start, kept) = (r.span("activate-within"), r.span("closed-kept"));
                let most_open =
                    if r.has("proposals-most") { r.integer("proposals-most", 1..=1_000_000) } else { Some(PROPOSALS_MOST) };
                Some((least?, most?, start?, kept?, most_open?))
            })?;
            let (Ok(piece_min), Ok(piece_max)) = (PieceSize::new(least), PieceSize::new(most)) else {
                r.problem("piece", "piece sizes must be powers of two from 128 bytes to 64 GiB", "least = \"128B\"");
                return None;
            };
            if window.get() == 0 || in_epochs(window) == 0 || window.get() * 2 > period.get() {
                r.problem("window", WINDOW_FITS, &window_hint(period, epoch));
                return None;
            }
            Some(Self {
                epoch,
                origin: match clock.origin {
                    Origin::Genesis => genesis,
                    Origin::At(at) => at,
                },
                proving_period: in_epochs(period),
                window: in_epochs(window),
                challenges: u32::try_from(challenges).ok()?,
                set_sectors: u32::try_from(set_sectors).ok()?,
                faulty_periods_max: u32::try_from(faulty).ok()?,
                verified_multiplier: u32::try_from(boost).ok()?,
                term_min: in_epochs(term_min).max(1),
                term_max: in_epochs(term_max),
                start_min: 1,
                start_max: in_epochs(start),
                price_max: deal.rate_most(deal.token()),
                token: deal.token(),
                decimals,
                rules,
                piece_min,
                piece_max,
                closed_kept: in_epochs(kept),
                proposals_most: u32::try_from(proposals_most).ok()?,
            })
        })
    }

    /// The epoch that `now` lies in; 0 before the origin.
    pub const fn epoch_of(&self, now: Instant) -> u64 {
        now.since(self.origin).get() / self.epoch.get()
    }

    /// A span of `epochs`.
    pub const fn epochs(&self, epochs: u64) -> Span {
        Span::from_millis(epochs.saturating_mul(self.epoch.get()))
    }

    /// An amount of the deals' token as it crosses the meter: in 10^-18 of it.
    ///
    /// # Errors
    /// When it does not fit 128 bits.
    pub fn to_meter(&self, amount: Units) -> Result<Decimal18, QuantityError> {
        let step = 10u128.pow(u32::from(18u8.saturating_sub(self.decimals)));
        Ok(Decimal18::new(amount.times(step)?.get()))
    }

    /// Quality-adjusted bytes of a piece: raw, times the multiplier for verified deals.
    ///
    /// Source: builtin-actors, `actors/miner/src/policy.rs`: a deal that covers its sector's whole life and space counts tenfold.
    pub fn quality(&self, size: PieceSize, verified: bool) -> u128 {
        let factor = if verified { self.verified_multiplier } else { 1 };
        u128::from(size.get()) * u128::from(factor)
    }
}
