//! What is wrong with a folder of results, and what to do.

use std::path::{Path, PathBuf};

/// Why a folder of results cannot be made, read or gone on with. Nothing was overwritten.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// The file system said no.
    #[error("cannot {what} {}: {error}", path.display())]
    Io {
        /// What was tried: "read", "write", "make".
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Its answer.
        #[source]
        error: std::io::Error,
    },
    /// The folder is there and holds something else.
    #[error("{} is there and holds no results of a simulation: it has `{found}`", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// One thing in it.
        found: String,
    },
    /// The folder holds another experiment.
    #[error("{} holds another experiment: {difference}", path.display())]
    Other {
        /// The folder.
        path: PathBuf,
        /// What differs, with both values.
        difference: String,
    },
    /// There is no folder of results.
    #[error("{} holds no results of a simulation: there is no {missing}", path.display())]
    None {
        /// The folder.
        path: PathBuf,
        /// The file that is missing.
        missing: &'static str,
    },
    /// Results that another version of this program wrote.
    #[error("{} has results of format {found}; this program reads format {known}", path.display())]
    Format {
        /// The folder.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The one that is read.
        known: u32,
    },
    /// A file is shorter or longer than it was.
    #[error("{} has {found} bytes, and {expected} were written", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Its size.
        found: u64,
        /// Its size when it was written.
        expected: u64,
    },
    /// A file that cannot be read as what it is.
    #[error("{} is damaged: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Another process writes there.
    #[error("another process is writing to {}", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// This program computes what the folder has otherwise.
    #[error("this build computes run {run} otherwise than {} has it", path.display())]
    Differs {
        /// The folder.
        path: PathBuf,
        /// The run that was made again.
        run: u32,
    },
    /// The inputs that it keeps are no longer those with which it began.
    #[error("{} is not what the experiment began with", path.display())]
    Changed {
        /// The file or folder.
        path: PathBuf,
    },
}

impl ResultsError {
    pub(crate) fn io(what: &'static str, path: &Path, error: std::io::Error) -> Self {
        Self::Io { what, path: path.to_owned(), error }
    }

    pub(crate) fn damaged(path: &Path, why: impl ToString) -> Self {
        Self::Damaged { path: path.to_owned(), why: why.to_string() }
    }

    /// Whether the same may work later, such as after a full disk; where nothing may be written it will not.
    pub fn may_pass(&self) -> bool {
        use std::io::ErrorKind::{NotADirectory, PermissionDenied, ReadOnlyFilesystem};
        match self {
            Self::Io { error, .. } => !matches!(error.kind(), NotADirectory | PermissionDenied | ReadOnlyFilesystem),
            _ => matches!(self, Self::Busy { .. }),
        }
    }

    /// Short and stable, for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "io",
            Self::Foreign { .. } => "foreign-folder",
            Self::Other { .. } => "other-experiment",
            Self::None { .. } => "no-results",
            Self::Format { .. } => "results-format",
            Self::Truncated { .. } => "results-truncated",
            Self::Damaged { .. } => "results-damaged",
            Self::Busy { .. } => "busy",
            Self::Differs { .. } => "results-differ",
            Self::Changed { .. } => "inputs-changed",
        }
    }

    /// What to do.
    pub fn hint(&self) -> String {
        use std::io::ErrorKind;
        match self {
            Self::Io { error, .. } => match error.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                    "make room on the disk, then go on with `depin sim resume`; what was done is kept".to_owned()
                }
                ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
                    "name a folder that may be written with --out, or copy this one to where it may be".to_owned()
                }
                ErrorKind::NotFound => "check the path".to_owned(),
                _ => String::new(),
            },
            Self::Foreign { .. } | Self::Other { .. } => {
                "it is left as it is; name another folder with --out, or move this one away".to_owned()
            }
            Self::None { .. } => "name a folder that `depin sim run` wrote".to_owned(),
            Self::Format { .. } => "read it with the version that wrote it (in its experiment.json), or run it anew".to_owned(),
            Self::Truncated { .. } | Self::Damaged { .. } => {
                "copy the folder again from where it was whole, or run the experiment anew: the same seed gives the same bytes"
                    .to_owned()
            }
            Self::Busy { .. } => "wait for it, or stop it".to_owned(),
            Self::Differs { .. } => {
                "go on with the build that began it; mixed results would belong to no model. Or run it anew with --out".to_owned()
            }
            Self::Changed { .. } => {
                "put it back as it was, or run the changed one with `depin sim run` and another --out".to_owned()
            }
        }
    }
}

/// What most functions here return.
pub type Result<T> = std::result::Result<T, ResultsError>;
