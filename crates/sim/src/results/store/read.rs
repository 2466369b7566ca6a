//! Columns of a Parquet file, group by group.

use crate::results::{Result, ResultsError};
use parquet::{
    column::reader::ColumnReader,
    data_type::ByteArray,
    errors::ParquetError,
    file::reader::{FileReader as _, SerializedFileReader},
};
use std::{
    fs::File,
    path::{Path, PathBuf},
};

/// A table that was written, open for reading.
pub struct TableReader {
    path: PathBuf,
    file: SerializedFileReader<File>,
}

impl TableReader {
    /// Opens `NAME.parquet`.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|error| ResultsError::io("read", path, error))?;
        let file = SerializedFileReader::new(file).map_err(|error| ResultsError::damaged(path, error))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        u64::try_from(self.file.metadata().file_metadata().num_rows()).unwrap_or(0)
    }

    /// In how many groups they are read.
    pub fn groups(&self) -> usize {
        self.file.num_row_groups()
    }

    /// Names of all columns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.file.metadata().file_metadata().schema_descr().columns().iter().map(|column| column.name())
    }

    /// A column's numbers in one group: whole numbers as they are, moments in milliseconds since 1970, nothing as not a number.
    pub fn numbers(&self, group: usize, name: &str) -> Result<Vec<f64>> {
        let (reader, rows) = self.column(group, name)?;
        let failed = |error: ParquetError| self.damaged(error);
        match reader {
            ColumnReader::Int64ColumnReader(mut column) => {
                let mut values = Vec::with_capacity(rows);
                column.read_records(rows, None, None, &mut values).map_err(failed)?;
                Ok(values.into_iter().map(|value| value.cast_unsigned() as f64).collect())
            }
            ColumnReader::DoubleColumnReader(mut column) => {
                let (mut values, mut defined) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
                column.read_records(rows, Some(&mut defined), None, &mut values).map_err(failed)?;
                let mut values = values.into_iter();
                let one = |level: i16| if level == 0 { f64::NAN } else { values.next().unwrap_or(f64::NAN) };
                Ok(defined.into_iter().map(one).collect())
            }
            _ => Err(self.damaged(format!("the column `{name}` holds words and not numbers"))),
        }
    }

    /// A column's words in one group.
    pub fn texts(&self, group: usize, name: &str) -> Result<Vec<String>> {
        let (reader, rows) = self.column(group, name)?;
        let ColumnReader::ByteArrayColumnReader(mut column) = reader else {
            return Err(self.damaged(format!("the column `{name}` holds numbers and not words")));
        };
        let mut values: Vec<ByteArray> = Vec::with_capacity(rows);
        column.read_records(rows, None, None, &mut values).map_err(|error| self.damaged(error))?;
        values.iter().map(|value| value.as_utf8().map(str::to_owned).map_err(|error| self.damaged(error))).collect()
    }

    /// A column's numbers in all groups: eight bytes a row.
    pub fn all(&self, name: &str) -> Result<Vec<f64>> {
        let mut all = Vec::new();
        for group in 0..self.groups() {
            all.extend(self.numbers(group, name)?);
        }
        Ok(all)
    }

    fn column(&self, group: usize, name: &str) -> Result<(ColumnReader, usize)> {
        let index = self.names().position(|known| known == name);
        let index = index.ok_or_else(|| self.damaged(format!("there is no column `{name}`")))?;
        let group = self.file.get_row_group(group).map_err(|error| self.damaged(error))?;
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        let reader = group.get_column_reader(index).map_err(|error| self.damaged(error))?;
        Ok((reader, rows))
    }

    fn damaged(&self, why: impl ToString) -> ResultsError {
        ResultsError::damaged(&self.path, why)
    }
}
