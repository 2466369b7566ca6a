//! The beacon's public key, and a member's share of the secret one.

use crate::config::hex;
use commonware_codec::{Copying, Decode as _, Encode as _};
use commonware_cryptography::bls12381::{
    dkg::feldman_desmedt,
    primitives::{
        group,
        sharing::{Mode, ModeVersion, Sharing},
        variant::MinPk,
    },
};
use commonware_utils::Faults;
use num_traits::ToPrimitive;
use std::{fmt, num::NonZeroU32};

/// Why a beacon, a share or a seal is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BeaconError {
    /// The key's bytes.
    #[error("the beacon's key in the genesis document is none: {0}")]
    Key(String),
    /// A key of another committee.
    #[error("the beacon's key is for {shares} members, the committee has {members}")]
    Members {
        /// Shares of the key.
        shares: u32,
        /// Members of the committee.
        members: usize,
    },
    /// A key that too few can use.
    #[error("{needed} shares of the beacon's key make a signature; in a committee of {members} it must be {wanted}")]
    Needed {
        /// Shares that make a signature.
        needed: u32,
        /// Members of the committee.
        members: usize,
        /// What it must be.
        wanted: u32,
    },
    /// A committee without a beacon.
    #[error("a committee of {0} needs the key of a beacon in its genesis document")]
    Missing(usize),
    /// A share that is none of this key.
    #[error("the share is none of the beacon's key {0}; make it again from the dealings that the key was made of")]
    Share(String),
    /// A seal where there is no beacon.
    #[error("the block carries a round of a beacon, and this chain has none")]
    NoBeacon,
    /// A seal that the committee did not sign.
    #[error("the block carries a signature of round {0} that is not the committee's")]
    Seal(u64),
}

/// How many members a round needs: a third and one more, of whom one at least follows the rules; two where a third is nobody.
pub(crate) fn needed(members: u32) -> u32 {
    ((members.saturating_sub(1)) / 3 + 1).max(2).min(members)
}

/// The library asks how many may fail; here it is all but those that a round needs.
pub(crate) struct Rest;

impl Faults for Rest {
    fn max_faults(n: impl ToPrimitive) -> u32 {
        let members = n.to_u32().expect("a committee is small");
        members - needed(members)
    }
}

/// The public key of a beacon: commitments to the polynomial that the shares lie on.
#[derive(Clone, Debug)]
pub(crate) struct BeaconKey {
    sharing: Sharing<MinPk>,
}

impl BeaconKey {
    /// Reads the key of a committee of so many members.
    pub(crate) fn read(bytes: &[u8], members: usize) -> Result<Self, BeaconError> {
        let most = u32::try_from(members).ok().and_then(NonZeroU32::new).ok_or(BeaconError::Missing(members))?;
        let sharing = Sharing::<MinPk>::decode_cfg(Copying(bytes), &(most, ModeVersion::v0()))
            .map_err(|error| BeaconError::Key(error.to_string()))?;
        if sharing.total() != most {
            return Err(BeaconError::Members { shares: sharing.total().get(), members });
        }
        let wanted = needed(most.get());
        if sharing.required() != wanted {
            return Err(BeaconError::Needed { needed: sharing.required(), members, wanted });
        }
        sharing.precompute_partial_publics();
        Ok(Self { sharing })
    }

    pub(crate) const fn sharing(&self) -> &Sharing<MinPk> {
        &self.sharing
    }

    /// Shares that make a signature.
    pub(crate) fn needed(&self) -> usize {
        self.sharing.required() as usize
    }
}

/// A member's share of the secret key.
#[derive(Clone)]
pub(crate) struct Share(group::Share);

impl Share {
    /// Reads a share of this key.
    pub(crate) fn read(bytes: &[u8], key: &BeaconKey) -> Result<Self, BeaconError> {
        let wrong = || BeaconError::Share(hex(&key.sharing.public().encode()));
        let share = group::Share::decode_cfg(Copying(bytes), &()).map_err(|_| wrong())?;
        let public = key.sharing.partial_public(share.index).map_err(|_| wrong())?;
        if share.public::<MinPk>() == public { Ok(Self(share)) } else { Err(wrong()) }
    }

    pub(crate) const fn inner(&self) -> &group::Share {
        &self.0
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Share({})", self.0.index.get())
    }
}

/// Makes a beacon's public key and the share of each of so many members, as one dealer, who then knows the secret: for a committee
/// whose members one operator runs, and for tests. Strangers hold a [`Ceremony`](crate::Ceremony).
///
/// # Panics
/// Without members.
pub fn deal_beacon(members: u32) -> (Vec<u8>, Vec<Vec<u8>>) {
    let members = NonZeroU32::new(members).expect("a committee has members");
    let (sharing, shares) = feldman_desmedt::deal_anonymous::<MinPk, Rest>(rand::rng(), Mode::NonZeroCounter, members);
    (sharing.encode().to_vec(), shares.iter().map(|share| share.encode().to_vec()).collect())
}
