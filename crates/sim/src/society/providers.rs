//! Providers: who takes part, with how much, and when they come, grow and go.
//!
//! Every provider that there could ever be has a number, and its luck goes with its class and number: one more of them changes nothing
//! for the others. They decide by what the last 30 days paid for what they have; a newcomer looks at what its class earned.

use crate::{
    chance::{Chance, Purpose},
    scenario::{ClassKind, Per, Scenario},
    society::entry::{Investor, Prospect, YEAR, room, room_to_zero},
    world::{Load, WEEK},
};

/// Days of the mean that providers look at.
const TRAIL: f64 = 30.0;
/// Days of the mean that they hold it against, to see where it goes.
const LONG: f64 = 120.0;
/// Somebody who could enter or grow thinks about it once in so many days.
const ATTENTION: f64 = 30.0;
/// A provider grows at most to so many times what it began with.
const TIMES_MOST: f64 = 4.0;
/// How much providers of a class differ in cost, patience and what they ask: the standard deviation of the logarithm.
const SPREAD: f64 = 0.25;

/// What providers of one class see.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rewards {
    /// Dollars a day for a capacity unit.
    pub capacity: f64,
    /// Dollars a day for a unit served a day.
    pub usage: f64,
    /// Dollars a day for a device.
    pub presence: f64,
    /// Dollars a day for a dollar a day that customers pay.
    pub value: f64,
}

impl Rewards {
    /// Adds what one of something earns.
    pub fn add(&mut self, per: Per, usd: f64) {
        match per {
            Per::Capacity => self.capacity += usd,
            Per::Usage => self.usage += usd,
            Per::Presence => self.presence += usd,
            Per::ValueUsd => self.value += usd,
        }
    }
}

/// What all providers see on a day.
#[derive(Clone, Debug, Default)]
pub struct Market {
    /// Rewards by class.
    pub rewards: Vec<Rewards>,
    /// How full each class would be booked now.
    pub fill: Vec<f64>,
    /// Dollars for one unit, of which a provider gets `payee`.
    pub price: f64,
    /// The part of a payment that reaches whoever works.
    pub payee: f64,
    /// Factors of the boom: outside income, hardware, and days of delay.
    pub boom: (f64, f64, f64),
    /// Dollars of collateral for one device of each class.
    pub collateral: Vec<f64>,
    /// Dollars of fees that one device of each class pays when it joins.
    pub joining: Vec<f64>,
    /// The part of a newcomer's hardware that a grant pays.
    pub grant: f64,
    /// Yearly cost of capital, for entry until there is no profit.
    pub discount_rate: f64,
}

/// What a provider decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It buys what it needs and takes part when it is delivered.
    Orders(usize),
    /// What it ordered is there.
    Begins(usize),
    /// It orders as much again as it began with.
    Grows(usize),
    /// What it ordered besides is there.
    Grown(usize),
    /// It gives up.
    Leaves(usize),
}

/// Where a provider stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Away,
    /// Waiting until a day.
    Waits(u32),
    Active,
}

/// One class as its providers know it.
#[derive(Clone, Debug)]
struct Class {
    kind: ClassKind,
    first: usize,
    all: usize,
    trailing: f64,
    /// The same over a longer time.
    long: f64,
    seen: bool,
    /// Devices that may still be ordered; below zero, the next ones wait for as many.
    room: f64,
}

impl Class {
    /// What one device is expected to bring a day: what it brought lately, and for so much of it on as it changed.
    fn expects(&self, trend: f64) -> f64 {
        if self.trailing <= 0.0 || self.long <= 0.0 {
            return self.trailing;
        }
        self.trailing * libm::pow(self.trailing / self.long, trend).clamp(0.25, 4.0)
    }
}

