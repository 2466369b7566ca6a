//! Paying in credits: they are minted by burning tokens, before the account commits itself to anything that costs them.
//!
//! In: what is to be paid. Out: a transaction that mints what is missing, at the price that the network's reporters give. Absent on
//! purpose: keeping credits for later; they can be minted at any time, and never turned back.

use super::{LedgerMarket, market_error, submit_error};
use crate::market::MarketError;
use depin_economy::Action;
use depin_ledger::Message;
use depin_quantity::Units;

impl LedgerMarket {
    /// Sees to it that the account holds `needed` of the token that deals are paid in.
    pub(super) async fn provide(&self, needed: u128) -> Result<(), MarketError> {
        let Some(credit) = &self.credit else { return Ok(()) };
        let account = self.client.account(self.sender.address()).await.map_err(market_error)?;
        let held = account.balance(self.token).get();
        let Some(missing) = needed.checked_sub(held).filter(|missing| *missing > 0) else { return Ok(()) };
        let amount = Units::new(missing).max(credit.rule().least);
        let mint = Action::MintCredits { credit: credit.token(), amount, most: None, to: None };
        match self.sender.submit(Message::Act(mint)).await {
            Ok(_) => Ok(()),
            // Nothing was minted: the price is too old, or moved. What needed it is tried again later.
            Err(error) => Err(MarketError::Unreachable {
                reason: format!("no {} could be minted to pay with: {}", credit.token(), submit_error(error)),
            }),
        }
    }
}
