//! Whether an operator can pay for what it will have to say.
//!
//! In: its balance, the base fee, what its messages cost until now. Out: a problem in its status, with what is missing, before a message
//! cannot be sent any more: a proof or an answer that comes late costs more than its fee. Told whenever everything is read, which is at
//! the start too.

use super::{duty::Duty, error::RoundError, round::Runner};
use depin_client::{
    ClientError, SigningKey,
    api::{Account, Currency},
};
use depin_economy::{Action, Spec};
use depin_ledger::{Body, Message};
use depin_quantity::{Name, Units};

/// Messages that a balance should pay for.
const MESSAGES: u128 = 10;
/// What the problem concerns.
const FUNDS: &str = "funds";

/// What messages of an operator cost.
#[derive(Debug)]
pub(super) struct Costs {
    /// Work units of the cheapest message that it sends again and again: a claim.
    claim: u64,
    /// The base fee when it was last asked for.
    pub(super) base_fee: Units,
    /// The price of a byte of rows then, in which the length of long messages is paid.
    pub(super) row_fee: Units,
    /// The token that fees are in, once it is known.
    currency: Option<Currency>,
    /// The highest fee of a message of this process.
    dearest: Units,
}

impl Costs {
    pub(super) fn new(key: &SigningKey) -> Self {
        let (key, message) = (key.public_key(), Message::Act(Action::Claim { after: None }));
        let (base_fee_max, tip) = (Units::ZERO, Units::ZERO);
        let claim = Body { chain_id: Name::literal("any"), key, nonce: 0, base_fee_max, tip, message };
        Self { claim: claim.work(), base_fee: Units::ZERO, row_fee: Units::ZERO, currency: None, dearest: Units::ZERO }
    }

    /// A message cost so much.
    pub(super) fn paid(&mut self, fee: Units) {
        self.dearest = self.dearest.max(fee);
    }

    /// What a message may cost now: the dearest so far, and not less than a claim of this length does.
    fn each(&self, bytes: u64) -> Units {
        let work = self.base_fee.times(self.claim.into());
        let length = self.row_fee.times(Body::history_of(bytes).into());
        let least = work.and_then(|work| work.plus(length?)).unwrap_or(Units::new(u128::MAX));
        least.max(self.dearest)
    }
}

impl<D: Duty> Runner<D> {
    /// Says in the status when the balance pays for few messages only.
    pub(super) async fn check_funds(&mut self, account: &Account) -> Result<(), RoundError> {
        let currency = match self.costs.currency {
            Some(currency) => currency,
            None => fee_currency(self.client()).await?,
        };
        self.costs.currency = Some(currency);
        let (has, each) = (account.balance(currency.token), self.costs.each(D::message_bytes(&self.view)));
        let enough = each.times(MESSAGES).unwrap_or(Units::new(u128::MAX));
        let debt = owed(account, currency.token);
        if !debt.is_zero() {
            let missing = debt.plus(enough).unwrap_or(Units::new(u128::MAX)).minus_or_zero(has);
            let [debt, missing] = [debt, missing].map(|units| currency.text(units));
            let why = format!(
                "it owes {debt} for what failed, and what it is sent or earns repays that first: send {missing} to {}, which clears the debt and \
                 pays {MESSAGES} messages; until then it takes nothing new on and nothing out, and declares recovery only as far as the balance \
                 or the network's file lets it",
                self.sender.address()
            );
            self.status.problem(FUNDS, why);
            return Ok(());
        }
        if has >= enough {
            self.status.solved(FUNDS);
            return Ok(());
        }
        let [told, fee, missing] = [has, each, enough.minus_or_zero(has)].map(|units| currency.text(units));
        let lasts = if has < each { "for no message" } else { "for few messages" };
        self.status.problem(
            FUNDS,
            format!(
                "the balance of {told} pays {lasts} (about {fee} each); {missing} are missing for {MESSAGES}: send tokens to {}",
                self.sender.address()
            ),
        );
        Ok(())
    }
}

/// What an account owes of a token.
fn owed(account: &Account, token: Name) -> Units {
    let mut debts = std::iter::once(&account.debt).chain(account.other.iter().map(|held| &held.debt));
    debts.find(|debt| debt.token == token).map_or(Units::ZERO, |debt| debt.units)
}

/// The token that fees are paid in, by the network's file.
async fn fee_currency(client: &depin_client::Client) -> Result<Currency, ClientError> {
    let network = client.network().await?;
    let unreadable =
        |reason: String| ClientError::Answer { url: client.url().to_owned(), what: "the network's file".to_owned(), reason };
    let spec = Spec::parse(&network.file).map_err(|error| unreadable(error.to_string()))?;
    let token = spec.fee().token;
    let decimals = spec.token(token).map(|rule| rule.decimals);
    decimals
        .map(|decimals| Currency { token, decimals })
        .ok_or_else(|| unreadable(format!("it has no token {token}, which fees are in")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_messages_cost_their_length_too() {
        let mut costs = Costs::new(&SigningKey::from_seed(&[1; 32]));
        (costs.base_fee, costs.row_fee) = (Units::new(100), Units::new(1_000_000_000));
        let short = costs.each(1_024).get();
        assert!(short > 0 && short < 1_000_000, "{short}");
        assert_eq!(costs.each(4_096).get(), short + 768 * 1_000_000_000, "a quarter of 3,072 bytes");
        costs.paid(Units::new(u128::MAX));
        assert_eq!(costs.each(4_096).get(), u128::MAX);
    }
}
