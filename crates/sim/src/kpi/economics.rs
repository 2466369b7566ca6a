//! Key figures of the service and of those who provide it.

use super::{Frame, Kpi, KpiId, frame::ratio};
use crate::scenario::Treatment;

pub static KPIS: &[Kpi] = &[
    Kpi {
        id: KpiId("utilisation"),
        title: "Utilisation",
        unit: "share",
        formula: "sum(usage) / sum(usage / utilisation)",
        source: "document: share of capacity in use",
        compute: |frame| ratio(frame.sum("usage"), capacity(frame)),
    },
    Kpi {
        id: KpiId("demand-served"),
        title: "Demand served",
        unit: "share",
        formula: "sum(usage) / sum(demand)",
        source: "own definition",
        compute: |frame| ratio(frame.sum("usage"), frame.sum("demand")),
    },
    Kpi {
        id: KpiId("subsidy-ratio"),
        title: "Subsidy",
        unit: "share",
        formula: "sum(reward_providers_usd) / sum(income_providers_usd)",
        source: "document: how much of the income of providers is emission",
        compute: |frame| ratio(frame.sum("reward_providers_usd"), frame.sum("income_providers_usd")),
    },
    Kpi {
        id: KpiId("revenue-per-provider"),
        title: "Revenue per provider",
        unit: "USD a year",
        formula: "sum(revenue_third_usd) / mean(providers) / years",
        source: "usual definition",
        compute: |frame| ratio(frame.sum("revenue_third_usd"), frame.mean("providers") * frame.years()),
    },
    Kpi {
        id: KpiId("payback-months"),
        title: "Payback",
        unit: "months",
        formula: "mean(payback_months)",
        source: "usual definition: months until hardware has paid for itself, at what the last 30 days paid",
        compute: |frame| frame.mean("payback_months"),
    },
    Kpi {
        id: KpiId("margin"),
        title: "Margin of providers",
        unit: "share",
        formula: "(sum(income_providers_usd) - sum(running_cost_usd)) / sum(income_providers_usd)",
        source: "usual definition",
        compute: |frame| {
            ratio(frame.sum("income_providers_usd") - frame.sum("running_cost_usd"), frame.sum("income_providers_usd"))
        },
    },
    Kpi {
        id: KpiId("retention"),
        title: "Retention of providers",
        unit: "share",
        formula: "providers at the end / (providers at the end + sum(left))",
        source: "own definition: of all who ever took part, those who still do",
        compute: |frame| ratio(frame.last("providers"), frame.last("providers") + frame.sum("left")),
    },
    Kpi {
        id: KpiId("earnings-after-incentives"),
        title: "Earnings after incentives",
        unit: "USD",
        formula: "sum(revenue_third_usd - reward_providers_usd - reward_stakers_usd - reward_other_usd)",
        source: "after Token Terminal, whose earnings are revenue less token incentives; here vested allocations count among rewards to others, which theirs leave out",
        compute: |frame| {
            let rewards = ["reward_providers_usd", "reward_stakers_usd", "reward_other_usd"].map(|name| frame.sum(name));
            frame.sum("revenue_third_usd") - rewards.iter().sum::<f64>()
        },
    },
    Kpi {
        id: KpiId("price-to-cloud"),
        title: "Price to the alternative's",
        unit: "share",
        formula: "mean(service_price / alternative_price)",
        source: "document: price against the cloud",
        compute: price_to_cloud,
    },
    Kpi {
        id: KpiId("gini"),
        title: "Gini of income",
        unit: "share",
        formula: "last(gini)",
        source: "Gini 1912, over what rewards and customers paid providers in the last 30 days",
        compute: |frame| frame.last("gini"),
    },
    Kpi {
        id: KpiId("hhi"),
        title: "Herfindahl-Hirschman index",
        unit: "share",
        formula: "last(hhi)",
        source: "Hirschman 1964, over shares of capacity",
        compute: |frame| frame.last("hhi"),
    },
    Kpi {
        id: KpiId("nakamoto"),
        title: "Nakamoto coefficient",
        unit: "providers",
        formula: "last(nakamoto)",
        source: "Srinivasan and Lee 2017: fewest that have more than half",
        compute: |frame| frame.last("nakamoto"),
    },
    Kpi {
        id: KpiId("capital-in"),
        title: "Capital put in by providers",
        unit: "USD",
        formula: "sum(capital_in_usd)",
        source: "document: providers bear the hardware",
        compute: |frame| frame.sum("capital_in_usd"),
    },
    Kpi {
        id: KpiId("capital-recovered"),
        title: "Share of capital recovered",
        unit: "share",
        formula: "sum(capital_recovered_usd) / sum(capital_in_usd)",
        source: "own definition: operating profit up to what was put in",
        compute: |frame| ratio(frame.sum("capital_recovered_usd"), frame.sum("capital_in_usd")),
    },
    Kpi {
        id: KpiId("capital-lost"),
        title: "Capital not recovered",
        unit: "USD",
        formula: "sum(capital_in_usd) - sum(capital_recovered_usd)",
        source: "own definition: what providers bore at the end",
        compute: |frame| {
            let (put, recovered) = (frame.sum("capital_in_usd"), frame.sum("capital_recovered_usd"));
            // What is left of sums of the same parts in another order is no loss.
            if (put - recovered).abs() <= 1e-9 * put { 0.0 } else { put - recovered }
        },
    },
    Kpi {
        id: KpiId("months-to-double-capacity"),
        title: "Time until capacity has doubled",
        unit: "months",
        formula: "first time at which capacity is twice the first row's; undefined when never",
        source: "document: rewards build supply fast",
        compute: months_to_double,
    },
    Kpi {
        id: KpiId("months-to-double-capacity.central"),
        title: "Time until one company's capacity has doubled",
        unit: "months",
        formula: "months-to-double-capacity of the paired run `central-capex`",
        source: "own definition",
        compute: |frame| frame.under(Treatment::CentralCapex).map_or(f64::NAN, |central| months_to_double(&central)),
    },
    Kpi {
        id: KpiId("capacity-to-central"),
        title: "Capacity at the end to the company's",
        unit: "times",
        formula: "last(capacity) / capacity of the paired run `central-capex` then",
        source: "own definition",
        compute: |frame| {
            let beside = frame.beside(Treatment::CentralCapex);
            beside.map_or(f64::NAN, |(own, central)| ratio(own.last("capacity"), central.last("capacity")))
        },
    },
];

