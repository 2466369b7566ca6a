//! `[supply.*]`: cap, allocations with vesting, emission.

use super::{
    clock::{Clocks, periods, periods_or_none},
    emission::{self, Emission},
    network::{Token, reference},
    reader::{Declared, Reader, percent},
};
use depin_quantity::{Name, Rounding, Share, Units, nearest_name};

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
    NetEmission,
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

pub(super) type Supplies = Declared<Supply>;

pub(super) fn read(r: &mut Reader<'_>, tokens: &Declared<Token>, clocks: &Clocks) -> Supplies {
    let supplies = r.named("supply", |token, r| {
        if tokens.has(token) {
            return supply(r, token, clocks);
        }
        let near = nearest_name(token.as_str(), tokens.all().keys().map(Name::as_str));
        let hint = near.map_or_else(|| "declare it with [[token]]".to_owned(), |near| format!("did you mean `{near}`?"));
        if r.context().tokens.borrow().is_some() {
            r.problem_in(&[], &format!("`{token}` is no declared token"), &hint);
        }
        None
    });
    // A credit is minted by burning another token, and a bridged one outside: neither has a supply of its own.
    let needs = tokens.iter().filter(|(_, t)| t.transferable && t.bridged_by.is_none());
    for id in needs.map(|(id, _)| id).filter(|id| !supplies.has(*id)) {
        let misspelt = supplies.all().keys().any(|name| !tokens.has(*name));
        let place = r.item("token", "id", id.as_str());
        let hint = format!("add [supply.{id}], or transferable = false for a credit, or bridged-by = \"…\"");
        if !misspelt {
            r.problem_at(place, &format!("token `{id}` has no supply rules"), &hint);
        }
    }
    supplies
}

fn supply(r: &mut Reader<'_>, token: Name, clocks: &Clocks) -> Option<Supply> {
    let genesis = if r.has("genesis") { Some(r.inner("genesis", |r| r.amount_of("amount", token))) } else { None };
    let cap = r.inner("cap", |r| {
        let kinds = [("clamp", CapKind::Clamp), ("net-emission", CapKind::NetEmission), ("model", CapKind::Model)];
        let (amount, kind) = (r.amount_of_above_zero("amount", token), r.choice("kind", &kinds));
        r.context().caps.borrow_mut().insert(token, amount?);
        Some(Cap { amount: amount?, kind: kind? })
    });
    let emission = if r.has("emission") { Some(r.table("emission", |r| emission::read(r, token, clocks))) } else { None };
    let vest_clock = vest_clock(r, emission.as_ref().and_then(|e| e.as_ref()), clocks);
    let parts =
        if r.has("allocation") { r.list("allocation", |r| allocation(r, token, vest_clock, clocks)) } else { Some(Vec::new()) };
    let net_emission = if r.has("net-emission") { Some(net_emission(r, token, clocks)) } else { None };
    let genesis = match genesis {
        Some(read) => Some(read?),
        None => None,
    };
    let (cap, parts) = (cap?, parts?);
    let mut allocations = amounts(r, token, genesis, cap.amount, parts)?;
    let fit = (0..allocations.len()).filter(|index| rows_fit(r, *index, &allocations[*index], token).is_none()).count() == 0;
    let emission = match emission {
        Some(read) => Some(bind_emission(r, read?, &mut allocations)?),
        None => None,
    };
    let net_emission = match net_emission {
        Some(read) => Some(with_emission(r, read?, cap.kind, emission.as_ref())?),
        None => None,
    };
    let supply = Supply { token, genesis, cap, net_emission, allocations, vest_clock: vest_clock?, emission };
    room_under_the_cap(r, &supply)?;
    fit.then_some(supply)
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
    let clock = of_emission.or_else(|| clocks.all().keys().next().copied());
    if clock.is_none() {
        r.problem_in(&[], "the file has no clock", "add [clock.epoch] with every = \"30s\" and origin = \"genesis\"");
    }
    clock
}

fn net_emission(r: &mut Reader<'_>, token: Name, clocks: &Clocks) -> Option<NetEmission> {
    r.table("net-emission", |r| {
        let (clock, most) = (reference(r, "clock", "clock", clocks), r.amount_of_above_zero("most", token));
        Some(NetEmission { clock: clock?, most: most? })
    })
}

