//! A provider of leases on a real chain, over a made-up runtime: bids, manifests, restarts, bad days.

mod bad_days;
mod fake;
mod images;
mod market;
mod rogues;
mod tenants;
mod terms;
mod world;
