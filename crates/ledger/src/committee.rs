//! Who of the committee signed: from votes in blocks to what the economy hears of its validators.
//!
//! A block carries votes about its ancestors ([`Attested`]; the engine checked their signatures). Here each is matched with the
//! ancestor that it names and counted for [`WINDOW`] blocks, late votes too: one proposer can leave a vote out, but not all of the
//! sixteen that come after a block. Then its ballot closes, and every staking that looks at signatures hears who signed and who
//! missed. A block without a certificate of its own, since a later one made it final, is counted for nobody. A validator's operator
//! is the account of its key. Absent on purpose: what a miss or a double vote costs, which the economy knows.

use crate::{BlockEnv, Failure};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_economy::{CommitteeRecord, Spec};
use depin_quantity::{Address, Instant, Name, Span};
use depin_state::{ReadState, Row, State};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Blocks after a block in which votes for it are counted.
pub const WINDOW: u64 = 16;
/// Views are dated to such a span, so that a vote's time needs no row per block.
const DATED: u64 = 3_600_000;

/// Votes for the finality of an ancestor, as a block carries them. Signatures were checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attested {
    /// Height of the ancestor, by the proposer's word.
    pub height: u64,
    /// Digest that was voted for.
    pub digest: [u8; 32],
    /// Whether these are a quorum's votes in one certificate.
    pub certified: bool,
    /// Public keys of those who voted.
    pub signers: Vec<[u8; 32]>,
}

/// An ancestor whose votes are still counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// Its height.
    pub height: u64,
    /// Its digest.
    pub digest: [u8; 32],
    /// Whether a block carried its certificate.
    pub certified: bool,
    /// Public keys of those who are counted.
    pub signed: Vec<[u8; 32]>,
}

/// A validator that voted for two blocks of one view, as two signed votes show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DoubleVote {
    /// Its public key.
    pub validator: [u8; 32],
    /// The view of consensus.
    pub view: u64,
}

/// Why a block's votes cannot be counted; no honest node votes for such a block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VoteError {
    /// Nothing here looks at votes.
    #[error("the block carries votes, and no staking of this network looks at who signed")]
    Unwanted,
    /// Votes for a block that is no longer, or not yet, counted.
    #[error("votes for height {height}; in this block those for heights {first} to {last} are counted")]
    Height {
        /// Height named.
        height: u64,
        /// Lowest that is counted.
        first: u64,
        /// Highest that is counted.
        last: u64,
    },
    /// Votes for another block than the ancestor.
    #[error("votes for another block than the ancestor at height {0}")]
    OtherBlock(u64),
    /// A second certificate.
    #[error("the certificate for height {0} was in a block before")]
    Repeated(u64),
    /// Late votes before a certificate.
    #[error("late votes for height {0}, whose certificate has not been in a block yet")]
    Uncertified(u64),
    /// A vote that was counted before.
    #[error("a vote for height {0} was counted before")]
    Counted(u64),
    /// A vote of nobody.
    #[error("a vote for height {0} of a key that is no validator's")]
    Stranger(u64),
}

/// What is counted about a block: until [`WINDOW`] blocks came after it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct BallotRow {
    /// Digest of the block.
    pub digest: [u8; 32],
    /// Ledger time of the block.
    pub time: Instant,
    /// Whether its certificate was in a block.
    pub certified: bool,
    /// For each validator in the order of the genesis document, whether its vote is counted.
    pub signed: Vec<bool>,
}

impl Row for BallotRow {
    const TABLE: u8 = 0x83;
    type Key = u64;
}

/// The first block of an hour of ledger time, by which votes are dated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct HourRow {
    /// View of that block.
    pub view: u64,
}

impl Row for HourRow {
    const TABLE: u8 = 0x84;
    type Key = u64;
}

/// The validators of a chain, and which stakings of its network look at them.
#[derive(Debug)]
pub(crate) struct Committee {
    keys: Vec<[u8; 32]>,
    places: BTreeMap<[u8; 32], usize>,
    /// Stakings that count missed signatures.
    counting: Vec<Name>,
    /// All stakings: each may punish a double vote.
    stakings: Vec<Name>,
    /// Longest time for which a double vote is punished.
    unbonding: Span,
}

impl Committee {
    pub fn new(keys: &[[u8; 32]], spec: &Spec) -> Self {
        let rules = || spec.stakings().iter();
        Self {
            keys: keys.to_vec(),
            places: keys.iter().enumerate().map(|(place, key)| (*key, place)).collect(),
            counting: rules().filter(|(_, rule)| rule.liveness.is_some()).map(|(name, _)| *name).collect(),
            stakings: rules().map(|(name, _)| *name).collect(),
            unbonding: rules().map(|(_, rule)| rule.unbonding).max().unwrap_or_default(),
        }
    }

    /// Ancestors of a block on a parent with this height and digest whose votes are counted in it, by rising height.
    pub fn awaited(&self, state: &dyn ReadState, parent: u64, digest: [u8; 32]) -> Vec<Awaited> {
        if self.counting.is_empty() || parent == 0 {
            return Vec::new();
        }
        let ballots = state.rows::<BallotRow>().map(|(height, row)| Awaited {
            height,
            digest: row.digest,
            certified: row.certified,
            signed: self.keys.iter().zip(&row.signed).filter(|(_, signed)| **signed).map(|(key, _)| *key).collect(),
        });
        let last = Awaited { height: parent, digest, certified: false, signed: Vec::new() };
        ballots.chain([last]).collect()
    }

