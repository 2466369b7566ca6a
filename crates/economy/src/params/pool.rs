//! `[incentive.pool.*]` and `[incentive.score.*]`: who shares an emission, in which parts, and by which method.

use super::{
    clock::{Clocks, periods_by},
    network::{Token, reference},
    reader::{Declared, Reader, Wants},
    supply::Supplies,
    utility::{PriceRule, USD, pair_of},
};
use depin_quantity::{Decimal18, Measured, Name, QuantityError, Rounding, Share, Units};

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
    pub overflow: Option<Name>,
    /// It pays no more than its weight is worth.
    pub worth: Option<Worth>,
    /// It pays no more than this for its weight.
    pub ceiling: Option<Ceiling>,
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
    /// share of weight. Weight accrued in a period is paid as by [`Method::Batch`].
    Expected,
    /// Weight accrued in a period is paid when it is over, some per block, in the order of ids.
    Batch,
    /// Weight accrued in a period is paid when its owner claims.
    Lazy,
    /// Each period, one member wins all of it, drawn by current weight.
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

/// A ceiling by weight: a period's reward is at most `floor(amount * weight / per)`, so that a network that has little to pay for
/// pays little, whatever its schedule would give. What is left is as what nobody earns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ceiling {
    /// For `per` of weight.
    pub amount: Units,
    /// So much of the pool's weight; at least one.
    pub per: u64,
}

impl Ceiling {
    /// The most that this weight gets in one period.
    ///
    /// - Units: base units; `weight` in the pool's metric.
    /// - Rounding: down.
    ///
    /// # Errors
    /// Past 128 bits.
    pub fn of(&self, weight: Measured) -> Result<Units, QuantityError> {
        self.amount.mul_div(weight.get(), self.per.into(), Rounding::Down)
    }
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

pub(super) type Pools = Declared<PoolRule>;
pub(super) type Scores = Declared<ScoreRule>;

/// What is read before the pools.
pub(super) struct Given<'a> {
    pub(super) supplies: &'a Supplies,
    pub(super) clocks: &'a Clocks,
    pub(super) tokens: &'a Declared<Token>,
    pub(super) prices: &'a Declared<PriceRule>,
}

/// Reads pools and scores; `r` stands in `[incentive]`.
pub(super) fn read(r: &mut Reader<'_>, given: &Given<'_>) -> (Pools, Scores) {
    (r.named("pool", |_, r| pool(r, given)), r.named("score", |_, r| score(r)))
}

/// What a pool pays, and the clock of the emission that it shares: nothing of one that could not be read.
struct Paid {
    token: Option<Name>,
    emission: Option<(Name, bool)>,
    nets: bool,
}

fn paid(r: &mut Reader<'_>, given: &Given<'_>, funded: bool) -> Paid {
    let nothing = Paid { token: None, emission: None, nets: false };
    if funded {
        return Paid { token: reference(r, "token", "token", given.tokens), ..nothing };
    }
    let Some(token) = reference(r, "emission", "supply", given.supplies) else { return nothing };
    let Some(supply) = given.supplies.get(token) else { return nothing };
    let Some(emission) = &supply.emission else {
        let message = format!("{token} has no emission that a pool could share");
        r.problem("emission", &message, &format!("add emission to [supply.{token}], or write funded = true"));
        return nothing;
    };
    let emission = Some((emission.clock(), emission.is_stateful()));
    Paid { token: Some(token), emission, nets: supply.net_emission.is_some() }
}

fn pool(r: &mut Reader<'_>, given: &Given<'_>) -> Option<PoolRule> {
    let funded = r.has("funded") && r.flag("funded")?;
    let paid = paid(r, given, funded);
    let own = paid.emission.map(|(clock, _)| clock);
    let part = if funded { Some(Part::Funded) } else { part(r, own, given.clocks) };
    let method = method(r);
    let clock = match own {
        Some(clock) if !r.has("clock") => Some(clock),
        // The clock of an emission that could not be read is not missed.
        None if !funded && !r.has("clock") => None,
        _ => reference(r, "clock", "clock", given.clocks),
    };
    let pays_every = r.has("pay-every") || method == Some(Method::Expected);
    let pay_every = if pays_every { periods_by(r, "pay-every", clock, given.clocks) } else { Some(1) };
    let vesting = if r.has("vest") { r.inner("vest", |r| reward_vesting(r, clock, given.clocks)).map(Some) } else { Some(None) };
    let overflow = if r.has("overflow") { r.name("overflow").map(Some) } else { Some(None) };
    let worth = if r.has("worth") { r.inner("worth", |r| worth(r, paid.token, given)).map(Some) } else { Some(None) };
    let ceiling = if r.has("ceiling") { r.inner("ceiling", |r| ceiling(r, paid.token)).map(Some) } else { Some(None) };
    let rule = PoolRule {
        token: paid.token?,
        part: part?,
        method: method?,
        clock: clock?,
        pay_every: pay_every?,
        vesting: vesting?,
        overflow: overflow?,
        worth: worth?,
        ceiling: ceiling?,
    };
    fits_its_emission(r, &rule, &paid, given.supplies).then_some(rule)
}

