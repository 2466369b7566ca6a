//! What keeps a machine from being measured or sliced.

use std::path::PathBuf;

/// Why there is no measurement, or no slice.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// A file that every Linux has is not there, or not readable.
    #[error("{path} cannot be read: {error}; the kernel's files are to be mounted at /proc and /sys and readable")]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A file that says something else than expected.
    #[error("{path} says nothing of {what}; a Linux kernel of 4.4 or later is needed")]
    Missing {
        /// Which file.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
    },
    /// The disk's folder tells no free space.
    #[error("the free space of {path} cannot be measured: {error}; name a folder that exists")]
    Disk {
        /// Which folder.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// More slices than the machine has room for.
    #[error(
        "{asked} slices of {cores_milli} thousandths of a core and {memory_mib} MiB cannot be made: each needs {least_milli} and {least_mib} MiB; ask for at most {most}"
    )]
    Slices {
        /// How many.
        asked: u16,
        /// Of how many thousandths of a core.
        cores_milli: u64,
        /// Of how much memory.
        memory_mib: u64,
        /// What a slice needs.
        least_milli: u64,
        /// What a slice needs.
        least_mib: u64,
        /// How many can be made.
        most: u64,
    },
    /// A name that is no folder's.
    #[error("{0:?} names no slice; take 1 to 32 letters, digits and hyphens")]
    Name(String),
    /// A control group that cannot be written.
    #[error(
        "the control group file {path} cannot be written: {error}; run as root, or have the controllers cpu and memory given to you"
    )]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
}
