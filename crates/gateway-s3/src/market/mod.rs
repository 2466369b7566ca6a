//! What the gateway needs of the storage market.
//!
//! In: proposals, extensions and ends of deals. Out: offers of providers, states of deals, funds. Implemented over a node's API in
//! [`LedgerMarket`]; times are ledger time, prices and funds are base units of the token that deals are paid in. Absent on purpose: data transfer (see [`Shards`](crate::Shards)),
//! transactions, fees, signatures.

mod ledger;

pub use ledger::LedgerMarket;

use async_trait::async_trait;
use depin_client::api::Currency;
use depin_quantity::{Address, Instant, Span, UnitId, Units};
use depin_services::storage::piece::Commitment;

/// A provider and where it is reached.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Provider {
    /// Address on the ledger.
    pub address: Address,
    /// Name for people.
    pub name: String,
    /// Base URL of its HTTP interface.
    pub url: String,
}

impl std::fmt::Display for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.name.is_empty() { self.address.fmt(f) } else { write!(f, "{} ({})", self.name, self.address) }
    }
}

/// What a provider offers now.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Who.
    pub provider: Provider,
    /// Price per GiB of padded piece and epoch, in base units.
    pub ask: Units,
    /// Smallest padded piece taken, in bytes.
    pub piece_min: u64,
    /// Largest padded piece taken, in bytes.
    pub piece_max: u64,
    /// Free capacity in bytes as far as known; a hint, not a promise.
    pub free_bytes: Option<u64>,
    /// Accepted and active deals that it has with anybody.
    pub deals: u32,
    /// Whether new deals are taken. A provider that takes none is still listed, since old shards are read there.
    pub accepting: bool,
}

/// One deal to propose, for a payload that the provider already holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Address of the provider.
    pub provider: Address,
    /// What its payload is.
    pub cid: Commitment,
    /// Padded piece size in bytes.
    pub piece_size: u64,
    /// Payload length in bytes.
    pub payload_bytes: u64,
    /// Price per GiB of piece and epoch, in base units: what was agreed on with the placement, or the provider's ask where that is
    /// lower by now.
    pub price: Units,
    /// Length of the deal.
    pub term: Span,
}

/// A longer term for a deal that is paid now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Which deal.
    pub deal: UnitId,
    /// Its new end.
    pub until: Instant,
    /// A deal that costs more than this per GiB of piece and epoch is refused, not extended; none when absent.
    pub max_price: Option<Units>,
}

/// Where a deal stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DealState {
    /// Waits for the provider's answer.
    Proposed,
    /// Accepted, not yet proven.
    Accepted,
    /// Proven and paid until then.
    Active {
        /// End of the paid term.
        until: Instant,
    },
    /// In a fault that may be recovered; the term goes on.
    Faulty {
        /// End of the paid term.
        until: Instant,
    },
    /// The provider said no.
    Refused {
        /// Its words.
        reason: String,
    },
    /// Never became active in time; the escrow came back.
    Expired,
    /// Over: its term ran out, both agreed, or it was terminated.
    Ended {
        /// When.
        at: Instant,
        /// Why.
        reason: String,
    },
}

impl DealState {
    /// Whether nothing more can become of the deal.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Expired | Self::Ended { .. })
    }
}

/// A deal and its state; the state is absent when the ledger does not know the deal.
#[derive(Clone, Debug)]
pub struct Deal {
    /// Which.
    pub id: UnitId,
    /// Where it stands.
    pub state: Option<DealState>,
}

/// The gateway's money.
#[derive(Clone, Copy, Debug, Default)]
pub struct Funds {
    /// Spendable balance in base units, escrow not counted.
    pub balance: Units,
    /// What the present deals cost per day of ledger time, in base units.
    pub burn_per_day: Units,
}

/// Why a market call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarketError {
    /// The balance does not cover it.
    #[error(
        "funds are too low: {} are needed, {} are there; send tokens to the gateway's account",
        currency.text(*needed), currency.text(*balance)
    )]
    FundsTooLow {
        /// What it costs.
        needed: Units,
        /// What is there.
        balance: Units,
        /// Of what.
        currency: Currency,
    },
    /// The ledger said no, for good.
    #[error("the ledger refused: {reason}")]
    Refused {
        /// Its words.
        reason: String,
    },
    /// No answer; whether the call took effect is unknown.
    #[error("the ledger cannot be reached: {reason}")]
    Unreachable {
        /// What happened.
        reason: String,
    },
}

/// The storage market as the gateway's account sees it.
///
/// Batches are answered entry by entry, in order. An [`MarketError::Unreachable`] for the whole call or for one entry leaves open
/// whether it took effect; [`Market::find`] settles that.
#[async_trait]
pub trait Market: Send + Sync + 'static {
    /// What deals are paid in.
    fn currency(&self) -> Currency;

    /// Ledger time.
    async fn now(&self) -> Result<Instant, MarketError>;

    /// The providers that are registered, also those that take no new deals: all of them, or a fair part of a list that is too long.
    async fn offers(&self) -> Result<Vec<Offer>, MarketError>;

    /// The offers of these providers that [`Market::offers`] may have left out: none, where that says all.
    async fn offers_of(&self, _providers: Vec<Address>) -> Result<Vec<Offer>, MarketError> {
        Ok(Vec::new())
    }

    /// Proposes deals: the fee for each whole term goes into escrow.
    async fn propose(&self, proposals: Vec<Proposal>) -> Result<Vec<Result<UnitId, MarketError>>, MarketError>;

    /// The newest not refused, not expired, not ended deal of this account for each (provider address, piece CID).
    ///
    /// Answers only when no earlier proposal of this account is still under way, so that "none" is final.
    async fn find(&self, pieces: Vec<(Address, Commitment)>) -> Result<Vec<Option<UnitId>>, MarketError>;

    /// States of deals.
    async fn deals(&self, ids: Vec<UnitId>) -> Result<Vec<Deal>, MarketError>;

    /// What a deal takes into escrow at a price per GiB of piece and epoch; all there can be when it does not fit 128 bits.
    fn cost(&self, price: Units, piece_size: u64, term: Span) -> Units;

    /// Asks for longer terms; each takes effect when the provider agrees, seen as a later `until` of [`Market::deals`]. Answers with
    /// what went into escrow: nothing for one that was asked before.
    async fn extend(&self, extensions: Vec<Extension>) -> Result<Vec<Result<Units, MarketError>>, MarketError>;

    /// Asks to end deals early; each takes effect when the provider agrees. Ending an ended deal is no error.
    async fn end(&self, deals: Vec<UnitId>) -> Result<Vec<Result<(), MarketError>>, MarketError>;

    /// The account's money.
    async fn funds(&self) -> Result<Funds, MarketError>;

    /// Returns when something may have changed since the last call. May return early, never later than a few seconds after a change.
    async fn changed(&self);
}
