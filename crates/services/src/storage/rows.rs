//! What the storage service remembers.

use super::{
    message::{Ask, Proposal, REASON_MAX},
    piece::{Commitment, PieceSize},
};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, Instant, Name, Seed, UnitId, Units};
use depin_state::Row;
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};

/// A registered provider.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Provider {
    /// Name for tables.
    pub name: Name,
    /// Base URL under which pieces are put and fetched.
    pub url: String,
    /// Bytes offered in all.
    pub capacity: u64,
    /// Padded bytes of accepted and active deals.
    pub promised: u64,
    /// Accepted and active deals.
    pub deals: u32,
    /// Raw bytes with power.
    pub raw_bytes: u128,
    /// Quality-adjusted bytes with power.
    pub quality_bytes: u128,
    /// What it asks.
    pub ask: Ask,
    /// When it registered.
    pub since: Instant,
    /// Data sets ever opened; the next one gets this number.
    pub sets: u32,
    /// Until when it was of use for certain: when it registered, or the last end of a period of a data set that ended.
    pub used: Instant,
}

impl Row for Provider {
    const TABLE: u8 = 0x70;
    type Key = Address;
}

/// Why a deal closed.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CloseReason {
    /// The provider declined it.
    Refused(String),
    /// It was not accepted and proven in time.
    Expired,
    /// Its term ended.
    Completed,
    /// Both sides ended it early.
    Agreed,
    /// The provider gave it up.
    GivenUp,
    /// It was faulty for too many proving periods.
    Faulty,
}

/// A sector that cannot be proven at present.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Faulty {
    /// Since when.
    pub since: Instant,
    /// Proving periods that closed while it was faulty.
    pub periods: u32,
    /// Whether the provider said so itself.
    pub declared: bool,
    /// Whether the provider says that it is back; a challenge is drawn or about to be.
    pub recovering: bool,
}

/// Where a deal stands.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DealState {
    /// Escrowed, waiting for the provider.
    Proposed,
    /// Taken by the provider, waiting for its first proof.
    Accepted,
    /// Proven and paid.
    Active {
        /// Since when.
        since: Instant,
        /// When its term ends.
        until: Instant,
        /// Set while it cannot be proven.
        faulty: Option<Faulty>,
    },
    /// Over.
    Closed {
        /// Why.
        reason: CloseReason,
        /// When.
        at: Instant,
    },
}

impl DealState {
    /// Name for tables and errors.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Accepted => "accepted",
            Self::Active { faulty: None, .. } => "active",
            Self::Active { faulty: Some(_), .. } => "faulty",
            Self::Closed { .. } => "closed",
        }
    }
}

/// One piece with one provider for one term: the contract and its sector.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Deal {
    /// Who pays.
    pub client: Address,
    /// Who stores.
    pub provider: Address,
    /// Commitment of the piece.
    pub piece: Commitment,
    /// Its padded size.
    pub size: PieceSize,
    /// Base units per epoch.
    pub price: Units,
    /// Epochs from activation to end, extensions included.
    pub term: u64,
    /// Whether DataCap was spent on it.
    pub verified: bool,
    /// Free text of the client.
    pub label: String,
    /// When it was proposed.
    pub proposed: Instant,
    /// When it must be active.
    pub start_by: Instant,
    /// Where it stands.
    pub state: DealState,
    /// Number of the provider's data set that its sector is in, once active.
    pub set: Option<u32>,
    /// Seed of the challenge to its sector, while one is to be answered.
    pub challenge: Option<Seed>,
    /// Epochs that the client wants to add.
    pub extension: Option<u64>,
    /// Whether the client wants it to end.
    pub end_asked: bool,
}

impl Deal {
    pub(super) fn from_proposal(client: Address, p: &Proposal, now: Instant, start_by: Instant) -> Self {
        Self {
            client,
            provider: p.provider,
            piece: p.piece,
            size: p.size,
            price: p.price,
            term: p.term,
            verified: p.verified,
            label: p.label.clone(),
            proposed: now,
            start_by,
            state: DealState::Proposed,
            set: None,
            challenge: None,
            extension: None,
            end_asked: false,
        }
    }

    /// Whether its sector counts for power now.
    pub const fn has_power(&self) -> bool {
        matches!(self.state, DealState::Active { faulty: None, .. })
    }