/// One provider.
///
/// All of them are gone through some times a day: what counting reads is one cache line, what deciding reads another, and what only those
/// need whose day it is a third.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub struct Provider {
    standing: Standing,
    /// Its class, by its place.
    pub class: usize,
    /// Devices that it began with.
    pub devices: f64,
    /// How many times of them it has.
    pub times: f64,
    /// Units a day that are booked with it.
    pub booked: f64,
    /// Dollars for one unit of its booking.
    pub price: f64,
    /// Part of its booking that is paid with tokens earned as rewards.
    pub earned: f64,
    /// How much dearer than its class it runs.
    pub cost: f64,
    /// Dollars a day that it earned by rewards and was paid by customers, trailing.
    pub income: f64,
    /// Operating profit since it was counted last.
    pub operating: f64,
    trailing: f64,
    hurdle: f64,
    patience: f64,
    grows_on: Option<u32>,
    losses: u32,
    /// Its number on the ledger.
    pub number: u32,
    seen: bool,
    /// Whether it was found out: since then it claims what is true.
    pub exposed: bool,
    /// The segment that booked it.
    pub payer: Option<usize>,
    /// Number of its contract, and the day on which it ends.
    pub contract: (u64, u32),
    /// Base units that it keeps.
    pub kept: u128,
    /// Dollars since it began, hardware subtracted.
    pub cash: f64,
    /// Dollars that it earned by rewards and was paid by customers since it began, and the rewards among them.
    pub brought: (f64, f64),
    /// Hardware not paid off.
    pub owed: f64,
}

impl Provider {
    /// Whether it takes part.
    pub fn active(&self) -> bool {
        self.standing == Standing::Active
    }

    /// Whether it neither takes part nor waits to.
    pub fn is_away(&self) -> bool {
        self.standing == Standing::Away
    }

    /// Whether it could have more.
    fn may_grow(&self) -> bool {
        self.grows_on.is_none() && self.times < TIMES_MOST
    }

    /// Devices that take part now.
    pub fn fleet(&self) -> f64 {
        self.devices * self.times
    }

    /// What it does, but for the capacity that it claims.
    pub fn load(&self) -> Load {
        let value = self.booked * self.price;
        Load { class: self.class, devices: self.fleet(), capacity: 0.0, usage: self.booked, value }
    }

    /// Capacity units that it claims: what is true is a part of it, by its class's honesty, until it is found out.
    pub fn claims(&self, rule: &crate::scenario::Class) -> f64 {
        let part = if self.exposed { rule.honesty.value.clamp(0.0, 1.0) } else { 1.0 };
        self.fleet() * rule.capacity.value * part
    }
}

/// All providers that there could be.
#[derive(Clone, Debug)]
pub struct Providers {
    /// By class and number.
    pub all: Vec<Provider>,
    classes: Vec<Class>,
    /// Their places, by the day of the week that is theirs.
    turns: [Vec<u32>; WEEK as usize],
}

/// Room for so many providers of a class on the ledger.
const CLASS_ROOM: u32 = 10_000_000;

impl Providers {
    /// Those who take part at the start, and those who might.
    pub fn new(scenario: &Scenario, chance: &Chance) -> Self {
        let (mut all, mut classes) = (Vec::new(), Vec::new());
        for (at, (name, class)) in scenario.supply.iter().enumerate() {
            let count = class.count.value.max(0.0).round() as usize;
            let most = (class.most.value.max(0.0).round() as usize).max(count).min(CLASS_ROOM as usize);
            classes.push(Class {
                kind: class.kind,
                first: all.len(),
                all: most,
                trailing: 0.0,
                long: 0.0,
                seen: false,
                room: 0.0,
            });
            let spread = class.spread.value.max(0.0);
            all.reserve_exact(most);
            for n in 0..most {
                let agent = agent_of(name, n);
                let factor = |purpose| chance.factor(purpose, agent, SPREAD);
                // The mean of a lognormal factor is kept at one.
                let size = libm::exp(spread * chance.normal(Purpose::Size, agent, 0) - spread * spread / 2.0);
                all.push(Provider {
                    class: at,
                    number: u32::try_from(at).unwrap_or(0) * CLASS_ROOM + u32::try_from(n).unwrap_or(0),
                    standing: if n < count { Standing::Active } else { Standing::Away },
                    devices: (class.devices.value * size).max(1e-6),
                    times: 1.0,
                    grows_on: None,
                    cost: factor(Purpose::Cost),
                    hurdle: class.hurdle.value * factor(Purpose::Hurdle),
                    patience: class.patience.value * factor(Purpose::Patience),
                    losses: 0,
                    trailing: 0.0,
                    seen: false,
                    booked: 0.0,
                    price: 0.0,
                    payer: None,
                    earned: 0.0,
                    contract: (0, 0),
                    kept: 0,
                    cash: 0.0,
                    brought: (0.0, 0.0),
                    owed: 0.0,
                    operating: 0.0,
                    income: 0.0,
                    exposed: false,
                });
            }
        }
        let mut turns: [Vec<u32>; WEEK as usize] = Default::default();
        for (at, provider) in all.iter().enumerate() {
            turns[(provider.number % WEEK) as usize].push(u32::try_from(at).expect("classes have room for far fewer"));
        }
        Self { all, classes, turns }
    }

