//! What the customer's key does, exactly once.
//!
//! The ledger has no id for an order, a raise or a dispute by which it would know that it took it before. What it has is the account's
//! nonce: of all transactions with one nonce, at most one takes effect. So every action goes through four steps:
//!
//! 1. *Taken*: the action and the message that it will say are on the disk, under the caller's id. Then the caller may be answered.
//! 2. *Signed*: for the account's next nonce, when nothing of the account waits in the node's pool. The signed bytes are on the disk
//!    before they are sent: whatever is killed afterwards, every transaction that could ever take effect is known here.
//! 3. *Sent*, the same bytes again and again, until the node knows them as decided. A fee that became too low is raised under the same
//!    nonce, and kept as well.
//! 4. *Decided*: the node has the receipt of one of them. Only when the ledger's nonce has passed all of them and none is known there,
//!    by its receipt and (for an order) by its id on the ledger, did another program's transaction take the nonce: then none of them
//!    can count any more, and the action is signed anew.
//!
//! What the node can take from nobody and at no time is decided at step 3: the action is refused, and the next one goes on.
//!
//! A crash between signing and answering so finds the bytes on the disk, and step 3 goes on with them. Actions go one after another.

use crate::{
    node::{Core, Pause},
    store::{Action, ActionState, StoreError, actions},
    wire::Reason,
};
use depin_client::{
    ClientError, SubmitError,
    api::{FinalReceipt, Status, code},
    sign,
};
use depin_ledger::{Message, Transaction};
use depin_quantity::{Rounding, UnitId, Units};
use depin_services::metered::{MeteredMessage, order_id};
use std::{sync::Arc, time::Duration};

/// Pause between two looks at a transaction.
const LOOK: Duration = Duration::from_millis(150);
/// Actions are looked for this often although nobody said that there is one.
const IDLE: Duration = Duration::from_secs(5);
/// Looks after the nonce has passed, before it counts as another program's. One would do, since a node answers that it knows nothing of
/// a transaction only when everything final is indexed; the rest is for nodes behind one address that are not equally far.
const LOOKS: u32 = 8;
/// Highest base fee paid, in percent of the present one; the present one is what is charged.
const BASE_FEE_PERCENT: u32 = 300;

