//! `[incentive.pool.*]` and `[incentive.score.*]`: who shares an emission, in which parts, and by which method.

use super::{
    clock::{Clocks, periods},
    network::{Token, reference},
    reader::{Reader, Wants},
    supply::Supplies,
};
use depin_quantity::{Decimal18, Name, Share, Units};
use std::collections::BTreeMap;

/// A pool that shares an emission by weight, or that payments feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolRule {
    /// The token that it pays.
    pub token: Name,
    /// Its part of the emission.
    pub part: Part,
    /// How weight turns into reward.
    pub method: Method,
    /// The clock whose periods it pays.
    pub clock: Name,
    /// Pending rewards are paid when a subject's proving period of this many periods begins.
    pub pay_every: u64,
    /// The part that is locked, and how it unlocks.
    pub vesting: Option<RewardVesting>,
    /// The pool that gets what this one can't use, in the same close.
    pub spill: Option<Name>,
    /// It pays no more than its weight is worth.
    pub worth: Option<Worth>,
}

/// A pool's part of its token's emission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The same share always.
    Fixed(Share),
    /// A share that moves by steps.
    Moving(MovingShare),
    /// By the score of this group, out of what the fixed and moving shares leave.
    Scored(Name),
    /// None: payments feed it.
    Funded,
}

/// A share that moves from `first` to `until`, by `step` every `every` periods of the emission's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MovingShare {
    /// In period 0.
    pub first: Share,
    /// At last.
    pub until: Share,
    /// By so much at a time.
    pub step: Share,
    /// After so many periods.
    pub every: u64,
}

/// How weight turns into reward. Weight that stands is shared by an accumulator in every method that has members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The expectation of a lottery whose chances are shares of weight: each period, the share of the reward that equals the
    /// share of weight. Weight earned in a period is paid as by [`Method::Batch`].
    Expected,
    /// Weight earned in a period is paid when it is over, some per block, in the order of ids.
    Batch,
    /// Weight earned in a period is paid when its owner claims.
    Lazy,
    /// Each period, one member wins all of it, drawn by standing weight.
    Winners,
    /// Straight to an account.
    Direct(Target),
    /// By stake, with commission.
    Staked(Name),
    /// By what locks of this kind weigh for this scope.
    Locked {
        /// The kind of lock.
        lock: Name,
        /// What the locks are delegated to.
        scope: Option<Name>,
    },
}

/// Where a direct pool pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A fund.
    Treasury(Name),
    /// Another pool.
    Pool(Name),
    /// Whoever fills a role.
    Role(Name),
}

/// A ceiling by price: a period's reward is at most `weight * usd_per_unit / price`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worth {
    /// The pair: the pool's token in dollars.
    pub price: Name,
    /// Dollars for one unit of weight.
    pub usd_per_unit: Decimal18,
}

/// How locked rewards unlock. Lengths in periods of the pool's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RewardVesting {
    /// Paid at once; the rest is locked.
    pub immediate: Share,
    /// Whole length.
    pub over: u64,
    /// Length of a step.
    pub step: u64,
    /// Steps move up to multiples of this, offset by the subject's phase.
    pub quantum: u64,
}

/// How a group of pools shares what the other pools of its token leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreRule {
    /// The pools, in the order of their scopes.
    pub pools: Vec<Name>,
    /// What each pool's figures are of; the pools' names when the file gives no `scopes`.
    pub scopes: Vec<Name>,
    /// How figures turn into shares.
    pub score: Score,
    /// The kind of lock whose weight for a scope is its votes; without, the gauge `votes`.
    pub lock: Option<Name>,
    /// Votes that count as one.
    pub votes_per: u128,
    /// Gauge of what was paid for a scope in the period, and how much of it counts as one.
    pub used: Option<(Name, u128)>,
    /// Gauge of what takes part in a scope, and how much of it counts as one.
    pub active: Option<(Name, u128)>,
}

/// How figures turn into shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Score {
    /// `V * D * A`: votes, the square root of what was paid, the fourth root of what takes part, each at least one.
    Utility,
    /// Votes alone, smoothed: each period a share moves by a thirtieth.
    Locked,
}

pub(super) type Pools = BTreeMap<Name, PoolRule>;
pub(super) type Scores = BTreeMap<Name, ScoreRule>;

/// Reads pools and scores; `r` stands in `[incentive]`.
pub(super) fn read(
    r: &mut Reader<'_>,
    supplies: &Supplies,
    clocks: &Clocks,
    tokens: &BTreeMap<Name, Token>,
) -> (Option<Pools>, Option<Scores>) {
    let pools = r.named("pool", |_, r| pool(r, supplies, clocks, tokens));
    let scores = r.named("score", |_, r| score(r));
    if let (Some(pools), Some(scores)) = (&pools, &scores) {
        groups_are_whole(r, pools, scores);
        shares_sum_to_the_whole(r, pools, supplies);
        spills_end(r, pools);
    }
    (pools, scores)
}

