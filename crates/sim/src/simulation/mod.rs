//! One run: days of a society around a network, in one order.
//!
//! A day: events; time passes on the ledger; customers and the service's price; providers decide, report what holds from now on, and are
//! paid what they accrued; stakers, holders and treasuries act; the token's market clears at one price; bills are paid with what was
//! bought; newcomers begin. Every record step, a row.
//!
//! Without tokens the same people meet, with the same chance, and customers pay providers in dollars.

mod acts;
mod bills;
mod central;
mod endow;
mod events;
mod holders;
mod record;
mod start;
#[cfg(test)]
mod tests;
mod trade;

pub use central::central;
pub use record::Flows;

use crate::{
    FirstDay, Watch,
    cash::Cash,
    chance::Chance,
    kpi::Region,
    market::{Formation, PriceFormation, Process, ServiceView},
    results::{AgentRow, Row},
    run::{Effort, Stopped},
    scenario::Scenario,
    society::{Customers, Heights, Investor, Market, Providers, Sight, Speculators},
    world::{Day, World},
};
use depin_quantity::{Instant, Span};
use std::collections::BTreeMap;

pub(crate) const DAYS_A_YEAR: f64 = 365.0;

/// Something that must not happen in a run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Broken(pub String);

/// What of a simulation is somebody's own instead of what comes along.
#[derive(Clone, Copy, Default)]
pub struct Own<'m> {
    /// How the service's price forms.
    pub price: Option<&'m dyn PriceFormation>,
    /// How providers decide.
    pub investor: Option<&'m dyn Investor>,
}

/// A network and its society on a day.
pub struct Simulation<'m> {
    pub(crate) scenario: Scenario,
    pub(crate) chance: Chance,
    pub(crate) mechanism: &'m dyn PriceFormation,
    pub(crate) investor: &'m dyn Investor,
    /// The ledger; none without tokens.
    pub(crate) world: Option<World>,
    pub(crate) cash: Cash,
    pub(crate) day: u32,
    pub(crate) date: Instant,
    pub(crate) customers: Customers,
    pub(crate) providers: Providers,
    pub(crate) market: Market,
    pub(crate) service: Formation,
    pub(crate) process: Option<Process>,
    pub(crate) speculators: Speculators,
    pub(crate) heights: Heights,
    /// Dollars for a whole token, by day; the last is today's.
    pub(crate) prices: Vec<f64>,
    pub(crate) quality: f64,
    /// Units a day that one device of each class can serve.
    pub(crate) device_units: Vec<f64>,
    /// Units a day that could be served on the first day.
    pub(crate) capacity_first: f64,
    /// Part of bills that the treasury pays now.
    pub(crate) discount: f64,
    /// Main tokens that a holder's account keeps, by account.
    pub(crate) kept: BTreeMap<depin_quantity::Address, u128>,
    /// The same of other tokens.
    pub(crate) kept_others: BTreeMap<(depin_quantity::Address, depin_quantity::Name), u128>,
    /// The part of what was redeemed last that was providers'.
    pub(crate) redeemed_by_providers: f64,
    /// What the fleet of the first day holds.
    pub first: FirstDay,
    /// Dollars that providers got for rewards, by day.
    pub sold: Vec<f64>,
    /// Value that the token brought a day, and rewards of stakers in dollars, trailing.
    pub(crate) staker_rewards: f64,
    /// Dollars of rewards that providers earned today.
    rewards_usd: f64,
    pub(crate) issuance: f64,
    pub(crate) flows: Flows,
    /// Rows so far.
    pub rows: Vec<Row>,
    /// Single providers so far.
    pub agents: Vec<AgentRow>,
    agents_every: Option<u32>,
    /// Dollars that customers paid for bookings of each class.
    pub(crate) paid_by_class: Vec<f64>,
    unpaid: u64,
    /// What the ledger paid since time passed, where a row was written in between.
    early: Day,
    provider_days: u64,
    gathered: Vec<bills::Gathered>,
    /// Dollars for a whole token at which today's orders traded.
    pub(crate) trade_price: f64,
}

