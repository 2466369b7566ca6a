//! `[incentive.staking.*]`, `[incentive.lock.*]`, and what a slashed pledge or stake goes to.

use super::{
    clock::Clocks,
    network::{Token, reference},
    reader::{Declared, Reader, Wants, percent},
    supply::Supplies,
};
use depin_quantity::{Name, Share, Span, Units};

/// Delegated stake: validators with commission, delegators who share what they earn and what they lose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StakingRule {
    /// The token that is staked.
    pub token: Name,
    /// How long undelegated stake stays bound, and how long after a fault it can still be slashed.
    pub unbonding: Span,
    /// Least commission of a validator.
    pub commission_least: Share,
    /// So many validators with the most stake are bonded: they earn, and they count in the bonded ratio.
    pub validators_most: u64,
    /// Most unbondings, and most redelegations, in progress between one delegator and one validator.
    pub entries_most: u64,
    /// Part of the stake that a double signature costs.
    pub double_sign: Share,
    /// Part of the stake that too many missed signatures cost.
    pub downtime: Share,
    /// When missed signatures are too many; `None` when nobody counts them.
    pub liveness: Option<Liveness>,
    /// Where slashed stake goes; empty is burnt.
    pub slash_to: Vec<(SlashTo, Share)>,
}

/// When missed signatures are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Liveness {
    /// Blocks that are looked at.
    pub window: u64,
    /// Least part of them that a validator signs.
    pub signed_least: Share,
    /// How long it is jailed for less.
    pub jail: Span,
}

/// Vote-escrow locks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockRule {
    /// The token that is locked.
    pub token: Name,
    /// Longest lock; it has the whole multiplier.
    pub longest: Span,
    /// Multiplier of the longest lock, in parts of 10^9.
    pub most_times: u64,
    /// What locks made in the first days get on top.
    pub bonus: Option<LockBonus>,
    /// Least that one lock holds.
    pub least: Units,
    /// Names that locks may be delegated to, in order; empty when there is no delegation.
    pub scopes: Vec<Name>,
    /// The clock at whose period starts weights count.
    pub clock: Name,
    /// Whether only delegated locks earn from pools.
    pub delegated_only: bool,
}

/// The bonus of early locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockBonus {
    /// The weight counts so many times until the end that the lock was made with.
    pub times: u64,
    /// Locks made so long after the network's start get it.
    pub within: Span,
}

/// Where taken tokens go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SlashTo {
    /// Out of existence.
    Burn,
    /// To who reported the fault; without a reporter, where the first entry goes.
    Reporter,
    /// Into a fund.
    Treasury(Name),
    /// Into a pool that is funded.
    Pool(Name),
}

/// Until when what a fault cost can be given back, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppealRule {
    /// So long the taken tokens are held.
    pub within: Span,
    /// The role that gives them back, or lets them go early.
    pub judge: Name,
}

/// How a pledge is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PledgeSize {
    /// Base units per GiB (2^30) of the basis.
    PerGib(Units),
    /// Base units per unit of the basis.
    PerUnit {
        /// Base units for one unit.
        each: Units,
        /// Steps of the metric that make one unit.
        steps: u64,
        /// A basis below so many units counts as this many.
        least_units: u64,
    },
}

/// Collateral of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PledgeRule {
    /// The token.
    pub token: Name,
    /// What the amount is counted on.
    pub size: PledgeSize,
    /// At least so much for any unit, in base units.
    pub least: Units,
    /// How long a released pledge stays bound; `None` gives it back at once.
    pub cool_down: Option<Span>,
}

pub(super) fn pledge(r: &mut Reader<'_>) -> Option<PledgeRule> {
    let size = if r.has("per-unit") {
        let each = r.amount_above_zero("per-unit");
        let steps = if r.has("steps") { r.integer("steps", 1..=1_000_000_000_000) } else { Some(1) };
        let least_units = if r.has("least-units") { r.integer("least-units", 1..=1_000_000) } else { Some(0) };
        let size = |each| Some(PledgeSize::PerUnit { each, steps: steps?, least_units: least_units? });
        each.and_then(|(token, each)| Some((token, size(each)?)))
    } else if r.has("per-gib") {
        r.amount_above_zero("per-gib").map(|(token, each)| (token, PledgeSize::PerGib(each)))
    } else {
        r.problem_in(&[], "a pledge says how much is asked", "write per-unit = \"100 …\", or per-gib for a metric of bytes");
        None
    };
    let cool_down = if r.has("cool-down") { r.span("cool-down").map(Some) } else { Some(None) };
    let least = match (r.has("least"), &size) {
        (true, Some((token, _))) => r.amount_of_above_zero("least", *token),
        (true, None) => r.amount("least").and(None),
        (false, _) => Some(Units::ZERO),
    };
    let (token, size) = size?;
    Some(PledgeRule { token, size, least: least?, cool_down: cool_down? })
}

