//! The write-ahead log beside a database, and its index (<https://sqlite.org/fileformat2.html#walformat>,
//! <https://sqlite.org/walformat.html>).
//!
//! SQLite reads a log up to the first frame that does not match its sum and takes the rest for what an earlier round of the log left.
//! That is right after a crash, and wrong when a frame was changed: everything committed behind it is forgotten. Which it was, two
//! things show: frames of the same round behind a later commit, since each commit was synced before the next began; and the index, which
//! says how many frames there were as long as it outlived the process.

use std::{collections::BTreeSet, fs, io, path::Path};

const HEADER: usize = 32;
const FRAME: usize = 24;
/// Magic number of a log; the last bit says in which order of bytes it is summed.
const MAGIC: u32 = 0x377f_0682;

/// What a log holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Log {
    /// Whether there is one. It may hold nothing: what is killed while it begins the log anew, or in the first commit of that, leaves a
    /// new header and no commit behind it; everything before is in the database then, and summed.
    pub(crate) begun: bool,
    /// Pages that were committed.
    pub(crate) pages: BTreeSet<u32>,
    /// Pages of the database after the last commit; none without one.
    pub(crate) length: Option<u32>,
    /// Bytes up to the end of the last commit.
    end: u64,
    /// Why it is not what was written, as the rest of a sentence about it.
    pub(crate) damage: Option<&'static str>,
}

impl Log {
    /// Takes away what was written behind the last commit by a process that was killed before it could commit that. SQLite writes over it
    /// piece by piece; what is left of it then must not be taken for a later commit, should that process be killed too.
    pub(crate) fn cut(&self, path: &Path) -> io::Result<()> {
        if self.begun && fs::metadata(path)?.len() > self.end {
            fs::OpenOptions::new().write(true).open(path)?.set_len(self.end)?;
        }
        Ok(())
    }
}

/// Reads the log at `path`, with the index beside it. `synced`: whether each commit was on the disk before the next began.
pub(crate) fn read(path: &Path, index: &Path, synced: bool) -> io::Result<Log> {
    let Some(bytes) = bytes_of(path)? else { return Ok(Log::default()) };
    if bytes.len() <= HEADER {
        return Ok(Log::default());
    }
    let Some(header) = Header::of(&bytes) else {
        return Ok(Log { damage: Some("has a damaged header"), ..Log::default() });
    };
    let mut log = Log { begun: true, ..Log::default() };
    let size = FRAME + header.page;
    let frames: Vec<&[u8]> = bytes[HEADER..].chunks_exact(size).collect();
    let (mut sum, mut valid, mut committed, mut open) = (header.sum, 0, 0, BTreeSet::new());
    for frame in &frames {
        let next = header.summed(&frame[FRAME..], header.summed(&frame[..8], sum));
        if frame[8..16] != header.salts || next != (word(frame, 16), word(frame, 20)) {
            break;
        }
        (sum, valid) = (next, valid + 1);
        open.insert(word(frame, 0));
        let length = word(frame, 4);
        if length > 0 {
            log.pages.append(&mut open);
            (log.length, committed) = (Some(length), valid);
        }
    }
    log.end = (HEADER + committed * size) as u64;
    let behind = frames.get(valid..).unwrap_or_default();
    log.damage = if synced && has_later_commit(behind, &header.salts) {
        Some("was changed")
    } else if bytes_of(index)?.is_some_and(|index| was_longer(&index, &header.salts, committed)) {
        Some("was changed, or cut short")
    } else {
        None
    };
    Ok(log)
}

/// Whether among frames that do not hold there is a commit of the same round that another frame of it follows.
fn has_later_commit(frames: &[&[u8]], salts: &[u8]) -> bool {
    let mut own = frames.iter().filter(|frame| &frame[8..16] == salts);
    own.any(|frame| word(frame, 4) > 0) && own.next().is_some()
}

/// Whether the index, which is of this round of the log, counted more frames than `committed`.
fn was_longer(index: &[u8], salts: &[u8], committed: usize) -> bool {
    // Two copies of a header of 48 bytes in the machine's order: the count at 16, the salts at 32, as they stand in the log.
    let (Some(one), Some(two)) = (index.get(..48), index.get(48..96)) else { return false };
    let native = |at: usize| u32::from_ne_bytes([one[at], one[at + 1], one[at + 2], one[at + 3]]);
    let (counted, is_ready) = (native(16) as usize, one[12] == 1);
    one == two && is_ready && one.get(32..40) == Some(salts) && counted > committed
}

struct Header {
    page: usize,
    salts: [u8; 8],
    sum: (u32, u32),
    big_endian: bool,
}

impl Header {
    fn of(bytes: &[u8]) -> Option<Self> {
        let header = bytes.get(..HEADER)?;
        let (magic, page) = (word(header, 0), usize::try_from(word(header, 8)).ok()?);
        if magic & !1 != MAGIC || !page.is_power_of_two() || !(512..=65_536).contains(&page) {
            return None;
        }
        let salts = header[16..24].try_into().ok()?;
        let mut read = Self { page, salts, sum: (0, 0), big_endian: magic & 1 == 1 };
        read.sum = read.summed(&header[..24], (0, 0));
        (read.sum == (word(header, 24), word(header, 28))).then_some(read)
    }

    /// The sum of `bytes`, a multiple of eight, behind what was summed before.
    fn summed(&self, bytes: &[u8], (mut s0, mut s1): (u32, u32)) -> (u32, u32) {
        let (pairs, _) = bytes.as_chunks::<8>();
        for pair in pairs {
            let value = |at: usize| {
                let bytes = [pair[at], pair[at + 1], pair[at + 2], pair[at + 3]];
                if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
            };
            s0 = s0.wrapping_add(value(0)).wrapping_add(s1);
            s1 = s1.wrapping_add(value(4)).wrapping_add(s0);
        }
        (s0, s1)
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn bytes_of(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
