//! What moved a key figure: changes from the first year to the last, split into parts that sum to the whole exactly.
//!
//! A quotient changes by the difference of logarithms of its parts: `ln(c1 / c0) = ln(u1 / u0) - ln(p1 / p0) - ln(e1 / e0)` for
//! `c = u / (p e)`. No order has to be chosen, and nothing is left over.

use super::{Frame, Kpi, KpiId, economics::capacity, frame::ratio};

const SOURCE: &str = "logarithmic mean Divisia index (Ang 2004), which is exact for products";

pub static KPIS: &[Kpi] = &[
    Kpi {
        id: KpiId("utilisation-change"),
        title: "Change of utilisation",
        unit: "log points",
        formula: "ln(utilisation of the last year / of the first)",
        source: SOURCE,
        compute: |frame| change(frame, |part| ratio(part.sum("usage"), capacity(part))),
    },
    Kpi {
        id: KpiId("utilisation-change.demand"),
        title: "Of it, use that grew",
        unit: "log points",
        formula: "ln(usage a year of the last year / of the first)",
        source: SOURCE,
        compute: |frame| change(frame, |part| ratio(part.sum("usage"), part.rows().len() as f64)),
    },
    Kpi {
        id: KpiId("utilisation-change.supply"),
        title: "Of it, capacity that left",
        unit: "log points",
        formula: "-ln(capacity of the last year / of the first)",
        source: SOURCE,
        compute: |frame| -change(frame, |part| ratio(capacity(part), part.rows().len() as f64)),
    },
    Kpi {
        id: KpiId("conversion-change"),
        title: "Change of conversion",
        unit: "log points",
        formula: "ln(useful units per dollar of provider rewards, last year / first)",
        source: SOURCE,
        compute: |frame| change(frame, |part| ratio(part.sum("useful_usage"), part.sum("reward_providers_usd"))),
    },
    Kpi {
        id: KpiId("conversion-change.use"),
        title: "Of it, use",
        unit: "log points",
        formula: "ln(useful_usage a year, last year / first)",
        source: SOURCE,
        compute: |frame| change(frame, |part| ratio(part.sum("useful_usage"), part.rows().len() as f64)),
    },
    Kpi {
        id: KpiId("conversion-change.price"),
        title: "Of it, the token's price",
        unit: "log points",
        formula: "-ln(mean price of rewards, last year / first)",
        source: SOURCE,
        compute: |frame| -change(frame, |part| ratio(part.sum("reward_providers_usd"), part.sum("reward_providers"))),
    },
    Kpi {
        id: KpiId("conversion-change.emission"),
        title: "Of it, emission",
        unit: "log points",
        formula: "-ln(reward_providers a year, last year / first)",
        source: SOURCE,
        compute: |frame| -change(frame, |part| ratio(part.sum("reward_providers"), part.rows().len() as f64)),
    },
];

fn change(frame: &Frame<'_>, of: impl Fn(&Frame<'_>) -> f64) -> f64 {
    let (first, last) = frame.ends();
    let (before, after) = (of(&first), of(&last));
    if before > 0.0 && after > 0.0 { libm::log(after / before) } else { f64::NAN }
}

#[cfg(test)]
mod tests {
    use super::super::{frame::tests::rows, kpi};
    use super::*;

    #[test]
    fn parts_of_a_change_sum_to_the_whole() {
        let last = |week: usize| week >= 104;
        let pick = |before: f64, after: f64| move |week: usize| if last(week) { after } else { before };
        let columns: &[(&str, &dyn Fn(usize) -> f64)] = &[
            ("usage", &pick(10.0, 15.0)),
            ("useful_usage", &pick(10.0, 15.0)),
            ("utilisation", &pick(0.5, 0.9)),
            ("reward_providers", &pick(100.0, 50.0)),
            ("reward_providers_usd", &pick(300.0, 600.0)),
        ];
        let rows = rows(156, columns);
        let frame = Frame::new(&rows, &[]);
        let of = |id: &str| (kpi(id).unwrap().compute)(&frame);
        let whole = of("conversion-change");
        assert!((whole - libm::log(15.0 / 600.0 / (10.0 / 300.0))).abs() < 1e-12);
        let parts = ["use", "price", "emission"].map(|part| of(&format!("conversion-change.{part}")));
        assert!((parts.iter().sum::<f64>() - whole).abs() < 1e-12, "{parts:?}");
        assert!((parts[1] + libm::log(4.0)).abs() < 1e-12 && (parts[2] - libm::log(2.0)).abs() < 1e-12);
        assert!((of("utilisation-change") - libm::log(1.8)).abs() < 1e-12);
        assert!((of("utilisation-change.demand") + of("utilisation-change.supply") - libm::log(1.8)).abs() < 1e-12);
    }
}
