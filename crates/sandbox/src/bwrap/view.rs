//! Shows bubblewrap what it is to mount. It runs as the room's own user, who cannot pass through the folders above a provider's: a home
//! is its owner's alone. So everything that a sandbox has of this machine is bound into a folder that this user alone may enter.

use crate::{error::RuntimeError, volumes::run};
use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt as _, chown},
    path::{Path, PathBuf},
};

/// The folder of all views of the machine.
const VIEWS: &str = "/run/depin-sandbox";

fn place(container: &str) -> PathBuf {
    Path::new(VIEWS).join(container)
}

/// Binds `sources`, in their order, where user `uid` finds them; gives the places.
pub(super) async fn show(container: &str, uid: u32, sources: &[&Path]) -> Result<Vec<PathBuf>, RuntimeError> {
    hide(container).await?;
    let place = place(container);
    let failed = |error: io::Error| RuntimeError::failed(format!("making {}", place.display()), error);
    fs::DirBuilder::new().recursive(true).mode(0o711).create(VIEWS).map_err(failed)?;
    fs::DirBuilder::new().mode(0o700).create(&place).map_err(failed)?;
    chown(&place, Some(uid), Some(uid)).map_err(failed)?;
    let mut shown = Vec::new();
    for (number, source) in sources.iter().enumerate() {
        let at = place.join(number.to_string());
        if source.is_dir() { fs::create_dir(&at) } else { fs::write(&at, []) }.map_err(failed)?;
        run("mount", ["--bind"], &[source, &at]).await?;
        shown.push(at);
    }
    Ok(shown)
}

/// Takes the view of a sandbox away, also one that a crash left half made.
pub(super) async fn hide(container: &str) -> Result<(), RuntimeError> {
    let place = place(container);
    let Ok(entries) = fs::read_dir(&place) else { return Ok(()) };
    let failed = |error: io::Error| RuntimeError::failed(format!("removing {}", place.display()), error);
    for entry in entries {
        let at = entry.map_err(failed)?.path();
        // Lazily, since a sandbox that was just killed may hold it for another moment. What was never bound is no error.
        let _ = run("umount", ["-l"], &[&at]).await;
        // Never with what is in it: were it still bound, that would be the tenant's files.
        if at.is_dir() { fs::remove_dir(&at) } else { fs::remove_file(&at) }.map_err(failed)?;
    }
    fs::remove_dir(&place).map_err(failed)
}
