//! Delegated stake: validators, those who delegate to them, what they earn and what they lose.
//!
//! In: actions of validators and delegators, reports of who signed and who signed twice, income of staked pools. Out: tokens between
//! wallets, the staking's account, its unbonding account and pools; the bonded stake that an inflation looks at.
//!
//! Shares: a delegation is a number of shares of its validator, and a share is worth `stake / shares`. A slash lowers the stake and
//! leaves the shares, so it reaches every delegator in one row. Income is counted per share (F1): what a delegation accrued between two
//! touches is its shares times the growth per share, in 2^-96 base units, whatever slashes lie between.
//!
//! Deviations from the Cosmos SDK, whose rules these are: income is exact to 2^-96 with carried remainders, where upstream truncates at
//! 18 places and gives the dust to the community pool; slash intervals need no history, because shares do not change; stake that
//! leaves, or that moved to another validator, pays for a slash when it is next touched or set free, not at the slash; every
//! unbonding takes the whole time, also from a validator that is not bonded; the bonded set changes with each stake, not at the
//! block's end; a slash takes its part of the present stake, not of the stake at the fault's height.

mod delegate;
mod evidence;
mod income;
mod leave;
mod rows;
mod set;

pub use evidence::signed_least;
pub use income::delegation_accrued;
pub use rows::{
    DelegationRow, Income, Leaving, LeavingOfRow, LeavingRow, MissedRow, Moved, RankRow, Settled, SlashRow, StakePoolRow,
    StakingRow, ValidatorRow,
};
pub use set::{shares_for, stake_of};

use crate::{Refusal, Topic, params::StakingRule, session::work::Work};
use depin_quantity::{Address, Measured, Name, Units};
use depin_state::ReadState;

/// A staking's sums; nothing when nobody ever staked.
pub fn staking(state: &dyn ReadState, name: Name) -> StakingRow {
    state.get(&name).unwrap_or(StakingRow { bonded: Units::ZERO, validators: 0, blocks: 0 })
}

impl Work<'_> {
    /// Stake of bonded validators: what an inflation's bonded ratio is counted on.
    pub fn bonded(&self, name: Name) -> Units {
        staking(self.state.as_read(), name).bonded
    }

    /// The weight that a staked pool is shared by; zero when no validator is bonded.
    pub fn staked_weight(&self, name: Name) -> Measured {
        Measured::new(self.bonded(name).get())
    }

    /// A staking that the network has, or had: who staked then can still leave.
    fn staking_rule(&self, name: Name) -> Result<StakingRule, Refusal> {
        let versions = self.versions.versions(self.genesis).take_while(|(start, _)| *start <= self.now);
        let last = versions.filter_map(|(_, version)| version.staking(name)).last();
        crate::session::work::declared(self.spec.staking(name).or(last), Topic::Staking, name)
    }

    /// A staking that takes new stake.
    fn open_staking(&self, name: Name) -> Result<StakingRule, Refusal> {
        crate::session::work::declared(self.spec.staking(name), Topic::Staking, name)
    }

    fn validator(&self, name: Name, validator: Address) -> Result<ValidatorRow, Refusal> {
        self.state.get(&(name, validator)).ok_or(Refusal::Unknown { what: Topic::Validator })
    }
}
