#![doc = include_str!("../README.md")]

mod cgroup;
mod cores;
mod error;
mod identity;
mod machine;
mod memory;
mod slice;
mod tree;
mod virtualisation;

pub use cgroup::Generation;
pub use cores::Cores;
pub use error::MachineError;
pub use identity::{Identity, Reach, Source};
pub use machine::{Machine, Processor};
pub use memory::Memory;
pub use slice::Slice;
pub use virtualisation::{Hint, HintKind};
