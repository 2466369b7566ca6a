//! Impostors, as tests: what each check sees of them. `docs/cluster-checks.md` tells what follows.
//!
//! Whether an answer comes in time is a matter of clocks, which a test has no say about; so machines are modelled here by what operations
//! cost on one core, and their cores and memory bound what they do at once. What an answer is, is not modelled: the crate makes it.

mod machine;
mod recompute;

use crate::{
    answer::{Answer, State},
    claim::{Claim, Scale},
    delay,
    error::VerifyError,
    lot::{Lot, leaves, places},
    memory::Memory,
    product::Processor,
    solve::{Progress, prepare, solve},
    step,
    tree::{Tree, leaf},
    verify::verify,
    work::Work,
};
use depin_quantity::{Seed, UnitId};
use machine::Machine;
use recompute::Graph;
use std::sync::atomic::AtomicBool;

const CLAIM: Claim = Claim { cores: 4, memory_mib: 1 };

fn work(device: u8, claim: Claim, scale: Scale) -> Work {
    Work::draw(Seed::new([1; 32]), UnitId::new([device; 32]), claim, scale).unwrap()
}

/// Who leaves out a part of all steps, and puts made-up states behind them.
struct Skipper {
    work: Work,
    states: Vec<Vec<State>>,
    skipped: u64,
}

impl Skipper {
    /// Leaves out `of_64` of 64 steps, spread by chance.
    fn new(work: Work, of_64: u8) -> Self {
        let memory = Memory::fill(&work, &AtomicBool::new(false)).unwrap().unwrap();
        let mut skipped = 0;
        let states = (0..work.claim().cores)
            .map(|lane| {
                let mut states = vec![step::start(&work, lane)];
                for number in 0..work.scale().steps {
                    let before = states[number as usize];
                    let chance = blake3::keyed_hash(&[lane as u8; 32], &number.to_be_bytes());
                    let state = if chance.as_bytes()[0] % 64 < of_64 {
                        skipped += 1;
                        *chance.as_bytes().last_chunk().unwrap()
                    } else {
                        step::next(&work, (lane, number), &before, &mut &memory, &Processor)
                    };
                    states.push(state);
                }
                states
            })
            .collect();
        Self { work, states, skipped }
    }

    fn tree(&self) -> Tree {
        let leaves = self.states.iter().flatten().map(|state| leaf(&self.work, state)).collect();
        Tree::new(&self.work, leaves)
    }

    fn answer(&self, tree: &Tree, lot: Lot) -> Answer {
        let root = tree.root();
        let chains = match lot {
            Lot::Committed => {
                (0..self.work.chains().0).map(|chain| delay::forward(&self.work, &root, chain, || false).unwrap()).collect()
            }
            Lot::Drawn { .. } => Vec::new(),
        };
        let places = places(&self.work, lot, &root, &chains);
        let states = places.iter().map(|place| self.states[usize::from(place.lane)][place.number as usize]).collect();
        Answer { root, chains, states, nodes: tree.open(&leaves(&self.work, &places)) }
    }

    /// Of so many seeds drawn after the commitment, how many let the answer pass.
    fn passes(&self, draws: u32) -> u32 {
        let tree = self.tree();
        let passes = |draw: &u32| {
            let mut seed = [0; 32];
            seed[..4].copy_from_slice(&draw.to_be_bytes());
            let lot = Lot::Drawn { root: tree.root(), seed: Seed::new(seed) };
            verify(&self.work, &self.answer(&tree, lot), lot).is_ok()
        };
        (0..draws).filter(passes).count() as u32
    }
}

#[test]
fn an_answer_with_steps_left_out_passes_as_often_as_none_of_them_is_drawn() {
    let scale = Scale { steps: 1024, ..Scale::TRIAL };
    for of_64 in [0u8, 4, 8, 16] {
        let skipper = Skipper::new(work(1, CLAIM, scale), of_64);
        let (draws, probes) = (400, skipper.work.probes() as i32);
        let passed = skipper.passes(draws);
        let done = 1.0 - skipper.skipped as f64 / skipper.work.transitions() as f64;
        let expected = done.powi(probes) * f64::from(draws);
        let deviation = (expected * (1.0 - expected / f64::from(draws))).sqrt();
        println!("{of_64}/64 left out, {probes} checked: {passed} of {draws} passed, {expected:.1} expected");
        assert!((f64::from(passed) - expected).abs() <= 4.0 * deviation + 1.0, "{passed}, {expected:.1} ± {deviation:.1}");
        assert!(of_64 > 0 || passed == draws);
    }
}

