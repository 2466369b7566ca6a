//! Rows of the result table out of a run.

use super::Simulation;
use crate::{
    amount::dollars,
    cash::{GROUPS, Group},
    results::{AgentRow, COLUMNS, Row},
    world::WEEK,
};
use depin_economy::AccountClass;

/// What flowed since the row before. Dollars, tokens and units.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs, reason = "each is a column of the result table, which defines it")]
pub struct Flows {
    pub days: f64,
    pub minted: f64,
    pub burned: f64,
    pub mint_usd: f64,
    pub burn_usd: f64,
    pub reward_providers: f64,
    pub reward_providers_usd: f64,
    pub reward_stakers_usd: f64,
    pub reward_other_usd: f64,
    pub sold_usd: f64,
    pub entered: f64,
    pub left: f64,
    pub demand: f64,
    pub usage: f64,
    pub earned_usage: f64,
    pub useful_usage: f64,
    pub capacity_days: f64,
    pub price_paid: f64,
    pub revenue_usd: f64,
    pub revenue_third_usd: f64,
    pub income_providers_usd: f64,
    pub running_cost_usd: f64,
    pub capital_in_usd: f64,
    pub capital_recovered_usd: f64,
    pub profit_usd: f64,
    pub grants_usd: f64,
}

/// Stocks at a row's time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Stocks {
    pub price: f64,
    pub service_price: f64,
    pub alternative: f64,
    pub supply: f64,
    pub circulating: f64,
    pub locked: f64,
    pub staked: f64,
    pub providers: f64,
    pub capacity: f64,
    pub quality: f64,
    pub payback: f64,
    pub treasury_usd: f64,
    pub gini: f64,
    pub hhi: f64,
    pub nakamoto: f64,
    pub cash: [f64; GROUPS.len()],
}

/// The values of a row, in the order of the columns.
pub(super) fn values(flows: &Flows, stocks: &Stocks) -> Vec<f64> {
    let ratio = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { f64::NAN };
    let value = |name: &str| match name {
        "price" => stocks.price,
        "service_price" => stocks.service_price,
        "alternative_price" => stocks.alternative,
        "supply" => stocks.supply,
        "circulating" => stocks.circulating,
        "locked" => stocks.locked,
        "staked" => stocks.staked,
        "minted" => flows.minted,
        "burned" => flows.burned,
        "mint_usd" => flows.mint_usd,
        "burn_usd" => flows.burn_usd,
        "reward_providers" => flows.reward_providers,
        "reward_providers_usd" => flows.reward_providers_usd,
        "reward_stakers_usd" => flows.reward_stakers_usd,
        "reward_other_usd" => flows.reward_other_usd,
        "sold_usd" => flows.sold_usd,
        "providers" => stocks.providers,
        "entered" => flows.entered,
        "left" => flows.left,
        "capacity" => stocks.capacity,
        "demand" => flows.demand,
        "usage" => flows.usage,
        "paid_usage" => flows.usage - flows.earned_usage,
        "earned_usage" => flows.earned_usage,
        "useful_usage" => flows.useful_usage,
        "utilisation" => ratio(flows.usage, flows.capacity_days),
        "quality" => stocks.quality,
        "revenue_usd" => flows.revenue_usd,
        "revenue_third_usd" => flows.revenue_third_usd,
        "income_providers_usd" => flows.income_providers_usd,
        "running_cost_usd" => flows.running_cost_usd,
        "capital_in_usd" => flows.capital_in_usd,
        "capital_recovered_usd" => flows.capital_recovered_usd,
        "profit_usd" => flows.profit_usd,
        "payback_months" => stocks.payback,
        "margin" => ratio(flows.income_providers_usd - flows.running_cost_usd, flows.income_providers_usd),
        "treasury_usd" => stocks.treasury_usd,
        "grants_usd" => flows.grants_usd,
        "gini" => stocks.gini,
        "hhi" => stocks.hhi,
        "nakamoto" => stocks.nakamoto,
        "cash_customers" => stocks.cash[Group::Customers as usize],
        "cash_providers" => stocks.cash[Group::Providers as usize],
        "cash_speculators" => stocks.cash[Group::Speculators as usize],
        "cash_market" => stocks.cash[Group::Market as usize],
        "cash_outside" => stocks.cash[Group::Outside as usize],
        "cash_treasury" => stocks.cash[Group::Treasury as usize],
        _ => f64::NAN,
    };
    COLUMNS.iter().map(|column| value(column.name)).collect()
}

