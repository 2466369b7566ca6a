//! The operator's entry on the ledger.

use super::{config::MeteredConfig, view::View};
use crate::operator::Registration;
use depin_client::api::MeteredOperator;
use depin_ledger::Message;
use depin_services::metered::MeteredMessage;

/// How the entry stands: in line with the settings and with its whole pledge, or which message brings it there.
///
/// One that a fault left below the pledge registers again, which tops it up. One that left (`begun` says that this process has seen it
/// take part) comes back by a new start only. One that was expelled stays as it is: the ledger takes nothing from it any more, and its
/// orders of before go on. One that this process has seen in line and that says something else now was written by somebody else who has
/// the key: it is left as it is.
pub(super) fn registration(config: &MeteredConfig, url: &str, view: &View, begun: bool) -> Registration {
    let register = |serving| {
        let message = MeteredMessage::Register {
            name: config.operator.name,
            url: url.to_owned(),
            asks: config.asks.clone(),
            accepts: config.accepts,
        };
        Registration::Differs { message: Box::new(Message::service(message)), serving }
    };
    match &view.entry {
        None => register(false),
        Some(entry) if entry.expelled => Registration::InLine,
        Some(entry) if !entry.active && begun => Registration::Removed,
        Some(entry) if entry.active && !entry.below_pledge && is_same(config, url, entry) => Registration::InLine,
        Some(entry) if entry.active && begun && !is_same(config, url, entry) => Registration::Contested { why: contested(entry) },
        Some(entry) => register(entry.active),
    }
}

/// What somebody else wrote, and what to do about it.
fn contested(entry: &MeteredOperator) -> String {
    let asks: Vec<String> = entry.asks.iter().map(|ask| format!("{} {}", ask.amount, ask.currency)).collect();
    let asks = if asks.is_empty() { "the network's price".to_owned() } else { asks.join(", ") };
    let orders = if entry.takes_orders { "takes orders" } else { "takes no orders" };
    format!(
        "somebody else with this operator's key registered it anew: as `{}` at {}, for {asks}, {orders}; it is left so. If another \
         daemon runs with the key, stop one of the two; start this one again to register its own settings",
        entry.name, entry.url
    )
}

fn is_same(config: &MeteredConfig, url: &str, entry: &MeteredOperator) -> bool {
    // Below its pledge it takes none, whatever it said.
    let accepts = entry.below_pledge || entry.takes_orders == config.accepts;
    let asks = config.asks.iter().map(|ask| (ask.currency, ask.amount.to_decimal()));
    let asks = asks.eq(entry.asks.iter().map(|ask| (ask.currency, ask.amount.clone())));
    entry.name == config.operator.name && entry.url == url && accepts && asks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::OperatorConfig;
    use depin_client::api::Price;
    use depin_economy::Money;
    use depin_quantity::{Address, Decimal18, Instant, Name};

    const URL: &str = "http://127.0.0.1:7001";

    fn config() -> MeteredConfig {
        let amount = Decimal18::parse("0.01").unwrap();
        MeteredConfig::new(OperatorConfig::new(Name::literal("tiler")), vec![Money { currency: Name::literal("USD"), amount }])
    }

    fn entry() -> MeteredOperator {
        MeteredOperator {
            address: Address::new([1; 32]),
            name: Name::literal("tiler"),
            url: URL.to_owned(),
            asks: vec![Price { currency: Name::literal("USD"), amount: "0.01".to_owned() }],
            least_caps: Vec::new(),
            takes_orders: true,
            active: true,
            expelled: false,
            below_pledge: false,
            open_orders: 0,
            delivered: "0".to_owned(),
            rejected: "0".to_owned(),
            failures: 0,
            since: Instant::new(0).into(),
        }
    }

    fn stands(entry: Option<MeteredOperator>, begun: bool) -> Registration {
        registration(&config(), URL, &View { entry, ..View::default() }, begun)
    }

    #[test]
    fn a_new_operator_registers_and_one_in_line_is_left_alone() {
        assert!(matches!(stands(None, false), Registration::Differs { serving: false, .. }));
        assert!(matches!(stands(Some(entry()), true), Registration::InLine));
    }

    #[test]
    fn another_price_or_a_pledge_that_a_fault_made_too_small_is_registered_anew() {
        let dearer = MeteredOperator { asks: vec![Price { amount: "0.02".to_owned(), ..entry().asks[0].clone() }], ..entry() };
        let short = MeteredOperator { below_pledge: true, takes_orders: false, ..entry() };
        for other in [dearer, MeteredOperator { url: String::new(), ..entry() }] {
            assert!(matches!(stands(Some(other), false), Registration::Differs { serving: true, .. }));
        }
        for begun in [false, true] {
            assert!(matches!(stands(Some(short.clone()), begun), Registration::Differs { serving: true, .. }));
        }
    }

    /// Two daemons with one key would otherwise register over each other for ever, at a fee each time.
    #[test]
    fn what_somebody_else_with_the_key_registered_is_told_and_left_as_it_is() {
        let dearer = MeteredOperator { asks: vec![Price { amount: "0.02".to_owned(), ..entry().asks[0].clone() }], ..entry() };
        let elsewhere = MeteredOperator { url: "http://192.0.2.7:1".to_owned(), ..entry() };
        for (other, told) in [(dearer, "0.02 USD"), (elsewhere, "http://192.0.2.7:1")] {
            match stands(Some(other), true) {
                Registration::Contested { why } => assert!(why.contains(told) && why.contains("stop one of the two"), "{why}"),
                stands => panic!("{stands:?}"),
            }
        }
    }

    #[test]
    fn one_that_left_comes_back_by_a_new_start_only_and_one_expelled_not_at_all() {
        let left = MeteredOperator { active: false, takes_orders: false, ..entry() };
        assert!(matches!(stands(Some(left.clone()), true), Registration::Removed));
        assert!(matches!(stands(Some(left.clone()), false), Registration::Differs { serving: false, .. }));
        let expelled = MeteredOperator { expelled: true, ..left };
        assert!(matches!(stands(Some(expelled), false), Registration::InLine));
    }
}
