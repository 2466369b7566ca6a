//! A founder's own service under real economies: orders, batches, disputes, and where every base unit goes.

#[path = "../drive/files.rs"]
mod files;

mod disputes;
mod file;
mod life;
mod money;
mod refusals;
mod world;