pub(super) fn stakings(r: &mut Reader<'_>, tokens: &Declared<Token>) -> Declared<StakingRule> {
    r.named("staking", |_, r| staking(r, tokens))
}

fn staking(r: &mut Reader<'_>, tokens: &Declared<Token>) -> Option<StakingRule> {
    let (token, unbonding) = (reference(r, "token", "token", tokens), r.span("unbonding"));
    let commission_least = if r.has("commission-least") { r.share("commission-least") } else { Some(Share::default()) };
    let validators_most = r.integer("most-validators", 1..=1_000);
    let entries_most = if r.has("entries-most") { r.integer("entries-most", 1..=100) } else { Some(7) };
    let slash = if r.has("slash") {
        r.inner("slash", |r| {
            let (double_sign, downtime) = (r.share("double-sign"), r.share("downtime"));
            let to = if r.has("to") { destinations(r, "to", token?) } else { Some(Vec::new()) };
            Some((double_sign?, downtime?, to?))
        })
    } else {
        Some((Share::default(), Share::default(), Vec::new()))
    };
    let liveness = if r.has("liveness") { r.inner("liveness", liveness).map(Some) } else { Some(None) };
    let (double_sign, downtime, slash_to) = slash?;
    Some(StakingRule {
        token: token?,
        unbonding: unbonding?,
        commission_least: commission_least?,
        validators_most: validators_most?,
        entries_most: entries_most?,
        double_sign,
        downtime,
        liveness: liveness?,
        slash_to,
    })
}

fn liveness(r: &mut Reader<'_>) -> Option<Liveness> {
    let (window, signed_least, jail) = (r.integer("window", 1..=1_000_000), r.share("signed-least"), r.span("jail"));
    let signed_least = signed_least?;
    if signed_least == Share::default() {
        r.problem(
            "signed-least",
            "a validator that need not sign is never jailed",
            "write a share above 0%, or remove `liveness`",
        );
        return None;
    }
    Some(Liveness { window: window?, signed_least, jail: jail? })
}

pub(super) fn locks(r: &mut Reader<'_>, tokens: &Declared<Token>, clocks: &Clocks, supplies: &Supplies) -> Declared<LockRule> {
    r.named("lock", |_, r| lock(r, tokens, clocks, supplies))
}

fn lock(r: &mut Reader<'_>, tokens: &Declared<Token>, clocks: &Clocks, supplies: &Supplies) -> Option<LockRule> {
    let (token, longest) = (reference(r, "token", "token", tokens), r.span("longest"));
    let most_times = billionths(r, "most-times");
    let bonus = if r.has("bonus") { r.inner("bonus", bonus).map(Some) } else { Some(None) };
    let delegated_only = if r.has("delegated-only") { r.flag("delegated-only") } else { Some(false) };
    let scopes = if r.has("delegates-to") { r.name_or_names("delegates-to") } else { Some(Vec::new()) };
    let named = r.has("clock");
    let clock = if named { reference(r, "clock", "clock", clocks) } else { None };
    let token = token?;
    let least = if r.has("least") { r.amount_of_above_zero("least", token) } else { Some(Units::new(1)) };
    let (longest, scopes) = (longest?, scopes?);
    if scopes.iter().any(|name| name.as_str() == "-") {
        r.problem("delegates-to", "`-` stands for locks that are not delegated", "choose another name");
        return None;
    }
    if delegated_only == Some(true) && scopes.is_empty() {
        let hint = "add delegates-to = [\"…\"], or remove `delegated-only`";
        r.problem("delegated-only", "only delegated locks earn, and there is nothing to delegate to", hint);
        return None;
    }
    let clock = if named { clock? } else { its_clock(r, token, clocks, supplies)? };
    if longest.get() < 1_000 || !longest.get().is_multiple_of(1_000) {
        r.problem("longest", "the longest lock must be a whole number of seconds", "write longest = \"1460d\"");
        return None;
    }
    Some(LockRule {
        token,
        longest,
        most_times: most_times?,
        bonus: bonus?,
        least: least?,
        scopes,
        clock,
        delegated_only: delegated_only?,
    })
}

