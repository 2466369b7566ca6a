//! Incentive conversion: what rewards turned into.
//!
//! Per recipient, never pooled: rewards to providers, to stakers, to holders and treasuries. Of what they brought: useful use and paid use,
//! in the service's unit and in dollars at the alternative's price, and revenue from third parties. By what they cost: dollars when
//! earned, dollars when sold, percent of supply. *Average* divides all of it; *incremental* only what is there more than in the paired
//! run `no-tokens` on the same chance, and only that may be called caused.

use super::{Frame, Kpi, KpiId, frame::ratio};
use crate::scenario::Treatment;

/// What rewards brought.
#[derive(Clone, Copy)]
enum Brought {
    Use,
    UseUnits,
    Paid,
    PaidUnits,
    Revenue,
}

/// What rewards cost, and whom they went to.
#[derive(Clone, Copy)]
enum Cost {
    Earned(&'static str),
    Sold,
    /// Share of the dollars that rewards came to, in percent of supply.
    Dilution(&'static str),
}

fn brought(frame: &Frame<'_>, what: Brought) -> f64 {
    let at_alternative = |name: &str| {
        let rows = frame.column(name).zip(frame.column("alternative_price"));
        rows.map(|(units, price)| units * price).filter(|usd| usd.is_finite()).sum()
    };
    match what {
        Brought::Use => at_alternative("useful_usage"),
        Brought::UseUnits => frame.sum("useful_usage"),
        Brought::Paid => at_alternative("paid_usage"),
        Brought::PaidUnits => frame.sum("paid_usage"),
        Brought::Revenue => frame.sum("revenue_third_usd"),
    }
}

fn cost(frame: &Frame<'_>, cost: Cost) -> f64 {
    match cost {
        Cost::Earned(rewards) => frame.sum(rewards),
        Cost::Sold => frame.sum("sold_usd"),
        Cost::Dilution(rewards) => {
            let rows = frame.column(rewards).zip(frame.column("price")).zip(frame.column("supply"));
            let shares = rows.map(|((usd, price), supply)| 100.0 * usd / price / supply);
            shares.filter(|share| share.is_finite()).sum()
        }
    }
}

fn average(frame: &Frame<'_>, what: Brought, by: Cost) -> f64 {
    ratio(brought(frame, what), cost(frame, by))
}

fn incremental(frame: &Frame<'_>, what: Brought, by: Cost) -> f64 {
    let beside = frame.beside(Treatment::NoTokens);
    beside.map_or(f64::NAN, |(with, without)| ratio(brought(&with, what) - brought(&without, what), cost(&with, by)))
}

const SOURCE: &str =
    "document: how well incentives turn into real, paid use; which parts are counted is this project's definition";

macro_rules! one {
    ($recipient:literal, $what:literal, $brought:expr, $unit:literal, $by:literal, $cost:expr, $per:literal) => {
        [
            Kpi {
                id: KpiId(concat!("conversion.", $recipient, ".", $what, ".", $by, ".average")),
                title: concat!("Conversion of rewards to ", $recipient, ": ", $what, " per reward ", $by),
                unit: concat!($unit, $per),
                formula: concat!("sum(", $what, ") / rewards to ", $recipient, " as ", $by),
                source: SOURCE,
                compute: |frame| average(frame, $brought, $cost),
            },
            Kpi {
                id: KpiId(concat!("conversion.", $recipient, ".", $what, ".", $by, ".incremental")),
                title: concat!("Conversion of rewards to ", $recipient, ": ", $what, " more than without, per reward ", $by),
                unit: concat!($unit, $per),
                formula: concat!("(sum(", $what, ") - the same of `no-tokens`) / rewards to ", $recipient, " as ", $by),
                source: SOURCE,
                compute: |frame| incremental(frame, $brought, $cost),
            },
        ]
    };
}

macro_rules! by {
    ($recipient:literal, $by:literal, $cost:expr, $per:literal) => {
        [
            one!($recipient, "use", Brought::Use, "USD", $by, $cost, $per),
            one!($recipient, "use-units", Brought::UseUnits, "units", $by, $cost, $per),
            one!($recipient, "paid", Brought::Paid, "USD", $by, $cost, $per),
            one!($recipient, "paid-units", Brought::PaidUnits, "units", $by, $cost, $per),
            one!($recipient, "revenue", Brought::Revenue, "USD", $by, $cost, $per),
        ]
    };
}

const PROVIDERS: &str = "reward_providers_usd";
const STAKERS: &str = "reward_stakers_usd";
const OTHERS: &str = "reward_other_usd";

static NESTED: [[[Kpi; 2]; 5]; 7] = [
    by!("providers", "earned", Cost::Earned(PROVIDERS), " per USD"),
    by!("providers", "sold", Cost::Sold, " per USD"),
    by!("providers", "dilution", Cost::Dilution(PROVIDERS), " per percent of supply"),
    by!("stakers", "earned", Cost::Earned(STAKERS), " per USD"),
    by!("stakers", "dilution", Cost::Dilution(STAKERS), " per percent of supply"),
    by!("holders", "earned", Cost::Earned(OTHERS), " per USD"),
    by!("holders", "dilution", Cost::Dilution(OTHERS), " per percent of supply"),
];

pub static KPIS: &[Kpi] = NESTED.as_flattened().as_flattened();

#[cfg(test)]
mod tests {
    use super::super::{frame::tests::rows, kpi};
    use super::*;
    use crate::{Paired, results::Row};

    fn with() -> Vec<Row> {
        let columns: &[(&str, &dyn Fn(usize) -> f64)] = &[
            ("useful_usage", &|_| 40.0),
            ("paid_usage", &|_| 30.0),
            ("alternative_price", &|_| 2.0),
            ("revenue_third_usd", &|_| 45.0),
            ("reward_providers_usd", &|_| 20.0),
            ("reward_stakers_usd", &|_| 10.0),
            ("sold_usd", &|_| 16.0),
            ("price", &|_| 0.5),
            ("supply", &|_| 8_000.0),
        ];
        rows(10, columns)
    }

    #[test]
    fn conversion_by_hand() {
        let (with, without) = (with(), rows(10, &[("useful_usage", &|_| 25.0), ("alternative_price", &|_| 2.0)]));
        let paired = [Paired { treatment: Treatment::NoTokens, rows: without }];
        let frame = Frame::new(&with, &paired);
        let of = |id: &str| (kpi(&format!("conversion.{id}")).unwrap().compute)(&frame);
        assert_eq!(of("providers.use.earned.average"), 4.0);
        assert_eq!(of("providers.use.earned.incremental"), 1.5, "80 dollars with, 50 without, for 20 of rewards");
        assert_eq!((of("providers.use-units.earned.average"), of("providers.use-units.sold.average")), (2.0, 2.5));
        assert_eq!((of("providers.paid.sold.average"), of("providers.paid-units.earned.average")), (3.75, 1.5));
        assert_eq!((of("providers.revenue.earned.average"), of("stakers.revenue.earned.average")), (2.25, 4.5));
        // 40 tokens of 8,000 a week: half a percent.
        assert_eq!(of("providers.use.dilution.average"), 160.0);
        assert!(of("holders.use.earned.average").is_nan(), "nothing went to holders");
    }

    #[test]
    fn a_run_that_was_stopped_is_held_against_what_was_until_then() {
        let (with, without) = (with(), rows(53, &[("useful_usage", &|_| 25.0), ("alternative_price", &|_| 2.0)]));
        let paired = [Paired { treatment: Treatment::NoTokens, rows: without }];
        let frame = Frame::new(&with, &paired);
        let of = |id: &str| (kpi(&format!("conversion.{id}")).unwrap().compute)(&frame);
        assert_eq!(of("providers.use.earned.incremental"), 1.5);
    }

    #[test]
    fn only_a_paired_run_says_what_was_caused() {
        let with = with();
        let frame = Frame::new(&with, &[]);
        let of = |id: &str| (kpi(&format!("conversion.{id}")).unwrap().compute)(&frame);
        assert!(of("providers.use.earned.incremental").is_nan() && of("providers.use.earned.average") == 4.0);
    }
}
