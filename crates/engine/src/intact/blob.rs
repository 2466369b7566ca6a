//! The format of the store's files, as far as their soundness shows without knowing what is in them.
//!
//! A file begins with a header of 4 KiB that is the same in all of them. Behind it, journals have pages, each with a record of two
//! checksums: a page that is not full is written again as it grows, and the newer checksum takes the place that does not guard what was
//! durable. So after a power cut the older one still holds for the beginning of the page.

use crate::store::PAGE;
use commonware_cryptography::Crc32;

/// Bytes of the header.
pub(super) const HEADER: usize = 4_096;
/// Bytes of a page with its record.
pub(super) const PAGE_ON_DISK: usize = PAGE + RECORD;

const MAGIC: &[u8] = b"CWIK";
/// Bytes of the header before its checksum.
const PRELUDE: usize = 8;
/// Two times a length and a checksum.
const RECORD: usize = 12;
/// What a disk writes whole or not at all, bytes.
const SECTOR: usize = 512;
/// Shorter runs of zeros than this may be content.
const UNWRITTEN: usize = 16;

/// What a page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// Its first bytes are as they were written: how many.
    Whole(usize),
    /// Its end was never written, as a power cut leaves it.
    Unfinished,
    /// It was written, and is something else now.
    Damaged,
}

/// Whether the header at the beginning of a file is not the one that was written.
pub(super) fn is_header_damaged(file: &[u8]) -> bool {
    let Some(header) = file.get(..HEADER) else { return true };
    let (prelude, rest) = header.split_at(PRELUDE);
    let (sum, padding) = rest.split_at(4);
    !prelude.starts_with(MAGIC) || Crc32::checksum(prelude).to_be_bytes() != sum || padding.iter().any(|byte| *byte != 0)
}

/// Whether a file was being made when the process or the machine ended: nothing stands behind its header yet, and the header is
/// not written to its end.
pub(super) fn is_being_made(file: &[u8]) -> bool {
    let written = file.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    file.len() <= HEADER && written < PRELUDE + 4 && MAGIC.starts_with(&file[..written.min(MAGIC.len())])
}

/// Looks at a page of a file; `at` is where it begins there.
pub(super) fn look_at(page: &[u8], at: usize) -> Page {
    let (content, record) = page.split_at(PAGE);
    let slot = |at: usize| {
        let length = usize::from(u16::from_be_bytes([record[at], record[at + 1]]));
        let sum = u32::from_be_bytes([record[at + 2], record[at + 3], record[at + 4], record[at + 5]]);
        let whole = length > 0 && length <= PAGE && Crc32::checksum(&content[..length]) == sum;
        (length, whole)
    };
    let (first, second) = (slot(0), slot(RECORD / 2));
    let (newer, older) = if second.0 > first.0 { (second, first) } else { (first, second) };
    if newer.1 {
        return Page::Whole(newer.0);
    }
    if page.iter().all(|byte| *byte == 0) {
        return Page::Unfinished;
    }
    let durable = if older.1 { older.0 } else { 0 };
    if newer.0 <= PAGE && has_unwritten_sector(&content[durable..newer.0.max(durable)], at + durable) {
        Page::Unfinished
    } else {
        Page::Damaged
    }
}

/// Whether a part of what should have been written, which begins at `at` in the file, was not: a sector of it still has nothing but
/// zeros.
fn has_unwritten_sector(mut bytes: &[u8], mut at: usize) -> bool {
    while !bytes.is_empty() {
        let (sector, rest) = bytes.split_at((SECTOR - at % SECTOR).min(bytes.len()));
        if sector.len() >= UNWRITTEN && sector.iter().all(|byte| *byte == 0) {
            return true;
        }
        (at, bytes) = (at + sector.len(), rest);
    }
    false
}
