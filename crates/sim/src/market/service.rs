//! The service's price, by the network's own mechanism.
//!
//! In: what customers want, and who could serve it at which cost. Out: dollars for one unit, and how full each class of providers is.
//! Every mechanism starts at the scenario's start price: what a mechanism says on the first day is scaled to it, and what moves afterwards
//! is what changed since.

use crate::scenario::{Mechanism, PriceRule};

/// One class of providers as customers see it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClassView {
    /// Units that it can serve a day.
    pub capacity: f64,
    /// Dollars a unit costs it when it is full, less what rewards pay of that.
    pub cost: f64,
}

/// What a price forms from.
#[derive(Clone, Copy, Debug)]
pub struct ServiceView<'v> {
    /// Days since the start.
    pub day: u32,
    /// Units a day that customers want at the present price.
    pub demand: f64,
    /// Dollars for one unit elsewhere.
    pub alternative: f64,
    /// The same on the first day.
    pub alternative_first: f64,
    /// Classes of providers.
    pub classes: &'v [ClassView],
}

impl ServiceView<'_> {
    /// Units that all classes together can serve a day.
    pub fn capacity(&self) -> f64 {
        self.classes.iter().map(|class| class.capacity).sum()
    }

    /// The part of the capacity that is wanted, at most 1.
    pub fn fullness(&self) -> f64 {
        let capacity = self.capacity();
        if capacity > 0.0 { (self.demand / capacity).min(1.0) } else { 1.0 }
    }

    /// Nobody asks for more than the alternative; where the service was dearer from the first day on, for no more times of it than then.
    fn most(&self, start: f64) -> f64 {
        let times = if self.alternative_first > 0.0 { (start / self.alternative_first).max(1.0) } else { 1.0 };
        self.alternative * times
    }
}

/// How a service's price forms. Own mechanisms implement it.
pub trait PriceFormation {
    /// What one unit is to cost now, up to a constant factor; `None` leaves the price as it is.
    fn wanted(&self, rule: &PriceRule, view: &ServiceView<'_>) -> Option<f64>;

    /// How full each class is, in the order of the view.
    fn fill(&self, view: &ServiceView<'_>) -> Vec<f64> {
        vec![view.fullness(); view.classes.len()]
    }
}

/// The least markup of a free unit, the most of the last one: `markup + (most - markup) * fullness^4`.
fn markup(rule: &PriceRule, fullness: f64) -> f64 {
    let steep = fullness * fullness * fullness * fullness;
    rule.markup.value + (rule.markup_most.value - rule.markup.value).max(0.0) * steep
}

/// Classes from the cheapest on, equal ones in their order.
fn by_cost(view: &ServiceView<'_>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..view.classes.len()).collect();
    order.sort_by(|a, b| view.classes[*a].cost.total_cmp(&view.classes[*b].cost));
    order
}

/// A reverse auction: the cheapest capacity is booked first, and the dearest that is still needed sets the price.
#[derive(Clone, Copy, Debug)]
pub struct Auction;

impl PriceFormation for Auction {
    fn wanted(&self, rule: &PriceRule, view: &ServiceView<'_>) -> Option<f64> {
        let mut left = view.demand;
        let mut cost = None;
        for at in by_cost(view) {
            let class = view.classes[at];
            if class.capacity > 0.0 {
                cost = Some(class.cost);
                left -= class.capacity;
                if left <= 0.0 {
                    break;
                }
            }
        }
        cost.map(|cost| cost * (1.0 + markup(rule, view.fullness())))
    }

    fn fill(&self, view: &ServiceView<'_>) -> Vec<f64> {
        let mut fill = vec![0.0; view.classes.len()];
        let mut left = view.demand;
        for at in by_cost(view) {
            let capacity = view.classes[at].capacity;
            if capacity > 0.0 {
                fill[at] = (left / capacity).clamp(0.0, 1.0);
                left = (left - capacity).max(0.0);
            }
        }
        // Bids are about more than cost: half of what is wanted spreads over everybody.
        let even = view.fullness();
        fill.iter_mut().for_each(|part| *part = 0.5 * *part + 0.5 * even);
        fill
    }
}

/// Posted asks: every class asks for its cost and a markup that grows with how full all are; customers pay the mean.
#[derive(Clone, Copy, Debug)]
pub struct Asks;

impl PriceFormation for Asks {
    fn wanted(&self, rule: &PriceRule, view: &ServiceView<'_>) -> Option<f64> {
        let capacity = view.capacity();
        let cost: f64 = view.classes.iter().map(|class| class.cost * class.capacity).sum();
        (capacity > 0.0).then(|| cost / capacity * (1.0 + markup(rule, view.fullness())))
    }
}

/// A list of prices that the network sets once a year, after the alternative's.
#[derive(Clone, Copy, Debug)]
pub struct Tier;

impl PriceFormation for Tier {
    fn wanted(&self, _: &PriceRule, view: &ServiceView<'_>) -> Option<f64> {
        let first = view.alternative_first;
        (view.day.is_multiple_of(365) && first > 0.0).then(|| view.alternative / first)
    }
}

/// A price in credits that never changes.
#[derive(Clone, Copy, Debug)]
pub struct FixedCredit;

impl PriceFormation for FixedCredit {
    fn wanted(&self, _: &PriceRule, _: &ServiceView<'_>) -> Option<f64> {
        Some(1.0)
    }
}

/// The mechanism of a scenario.
pub fn formation(mechanism: Mechanism) -> &'static dyn PriceFormation {
    match mechanism {
        Mechanism::Auction => &Auction,
        Mechanism::Asks => &Asks,
        Mechanism::Tier => &Tier,
        Mechanism::FixedCredit => &FixedCredit,
    }
}

