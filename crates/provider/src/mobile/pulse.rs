//! Heartbeats: one in each of the network's hours, as soon as it began.
//!
//! In: the access point's entry, ledger time. Out: signed heartbeats on the ledger. One that the ledger did not take is said again, since one of an
//! hour counts at most.

use super::{
    config::MobileConfig,
    counters::{Counters, count},
    entry::signed,
};
use depin_client::{Client, ClientError, Sender};
use depin_ledger::Message;
use depin_quantity::{Instant, Name};
use depin_services::coverage::{
    CoverageMessage, PublicKey, SignatureBytes,
    mobile::{Heartbeat, MobileMessage},
};
use std::{sync::Arc, time::Duration};

/// Longest and shortest pause between two looks.
const LONGEST: Duration = Duration::from_secs(30);
const SHORTEST: Duration = Duration::from_millis(500);

/// See the module.
pub(super) struct Pulse {
    pub config: MobileConfig,
    pub client: Client,
    pub sender: Sender,
    pub chain_id: Name,
    pub counters: Arc<Counters>,
}

impl Pulse {
    /// Beats for ever.
    pub(super) async fn run(self) {
        let mut last = None;
        loop {
            let pause = match self.look(&mut last).await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::debug!(%error, "no heartbeat now");
                    Duration::from_secs(2)
                }
            };
            tokio::time::sleep(pause.clamp(SHORTEST, LONGEST)).await;
        }
    }

    /// Sends the heartbeat of the present hour, if it is not sent; gives how long to wait.
    async fn look(&self, last: &mut Option<u64>) -> Result<Duration, ClientError> {
        let coverage = self.client.coverage();
        let Some(network) = coverage.mobile().await? else { return Ok(LONGEST) };
        let Some(own) = coverage.access_point(self.config.access_point.address()).await? else { return Ok(SHORTEST * 4) };
        let status = self.client.status().await?;
        let (heartbeat, speed) = (network.heartbeat_ms.max(1), u64::from(status.speed).max(1));
        let began = network.epoch_ends.instant().get().saturating_sub(network.epoch_ms);
        let hour = status.time_ms.saturating_sub(began) / heartbeat + network.epoch * (network.epoch_ms / heartbeat);
        let rest = heartbeat - status.time_ms.saturating_sub(began) % heartbeat;
        let ready = own.object > 0 && own.location.is_some() && !own.retired;
        if ready && *last != Some(hour) {
            let beat = CoverageMessage::Mobile(MobileMessage::Beat(vec![self.beat(own.object, status.time_ms)]));
            match self.sender.submit(Message::service(beat)).await {
                Ok(_) => {
                    *last = Some(hour);
                    count(&self.counters.heartbeats);
                }
                Err(error) => {
                    tracing::debug!(%error, "a heartbeat was not taken");
                    return Ok(Duration::from_secs(2));
                }
            }
        }
        Ok(Duration::from_millis(if ready { rest / speed } else { 2_000 }))
    }

    fn beat(&self, object: u32, now: u64) -> Heartbeat {
        let (key, blank) = (PublicKey::new(self.config.access_point.public_key()), SignatureBytes::new([0; 64]));
        let (at, place) = (Instant::new(now), self.config.place);
        let mut beat = Heartbeat { key, at, object, operational: true, place, fix: None, signature: blank };
        beat.signature = signed(&self.config.access_point, self.chain_id, &beat.signed());
        beat
    }
}
