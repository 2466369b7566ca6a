//! Who holds which tokens on the first day: the market maker, speculators, and the fleet its collateral.
//!
//! In: what the rules have minted and set free until then, with those who held it. Out: wallets that hold what trading and taking part
//! need. A provider's collateral comes out of what providers earned before the first day, and what that lacks it buys of holders at the
//! price of the day. Where there is not enough for everybody, as many providers as can hold theirs take part, and the others stay away
//! until the market lets them in.

use super::{Broken, Simulation, acts::account, start::from_holders};
use crate::{
    amount::micro,
    cash::Group,
    run::FirstDay,
    world::{Load, Party, World, address},
};
use depin_quantity::Address;

/// A provider of the first day, and what it must hold.
struct Wants {
    i: usize,
    who: Address,
    load: Load,
    collateral: u128,
}

impl Simulation<'_> {
    /// The market maker and speculators get what they trade with, and the fleet of the first day its collateral.
    pub(super) fn endow(&mut self) -> Result<(), Broken> {
        let Some(mut world) = self.world.take() else { return Ok(()) };
        world.weigh_elder(false);
        world.take_rewards(address(Party::Elder));
        let wants: Vec<Wants> = self.providers.active().collect::<Vec<_>>().into_iter().map(|i| self.wants(&world, i)).collect();
        let needed = wants.iter().map(|one| one.collateral).fold(0, u128::saturating_add);
        let (market, price) = (&self.scenario.market, self.prices[0]);
        let trades = world.scale.units((market.depth.value + market.speculators.cash.value) / price).get();
        let scarce = needed > 0 && needed.saturating_add(trades) > to_be_had(&world);
        self.stock_market(&mut world, scarce)?;
        let fits = !scarce || self.turn_away(&world, &wants)?;
        let mut first = FirstDay {
            providers: wants.len(),
            needed: world.scale.tokens(needed),
            token: world.main.to_string(),
            ..FirstDay::default()
        };
        for one in &wants {
            if fits || self.providers.all[one.i].active() {
                self.enlist_first(&mut world, one, &mut first)?;
            }
        }
        self.first = first;
        self.fill_again();
        world.take_day();
        for party in [Party::Holders, Party::Elder] {
            self.kept.insert(address(party), world.held(address(party)));
        }
        self.world = Some(world);
        Ok(())
    }

    fn wants(&self, world: &World, i: usize) -> Wants {
        let (who, load) = (account(&self.providers.all[i]), self.load(i));
        Wants { i, who, load, collateral: world.collateral(&load).saturating_sub(world.held(who)) }
    }

    /// Tokens of the market maker and of speculators. Where collateral is scarce the one takes at most half of what there is, and the
    /// others half of the rest.
    fn stock_market(&mut self, world: &mut World, scarce: bool) -> Result<(), Broken> {
        let (market, price) = (&self.scenario.market, self.prices[0]);
        let (depth, cash) = (market.depth.value, market.speculators.cash.value);
        self.cash.pay(Group::Outside, Group::Market, micro(depth));
        self.cash.pay(Group::Outside, Group::Speculators, micro(cash));
        for (party, usd) in [(Party::Maker, depth), (Party::Speculators, cash)] {
            let wanted = world.scale.units(usd / price).get();
            let most = if scarce { to_be_had(world) / 2 } else { wanted };
            let got = from_holders(world, address(party), wanted.min(most));
            if party == Party::Maker && got < wanted {
                // Less depth than declared: what exists sets it, on both sides.
                let least = world.scale.units(1.0).get();
                if got < least {
                    let has = world.scale.tokens(got);
                    return Err(Broken(format!(
                        "the market maker needs {} {}, and nobody has more than {has}: lower scenario.market.depth, or let the network age",
                        depth / price,
                        world.main
                    )));
                }
                let kept = micro(world.scale.tokens(got) * price);
                self.cash.pay(Group::Market, Group::Outside, micro(depth) - kept);
            }
        }
        Ok(())
    }

    /// Where there is not enough for everybody: class beside class, who can hold what it must takes part, and the others stay away. What
    /// the bills of the first day take is left to customers. Gives whether all take part.
    fn turn_away(&mut self, world: &World, wants: &[Wants]) -> Result<bool, Broken> {
        let bills = self.customers.demand() * self.scenario.price.start.value * f64::from(self.term()) / self.prices[0];
        let mut left = to_be_had(world).saturating_sub(world.scale.units(bills).get());
        let all = left;
        let mut sizes = vec![0.0; self.scenario.supply.len()];
        wants.iter().for_each(|one| sizes[one.load.class] += 1.0);
        // The first of every class before the second of any.
        let mut seen = vec![0.0; sizes.len()];
        let mut order: Vec<(f64, usize)> = Vec::with_capacity(wants.len());
        for (at, one) in wants.iter().enumerate() {
            seen[one.load.class] += 1.0;
            order.push((seen[one.load.class] / sizes[one.load.class], at));
        }
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut away = 0;
        for (_, at) in order {
            if wants[at].collateral <= left {
                left -= wants[at].collateral;
            } else {
                self.providers.stay_away(wants[at].i);
                away += 1;
            }
        }
        if away == wants.len() {
            let least = wants.iter().map(|one| one.collateral).min().unwrap_or(0);
            let (least, has) = (world.scale.tokens(least), world.scale.tokens(all));
            return Err(Broken(format!(
                "none of the {away} providers of the first day can take part: the smallest must stake {least:.2} {token}, and {has:.2} {token} \
                 are to be had; write an earlier launch into the network's file, lower its pledge, or give providers fewer devices",
                token = world.main
            )));
        }
        Ok(away == 0)
    }

    /// One provider of the first day gets its collateral and locks it.
    fn enlist_first(&mut self, world: &mut World, one: &Wants, first: &mut FirstDay) -> Result<(), Broken> {
        let earned = world.transfer(address(Party::Elder), one.who, one.collateral);
        let bought = world.transfer(address(Party::Holders), one.who, one.collateral - earned);
        // Buyers and sellers are one group in the book.
        let usd = world.scale.tokens(bought) * self.prices[0];
        self.cash.pay(Group::Providers, Group::Providers, micro(usd));
        first.taking_part += 1;
        first.earned += world.scale.tokens(earned);
        first.bought += world.scale.tokens(bought);
        first.paid_usd += usd;
        world.enlist(one.who, &one.load).map_err(|refusal| {
            let (has, token) = (world.scale.tokens(world.held(one.who)), world.main);
            Broken(format!("a provider of the first day that holds {has:.2} {token} cannot take part: {refusal}"))
        })
    }

    /// The few who take part are as full as they can be.
    fn fill_again(&mut self) {
        let capacity: f64 = self.providers.active().map(|i| self.capacity(i)).sum();
        self.first.capacity = if self.capacity_first > 0.0 { capacity / self.capacity_first } else { 1.0 };
        if self.first.taking_part < self.first.providers {
            let fill = if capacity > 0.0 { (self.customers.demand() / capacity).min(1.0) } else { 1.0 };
            self.market.fill.iter_mut().for_each(|part| *part = fill);
        }
    }
}

/// Base units that those have who held tokens before the run.
fn to_be_had(world: &World) -> u128 {
    world.held(address(Party::Elder)).saturating_add(world.held(address(Party::Holders)))
}
