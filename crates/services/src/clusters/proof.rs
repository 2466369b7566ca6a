//! The challenge of a device in an hour, and the check of its answer. The work itself is `depin_challenge`'s.

use super::{error::ClustersError, terms::Profile};
use depin_challenge::{Answer, Claim, Lot, Scale, Work, verify as check};
use depin_quantity::{Seed, UnitId};

/// What a profile claims that is proved.
const fn claim(profile: &Profile) -> Claim {
    // What does not fit is refused when the claim is checked.
    let cores = if profile.processors > u16::MAX as u32 { u16::MAX } else { profile.processors as u16 };
    Claim { cores, memory_mib: profile.memory_mib }
}

/// The work that an hour's seed draws for a device. All devices of an hour have theirs at the same moment, so one machine cannot do that of two.
///
/// # Errors
/// A profile that no work is drawn for.
pub fn work_of(seed: Seed, device: UnitId, profile: &Profile, scale: Scale) -> Result<Work, ClustersError> {
    Work::draw(seed, device, claim(profile), scale).map_err(ClustersError::Claim)
}

/// Whether work can be drawn for such a device.
pub(super) fn fits(profile: &Profile, scale: Scale) -> Result<(), ClustersError> {
    work_of(Seed::default(), UnitId::default(), profile, scale).map(drop)
}

/// Checks an answer. What is looked at follows from its own commitment, behind a delay: one message is enough.
pub(super) fn verify(work: &Work, answer: &[u8]) -> Result<(), ClustersError> {
    let answer = Answer::decode(answer).map_err(ClustersError::Decode)?;
    check(work, &answer, Lot::Committed).map_err(ClustersError::Wrong)
}
