//! Minting: clocks, emissions, caps, pools, batches, scores and parameter versions of networks made for one test each.
#![allow(missing_docs)]

mod batches;
mod common;
mod due;
mod files;
mod kinds;
mod pools;
mod slicing;
mod versions;
