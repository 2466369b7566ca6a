//! The token's market of a day: orders of everybody, one price, transfers on the ledger, dollars in the book; then bills and newcomers.

use super::{
    Broken, Simulation,
    acts::{Plan, account, more_devices},
    bills::Bill,
    start::from_holders,
};
use crate::{
    amount::{dollars, micro, whole},
    cash::Group,
    market::{Rate, Reserves},
    society::{Decision, Depth, Purse},
    world::{Party, World, address},
};
use depin_quantity::{Address, Name};

/// Orders of a day.
#[derive(Clone, Debug, Default)]
pub(super) struct Orders {
    sells: Vec<(Address, u128, Group)>,
    /// For so many millionths of a dollar.
    spends: Vec<(Address, i128, Group)>,
    /// So many base units, whatever they cost.
    buys: Vec<(Address, u128, Group)>,
    /// Other tokens that go to whoever redeems them.
    pub redeems: Vec<(Address, Name, u128)>,
}

impl Orders {
    pub fn sell(&mut self, who: Address, amount: u128, group: Group) {
        if amount > 0 {
            self.sells.push((who, amount, group));
        }
    }

    pub fn buy_tokens(&mut self, who: Address, amount: u128, group: Group) {
        if amount > 0 {
            self.buys.push((who, amount, group));
        }
    }

    pub fn spend(&mut self, who: Address, cash: i128, group: Group) {
        if cash > 0 {
            self.spends.push((who, cash, group));
        }
    }

    fn sold(&self) -> u128 {
        self.sells.iter().map(|(_, amount, _)| amount).sum()
    }

    fn spent(&self) -> u128 {
        self.spends.iter().map(|(_, cash, _)| u128::try_from(*cash).unwrap_or(0)).sum()
    }

    fn bought(&self) -> u128 {
        self.buys.iter().map(|(_, amount, _)| amount).sum()
    }
}

/// Newcomers together buy at most this part of the maker's tokens in a day for their collateral; who gets less than it needs waits.
const PATIENT: (u128, u128) = (1, 200);

/// Orders for tokens never take more than this part of what is there, as a fraction; the rest of them waits.
const DEEPEST: (u128, u128) = (3, 10);

