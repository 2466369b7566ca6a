//! The storage market over a node's API.
//!
//! In: what the gateway wants of deals. Out: signed transactions of its account, and the ledger's answers. The [`Sender`] sees to it
//! that a transaction takes effect at most once; what a crash leaves open is settled by [`Market::find`], which waits until nothing of
//! the account is under way. Absent on purpose: memory of deals (the gateway's object map has it), choice of providers.
//!
//! A message of many deals is taken or refused as a whole. When one is refused, its deals are tried one by one, so that a provider that
//! filled up meanwhile does not hold up the others.

mod convert;
mod credits;
mod propose;
#[cfg(test)]
mod tests;
mod walk;

use super::{Deal, Extension, Funds, Market, MarketError, Offer, Proposal, Provider};
use async_trait::async_trait;
use convert::{market_error, state_of, submit_error};
use depin_client::{
    Client, Credit, EventStream, Sender,
    api::{Currency, Deal as ApiDeal, DealQuery, EventQuery, Provider as Entry},
};
use depin_economy::Spec;
use depin_ledger::Message;
use depin_quantity::{Address, Instant, Name, Span, UnitId, Units};
use depin_services::storage::{DEALS_PER_MESSAGE, StorageMessage, StorageParams, piece::Commitment};
use futures::StreamExt as _;
use rand::{SeedableRng as _, rngs::StdRng};
use std::{
    collections::BTreeMap,
    sync::{Mutex as SyncMutex, PoisonError},
    time::Duration,
};
use tokio::{sync::Mutex, time};

/// Questions about single deals that are open at once.
const QUESTIONS: usize = 8;
/// Longest time without telling the gateway to look.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a sum over all deals is good enough for a forecast.
const BURN_FRESH: Duration = Duration::from_secs(30);
/// Epochs that a provider has for its answer and its first proof: an hour, and never less than this much of the wall clock.
const START_EPOCHS: u64 = 120;
const START_WALL: Duration = Duration::from_secs(120);

/// The storage market of one account at one node.
pub struct LedgerMarket {
    sender: Sender,
    client: Client,
    params: StorageParams,
    token: Name,
    /// Set when that token is a credit, which is minted when it is needed.
    credit: Option<Credit>,
    changes: Mutex<EventStream>,
    burn: SyncMutex<Option<(time::Instant, Units)>>,
}

impl LedgerMarket {
    /// The market as `sender`'s account sees it, by the rules of the node's network. `params` are what storage reads in them.
    pub fn new(sender: Sender, spec: &Spec, params: StorageParams) -> Self {
        let token = params.token;
        let credit = Credit::of(spec, token);
        let client = sender.client().clone();
        let changes = client.follow(EventQuery { account: Some(sender.address()), ..EventQuery::default() });
        Self { client, params, token, credit, changes: Mutex::new(changes), burn: SyncMutex::new(None), sender }
    }

    async fn balance(&self) -> Result<Units, MarketError> {
        let account = self.client.account(self.sender.address()).await.map_err(market_error)?;
        self.spendable(&account).await
    }

    /// What an account can pay deals with: what it has, and what it could mint.
    async fn spendable(&self, account: &depin_client::api::Account) -> Result<Units, MarketError> {
        match &self.credit {
            Some(credit) => Ok(credit.within_reach(account, credit.price(&self.client).await.map_err(market_error)?)),
            None => Ok(account.balance(self.token)),
        }
    }

