//! From events to what must be read anew.

use super::{dirty::DirtySet, duty::Duty};
use depin_client::Client;
use depin_quantity::Address;
use futures::StreamExt as _;
use std::time::Duration;
use tokio::sync::mpsc;

/// Pause after the node refused to stream.
const REFUSED_PAUSE: Duration = Duration::from_secs(5);

/// Tells what this operator's events make dirty, for ever; ends when nobody listens any more.
pub(super) async fn follow<D: Duty>(client: Client, address: Address, dirty: mpsc::Sender<DirtySet>) {
    loop {
        let mut events = client.follow(D::events(address));
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    if dirty.send(D::dirtied(&event)).await.is_err() {
                        return;
                    }
                }
                Err(error) => tracing::warn!(%error, "the node does not stream events; reading everything instead"),
            }
        }
        // What happened meanwhile is not known.
        tokio::time::sleep(REFUSED_PAUSE).await;
        if dirty.send(DirtySet::all()).await.is_err() {
            return;
        }
    }
}
