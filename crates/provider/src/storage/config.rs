//! How a provider is set up.

use super::{HoldLimits, HttpSettings, StoreSettings, scrub::ScrubSettings};
use crate::operator::OperatorConfig;
use depin_files::Floor;
use depin_quantity::Name;
use depin_services::storage::{Ask, piece::PieceSize};
use std::{path::PathBuf, time::Duration};

/// Settings of a provider.
#[derive(Clone, Debug)]
pub struct ProviderConfig {
    /// What every operator has; rewards are claimed once per proving period.
    pub operator: OperatorConfig,
    /// Folder of the pieces, on a local disk.
    pub folder: PathBuf,
    /// Bytes offered in all; registered on the ledger.
    pub capacity_bytes: u64,
    /// What is asked at the first registration. Later the ledger's entry counts.
    pub ask: Ask,
    /// Largest piece that may be uploaded.
    pub upload_max: PieceSize,
    /// How long an upload is kept without a deal, wall time.
    pub hold: Duration,
    /// How fast the disk is read for damage.
    pub scrub: ScrubSettings,
    /// What may be kept without deals; by the capacity when `None`.
    pub holds: Option<HoldLimits>,
    /// Uploads handled at once.
    pub uploads_max: usize,
    /// Downloads handled at once.
    pub downloads_max: usize,
    /// Most data sets of clients whose deals pay less than the proofs of these cost: each costs a proof a period. Whoever pays as much is
    /// taken always. Where fees are in another token than deals, they are not compared, and everybody is taken.
    pub small_clients: u32,
    /// Free space on the folder's disk below which no upload is taken.
    pub floor: Floor,
}

impl ProviderConfig {
    /// Small clients where nothing is said: at Filecoin's least fees their proofs cost some 0.0002 FIL a day, and any customer begins
    /// as one, since 200 nanoFIL a day is the usual price of 140 MiB.
    pub const SMALL_CLIENTS: u32 = 1_000;

    /// A provider with the usual limits.
    pub fn new(operator: OperatorConfig, folder: impl Into<PathBuf>, capacity_bytes: u64, ask: Ask) -> Self {
        let (upload_max, folder) = (ask.piece_max, folder.into());
        Self {
            operator,
            floor: Floor::new(&folder, None),
            folder,
            capacity_bytes,
            ask,
            upload_max,
            hold: Duration::from_millis(StoreSettings::HOLD_MS),
            scrub: ScrubSettings::default(),
            holds: None,
            uploads_max: 64,
            downloads_max: 256,
            small_clients: Self::SMALL_CLIENTS,
        }
    }

    pub(super) fn store(&self) -> StoreSettings {
        let usual = StoreSettings::new(&self.folder, self.capacity_bytes, self.upload_max.payload_capacity());
        StoreSettings {
            hold_ms: u64::try_from(self.hold.as_millis()).unwrap_or(u64::MAX),
            holds: self.holds.unwrap_or(usual.holds),
            floor: self.floor.clone(),
            ..usual
        }
    }

    pub(super) fn http(&self, address: depin_quantity::Address, chain_id: Name) -> HttpSettings {
        let usual = HttpSettings::new(address, chain_id, self.operator.name.as_str());
        HttpSettings { uploads_max: self.uploads_max, downloads_max: self.downloads_max, ..usual }
    }
}
