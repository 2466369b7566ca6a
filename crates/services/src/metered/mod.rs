//! Metered units: a founder's own service, told by its unit (map tiles, minutes of transcription, sensor readings).
//!
//! In: [`MeteredMessage`]s of operators, customers, reporters and an arbiter, in signed transactions, and the passing of ledger time.
//! Out: records on the economy's meter, [`MeteredEvent`]s, rows. Called inside a [`Context`](crate::Context). Absent on purpose: proofs.
//! Whether a unit was delivered is a reporter's word, within what the customer signed, and open to dispute; a service with proofs of its
//! own replaces it.
//!
//! An operator registers with what it asks for a unit. A customer opens an order with one operator and puts its spending cap into an
//! escrow. Units are reported in batches; each batch is held out of that escrow until its dispute window is over, then it is paid, and
//! the operator has accrued the units. A dispute freezes the contested units until the operator concedes, an arbiter decides, or time
//! does. See the decision record 11 for why, and for what bounds trade with oneself.

mod audit;
mod disputes;
mod due;
mod error;
mod event;
mod message;
pub(crate) mod names;
mod operators;
mod orders;
mod params;
mod quote;
mod read;
mod records;
mod reports;
mod rows;
mod rules;
mod service;
mod settle;

pub use crate::economy_rules::PriceForm;
pub use audit::audit;
pub use due::Job;
pub use error::MeteredError;
pub use event::{Decided, MeteredEvent, Parties};
pub use message::{ENTRIES_MAX, Evidence, Failing, MeteredMessage, NewOrder, REPORT_ID_MAX, Report, TEXT_MAX};
pub use orders::order_id;
pub use params::{DisputeParams, MeteredParams, Undecided};
pub use read::{
    batch, batches, dispute, disputes, operator, operators, order, orders, orders_of_customer, orders_of_operator, totals,
};
pub use reports::{ReportIdError, batch_id, check_evidence, check_report_id, report_id};
pub use rows::{Answer, Batch, BatchState, Dispute, MeteredTotals, Operator, Order};
pub use rules::{DepositRule, MeteredRules};
pub use service::Metered;
