//! `[incentive.*]`: pools, pledges, faults, allowances.

use super::{
    network::{Clocks, Token, periods, reference},
    reader::Reader,
    supply::Supplies,
};
use depin_quantity::{Measured, Name, Share, Units};
use std::collections::BTreeMap;

/// A pool that shares an emission by weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolRule {
    /// The token, whose emission it shares.
    pub token: Name,
    /// Its share of the emission.
    pub share: Share,
    /// How weight turns into reward.
    pub method: Method,
    /// The emission's clock.
    pub clock: Name,
    /// Pending rewards are paid when a subject's proving period of this many periods begins.
    pub pay_every: u64,
    /// The part that is locked, and how it unlocks.
    pub vesting: Option<RewardVesting>,
}

/// How weight turns into reward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The expectation of a lottery whose chances are shares of weight: each period, the share of the reward that equals the
    /// share of weight.
    Expected,
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

/// Collateral by size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PledgeRule {
    /// The token.
    pub token: Name,
    /// Base units per GiB (2^30) of the basis.
    pub per_gib: Units,
}

/// What a kind of fault costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultRule {
    /// The token.
    pub token: Name,
    /// The fee, which is burnt.
    pub fee: FaultFee,
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
    pub(super) pledges: BTreeMap<Name, PledgeRule>,
    pub(super) faults: BTreeMap<Name, FaultRule>,
    pub(super) allowances: BTreeMap<Name, AllowanceRule>,
}

pub(super) fn read(
    r: &mut Reader<'_>,
    supplies: &Supplies,
    clocks: &Clocks,
    tokens: &BTreeMap<Name, Token>,
) -> Option<Incentive> {
    let pools = r.named("pool", |_, r| pool(r, supplies, clocks));
    let pledges = r.named("pledge", |_, r| {
        let per_gib = r.amount("per-gib")?;
        Some(PledgeRule { token: per_gib.0, per_gib: per_gib.1 })
    });
    let allowances = r.named("allowance", |_, r| {
        let (granted_by, least) = (r.name("granted-by"), r.bytes("least"));
        Some(AllowanceRule { granted_by: granted_by?, least: Measured::new(least?.into()) })
    });
    if let Some(pools) = &pools {
        shares_sum_to_the_whole(r, pools, supplies);
    }
    let faults = r.named("fault", |_, r| fault(r, pools.as_ref()?, pledges.as_ref()?, clocks, tokens));
    if let Some(faults) = &faults {
        floors_are_other_fees(r, faults);
    }
    Some(Incentive { pools: pools?, pledges: pledges?, faults: faults?, allowances: allowances? })
}

fn pool(r: &mut Reader<'_>, supplies: &Supplies, clocks: &Clocks) -> Option<PoolRule> {
    let token = reference(r, "emission", "supply", supplies);
    let (share, method) = (r.share("share"), r.choice("method", &[("expected", Method::Expected)]));
    let token = token?;
    let Some(emission) = supplies.get(&token).and_then(|s| s.emission) else {
        r.problem(
            "emission",
            &format!("{token} has no emission that a pool could share"),
            &format!("add emission to [supply.{token}]"),
        );
        return None;
    };
    let clock = emission.clock();
    let pay_every = periods(r, "pay-every", clock, clocks);
    let vesting = if r.has("vest") { Some(r.table("vest", |r| reward_vesting(r, clock, clocks))?) } else { None };
    Some(PoolRule { token, share: share?, method: method?, clock, pay_every: pay_every?, vesting })
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

fn shares_sum_to_the_whole(r: &mut Reader<'_>, pools: &BTreeMap<Name, PoolRule>, supplies: &Supplies) {
    for token in supplies.values().filter(|s| s.emission.is_some()).map(|s| s.token) {
        let sum: u64 = pools.values().filter(|p| p.token == token).map(|p| u64::from(p.share.get())).sum();
        if sum != u64::from(Share::WHOLE.get()) {
            r.problem(
                "pool",
                &format!("the pools that share the emission of {token} must have shares that sum to exactly 100%"),
                "change their shares",
            );
        }
    }
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
        Termination,
    }
    let token = reference(r, "token", "token", tokens);
    let kinds =
        [("nothing", Kind::Nothing), ("reward", Kind::Reward), ("per-gib", Kind::PerGib), ("termination", Kind::Termination)];
    let fee = match r.choice("fee", &kinds)? {
        Kind::Nothing => Some(FaultFee::Nothing),
        Kind::Reward => reward_fee(r, token?, pools),
        Kind::PerGib => r.amount_of("amount", token?).map(FaultFee::PerGib),
        Kind::Termination => termination_fee(r, token?, pledges, clocks),
    };
    Some(FaultRule { token: token?, fee: fee? })
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