    /// Counts the votes of a block and closes the ballot that they are the last for: its records, for each staking that counts.
    ///
    /// # Errors
    /// [`VoteError`], the first that applies in the order of the votes.
    pub fn count(&self, state: &mut dyn State, env: &BlockEnv) -> Result<Vec<CommitteeRecord>, VoteError> {
        if self.counting.is_empty() {
            return if env.votes.is_empty() { Ok(Vec::new()) } else { Err(VoteError::Unwanted) };
        }
        let parent = env.parent.height;
        if parent > 0 {
            let (digest, time) = (env.parent.digest, env.parent.stamp.time);
            let ballot = BallotRow { digest, time, certified: false, signed: vec![false; self.keys.len()] };
            state.put(&parent, &ballot);
        }
        for votes in env.votes.iter() {
            let row = self.counted(state.as_read(), parent, votes)?;
            state.put(&votes.height, &row);
        }
        let Some(closing) = env.height().checked_sub(WINDOW) else { return Ok(Vec::new()) };
        let Some(ballot) = state.get::<BallotRow>(&closing) else { return Ok(Vec::new()) };
        state.delete::<BallotRow>(&closing);
        if !ballot.certified {
            return Ok(Vec::new());
        }
        Ok(self.counting.iter().map(|staking| self.record(*staking, &ballot)).collect())
    }

    /// The ballot with these votes.
    fn counted(&self, state: &dyn ReadState, last: u64, votes: &Attested) -> Result<BallotRow, VoteError> {
        let height = votes.height;
        let outside = || VoteError::Height { height, first: (last + 1).saturating_sub(WINDOW).max(1), last };
        let mut row = state.get::<BallotRow>(&height).ok_or_else(outside)?;
        if row.digest != votes.digest {
            return Err(VoteError::OtherBlock(height));
        }
        match (row.certified, votes.certified) {
            (true, true) => return Err(VoteError::Repeated(height)),
            (false, false) => return Err(VoteError::Uncertified(height)),
            _ => row.certified = true,
        }
        for key in &votes.signers {
            let place = self.places.get(key).ok_or(VoteError::Stranger(height))?;
            if std::mem::replace(&mut row.signed[*place], true) {
                return Err(VoteError::Counted(height));
            }
        }
        Ok(row)
    }

    fn record(&self, staking: Name, ballot: &BallotRow) -> CommitteeRecord {
        let operators = |wanted: bool| {
            let both = self.keys.iter().zip(&ballot.signed).filter(move |(_, signed)| **signed == wanted);
            both.map(|(key, _)| Address::of_public_key(key)).collect()
        };
        CommitteeRecord::Signed { staking, at: ballot.time, signed: operators(true), missed: operators(false) }
    }

    /// Dates the views of a new hour, and forgets hours of which nobody is punished any more.
    pub fn date(&self, state: &mut dyn State, now: Instant, view: u64) {
        let hour = now.get() / DATED;
        if self.stakings.is_empty() || state.has::<HourRow>(&hour) {
            return;
        }
        state.put(&hour, &HourRow { view });
        // At most one hour begins in a block, so two are always enough.
        for _ in 0..2 {
            match state.first_from::<HourRow>(&0) {
                Some((old, _)) if (old + 1).saturating_mul(DATED).saturating_add(self.unbonding.get()) < now.get() => {
                    state.delete::<HourRow>(&old);
                }
                _ => break,
            }
        }
    }

    /// What two votes for blocks of one view say of a validator: for each staking, at the latest moment at which they may have been
    /// cast, so that nobody who left before pays.
    ///
    /// # Errors
    /// [`Failure`] when the view is too long ago or has not come.
    pub fn signed_twice(
        &self,
        state: &dyn ReadState,
        now: Instant,
        view: u64,
        vote: DoubleVote,
    ) -> Result<Vec<CommitteeRecord>, Failure> {
        let refused = |code: &str, message: String| Failure { code: code.to_owned(), message };
        if self.stakings.is_empty() {
            return Err(refused("no-staking", "this network has no staking that a double vote could cost".to_owned()));
        }
        if vote.view > view {
            let message = format!("the votes are for view {}, this block is of view {view}; send them later", vote.view);
            return Err(refused("vote-ahead", message));
        }
        let mut hours = state.rows::<HourRow>();
        if hours.next().is_none_or(|(_, first)| vote.view < first.view) {
            let message = format!("view {} was before the unbonding time; nobody is punished for it any more", vote.view);
            return Err(refused("vote-too-old", message));
        }
        let next = hours.find(|(_, row)| row.view > vote.view);
        let at = next.map_or(now, |(hour, _)| Instant::new(hour.saturating_mul(DATED)));
        let validator = Address::of_public_key(&vote.validator);
        Ok(self.stakings.iter().map(|staking| CommitteeRecord::SignedTwice { staking: *staking, validator, at }).collect())
    }
}
