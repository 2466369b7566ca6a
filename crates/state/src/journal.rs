//! What rows were before they were written, to undo it.

use crate::page::Page;

/// Bytes of a block of the journal: it grows without moving what it holds.
const BLOCK: usize = 1 << 16;

/// Length of a key, then of its value.
type Lengths = u128;

/// The length of a value that was not there.
const NOTHING: usize = usize::MAX;

/// Keys with what they held, the last one first to come back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Journal {
    /// Entries one behind the other: key, value, and the lengths of both.
    blocks: Vec<Vec<u8>>,
    /// Blocks without entries, to be used again.
    spare: Vec<Vec<u8>>,
    /// Pages that were deleted whole, with the number of entries before each.
    pages: Vec<(usize, Page)>,
    len: usize,
}

impl Journal {
    /// Number of entries.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        // As many blocks stay for the next time as this time took.
        self.spare = std::mem::take(&mut self.blocks);
        self.spare.iter_mut().for_each(Vec::clear);
        self.pages.clear();
        self.len = 0;
    }

    /// Notes a row: its key, of this length, and its value behind it.
    pub fn push(&mut self, row: &[u8], key: usize) {
        self.push_bytes(row, key, row.len() - key);
    }

    /// Notes that a key had no row.
    pub fn push_absent(&mut self, key: &[u8]) {
        self.push_bytes(key, key.len(), NOTHING);
    }

    fn push_bytes(&mut self, row: &[u8], key: usize, value: usize) {
        let bytes = row.len() + size_of::<Lengths>();
        if self.blocks.last().is_none_or(|block| block.capacity() - block.len() < bytes) {
            let spare = self.spare.pop().filter(|block| block.capacity() >= bytes);
            self.blocks.push(spare.unwrap_or_else(|| Vec::with_capacity(BLOCK.max(bytes))));
        }
        let block = self.blocks.last_mut().expect("there is one now");
        let lengths: Lengths = (key as Lengths) << usize::BITS | value as Lengths;
        block.extend_from_slice(row);
        block.extend_from_slice(&lengths.to_le_bytes());
        self.len += 1;
    }

    /// Keeps a page whose rows were deleted, as one entry.
    pub fn push_page(&mut self, page: Page) {
        self.pages.push((self.len, page));
        self.len += 1;
    }

    /// Shows what the last entry's keys held and forgets it.
    pub fn pop(&mut self, mut see: impl FnMut(&[u8], Option<&[u8]>)) {
        if let Some((_, page)) = self.pages.pop_if(|(at, _)| *at + 1 == self.len) {
            page.iter().for_each(|(key, value)| see(key, Some(value)));
            self.len -= 1;
            return;
        }
        let Some(block) = self.blocks.last_mut() else { return };
        let (rest, lengths) = block.split_last_chunk().expect("a block holds whole entries");
        let lengths = Lengths::from_le_bytes(*lengths);
        let (key, value) = ((lengths >> usize::BITS) as usize, lengths as usize);
        let there = value != NOTHING;
        let (rest, value) = rest.split_at(rest.len() - if there { value } else { 0 });
        let (rest, key) = rest.split_at(rest.len() - key);
        see(key, there.then_some(value));
        let left = rest.len();
        block.truncate(left);
        self.len -= 1;
        if left == 0 {
            self.spare.extend(self.blocks.pop());
        }
    }
}
