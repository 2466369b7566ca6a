//! Databases of one file that notice when they are not what was written any more.
//!
//! In: a path. Out: a SQLite database in write-ahead mode, opened only when every page of it is what was written there: a page is
//! either in the log, whose frames SQLite sums itself, or it matches the sum that stands in a file beside the database (`NAME.sums`).
//! So pages move from the log into the database only here, and the sums follow before the log is used again ([`Database::commit`]). A
//! log that is gone, cut short or changed is told too; SQLite would go on with what was committed before it.
//!
//! A sync that failed is final: what the system said about it once it does not say again, so the database takes no more writes, and
//! whoever owns it ends and starts anew.
//!
//! Used by whatever keeps rows: node, provider, gateways. Absent on purpose: tables, and what to do about a database that is lost.
//!
//! One process at a time: callers hold a lock on the folder. Readers open their own connections with [`reader`].

mod log;
mod open;
mod sums;

pub use open::{Begun, Database, Durability, OpenError, Stopped, is_damage, is_failed_sync, reader};

/// The README's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
