//! What is left of a day's earnings once power and hardware are paid, in dollars.

use super::days::Day;
use crate::{args::ShowProviderArgs, output::dollars};
use serde::Serialize;

const DAYS_A_YEAR: u128 = 365;

/// A margin, in millionths of a dollar a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Margin {
    /// Days that the mean of what was earned is over: whole ones, without today.
    pub days: u64,
    /// What came in less fees and penalties, at the price of now.
    pub earned_micro_usd: i64,
    /// Power.
    pub power_micro_usd: i64,
    /// Hardware, spread over its life.
    pub hardware_micro_usd: i64,
    /// What is left.
    pub margin_micro_usd: i64,
}

impl Margin {
    /// The margin of an operator; none where no cost was named, or nothing is known in dollars. Each division rounds costs up and the mean
    /// down, so that nobody is told more than there is.
    pub fn of(args: &ShowProviderArgs, days: &[Day], today: &str) -> Option<Self> {
        if args.power_price.is_none() && args.hardware.is_none() {
            return None;
        }
        let whole: Vec<i64> = days.iter().filter(|day| day.day != today).filter_map(|day| day.net_micro_usd).collect();
        let whole = if whole.is_empty() { days.iter().filter_map(|day| day.net_micro_usd).collect() } else { whole };
        let count = i64::try_from(whole.len()).ok().filter(|count| *count > 0)?;
        let sum: i128 = whole.iter().map(|micros| i128::from(*micros)).sum();
        let earned = i64::try_from(sum.div_euclid(count.into())).ok()?;
        // Watts for 24 hours at a price of 1,000 watts for one.
        let power = args.power_price.map_or(0, |price| (price.0 * u128::from(args.watts) * 24).div_ceil(1_000));
        let hardware = args.hardware.map_or(0, |cost| cost.0.div_ceil(DAYS_A_YEAR * u128::from(args.hardware_years)));
        let (power, hardware) = (i64::try_from(power).ok()?, i64::try_from(hardware).ok()?);
        let margin = earned.checked_sub(power)?.checked_sub(hardware)?;
        let days = u64::try_from(count).unwrap_or(u64::MAX);
        Some(Self {
            days,
            earned_micro_usd: earned,
            power_micro_usd: power,
            hardware_micro_usd: hardware,
            margin_micro_usd: margin,
        })
    }

    /// Rows of a table.
    pub fn rows(&self, args: &ShowProviderArgs) -> Vec<[String; 2]> {
        let over = crate::output::count(self.days, "day", "days");
        let mut rows = vec![[format!("Earned (mean of {over})"), dollars(self.earned_micro_usd)]];
        if args.power_price.is_some() {
            rows.push([format!("Power of {} W", args.watts), dollars(-self.power_micro_usd)]);
        }
        if args.hardware.is_some() {
            let years = crate::output::count(args.hardware_years.into(), "year", "years");
            rows.push([format!("Hardware over {years}"), dollars(-self.hardware_micro_usd)]);
        }
        rows.push(["Margin".to_owned(), dollars(self.margin_micro_usd)]);
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;
    use depin_client::api::Amount;
    use depin_quantity::{Name, Units};

    fn day(day: &str, micros: Option<i64>) -> Day {
        let nothing = Amount::new(Name::literal("FIL"), Units::ZERO, 18);
        let [rewards, customers, fees, penalties] = std::array::from_fn(|_| nothing.clone());
        Day { day: day.to_owned(), rewards, customers, fees, penalties, net_units: "0".to_owned(), net_micro_usd: micros }
    }

    fn typed(more: &[&str]) -> ShowProviderArgs {
        let words = ["depin", "provider", "show", "provider-1"].iter().chain(more);
        let cli = crate::args::Cli::try_parse_from(words).unwrap();
        match cli.command {
            crate::args::Command::Provider(crate::args::ProviderCommand::Show(args)) => args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_margin_is_earnings_less_power_and_hardware() {
        let days = [day("2026-11-28", Some(2_000_000)), day("2026-11-29", Some(1_000_001)), day("2026-11-30", Some(9))];
        let args = typed(&["--power-price", "0.30", "--watts", "20", "--hardware", "365", "--hardware-years", "2"]);
        let margin = Margin::of(&args, &days, "2026-11-30").unwrap();
        // 0.48 kWh at 0.30 USD; 365 USD in 730 days.
        assert_eq!((margin.days, margin.earned_micro_usd), (2, 1_500_000));
        assert_eq!((margin.power_micro_usd, margin.hardware_micro_usd), (144_000, 500_000));
        assert_eq!(margin.margin_micro_usd, 856_000);
        assert_eq!(margin.rows(&args)[3], ["Margin".to_owned(), "$0.86".to_owned()]);
    }

    #[test]
    fn nothing_is_said_where_nothing_is_known() {
        assert_eq!(Margin::of(&typed(&[]), &[day("2026-11-29", Some(1))], "2026-11-30"), None);
        assert_eq!(Margin::of(&typed(&["--power-price", "1"]), &[day("2026-11-29", None)], "2026-11-30"), None);
        let today = Margin::of(&typed(&["--power-price", "1"]), &[day("2026-11-30", Some(5))], "2026-11-30").unwrap();
        assert_eq!((today.days, today.earned_micro_usd), (1, 5), "today counts where there is nothing else");
    }
}
