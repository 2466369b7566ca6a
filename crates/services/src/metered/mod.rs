//! Metered units: a service of one's own, told by its unit (map tiles, minutes of transcription, sensor readings).
//!
//! In: [`MeteredMessage`]s of operators, customers and one reporter, in signed transactions. Out: records on the economy's meter,
//! [`MeteredEvent`]s, rows. Called inside a [`Context`](crate::Context). Absent on purpose: proofs. Whether a unit was delivered is
//! the reporter's word, an account that the network's start names; a service with proofs of its own replaces it.
//!
//! An operator registers with what it asks for a unit. A customer orders so many of one operator; their price is held. The reporter
//! reports what was delivered: that part is captured, and the operator has earned the units. What is left goes back when the order
//! is finished or its time is over. Failures that the reporter finds cost what the network says.

mod error;
mod event;
mod message;
pub(crate) mod names;
mod orders;
mod params;
mod read;
mod reports;
mod rows;
mod service;

pub use error::MeteredError;
pub use event::MeteredEvent;
pub use message::{Delivery, ENTRIES_MAX, Failing, MeteredMessage};
pub use params::{MeteredParams, PriceForm};
pub use read::{audit, operator, operators, order, totals};
pub use rows::{MeteredTotals, Operator, Order};
pub use service::Metered;
