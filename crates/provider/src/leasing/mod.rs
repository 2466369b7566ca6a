//! A provider of leases: bids on orders, runs what its tenants send, is paid as long as it runs.
//!
//! ```text
//! orders ──> matches, room, runtime, price ──> bid ──> lease ──> manifest (kept) ──> workload ──> containers, ingress
//! ledger says a lease is over ──> its room is closed, to the last volume
//! ```
//!
//! - [`LeasingDaemon`] runs it, as an [operator](crate::operator).
//! - [`Capacity`] and [`Inventory`] are what there is and what is set aside, with [`Overcommit`].
//! - [`Pricing`] says what is asked, by upstream's strategies; it runs price scripts.
//! - [`judge`] is the way from an order to a bid, or to why there is none; [`plan`] decides what is judged at all.
//! - [`planned`] makes a workload of what a tenant sent.
//! - [`Desk`] is what tenants may ask of whoever runs their leases, and [`gateway`] how they ask it over HTTP.
//! - [`Report`] is what the provider's owner reads: how leases run and why, what is free, why there was no bid.
//!
//! Kept are manifests and what was decided about leases; everything else is found again on the ledger and in the runtime, after
//! `kill -9` and after a restart of the machine. A lease is ended for one cause alone: its tenant sent no manifest in the network's time,
//! counted while this provider could hear it. What does not run well is told, and paid as the ledger says.
//!
//! Absent on purpose: rules of the ledger, GPUs, addresses of their own.

mod availability;
mod capacity;
mod config;
mod counter;
mod desk;
mod duty;
mod entry;
pub mod gateway;
mod hosts;
mod images;
mod judge;
mod plan;
mod price;
mod report;
mod rooms;
mod runtime;
mod start;
mod status;
mod store;
mod task;
mod typed;
mod view;
mod waiting;
mod workload;

pub use capacity::{Capacity, CapacityError, Inventory, NoRoom, Overcommit};
pub use config::{LeasingConfig, storage_attributes};
pub use depin_sdl::Attribute;
pub use desk::{Desk, DeskError, ForwardedPort, ImagePart, ImageTaken, ServedService, Standing, Tenancy};
pub use hosts::HostNames;
pub use images::IMAGE_BYTES_MAX;
pub use judge::{Offer, WhyNot, admit, judge};
pub use plan::{LeasePlan, plan};
pub use price::{NoPrice, Pricing};
pub use report::{Judged, LeaseReport, REPORT_FILE, ReplicaReport, Report};
pub use runtime::{RuntimeChoice, RuntimePlace, end_engine, open_runtime, sandbox_name};
pub use start::{LeasingDaemon, LeasingError, LeasingHandle};
pub use status::{LeasingFigures, LeasingStatus};
pub use store::{Ended, STORE_FILE, StoreError};
pub use task::LeaseTask;
pub use typed::{TypedError, read_attributes, read_prices};
pub use view::{Verdict, View};
pub use workload::{Ground, NotHere, Planned, Way, likeness, planned, room};

#[cfg(test)]
pub(crate) mod tests {
    use depin_client::api::{Amount, DenomPrice, LeaseAvailability, LeasingLease, Price, Time};
    use depin_quantity::{Address, ContentHash, Instant, Name, Units};
    use depin_sdl::Group;
    use depin_services::leasing::{DeploymentId, LeaseState, OrderId};

    /// A group of so many replicas of 1 CPU, 1 GiB of memory and 1 GiB of disk, with so much for each a block.
    pub fn group(price: &str, count: u32) -> Group {
        let text = format!(
            "version: \"2.0\"\nservices:\n  web:\n    image: nginx:1.27\n    expose: [{{port: 80, to: [{{global: true}}]}}]\n\
             profiles:\n  compute:\n    small: {{resources: {{cpu: {{units: 1}}, memory: {{size: 1Gi}}, storage: {{size: 1Gi}}}}}}\n  \
             placement:\n    west: {{pricing: {{small: {{denom: uakt, amount: {price}}}}}}}\n\
             deployment:\n  web: {{west: {{profile: small, count: {count}}}}}\n"
        );
        depin_sdl::read(&text).unwrap_or_else(|refused| panic!("{refused}")).groups()[0].clone()
    }

    /// A lease that is paid by its availability since the ledger's time 0, decided up to a period.
    pub fn leased(tenant: Address, provider: Address, next: u64) -> LeasingLease {
        let (akt, time) = (Name::literal("AKT"), |ms| Time::from(Instant::new(ms)));
        let amount = |units| Amount::new(akt, Units::new(units), 6);
        let availability = LeaseAvailability {
            began: time(0),
            next,
            ends: time(3_600_000 * (next + 1)),
            closes: time(3_600_000 * (next + 2)),
            probes: 0,
            answered: 0,
            unreported: 0,
            waits: amount(0),
        };
        LeasingLease {
            id: DeploymentId { owner: tenant, dseq: 1 }.group(1).order(1).bid(provider),
            provider: Name::literal("north"),
            url: String::new(),
            state: LeaseState::Active,
            reason: None,
            price: DenomPrice { denom: "uakt".to_owned(), amount: "900".to_owned() },
            rate: Price { currency: akt, amount: "0.0009".to_owned() },
            units: "1513".to_owned(),
            collected: amount(0),
            earned: amount(0),
            availability: Some(availability),
            hash: ContentHash::new([0; 32]),
            created: time(0),
            manifest_until: time(300_000),
            reclaim_until: None,
            closed: None,
        }
    }

    pub fn order(oseq: u32) -> OrderId {
        DeploymentId { owner: Address::new([1; 32]), dseq: 1 }.group(1).order(oseq)
    }
}