impl Simulation<'_> {
    /// Everything that comes after decisions.
    pub(super) fn trade_and_bill(&mut self, mut plan: Plan) -> Result<(), Broken> {
        self.close_pools();
        self.set_discount();
        let bills: Vec<_> = plan.bills.iter().map(|i| (*i, self.bill_of(*i))).collect();
        self.pay_in_rewards(&bills);
        self.hold_and_stake(&mut plan.orders);
        if self.world.is_some() {
            self.spread_collateral(&mut plan.orders);
            self.order_bills(&bills, &mut plan.orders);
            self.redeem(&mut plan.orders);
            self.speculate(&mut plan.orders);
            self.clear(&plan)?;
        }
        for (i, bill) in &bills {
            if !self.scenario.links.demand_burn {
                self.pay_over_the_counter(bill);
            }
            self.begin_contract(*i, bill);
        }
        self.flush_charges();
        for decision in plan.begins {
            self.enlist(decision);
        }
        Ok(())
    }

    /// The market maker's reserves stand in the AMM pools from the morning on, where anybody pays in a stablecoin.
    pub(super) fn open_pools(&mut self) {
        if self.in_stable() <= 0.0 {
            return;
        }
        // A price from outside has no depth, and the maker what it takes.
        let cash = if self.process.is_some() { i128::MAX } else { self.cash.of(Group::Market) };
        let price = self.price();
        let Some(world) = &mut self.world else { return };
        let put = world.open_pools(cash, price);
        self.cash.pay(Group::Market, Group::Outside, put);
    }

    /// They are taken back before the day's orders.
    fn close_pools(&mut self) {
        let Some(world) = &mut self.world else { return };
        let taken = world.close_pools();
        self.cash.pay(Group::Outside, Group::Market, taken);
    }

    /// A provider takes the dollars out that it was paid.
    pub(super) fn take_dollars(&mut self, who: Address) {
        let Some(world) = self.world.as_mut().filter(|world| world.stable.is_some()) else { return };
        let taken = world.take_out(who);
        self.cash.pay(Group::Outside, Group::Providers, taken);
    }

    /// Nobody buys a whole market's tokens for collateral in a day: all get the same part of what they lack.
    fn spread_collateral(&mut self, orders: &mut Orders) {
        let Some(world) = &self.world else { return };
        let most = world.held(address(Party::Maker)) / PATIENT.1 * PATIENT.0;
        let wanted = orders.bought();
        if wanted > most {
            let part = most as f64 / wanted as f64;
            orders.buys.iter_mut().for_each(|(_, amount, _)| *amount = whole(*amount as f64 * part));
        }
    }

    /// Customers buy what their bills take and they lack: where a bill goes by the reporters' price, so many tokens; else for its dollars.
    fn order_bills(&mut self, bills: &[(usize, Bill)], orders: &mut Orders) {
        if !self.scenario.links.demand_burn {
            return;
        }
        let price = self.price();
        // By segment, each of which has one account.
        let mut needs: Vec<Option<(Address, u128)>> = vec![None; self.customers.wanted.len()];
        for (_, bill) in bills.iter().filter(|(_, bill)| !bill.stable) {
            let need = self.need(bill, price);
            let (_, tokens) = needs[bill.segment].get_or_insert((bill.payer, 0));
            *tokens = tokens.saturating_add(need.tokens);
        }
        let Some(world) = &self.world else { return };
        let by_market = world.billing.by_market();
        for (payer, tokens) in needs.into_iter().flatten() {
            let lacks = tokens.saturating_sub(world.held(payer));
            if by_market {
                // A little more than it comes to, for roundings.
                let usd = world.scale.tokens(lacks) * price * 1.000_01 + 0.001;
                orders.spend(payer, micro(usd), Group::Customers);
            } else {
                orders.buy_tokens(payer, lacks, Group::Customers);
            }
        }
    }

    /// Other tokens are handed to whoever redeems them at their fund and sells what it pays; the fund's daily limit holds.
    fn redeem(&mut self, orders: &mut Orders) {
        let Some(world) = &mut self.world else { return };
        let arbitrage = address(Party::Arbitrage);
        let is_provider = |who: &Address| who.get()[0] == address(Party::Provider(0)).get()[0];
        let (mut all, mut theirs) = (0.0, 0.0);
        let redeems = std::mem::take(&mut orders.redeems);
        for of_token in redeems.chunk_by(|a, b| a.1 == b.1) {
            let Some((_, token, _)) = of_token.first() else { continue };
            let (scale, each) = (world.scale_of(*token), world.redeems_for(*token));
            let moved = world.gather(*token, arbitrage, of_token.iter().map(|(who, _, amount)| (*who, *amount)));
            for ((who, ..), moved) in of_token.iter().zip(moved) {
                let worth = each.map_or(0.0, |each| scale.tokens(moved) * each);
                all += worth;
                theirs += if is_provider(who) { worth } else { 0.0 };
            }
        }
        if all > 0.0 {
            self.redeemed_by_providers = theirs / all;
        }
        for token in world.redeemable() {
            let held = world.held_of(arbitrage, token);
            world.redeem(arbitrage, token, held);
        }
        let held = world.held(arbitrage);
        orders.sell(arbitrage, held, Group::Providers);
    }

    fn speculate(&mut self, orders: &mut Orders) {
        if self.process.is_some() {
            return;
        }
        let price = self.price();
        let inflow = micro(self.scenario.market.speculators.cash.value / super::DAYS_A_YEAR);
        self.cash.pay(Group::Outside, Group::Speculators, inflow);
        self.speculators.think(&self.scenario, &self.chance, self.day);
        let Some(world) = &self.world else { return };
        let (who, maker) = (address(Party::Speculators), address(Party::Maker));
        let tokens = |units: u128| world.scale.tokens(units);
        let (reserve, held) = (world.held(maker) + orders.sold(), world.held(who));
        let book = Depth {
            cash: dollars(self.cash.of(Group::Market)) + orders.spent() as f64 / 1e6,
            tokens: tokens(reserve - orders.bought().min(reserve / DEEPEST.1 * DEEPEST.0)),
        };
        let purse = Purse { cash: dollars(self.cash.of(Group::Speculators)).max(0.0), tokens: tokens(held) };
        let wanted = self.speculators.order(&self.scenario, price, &book, &purse);
        if wanted >= 0.0 {
            orders.spend(who, micro(wanted), Group::Speculators);
        } else {
            orders.sell(who, world.scale.units(-wanted / book.price(wanted)).get().min(held), Group::Speculators);
        }
    }

    /// All orders trade at one price.
    fn clear(&mut self, plan: &Plan) -> Result<(), Broken> {
        let outside = self.process.as_mut().map(|process| process.step(&self.scenario.market, &self.chance, self.day, self.date));
        let last = self.price();
        let Some(world) = &mut self.world else { return Ok(()) };
        let orders = &plan.orders;
        let maker = address(Party::Maker);
        let (sold, bought) = (orders.sold(), orders.bought());
        if outside.is_some() {
            // A price from outside has no depth: what the maker lacks it borrows of those who hold.
            let taken = orders.spent() as f64 / 1e6 / outside.unwrap_or(last);
            let lacks = (world.scale.units(taken * 1.01).get() + bought).saturating_sub(world.held(maker) + sold);
            from_holders(world, maker, lacks);
        }
        let reserves = Reserves { tokens: world.held(maker), cash: u128::try_from(self.cash.of(Group::Market)).unwrap_or(0) };
        let most = (reserves.tokens + sold) / DEEPEST.1 * DEEPEST.0;
        let cut = |amount: u128| {
            if bought > most { crate::amount::whole(amount as f64 * (most as f64 / bought as f64)) } else { amount }
        };
        let rate = match outside {
            Some(price) => Rate { cash: whole(price * 1e12).max(1), tokens: whole(world.scale.whole() * 1e6).max(1) },
            None => reserves.clear_with(sold, orders.spent(), bought.min(most)),
        };
        move_orders(world, &mut self.cash, orders, rate, &cut);
        let reserves = Reserves { tokens: world.held(maker), cash: u128::try_from(self.cash.of(Group::Market)).unwrap_or(0) };
        let scale = world.scale;
        self.trade_price = price_of(rate, scale.whole());
        let closing = outside.unwrap_or_else(|| price_of(reserves.rate(), scale.whole()));
        if !(closing.is_finite() && closing > 0.0) {
            return Err(Broken(format!("the token's market has no price on day {}: nobody buys at any price", self.day)));
        }
        self.prices.push(closing);
        self.count_sales(plan);
        Ok(())
    }

    /// What providers got for rewards: of the main token, and of others their part of what was redeemed.
    fn count_sales(&mut self, plan: &Plan) {
        let Some(world) = &self.world else { return };
        let arbitrage = address(Party::Arbitrage);
        let redeemed: u128 = plan.orders.sells.iter().filter(|(who, ..)| *who == arbitrage).map(|(_, amount, _)| amount).sum();
        let tokens = world.scale.tokens(plan.rewards_sold) + world.scale.tokens(redeemed) * self.redeemed_by_providers;
        self.flows.sold_usd += tokens * self.trade_price;
        self.sold.push(tokens * self.trade_price);
    }

    /// A newcomer, or one who grows, takes part when it has its collateral and the fees of joining, and pays them; else it tries again.
    fn enlist(&mut self, decision: Decision) {
        let (Decision::Begins(i) | Decision::Grown(i)) = decision else { return };
        let mut load = self.load(i);
        let kinds = self.joins_with(i);
        let Some(world) = &mut self.world else { return };
        let provider = &self.providers.all[i];
        let (who, devices) = (account(provider), more_devices(provider));
        let grows = matches!(decision, Decision::Grown(_));
        let has = if grows { world.collateral(&load) } else { 0 };
        if grows {
            let more = (provider.times + 1.0) / provider.times;
            (load.devices, load.capacity) = (load.devices * more, load.capacity * more);
        }
        // What it still lacks it buys tomorrow.
        let fees = world.joining(&kinds, devices);
        if world.collateral(&load).saturating_sub(has).saturating_add(fees) > world.held(who) {
            return;
        }
        let done = if grows { world.resize(who, &load) } else { world.enlist(who, &load) };
        if done.is_ok() {
            let paid = world.join(who, &kinds, devices).is_ok();
            let held = world.held(who);
            self.providers.all[i].kept = held;
            if paid && fees > 0 {
                let usd = self.world.as_ref().map_or(0.0, |world| world.scale.tokens(fees)) * self.trade_price;
                self.count_fees(i, usd);
            }
            self.take_part(decision);
        }
    }
}

