//! One `depin up` per home.

use super::Home;
use crate::{Error, Result};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};

/// Held until dropped, or until the process ends in whatever way.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the home's lock. The folder must exist.
    ///
    /// # Errors
    /// Refused when another process holds it.
    pub fn take(home: &Home) -> Result<Self> {
        let path = home.lock();
        let open = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
        let mut file = open.map_err(|error| Error::file("open", &path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                // For people only; a lock without a number in it is as locked.
                let _ = file.read_to_string(&mut pid);
                let process = if pid.trim().is_empty() { String::new() } else { format!(" (process {})", pid.trim()) };
                return Err(Error::refused("home-in-use", format_args!("{} is in use by another `depin up`{process}", home.path().display()))
                    .hint("look at it with `depin status`, stop it with Ctrl-C where it runs, or start a second network with --home OTHER"));
            }
            Err(TryLockError::Error(error)) => return Err(Error::file("lock", &path, &error)),
        }
        let note = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
        note.map_err(|error| Error::file("write", &path, &error))?;
        Ok(Self { _file: file })
    }
}
