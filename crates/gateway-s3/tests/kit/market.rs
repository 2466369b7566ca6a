//! A market in memory with the ledger's manners: escrow for whole terms, answers by providers, ends by both sides.

use super::providers::{FolderProviders, address_of, name_of};
use async_trait::async_trait;
use depin_client::api::Currency;
use depin_gateway_s3::{Deal, DealState, Extension, Funds, Market, MarketError, Offer, Proposal, Provider};
use depin_quantity::{Address, Instant, Name, Span, UnitId, Units};
use depin_services::storage::piece::Commitment;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex},
};

const EPOCH_MS: u64 = 30_000;
const GIB: u128 = 1 << 30;

#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
enum State {
    Proposed,
    Accepted,
    Active,
    Faulty,
    Refused(String),
    Expired,
    Ended(u64, String),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Record {
    provider: String,
    cid: String,
    piece_size: u64,
    price: u128,
    term_ms: u64,
    until_ms: u64,
    extend_to_ms: Option<u64>,
    ending: bool,
    state: State,
}

impl Record {
    fn is_live(&self) -> bool {
        matches!(self.state, State::Proposed | State::Accepted | State::Active | State::Faulty)
    }

    fn cost(&self, ms: u64) -> u128 {
        self.price * u128::from(self.piece_size) * u128::from(ms.div_ceil(EPOCH_MS)) / GIB
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct World {
    now_ms: u64,
    balance: u128,
    next: u64,
    deals: BTreeMap<u64, Record>,
    ask: u128,
    piece_min: u64,
}

/// The market; `step` lets providers answer.
pub struct LocalMarket {
    world: Mutex<World>,
    providers: Vec<Provider>,
    /// Providers that refuse every deal.
    pub refusing: Mutex<BTreeSet<String>>,
    /// Providers that say nothing.
    pub silent: Mutex<BTreeSet<String>>,
    /// Providers that take no new deals.
    pub closed: Mutex<BTreeSet<String>>,
    pub unreachable: Mutex<bool>,
    /// Asks of single providers, where they are not the usual one.
    pub asks: Mutex<BTreeMap<String, u128>>,
    /// Proposals that take effect but whose answer is lost.
    lost_answers: Mutex<usize>,
    file: Option<PathBuf>,
}

impl LocalMarket {
    pub fn new(providers: &FolderProviders, file: Option<PathBuf>) -> Arc<Self> {
        let fresh = World {
            now_ms: 1_700_000_000_000,
            balance: 10_u128.pow(30),
            next: 1,
            deals: BTreeMap::new(),
            ask: 1_000_000,
            piece_min: 128,
        };
        let known = file.as_ref().and_then(|file| std::fs::read(file).ok()).map(|text| serde_json::from_slice(&text).unwrap());
        let provider = |name: String| Provider { url: format!("folder://{name}"), address: address_of(&name), name };
        Arc::new(Self {
            world: Mutex::new(known.unwrap_or(fresh)),
            providers: providers.names().into_iter().map(provider).collect(),
            refusing: Mutex::default(),
            silent: Mutex::default(),
            closed: Mutex::default(),
            unreachable: Mutex::default(),
            asks: Mutex::default(),
            lost_answers: Mutex::default(),
            file,
        })
    }

    fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.world.lock().unwrap();
        let result = change(&mut world);
        if let Some(file) = &self.file {
            // Renamed into its place, so that a kill leaves the old or the new state.
            let fresh = file.with_extension("new");
            std::fs::write(&fresh, serde_json::to_vec(&*world).unwrap()).unwrap();
            std::fs::rename(&fresh, file).unwrap();
        }
        result
    }

    pub fn set_balance(&self, balance: u128) {
        self.change(|world| world.balance = balance);
    }

    pub fn set_piece_min(&self, bytes: u64) {
        self.change(|world| world.piece_min = bytes);
    }

    pub fn balance(&self) -> u128 {
        self.world.lock().unwrap().balance
    }

    /// Ledger time passes; terms run out.
    pub fn advance(&self, ms: u64) {
        self.change(|world| {
            world.now_ms += ms;
            let now = world.now_ms;
            for deal in world.deals.values_mut() {
                if matches!(deal.state, State::Active | State::Faulty) && deal.until_ms <= now {
                    deal.state = State::Ended(deal.until_ms, "the term ran out".to_owned());
                }
            }
        });
    }

    /// Providers answer: accept or refuse, prove, agree to extensions and ends.
    pub fn step(&self) {
        let (refusing, silent) = (self.refusing.lock().unwrap().clone(), self.silent.lock().unwrap().clone());
        self.change(|world| {
            let (now, mut refund) = (world.now_ms, 0);
            for deal in world.deals.values_mut().filter(|deal| !silent.contains(&deal.provider)) {
                if deal.is_live() && deal.ending {
                    refund += deal.cost(deal.until_ms.saturating_sub(now));
                    deal.state = State::Ended(now, "both agreed".to_owned());
                    continue;
                }
                if let Some(until) = deal.extend_to_ms.take().filter(|_| matches!(deal.state, State::Active)) {
                    deal.until_ms = until;
                }
                match deal.state {
                    State::Proposed if refusing.contains(&deal.provider) => {
                        refund += deal.cost(deal.term_ms);
                        deal.state = State::Refused("not today".to_owned());
                    }
                    State::Proposed => deal.state = State::Accepted,
                    State::Accepted => {
                        deal.state = State::Active;
                        deal.until_ms = now + deal.term_ms;
                    }
                    _ => {}
                }
            }
            world.balance += refund;
        });
    }

    /// Deals that are not over, by provider.
    pub fn live_deals(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for deal in self.world.lock().unwrap().deals.values().filter(|deal| deal.is_live()) {
            *counts.entry(deal.provider.clone()).or_default() += 1;
        }
        counts
    }

    /// Prices of all deals ever proposed, by provider.
    pub fn prices(&self) -> Vec<(String, u128)> {
        self.world.lock().unwrap().deals.values().map(|deal| (deal.provider.clone(), deal.price)).collect()
    }

    pub fn ask(&self, provider: &str, units: u128) {
        self.asks.lock().unwrap().insert(provider.to_owned(), units);
    }

    /// Deals ever proposed.
    pub fn deals_ever(&self) -> usize {
        self.world.lock().unwrap().deals.len()
    }

    /// Pieces that are paid twice at one provider; must be none.
    pub fn paid_twice(&self) -> Vec<(String, String)> {
        let world = self.world.lock().unwrap();
        let mut seen = BTreeSet::new();
        let live = world.deals.values().filter(|deal| deal.is_live());
        live.map(|deal| (deal.provider.clone(), deal.cid.clone())).filter(|piece| !seen.insert(piece.clone())).collect()
    }

    /// A provider's running deals are terminated.
    pub fn terminate(&self, provider: &str) {
        self.change(|world| {
            let now = world.now_ms;
            for deal in world.deals.values_mut().filter(|deal| deal.is_live() && deal.provider == provider) {
                deal.state = State::Ended(now, "terminated for missing proofs".to_owned());
            }
        });
    }

    /// The next so many proposals take effect, but their answers are lost.
    pub fn lose_answers(&self, count: usize) {
        *self.lost_answers.lock().unwrap() = count;
    }

    fn reach(&self) -> Result<(), MarketError> {
        let unreachable = *self.unreachable.lock().unwrap();
        if unreachable { Err(MarketError::Unreachable { reason: "connection refused".to_owned() }) } else { Ok(()) }
    }
}

/// Deals are numbered; the number stands at the front of the id.
fn deal_id(number: u64) -> UnitId {
    let mut id = [0; 32];
    id[..8].copy_from_slice(&number.to_be_bytes());
    UnitId::new(id)
}

fn number_of(id: UnitId) -> u64 {
    u64::from_be_bytes(*id.get().first_chunk().unwrap())
}

fn view(deal: &Record) -> DealState {
    let until = Instant::new(deal.until_ms);
    match &deal.state {
        State::Proposed => DealState::Proposed,
        State::Accepted => DealState::Accepted,
        State::Active => DealState::Active { until },
        State::Faulty => DealState::Faulty { until },
        State::Refused(reason) => DealState::Refused { reason: reason.clone() },
        State::Expired => DealState::Expired,
        State::Ended(at, reason) => DealState::Ended { at: Instant::new(*at), reason: reason.clone() },
    }
}

const CURRENCY: Currency = Currency { token: Name::literal("FIL"), decimals: 18 };

fn too_low(needed: u128, balance: u128) -> MarketError {
    MarketError::FundsTooLow { needed: Units::new(needed), balance: Units::new(balance), currency: CURRENCY }
}

#[async_trait]
impl Market for LocalMarket {
    fn currency(&self) -> Currency {
        CURRENCY
    }

