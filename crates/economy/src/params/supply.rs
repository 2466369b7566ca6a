//! `[supply.*]`: cap, allocations with vesting, emission.

use super::{
    clock::{Clocks, periods, periods_or_none},
    emission::{self, Emission},
    network::{Token, reference},
    reader::Reader,
};
use depin_quantity::{Name, Rounding, Share, Units};
use std::collections::BTreeMap;

/// Supply rules of one token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supply {
    /// The token.
    pub token: Name,
    /// What is minted at the start, when the file says so apart from the cap; allocations are parts of it.
    pub genesis: Option<Units>,
    /// The cap.
    pub cap: Cap,
    /// What of burnt tokens may be minted again.
    pub net_emission: Option<NetEmission>,
    /// Who gets which part of the genesis amount, or of the cap; they sum to the whole.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CapKind {
    /// Minting stops exactly at it; what is burnt makes no room.
    Clamp,
    /// Minting stops exactly at it; what is burnt may be minted again.
    Recycle,
    /// It is shown and never enforced.
    Model,
}

/// How much of what was burnt is minted again: per period, what was burnt in it, at most `most`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetEmission {
    /// The emission's clock.
    pub clock: Name,
    /// Most per period.
    pub most: Units,
}

/// One part of what is minted at the start, or of the cap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// Its name.
    pub to: Name,
    /// Its share of the whole; for one stated as an amount, rounded down.
    pub share: Share,
    /// Its amount in base units: stated, or the share of the whole, rounded down; the last share takes what rounding leaves.
    pub amount: Units,
    /// When it unlocks.
    pub vesting: AllocationVesting,
}

/// When an allocation unlocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllocationVesting {
    /// Not minted at genesis: an emission mints it.
    Emitted,
    /// Minted at genesis, owned by nobody, never taken.
    Unallocated,
    /// At genesis, whole.
    Immediate,
    /// Row by row. What the rows leave of the amount stays locked for good.
    Rows(Vec<VestingRow>),
}

/// One row of a vesting schedule. Lengths in periods of the vesting clock since the network's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VestingRow {
    /// How much.
    pub part: VestingPart,
    /// Nothing unlocks until so many periods are over.
    pub after: u64,
    /// From then on evenly over so many periods; zero is at once.
    pub over: u64,
    /// In steps of so many.
    pub every: u64,
}

/// What a vesting row unlocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VestingPart {
    /// So much.
    Amount(Units),
    /// This share of what genesis left in the allocation, rounded down; of rows that share the whole, the last takes the rest.
    Share(Share),
    /// What the other rows leave, less what genesis granted out of it.
    Rest,
}

/// The allocation that nobody owns.
pub const UNALLOCATED: Name = Name::literal("unallocated");

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
    // A credit is minted by burning another token, and a bridged one outside: neither has a supply of its own.
    let needs = tokens.values().filter(|t| t.transferable && t.bridged_by.is_none());
    for token in needs.map(|t| t.id).filter(|id| !supplies.contains_key(id)) {
        r.problem("supply", &format!("token `{token}` has no supply rules"), &format!("add [supply.{token}]"));
    }
    Some(supplies)
}

fn supply(r: &mut Reader<'_>, token: Name, clocks: &Clocks) -> Option<Supply> {
    let genesis = if r.has("genesis") { Some(r.table("genesis", |r| r.amount_of("amount", token))?) } else { None };
    let cap = r.table("cap", |r| {
        let kinds = [("clamp", CapKind::Clamp), ("recycle", CapKind::Recycle), ("model", CapKind::Model)];
        let (amount, kind) = (r.amount_of("amount", token), r.choice("kind", &kinds));
        Some(Cap { amount: amount?, kind: kind? })
    });
    let emission = if r.has("emission") { Some(r.table("emission", |r| emission::read(r, token, clocks))) } else { None };
    let vest_clock = vest_clock(r, emission.as_ref().and_then(|e| e.as_ref()), clocks);
    let parts =
        if r.has("allocation") { r.list("allocation", |r| allocation(r, token, vest_clock?, clocks)) } else { Some(Vec::new()) };
    let net_emission = if r.has("net-emission") { Some(net_emission(r, token, clocks)) } else { None };
    let (cap, parts) = (cap?, parts?);
    let mut allocations = amounts(r, genesis, cap.amount, parts)?;
    for part in &mut allocations {
        rows_fit(r, part)?;
    }
    let emission = match emission {
        Some(read) => Some(bind_emission(r, read?, &mut allocations)?),
        None => None,
    };
    let net_emission = match net_emission {
        Some(read) => Some(recycled(r, read?, cap.kind, emission.as_ref())?),
        None => None,
    };
    let supply = Supply { token, genesis, cap, net_emission, allocations, vest_clock: vest_clock?, emission };
    room_under_the_cap(r, &supply)?;
    Some(supply)
}

