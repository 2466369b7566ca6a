//! What was decided while nobody was there to answer.
//!
//! In: the node's history, and how far it was read when the operator last ran, which stands in a file of its folder. Out: how many
//! disputes were lost since. An operator that has no such file, or no folder, was never away.

use super::view::View;
use crate::operator::Look;
use depin_client::{
    Client, ClientError,
    api::{EventQuery, EventRecord, code},
};
use depin_files::Readers;
use depin_quantity::Address;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The file's name.
const FILE: &str = "seen.json";
/// Events in one answer.
const PAGE: u32 = 500;

/// How far the history was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    /// Position of the first event that was not.
    next: u64,
}

/// Looks at what was decided since the last look: at the first one of a process, since it last ran. What the file cannot say or keep
/// costs the operator this count only.
pub(super) async fn look_back(folder: &Path, view: &mut View, look: Look<'_>) -> Result<(), ClientError> {
    let path = folder.join(FILE);
    let before = match view.seen {
        Some(next) => Some(next),
        None => read(&path),
    };
    let (lost, next) = lost(look.client, look.address, before).await?;
    if view.seen.is_none() && before.is_some() {
        view.lost_away = lost;
    }
    if before != Some(next) {
        write(&path, Seen { next });
    }
    view.seen = Some(next);
    Ok(())
}

/// How many disputes of an operator were lost from a position on, and the position behind the last decision. From where the node's
/// history begins, when it gave up what is before.
async fn lost(client: &Client, operator: Address, mut from: Option<u64>) -> Result<(u64, u64), ClientError> {
    let mut lost = 0;
    loop {
        let kind = Some("dispute-decided".to_owned());
        let query = EventQuery { from, limit: Some(PAGE), kind, account: Some(operator), ..EventQuery::default() };
        let page = match client.events(&query).await {
            Err(error) if from.is_some() && error.code() == Some(code::PRUNED) => {
                from = None;
                continue;
            }
            page => page?,
        };
        let Some(last) = page.items.last() else { return Ok((lost, from.unwrap_or_default())) };
        from = Some(last.position.saturating_add(1));
        lost += page.items.iter().filter(|event| is_lost(event, operator)).count() as u64;
    }
}

/// Whether the operator lost: it gave no answer, or fewer than half of the units count by the arbiter's word.
fn is_lost(event: &EventRecord, operator: Address) -> bool {
    let inner = event.event.get("event").unwrap_or(&event.event);
    let number = |key: &str| inner.get(key).and_then(serde_json::Value::as_u64).unwrap_or_default();
    let text = |key: &str| inner.get(key).and_then(serde_json::Value::as_str);
    let own = text("operator").is_none_or(|named| named == operator.to_string());
    own && match text("decided") {
        Some("unanswered") => true,
        Some("by-arbiter") => number("counted") < number("contested").div_ceil(2),
        _ => false,
    }
}

fn read(path: &Path) -> Option<u64> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "what was seen last cannot be read");
            return None;
        }
    };
    match serde_json::from_str::<Seen>(&text) {
        Ok(seen) => Some(seen.next),
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "what was seen last cannot be read");
            None
        }
    }
}

fn write(path: &Path, seen: Seen) {
    let text = serde_json::to_string(&seen).unwrap_or_default();
    if let Err(error) = depin_files::replace(path, format!("{text}\n").as_bytes(), Readers::Everybody) {
        tracing::warn!(path = %path.display(), %error, "what was seen last cannot be written down");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_quantity::Instant;

    fn decided(operator: Address, decided: &str, contested: u64, counted: u64) -> EventRecord {
        let event = serde_json::json!({ "source": "metered", "event": {
            "kind": "dispute-decided", "operator": operator, "decided": decided, "contested": contested, "counted": counted,
        }});
        EventRecord {
            position: 7,
            height: 1,
            time: Instant::new(0).into(),
            transaction: None,
            kind: "dispute-decided".to_owned(),
            accounts: vec![operator],
            subject: None,
            event,
        }
    }

    #[test]
    fn a_dispute_is_lost_without_an_answer_or_by_the_larger_part() {
        let (own, other) = (Address::new([1; 32]), Address::new([2; 32]));
        assert!(is_lost(&decided(own, "unanswered", 3, 0), own));
        assert!(is_lost(&decided(own, "by-arbiter", 3, 1), own));
        assert!(!is_lost(&decided(own, "by-arbiter", 3, 2), own), "the larger part counts");
        assert!(!is_lost(&decided(own, "by-default", 3, 0), own) && !is_lost(&decided(own, "conceded", 3, 0), own));
        assert!(!is_lost(&decided(other, "unanswered", 3, 0), own), "it was the customer of another operator");
    }

    /// A node whose history begins at `first` and has decisions at these positions, all against `operator`.
    async fn node(operator: Address, first: u64, positions: &'static [u64]) -> Client {
        use axum::{Json, Router, extract::Query, http::StatusCode, routing::get};
        let events = move |Query(query): Query<std::collections::HashMap<String, String>>| async move {
            let from: u64 = query.get("from").and_then(|from| from.parse().ok()).unwrap_or(first);
            if from < first {
                let error = serde_json::json!({ "code": code::PRUNED, "message": "given up", "hint": "ask for later ones" });
                return (StatusCode::GONE, Json(serde_json::json!({ "error": error })));
            }
            let decided = |position: &u64| EventRecord { position: *position, ..decided(operator, "unanswered", 3, 0) };
            let items: Vec<EventRecord> = positions.iter().filter(|position| **position >= from).take(2).map(decided).collect();
            (StatusCode::OK, Json(serde_json::json!({ "items": items })))
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/v1/events", get(events))).await });
        Client::new(&url).unwrap()
    }

    #[tokio::test]
    async fn what_was_lost_between_two_runs_is_counted_once_and_nothing_before_the_first() {
        const RUNS: [(u64, &[u64]); 5] = [
            (0, &[3, 8]),
            (0, &[3, 8, 9, 20, 21]),
            (0, &[3, 8, 9, 20, 21]),
            // The node gave up what is before; some of it was after the last look.
            (30, &[31, 32, 33]),
            (32, &[32, 33]),
        ];
        let (folder, own) = (tempfile::tempdir().unwrap(), Address::new([1; 32]));
        let dirty = crate::operator::DirtySet::all();
        let mut lost = Vec::new();
        for (first, positions) in RUNS {
            let client = node(own, first, positions).await;
            let look = Look { client: &client, address: own, now: Instant::new(0), dirty: &dirty };
            let mut view = View::default();
            look_back(folder.path(), &mut view, look).await.unwrap();
            lost.push(view.lost_away);
            // What is lost while it runs is told by what it does about disputes.
            look_back(folder.path(), &mut view, look).await.unwrap();
            assert_eq!(lost.last(), Some(&view.lost_away));
        }
        assert_eq!(lost, [0, 3, 0, 3, 0]);
    }

    #[test]
    fn how_far_was_read_is_kept_and_a_damaged_file_is_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        assert_eq!(read(&path), None);
        write(&path, Seen { next: 41 });
        assert_eq!(read(&path), Some(41));
        std::fs::write(&path, "{\"next\":").unwrap();
        assert_eq!(read(&path), None);
    }
}
