//! Rendering under real economies: jobs, nodes, tickets, and where every base unit goes.

#[path = "../drive/files.rs"]
mod files;

mod attacks;
mod ends;
mod file;
mod idle;
mod life;
mod money;
mod refusals;
mod word;
mod world;
