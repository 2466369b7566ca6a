//! Rendering: nodes.

pub mod daemon;