/// Units that could be served over all rows.
pub fn capacity(frame: &Frame<'_>) -> f64 {
    let rows = frame.column("usage").zip(frame.column("utilisation"));
    rows.map(|(usage, utilisation)| usage / utilisation).filter(|capacity| capacity.is_finite()).sum()
}

fn price_to_cloud(frame: &Frame<'_>) -> f64 {
    let rows = frame.column("service_price").zip(frame.column("alternative_price"));
    let shares = rows.map(|(price, cloud)| price / cloud).filter(|share| share.is_finite());
    let (sum, count) = shares.fold((0.0, 0.0), |(sum, count), share| (sum + share, count + 1.0));
    ratio(sum, count)
}

fn months_to_double(frame: &Frame<'_>) -> f64 {
    let first = frame.first("capacity");
    let doubled = frame.column("capacity").position(|capacity| capacity >= 2.0 * first && first > 0.0);
    doubled.map_or(f64::NAN, |row| frame.months(row))
}

#[cfg(test)]
mod tests {
    use super::super::{frame::tests::rows, kpi};
    use super::*;
    use crate::Paired;

    #[test]
    fn figures_of_a_small_network_by_hand() {
        let columns: &[(&str, &dyn Fn(usize) -> f64)] = &[
            ("usage", &|_| 30.0),
            ("utilisation", &|week| if week < 26 { 0.6 } else { 0.3 }),
            ("demand", &|_| 40.0),
            ("reward_providers_usd", &|_| 75.0),
            ("reward_stakers_usd", &|_| 5.0),
            ("reward_other_usd", &|_| 20.0),
            ("income_providers_usd", &|_| 100.0),
            ("running_cost_usd", &|_| 60.0),
            ("revenue_third_usd", &|_| 25.0),
            ("providers", &|_| 10.0),
            ("left", &|week| if week < 10 { 1.0 } else { 0.0 }),
            ("service_price", &|_| 2.0),
            ("alternative_price", &|_| 8.0),
            ("capital_in_usd", &|_| 4.0),
            ("capital_recovered_usd", &|_| 1.0),
        ];
        let rows = rows(52, columns);
        let frame = Frame::new(&rows, &[]);
        let of = |id: &str| (kpi(id).unwrap().compute)(&frame);
        // 50 units could be served in each of 26 weeks, 100 in each of the others.
        assert!((of("utilisation") - 52.0 * 30.0 / (26.0 * 150.0)).abs() < 1e-12);
        assert_eq!((of("demand-served"), of("subsidy-ratio"), of("margin"), of("retention")), (0.75, 0.75, 0.4, 0.5));
        assert_eq!((of("price-to-cloud"), of("earnings-after-incentives")), (0.25, -75.0 * 52.0));
        assert_eq!((of("capital-in"), of("capital-recovered"), of("capital-lost")), (208.0, 0.25, 156.0));
        assert!((of("revenue-per-provider") - 130.0 * 365.0 / 364.0).abs() < 1e-9);
    }

    #[test]
    fn capacity_is_held_against_the_companys() {
        let own = rows(20, &[("capacity", &|week| 10.0 + week as f64)]);
        let central = rows(20, &[("capacity", &|week| if week == 19 { 58.0 } else { 10.0 })]);
        let paired = [Paired { treatment: Treatment::CentralCapex, rows: central }];
        let frame = Frame::new(&own, &paired);
        let of = |id: &str| (kpi(id).unwrap().compute)(&frame);
        assert!((of("months-to-double-capacity") - 11.0 * 7.0 / 365.0 * 12.0).abs() < 1e-9);
        assert!((of("months-to-double-capacity.central") - 20.0 * 7.0 / 365.0 * 12.0).abs() < 1e-9);
        assert_eq!(of("capacity-to-central"), 0.5);
    }
}
