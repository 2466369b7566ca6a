//! Columns of agents, worked on several at a time: for models whose agents are a few numbers each and all follow one rule.
//!
//! In: a [`Fleet`] of equally long columns (parameters that stay, states that change) and a [`Rule`] written once over [`Lanes`], which
//! are as many agents as one vector of the processor holds. Out: changed states, and sums over all agents. [`run`] chooses at run
//! time among plain code, AVX2 and AVX-512. Operations are IEEE-754 multiplications, additions, comparisons and selections, each
//! rounded by itself and never fused; sums are added up in one order that does not depend on the width ([`Fleet::update`]). So a
//! model gives the same bits on every machine.
//!
//! [`BurnAndMint`] is a whole model on it: the one by which simulators are compared (`bench/peers`). Absent on purpose: the ledger.
//! A network with its exact rules is run by [`crate::run`].

mod burn_and_mint;
mod fleet;
mod lanes;

pub use burn_and_mint::{BurnAndMint, Day, Outcome, Shocks};
pub use fleet::{Fleet, LengthError, Rule};
pub use lanes::{Lanes, Mask};
pub use pulp::Simd;

/// Something to do with vectors of whatever width this machine has.
pub trait Job {
    /// What it gives.
    type Output;

    /// Does it. To be marked `#[inline(always)]`, as everything that it calls for each agent: only what is inlined here is compiled
    /// for the wide vectors.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// Does a job with the widest vectors that this machine has.
pub fn run<J: Job>(job: J) -> J::Output {
    pulp::Arch::new().dispatch(Dispatched(job))
}

/// Does a job one agent at a time: what [`run`] must agree with, bit for bit.
pub fn run_plainly<J: Job>(job: J) -> J::Output {
    job.run(pulp::Scalar::new())
}

struct Dispatched<J>(J);

impl<J: Job> pulp::WithSimd for Dispatched<J> {
    type Output = J::Output;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        self.0.run(simd)
    }
}
