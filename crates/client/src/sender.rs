//! One sender's transactions: signed, handed in, followed until they are final, taking effect at most once.
//!
//! In: [`Message`]s. Out: receipts. All clones of a [`Sender`] share one nonce counter; hand-ins go one after another, waiting
//! for finality does not, so several messages of one sender can be under way.
//!
//! Why nothing is done twice: a message is signed for one nonce, and whatever happens to the connection, the same bytes are sent
//! again. It is signed for another nonce only when the first has been used up by a different transaction, so that the first
//! signature can never count. When a fee turns out too low, the same nonce is signed again with a higher one: at most one of the
//! two can be included, and both are followed.

use crate::{
    SigningKey,
    api::{FinalReceipt, Status, TransactionPhase, code},
    client::Client,
    error::{ClientError, SubmitError},
    http::Backoff,
};
use depin_ledger::{Body, Message, TRANSACTION_MAX, Transaction};
use depin_quantity::{Address, Name, Rounding, UnitId, Units};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex as SyncMutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Mutex, time::Instant};

/// Hand-ins of one message with a fresh nonce before giving up: each means that another transaction of this key was quicker.
const NONCES_TRIED: u32 = 8;
/// Looks at a pending transaction between two looks at the base fee.
const LOOKS_PER_FEE: u32 = 4;
/// Times that one message is signed with a higher fee: with the usual head room the last of them pays far more than any ceiling.
const RAISES_MOST: usize = 16;
/// How often an unknown transaction is looked for again before it counts as unknown.
const UNKNOWN_SEEN: u32 = 3;

/// How a sender pays and waits.
#[derive(Clone, Debug)]
pub struct SenderConfig {
    /// Chain to sign for; the node's, asked once, when `None`.
    pub chain_id: Option<Name>,
    /// Tip per transaction, base units of the fee token.
    pub tip: Units,
    /// Highest base fee paid, in percent of the present one; the present one is what is charged.
    pub base_fee_percent: u32,
    /// Highest base fee that is signed, base units of the fee token for a unit of work; the client's own limit when `None`, see
    /// [`ClientConfig::base_fee_most`](crate::ClientConfig::base_fee_most).
    pub base_fee_most: Option<Units>,
    /// Longest wait for finality.
    pub final_timeout: Duration,
    /// First pause between two looks at a pending transaction; it doubles.
    pub poll: Duration,
    /// Longest such pause.
    pub poll_max: Duration,
}

impl Default for SenderConfig {
    fn default() -> Self {
        Self {
            chain_id: None,
            tip: Units::ZERO,
            base_fee_percent: 300,
            base_fee_most: None,
            final_timeout: Duration::from_secs(120),
            poll: Duration::from_millis(25),
            poll_max: Duration::from_millis(500),
        }
    }
}

/// Signs a transaction.
pub fn sign(key: &SigningKey, chain_id: Name, nonce: u64, base_fee_max: Units, tip: Units, message: Message) -> Transaction {
    let body = Body { chain_id, key: key.public_key(), nonce, base_fee_max, tip, message };
    let signature = key.sign(&body.signed_bytes());
    Transaction { body, signature }
}

/// Sends one key's transactions to one node. Clones share the nonce; use one sender per key in a process.
#[derive(Clone, Debug)]
pub struct Sender {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client: Client,
    key: SigningKey,
    config: SenderConfig,
    /// Held while a transaction is handed in, so that nonces reach the node in order.
    turn: Mutex<Turn>,
    /// What was handed in and is not final, by nonce.
    under_way: SyncMutex<BTreeMap<u64, Transaction>>,
}

#[derive(Debug, Default)]
struct Turn {
    chain_id: Option<Name>,
    /// The next nonce; asked from the node when unknown.
    next: Option<u64>,
}

/// A transaction that was handed in, with those that may be included in its place.
struct HandedIn {
    nonce: u64,
    /// The first is as signed first; the last is the one to send again.
    signed: Vec<(UnitId, Transaction)>,
    receipt: Option<FinalReceipt>,
    /// How often it was looked for.
    looks: u32,
}

/// Removes a transaction from those under way however its submission ends.
struct UnderWay<'a> {
    inner: &'a Inner,
    nonce: u64,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.inner.under_way().remove(&self.nonce);
    }
}

impl Sender {
    /// A sender of `key`'s transactions to `client`'s node.
    pub fn new(client: Client, key: SigningKey) -> Self {
        Self::with_config(client, key, SenderConfig::default())
    }

