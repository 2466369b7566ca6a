//! Sealing of scenes and frames: who has the key reads them, and notices whatever was changed, cut, repeated or moved.
//!
//! # Format, version 1
//!
//! Plain bytes are cut into chunks of [`SEALED_CHUNK`] = 65,536 bytes; the last one, the *final* chunk, holds 0 to 65,536 bytes and is
//! always there. Chunk `i` is sealed by XChaCha20-Poly1305 (16-byte tag appended) with nonce `i` as u64 little endian, 1 for the final
//! chunk and 0 otherwise, 15 zero bytes, and associated data `"depin-render-1"`. The same bytes and key give the same sealed bytes: a key
//! seals one content, so nonces may count.

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use sha2::{Digest as _, Sha256};
use std::io::{self, Read, Write};
use zeroize::Zeroizing;

/// Plain bytes of a chunk.
pub const SEALED_CHUNK: usize = 65_536;
/// Bytes of a chunk's tag.
const TAG: usize = 16;
const CONTEXT: &[u8] = b"depin-render-1";

/// What was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// SHA-256 of the sealed bytes.
    pub hash: [u8; 32],
    /// How many sealed bytes there are.
    pub bytes: u64,
}

/// Why bytes are not sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The key is another's, or the bytes were changed, cut or moved.
    #[error("chunk {chunk} does not open: the key is another's, or the bytes were changed or cut")]
    Wrong {
        /// Which, from 0.
        chunk: u64,
    },
    /// More comes out than may.
    #[error("more than {most} bytes are sealed in it")]
    TooLong {
        /// How many may.
        most: u64,
    },
    /// The file system's, or the network's.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Sealed bytes of `plain` plain bytes.
pub const fn sealed_length(plain: u64) -> u64 {
    let chunks = if plain == 0 { 1 } else { plain.div_ceil(SEALED_CHUNK as u64) };
    plain + chunks * TAG as u64
}

/// Seals everything that `plain` gives into `sealed`.
///
/// # Errors
/// [`SealError::Io`].
pub fn seal(plain: &mut impl Read, sealed: &mut impl Write, key: &[u8; 32]) -> Result<Sealed, SealError> {
    let cipher = XChaCha20Poly1305::new(key.into());
    let (mut hasher, mut bytes) = (Sha256::new(), 0);
    each_chunk(plain, SEALED_CHUNK, |index, last, chunk| {
        let whole = cipher.encrypt(&nonce(index, last), Payload { msg: chunk, aad: CONTEXT });
        let whole = whole.map_err(|_| SealError::Wrong { chunk: index })?;
        sealed.write_all(&whole)?;
        hasher.update(&whole);
        bytes += whole.len() as u64;
        Ok(())
    })?;
    Ok(Sealed { hash: hasher.finalize().into(), bytes })
}

/// Opens everything that `sealed` gives into `plain`; gives the SHA-256 of the plain bytes.
///
/// # Errors
/// [`SealError`]. What was written before is of the right content, but not the whole of it.
pub fn open(sealed: &mut impl Read, plain: &mut impl Write, key: &[u8; 32], most: u64) -> Result<[u8; 32], SealError> {
    let cipher = XChaCha20Poly1305::new(key.into());
    let (mut hasher, mut bytes) = (Sha256::new(), 0);
    each_chunk(sealed, SEALED_CHUNK + TAG, |index, last, chunk| {
        let opened = cipher.decrypt(&nonce(index, last), Payload { msg: chunk, aad: CONTEXT });
        let opened = Zeroizing::new(opened.map_err(|_| SealError::Wrong { chunk: index })?);
        bytes += opened.len() as u64;
        if bytes > most {
            return Err(SealError::TooLong { most });
        }
        hasher.update(opened.as_slice());
        Ok(plain.write_all(&opened)?)
    })?;
    Ok(hasher.finalize().into())
}

