//! What prices of deployment files are stated in, as tokens of the network.
//!
//! A file of that origin says `uakt`: a millionth of an AKT. Here the network's file says which token that is, whatever the token's
//! own smallest unit.

use depin_economy::{Money, Reader};
use depin_quantity::{Decimal18, Name};
use depin_sdl::Price;

/// A million of them are one token.
const MILLION: u128 = 1_000_000;
/// Denominations of USDC: on the main and the test network of that origin, and how others write it.
const USDC: [&str; 4] = [
    "ibc/170C677610AC31DF0904FFE09CD3B5C657492170E7E52372E48756B71E56F2F1",
    "ibc/12C6A0C374171B595A0A9E18B83FA09D295FB1F2D8C6DAA3AC28683471752D84",
    "uusdc",
    "usdc",
];

/// Denominations, and the token of which each is a millionth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denoms(Vec<(String, Name)>);

/// Why a price cannot be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRate {
    /// No token is known by its denomination.
    Denom,
    /// It is finer than 10^-18 of the token: more places than these.
    Fine(u8),
}

impl Denoms {
    /// The usual ones: of each currency its name in small letters with a `u` before it.
    pub(super) fn usual(currencies: &[(Name, u8)]) -> Self {
        let mut denoms: Vec<(String, Name)> = Vec::new();
        for (name, _) in currencies {
            denoms.push((format!("u{}", name.as_str().to_lowercase()), *name));
            if name.as_str() == "USDC" {
                denoms.extend(USDC.iter().filter(|denom| **denom != "uusdc").map(|denom| ((*denom).to_owned(), *name)));
            }
        }
        Self(denoms)
    }

    /// The usual ones, and what `[service.leasing.denom]` says about the three that files of that origin use.
    pub(super) fn read(r: &mut Reader<'_>, currencies: &[(Name, u8)]) -> Option<Self> {
        let mut denoms = Self::usual(currencies);
        let mut whole = true;
        for (key, texts) in [("uakt", &["uakt"][..]), ("uact", &["uact"]), ("usdc", &USDC)] {
            if !r.has(key) {
                continue;
            }
            let named = r.name(key);
            let Some((token, _)) = currencies.iter().find(|(name, _)| Some(*name) == named) else {
                if named.is_some() {
                    let known = currencies.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>().join(", ");
                    r.problem(key, "leases are not paid in this token", &format!("write one of {known}"));
                }
                whole = false;
                continue;
            };
            denoms.0.retain(|(denom, _)| !texts.contains(&denom.as_str()));
            denoms.0.extend(texts.iter().map(|text| ((*text).to_owned(), *token)));
        }
        whole.then_some(denoms)
    }

    /// The token of which a denomination is a millionth.
    pub fn token(&self, denom: &str) -> Option<Name> {
        self.0.iter().find(|(known, _)| known == denom).map(|(_, token)| *token)
    }

    /// All of them, each with its token.
    pub fn all(&self) -> impl Iterator<Item = (&str, Name)> {
        self.0.iter().map(|(denom, token)| (denom.as_str(), *token))
    }

    /// The denominations that are known, without hashes, for messages.
    pub fn known(&self) -> String {
        let short = self.0.iter().map(|(denom, _)| denom.as_str()).filter(|denom| !denom.starts_with("ibc/"));
        short.collect::<Vec<_>>().join(", ")
    }

    /// A price in whole tokens, exactly.
    ///
    /// # Errors
    /// [`NoRate`]: the denomination before the places.
    pub fn rate(&self, price: &Price) -> Result<Money, NoRate> {
        let currency = self.token(&price.denom).ok_or(NoRate::Denom)?;
        let parts = price.amount.get();
        if !parts.is_multiple_of(MILLION) {
            return Err(NoRate::Fine(12));
        }
        Ok(Money { currency, amount: Decimal18::new(parts / MILLION) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(denom: &str, amount: &str) -> Price {
        Price { denom: denom.to_owned(), amount: Decimal18::parse(amount).unwrap() }
    }

    #[test]
    fn a_price_in_millionths_is_one_in_tokens() {
        let (akt, usdc) = (Name::literal("AKT"), Name::literal("USDC"));
        let denoms = Denoms::usual(&[(akt, 6), (usdc, 6)]);
        let rate = denoms.rate(&price("uakt", "1500.25")).unwrap();
        assert_eq!((rate.currency, rate.amount.to_decimal().as_str()), (akt, "0.00150025"));
        for denom in USDC {
            assert_eq!(denoms.rate(&price(denom, "1")).unwrap().currency, usdc, "{denom}");
        }
        assert_eq!(denoms.rate(&price("uact", "1")), Err(NoRate::Denom));
        assert_eq!(denoms.rate(&price("AKT", "1")), Err(NoRate::Denom));
        assert_eq!(denoms.known(), "uakt, uusdc, usdc");
    }

    #[test]
    fn a_price_finer_than_money_is_refused_and_never_rounded() {
        let denoms = Denoms::usual(&[(Name::literal("AKT"), 6)]);
        assert_eq!(denoms.rate(&price("uakt", "0.000000000001")).unwrap().amount.get(), 1);
        assert_eq!(denoms.rate(&price("uakt", "0.0000000000001")), Err(NoRate::Fine(12)));
        assert_eq!(denoms.rate(&price("uakt", "1.0000000000005")), Err(NoRate::Fine(12)));
    }
}
