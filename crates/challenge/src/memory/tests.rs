use super::*;
use crate::claim::{Claim, Scale};
use depin_quantity::{Seed, UnitId};

fn work(cores: u16, region_kib: u32, passes: u32) -> Work {
    let scale = Scale { region_kib, passes, ..Scale::TRIAL };
    Work::draw(Seed::new([1; 32]), UnitId::new([2; 32]), Claim { cores, memory_mib: 1 }, scale).unwrap()
}

#[test]
fn memory_that_is_kept_and_memory_computed_anew_are_the_same() {
    for (cores, region_kib, passes) in [(1, 8, 1), (3, 64, 1), (2, 1024, 2), (7, 128, 1)] {
        let work = work(cores, region_kib, passes);
        let kept = Memory::fill(&work, &AtomicBool::new(false)).unwrap().unwrap();
        let mut anew = Anew::new(&work);
        for index in (0..work.blocks()).rev().step_by(5) {
            assert_eq!((&kept).block(index), anew.block(index), "{index}");
        }
        assert_eq!(kept.parts.iter().map(Vec::len).sum::<usize>() as u64, work.blocks());
    }
}

#[test]
fn no_two_regions_begin_alike() {
    let work = work(1, 8, 1);
    let mut anew = Anew::new(&work);
    let firsts: std::collections::BTreeSet<u64> = (0..work.regions()).map(|region| anew.block(region * 8)[0]).collect();
    assert_eq!((firsts.len(), anew.filled), (128, 128));
}

#[test]
fn filling_stops_when_told() {
    assert!(Memory::fill(&work(2, 8, 1), &AtomicBool::new(true)).unwrap().is_none());
}
