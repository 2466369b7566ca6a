//! The tables, by what the regional parameters print.

use depin_lorawan::{
    Bandwidth::{Khz125, Khz250, Khz500},
    Hertz, Micros, Modulation,
    Spreading::{Sf7, Sf8, Sf9, Sf10, Sf11, Sf12},
    region::{Airtime, CfList, Plan, Region, RegionError, airtime},
};

#[test]
fn europe_answers_on_the_uplinks_channel_and_then_at_869_525() {
    let plan = Region::Eu868.plan();
    let window = plan.rx1(Hertz::new(867_500_000), Modulation::lora(Sf9, Khz125), 0).unwrap();
    assert_eq!((window.frequency, window.data_rate.index), (Hertz::new(867_500_000), 3));
    assert_eq!(plan.rx1(Hertz::new(868_100_000), Modulation::lora(Sf7, Khz125), 2).unwrap().data_rate.index, 3);
    assert_eq!(plan.rx1(Hertz::new(868_100_000), Modulation::lora(Sf12, Khz125), 5).unwrap().data_rate.index, 0);
    assert_eq!(
        (plan.rx2().frequency, plan.rx2().data_rate.modulation),
        (Hertz::new(869_525_000), Modulation::lora(Sf12, Khz125))
    );
    let error = plan.rx1(Hertz::new(868_200_000), Modulation::lora(Sf7, Khz125), 0).unwrap_err();
    assert!(matches!(error, RegionError::NoChannel { region: Region::Eu868, .. }), "{error}");
    assert_eq!(error.to_string(), "EU868 has no channel at 868.2 MHz with SF7BW125");
    assert!(plan.channel(Hertz::new(868_300_000), Modulation::lora(Sf7, Khz250)).is_err(), "no channel here has DR6");
}

/// RP002-1.0.3, table 31: by uplink data rate, columns of offsets 0 to 3.
#[test]
fn america_answers_on_one_of_eight_wide_channels() {
    let plan = Region::Us915.plan();
    for (place, (up, row)) in [
        (Modulation::lora(Sf10, Khz125), [Sf10, Sf11, Sf12, Sf12]),
        (Modulation::lora(Sf9, Khz125), [Sf9, Sf10, Sf11, Sf12]),
        (Modulation::lora(Sf8, Khz125), [Sf8, Sf9, Sf10, Sf11]),
        (Modulation::lora(Sf7, Khz125), [Sf7, Sf8, Sf9, Sf10]),
    ]
    .into_iter()
    .enumerate()
    {
        for (offset, spreading) in row.into_iter().enumerate() {
            let channel = &plan.channels[place];
            let window = plan.rx1(channel.frequency, up, offset as u8).unwrap();
            assert_eq!(window.data_rate.modulation, Modulation::lora(spreading, Khz500), "{up} {offset}");
            assert_eq!(window.frequency, Hertz::new(923_300_000 + 600_000 * u32::from(channel.index % 8)));
        }
    }
    // Channel 65 is the wide one of the second sub-band: 904.6 MHz, answered on 65 mod 8 = 1.
    let wide = plan.rx1(Hertz::new(904_600_000), Modulation::lora(Sf8, Khz500), 0).unwrap();
    assert_eq!((wide.frequency, wide.data_rate.index), (Hertz::new(923_900_000), 13));
    assert_eq!(
        plan.channels.iter().map(|one| one.frequency.get()).collect::<Vec<_>>(),
        [903_900_000, 904_100_000, 904_300_000, 904_500_000, 904_700_000, 904_900_000, 905_100_000, 905_300_000, 904_600_000]
    );
}

#[test]
fn payloads_and_power_are_those_of_the_tables() {
    let largest = |region: Region| region.plan().data_rates.iter().map(|rate| (rate.index, rate.payload_max)).collect::<Vec<_>>();
    assert_eq!(largest(Region::Eu868), [(0, 51), (1, 51), (2, 51), (3, 115), (4, 242), (5, 242), (6, 242), (7, 242)]);
    assert_eq!(
        largest(Region::Us915),
        [(0, 11), (1, 53), (2, 125), (3, 242), (4, 242), (8, 53), (9, 129), (10, 242), (11, 242), (12, 242), (13, 242)]
    );
    let limit =
        |region: Region, hertz| region.plan().sub_band(Hertz::new(hertz)).map(|(_, band)| (band.duty, band.eirp_ddbm_max));
    assert_eq!(limit(Region::Eu868, 868_100_000), Some((Some(100), 161)));
    assert_eq!(limit(Region::Eu868, 867_900_000), Some((Some(100), 161)));
    assert_eq!(limit(Region::Eu868, 869_525_000), Some((Some(1_000), 291)));
    assert_eq!(limit(Region::Eu868, 863_100_000), Some((Some(10), 161)));
    assert_eq!(limit(Region::Eu868, 869_300_000), None);
    assert_eq!(limit(Region::Us915, 923_300_000), Some((None, 360)));
    assert_eq!(limit(Region::Us915, 928_000_000), None);
}

/// The largest uplinks of US915 stay within 400 ms: that is why they are the largest.
#[test]
fn americas_largest_uplinks_fit_its_dwell_time() {
    let plan = Region::Us915.plan();
    for rate in plan.data_rates.iter().filter(|rate| rate.up && rate.index < 4) {
        let frame = 13 + usize::from(rate.payload_max);
        assert!(airtime(Airtime::uplink(rate.modulation, frame)) <= Micros::millis(400), "DR{}", rate.index);
    }
    assert!(airtime(Airtime::uplink(Modulation::lora(Sf10, Khz125), 13 + 24)) > plan.dwell_max.unwrap());
    assert_eq!((Plan::RX1_DELAY, Plan::JOIN_RX1_DELAY), (Micros::seconds(1), Micros::seconds(5)));
}

#[test]
fn lists_of_channels_survive_the_air() {
    for region in Region::ALL {
        let list = region.plan().cf_list;
        assert_eq!(CfList::from_air(&list.on_air()), Some(list));
        assert_eq!(region.to_string().to_lowercase().parse(), Ok(region));
    }
    // As other network servers send it.
    assert_eq!(hex::encode(Region::Eu868.plan().cf_list.on_air()), "184f84e85684b85e84886684586e8400");
    assert_eq!(CfList::from_air(&[7; 16]), None);
    assert!(matches!("CN470".parse::<Region>(), Err(RegionError::Unknown(_))));
}
