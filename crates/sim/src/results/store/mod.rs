//! Tables of any length on disk: the same rows as CSV and as Parquet.
//!
//! In: rows, one after another. Out: two files with the same columns, whole or not at all, and what can be read back by column. Memory
//! is that of one group of rows, however many there are. The bytes depend on the rows alone.

mod columnar;
mod csv;
mod read;

pub(super) use csv::CsvWriter;
pub use read::TableReader;

use super::{Result, ResultsError};
use columnar::ParquetWriter;
use depin_files::{Draft, Readers};
use depin_quantity::Instant;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{
    fs::File,
    io::{self, Read as _, Write},
    path::{Path, PathBuf},
};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// A whole number that is not negative.
    Whole,
    /// A moment.
    Time,
    /// A number, or nothing.
    Number,
    /// Words.
    Text,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub field: Field,
}

impl Head {
    /// A column of this name.
    pub fn new(name: impl Into<String>, field: Field) -> Self {
        Self { name: name.into(), field }
    }
}

/// One value of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// For [`Field::Whole`].
    Whole(u64),
    /// For [`Field::Time`].
    Time(Instant),
    /// For [`Field::Number`]; not a number is nothing.
    Number(f64),
    /// For [`Field::Text`].
    Text(&'a str),
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSum {
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its content, in hex.
    pub sha256: String,
}

impl FileSum {
    /// Reads a file once, and refuses one that is not as it was written.
    ///
    /// # Errors
    /// [`ResultsError::Damaged`]; the file system's.
    pub fn check(&self, path: &Path) -> Result<()> {
        let failed = |error| ResultsError::io("read", path, error);
        let (mut file, mut hash) = (File::open(path).map_err(failed)?, Sha256::new());
        let mut part = vec![0; 1 << 16];
        loop {
            match file.read(&mut part).map_err(failed)? {
                0 => break,
                some => hash.update(&part[..some]),
            }
        }
        if hex::encode(hash.finalize()) == self.sha256 {
            Ok(())
        } else {
            Err(ResultsError::damaged(path, "its bytes are not those that were written, by the hash in summary.json"))
        }
    }
}

/// Writes a table.
pub struct TableWriter {
    path: PathBuf,
    csv: CsvWriter,
    parquet: ParquetWriter,
}

impl TableWriter {
    /// Begins `NAME.csv` and `NAME.parquet` in a folder.
    pub fn new(folder: &Path, name: &str, heads: &[Head]) -> Result<Self> {
        let path = folder.join(name);
        Ok(Self {
            csv: CsvWriter::new(file(&path, "csv"), heads)?,
            parquet: ParquetWriter::new(file(&path, "parquet"), heads)?,
            path,
        })
    }

    /// Writes a row: a cell for each column, in their order.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        self.csv.row(cells)?;
        self.parquet.row(cells)
    }

    /// Puts both files in their places, whole; those that are there are replaced. Gives their names and sums.
    pub fn finish(self) -> Result<[(String, FileSum); 2]> {
        let name = |extension| file(&self.path, extension).file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok([(name("csv"), self.csv.finish()?), (name("parquet"), self.parquet.finish()?)])
    }
}

/// `runs` with `.csv`; a name may have points of its own.
fn file(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(extension);
    path.with_file_name(name)
}

/// A file that is being written, and its sum so far.
struct Summed {
    draft: Draft,
    path: PathBuf,
    hash: Sha256,
    bytes: u64,
}

impl Summed {
    fn new(path: PathBuf) -> Result<Self> {
        let draft = Draft::new(&path, Readers::Everybody).map_err(|error| ResultsError::io("write", &path, error))?;
        Ok(Self { draft, path, hash: Sha256::new(), bytes: 0 })
    }

