//! Paying in credits: they are minted by burning tokens, before the account commits itself to anything that costs them.
//!
//! In: what is to be paid. Out: a transaction that mints what is missing, at the price that the network's reporters give. Absent on
//! purpose: keeping credits for later; they can be minted at any time, and never turned back.

use super::{LedgerMarket, market_error, submit_error};
use crate::market::MarketError;
use depin_client::api;
use depin_economy::{Action, CreditRule, Spec, credits_for};
use depin_ledger::Message;
use depin_quantity::{Decimal18, Name, Rounding, Units};

/// One part in so many of the tokens is never burnt for credits, so that fees can still be paid with it.
const KEPT: u128 = 100;

/// A credit that deals are paid in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Credit {
    token: Name,
    rule: CreditRule,
    /// Places of the token that is burnt, and of the credit.
    places: (u8, u8),
}

impl Credit {
    /// The rules of `token`; none when it is no credit.
    pub fn of(spec: &Spec, token: Name) -> Option<Self> {
        let rule = *spec.credit(token)?;
        let places = (spec.token(rule.from)?.decimals, spec.token(token)?.decimals);
        Some(Self { token, rule, places })
    }

    /// Credits that an account has or could mint at `price` dollars per token.
    pub fn within_reach(&self, account: &api::Account, price: Option<Decimal18>) -> Units {
        let held = |token: Name| account.balances.iter().find(|amount| amount.token == token).map_or(Units::ZERO, |a| a.units);
        let tokens = held(self.rule.from);
        let kept = tokens.mul_div(1, KEPT, Rounding::Up).unwrap_or(tokens);
        let minted = price
            .and_then(|price| credits_for(tokens.minus_or_zero(kept), self.rule.usd, price, self.places.0, self.places.1).ok());
        held(self.token).plus(minted.unwrap_or(Units::ZERO)).unwrap_or(Units::new(u128::MAX))
    }
}

impl LedgerMarket {
    /// The present price of what credits are minted from; none when nobody reported lately.
    pub(super) async fn credit_price(&self, credit: &Credit) -> Result<Option<Decimal18>, MarketError> {
        let prices = self.client.prices().await.map_err(market_error)?.prices;
        let entry = prices.into_iter().find(|entry| entry.pair == credit.rule.pair && !entry.stale);
        Ok(entry.and_then(|entry| Decimal18::parse(&entry.price?).ok()))
    }

    /// Sees to it that the account holds `needed` of the token that deals are paid in.
    pub(super) async fn provide(&self, needed: u128) -> Result<(), MarketError> {
        let Some(credit) = &self.credit else { return Ok(()) };
        let account = self.client.account(self.sender.address()).await.map_err(market_error)?;
        let held = account.balances.iter().find(|amount| amount.token == self.token).map_or(0, |amount| amount.units.get());
        let Some(missing) = needed.checked_sub(held).filter(|missing| *missing > 0) else { return Ok(()) };
        let amount = Units::new(missing).max(credit.rule.least);
        let mint = Action::MintCredits { credit: credit.token, amount, most: None, to: None };
        match self.sender.submit(Message::Act(mint)).await {
            Ok(_) => Ok(()),
            // Nothing was minted: the price is too old, or moved. What needed it is tried again later.
            Err(error) => Err(MarketError::Unreachable {
                reason: format!("no {} could be minted to pay with: {}", credit.token, submit_error(error)),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_quantity::Address;

    fn account(balances: &[(&str, u128, u8)]) -> api::Account {
        let nothing = || api::Amount::new(Name::literal("HNT"), Units::ZERO, 8);
        let held =
            balances.iter().map(|(token, units, places)| api::Amount::new(token.parse().unwrap(), Units::new(*units), *places));
        api::Account {
            address: Address::new([1; 32]),
            name: None,
            nonce: 0,
            next_nonce: 0,
            balances: held.collect(),
            pledged: nothing(),
            vesting: api::Vesting { locked: nothing(), vested: nothing(), next: None },
            claimable: nothing(),
            debt: nothing(),
            other: Vec::new(),
            committed: Vec::new(),
            datacap: 0,
        }
    }

    #[test]
    fn tokens_count_as_the_credits_that_they_would_buy_and_a_part_is_kept_for_fees() {
        let spec = Spec::parse(depin_networks::network_file("helium").unwrap()).unwrap();
        let credit = Credit::of(&spec, Name::literal("DC")).unwrap();
        let price = Decimal18::parse("4").unwrap();
        // 99 of 100 HNT at 4 dollars, 10,000 credits a dollar.
        let account = account(&[("HNT", 100 * 100_000_000, 8), ("DC", 7, 0)]);
        assert_eq!(credit.within_reach(&account, Some(price)), Units::new(7 + 99 * 40_000));
        assert_eq!(credit.within_reach(&account, None), Units::new(7), "without a price nothing can be minted");
        assert!(Credit::of(&spec, Name::literal("HNT")).is_none());
    }
}