impl Simulation<'_> {
    /// Writes a row, and begins to sum anew.
    pub(super) fn record(&mut self) {
        self.note_early();
        let mut stocks = Stocks {
            price: if self.world.is_some() { self.price() } else { f64::NAN },
            service_price: self.service.price(),
            alternative: self.customers.alternative(self.heights.cloud).0,
            quality: self.quality,
            payback: self.providers.payback(&self.scenario, &self.market),
            cash: GROUPS.map(|group| dollars(self.cash.of(group))),
            treasury_usd: dollars(self.cash.of(Group::Treasury)),
            ..Stocks::default()
        };
        self.token_stocks(&mut stocks);
        self.provider_stocks(&mut stocks);
        let flows = std::mem::take(&mut self.flows);
        let timestep = u32::try_from(self.rows.len()).unwrap_or(u32::MAX).saturating_add(1);
        self.rows.push(Row { timestep, date: self.date, values: values(&flows, &stocks) });
    }

    fn token_stocks(&self, stocks: &mut Stocks) {
        let Some(world) = &self.world else { return };
        let Some(supply) = world.supply() else { return };
        let tokens = |units: u128| world.scale.tokens(units);
        let staked: u128 = (0..world.stakes.places.len()).map(|group| world.stake_of(group)).sum();
        let leaving = world.reads().class(AccountClass::Unbonding, world.main).get();
        let locked = [supply.allocations_locked, supply.pledged, supply.vesting, supply.bonded];
        let locked = locked.iter().map(|units| units.get()).sum::<u128>() + leaving;
        stocks.supply = tokens(supply.total.get());
        stocks.staked = tokens(staked);
        stocks.locked = tokens(locked);
        stocks.circulating = (stocks.supply - stocks.locked - stocks.staked).max(0.0);
        stocks.treasury_usd += tokens(supply.treasuries.get()) * stocks.price;
    }

    fn provider_stocks(&self, stocks: &mut Stocks) {
        let active: Vec<usize> = self.providers.active().collect();
        let capacities: Vec<f64> = active.iter().map(|i| self.capacity(*i)).collect();
        stocks.providers = active.len() as f64;
        stocks.capacity = capacities.iter().sum();
        (stocks.hhi, stocks.nakamoto) = concentration(&capacities);
        stocks.gini = gini(&active.iter().map(|i| self.providers.all[*i].income).collect::<Vec<_>>());
    }

    /// Rows of single providers.
    pub(super) fn record_agents(&mut self) {
        let names: Vec<&String> = self.scenario.supply.keys().collect();
        for i in self.providers.active() {
            let provider = &self.providers.all[i];
            let tokens = self.world.as_ref().map_or(0.0, |world| world.scale.tokens(world.held(super::acts::account(provider))));
            self.agents.push(AgentRow {
                timestep: u32::try_from(self.rows.len()).unwrap_or(u32::MAX),
                agent: provider.number,
                class: names.get(provider.class).map_or_else(String::new, |name| (*name).clone()),
                capacity: self.capacity(i),
                booked: provider.booked,
                income_usd: provider.brought.0,
                rewards_usd: provider.brought.1,
                cash_usd: provider.cash,
                tokens,
            });
        }
    }

    /// The first stop condition that holds, in words.
    pub(super) fn stops(&self) -> Option<String> {
        let (row, stop) = (self.rows.last()?, &self.scenario.stop);
        let below = |name: &str, least: Option<f64>| {
            least.filter(|least| row.get(name) < *least).map(|least| format!("{name} below {least}"))
        };
        let rows = (90 / super::days_of(self.scenario.horizon.record).max(WEEK)).max(1) as usize;
        let lately = self.rows.iter().rev().take(rows).map(|row| row.get("utilisation"));
        let mean = lately.clone().sum::<f64>() / lately.count().max(1) as f64;
        let idle = stop.utilisation_below.filter(|least| self.rows.len() >= rows && mean < *least);
        below("price", stop.price_below)
            .or_else(|| below("providers", stop.providers_below))
            .or_else(|| idle.map(|least| format!("utilisation below {least} for 90 days")))
    }
}