/// Calls `each` with every chunk of `size` bytes; the last one, which may be shorter or empty, is told as such.
fn each_chunk(
    from: &mut impl Read,
    size: usize,
    mut each: impl FnMut(u64, bool, &[u8]) -> Result<(), SealError>,
) -> Result<(), SealError> {
    let (mut this, mut next) = (Zeroizing::new(Vec::with_capacity(size)), Zeroizing::new(Vec::with_capacity(size)));
    fill(from, &mut this, size)?;
    for index in 0.. {
        fill(from, &mut next, size)?;
        each(index, next.is_empty(), &this)?;
        if next.is_empty() {
            break;
        }
        std::mem::swap(&mut this, &mut next);
    }
    Ok(())
}

fn fill(from: &mut impl Read, chunk: &mut Vec<u8>, size: usize) -> io::Result<()> {
    chunk.clear();
    from.take(size as u64).read_to_end(chunk).map(drop)
}

fn nonce(index: u64, last: bool) -> XNonce {
    let mut nonce = [0; 24];
    nonce[..8].copy_from_slice(&index.to_le_bytes());
    nonce[8] = last.into();
    XNonce::from(nonce)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sealed(plain: &[u8], key: &[u8; 32]) -> Vec<u8> {
        let mut out = Vec::new();
        let told = seal(&mut &plain[..], &mut out, key).unwrap();
        assert_eq!((told.bytes, told.hash), (out.len() as u64, Sha256::digest(&out).into()));
        assert_eq!(told.bytes, sealed_length(plain.len() as u64));
        out
    }

    fn opened(sealed: &[u8], key: &[u8; 32]) -> Result<Vec<u8>, SealError> {
        let mut out = Vec::new();
        let hash = open(&mut &sealed[..], &mut out, key, 1 << 30)?;
        assert_eq!(hash, <[u8; 32]>::from(Sha256::digest(&out)));
        Ok(out)
    }

    #[test]
    fn what_was_sealed_opens_with_its_key_at_every_border() {
        for length in [0, 1, SEALED_CHUNK - 1, SEALED_CHUNK, SEALED_CHUNK + 1, 3 * SEALED_CHUNK] {
            let plain = vec![7; length];
            assert_eq!(opened(&sealed(&plain, &[1; 32]), &[1; 32]).unwrap(), plain, "{length}");
            assert!(matches!(opened(&sealed(&plain, &[1; 32]), &[2; 32]), Err(SealError::Wrong { chunk: 0 })));
        }
    }

    #[test]
    fn chunks_that_are_cut_off_moved_or_repeated_are_noticed() {
        let plain: Vec<u8> = (0..3 * SEALED_CHUNK).map(|i| (i / SEALED_CHUNK) as u8).collect();
        let whole = sealed(&plain, &[1; 32]);
        let size = SEALED_CHUNK + TAG;
        let (first, second) = (&whole[..size], &whole[size..2 * size]);
        for other in [whole[..size].to_vec(), whole[..2 * size].to_vec(), [second, first].concat(), [&whole[..], first].concat()]
        {
            assert!(opened(&other, &[1; 32]).is_err());
        }
        assert!(opened(&[], &[1; 32]).is_err(), "nothing is not an empty content");
    }

    #[test]
    fn no_more_comes_out_than_may() {
        let whole = sealed(&[0; 100_000], &[1; 32]);
        let mut out = Vec::new();
        assert!(matches!(open(&mut &whole[..], &mut out, &[1; 32], 99_999), Err(SealError::TooLong { most: 99_999 })));
        assert!(out.len() <= 99_999);
    }

    proptest! {
        #[test]
        fn any_changed_bit_is_noticed(plain in proptest::collection::vec(any::<u8>(), 0..300), at: proptest::sample::Index, bit in 0u8..8) {
            let mut whole = sealed(&plain, &[3; 32]);
            let at = at.index(whole.len());
            whole[at] ^= 1 << bit;
            prop_assert!(opened(&whole, &[3; 32]).is_err());
        }
    }
}
