//! How a committee of strangers makes its beacon's key, so that nobody ever knows the secret.
//!
//! Non-interactive and publicly verifiable (Golden, by the library): every member publishes one dealing, a file of some kilobytes that
//! holds the others' shares encrypted, with proofs. Whoever has all dealings computes the public key; each member its own share too. All
//! must use the same dealings: they are published with the genesis document. It takes a committee's members seconds each, once: the
//! committee of a chain is fixed.

use super::key::Rest;
use commonware_codec::{Copying, Decode as _, DecodeExt as _, Encode as _};
use commonware_cryptography::{
    Hasher as _, Sha256,
    bls12381::{
        dkg::golden::{self, DealerLog, Info, PrivateKey, PublicKey, Setup, SignedDealerLog},
        primitives::sharing::ModeVersion,
    },
};
use commonware_parallel::Sequential;
use commonware_utils::ordered::Set;
use std::{collections::BTreeMap, num::NonZeroU32};

/// Why a ceremony gives no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CeremonyError {
    /// A key that is none.
    #[error("the ceremony key of member {0} is none; it is what `ceremony_key` gives for the member's seed")]
    Key(usize),
    /// A key that appears twice, or too few members.
    #[error("a ceremony needs two members at least, each with a key of its own; {0} different keys were given")]
    Members(usize),
    /// A dealing that is none of this ceremony.
    #[error("dealing {0} is none of this ceremony: made for another chain, attempt or committee, or damaged")]
    Dealing(usize),
    /// Too few dealings.
    #[error("too few good dealings; ask the members for theirs, or for new ones under the next attempt")]
    TooFew,
    /// A seed that belongs to nobody in the committee.
    #[error("the seed is none of a member's")]
    Stranger,
}

/// A ceremony of one committee.
pub struct Ceremony {
    setup: Setup,
    info: Info,
    most: NonZeroU32,
}

/// The key under which a member with this validator seed takes part.
pub fn ceremony_key(seed: &[u8; 32]) -> [u8; 32] {
    private(seed).public().encode().as_ref().try_into().expect("a point has 32 bytes")
}

fn private(seed: &[u8; 32]) -> PrivateKey {
    let mut scalar = Sha256::hash(&[b"depin/beacon-ceremony", seed]).0;
    // Little end first, and below 2^252, which is below the order of the group.
    scalar[31] &= 0x0f;
    PrivateKey::decode(Copying(&scalar)).expect("the scalar is below the order")
}

impl Ceremony {
    /// The ceremony of the members with these keys, for a chain. `attempt` counts from 0: no attempt is ever made twice.
    ///
    /// # Errors
    /// [`CeremonyError`]: keys that are none, or too few.
    pub fn new(chain_id: &str, attempt: u64, keys: &[[u8; 32]]) -> Result<Self, CeremonyError> {
        let decode = |(place, key): (usize, &[u8; 32])| PublicKey::decode(Copying(key)).map_err(|_| CeremonyError::Key(place));
        let members = Set::from_iter_dedup(keys.iter().enumerate().map(decode).collect::<Result<Vec<_>, _>>()?);
        let few = CeremonyError::Members(members.len());
        if members.len() < 2 || members.len() != keys.len() {
            return Err(few);
        }
        let most = u32::try_from(members.len()).ok().and_then(NonZeroU32::new).ok_or_else(|| few.clone())?;
        let namespace = format!("depin/beacon-ceremony/{chain_id}");
        let info = Info::new::<Rest>(namespace.as_bytes(), attempt, None, members.clone(), members).map_err(|_| few)?;
        Ok(Self { setup: Setup::new(most), info, most })
    }

    /// The dealing of the member with this seed.
    ///
    /// # Errors
    /// [`CeremonyError::Stranger`].
    pub fn deal(&self, seed: &[u8; 32]) -> Result<Vec<u8>, CeremonyError> {
        let dealt = golden::deal(&mut rand::rng(), &self.setup, &self.info, &private(seed), None, &Sequential);
        Ok(dealt.map_err(|_| CeremonyError::Stranger)?.encode().to_vec())
    }

    /// The beacon's public key that these dealings give.
    ///
    /// # Errors
    /// [`CeremonyError`]: a dealing of another ceremony, or too few good ones.
    pub fn key(&self, dealings: &[Vec<u8>]) -> Result<Vec<u8>, CeremonyError> {
        let dealings = self.read(dealings)?;
        let output = golden::observe(&mut rand::rng(), &self.setup, &self.info, dealings, &Sequential);
        Ok(output.map_err(|_| CeremonyError::TooFew)?.public().encode().to_vec())
    }

    /// The secret share of the member with this seed.
    ///
    /// # Errors
    /// [`CeremonyError`]: as for the key, or a stranger's seed.
    pub fn share(&self, dealings: &[Vec<u8>], seed: &[u8; 32]) -> Result<Vec<u8>, CeremonyError> {
        let dealings = self.read(dealings)?;
        match golden::play(&mut rand::rng(), &self.setup, &self.info, dealings, &private(seed), &Sequential) {
            Ok((_, share)) => Ok(share.encode().to_vec()),
            Err(golden::Error::UnknownPlayer) => Err(CeremonyError::Stranger),
            Err(_) => Err(CeremonyError::TooFew),
        }
    }

    fn read(&self, dealings: &[Vec<u8>]) -> Result<BTreeMap<PublicKey, DealerLog>, CeremonyError> {
        let read = |(place, bytes): (usize, &Vec<u8>)| {
            let signed = SignedDealerLog::decode_cfg(Copying(bytes), &(self.most, ModeVersion::v0())).ok();
            signed.and_then(|signed| signed.identify(&self.info)).ok_or(CeremonyError::Dealing(place))
        };
        dealings.iter().enumerate().map(read).collect()
    }
}
