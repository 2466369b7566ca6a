//! Who hears what.

use depin_air::{Air, AirConfig, Antenna, Fate, Listening, Loss, Outcome, Position, Signal, Station, StationId};
use depin_lorawan::{Bandwidth::Khz125, Hertz, Micros, Modulation, Spreading, Spreading::*};
use proptest::prelude::*;

const UP: Hertz = Hertz::new(868_100_000);
const HOTSPOT: StationId = StationId(0);

fn quiet() -> AirConfig {
    AirConfig { loss: Loss::FreeSpace, shadowing_db: 0.0, ..AirConfig::new(1) }
}

/// A hotspot, and stations so many metres north of it.
fn air(config: AirConfig, metres: &[f64]) -> Air {
    let mut air = Air::new(config);
    let middle = Position::new(52.0, 13.0, 10.0).unwrap();
    air.place(HOTSPOT, Station { position: middle, antenna: Antenna { gain_dbi: 0.0 } });
    air.listen(HOTSPOT, vec![Listening::Concentrator { channels: vec![(UP, Khz125)], demodulators: 8 }]);
    for (number, north) in (1..).zip(metres) {
        air.place(StationId(number), Station { position: middle.moved(*north, 0.0), antenna: Antenna { gain_dbi: 0.0 } });
    }
    air
}

fn signal(from: u32, at_ms: u64, spreading: Spreading) -> Signal {
    Signal {
        from: StationId(from),
        at: Micros::millis(at_ms),
        airtime: Micros::millis(100),
        frequency: UP,
        modulation: Modulation::lora(spreading, Khz125),
        inverted: false,
        eirp_dbm: 14.0,
        payload: vec![from as u8],
    }
}

fn fates(outcomes: &[Outcome]) -> Vec<(u32, Fate)> {
    outcomes.iter().map(|one| (one.signal.from.0, one.fate)).collect()
}

#[test]
fn strength_and_noise_are_those_of_the_formulas() {
    let mut air = air(quiet(), &[1_000.0]);
    air.transmit(signal(1, 0, Sf7));
    assert_eq!(air.step(Micros::millis(99)), []);
    let outcomes = air.step(Micros::millis(100));
    let [one] = outcomes.as_slice() else { panic!("{outcomes:?}") };
    // 14 dBm less 91.22 dB; noise is -174 + 6 + 10 log10(125000) = -117.03 dBm.
    assert!((one.rssi_dbm + 77.2).abs() < 0.1, "{}", one.rssi_dbm);
    assert!((air.noise_dbm(one.signal.modulation) + 117.03).abs() < 0.01);
    assert_eq!((one.fate, one.snr_db, one.end), (Fate::Heard, 15.0, Micros::millis(100)));
}

#[test]
fn each_spreading_factor_is_heard_as_far_as_its_floor() {
    for spreading in &Spreading::ALL[2..] {
        // A tenth of a decibel above the floor, and below it.
        for (more, fate) in [(0.1, Fate::Heard), (-0.1, Fate::TooWeak)] {
            let mut air = air(quiet(), &[1_000.0]);
            let at_floor = f64::from(spreading.snr_floor_ddb()) / 10.0 + air.noise_dbm(Modulation::lora(*spreading, Khz125));
            let loss = -air.rssi_dbm(StationId(1), HOTSPOT, UP, 0.0).unwrap();
            air.transmit(Signal { eirp_dbm: at_floor + loss + more, ..signal(1, 0, *spreading) });
            assert_eq!(fates(&air.step(Micros::SECOND)), [(1, fate)], "{spreading:?}");
        }
    }
}

#[test]
fn the_stronger_of_two_is_captured_and_equals_destroy_each_other() {
    let mut air = air(quiet(), &[1_000.0, 1_000.0, 3_000.0]);
    air.transmit(signal(1, 0, Sf9));
    air.transmit(signal(2, 50, Sf9));
    assert_eq!(fates(&air.step(Micros::SECOND)), [(1, Fate::Collided), (2, Fate::Collided)]);
    // Three times as far is 9.5 dB weaker.
    air.transmit(signal(1, 2_000, Sf9));
    air.transmit(signal(3, 2_050, Sf9));
    assert_eq!(fates(&air.step(Micros::seconds(3))), [(1, Fate::Heard), (3, Fate::Collided)]);
    // One after the other, on another frequency, or the other way round: no collision.
    air.transmit(signal(1, 4_000, Sf9));
    air.transmit(signal(2, 4_100, Sf9));
    air.transmit(Signal { frequency: Hertz::new(868_300_000), ..signal(3, 4_000, Sf9) });
    air.transmit(Signal { inverted: true, ..signal(3, 4_050, Sf9) });
    assert_eq!(fates(&air.step(Micros::seconds(5))), [(1, Fate::Heard), (2, Fate::Heard)]);
}

