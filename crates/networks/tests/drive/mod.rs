//! A driver that says everything a service can say to an economy, at random but by a seed, and looks after the books.
#![allow(missing_docs, dead_code)]

mod acts;
mod chance;
pub mod files;
mod people;
mod world;

pub use world::World;
