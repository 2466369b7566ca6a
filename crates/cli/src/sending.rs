//! Sending a transaction for a person who waits: silence is explained, with the transaction's id.

use crate::{error::Result, output::Output};
use depin_client::{Sender, api::FinalReceipt};
use depin_ledger::Message;
use depin_quantity::UnitId;
use std::{
    convert::Infallible,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time;

/// After how long a wait is explained.
const LONG: Duration = Duration::from_secs(4);
/// A node that takes longer than this for its status counts as away.
const SILENCE: Duration = Duration::from_secs(3);

/// Sends a message and waits until it is final. While that takes long, says which transaction it is and whether the node answers.
pub async fn submit(sender: &Sender, message: Message, out: &Output) -> Result<FinalReceipt> {
    let signed = Mutex::new(None);
    let sending = sender.submit_told(message, |id| *signed.lock().unwrap_or_else(PoisonError::into_inner) = Some(id));
    tokio::select! {
        done = sending => Ok(done?),
        never = explain(sender, &signed, out) => match never {},
    }
}

async fn explain(sender: &Sender, signed: &Mutex<Option<UnitId>>, out: &Output) -> Infallible {
    let (mut slow, mut away) = (false, false);
    loop {
        time::sleep(LONG).await;
        let answers = matches!(time::timeout(SILENCE, sender.client().status()).await, Ok(Ok(_)));
        let id = *signed.lock().unwrap_or_else(PoisonError::into_inner);
        match (answers, id) {
            (false, _) if away => {}
            (false, Some(id)) => out.warn(format_args!(
                "the node does not answer; transaction {id} may have been taken: before you send it again, see whether it was with \
                 `depin events` or the list of what it is about, such as `depin metered orders`"
            )),
            (false, None) => out.warn("the node does not answer; nothing was sent yet"),
            (true, _) if away => out.note("the node answers again"),
            (true, Some(id)) if !slow => {
                slow = true;
                out.note(format_args!("transaction {id} was sent and is not final yet"));
            }
            (true, _) => {}
        }
        away = !answers;
    }
}
