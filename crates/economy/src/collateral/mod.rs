//! What members put up, and what they lose: pledges, penalties for faults, slashing with its appeal.

pub mod fault;
pub mod pledge;
pub mod rows;
pub mod slash;
