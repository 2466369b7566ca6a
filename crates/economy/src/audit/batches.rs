//! Batches, lottery draws, lazy members, and emissions that have a state.

use super::{Auditor, Violation, wide};
use crate::{
    CapKind, Draw, Emission,
    reward::rows::{AccruedRow, BatchRow, DrawnWeightRow, EmissionRow, LazyRow, MemberRow, PoolRow},
    supply::rows::MintRow,
};
use depin_quantity::{Address, Measured, Name, UnitId};
use ruint::aliases::U256;
use std::collections::BTreeMap;

const TO_PAY: u8 = 0;

/// What was kept for each draw of a pool: whose weight, of which unit, how much.
type KeptWeights = BTreeMap<(Name, u64), Vec<(Address, UnitId, Measured)>>;

impl Auditor<'_> {
    /// Base units of a pool that its batches hold: what is not paid of closed ones, what lazy members have pending, what waits.
    pub(super) fn owned_by_batches(&self, pool: Name) -> U256 {
        let closed = self.state.rows::<BatchRow>().filter(|((_, name, _), _)| *name == pool);
        let unpaid = closed.fold(U256::ZERO, |sum, (_, row)| sum + wide(row.amount.minus_or_zero(row.paid)));
        let lazy = self.state.rows_with::<LazyRow>(&pool).fold(U256::ZERO, |sum, (_, row)| sum + wide(row.pending));
        let remainder = self.state.get::<PoolRow>(&pool).map_or(U256::ZERO, |row| wide(row.remainder));
        unpaid + lazy + remainder
    }

    /// Weights of each batch add up: of the open one to what the pool says, of closed ones to what is left of them.
    pub(super) fn check_batches(&mut self) {
        let mut weights: BTreeMap<(Name, u64), U256> = BTreeMap::new();
        for ((pool, batch, _, _), row) in self.state.rows::<AccruedRow>() {
            *weights.entry((pool, batch)).or_default() += U256::from(row.weight.get());
        }
        for ((pool, _, _), row) in self.state.rows::<LazyRow>() {
            *weights.entry((pool, row.batch)).or_default() += U256::from(row.weight.get());
        }
        for ((kind, pool, number), row) in self.state.rows::<BatchRow>() {
            if row.draw.is_some() {
                continue;
            }
            let sum = weights.remove(&(pool, number)).unwrap_or_default();
            self.expect(format!("pool {pool}: weight left in batch {number}"), sum, U256::from(row.left.get()));
            if row.paid > row.amount || (kind == TO_PAY && row.left > row.weight) {
                let (most, found) = (row.amount.to_string(), row.paid.to_string());
                self.violated(Violation::Exceeds { what: format!("pool {pool}: paid of batch {number}"), most, found });
            }
        }
        let open: Vec<(Name, PoolRow)> = self.state.rows::<PoolRow>().collect();
        for (pool, row) in open {
            let sum = weights.remove(&(pool, row.batch)).unwrap_or_default();
            self.expect(format!("pool {pool}: weight accrued in the open batch"), sum, U256::from(row.accrued.get()));
        }
        // A lazy batch that gave nothing has no row; what is left of its weights is worth nothing.
        weights.retain(|(pool, _), _| self.spec.pool(*pool).is_none_or(|rule| rule.method != crate::Method::Lazy));
        for ((pool, number), sum) in weights {
            self.violated(Violation::Dangling {
                what: format!("weight {sum} in batch {number} of pool {pool}, which does not exist"),
            });
        }
    }

    /// What lottery draws judge: the weights that members had when a draw was fixed come to what it was fixed with, and nothing is kept
    /// for a draw that does not exist.
    pub(super) fn check_draws(&mut self) {
        let mut kept = KeptWeights::new();
        for ((pool, draw, owner, unit), row) in self.state.rows::<DrawnWeightRow>() {
            kept.entry((pool, draw)).or_default().push((owner, unit, row.weight));
        }
        let draws = self.state.rows::<BatchRow>().filter(|(_, row)| row.draw.is_some());
        let draws: Vec<_> = draws.map(|((_, pool, number), row)| (pool, number, row)).collect();
        let mut weights: BTreeMap<Name, BTreeMap<(Address, UnitId), Measured>> = BTreeMap::new();
        // From the newest on: what was kept for a draw holds for those before it too, where nothing was kept for them.
        for (pool, number, row) in draws.into_iter().rev() {
            let state = self.state;
            let members = weights.entry(pool).or_insert_with(|| {
                let now = state.rows_with::<MemberRow>(&pool);
                now.map(|((_, owner, unit), member)| ((owner, unit), member.weight)).collect()
            });
            for (owner, unit, weight) in kept.remove(&(pool, number)).unwrap_or_default() {
                members.insert((owner, unit), weight);
            }
            if row.draw != Some(Draw::Won) {
                let sum = members.values().fold(U256::ZERO, |sum, weight| sum + U256::from(weight.get()));
                self.expect(format!("pool {pool}: weights of draw {number}"), sum, U256::from(row.weight.get()));
            }
        }
        for (pool, draw) in kept.into_keys() {
            self.violated(Violation::Dangling {
                what: format!("weights kept for draw {draw} of pool {pool}, which does not exist"),
            });
        }
    }

    /// Per token: what was overflowed was received, the pools' parts come to no more than the cap leaves besides what was burnt, and an
    /// inflation's forfeited parts are those that it counts.
    pub(super) fn check_minting(&mut self) {
        let mut sums: BTreeMap<Name, (U256, U256, U256, U256)> = BTreeMap::new();
        for (pool, row) in self.state.rows::<EmissionRow>() {
            let Some(rule) = self.spec.pool(pool) else { continue };
            let (scheduled, overflowed, received, forfeited) = sums.entry(rule.token).or_default();
            *scheduled += wide(row.scheduled);
            *overflowed += wide(row.overflowed);
            *received += wide(row.received);
            *forfeited += wide(row.forfeited);
        }
        for (token, (scheduled, overflowed, received, forfeited)) in sums {
            self.expect(format!("{token}: overflowed between pools"), overflowed, received);
            let Some(supply) = self.spec.supply(token).cloned() else { continue };
            let minted = self.state.get::<MintRow>(&token);
            let net_emission = minted.as_ref().map_or(U256::ZERO, |row| wide(row.whole));
            let most = wide(supply.cap.amount) + if supply.cap.kind == CapKind::NetEmission { net_emission } else { U256::ZERO };
            if supply.cap.kind != CapKind::Model && scheduled > most {
                let what = format!("{token}: emission of all pools");
                self.violated(Violation::Exceeds { what, most: most.to_string(), found: scheduled.to_string() });
            }
            if let (Some(Emission::Inflation(_)), Some(row), true) = (&supply.emission, minted, self.versions.later().is_empty())
            {
                self.expect(format!("{token}: inflation that nobody got"), forfeited, wide(row.unminted));
                if scheduled > wide(row.whole) {
                    let what = format!("{token}: inflation of all pools");
                    self.violated(Violation::Exceeds { what, most: row.whole.to_string(), found: scheduled.to_string() });
                }
            }
        }
    }
}
