//! Key figures of the token: issuance, burning, dilution, stake, price.

use super::{Frame, Kpi, KpiId, frame::ratio};

/// Rows of a quarter are looked at together, so that one large burn is no turning point.
const QUARTER: f64 = 0.25;

pub static KPIS: &[Kpi] = &[
    Kpi {
        id: KpiId("burn-to-mint"),
        title: "Burn to mint",
        unit: "share",
        formula: "sum(burned) / sum(minted)",
        source: "document: burn against mint decides whether supply grows; Helium and Render report both weekly",
        compute: |frame| ratio(frame.sum("burned"), frame.sum("minted")),
    },
    Kpi {
        id: KpiId("net-issuance"),
        title: "Net issuance",
        unit: "tokens",
        formula: "sum(minted) - sum(burned)",
        source: "document: net emission",
        compute: |frame| frame.sum("minted") - frame.sum("burned"),
    },
    Kpi {
        id: KpiId("dilution"),
        title: "Dilution",
        unit: "share a year",
        formula: "(supply at the end / supply at the start)^(1 / years) - 1",
        source: "usual definition: growth of supply, annualised",
        compute: dilution,
    },
    Kpi {
        id: KpiId("months-to-burn-over-mint"),
        title: "Time until burn passes mint",
        unit: "months",
        formula: "first time at which the burn of the quarter before is at least its mint, also where nothing was minted; undefined when never",
        source: "document: when burning overtakes minting",
        compute: months_to_burn_over_mint,
    },
    Kpi {
        id: KpiId("staked-share"),
        title: "Staked",
        unit: "share",
        formula: "staked / supply at the end",
        source: "usual definition",
        compute: |frame| ratio(frame.last("staked"), frame.last("supply")),
    },
    Kpi {
        id: KpiId("locked-share"),
        title: "Locked",
        unit: "share",
        formula: "locked / supply at the end",
        source: "usual definition",
        compute: |frame| ratio(frame.last("locked"), frame.last("supply")),
    },
    Kpi {
        id: KpiId("real-yield"),
        title: "Real yield of stake",
        unit: "share a year",
        formula: "sum(reward_stakers_usd) / mean(staked * price) / years - dilution",
        source: "usual definition: yield in the token less the growth of its supply",
        compute: real_yield,
    },
    Kpi {
        id: KpiId("price-change"),
        title: "Price at the end to price at the start",
        unit: "times",
        formula: "last(price) / price at the start",
        source: "own definition",
        compute: |frame| ratio(frame.last("price"), frame.opening_price()),
    },
    Kpi {
        id: KpiId("death-spiral"),
        title: "Death spiral",
        unit: "0 or 1",
        formula: "1 when price ends below a tenth, providers and use below half of the first quarter's",
        source: "own definition: price, supply and use fall together",
        compute: death_spiral,
    },
];

fn dilution(frame: &Frame<'_>) -> f64 {
    let before = frame.first("supply") - frame.first("minted") + frame.first("burned");
    if before > 0.0 { libm::pow(frame.last("supply") / before, 1.0 / frame.years()) - 1.0 } else { f64::NAN }
}

fn real_yield(frame: &Frame<'_>) -> f64 {
    let staked = frame.column("staked").zip(frame.column("price")).map(|(staked, price)| staked * price);
    let (sum, count) = staked.filter(|usd| usd.is_finite()).fold((0.0, 0.0), |(sum, count), usd| (sum + usd, count + 1.0));
    ratio(frame.sum("reward_stakers_usd"), ratio(sum, count) * frame.years()) - dilution(frame)
}

fn quarter(frame: &Frame<'_>) -> usize {
    ((frame.rows().len() as f64 / frame.years() * QUARTER) as usize).max(1)
}

fn months_to_burn_over_mint(frame: &Frame<'_>) -> f64 {
    let rows = frame.rows().len();
    if rows == 0 {
        return f64::NAN;
    }
    let window = quarter(frame).min(rows);
    let overtaken = (window..=rows).find(|end| {
        let part = frame.part(end - window..*end);
        part.sum("burned") > 0.0 && part.sum("burned") >= part.sum("minted")
    });
    overtaken.map_or(f64::NAN, |end| frame.months(end - 1))
}

