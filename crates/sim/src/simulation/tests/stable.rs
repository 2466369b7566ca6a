//! Bills that are paid in a stablecoin.

use super::{KEY, f, run_of, scenario_of};
use crate::{
    RunResult,
    scenario::{PriceProcess, Scenario},
};

const AKASH: usize = 3;
const IO_NET: usize = 4;

fn paying(network: usize, in_stable: f64, change: impl Fn(&mut Scenario)) -> RunResult {
    let mut scenario = scenario_of(network);
    scenario.horizon.years = 0.5;
    scenario.demand.values_mut().for_each(|segment| segment.stable_share = f(in_stable));
    change(&mut scenario);
    let result = run_of(network, scenario, KEY);
    assert_eq!(result.audit.violations, Vec::<String>::new());
    assert_eq!(result.audit.cash_left, 0);
    result
}

fn sum(result: &RunResult, column: &str) -> f64 {
    result.rows.iter().map(|row| row.get(column)).sum()
}

/// By the document's rules Akash burns nothing of a lease that is paid in AKT, and a tenth of one that is paid in dollars, which its AMM
/// pool turns into AKT.
#[test]
fn dollars_are_turned_into_tokens_and_burnt_as_the_rules_say() {
    let [tokens, half, dollars] = [0.0, 0.5, 1.0].map(|share| paying(AKASH, share, |_| {}));
    assert_eq!(sum(&tokens, "burned"), 0.0);
    // What was burned at the price of its day is a tenth of what was paid, as far as it was settled.
    let part = |result: &RunResult| sum(result, "burn_usd") / sum(result, "revenue_usd");
    assert!((0.06..0.11).contains(&part(&dollars)), "{}", part(&dollars));
    assert!((0.02..0.08).contains(&part(&half)), "{}", part(&half));
    assert_eq!(dollars.effort.unpaid, 0);
    assert!(sum(&dollars, "usage") > 0.9 * sum(&tokens, "usage"));
}

/// io.net pays whoever works in IO, whatever the customer pays with; and it keeps and burns more of dollars.
#[test]
fn providers_are_paid_in_tokens_where_the_rules_convert() {
    let [tokens, dollars] = [0.0, 1.0].map(|share| paying(IO_NET, share, |_| {}));
    let part = |result: &RunResult| sum(result, "burn_usd") / sum(result, "revenue_usd");
    assert!(part(&dollars) > 2.0 * part(&tokens), "{} {}", part(&dollars), part(&tokens));
    assert_eq!(dollars.effort.unpaid, 0);
}

#[test]
fn a_price_from_outside_has_an_amm_pool_too() {
    let result = paying(AKASH, 1.0, |scenario| scenario.market.price = PriceProcess::Gbm);
    let part = sum(&result, "burn_usd") / sum(&result, "revenue_usd");
    assert!((0.06..0.12).contains(&part), "{part}");
}

/// Where a network takes no stablecoin nothing of it changes.
#[test]
fn a_network_that_takes_tokens_only_is_paid_in_them() {
    let bits =
        |result: &RunResult| result.rows.iter().flat_map(|row| &row.values).map(|value| value.to_bits()).collect::<Vec<_>>();
    let [tokens, dollars] = [0.0, 1.0].map(|share| paying(2, share, |_| {}));
    assert!(bits(&tokens) == bits(&dollars));
}