    /// The same with other settings.
    pub fn with_config(client: Client, key: SigningKey, config: SenderConfig) -> Self {
        let turn = Mutex::new(Turn { chain_id: config.chain_id, next: None });
        Self { inner: Arc::new(Inner { client, key, config, turn, under_way: SyncMutex::default() }) }
    }

    /// The sender's address.
    pub fn address(&self) -> Address {
        self.inner.key.address()
    }

    /// The key it signs with.
    pub fn key(&self) -> &SigningKey {
        &self.inner.key
    }

    /// The node it sends to.
    pub fn client(&self) -> &Client {
        &self.inner.client
    }

    /// The chain it signs for.
    ///
    /// # Errors
    /// [`ClientError`] when the node must be asked and does not answer.
    pub async fn chain_id(&self) -> Result<Name, ClientError> {
        let mut turn = self.inner.turn.lock().await;
        match turn.chain_id {
            Some(chain_id) => Ok(chain_id),
            None => Ok(*turn.chain_id.insert(self.inner.client.status().await?.chain_id)),
        }
    }

    /// Signs `message`, hands it in and waits until it is final.
    ///
    /// Cancelling leaves open whether it takes effect, as [`SubmitError::Uncertain`] does.
    ///
    /// # Errors
    /// [`SubmitError`]. Only `Uncertain` leaves open whether it takes effect.
    pub async fn submit(&self, message: Message) -> Result<FinalReceipt, SubmitError> {
        self.submit_told(message, |_| {}).await
    }

    /// The same; `signed` is told the id of every transaction that is signed for the message, before it is sent. At most one of them
    /// takes effect.
    ///
    /// # Errors
    /// As [`Sender::submit`].
    pub async fn submit_told(
        &self,
        message: Message,
        signed: impl Fn(UnitId) + Send + Sync,
    ) -> Result<FinalReceipt, SubmitError> {
        let begun = Instant::now();
        for _ in 0..NONCES_TRIED {
            let handed_in = self.inner.hand_in(&message, begun, &signed).await?;
            let _guard = UnderWay { inner: &self.inner, nonce: handed_in.nonce };
            if let Some(receipt) = self.inner.follow(handed_in, begun).await? {
                return match receipt.failure.clone() {
                    None => Ok(receipt),
                    Some(failure) => {
                        Err(SubmitError::Failed { code: failure.code, message: failure.message, receipt: Box::new(receipt) })
                    }
                };
            }
        }
        Err(SubmitError::Client(ClientError::Refused {
            status: 409,
            code: code::NONCE_TOO_LOW.to_owned(),
            message: format!("{NONCES_TRIED} nonces in a row were used by other transactions of this key"),
            hint: "stop the other program that sends with this key".to_owned(),
        }))
    }

    /// Waits until nothing of this key waits in the node's pool: what it did before, also before a restart, has been decided.
    ///
    /// # Errors
    /// [`ClientError`]; `Timeout` when it takes longer than `final_timeout`.
    pub async fn settled(&self) -> Result<(), ClientError> {
        let config = &self.inner.config;
        let begun = Instant::now();
        let mut pause = Backoff::new(config.poll, config.poll_max);
        loop {
            let account = self.inner.client.account(self.address()).await?;
            if account.next_nonce == account.nonce && self.inner.under_way().is_empty() {
                return Ok(());
            }
            if begun.elapsed() > config.final_timeout {
                let url = self.inner.client.url().to_owned();
                return Err(ClientError::Timeout { url, what: "settling".to_owned(), after: config.final_timeout });
            }
            pause.wait().await;
        }
    }
}

impl Inner {
    fn under_way(&self) -> MutexGuard<'_, BTreeMap<u64, Transaction>> {
        // A map of plain values is whole at every point where a holder could panic.
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signs for the next nonce and hands in, until the node has it or says no for good.
    async fn hand_in(
        &self,
        message: &Message,
        begun: Instant,
        signed: &(impl Fn(UnitId) + Send + Sync),
    ) -> Result<HandedIn, SubmitError> {
        let mut turn = self.turn.lock().await;
        let mut refusal = None;
        let mut pause = Backoff::new(self.config.poll, self.config.poll_max);
        for _ in 0..NONCES_TRIED {
            if refusal.is_some() {
                pause.wait().await;
            }
            let (chain_id, base_fee_max) = self.conditions(&mut turn).await?;
            // Unknown until this hand-in is over, also when it is cancelled in between.
            let nonce = match turn.next.take() {
                Some(nonce) => nonce,
                None => self.next_nonce().await?,
            };
            let transaction = sign(&self.key, chain_id, nonce, base_fee_max, self.config.tip, message.clone());
            check_size(&transaction)?;
            signed(transaction.id());
            match self.post_until_clear(&transaction, begun).await {
                Ok(receipt) => {
                    turn.next = Some(nonce.saturating_add(1));
                    self.under_way().insert(nonce, transaction.clone());
                    return Ok(HandedIn { nonce, signed: vec![(transaction.id(), transaction)], receipt, looks: 0 });
                }
                Err(SubmitError::Client(error)) => match error.code() {
                    Some(code::NONCE_TOO_LOW | code::NONCE_TAKEN) => refusal = Some(error),
                    Some(code::NONCE_TOO_HIGH) => {
                        // The node lost some that come before, by a restart for instance.
                        self.post_those_under_way().await;
                        refusal = Some(error);
                    }
                    Some(code::FEE_TOO_LOW) => refusal = Some(error),
                    _ => return Err(error.into()),
                },
                Err(error) => return Err(error),
            }
        }
        Err(refusal.expect("the loop runs at least once and ends without a refusal only by returning").into())
    }

