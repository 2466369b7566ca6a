//! Whether a client can pay for what it wants kept without a deal.
//!
//! In: a client and the bytes that it has on hold or on their way. Out: yes, or what is missing. Nothing is charged: a hold is free, but
//! only who could pay for it gets one (docs/decisions/0014-holds-need-funds.md).
//! What accounts have is read from the chain through the provider's node, and remembered: for seconds while the node answers, for an hour while it does not.

use super::clients::ProofTerms;
use depin_client::{
    Client, ClientError, Credit,
    api::{Amount, Currency, DealQuery},
};
use depin_economy::Spec;
use depin_quantity::{Address, Instant as LedgerInstant, Rounding, Span, Units};
use depin_services::storage::StorageParams;
use futures::future::{BoxFuture, FutureExt as _};
use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};

/// How long what an account has is taken for true.
const FRESH: Duration = Duration::from_secs(10);
/// The same where it is too little: whoever sends tokens does not wait long.
const FRESH_SHORT: Duration = Duration::from_secs(2);
/// The same while the node does not answer.
const STALE: Duration = Duration::from_secs(3_600);
/// How long what the network says is taken for true.
const FRESH_TERMS: Duration = Duration::from_secs(60);
/// Accounts remembered.
const KNOWN_MAX: usize = 4_096;
/// Questions to the node at once, and how long an answer may take.
const QUESTIONS: usize = 8;
const PATIENCE: Duration = Duration::from_secs(5);
/// Deals of a client whose escrow is counted, the first by their ids.
const DEALS: u32 = 100;

/// Why nothing is kept for a client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FundsError {
    /// It could not pay for it.
    #[error(
        "{client} could not pay for {bytes} bytes kept for {span}, its other uploads without deals included: that is {cost} at this \
         provider's price, the account has {free} free and {escrow} in escrow of deals with this provider, and {missing} are missing",
        cost = .cost.display, free = .free.display, escrow = .escrow.display, missing = .missing.display
    )]
    Short {
        /// The client.
        client: Address,
        /// What it would have on hold.
        bytes: u64,
        /// For how long, wall time.
        span: Span,
        /// What that costs.
        cost: Box<Amount>,
        /// What the account can spend.
        free: Box<Amount>,
        /// What its deals with this provider hold for it.
        escrow: Box<Amount>,
        /// What is missing.
        missing: Box<Amount>,
    },
    /// The chain cannot be asked.
    #[error("what {client} has is not known: {reason}")]
    Unknown {
        /// The client.
        client: Address,
        /// What the node said, or did not.
        reason: String,
    },
}

/// Knows what clients have.
pub trait Funds: Send + Sync {
    /// Says yes when `client` could pay for keeping `bytes` for as long as a hold lasts.
    fn cover(&self, client: Address, bytes: u64) -> BoxFuture<'_, Result<(), FundsError>>;
}

/// A network's file, and what storage reads in it: token and epoch, which do not depend on when epoch 0 was, may be used.
async fn network(client: &Client) -> Result<(Spec, StorageParams), ClientError> {
    let network = client.network().await?;
    let unreadable =
        |reason: String| ClientError::Answer { url: client.url().to_owned(), what: "the network's file".to_owned(), reason };
    let spec = Spec::parse(&network.file).map_err(|error| unreadable(error.to_string()))?;
    let params = StorageParams::read(&spec, LedgerInstant::new(0)).map_err(|error| unreadable(error.to_string()))?;
    Ok((spec, params))
}

/// What deals are paid in, and what proofs are; the latter where fees are in the same token. Its fees are none: they change.
pub(super) async fn deals(client: &Client) -> Result<(Currency, Option<ProofTerms>), ClientError> {
    let (spec, params) = network(client).await?;
    let StorageParams { token, decimals, epoch, proving_period: period, challenges: leaves, set_sectors, .. } = params;
    let (base_fee, row_fee) = (Units::ZERO, Units::ZERO);
    let proofs = ProofTerms { epoch, period, leaves, set_sectors, base_fee, row_fee };
    Ok((Currency { token, decimals }, (spec.fee().token == token).then_some(proofs)))
}

/// What a network and a provider say of a hold's price.
#[derive(Clone, Copy, Debug)]
struct Terms {
    currency: Currency,
    credit: Option<Credit>,
    epoch: Span,
    /// Milliseconds of ledger time per millisecond of wall time.
    speed: u32,
}