/// The clock that allocations vest by; without one stated, the emission's, or the first of the file.
fn vest_clock(r: &mut Reader<'_>, emission: Option<&emission::Read>, clocks: &Clocks) -> Option<Name> {
    if r.has("vest-clock") {
        return reference(r, "vest-clock", "clock", clocks);
    }
    r.ask("vest-clock");
    let of_emission = emission.map(|read| match &read.kind {
        emission::Kind::HalfLife { clock, .. } => *clock,
        emission::Kind::Whole(emission) => emission.clock(),
    });
    let clock = of_emission.or_else(|| clocks.keys().next().copied());
    if clock.is_none() {
        r.problem("", "the file has no clock", "add [clock.epoch]");
    }
    clock
}

fn net_emission(r: &mut Reader<'_>, token: Name, clocks: &Clocks) -> Option<NetEmission> {
    r.table("net-emission", |r| {
        let (clock, most) = (reference(r, "clock", "clock", clocks), r.amount_of("most", token));
        Some(NetEmission { clock: clock?, most: most? })
    })
}

fn recycled(r: &mut Reader<'_>, rule: NetEmission, cap: CapKind, emission: Option<&Emission>) -> Option<NetEmission> {
    if cap != CapKind::Recycle {
        r.problem(
            "net-emission",
            "burnt tokens are minted again only under a cap that recycles",
            "write kind = \"recycle\" in `cap`",
        );
        return None;
    }
    if emission.is_none_or(|e| e.clock() != rule.clock) {
        r.problem("net-emission", "`net-emission` joins the emission, so it has the emission's clock", "name the same clock");
        return None;
    }
    Some(rule)
}

/// An allocation as stated: by share or by amount.
struct Stated {
    to: Name,
    share: Option<Share>,
    amount: Option<Units>,
    vesting: AllocationVesting,
}

fn allocation(r: &mut Reader<'_>, token: Name, clock: Name, clocks: &Clocks) -> Option<Stated> {
    let to = r.name("to");
    let (share, amount) =
        if r.has("amount") { (None, Some(r.amount_of("amount", token)?)) } else { (Some(r.share("share")?), None) };
    let to = to?;
    let vesting = if to == UNALLOCATED && !r.has("vest") {
        AllocationVesting::Unallocated
    } else if r.has("vest") {
        AllocationVesting::Rows(r.list("vest", |r| vesting_row(r, token, clock, clocks))?)
    } else {
        AllocationVesting::Immediate
    };
    if to == UNALLOCATED && vesting != AllocationVesting::Unallocated {
        r.problem("vest", "`unallocated` belongs to nobody, so it cannot vest", "remove `vest`");
        return None;
    }
    Some(Stated { to, share, amount, vesting })
}

fn vesting_row(r: &mut Reader<'_>, token: Name, clock: Name, clocks: &Clocks) -> Option<VestingRow> {
    let part = if r.has("amount") {
        VestingPart::Amount(r.amount_of("amount", token)?)
    } else if r.has("share") {
        VestingPart::Share(r.share("share")?)
    } else {
        VestingPart::Rest
    };
    let after = periods_or_none(r, "after", clock, clocks)?;
    let (over, every) = if r.has("at-once") {
        r.flag("at-once");
        (0, 1)
    } else {
        let over = periods(r, "over", clock, clocks)?;
        (over, if r.has("every") { periods(r, "every", clock, clocks)? } else { 1 })
    };
    if every > over.max(1) {
        r.problem("every", "a step must be at most the whole length", "write over = \"24 month\", every = \"1 month\"");
        return None;
    }
    Some(VestingRow { part, after, over, every })
}

/// Turns shares and amounts into amounts that sum to the whole.
fn amounts(r: &mut Reader<'_>, genesis: Option<Units>, cap: Units, parts: Vec<Stated>) -> Option<Vec<Allocation>> {
    let names: std::collections::BTreeSet<_> = parts.iter().map(|a| a.to).collect();
    if names.len() != parts.len() {
        r.problem("allocation", "two allocations have the same name", "name each once");
    }
    if parts.is_empty() {
        if genesis.is_some_and(|amount| !amount.is_zero()) {
            r.problem(
                "genesis",
                "nobody gets what is minted at the start",
                "add allocation = [{ to = \"unallocated\", share = \"100%\" }]",
            );
            return None;
        }
        return Some(Vec::new());
    }
    let whole = genesis.unwrap_or(cap);
    if parts.iter().all(|part| part.share.is_some()) {
        shares_sum_to_the_whole(r, &parts);
    }
    let last_share = parts.iter().rposition(|part| part.share.is_some());
    let exact: Vec<Units> =
        parts.iter().map(|part| part.amount.or_else(|| part.share?.of(whole, Rounding::Down).ok())).collect::<Option<_>>()?;
    let sum = exact.iter().try_fold(Units::ZERO, |sum, part| sum.plus(*part)).ok();
    let left = sum.and_then(|sum| whole.minus(sum).ok());
    // Shares of the whole lose less than one base unit each.
    let shares = parts.iter().filter(|p| p.share.is_some()).count() as u128;
    let dust = left.filter(|left| left.is_zero() || left.get() < shares);
    if dust.is_none() && parts.iter().any(|part| part.amount.is_some()) {
        r.problem(
            "allocation",
            "the allocations do not sum to the whole",
            "add { to = \"unallocated\", amount = \"…\" } or change them",
        );
        return None;
    }
    let of_whole = |amount: Units| amount.mul_div(Share::WHOLE.get().into(), whole.get().max(1), Rounding::Down).ok();
    parts
        .into_iter()
        .zip(exact)
        .enumerate()
        .map(|(i, (part, amount))| {
            let rest = if Some(i) == last_share { dust.unwrap_or_default() } else { Units::ZERO };
            let amount = amount.plus(rest).ok()?;
            let share = part.share.or_else(|| Share::new(u32::try_from(of_whole(amount)?.get()).ok()?))?;
            Some(Allocation { to: part.to, share, amount, vesting: part.vesting })
        })
        .collect()
}