/// A service's price from day to day.
#[derive(Clone, Debug)]
pub struct Formation {
    price: f64,
    /// What turns what the mechanism says into the start price on the first day.
    scale: Option<f64>,
}

impl Formation {
    /// The price of the first day.
    pub fn new(rule: &PriceRule) -> Self {
        Self { price: rule.start.value, scale: None }
    }

    /// Dollars for one unit.
    pub const fn price(&self) -> f64 {
        self.price
    }

    /// One day later: a part of the way to what the mechanism says, `1 - (1 - adjust)^(1/7)` a day. A list of prices changes at once.
    pub fn step(&mut self, mechanism: &dyn PriceFormation, rule: &PriceRule, view: &ServiceView<'_>) {
        let Some(wanted) = mechanism.wanted(rule, view).filter(|wanted| *wanted > 0.0) else { return };
        let scale = *self.scale.get_or_insert(self.price / wanted);
        let speed = match rule.mechanism {
            Mechanism::Tier | Mechanism::FixedCredit => 1.0,
            _ => 1.0 - libm::pow(1.0 - rule.adjust.value.clamp(0.0, 1.0), 1.0 / 7.0),
        };
        let most = match rule.mechanism {
            Mechanism::Auction | Mechanism::Asks => view.most(rule.start.value),
            Mechanism::Tier | Mechanism::FixedCredit => f64::INFINITY,
        };
        self.price += speed * ((wanted * scale).min(most) - self.price);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Figure;

    fn rule(mechanism: Mechanism) -> PriceRule {
        let plain = Figure::plain;
        PriceRule { mechanism, start: plain(3.0), markup: plain(0.1), markup_most: plain(0.5), adjust: plain(0.5) }
    }

    fn view(classes: &[ClassView], demand: f64) -> ServiceView<'_> {
        ServiceView { day: 0, demand, alternative: 4.0, alternative_first: 5.0, classes }
    }

    const CHEAP: ClassView = ClassView { capacity: 10.0, cost: 1.0 };
    const DEAR: ClassView = ClassView { capacity: 10.0, cost: 2.0 };

    #[test]
    fn the_dearest_bid_that_is_needed_sets_an_auctions_price() {
        let rule = rule(Mechanism::Auction);
        let one = Auction.wanted(&rule, &view(&[DEAR, CHEAP], 10.0)).unwrap();
        let two = Auction.wanted(&rule, &view(&[DEAR, CHEAP], 10.1)).unwrap();
        assert!((one - 1.125).abs() < 1e-12, "half full: 0.1 + 0.4 / 16 above the cheap one's cost, {one}");
        assert!(two > 2.2, "the dear one is needed, {two}");
        assert_eq!(Auction.fill(&view(&[DEAR, CHEAP], 10.0)), [0.25, 0.75]);
    }

    #[test]
    fn asks_rise_as_capacity_fills_up() {
        let rule = rule(Mechanism::Asks);
        let empty = Asks.wanted(&rule, &view(&[CHEAP, DEAR], 0.0)).unwrap();
        let full = Asks.wanted(&rule, &view(&[CHEAP, DEAR], 99.0)).unwrap();
        assert!((empty - 1.65).abs() < 1e-12 && (full - 2.25).abs() < 1e-12, "{empty} {full}");
        assert_eq!(Asks.wanted(&rule, &view(&[], 1.0)), None);
    }

    #[test]
    fn every_price_begins_where_the_scenario_says_and_moves_with_what_changed() {
        let asks = rule(Mechanism::Asks);
        let mut price = Formation::new(&asks);
        price.step(&Asks, &asks, &view(&[CHEAP], 5.0));
        assert_eq!(price.price(), 3.0);
        for _ in 0..7 {
            price.step(&Asks, &asks, &view(&[ClassView { cost: 1.2, ..CHEAP }], 5.0));
        }
        assert!((price.price() - 3.3).abs() < 1e-9, "half of the way from 3 to 3.6 in a week, {}", price.price());
        for _ in 0..700 {
            price.step(&Asks, &asks, &view(&[ClassView { cost: 9.0, ..CHEAP }], 5.0));
        }
        assert!((price.price() - 4.0).abs() < 1e-9, "nobody asks for more than the alternative, {}", price.price());
        for _ in 0..700 {
            price.step(&Asks, &asks, &ServiceView { alternative: 1.0, ..view(&[ClassView { cost: 9.0, ..CHEAP }], 5.0) });
        }
        assert!((price.price() - 1.0).abs() < 1e-9, "also when it gets cheaper than the start price, {}", price.price());
        let tier = rule(Mechanism::Tier);
        let mut price = Formation::new(&tier);
        price.step(&Tier, &tier, &view(&[CHEAP], 5.0));
        let later = ServiceView { day: 365, alternative: 8.0, ..view(&[CHEAP], 5.0) };
        price.step(&Tier, &tier, &later);
        assert!((price.price() - 6.0).abs() < 1e-12);
    }
}
