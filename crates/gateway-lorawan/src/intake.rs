//! Where a hotspot hands in what it heard, and where packet reports are acknowledged.

use crate::wire::{Answer, OutcomeBody, PacketReport, UplinkPacket};
use depin_client::SigningKey;

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
}

impl Acknowledge for SigningKey {
    fn public_key(&self) -> [u8; 32] {
        Self::public_key(self)
    }

    fn acknowledge(&self, report: &PacketReport) -> [u8; 64] {
        self.sign(&report.signed_bytes())
    }
}