#[test]
fn spreading_factors_disturb_each_other_only_when_one_is_far_stronger() {
    let mut air = air(quiet(), &[100.0, 100.0, 5_000.0]);
    air.transmit(signal(1, 0, Sf7));
    air.transmit(signal(2, 0, Sf12));
    assert_eq!(fates(&air.step(Micros::SECOND)), [(1, Fate::Heard), (2, Fate::Heard)]);
    // 34 dB: more than the 16 that SF7 bears of SF8, less than the 36 that SF12 bears.
    air.transmit(signal(1, 2_000, Sf8));
    air.transmit(signal(3, 2_000, Sf7));
    assert_eq!(fates(&air.step(Micros::seconds(3))), [(1, Fate::Heard), (3, Fate::Collided)]);
    air.transmit(signal(1, 4_000, Sf8));
    air.transmit(signal(3, 4_000, Sf12));
    assert_eq!(fates(&air.step(Micros::seconds(5))), [(1, Fate::Heard), (3, Fate::Heard)]);
}

#[test]
fn many_weak_ones_together_drown_a_stronger_one() {
    // Each alone is 9.5 dB weaker, three together 4.8.
    let mut air = air(quiet(), &[1_000.0, 3_000.0, 3_000.0, 3_000.0]);
    for from in 1..=4 {
        air.transmit(signal(from, 0, Sf10));
    }
    assert_eq!(fates(&air.step(Micros::SECOND))[0], (1, Fate::Collided));
}

#[test]
fn a_station_that_sends_is_deaf_and_demodulators_are_eight() {
    let mut air = air(quiet(), &[100.0; 12]);
    air.transmit(Signal { from: HOTSPOT, inverted: true, ..signal(0, 50, Sf7) });
    air.transmit(signal(1, 0, Sf7));
    assert_eq!(fates(&air.step(Micros::SECOND)), [(1, Fate::Deaf)]);
    let mut channels = Vec::new();
    for number in 0..12 {
        channels.push((Hertz::new(863_000_000 + 200_000 * number), Khz125));
        let frequency = channels[number as usize].0;
        air.transmit(Signal { frequency, ..signal(number + 1, 2_000 + u64::from(number), Sf7) });
    }
    air.listen(HOTSPOT, vec![Listening::Concentrator { channels, demodulators: 8 }]);
    let outcomes = air.step(Micros::seconds(3));
    assert_eq!(outcomes.iter().filter(|one| one.fate == Fate::Heard).count(), 8);
    assert_eq!(outcomes.iter().filter(|one| one.fate == Fate::Crowded).count(), 4);
}

#[test]
fn a_device_hears_what_begins_in_its_window_and_nothing_else() {
    let mut air = air(quiet(), &[100.0]);
    let window = Listening::Window {
        from: Micros::millis(980),
        until: Micros::millis(1_040),
        frequency: UP,
        modulation: Modulation::lora(Sf7, Khz125),
    };
    air.listen(StationId(1), vec![window]);
    air.listen(HOTSPOT, vec![]);
    for (at, spreading, inverted, heard) in [
        (1_000, Sf7, true, true),
        (979, Sf7, true, false),
        (1_041, Sf7, true, false),
        (1_000, Sf8, true, false),
        (1_000, Sf7, false, false),
    ] {
        let mut air = air.clone();
        air.transmit(Signal { inverted, ..signal(0, at, spreading) });
        assert_eq!(air.step(Micros::seconds(3)).len(), usize::from(heard), "{at} {spreading:?} {inverted}");
    }
}

#[test]
fn shadowing_spreads_strengths_and_is_the_seeds() {
    let strengths = |seed: u64| {
        let air = air(AirConfig { shadowing_db: 8.0, ..AirConfig { seed, ..quiet() } }, &[2_000.0; 400]);
        (1..=400).map(|from| air.rssi_dbm(StationId(from), HOTSPOT, UP, 14.0).unwrap()).collect::<Vec<_>>()
    };
    let all = strengths(5);
    let mean = all.iter().sum::<f64>() / 400.0;
    let deviation = (all.iter().map(|one| (one - mean) * (one - mean)).sum::<f64>() / 400.0).sqrt();
    assert!((7.0..9.0).contains(&deviation), "{deviation}");
    assert_eq!(strengths(5), all);
    assert_ne!(strengths(6), all);
}

#[test]
fn what_is_over_is_forgotten() {
    let mut air = air(quiet(), &[100.0]);
    for number in 0..10_000 {
        air.transmit(signal(1, number * 150, Sf7));
        assert_eq!(air.step(Micros::millis(number * 150 + 120)).len(), 1);
        assert!(air.remembered() < 10, "{}", air.remembered());
    }
}

proptest! {
    /// Each transmission has one outcome at a hotspot that listens, whatever overlaps, and the order of calls decides nothing.
    #[test]
    fn every_transmission_has_one_fate(begins in prop::collection::vec((0..2_000_u64, 1..8_u32, 2..8_usize), 1..40)) {
        let run = |order: &[(u64, u32, usize)], step: u64| {
            let mut air = air(AirConfig::new(9), &[200.0, 400.0, 700.0, 900.0, 1_500.0, 3_000.0, 6_000.0]);
            for (at, from, spreading) in order {
                air.transmit(signal(*from, *at, Spreading::ALL[*spreading]));
            }
            let mut outcomes = Vec::new();
            for until in (0..=2_200).step_by(step as usize) {
                outcomes.extend(air.step(Micros::millis(until)));
            }
            outcomes
        };
        let once = run(&begins, 2_200);
        prop_assert_eq!(once.len(), begins.len());
        prop_assert_eq!(&run(&begins, 50), &once);
    }
}
