//! What can go wrong with the store, in words for operators and customers.

use depin_files::NoRoom;
use depin_quantity::{Address, UnitId};
use depin_services::storage::piece::{Commitment, PieceSizeError};
use std::io;
use std::path::{Path, PathBuf};

/// Why the store refused or failed.
///
/// The first group is about what was asked; [`StoreError::DiskFull`] and those behind it are about the machine.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing is stored under this commitment.
    #[error("piece {cid} is not stored here")]
    Unknown {
        /// The piece asked for.
        cid: Commitment,
    },
    /// Stored bytes fail their checksum, or cannot be read at all.
    #[error("piece {cid} is damaged in {} of its 1 MiB chunks, first in chunk {}; upload it again to repair it", .chunks.len(), .chunks.first().copied().unwrap_or_default())]
    Damaged {
        /// The piece.
        cid: Commitment,
        /// Damaged chunks in ascending order.
        chunks: Vec<u32>,
    },
    /// The leaf to prove does not exist.
    #[error("leaf {leaf} does not exist; piece {cid} has leaves 0 to {last}")]
    NoSuchLeaf {
        /// The piece.
        cid: Commitment,
        /// The leaf asked for.
        leaf: u64,
        /// The last leaf.
        last: u64,
    },
    /// The payload is larger than this provider accepts.
    #[error("payload of {payload_bytes} bytes is larger than the {limit} bytes that this provider accepts; split it")]
    TooLarge {
        /// Length announced.
        payload_bytes: u64,
        /// Largest length accepted.
        limit: u64,
    },
    /// The payload fits in no piece.
    #[error(transparent)]
    PieceSize(#[from] PieceSizeError),
    /// The upload ended early.
    #[error("the upload ended after {got} of {expected} bytes; send it again")]
    Truncated {
        /// Bytes received.
        got: u64,
        /// Bytes announced.
        expected: u64,
    },
    /// The upload goes on beyond what was announced.
    #[error("the upload has more than the {expected} bytes that were announced; announce its exact length")]
    TooLong {
        /// Bytes announced.
        expected: u64,
    },
    /// The bytes are another piece than was announced.
    #[error("the uploaded bytes are piece {found}, not {expected}; nothing was stored")]
    Mismatch {
        /// Commitment announced.
        expected: Commitment,
        /// Commitment of the bytes received.
        found: Commitment,
    },
    /// Accepted deals cover the piece.
    #[error("piece {cid} is covered by {} accepted deals, first {}; it stays until they end", .deals.len(), .deals.first().copied().unwrap_or_default())]
    Covered {
        /// The piece.
        cid: Commitment,
        /// Deals that pin it.
        deals: Vec<UnitId>,
    },
    /// The client has no upload of this piece.
    #[error("client {client} has no upload of piece {cid} here; only an uploader may withdraw it")]
    NotHolder {
        /// The piece.
        cid: Commitment,
        /// Who asked.
        client: Address,
    },
    /// The request is older than the upload that it would undo.
    #[error(
        "the request was signed at {signed_at_ms} ms, not after the upload of piece {cid} at {held_since_ms} ms; sign a new one"
    )]
    Stale {
        /// The piece.
        cid: Commitment,
        /// When the request was signed.
        signed_at_ms: u64,
        /// When the upload was signed.
        held_since_ms: u64,
    },
    /// The space that the operator set aside is used up.
    #[error("{wanted} bytes are needed and {free} of {capacity} bytes are free; choose another provider or come back later")]
    CapacityFull {
        /// Bytes needed, tree cache included.
        wanted: u64,
        /// Bytes neither used nor reserved.
        free: u64,
        /// The operator's limit.
        capacity: u64,
    },
    /// The client has all that one may have without a deal.
    #[error(
        "{client} has {held} bytes here that no deal covers, and {wanted} more would be above the {limit} that one account may have;          propose deals for what is there, or wait until it is dropped"
    )]
    HoldLimit {
        /// The client.
        client: Address,
        /// Bytes that it has on hold, or announced.
        held: u64,
        /// Bytes needed, tree cache included.
        wanted: u64,
        /// Most bytes on hold of one client.
        limit: u64,
    },
    /// All that may be kept without deals is.
    #[error(
        "{held} bytes here are not covered by deals, and {wanted} more would be above the {limit} that this provider keeps so;          choose another provider or come back later"
    )]
    HoldsFull {
        /// Bytes needed, tree cache included.
        wanted: u64,
        /// Bytes on hold, or on their way.
        held: u64,
        /// Most bytes on hold in all.
        limit: u64,
    },
    /// The upload would leave less free space than is kept.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// The file system, a quota or a file-size limit has no room.
    #[error("no room left on the disk while trying to {action} ({path}); free some space or lower the provider's capacity", path = .path.display())]
    DiskFull {
        /// What was being done.
        action: &'static str,
        /// Where.
        path: PathBuf,
    },
    /// Another process works in the folder.
    #[error("folder {folder} is in use by another process; stop it or choose another data folder", folder = .folder.display())]
    InUse {
        /// The data folder.
        folder: PathBuf,
    },
    /// The folder was written by another version.
    #[error("folder {folder} has store format {found}, this version reads {supported}; use the version that wrote it", folder = .folder.display())]
    Format {
        /// The data folder.
        folder: PathBuf,
        /// Format found.
        found: i64,
        /// Format of this version.
        supported: i64,
    },
    /// The index of before is not there any more, or not as it was.
    #[error(
        "{index} {what}, although it was made anew out of {pieces}; look at the disk below it",
        index = .index.display(), pieces = .pieces.display()
    )]
    IndexLost {
        /// The index's file.
        index: PathBuf,
        /// What is wrong with it: the rest of a sentence about it.
        what: String,
        /// The pieces' folder.
        pieces: PathBuf,
    },
    /// The disk or the file system failed.
    #[error("could not {action} ({path}): {source}; check the disk and the system log", path = .path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The index failed.
    #[error("could not {action} in the store's index: {source}; check the disk and the system log")]
    Index {
        /// What was being done.
        action: &'static str,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
}