    fn finish(self) -> Result<FileSum> {
        let Self { draft, path, hash, bytes } = self;
        draft.replace(&path).map_err(|error| ResultsError::io("write", &path, error))?;
        Ok(FileSum { bytes, sha256: hex::encode(hash.finalize()) })
    }
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.draft.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.draft.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn heads() -> Vec<Head> {
        [("run", Field::Whole), ("date", Field::Time), ("price", Field::Number), ("state", Field::Text)]
            .map(|(name, field)| Head::new(name, field))
            .to_vec()
    }

    fn write(folder: &Path, rows: u32) -> [(String, FileSum); 2] {
        let mut table = TableWriter::new(folder, "runs", &heads()).unwrap();
        for row in 0..rows {
            let price = if row % 3 == 0 { f64::NAN } else { f64::from(row) / 4.0 };
            let at = Instant::new(86_400_000 * u64::from(row));
            let state = if row == 1 { "a \"b\", c" } else { "finished" };
            table.row(&[Cell::Whole(row.into()), Cell::Time(at), Cell::Number(price), Cell::Text(state)]).unwrap();
        }
        table.finish().unwrap()
    }

    #[test]
    fn csv_has_a_line_a_row_and_quotes_what_needs_it() {
        let folder = tempfile::tempdir().unwrap();
        let [(name, sum), _] = write(folder.path(), 3);
        let text = fs::read_to_string(folder.path().join(&name)).unwrap();
        assert_eq!(
            text,
            "run,date,price,state\n0,1970-01-01T00:00:00Z,,finished\n1,1970-01-02T00:00:00Z,0.25,\"a \"\"b\"\", c\"\n\
             2,1970-01-03T00:00:00Z,0.5,finished\n"
        );
        assert_eq!(sum.bytes, text.len() as u64);
        assert_eq!(sum.sha256, hex::encode(Sha256::digest(text)));
    }

    #[test]
    fn parquet_is_read_back_by_column_over_many_groups() {
        let folder = tempfile::tempdir().unwrap();
        let rows = 40_000;
        write(folder.path(), rows);
        let table = TableReader::open(&folder.path().join("runs.parquet")).unwrap();
        assert_eq!((table.rows(), table.groups()), (u64::from(rows), 2));
        let whole: Vec<f64> = (0..2).flat_map(|group| table.numbers(group, "run").unwrap()).collect();
        assert_eq!((whole.len(), whole[39_999]), (40_000, 39_999.0));
        let price = table.numbers(0, "price").unwrap();
        assert!(price[0].is_nan() && price[3].is_nan());
        assert_eq!((price[1], price[5]), (0.25, 1.25));
        assert_eq!(table.numbers(0, "date").unwrap()[1], 86_400_000.0);
        assert_eq!(table.texts(0, "state").unwrap()[..3], ["finished", "a \"b\", c", "finished"]);
    }

    #[test]
    fn the_same_rows_give_the_same_bytes() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        assert_eq!(write(one.path(), 100), write(two.path(), 100));
    }

    #[test]
    fn a_table_that_is_dropped_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), 2);
        let before = fs::read(folder.path().join("runs.parquet")).unwrap();
        let mut table = TableWriter::new(folder.path(), "runs", &heads()).unwrap();
        table.row(&[Cell::Whole(9), Cell::Time(Instant::new(0)), Cell::Number(1.0), Cell::Text("")]).unwrap();
        drop(table);
        assert_eq!(fs::read(folder.path().join("runs.parquet")).unwrap(), before);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_is_no_parquet_and_a_column_that_is_not_there_are_told() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), 2);
        let path = folder.path().join("runs.parquet");
        let table = TableReader::open(&path).unwrap();
        let error = table.numbers(0, "prize").unwrap_err().to_string();
        assert!(error.contains("runs.parquet") && error.contains("`prize`"), "{error}");
        assert!(table.numbers(0, "state").unwrap_err().to_string().contains("words"));
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 9]).unwrap();
        assert_eq!(TableReader::open(&path).err().unwrap().code(), "results-damaged");
        assert_eq!(TableReader::open(&folder.path().join("none.parquet")).err().unwrap().code(), "io");
    }
}
