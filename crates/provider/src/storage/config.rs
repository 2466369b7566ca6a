//! How a provider is set up.

use super::{HttpSettings, StoreSettings, scrub::ScrubSettings};
use crate::operator::OperatorConfig;
use depin_files::Floor;
use depin_quantity::{Name, Span};
use depin_services::storage::{Ask, piece::PieceSize};
use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// Settings of a provider.
#[derive(Clone, Debug)]
pub struct ProviderConfig {
    /// Name for tables; registered on the ledger.
    pub name: Name,
    /// Folder of the pieces, on a local disk.
    pub folder: PathBuf,
    /// Bytes offered in all; registered on the ledger.
    pub capacity_bytes: u64,
    /// What is asked at the first registration. Later the ledger's entry counts.
    pub ask: Ask,
    /// Where the HTTP interface listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Base URL under which others reach it; `http://` and the address listened on when `None`.
    pub url: Option<String>,
    /// The chain to serve; asked from the node when `None`.
    pub chain_id: Option<Name>,
    /// Largest piece that may be uploaded.
    pub upload_max: PieceSize,
    /// How long an upload is kept without a deal, wall time.
    pub hold: Duration,
    /// How fast the disk is read for damage.
    pub scrub: ScrubSettings,
    /// How often everything is read anew from the ledger, wall time. Nothing depends on having seen an event.
    pub resync: Duration,
    /// How often rewards are claimed, ledger time: once per proving period.
    pub claim_every: Span,
    /// Longest wait for the node at start, when the chain must be asked for.
    pub start_timeout: Duration,
    /// Uploads handled at once.
    pub uploads_max: usize,
    /// Downloads handled at once.
    pub downloads_max: usize,
    /// Free space on the folder's disk below which no upload is taken.
    pub floor: Floor,
}

impl ProviderConfig {
    /// A provider that listens on a free port of loopback, with the usual limits.
    pub fn new(name: Name, folder: impl Into<PathBuf>, capacity_bytes: u64, ask: Ask) -> Self {
        let (upload_max, folder) = (ask.piece_max, folder.into());
        Self {
            name,
            floor: Floor::new(&folder, None),
            folder,
            capacity_bytes,
            ask,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            url: None,
            chain_id: None,
            upload_max,
            hold: Duration::from_millis(StoreSettings::HOLD_MS),
            scrub: ScrubSettings::default(),
            resync: Duration::from_secs(60),
            claim_every: Span::from_days(1),
            start_timeout: Duration::from_secs(30),
            uploads_max: 16,
            downloads_max: 256,
        }
    }

    pub(super) fn store(&self) -> StoreSettings {
        StoreSettings {
            folder: self.folder.clone(),
            capacity_bytes: self.capacity_bytes,
            payload_bytes_max: self.upload_max.payload_capacity(),
            hold_ms: u64::try_from(self.hold.as_millis()).unwrap_or(u64::MAX),
            floor: self.floor.clone(),
        }
    }

    pub(super) fn operator(&self, chain_id: Name) -> OperatorConfig {
        OperatorConfig {
            name: self.name,
            listen: self.listen,
            url: self.url.clone(),
            chain_id,
            resync: self.resync,
            claim_every: self.claim_every,
        }
    }

    pub(super) fn http(&self, address: depin_quantity::Address, chain_id: Name) -> HttpSettings {
        let usual = HttpSettings::new(address, chain_id, self.name.as_str());
        HttpSettings { uploads_max: self.uploads_max, downloads_max: self.downloads_max, ..usual }
    }
}
