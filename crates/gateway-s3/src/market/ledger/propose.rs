//! Proposing deals: what they cost, DataCap where there is some, ids out of receipts.

use super::{LedgerMarket, START_EPOCHS, START_WALL, currency, market_error, submit_error};
use crate::market::{MarketError, Proposal};
use depin_client::{
    SubmitError,
    api::{Deal, FinalReceipt},
};
use depin_ledger::{Event, Message};
use depin_quantity::{Address, Rounding, Span, UnitId, Units};
use depin_services::ServiceEvent;
use depin_services::storage::{
    DEALS_PER_MESSAGE, Proposal as LedgerProposal, StorageEvent, StorageMessage, StorageParams, piece::PieceSize,
};
use std::collections::{BTreeMap, BTreeSet};

type Answer = Result<UnitId, MarketError>;

pub(super) async fn run(market: &LedgerMarket, proposals: Vec<Proposal>) -> Result<Vec<Answer>, MarketError> {
    let status = market.client.status().await.map_err(market_error)?;
    let account = market.client.account(market.sender.address()).await.map_err(market_error)?;
    let balance = market.spendable(&account).await?.get();
    let verified_prices = if account.datacap > 0 { verified_prices(market, &proposals).await? } else { BTreeMap::new() };
    let mut budget = Budget { balance, datacap: account.datacap, verified_prices };
    let start_within = start_within(&market.params, status.speed);

    let mut answers: Vec<Option<Answer>> = vec![None; proposals.len()];
    let mut ready = Vec::new();
    for (index, proposal) in proposals.iter().enumerate() {
        match budget.cover(&market.params, proposal, start_within) {
            Ok(deal) => ready.push((index, deal)),
            Err(error) => answers[index] = Some(Err(error)),
        }
    }
    let cost = balance - budget.balance;
    if let Err(error) = market.provide(cost).await {
        ready.drain(..).for_each(|(index, _)| answers[index] = Some(Err(error.clone())));
    }
    for batch in ready.chunks(DEALS_PER_MESSAGE) {
        for (index, answer) in send(market, batch).await {
            answers[index] = Some(answer);
        }
    }
    Ok(answers.into_iter().map(|answer| answer.expect("every proposal was refused here or sent")).collect())
}

/// One message for all; when it is refused, one for each.
async fn send(market: &LedgerMarket, batch: &[(usize, LedgerProposal)]) -> Vec<(usize, Answer)> {
    let all: Vec<LedgerProposal> = batch.iter().map(|(_, deal)| deal.clone()).collect();
    let answers = match submit(market, all).await {
        Err(MarketError::Refused { .. }) if batch.len() > 1 => {
            let mut answers = Vec::with_capacity(batch.len());
            for (_, deal) in batch {
                answers.push(submit(market, vec![deal.clone()]).await.and_then(|mut ids| ids.pop().ok_or_else(missing)));
            }
            answers
        }
        Err(error) => vec![Err(error); batch.len()],
        Ok(ids) if ids.len() == batch.len() => ids.into_iter().map(Ok).collect(),
        Ok(_) => vec![Err(missing()); batch.len()],
    };
    batch.iter().map(|(index, _)| *index).zip(answers).collect()
}

/// A receipt without the deals in it: what took effect is found by looking.
fn missing() -> MarketError {
    MarketError::Unreachable { reason: "the receipt does not name the deals".to_owned() }
}

async fn submit(market: &LedgerMarket, deals: Vec<LedgerProposal>) -> Result<Vec<UnitId>, MarketError> {
    let message = Message::service(StorageMessage::ProposeDeals(deals));
    match market.sender.submit(message).await {
        Ok(receipt) => Ok(proposed(&receipt)),
        Err(error @ SubmitError::Uncertain { .. }) => Err(submit_error(error)),
        Err(error) => Err(submit_error(error)),
    }
}