/// Whether clock, vesting and the rest go together with the emission.
fn fits_its_emission(r: &mut Reader<'_>, rule: &PoolRule, paid: &Paid, supplies: &Supplies) -> bool {
    let other_clock = paid.emission.is_some_and(|(own, _)| own != rule.clock);
    if other_clock && paid.emission.is_some_and(|(_, stateful)| stateful) {
        r.problem("clock", "an emission without a schedule pays by its own clock only", "remove `clock`");
        return false;
    }
    if other_clock && paid.nets {
        r.problem("clock", "burnt tokens that are minted again are paid by the emission's clock only", "remove `clock`");
        return false;
    }
    if rule.worth.is_some() && !matches!(rule.method, Method::Batch | Method::Lazy) {
        r.problem("worth", "a ceiling by worth needs weights of one period", "use method = \"batch\" or \"lazy\"");
        return false;
    }
    if rule.ceiling.is_some() && !rule.method.by_metric() {
        r.problem("ceiling", "a ceiling by weight needs weights that are metrics", "remove `ceiling`, or choose another method");
        return false;
    }
    if rule.ceiling.is_some() && rule.worth.is_some() {
        r.problem("ceiling", "a pool has one ceiling: by weight, or by what that is worth", "remove `ceiling` or `worth`");
        return false;
    }
    let vests_by = supplies.get(rule.token).and_then(|s| s.emission.as_ref()).map(super::Emission::clock);
    if rule.vesting.is_some() && vests_by != Some(rule.clock) {
        let message = format!("rewards of {} vest by the clock of its emission, which is not the pool's", rule.token);
        r.problem("vest", &message, "remove `clock` or `vest`");
        return false;
    }
    if rule.part == Part::Funded && (rule.overflow.is_some() || matches!(rule.method, Method::Direct(_))) {
        r.problem("funded", "a funded pool has members and nothing to overflow", "remove `overflow`, or `funded`");
        return false;
    }
    true
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
        let every = periods_by(r, "every", clock, clocks);
        Some(MovingShare { first: first?, until: until?, step: step?, every: every? })
    })?;
    let way = moving.first.get().abs_diff(moving.until.get());
    if moving.step.get() == 0 || way / moving.step.get() > 1_000 {
        r.problem_in(&["share", "step"], "a moving share takes at most 1,000 steps", "write a larger `step`");
        return None;
    }
    if moving.step.get() > way {
        let hint = "write a step of at most the way from `first` to `until`, or a fixed share";
        r.problem_in(&["share", "step"], "the step is longer than the whole way", hint);
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
            let (lock, scope) = (r.name("lock"), if r.has("scope") { r.name("scope").map(Some) } else { Some(None) });
            Some(Method::Locked { lock: lock?, scope: scope? })
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

fn worth(r: &mut Reader<'_>, token: Option<Name>, given: &Given<'_>) -> Option<Worth> {
    let (price, usd) = (reference(r, "price", "price", given.prices), r.usd("usd-per-unit"));
    let (price, token) = (price?, token?);
    if pair_of(price) != Some((token, USD)) {
        let hint = format!("name a pair of {token} and USD, like {token}-USD");
        r.problem("price", &format!("the pool pays {token}, and `{price}` is not its price in dollars"), &hint);
        return None;
    }
    Some(Worth { price, usd_per_unit: usd? })
}

fn ceiling(r: &mut Reader<'_>, token: Option<Name>) -> Option<Ceiling> {
    let (amount, per) = (r.amount_of_above_zero("amount", token?), r.integer("per", 1..=u64::MAX));
    Some(Ceiling { amount: amount?, per: per? })
}

fn reward_vesting(r: &mut Reader<'_>, clock: Option<Name>, clocks: &Clocks) -> Option<RewardVesting> {
    let immediate = r.share("immediate");
    let over = periods_by(r, "over", clock, clocks);
    let step = periods_by(r, "step", clock, clocks);
    let quantum = periods_by(r, "quantum", clock, clocks);
    let vesting = RewardVesting { immediate: immediate?, over: over?, step: step?, quantum: quantum? };
    if vesting.immediate == Share::WHOLE {
        r.problem("immediate", "all of a reward is paid at once, so nothing vests", "write a smaller share, or remove `vest`");
        return None;
    }
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
    let lock = if r.has("lock") { r.name("lock").map(Some) } else { Some(None) };
    let votes_per = if r.has("votes-per") { r.integer("votes-per", 1..=u64::MAX) } else { Some(1) };
    let (used, active) = (gauge(r, "used"), gauge(r, "active"));
    let (lock, votes_per, used, active) = (lock?, votes_per?, used?, active?);
    let (pools, scopes) = (pools?, scopes?);
    if pools.len() > 16 {
        let message = format!("a score shares among at most 16 pools, not {}", pools.len());
        r.problem("pools", &message, "name fewer");
        return None;
    }
    if pools.len() != scopes.len() {
        let message = format!("`scopes` names {} for {} pools", scopes.len(), pools.len());
        r.problem("scopes", &message, "name one scope for each pool, in the pools' order");
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
    /// Whether its weights are quantities of metrics.
    pub const fn by_metric(&self) -> bool {
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
