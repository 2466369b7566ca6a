//! What a device counts: its score for an hour, and what its stake is counted on. Pure, in whole numbers.

use super::{
    params::ScoreParams,
    terms::{ProcessorKind, Profile},
};
use depin_quantity::QuantityError;

/// Steps of a stake unit: quarters of a processor of multiplier 1.
const STEPS: u128 = 4;

/// The multiplier of a profile's processors, in hundredths. GPUs are not proved, so they have none.
const fn multiplier(params: &ScoreParams, profile: &Profile) -> u32 {
    match profile.kind {
        ProcessorKind::Cpu => params.cpu,
        ProcessorKind::Gpu => 0,
    }
}

/// The score of a device for an hour: `floor(multiplier figure * multiplier * processors) + floor(connectivity figure * tier / 4) + hired figure`.
///
/// - Units: tenths of a point; `tier` 0 to 4.
/// - Rounding: down.
/// - Source: io.net documentation, block rewards: ((0.02 tier/4 + 2 multiplier processors) 100 + 0.05 hired) 10; card IO-SV-1, in hundredths of a
///   point.
pub fn base_score(params: &ScoreParams, profile: &Profile, tier: u8, hired: bool) -> Result<u128, QuantityError> {
    let main = u128::from(params.multiplier)
        .checked_mul(multiplier(params, profile).into())
        .and_then(|each| each.checked_mul(profile.processors.into()))
        .ok_or(QuantityError::TooLarge)?
        / 100;
    let connection = u128::from(params.connectivity) * u128::from(tier.min(4)) / 4;
    main.checked_add(connection + if hired { u128::from(params.hired) } else { 0 }).ok_or(QuantityError::TooLarge)
}

/// What the stake of a device is counted on: `ceil(4 * max(1, multiplier) * processors)`.
///
/// - Units: quarters of a processor of multiplier 1.
/// - Rounding: up.
/// - Source: io.net documentation, staking: 200 x max(1, multiplier) x processors; card IO-PL-1.
pub fn stake_units(params: &ScoreParams, profile: &Profile) -> Result<u128, QuantityError> {
    let hundredths = u128::from(multiplier(params, profile).max(100));
    let steps = hundredths.checked_mul(profile.processors.into()).and_then(|all| all.checked_mul(STEPS));
    steps.map(|steps| steps.div_ceil(100)).ok_or(QuantityError::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn params(cpu: u32) -> ScoreParams {
        ScoreParams { multiplier: 20_000, connectivity: 200, hired: 5, cpu }
    }

    const fn profile(processors: u32) -> Profile {
        Profile {
            kind: ProcessorKind::Cpu,
            processors,
            memory_mib: 1,
            disk_gib: 0,
            download_mbps: 0,
            upload_mbps: 0,
            slice: false,
        }
    }

    /// The examples of card IO-SV-1, in tenths of a point.
    #[test]
    fn scores_are_those_of_the_rule_card() {
        assert_eq!(base_score(&params(1_000), &profile(8), 4, true), Ok(1_600_205));
        assert_eq!(base_score(&params(125), &profile(1), 1, false), Ok(25_050));
    }

    /// The examples of card IO-PL-1: 50 IO a quarter.
    #[test]
    fn stakes_are_counted_as_the_rule_card_does() {
        assert_eq!(stake_units(&params(125), &profile(8)), Ok(40), "2,000 IO");
        assert_eq!(stake_units(&params(50), &profile(8)), Ok(32), "1,600 IO");
        assert_eq!(stake_units(&params(1_000), &profile(1)), Ok(40), "2,000 IO");
        assert_eq!(stake_units(&params(101), &profile(1)), Ok(5), "rounded up");
    }

    #[test]
    fn the_largest_device_of_the_largest_multiplier_fits() {
        assert!(base_score(&params(1_000_000), &profile(u32::MAX), u8::MAX, true).is_ok());
        assert!(stake_units(&params(1_000_000), &profile(u32::MAX)).is_ok());
    }
}
