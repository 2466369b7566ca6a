//! The AI boom: six switches, each a factor that ramps up evenly to its height, and a bust.

use crate::scenario::{Boom, Switch};

const MONTH: f64 = 365.0 / 12.0;

/// What the boom multiplies on a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heights {
    /// Customers' demand.
    pub demand: f64,
    /// What hardware earns elsewhere.
    pub outside: f64,
    /// What hardware costs.
    pub hardware: f64,
    /// By how many days it is delivered later.
    pub delay: f64,
    /// What the alternative costs.
    pub cloud: f64,
    /// What people think the token is worth ahead of any use.
    pub ahead: f64,
}

impl Heights {
    /// The factors on a day. What is left of the boom after a bust is `bust.times` of its height.
    pub fn on(boom: &Boom, day: u32) -> Self {
        let day = f64::from(day);
        let left = if boom.bust.on && day >= boom.bust.after_months.value * MONTH { boom.bust.times.value } else { 1.0 };
        let part = |switch: &Switch| if switch.on { left * ramp(switch.after_months.value * MONTH, day) } else { 0.0 };
        let factor = |switch: &Switch| 1.0 + (switch.times.value - 1.0) * part(switch);
        Self {
            demand: factor(&boom.demand),
            outside: factor(&boom.outside),
            hardware: factor(&boom.hardware),
            delay: boom.hardware_delay.value * part(&boom.hardware),
            cloud: factor(&boom.cloud),
            ahead: factor(&boom.ahead),
        }
    }
}

/// How far a ramp of so many days is.
fn ramp(days: f64, day: f64) -> f64 {
    if days <= 0.0 { 1.0 } else { (day / days).min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Figure;

    fn boom() -> Boom {
        let switch = |on, times, months| Switch { on, times: Figure::plain(times), after_months: Figure::plain(months) };
        Boom {
            demand: switch(true, 3.0, 12.0),
            outside: switch(false, 9.0, 12.0),
            hardware: switch(true, 2.0, 0.0),
            hardware_delay: Figure::plain(60.0),
            cloud: switch(false, 9.0, 12.0),
            ahead: switch(false, 9.0, 12.0),
            bust: switch(true, 0.25, 24.0),
        }
    }

    #[test]
    fn a_switch_ramps_to_its_height_and_the_bust_leaves_a_part_of_it() {
        let on = |day| Heights::on(&boom(), day);
        assert_eq!((on(0).demand, on(365).demand, on(729).demand, on(730).demand), (1.0, 3.0, 3.0, 1.5));
        assert!(on(182).demand > 1.9 && on(182).demand < 2.1);
        assert_eq!((on(0).hardware, on(0).delay, on(800).delay), (2.0, 60.0, 15.0));
        assert_eq!((on(400).outside, on(400).cloud, on(400).ahead), (1.0, 1.0, 1.0));
    }
}
