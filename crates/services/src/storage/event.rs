//! What happened in the storage service, for receipts and the index.

use super::{
    piece::{Commitment, PieceSize},
    rows::CloseReason,
};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, Instant, Seed, UnitId, Units};
use serde::{Deserialize, Serialize};

/// One happening.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum StorageEvent {
    /// A provider registered or changed its entry or ask.
    ProviderChanged {
        /// Who.
        provider: Address,
    },
    /// A provider left, or its entry lapsed: the entry is closed then, or gone.
    ProviderRemoved {
        /// Who.
        provider: Address,
    },
    /// A client proposed a deal.
    DealProposed {
        /// The deal.
        deal: UnitId,
        /// Who pays.
        client: Address,
        /// Who is to store.
        provider: Address,
        /// Commitment of the piece.
        piece: Commitment,
        /// Padded size.
        size: PieceSize,
        /// Base units per epoch.
        price: Units,
        /// Epochs.
        term: u64,
    },
    /// The provider took a deal.
    DealAccepted {
        /// The deal.
        deal: UnitId,
        /// Who pays.
        client: Address,
        /// Who stores.
        provider: Address,
    },
    /// A challenge to one sector was drawn.
    SectorChallenged {
        /// The deal.
        deal: UnitId,
        /// Who is to answer.
        provider: Address,
        /// Seed of the challenge.
        seed: Seed,
    },
    /// A deal's sector was proven for the first time.
    DealActivated {
        /// The deal.
        deal: UnitId,
        /// Who pays.
        client: Address,
        /// Who stores.
        provider: Address,
        /// When its term ends.
        until: Instant,
    },
    /// A deal is over.
    DealClosed {
        /// The deal.
        deal: UnitId,
        /// Who paid.
        client: Address,
        /// Who stored.
        provider: Address,
        /// Why.
        reason: CloseReason,
    },
    /// The client wants a longer term.
    ExtensionAsked {
        /// The deal.
        deal: UnitId,
        /// Who is to agree.
        provider: Address,
        /// Epochs to add.
        epochs: u64,
    },
    /// A deal's term got longer.
    DealExtended {
        /// The deal.
        deal: UnitId,
        /// Who pays.
        client: Address,
        /// Who stores.
        provider: Address,
        /// When its term ends now.
        until: Instant,
    },
    /// The client wants the deal to end.
    EndAsked {
        /// The deal.
        deal: UnitId,
        /// Who is to agree.
        provider: Address,
    },
    /// A data set's window opened.
    WindowOpened {
        /// Whose.
        provider: Address,
        /// Number of the data set.
        set: u32,
        /// Seed of the challenges.
        seed: Seed,
        /// When it closes.
        closes: Instant,
    },
    /// A data set was proven in its window.
    SetProven {
        /// Whose.
        provider: Address,
        /// Number of the data set.
        set: u32,
        /// Sectors covered.
        sectors: u32,
    },
    /// A window closed without a good answer.
    WindowMissed {
        /// Whose.
        provider: Address,
        /// Number of the data set.
        set: u32,
        /// Sectors that became faulty by it.
        sectors: u32,
    },
    /// A sector became faulty.
    SectorFaulty {
        /// The deal.
        deal: UnitId,
        /// Who pays.
        client: Address,
        /// Who stores.
        provider: Address,
        /// Whether the provider said so itself.
        declared: bool,
    },
    /// A faulty sector was proven again.
    SectorRecovered {
        /// The deal.
        deal: UnitId,
        /// Who pays.
        client: Address,
        /// Who stores.
        provider: Address,
    },
    /// The client's funds for a deal run out soon.
    FundsLow {
        /// The deal.
        deal: UnitId,
        /// Who pays.
        client: Address,
        /// How long they last.
        until: Instant,
    },
}

impl StorageEvent {
    /// Name of what happened, as its JSON says.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ProviderChanged { .. } => "provider-changed",
            Self::ProviderRemoved { .. } => "provider-removed",
            Self::DealProposed { .. } => "deal-proposed",
            Self::DealAccepted { .. } => "deal-accepted",
            Self::SectorChallenged { .. } => "sector-challenged",
            Self::DealActivated { .. } => "deal-activated",
            Self::DealClosed { .. } => "deal-closed",
            Self::ExtensionAsked { .. } => "extension-asked",
            Self::DealExtended { .. } => "deal-extended",
            Self::EndAsked { .. } => "end-asked",
            Self::WindowOpened { .. } => "window-opened",
            Self::SetProven { .. } => "set-proven",
            Self::WindowMissed { .. } => "window-missed",
            Self::SectorFaulty { .. } => "sector-faulty",
            Self::SectorRecovered { .. } => "sector-recovered",
            Self::FundsLow { .. } => "funds-low",
        }
    }

    /// The deal it is about, if one.
    pub const fn deal(&self) -> Option<UnitId> {
        match self {
            Self::DealProposed { deal, .. }
            | Self::DealAccepted { deal, .. }
            | Self::SectorChallenged { deal, .. }
            | Self::DealActivated { deal, .. }
            | Self::DealClosed { deal, .. }
            | Self::ExtensionAsked { deal, .. }
            | Self::DealExtended { deal, .. }
            | Self::EndAsked { deal, .. }
            | Self::SectorFaulty { deal, .. }
            | Self::SectorRecovered { deal, .. }
            | Self::FundsLow { deal, .. } => Some(*deal),
            Self::ProviderChanged { .. }
            | Self::ProviderRemoved { .. }
            | Self::WindowOpened { .. }
            | Self::SetProven { .. }
            | Self::WindowMissed { .. } => None,
        }
    }

    /// The accounts it is about: client and provider where both are known.
    pub fn accounts(&self) -> Vec<Address> {
        match self {
            Self::DealProposed { client, provider, .. }
            | Self::DealAccepted { client, provider, .. }
            | Self::DealActivated { client, provider, .. }
            | Self::DealClosed { client, provider, .. }
            | Self::DealExtended { client, provider, .. }
            | Self::SectorFaulty { client, provider, .. }
            | Self::SectorRecovered { client, provider, .. } => vec![*client, *provider],
            Self::FundsLow { client, .. } => vec![*client],
            Self::ProviderChanged { provider }
            | Self::ProviderRemoved { provider }
            | Self::SectorChallenged { provider, .. }
            | Self::ExtensionAsked { provider, .. }
            | Self::EndAsked { provider, .. }
            | Self::WindowOpened { provider, .. }
            | Self::SetProven { provider, .. }
            | Self::WindowMissed { provider, .. } => vec![*provider],
        }
    }
}