    async fn now(&self) -> Result<Instant, MarketError> {
        self.reach()?;
        Ok(Instant::new(self.world.lock().unwrap().now_ms))
    }

    async fn offers(&self) -> Result<Vec<Offer>, MarketError> {
        self.reach()?;
        let closed = self.closed.lock().unwrap().clone();
        let asks = self.asks.lock().unwrap().clone();
        let (usual, piece_min) = self.change(|world| (world.ask, world.piece_min));
        let offer = |provider: &Provider| Offer {
            provider: provider.clone(),
            ask: Units::new(asks.get(&provider.name).copied().unwrap_or(usual)),
            piece_min,
            piece_max: 1 << 35,
            free_bytes: Some(1 << 40),
            deals: 0,
            accepting: !closed.contains(&provider.name),
        };
        Ok(self.providers.iter().map(offer).collect())
    }

    async fn propose(&self, proposals: Vec<Proposal>) -> Result<Vec<Result<UnitId, MarketError>>, MarketError> {
        self.reach()?;
        let answers = self.change(|world| {
            let one = |proposal: Proposal| {
                let record = Record {
                    provider: name_of(proposal.provider),
                    cid: proposal.cid.to_string(),
                    piece_size: proposal.piece_size,
                    price: proposal.price.get(),
                    term_ms: proposal.term.get(),
                    until_ms: 0,
                    extend_to_ms: None,
                    ending: false,
                    state: State::Proposed,
                };
                let (needed, balance) = (record.cost(record.term_ms), world.balance);
                if needed > balance {
                    return Err(too_low(needed, balance));
                }
                world.balance -= needed;
                let id = world.next;
                world.next += 1;
                world.deals.insert(id, record);
                Ok(deal_id(id))
            };
            proposals.into_iter().map(one).collect()
        });
        let mut lost = self.lost_answers.lock().unwrap();
        if *lost > 0 {
            *lost -= 1;
            return Err(MarketError::Unreachable { reason: "connection reset".to_owned() });
        }
        Ok(answers)
    }

