//! `settings.json` in an operator's folder: what it needs to come back as it was.

use crate::{Result, home::files};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::path::Path;

/// What every operator keeps, beside what its service does. Edit it while the network is stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings<T> {
    /// Its service's own.
    #[serde(flatten)]
    pub own: T,
    /// Port of the last start; 0 before the first.
    #[serde(default)]
    pub port: u16,
    /// Whether it was taken out of the network; then it is not started again.
    #[serde(default)]
    pub removed: bool,
}

impl<T: Serialize + DeserializeOwned> Settings<T> {
    /// Settings of a new operator.
    pub const fn new(own: T) -> Self {
        Self { own, port: 0, removed: false }
    }

    /// Reads them from an operator's folder; none when there are none.
    ///
    /// # Errors
    /// Broken when they cannot be read.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        files::read_json(&folder.join("settings.json"))
    }

    /// Writes them into an operator's folder.
    ///
    /// # Errors
    /// Broken when they cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        files::write_json(&folder.join("settings.json"), self, files::Readers::Everybody)
    }

    /// Writes those of a new operator; some that are there are kept.
    ///
    /// # Errors
    /// What `make` says; broken when they cannot be read or written.
    pub fn prepare(folder: &Path, make: impl FnOnce() -> Result<T>) -> Result<()> {
        match Self::read(folder)? {
            Some(_) => Ok(()),
            None => Self::new(make()?).write(folder),
        }
    }
}
