//! People: what customers want, when providers come and go, what speculators think, what stakers and treasuries do.
//!
//! In: what such a person could see: prices of the last days, how full the network is, what it paid lately. Out: decisions. Nobody here
//! knows the future, another's mind, or the rules' next move.

mod boom;
mod customers;
mod entry;
mod providers;
mod speculators;

pub use boom::Heights;
pub use customers::{Customers, Sight};
pub use entry::{Investor, Payback, Prospect, ZeroProfit, hardware};
pub use providers::{Decision, Market, Provider, Providers, Rewards};
pub use speculators::{Depth, Purse, Speculators};