impl Terms {
    async fn ask(client: &Client) -> Result<Self, ClientError> {
        let ((spec, params), status) = (network(client).await?, client.status().await?);
        let StorageParams { token, decimals, epoch, .. } = params;
        let currency = Currency { token, decimals };
        Ok(Self { currency, credit: Credit::of(&spec, token), epoch, speed: status.speed })
    }

    /// What `bytes` cost for `hold_ms` of wall time at `price` per GiB and epoch: rounded up, and never nothing.
    fn cost(&self, price: Units, bytes: u64, hold_ms: u64) -> Units {
        let ledger_ms = u128::from(hold_ms) * u128::from(self.speed);
        let epochs = ledger_ms.div_ceil(u128::from(self.epoch.get().max(1)));
        let cost = price.mul_div(epochs.saturating_mul(bytes.into()), 1 << 30, Rounding::Up);
        cost.unwrap_or(Units::new(u128::MAX)).max(Units::new(1))
    }

    fn amount(&self, units: Units) -> Box<Amount> {
        Box::new(self.currency.amount(units))
    }
}

/// What an account had.
#[derive(Clone, Copy, Debug)]
struct Known {
    free: Units,
    escrow: Units,
    at: Instant,
}

impl Known {
    fn all(&self) -> Units {
        self.free.plus(self.escrow).unwrap_or(Units::new(u128::MAX))
    }
}

/// What accounts have by a node's chain.
pub(super) struct LedgerFunds {
    client: Client,
    provider: Address,
    hold_ms: u64,
    /// The provider's price per GiB and epoch.
    price: Box<dyn Fn() -> Units + Send + Sync>,
    terms: tokio::sync::Mutex<Option<(Instant, Terms)>>,
    known: Mutex<HashMap<Address, Known>>,
    /// Since when the node does not answer, and what it said instead.
    away: Mutex<Option<(Instant, String)>>,
    questions: Semaphore,
}

impl fmt::Debug for LedgerFunds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LedgerFunds").field("provider", &self.provider).finish_non_exhaustive()
    }
}

impl LedgerFunds {
    /// For holds of `hold_ms` at a provider that asks `price` per GiB and epoch.
    pub(super) fn new(
        client: Client,
        provider: Address,
        hold_ms: u64,
        price: impl Fn() -> Units + Send + Sync + 'static,
    ) -> Self {
        let (terms, known, away) = (tokio::sync::Mutex::default(), Mutex::default(), Mutex::default());
        Self { client, provider, hold_ms, price: Box::new(price), terms, known, away, questions: Semaphore::new(QUESTIONS) }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Address, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The network's terms; while the node does not give them, those of before.
    async fn terms(&self) -> Result<Terms, String> {
        let mut terms = self.terms.lock().await;
        let before = match *terms {
            // The speed may change with a restart of the node.
            Some((at, known)) if at.elapsed() < FRESH_TERMS => return Ok(known),
            before => before.map(|(_, known)| known),
        };
        let known = match (answer(Terms::ask(&self.client)).await, before) {
            (Ok(asked), _) => asked,
            (Err(_), Some(before)) => before,
            (Err(reason), None) => return Err(reason),
        };
        *terms = Some((Instant::now(), known));
        Ok(known)
    }

    /// Asks the node what an account has; for its escrow only when the rest is less than `enough`.
    async fn ask(&self, client: Address, terms: &Terms, enough: Units) -> Result<Known, ClientError> {
        let account = self.client.account(client).await?;
        let free = match &terms.credit {
            Some(credit) => credit.within_reach(&account, credit.price(&self.client).await?),
            None => account.balance(terms.currency.token),
        };
        let mut escrow = Units::ZERO;
        if free < enough {
            let query =
                DealQuery { client: Some(client), provider: Some(self.provider), limit: Some(DEALS), ..DealQuery::default() };
            let deals = self.client.storage().deals(&query).await?.items;
            let escrows = deals.into_iter().filter_map(|deal| deal.escrow).filter(|escrow| escrow.token == terms.currency.token);
            escrow = escrows.fold(escrow, |sum, escrow| sum.plus(escrow.units).unwrap_or(Units::new(u128::MAX)));
        }
        Ok(Known { free, escrow, at: Instant::now() })
    }

    /// As [`LedgerFunds::ask`], with few questions at once, and none for a moment after one that was not answered.
    async fn look_up(&self, client: Address, terms: &Terms, enough: Units) -> Result<Known, String> {
        let _turn = answer(async { Ok(self.questions.acquire().await.ok()) }).await?;
        let away = || self.away.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, reason)) = away().as_ref().filter(|(at, _)| at.elapsed() < PATIENCE) {
            return Err(reason.clone());
        }
        let asked = answer(self.ask(client, terms, enough)).await;
        *away() = asked.as_ref().err().map(|reason| (Instant::now(), reason.clone()));
        let known = asked?;
        remember(&mut self.known(), client, known, enough);
        Ok(known)
    }

    async fn check(&self, client: Address, bytes: u64) -> Result<(), FundsError> {
        let unknown = |reason: String| FundsError::Unknown { client, reason };
        let terms = self.terms().await.map_err(unknown)?;
        let cost = terms.cost((self.price)(), bytes, self.hold_ms);
        let before = self.known().get(&client).copied();
        let fresh = before.filter(|known| known.at.elapsed() < if known.all() >= cost { FRESH } else { FRESH_SHORT });
        let known = match fresh {
            Some(known) => known,
            None => match self.look_up(client, &terms, cost).await {
                Ok(known) => known,
                Err(reason) => before.filter(|known| known.at.elapsed() < STALE).ok_or_else(|| unknown(reason))?,
            },
        };
        if known.all() >= cost {
            return Ok(());
        }
        let (free, escrow, missing) = (known.free, known.escrow, cost.minus_or_zero(known.all()));
        let [cost, free, escrow, missing] = [cost, free, escrow, missing].map(|units| terms.amount(units));
        Err(FundsError::Short { client, bytes, span: Span::from_millis(self.hold_ms), cost, free, escrow, missing })
    }
}