fn death_spiral(frame: &Frame<'_>) -> f64 {
    let rows = frame.rows().len();
    if rows < 2 {
        return f64::NAN;
    }
    let window = quarter(frame).min(rows / 2).max(1);
    let (first, last) = (frame.part(0..window), frame.part(rows - window..rows));
    let falls = |name: &str, to: f64| last.mean(name) < first.mean(name) * to;
    f64::from(u8::from(falls("price", 0.1) && falls("providers", 0.5) && falls("usage", 0.5)))
}

#[cfg(test)]
mod tests {
    use super::super::frame::tests::rows;
    use super::*;

    #[test]
    fn issuance_by_hand() {
        // 104 weeks: 10 minted, 4 burned a week, from 1,000 on.
        let rows = rows(104, &[("minted", &|_| 10.0), ("burned", &|_| 4.0), ("supply", &|week| 1_006.0 + 6.0 * week as f64)]);
        let frame = Frame::new(&rows, &[]);
        let of = |id: &str| (super::super::kpi(id).unwrap().compute)(&frame);
        assert_eq!((of("burn-to-mint"), of("net-issuance")), (0.4, 624.0));
        let expected = libm::pow(1.624, 365.0 / 728.0) - 1.0;
        assert!((of("dilution") - expected).abs() < 1e-12);
        assert!(of("months-to-burn-over-mint").is_nan());
    }

    #[test]
    fn burn_overtakes_mint_when_a_whole_quarter_does() {
        // Mint 10 a week; burn 0, and from week 52 on 20: the 13 weeks to week 58 have 7 of them, 140 of 130.
        let rows = rows(104, &[("minted", &|_| 10.0), ("burned", &|week| if week >= 52 { 20.0 } else { 0.0 })]);
        let months = months_to_burn_over_mint(&Frame::new(&rows, &[]));
        assert!((months - 59.0 * 7.0 / 365.0 * 12.0).abs() < 1e-9, "{months}");
    }

    #[test]
    fn burn_overtakes_a_mint_that_stopped() {
        let before = |week: usize| if week < 60 { 10.0 } else { 0.0 };
        let rows = rows(104, &[("minted", &before), ("burned", &|_| 0.5)]);
        let months = months_to_burn_over_mint(&Frame::new(&rows, &[]));
        // 13 weeks burn 6.5: less than one week mints, so none of them may.
        assert!((months - 73.0 * 7.0 / 365.0 * 12.0).abs() < 1e-9, "{months}");
        let neither = super::super::frame::tests::rows(104, &[]);
        assert!(months_to_burn_over_mint(&Frame::new(&neither, &[])).is_nan(), "nothing minted and nothing burned");
    }

    #[test]
    fn yield_is_what_dilution_leaves_of_it() {
        let columns: &[(&str, &dyn Fn(usize) -> f64)] =
            &[("reward_stakers_usd", &|_| 2.0), ("staked", &|_| 500.0), ("price", &|_| 2.0), ("supply", &|_| 1_000.0)];
        let rows = rows(52, columns);
        let frame = Frame::new(&rows, &[]);
        // 104 dollars on 1,000 staked in 364 days, no dilution.
        assert!((real_yield(&frame) - 0.104 * 365.0 / 364.0).abs() < 1e-12);
    }

    #[test]
    fn a_spiral_needs_price_providers_and_use_to_fall() {
        let falling = |to: f64| move |week: usize| if week < 52 { 100.0 } else { 100.0 * to };
        let spiral = |price: f64, providers: f64, usage: f64| {
            let rows = rows(104, &[("price", &falling(price)), ("providers", &falling(providers)), ("usage", &falling(usage))]);
            death_spiral(&Frame::new(&rows, &[]))
        };
        assert_eq!((spiral(0.05, 0.4, 0.4), spiral(0.05, 0.6, 0.4), spiral(0.2, 0.4, 0.4)), (1.0, 0.0, 0.0));
    }
}