/// Ids of the deals that a receipt says were proposed, in the order of the proposals.
pub(super) fn proposed(receipt: &FinalReceipt) -> Vec<UnitId> {
    let events = receipt.events.iter().filter_map(|event| serde_json::from_value::<Event>(event.clone()).ok());
    let id = |event| match event {
        Event::Service(ServiceEvent::Storage(StorageEvent::DealProposed { deal, .. })) => Some(deal),
        _ => None,
    };
    events.filter_map(id).collect()
}

async fn verified_prices(market: &LedgerMarket, proposals: &[Proposal]) -> Result<BTreeMap<Address, Units>, MarketError> {
    let providers: BTreeSet<Address> = proposals.iter().map(|proposal| proposal.provider).collect();
    let entries = market.entries(providers).await?;
    Ok(entries.into_iter().map(|provider| (provider.address, provider.ask.verified_price.units)).collect())
}

/// Time for acceptance and first proof. At a high speed an hour of the ledger is seconds of the wall clock, which machines need.
pub(super) fn start_within(params: &StorageParams, speed: u32) -> u64 {
    let wall_ms = u64::try_from(START_WALL.as_millis()).unwrap_or(u64::MAX);
    let for_machines = wall_ms.saturating_mul(speed.into()).div_ceil(params.epoch.get().max(1));
    START_EPOCHS.max(for_machines).clamp(params.start_min, params.start_max)
}

/// What a piece costs per epoch at a price per GiB. Rounded up: a provider compares with the floor, and a deal for nothing is refused.
fn per_epoch(price: Units, piece_size: u64) -> Option<Units> {
    price.mul_div(piece_size.into(), 1 << 30, Rounding::Up).ok().map(|price| price.max(Units::new(1)))
}

fn epochs(params: &StorageParams, term: Span) -> u64 {
    term.get().div_ceil(params.epoch.get().max(1)).clamp(params.term_min, params.term_max)
}

/// What a deal takes into escrow; nothing when it does not fit 128 bits.
pub(super) fn cost(params: &StorageParams, price: Units, piece_size: u64, term: Span) -> Option<Units> {
    per_epoch(price, piece_size)?.get().checked_mul(epochs(params, term).into()).map(Units::new)
}

/// Whether a deal costs more per GiB than `max`.
pub(super) fn is_dearer(deal: &Deal, max: Option<Units>) -> bool {
    let most = max.and_then(|max| per_epoch(max, deal.size_bytes));
    most.is_some_and(|most| deal.price.units > most)
}

/// What is left to spend while a batch is put together.
pub(super) struct Budget {
    pub balance: u128,
    pub datacap: u64,
    pub verified_prices: BTreeMap<Address, Units>,
}

impl Budget {
    /// The ledger's form of a proposal, when the budget covers it.
    pub(super) fn cover(
        &mut self,
        params: &StorageParams,
        proposal: &Proposal,
        start_within: u64,
    ) -> Result<LedgerProposal, MarketError> {
        let refused = |reason: String| MarketError::Refused { reason };
        let (provider, piece) = (proposal.provider, proposal.cid);
        let size = PieceSize::new(proposal.piece_size).map_err(|error| refused(error.to_string()))?;
        let term = epochs(params, proposal.term);
        let price = per_epoch(proposal.price, size.get()).ok_or_else(|| refused("the price is beyond 128 bits".to_owned()))?;
        let cost = price.get().saturating_mul(term.into());
        if cost > self.balance {
            let (needed, balance) = (Units::new(cost), Units::new(self.balance));
            return Err(MarketError::FundsTooLow { needed, balance, currency: currency(params) });
        }
        self.balance -= cost;
        let cheap_enough = self.verified_prices.get(&provider).is_some_and(|ask| *ask <= proposal.price);
        let verified = cheap_enough && self.datacap >= size.get();
        if verified {
            self.datacap -= size.get();
        }
        Ok(LedgerProposal { provider, piece, size, price, term, start_within, verified, label: String::new() })
    }
}