impl StoreError {
    /// Sorts an operating system's error: no room left is not a broken disk.
    pub(super) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            // A quota and the process's file-size limit end an upload just as a full disk does.
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::DiskFull { action, path }
            }
            _ => Self::Io { action, path, source },
        }
    }

    /// Sorts an error of SQLite in the same way.
    pub(super) fn index(action: &'static str, source: rusqlite::Error) -> Self {
        // Without room for its shared memory SQLite speaks of an error in reading or writing.
        let no_shared = source.sqlite_extended_error_code() == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE);
        match source.sqlite_error_code() {
            code if no_shared || code == Some(rusqlite::ErrorCode::DiskFull) => {
                Self::DiskFull { action, path: PathBuf::from("index") }
            }
            _ => Self::Index { action, source },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;

    #[test]
    fn no_room_left_is_told_apart_from_a_broken_disk() {
        let sorted = |errno: Errno| StoreError::io("write a file", Path::new("/data/tmp/1.payload"), errno.into());
        for full in [Errno::NOSPC, Errno::DQUOT, Errno::FBIG] {
            assert!(matches!(sorted(full), StoreError::DiskFull { .. }), "{full:?}");
        }
        for broken in [Errno::IO, Errno::ROFS, Errno::MFILE] {
            assert!(matches!(sorted(broken), StoreError::Io { .. }), "{broken:?}");
        }
        let said = sorted(Errno::IO).to_string();
        assert!(
            said.starts_with("could not write a file (/data/tmp/1.payload): ")
                && said.ends_with("check the disk and the system log"),
            "{said}"
        );
    }

    #[test]
    fn a_full_disk_below_the_index_is_a_full_disk() {
        let failure = |code| rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        let sorted = |code| StoreError::index("record an upload", failure(code));
        assert!(matches!(sorted(rusqlite::ffi::SQLITE_FULL), StoreError::DiskFull { .. }));
        assert!(matches!(sorted(rusqlite::ffi::SQLITE_IOERR_SHMSIZE), StoreError::DiskFull { .. }));
        assert!(matches!(sorted(rusqlite::ffi::SQLITE_IOERR), StoreError::Index { .. }));
    }
}
