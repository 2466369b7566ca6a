//! What clients and providers tell the storage service, in signed transactions.

use super::piece::{Commitment, LeafProof, PieceSize};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, UnitId, Units};
use serde::{Deserialize, Serialize};

/// Deals that one message may name.
pub const DEALS_PER_MESSAGE: usize = 64;
/// Sectors that one message may prove.
pub const PROOFS_PER_MESSAGE: usize = 16;
/// Longest label of a deal, bytes (as upstream).
pub const LABEL_MAX: usize = 256;
/// Longest reason of a refusal, bytes.
pub const REASON_MAX: usize = 200;
/// Longest base URL of a provider, bytes.
pub const URL_MAX: usize = 256;

/// What a provider asks for, and what it takes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Ask {
    /// Price in base units per GiB and epoch.
    pub price: Units,
    /// The same for verified deals.
    pub verified_price: Units,
    /// Smallest piece taken.
    pub piece_min: PieceSize,
    /// Largest piece taken.
    pub piece_max: PieceSize,
    /// Shortest term taken, epochs.
    pub term_min: u64,
    /// Longest term taken, epochs.
    pub term_max: u64,
    /// Whether new deals are taken at all.
    pub open: bool,
}

impl Ask {
    /// Lowest price per epoch that meets this ask for a piece: `floor(price * size / 2^30)`, as upstream compares.
    ///
    /// Source: go-fil-markets, `storagemarket/impl/providerstates`: accept when the price per epoch is at least this.
    pub fn price_per_epoch(&self, size: PieceSize, verified: bool) -> Units {
        let price = if verified { self.verified_price } else { self.price };
        price.mul_div(size.get().into(), 1 << 30, depin_quantity::Rounding::Down).unwrap_or(Units::new(u128::MAX))
    }
}

/// A deal that a client wants: one piece, one provider, one term.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Proposal {
    /// Who is to store it.
    pub provider: Address,
    /// Commitment of the piece.
    pub piece: Commitment,
    /// Its padded size.
    pub size: PieceSize,
    /// Base units per epoch for the whole piece; never zero.
    pub price: Units,
    /// Length of the deal in epochs, from its activation.
    pub term: u64,
    /// Epochs from now within which the deal must be accepted and first proven.
    pub start_within: u64,
    /// Whether the client spends DataCap on it.
    pub verified: bool,
    /// Free text of the client.
    pub label: String,
}

/// Leaves of one sector and their paths, answering the challenge that the chain drew for it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct SectorProof {
    /// The deal whose sector is proven.
    pub deal: UnitId,
    /// One proof per challenge, in challenge order.
    pub leaves: Vec<LeafProof>,
}

/// Everything that can be said to the storage service. Each message is taken as a whole or refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StorageMessage {
    /// The sender becomes a provider, or changes what it said before.
    RegisterProvider {
        /// Name for tables, 1 to 31 characters.
        name: depin_quantity::Name,
        /// Base URL under which pieces are put and fetched.
        url: String,
        /// Bytes offered in all.
        capacity: u64,
        /// What it asks.
        ask: Ask,
    },
    /// The provider's new ask.
    SetAsk(Ask),
    /// The provider leaves; only without deals.
    RemoveProvider,
    /// A client proposes deals and escrows their whole price.
    ProposeDeals(Vec<Proposal>),
    /// The provider takes proposed deals; pledge and bond are locked, a challenge will be drawn.
    AcceptDeals(Vec<UnitId>),
    /// The provider declines proposed deals; the escrow goes back.
    RefuseDeals {
        /// The deals.
        deals: Vec<UnitId>,
        /// Why, for the client.
        reason: String,
    },
    /// The provider answers the challenges of accepted or recovering sectors.
    ProveSectors(Vec<SectorProof>),
    /// The provider answers the open window of one of its data sets.
    ProveSet {
        /// Number of the data set.
        set: u32,
        /// One proof per challenge, in challenge order.
        leaves: Vec<LeafProof>,
    },
    /// The provider found sectors lost or damaged.
    DeclareFaults(Vec<UnitId>),
    /// The provider has faulty sectors back; a challenge will be drawn.
    DeclareRecovered(Vec<UnitId>),
    /// The client asks for a longer term and escrows its price.
    ExtendDeals {
        /// The deals.
        deals: Vec<UnitId>,
        /// Epochs to add.
        epochs: u64,
    },
    /// The provider agrees to extensions asked for.
    AcceptExtensions(Vec<UnitId>),
    /// The client asks to end deals early.
    EndDeals(Vec<UnitId>),
    /// The provider agrees to early ends asked for; unspent funds go back.
    AgreeEnds(Vec<UnitId>),
    /// The provider gives deals up: they are terminated, with the penalty.
    TerminateDeals(Vec<UnitId>),
    /// Anybody lets what is due be paid now.
    SettleDeals(Vec<UnitId>),
}

impl StorageMessage {
    /// Name for receipts and tables.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RegisterProvider { .. } => "register-provider",
            Self::SetAsk(_) => "set-ask",
            Self::RemoveProvider => "remove-provider",
            Self::ProposeDeals(_) => "propose-deals",
            Self::AcceptDeals(_) => "accept-deals",
            Self::RefuseDeals { .. } => "refuse-deals",
            Self::ProveSectors(_) => "prove-sectors",
            Self::ProveSet { .. } => "prove-set",
            Self::DeclareFaults(_) => "declare-faults",
            Self::DeclareRecovered(_) => "declare-recovered",
            Self::ExtendDeals { .. } => "extend-deals",
            Self::AcceptExtensions(_) => "accept-extensions",
            Self::EndDeals(_) => "end-deals",
            Self::AgreeEnds(_) => "agree-ends",
            Self::TerminateDeals(_) => "terminate-deals",
            Self::SettleDeals(_) => "settle-deals",
        }
    }

    /// Work units: an upper bound on rows touched, hashes computed and room taken, known before anything is run.
    pub fn work(&self) -> u64 {
        // Measured against a transfer: a deal that is proposed, accepted, proven or ended touches some thirty rows.
        const DEAL: u64 = 60;
        let deals = |ids: &[UnitId]| DEAL * ids.len() as u64;
        let hashes = |proofs: &[LeafProof]| proofs.iter().map(|p| 1 + p.path.len() as u64).sum::<u64>();
        // Text that is too long is refused, but it has taken room in the block by then.
        let text = |text: &str| text.len() as u64 / 16;
        10 + match self {
            Self::RegisterProvider { url, .. } => 10 + text(url),
            Self::SetAsk(_) | Self::RemoveProvider => 10,
            Self::ProposeDeals(proposals) => proposals.iter().map(|p| DEAL + text(&p.label)).sum(),
            Self::RefuseDeals { deals: ids, reason } => deals(ids) + text(reason),
            Self::ExtendDeals { deals: ids, .. } => deals(ids),
            Self::ProveSectors(proofs) => proofs.iter().map(|p| DEAL + hashes(&p.leaves)).sum(),
            Self::ProveSet { leaves, .. } => DEAL + hashes(leaves),
            Self::AcceptDeals(ids)
            | Self::DeclareFaults(ids)
            | Self::DeclareRecovered(ids)
            | Self::AcceptExtensions(ids)
            | Self::EndDeals(ids)
            | Self::AgreeEnds(ids)
            | Self::TerminateDeals(ids)
            | Self::SettleDeals(ids) => deals(ids),
        }
    }
}
