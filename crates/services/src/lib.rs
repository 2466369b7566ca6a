//! What the networks measure: storage deals and possession proofs.

pub mod storage;