/// Sum of squared shares, and the fewest that have more than half together.
fn concentration(sizes: &[f64]) -> (f64, f64) {
    let whole: f64 = sizes.iter().sum();
    if whole <= 0.0 {
        return (f64::NAN, f64::NAN);
    }
    let hhi = sizes.iter().map(|size| (size / whole) * (size / whole)).sum();
    let (mut sum, mut count) = (0.0, 0u32);
    for size in ascending(sizes).into_iter().rev() {
        count += 1;
        sum += size;
        if sum > whole / 2.0 {
            break;
        }
    }
    (hhi, f64::from(count))
}

/// Gini coefficient: `sum of (2 k - n - 1) x_k / (n sum of x)`, `x` ascending.
fn gini(values: &[f64]) -> f64 {
    let (n, whole) = (values.len() as f64, values.iter().sum::<f64>());
    if whole <= 0.0 {
        return f64::NAN;
    }
    let weighted: f64 = ascending(values).iter().zip(1u32..).map(|(x, k)| (2.0 * f64::from(k) - n - 1.0) * x).sum();
    weighted / (n * whole)
}

/// Numbers in the order of [`f64::total_cmp`]: sorted as the integers that have this order, which takes half the time.
fn ascending(numbers: &[f64]) -> Vec<f64> {
    let turned = |bits: i64| bits ^ ((bits >> 63) & i64::MAX);
    let mut keys: Vec<i64> = numbers.iter().map(|number| turned(number.to_bits().cast_signed())).collect();
    keys.sort_unstable();
    keys.into_iter().map(|key| f64::from_bits(turned(key).cast_unsigned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concentration_of_hand_worked_fleets() {
        assert_eq!(concentration(&[1.0; 4]), (0.25, 3.0));
        assert_eq!(concentration(&[5.0, 1.0, 2.0]), (0.468_75, 1.0));
        assert!(concentration(&[]).0.is_nan());
        assert_eq!(gini(&[1.0; 5]), 0.0);
        assert_eq!(gini(&[0.0, 0.0, 0.0, 4.0]), 0.75);
        assert_eq!(gini(&[3.0, 1.0]), 0.25);
    }

    #[test]
    fn numbers_are_sorted_in_the_order_of_floats() {
        let numbers = [3.0, -0.0, f64::INFINITY, 0.0, -2.5, f64::NAN, 1e-310, -1e300, 3.0];
        let mut sorted = numbers;
        sorted.sort_by(f64::total_cmp);
        assert_eq!(ascending(&numbers).iter().map(|x| x.to_bits()).collect::<Vec<_>>(), sorted.map(f64::to_bits));
    }

    #[test]
    fn every_column_has_a_value() {
        let stocks = Stocks { payback: 1.0, ..Stocks::default() };
        let flows = Flows { capacity_days: 1.0, income_providers_usd: 1.0, ..Flows::default() };
        for (column, value) in COLUMNS.iter().zip(values(&flows, &stocks)) {
            assert!(!value.is_nan(), "{} is never filled", column.name);
        }
    }
}