    /// What the running deals cost per day. Remembered for a while: it is a sum over all of them.
    async fn burn_per_day(&self) -> Result<Units, MarketError> {
        let known = *self.burn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, burn)) = known
            && at.elapsed() < BURN_FRESH
        {
            return Ok(burn);
        }
        let mine = DealQuery { client: Some(self.sender.address()), limit: Some(1000), ..DealQuery::default() };
        let deals = self.client.storage().all_deals(mine).await.map_err(market_error)?;
        let epochs_per_day = 86_400_000 / self.params.epoch.get().max(1);
        let running = deals.iter().filter(|deal| !deal.state.is_final() && !deal.end_asked);
        // A forecast: past what 128 bits hold, "for ever too much" is what it says.
        let per_epoch = running.fold(0u128, |sum, deal| sum.saturating_add(deal.price.units.get()));
        let burn = Units::new(per_epoch.saturating_mul(epochs_per_day.into()));
        *self.burn.lock().unwrap_or_else(PoisonError::into_inner) = Some((time::Instant::now(), burn));
        Ok(burn)
    }

    /// What was asked for just now changes what deals cost.
    fn forget_burn(&self) {
        *self.burn.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Entries of these providers, as far as they are registered.
    async fn entries(&self, providers: impl IntoIterator<Item = Address>) -> Result<Vec<Entry>, MarketError> {
        let one = |address| async move { self.client.storage().provider(address).await.map_err(market_error) };
        let answers = futures::stream::iter(providers).map(one).buffered(QUESTIONS).collect::<Vec<_>>().await;
        answers.into_iter().filter_map(Result::transpose).collect()
    }

    async fn deal(&self, id: UnitId) -> Result<Option<ApiDeal>, MarketError> {
        self.client.storage().deal(id).await.map_err(market_error)
    }

    async fn send(&self, message: StorageMessage) -> Result<(), MarketError> {
        self.forget_burn();
        self.sender.submit(Message::service(message)).await.map(drop).map_err(submit_error)
    }

    /// Sends one message for many deals; when it is refused, one for each of them.
    async fn send_each(&self, ids: &[UnitId], message: impl Fn(Vec<UnitId>) -> StorageMessage) -> Vec<Result<(), MarketError>> {
        let mut answers = Vec::with_capacity(ids.len());
        for ids in ids.chunks(DEALS_PER_MESSAGE) {
            match self.send(message(ids.to_vec())).await {
                Err(MarketError::Refused { .. }) if ids.len() > 1 => {
                    for id in ids {
                        answers.push(self.send(message(vec![*id])).await);
                    }
                }
                answer => answers.extend(vec![answer; ids.len()]),
            }
        }
        answers
    }

    /// Epochs to add so that the deal lasts until `until`; zero when it does already, or when it was asked for.
    fn epochs_to_add(&self, deal: &ApiDeal, until: Instant) -> u64 {
        let now = deal.until.as_ref().map_or(Instant::new(0), |at| at.instant());
        if deal.extension_epochs.is_some() || until <= now {
            return 0;
        }
        until.since(now).get().div_ceil(self.params.epoch.get().max(1))
    }
}

fn offer(entry: Entry) -> Offer {
    Offer {
        ask: entry.ask.price.units,
        piece_min: entry.ask.piece_min_bytes,
        piece_max: entry.ask.piece_max_bytes,
        free_bytes: Some(entry.capacity_bytes.saturating_sub(entry.promised_bytes)),
        deals: entry.deals,
        accepting: entry.ask.open,
        provider: Provider { address: entry.address, name: entry.name.to_string(), url: entry.url },
    }
}

const fn currency(params: &StorageParams) -> Currency {
    Currency { token: params.token, decimals: params.decimals }
}

#[async_trait]
impl Market for LedgerMarket {
    fn currency(&self) -> Currency {
        currency(&self.params)
    }

    async fn now(&self) -> Result<Instant, MarketError> {
        self.client.status().await.map(|status| Instant::new(status.time_ms)).map_err(market_error)
    }

    async fn offers(&self) -> Result<Vec<Offer>, MarketError> {
        let found =
            walk::all(|after| self.client.storage().providers(after, Some(walk::PAGE)), &mut StdRng::from_seed(rand::random()))
                .await;
        Ok(found.map_err(market_error)?.into_iter().map(offer).collect())
    }

    async fn offers_of(&self, providers: Vec<Address>) -> Result<Vec<Offer>, MarketError> {
        Ok(self.entries(providers).await?.into_iter().map(offer).collect())
    }

    async fn propose(&self, proposals: Vec<Proposal>) -> Result<Vec<Result<UnitId, MarketError>>, MarketError> {
        let answers = propose::run(self, proposals).await;
        self.forget_burn();
        answers
    }

    async fn find(&self, pieces: Vec<(Address, Commitment)>) -> Result<Vec<Option<UnitId>>, MarketError> {
        self.sender.settled().await.map_err(market_error)?;
        let mine = DealQuery { client: Some(self.sender.address()), limit: Some(1000), ..DealQuery::default() };
        let deals = self.client.storage().all_deals(mine).await.map_err(market_error)?;
        let mut newest: BTreeMap<(Address, Commitment), (u64, UnitId)> = BTreeMap::new();
        for deal in deals.iter().filter(|deal| !deal.state.is_final()) {
            let found = newest.entry((deal.provider, deal.piece)).or_insert((0, deal.id));
            if deal.proposed.ms >= found.0 {
                *found = (deal.proposed.ms, deal.id);
            }
        }
        Ok(pieces.iter().map(|piece| newest.get(piece).map(|(_, id)| *id)).collect())
    }

