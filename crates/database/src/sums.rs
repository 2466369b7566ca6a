//! A sum for each page of a database, in a file beside it.

use crate::log::Log;
use depin_files::Readers;
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Read as _},
    os::unix::fs::FileExt as _,
    path::Path,
};

const MAGIC: &[u8; 8] = b"depsums1";
/// Bytes of magic, page size and state.
const HEADER: usize = 16;
/// Bytes of the sum over the whole file, at its end.
const END: usize = 32;

/// How the database was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Everything is in the database.
    Closed,
    /// There is a log, and something is in it.
    Open,
}

/// The sums of a database's pages, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sums {
    page: usize,
    pub(crate) state: State,
    pages: Vec<u64>,
}

impl Sums {
    /// Reads the file of sums; none when there is none. One that is damaged itself says nothing, like one that is not there.
    pub(crate) fn load(path: &Path) -> io::Result<Option<Self>> {
        match fs::read(path) {
            Ok(bytes) => {
                let read = Self::decode(&bytes);
                if read.is_none() {
                    tracing::warn!(path = %path.display(), "the sums of a database are damaged, and are made anew");
                }
                Ok(read)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The sums of the database at `path` as it is; its first page says how large they are.
    pub(crate) fn of(path: &Path, state: State) -> io::Result<Self> {
        let mut sums = Self { page: page_size(path)?, state, pages: Vec::new() };
        sums.each(path, |_, sum, pages| pages.push(sum))?;
        Ok(sums)
    }

    /// The same, of a database that is left in another state.
    pub(crate) fn left(&self, state: State) -> Self {
        Self { state, ..self.clone() }
    }

    /// How many bytes their file has.
    pub(crate) fn bytes(&self) -> u64 {
        (HEADER + self.pages.len() * 8 + END) as u64
    }

    /// Writes them, durable.
    pub(crate) fn store(&self, path: &Path) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(HEADER + self.pages.len() * 8 + END);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&u32::try_from(self.page).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(&u32::from(self.state == State::Open).to_be_bytes());
        self.pages.iter().for_each(|sum| bytes.extend_from_slice(&sum.to_be_bytes()));
        let end = blake3::hash(&bytes);
        bytes.extend_from_slice(end.as_bytes());
        depin_files::replace(path, &bytes, Readers::Owner)
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let at = bytes.len().checked_sub(END).filter(|at| *at >= HEADER)?;
        let (body, end) = bytes.split_at(at);
        let (head, sums) = body.split_at(HEADER);
        if !head.starts_with(MAGIC) || blake3::hash(body).as_bytes() != end {
            return None;
        }
        let word = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let state = if word(12) == 0 { State::Closed } else { State::Open };
        let (sums, _) = sums.as_chunks::<8>();
        Some(Self { page: word(8) as usize, state, pages: sums.iter().map(|sum| u64::from_be_bytes(*sum)).collect() })
    }

    /// The first page of the database at `path` that is not what was written there, counted from one; pages that the log has are as
    /// the log has them. A page more than there were, or one less, counts too.
    pub(crate) fn first_wrong(&self, path: &Path, log: &Log) -> io::Result<Option<u32>> {
        let (mut wrong, mut count) = (None, 0);
        let excused = |number: u32| log.pages.contains(&number) || log.length.is_some_and(|length| number > length);
        self.clone().each(path, |number, sum, pages| {
            count = number;
            let known = pages.get(number as usize - 1);
            if known != Some(&sum) && !excused(number) {
                wrong.get_or_insert(number);
            }
        })?;
        // A file that ends early may end within a page.
        let missing = (count + 1..=u32::try_from(self.pages.len()).unwrap_or(u32::MAX)).find(|number| !excused(*number));
        Ok(wrong.or(missing))
    }

    /// Takes the sums of these pages anew, and of those behind the ones that were known.
    pub(crate) fn renew(&mut self, path: &Path, pages: &BTreeSet<u32>) -> io::Result<()> {
        let file = File::open(path)?;
        let count = usize::try_from(file.metadata()?.len() / self.page as u64).unwrap_or(usize::MAX);
        let known = self.pages.len();
        self.pages.resize(count, 0);
        let behind = (known..count).filter_map(|index| u32::try_from(index + 1).ok());
        let mut page = vec![0; self.page];
        for number in pages.iter().copied().chain(behind).filter(|number| (1..=count).contains(&(*number as usize))) {
            file.read_exact_at(&mut page, (u64::from(number) - 1) * self.page as u64)?;
            self.pages[number as usize - 1] = sum(number, &page);
        }
        Ok(())
    }

    /// Reads the database through.
    fn each(&mut self, path: &Path, mut told: impl FnMut(u32, u64, &mut Vec<u64>)) -> io::Result<()> {
        let mut file = io::BufReader::with_capacity(1 << 20, File::open(path)?);
        let mut page = vec![0; self.page];
        for number in 1u32.. {
            match file.read_exact(&mut page) {
                Ok(()) => told(number, sum(number, &page), &mut self.pages),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// The sum of a page, with its number: a page at another's place is as wrong as a changed one.
fn sum(number: u32, page: &[u8]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&number.to_be_bytes()).update(page);
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_be_bytes(first)
}

/// Bytes of a page of the database, as its first page says.
fn page_size(path: &Path) -> io::Result<usize> {
    let mut head = [0; 18];
    File::open(path)?.read_exact(&mut head)?;
    Ok(match u16::from_be_bytes([head[16], head[17]]) {
        1 => 65_536,
        size => usize::from(size).max(512),
    })
}