fn pool(r: &mut Reader<'_>, supplies: &Supplies, clocks: &Clocks, tokens: &BTreeMap<Name, Token>) -> Option<PoolRule> {
    let funded = r.has("funded") && r.flag("funded")?;
    let (token, emission_clock) = if funded {
        (reference(r, "token", "token", tokens)?, None)
    } else {
        let token = reference(r, "emission", "supply", supplies)?;
        let Some(emission) = supplies.get(&token).and_then(|s| s.emission.as_ref()) else {
            r.problem(
                "emission",
                &format!("{token} has no emission that a pool could share"),
                &format!("add emission to [supply.{token}]"),
            );
            return None;
        };
        (token, Some((emission.clock(), emission.is_stateful())))
    };
    let part = if funded { Some(Part::Funded) } else { part(r, emission_clock.map(|(clock, _)| clock), clocks) };
    let method = method(r);
    let clock = match emission_clock {
        Some((clock, _)) if !r.has("clock") => clock,
        _ => reference(r, "clock", "clock", clocks)?,
    };
    if emission_clock.is_some_and(|(own, stateful)| stateful && own != clock) {
        r.problem("clock", "an emission without a schedule pays by its own clock only", "remove `clock`");
        return None;
    }
    let recycles = supplies.get(&token).is_some_and(|s| s.net_emission.is_some());
    if emission_clock.is_some_and(|(own, _)| own != clock) && recycles {
        r.problem("clock", "burnt tokens that are minted again are paid by the emission's clock only", "remove `clock`");
        return None;
    }
    let method = method?;
    let pay_every = if r.has("pay-every") || method == Method::Expected { periods(r, "pay-every", clock, clocks)? } else { 1 };
    let vesting = if r.has("vest") { Some(r.table("vest", |r| reward_vesting(r, clock, clocks))?) } else { None };
    let spill = if r.has("spill") { Some(r.name("spill")?) } else { None };
    let worth = if r.has("worth") { Some(r.inner("worth", worth)?) } else { None };
    if worth.is_some() && !matches!(method, Method::Batch | Method::Lazy) {
        r.problem("worth", "a ceiling by worth needs weights of one period", "use method = \"batch\" or \"lazy\"");
        return None;
    }
    let vests_by = supplies.get(&token).and_then(|s| s.emission.as_ref()).map(super::Emission::clock);
    if vesting.is_some() && vests_by != Some(clock) {
        r.problem(
            "vest",
            &format!("rewards of {token} vest by the clock of its emission, which is not the pool's"),
            "remove `clock` or `vest`",
        );
        return None;
    }
    let rule = PoolRule { token, part: part?, method, clock, pay_every, vesting, spill, worth };
    if rule.part == Part::Funded && (rule.spill.is_some() || matches!(method, Method::Direct(_))) {
        r.problem("funded", "a funded pool has members and nothing to spill", "remove `spill`, or `funded`");
        return None;
    }
    Some(rule)
}

fn part(r: &mut Reader<'_>, clock: Option<Name>, clocks: &Clocks) -> Option<Part> {
    if r.has("scored") {
        return r.name("scored").map(Part::Scored);
    }
    if !r.holds_table("share") {
        return r.share("share").map(Part::Fixed);
    }
    let moving = r.inner("share", |r| {
        let (first, until, step) = (r.share("first"), r.share("until"), r.share("step"));
        let every = clock.and_then(|clock| periods(r, "every", clock, clocks));
        Some(MovingShare { first: first?, until: until?, step: step?, every: every? })
    })?;
    let way = moving.first.get().abs_diff(moving.until.get());
    if moving.step.get() == 0 || way / moving.step.get() > 1_000 {
        r.problem("share", "a moving share takes at most 1,000 steps", "write a larger `step`");
        return None;
    }
    Some(Part::Moving(moving))
}

fn method(r: &mut Reader<'_>) -> Option<Method> {
    #[derive(Clone, Copy, PartialEq)]
    enum Word {
        Whole(Method),
        Direct,
        Staked,
        Locked,
    }
    let words = [
        ("expected", Word::Whole(Method::Expected)),
        ("accumulator", Word::Whole(Method::Expected)),
        ("batch", Word::Whole(Method::Batch)),
        ("lazy", Word::Whole(Method::Lazy)),
        ("winners", Word::Whole(Method::Winners)),
        ("direct", Word::Direct),
        ("staked", Word::Staked),
        ("locked", Word::Locked),
    ];
    match r.choice("method", &words)? {
        Word::Whole(method) => Some(method),
        Word::Direct => target(r).map(Method::Direct),
        Word::Staked => r.name("staking").map(Method::Staked),
        Word::Locked => {
            let (lock, scope) = (r.name("lock"), if r.has("scope") { Some(r.name("scope")?) } else { None });
            Some(Method::Locked { lock: lock?, scope })
        }
    }
}