#[test]
fn the_refusal_of_a_left_out_step_says_what_it_means() {
    let skipper = Skipper::new(work(1, CLAIM, Scale::TRIAL), 32);
    let error = verify(&skipper.work, &skipper.answer(&skipper.tree(), Lot::Committed), Lot::Committed).unwrap_err();
    assert!(matches!(error, VerifyError::Work { .. }));
    assert!(error.to_string().contains("the claim is more than the device has"), "{error}");
}

/// Draws again and again by changing a state that it left out anyway, as one message allows. It gets through, which is why each draw has
/// the price of a delay: see below what that leaves.
#[test]
fn one_message_can_be_drawn_again_at_the_price_of_a_delay_each() {
    let scale = Scale { steps: 255, ..Scale::TRIAL };
    let mut skipper = Skipper::new(work(1, Claim { cores: 1, memory_mib: 1 }, scale), 8);
    let left_out = (0..255usize).find(|at| {
        let before = &skipper.states[0][*at];
        let memory = &mut crate::memory::Anew::new(&skipper.work);
        step::next(&skipper.work, (0, *at as u32), before, memory, &Processor) != skipper.states[0][*at + 1]
    });
    let left_out = left_out.unwrap();
    let mut draws = 0u32;
    loop {
        draws += 1;
        skipper.states[0][left_out + 1][..4].copy_from_slice(&draws.to_be_bytes());
        // What follows the changed state was computed from the old one; it is left out as well.
        let answer = skipper.answer(&skipper.tree(), Lot::Committed);
        if verify(&skipper.work, &answer, Lot::Committed).is_ok() {
            break;
        }
        assert!(draws < 10_000);
    }
    println!("{} of 255 left out: {draws} draws until an answer passed", skipper.skipped);
    assert!(draws > 1, "a draw of one is luck, and this one is fixed");
}

/// Parts of the work that may be left out.
fn parts() -> impl Iterator<Item = f64> {
    (0..999).map(|part| f64::from(part) / 1000.0)
}

/// At the scale of production: what it costs in all, in parts of the honest work, to leave out the best part and draw until that passes;
/// and the chance that half the cores answer within so many honest times, by leaving out and drawing as often as there is time for.
#[test]
fn half_the_cores_have_little_luck_with_drawing_again() {
    for cores in [1u16, 4, 16, 64] {
        let work = work(1, Claim { cores, memory_mib: 4096 * u32::from(cores) }, Scale::PRODUCTION);
        let (probes, draw) = (work.probes() as i32, work.cost().squarings_weighed() / work.cost().weighed() as f64);
        let least = parts().map(|left| 1.0 - left + draw / (1.0 - left).powi(probes)).fold(f64::MAX, f64::min);
        let luck = |times: f64| {
            let chance = |left: f64| {
                let draws = ((times / 2.0 - (1.0 - left)) / draw).floor().max(0.0);
                1.0 - (1.0 - (1.0 - left).powi(probes)).powf(draws)
            };
            parts().map(chance).fold(0.0, f64::max)
        };
        let hours = |chance: f64| {
            (3..=5)
                .map(|k| [0.0, 0.0, 0.0, 10.0, 5.0, 1.0][k as usize] * chance.powi(k) * (1.0 - chance).powi(5 - k))
                .sum::<f64>()
        };
        let (short, long, two) = (luck(1.25), luck(1.5), 0.75f64.powi(probes));
        println!(
            "{cores} cores: {probes} probes, a draw {:.2} % of the work, at least {least:.3}; half its cores: {:.1} % within 1.25, {:.1} % within 1.5 ({:.2} % of five hours), two messages {:.1} % ({:.2} %); check {:.1} ms, two messages {:.1} ms",
            draw * 100.0,
            short * 100.0,
            long * 100.0,
            hours(long) * 100.0,
            two * 100.0,
            hours(two) * 100.0,
            work.check_cost().weighed() as f64 / 1e9,
            (work.check_cost().weighed() as f64 - f64::from(cores) * 800_000.0 * 5_000.0) / 1e9
        );
        assert!(least > 0.8, "who draws again would save a fifth: {least}");
        assert!(two < long && short < long && long < 0.4, "{short} {long} {two}");
    }
}

