//! Claims of rewards, once per claiming period.

use super::{duty::Duty, error::RoundError, round::Runner};
use depin_economy::Action;
use depin_ledger::Message;

impl<D: Duty> Runner<D> {
    /// Claims rewards if there are any and the last claim is long enough ago.
    pub(super) async fn claim_rewards(&mut self) -> Result<(), RoundError> {
        let now = self.now;
        if self.claimed.is_some_and(|last| now.since(last) < self.config.claim_every) {
            return Ok(());
        }
        let account = self.client().account(self.sender.address()).await?;
        // Some networks pay operators in another token than fees are in.
        let earned = std::iter::once(&account.claimable).chain(account.other.iter().map(|holdings| &holdings.claimable));
        let earned: Vec<&str> = earned.filter(|amount| !amount.units.is_zero()).map(|amount| amount.display.as_str()).collect();
        if earned.is_empty() {
            return Ok(());
        }
        match self.sender.submit(Message::Act(Action::Claim { after: None })).await {
            Ok(receipt) => {
                self.costs.paid(receipt.fee.units);
                self.status.change(|status| status.claims += 1);
                tracing::info!(amount = earned.join(", "), "claimed rewards");
            }
            Err(error) => match error.refusal() {
                Some((_, message)) => tracing::info!(message, "rewards could not be claimed"),
                None => return Err(error.into()),
            },
        }
        self.claimed = Some(now);
        Ok(())
    }
}