    /// Whether it is over.
    pub const fn is_closed(&self) -> bool {
        matches!(self.state, DealState::Closed { .. })
    }
}

impl Row for Deal {
    const TABLE: u8 = 0x71;
    type Key = UnitId;
}

/// A challenged sector of an open window.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Challenged {
    /// Its deal.
    pub deal: UnitId,
    /// Commitment of the piece.
    pub piece: Commitment,
    /// Padded size.
    pub size: PieceSize,
    /// Declared faulty or ended since the window opened: challenges that fall on it go to others.
    pub skipped: bool,
}

/// A proof window: what was drawn, and whether it is answered.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Window {
    /// Seed of the challenges: drawn after the sectors were fixed, and the window opened with it.
    pub seed: Seed,
    /// When it opened.
    pub opened: Instant,
    /// When it closes.
    pub closes: Instant,
    /// The sectors challenged, in the order in which their leaves are counted.
    pub sectors: Vec<Challenged>,
    /// Whether a good answer came.
    pub proven: bool,
}

/// Up to a fixed number of a provider's sectors that are proven together, once per proving period: of one client, so that the bytes of
/// nobody else are drawn in place of the client's. It ends at the first window that is due while it is empty.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct DataSet {
    /// Whose deals they are.
    pub client: Address,
    /// Deals of the active sectors, in the order in which they came.
    pub sectors: Vec<UnitId>,
    /// End of the present proving period; its window closes then.
    pub deadline: Instant,
    /// What the next window asks for: fixed when the window was due, until the seed that judges it has come.
    pub fixed: Option<Vec<Challenged>>,
    /// The open window.
    pub window: Option<Window>,
    /// Windows answered so far.
    pub proven: u64,
    /// Windows missed so far.
    pub missed: u64,
}

impl Row for DataSet {
    const TABLE: u8 = 0x72;
    type Key = (Address, u32);
}

/// A data set of a provider and a client that has room for another sector: `(provider, client, number)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct OpenSet;

impl Row for OpenSet {
    const TABLE: u8 = 0x79;
    type Key = (Address, Address, u32);
}

/// A deal of a client, for looking them up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct ByClient;

impl Row for ByClient {
    const TABLE: u8 = 0x74;
    type Key = (Address, UnitId);
}

/// A deal of a provider, for looking them up. While it is proposed the row has room for the provider's answer: its client paid for it, so
/// whoever declines what it never asked for pays no rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByProvider {
    Waiting,
    Answered,
}

impl ByProvider {
    /// No less than what a refusal adds to a deal: the longest reason, and 13 bytes of its length, its kind and its time.
    const ROOM: usize = REASON_MAX + 13;
}

impl BorshSerialize for ByProvider {
    fn serialize<W: Write>(&self, out: &mut W) -> std::io::Result<()> {
        match self {
            Self::Waiting => out.write_all(&[0; Self::ROOM]),
            Self::Answered => Ok(()),
        }
    }
}

impl BorshDeserialize for ByProvider {
    fn deserialize_reader<R: Read>(bytes: &mut R) -> std::io::Result<Self> {
        let mut room = Vec::with_capacity(Self::ROOM);
        bytes.take(Self::ROOM as u64).read_to_end(&mut room)?;
        Ok(if room.is_empty() { Self::Answered } else { Self::Waiting })
    }
}

impl Row for ByProvider {
    const TABLE: u8 = 0x75;
    type Key = (Address, UnitId);
}

/// How many proposals of a client wait for their providers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct ProposalsOf(pub u32);

impl Row for ProposalsOf {
    const TABLE: u8 = 0x77;
    type Key = Address;
}

/// Sums over all sectors, for tables and metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Totals {
    /// Providers that are registered.
    pub providers: u64,
    /// Deals proposed so far.
    pub proposed: u64,
    /// Active deals.
    pub active: u64,
    /// Raw bytes with power.
    pub raw_bytes: u128,
    /// Quality-adjusted bytes with power.
    pub quality_bytes: u128,
    /// Sectors faulty now.
    pub faulty: u64,
}

impl Row for Totals {
    const TABLE: u8 = 0x76;
    type Key = ();
}
