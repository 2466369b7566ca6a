//! What providers do in a day: decisions, reports, sales, contracts that end and begin.

use super::{Simulation, trade::Orders};
use crate::{
    amount::micro,
    cash::Group,
    chance::Purpose,
    scenario::{Class, ClassKind, Programme},
    society::{Decision, Market, Provider, Rewards, hardware},
    world::{Day, Load, Party, WEEK, World, address},
};
use depin_quantity::{Address, Name};

/// A provider's address.
pub(super) fn account(provider: &Provider) -> Address {
    address(Party::Provider(provider.number))
}

/// Whole devices that a newcomer begins with, and a grower adds.
pub(super) fn more_devices(provider: &Provider) -> u64 {
    crate::amount::whole(provider.devices.max(1.0)).try_into().unwrap_or(u64::MAX)
}

/// What a day comes to before the market clears.
#[derive(Default)]
pub(super) struct Plan {
    pub orders: Orders,
    /// Providers whose new contract is to be billed.
    pub bills: Vec<usize>,
    /// Newcomers and growers who take part when they have their collateral.
    pub begins: Vec<Decision>,
    /// Base units of what providers sell that they had as rewards.
    pub rewards_sold: u128,
}

impl Simulation<'_> {
    /// What a provider keeps ready and does.
    pub(super) fn load(&self, i: usize) -> Load {
        let provider = &self.providers.all[i];
        let class = self.scenario.supply.values().nth(provider.class);
        Load { capacity: class.map_or(0.0, |class| provider.claims(class)), ..provider.load() }
    }

    /// What the ledger paid in the time that passed: rewards by class, and flows.
    pub(super) fn note_day(&mut self) {
        let (price, seen, in_stable) = (self.price(), self.price_seen(), self.in_stable());
        let Some(world) = &mut self.world else { return };
        let mut day = std::mem::take(&mut self.early);
        let known = (day.minted, day.burned);
        day.add(world.take_day());
        let value = |token| if token == world.main { Some(1.0) } else { world.redeems_for(token) };
        let tokens = |token, units: u128| world.scale_of(token).tokens(units) * value(token).unwrap_or(0.0);
        let sum =
            |parts: &std::collections::BTreeMap<_, u128>| parts.iter().map(|(token, units)| tokens(*token, *units)).sum::<f64>();
        let work: f64 = day.work.values().map(|(token, earned)| tokens(*token, earned.amount)).sum();
        let (stakers, others) = (sum(&day.stakers) * price, (sum(&day.others) + world.scale.tokens(day.vested)) * price);
        let flows = &mut self.flows;
        let (minted, burned) = (world.scale.tokens(day.minted), world.scale.tokens(day.burned));
        let (new_mint, new_burn) = (world.scale.tokens(day.minted - known.0), world.scale.tokens(day.burned - known.1));
        flows.minted += new_mint;
        flows.burned += new_burn;
        flows.mint_usd += new_mint * price;
        flows.burn_usd += new_burn * price;
        flows.reward_providers += work;
        flows.reward_providers_usd += work * price;
        self.rewards_usd = work * price;
        flows.reward_stakers_usd += stakers;
        flows.reward_other_usd += others;
        self.staker_rewards += (stakers - self.staker_rewards) / 30.0;
        self.issuance += (minted - burned - self.issuance) / 30.0;
        let mut rewards = vec![Rewards::default(); self.scenario.supply.len()];
        for (at, rewards) in rewards.iter_mut().enumerate() {
            for weighing in world.meter.weighings(at) {
                if let Some((token, earned)) = day.work.get(&weighing.pool) {
                    let each = earned.per_weight / world.scale_of(*token).whole() * value(*token).unwrap_or(0.0);
                    rewards.add(weighing.per, each * weighing.weight * seen);
                }
            }
        }
        smooth(&mut self.market.rewards, &rewards, self.day);
        let payee = world.billing.payee_share(in_stable);
        self.market.payee = payee;
        self.look_at_worth(&day);
    }

    /// Before a row is written: what was minted and burnt since time passed belongs to it, as the supply does. Whoever looks at a day sees
    /// it with the rest, when time has passed again.
    pub(super) fn note_early(&mut self) {
        let price = self.price();
        let Some(world) = &mut self.world else { return };
        self.early = world.take_day();
        let (minted, burned) = (world.scale.tokens(self.early.minted), world.scale.tokens(self.early.burned));
        let flows = &mut self.flows;
        flows.minted += minted;
        flows.burned += burned;
        flows.mint_usd += minted * price;
        flows.burn_usd += burned * price;
    }

    /// Speculators look at what the token brought: burns and what does not reach whoever works, or all that is paid through it.
    fn look_at_worth(&mut self, day: &Day) {
        let Some(world) = &self.world else { return };
        let price = self.price();
        let paid = self.customers.booked.iter().sum::<f64>() * self.service.price();
        let value = match self.scenario.market.fundamental {
            crate::scenario::Fundamental::Burns => (world.scale.tokens(day.burned) * price).max(paid * (1.0 - self.market.payee)),
            _ => paid,
        };
        let circulating = world.scale.tokens(world.circulating() as u128);
        self.speculators.look(&self.scenario, value, circulating, price, self.heights.ahead);
    }

    /// Providers decide, and those whose day it is report, are paid and plan sales and contracts.
    pub(super) fn decide(&mut self) -> Plan {
        let mut plan = Plan::default();
        self.see();
        let mut decisions = Vec::new();
        self.providers.decide((&self.scenario, self.investor), &self.chance, self.day, &self.market, &mut decisions);
        for decision in decisions {
            self.follow(decision, &mut plan);
        }
        self.report(&mut plan);
        self.count_day();
        plan
    }

    /// What all providers see today, besides rewards.
    fn see(&mut self) {
        self.market.boom = (self.outside(), self.heights.hardware, self.heights.delay);
        let seen = self.price_seen();
        let grant = self.scenario.treasury.discount.value.clamp(0.0, 1.0);
        let funded = self.runs_programme(Programme::SupplyGrant) && self.cash.of(Group::Treasury) > 0;
        self.market.grant = if funded { grant } else { 0.0 };
        let Some(world) = &self.world else { return };
        for (at, class) in self.scenario.supply.values().enumerate() {
            let load = Load { class: at, devices: 1.0, capacity: class.capacity.value, ..Load::default() };
            self.market.collateral[at] = world.scale.tokens(world.collateral(&load)) * seen;
            self.market.joining[at] = world.scale.tokens(world.joining(&class.joining(), 1)) * seen;
        }
    }

    fn follow(&mut self, decision: Decision, plan: &mut Plan) {
        match decision {
            Decision::Orders(i) | Decision::Grows(i) => {
                self.buy_hardware(i);
                let class = self.scenario.supply.values().nth(self.providers.all[i].class);
                let delay = class.map_or(0.0, |class| class.delay.value) + self.heights.delay;
                self.providers.carry_out(decision, self.day + delay.clamp(1.0, 3_650.0) as u32);
            }
            Decision::Begins(i) | Decision::Grown(i) => {
                if self.world.is_none() {
                    self.take_part(decision);
                    return;
                }
                self.order_collateral(i, decision, plan);
                plan.begins.push(decision);
            }
            Decision::Leaves(i) => self.leave(i, plan),
        }
    }

    /// Hardware is paid when it is ordered; a grant pays its part.
    fn buy_hardware(&mut self, i: usize) {
        let provider = &self.providers.all[i];
        let Some(class) = self.scenario.supply.values().nth(provider.class) else { return };
        if class.kind == ClassKind::Idle {
            return;
        }
        let own = provider.devices * hardware(class, &self.market);
        let usd = provider.devices * hardware(class, &Market { grant: 0.0, ..self.market.clone() });
        let grant = usd - own;
        self.cash.pay(Group::Treasury, Group::Outside, micro(grant));
        self.cash.pay(Group::Providers, Group::Outside, micro(usd - grant));
        self.flows.grants_usd += grant;
        self.flows.capital_in_usd += usd - grant;
        self.flows.profit_usd -= usd - grant;
        let provider = &mut self.providers.all[i];
        provider.owed += usd - grant;
        provider.cash -= usd - grant;
    }

    /// What a newcomer or a grower lacks of its collateral and of the fees of joining is bought.
    fn order_collateral(&mut self, i: usize, decision: Decision, plan: &mut Plan) {
        let Some(world) = &self.world else { return };
        let provider = &self.providers.all[i];
        let mut load = self.load(i);
        let more = if matches!(decision, Decision::Grown(_)) { (provider.times + 1.0) / provider.times } else { 1.0 };
        (load.devices, load.capacity) = (load.devices * more, load.capacity * more);
        let has = if matches!(decision, Decision::Grown(_)) { world.collateral(&self.load(i)) } else { 0 };
        let who = account(provider);
        let fees = world.joining(&self.joins_with(i), more_devices(provider));
        let lacks = world.collateral(&load).saturating_sub(has).saturating_add(fees).saturating_sub(world.held(who));
        plan.orders.buy_tokens(who, lacks, Group::Providers);
    }

    /// Fees that a provider's devices pay when they join.
    pub(super) fn joins_with(&self, i: usize) -> Vec<Name> {
        self.scenario.supply.values().nth(self.providers.all[i].class).map_or_else(Vec::new, Class::joining)
    }

    /// Fees of joining are put in like hardware.
    pub(super) fn count_fees(&mut self, i: usize, usd: f64) {
        self.flows.capital_in_usd += usd;
        self.flows.profit_usd -= usd;
        let provider = &mut self.providers.all[i];
        provider.owed += usd;
        provider.cash -= usd;
    }

    /// Somebody takes part, or with more.
    pub(super) fn take_part(&mut self, decision: Decision) {
        self.providers.carry_out(decision, self.day);
        if let Decision::Begins(i) = decision {
            self.providers.all[i].contract.1 = self.day;
            self.flows.entered += 1.0;
        }
    }

    /// Somebody gives up: its contract ends, it is paid what it accrued, and sells everything.
    fn leave(&mut self, i: usize, plan: &mut Plan) {
        let load = self.load(i);
        let provider = &self.providers.all[i];
        let (who, number) = (account(provider), provider.contract.0);
        if let Some(payer) = provider.payer {
            self.customers.booked[payer] = (self.customers.booked[payer] - provider.booked).max(0.0);
        }
        if let Some(world) = &mut self.world {
            world.end(who, number, true);
            let before = world.held(who);
            world.discharge(who, &load);
            let held = world.held(who);
            plan.orders.sell(who, held, Group::Providers);
            // Collateral comes back with the last rewards; it was bought, not earned.
            plan.rewards_sold += held.saturating_sub(before).saturating_sub(world.collateral(&load));
        }
        self.take_dollars(who);
        self.recover(i);
        self.providers.carry_out(Decision::Leaves(i), self.day);
        self.flows.left += 1.0;
    }

    /// Operating profit goes towards hardware that is not paid off.
    fn recover(&mut self, i: usize) {
        let provider = &mut self.providers.all[i];
        let profit = std::mem::take(&mut provider.operating);
        let recovered = profit.clamp(0.0, provider.owed);
        provider.owed -= recovered;
        provider.cash += profit;
        self.flows.capital_recovered_usd += recovered;
    }

    /// Those whose day it is: contracts that are over are booked anew, everything is reported, what was accrued is paid and sold.
    fn report(&mut self, plan: &mut Plan) {
        let today: Vec<usize> = self.providers.of_day(self.day).filter(|i| self.providers.all[*i].active()).collect();
        for i in &today {
            self.recover(*i);
            if self.providers.all[*i].contract.1 <= self.day && self.book(*i, self.day + self.term()) {
                plan.bills.push(*i);
            }
        }
        self.find_out(&today);
        let rules: Vec<&Class> = self.scenario.supply.values().collect();
        let load_of = |provider: &Provider| Load { capacity: provider.claims(rules[provider.class]), ..provider.load() };
        let theirs = today.iter().map(|i| &self.providers.all[*i]);
        let loads: Vec<(Address, Load)> = theirs.map(|provider| (account(provider), load_of(provider))).collect();
        let accounts: Vec<Address> = loads.iter().map(|(who, _)| *who).collect();
        let Some(world) = &mut self.world else { return };
        let main = [world.main];
        let held = |world: &World| world.all_held(&main, &accounts).swap_remove(0);
        // Where no payment reaches providers, all that came since the last time are rewards.
        let before: Vec<u128> = if world.billing.pays_providers() {
            held(world)
        } else {
            today.iter().map(|i| self.providers.all[*i].kept).collect()
        };
        world.report(&loads);
        if world.vests() {
            loads.iter().for_each(|(who, _)| world.withdraw_vested(*who));
        }
        let mut after = None;
        if world.billing.streams() {
            after = Some(held(world));
            world.settle(today.iter().zip(&accounts).map(|(i, who)| (*who, self.providers.all[*i].contract.0)));
        }
        let tokens: Vec<Name> = main.into_iter().chain(world.redeemable()).collect();
        let all = world.all_held(&tokens, &accounts);
        let after = after.as_ref().unwrap_or(&all[0]);
        let rewards: Vec<u128> = after.iter().zip(before).map(|(after, before)| after.saturating_sub(before)).collect();
        self.sell_rewards((&today, &accounts), &rewards, (&tokens, &all), plan);
        accounts.iter().for_each(|who| self.take_dollars(*who));
        self.sweep(plan);
    }

    /// Some of those who claim what is not true are found out: the network's fault takes what its rules say, and from then on they claim
    /// what is true. Nobody is where the network's file has no such fault.
    fn find_out(&mut self, today: &[usize]) {
        let Some(world) = &mut self.world else { return };
        let Some(fault) = world.false_claim(&self.scenario) else { return };
        let classes: Vec<_> = self.scenario.supply.values().collect();
        for i in today {
            let provider = &mut self.providers.all[*i];
            let class = classes[provider.class];
            let untrue = 1.0 - class.honesty.value.clamp(0.0, 1.0);
            let week = 1.0 - libm::pow(1.0 - class.found.value.clamp(0.0, 1.0), f64::from(WEEK) * 12.0 / super::DAYS_A_YEAR);
            let found = self.chance.even(Purpose::Check, provider.number.into(), self.day.into()) < week;
            if provider.exposed || untrue <= 0.0 || !found {
                continue;
            }
            let claimed = Load {
                class: provider.class,
                devices: provider.fleet() * untrue,
                capacity: provider.claims(class) * untrue,
                ..Load::default()
            };
            world.fault(account(provider), fault, &claimed);
            provider.exposed = true;
        }
    }

    /// Of rewards a part is sold, of payments all: bills are due in dollars. Other tokens go to whoever redeems them. `held` are tokens, the main
    /// one first, and what each of today's holds of each.
    fn sell_rewards(
        &mut self,
        (today, accounts): (&[usize], &[Address]),
        rewards: &[u128],
        (tokens, held): (&[Name], &[Vec<u128>]),
        plan: &mut Plan,
    ) {
        let sells: Vec<f64> = self.scenario.supply.values().map(|class| class.sells.value.clamp(0.0, 1.0)).collect();
        let mut held = tokens.iter().zip(held);
        for (i, (reward, held)) in today.iter().zip(rewards.iter().zip(held.next().map_or(&[][..], |(_, held)| held))) {
            let provider = &mut self.providers.all[*i];
            let new = held.saturating_sub(provider.kept);
            let reward = (*reward).min(new);
            let rewards_sold = crate::amount::whole(reward as f64 * sells[provider.class]).min(reward);
            let sold = new - reward + rewards_sold;
            provider.kept = held - sold;
            plan.orders.sell(account(provider), sold, Group::Providers);
            plan.rewards_sold += rewards_sold;
        }
        for (token, held) in held {
            for ((i, who), held) in today.iter().zip(accounts).zip(held).filter(|(_, held)| **held > 0) {
                let part = sells[self.providers.all[*i].class];
                plan.orders.redeems.push((*who, *token, crate::amount::whole(*held as f64 * part).min(*held)));
            }
        }
    }

    /// What came back to those who left, such as collateral that had to cool down, is sold.
    fn sweep(&mut self, plan: &mut Plan) {
        let Some(world) = &self.world else { return };
        let today = self.providers.of_day(self.day).map(|i| &self.providers.all[i]);
        for provider in today.filter(|provider| provider.contract.0 > 0 && provider.is_away()) {
            let held = world.held(account(provider));
            plan.orders.sell(account(provider), held, Group::Providers);
        }
    }

    /// What a day's service comes to.
    fn count_day(&mut self) {
        let (mut usage, mut earned, mut capacity, mut paid, mut running, mut outside) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
        let rules: Vec<_> = self.scenario.supply.values().collect();
        let elsewhere = self.outside();
        for provider in self.providers.all.iter().filter(|provider| provider.active()) {
            let rule = rules[provider.class];
            self.provider_days += 1;
            let fleet = provider.fleet();
            usage += provider.booked;
            earned += provider.booked * provider.earned;
            paid += provider.booked * provider.price;
            capacity += fleet * self.device_units[provider.class];
            running += fleet * rule.running.value * provider.cost;
            if rule.kind == ClassKind::Repurposed {
                outside += fleet * rule.outside.value * elsewhere;
            }
        }
        let genuine = self.customers.genuine();
        let rewards = std::mem::take(&mut self.rewards_usd);
        let flows = &mut self.flows;
        flows.days += 1.0;
        flows.demand += self.customers.demand();
        flows.usage += usage;
        flows.earned_usage += earned;
        flows.useful_usage += usage * genuine;
        flows.capacity_days += capacity;
        let income = paid * self.market.payee + rewards;
        flows.income_providers_usd += income;
        flows.running_cost_usd += running + outside;
        flows.profit_usd += income - running;
        // Running cost is paid in dollars, to whoever sells power and lines.
        self.cash.pay(Group::Providers, Group::Outside, micro(running));
    }
}

/// Rewards come in periods of weeks or hours: what is seen is a mean of the last week.
fn smooth(seen: &mut [Rewards], today: &[Rewards], day: u32) {
    let speed = 1.0 / f64::from(day.clamp(1, 7));
    for (seen, today) in seen.iter_mut().zip(today) {
        seen.capacity += speed * (today.capacity - seen.capacity);
        seen.usage += speed * (today.usage - seen.usage);
        seen.presence += speed * (today.presence - seen.presence);
        seen.value += speed * (today.value - seen.value);
    }
}
