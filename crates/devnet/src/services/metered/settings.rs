//! Settings of an operator of the home.

use depin_client::api::Price;
use depin_economy::{Money, Spec, USD};
use depin_provider::metered::DisputePolicy;
use depin_quantity::{Decimal18, Name, ParseError, Units};
use depin_services::metered::{MeteredParams, PriceForm};
use serde::{Deserialize, Serialize};

/// What an operator of a metered service keeps in its `settings.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorSettings {
    /// Prices of one unit; none where the network sets the price.
    pub asks: Vec<Price>,
    /// Whether new orders are taken.
    pub accepts: bool,
    /// What is done about disputes: `{"policy": "stand-by", "deposit_most": …}`, `concede` or `ask`.
    pub disputes: DisputePolicy,
}

/// Price of development operators for one unit, in 10^-18 of whatever units are priced in: a thousandth.
const ASK: u128 = 1_000_000_000_000_000;
/// Whole tokens that a development operator has at stake in all open disputes together at most.
const DEPOSIT_MOST: u128 = 100;

fn usual_asks(params: &MeteredParams) -> Vec<Price> {
    let price = |currency: Name, amount: u128| Price { currency, amount: Decimal18::new(amount).to_decimal() };
    match params.rules.form {
        PriceForm::Network => Vec::new(),
        PriceForm::Dollars => vec![price(USD, ASK)],
        PriceForm::Agreed => {
            let grain = |decimals: u8| 10u128.pow(18 - u32::from(decimals.min(18)));
            let currencies = params.rules.currencies.iter();
            currencies.map(|(currency, decimals)| price(*currency, ASK.max(grain(*decimals)))).collect()
        }
    }
}

impl OperatorSettings {
    /// Settings of a development operator on a network with these rules.
    pub fn new(params: &MeteredParams, rules: &Spec) -> Self {
        let decimals = rules.token(rules.fee().token).map_or(18, |token| token.decimals);
        let deposit_most = Units::new(DEPOSIT_MOST.saturating_mul(10u128.saturating_pow(decimals.into())));
        Self { asks: usual_asks(params), accepts: true, disputes: DisputePolicy::StandBy { deposit_most } }
    }
}

/// The prices as the ledger takes them.
///
/// # Errors
/// When one is no decimal number.
pub fn asks(asks: &[Price]) -> std::result::Result<Vec<Money>, ParseError> {
    let one = |ask: &Price| Ok(Money { currency: ask.currency, amount: Decimal18::parse(&ask.amount)? });
    asks.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operators::Settings;
    use depin_networks::{NETWORKS, Recipe, compose};

    #[test]
    fn a_development_operator_asks_what_every_economy_takes() {
        for (name, text) in NETWORKS {
            let name: Name = name.parse().unwrap();
            let recipe = Recipe { name, service: "metered", emission: text, payment: text, stake: text, unit: Some("map tile") };
            let spec = Spec::parse(&compose(&recipe).unwrap().toml).unwrap();
            let params = MeteredParams::read(&spec).unwrap();
            let settings = OperatorSettings::new(&params, &spec);
            let asks = asks(&settings.asks).unwrap();
            assert_eq!(asks.is_empty(), params.rules.form == PriceForm::Network, "{name}");
            for ask in asks {
                assert!(params.may_ask_in(ask.currency) && ask.amount != Decimal18::ZERO, "{name}: {ask:?}");
            }
            let folder = tempfile::tempdir().unwrap();
            let settings = Settings { own: settings, port: 7, removed: true };
            settings.write(folder.path()).unwrap();
            assert_eq!(Settings::read(folder.path()).unwrap(), Some(settings));
        }
    }
}
