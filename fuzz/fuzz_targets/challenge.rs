//! No bytes but those of the one right answer are one, whatever is changed in them, and none panics.
#![no_main]
use depin_challenge::{Answer, Claim, Lot, Processor, Progress, Scale, Work, solve, verify};
use depin_quantity::{Seed, UnitId};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static RIGHT: LazyLock<(Work, Vec<u8>)> = LazyLock::new(|| {
    let claim = Claim { cores: 2, memory_mib: 1 };
    let work = Work::draw(Seed::new([1; 32]), UnitId::new([2; 32]), claim, Scale::TRIAL).expect("a claim within its bounds");
    let bytes = solve(&work, &Processor, &Progress::default()).expect("a computation of milliseconds").encode();
    (work, bytes)
});

fuzz_target!(|input: (Vec<(u16, u8)>, Option<Vec<u8>>)| {
    let (changes, bytes) = input;
    let (work, right) = &*RIGHT;
    let mut bytes = bytes.unwrap_or_else(|| right.clone());
    for (at, byte) in changes {
        if let Some(old) = bytes.get_mut(usize::from(at)) {
            *old = byte;
        }
    }
    let Ok(answer) = Answer::decode(&bytes) else { return };
    assert_eq!(answer.encode(), bytes, "an answer has one sequence of bytes");
    assert_eq!(verify(work, &answer, Lot::Committed).is_ok(), bytes == *right);
    let drawn = Lot::Drawn { root: answer.root(), seed: Seed::new([3; 32]) };
    assert!(verify(work, &answer, drawn).is_err(), "another lot's answer");
});
