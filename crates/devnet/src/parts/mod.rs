//! The parts of every network, whatever its service.

pub(crate) mod bridge;
pub(crate) mod feeder;
pub(crate) mod node;
