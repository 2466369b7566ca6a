//! What a run leaves: one flat table, and its columns by name.

mod table;

pub use table::{AgentRow, COLUMNS, Column, Kind, Row, column};