    async fn find(&self, pieces: Vec<(Address, Commitment)>) -> Result<Vec<Option<UnitId>>, MarketError> {
        self.reach()?;
        let world = self.world.lock().unwrap();
        let one = |(provider, cid): (Address, Commitment)| {
            let (provider, cid) = (name_of(provider), cid.to_string());
            let mut live = world.deals.iter().rev().filter(|(_, deal)| deal.is_live());
            live.find(|(_, deal)| deal.provider == provider && deal.cid == cid).map(|(id, _)| deal_id(*id))
        };
        Ok(pieces.into_iter().map(one).collect())
    }

    async fn deals(&self, ids: Vec<UnitId>) -> Result<Vec<Deal>, MarketError> {
        self.reach()?;
        let world = self.world.lock().unwrap();
        let one = |id: UnitId| {
            let state = world.deals.get(&number_of(id)).map(view);
            Deal { id, state }
        };
        Ok(ids.into_iter().map(one).collect())
    }

    fn cost(&self, price: Units, piece_size: u64, term: Span) -> Units {
        Units::new(price.get() * u128::from(piece_size) * u128::from(term.get().div_ceil(EPOCH_MS)) / GIB)
    }

    async fn extend(&self, extensions: Vec<Extension>) -> Result<Vec<Result<Units, MarketError>>, MarketError> {
        self.reach()?;
        Ok(self.change(|world| {
            let one = |extension: Extension| {
                let balance = world.balance;
                let deal = world.deals.get_mut(&number_of(extension.deal));
                let Some(deal) = deal.filter(|deal| deal.state == State::Active) else {
                    return Err(MarketError::Refused { reason: "the deal is not active".to_owned() });
                };
                let until = extension.until.get();
                if deal.extend_to_ms.unwrap_or(deal.until_ms) >= until {
                    return Ok(Units::ZERO);
                }
                if extension.max_price.is_some_and(|max| deal.price > max.get()) {
                    return Err(MarketError::Refused { reason: "it costs more than the limit".to_owned() });
                }
                let needed = deal.cost(until - deal.until_ms);
                if needed > balance {
                    return Err(too_low(needed, balance));
                }
                deal.extend_to_ms = Some(until);
                world.balance -= needed;
                Ok(Units::new(needed))
            };
            extensions.into_iter().map(one).collect()
        }))
    }

    async fn end(&self, deals: Vec<UnitId>) -> Result<Vec<Result<(), MarketError>>, MarketError> {
        self.reach()?;
        Ok(self.change(|world| {
            let one = |id: UnitId| {
                if let Some(deal) = world.deals.get_mut(&number_of(id)) {
                    deal.ending = true;
                }
                Ok(())
            };
            deals.into_iter().map(one).collect()
        }))
    }

    async fn funds(&self) -> Result<Funds, MarketError> {
        self.reach()?;
        let world = self.world.lock().unwrap();
        let burn = world.deals.values().filter(|deal| deal.is_live()).map(|deal| deal.cost(86_400_000)).sum();
        Ok(Funds { balance: Units::new(world.balance), burn_per_day: Units::new(burn) })
    }

    async fn changed(&self) {
        std::future::pending().await
    }
}
