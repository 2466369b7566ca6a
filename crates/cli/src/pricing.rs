//! Prices of storage between the words that people have and what the ledger counts: base units per GiB and epoch.
//!
//! In: a price as typed, the network's rules, and the prices that are reported. Out: base units; a refusal says what the least price is, and
//! what is missing for dollars. Asks are rounded up and what somebody pays at most is rounded down, so that nobody gets less, or pays more,
//! than was typed.

use crate::{
    args::{AmountArg, Period, PriceArg},
    error::{CliError, Result},
    remote::{amount, storage_params},
};
use depin_client::{
    Client,
    api::{Amount, PriceEntry},
};
use depin_economy::{Spec, USD};
use depin_quantity::{Decimal18, Name, Rounding, Span, Units};
use depin_services::storage::StorageParams;

const GIB: u128 = 1 << 30;

/// What a price is worth on this network.
pub struct Pricing {
    params: StorageParams,
    spec: Spec,
    /// Dollars for one whole token of what deals are paid in; none where nobody reports it.
    dollars: Option<Decimal18>,
}

impl Pricing {
    /// Asks the node for what dollars are worth, where a typed price is in dollars.
    ///
    /// # Errors
    /// The node's; a network that stores nothing.
    pub async fn of(client: &Client, spec: Spec, typed: &[Option<&PriceArg>]) -> Result<Self> {
        let in_dollars = typed.iter().flatten().any(|price| price.amount.token == Some(USD));
        let prices = if in_dollars { client.prices().await?.prices } else { Vec::new() };
        Self::at(spec, &prices)
    }

    /// At prices that are known.
    ///
    /// # Errors
    /// A network that stores nothing.
    pub fn at(spec: Spec, prices: &[PriceEntry]) -> Result<Self> {
        let params = storage_params(&spec)?;
        let dollars = dollars(&spec, params.token, prices);
        Ok(Self { params, spec, dollars })
    }

    /// Base units per GiB and epoch.
    ///
    /// # Errors
    /// Refused: another token, no fresh price of dollars, less than the least price.
    pub fn units(&self, typed: &PriceArg, rounding: Rounding) -> Result<Units> {
        let Self { params, .. } = self;
        let units = self.whole(&typed.amount, rounding)?;
        let per_epoch = match typed.per {
            None => units,
            Some((bytes, period)) => {
                let epoch = u128::from(params.epoch.get());
                let length = match period {
                    Period::Epoch => epoch,
                    Period::Span(span) => u128::from(span.get()),
                };
                let over = u128::from(bytes).saturating_mul(length);
                units.mul_div(GIB * epoch, over.max(1), rounding).map_err(|error| CliError::refused("price", error))?
            }
        };
        if per_epoch.is_zero() {
            let least = Amount::new(params.token, Units::new(1), params.decimals);
            return Err(CliError::refused("price", "a price of nothing is refused by the ledger").hint(format_args!(
                "the least is {} per GiB and epoch of {}, which is {} per TiB and month",
                least.display,
                params.epoch,
                per_tib_month(&least, params)
            )));
        }
        Ok(per_epoch)
    }

    /// The typed amount in base units of what deals are paid in.
    fn whole(&self, typed: &AmountArg, rounding: Rounding) -> Result<Units> {
        let Self { params, spec, dollars } = self;
        if typed.token == Some(USD) && params.token != USD {
            let usd = Units::parse_decimal(&typed.number, 18)
                .map_err(|_| CliError::refused("price", format_args!("\"{typed}\" is no amount of dollars")))?;
            let price = dollars.ok_or_else(|| {
                let token = params.token;
                CliError::refused("no-price", format_args!("nobody reports what {token} is worth in dollars at present"))
                    .hint(format_args!("name the price in {token}, like \"0.04 {token}/TiB/month\""))
            })?;
            let whole = 10u128.checked_pow(params.decimals.into()).unwrap_or(u128::MAX);
            return usd.mul_div(whole, price.get(), rounding).map_err(|error| CliError::refused("price", error));
        }
        let typed = AmountArg { token: typed.token.or(Some(params.token)), ..typed.clone() };
        let (token, units) = amount(spec, &typed)?;
        if token != params.token {
            return Err(CliError::refused("token", format_args!("prices are in {}, or in USD, not in {token}", params.token)));
        }
        Ok(units)
    }
}

