//! Contracts and bills: who is booked, what it costs, and how it is paid.

use super::{Simulation, acts::account, start::from_holders};
use crate::{
    amount::micro,
    cash::Group,
    chance::Purpose,
    scenario::Programme,
    world::{Billing, Contract, Form, Load, Need, Party, address},
};
use depin_quantity::Address;

/// What a contract is to be paid with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bill {
    pub segment: usize,
    pub payer: Address,
    pub payee: Address,
    pub units: f64,
    pub days: f64,
    pub usd: f64,
    /// Whether it is paid in a stablecoin.
    pub stable: bool,
}

/// Charges that are burnt whole name no provider: those of a segment are paid as one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Gathered {
    usd: f64,
    units: f64,
    payee: Option<Address>,
}

impl Simulation<'_> {
    /// Books a provider until a day, as full as its class is now, for the segment that lacks most. Gives whether anything is booked.
    pub(super) fn book(&mut self, i: usize, until: u32) -> bool {
        let capacity = self.capacity(i);
        let provider = &mut self.providers.all[i];
        if let Some(payer) = provider.payer.take() {
            self.customers.booked[payer] = (self.customers.booked[payer] - provider.booked).max(0.0);
        }
        let fill = self.market.fill.get(provider.class).copied().unwrap_or(0.0);
        provider.contract = (provider.contract.0 + 1, until);
        provider.price = self.service.price();
        provider.earned = 0.0;
        provider.booked = capacity * fill;
        provider.payer = if provider.booked > 0.0 { self.customers.next_payer() } else { None };
        match provider.payer {
            Some(payer) => self.customers.booked[payer] += provider.booked,
            None => provider.booked = 0.0,
        }
        provider.payer.is_some()
    }

    /// The bill of a provider's present contract.
    pub(super) fn bill_of(&self, i: usize) -> Bill {
        let provider = &self.providers.all[i];
        let days = f64::from(provider.contract.1.saturating_sub(self.day).max(1));
        let segment = provider.payer.unwrap_or(0);
        let units = provider.booked * days;
        let share = self.stable_share(segment);
        let chosen = || self.chance.even(Purpose::Currency, provider.number.into(), provider.contract.0) < share;
        Bill {
            stable: share > 0.0 && chosen(),
            segment,
            payer: address(Party::Segment(u32::try_from(segment).unwrap_or(0))),
            payee: account(provider),
            units,
            days,
            usd: units * provider.price,
        }
    }

    pub(super) fn need(&self, bill: &Bill, market: f64) -> Need {
        let Some(world) = &self.world else { return Need { usd: bill.usd, ..Need::default() } };
        if bill.stable {
            return Billing::dollars(bill.usd);
        }
        world.billing.need(bill.usd, bill.units, market, world.reported(), world.scale)
    }

    /// The part of a segment's bills that is paid in a stablecoin: nothing where the rules take none.
    fn stable_share(&self, segment: usize) -> f64 {
        let takes = self.world.as_ref().is_some_and(|world| world.billing.stable.is_some());
        let share = self.scenario.demand.values().nth(segment).map_or(0.0, |demand| demand.stable_share.value);
        if takes { share.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// The same of all segments, by what they want.
    pub(super) fn in_stable(&self) -> f64 {
        let wanted = self.customers.demand();
        let parts = self.customers.wanted.iter().enumerate();
        let paid: f64 = parts.map(|(segment, wanted)| wanted * self.stable_share(segment)).sum();
        if wanted > 0.0 { paid / wanted } else { 0.0 }
    }

    /// What a bill takes comes from those who hold tokens, at today's price and without the market.
    pub(super) fn pay_over_the_counter(&mut self, bill: &Bill) {
        let price = self.price();
        let need = self.need(bill, price);
        if bill.stable {
            return;
        }
        let Some(world) = &mut self.world else { return };
        let lacks = need.tokens.saturating_sub(world.held(bill.payer));
        let got = from_holders(world, bill.payer, lacks);
        let usd = world.scale.tokens(got) * price;
        self.cash.pay(Group::Customers, Group::Providers, micro(usd));
    }

    /// Tokens that were earned are worth less at the day's price than at the one before: a payer that ordered for dollars pays more of
    /// them for what it lacks, and gets it from those who hold.
    fn top_up(&mut self, bill: &Bill, need: &Need) {
        let price = self.trade_price;
        let Some(world) = self.world.as_mut().filter(|world| world.billing.by_market()) else { return };
        let lacks = need.tokens.saturating_sub(world.held(bill.payer));
        if lacks > 0 {
            let got = from_holders(world, bill.payer, lacks);
            self.cash.pay(Group::Customers, Group::Providers, micro(world.scale.tokens(got) * price));
        }
    }

    /// Dollars for a bill in a stablecoin come over the bridge, as far as the payer has none there.
    fn bring_dollars(&mut self, payer: Address, need: &Need) {
        let Some(world) = self.world.as_mut().filter(|_| need.dollars > 0) else { return };
        let has = world.dollars_of(payer);
        let brought = world.bring_in(payer, need.dollars - has);
        self.cash.pay(Group::Customers, Group::Outside, brought);
    }

    /// Pays a bill with what its payer has. One that cannot be paid ends the booking.
    pub(super) fn begin_contract(&mut self, i: usize, bill: &Bill) {
        if self.world.is_none() {
            self.cash.pay(Group::Customers, Group::Providers, micro(bill.usd));
            self.count_bill(i, bill, bill.usd);
            return;
        }
        let need = self.need(bill, self.trade_price);
        self.top_up(bill, &need);
        self.bring_dollars(bill.payer, &need);
        let number = self.providers.all[i].contract.0;
        let streams = self.world.as_ref().is_some_and(|world| world.billing.streams());
        let load = if streams { self.load(i) } else { Load::default() };
        let Some(world) = &mut self.world else { return };
        let paid = match &world.billing.form {
            Form::None => Ok(()),
            Form::Stream(_) => {
                let contract = Contract { number, payer: bill.payer, payee: bill.payee, load, days: bill.days };
                let bond = world.bond(&contract);
                let lacks = bond.saturating_sub(world.held(bill.payee));
                if lacks > 0 {
                    from_holders(world, bill.payee, lacks);
                }
                world.begin(&contract, &need)
            }
            Form::Charge(_) if world.billing.pays_providers() => {
                world.charge((bill.payer, bill.payee), &need, bill.units, number)
            }
            Form::Charge(_) => {
                self.gathered.resize(self.customers.wanted.len(), Gathered::default());
                let sum = &mut self.gathered[bill.segment];
                *sum = Gathered { usd: sum.usd + bill.usd, units: sum.units + bill.units, payee: sum.payee.or(Some(bill.payee)) };
                Ok(())
            }
        };
        match paid {
            Ok(()) => self.count_bill(i, bill, need.usd),
            Err(_) => self.unbook(i),
        }
    }
}

impl Simulation<'_> {
    /// A bill is paid: it is revenue, from third parties as far as no grant and no reward paid it.
    fn count_bill(&mut self, i: usize, bill: &Bill, usd: f64) {
        let earned = self.providers.all[i].earned;
        let grant = usd * self.discount * (1.0 - earned);
        if grant > 0.0 {
            self.cash.pay(Group::Treasury, Group::Customers, micro(grant));
            self.flows.grants_usd += grant;
        }
        self.flows.revenue_usd += usd;
        self.paid_by_class[self.providers.all[i].class] += usd;
        self.flows.revenue_third_usd += usd * (1.0 - earned) - grant;
        self.flows.price_paid += bill.units * self.service.price();
    }

    /// A booking that could not be paid is none.
    fn unbook(&mut self, i: usize) {
        self.unpaid += 1;
        let provider = &mut self.providers.all[i];
        if let Some(payer) = provider.payer.take() {
            self.customers.booked[payer] = (self.customers.booked[payer] - provider.booked).max(0.0);
        }
        provider.booked = 0.0;
    }

    /// Pays what was gathered of each segment.
    pub(super) fn flush_charges(&mut self) {
        let (market, number) = (self.trade_price, u64::from(self.day));
        let gathered = std::mem::take(&mut self.gathered);
        let Some(world) = &mut self.world else { return };
        for (segment, sum) in gathered.iter().enumerate() {
            let Some(payee) = sum.payee else { continue };
            let payer = address(Party::Segment(u32::try_from(segment).unwrap_or(0)));
            let need = world.billing.need(sum.usd, sum.units, market, world.reported(), world.scale);
            if world.charge((payer, payee), &need, sum.units, number).is_err() {
                self.unpaid += 1;
            }
        }
    }

    /// Providers hand over rewards for the parts of their bookings that are paid with them.
    pub(super) fn pay_in_rewards(&mut self, bills: &[(usize, Bill)]) {
        let shares: Vec<f64> = self.scenario.demand.values().map(|demand| demand.earned_share.value.clamp(0.0, 1.0)).collect();
        for (i, bill) in bills {
            let share = shares.get(bill.segment).copied().unwrap_or(0.0);
            if share > 0.0 && !bill.stable {
                self.hand_over(*i, bill, share);
            }
        }
    }

    fn hand_over(&mut self, i: usize, bill: &Bill, share: f64) {
        let need = self.need(bill, self.price());
        let Some(world) = &mut self.world else { return };
        let wanted = crate::amount::whole(need.tokens as f64 * share);
        let moved = world.transfer(bill.payee, bill.payer, wanted);
        let provider = &mut self.providers.all[i];
        provider.kept = provider.kept.min(world.held(bill.payee));
        provider.earned = if need.tokens > 0 { moved as f64 / need.tokens as f64 } else { 0.0 };
    }

    /// The part of bills that the treasury's programme pays: as far as its dollars last for a month.
    pub(super) fn set_discount(&mut self) {
        self.discount = 0.0;
        if self.runs_programme(Programme::DemandSubsidy) {
            let month = self.customers.demand() * self.service.price() * 30.0;
            let has = crate::amount::dollars(self.cash.of(Group::Treasury));
            let most = if month > 0.0 { has / month } else { 0.0 };
            self.discount = self.scenario.treasury.discount.value.clamp(0.0, 1.0).min(most.max(0.0));
        }
    }
}
