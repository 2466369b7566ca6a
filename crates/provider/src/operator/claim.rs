//! Claims of rewards, once per claiming period.

use super::{duty::Duty, error::RoundError, round::Runner};
use depin_client::SubmitError;
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
        if account.claimable.units.is_zero() {
            return Ok(());
        }
        match self.sender.submit(Message::Act(Action::Claim { after: None })).await {
            Ok(receipt) => {
                self.costs.paid(receipt.fee.units);
                self.status.change(|status| status.claims += 1);
                tracing::info!(amount = account.claimable.display, "claimed rewards");
            }
            Err(SubmitError::Failed { message, .. }) => tracing::info!(message, "rewards could not be claimed"),
            Err(error) => return Err(error.into()),
        }
        self.claimed = Some(now);
        Ok(())
    }
}