#[test]
fn one_machine_cannot_answer_with_twice_its_cores() {
    let claim = Claim { cores: 8, memory_mib: 8 << 10 };
    let work = work(1, claim, Scale::PRODUCTION);
    let honest = Machine { cores: 8, memory_mib: claim.memory_mib }.time(&[&work]);
    let impostor = Machine { cores: 4, memory_mib: claim.memory_mib }.time(&[&work]);
    println!("twice its cores: {:.2} of the honest time", impostor / honest);
    assert!(impostor / honest > 1.95);
    // More cores than claimed gain nothing in the steps: a lane is one thread.
    let more = Machine { cores: 64, memory_mib: claim.memory_mib }.time(&[&work]);
    assert!(more / honest > 0.99, "{}", more / honest);
}

#[test]
fn one_machine_cannot_answer_with_four_times_its_memory() {
    let claim = Claim { cores: 4, memory_mib: 16 << 10 };
    let work = work(1, claim, Scale::PRODUCTION);
    let scale = work.scale();
    let graph = Graph::of(b"a region", scale.region_kib as usize, scale.passes as usize);
    let honest = Machine { cores: 4, memory_mib: claim.memory_mib }.time(&[&work]);
    let mut last = 1.0;
    for part in [2, 4, 8] {
        let read = graph.compressions_of_a_read(part);
        let impostor = Machine { cores: 4, memory_mib: claim.memory_mib / part as u32 };
        // It fills what it keeps, and computes the rest whenever it is read.
        let ratio = impostor.time_computing(&work, read) / honest;
        println!("1/{part} of the memory: {read:.1} compressions a read, {ratio:.2} of the honest time");
        assert!(ratio > last, "{ratio} after {last}");
        last = ratio;
        assert!(part < 4 || ratio > 2.0, "{ratio}");
    }
}

/// One pass over a region is cheap to keep a quarter of; that is why there are three.
#[test]
fn passes_make_what_is_not_kept_costly() {
    let costs = [1, 2, 3].map(|passes| Graph::of(b"another region", 64, passes).compressions_of_a_read(4));
    println!("a quarter kept, passes 1, 2, 3: {costs:.1?} compressions a read");
    assert!(costs[1] > 3.0 * costs[0] && costs[2] > 1.5 * costs[1], "{costs:?}");
}

#[test]
fn two_devices_on_one_machine_are_late_when_both_are_asked_at_once() {
    let claim = Claim { cores: 4, memory_mib: 8 << 10 };
    let (one, other) = (work(1, claim, Scale::PRODUCTION), work(2, claim, Scale::PRODUCTION));
    let machine = Machine { cores: 4, memory_mib: 16 << 10 };
    let (alone, both) = (machine.time(&[&one]), machine.time(&[&one, &other]));
    println!("two devices of all cores on one machine: {:.2} of the honest time", both / alone);
    assert!(both / alone > 1.95);
    // Not seen: a machine of twice the claims. It is there, though.
    let large = Machine { cores: 8, memory_mib: 16 << 10 };
    assert!(large.time(&[&one, &other]) / alone < 1.05);
}

#[test]
fn a_proxy_with_one_back_end_has_no_answer_for_its_second_device() {
    let (one, other) = (work(1, CLAIM, Scale::TRIAL), work(2, CLAIM, Scale::TRIAL));
    let done = prepare(&one, &Processor, &Progress::default()).unwrap();
    let answer = done.answer(Lot::Committed, &Progress::default()).unwrap();
    verify(&one, &answer, Lot::Committed).unwrap();
    // The same answer under another name; and the same states, opened where the other's lot says.
    assert!(verify(&other, &answer, Lot::Committed).is_err());
    let lot = Lot::Drawn { root: done.root(), seed: Seed::new([4; 32]) };
    let drawn = done.answer(lot, &Progress::default()).unwrap();
    verify(&one, &drawn, lot).unwrap();
    assert!(verify(&other, &drawn, lot).is_err());
    // So it has to do both, and is two devices on one machine.
}

/// What no answer shows: whose machine computed it. This test says so by passing.
#[test]
fn a_proxy_to_one_other_machine_answers_like_that_machine() {
    let work = work(1, CLAIM, Scale::TRIAL);
    let elsewhere = solve(&work, &Processor, &Progress::default()).unwrap().encode();
    verify(&work, &Answer::decode(&elsewhere).unwrap(), Lot::Committed).unwrap();
}

#[test]
fn an_answer_to_a_smaller_claim_is_none_to_a_larger() {
    let small = work(1, Claim { cores: 2, memory_mib: 1 }, Scale::TRIAL);
    let answer = solve(&small, &Processor, &Progress::default()).unwrap();
    for claim in [Claim { cores: 4, memory_mib: 1 }, Claim { cores: 2, memory_mib: 4 }] {
        assert!(verify(&work(1, claim, Scale::TRIAL), &answer, Lot::Committed).is_err(), "{claim:?}");
    }
}