fn target(r: &mut Reader<'_>) -> Option<Target> {
    let text = r.text("to")?;
    let split = text.split_once('.').and_then(|(kind, name)| Some((kind, name.parse::<Name>().ok()?)));
    match split {
        Some(("treasury", name)) => {
            r.want("to", name, Wants::Treasury);
            Some(Target::Treasury(name))
        }
        Some(("pool", name)) => Some(Target::Pool(name)),
        Some(("role", name)) => Some(Target::Role(name)),
        _ => {
            r.problem(
                "to",
                &format!("`{text}` is no account that a pool can pay"),
                "write \"treasury.NAME\", \"pool.NAME\" or \"role.NAME\"",
            );
            None
        }
    }
}

fn worth(r: &mut Reader<'_>) -> Option<Worth> {
    let (price, usd) = (r.name("price"), r.usd("usd-per-unit"));
    Some(Worth { price: price?, usd_per_unit: usd? })
}

fn reward_vesting(r: &mut Reader<'_>, clock: Name, clocks: &Clocks) -> Option<RewardVesting> {
    let immediate = r.share("immediate");
    let over = periods(r, "over", clock, clocks);
    let step = periods(r, "step", clock, clocks);
    let quantum = periods(r, "quantum", clock, clocks);
    let vesting = RewardVesting { immediate: immediate?, over: over?, step: step?, quantum: quantum? };
    if vesting.step > vesting.over || vesting.quantum > vesting.step {
        r.problem(
            "step",
            "a vesting step must be at most the whole length and at least the quantum",
            "write over = \"180d\", step = \"1d\", quantum = \"12h\"",
        );
        return None;
    }
    // The table of a party holds one entry per quantum at most, of 24 bytes, and a store takes rows of 64 KiB.
    if vesting.over / vesting.quantum > 2_048 {
        r.problem(
            "quantum",
            "vesting has more than 2,048 quanta: every payment would be slow, and a party's table too large to store",
            "choose a longer quantum",
        );
        return None;
    }
    Some(vesting)
}

fn score(r: &mut Reader<'_>) -> Option<ScoreRule> {
    let pools = r.names("pools");
    let score = r.choice("score", &[("utility", Score::Utility), ("locked", Score::Locked)]);
    let scopes = if r.has("scopes") { r.names("scopes") } else { pools.clone() };
    let lock = if r.has("lock") { Some(r.name("lock")?) } else { None };
    let votes_per = if r.has("votes-per") { r.integer("votes-per", 1..=u64::MAX)? } else { 1 };
    let used = gauge(r, "used")?;
    let active = gauge(r, "active")?;
    let (pools, scopes) = (pools?, scopes?);
    if pools.len() != scopes.len() || pools.len() > 16 {
        r.problem(
            "scopes",
            "`scopes` names one for each of the pools, of which there are at most 16",
            "name them in the pools' order",
        );
        return None;
    }
    Some(ScoreRule { pools, scopes, score: score?, lock, votes_per: votes_per.into(), used, active })
}

/// `{ gauge = "credits-burnt", per = 100_000 }`; absent, the factor is one. The outer `None` is a problem.
#[allow(clippy::option_option, reason = "absent and wrong differ")]
fn gauge(r: &mut Reader<'_>, key: &str) -> Option<Option<(Name, u128)>> {
    if !r.has(key) {
        r.ask(key);
        return Some(None);
    }
    r.inner(key, |r| {
        let (gauge, per) = (r.name("gauge"), r.integer("per", 1..=u64::MAX));
        Some((gauge?, u128::from(per?)))
    })
    .map(Some)
}

impl Method {
    /// Whether its weights are quantities of measures.
    pub const fn by_measure(&self) -> bool {
        matches!(self, Self::Expected | Self::Batch | Self::Lazy | Self::Winners)
    }
}

impl Part {
    /// The share in a period of the emission's clock; nothing for a part that is no share.
    pub fn share_at(&self, period: u64) -> Share {
        match self {
            Self::Fixed(share) => *share,
            Self::Moving(moving) => moving.at(period),
            Self::Scored(_) | Self::Funded => Share::default(),
        }
    }

    /// The first period after `period` in which the share is another one.
    pub fn changes_after(&self, period: u64) -> Option<u64> {
        match self {
            Self::Moving(moving) if moving.at(period) != moving.until => {
                (period / moving.every).checked_add(1)?.checked_mul(moving.every)
            }
            _ => None,
        }
    }
}

