//! Where a hotspot hands in what it heard, and where packet reports are acknowledged.

use depin_client::{
    SigningKey,
    lorawan::{Answer, BatchBody, OutcomeBody, PacketReport, UplinkPacket},
};

/// Why nothing of a batch was taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// The hotspot is not one whose uplinks are taken.
    #[error("uplinks of this hotspot are not taken here")]
    Stranger,
    /// Too much waits to be delivered.
    #[error("{0} events wait to be delivered, which is as many as are kept; try again when the customer's server takes them")]
    Full(usize),
    /// The store failed, and what was not written is forgotten.
    #[error("the store failed, so nothing of this was taken; send it again")]
    Store,
    /// It is stopping.
    #[error("the gateway is stopping")]
    Closed,
}

/// Why a batch is not acknowledged for the ledger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// No chain pays here.
    #[error("no chain pays for packets here, so no batch is acknowledged")]
    NoChain,
    /// The route is another customer's, or none.
    #[error("the route {0} is none of this network server's")]
    OtherRoute(String),
    /// A packet that was not acknowledged here, to this hotspot.
    #[error("packet {0} of the batch was not acknowledged to this hotspot by this network server")]
    NotAcknowledged(usize),
    /// A join request.
    #[error("packet {0} of the batch is a join request, and nobody pays for those")]
    Join(usize),
}

/// Takes what hotspots heard. The gateway implements it for whoever runs in its process; its HTTP port says the same to others.
pub trait Intake: Send + Sync {
    /// Hands in packets, whose radio's checksums fitted, of the hotspot with this key. The answer comes when they took effect: all that is acknowledged is
    /// on the disk. What is to be emitted is part of it; there is less than a second for that.
    ///
    /// # Errors
    /// [`IntakeError`]; nothing is taken then.
    fn hand_in(&self, hotspot: [u8; 32], packets: Vec<UplinkPacket>) -> impl Future<Output = Result<Answer, IntakeError>> + Send;

    /// Says what became of a downlink.
    ///
    /// # Errors
    /// [`IntakeError`].
    fn outcome(&self, hotspot: [u8; 32], outcome: OutcomeBody) -> impl Future<Output = Result<(), IntakeError>> + Send;
}

/// Acknowledges packet reports, by which hotspots are paid. It is asked only for packets that are on the disk.
pub trait Acknowledge: Send + Sync + 'static {
    /// The key that signs.
    fn public_key(&self) -> [u8; 32];

    /// The signature over [`PacketReport::signed_bytes`].
    fn acknowledge(&self, report: &PacketReport) -> [u8; 64];

    /// The time that a report says, of what came at `wall_ms`: ledger time where a chain pays.
    fn stamp_ms(&self, wall_ms: u64) -> u64 {
        wall_ms
    }

    /// The signature with which the ledger takes a hotspot's batch. Whoever asks has checked that every packet of it was acknowledged.
    ///
    /// # Errors
    /// [`BatchError`].
    fn settle(&self, hotspot: [u8; 32], batch: &BatchBody) -> Result<[u8; 64], BatchError> {
        let _ = (hotspot, batch);
        Err(BatchError::NoChain)
    }
}

impl Acknowledge for SigningKey {
    fn public_key(&self) -> [u8; 32] {
        Self::public_key(self)
    }

    fn acknowledge(&self, report: &PacketReport) -> [u8; 64] {
        self.sign(&report.signed_bytes())
    }
}
