//! An operator's daemon for any service: the shell around what a service wants done.
//!
//! In: a [`Duty`], which is what one service asks of its operators, a client of a node, a key, routes of the service's own. Out: an
//! [`OperatorHandle`] to a daemon that registers, keeps a view of the ledger, sends what follows from it, claims rewards and says how
//! it is, until it is stopped.
//!
//! ```text
//! events, own changes, timer ──> dirty set ──> refresh ──> view ──> plan ──> prepare ──> tasks ──> messages ──> ledger
//!                                                                  (pure)                  └─ halved when refused
//! ```
//!
//! The shell keeps nothing on a disk: everything it does follows from the ledger and from what the duty keeps, so it goes on after
//! `kill -9` as after a stop. Events only say what to read anew; everything is read anew at start and once a while, so that nothing
//! depends on having seen one. A message that is refused is split until the units that it is refused for stand alone.
//!
//! Absent on purpose: what a service delivers and how it keeps it, messages of a service, rules of the ledger.

mod claim;
mod dirty;
mod duty;
mod error;
mod failure;
mod follow;
mod handle;
mod http;
mod metrics;
mod money;
mod round;
mod start;
mod status;
mod submit;

pub use dirty::DirtySet;
pub use duty::{Agenda, Draft, Duty, Look, Prepared, Registration, Task};
pub use error::{RoundError, StartError};
pub use failure::{Failure, Subject};
pub use handle::OperatorHandle;
pub use http::{ApiError, Metrics, Routes, router};
pub use metrics::{Figures, counter, gauge, gauges};
pub use round::NODE_DISK;
pub use start::{Operator, OperatorConfig};
pub use status::{SharedStatus, Status};

use depin_database::{Begun, Database, Durability, OpenError, Stopped};
use depin_quantity::UnitId;
use rusqlite::Connection;
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

/// Runs work on a thread that may block, and goes on with its panic.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// A daemon's database in its private folder: made with `tables` and its own id where there is none, refused where it is another's. `kind` is
/// what the id is of, and its key in the table `meta`.
pub(crate) fn own_database<E>(
    folder: &Path,
    file: &str,
    tables: &str,
    (kind, id): (&'static str, UnitId),
    unusable: impl Fn(String) -> E,
) -> Result<Database, E>
where
    E: From<rusqlite::Error> + From<OpenError> + From<Stopped>,
{
    depin_files::private_folder(folder).map_err(|error| unusable(format!("{}: {error}", folder.display())))?;
    let mut database = Database::open(&folder.join(file), false, Durability::AtCommit)?;
    let own = id.to_string();
    if database.begun()? == Begun::New {
        database.change(|rows| {
            rows.execute_batch(tables)?;
            rows.execute("INSERT INTO meta VALUES ('format', '1'), (?1, ?2)", [kind, own.as_str()])
        })?;
    }
    let of: String = database.connection().query_row("SELECT value FROM meta WHERE key = ?1", [kind], |row| row.get(0))?;
    if of != own {
        let folder = folder.display();
        return Err(unusable(format!("{folder} is of the {kind} {of}, not of {own}; use its key and its name")));
    }
    Ok(database)
}

/// Changes rows of a database that a daemon's tasks share, all that `work` does or nothing, on a thread that may block.
pub(crate) async fn changed<T, E>(
    database: &Arc<Mutex<Database>>,
    work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<rusqlite::Error> + From<Stopped> + Send + 'static,
{
    let database = Arc::clone(database);
    blocking(move || database.lock().unwrap_or_else(PoisonError::into_inner).change_in_turn(work)).await
}