impl MovingShare {
    /// The share in a period: `first` moved by `floor(period / every)` steps towards `until`, and not past it.
    pub fn at(&self, period: u64) -> Share {
        let moved = u64::from(self.step.get()).saturating_mul(period / self.every);
        let way = u64::from(self.first.get().abs_diff(self.until.get()));
        if moved >= way {
            return self.until;
        }
        let moved = u32::try_from(moved).expect("less than the way between two shares");
        let at = if self.first > self.until { self.first.get() - moved } else { self.first.get() + moved };
        Share::new(at).expect("between two shares")
    }
}

/// Every group has pools that say so, of one token and one clock, and one token has one group.
fn groups_are_whole(r: &mut Reader<'_>, pools: &Pools, scores: &Scores) {
    for (name, rule) in pools {
        let Part::Scored(group) = rule.part else { continue };
        if !scores.get(&group).is_some_and(|score| score.pools.contains(name)) {
            r.problem(
                "pool",
                &format!("pool `{name}` is scored by `{group}`, which does not name it"),
                &format!("add it to [incentive.score.{group}]"),
            );
        }
    }
    for (name, score) in scores {
        let rules: Vec<Option<&PoolRule>> = score.pools.iter().map(|pool| pools.get(pool)).collect();
        let first = rules.first().copied().flatten().map(|rule| (rule.token, rule.clock));
        let whole = rules
            .iter()
            .all(|rule| rule.is_some_and(|rule| rule.part == Part::Scored(*name) && Some((rule.token, rule.clock)) == first));
        if !whole {
            r.problem(
                "score",
                &format!("`{name}` must name pools with scored = \"{name}\", of one token and one clock"),
                "change its `pools`",
            );
        }
    }
    let tokens: Vec<Name> = scores.values().filter_map(|s| pools.get(s.pools.first()?)).map(|rule| rule.token).collect();
    let distinct: std::collections::BTreeSet<_> = tokens.iter().collect();
    if distinct.len() != tokens.len() {
        r.problem("score", "two scores share out the emission of one token", "make one of them");
    }
}

/// In every period, the fixed and moving shares of a token's pools are the whole, or leave the rest to a scored group.
fn shares_sum_to_the_whole(r: &mut Reader<'_>, pools: &Pools, supplies: &Supplies) {
    let whole = u64::from(Share::WHOLE.get());
    for token in supplies.values().filter(|s| s.emission.is_some()).map(|s| s.token) {
        let own: Vec<&PoolRule> = pools.values().filter(|p| p.token == token && p.part != Part::Funded).collect();
        let scored = own.iter().any(|p| matches!(p.part, Part::Scored(_)));
        let mut at = Some(0);
        while let Some(period) = at {
            let sum: u64 = own.iter().map(|p| u64::from(p.part.share_at(period).get())).sum();
            if sum > whole || (sum != whole && !scored) || (sum == whole && scored) {
                let when = if period == 0 { String::new() } else { format!(" from period {period} on") };
                let wanted =
                    if scored { "below 100%, which leaves the rest to the scored ones" } else { "that sum to exactly 100%" };
                r.problem(
                    "pool",
                    &format!(
                        "the pools that share the emission of {token} must have shares {wanted}; they come to {}%{when}",
                        percent(sum)
                    ),
                    "change their shares",
                );
                break;
            }
            at = own.iter().filter_map(|p| p.part.changes_after(period)).min();
        }
    }
}

fn percent(parts: u64) -> String {
    Units::new(parts.into()).to_decimal(7)
}

/// What spills ends somewhere, in the same token and by the same clock.
fn spills_end(r: &mut Reader<'_>, pools: &Pools) {
    for (name, rule) in pools {
        let (mut at, mut steps) = (rule, 0);
        while let Some(next) = at.spill {
            let fits = pools.get(&next).filter(|to| to.token == rule.token && to.clock == rule.clock && to.part != Part::Funded);
            let Some(to) = fits else {
                r.problem(
                    "pool",
                    &format!("pool `{name}` spills into `{next}`, which is no pool of its token and clock"),
                    "name another pool",
                );
                break;
            };
            (at, steps) = (to, steps + 1);
            if steps > pools.len() {
                r.problem(
                    "pool",
                    &format!("what pool `{name}` spills comes back to it"),
                    "let one of them keep it: remove its `spill`",
                );
                break;
            }
        }
    }
    for (name, rule) in pools {
        if let Method::Direct(Target::Pool(to)) = rule.method
            && !pools.get(&to).is_some_and(|p| p.token == rule.token && !matches!(p.method, Method::Direct(_)))
        {
            r.problem(
                "pool",
                &format!("pool `{name}` pays pool `{to}`, which has no members or another token"),
                "name a pool with members",
            );
        }
    }
}
