//! Settings of an operator of the home.

use crate::{Result, home::files};
use depin_client::api::Price;
use depin_economy::{Money, Spec, USD};
use depin_provider::metered::DisputePolicy;
use depin_quantity::{Decimal18, Name, ParseError, Units};
use depin_services::metered::{MeteredParams, PriceForm};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// `settings.json` in an operator's folder: what it needs to come back as it was. Edit it while the network is stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorSettings {
    /// Prices of one unit; none where the network sets the price.
    pub asks: Vec<Price>,
    /// Whether new orders are taken.
    pub accepts: bool,
    /// What is done about disputes: `{"policy": "stand-by", "deposit_most": …}`, `concede` or `ask`.
    pub disputes: DisputePolicy,
    /// Port of the last start; 0 before the first.
    #[serde(default)]
    pub port: u16,
    /// Whether it was taken out of the network; then it is not started again.
    #[serde(default)]
    pub removed: bool,
}

/// Price of development operators for one unit, in 10^-18 of whatever units are priced in: a thousandth.
const ASK: u128 = 1_000_000_000_000_000;
/// Whole tokens that a development operator has at stake in all open disputes together at most.
const DEPOSIT_MOST: u128 = 100;

fn asks(params: &MeteredParams) -> Vec<Price> {
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
        Self { asks: asks(params), accepts: true, disputes: DisputePolicy::StandBy { deposit_most }, port: 0, removed: false }
    }

    /// Reads them from an operator's folder; none when there are none.
    ///
    /// # Errors
    /// Broken when they cannot be read.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        files::read_json(&folder.join("settings.json"))
    }

    /// Writes them into an operator's folder.
    ///
    /// # Errors
    /// Broken when they cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        files::write_json(&folder.join("settings.json"), self, files::Readers::Everybody)
    }

    /// The prices as the ledger takes them.
    ///
    /// # Errors
    /// When one is no decimal number.
    pub fn money(&self) -> std::result::Result<Vec<Money>, ParseError> {
        let one = |ask: &Price| Ok(Money { currency: ask.currency, amount: Decimal18::parse(&ask.amount)? });
        self.asks.iter().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_networks::{NETWORKS, Recipe, compose};

    #[test]
    fn a_development_operator_asks_what_every_economy_takes() {
        for (name, text) in NETWORKS {
            let name: Name = name.parse().unwrap();
            let recipe = Recipe { name, service: "metered", emission: text, payment: text, stake: text, unit: Some("map tile") };
            let spec = Spec::parse(&compose(&recipe).unwrap().toml).unwrap();
            let params = MeteredParams::read(&spec).unwrap();
            let settings = OperatorSettings::new(&params, &spec);
            let asks = settings.money().unwrap();
            assert_eq!(asks.is_empty(), params.rules.form == PriceForm::Network, "{name}");
            for ask in asks {
                assert!(params.may_ask_in(ask.currency) && ask.amount != Decimal18::ZERO, "{name}: {ask:?}");
            }
            let folder = tempfile::tempdir().unwrap();
            settings.write(folder.path()).unwrap();
            assert_eq!(OperatorSettings::read(folder.path()).unwrap(), Some(settings));
        }
    }
}
