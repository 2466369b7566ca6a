//! Which tokens were taken back: each carries the generation of its account's tokens, and the ledger knows which one counts.

use async_trait::async_trait;
use depin_client::Client;
use depin_quantity::Address;
use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::Semaphore, time::Instant};

/// For so long what the ledger said is good: a token that was taken back may be taken so much longer.
const FRESH: Duration = Duration::from_secs(5);
/// For so long it does when the node does not answer: a provider's tenants reach their leases meanwhile.
const STALE: Duration = Duration::from_secs(60);
/// Longest wait for the node.
const PATIENCE: Duration = Duration::from_secs(5);
/// Accounts that are remembered.
const ACCOUNTS_MAX: usize = 4_096;
/// Questions to the node at once.
const QUESTIONS_MAX: usize = 32;

/// Knows the generation of accounts' tokens.
#[async_trait]
pub trait Generations: Send + Sync + 'static {
    /// The one that counts, read no more than some seconds ago. `shown` is that of a token that wants to be let in: one that is newer than
    /// what is remembered is worth a question.
    ///
    /// # Errors
    /// Why it is not known.
    async fn current(&self, account: Address, shown: u64) -> Result<u64, String>;
}

/// What a node says, remembered for some seconds.
pub struct LedgerGenerations {
    client: Client,
    known: Mutex<HashMap<Address, (u64, Instant)>>,
    questions: Semaphore,
}

impl fmt::Debug for LedgerGenerations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LedgerGenerations").field("node", &self.client.url()).finish_non_exhaustive()
    }
}

impl LedgerGenerations {
    /// Asks this node.
    pub fn new(client: Client) -> Self {
        Self { client, known: Mutex::default(), questions: Semaphore::new(QUESTIONS_MAX) }
    }

    fn known(&self, account: Address) -> Option<(u64, Duration)> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&account).map(|(generation, at)| (*generation, at.elapsed()))
    }

    fn remember(&self, account: Address, generation: u64) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= ACCOUNTS_MAX && !known.contains_key(&account) {
            known.retain(|_, (_, at)| at.elapsed() < FRESH);
            if known.len() >= ACCOUNTS_MAX {
                // Strangers' accounts, made up faster than they age: whoever is dropped is asked about again.
                known.clear();
            }
        }
        known.insert(account, (generation, Instant::now()));
    }

    async fn ask(&self, account: Address) -> Result<u64, String> {
        let Ok(_question) = self.questions.try_acquire() else { return Err("the node is asked too much at once".to_owned()) };
        let asked = tokio::time::timeout(PATIENCE, self.client.leasing().tenant(account)).await;
        let tenant = asked.map_err(|_| "the node does not answer in time".to_owned())?.map_err(|error| error.to_string())?;
        self.remember(account, tenant.token_generation);
        Ok(tenant.token_generation)
    }
}

#[async_trait]
impl Generations for LedgerGenerations {
    async fn current(&self, account: Address, shown: u64) -> Result<u64, String> {
        let known = self.known(account);
        match known {
            Some((generation, age)) if age < FRESH && shown <= generation => return Ok(generation),
            _ => {}
        }
        match (self.ask(account).await, known) {
            (Err(why), Some((generation, age))) if age < STALE => {
                tracing::debug!(%account, why, "tokens are judged by what the ledger said before");
                Ok(generation)
            }
            (asked, _) => asked,
        }
    }
}
