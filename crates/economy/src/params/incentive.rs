//! `[incentive.*]`: pools, pledges, faults, allowances.

use super::{
    clock::{Clocks, periods_by},
    network::reference,
    pool::{self, PoolRule, ScoreRule},
    reader::{Declared, Reader},
    staking::{self, AppealRule, LockRule, PledgeRule, SlashTo, StakingRule},
};
use depin_quantity::{Measured, Name, Share, Units, nearest_name};

/// What a kind of fault costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultRule {
    /// The token.
    pub token: Name,
    /// The fee.
    pub fee: FaultFee,
    /// Where a share of a pledge goes; empty is burnt. Every other fee is burnt.
    pub to: Vec<(SlashTo, Share)>,
    /// Until when a share of a pledge can be given back.
    pub appeal: Option<AppealRule>,
    /// A fee by reward or by size is at most this share of what the unit has pledged of this kind; without it, a fee has no bound.
    pub at_most: Option<(Name, Share)>,
}

/// How a fault fee is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultFee {
    /// Free.
    Nothing,
    /// The reward that the affected weight would have accrued in so many periods.
    Reward {
        /// Of this pool.
        pool: Name,
        /// In periods of the pool's clock.
        periods: u64,
    },
    /// Base units per GiB (2^30) affected.
    PerGib(Units),
    /// A share of the unit's pledge, taken out of the pledge itself; what is left stays locked.
    PledgeShare {
        /// The kind of pledge.
        pledge: Name,
        /// Of what the unit has pledged, or has cooling down.
        share: Share,
        /// A share of what it accrued in a pool and was not paid, taken as well.
        accrued: Option<(Name, Share)>,
    },
    /// A share of the unit's pledge that grows with age, with two floors; the pledge ends with it.
    Termination {
        /// The kind of pledge that ends.
        pledge: Name,
        /// Of the pledge, at full age.
        share: Share,
        /// The clock that age counts.
        clock: Name,
        /// Age at which the share is full, in periods.
        full_after: u64,
        /// At least this share of the pledge.
        least_share: Share,
        /// At least this per cent …
        least_percent: u64,
        /// … of the fee of this kind of fault.
        least_of: Name,
    },
}

/// A non-transferable allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllowanceRule {
    /// The role that grants it.
    pub granted_by: Name,
    /// Least that one use takes.
    pub least: Measured,
}

/// What could be read of `[incentive]`.
#[derive(Default)]
pub(super) struct Incentive {
    pub(super) pools: Declared<PoolRule>,
    pub(super) scores: Declared<ScoreRule>,
    pub(super) pledges: Declared<PledgeRule>,
    pub(super) faults: Declared<FaultRule>,
    pub(super) allowances: Declared<AllowanceRule>,
    pub(super) stakings: Declared<StakingRule>,
    pub(super) locks: Declared<LockRule>,
}

pub(super) fn read(r: &mut Reader<'_>, given: &pool::Given<'_>) -> Incentive {
    let (pools, scores) = pool::read(r, given);
    let pledges = r.named("pledge", |_, r| staking::pledge(r));
    let stakings = staking::stakings(r, given.tokens);
    let locks = staking::locks(r, given.tokens, given.clocks, given.supplies);
    let allowances = r.named("allowance", |_, r| {
        let (granted_by, least) = (r.name("granted-by"), r.bytes("least"));
        Some(AllowanceRule { granted_by: granted_by?, least: Measured::new(least?.into()) })
    });
    let faults = r.named("fault", |_, r| fault(r, &pools, &pledges, given));
    floors_are_other_fees(r, &faults);
    Incentive { pools, scores, pledges, faults, allowances, stakings, locks }
}

fn fault(
    r: &mut Reader<'_>,
    pools: &Declared<PoolRule>,
    pledges: &Declared<PledgeRule>,
    given: &pool::Given<'_>,
) -> Option<FaultRule> {
    #[derive(Clone, Copy)]
    enum Kind {
        Nothing,
        Reward,
        PerGib,
        PledgeShare,
        Termination,
    }
    let token = reference(r, "token", "token", given.tokens);
    let kinds = [
        ("nothing", Kind::Nothing),
        ("reward", Kind::Reward),
        ("per-gib", Kind::PerGib),
        ("share-of-pledge", Kind::PledgeShare),
        ("termination", Kind::Termination),
    ];
    let fee = match r.choice("fee", &kinds)? {
        Kind::Nothing => Some(FaultFee::Nothing),
        Kind::Reward => reward_fee(r, token?, pools),
        Kind::PerGib => r.amount_of_above_zero("amount", token?).map(FaultFee::PerGib),
        Kind::PledgeShare => pledge_share(r, token?, pledges, pools),
        Kind::Termination => termination_fee(r, token?, pledges, given.clocks),
    };
    let fee = fee?;
    let (mut to, mut appeal, mut at_most) = (Vec::new(), None, None);
    if matches!(fee, FaultFee::Reward { .. } | FaultFee::PerGib(_)) && r.has("at-most") {
        at_most = Some(r.inner("at-most", |r| bound_by_pledge(r, token?, pledges))?);
    }
    if matches!(fee, FaultFee::PledgeShare { .. }) {
        to = if r.has("to") { staking::destinations(r, "to", token?)? } else { Vec::new() };
        appeal = if r.has("appeal") { Some(r.inner("appeal", staking::appeal)?) } else { None };
    }
    Some(FaultRule { token: token?, fee, to, appeal, at_most })
}

