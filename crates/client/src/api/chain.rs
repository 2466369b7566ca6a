//! The chain itself: status, blocks, transactions, events.

use super::{Amount, ErrorBody, Time};
use depin_quantity::{Address, Name, Seed, UnitId, Units};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// `GET /v1/status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Name of the chain; transactions are signed for it.
    #[schema(value_type = String)]
    pub chain_id: Name,
    /// Network that it runs.
    #[schema(value_type = String)]
    pub network: Name,
    /// Service that the network runs.
    #[schema(value_type = String)]
    pub service: Name,
    /// The service's figures by name, whole numbers as decimal digits.
    pub figures: BTreeMap<String, String>,
    /// Height of the last final block.
    pub height: u64,
    /// Ledger time of that block, RFC 3339.
    pub time: String,
    /// The same in milliseconds since 1970.
    pub time_ms: u64,
    /// Wall-clock time of that block, milliseconds since 1970.
    pub wall_ms: u64,
    /// Milliseconds of ledger time per millisecond of wall time.
    pub speed: u32,
    /// Milliseconds by which the chain's clock is ahead of the node's wall clock, or behind it (negative); zero when it follows it.
    #[serde(default)]
    pub clock_off_ms: i64,
    /// Present while that is more than clocks may differ by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_warning: Option<ClockWarning>,
    /// Present while no block comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stalled: Option<Stalled>,
    /// Where the randomness comes from that lots and challenges are drawn by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chance: Option<Chance>,
    /// Root of the state after that block, hex.
    pub state_root: String,
    /// Root of all receipts after that block, hex.
    pub receipts_root: String,
    /// Present price of one work unit.
    pub base_fee: Amount,
    /// Present price of one byte of rows that a transaction adds, keys and values counted; zero where rows cost nothing.
    pub row_fee: Amount,
    /// Present price of one work unit of what rows cost; a transaction that adds rows must allow for it. Nothing where rows cost nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_base_fee: Option<Amount>,
    /// The least that either base fee falls to, by the network's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_fee_least: Option<Amount>,
    /// Where the node's history begins.
    #[serde(default)]
    pub history: History,
    /// Version of the node's software.
    pub version: String,
    /// Version of the state's form.
    pub format: u32,
    /// Room on the node's disk, where its system says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<DiskRoom>,
}

impl Status {
    /// What a transaction must allow for: the higher of the base fees of work and of rows.
    pub fn dearest_base_fee(&self) -> Units {
        let rows = self.row_base_fee.as_ref().map_or(Units::ZERO, |fee| fee.units);
        self.base_fee.units.max(rows)
    }
}

/// Where a chain's randomness comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Chance {
    /// What made the newest round: `proposer`, `committee` or `outside`; `nothing` before the first.
    pub by: String,
    /// The newest round.
    pub round: u64,
    /// Whether whoever runs the one validator can steer what is drawn at present.
    pub steered: bool,
    /// Rounds so far that one validator made alone.
    pub alone: u64,
    /// The account that reports randomness from outside, if the chain names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reporter: Option<String>,
    /// Its last report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<ChanceReport>,
    /// All that in words.
    pub message: String,
}

/// A report of randomness from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChanceReport {
    /// Number of the round by its source's count.
    pub round: u64,
    /// Its randomness, hex.
    #[schema(value_type = String)]
    pub value: Seed,
    /// When it was reported.
    pub at: Time,
    /// Whether a seed has it in it.
    pub mixed: bool,
}

/// Room on a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DiskRoom {
    /// Free bytes.
    pub free_bytes: u64,
    /// Bytes that are kept free.
    pub floor_bytes: u64,
    /// Whether nothing new is taken for want of room.
    pub refuses: bool,
    /// Bytes that gateways and providers on the same disk keep free, the node's own being half of them.
    #[serde(default)]
    pub bulk_floor_bytes: u64,
    /// Whether those take no more bytes.
    #[serde(default)]
    pub low: bool,
}

impl DiskRoom {
    /// Room on the disk of a chain, whose floor is half of that of whatever takes bytes in bulk.
    pub const fn of_chain(level: depin_files::Level) -> Self {
        Self::with_bulk(level, level.floor.saturating_mul(2))
    }

    const fn with_bulk(level: depin_files::Level, bulk_floor_bytes: u64) -> Self {
        let free_bytes = level.room.free;
        let (refuses, low) = (level.refuses(), free_bytes < bulk_floor_bytes);
        Self { free_bytes, floor_bytes: level.floor, refuses, bulk_floor_bytes, low }
    }

    /// What its owner should know, with the numbers; none while there is room.
    pub fn warning(&self) -> Option<String> {
        let size = depin_files::Size;
        let (free, floor, bulk) = (size(self.free_bytes), size(self.floor_bytes), size(self.bulk_floor_bytes));
        if self.refuses {
            return Some(format!(
                "the disk is nearly full: {free} free, {floor} are kept free; nothing new is taken until some is freed"
            ));
        }
        self.low.then(|| {
            format!(
                "the disk is nearly full: {free} free; gateways and providers on it take no more bytes below {bulk}, and below {floor} no \
                 transactions are taken"
            )
        })
    }
}

impl From<depin_files::Level> for DiskRoom {
    fn from(level: depin_files::Level) -> Self {
        Self::with_bulk(level, level.floor)
    }
}

/// The chain's clock is off the node's wall clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClockWarning {
    /// Milliseconds by which the chain's clock is ahead, or behind (negative).
    pub off_ms: i64,
    /// What happened, and what to do.
    pub message: String,
}

/// Where history begins: blocks, receipts and events from before were given up. Zeros while everything is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct History {
    /// Lowest height that is kept.
    pub block: u64,
    /// Position of the first event that is kept.
    pub event: u64,
}