/// Transfers of a day's orders at their price. Sellers first, so that the maker has what buyers get.
fn move_orders(world: &mut World, cash: &mut crate::cash::Cash, orders: &Orders, rate: Rate, cut: &dyn Fn(u128) -> u128) {
    let maker = address(Party::Maker);
    let sent = world.gather(world.main, maker, orders.sells.iter().map(|(who, amount, _)| (*who, *amount)));
    for ((_, _, group), sent) in orders.sells.iter().zip(sent) {
        cash.pay(Group::Market, *group, i128::try_from(rate.proceeds(sent)).unwrap_or(i128::MAX));
    }
    let spends = orders.spends.iter().map(|(who, spent, _)| (maker, *who, rate.bought(u128::try_from(*spent).unwrap_or(0))));
    let sent = world.transfers(spends);
    for ((_, spent, group), sent) in orders.spends.iter().zip(sent) {
        if sent > 0 {
            cash.pay(*group, Group::Market, *spent);
        }
    }
    let sent = world.transfers(orders.buys.iter().map(|(who, amount, _)| (maker, *who, cut(*amount))));
    for ((_, _, group), sent) in orders.buys.iter().zip(sent) {
        cash.pay(*group, Group::Market, i128::try_from(rate.cost(sent)).unwrap_or(i128::MAX));
    }
}

/// A rate in dollars for a whole token.
fn price_of(rate: Rate, whole: f64) -> f64 {
    rate.cash as f64 / 1e6 / rate.tokens as f64 * whole
}
