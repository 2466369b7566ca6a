//! What is sent, and what came of it.

use super::named::Named;
use crate::{
    args::{AmountArg, EvidenceArgs},
    error::{CliError, Result},
    output::{Progress, short_id, shorten},
    sending::submit,
};
use depin_client::{Sender, api::FinalReceipt};
use depin_economy::Money;
use depin_ledger::Message;
use depin_quantity::{ContentHash, Decimal18, Name, UnitId};
use depin_services::metered::{Evidence, MeteredError, MeteredMessage, check_evidence};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::{fs, io};

/// What was done.
#[derive(Serialize)]
pub(super) struct Done<T> {
    #[serde(flatten)]
    pub what: T,
    pub receipt: FinalReceipt,
}

/// A refusal in the ledger's own words, before anything is sent and paid for.
pub(super) fn refusal(error: &MeteredError) -> CliError {
    CliError::refused(error.code(), error)
}

/// Sends a message and waits until it is final. What every ledger refuses is not sent.
pub(super) async fn send(at: &Named<'_>, sender: &Sender, message: MeteredMessage) -> Result<FinalReceipt> {
    message.check_bounds().map_err(|error| refusal(&error))?;
    let mut progress = Progress::start(at.out);
    progress.step("sending, and waiting until it is final");
    let receipt = submit(sender, Message::service(message), at.out).await?;
    progress.done();
    Ok(receipt)
}

/// Prints what was done, with where it is on the ledger.
pub(super) fn report<T: Serialize>(at: &Named<'_>, what: T, receipt: FinalReceipt, text: &str) -> Result<()> {
    let done = Done { what, receipt };
    at.out.result(&done, |_| {
        let FinalReceipt { height, fee, id, .. } = &done.receipt;
        format!("{text}\n(block {height}, fee {}, transaction {})", shorten(&fee.display), short_id(id))
    })
}

/// The order that a receipt says was opened.
pub(super) fn opened(receipt: &FinalReceipt) -> Option<UnitId> {
    let inner = receipt.events.iter().map(|event| event.get("event").unwrap_or(event));
    let mut opened = inner.filter(|event| event["kind"] == "order-opened");
    opened.find_map(|event| event["order"].as_str()?.parse().ok())
}

/// An amount as typed, as the ledger takes agreed amounts; in `usual` where no token is named.
pub(super) fn money(typed: &AmountArg, usual: Name) -> Result<Money> {
    let amount = Decimal18::parse(&typed.number).map_err(|error| CliError::refused("amount", error))?;
    Ok(Money { currency: typed.token.unwrap_or(usual), amount })
}

/// Hashes the evidence, or takes its hash as typed.
pub(super) fn evidence(args: &EvidenceArgs) -> Result<Evidence> {
    let hash = match (&args.evidence, args.hash) {
        (_, Some(hash)) => hash,
        (Some(path), None) => {
            let mut hasher = Sha256::new();
            let copied = fs::File::open(path).and_then(|mut file| io::copy(&mut file, &mut Hashing(&mut hasher)));
            copied.map_err(|error| CliError::file("read", path, &error))?;
            ContentHash::new(hasher.finalize().into())
        }
        (None, None) => return Err(CliError::refused("evidence", "name the evidence by --evidence FILE or --hash HEX")),
    };
    let evidence = Evidence { hash, pointer: args.pointer.clone() };
    check_evidence(&evidence).map_err(|error| refusal(&error))?;
    Ok(evidence)
}

/// Hashes what is written to it.
struct Hashing<'a>(&'a mut Sha256);

impl io::Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