/// What a token is worth in dollars: what its credit says, else the fresh price.
fn dollars(spec: &Spec, token: Name, prices: &[PriceEntry]) -> Option<Decimal18> {
    if let Some(credit) = spec.credit(token) {
        return Some(credit.usd);
    }
    let pair = format!("{token}-USD");
    let entry = prices.iter().find(|entry| entry.pair.as_str() == pair && !entry.stale)?;
    Decimal18::parse(entry.price.as_deref()?).ok().filter(|price| !price.is_zero())
}

/// A price per GiB and epoch as people compare it.
pub fn per_tib_month(price: &Amount, params: &StorageParams) -> String {
    let epochs = u128::from(Span::from_days(30).get() / params.epoch.get().max(1));
    let units = price.units.get().saturating_mul(1024).saturating_mul(epochs);
    crate::output::shorten(&Amount::new(price.token, Units::new(units), params.decimals).display)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pricing(dollars: Option<&str>) -> Pricing {
        let spec = Spec::parse(depin_networks::network_file("filecoin").unwrap()).unwrap();
        Pricing { params: storage_params(&spec).unwrap(), spec, dollars: dollars.map(|text| Decimal18::parse(text).unwrap()) }
    }

    fn units(pricing: &Pricing, text: &str, rounding: Rounding) -> u128 {
        pricing.units(&text.parse().unwrap(), rounding).unwrap().get()
    }

    #[test]
    fn a_price_in_dollars_comes_to_base_units_a_gib_and_epoch() {
        let at = pricing(Some("4"));
        // 0.05 USD are 0.0125 FIL; a TiB and a month are 1,024 GiB and 86,400 epochs.
        assert_eq!(units(&at, "0.05 USD/TiB/month", Rounding::Up), (12_500_000_000_000_000u128).div_ceil(1_024 * 86_400));
        assert_eq!(units(&at, "0.05 USD/TiB/month", Rounding::Down), 12_500_000_000_000_000 / (1_024 * 86_400));
        assert_eq!(units(&at, "0.044236800000000000 FIL/TiB/month", Rounding::Up), 500_000_000);
        assert_eq!(units(&at, "0.0000000005 FIL", Rounding::Up), 500_000_000);
        assert_eq!(units(&at, "0.0000000005", Rounding::Up), 500_000_000);
        assert_eq!(units(&at, "0.000000001 FIL/2GiB/epoch", Rounding::Up), 500_000_000);
    }

    #[test]
    fn what_is_no_price_says_what_would_be() {
        let code = |pricing: &Pricing, text: &str| {
            let error = pricing.units(&text.parse().unwrap(), Rounding::Down).err().unwrap();
            (error.code.clone(), error.hint)
        };
        let (kind, hint) = code(&pricing(None), "0.05 USD/TiB/month");
        assert!(kind == "no-price" && hint.contains("FIL/TiB/month"), "{hint}");
        let (kind, hint) = code(&pricing(Some("4")), "0.000000001 FIL/EiB/year");
        assert!(kind == "price" && hint.contains("0.000000000000000001 FIL"), "{kind} {hint}");
        assert_eq!(code(&pricing(None), "1 HNT/TiB/month").0, "unknown-token");
    }

    #[test]
    fn a_price_is_told_per_tib_and_month() {
        let price = Amount::new(Name::literal("FIL"), Units::new(500_000_000), 18);
        let params = pricing(None).params;
        assert_eq!(per_tib_month(&price, &params), "0.044236 FIL", "5e8 * 1024 * 86400 = 4.42368e16");
        let slower = StorageParams { epoch: Span::from_secs(1_800), decimals: 8, ..params };
        assert_eq!(per_tib_month(&Amount::new(Name::literal("X"), Units::new(1), 8), &slower), "0.014745 X");
    }
}