fn with_emission(r: &mut Reader<'_>, rule: NetEmission, cap: CapKind, emission: Option<&Emission>) -> Option<NetEmission> {
    if cap != CapKind::NetEmission {
        r.problem(
            "net-emission",
            "burnt tokens are minted again only under a cap of kind net-emission",
            "write kind = \"net-emission\" in `cap`",
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

fn allocation(r: &mut Reader<'_>, token: Name, clock: Option<Name>, clocks: &Clocks) -> Option<Stated> {
    let to = r.name("to");
    let (share, amount) =
        if r.has("amount") { (None, Some(r.amount_of("amount", token))) } else { (Some(r.share("share")), None) };
    let emitted = r.has("emitted") && r.flag("emitted")?;
    let rows = if r.has("vest") { Some(r.inner_list("vest", |r| vesting_row(r, token, clock?, clocks))) } else { None };
    let to = to?;
    let vesting = match rows {
        Some(_) if to == UNALLOCATED => {
            r.problem("vest", "`unallocated` belongs to nobody, so it cannot vest", "remove `vest`");
            return None;
        }
        Some(_) if emitted => {
            r.problem("vest", "what the emission pays out of cannot vest as well", "remove `vest`; a pool's rewards vest there");
            return None;
        }
        Some(rows) => AllocationVesting::Rows(rows?),
        None if emitted => AllocationVesting::Emitted,
        None if to == UNALLOCATED => AllocationVesting::Unallocated,
        None => AllocationVesting::Immediate,
    };
    // Both are read before either is missed.
    let (share, amount) = (share.map_or(Some(None), |s| s.map(Some))?, amount.map_or(Some(None), |a| a.map(Some))?);
    Some(Stated { to, share, amount, vesting })
}

fn vesting_row(r: &mut Reader<'_>, token: Name, clock: Name, clocks: &Clocks) -> Option<VestingRow> {
    let part = if r.has("amount") {
        r.amount_of_above_zero("amount", token).map(VestingPart::Amount)
    } else if r.has("share") {
        r.share("share").map(VestingPart::Share)
    } else {
        Some(VestingPart::Rest)
    };
    let after = periods_or_none(r, "after", clock, clocks);
    let at_once = r.has("at-once") && r.flag("at-once")?;
    let (over, every) = if at_once {
        (Some(0), Some(1))
    } else {
        let over = periods(r, "over", clock, clocks);
        (over, if r.has("every") { periods(r, "every", clock, clocks) } else { Some(1) })
    };
    let (part, after, over, every) = (part?, after?, over?, every?);
    if every > over.max(1) {
        r.problem("every", "a step must be at most the whole length", "write over = \"24 month\", every = \"1 month\"");
        return None;
    }
    Some(VestingRow { part, after, over, every })
}

/// Turns shares and amounts into amounts that sum to the whole.
fn amounts(r: &Reader<'_>, token: Name, genesis: Option<Units>, cap: Units, parts: Vec<Stated>) -> Option<Vec<Allocation>> {
    for (index, part) in parts.iter().enumerate() {
        if parts[..index].iter().any(|before| before.to == part.to) {
            let place = ["allocation", &format!("[{index}]"), "to"];
            r.problem_in(&place, &format!("two allocations go to `{}`", part.to), "name each once, and add their shares");
        }
    }
    if parts.is_empty() {
        if genesis.is_some_and(|amount| !amount.is_zero()) {
            let hint = "add allocation = [{ to = \"unallocated\", share = \"100%\" }]";
            r.problem_in(&["genesis"], "nobody gets what is minted at the start", hint);
            return None;
        }
        return Some(Vec::new());
    }
    let whole = genesis.unwrap_or(cap);
    if parts.iter().all(|part| part.share.is_some()) && !shares_sum_to_the_whole(r, &parts) {
        return None;
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
        let comes = sum.map_or_else(|| "more than an amount can be".to_owned(), |sum| r.shown(token, sum));
        let message = format!("`allocation` comes to {comes}; the parts must sum to {}", r.shown(token, whole));
        let hint = match left {
            Some(left) => format!("add {{ to = \"unallocated\", amount = \"{}\" }}, or raise some", r.written(token, left)),
            None => "lower some of them".to_owned(),
        };
        r.problem_in(&["allocation"], &message, &hint);
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

fn shares_sum_to_the_whole(r: &Reader<'_>, parts: &[Stated]) -> bool {
    let sum: u64 = parts.iter().filter_map(|part| part.share).map(|share| u64::from(share.get())).sum();
    let whole = u64::from(Share::WHOLE.get());
    if sum == whole {
        return true;
    }
    let hint = match Share::new(u32::try_from(whole.saturating_sub(sum)).unwrap_or(0)) {
        Some(rest) if sum < whole => format!("add {{ to = \"unallocated\", share = \"{rest}\" }}, or raise some"),
        _ => format!("lower some of them by {} together", percent(sum - whole)),
    };
    let message = format!("`allocation` comes to {}; the shares must sum to exactly 100%", percent(sum));
    r.problem_in(&["allocation"], &message, &hint);
    false
}

fn rows_fit(r: &Reader<'_>, index: usize, part: &Allocation, token: Name) -> Option<()> {
    let AllocationVesting::Rows(rows) = &part.vesting else { return Some(()) };
    let amounts = rows.iter().filter_map(|row| if let VestingPart::Amount(amount) = row.part { Some(amount) } else { None });
    let stated = amounts.clone().try_fold(Units::ZERO, Units::plus).ok();
    let shares =
        rows.iter().filter_map(|row| if let VestingPart::Share(share) = row.part { Some(u64::from(share.get())) } else { None });
    let open = rows.iter().filter(|row| row.part == VestingPart::Rest).count();
    let place = ["allocation", &format!("[{index}]"), "vest"];
    if stated.is_none_or(|sum| sum > part.amount) || open > 1 {
        let comes = stated.map_or_else(|| "more than an amount can be".to_owned(), |sum| r.shown(token, sum));
        let message = if open > 1 {
            format!("{open} vesting rows of `{}` leave out their amount, and only one can take the rest", part.to)
        } else {
            format!(
                "the vesting rows of `{}` come to {comes}, which exceeds its share of {}",
                part.to,
                r.shown(token, part.amount)
            )
        };
        r.problem_in(&place, &message, "lower the rows' amounts; one row may leave its amount out");
        return None;
    }
    let whole = u64::from(Share::WHOLE.get());
    let (mixed, sum) = (amounts.count() > 0 && shares.clone().count() > 0, shares.sum::<u64>());
    if mixed || sum > whole || (open > 0 && sum == whole) {
        let message = if mixed {
            format!("the vesting rows of `{}` state amounts and shares; all of them state the one or the other", part.to)
        } else {
            format!("the vesting rows of `{}` come to {}, and one of them takes the rest", part.to, percent(sum))
        };
        let message = if sum > whole { format!("the vesting rows of `{}` come to {}", part.to, percent(sum)) } else { message };
        r.problem_in(&place, &message, "write each row's share = \"…%\", of at most 100% together");
        return None;
    }
    Some(())
}

fn bind_emission(r: &Reader<'_>, read: emission::Read, allocations: &mut [Allocation]) -> Option<Emission> {
    let mut mined = None;
    if let Some(from) = read.from {
        let names: Vec<&str> = allocations.iter().map(|a| a.to.as_str()).collect();
        let near = nearest_name(from.as_str(), names.iter().copied());
        let hint = near.map_or_else(|| format!("allocations: {}", names.join(", ")), |near| format!("did you mean `{near}`?"));
        let place = ["emission", read.kind.word(), "from"];
        let Some(part) = allocations.iter_mut().find(|a| a.to == from) else {
            r.problem_in(&place, &format!("`{from}` is no allocation of this token"), &hint);
            return None;
        };
        if !matches!(part.vesting, AllocationVesting::Immediate | AllocationVesting::Emitted) {
            r.problem_in(
                &place,
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

fn room_under_the_cap(r: &Reader<'_>, supply: &Supply) -> Option<()> {
    let (minted, cap) = (supply.at_genesis(), supply.cap.amount);
    if supply.cap.kind != CapKind::Model && minted > cap {
        let message = format!("the cap is below what is minted at the start, {}", r.shown(supply.token, minted));
        r.problem_in(&["cap", "amount"], &message, "raise `cap`, or lower `genesis`");
        return None;
    }
    if supply.cap.kind != CapKind::Model && minted == cap && supply.emission.is_some() {
        r.problem_in(
            &["emission"],
            "the allocations take the whole cap, so the emission has nothing to mint",
            "name the mined allocation with from = \"…\", or state `genesis`",
        );
        return None;
    }
    Some(())
}
