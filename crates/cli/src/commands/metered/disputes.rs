//! `depin metered dispute | answer | concede | decide`.

use super::{act, named::Named};
use crate::{
    args::{AnswerArgs, DecideArgs, DisputeArgs, OneBatchArgs},
    error::{CliError, Result},
    output::shorten,
};
use depin_client::api::{DisputeTerms, MeteredBatch, MeteredDispute};
use depin_quantity::Address;
use depin_services::metered::MeteredMessage;

async fn terms(at: &Named<'_>) -> Result<DisputeTerms> {
    at.metered().network().await?.disputes.ok_or_else(|| {
        CliError::refused("no-disputes", "this network has no disputes: batches are paid when they are reported")
            .hint("a network file has them by an arbiter and [service.metered.dispute]")
    })
}

/// Tells that a deposit is put up, before it is: what is asked for one contested unit, since the file may ask the same for all of them.
fn note_deposit(at: &Named<'_>, terms: &DisputeTerms, units: u64, whose: Address) {
    let name = at.name(whose);
    match &terms.deposit {
        Some(one) => {
            let one = shorten(&one.display);
            at.out.note(format_args!("puts up a deposit of {name} for {units} contested units, from {one} for one of them"));
        }
        None => at.out.note(format_args!("puts up a deposit of {name}, whose price nobody has reported lately")),
    }
}

pub(super) async fn dispute(args: &DisputeArgs, at: &Named<'_>) -> Result<()> {
    let batch = at.batch(&args.batch).await?;
    let evidence = act::evidence(&args.evidence)?;
    let order = at.order(&batch.order.to_string()).await?;
    let sender = at.sender(args.signer.from.as_deref(), Some(order.customer), "dispute this batch")?;
    note_deposit(at, &terms(at).await?, batch.open.saturating_sub(args.accepted), sender.address());
    let message = MeteredMessage::Dispute { batch: batch.id, accepted: args.accepted, evidence };
    let receipt = act::send(at, &sender, message).await?;
    let (_, dispute) = open(at, &batch.id.to_string()).await?;
    let (contested, deposit) = (dispute.contested, shorten(&dispute.deposit.display));
    let text = format!("{contested} units of {} are disputed with a deposit of {deposit}; the others were paid", args.batch);
    act::report(at, &dispute, receipt, &text)
}

async fn open(at: &Named<'_>, text: &str) -> Result<(MeteredBatch, MeteredDispute)> {
    let batch = at.batch(text).await?;
    let dispute = at.metered().dispute(batch.id).await?.ok_or_else(|| {
        CliError::refused("no-dispute", format_args!("batch {text} is not in dispute"))
            .hint("`depin metered disputes` lists those that are")
    })?;
    Ok((batch, dispute))
}

pub(super) async fn answer(args: &AnswerArgs, at: &Named<'_>) -> Result<()> {
    let (batch, dispute) = open(at, &args.batch).await?;
    let evidence = act::evidence(&args.evidence)?;
    let sender = at.sender(args.signer.from.as_deref(), Some(dispute.operator), "answer this dispute")?;
    at.out.note(format_args!(
        "puts up a deposit of {}, as the customer's of {}",
        at.name(sender.address()),
        shorten(&dispute.deposit.display)
    ));
    let receipt = act::send(at, &sender, MeteredMessage::Answer { batch: batch.id, evidence }).await?;
    let (_, dispute) = open(at, &batch.id.to_string()).await?;
    let text = format!("the arbiter decides about {} units until {}", dispute.contested, dispute.due.text);
    act::report(at, &dispute, receipt, &text)
}

pub(super) async fn concede(args: &OneBatchArgs, at: &Named<'_>) -> Result<()> {
    let (batch, dispute) = open(at, &args.batch).await?;
    let sender = at.sender(args.signer.from.as_deref(), Some(dispute.operator), "concede this dispute")?;
    let receipt = act::send(at, &sender, MeteredMessage::Concede(batch.id)).await?;
    let text = format!("{} units of {} do not count", dispute.contested, args.batch);
    act::report(at, &at.batch(&batch.id.to_string()).await?, receipt, &text)
}

pub(super) async fn decide(args: &DecideArgs, at: &Named<'_>) -> Result<()> {
    let (batch, dispute) = open(at, &args.batch).await?;
    let sender = at.sender(args.signer.from.as_deref(), terms(at).await?.arbiter, "decide disputes")?;
    let receipt = act::send(at, &sender, MeteredMessage::Decide { batch: batch.id, counted: args.counted }).await?;
    let text = format!("{} of {} contested units count", args.counted, dispute.contested);
    act::report(at, &at.batch(&batch.id.to_string()).await?, receipt, &text)
}