/// An answer of the node, in bounded time.
async fn answer<T>(asked: impl Future<Output = Result<T, ClientError>>) -> Result<T, String> {
    match timeout(PATIENCE, asked).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err(format!("the node did not answer within {} s", PATIENCE.as_secs())),
    }
}

impl Funds for LedgerFunds {
    fn cover(&self, client: Address, bytes: u64) -> BoxFuture<'_, Result<(), FundsError>> {
        self.check(client, bytes).boxed()
    }
}

/// Remembers an account; where there is no room, one that had too little is forgotten first, then the one asked for longest ago.
fn remember(known: &mut HashMap<Address, Known>, client: Address, found: Known, enough: Units) {
    if known.len() >= KNOWN_MAX && !known.contains_key(&client) {
        let least = known.iter().min_by_key(|(_, known)| (known.all() >= enough, known.at)).map(|(address, _)| *address);
        least.and_then(|address| known.remove(&address));
    }
    known.insert(client, found);
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_quantity::Name;

    fn terms(speed: u32) -> Terms {
        let currency = Currency { token: Name::literal("FIL"), decimals: 18 };
        Terms { currency, credit: None, epoch: Span::from_secs(30), speed }
    }

    #[test]
    fn a_hold_costs_its_span_at_the_price_rounded_up_and_never_nothing() {
        let hour = 3_600_000;
        let cost = |speed, price, bytes| terms(speed).cost(Units::new(price), bytes, hour).get();
        assert_eq!(cost(1, 500_000_000, 1 << 30), 120 * 500_000_000);
        assert_eq!(cost(20, 500_000_000, 1 << 30), 20 * 120 * 500_000_000, "an hour of the wall is twenty of the ledger");
        assert_eq!(cost(1, 7, 3 << 28), 630);
        assert_eq!((cost(1, 1, 1), cost(1, 0, 1 << 40)), (1, 1));
        assert_eq!(cost(u32::MAX, u128::MAX, u64::MAX), u128::MAX);
    }

    #[test]
    fn strangers_push_no_customer_out_of_memory() {
        let mut known = HashMap::new();
        let (enough, at) = (Units::new(10), Instant::now());
        let has = |free: u128| Known { free: Units::new(free), escrow: Units::ZERO, at };
        let address = |n: usize| Address::new(std::array::from_fn(|at| n.to_le_bytes().get(at).copied().unwrap_or(0)));
        remember(&mut known, address(0), has(10), enough);
        for n in 1..KNOWN_MAX + 100 {
            remember(&mut known, address(n), has(0), enough);
        }
        assert_eq!(known.len(), KNOWN_MAX);
        assert!(known.contains_key(&address(0)) && known.contains_key(&address(KNOWN_MAX + 99)));
    }
}
