//! SHA-256 of what is read.

use sha2::{Digest as _, Sha256};
use std::io::{self, Read};

/// The SHA-256 of everything that `from` gives, and how many bytes that are.
///
/// # Errors
/// The reader's.
pub fn hash_of(from: &mut impl Read) -> io::Result<([u8; 32], u64)> {
    let (mut hasher, mut bytes, mut part) = (Sha256::new(), 0, vec![0; 64 << 10]);
    loop {
        match from.read(&mut part) {
            Ok(0) => return Ok((hasher.finalize().into(), bytes)),
            Ok(count) => {
                hasher.update(&part[..count]);
                bytes += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
