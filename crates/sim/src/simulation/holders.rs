//! Stakers, holders of allocations, roles and treasuries: once a week each.

use super::{DAYS_A_YEAR, Simulation, trade::Orders};
use crate::{
    amount::{dollars, micro, whole},
    cash::Group,
    scenario::Programme,
    world::{Party, WEEK, address},
};
use depin_economy::Action;
use depin_quantity::{Address, Name, Units};

/// The days of the week on which they act.
const STAKERS: u32 = 1;
const HOLDERS: u32 = 3;
const TREASURIES: u32 = 5;

impl Simulation<'_> {
    /// What holders of tokens do today.
    pub(super) fn hold_and_stake(&mut self, orders: &mut Orders) {
        if self.world.is_none() {
            return;
        }
        match self.day % WEEK {
            STAKERS => self.stakers_act(orders),
            HOLDERS => self.holders_act(orders),
            TREASURIES => self.treasuries_act(orders),
            _ => {}
        }
    }

    /// Yearly yield of stake after dilution: rewards over what is staked, less the growth of supply.
    fn real_yield(&self) -> f64 {
        let Some(world) = &self.world else { return 0.0 };
        let staked: u128 = (0..world.stakes.places.len()).map(|group| world.stake_of(group)).sum();
        let staked = world.scale.tokens(staked) * self.price();
        let supply = world.supply().map_or(0.0, |supply| world.scale.tokens(supply.total.get()));
        if staked <= 0.0 || supply <= 0.0 {
            return 0.0;
        }
        (self.staker_rewards / staked - self.issuance / supply) * DAYS_A_YEAR
    }

    /// Stake moves towards the share that its yield justifies: the first day's, times `1 + (yield - required) / required`, within a quarter
    /// and twice of it.
    fn stakers_act(&mut self, orders: &mut Orders) {
        let yielded = self.real_yield();
        let price = self.price();
        let depth = dollars(self.cash.of(Group::Market));
        let Some(world) = &mut self.world else { return };
        if world.offer().is_none() {
            return;
        }
        let circulating = world.circulating();
        for (group, stakers) in self.scenario.stakers.values().enumerate() {
            world.claim_stake(group);
            let who = world.stakes.places[group].who;
            for token in world.redeemable() {
                let held = world.held_of(who, token);
                orders.redeems.push((who, token, held));
            }
            let required = stakers.required_yield.value.max(0.01);
            // In the first months nobody knows the yield yet.
            let wish = if self.day < 60 { 1.0 } else { (1.0 + (yielded - required) / required).clamp(0.25, 2.0) };
            let wanted = whole(circulating * (stakers.share.value * wish).min(0.95));
            let has = world.stake_of(group);
            let part = (stakers.speed.value * f64::from(WEEK) / DAYS_A_YEAR).clamp(0.0, 1.0);
            if wanted > has {
                let more = whole((wanted - has) as f64 * part);
                let held = world.held(who);
                world.stake(group, more.min(held));
                // What they lack they buy, a little at a time.
                let usd = (world.scale.tokens(more.saturating_sub(held)) * price).min(depth * 0.005);
                orders.spend(who, micro(usd), Group::Providers);
                let rest = whole(held.saturating_sub(more) as f64 * self.scenario.holders.unlock_sells.value.clamp(0.0, 1.0));
                orders.sell(who, rest, Group::Providers);
            } else {
                world.unstake(group, whole((has - wanted) as f64 * part));
                let held = world.held(who);
                orders.sell(who, held, Group::Providers);
            }
        }
    }

    /// Allocations that vested, what the fleet before the first day still gets, and what roles are paid: a part of each is sold.
    fn holders_act(&mut self, orders: &mut Orders) {
        let part = self.scenario.holders.unlock_sells.value.clamp(0.0, 1.0);
        let Some(world) = &mut self.world else { return };
        world.take_allocations();
        world.take_rewards(address(Party::Elder));
        let roles: Vec<Address> = world.roles.values().copied().collect();
        let others = world.redeemable();
        for who in [Party::Holders, Party::Elder].map(address).into_iter().chain(roles) {
            let held = world.held(who);
            let kept = self.kept.entry(who).or_insert(0);
            let sold = whole(held.saturating_sub(*kept) as f64 * part);
            *kept = held - sold;
            orders.sell(who, sold, Group::Providers);
            for token in &others {
                let held = world.held_of(who, *token);
                let kept = self.kept_others.entry((who, *token)).or_insert(held);
                let redeemed = whole(held.saturating_sub(*kept) as f64 * part);
                *kept = held - redeemed;
                orders.redeems.push((who, *token, redeemed));
            }
        }
    }

    /// Treasuries spend a part of what they hold: it is sold, and the dollars are for the programme, or leave for what it takes to run a
    /// network.
    fn treasuries_act(&mut self, orders: &mut Orders) {
        let part = (self.scenario.treasury.spend.value * f64::from(WEEK) / DAYS_A_YEAR).clamp(0.0, 1.0);
        let Some(world) = &mut self.world else { return };
        let programme = address(Party::Programme);
        let main = world.main;
        // What redeems other tokens is theirs, not the treasury's to spend.
        let spends = |rule: &depin_economy::TreasuryRule| if rule.redeem.is_none() { rule.spends } else { None };
        let funds: Vec<(Name, Name)> =
            world.spec().treasuries().iter().filter_map(|(name, rule)| Some((*name, spends(rule)?))).collect();
        for (treasury, role) in funds {
            let held = world.reads().balance(depin_economy::Account::Treasury(treasury), main).get();
            let amount = whole(held as f64 * part);
            let Some(who) = world.roles.get(&role).copied().filter(|_| amount > 0) else { continue };
            let _ = world.act(who, &Action::Spend { treasury, token: main, to: programme, amount: Units::new(amount) });
        }
        let held = world.held(programme);
        orders.sell(programme, held, Group::Treasury);
        if self.scenario.treasury.programme == Programme::None {
            let spent = self.cash.of(Group::Treasury).max(0);
            self.cash.pay(Group::Treasury, Group::Outside, spent);
        }
    }
}
