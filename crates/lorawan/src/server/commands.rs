//! Commands of devices that are answered: whether the network hears them, and what time it is.

use crate::{Micros, Modulation};

/// Commands of devices, with the bytes that follow each (LoRaWAN 1.0.4, table 8).
const LENGTHS: [(u8, usize); 14] = [
    (LINK_CHECK, 0),
    (0x03, 1),
    (0x04, 0),
    (0x05, 1),
    (0x06, 2),
    (0x07, 1),
    (0x08, 0),
    (0x09, 0),
    (0x0a, 1),
    (DEVICE_TIME, 0),
    (0x10, 1),
    (0x11, 1),
    (0x12, 0),
    (0x13, 1),
];
const LINK_CHECK: u8 = 0x02;
const DEVICE_TIME: u8 = 0x0d;
/// Between 1970 and 1980-01-06.
const GPS_EPOCH: Micros = Micros::seconds(315_964_800);
/// GPS time does not have the leap seconds since; 18 since 2017, and none is announced.
const LEAP_SECONDS: Micros = Micros::seconds(18);

/// What answers need to know.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    /// When the uplink ended.
    pub at: Micros,
    /// The best copy's data rate and signal.
    pub modulation: Modulation,
    pub snr_ddb: i32,
    /// How many hotspots heard it.
    pub hotspots: usize,
}

/// Answers to a device's commands. What it says to commands that nobody gave is passed over; at the first unknown one the rest cannot be
/// read.
pub(super) fn answers(mut commands: &[u8], heard: Heard) -> Vec<u8> {
    let (mut answers, mut said) = (Vec::new(), [false; 2]);
    while let Some((command, rest)) = commands.split_first() {
        let Some((_, length)) = LENGTHS.iter().find(|(known, _)| known == command) else { break };
        let Some(next) = rest.get(*length..) else { break };
        match *command {
            LINK_CHECK if !std::mem::replace(&mut said[0], true) => {
                let margin = match heard.modulation {
                    Modulation::Lora { spreading, .. } => (heard.snr_ddb - spreading.snr_floor_ddb()).clamp(0, 2_540) / 10,
                    Modulation::Fsk { .. } => 0,
                };
                answers.extend([LINK_CHECK, margin as u8, heard.hotspots.min(255) as u8]);
            }
            DEVICE_TIME if !std::mem::replace(&mut said[1], true) => {
                let gps = heard.at.plus(LEAP_SECONDS).since(GPS_EPOCH).get();
                let (seconds, rest) = (gps / 1_000_000, gps % 1_000_000);
                answers.push(DEVICE_TIME);
                answers.extend((seconds as u32).to_le_bytes());
                answers.push((rest * 256 / 1_000_000) as u8);
            }
            _ => {}
        }
        commands = next;
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Bandwidth, Spreading};

    const HEARD: Heard = Heard {
        at: Micros::new(1_700_000_000_500_000),
        modulation: Modulation::lora(Spreading::Sf7, Bandwidth::Khz125),
        snr_ddb: 55,
        hotspots: 3,
    };

    #[test]
    fn a_device_learns_its_margin_and_the_gps_time() {
        // 1,700,000,000 - 315,964,800 + 18 = 1,384,035,218, and half a second is 128 of 256.
        let time = 1_384_035_218_u32.to_le_bytes();
        let expected = [[2, 13, 3].as_slice(), &[13], &time, &[128]].concat();
        assert_eq!(answers(&[0x02, 0x0d], HEARD), expected);
        assert_eq!(
            answers(&[0x02, 0x03, 0x02, 0x0d, 0x02], HEARD),
            expected,
            "answers of its own are passed over, each is said once"
        );
        assert_eq!(answers(&[0x02], Heard { snr_ddb: -300, ..HEARD }), [2, 0, 3]);
    }

    #[test]
    fn what_is_unknown_or_cut_off_ends_the_reading() {
        assert!(answers(&[0x80, 0x02], HEARD).is_empty());
        assert_eq!(answers(&[0x02, 0x06, 0xff], HEARD), [2, 13, 3]);
    }
}
