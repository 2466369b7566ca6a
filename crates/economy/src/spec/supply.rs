//! `[supply.*]`: cap, allocations with vesting, emission.

use super::{
    network::{Clocks, Token, periods, reference},
    reader::Reader,
};
use depin_quantity::{Name, Rounding, Share, Units};
use std::collections::BTreeMap;

/// Supply rules of one token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supply {
    /// The token.
    pub token: Name,
    /// The cap.
    pub cap: Cap,
    /// Who gets which part of the cap; shares sum to the whole.
    pub allocations: Vec<Allocation>,
    /// The clock that allocations vest by.
    pub vest_clock: Name,
    /// How the mined part is minted.
    pub emission: Option<Emission>,
}

/// A cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// Most that may ever be minted, in base units.
    pub amount: Units,
    /// What the cap does.
    pub kind: CapKind,
}

/// What a cap does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapKind {
    /// A mint past it is refused.
    Clamp,
}

/// One part of the cap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// Its name.
    pub to: Name,
    /// Its share of the cap.
    pub share: Share,
    /// Its amount in base units: the share of the cap, rounded down.
    pub amount: Units,
    /// When it unlocks.
    pub vesting: AllocationVesting,
}

/// When an allocation unlocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllocationVesting {
    /// Not minted at genesis: an emission mints it.
    Emitted,
    /// At genesis, whole.
    Immediate,
    /// Row by row, linear. What the rows leave of the amount stays locked for good.
    Rows(Vec<VestingRow>),
}

/// One linear row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VestingRow {
    /// How much; `None` is what the other rows leave, less what genesis granted out of it.
    pub amount: Option<Units>,
    /// Periods of the vesting clock; zero is at once.
    pub over: u64,
}

/// How a token's mined part is minted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emission {
    /// What is left halves every `half_life` periods.
    HalfLife {
        /// The allocation it mints.
        from: Name,
        /// All that it will ever mint.
        total: Units,
        /// In periods of the clock.
        half_life: u64,
        /// The clock.
        clock: Name,
    },
}

impl Emission {
    /// The clock whose periods it pays.
    pub const fn clock(&self) -> Name {
        match self {
            Self::HalfLife { clock, .. } => *clock,
        }
    }
}

pub(super) type Supplies = BTreeMap<Name, Supply>;

pub(super) fn read(r: &mut Reader<'_>, tokens: &BTreeMap<Name, Token>, clocks: &Clocks) -> Option<Supplies> {
    let supplies = r.named("supply", |token, r| {
        if tokens.contains_key(&token) {
            supply(r, token, clocks)
        } else {
            r.problem("", &format!("`{token}` is no declared token"), "declare it with [[token]]");
            None
        }
    })?;
    for token in tokens.keys().filter(|t| !supplies.contains_key(t)) {
        r.problem("supply", &format!("token `{token}` has no supply rules"), &format!("add [supply.{token}]"));
    }
    Some(supplies)
}

fn supply(r: &mut Reader<'_>, token: Name, clocks: &Clocks) -> Option<Supply> {
    let cap = r.table("cap", |r| {
        let (amount, kind) = (r.amount_of("amount", token), r.choice("kind", &[("clamp", CapKind::Clamp)]));
        Some(Cap { amount: amount?, kind: kind? })
    });
    let vest_clock = reference(r, "vest-clock", "clock", clocks);
    let parts = r.list("allocation", |r| allocation(r, token, vest_clock?, clocks));
    let emission = if r.has("emission") { Some(r.table("emission", |r| emission(r, clocks))) } else { None };
    let (cap, mut allocations) = (cap?, parts?);
    shares_sum_to_the_whole(r, &allocations);
    for part in &mut allocations {
        part.amount = part.share.of(cap.amount, Rounding::Down).ok()?;
        rows_fit(r, part)?;
    }
    let emission = match emission {
        Some(read) => Some(bind_emission(r, read?, &mut allocations)?),
        None => None,
    };
    Some(Supply { token, cap, allocations, vest_clock: vest_clock?, emission })
}

fn allocation(r: &mut Reader<'_>, token: Name, clock: Name, clocks: &Clocks) -> Option<Allocation> {
    let (to, share) = (r.name("to"), r.share("share"));
    let vesting = if r.has("vest") {
        r.list("vest", |r| vesting_row(r, token, clock, clocks)).map(AllocationVesting::Rows)
    } else {
        Some(AllocationVesting::Immediate)
    };
    Some(Allocation { to: to?, share: share?, amount: Units::ZERO, vesting: vesting? })
}

fn vesting_row(r: &mut Reader<'_>, token: Name, clock: Name, clocks: &Clocks) -> Option<VestingRow> {
    let amount = if r.has("amount") { Some(r.amount_of("amount", token)?) } else { None };
    let over = if r.has("at-once") {
        r.flag("at-once");
        0
    } else {
        periods(r, "over", clock, clocks)?
    };
    Some(VestingRow { amount, over })
}

fn shares_sum_to_the_whole(r: &mut Reader<'_>, allocations: &[Allocation]) {
    let sum: u64 = allocations.iter().map(|a| u64::from(a.share.get())).sum();
    if sum != u64::from(Share::WHOLE.get()) {
        let missing = u64::from(Share::WHOLE.get()).saturating_sub(sum);
        let hint = match Share::new(u32::try_from(missing).unwrap_or(0)) {
            Some(rest) if missing > 0 => format!("add {{ to = \"unallocated\", share = \"{rest}\" }}"),
            _ => "lower some of them".to_owned(),
        };
        r.problem("allocation", "the shares of `allocation` must sum to exactly 100%", &hint);
    }
    let names: std::collections::BTreeSet<_> = allocations.iter().map(|a| a.to).collect();
    if names.len() != allocations.len() {
        r.problem("allocation", "two allocations have the same name", "name each once");
    }
}

fn rows_fit(r: &mut Reader<'_>, part: &Allocation) -> Option<()> {
    let AllocationVesting::Rows(rows) = &part.vesting else { return Some(()) };
    let stated = rows.iter().filter_map(|row| row.amount).try_fold(Units::ZERO, Units::plus).ok();
    let open = rows.iter().filter(|row| row.amount.is_none()).count();
    if stated.is_none_or(|sum| sum > part.amount) || open > 1 {
        r.problem(
            "allocation",
            &format!("the vesting rows of `{}` exceed its share, or more than one leaves out its amount", part.to),
            "lower the rows' amounts; one row may leave its amount out",
        );
        return None;
    }
    Some(())
}

fn emission(r: &mut Reader<'_>, clocks: &Clocks) -> Option<(Name, u64, Name)> {
    r.table("half-life", |r| {
        let (from, clock) = (r.name("from"), reference(r, "clock", "clock", clocks));
        let over = clock.and_then(|clock| periods(r, "over", clock, clocks));
        Some((from?, over?, clock?))
    })
}

fn bind_emission(
    r: &mut Reader<'_>,
    (from, half_life, clock): (Name, u64, Name),
    allocations: &mut [Allocation],
) -> Option<Emission> {
    let Some(part) = allocations.iter_mut().find(|a| a.to == from) else {
        r.problem("emission", &format!("`{from}` is no allocation of this token"), "name an entry of `allocation`");
        return None;
    };
    if part.vesting != AllocationVesting::Immediate {
        r.problem(
            "emission",
            &format!("`{from}` is minted by the emission, so it cannot vest as well"),
            "remove its `vest`; vesting of rewards belongs to the pool",
        );
        return None;
    }
    part.vesting = AllocationVesting::Emitted;
    Some(Emission::HalfLife { from, total: part.amount, half_life, clock })
}
