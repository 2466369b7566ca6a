//! Clocks, what closes with each of their periods, and the list of what is due.

pub mod chance;
pub mod clock;
pub mod close;
pub mod due;
pub mod rows;
