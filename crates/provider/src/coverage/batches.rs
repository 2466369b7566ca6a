//! Packets that were acknowledged become batches with two signatures.
//!
//! In: the store's packets. Out: batches in the store, which the duty reports. A customer that does not sign for what it acknowledged has it
//! claimed before it is too late: the claim is public, and paid only if the customer says so.

use super::{
    deliver::Carrier,
    store::{Store, StoreError, Waiting},
};
use depin_client::{Client, SigningKey};
use depin_quantity::{Instant, Name, UnitId};
use depin_services::{
    InnerSignature,
    coverage::{Acknowledgement, Packet, PacketBatch, PacketHash, PublicKey, SignatureBytes, batch_id},
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::watch;

/// Packets of a batch: their acknowledgements fit into one request.
const BATCH: usize = 64;
/// Packets that are looked at in one round.
const ROUND: usize = 1_024;

/// See the module.
pub(super) struct Batcher {
    pub hotspot: SigningKey,
    pub chain_id: Name,
    pub client: Client,
    pub store: Store,
    pub carrier: Arc<Carrier>,
    /// Between two rounds.
    pub every: Duration,
    /// Changes whenever there is a new batch.
    pub made: watch::Sender<u64>,
}

/// What the ledger says about times.
struct Times {
    now: u64,
    late_after: u64,
}

impl Batcher {
    /// Makes batches for ever.
    pub(super) async fn run(self) {
        loop {
            tokio::time::sleep(self.every).await;
            match self.round().await {
                Ok(0) => {}
                Ok(_) => self.made.send_modify(|made| *made += 1),
                Err(error) => tracing::warn!(%error, "no batch of packets could be made"),
            }
        }
    }

    /// Ledger time, where the node says it.
    async fn times(&self) -> Option<Times> {
        let (status, network) = (self.client.status().await.ok()?, self.client.coverage().network().await.ok()?);
        Some(Times { now: status.time_ms, late_after: network.late_after_ms })
    }

    async fn round(&self) -> Result<usize, StoreError> {
        let waiting = self.store.waiting(ROUND).await?;
        if waiting.is_empty() {
            return Ok(0);
        }
        let times = self.times().await;
        let mut groups: BTreeMap<(UnitId, String), Vec<Waiting>> = BTreeMap::new();
        for one in waiting {
            groups.entry((one.route, one.server.clone())).or_default().push(one);
        }
        let mut made = 0;
        for ((route, server), packets) in groups {
            for part in packets.chunks(BATCH) {
                made += self.make(route, &server, part, times.as_ref()).await?;
            }
        }
        Ok(made)
    }

    /// Makes one batch, or none yet.
    async fn make(&self, route: UnitId, server: &str, packets: &[Waiting], times: Option<&Times>) -> Result<usize, StoreError> {
        let oldest = packets.iter().map(|one| one.packet.report.received_ms).min().unwrap_or_default();
        let age = times.map_or(0, |times| times.now.saturating_sub(oldest));
        let late_after = times.map_or(u64::MAX, |times| times.late_after);
        if age > late_after {
            let late =
                |one: &&Waiting| times.is_some_and(|times| times.now.saturating_sub(one.packet.report.received_ms) > late_after);
            let gone: Vec<[u8; 32]> = packets.iter().filter(late).map(|one| one.packet.report.hash).collect();
            tracing::warn!(packets = gone.len(), "acknowledged packets came too late for the ledger");
            self.store.drop_packets(gone).await?;
            return Ok(0);
        }
        let acknowledged = packets.iter().map(|one| one.packet.clone()).collect();
        let by = match self.carrier.acknowledge(server, route, acknowledged).await {
            Ok((key, signature)) => Some(Acknowledgement { key: PublicKey::new(key), signature: SignatureBytes::new(signature) }),
            // Half of the time is left to be paid after all.
            Err((_, why)) if age > late_after / 2 => {
                tracing::warn!(server, why, "the customer does not sign for packets that it acknowledged: they are claimed");
                None
            }
            Err((_, why)) => {
                tracing::debug!(server, why, "a batch waits for its customer");
                return Ok(0);
            }
        };
        let batch = self.signed(route, packets, by);
        self.store.batch(batch_id(&batch), batch).await?;
        Ok(1)
    }

    fn signed(&self, route: UnitId, packets: &[Waiting], acknowledged: Option<Acknowledgement>) -> PacketBatch {
        let packet = |one: &Waiting| {
            let report = &one.packet.report;
            Packet { hash: PacketHash::new(report.hash), bytes: report.bytes, received: Instant::new(report.received_ms) }
        };
        let (key, blank) = (PublicKey::new(self.hotspot.public_key()), SignatureBytes::new([0; 64]));
        let mut batch = PacketBatch { route, key, packets: packets.iter().map(packet).collect(), signature: blank, acknowledged };
        let bytes = InnerSignature::signed_bytes(self.chain_id, &batch.signed());
        batch.signature = SignatureBytes::new(self.hotspot.sign(&bytes));
        batch
    }
}