    /// Units a day that one device of each class can truly serve.
    pub fn device_units(scenario: &Scenario) -> Vec<f64> {
        let per_day = scenario.unit.per_day.value;
        let classes = scenario.supply.values();
        classes.map(|class| class.capacity.value * class.honesty.value.clamp(0.0, 1.0) * per_day).collect()
    }

    /// Looks at a day and decides as `investor` does. What was decided stands in `out`, in the order of numbers.
    pub fn decide(
        &mut self,
        (scenario, investor): (&Scenario, &dyn Investor),
        chance: &Chance,
        day: u32,
        market: &Market,
        out: &mut Vec<Decision>,
    ) {
        self.look(scenario, market);
        let supply: Vec<_> = scenario.supply.values().collect();
        let paced = investor.keeps_pace();
        let (fleets, coming) = self.survey(&supply);
        for (at, class) in self.classes.iter_mut().enumerate() {
            let rule = supply[at];
            // Waiting lists are known: what is ordered will share what there is.
            let income = class.expects(rule.trend.value) * coming;
            let entry = Prospect::new(rule, income, market, at);
            let mut room = if paced { room(&entry, rule, fleets[at], class.room) } else { room_to_zero(&entry, rule) };
            for i in class.first..class.first + class.all {
                let provider = &mut self.all[i];
                match provider.standing {
                    Standing::Active => {
                        let margin = margin_of(rule, provider, market);
                        provider.income += (margin.income - provider.income) / TRAIL;
                        provider.brought = (provider.brought.0 + margin.income, provider.brought.1 + margin.rewards);
                        provider.operating += margin.operating;
                        if provider.seen {
                            provider.trailing += (margin.economic - provider.trailing) / TRAIL;
                        } else {
                            (provider.trailing, provider.seen) = (margin.economic, true);
                        }
                        provider.losses = if provider.trailing < 0.0 { provider.losses + 1 } else { 0 };
                        let tired = investor.leaves(provider.losses, provider.patience);
                        if tired && attends(chance, class, i, day, at) {
                            out.push(Decision::Leaves(i));
                        } else if provider.grows_on.is_some_and(|on| on <= day) {
                            out.push(Decision::Grown(i));
                        } else if room > 0.0
                            && provider.may_grow()
                            && investor.grows(&entry.of(provider.cost, provider.hurdle))
                            && attends(chance, class, i, day, at)
                        {
                            room -= provider.devices;
                            out.push(Decision::Grows(i));
                        }
                    }
                    Standing::Waits(until) => {
                        if until <= day {
                            out.push(Decision::Begins(i));
                        }
                    }
                    Standing::Away => {
                        let looks = !paced || attends(chance, class, i, day, at);
                        if looks && room > 0.0 && investor.enters(&entry.of(provider.cost, provider.hurdle)) {
                            room -= provider.devices;
                            out.push(Decision::Orders(i));
                        }
                    }
                }
            }
            class.room = room;
        }
    }

    /// Devices of each class that take part or are ordered; and the part of today's income for each device that is left when all that
    /// is ordered takes part: what is shared by capacity is shared by more.
    fn survey(&self, supply: &[&crate::scenario::Class]) -> (Vec<f64>, f64) {
        let mut fleets = vec![0.0; self.classes.len()];
        let (mut here, mut coming) = (0.0, 0.0);
        for provider in &self.all {
            let each = supply[provider.class].capacity.value * provider.devices;
            match provider.standing {
                Standing::Active => {
                    let (more, ordered) = if provider.grows_on.is_some() { (provider.devices, each) } else { (0.0, 0.0) };
                    fleets[provider.class] += provider.fleet() + more;
                    here += each * provider.times;
                    coming += ordered;
                }
                Standing::Waits(_) => {
                    fleets[provider.class] += provider.devices;
                    coming += each;
                }
                Standing::Away => {}
            }
        }
        (fleets, if here > 0.0 { here / (here + coming) } else { 1.0 })
    }

    /// What the classes earn, trailing.
    fn look(&mut self, scenario: &Scenario, market: &Market) {
        for (at, (class, rule)) in self.classes.iter_mut().zip(scenario.supply.values()).enumerate() {
            let income = device_income(scenario, rule, at, market);
            if class.seen {
                class.trailing += (income - class.trailing) / TRAIL;
                class.long += (income - class.long) / LONG;
            } else {
                (class.trailing, class.long, class.seen) = (income, income, true);
            }
        }
    }

