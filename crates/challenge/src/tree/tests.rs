use super::*;
use crate::claim::{Claim, Scale};
use depin_quantity::{Seed, UnitId};
use proptest::prelude::*;

fn work(cores: u16, steps: u32) -> Work {
    let scale = Scale { steps, ..Scale::TRIAL };
    Work::draw(Seed::new([1; 32]), UnitId::new([2; 32]), Claim { cores, memory_mib: 1 }, scale).unwrap()
}

fn leaves_of(work: &Work) -> Vec<Node> {
    (0..work.states()).map(|at| leaf(work, &u128::from(at).to_be_bytes())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn openings_lead_to_the_root_and_have_the_size_foretold(
        cores in 1u16..4,
        steps in 64u32..100,
        picks in prop::collection::btree_set(0u64..195, 1..20),
    ) {
        let work = work(cores, steps);
        let leaves = leaves_of(&work);
        let places: Vec<u64> = picks.into_iter().filter(|at| *at < work.states()).collect();
        prop_assume!(!places.is_empty());
        let tree = Tree::new(&work, leaves.clone());
        let opening = tree.open(&places);
        prop_assert_eq!(opening.len(), siblings(work.states(), &places));
        let known: BTreeMap<u64, Node> = places.iter().map(|at| (*at, leaves[*at as usize])).collect();
        prop_assert_eq!(root_of(&work, known.clone(), &opening), Some(tree.root()));

        let mut more = opening.clone();
        more.push([1; NODE_BYTES]);
        prop_assert_eq!(root_of(&work, known.clone(), &more), None);
        if let Some((_, fewer)) = opening.split_last() {
            prop_assert_eq!(root_of(&work, known, fewer), None);
        }
    }
}

#[test]
fn depth_is_that_of_the_next_power_of_two() {
    assert_eq!([1, 2, 3, 4, 5, 1 << 24].map(depth), [0, 1, 2, 2, 3, 24]);
}

#[test]
fn a_tree_of_another_device_has_another_root() {
    let (one, other) = (work(1, 64), work(2, 64));
    let leaves = vec![[7; NODE_BYTES]; 8];
    assert_ne!(Tree::new(&one, leaves.clone()).root(), Tree::new(&other, leaves).root());
}
