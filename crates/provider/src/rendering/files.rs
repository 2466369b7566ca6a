//! Where a node's scenes and images stand, below its folder.

use depin_quantity::UnitId;
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// A node's folder.
#[derive(Clone, Debug)]
pub(super) struct Files(PathBuf);

impl Files {
    /// Makes what is missing of it; what a crash left in the scratch folder goes.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let folder = Self(folder.to_owned());
        match fs::remove_dir_all(folder.scratch()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        for path in [folder.scratch(), folder.0.join("scenes"), folder.0.join("frames"), folder.0.join("compared")] {
            depin_files::private_folder(&path)?;
        }
        Ok(folder)
    }

    /// Where scenes are unpacked while they are rendered.
    pub(super) fn scratch(&self) -> PathBuf {
        self.0.join("scratch")
    }

    /// A job's sealed scene, as far as it is here.
    pub(super) fn scene(&self, job: UnitId) -> PathBuf {
        self.0.join("scenes").join(format!("{job}.sealed"))
    }

    /// A ticket's sealed frame.
    pub(super) fn frame(&self, job: UnitId, number: u32) -> PathBuf {
        self.0.join("frames").join(format!("{job}-{number}.sealed"))
    }

    /// A ticket's preview.
    pub(super) fn preview(&self, job: UnitId, number: u32) -> PathBuf {
        self.0.join("frames").join(format!("{job}-{number}.png"))
    }

    /// All images of comparisons.
    pub(super) fn all_compared(&self) -> io::Result<Vec<PathBuf>> {
        fs::read_dir(self.0.join("compared"))?.map(|entry| entry.map(|entry| entry.path())).collect()
    }

    /// An image of a comparison.
    pub(super) fn compared(&self, job: UnitId, first: u32, side: &str) -> PathBuf {
        self.0.join("compared").join(format!("{job}-{first}-{side}"))
    }
}

/// How long ago a file was written last; none where it is not there, or was written in the future.
pub(super) fn age(path: &Path) -> Option<Duration> {
    fs::metadata(path).and_then(|found| found.modified()).ok().and_then(|at| SystemTime::now().duration_since(at).ok())
}

/// Removes a file that may be gone.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