    /// A decision is carried out.
    pub fn carry_out(&mut self, decision: Decision, ready: u32) {
        match decision {
            Decision::Orders(i) => self.all[i].standing = Standing::Waits(ready),
            Decision::Begins(i) => {
                let provider = &mut self.all[i];
                provider.standing = Standing::Active;
                (provider.losses, provider.trailing, provider.seen) = (0, 0.0, false);
            }
            Decision::Grows(i) => self.all[i].grows_on = Some(ready),
            Decision::Grown(i) => {
                self.all[i].grows_on = None;
                self.all[i].times += 1.0;
            }
            Decision::Leaves(i) => {
                let provider = &mut self.all[i];
                provider.standing = Standing::Away;
                provider.grows_on = None;
                provider.times = 1.0;
                (provider.booked, provider.payer, provider.earned) = (0.0, None, 0.0);
                (provider.kept, provider.owed, provider.income, provider.exposed) = (0, 0.0, 0.0, false);
            }
        }
    }

    /// Somebody who was to take part from the first day does not.
    pub fn stay_away(&mut self, i: usize) {
        self.all[i].standing = Standing::Away;
    }

    /// Months in which the hardware of a class pays for itself at what the class earned lately; not a number while it never does.
    pub fn payback(&self, scenario: &Scenario, market: &Market) -> f64 {
        let classes = self.classes.iter().zip(scenario.supply.values()).enumerate();
        let bought = classes.filter(|(_, (class, _))| class.kind == ClassKind::Bought);
        let paybacks = bought.map(|(at, (class, rule))| Prospect::new(rule, class.trailing, market, at).payback());
        paybacks.filter(|months| months.is_finite()).fold(f64::NAN, f64::min)
    }

    /// Places of those whose day it is, in order.
    pub fn of_day(&self, day: u32) -> impl Iterator<Item = usize> + '_ {
        self.turns[(day % WEEK) as usize].iter().map(|at| *at as usize)
    }

    /// Places of those who take part, in order.
    pub fn active(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.all.len()).filter(|i| self.all[*i].active())
    }
}

/// The agent of a class's nth provider: by the class's name, so that another class shifts nobody's luck.
fn agent_of(class: &str, n: usize) -> u64 {
    let hash = class.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    hash.wrapping_add((n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn attends(chance: &Chance, class: &Class, i: usize, day: u32, at: usize) -> bool {
    let agent = ((at as u64) << 32) | (i - class.first) as u64;
    chance.even(Purpose::Attention, agent, day.into()) < 1.0 / ATTENTION
}

/// What a day brings a provider.
struct Margin {
    /// Rewards, and what customers pay it.
    income: f64,
    /// The rewards among it.
    rewards: f64,
    /// Income less running cost.
    operating: f64,
    /// The same less what the hardware would earn elsewhere, and what the money that is put up as collateral would.
    economic: f64,
}

fn margin_of(rule: &crate::scenario::Class, provider: &Provider, market: &Market) -> Margin {
    let rewards = market.rewards.get(provider.class).copied().unwrap_or_default();
    let fleet = provider.fleet();
    let paid = provider.booked * provider.price;
    let earned = rewards.capacity * provider.claims(rule)
        + rewards.usage * provider.booked
        + rewards.presence * fleet
        + rewards.value * paid;
    let income = earned + paid * market.payee;
    let operating = income - fleet * rule.running.value * provider.cost;
    let outside = rule.outside.value * market.boom.0;
    let collateral = market.collateral.get(provider.class).copied().unwrap_or(0.0) * market.discount_rate / YEAR;
    Margin { income, rewards: earned, operating, economic: operating - fleet * (outside + collateral) }
}

/// Dollars a day that a device of a class brings, before its cost, at today's prices and how full the class would be.
fn device_income(scenario: &Scenario, rule: &crate::scenario::Class, at: usize, market: &Market) -> f64 {
    let rewards = market.rewards.get(at).copied().unwrap_or_default();
    let fill = market.fill.get(at).copied().unwrap_or(0.0);
    let units = rule.capacity.value * rule.honesty.value.clamp(0.0, 1.0) * scenario.unit.per_day.value * fill;
    rewards.capacity * rule.capacity.value
        + rewards.usage * units
        + rewards.presence
        + (rewards.value + market.payee) * units * market.price
}

#[cfg(test)]
mod tests;
