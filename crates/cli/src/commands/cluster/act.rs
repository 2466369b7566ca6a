//! What hirers sign.

use super::{
    look::{print, runs},
    named::{Named, short},
};
use crate::{
    args::{ClusterEndArgs, ClusterExtendArgs, ClusterReplaceArgs},
    error::{CliError, Result},
    output::{Progress, count, short_id, shorten},
    sending::submit,
};
use depin_client::{Sender, SigningKey, api::FinalReceipt};
use depin_ledger::Message;
use depin_quantity::UnitId;
use depin_services::clusters::ClustersMessage;
use serde::Serialize;

/// What was done about a hire.
#[derive(Serialize)]
struct Done {
    hire: UnitId,
    receipt: FinalReceipt,
}

/// Sends a message and waits until it is final. What every ledger refuses is not sent.
pub(super) async fn send(at: &Named<'_>, key: SigningKey, message: ClustersMessage) -> Result<FinalReceipt> {
    message.check_bounds().map_err(|error| CliError::refused(error.code(), error))?;
    let sender = Sender::new(at.remote.client.clone(), key);
    let mut progress = Progress::start(at.out);
    progress.step("sending, and waiting until it is final");
    let receipt = submit(&sender, Message::service(message), at.out).await?;
    progress.done();
    Ok(receipt)
}

fn report(at: &Named<'_>, done: &Done, text: &str) -> Result<()> {
    at.out.result(done, |_| {
        let FinalReceipt { height, fee, id, .. } = &done.receipt;
        format!("{text}\n(block {height}, fee {}, transaction {})", shorten(&fee.display), short_id(id))
    })
}

pub(super) async fn extend(args: &ClusterExtendArgs, at: &Named<'_>) -> Result<()> {
    let hire = at.hire(&args.hire).await?;
    runs(&hire)?;
    let key = at.key(args.signer.from.as_deref(), hire.hirer, "extend a hire")?;
    let receipt = send(at, key, ClustersMessage::Extend { hire: hire.hire, hours: args.hours }).await?;
    let text = format!("hire {} runs {} longer", short(hire.hire), count(args.hours.into(), "hour", "hours"));
    report(at, &Done { hire: hire.hire, receipt }, &text)
}

pub(super) async fn replace(args: &ClusterReplaceArgs, at: &Named<'_>) -> Result<()> {
    let (hire, device) = (at.hire(&args.hire).await?, at.device(&args.device).await?);
    let key = at.key(args.signer.from.as_deref(), hire.hirer, "replace a device")?;
    let message = ClustersMessage::Replace { hire: hire.hire, slot: args.slot, device: device.device };
    send(at, key, message).await?;
    at.out.note("the cluster begins anew with the new device: jobs that ran are gone");
    print(&at.hire(&hire.hire.to_string()).await?, at)
}

pub(super) async fn end(args: &ClusterEndArgs, at: &Named<'_>) -> Result<()> {
    let hire = at.hire(&args.hire).await?;
    runs(&hire)?;
    let key = at.key(args.signer.from.as_deref(), hire.hirer, "end a hire")?;
    let receipt = send(at, key, ClustersMessage::EndHire { hire: hire.hire }).await?;
    let text = format!("hire {} ends; hours that began are paid, the rest comes back within some hours", short(hire.hire));
    report(at, &Done { hire: hire.hire, receipt }, &text)
}
