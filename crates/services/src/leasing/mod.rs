//! Leases of processors, memory and disks: a reverse auction on the ledger, paid block by block out of escrow.
//!
//! In: [`LeasingMessage`]s of tenants, providers and auditors, in signed transactions, and the passing of ledger time. Out: records on
//! the economy's meter, [`LeasingEvent`]s, rows. Called inside a [`Context`](crate::Context). Absent on purpose: containers, manifests
//! (a deployment has the hash of one), probes.
//!
//! A tenant orders a deployment of groups and puts a deposit into its escrow. Each group is an order; providers that are what it asks for
//! bid at most its price, with a deposit. The tenant takes any bid: that is the lease, a stream out of the escrow, and the other bids are
//! lost. The tenant ends a lease and orders again, or pauses, starts and closes groups; a provider ends one with a reason, which pauses
//! the group. When the money is gone the economy ends all streams of the escrow, and a job closes what they paid for.
//!
//! States, transitions, reasons and codes are those of akash-network `x/deployment` and `x/market` (node v2.1, chain-sdk). Deviations: at
//! most `bid.most` bids are taken, where upstream takes one more; a bid ends by itself after `bid.open-for`; a price is paid to 12 places
//! of its denomination; bids offer no list of resources; `manifest-timeout` is no reason before the tenant's time is over; money that ran
//! out is found on time; deposits that go back to a grant's wallet do not raise what is left of the grant.

mod audit;
mod availability;
mod bids;
mod denom;
mod deployments;
mod deposits;
mod due;
mod error;
mod event;
mod groups;
mod ids;
mod leases;
mod message;
pub(crate) mod names;
mod params;
mod providers;
mod read;
mod records;
mod rows;
mod rules;
mod service;
mod states;
mod tokens;

pub use audit::audit;
pub use availability::{AvailabilityReport, PROBES_MAX, REPORTS_MAX, SignedReport};
pub use denom::{Denoms, NoRate};
pub use due::Job;
pub use error::{LeasingError, OriginCode};
pub use event::LeasingEvent;
pub use ids::{BidId, DeploymentId, GroupId, OrderId};
pub use message::{
    ATTRIBUTES_MAX, Deposit, DepositSource, GROUPS_BYTES_MAX, GROUPS_MAX, LEASES_MAX, LeasingMessage, NewDeployment, SOURCES_MAX,
    TEXT_MAX,
};
pub use params::{AvailabilityParams, LeasingParams, ReclaimParams, UnitTable};
pub use read::{
    audits, availability, bid, bids, bids_of, deployment, deployments, deployments_of, grant, group, groups, leases_of,
    open_orders, order, orders, provider, providers, token_generation, totals,
};
pub use rows::{AuditedAttributes, Availability, Bid, DeployedGroup, Deployment, Funds, Lease, LeasingTotals, Order, Provider};
pub use rules::LeasingRules;
pub use service::Leasing;
pub use states::{BidState, DeploymentState, Failing, GroupState, LeaseState, OrderState, Reason};
