//! What callers send and get.

use depin_client::api::{Amount, MeteredBatch, Price, Time};
use depin_quantity::{Address, ContentHash, UnitId};
use serde::{Deserialize, Serialize};

/// Units that were delivered, with what shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewReport {
    /// The caller's own id, at most 128 bytes: with the same content it is the same report, however often it is sent.
    pub id: String,
    /// The order, by its id on the ledger.
    pub order: UnitId,
    /// How many units.
    pub units: u64,
    /// SHA-256 of the evidence, 64 hexadecimal digits.
    pub evidence: ContentHash,
    /// Where the evidence can be fetched, if anywhere.
    #[serde(default)]
    pub pointer: Option<String>,
}

/// An order to open for the customer whose key the gateway holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewOrder {
    /// The caller's own id: the order is opened once, however often this is sent.
    pub id: String,
    /// Who is to deliver.
    pub operator: Address,
    /// The most that all of it may cost. It leaves the customer's wallet when the order is opened.
    pub cap: Price,
    /// The most that one unit may cost; what the operator asks now when left out.
    #[serde(default)]
    pub price: Option<Price>,
    /// How long units can be reported, in ledger time: `7d`.
    pub open_for: String,
}

/// More money for an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RaiseOrder {
    /// The caller's own id of this raise.
    pub id: String,
    /// How much more.
    pub by: Price,
}

/// The customer's dispute of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewDispute {
    /// The caller's own id of this dispute.
    pub id: String,
    /// The batch, by its id on the ledger.
    pub batch: UnitId,
    /// How many of its units were delivered; they are paid at once.
    pub accepted: u64,
    /// SHA-256 of what shows that the others were not.
    pub evidence: ContentHash,
    /// Where that can be fetched, if anywhere.
    #[serde(default)]
    pub pointer: Option<String>,
}

/// How far a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportState {
    /// On this gateway's disk, not on the ledger yet.
    Queued,
    /// On the ledger; how it stands there could not be asked yet.
    Reported,
    /// The ledger refused it.
    Refused,
    /// On the ledger; the customer can dispute it until `pending_until`.
    Pending,
    /// Disputed; what is contested is frozen.
    Disputed,
    /// Decided, and paid as far as it counted.
    Settled,
}

impl ReportState {
    /// The text of it in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Reported => "reported",
            Self::Refused => "refused",
            Self::Pending => "pending",
            Self::Disputed => "disputed",
            Self::Settled => "settled",
        }
    }
}

/// Why the ledger refused something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Short and stable.
    pub code: String,
    /// The ledger's words.
    pub message: String,
}

/// A report and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportView {
    /// The caller's id.
    pub id: String,
    /// The order.
    pub order: UnitId,
    /// The batch's id on the ledger.
    pub batch: UnitId,
    /// Units reported.
    pub units: u64,
    /// SHA-256 of the evidence.
    pub evidence: ContentHash,
    /// Where it can be fetched.
    pub pointer: Option<String>,
    /// How far it is.
    pub state: ReportState,
    /// Why it was refused, or what keeps it while it is queued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The transaction that it was reported in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction: Option<UnitId>,
    /// When it is paid, if nobody disputes it before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_until: Option<Time>,
    /// What all its units cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// Units that were paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted: Option<u64>,
    /// What was paid for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid: Option<Amount>,
}

impl ReportView {
    /// Adds what the ledger says of its batch.
    #[must_use]
    pub(crate) fn with_batch(mut self, batch: Option<&MeteredBatch>) -> Self {
        use depin_client::api::BatchStage;
        let Some(batch) = batch else { return self };
        self.state = match batch.state {
            BatchStage::Pending => ReportState::Pending,
            BatchStage::Disputed => ReportState::Disputed,
            BatchStage::Settled => ReportState::Settled,
        };
        self.pending_until.clone_from(&batch.payable_at);
        self.amount = Some(batch.amount.clone());
        self.counted = Some(batch.counted);
        self.paid = Some(batch.paid.clone());
        self
    }
}

/// Something that the customer's key does, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionView {
    /// The caller's id.
    pub id: String,
    /// `waiting` until the ledger decided, `done` or `refused`.
    pub state: String,
    /// The order that was opened, or that it is about.
    pub order: Option<UnitId>,
    /// Why it was refused, or what keeps it while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The transaction that did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction: Option<UnitId>,
}
