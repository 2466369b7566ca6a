//! Time on air, exactly.

use crate::{Bandwidth, CodingRate, Micros, Modulation, Spreading};

/// What decides how long a frame is on air.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Airtime {
    /// Data rate.
    pub modulation: Modulation,
    /// Coding rate; LoRaWAN has 4/5. FSK ignores it.
    pub coding_rate: CodingRate,
    /// Symbols before the frame; LoRaWAN has 8. FSK ignores it: its preamble has 5 bytes.
    pub preamble: u16,
    /// Whether the frame has a checksum: uplinks have one, downlinks none.
    pub crc: bool,
    /// Bytes of the frame.
    pub bytes: usize,
}

impl Airtime {
    /// A device's frame.
    pub const fn uplink(modulation: Modulation, bytes: usize) -> Self {
        Self { modulation, coding_rate: CodingRate::Cr45, preamble: 8, crc: true, bytes }
    }

    /// A frame to a device.
    pub const fn downlink(modulation: Modulation, bytes: usize) -> Self {
        Self { crc: false, ..Self::uplink(modulation, bytes) }
    }
}

/// How long a frame is on air, exact for LoRa; FSK is rounded up to a microsecond.
///
/// LoRa with explicit header (Semtech AN1200.13): a symbol lasts `2^SF / BW`; before the payload come `preamble + 4.25` symbols; the payload has
/// `8 + max(0, ceil((8 bytes - 4 SF + 28 + 16 CRC) / (4 (SF - 2 DE)))) (4 + CR)` symbols, where `DE` is 1 when a symbol lasts 16 ms or longer.
/// Below SF7 this formula is the one of SF7 and above, which no region here goes below.
///
/// FSK: 5 bytes preamble, 3 sync word, 1 length, payload, 2 checksum.
pub fn airtime(of: Airtime) -> Micros {
    match of.modulation {
        Modulation::Lora { spreading, bandwidth } => Micros::new(lora(of, spreading, bandwidth)),
        Modulation::Fsk { bit_rate } => {
            let bits = (of.bytes as u64 + 11).saturating_mul(8_000_000);
            Micros::new(bits.div_ceil(u64::from(bit_rate.max(1))))
        }
    }
}

fn lora(of: Airtime, spreading: Spreading, bandwidth: Bandwidth) -> u64 {
    let factor = i64::from(spreading.factor());
    // A quarter of a symbol is whole microseconds: 2^SF / 4 chips of 8, 4 or 2 us.
    let quarter_us = (1_u64 << (spreading.factor() - 2)) * u64::from(1_000 / bandwidth.khz());
    let slow = i64::from(quarter_us >= 4_000);
    let bits = 8 * (of.bytes as i64) - 4 * factor + 28 + if of.crc { 16 } else { 0 };
    let blocks = bits.max(0).unsigned_abs().div_ceil((4 * (factor - 2 * slow)).unsigned_abs());
    let payload = 8 + blocks * u64::from(4 + of.coding_rate.redundancy());
    (4 * u64::from(of.preamble) + 17 + 4 * payload) * quarter_us
}

#[cfg(test)]
mod tests {
    use super::*;

    fn us(factor: usize, bandwidth: Bandwidth, bytes: usize) -> u64 {
        airtime(Airtime::uplink(Modulation::lora(Spreading::ALL[factor - 5], bandwidth), bytes)).get()
    }

    /// Values of Semtech's LoRa calculator (SX1272/76, explicit header, CRC, 4/5, preamble 8), which LoRaWAN's air time calculators repeat.
    #[test]
    fn published_times_on_air_are_met_to_the_microsecond() {
        for (factor, bytes, expected) in [
            (7, 23, 61_696),
            (8, 23, 113_152),
            (9, 23, 205_824),
            (10, 23, 370_688),
            (11, 23, 823_296),
            (12, 23, 1_482_752),
            (7, 64, 118_016),
            (12, 64, 2_793_472),
            (7, 13, 46_336),
            (12, 13, 1_155_072),
            (7, 255, 399_616),
        ] {
            assert_eq!(us(factor, Bandwidth::Khz125, bytes), expected, "SF{factor} {bytes} bytes");
        }
        assert_eq!(us(7, Bandwidth::Khz250, 23), 61_696 / 2);
        assert_eq!(us(7, Bandwidth::Khz500, 23), 61_696 / 4);
    }

    /// The formula once more, as it is printed, in floating point.
    #[test]
    fn the_printed_formula_says_the_same_for_every_size() {
        for spreading in &Spreading::ALL[2..] {
            for bandwidth in Bandwidth::ALL {
                for crc in [false, true] {
                    for bytes in 0..=255_usize {
                        let (sf, pl) = (f64::from(spreading.factor()), bytes as f64);
                        let symbol_ms = 2_f64.powf(sf) / f64::from(bandwidth.khz());
                        let de = if symbol_ms >= 16.0 { 1.0 } else { 0.0 };
                        let crc_bits = if crc { 16.0 } else { 0.0 };
                        let blocks = ((8.0 * pl - 4.0 * sf + 28.0 + crc_bits) / (4.0 * (sf - 2.0 * de))).ceil();
                        let ms = (8.0 + 4.25 + 8.0 + (blocks * 5.0).max(0.0)) * symbol_ms;
                        let of = Airtime { crc, ..Airtime::uplink(Modulation::lora(*spreading, bandwidth), bytes) };
                        assert_eq!(airtime(of).get(), (ms * 1e3).round() as u64, "{of:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn fsk_takes_its_bits() {
        assert_eq!(airtime(Airtime::uplink(Modulation::Fsk { bit_rate: 50_000 }, 20)).get(), 4_960);
        assert_eq!(airtime(Airtime::uplink(Modulation::Fsk { bit_rate: 0 }, 0)).get(), 88_000_000);
    }
}