    /// Chain to sign for and highest base fee to pay.
    async fn conditions(&self, turn: &mut Turn) -> Result<(Name, Units), SubmitError> {
        let status = self.client.status().await?;
        let expected = *turn.chain_id.get_or_insert(status.chain_id);
        if expected != status.chain_id {
            return Err(SubmitError::WrongChain { expected, found: status.chain_id });
        }
        Ok((expected, self.base_fee_max(&status)?))
    }

    /// The base fee to sign: the present one with head room, up to the ceiling.
    ///
    /// - Errors: [`SubmitError::BaseFee`] when the present one is above the ceiling.
    fn base_fee_max(&self, status: &Status) -> Result<Units, SubmitError> {
        self.client.base_fee_max(status, self.config.base_fee_percent, self.config.base_fee_most)
    }

    async fn next_nonce(&self) -> Result<u64, ClientError> {
        let account = self.client.account(self.key.address()).await?;
        let ours = self.under_way().last_key_value().map_or(0, |(nonce, _)| nonce.saturating_add(1));
        Ok(account.next_nonce.max(account.nonce).max(ours))
    }

    /// Posts the same bytes until it is clear whether the node has them.
    async fn post_until_clear(&self, transaction: &Transaction, begun: Instant) -> Result<Option<FinalReceipt>, SubmitError> {
        let id = transaction.id();
        let mut pause = Backoff::new(self.config.poll, self.config.poll_max);
        let mut in_doubt = false;
        loop {
            let error = match self.client.post_transaction(transaction, false).await {
                Ok(posted) => return Ok(posted.receipt),
                Err(error) => error,
            };
            // An earlier try may have got through although its answer did not.
            if in_doubt
                && error.code().is_some()
                && let Some(known) = self.look(id).await?
            {
                return Ok(known.receipt);
            }
            match &error {
                ClientError::Unreachable { connected: false, .. } => {}
                ClientError::Refused { .. } if !error.is_passing() => return Err(error.into()),
                ClientError::Url { .. } => return Err(error.into()),
                _ => in_doubt = true,
            }
            if begun.elapsed() >= self.config.final_timeout {
                return Err(if in_doubt { self.uncertain(id) } else { error.into() });
            }
            tracing::debug!(%error, %id, "handing the same transaction in again");
            pause.wait().await;
        }
    }

    /// What the node knows of a transaction; `None` when it has looked several times and knows nothing.
    async fn look(&self, id: UnitId) -> Result<Option<crate::api::TransactionStatus>, ClientError> {
        for left in (0..UNKNOWN_SEEN).rev() {
            let known = self.client.transaction(id).await?;
            if known.state != TransactionPhase::Unknown {
                return Ok(Some(known));
            }
            if left > 0 {
                tokio::time::sleep(self.config.poll).await;
            }
        }
        Ok(None)
    }

    async fn post_those_under_way(&self) {
        let waiting: Vec<Transaction> = self.under_way().values().cloned().collect();
        for transaction in waiting {
            if let Err(error) = self.client.post_transaction(&transaction, false).await {
                tracing::debug!(%error, nonce = transaction.body.nonce, "could not hand an earlier transaction in again");
            }
        }
    }

