//! Decoded 8-bit pixels compared: pixels a second of one core. `cargo bench -p depin-render`.

use depin_render::{Pixels, compare};
use divan::{Bencher, counter::ItemsCount};

fn main() {
    divan::main();
}

const SIDE: u32 = 2_048;

/// Pictures of which one value in `every` differs.
fn pictures(channels: u8, every: usize) -> [Pixels; 2] {
    let count = (SIDE * SIDE) as usize * usize::from(channels);
    let first: Vec<u8> = (0..count).map(|n| (n * 31 % 251) as u8).collect();
    let second = first.iter().enumerate().map(|(n, v)| if n % every == 0 { v.wrapping_add(5) } else { *v }).collect();
    [first, second].map(|values| Pixels::eight(SIDE, SIDE, channels, values).expect("it fits"))
}

#[divan::bench(args = [(3, 1), (3, 100), (4, 1), (4, usize::MAX)])]
fn eight_bits(bencher: Bencher<'_, '_>, (channels, every): (u8, usize)) {
    let [a, b] = pictures(channels, every);
    bencher.counter(ItemsCount::new(SIDE as usize * SIDE as usize)).bench(|| compare(&a, &b));
}
