//! What devices passed, failed and were accused of: the node's events, as far back as it keeps them.

use super::named::{Named, points, short};
use crate::{
    args::ClusterHistoryArgs,
    error::Result,
    output::{Table, minute},
};
use depin_client::api::{EventQuery, EventRecord, Time};
use depin_quantity::{Address, UnitId};
use serde::Serialize;
use serde_json::Value;

/// Events of one page, and pages of one answer.
const PAGE: u32 = 500;
const PAGES_MAX: usize = 64;

/// One hour of one device, or an accusation.
#[derive(Serialize)]
struct Line {
    time: Time,
    device: Option<UnitId>,
    owner: Option<Address>,
    kind: String,
    block: Option<u64>,
    /// In tenths of a point.
    score: Option<String>,
    reason: Option<String>,
    /// Whether the device stands out since.
    out: bool,
}

/// The service's own event within a record.
fn inner(record: &EventRecord) -> &Value {
    record.event.get("event").filter(|inner| inner.is_object()).unwrap_or(&record.event)
}

fn line(record: EventRecord) -> Line {
    let event = inner(&record);
    let text = |field: &str| match event.get(field)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let (block, score) = (event.get("hour").and_then(Value::as_u64), text("score"));
    let (reason, owner) = (text("reason"), text("owner").and_then(|owner| owner.parse().ok()));
    let out = event.get("out").and_then(Value::as_bool).unwrap_or(false);
    Line { device: record.subject, owner, block, score, reason, out, time: record.time, kind: record.kind }
}

/// Events of these kinds, the latest first.
async fn lines(kinds: &str, args: &ClusterHistoryArgs, at: &Named<'_>) -> Result<Vec<Line>> {
    let account = at.remote.address_of(args.owner.as_ref()).await?;
    // From where the node's history begins.
    let (mut from, mut all) = (None, Vec::new());
    for _ in 0..PAGES_MAX {
        let query = EventQuery { from, limit: Some(PAGE), kind: Some(kinds.to_owned()), account, ..EventQuery::default() };
        let page = at.remote.client.events(&query).await?;
        let last = page.items.last().map(|record| record.position);
        all.extend(page.items.into_iter().map(line));
        match (page.next, last) {
            (Some(_), Some(last)) => from = Some(last + 1),
            _ => break,
        }
    }
    all.reverse();
    Ok(all)
}

fn who(line: &Line, at: &Named<'_>) -> [String; 3] {
    let none = || "-".to_owned();
    [minute(line.time.instant()), line.device.map_or_else(none, short), line.owner.map_or_else(none, |owner| at.name(owner))]
}

pub(super) async fn rewards(args: &ClusterHistoryArgs, at: &Named<'_>) -> Result<()> {
    let lines = lines("hour-passed", args, at).await?;
    at.out.result(&lines, |out| {
        let mut table = Table::new(&["WHEN", "DEVICE", "OWNER", ">BLOCK", ">POINTS"]);
        for line in &lines {
            let [when, device, owner] = who(line, at);
            let block = line.block.map_or_else(String::new, |block| block.to_string());
            table.row([when, device, owner, block, line.score.as_deref().map_or_else(String::new, points)]);
        }
        let note = "Points share the block's pool; `depin provider show OWNER` says what was paid for them.";
        format!("{}\n{}", table.render_or(out, "no device passed an hour yet"), out.dim(note))
    })
}

pub(super) async fn slashes(args: &ClusterHistoryArgs, at: &Named<'_>) -> Result<()> {
    let lines = lines("device-accused,hour-failed", args, at).await?;
    at.out.result(&lines, |out| {
        let mut table = Table::new(&["WHEN", "DEVICE", "OWNER", "WHAT", ">BLOCK", "WHY"]);
        for line in &lines {
            let [when, device, owner] = who(line, at);
            let what = match line.kind.as_str() {
                "device-accused" => "accused",
                _ if line.out => "failed, stands out",
                _ => "failed",
            };
            let block = line.block.map_or_else(|| "-".to_owned(), |block| block.to_string());
            table.row([when, device, owner, what.to_owned(), block, line.reason.clone().unwrap_or_default()]);
        }
        table.render_or(out, "no device failed an hour or was accused, as far back as the node keeps events")
    })
}
