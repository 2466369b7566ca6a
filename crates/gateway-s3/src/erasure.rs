//! Erasure coding of segments, and the checksums that catch a lying provider.
//!
//! In: the padded data of a segment. Out: its n − k recovery shards; and, from any k shards, a missing one. The code works position by
//! position in blocks of 64 bytes, so any range of shards that starts at a multiple of [`CHUNK`] and ends at one or at the shard's end
//! can be coded by itself: reads rebuild only what they need, and encoding needs two small buffers instead of whole shards.

use bytes::Bytes;
use reed_solomon_simd::{ReedSolomonDecoder, ReedSolomonEncoder};

/// Bytes per checksummed chunk of a shard; the last one may be shorter. A full default shard is 254 chunks.
pub(crate) const CHUNK: u64 = 65_536;
/// Bytes of one chunk's checksum: the first half of BLAKE3. The stored bytes are fixed before the checksum is, so forging one takes a
/// second preimage (128 bits), not a collision.
pub(crate) const SUM: usize = 16;

/// Why shards cannot be coded; each is a bug or a broken object map.
#[derive(Debug, thiserror::Error)]
#[error("erasure coding failed: {0}")]
pub(crate) struct ErasureError(String);

impl From<reed_solomon_simd::Error> for ErasureError {
    fn from(error: reed_solomon_simd::Error) -> Self {
        Self(error.to_string())
    }
}

/// The n shards of `data`, which is k shards long: the k slices of it, then the recovery shards, all in one allocation. Reserve room for
/// n shards beforehand, so that nothing is moved.
///
/// # Errors
/// [`ErasureError`] when the counts are not supported or the shards are odd.
pub(crate) fn encode(mut data: Vec<u8>, k: usize, n: usize) -> Result<Vec<Bytes>, ErasureError> {
    let length = data.len() / k;
    data.resize(n * length, 0);
    if n > k {
        let (originals, recovery) = data.split_at_mut(k * length);
        let step = (CHUNK as usize).min(length);
        let mut encoder = ReedSolomonEncoder::new(k, n - k, step)?;
        for from in (0..length).step_by(step) {
            let to = (from + step).min(length);
            encoder.reset(k, n - k, to - from)?;
            for shard in originals.chunks_exact(length) {
                encoder.add_original_shard(&shard[from..to])?;
            }
            let coded = encoder.encode()?;
            for (shard, piece) in recovery.chunks_exact_mut(length).zip(coded.recovery_iter()) {
                shard[from..to].copy_from_slice(piece);
            }
        }
    }
    let whole = Bytes::from(data);
    Ok((0..n).map(|index| whole.slice(index * length..(index + 1) * length)).collect())
}

/// Rebuilds shard `wanted` over a range, from the same range of any k other shards, given as (index, bytes).
///
/// # Errors
/// [`ErasureError`] when fewer than k distinct shards are given or their lengths differ.
pub(crate) fn rebuild(have: &[(usize, Bytes)], wanted: usize, k: usize, n: usize) -> Result<Vec<u8>, ErasureError> {
    let length = have.first().map_or(0, |(_, bytes)| bytes.len());
    let mut out = Vec::with_capacity(length);
    let step = CHUNK as usize;
    for from in (0..length).step_by(step) {
        let to = (from + step).min(length);
        let part: Vec<(usize, &[u8])> = have
            .iter()
            .map(|(index, bytes)| bytes.get(from..to).map(|piece| (*index, piece)))
            .collect::<Option<_>>()
            .ok_or_else(|| ErasureError("shards of different lengths".to_owned()))?;
        rebuild_step(&part, wanted, k, n, &mut out)?;
    }
    Ok(out)
}

fn rebuild_step(have: &[(usize, &[u8])], wanted: usize, k: usize, n: usize, out: &mut Vec<u8>) -> Result<(), ErasureError> {
    let length = have.first().map_or(0, |(_, piece)| piece.len());
    let mut originals: Vec<Option<Vec<u8>>> = vec![None; k];
    for (index, piece) in have.iter().filter(|(index, _)| *index < k) {
        originals[*index] = Some(piece.to_vec());
    }
    if originals.iter().any(Option::is_none) {
        let mut decoder = ReedSolomonDecoder::new(k, n - k, length)?;
        for (index, piece) in have {
            if *index < k {
                decoder.add_original_shard(*index, piece)?;
            } else {
                decoder.add_recovery_shard(*index - k, piece)?;
            }
        }
        for (index, piece) in decoder.decode()?.restored_original_iter() {
            originals[index] = Some(piece.to_vec());
        }
    }
    let originals: Vec<Vec<u8>> =
        originals.into_iter().collect::<Option<_>>().ok_or_else(|| ErasureError("too few shards".to_owned()))?;
    if let Some(original) = originals.get(wanted) {
        out.extend_from_slice(original);
        return Ok(());
    }
    let mut encoder = ReedSolomonEncoder::new(k, n - k, length)?;
    for original in &originals {
        encoder.add_original_shard(original)?;
    }
    let coded = encoder.encode()?;
    let piece = coded.recovery(wanted - k).ok_or_else(|| ErasureError(format!("there is no shard {wanted}")))?;
    out.extend_from_slice(piece);
    Ok(())
}

