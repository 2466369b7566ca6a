//! How the money of open-ended streams runs out of their escrow: two rules as pure functions.
//!
//! In: funds, rates, and how many periods have passed. Out: what each stream accrued, and whether the money is gone. The session
//! around them is in `running`. Both follow Akash's escrow, in its two generations.

use super::claim::{Claim, weighted_part};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, Units};
use serde::Serialize;

/// What an escrow of the weighted method paid in a settlement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightedSettlement {
    /// Whole periods that were paid in full.
    pub periods: u64,
    /// What each stream accrued, in the order of the rates.
    pub accrued: Vec<Claim>,
    /// What is left in the escrow.
    pub left: Claim,
    /// Whether it could not pay all periods: what remained was shared by weight.
    pub exhausted: bool,
}

/// Settles `periods` periods out of `funds`, whole periods first, and what remains by weight of the rates when the funds do not
/// last.
///
/// `R = sum of rates`; `n = min(periods, floor(funds / R))`; each stream earns `rate * n`. When `n < periods` each also earns
/// `(funds - R * n) * rate / R`, at 18 places, half to even.
///
/// - Units: 10^-18 base units; rates per period.
/// - Rounding: none but in the weighted part, whose sum differs from what remained by at most one part per stream; the last
///   stream never takes more than there is.
/// - Source: akash-network/node v0.38.0 `x/escrow/keeper/keeper.go`, account settle. Any slicing of the periods gives the same.
pub fn settle_weighted(funds: Claim, rates: &[Claim], periods: u64) -> WeightedSettlement {
    let all = rates.iter().fold(Claim::ZERO, |sum, rate| sum.plus(*rate));
    if all == Claim::ZERO {
        return WeightedSettlement { periods, accrued: vec![Claim::ZERO; rates.len()], left: funds, exhausted: false };
    }
    let paid = periods.min(funds.over(all));
    let mut accrued: Vec<Claim> = rates.iter().map(|rate| rate.times(paid)).collect();
    let mut left = funds.less(all.times(paid));
    let exhausted = paid < periods;
    if exhausted {
        let remaining = left;
        for (accrued, rate) in accrued.iter_mut().zip(rates) {
            let part = weighted_part(remaining, *rate, all).min(left);
            left = left.less(part);
            *accrued = accrued.plus(part);
        }
    }
    WeightedSettlement { periods: paid, accrued, left, exhausted }
}

/// Money that somebody put into an escrow of the ordered method, and what is left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
pub struct Deposit {
    /// Whose.
    pub owner: Address,
    /// What is left.
    pub left: Units,
}

/// What an escrow of the ordered method paid in a settlement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderedSettlement {
    /// What each stream was given, in order.
    pub paid: Vec<Units>,
    /// What each stream is owed and was not given.
    pub unsettled: Vec<Units>,
}

impl OrderedSettlement {
    /// Whether the deposits did not cover everything.
    pub fn exhausted(&self) -> bool {
        self.unsettled.iter().any(|owed| !owed.is_zero())
    }
}

/// What a stream is due for `periods` periods: `trunc(rate * periods)`, cut to whole base units at every settlement.
pub fn ordered_due(rate: Claim, periods: u64) -> Units {
    rate.times(periods).whole()
}

/// Pays streams in order out of deposits in order; what the deposits do not cover is unsettled. Spent deposits are dropped.
///
/// - Units: base units.
/// - Rounding: none; [`ordered_due`] has rounded.
/// - Source: akash-network/node v1.1.0 `x/escrow/keeper/keeper.go`, account settle: payments in order, not pro rata, deposits
///   oldest first.
pub fn settle_ordered(deposits: &mut Vec<Deposit>, dues: &[Units]) -> OrderedSettlement {
    let mut settlement = OrderedSettlement { paid: Vec::new(), unsettled: Vec::new() };
    for due in dues {
        let mut open = *due;
        for deposit in deposits.iter_mut() {
            let part = open.min(deposit.left);
            deposit.left = deposit.left.minus_or_zero(part);
            open = open.minus_or_zero(part);
        }
        settlement.paid.push(due.minus_or_zero(open));
        settlement.unsettled.push(open);
    }
    deposits.retain(|deposit| !deposit.left.is_zero());
    settlement
}

/// How many whole periods the funds of the weighted method pay for: `floor(funds / sum of rates)`.
pub fn weighted_lasts(funds: Claim, rates: &[Claim]) -> u64 {
    funds.over(rates.iter().fold(Claim::ZERO, |sum, rate| sum.plus(*rate)))
}

/// The largest number of periods that `funds` cover when they are settled at once: `sum of trunc(rate * periods) <= funds`.
///
/// Found by halving: the sum never falls as periods grow. It lies within `[floor(funds / R), (funds + streams) / R]`.
pub fn ordered_lasts(funds: Units, rates: &[Claim]) -> u64 {
    let all = rates.iter().fold(Claim::ZERO, |sum, rate| sum.plus(*rate));
    if all == Claim::ZERO {
        return u64::MAX;
    }
    let room = Units::new(funds.get().saturating_add(rates.len() as u128));
    let (mut low, mut high) = (Claim::of(funds).over(all), Claim::of(room).over(all));
    let covers = |periods: u64| {
        let sum = rates.iter().fold(0u128, |sum, rate| sum.saturating_add(ordered_due(*rate, periods).get()));
        sum <= funds.get()
    };
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if covers(middle) { low = middle } else { high = middle - 1 }
    }
    low
}
