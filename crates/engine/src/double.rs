//! Evidence that a validator voted for two blocks of one view.
//!
//! In: two encoded votes, from anyone. Out: whose they are and of which view, or why they show nothing. Two votes to notarize, or
//! two votes to finalize, for different proposals of one view: no honest node signs them, whatever it hears. Votes to leave a view
//! are no votes for a block and are left out.

use crate::{
    block::public_bytes,
    config::{ConfigError, private_key},
    network::{Committee, vote_namespace},
};
use commonware_codec::{Copying, Decode as _, Encode as _};
use commonware_consensus::{
    simplex::{
        scheme::ed25519::Scheme,
        types::{Attributable as _, Finalize, Notarize, Proposal, Vote},
    },
    types::{Epoch, Round, View},
};
use commonware_cryptography::{certificate::Scheme as _, sha256};
use commonware_parallel::Sequential;
use commonware_utils::{Participant, ordered::Quorum as _};

type Encoded = Vote<Scheme, sha256::Digest>;

/// A vote for a block.
enum Signed {
    Notarize(Notarize<Scheme, sha256::Digest>),
    Finalize(Finalize<Scheme, sha256::Digest>),
}

/// A validator that voted for two blocks of one view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DoubleVote {
    /// Its public key.
    pub validator: [u8; 32],
    /// The view.
    pub view: u64,
}

/// Why two votes show nothing.
#[derive(Debug, thiserror::Error)]
pub enum DoubleVoteError {
    /// The bytes are not a vote.
    #[error("vote {which} is not a vote for a block: {why}")]
    Malformed {
        /// First or second.
        which: u8,
        /// What is wrong.
        why: String,
    },
    /// A vote is not signed by a member of this committee, under the name of this chain.
    #[error("vote {which} is not signed by a validator of this chain")]
    Unsigned {
        /// First or second.
        which: u8,
    },
    /// Nothing forbids the two.
    #[error("the votes do not exclude each other; two votes of one validator, of one kind and view, for two blocks do")]
    NoConflict,
    /// The committee is empty, too large or holds a key that is none.
    #[error(transparent)]
    Committee(#[from] ConfigError),
}

/// Kinds of votes for a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoteKind {
    /// For a proposal.
    Notarize,
    /// For a notarized block to be final.
    Finalize,
}

impl DoubleVote {
    /// Checks two encoded votes of a validator of chain `chain_id` (`committee`: public keys, any order).
    ///
    /// # Errors
    /// [`DoubleVoteError`], the first that applies: the committee, what the first vote is, what the second is, that they conflict,
    /// then both signatures.
    pub fn check(chain_id: &str, committee: &[[u8; 32]], first: &[u8], second: &[u8]) -> Result<Self, DoubleVoteError> {
        let scheme = Scheme::verifier(&vote_namespace(chain_id), Committee::keys(committee)?);
        let (first, second) = (Signed::decode(1, first)?, Signed::decode(2, second)?);
        let ((kind, one, signer), (other_kind, other, other_signer)) = (first.parts(), second.parts());
        if (kind, one.round, signer) != (other_kind, other.round, other_signer) || one == other {
            return Err(DoubleVoteError::NoConflict);
        }
        for (which, vote) in [(1, &first), (2, &second)] {
            if !vote.verify(&scheme) {
                return Err(DoubleVoteError::Unsigned { which });
            }
        }
        let key = scheme.participants().key(signer).ok_or(DoubleVoteError::Unsigned { which: 1 })?;
        Ok(Self { validator: public_bytes(key), view: one.round.view().get() })
    }
}

/// A vote as the validator with this seed signs it; `None` when it is not in the committee. Signing two of one kind and view with
/// different digests is what validators are slashed for: for drills and tests.
///
/// # Errors
/// [`ConfigError`] when the committee cannot be one.
pub fn sign_vote(
    chain_id: &str,
    committee: &[[u8; 32]],
    seed: &[u8; 32],
    kind: VoteKind,
    view: u64,
    digest: [u8; 32],
) -> Result<Option<Vec<u8>>, ConfigError> {
    let keys = Committee::keys(committee)?;
    let Some(scheme) = Scheme::signer(&vote_namespace(chain_id), keys, private_key(seed)) else { return Ok(None) };
    let round = Round::new(Epoch::zero(), View::new(view));
    let proposal = Proposal::new(round, View::new(view.saturating_sub(1)), sha256::Digest(digest));
    let vote: Option<Encoded> = match kind {
        VoteKind::Notarize => Notarize::sign(&scheme, proposal).map(Vote::Notarize),
        VoteKind::Finalize => Finalize::sign(&scheme, proposal).map(Vote::Finalize),
    };
    Ok(vote.map(|vote| vote.encode().to_vec()))
}

impl Signed {
    fn decode(which: u8, bytes: &[u8]) -> Result<Self, DoubleVoteError> {
        match Encoded::decode_cfg(Copying(bytes), &()) {
            Ok(Vote::Notarize(vote)) => Ok(Self::Notarize(vote)),
            Ok(Vote::Finalize(vote)) => Ok(Self::Finalize(vote)),
            Ok(Vote::Nullify(_)) => Err(DoubleVoteError::Malformed { which, why: "it leaves a view".to_owned() }),
            Err(error) => Err(DoubleVoteError::Malformed { which, why: error.to_string() }),
        }
    }

    fn parts(&self) -> (VoteKind, &Proposal<sha256::Digest>, Participant) {
        match self {
            Self::Notarize(vote) => (VoteKind::Notarize, &vote.proposal, vote.signer()),
            Self::Finalize(vote) => (VoteKind::Finalize, &vote.proposal, vote.signer()),
        }
    }

    fn verify(&self, scheme: &Scheme) -> bool {
        let rng = &mut rand::rng();
        match self {
            Self::Notarize(vote) => vote.verify(rng, scheme, &Sequential),
            Self::Finalize(vote) => vote.verify(rng, scheme, &Sequential),
        }
    }
}