fn shares_sum_to_the_whole(r: &mut Reader<'_>, parts: &[Stated]) {
    let sum: u64 = parts.iter().filter_map(|part| part.share).map(|share| u64::from(share.get())).sum();
    if sum != u64::from(Share::WHOLE.get()) {
        let missing = u64::from(Share::WHOLE.get()).saturating_sub(sum);
        let hint = match Share::new(u32::try_from(missing).unwrap_or(0)) {
            Some(rest) if missing > 0 => format!("add {{ to = \"unallocated\", share = \"{rest}\" }}"),
            _ => "lower some of them".to_owned(),
        };
        r.problem("allocation", "the shares of `allocation` must sum to exactly 100%", &hint);
    }
}

fn rows_fit(r: &mut Reader<'_>, part: &Allocation) -> Option<()> {
    let AllocationVesting::Rows(rows) = &part.vesting else { return Some(()) };
    let amounts = rows.iter().filter_map(|row| if let VestingPart::Amount(amount) = row.part { Some(amount) } else { None });
    let stated = amounts.clone().try_fold(Units::ZERO, Units::plus).ok();
    let shares =
        rows.iter().filter_map(|row| if let VestingPart::Share(share) = row.part { Some(u64::from(share.get())) } else { None });
    let open = rows.iter().filter(|row| row.part == VestingPart::Rest).count();
    if stated.is_none_or(|sum| sum > part.amount) || open > 1 {
        r.problem(
            "allocation",
            &format!("the vesting rows of `{}` exceed its share, or more than one leaves out its amount", part.to),
            "lower the rows' amounts; one row may leave its amount out",
        );
        return None;
    }
    let whole = u64::from(Share::WHOLE.get());
    let (mixed, sum) = (amounts.count() > 0 && shares.clone().count() > 0, shares.sum::<u64>());
    if mixed || sum > whole || (open > 0 && sum == whole) {
        r.problem(
            "allocation",
            &format!("the vesting rows of `{}` must state amounts or shares, and shares of at most 100%", part.to),
            "write each row's share = \"…%\"",
        );
        return None;
    }
    Some(())
}

fn bind_emission(r: &mut Reader<'_>, read: emission::Read, allocations: &mut [Allocation]) -> Option<Emission> {
    let mut mined = None;
    if let Some(from) = read.from {
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
        mined = Some((from, part.amount));
    }
    match (read.kind, mined) {
        (emission::Kind::Whole(emission), _) => Some(emission),
        (emission::Kind::HalfLife { half_life, clock }, Some((from, total))) => {
            Some(Emission::HalfLife { from, total, half_life, clock })
        }
        (emission::Kind::HalfLife { .. }, None) => None,
    }
}

impl Supply {
    /// What is minted at the start, into allocations.
    pub fn at_genesis(&self) -> Units {
        let minted = self.allocations.iter().filter(|a| a.vesting != AllocationVesting::Emitted);
        Units::new(minted.fold(0u128, |sum, part| sum.saturating_add(part.amount.get())))
    }

    /// Most that the emission may ever give, burnt tokens that are minted again aside; `None` when nothing bounds it.
    pub fn emission_most(&self) -> Option<Units> {
        (self.cap.kind != CapKind::Model).then(|| self.cap.amount.minus_or_zero(self.at_genesis()))
    }
}

fn room_under_the_cap(r: &mut Reader<'_>, supply: &Supply) -> Option<()> {
    let (minted, cap) = (supply.at_genesis(), supply.cap.amount);
    if supply.cap.kind != CapKind::Model && minted > cap {
        r.problem("cap", "the cap is below what is minted at the start", "raise `cap`, or lower `genesis`");
        return None;
    }
    if supply.cap.kind != CapKind::Model && minted == cap && supply.emission.is_some() {
        r.problem(
            "emission",
            "the allocations take the whole cap, so the emission has nothing to mint",
            "name the mined allocation with from = \"…\", or state `genesis`",
        );
        return None;
    }
    Some(())
}
