//! Rows as Parquet: flat columns, dictionaries for what repeats, no codec.

use super::{Cell, Field, FileSum, Head, Summed};
use crate::results::{Result, ResultsError};
use parquet::{
    basic::{LogicalType, Repetition, TimeUnit, Type as Physical},
    data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type},
    errors::ParquetError,
    file::{
        properties::{EnabledStatistics, WriterProperties},
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::types::Type,
};
use std::{path::PathBuf, sync::Arc};

/// Rows of a group: what is held in memory, and what a reader takes at once.
const GROUP: usize = 32_768;

/// Writes one Parquet file.
pub struct ParquetWriter {
    file: SerializedFileWriter<Summed>,
    path: PathBuf,
    columns: Vec<Column>,
    rows: usize,
}

/// What of a column is not yet written.
enum Column {
    Whole(Vec<i64>),
    Number { values: Vec<f64>, defined: Vec<i16> },
    Text(Vec<ByteArray>),
}

impl ParquetWriter {
    pub fn new(path: PathBuf, heads: &[Head]) -> Result<Self> {
        let failed = |error: ParquetError| io(&path, error);
        let fields = heads.iter().map(|head| field(head).map(Arc::new)).collect::<std::result::Result<Vec<_>, _>>();
        let schema = fields.and_then(|fields| Type::group_type_builder("rows").with_fields(fields).build()).map_err(failed)?;
        // A column that hardly repeats itself is written plainly as soon as its dictionary grows.
        let properties = WriterProperties::builder()
            .set_created_by(concat!("depin-sim ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .set_dictionary_enabled(true);
        let columns = heads.iter().map(|head| match head.field {
            Field::Whole | Field::Time => Column::Whole(Vec::new()),
            Field::Number => Column::Number { values: Vec::new(), defined: Vec::new() },
            Field::Text => Column::Text(Vec::new()),
        });
        let summed = Summed::new(path.clone())?;
        let file = SerializedFileWriter::new(summed, Arc::new(schema), Arc::new(properties.build())).map_err(failed)?;
        Ok(Self { file, columns: columns.collect(), path, rows: 0 })
    }

    pub fn row(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            match (column, cell) {
                // The bits of an unsigned number, which the column says it is.
                (Column::Whole(values), Cell::Whole(value)) => values.push(value.cast_signed()),
                (Column::Whole(values), Cell::Time(at)) => values.push(at.get().cast_signed()),
                (Column::Number { values, defined }, Cell::Number(value)) => {
                    defined.push(i16::from(!value.is_nan()));
                    if !value.is_nan() {
                        values.push(*value);
                    }
                }
                (Column::Text(values), Cell::Text(text)) => values.push((*text).into()),
                _ => return Err(ResultsError::damaged(&self.path, "a row does not fit its columns")),
            }
        }
        self.rows += 1;
        if self.rows == GROUP { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        let mut group = self.file.next_row_group().map_err(|error| io(&self.path, error))?;
        for column in &mut self.columns {
            column.write(&mut group).map_err(|error| io(&self.path, error))?;
        }
        group.close().map_err(|error| io(&self.path, error))?;
        self.rows = 0;
        Ok(())
    }

    pub fn finish(mut self) -> Result<FileSum> {
        if self.rows > 0 {
            self.flush()?;
        }
        self.file.into_inner().map_err(|error| io(&self.path, error))?.finish()
    }
}

impl Column {
    fn write(&mut self, group: &mut SerializedRowGroupWriter<'_, Summed>) -> std::result::Result<(), ParquetError> {
        let Some(mut column) = group.next_column()? else {
            return Err(ParquetError::General("a column too many".to_owned()));
        };
        match self {
            Self::Whole(values) => {
                column.typed::<Int64Type>().write_batch(values, None, None)?;
                values.clear();
            }
            Self::Number { values, defined } => {
                column.typed::<DoubleType>().write_batch(values, Some(defined), None)?;
                values.clear();
                defined.clear();
            }
            Self::Text(values) => {
                column.typed::<ByteArrayType>().write_batch(values, None, None)?;
                values.clear();
            }
        }
        column.close()
    }
}

fn field(head: &Head) -> std::result::Result<Type, ParquetError> {
    let (physical, logical, repetition) = match head.field {
        Field::Whole => (Physical::INT64, Some(LogicalType::integer(64, false)), Repetition::REQUIRED),
        Field::Time => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MILLIS)), Repetition::REQUIRED),
        Field::Number => (Physical::DOUBLE, None, Repetition::OPTIONAL),
        Field::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String), Repetition::REQUIRED),
    };
    Type::primitive_type_builder(&head.name, physical).with_logical_type(logical).with_repetition(repetition).build()
}

/// The library wraps what the file system said; a full disk has its own hint.
fn io(path: &std::path::Path, error: ParquetError) -> ResultsError {
    let error = match error {
        ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
            Ok(error) => *error,
            Err(other) => std::io::Error::other(other),
        },
        other => std::io::Error::other(other),
    };
    ResultsError::io("write", path, error)
}