impl Simulation<'_> {
    /// Today's price of a whole token.
    pub(crate) fn price(&self) -> f64 {
        self.prices.last().copied().unwrap_or(0.0)
    }

    /// The price that decisions look at: the first day's, where the link from price to entry is cut.
    pub(crate) fn price_seen(&self) -> f64 {
        let first = self.prices.first().copied().unwrap_or(0.0);
        if self.scenario.links.price_entry { self.price() } else { first }
    }

    /// The price that the ledger's reporters tell: of some days ago.
    fn price_reported(&self) -> f64 {
        let delay = self.scenario.market.report_delay.value.max(0.0) as usize;
        self.prices[self.prices.len().saturating_sub(1 + delay)]
    }

    /// What the run took so far.
    pub fn effort(&self) -> Effort {
        let (records, refused) = self.world.as_ref().map_or((0, 0), |world| (world.records, world.refused));
        Effort { provider_days: self.provider_days, records, refused, unpaid: self.unpaid }
    }

    /// What came of each region until now.
    pub fn regions(&self) -> Vec<Region> {
        let mut regions: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        let classes: Vec<&str> = self.scenario.supply.values().map(|class| class.region.as_str()).collect();
        for (region, paid) in classes.iter().zip(&self.paid_by_class) {
            regions.entry(region).or_default().1 += paid;
        }
        for i in self.providers.active() {
            regions.entry(classes[self.providers.all[i].class]).or_default().0 += self.capacity(i);
        }
        let region = |(name, (capacity, revenue_usd)): (&str, _)| Region { name: name.to_owned(), capacity, revenue_usd };
        regions.into_iter().map(region).collect()
    }

    /// Days of a run.
    pub(crate) fn days(&self) -> u32 {
        (self.scenario.horizon.years * DAYS_A_YEAR).round().max(1.0) as u32
    }

    /// Runs to the horizon, or until a stop condition holds or the watcher says so.
    ///
    /// # Errors
    /// [`Broken`]; the rows so far are kept.
    pub fn run(&mut self, watch: &dyn Watch) -> Result<Option<Stopped>, Broken> {
        let (days, every) = (self.days(), days_of(self.scenario.horizon.record));
        while self.day < days {
            self.step()?;
            if self.day.is_multiple_of(every) || self.day == days {
                self.record();
                if self.agents_every.is_some_and(|every| self.rows.len().is_multiple_of(every as usize)) {
                    self.record_agents();
                }
                if let Some(reason) = self.stops() {
                    return Ok(Some(Stopped { timestep: self.rows.len() as u32, reason }));
                }
            }
            if !watch.step(self.day, days) {
                return Ok(Some(Stopped { timestep: self.rows.len() as u32, reason: "stopped from outside".to_owned() }));
            }
        }
        Ok(None)
    }

    fn step(&mut self) -> Result<(), Broken> {
        self.day += 1;
        self.date = self.date.later(Span::from_days(1));
        if self.happen() {
            self.device_units = Providers::device_units(&self.scenario);
        }
        self.heights = Heights::on(&self.scenario.boom, self.day);
        self.open_pools();
        self.pass()?;
        self.serve();
        let plan = self.decide();
        self.trade_and_bill(plan)
    }

    /// Time passes on the ledger, and what it paid is noted.
    fn pass(&mut self) -> Result<(), Broken> {
        let (date, reported) = (self.date, self.price_reported());
        let Some(world) = &mut self.world else { return Ok(()) };
        world.pass(date, reported, &self.scenario).map_err(|refusal| Broken(format!("the ledger did not close: {refusal}")))?;
        self.note_day();
        Ok(())
    }

    /// Customers look at yesterday's price and quality; the service's price follows.
    fn serve(&mut self) {
        let sight = Sight {
            price: self.service.price(),
            discount: self.discount,
            quality: if self.scenario.links.quality_demand { self.quality } else { self.customers.quality_first() },
            boom: (self.heights.demand, self.heights.cloud),
        };
        self.customers.step(&self.scenario, &self.chance, self.day, &sight);
        let classes = self.class_views();
        let (alternative, alternative_first) = self.customers.alternative(self.heights.cloud);
        let view =
            ServiceView { day: self.day, demand: self.customers.demand(), alternative, alternative_first, classes: &classes };
        self.service.step(self.mechanism, &self.scenario.price, &view);
        self.market.fill = self.mechanism.fill(&view);
        self.market.price = self.service.price();
        let capacity = if self.scenario.links.exit_quality { view.capacity() } else { self.capacity_first };
        self.quality = quality(capacity, self.capacity_first, view.demand);
    }
}

impl Simulation<'_> {
    /// Times the first day's of what hardware earns elsewhere: it is let there at what the alternative costs, and for more in a boom.
    pub(crate) fn outside(&self) -> f64 {
        let (now, first) = self.customers.alternative(1.0);
        if first > 0.0 { self.heights.outside * now / first } else { self.heights.outside }
    }

    /// Units a day that a provider can serve.
    pub(crate) fn capacity(&self, i: usize) -> f64 {
        let provider = &self.providers.all[i];
        provider.fleet() * self.device_units[provider.class]
    }
}

/// How well what is ordered is served: the part of demand that there is capacity for, times `c / (c + a quarter of the first day's c)`, since
/// fewer providers are farther away and fail together.
pub(crate) fn quality(capacity: f64, first: f64, demand: f64) -> f64 {
    let served = if demand > 0.0 { (capacity / demand).min(1.0) } else { 1.0 };
    let spread = capacity + 0.25 * first;
    if spread > 0.0 { served * capacity / spread } else { 0.0 }
}

/// Whole days of a span, at least one.
pub(crate) fn days_of(span: Span) -> u32 {
    u32::try_from(span.get() / 86_400_000).unwrap_or(u32::MAX).max(1)
}
