//! Parameters of the storage service: the `[service.storage]` part of a network's file.

use super::{
    piece::PieceSize,
    turn::{DATACAP, DEAL, QUALITY_BYTES, RAW_BYTES, SECTOR, close_reason, fault_kind},
};
use depin_economy::{FaultFee, Origin, Spec, SpecErrors};
use depin_quantity::{Instant, Name, Span, Units};

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
    /// Smallest piece.
    pub piece_min: PieceSize,
    /// Largest piece.
    pub piece_max: PieceSize,
    /// Epochs for which a closed deal stays readable.
    pub closed_kept: u64,
}

/// What this service says to an economy and the network's file has no rule for: message and hint.
///
/// Faults and endings happen in due jobs, which cannot be refused, so everything that they say must have its rule from the start.
fn missing_rules(spec: &Spec) -> Vec<(String, &'static str)> {
    let mut missing = Vec::new();
    let mut need = |holds: bool, message: String, hint: &'static str| {
        if !holds {
            missing.push((message, hint));
        }
    };
    let quality = spec.binding(QUALITY_BYTES);
    need(spec.binding(RAW_BYTES).is_some_and(|b| b.bond == Some(DEAL)), bound(RAW_BYTES, "bond", DEAL), "bind it");
    need(quality.is_some_and(|b| b.pledge == Some(SECTOR)), bound(QUALITY_BYTES, "pledge", SECTOR), "bind it");
    let boost = quality.and_then(|b| b.boost.as_ref());
    need(
        boost.is_none_or(|b| b.of == RAW_BYTES && b.allowance == DATACAP),
        format!("the boost of `{QUALITY_BYTES}` must be of `{RAW_BYTES}`, by the allowance `{DATACAP}`"),
        "write boost = { of = \"raw-bytes\", allowance = \"datacap\", times = 10 }",
    );
    let pays = |fee: &FaultFee| match fee {
        FaultFee::Nothing | FaultFee::PerGib(_) => true,
        FaultFee::Reward { pool, .. } => quality.is_some_and(|b| b.pool == Some(*pool)),
        FaultFee::Termination { .. } => false,
    };
    for kind in [fault_kind::DETECTED, fault_kind::CONTINUED] {
        need(
            spec.fault(kind).is_some_and(|rule| pays(&rule.fee)),
            format!("fault `{kind}` must be declared, its fee counted on `{QUALITY_BYTES}` and no termination"),
            "add [incentive.fault.…] with fee = \"nothing\", \"reward\" or \"per-gib\"",
        );
    }
    let ends = |fee: &FaultFee| match fee {
        FaultFee::Termination { pledge, least_of, .. } => {
            *pledge == SECTOR && spec.fault(*least_of).is_some_and(|rule| pays(&rule.fee))
        }
        _ => false,
    };
    need(
        spec.fault(fault_kind::TERMINATED).is_some_and(|rule| ends(&rule.fee)),
        format!("fault `{}` must be declared as a termination that ends the pledge `{SECTOR}`", fault_kind::TERMINATED),
        "add [incentive.fault.terminated] with fee = \"termination\" and pledge = \"sector\"",
    );
    if let Some(deal) = spec.stream(DEAL) {
        for reason in [close_reason::AGREED, close_reason::TERMINATED] {
            need(
                deal.close.contains_key(&reason),
                format!("stream `{DEAL}` says not what becomes of the bond of a deal that is `{reason}`"),
                "add it to [utility.stream.deal.close]",
            );
        }
        need(
            spec.token(deal.token).is_some_and(|token| token.decimals == 18),
            format!("deals are paid in `{}`, whose base unit is not 10^-18 of it", deal.token),
            "pay deals in a token with 18 decimals",
        );
    }
    missing
}

fn bound(measure: Name, to: &str, kind: Name) -> String {
    format!("measure `{measure}` must be bound to {to} `{kind}`")
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
            let missing = missing_rules(spec);
            for (message, hint) in &missing {
                r.problem("", message, hint);
            }
            if !missing.is_empty() {
                return None;
            }
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
            let (term_min, term_max, start, kept) = r.table("deal", |r| {
                let (least, most) = (r.span("term-least"), r.span("term-most"));
                let (start, kept) = (r.span("activate-within"), r.span("closed-kept"));
                Some((least?, most?, start?, kept?))
            })?;
            let (Ok(piece_min), Ok(piece_max)) = (PieceSize::new(least), PieceSize::new(most)) else {
                r.problem("piece", "piece sizes must be powers of two from 128 bytes to 64 GiB", "least = \"128B\"");
                return None;
            };
            if window.get() == 0 || in_epochs(window) == 0 || window.get() * 2 > period.get() {
                r.problem(
                    "window",
                    "a window must last at least one epoch and at most half the proving period",
                    "length = \"30m\"",
                );
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
                price_max: deal.rate_most,
                token: deal.token,
                piece_min,
                piece_max,
                closed_kept: in_epochs(kept),
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

    /// Quality-adjusted bytes of a piece: raw, times the multiplier for verified deals.
    ///
    /// Source: builtin-actors, `actors/miner/src/policy.rs`: a deal that covers its sector's whole life and space counts tenfold.
    pub fn quality(&self, size: PieceSize, verified: bool) -> u128 {
        let factor = if verified { self.verified_multiplier } else { 1 };
        u128::from(size.get()) * u128::from(factor)
    }
}
