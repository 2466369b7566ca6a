//! From events to what must be read anew.

use super::view::Stale;
use depin_client::{
    Client,
    api::{EventQuery, EventRecord},
};
use depin_quantity::Address;
use futures::StreamExt as _;
use std::time::Duration;
use tokio::sync::mpsc;

/// Pause after the node refused to stream.
const REFUSED_PAUSE: Duration = Duration::from_secs(5);

/// Tells what this provider's events make stale, for ever; ends when nobody listens any more.
pub(super) async fn follow(client: Client, own: Address, stale: mpsc::Sender<Stale>) {
    let query = EventQuery { kind: Some("storage".to_owned()), account: Some(own), ..EventQuery::default() };
    loop {
        let mut events = client.follow(query.clone());
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    if stale.send(made_stale(&event)).await.is_err() {
                        return;
                    }
                }
                Err(error) => tracing::warn!(%error, "the node does not stream events; reading everything instead"),
            }
        }
        // What happened meanwhile is not known.
        tokio::time::sleep(REFUSED_PAUSE).await;
        if stale.send(Stale::all()).await.is_err() {
            return;
        }
    }
}

/// Events after which a deal is as it was in the provider's entry and its data sets.
const DEAL_ONLY: [&str; 5] = ["deal-proposed", "sector-challenged", "extension-asked", "deal-extended", "end-asked"];

/// An event about a deal concerns that deal, and most also the entry, which counts deals, and the data sets.
fn made_stale(event: &EventRecord) -> Stale {
    let rest = !DEAL_ONLY.contains(&event.kind.as_str());
    Stale { all: false, deals: event.deal.into_iter().collect(), rest }
}
