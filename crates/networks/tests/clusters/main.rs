//! Clusters under real economies: devices, hours, hires, and where every base unit goes.

#[path = "../drive/files.rs"]
mod files;

mod bounded;
mod devices;
mod file;
mod hires;
mod hours;
mod least_work;
mod loss;
mod money;
mod refusals;
mod world;
