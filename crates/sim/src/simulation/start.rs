//! The first day: who has what, who takes part, and what is booked.

use super::{Broken, Own, Simulation, acts::account, quality};
use crate::{
    FirstDay, RunKey,
    cash::Cash,
    chance::Chance,
    market::{ClassView, Formation, Process, formation},
    scenario::{Entry, Programme, Scenario, Treatment},
    society::{Customers, Heights, Investor, Market, Payback, Providers, Rewards, Speculators, ZeroProfit},
    world::{Day, Load, Opened, Party, WEEK, World, address},
};
use depin_quantity::Address;
use std::collections::BTreeMap;

impl<'m> Simulation<'m> {
    /// A society around an opened network, or around none.
    ///
    /// # Errors
    /// [`Broken`] where the rules refuse what the opening needs.
    pub fn new(
        scenario: Scenario,
        opened: &Opened,
        own: Own<'m>,
        (key, treatment): (RunKey, Treatment),
        agents_every: Option<u32>,
    ) -> Result<Self, Broken> {
        let chance = Chance::new(key);
        let world = (treatment == Treatment::Tokens).then(|| opened.world(&scenario));
        let providers = Providers::new(&scenario, &chance);
        let device_units = Providers::device_units(&scenario);
        let capacity_first: f64 =
            providers.all.iter().filter(|one| one.active()).map(|one| one.fleet() * device_units[one.class]).sum();
        let demand: f64 = scenario.demand.values().map(|segment| segment.size.value).sum();
        let first = quality(capacity_first, capacity_first, demand);
        let classes = scenario.supply.len();
        let payee = world.as_ref().map_or(1.0, |world| world.billing.payee_share(0.0));
        let fill = vec![if capacity_first > 0.0 { (demand / capacity_first).min(1.0) } else { 1.0 }; classes];
        let start_price = scenario.market.start.value;
        let market = Market {
            rewards: vec![Rewards::default(); classes],
            fill,
            price: scenario.price.start.value,
            payee,
            boom: (1.0, 1.0, 0.0),
            collateral: vec![0.0; classes],
            joining: vec![0.0; classes],
            grant: 0.0,
            discount_rate: scenario.market.discount_rate.value,
        };
        let investor: &dyn Investor = match scenario.horizon.entry {
            Entry::Myopic => &Payback,
            Entry::ZeroProfit => &ZeroProfit,
        };
        let mut simulation = Self {
            customers: Customers::new(&scenario, first),
            service: Formation::new(&scenario.price),
            process: Process::new(&scenario.market),
            speculators: Speculators::new(start_price),
            heights: Heights::on(&scenario.boom, 0),
            mechanism: own.price.unwrap_or_else(|| formation(scenario.price.mechanism)),
            investor: own.investor.unwrap_or(investor),
            date: scenario.horizon.start,
            prices: vec![start_price],
            cash: Cash::default(),
            kept: BTreeMap::new(),
            redeemed_by_providers: 1.0,
            kept_others: BTreeMap::new(),
            flows: super::Flows::default(),
            sold: Vec::new(),
            rows: Vec::new(),
            agents: Vec::new(),
            day: 0,
            quality: first,
            device_units,
            discount: 0.0,
            staker_rewards: 0.0,
            rewards_usd: 0.0,
            issuance: 0.0,
            paid_by_class: vec![0.0; classes],
            unpaid: 0,
            early: Day::default(),
            provider_days: 0,
            gathered: Vec::new(),
            trade_price: start_price,
            first: FirstDay::default(),
            scenario,
            chance,
            world,
            providers,
            market,
            capacity_first,
            agents_every,
        };
        simulation.endow()?;
        simulation.book_all();
        Ok(simulation)
    }

    /// What everybody does who takes part, in the order of accounts: rows that come in their order fill their pages.
    fn all_loads(&self) -> Vec<(Address, Load)> {
        let days = (0..WEEK).flat_map(|day| self.providers.of_day(day)).filter(|i| self.providers.all[*i].active());
        days.map(|i| (account(&self.providers.all[i]), self.load(i))).collect()
    }

    /// What was booked before the first day: every provider as full as its class, with contracts that end one after the other. It is
    /// paid with tokens that people had already, at the price of the day.
    fn book_all(&mut self) {
        let term = self.term();
        let turns = (term / WEEK).max(1);
        for i in self.providers.active().collect::<Vec<_>>() {
            let number = self.providers.all[i].number;
            let ends = (number % WEEK) + WEEK * ((number / WEEK) % turns);
            self.book(i, ends.max(1));
        }
        let loads = self.all_loads();
        let booked: Vec<usize> = self.providers.active().filter(|i| self.providers.all[*i].payer.is_some()).collect();
        let Some(world) = &mut self.world else { return };
        world.report(&loads);
        for i in booked {
            let bill = self.bill_of(i);
            self.pay_over_the_counter(&bill);
            self.begin_contract(i, &bill);
        }
        self.flush_charges();
        self.flows = super::Flows::default();
        self.paid_by_class.fill(0.0);
        if let Some(world) = &mut self.world {
            world.take_day();
        }
    }

    /// Days of a booking: whole weeks, so that it ends on the provider's own day.
    pub(super) fn term(&self) -> u32 {
        super::days_of(self.scenario.unit.term).div_ceil(WEEK).max(1) * WEEK
    }

    /// Classes as customers see them: what a unit costs each, less what rewards pay of that, and never less than half: who has
    /// rewards gives a part of them to customers, and keeps a part.
    pub(super) fn class_views(&self) -> Vec<ClassView> {
        let mut views = vec![ClassView::default(); self.scenario.supply.len()];
        for provider in self.providers.all.iter().filter(|provider| provider.active()) {
            views[provider.class].capacity += provider.fleet() * self.device_units[provider.class];
        }
        for (at, (view, rule)) in views.iter_mut().zip(self.scenario.supply.values()).enumerate() {
            let units = self.device_units[at];
            if units <= 0.0 {
                continue;
            }
            let rewards = self.market.rewards[at];
            let gross = rule.running.value + rule.outside.value * self.outside();
            let paid = rewards.capacity * rule.capacity.value + rewards.presence + rewards.usage * units;
            view.cost = (gross - paid).max(gross * 0.5) / units;
        }
        views
    }

    /// Whether the treasury's programme is of this kind.
    pub(super) fn runs_programme(&self, programme: Programme) -> bool {
        self.world.is_some() && self.scenario.treasury.programme == programme
    }
}

/// Moves tokens of those who held them before the run: the elder's, then the holders'. Gives how many came.
pub(super) fn from_holders(world: &mut World, to: Address, amount: u128) -> u128 {
    let first = world.transfer(address(Party::Elder), to, amount);
    first + world.transfer(address(Party::Holders), to, amount - first)
}
