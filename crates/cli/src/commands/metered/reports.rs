//! `depin metered report`.

use super::{act, named::Named};
use crate::{
    args::ReportArgs,
    error::{CliError, Result},
    output::{shorten, units},
};
use depin_client::api::OrderStage;
use depin_services::metered::{MeteredError, MeteredMessage, Report, batch_id, check_report_id, report_id};

pub(super) async fn report(args: &ReportArgs, at: &Named<'_>) -> Result<()> {
    check_report_id(&args.id).map_err(|error| CliError::refused("report-id", error))?;
    let order = at.order(&args.order).await?;
    let most = at.metered().network().await?.units_most;
    if args.units == 0 || args.units > most {
        return Err(act::refusal(&MeteredError::Units { given: args.units, most }));
    }
    if order.state != OrderStage::Open {
        return Err(act::refusal(&MeteredError::Ended { order: order.id, until: order.until.instant() }));
    }
    let evidence = act::evidence(&args.evidence)?;
    let sender = at.sender(args.signer.from.as_deref(), order.reporter, "report this order")?;
    let report = Report { order: order.id, id: report_id(&args.id), units: args.units, evidence };
    let batch = batch_id(report.order, report.id);
    let receipt = act::send(at, &sender, MeteredMessage::Report(vec![report])).await?;
    let batch = at.batch(&batch.to_string()).await?;
    let cost = shorten(&batch.amount.display);
    let text = match &batch.payable_at {
        Some(at) => format!("batch {} of {} costs {cost}; paid at {} unless disputed", batch.number, units(batch.units), at.text),
        None => format!("batch {} of {} costs {cost}", batch.number, units(batch.units)),
    };
    act::report(at, &batch, receipt, &text)
}
