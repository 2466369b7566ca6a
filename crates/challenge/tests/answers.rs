//! Answers from outside: what is made honestly is accepted, everything else refused, nothing panics.

use depin_challenge::{
    ANSWER_BYTES_MOST, Answer, Claim, ClaimError, DecodeError, Kernel, Lot, Matrix, Prepared, Processor, Progress, Scale,
    SolveError, VerifyError, Work, prepare, solve, verify,
};
use depin_quantity::{Seed, UnitId};
use proptest::prelude::*;
use std::sync::LazyLock;

const CLAIM: Claim = Claim { cores: 3, memory_mib: 1 };

fn draw(seed: u8, device: u8, claim: Claim, scale: Scale) -> Work {
    Work::draw(Seed::new([seed; 32]), UnitId::new([device; 32]), claim, scale).unwrap()
}

static WORK: LazyLock<Work> = LazyLock::new(|| draw(1, 2, CLAIM, Scale::TRIAL));
static DONE: LazyLock<Prepared> = LazyLock::new(|| prepare(&WORK, &Processor, &Progress::default()).unwrap());
static ANSWER: LazyLock<Vec<u8>> = LazyLock::new(|| DONE.answer(Lot::Committed, &Progress::default()).unwrap().encode());

fn judge(work: &Work, bytes: &[u8], lot: Lot) -> Result<(), String> {
    let answer = Answer::decode(bytes).map_err(|error| error.to_string())?;
    assert_eq!(answer.encode(), bytes, "an answer has one sequence of bytes");
    verify(work, &answer, lot).map_err(|error| error.to_string())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_flipped_bit_is_refused(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut bytes = ANSWER.clone();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(judge(&WORK, &bytes, Lot::Committed).is_err(), "byte {at}, bit {bit}");
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        prop_assert!(judge(&WORK, &bytes, Lot::Committed).is_err());
    }

    #[test]
    fn any_answer_of_right_form_is_refused_without_a_panic(
        root: [u8; 12],
        chains in prop::collection::vec(any::<[u8; 16]>(), 0..=8),
        states in prop::collection::vec(any::<[u8; 16]>(), 1..=16),
        nodes in prop::collection::vec(any::<[u8; 12]>(), 0..=130),
        drawn: bool,
    ) {
        let mut bytes = vec![1];
        bytes.extend(root);
        bytes.push(chains.len() as u8);
        bytes.extend(chains.iter().flatten());
        bytes.push(states.len() as u8);
        bytes.extend(states.iter().flatten());
        bytes.push(nodes.len() as u8);
        bytes.extend(nodes.iter().flatten());
        let lot = if drawn { Lot::Drawn { root, seed: Seed::new([9; 32]) } } else { Lot::Committed };
        prop_assert!(judge(&WORK, &bytes, lot).is_err());
    }

    #[test]
    fn a_cut_or_longer_answer_is_refused(cut in any::<prop::sample::Index>(), more in 1usize..40) {
        let cut = cut.index(ANSWER.len());
        prop_assert!(Answer::decode(&ANSWER[..cut]).is_err());
        let longer: Vec<u8> = ANSWER.iter().copied().chain(std::iter::repeat_n(0, more)).collect();
        prop_assert!(Answer::decode(&longer).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn honest_answers_pass_in_one_message_and_in_two(
        seed: [u8; 32],
        device: [u8; 32],
        cores in 1u16..=20,
        memory_mib in 1u32..3,
        region in 3u32..8,
        passes in 1u32..=4,
        reads in 4u32..9,
        rounds in 1u32..4,
        steps in 64u32..140,
    ) {
        let scale = Scale { region_kib: 1 << region, passes, reads, rounds, steps, delay: 20 };
        let work = Work::draw(Seed::new(seed), UnitId::new(device), Claim { cores, memory_mib }, scale).unwrap();
        let done = prepare(&work, &Processor, &Progress::default()).unwrap();
        for lot in [Lot::Committed, Lot::Drawn { root: done.root(), seed: Seed::new(device) }] {
            let bytes = done.answer(lot, &Progress::default()).unwrap().encode();
            prop_assert!(bytes.len() <= ANSWER_BYTES_MOST);
            prop_assert_eq!(judge(&work, &bytes, lot), Ok(()));
        }
        let (whole, check) = (work.cost(), work.check_cost());
        prop_assert!(whole.reads > 0 && check.reads <= 16 * u64::from(reads));
    }
}

#[test]
fn an_answer_belongs_to_seed_device_claim_and_scale() {
    let answer = Answer::decode(&ANSWER).unwrap();
    let others = [
        draw(2, 2, CLAIM, Scale::TRIAL),
        draw(1, 3, CLAIM, Scale::TRIAL),
        draw(1, 2, Claim { cores: 4, ..CLAIM }, Scale::TRIAL),
        draw(1, 2, Claim { memory_mib: 2, ..CLAIM }, Scale::TRIAL),
        draw(1, 2, CLAIM, Scale { rounds: 2, ..Scale::TRIAL }),
        draw(1, 2, CLAIM, Scale { delay: 17, ..Scale::TRIAL }),
    ];
    verify(&WORK, &answer, Lot::Committed).unwrap();
    for other in others {
        assert!(verify(&other, &answer, Lot::Committed).is_err(), "{other:?}");
    }
}

#[test]
fn an_answer_to_one_lot_is_none_to_another() {
    let lot = |byte| Lot::Drawn { root: DONE.root(), seed: Seed::new([byte; 32]) };
    let answer = DONE.answer(lot(1), &Progress::default()).unwrap();
    assert_eq!(verify(&WORK, &answer, lot(1)), Ok(()));
    assert!(verify(&WORK, &answer, lot(2)).is_err());
    assert_eq!(verify(&WORK, &answer, Lot::Committed), Err(VerifyError::Chains { got: 0, needed: 3 }));
    let other = Lot::Drawn { root: [0; 12], seed: Seed::new([1; 32]) };
    assert_eq!(verify(&WORK, &answer, other), Err(VerifyError::OtherRoot));
}

#[test]
fn the_bytes_of_a_known_answer_are_these() {
    let hash = depin_quantity::ContentHash::derive("known answer", &[&ANSWER]);
    assert_eq!((ANSWER.len(), hash.to_string().as_str()), KNOWN);
}

/// Changes whenever work, steps, tree or bytes change: all daemons of a network must change with it.
const KNOWN: (usize, &str) = (932, "c3c7a6daeb7f26654f5d954018640d277eda512ef626f87a716b26c26e0354af");

#[test]
fn decoding_says_what_is_wrong() {
    let long = vec![1; ANSWER_BYTES_MOST + 1];
    assert_eq!(Answer::decode(&long), Err(DecodeError::TooLong { got: 2049, most: 2048 }));
    assert_eq!(Answer::decode(&[]), Err(DecodeError::Short { got: 0, part: "the format" }));
    assert_eq!(Answer::decode(&[2; 20]), Err(DecodeError::Format { got: 2, known: 1 }));
    let mut bytes = ANSWER.clone();
    bytes[13] = 9;
    assert_eq!(Answer::decode(&bytes), Err(DecodeError::Count { part: "chains", got: 9, most: 8 }));
    bytes = ANSWER.clone();
    bytes.push(0);
    assert_eq!(
        Answer::decode(&bytes).unwrap_err().to_string(),
        "1 bytes stand behind the answer's end; send what the solver encoded, and nothing more"
    );
}

#[test]
fn claims_and_scales_have_bounds_and_say_them() {
    let refused = |claim, scale: Scale| Work::draw(Seed::default(), UnitId::default(), claim, scale).unwrap_err();
    let cores = refused(Claim { cores: 0, memory_mib: 1 }, Scale::TRIAL);
    assert_eq!(cores.to_string(), "cores is 0, and may be 1 to 256");
    assert!(matches!(refused(Claim { cores: 1, memory_mib: 0 }, Scale::TRIAL), ClaimError::Range { least: 1, .. }));
    assert!(matches!(refused(Claim { cores: 257, memory_mib: 1 }, Scale::TRIAL), ClaimError::Range { most: 256, .. }));
    assert_eq!(refused(CLAIM, Scale { region_kib: 24, ..Scale::TRIAL }), ClaimError::Region(24));
    for scale in [
        Scale { region_kib: 4, ..Scale::TRIAL },
        Scale { passes: 0, ..Scale::TRIAL },
        Scale { reads: 3, ..Scale::TRIAL },
        Scale { rounds: 0, ..Scale::TRIAL },
        Scale { steps: 63, ..Scale::TRIAL },
        Scale { delay: 0, ..Scale::TRIAL },
        Scale { region_kib: 2048, ..Scale::TRIAL },
        Scale { delay: u32::MAX, ..Scale::TRIAL },
    ] {
        assert!(matches!(refused(CLAIM, scale), ClaimError::Range { .. }), "{scale:?}");
    }
    let step = Scale { region_kib: 1024, passes: 4, reads: 64, ..Scale::TRIAL };
    assert!(matches!(refused(CLAIM, step), ClaimError::Step { is: 262_144, .. }));
    let states = refused(Claim { cores: 256, memory_mib: 1 }, Scale { steps: 65_536, ..Scale::TRIAL });
    assert!(states.to_string().contains("lower the steps"), "{states}");
    Work::draw(Seed::default(), UnitId::default(), Claim { cores: 256, memory_mib: 1 << 20 }, Scale::PRODUCTION).unwrap();
}

#[test]
fn checking_costs_at_most_a_hundredth_of_answering_at_the_scale_of_production() {
    for (cores, memory_mib) in [(1, 1 << 10), (4, 1 << 12), (16, 1 << 14), (256, 1 << 20)] {
        let work = draw(1, 1, Claim { cores, memory_mib }, Scale::PRODUCTION);
        let (answering, checking) = (work.cost().weighed(), work.check_cost().weighed());
        println!(
            "{cores} cores: {} probes, check {:.1} ms, {:.5} %",
            work.probes(),
            checking as f64 / 1e9,
            checking as f64 / answering as f64 * 100.0
        );
        assert!(checking <= answering / 100, "{cores} cores: {checking} of {answering}");
    }
}

#[test]
fn a_stopped_computation_says_how_far_it_was() {
    let progress = Progress::default();
    progress.stop();
    let error = solve(&WORK, &Processor, &progress).unwrap_err();
    assert_eq!(error, SolveError::Stopped { steps: 0, of: 192 });
}

/// A card whose memory is faulty.
struct Faulty;

impl Kernel for Faulty {
    fn name(&self) -> String {
        "faulty card".to_owned()
    }

    fn iterate(&self, a: &Matrix, _: &Matrix, _: u32) -> Matrix {
        a.clone()
    }
}

#[test]
fn a_kernel_that_computes_wrong_is_found_before_the_work() {
    let error = solve(&WORK, &Faulty, &Progress::default()).unwrap_err();
    assert_eq!(error, SolveError::Kernel("faulty card".to_owned()));
}

#[test]
fn what_a_device_needs_beside_its_claim_is_bounded() {
    assert_eq!(Scale::TRIAL.beside_mib(1), 3);
    assert_eq!(Scale::PRODUCTION.beside_mib(16), 16 * 6);
    // Figures that no check lets through overflow nothing.
    assert!(Scale { steps: u32::MAX, ..Scale::TRIAL }.beside_mib(u16::MAX) > 1 << 30);
}
