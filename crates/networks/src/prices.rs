//! Start prices of tokens in dollars: `networks/prices.toml`, the one dated file that the simulator begins with and the development price feeder
//! moves around.
//!
//! In: a token's name. Out: its price, and the date of all prices. Absent on purpose: how deep markets were, which is the simulator's.

use depin_quantity::{Decimal18, Name};
use toml::{Table, Value};

const PRICES: &str = include_str!("../../../networks/prices.toml");

fn table() -> Table {
    toml::from_str(PRICES).expect("a test reads the embedded file")
}

/// Dollars for one whole token at the date of [`start_prices_at`]; none for a token that the file does not have.
pub fn start_price(token: Name) -> Option<Decimal18> {
    let usd = table().get(token.as_str())?.get("usd")?.clone();
    let text = match usd.get("value")? {
        Value::Float(number) => number.to_string(),
        Value::Integer(number) => number.to_string(),
        _ => return None,
    };
    Decimal18::parse(&text).ok().filter(|price| !price.is_zero())
}

/// The date of the start prices: `2025-01-01`.
pub fn start_prices_at() -> String {
    match table().get("at") {
        Some(Value::Datetime(at)) => at.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_the_five_networks_have_a_dated_price_or_a_reason_for_none() {
        let price = |token: &str| start_price(token.parse().unwrap()).map(Decimal18::to_decimal);
        assert_eq!(
            ["HNT", "FIL", "RENDER", "AKT", "IO", "USDC"].map(|token| price(token).unwrap()),
            ["6.32", "5", "7.1", "3", "2.93", "1"]
        );
        assert_eq!((price("IOT"), price("TILE")), (None, None), "what a treasury redeems begins at what it pays");
        assert_eq!(start_prices_at(), "2025-01-01");
    }
}
