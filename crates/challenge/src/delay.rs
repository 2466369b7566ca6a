//! A delay that is slow to go through and quick to follow back: square roots modulo `2^127 - 1`.
//!
//! The drawn transitions follow from the commitment. Whoever left steps out could draw again and again, by changing a state that is not
//! looked at, until none of those left out is drawn. So each draw costs: a root is 125 squarings, one after the other, and following it back is one.
//!
//! Source: A. K. Lenstra and B. Wesolowski, "A random zoo: sloth, unicorn, and trx", 2015, section 3 (sloth); here with a constant added
//! before each root, which keeps roots from being one power, as in MiMC.

use crate::{
    answer::Root,
    work::{Tag, Work},
};

/// The modulus: the Mersenne prime `2^127 - 1`, which is 3 modulo 4.
const MODULUS: u128 = (1 << 127) - 1;
/// `(MODULUS + 1) / 4 = 2^125`: a root is so many squarings.
pub(crate) const SQUARINGS: u32 = 125;

/// Where a chain begins and the constant that it adds.
fn begin(work: &Work, root: &Root, chain: u8) -> (u128, u128) {
    let mut bytes = [0; 32];
    work.hash(Tag::Chain, &[root, &[chain]]).finalize_xof().fill(&mut bytes);
    let (start, constant) = bytes.split_at(16);
    let element = |bytes: &[u8]| u128::from_be_bytes(bytes.try_into().expect("half of 32 bytes")) % MODULUS;
    (element(start), element(constant))
}

/// Goes through a chain; `stop` is asked now and then.
pub(crate) fn forward(work: &Work, root: &Root, chain: u8, mut stop: impl FnMut() -> bool) -> Option<u128> {
    let (mut x, constant) = begin(work, root, chain);
    for turn in 0..work.chains().1 {
        if turn.is_multiple_of(4096) && stop() {
            return None;
        }
        x = rooted(add(x, constant));
    }
    Some(x)
}

/// Whether a chain ends with `end`: follows it back.
pub(crate) fn leads_to(work: &Work, root: &Root, chain: u8, end: u128) -> bool {
    if end >= MODULUS {
        return false;
    }
    let (start, constant) = begin(work, root, chain);
    let mut x = end;
    for _ in 0..work.chains().1 {
        x = add(unrooted(x), MODULUS - constant);
    }
    x == start
}

/// A permutation of the field: the even root of a square; the odd root of the negative of what is none.
fn rooted(x: u128) -> u128 {
    let root = (0..SQUARINGS).fold(x, |x, _| square(x));
    let is_square = square(root) == x;
    let is_even = root.is_multiple_of(2);
    if is_square == is_even { root } else { negative(root) }
}

/// Its inverse.
fn unrooted(y: u128) -> u128 {
    let x = square(y);
    if y.is_multiple_of(2) { x } else { negative(x) }
}

const fn negative(x: u128) -> u128 {
    if x == 0 { 0 } else { MODULUS - x }
}

/// `a + b`, where `a` and `b` are at most the modulus.
const fn add(a: u128, b: u128) -> u128 {
    let sum = a + b;
    if sum >= MODULUS {
        let sum = sum - MODULUS;
        if sum >= MODULUS { sum - MODULUS } else { sum }
    } else {
        sum
    }
}

/// `x * x`, where `x` is below the modulus.
const fn square(x: u128) -> u128 {
    let (high, low) = (x >> 64, x as u64 as u128);
    // x² = high² * 2^128 + high * low * 2^65 + low², and 2^127 is 1. high is below 2^63, so all products fit.
    let middle = high.wrapping_mul(low);
    let outer = low.wrapping_mul(low);
    let a = high.wrapping_mul(high) << 1;
    let b = (middle >> 62).wrapping_add((middle << 65) & MODULUS);
    let c = (outer >> 127).wrapping_add(outer & MODULUS);
    // Each is at most the modulus and 2^65 more.
    fold(fold(a.wrapping_add(b)).wrapping_add(c))
}

/// A number below `2^128` modulo the modulus.
const fn fold(x: u128) -> u128 {
    let x = (x >> 127).wrapping_add(x & MODULUS);
    if x >= MODULUS { x - MODULUS } else { x }
}

#[cfg(test)]
mod tests;
