//! Backtests of the series that come along, and what must hold of any.

use depin_economy::Spec;
use depin_quantity::Instant;
use depin_sim::backtest::{BUNDLED, BacktestError, Column, HORIZONS, Kind, OURS, Series, backtest, emission};
use time::{Date, Month, macros::date};

fn series(file: &str) -> Series {
    let bundled = BUNDLED.iter().find(|bundled| bundled.file == file).unwrap();
    Series::read(bundled.table, bundled.column).unwrap()
}

#[test]
fn a_backtest_gives_the_same_bits_twice_and_sees_no_later_week() {
    let whole = series("render-epochs.csv");
    let until = Some(date!(2024 - 11 - 27));
    let once = backtest(&whole, until).unwrap();
    assert_eq!(once, backtest(&whole, until).unwrap());
    // What comes after the training part changes nothing that was learnt.
    let mut other = whole.clone();
    other.weeks.iter_mut().filter(|week| week.from > once.train_until).for_each(|week| week.value *= 50.0);
    assert_eq!(backtest(&other, until).unwrap().learnt, once.learnt);
    assert!(backtest(&other, until).unwrap().scores[OURS][0].pinball > 2.0 * once.scores[OURS][0].pinball);
}

/// A series that the process itself could have made: bands hold about what they say, and plain trends do worse far ahead.
#[test]
fn bands_hold_what_they_say_on_a_series_of_the_process_own_kind() {
    let mut table = "week,usd\n".to_owned();
    let mut log: f64 = 8.0;
    let mut state = 12345u64;
    for week in 0..300 {
        let mut sum = 0.0;
        for _ in 0..12 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            sum += (state >> 11) as f64 / (1u64 << 53) as f64;
        }
        log += 0.1 * (sum - 6.0);
        let day = Date::from_calendar_date(2018, Month::January, 1).unwrap() + time::Duration::weeks(week);
        table += &format!("{day},{}\n", log.exp());
    }
    let series = Series::read(&table, Column { name: "usd", kind: Kind::Flow }).unwrap();
    let done = backtest(&series, None).unwrap();
    let own = done.scores[OURS];
    assert_eq!(own[0].forecasts, 100 - HORIZONS[0] + 1);
    assert!((0.7..=1.0).contains(&own[0].in_90), "{own:?}");
    assert!((0.25..=0.8).contains(&own[0].in_50), "{own:?}");
    assert!(own[0].pinball < done.scores["median"][0].pinball, "{done:#?}");
}

#[test]
fn training_that_leaves_nothing_is_refused_with_the_dates_that_would_do() {
    let refused = backtest(&series("helium-weekly.csv"), Some(date!(2023 - 05 - 01))).unwrap_err();
    assert!(matches!(refused, BacktestError::Split { before: 2, .. }), "{refused}");
    assert!(refused.to_string().contains("choose a date from 2023-10-16 to 2025-06-02"), "{refused}");
}

/// The document's schedule against what mainnet issued: it halves later than mainnet did.
#[test]
fn emission_by_the_document_is_held_against_what_was_issued() {
    let bundled = BUNDLED.iter().find(|bundled| bundled.network == "helium").unwrap();
    let (column, token) = bundled.issued.unwrap();
    let network = depin_networks::network_file("helium").unwrap();
    let spec = Spec::parse(network).unwrap();
    let launch = Instant::new(1_564_617_600_000);
    let issued = emission::Issued { column, token: token.parse().unwrap() };
    let years = emission::compare(bundled.table, issued, &spec, launch).unwrap();
    let full = years[&2024];
    assert_eq!(full.weeks, 53);
    assert!((0.4..2.5).contains(&full.ratio()), "{years:?}");
}
