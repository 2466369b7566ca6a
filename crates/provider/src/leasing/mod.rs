//! What a provider of leases decides before it bids, and what it sets aside.
//!
//! ```text
//! order ── matches (attributes, audits, capabilities) ──> room (inventory) ──> price (scale, range, script) ──> bid
//! ```
//!
//! - [`Capacity`] and [`Inventory`] are what there is and what is set aside, with [`Overcommit`].
//! - [`Pricing`] says what is asked, by upstream's strategies; it runs price scripts.
//! - [`judge`] is the way from an order to a bid, or to why there is none.
//! - [`Desk`] is what tenants may ask of whoever runs their leases, and [`gateway`] how they ask it over HTTP.

mod capacity;
mod desk;
pub mod gateway;
mod judge;
mod price;

pub use capacity::{Capacity, CapacityError, Inventory, NoRoom, Overcommit};
pub use desk::{Desk, DeskError, ForwardedPort, ServedService, Standing, Tenancy};
pub use judge::{Offer, WhyNot, judge};
pub use price::{NoPrice, Pricing};

#[cfg(test)]
pub(crate) mod tests {
    use depin_quantity::Address;
    use depin_sdl::Group;
    use depin_services::leasing::{DeploymentId, OrderId};

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

    pub fn order(oseq: u32) -> OrderId {
        DeploymentId { owner: Address::new([1; 32]), dseq: 1 }.group(1).order(oseq)
    }
}
