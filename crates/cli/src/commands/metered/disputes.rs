//! `depin metered dispute | answer | concede | decide`.

use super::{act, named::Named};
use crate::{
    args::{AnswerArgs, DecideArgs, DisputeArgs, OneBatchArgs},
    error::{CliError, Result},
    output::{count, shorten, units},
};
use depin_client::api::{BatchStage, DisputeTerms, MeteredBatch, MeteredDispute, Time};
use depin_quantity::Address;
use depin_services::metered::{MeteredError, MeteredMessage};

async fn terms(at: &Named<'_>) -> Result<DisputeTerms> {
    at.metered().network().await?.disputes.ok_or_else(|| {
        CliError::refused("no-disputes", "this network has no disputes: batches are paid when they are reported")
            .hint("a network file has them by an arbiter and [service.metered.dispute]")
    })
}

/// Tells that a deposit is put up, before it is.
fn note_deposit(at: &Named<'_>, terms: &DisputeTerms, contested: u64, whose: Address) {
    let (name, contested) = (at.name(whose), units(contested));
    match &terms.deposit {
        Some(least) => {
            let least = shorten(&least.display);
            at.out.note(format_args!(
                "puts up a deposit of {name} for {contested}: the network's share of what they cost, at least {least}"
            ));
        }
        None => at.out.note(format_args!("puts up a deposit of {name}, whose price nobody has reported lately")),
    }
}

pub(super) async fn dispute(args: &DisputeArgs, at: &Named<'_>) -> Result<()> {
    let batch = at.batch(&args.batch).await?;
    let evidence = act::evidence(&args.evidence)?;
    let order = at.order(&batch.order.to_string()).await?;
    match (batch.state, batch.payable_at.as_ref().map(Time::instant)) {
        (BatchStage::Pending, Some(by)) if at.now >= by => {
            return Err(act::refusal(&MeteredError::TooLate { batch: batch.id, by }));
        }
        (BatchStage::Pending, _) => {}
        _ => return Err(act::refusal(&MeteredError::NotPending(batch.id))),
    }
    if args.accepted >= batch.open {
        let most = batch.open.saturating_sub(1);
        return Err(act::refusal(&MeteredError::Accepted { batch: batch.id, given: args.accepted, most }));
    }
    let sender = at.sender(args.signer.from.as_deref(), Some(order.customer), "dispute this batch")?;
    note_deposit(at, &terms(at).await?, batch.open.saturating_sub(args.accepted), sender.address());
    let message = MeteredMessage::Dispute { batch: batch.id, accepted: args.accepted, evidence };
    let receipt = act::send(at, &sender, message).await?;
    let (_, dispute) = open(at, &batch.id.to_string()).await?;
    let (contested, deposit) = (dispute.contested, shorten(&dispute.deposit.display));
    let are = if contested == 1 { "is" } else { "are" };
    let text = format!("{} of {} {are} disputed with a deposit of {deposit}; the others were paid", units(contested), args.batch);
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
    if dispute.answer.is_some() {
        return Err(act::refusal(&MeteredError::Answered(batch.id)));
    }
    let sender = at.sender(args.signer.from.as_deref(), Some(dispute.operator), "answer this dispute")?;
    at.out.note(format_args!(
        "puts up a deposit of {}, as the customer's of {}",
        at.name(sender.address()),
        shorten(&dispute.deposit.display)
    ));
    let receipt = act::send(at, &sender, MeteredMessage::Answer { batch: batch.id, evidence }).await?;
    let (_, dispute) = open(at, &batch.id.to_string()).await?;
    let text = format!("the arbiter decides about {} until {}", units(dispute.contested), dispute.due.text);
    act::report(at, &dispute, receipt, &text)
}

pub(super) async fn concede(args: &OneBatchArgs, at: &Named<'_>) -> Result<()> {
    let (batch, dispute) = open(at, &args.batch).await?;
    let sender = at.sender(args.signer.from.as_deref(), Some(dispute.operator), "concede this dispute")?;
    if dispute.answer.is_some() {
        at.out.warn("it was answered: giving it up now costs what the arbiter's decision against it would");
    }
    let receipt = act::send(at, &sender, MeteredMessage::Concede(batch.id)).await?;
    let text = format!(
        "{} of {} {} not count",
        units(dispute.contested),
        args.batch,
        if dispute.contested == 1 { "does" } else { "do" }
    );
    act::report(at, &at.batch(&batch.id.to_string()).await?, receipt, &text)
}

pub(super) async fn decide(args: &DecideArgs, at: &Named<'_>) -> Result<()> {
    let (batch, dispute) = open(at, &args.batch).await?;
    if dispute.answer.is_none() {
        return Err(act::refusal(&MeteredError::NotAnswered { batch: batch.id, by: dispute.due.instant() }));
    }
    let contested = dispute.contested;
    if args.counted > contested {
        return Err(act::refusal(&MeteredError::Counted { batch: batch.id, given: args.counted, contested }));
    }
    let sender = at.sender(args.signer.from.as_deref(), terms(at).await?.arbiter, "decide disputes")?;
    let receipt = act::send(at, &sender, MeteredMessage::Decide { batch: batch.id, counted: args.counted }).await?;
    let (of, counts) =
        (count(contested, "contested unit", "contested units"), if args.counted == 1 { "counts" } else { "count" });
    let text = format!("{} of {of} {counts}", args.counted);
    act::report(at, &at.batch(&batch.id.to_string()).await?, receipt, &text)
}
