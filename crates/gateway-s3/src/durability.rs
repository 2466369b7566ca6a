//! How well data is secured, in words and numbers.
//!
//! In: the states of shards, what is known of the funds. Out: the state that objects and segments show. Ledger time throughout.

use crate::{config::DealPolicy, core::Account, map::DurabilityRow, market::Funds};
use depin_quantity::{Instant, Rounding, Span, mul_div};
use serde::Serialize;

const DAY_MS: u128 = 86_400_000;

/// How well data is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Durability {
    /// Nothing is stored at providers: the object is empty and lies in the object map.
    Empty,
    /// All shards are stored, but not all of them are under a deal yet.
    Pending {
        /// Shards under an active deal.
        active: u64,
        /// Shards to be placed again: their deal is dead, or their provider has lost or altered them.
        failed: u64,
        /// All shards.
        shards: u64,
    },
    /// Every shard is under an active deal.
    Secured {
        /// Earliest end of a paid term.
        until: Instant,
        /// Shards whose provider is in a fault that it may still recover.
        faulty: u64,
    },
    /// Terms ran out unpaid: providers may drop the data.
    Unpaid {
        /// Shards whose deal ended.
        lapsed: u64,
        /// All shards.
        shards: u64,
    },
}

impl Durability {
    /// Reads the sums over an object's or a segment's shards.
    pub(crate) fn of(row: &DurabilityRow) -> Self {
        match row.until_ms {
            _ if row.shards == 0 => Self::Empty,
            _ if row.lapsed > 0 => Self::Unpaid { lapsed: row.lapsed, shards: row.shards },
            Some(until) if row.active == row.shards => Self::Secured { until: Instant::new(until), faulty: row.faulty },
            _ => Self::Pending { active: row.active, failed: row.failed, shards: row.shards },
        }
    }

    /// Until when everything is paid.
    pub fn paid_until(&self) -> Option<Instant> {
        match self {
            Self::Secured { until, .. } => Some(*until),
            _ => None,
        }
    }
}

impl std::fmt::Display for Durability {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("empty, kept in the object map"),
            Self::Pending { active, failed: 0, shards } => write!(f, "stored, deal pending ({active} of {shards} deals active)"),
            Self::Pending { active, failed, shards } => {
                write!(f, "stored, deal pending ({active} of {shards} deals active, {failed} shards to be placed again)")
            }
            Self::Secured { until, faulty: 0 } => write!(f, "secured until {}", until.to_rfc3339()),
            Self::Secured { until, faulty } => write!(f, "secured until {} ({faulty} deals in a fault)", until.to_rfc3339()),
            Self::Unpaid { lapsed, shards } => write!(f, "unpaid: {lapsed} of {shards} deals ended, providers may drop the data"),
        }
    }
}

/// Until when the funds keep data that is paid until `paid_until`: renewals go on while the balance lasts. Absent when nothing is
/// known or nothing burns.
pub(crate) fn funds_last_until(paid_until: Instant, funds: Option<&Funds>) -> Option<Instant> {
    let funds = funds.filter(|funds| !funds.burn_per_day.is_zero())?;
    let lasts = mul_div(funds.balance.get(), DAY_MS, funds.burn_per_day.get(), Rounding::Down).unwrap_or(u128::MAX);
    Some(paid_until.later(Span::from_millis(u64::try_from(lasts).unwrap_or(u64::MAX))))
}

/// What the owner should know of data that is paid until `paid_until`, if anything.
pub(crate) fn warning(paid_until: Option<Instant>, account: &Account, policy: &DealPolicy) -> Option<String> {
    let (now, paid_until) = (account.ledger_now?, paid_until?);
    let end = funds_last_until(paid_until, account.funds.as_ref())?;
    let left = end.since(now);
    (left < policy.warn)
        .then(|| format!("funds run out on {} (in {left}); send tokens to the gateway's account", end.to_rfc3339()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_quantity::Units;

    fn row(shards: u64, active: u64, lapsed: u64, until_ms: Option<u64>) -> DurabilityRow {
        DurabilityRow { shards, active, faulty: 0, lapsed, failed: 0, until_ms }
    }

    #[test]
    fn the_state_names_the_weakest_shard() {
        assert_eq!(Durability::of(&row(0, 0, 0, None)), Durability::Empty);
        assert_eq!(Durability::of(&row(3, 0, 0, None)).to_string(), "stored, deal pending (0 of 3 deals active)");
        assert_eq!(Durability::of(&row(3, 2, 0, Some(9))), Durability::Pending { active: 2, failed: 0, shards: 3 });
        let lost = Durability::of(&DurabilityRow { failed: 1, ..row(3, 2, 0, Some(9)) }).to_string();
        assert_eq!(lost, "stored, deal pending (2 of 3 deals active, 1 shards to be placed again)");
        assert_eq!(Durability::of(&row(3, 3, 0, Some(86_400_000))).to_string(), "secured until 1970-01-02T00:00:00Z");
        assert_eq!(Durability::of(&row(3, 2, 1, Some(9))), Durability::Unpaid { lapsed: 1, shards: 3 });
    }

    #[test]
    fn funds_last_as_long_as_the_balance_burns() {
        let funds = Funds { balance: Units::new(1_000), burn_per_day: Units::new(100) };
        let paid = Instant::new(1_000);
        assert_eq!(funds_last_until(paid, Some(&funds)), Some(paid.later(Span::from_days(10))));
        assert_eq!(funds_last_until(paid, None), None);
        let idle = Funds { balance: Units::new(5), burn_per_day: Units::ZERO };
        assert_eq!(funds_last_until(paid, Some(&idle)), None, "what costs nothing lasts");
    }

    #[test]
    fn a_warning_comes_before_the_end_and_not_too_early() {
        let funds = Funds { balance: Units::new(1_000), burn_per_day: Units::new(100) };
        let account = Account { ledger_now: Some(Instant::new(0)), funds: Some(funds), ..Account::default() };
        let policy = DealPolicy { warn: Span::from_days(30), ..DealPolicy::default() };
        let day = |n| Some(Instant::new(0).later(Span::from_days(n)));
        assert_eq!(warning(day(21), &account, &policy), None, "21 days paid and 10 more");
        assert!(warning(day(19), &account, &policy).unwrap().contains("funds run out on 1970-01-30"));
        assert_eq!(warning(None, &account, &policy), None);
    }
}