/// The most that a fee may be: a share of the unit's pledge, in the same token.
fn bound_by_pledge(r: &mut Reader<'_>, token: Name, pledges: &Declared<PledgeRule>) -> Option<(Name, Share)> {
    let (pledge, share) = (reference(r, "pledge", "kind of pledge", pledges), r.share("share"));
    let pledge = pledge?;
    if pledges.get(pledge)?.token != token {
        r.problem("pledge", &format!("pledge `{pledge}` is not in {token}"), "the fee's token must be the pledge's");
        return None;
    }
    Some((pledge, share?))
}

fn reward_fee(r: &mut Reader<'_>, token: Name, pools: &Declared<PoolRule>) -> Option<FaultFee> {
    let (pool, count) = (reference(r, "pool", "pool", pools), r.integer("periods", 1..=100_000_000));
    let pool = pool?;
    if pools.get(pool)?.token != token {
        r.problem("pool", &format!("pool `{pool}` does not pay {token}"), "the fee's token must be the pool's");
        return None;
    }
    Some(FaultFee::Reward { pool, periods: count? })
}

fn pledge_share(r: &mut Reader<'_>, token: Name, pledges: &Declared<PledgeRule>, pools: &Declared<PoolRule>) -> Option<FaultFee> {
    let (pledge, share) = (reference(r, "pledge", "kind of pledge", pledges), r.share("share"));
    let accrued = if r.has("accrued") {
        let read = |r: &mut Reader<'_>| {
            let (pool, share) = (reference(r, "pool", "pool", pools), r.share("share"));
            Some((pool?, share?))
        };
        r.inner("accrued", read).map(Some)
    } else {
        Some(None)
    };
    let (pledge, accrued, share) = (pledge?, accrued?, share?);
    if share == Share::default() && accrued.is_none() {
        r.problem(
            "share",
            "a fault that costs no share of the pledge costs nothing",
            "write fee = \"nothing\", or a larger share",
        );
        return None;
    }
    let other =
        pledges.get(pledge)?.token != token || accrued.is_some_and(|(pool, _)| pools.get(pool).is_some_and(|p| p.token != token));
    if other {
        r.problem(
            "pledge",
            &format!("the pledge, and the pool of `accrued`, must be in {token}"),
            "the fee's token must be the pledge's",
        );
        return None;
    }
    Some(FaultFee::PledgeShare { pledge, share, accrued })
}

fn termination_fee(r: &mut Reader<'_>, token: Name, pledges: &Declared<PledgeRule>, clocks: &Clocks) -> Option<FaultFee> {
    let pledge = reference(r, "pledge", "kind of pledge", pledges);
    let clock = reference(r, "clock", "clock", clocks);
    let full_after = periods_by(r, "full-after", clock, clocks);
    let (share, least_share) = (r.share("share"), r.share("least-share"));
    let (least_percent, least_of) = (r.integer("least-percent", 0..=1_000), r.name("least-of"));
    let pledge = pledge?;
    if pledges.get(pledge)?.token != token {
        r.problem("pledge", &format!("pledge `{pledge}` is not in {token}"), "the fee's token must be the pledge's");
        return None;
    }
    let (share, least_share) = (share?, least_share?);
    if share < least_share {
        r.problem(
            "least-share",
            &format!("the least share, {least_share}, is above the share at full age, {share}"),
            "write a smaller one",
        );
        return None;
    }
    Some(FaultFee::Termination {
        pledge,
        share,
        clock: clock?,
        full_after: full_after?,
        least_share,
        least_percent: least_percent?,
        least_of: least_of?,
    })
}

fn floors_are_other_fees(r: &Reader<'_>, faults: &Declared<FaultRule>) {
    for (name, rule) in faults.iter() {
        let FaultFee::Termination { least_of, .. } = rule.fee else { continue };
        let there = faults.has(least_of) && faults.get(least_of).is_none_or(|f| !wrong_floor(&f.fee));
        if there {
            continue;
        }
        let fits = |entry: &(&Name, &Option<FaultRule>)| entry.1.as_ref().is_some_and(|f| !wrong_floor(&f.fee));
        let others: Vec<&str> = faults.all().iter().filter(fits).map(|(name, _)| name.as_str()).collect();
        let near = nearest_name(least_of.as_str(), others.iter().copied());
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("name one of {}", others.join(", ")),
        };
        let message = format!("`least-of` of fault `{name}` must name another fault, which is no termination");
        r.problem_in(&["fault", name.as_str(), "least-of"], &message, &hint);
    }
}

/// A share of a pledge and a termination are no floors of a termination.
const fn wrong_floor(fee: &FaultFee) -> bool {
    matches!(fee, FaultFee::PledgeShare { .. } | FaultFee::Termination { .. })
}
