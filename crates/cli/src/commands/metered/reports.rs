//! `depin metered report`.

use super::{act, named::Named};
use crate::{args::ReportArgs, error::Result, output::shorten};
use depin_services::metered::{MeteredMessage, Report, batch_id, report_id};

pub(super) async fn report(args: &ReportArgs, at: &Named<'_>) -> Result<()> {
    let order = at.order(&args.order).await?;
    let evidence = act::evidence(&args.evidence)?;
    let sender = at.sender(args.signer.from.as_deref(), order.reporter, "report this order")?;
    let report = Report { order: order.id, id: report_id(&args.id), units: args.units, evidence };
    let batch = batch_id(report.order, report.id);
    let receipt = act::send(at, &sender, MeteredMessage::Report(vec![report])).await?;
    let batch = at.batch(&batch.to_string()).await?;
    let cost = shorten(&batch.amount.display);
    let text = match &batch.payable_at {
        Some(at) => format!("batch {} of {} units costs {cost}; paid at {} unless disputed", batch.number, batch.units, at.text),
        None => format!("batch {} of {} units costs {cost}", batch.number, batch.units),
    };
    act::report(at, &batch, receipt, &text)
}
