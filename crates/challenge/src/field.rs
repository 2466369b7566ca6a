//! The field of products: integers modulo `2^64 - 2^32 + 1`.
//!
//! A field of 64 bits is chosen for what it does *not* reward: vector units multiply 32 bits by 32 and have no product of 64 by 64 in full,
//! so a kernel written for them gains little over plain multiplications. Over a field of 31 bits it would gain eightfold.

/// The modulus, `2^64 - 2^32 + 1`, a prime.
pub(crate) const MODULUS: u64 = 0xffff_ffff_0000_0001;
/// `2^64` modulo the modulus.
const WRAP: u128 = 0xffff_ffff;

/// A word as an element: every word is below twice the modulus.
pub(crate) const fn element(word: u64) -> u64 {
    if word >= MODULUS { word - MODULUS } else { word }
}

/// `low + high * 2^64` modulo the modulus, where both are sums of at most 2^20 words: below `2^84`.
pub(crate) const fn reduce(low: u128, high: u128) -> u64 {
    // Below 2^84 + 2^116, then 2^64 + 2^85, then 2^64 + 2^54, then 2^64: nothing overflows 128 bits.
    let sum = low.wrapping_add(high.wrapping_mul(WRAP));
    let sum = (sum as u64 as u128).wrapping_add((sum >> 64).wrapping_mul(WRAP));
    let sum = (sum as u64 as u128).wrapping_add((sum >> 64).wrapping_mul(WRAP));
    let sum = (sum as u64 as u128).wrapping_add((sum >> 64).wrapping_mul(WRAP));
    element(sum as u64)
}

/// `a * b + c` of elements.
pub(crate) const fn multiply_add(a: u64, b: u64, c: u64) -> u64 {
    let product = a as u128 * b as u128;
    reduce(product as u64 as u128 + c as u128, product >> 64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sums_of_products_are_those_of_plain_arithmetic(low in 0u128..1 << 84, high in 0u128..1 << 84) {
            let modulus = u128::from(MODULUS);
            let wrap = (1u128 << 64) % modulus;
            prop_assert_eq!(u128::from(reduce(low, high)), (low % modulus + high % modulus * wrap) % modulus);
        }

        #[test]
        fn multiply_add_is_that_of_plain_arithmetic(a: u64, b: u64, c: u64) {
            let (a, b, c) = (element(a), element(b), element(c));
            let exact = (u128::from(a) * u128::from(b) % u128::from(MODULUS) + u128::from(c)) % u128::from(MODULUS);
            prop_assert_eq!(u128::from(multiply_add(a, b, c)), exact);
        }
    }

    #[test]
    fn the_edges_of_a_word_become_elements() {
        for (word, is) in [(0, 0), (MODULUS - 1, MODULUS - 1), (MODULUS, 0), (u64::MAX, 0xffff_fffe)] {
            assert_eq!(element(word), is);
            assert_eq!(multiply_add(is, 1, 0), is);
        }
    }
}
