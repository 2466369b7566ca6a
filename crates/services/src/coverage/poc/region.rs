//! Channel plans of beacons.
//!
//! Source: helium/miner `audit/var-poc-v11-params.erl`, the region parameters of proof of coverage.

use crate::coverage::Region;

/// How beacons are sent in a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Channels in Hz, in the order in which a beacon picks one.
    pub channels: [u64; 8],
    /// Largest radiated power (EIRP) in tenths of dBm.
    pub eirp_most: u16,
    /// Spreading factor of the beacon: the first one of the region whose packets are large enough, at 125 kHz.
    pub spreading: u8,
}

impl Region {
    /// Its channel plan.
    pub const fn plan(self) -> Plan {
        match self {
            Self::Eu868 => Plan { channels: eight(867_100_000), eirp_most: 161, spreading: 12 },
            Self::Us915 => Plan { channels: eight(903_900_000), eirp_most: 360, spreading: 9 },
        }
    }
}

/// Eight channels, 200 kHz apart.
const fn eight(first: u64) -> [u64; 8] {
    let mut channels = [first; 8];
    let mut i = 1;
    while i < 8 {
        channels[i] = channels[i - 1] + 200_000;
        i += 1;
    }
    channels
}

impl Plan {
    /// Conducted power in whole dBm for an antenna of `gain` tenths of dBi: `trunc(EIRP - gain)`, at least nothing.
    pub const fn conducted_dbm(&self, gain: i16) -> u32 {
        let tenths = self.eirp_most as i32 - gain as i32;
        if tenths < 0 { 0 } else { (tenths / 10) as u32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_lie_in_their_bands_and_power_is_cut() {
        assert_eq!(Region::Eu868.plan().channels[7], 868_500_000);
        assert_eq!(Region::Us915.plan().channels[7], 905_300_000);
        assert_eq!((Region::Us915.plan().conducted_dbm(12), Region::Eu868.plan().conducted_dbm(12)), (34, 14));
        assert_eq!((Region::Eu868.plan().conducted_dbm(161), Region::Eu868.plan().conducted_dbm(i16::MAX)), (0, 0));
    }
}
