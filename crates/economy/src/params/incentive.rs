//! `[incentive.*]`: pools, pledges, faults, allowances.

use super::{
    network::{Clocks, Token, periods, reference},
    pool::{self, PoolRule, ScoreRule},
    reader::Reader,
    staking::{self, AppealRule, LockRule, PledgeRule, SlashTo, StakingRule},
    supply::Supplies,
};
use depin_quantity::{Measured, Name, Share, Units};
use std::collections::BTreeMap;

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
}

/// How a fault fee is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultFee {
    /// Free.
    Nothing,
    /// The reward that the affected weight would have earned in so many periods.
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
        /// A share of what it earned in a pool and was not paid, taken as well.
        earned: Option<(Name, Share)>,
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

pub(super) struct Incentive {
    pub(super) pools: BTreeMap<Name, PoolRule>,
    pub(super) scores: BTreeMap<Name, ScoreRule>,
    pub(super) pledges: BTreeMap<Name, PledgeRule>,
    pub(super) faults: BTreeMap<Name, FaultRule>,
    pub(super) allowances: BTreeMap<Name, AllowanceRule>,
    pub(super) stakings: BTreeMap<Name, StakingRule>,
    pub(super) locks: BTreeMap<Name, LockRule>,
}

pub(super) fn read(
    r: &mut Reader<'_>,
    supplies: &Supplies,
    clocks: &Clocks,
    tokens: &BTreeMap<Name, Token>,
) -> Option<Incentive> {
    let (pools, scores) = pool::read(r, supplies, clocks, tokens);
    let pledges = r.named("pledge", |_, r| staking::pledge(r));
    let stakings = staking::stakings(r, tokens);
    let locks = staking::locks(r, tokens, clocks, supplies);
    let allowances = r.named("allowance", |_, r| {
        let (granted_by, least) = (r.name("granted-by"), r.bytes("least"));
        Some(AllowanceRule { granted_by: granted_by?, least: Measured::new(least?.into()) })
    });
    let faults = r.named("fault", |_, r| fault(r, pools.as_ref()?, pledges.as_ref()?, clocks, tokens));
    if let Some(faults) = &faults {
        floors_are_other_fees(r, faults);
    }
    Some(Incentive {
        pools: pools?,
        scores: scores?,
        pledges: pledges?,
        faults: faults?,
        allowances: allowances?,
        stakings: stakings?,
        locks: locks?,
    })
}

fn fault(
    r: &mut Reader<'_>,
    pools: &BTreeMap<Name, PoolRule>,
    pledges: &BTreeMap<Name, PledgeRule>,
    clocks: &Clocks,
    tokens: &BTreeMap<Name, Token>,
) -> Option<FaultRule> {
    #[derive(Clone, Copy)]
    enum Kind {
        Nothing,
        Reward,
        PerGib,
        PledgeShare,
        Termination,
    }
    let token = reference(r, "token", "token", tokens);
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
        Kind::PerGib => r.amount_of("amount", token?).map(FaultFee::PerGib),
        Kind::PledgeShare => pledge_share(r, token?, pledges, pools),
        Kind::Termination => termination_fee(r, token?, pledges, clocks),
    };
    let fee = fee?;
    let (mut to, mut appeal) = (Vec::new(), None);
    if matches!(fee, FaultFee::PledgeShare { .. }) {
        to = if r.has("to") { staking::destinations(r, "to", token?)? } else { Vec::new() };
        appeal = if r.has("appeal") { Some(r.inner("appeal", staking::appeal)?) } else { None };
    }
    Some(FaultRule { token: token?, fee, to, appeal })
}

fn reward_fee(r: &mut Reader<'_>, token: Name, pools: &BTreeMap<Name, PoolRule>) -> Option<FaultFee> {
    let (pool, count) = (reference(r, "pool", "pool", pools), r.integer("periods", 1..=100_000_000));
    let pool = pool?;
    if pools.get(&pool)?.token != token {
        r.problem("pool", &format!("pool `{pool}` does not pay {token}"), "the fee's token must be the pool's");
        return None;
    }
    Some(FaultFee::Reward { pool, periods: count? })
}

fn pledge_share(
    r: &mut Reader<'_>,
    token: Name,
    pledges: &BTreeMap<Name, PledgeRule>,
    pools: &BTreeMap<Name, PoolRule>,
) -> Option<FaultFee> {
    let (pledge, share) = (reference(r, "pledge", "kind of pledge", pledges), r.share("share"));
    let earned = if r.has("earned") {
        Some(r.inner("earned", |r| {
            let (pool, share) = (reference(r, "pool", "pool", pools), r.share("share"));
            Some((pool?, share?))
        })?)
    } else {
        None
    };
    let pledge = pledge?;
    let other =
        pledges.get(&pledge)?.token != token || earned.is_some_and(|(pool, _)| pools.get(&pool).is_none_or(|p| p.token != token));
    if other {
        r.problem(
            "pledge",
            &format!("the pledge, and the pool of `earned`, must be in {token}"),
            "the fee's token must be the pledge's",
        );
        return None;
    }
    Some(FaultFee::PledgeShare { pledge, share: share?, earned })
}

fn termination_fee(r: &mut Reader<'_>, token: Name, pledges: &BTreeMap<Name, PledgeRule>, clocks: &Clocks) -> Option<FaultFee> {
    let pledge = reference(r, "pledge", "kind of pledge", pledges);
    let clock = reference(r, "clock", "clock", clocks);
    let full_after = clock.and_then(|clock| periods(r, "full-after", clock, clocks));
    let (share, least_share) = (r.share("share"), r.share("least-share"));
    let (least_percent, least_of) = (r.integer("least-percent", 0..=1_000), r.name("least-of"));
    let pledge = pledge?;
    if pledges.get(&pledge)?.token != token {
        r.problem("pledge", &format!("pledge `{pledge}` is not in {token}"), "the fee's token must be the pledge's");
        return None;
    }
    Some(FaultFee::Termination {
        pledge,
        share: share?,
        clock: clock?,
        full_after: full_after?,
        least_share: least_share?,
        least_percent: least_percent?,
        least_of: least_of?,
    })
}

fn floors_are_other_fees(r: &mut Reader<'_>, faults: &BTreeMap<Name, FaultRule>) {
    for (name, rule) in faults {
        let FaultFee::Termination { least_of, .. } = rule.fee else { continue };
        match faults.get(&least_of).map(|f| f.fee) {
            Some(FaultFee::Reward { .. } | FaultFee::PerGib(_) | FaultFee::Nothing) => {}
            _ => r.problem(
                "fault",
                &format!("`least-of` of fault `{name}` must name another fault, which is no termination"),
                "name a kind like \"continued\"",
            ),
        }
    }
}
