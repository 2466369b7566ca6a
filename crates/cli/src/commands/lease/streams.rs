//! `depin lease logs`, and `events -f`.

use super::{gate::Visitor, place::Place};
use crate::{
    args::{LeaseEventsArgs, LeaseLogsArgs},
    error::Result,
};
use depin_client::lease::{LeaseEvent, LogLine, LogQuery};

pub(super) async fn logs(args: &LeaseLogsArgs, at: &Place<'_>) -> Result<()> {
    let visitor = Visitor::of(at, &args.gate).await?;
    let gate = visitor.one(at, args.dseq, &args.gate).await?;
    let query = LogQuery { services: args.services.clone(), follow: args.follow, tail: args.tail };
    let mut lines = gate.gateway.logs(gate.at(), &query).await?;
    while let Some(line) = lines.next().await? {
        at.out.line(&line, |out| {
            let LogLine { name, message } = &line;
            format!("{}  {message}", out.dim(name))
        })?;
    }
    Ok(())
}

/// How replicas are, and what happens to them.
pub(super) async fn events(args: &LeaseEventsArgs, at: &Place<'_>) -> Result<()> {
    let visitor = Visitor::of(at, &args.gate).await?;
    let gate = visitor.one(at, args.dseq, &args.gate).await?;
    let mut events = gate.gateway.events(gate.at(), true).await?;
    while let Some(event) = events.next().await? {
        at.out.line(&event, |out| {
            let LeaseEvent { kind, reason, note, object, .. } = &event;
            let reason = if kind == "Normal" { reason.clone() } else { out.bad(reason) };
            format!("{}  {reason}  {note}", object.name).trim_end().to_owned()
        })?;
    }
    Ok(())
}