    async fn deals(&self, ids: Vec<UnitId>) -> Result<Vec<Deal>, MarketError> {
        let answers = futures::stream::iter(ids).map(|id| async move {
            let state = self.deal(id).await?.map(|deal| state_of(&deal));
            Ok(Deal { id, state })
        });
        answers.buffered(QUESTIONS).collect::<Vec<_>>().await.into_iter().collect()
    }

    fn cost(&self, price: Units, piece_size: u64, term: Span) -> Units {
        propose::cost(&self.params, price, piece_size, term).unwrap_or(Units::new(u128::MAX))
    }

    async fn extend(&self, extensions: Vec<Extension>) -> Result<Vec<Result<Units, MarketError>>, MarketError> {
        let mut answers: Vec<Result<Units, MarketError>> = Vec::with_capacity(extensions.len());
        // Deals that get equally many epochs go into one message.
        let mut groups: BTreeMap<u64, Vec<(usize, UnitId, u128)>> = BTreeMap::new();
        for (index, extension) in extensions.iter().enumerate() {
            answers.push(Ok(Units::ZERO));
            match self.deal(extension.deal).await? {
                None => answers[index] = Err(MarketError::Refused { reason: format!("no deal {}", extension.deal) }),
                Some(deal) => match self.epochs_to_add(&deal, extension.until) {
                    0 => {}
                    _ if propose::is_dearer(&deal, extension.max_price) => {
                        let reason = format!("it costs {} an epoch, more than the limit", deal.price.display);
                        answers[index] = Err(MarketError::Refused { reason });
                    }
                    epochs => {
                        let cost = deal.price.units.get().saturating_mul(epochs.into());
                        groups.entry(epochs).or_default().push((index, deal.id, cost));
                    }
                },
            }
        }
        for (epochs, group) in groups {
            let mut balance = self.balance().await?.get();
            let (mut paid, before) = (Vec::new(), balance);
            for (index, id, cost) in group {
                if cost > balance {
                    let (needed, balance) = (Units::new(cost), Units::new(balance));
                    answers[index] = Err(MarketError::FundsTooLow { needed, balance, currency: self.currency() });
                } else {
                    balance -= cost;
                    paid.push((index, id, cost));
                }
            }
            if let Err(error) = self.provide(before - balance).await {
                paid.iter().for_each(|(index, ..)| answers[*index] = Err(error.clone()));
                continue;
            }
            let ids: Vec<UnitId> = paid.iter().map(|(_, id, _)| *id).collect();
            let sent = self.send_each(&ids, |deals| StorageMessage::ExtendDeals { deals, epochs }).await;
            for ((index, _, cost), answer) in paid.into_iter().zip(sent) {
                answers[index] = answer.map(|()| Units::new(cost));
            }
        }
        Ok(answers)
    }

    async fn end(&self, deals: Vec<UnitId>) -> Result<Vec<Result<(), MarketError>>, MarketError> {
        let mut answers = vec![Ok(()); deals.len()];
        let mut asked = Vec::new();
        for (index, id) in deals.into_iter().enumerate() {
            // Over, or asked before: nothing is left to do.
            if let Some(deal) = self.deal(id).await?.filter(|deal| !deal.state.is_final() && !deal.end_asked) {
                asked.push((index, deal.id));
            }
        }
        let ids: Vec<UnitId> = asked.iter().map(|(_, id)| *id).collect();
        let sent = self.send_each(&ids, StorageMessage::EndDeals).await;
        for ((index, _), answer) in asked.into_iter().zip(sent) {
            answers[index] = answer;
        }
        Ok(answers)
    }

    async fn funds(&self) -> Result<Funds, MarketError> {
        Ok(Funds { balance: self.balance().await?, burn_per_day: self.burn_per_day().await? })
    }

    async fn changed(&self) {
        let mut changes = self.changes.lock().await;
        match time::timeout(PATIENCE, changes.next()).await {
            // Silence, or something happened.
            Err(_) | Ok(Some(Ok(_))) => {}
            // The node refuses the stream for good; looking every now and then works all the same.
            Ok(Some(Err(_)) | None) => time::sleep(PATIENCE).await,
        }
    }
}
