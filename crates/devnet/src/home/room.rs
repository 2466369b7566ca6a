//! Room for a start: what a process before left unfinished is removed, and a full disk is told before anything is written.

use super::Home;
use crate::{Error, Result};
use depin_files::Room;
use depin_node::NoSpace;
use depin_provider::storage::clear_temporary;
use std::{fs, path::Path};

/// Code of an error for want of space.
pub(crate) const NO_SPACE: &str = "no-space";

/// Removes temporary files of a home whose lock this process holds, and says how many there were. They may be what fills the disk, so
/// this comes before any database is opened.
///
/// # Errors
/// Broken when they cannot be removed, and when the disk is full all the same.
pub fn make_room(home: &Home) -> Result<u64> {
    let mut removed = 0;
    let mut folders = vec![home.path().to_owned(), home.wallet(), home.node()];
    for name in home.provider_names()? {
        let folder = home.provider(name);
        // What a store cannot clear it says itself when it is opened, with what to do.
        removed += clear_temporary(&folder.join("data")).unwrap_or_default();
        folders.push(folder);
    }
    for folder in &folders {
        removed += remove_drafts(folder).map_err(|error| Error::file("clear", folder, &error))?;
    }
    if removed > 0 {
        tracing::info!(removed, "removed temporary files that a process before left behind");
    }
    match Room::of(home.path()) {
        Ok(room) if room.is_full() => Err(no_space(&NoSpace { home: home.path().to_owned(), free: room.free })),
        _ => Ok(removed),
    }
}

/// The error for want of space.
pub(crate) fn no_space(why: &NoSpace) -> Error {
    Error::broken(NO_SPACE, why)
}

fn remove_drafts(folder: &Path) -> std::io::Result<u64> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut removed = 0;
    for entry in entries {
        let path = entry?.path();
        if depin_files::is_draft(&path) && path.is_file() {
            fs::remove_file(&path)?;
            removed += 1;
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_before_left_unfinished_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        let data = home.provider("provider-1".parse().unwrap()).join("data");
        for made in [&data.join("tmp"), &home.wallet()] {
            fs::create_dir_all(made).unwrap();
        }
        let left = [home.path().join(".ports.json.x1.new"), home.wallet().join(".k.x.new"), data.join("tmp/1.payload")];
        let kept = [home.provider("provider-1".parse().unwrap()).join("settings.json"), home.path().join("own.new")];
        for file in left.iter().chain(&kept) {
            fs::write(file, "{}").unwrap();
        }
        assert_eq!(make_room(&home).unwrap(), 3);
        assert!(left.iter().all(|file| !file.exists()) && kept.iter().all(|file| file.exists()));
        assert_eq!(make_room(&home).unwrap(), 0);
    }
}
