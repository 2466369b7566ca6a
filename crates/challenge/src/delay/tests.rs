use super::*;
use crate::claim::{Claim, Scale};
use depin_quantity::{Seed, UnitId};
use proptest::prelude::*;

/// Multiplies by doubling and adding, apart from the limbs above.
fn plain(a: u128, b: u128) -> u128 {
    (0..127).rev().fold(0, |sum, bit| {
        let doubled = (sum << 1) % MODULUS;
        if b >> bit & 1 == 1 { (doubled + a) % MODULUS } else { doubled }
    })
}

fn field() -> impl Strategy<Value = u128> {
    prop_oneof![(0..MODULUS), Just(0), Just(1), Just(MODULUS - 1), Just((1 << 64) - 1), Just(1 << 64), Just(MODULUS >> 1)]
}

proptest! {
    #[test]
    fn squares_are_those_of_plain_arithmetic(x in field()) {
        prop_assert_eq!(square(x), plain(x, x));
    }

    #[test]
    fn following_a_root_back_gives_what_it_was_of(x in field()) {
        let y = rooted(x);
        prop_assert!(y < MODULUS);
        prop_assert_eq!(unrooted(y), x);
    }

    #[test]
    fn following_back_and_rooting_gives_the_same(y in field()) {
        prop_assert_eq!(rooted(unrooted(y)), y);
    }
}

#[test]
fn a_chain_leads_to_its_end_and_to_no_other() {
    let scale = Scale { delay: 100, ..Scale::TRIAL };
    let work = Work::draw(Seed::new([1; 32]), UnitId::new([2; 32]), Claim { cores: 2, memory_mib: 1 }, scale).unwrap();
    let root = [5; 12];
    let end = forward(&work, &root, 1, || false).unwrap();
    assert!(leads_to(&work, &root, 1, end));
    for wrong in [end ^ 1, MODULUS - end, end + MODULUS, MODULUS, u128::MAX] {
        assert!(!leads_to(&work, &root, 1, wrong), "{wrong}");
    }
    assert!(!leads_to(&work, &root, 0, end) && !leads_to(&work, &[6; 12], 1, end));
    assert_eq!(forward(&work, &root, 1, || true), None);
}
