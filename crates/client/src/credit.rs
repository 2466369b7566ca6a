//! What an account can pay with where a network is paid in credits: they are minted from a token when they are needed.

use crate::{Client, ClientError, Sender, SubmitError, api};
use depin_economy::{Action, CreditRule, Spec, credits_for};
use depin_ledger::Message;
use depin_quantity::{Decimal18, Name, Rounding, Units};

/// One part in so many of the tokens is never counted on, so that fees can still be paid with it.
const KEPT: u128 = 100;

/// A credit that a service is paid in.
#[derive(Clone, Copy, Debug)]
pub struct Credit {
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

    /// The credit.
    pub const fn token(&self) -> Name {
        self.token
    }

    /// How it is minted.
    pub const fn rule(&self) -> &CreditRule {
        &self.rule
    }

    /// The present price of what it is minted from; none when nobody reported lately.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn price(&self, client: &Client) -> Result<Option<Decimal18>, ClientError> {
        let entry = client.prices().await?.prices.into_iter().find(|entry| entry.pair == self.rule.pair && !entry.stale);
        Ok(entry.and_then(|entry| Decimal18::parse(&entry.price?).ok()))
    }

    /// Sees to it that the sender's account holds `needed` of the credit: mints what is missing. Gives how many were minted.
    ///
    /// # Errors
    /// [`SubmitError`]; nothing was minted then, since the price is too old or moved, or the account has too few tokens.
    pub async fn provide(&self, sender: &Sender, needed: Units) -> Result<Units, SubmitError> {
        let held = sender.client().account(sender.address()).await?.balance(self.token);
        let missing = needed.minus_or_zero(held);
        if missing.is_zero() {
            return Ok(Units::ZERO);
        }
        let amount = missing.max(self.rule.least);
        let mint = Action::MintCredits { credit: self.token, amount, most: None, to: None };
        sender.submit(Message::Act(mint)).await.map(|_| amount)
    }

    /// Credits that an account has or could mint at `price` dollars per token.
    pub fn within_reach(&self, account: &api::Account, price: Option<Decimal18>) -> Units {
        let tokens = account.balance(self.rule.from);
        let kept = tokens.mul_div(1, KEPT, Rounding::Up).unwrap_or(tokens);
        let minted = price
            .and_then(|price| credits_for(tokens.minus_or_zero(kept), self.rule.usd, price, self.places.0, self.places.1).ok());
        account.balance(self.token).plus(minted.unwrap_or(Units::ZERO)).unwrap_or(Units::new(u128::MAX))
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