fn bonus(r: &mut Reader<'_>) -> Option<LockBonus> {
    let (times, within) = (billionths(r, "times"), r.span("within"));
    let times = times?;
    if times % BILLION != 0 {
        r.problem("times", "a bonus counts a whole number of times", "write times = \"3\"");
        return None;
    }
    Some(LockBonus { times: times / BILLION, within: within? })
}

/// Weights count at the period starts of the token's emission unless the file names another clock.
fn its_clock(r: &mut Reader<'_>, token: Name, clocks: &Clocks, supplies: &Supplies) -> Option<Name> {
    let of_emission = supplies.get(token).and_then(|s| s.emission.as_ref()).map(super::emission::Emission::clock);
    let mut all = clocks.all().keys();
    let only = all.next().filter(|_| all.next().is_none()).copied();
    let clock = of_emission.or(only);
    // The clock of an emission that could not be read is not missed.
    if clock.is_none() && (supplies.get(token).is_some() || !supplies.has(token)) {
        r.problem("clock", "a lock needs a clock, at whose period starts its weight counts", "write clock = \"…\"");
    }
    clock
}

const BILLION: u64 = 1_000_000_000;

/// A decimal number above zero of at most nine places, in parts of 10^9.
fn billionths(r: &mut Reader<'_>, key: &str) -> Option<u64> {
    let number = r.decimal(key)?.get();
    let grain = u128::from(BILLION);
    match u64::try_from(number / grain) {
        Ok(parts) if number % grain == 0 && parts > 0 && parts <= 1_000_000 * BILLION => Some(parts),
        _ => {
            let message = format!("`{key}` must be above zero, at most 1,000,000 and have at most nine places");
            r.problem(key, &message, "write it like \"100\"");
            None
        }
    }
}

/// Where taken tokens go, share by share. Pools and treasuries are resolved when the whole file is read.
pub(super) fn destinations(r: &mut Reader<'_>, key: &str, token: Name) -> Option<Vec<(SlashTo, Share)>> {
    let entries = r.inner_list(key, |r| {
        let (to, share) = (r.text("to"), r.share("share"));
        Some((destination(r, &to?, token)?, share?))
    })?;
    let sum: u64 = entries.iter().map(|(_, share)| u64::from(share.get())).sum();
    if sum != u64::from(Share::WHOLE.get()) {
        let message = format!("`{key}` comes to {}; the shares must sum to exactly 100%", percent(sum));
        r.problem(key, &message, "change their shares");
        return None;
    }
    Some(entries)
}

fn destination(r: &mut Reader<'_>, text: &str, token: Name) -> Option<SlashTo> {
    let found = match text.split_once('.') {
        None if text == "burn" => Some(SlashTo::Burn),
        None if text == "reporter" => Some(SlashTo::Reporter),
        Some(("treasury", name)) => name.parse().ok().map(SlashTo::Treasury),
        Some(("pool", name)) => name.parse().ok().map(SlashTo::Pool),
        _ => None,
    };
    match found {
        Some(SlashTo::Treasury(name)) => r.want("to", name, Wants::Treasury),
        Some(SlashTo::Pool(name)) => r.want("to", name, Wants::Pool(token)),
        Some(SlashTo::Burn | SlashTo::Reporter) => {}
        None => r.problem(
            "to",
            &format!("`{text}` is nowhere that tokens can go"),
            "write burn, reporter, treasury.NAME or pool.NAME",
        ),
    }
    found
}

/// Until when what a fault cost can be given back.
pub(super) fn appeal(r: &mut Reader<'_>) -> Option<AppealRule> {
    let (within, judge) = (r.span("within"), r.name("judge"));
    Some(AppealRule { within: within?, judge: judge? })
}
