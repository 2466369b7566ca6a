//! What goes over the wire: the JSON of the node's API, the same types on both sides.
//!
//! - Amounts are [`Amount`]: token, base units as a string (JSON numbers lose digits), and text for people.
//! - Times are [`Time`]: ledger time as RFC 3339 and as milliseconds since 1970.
//! - Ids and digests are 64 hexadecimal digits, addresses bech32m, pieces their CIDs.
//! - Lists come in pages: `items`, and `next` to pass as `after` (or `from`) while there are more.
//! - Every error is an [`ErrorBody`].
//!
//! Absent on purpose: how anything is computed; the node fills these types from the ledger's rows.

mod account;
mod chain;
mod economy;

pub use crate::clusters::{
    ClusterDevice, ClusterDeviceQuery, ClusterHire, ClusterHireQuery, ClusterHour, ClusterSlot, ClustersNetwork,
};
pub use crate::coverage::{
    AccessPointQuery, CoverageAppeal, CoverageBatch, CoverageBeacon, CoverageDenial, CoverageEuiPair, CoverageFilter,
    CoverageGate, CoverageHex, CoverageHotspot, CoverageLocation, CoverageNetwork, CoverageOui, CoveragePacket, CoverageRange,
    CoverageRoute, CoverageWitness, HotspotQuery, MobileAccessPoint, MobileCap, MobileCarrier, MobileNetwork, MobileSession,
    MobileSpeed, PacketQuery, PacketStage, SessionQuery,
};
pub use crate::leasing::{
    BidQuery, DenomPrice, DeploymentQuery, LeaseAvailability, LeaseQuery, LeasingAudit, LeasingAvailability, LeasingBid,
    LeasingDeployment, LeasingGroup, LeasingLease, LeasingNetwork, LeasingOrder, LeasingProvider, LeasingTenant,
};
pub use crate::metered::{
    BatchStage, DisputeAnswer, DisputeTerms, EvidenceRef, MeteredBatch, MeteredDispute, MeteredNetwork, MeteredOperator,
    MeteredOrder, MeteredQuote, MeteredQuoteQuery, OrderQuery, OrderStage, Price,
};
pub use crate::rendering::{
    RenderingComparison, RenderingEligible, RenderingJob, RenderingJobQuery, RenderingNetwork, RenderingNode, RenderingNodeQuery,
    RenderingPerson, RenderingTicket,
};
pub use crate::storage::{
    Absence, AcceptedDeals, Ask, Challenge, ChallengedSector, DataSet, Deal, DealQuery, DealStage, Fault, ProofDeadline,
    Provider, ProviderList, Quote, QuoteQuery, StorageTotals, Window,
};
pub use account::{Account, AccountDay, AccountDays, AccountEntry, Committed, Flow, FlowSource, Holdings, RewardDue, Vesting};
pub use chain::{
    BATCH_BYTES_MAX, BATCH_MAX, BatchAnswer, BatchAnswers, BatchRequest, Block, BlockSummary, Chance, ChanceReport, ClockWarning,
    Content, DiskRoom, EventQuery, EventRecord, Failure, FinalReceipt, History, Posted, Stalled, Status, SubmitRequest,
    TransactionPhase, TransactionStatus,
};
pub use economy::{Audit, AuditTotal, NetworkInfo, NetworkRow, PriceEntry, Prices, Supply, SupplyPart, TokenSupply};

use depin_quantity::{Instant, Name, Units};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An amount of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Amount {
    /// Which token.
    #[schema(value_type = String, example = "FIL")]
    pub token: Name,
    /// Base units, decimal digits.
    #[schema(value_type = String, example = "1500000000000000000")]
    pub units: Units,
    /// The same for people, exact.
    #[schema(example = "1.5 FIL")]
    pub display: String,
}

impl Amount {
    /// `units` base units of `token`, which has `decimals` places.
    pub fn new(token: Name, units: Units, decimals: u8) -> Self {
        Self { token, units, display: format!("{} {token}", units.to_decimal(decimals)) }
    }
}

/// A token, and how its amounts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency {
    /// The token.
    pub token: Name,
    /// Places behind the point of one whole token.
    pub decimals: u8,
}

impl Currency {
    /// `units` base units of it.
    pub fn amount(self, units: Units) -> Amount {
        Amount::new(self.token, units, self.decimals)
    }

    /// The same as people read it, exactly: `1.5 FIL`.
    pub fn text(self, units: Units) -> String {
        self.amount(units).display
    }
}

/// A point in ledger time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Time {
    /// RFC 3339, UTC, to the second.
    #[schema(example = "2026-11-22T15:00:00Z")]
    pub text: String,
    /// Milliseconds since 1970.
    pub ms: u64,
}

impl Time {
    /// The instant.
    pub const fn instant(&self) -> Instant {
        Instant::new(self.ms)
    }
}

impl From<Instant> for Time {
    fn from(at: Instant) -> Self {
        Self { text: at.to_rfc3339(), ms: at.get() }
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// What to pass as `after` to get the next page; none at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Every error answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// What went wrong and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorDetail {
    /// Short and stable, for programs.
    #[schema(example = "nonce-too-low")]
    pub code: String,
    /// One sentence for people.
    pub message: String,
    /// What to do; empty when there is nothing to say.
    #[serde(default)]
    pub hint: String,
}

/// Codes of [`ErrorDetail`] on which programs act.
pub mod code {
    /// The transaction's nonce has been used by an earlier one of the sender.
    pub const NONCE_TOO_LOW: &str = "nonce-too-low";
    /// The transaction's nonce is further ahead than the pool holds transactions for.
    pub const NONCE_TOO_HIGH: &str = "nonce-too-high";
    /// Another transaction of the sender with the same nonce waits already.
    pub const NONCE_TAKEN: &str = "nonce-taken";
    /// The present base fee is above the transaction's `base_fee_max`.
    pub const FEE_TOO_LOW: &str = "fee-too-low";
    /// The transaction is for another chain.
    pub const WRONG_CHAIN: &str = "wrong-chain";
    /// The sender's balance does not cover the fee.
    pub const BALANCE_TOO_LOW: &str = "balance-too-low";
    /// The signature is not the sender's.
    pub const BAD_SIGNATURE: &str = "bad-signature";
    /// The bytes are no transaction.
    pub const MALFORMED: &str = "malformed";
    /// The message says what no ledger takes, whatever is in its rows.
    pub const BOUNDS: &str = "bounds";
    /// The message is more work than fits a block.
    pub const TOO_MUCH_WORK: &str = "too-much-work";
    /// More bytes than are allowed.
    pub const TOO_LARGE: &str = "too-large";
    /// The node has more to do than it can; try again later.
    pub const BUSY: &str = "busy";
    /// It was given up: the node keeps no history from so long ago.
    pub const PRUNED: &str = "pruned";
    /// The chain makes no blocks.
    pub const STALLED: &str = "stalled";
    /// The disk has too little room for anything new; the same works when some was freed.
    pub const NO_ROOM: &str = "no-room";
    /// There is nothing of that name.
    pub const NOT_FOUND: &str = "not-found";
    /// A parameter that makes no sense.
    pub const BAD_REQUEST: &str = "bad-request";
}
