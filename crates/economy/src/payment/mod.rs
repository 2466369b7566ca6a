//! Payments: escrows and streams that run over time, charges made at once or held first, credits, fees of a service, how each of
//! them is split, and the list of what is due.
//!
//! In: terms that two parties agreed or quantities that the economy prices, and time. Out: postings to payees, burns, treasuries
//! and pools; bonds returned or burnt; unspent money back; notices.
//!
//! A reserved stream sets its whole term aside when it opens and pays whole periods by one product; an open-ended one uses its
//! escrow up by one of two rules, and its end is planned, not discovered. Nothing pays more than it was funded with, and nothing
//! that depends on a price goes on without a fresh one: records are refused, recurring fees are carried.

mod charge;
mod claim;
mod credit;
mod escrow;
mod measured;
mod open_ended;
mod open_escrow;
mod pays;
mod reads;
pub mod rows;
mod running;
mod service_fee;
mod stream;

pub use charge::{captured, charge_token, charged, priced_units};
pub use claim::{Claim, weighted_part};
pub use credit::{CreditOrder, CreditQuote, burnt_for, credits_for};
pub use measured::earned;
pub use open_ended::{
    Deposit, OrderedSettlement, WeightedSettlement, ordered_due, ordered_lasts, settle_ordered, settle_weighted, weighted_lasts,
};
pub use pays::{CONVERSIONS, split, usage};
pub use service_fee::{fee_amount, fee_quantity};
pub use stream::{bond_minimum, due_periods};
