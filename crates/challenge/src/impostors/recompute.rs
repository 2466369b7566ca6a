//! What a device loses that keeps a part of the claimed memory and computes the rest when it is read: counted on the real graph of a
//! filled region, whose blocks are computed here by a second implementation and compared with the crate's memory.
//!
//! The attacker chooses what to keep by a search over the whole graph (exchanges that lower the mean cost), which the ranking attack of
//! the Argon2 paper approximates, and pays nothing for the search. It may keep blocks of any pass.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use blake2::{Blake2b512, Digest as _};

/// Which blocks each block is computed from: blocks of all passes, `pass * blocks + index`.
pub(super) struct Graph {
    blocks: usize,
    passes: usize,
    needs: Vec<Vec<usize>>,
}

type Words = [u64; 128];

impl Graph {
    /// Of a region that `password` fills. Source: RFC 9106, sections 3.2 to 3.6, for one lane.
    pub(super) fn of(password: &[u8], blocks: usize, passes: usize) -> Self {
        let mut memory: Vec<Words> = Vec::new();
        let mut needs = vec![Vec::new(); blocks * passes];
        let first = initial(password, blocks, passes);
        let segment = blocks / 4;
        for pass in 0..passes {
            for at in 0..blocks {
                if pass == 0 && at < 2 {
                    memory.push(begin(&first, at as u32));
                    continue;
                }
                let before = memory[(at + blocks - 1) % blocks];
                let slice = at / segment;
                let area = if pass == 0 { at - 1 } else { blocks - segment + at % segment - 1 };
                let drawn = before[0] & 0xffff_ffff;
                let back = (area as u64 * ((drawn * drawn) >> 32)) >> 32;
                let start = if pass > 0 && slice < 3 { (slice + 1) * segment } else { 0 };
                let other = (start + area - 1 - back as usize) % blocks;
                let mut block = compress(&before, &memory[other]);
                let node = pass * blocks + at;
                needs[node].extend([node - 1, if other < at { pass * blocks + other } else { (pass - 1) * blocks + other }]);
                if pass == 0 {
                    memory.push(block);
                } else {
                    block.iter_mut().zip(&memory[at]).for_each(|(word, old)| *word ^= old);
                    needs[node].push(node - blocks);
                    memory[at] = block;
                }
            }
        }
        let params = Params::new(blocks as u32, passes as u32, 1, None).unwrap();
        let mut theirs = vec![Block::new(); blocks];
        Argon2::new(Algorithm::Argon2d, Version::V0x13, params).fill_memory(password, b"depin-region", &mut theirs).unwrap();
        assert!(theirs.iter().zip(&memory).all(|(theirs, ours)| theirs.as_ref() == ours), "another memory than the crate's");
        Self { blocks, passes, needs }
    }

    /// Blocks that are compressed for one read on average, by who keeps `1/part` of the region as well as the search can choose.
    pub(super) fn compressions_of_a_read(&self, part: usize) -> f64 {
        let mut random = 0x9e37_79b9_7f4a_7c15u64;
        let mut draw = |below: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random % below as u64) as usize
        };
        let nodes = self.blocks * self.passes;
        let last = nodes - self.blocks;
        let mut least = u64::MAX;
        // Of what is kept, none, a third or half is of earlier passes at first.
        for early in [0, 3, 2] {
            let keep = self.blocks / part;
            let early = if self.passes == 1 { 0 } else { keep.checked_div(early).unwrap_or(0) };
            let mut kept = vec![false; nodes];
            (0..keep - early).for_each(|at| kept[last + at * part] = true);
            (0..early).for_each(|at| kept[at * (last / early)] = true);
            let mut total = self.total(&kept);
            let mut held: Vec<usize> = (0..nodes).filter(|node| kept[*node]).collect();
            for _ in 0..1_000 {
                let (at, into) = (draw(held.len()), draw(nodes));
                if kept[into] {
                    continue;
                }
                kept.swap(held[at], into);
                let now = self.total(&kept);
                if now <= total {
                    total = now;
                    held[at] = into;
                } else {
                    kept.swap(held[at], into);
                }
            }
            least = least.min(total);
        }
        least as f64 / self.blocks as f64
    }

    /// Compressions to know each block of the last pass by itself.
    fn total(&self, kept: &[bool]) -> u64 {
        let last = kept.len() - self.blocks;
        let (mut seen, mut open, mut total) = (vec![usize::MAX; kept.len()], Vec::new(), 0);
        for read in last..kept.len() {
            open.push(read);
            while let Some(node) = open.pop() {
                if kept[node] || seen[node] == read {
                    continue;
                }
                seen[node] = read;
                total += 1;
                open.extend(&self.needs[node]);
            }
        }
        total
    }
}

fn initial(password: &[u8], blocks: usize, passes: usize) -> [u8; 64] {
    let mut hash = Blake2b512::new();
    let le = |number: usize| (number as u32).to_le_bytes();
    for number in [1, 0, blocks, passes, 0x13, 0, password.len()] {
        hash.update(le(number));
    }
    hash.update(password);
    hash.update(le(12));
    hash.update(b"depin-region");
    hash.update([0; 8]);
    hash.finalize().into()
}

/// One of the first two blocks: Argon2's hash of variable length, of 1024 bytes.
fn begin(initial: &[u8; 64], at: u32) -> Words {
    let mut last = Blake2b512::new_with_prefix(1024u32.to_le_bytes()).chain_update(initial).chain_update(at.to_le_bytes());
    last.update([0; 4]);
    let mut last = last.finalize();
    let mut bytes = last[..32].to_vec();
    while bytes.len() < 1024 - 64 {
        last = Blake2b512::digest(last);
        bytes.extend_from_slice(&last[..32]);
    }
    bytes.extend_from_slice(&Blake2b512::digest(last));
    std::array::from_fn(|at| u64::from_le_bytes(bytes[at * 8..][..8].try_into().unwrap()))
}

fn compress(one: &Words, other: &Words) -> Words {
    let mixed: Words = std::array::from_fn(|at| one[at] ^ other[at]);
    let mut words = mixed;
    for row in 0..8 {
        permute(&mut words, std::array::from_fn(|at| row * 16 + at));
    }
    for column in 0..8 {
        permute(&mut words, std::array::from_fn(|at| at / 2 * 16 + column * 2 + at % 2));
    }
    std::array::from_fn(|at| words[at] ^ mixed[at])
}

/// The permutation P, over 16 words.
fn permute(words: &mut Words, at: [usize; 16]) {
    const LINES: [[usize; 4]; 8] = [
        [0, 4, 8, 12],
        [1, 5, 9, 13],
        [2, 6, 10, 14],
        [3, 7, 11, 15],
        [0, 5, 10, 15],
        [1, 6, 11, 12],
        [2, 7, 8, 13],
        [3, 4, 9, 14],
    ];
    for [a, b, c, d] in LINES.map(|line| line.map(|word| at[word])) {
        for (left, right) in [(32, 24), (16, 63)] {
            words[a] = add(words[a], words[b]);
            words[d] = (words[d] ^ words[a]).rotate_right(left);
            words[c] = add(words[c], words[d]);
            words[b] = (words[b] ^ words[c]).rotate_right(right);
        }
    }
}

fn add(x: u64, y: u64) -> u64 {
    let product = (x & 0xffff_ffff) * (y & 0xffff_ffff);
    x.wrapping_add(y).wrapping_add(product.wrapping_mul(2))
}
