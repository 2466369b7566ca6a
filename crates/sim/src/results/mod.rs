//! What runs leave: one flat table, and its columns by name; and the folder on disk that holds the tables of many.
//!
//! In: records of runs, in any order. Out: files whose bytes depend on the experiment alone, not on how often it was interrupted or how
//! many threads made it. The only part of this crate that touches a disk, and only where its caller says.

mod assemble;
mod bands;
mod checkpoint;
mod error;
mod folder;
mod identity;
pub mod number;
mod store;
mod summary;
mod table;

pub use bands::{Band, Fold, PERCENTILES, Quantity, SubsetBands};
pub use error::ResultsError;
pub use folder::{REPORT, Results, RunFolder, write_text};
pub use identity::{FORMAT, Identity, Inputs, NetworkInput, ScenarioInput, Setting, TREATMENTS, subset_number, treatment_name};
pub use store::{FileSum, TableReader};
pub use summary::{Audit, Counts, Estimate, Failure, Figure, Mover, Summary, difference};
pub use table::{AgentRow, COLUMNS, Column, Kind, Row, column};

use error::Result;
