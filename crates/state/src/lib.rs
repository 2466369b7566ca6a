//! Rows in ordered tables, and ways to try a change before it counts.
//!
//! Everything that lasts is a [`Row`] under a natural key. Rules read and write through [`State`]; the ledger stacks one block's
//! [`Overlay`] on frozen [`WriteSet`]s on the finalized [`Tables`]; tests and simulations use a [`Memory`]. Absent on purpose: disks,
//! hashes, knowledge of what a row means.

mod journal;
mod key;
mod layer;
mod memory;
mod overlay;
mod page;
mod page_index;
mod pages;
mod row;
mod tables;
mod trail;
mod write_set;

pub use key::{Key, KeyBytes, RowKey};
pub use memory::Memory;
pub use overlay::Overlay;
pub use row::{Mark, ReadState, Rewrite, Row, Rows, State, row_key};
pub use tables::{Tables, View};
pub use write_set::{Change, WriteSet};