/// Checksums of all chunks of a shard, one after the other.
pub(crate) fn sums(shard: &[u8]) -> Vec<u8> {
    shard.chunks(CHUNK as usize).flat_map(sum).collect()
}

fn sum(chunk: &[u8]) -> [u8; SUM] {
    *blake3::hash(chunk).as_bytes().first_chunk().expect("a BLAKE3 hash has 32 bytes")
}

/// The first chunk of `bytes` that is not what `sums` says, when `bytes` starts at chunk `first` of its shard.
pub(crate) fn first_altered(bytes: &[u8], first: u64, sums: &[u8]) -> Option<u64> {
    let known = sums.chunks_exact(SUM).skip(usize::try_from(first).unwrap_or(usize::MAX));
    let mut chunks = bytes.chunks(CHUNK as usize).zip(first..);
    let mut known = known;
    chunks.find_map(|(chunk, index)| match known.next() {
        Some(expected) if sum(chunk) == expected => None,
        _ => Some(index),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(length: usize) -> Vec<u8> {
        (0..length).map(|i| (i.wrapping_mul(0x9E37_79B9) >> 9) as u8).collect()
    }

    #[test]
    fn any_k_shards_give_back_every_other_one() {
        for (k, n) in [(1, 1), (1, 3), (2, 3), (3, 5), (4, 4)] {
            let length = 127 * 1024;
            let shards = encode(data(k * length), k, n).unwrap();
            assert_eq!(shards.len(), n);
            for mask in 0u32..1 << n {
                if mask.count_ones() as usize != k {
                    continue;
                }
                let have: Vec<_> = (0..n).filter(|i| mask >> i & 1 == 1).map(|i| (i, shards[i].clone())).collect();
                for (wanted, shard) in shards.iter().enumerate() {
                    assert_eq!(rebuild(&have, wanted, k, n).unwrap(), *shard, "{k}-of-{n}, shard {wanted} from {mask:b}");
                }
            }
        }
    }

    #[test]
    fn a_range_that_starts_at_a_chunk_rebuilds_by_itself() {
        // 127 * 2^11 is 3 whole chunks and a tail that is no multiple of 64.
        let length = 127 << 11;
        let shards = encode(data(2 * length), 2, 3).unwrap();
        for (from, to) in [(65_536, 131_072), (65_536, length), (196_608, length), (0, length)] {
            let have = [(1, shards[1].slice(from..to)), (2, shards[2].slice(from..to))];
            assert_eq!(rebuild(&have, 0, 2, 3).unwrap(), shards[0][from..to], "{from}..{to}");
        }
        let tiny = encode(data(2 * 254), 2, 3).unwrap();
        assert_eq!(rebuild(&[(0, tiny[0].clone()), (2, tiny[2].clone())], 1, 2, 3).unwrap(), tiny[1]);
    }

    #[test]
    fn too_few_or_unequal_shards_are_refused() {
        let shards = encode(data(2 * 254), 2, 3).unwrap();
        assert!(rebuild(&[(0, shards[0].clone())], 1, 2, 3).is_err());
        assert!(rebuild(&[(0, shards[0].clone()), (2, shards[2].slice(..200))], 1, 2, 3).is_err());
    }

    #[test]
    fn an_altered_chunk_is_found_by_its_number() {
        let shard = data(3 * CHUNK as usize + 77);
        let sums = sums(&shard);
        assert_eq!(sums.len(), 4 * SUM);
        assert_eq!(first_altered(&shard, 0, &sums), None);
        assert_eq!(first_altered(&shard[CHUNK as usize..], 1, &sums), None);
        let mut altered = shard.clone();
        altered[2 * CHUNK as usize + 5] ^= 0x80;
        assert_eq!(first_altered(&altered, 0, &sums), Some(2));
        assert_eq!(first_altered(&shard[..70_000], 0, &sums), Some(1), "a cut chunk is an altered one");
        let longer = [shard.as_slice(), &[0; 9]].concat();
        assert_eq!(first_altered(&longer, 0, &sums), Some(3));
    }
}
