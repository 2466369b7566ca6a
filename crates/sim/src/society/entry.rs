//! Who comes, grows and goes, by what an entry promises. [`Payback`] and [`ZeroProfit`] come along; own investors implement [`Investor`].

use super::providers::Market;
use crate::scenario::{Class, ClassKind};

pub(super) const YEAR: f64 = 365.0;
const MONTH: f64 = YEAR / 12.0;
/// Days for which hardware lasts.
const LASTS: f64 = 4.0 * YEAR;

/// What one device of a class promises somebody who thinks of entering, or of having more. Dollars, and dollars a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prospect {
    /// What it is expected to bring a day, before its cost.
    pub income: f64,
    /// What it costs a day to run.
    pub running: f64,
    /// What it could earn a day elsewhere.
    pub outside: f64,
    /// Whether it would be bought only for this: then what it earns elsewhere is no cost, but what it must beat.
    pub bought: bool,
    /// What it takes: hardware and fees of joining, and collateral that comes back.
    pub capital: f64,
    /// What a day of that capital costs: hardware over the four years that it lasts, and what the money would earn.
    pub charge: f64,
    /// Months of payback that are asked for.
    pub hurdle: f64,
}

impl Prospect {
    pub(super) fn new(rule: &Class, income: f64, market: &Market, at: usize) -> Self {
        let hardware = hardware(rule, market) + market.joining.get(at).copied().unwrap_or(0.0);
        let capital = hardware + market.collateral.get(at).copied().unwrap_or(0.0);
        Self {
            income,
            running: rule.running.value,
            outside: rule.outside.value * market.boom.0,
            bought: rule.kind == ClassKind::Bought,
            capital,
            charge: hardware / LASTS + capital * market.discount_rate / YEAR,
            hurdle: rule.hurdle.value,
        }
    }

    /// The same for one who runs at so many times the class's cost, and asks for a payback of its own.
    pub(super) fn of(&self, cost: f64, hurdle: f64) -> Self {
        Self { running: self.running * cost, hurdle, ..*self }
    }

    /// Months until the capital is back.
    pub fn payback(&self) -> f64 {
        let margin = (self.income - self.running - if self.bought { 0.0 } else { self.outside }) * MONTH;
        if margin > 0.0 { self.capital / margin } else { f64::INFINITY }
    }

    /// Whether it brings more here than elsewhere.
    pub fn beats_elsewhere(&self) -> bool {
        self.income - self.running > self.outside
    }

    /// The part of the income that is more than an entry must bring, by the class's hurdle.
    fn spare(&self) -> f64 {
        let back = self.capital / (self.hurdle * MONTH).max(1e-9);
        let needed = self.running + if self.bought { back.max(self.outside) } else { back + self.outside };
        if self.income > 0.0 { (1.0 - needed / self.income).clamp(0.0, 1.0) } else { 0.0 }
    }
}

/// How those who provide decide. They see what such a person could see then, and nothing else.
pub trait Investor: std::fmt::Debug {
    /// Whether somebody enters.
    fn enters(&self, prospect: &Prospect) -> bool;

    /// Whether somebody who takes part gets as much again. As a rule where it would pay twice as well as an entry must.
    fn grows(&self, prospect: &Prospect) -> bool {
        self.enters(&Prospect { hurdle: prospect.hurdle / 2.0, ..*prospect })
    }

    /// Whether somebody gives up who has lost for so many days on end.
    fn leaves(&self, days: u32, patience: f64) -> bool {
        f64::from(days) >= patience
    }

    /// Whether classes grow by their `pace`; else by what is left until there is no profit, and everybody looks every day.
    fn keeps_pace(&self) -> bool {
        true
    }
}

/// By the payback that lately's income promises: the default.
#[derive(Clone, Copy, Debug)]
pub struct Payback;

impl Investor for Payback {
    fn enters(&self, prospect: &Prospect) -> bool {
        prospect.beats_elsewhere() && prospect.payback() < prospect.hurdle
    }
}

/// As many as leave the next one no profit after the cost of capital.
#[derive(Clone, Copy, Debug)]
pub struct ZeroProfit;

impl Investor for ZeroProfit {
    fn enters(&self, prospect: &Prospect) -> bool {
        let outside = if prospect.bought { 0.0 } else { prospect.outside };
        prospect.income - prospect.running - outside - prospect.charge > 0.0
    }

    fn grows(&self, _: &Prospect) -> bool {
        false
    }

    fn keeps_pace(&self) -> bool {
        false
    }
}

/// Dollars that one device of a class takes from whoever enters: what is bought costs more in a boom, and a grant pays a part of it; what is
/// repurposed is fitted for it; what is idle stands there.
pub fn hardware(rule: &Class, market: &Market) -> f64 {
    match rule.kind {
        ClassKind::Idle => 0.0,
        ClassKind::Repurposed => rule.capital.value,
        ClassKind::Bought => rule.capital.value * market.boom.1 * (1.0 - market.grant),
    }
}

/// Devices that may still be ordered today, with what was left yesterday: in a month the class's pace times its fleet, and one provider
/// more, times the part of its income that it does not need. Nobody waits for more than a month's at once.
pub(super) fn room(prospect: &Prospect, rule: &Class, fleet: f64, left: f64) -> f64 {
    let month = rule.pace.value * fleet + rule.devices.value;
    (left + month * prospect.spare() / MONTH).min(month)
}

/// Devices that may still enter today where entry goes on until there is no profit.
pub(super) fn room_to_zero(prospect: &Prospect, rule: &Class) -> f64 {
    let costs = prospect.running + prospect.charge + if prospect.bought { 0.0 } else { prospect.outside };
    let devices = rule.count.value.max(1.0) * rule.devices.value;
    devices * 0.02 * ((prospect.income - costs) / costs.max(1e-9)).clamp(0.0, 1.0)
}
