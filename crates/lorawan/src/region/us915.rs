//! US915 (RP002-1.0.3, section 2.6), with the second sub-band of channels, 8 to 15 and 65, as helium's hotspots listen to it.

use super::plan::{CfList, Channel, DataRate, Plan, Region, SubBand, rate};
use crate::{
    Bandwidth::{Khz125, Khz500},
    Hertz, Micros, Modulation,
    Spreading::{Sf7, Sf8, Sf9, Sf10, Sf11, Sf12},
};

const DATA_RATES: &[DataRate] = &[
    rate(0, Modulation::lora(Sf10, Khz125), 11, true, false),
    rate(1, Modulation::lora(Sf9, Khz125), 53, true, false),
    rate(2, Modulation::lora(Sf8, Khz125), 125, true, false),
    rate(3, Modulation::lora(Sf7, Khz125), 242, true, false),
    rate(4, Modulation::lora(Sf8, Khz500), 242, true, false),
    rate(8, Modulation::lora(Sf12, Khz500), 53, false, true),
    rate(9, Modulation::lora(Sf11, Khz500), 129, false, true),
    rate(10, Modulation::lora(Sf10, Khz500), 242, false, true),
    rate(11, Modulation::lora(Sf9, Khz500), 242, false, true),
    rate(12, Modulation::lora(Sf8, Khz500), 242, false, true),
    rate(13, Modulation::lora(Sf7, Khz500), 242, false, true),
];

/// Channels 0 to 63 are narrow, 64 to 71 wide.
const fn channel(index: u8) -> Channel {
    let number = index as u32;
    if index < 64 {
        Channel { index, frequency: Hertz::new(902_300_000 + 200_000 * number), data_rate_min: 0, data_rate_max: 3 }
    } else {
        Channel { index, frequency: Hertz::new(903_000_000 + 1_600_000 * (number - 64)), data_rate_min: 4, data_rate_max: 4 }
    }
}

const CHANNELS: &[Channel] =
    &[channel(8), channel(9), channel(10), channel(11), channel(12), channel(13), channel(14), channel(15), channel(65)];

const DOWN: &[Hertz] = &[
    Hertz::new(923_300_000),
    Hertz::new(923_900_000),
    Hertz::new(924_500_000),
    Hertz::new(925_100_000),
    Hertz::new(925_700_000),
    Hertz::new(926_300_000),
    Hertz::new(926_900_000),
    Hertz::new(927_500_000),
];

/// 30 dBm conducted into an antenna of 6 dBi.
const SUB_BANDS: &[SubBand] =
    &[SubBand { from: Hertz::new(902_000_000), to: Hertz::new(928_000_000), duty: None, eirp_ddbm_max: 360 }];

const RX1_RATES: &[&[u8]] = &[&[10, 9, 8, 8], &[11, 10, 9, 8], &[12, 11, 10, 9], &[13, 12, 11, 10], &[13, 13, 12, 11]];

pub(super) const PLAN: Plan = Plan {
    region: Region::Us915,
    data_rates: DATA_RATES,
    join_channels: CHANNELS,
    channels: CHANNELS,
    cf_list: CfList::Mask([0xff00, 0, 0, 0, 0x0002]),
    sub_bands: SUB_BANDS,
    rx2: (Hertz::new(923_300_000), 8),
    rx1_rates: RX1_RATES,
    rx1_frequencies: DOWN,
    dwell_max: Some(Micros::millis(400)),
    device_eirp_ddbm: 300,
};
