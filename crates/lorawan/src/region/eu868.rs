//! EU868 (RP002-1.0.3, section 2.5), with the five channels beside the three of every device that helium's hotspots listen to.

use super::plan::{CfList, Channel, DataRate, Plan, Region, SubBand, rate};
use crate::{
    Bandwidth::{Khz125, Khz250},
    Hertz, Modulation,
    Spreading::{Sf7, Sf8, Sf9, Sf10, Sf11, Sf12},
};

const DATA_RATES: &[DataRate] = &[
    rate(0, Modulation::lora(Sf12, Khz125), 51, true, true),
    rate(1, Modulation::lora(Sf11, Khz125), 51, true, true),
    rate(2, Modulation::lora(Sf10, Khz125), 51, true, true),
    rate(3, Modulation::lora(Sf9, Khz125), 115, true, true),
    rate(4, Modulation::lora(Sf8, Khz125), 242, true, true),
    rate(5, Modulation::lora(Sf7, Khz125), 242, true, true),
    rate(6, Modulation::lora(Sf7, Khz250), 242, true, true),
    rate(7, Modulation::Fsk { bit_rate: 50_000 }, 242, true, true),
];

const fn channel(index: u8, hertz: u32) -> Channel {
    Channel { index, frequency: Hertz::new(hertz), data_rate_min: 0, data_rate_max: 5 }
}

const CHANNELS: &[Channel] = &[
    channel(0, 868_100_000),
    channel(1, 868_300_000),
    channel(2, 868_500_000),
    channel(3, 867_100_000),
    channel(4, 867_300_000),
    channel(5, 867_500_000),
    channel(6, 867_700_000),
    channel(7, 867_900_000),
];

const CF_LIST: [Hertz; 5] =
    [Hertz::new(867_100_000), Hertz::new(867_300_000), Hertz::new(867_500_000), Hertz::new(867_700_000), Hertz::new(867_900_000)];

/// `duty` in ten-thousandths; radiated power from the ERP of the norm: EIRP = ERP + 2.15 dB, cut to tenths.
const fn band(from: u32, to: u32, duty: u32, eirp_ddbm_max: i32) -> SubBand {
    SubBand { from: Hertz::new(from), to: Hertz::new(to), duty: Some(duty), eirp_ddbm_max }
}

/// Letters of EN 300 220-2, table B.1: K, L, M, N, P, Q.
const SUB_BANDS: &[SubBand] = &[
    band(863_000_000, 865_000_000, 10, 161),
    band(865_000_000, 868_000_000, 100, 161),
    band(868_000_000, 868_600_000, 100, 161),
    band(868_700_000, 869_200_000, 10, 161),
    band(869_400_000, 869_650_000, 1_000, 291),
    band(869_700_000, 870_000_000, 100, 161),
];

const RX1_RATES: &[&[u8]] = &[
    &[0, 0, 0, 0, 0, 0],
    &[1, 0, 0, 0, 0, 0],
    &[2, 1, 0, 0, 0, 0],
    &[3, 2, 1, 0, 0, 0],
    &[4, 3, 2, 1, 0, 0],
    &[5, 4, 3, 2, 1, 0],
    &[6, 5, 4, 3, 2, 1],
    &[7, 6, 5, 4, 3, 2],
];

pub(super) const PLAN: Plan = Plan {
    region: Region::Eu868,
    data_rates: DATA_RATES,
    join_channels: CHANNELS.first_chunk::<3>().expect("three of them").as_slice(),
    channels: CHANNELS,
    cf_list: CfList::Frequencies(CF_LIST),
    sub_bands: SUB_BANDS,
    rx2: (Hertz::new(869_525_000), 0),
    rx1_rates: RX1_RATES,
    rx1_frequencies: &[],
    dwell_max: None,
    device_eirp_ddbm: 160,
};
