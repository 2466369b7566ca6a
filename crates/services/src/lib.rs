//! What the networks measure: storage deals and possession proofs, units of one's own, and the vocabulary of all services.

mod formula;
pub mod metered;
pub mod storage;
pub mod vocabulary;

pub use formula::rule_cards;