/// No block has become final for ten heartbeats; on a chain at rest for twice as long as it rests, and ten heartbeats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stalled {
    /// When the last one did, by the node's wall clock, milliseconds since 1970.
    pub since_ms: u64,
    /// Its height.
    pub height: u64,
    /// Since when, and what to look at.
    pub message: String,
}

/// `GET /v1/content`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Content {
    /// Height of the block after which these were the rows.
    pub height: u64,
    /// How many there were.
    pub rows: u64,
    /// SHA-256 over their number, then key length, key, value length and value of each in key order; numbers as eight bytes.
    #[schema(value_type = String)]
    pub digest: UnitId,
}

/// Body of `POST /v1/transactions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SubmitRequest {
    /// The encoded transaction, hex.
    pub transaction: String,
}

/// Most transactions of one `POST /v1/transactions/batch`.
pub const BATCH_MAX: usize = 1_024;

/// Most bytes of its body: as many transfers, and some that say more.
pub const BATCH_BYTES_MAX: usize = 1 << 20;

/// Body of `POST /v1/transactions/batch`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BatchRequest {
    /// The encoded transactions, hex, 1 to 1,024; the whole body has at most 1 MiB.
    pub transactions: Vec<String>,
}

/// Answer to `POST /v1/transactions/batch`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BatchAnswers {
    /// One for each transaction, in their order.
    pub answers: Vec<BatchAnswer>,
}

/// What became of one transaction of a batch: what it would have been answered alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "nearly all of a batch are taken, and a box would show in the public form")]
pub enum BatchAnswer {
    /// Taken; with its receipt, when it was final before.
    Posted(Posted),
    /// Refused.
    Refused(ErrorBody),
}

/// Answer to an accepted `POST /v1/transactions`.
///
/// Posting the same transaction again is no error: the answer says where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Posted {
    /// The transaction's id.
    #[schema(value_type = String)]
    pub id: UnitId,
    /// Its receipt, when it is final already (with `wait=final`, or posted before).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<FinalReceipt>,
}

/// Where a transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TransactionPhase {
    /// In the pool or in a block that is not final.
    Pending,
    /// In a final block.
    Final,
    /// Not known here: never seen, or dropped from the pool. Answered only when everything final is indexed, with status 404.
    Unknown,
}

/// `GET /v1/transactions/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TransactionStatus {
    /// Where it stands.
    pub state: TransactionPhase,
    /// Its receipt, once final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<FinalReceipt>,
}

/// Why a transaction in a block changed nothing but its fee and nonce.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Failure {
    /// Short and stable.
    #[schema(example = "wrong-state")]
    pub code: String,
    /// One sentence.
    pub message: String,
}

/// Receipt of a transaction in a final block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FinalReceipt {
    /// The transaction.
    #[schema(value_type = String)]
    pub id: UnitId,
    /// Height of its block.
    pub height: u64,
    /// Ledger time of its block.
    pub time: Time,
    /// Its place among the block's receipts.
    pub index: u32,
    /// Who sent it.
    #[schema(value_type = String)]
    pub sender: Address,
    /// Its nonce.
    pub nonce: u64,
    /// What it did: the message's name.
    pub action: String,
    /// Fee paid.
    pub fee: Amount,
    /// Why it changed nothing, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// What happened, as the ledger's events.
    #[schema(value_type = Vec<Object>)]
    pub events: Vec<serde_json::Value>,
}

/// One event of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventRecord {
    /// Place in the history of all events, from 0, without gaps.
    pub position: u64,
    /// Height of its block.
    pub height: u64,
    /// Ledger time of its block.
    pub time: Time,
    /// The transaction that caused it; none for what a block does by itself.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<UnitId>,
    /// What kind, such as `deal-accepted` or `posting`.
    pub kind: String,
    /// Accounts that it is about.
    #[schema(value_type = Vec<String>)]
    #[serde(default)]
    pub accounts: Vec<Address>,
    /// The unit of the service that it is about: a deal, an order.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<UnitId>,
    /// The event as the ledger writes it.
    #[schema(value_type = Object)]
    pub event: serde_json::Value,
}

/// Parameters of `GET /v1/events` and `GET /v1/events/stream`. Those given must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct EventQuery {
    /// First position wanted; the stream begins with what is new when absent.
    pub from: Option<u64>,
    /// Most events in the answer; the stream ignores it.
    pub limit: Option<u32>,
    /// Only events of this kind, or of these, joined by commas: `deal-activated`, or `storage` for all of a service. One that the network
    /// does not have is refused with all that it has.
    pub kind: Option<String>,
    /// Only events about this account.
    #[param(value_type = Option<String>)]
    pub account: Option<Address>,
    /// Only events that name this unit: a deal, an order.
    #[param(value_type = Option<String>)]
    #[serde(alias = "deal")]
    pub subject: Option<UnitId>,
}

/// One line of `GET /v1/blocks`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BlockSummary {
    /// Its height.
    pub height: u64,
    /// Digest of its header, hex.
    pub digest: String,
    /// Ledger time.
    pub time: Time,
    /// Wall-clock time, milliseconds since 1970.
    pub wall_ms: u64,
    /// Proposer's public key, hex.
    pub proposer: String,
    /// How many transactions it holds.
    pub transactions: u32,
    /// How many events it caused.
    pub events: u32,
}

/// `GET /v1/blocks/{height}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Block {
    /// Height, digest, times, counts.
    #[serde(flatten)]
    pub summary: BlockSummary,
    /// Digest of the header before, hex.
    pub parent: String,
    /// Root of the state after it, hex.
    pub state_root: String,
    /// Root of all receipts after it, hex.
    pub receipts_root: String,
    /// Receipts of its transactions, in order.
    pub receipts: Vec<FinalReceipt>,
}