    /// Waits until one of the signed transactions is final. `None`: their nonce went to another transaction, they never count.
    async fn follow(&self, mut at: HandedIn, begun: Instant) -> Result<Option<FinalReceipt>, SubmitError> {
        let first = at.signed[0].0;
        let mut pause = Backoff::new(self.config.poll, self.config.poll_max);
        loop {
            if at.receipt.is_some() {
                return Ok(at.receipt);
            }
            if begun.elapsed() >= self.config.final_timeout {
                self.turn.lock().await.next = None;
                return Err(self.uncertain(first));
            }
            pause.wait().await;
            match self.step(&mut at).await {
                Ok(Step::Wait) => {}
                Ok(Step::Displaced) => {
                    self.turn.lock().await.next = None;
                    return Ok(None);
                }
                // The node may be restarting; what was handed in is followed on.
                Err(error) if error.is_passing() => tracing::debug!(%error, id = %first, "could not look, looking again"),
                Err(error) => {
                    self.turn.lock().await.next = None;
                    return Err(error.into());
                }
            }
        }
    }

    /// Looks once, and sends again what the node has lost.
    async fn step(&self, at: &mut HandedIn) -> Result<Step, ClientError> {
        let mut pending = false;
        for (id, _) in &at.signed {
            let known = self.client.transaction(*id).await?;
            if known.receipt.is_some() {
                at.receipt = known.receipt;
                return Ok(Step::Wait);
            }
            pending |= known.state != TransactionPhase::Unknown;
        }
        let last = &at.signed[at.signed.len() - 1].1;
        at.looks += 1;
        if pending {
            if !at.looks.is_multiple_of(LOOKS_PER_FEE) {
                return Ok(Step::Wait);
            }
            let status = self.client.status().await?;
            return if status.dearest_base_fee() > last.body.base_fee_max {
                self.raise_fee(at, &status).await
            } else {
                Ok(Step::Wait)
            };
        }
        match self.client.post_transaction(last, false).await {
            Ok(posted) => {
                at.receipt = posted.receipt;
                Ok(Step::Wait)
            }
            Err(error) => match error.code() {
                Some(code::NONCE_TOO_LOW) => {
                    for (id, _) in &at.signed {
                        if let Some(known) = self.look(*id).await? {
                            at.receipt = known.receipt;
                            return Ok(Step::Wait);
                        }
                    }
                    Ok(Step::Displaced)
                }
                Some(code::FEE_TOO_LOW) => {
                    let status = self.client.status().await?;
                    self.raise_fee(at, &status).await
                }
                // Another program's transaction has the nonce for now; one of the two will be final.
                Some(code::NONCE_TAKEN) => Ok(Step::Wait),
                Some(code::NONCE_TOO_HIGH) => {
                    self.post_those_under_way().await;
                    Ok(Step::Wait)
                }
                _ => Err(error),
            },
        }
    }

    /// Signs the same nonce again with a higher fee, and with a higher tip, since pools replace only for one. Above the ceiling, and after
    /// many times, it waits for the fee to fall.
    async fn raise_fee(&self, at: &mut HandedIn, status: &Status) -> Result<Step, ClientError> {
        let base_fee_max = match self.base_fee_max(status) {
            Ok(base_fee_max) if at.signed.len() <= RAISES_MOST => base_fee_max,
            Ok(_) => return Ok(Step::Wait),
            Err(error) => {
                tracing::debug!(%error, nonce = at.nonce, "the fee is not raised");
                return Ok(Step::Wait);
            }
        };
        let body = &at.signed[at.signed.len() - 1].1.body;
        let tenth = body.tip.mul_div(1, 10, Rounding::Up).unwrap_or(Units::ZERO);
        let tip = body.tip.plus(tenth.max(Units::new(1))).unwrap_or(body.tip);
        let raised = sign(&self.key, body.chain_id, body.nonce, base_fee_max, tip, body.message.clone());
        // Followed from before it is sent: the answer may get lost.
        at.signed.push((raised.id(), raised.clone()));
        self.under_way().insert(at.nonce, raised.clone());
        match self.client.post_transaction(&raised, false).await {
            Ok(posted) => at.receipt = posted.receipt,
            Err(error) if error.code().is_some() || error.is_passing() => {
                tracing::debug!(%error, nonce = at.nonce, "the transaction with the raised fee was not taken");
            }
            Err(error) => return Err(error),
        }
        Ok(Step::Wait)
    }

    fn uncertain(&self, id: UnitId) -> SubmitError {
        SubmitError::Uncertain { id, after: self.config.final_timeout }
    }
}

enum Step {
    Wait,
    Displaced,
}

fn check_size(transaction: &Transaction) -> Result<(), SubmitError> {
    let bytes = transaction.encode().len();
    if bytes > TRANSACTION_MAX { Err(SubmitError::TooLarge { bytes, allowed: TRANSACTION_MAX }) } else { Ok(()) }
}