#[derive(Debug, thiserror::Error)]
enum ActError {
    #[error(transparent)]
    Node(#[from] ClientError),
    #[error(transparent)]
    Fee(#[from] SubmitError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the node serves chain `{0}`, this gateway another; name a node of its own chain")]
    Chain(String),
}

impl ActError {
    fn reason(&self, core: &Core) -> Reason {
        match self {
            Self::Node(error) => Reason::of_node(error, "customer", core.customer.address()),
            Self::Fee(error) => Reason::of_sender(error, "customer", core.customer.address()),
            Self::Store(error) => Reason::of_store(error),
            Self::Chain(_) => Reason::other_chain(),
        }
    }
}

/// Does whatever is waiting, for ever.
pub(crate) async fn run(core: Arc<Core>) {
    let mut pause = Pause::new();
    loop {
        match one(&core).await {
            Ok(true) => {
                core.problems.solved("actions");
                pause.reset();
            }
            Ok(false) => {
                core.problems.solved("actions");
                let _ = tokio::time::timeout(IDLE, core.actions.notified()).await;
            }
            Err(error) => {
                core.problems.note("actions", error.reason(&core), &error);
                pause.wait().await;
            }
        }
    }
}

/// Drives the oldest action until it is decided. False when there is none.
async fn one(core: &Arc<Core>) -> Result<bool, ActError> {
    let Some((action, mut signed)) = core.store.run(actions::next).await? else { return Ok(false) };
    let mut passed = 0;
    loop {
        if let Some(state) = decided(core, &action, &signed).await? {
            decide(core, &action, state).await?;
            return Ok(true);
        }
        let status = core.client.status().await?;
        if status.chain_id != core.chain_id {
            return Err(ActError::Chain(status.chain_id.to_string()));
        }
        let account = core.client.account(core.customer.address()).await?;
        match signed.last() {
            None if account.next_nonce == account.nonce => {
                sign_and_keep(core, &action, &mut signed, account.nonce, &status, Units::ZERO).await?;
            }
            // Something of this account is under way elsewhere: a nonce behind it could stay open for ever.
            None => {}
            Some(last) if account.nonce > last.body.nonce => {
                passed += 1;
                if passed > LOOKS && account.next_nonce == account.nonce {
                    passed = 0;
                    sign_and_keep(core, &action, &mut signed, account.nonce, &status, Units::ZERO).await?;
                }
            }
            Some(last) if status.dearest_base_fee() > last.body.base_fee_max => {
                let (nonce, tip) = (last.body.nonce, raised(last.body.tip));
                sign_and_keep(core, &action, &mut signed, nonce, &status, tip).await?;
            }
            Some(last) => {
                if let Some(refused) = send(core, last).await? {
                    decide(core, &action, refused).await?;
                    return Ok(true);
                }
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn decide(core: &Core, action: &Action, state: ActionState) -> Result<(), ActError> {
    let seq = action.seq;
    core.metrics.action(matches!(state, ActionState::Done { .. }));
    core.store.run(move |db| actions::decide(db, seq, &state)).await?;
    core.decided.send_modify(|count| *count += 1);
    Ok(())
}

/// What the ledger decided, if it did: by a receipt, or by the order being there.
async fn decided(core: &Core, action: &Action, signed: &[Transaction]) -> Result<Option<ActionState>, ActError> {
    let opens = matches!(action.message, MeteredMessage::OpenOrder(_));
    for transaction in signed.iter().rev() {
        let tx = transaction.id();
        let order = opens.then(|| order_id(core.customer.address(), transaction.seed()));
        if let Some(receipt) = core.client.transaction(tx).await?.receipt {
            return Ok(Some(outcome(receipt, order)));
        }
        if let Some(order) = order
            && core.client.metered().order(order).await?.is_some()
        {
            return Ok(Some(ActionState::Done { order: Some(order), tx }));
        }
    }
    Ok(None)
}

fn outcome(receipt: FinalReceipt, order: Option<UnitId>) -> ActionState {
    match receipt.failure {
        None => ActionState::Done { order, tx: receipt.id },
        Some(failure) => ActionState::Refused { tx: Some(receipt.id), code: failure.code, reason: failure.message },
    }
}

async fn sign_and_keep(
    core: &Core,
    action: &Action,
    signed: &mut Vec<Transaction>,
    nonce: u64,
    status: &Status,
    tip: Units,
) -> Result<(), ActError> {
    let most = core.client.base_fee_max(status, BASE_FEE_PERCENT, None)?;
    let message = Message::service(action.message.clone());
    let transaction = sign(&core.customer, core.chain_id, nonce, most, tip, message);
    let (seq, number, kept) = (action.seq, signed.len(), transaction.clone());
    core.store.run(move |db| actions::keep_signed(db, seq, number, &kept)).await?;
    signed.push(transaction);
    Ok(())
}

/// A tenth more, since pools replace a transaction only for a higher tip.
fn raised(tip: Units) -> Units {
    let tenth = tip.mul_div(1, 10, Rounding::Up).unwrap_or(Units::ZERO).max(Units::new(1));
    tip.plus(tenth).unwrap_or(tip)
}

/// Hands a transaction in; whether the node took it shows at the next look. What it can never take is refused: every transaction of an
/// action says the same, so none of them was ever taken, and none is under way.
async fn send(core: &Core, transaction: &Transaction) -> Result<Option<ActionState>, ActError> {
    let Err(error) = core.client.post_transaction(transaction, false).await else { return Ok(None) };
    if let Some((code, message)) = error.never_passes() {
        let (code, reason) = (code.to_owned(), message.to_owned());
        tracing::info!(code, reason, "the node can never take an action");
        return Ok(Some(ActionState::Refused { tx: None, code, reason }));
    }
    match error.code() {
        Some(code::NONCE_TOO_LOW | code::NONCE_TAKEN | code::FEE_TOO_LOW) => Ok(None),
        _ => Err(error.into()),
    }
}
