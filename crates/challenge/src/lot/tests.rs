use super::*;
use crate::answer::PROBES_MOST;
use crate::claim::{Claim, Scale};
use depin_quantity::UnitId;
use proptest::prelude::*;

fn work(cores: u16, steps: u32) -> Work {
    let scale = Scale { steps, ..Scale::TRIAL };
    Work::draw(Seed::new([1; 32]), UnitId::new([2; 32]), Claim { cores, memory_mib: 1 }, scale).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn every_draw_fits_an_answer(cores in 1u16..=256, steps in 64u32..=65_535, root: [u8; 12]) {
        let work = work(cores, steps);
        let places = places(&work, Lot::Committed, &root, &[]);
        let nodes = siblings(work.states(), &leaves(&work, &places));
        prop_assert!(nodes <= nodes_most(work.probes()));
        prop_assert!(places.len() == work.probes(), "{} of {}", places.len(), work.probes());
        prop_assert!(places.iter().all(|place| place.lane < cores && place.number < steps));
    }
}

#[test]
fn probes_are_as_many_as_the_page_says() {
    let probes = |cores, steps| work(cores, steps).probes();
    let table =
        [probes(1, 64), probes(1, 65_535), probes(4, 65_535), probes(16, 65_535), probes(64, 65_535), probes(256, 65_535)];
    println!("{table:?}");
    assert_eq!(table[0], PROBES_MOST);
    assert!(table.is_sorted_by(|more, fewer| more >= fewer) && table[5] >= 6, "{table:?}");
}

#[test]
fn every_transition_is_drawn_about_as_often() {
    let work = work(2, 64);
    let mut counts = vec![0u32; 128];
    let draws = 2_000u32;
    for draw in 0..draws {
        let mut root = [0; 12];
        root[..4].copy_from_slice(&draw.to_be_bytes());
        for place in places(&work, Lot::Committed, &root, &[]) {
            counts[usize::from(place.lane) * 64 + place.number as usize] += 1;
        }
    }
    // Each is drawn in 16 of 128 draws: 250 times of 2000, with a deviation of 14.8; seven of those are allowed on either side.
    assert!(counts.iter().all(|count| (146..=354).contains(count)), "{counts:?}");
}

#[test]
fn root_seed_and_delay_each_draw_others() {
    let work = work(4, 1000);
    let drawn = |lot, root: u8, chains: &[u128]| places(&work, lot, &[root; 12], chains);
    let seed = |byte| Lot::Drawn { root: [0; 12], seed: Seed::new([byte; 32]) };
    let all = [
        drawn(Lot::Committed, 1, &[1]),
        drawn(Lot::Committed, 2, &[1]),
        drawn(Lot::Committed, 1, &[2]),
        drawn(seed(1), 1, &[]),
        drawn(seed(2), 1, &[]),
    ];
    for (at, one) in all.iter().enumerate() {
        assert!(all[at + 1..].iter().all(|other| other != one));
    }
}
