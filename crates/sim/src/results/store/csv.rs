//! Rows as CSV.

use super::{Cell, FileSum, Head, Summed};
use crate::results::{Result, ResultsError, number};
use std::{
    fmt::Write as _,
    io::{BufWriter, Write as _},
    path::PathBuf,
};

/// Writes one CSV file.
pub struct CsvWriter {
    out: BufWriter<Summed>,
    line: String,
}

impl CsvWriter {
    pub fn new(path: PathBuf, heads: &[Head]) -> Result<Self> {
        let mut writer = Self { out: BufWriter::new(Summed::new(path)?), line: String::new() };
        let names: Vec<Cell<'_>> = heads.iter().map(|head| Cell::Text(&head.name)).collect();
        writer.row(&names)?;
        Ok(writer)
    }

    pub fn row(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        self.line.clear();
        for (index, cell) in cells.iter().enumerate() {
            if index > 0 {
                self.line.push(',');
            }
            match cell {
                // A string takes any text.
                Cell::Whole(value) => drop(write!(self.line, "{value}")),
                Cell::Time(at) => self.line += &at.to_rfc3339(),
                Cell::Number(value) => self.line += &number::text(*value),
                Cell::Text(text) => self.text(text),
            }
        }
        self.line.push('\n');
        self.out.write_all(self.line.as_bytes()).map_err(|error| self.failed(error))
    }

    /// Quoted as RFC 4180 has it, where that is needed.
    fn text(&mut self, text: &str) {
        if text.contains([',', '"', '\n', '\r']) {
            self.line.push('"');
            self.line += &text.replace('"', "\"\"");
            self.line.push('"');
        } else {
            self.line += text;
        }
    }

    fn failed(&self, error: std::io::Error) -> ResultsError {
        ResultsError::io("write", &self.out.get_ref().path, error)
    }

    pub fn finish(self) -> Result<FileSum> {
        let path = self.out.get_ref().path.clone();
        let out = self.out.into_inner().map_err(|error| ResultsError::io("write", &path, error.into_error()))?;
        out.finish()
    }
}
