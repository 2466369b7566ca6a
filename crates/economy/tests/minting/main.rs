//! Minting: clocks, emissions, caps, pools, batches, scores and eras of networks made for one test each.
#![allow(missing_docs)]

mod batches;
mod common;
mod eras;
mod files;
mod kinds;
mod pools;
mod slicing;
