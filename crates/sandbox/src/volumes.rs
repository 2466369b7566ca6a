//! Persistent volumes: a folder for each, by room, service, replica and name. Where this process may mount, it is a file system of fixed
//! size in a file of its own; else it is measured, and who writes more than asked for is evicted.

use crate::{
    deleted::Deleted,
    error::RuntimeError,
    measure::bytes_under,
    names::{InstanceId, Name},
    runtime::Written,
    workload::{Service, Source},
};
use std::{
    fs, io,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
};
use tokio::process::Command;

/// File systems below this size are not worth their own tables.
const IMAGE_BYTES_MIN: u64 = 2 << 20;

/// The folder of volumes of one provider.
#[derive(Clone, Debug)]
pub(crate) struct Volumes {
    folder: PathBuf,
    fixed: bool,
}

impl Volumes {
    /// Opens the folder and finds out whether volumes of fixed size can be had here.
    pub(crate) async fn open(folder: &Path) -> Result<Self, RuntimeError> {
        make(folder)?;
        let folder =
            folder.canonicalize().map_err(|error| RuntimeError::failed(format!("opening {}", folder.display()), error))?;
        let volumes = Self { folder, fixed: true };
        let trial = volumes.folder.join(".trial");
        let fixed = volumes.make_image(&trial, IMAGE_BYTES_MIN).await.is_ok();
        unmount(&trial.join("data")).await;
        let _ = fs::remove_dir_all(&trial);
        Ok(Self { fixed, ..volumes })
    }

    pub(crate) const fn is_fixed(&self) -> bool {
        self.fixed
    }

    fn place(&self, id: &InstanceId, name: &Name) -> PathBuf {
        self.folder.join(id.room.as_str()).join(format!("{}_{}_{name}", id.service, id.replica))
    }

    /// The folder to mount of a volume, made if it is not there, for root of a container that is `uid` outside.
    pub(crate) async fn open_volume(&self, id: &InstanceId, name: &Name, bytes: u64, uid: u32) -> Result<PathBuf, RuntimeError> {
        let place = self.place(id, name);
        let data = place.join("data");
        let is_new = !place.join("made").exists();
        make(&place)?;
        if self.fixed && (is_new || place.join("image").exists()) {
            self.make_image(&place, bytes).await?;
        }
        make(&data)?;
        if is_new {
            let failed = |error: io::Error| RuntimeError::failed(format!("giving {} to its container", data.display()), error);
            let _ = fs::remove_dir(data.join("lost+found"));
            fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).map_err(failed)?;
            if rustix::process::geteuid().is_root() {
                chown(&data, Some(uid), Some(uid)).map_err(failed)?;
            }
            fs::write(place.join("made"), []).map_err(failed)?;
        }
        Ok(data)
    }

    /// Makes and mounts the file system of a volume; what is there stays as it is.
    async fn make_image(&self, place: &Path, bytes: u64) -> Result<(), RuntimeError> {
        let (image, data) = (place.join("image"), place.join("data"));
        make(&data)?;
        if !image.exists() {
            let draft = place.join("draft");
            let made = fs::File::create(&draft).and_then(|file| file.set_len(bytes.max(IMAGE_BYTES_MIN)));
            made.map_err(|error| RuntimeError::failed(format!("making {}", draft.display()), error))?;
            run("mkfs.ext4", ["-q", "-F", "-m", "0", "-E", "nodiscard"], &[&draft]).await?;
            fs::rename(&draft, &image).map_err(|error| RuntimeError::failed(format!("making {}", image.display()), error))?;
        }
        if is_mounted(&data) {
            return Ok(());
        }
        run("mount", ["-o", "loop,nosuid,nodev"], &[&image, &data]).await
    }

    /// What is in the volumes of an instance that nothing else bounds.
    pub(crate) fn written(&self, id: &InstanceId, service: &Service, deleted: &Deleted) -> Vec<Written> {
        let volumes = service.mounts.iter().filter_map(|mount| {
            let Source::Persistent { bytes: limit } = mount.source else { return None };
            let place = self.place(id, &mount.name);
            let used = (!place.join("image").exists()).then(|| bytes_under(&place.join("data")))?;
            let used = used.saturating_add(deleted.within(mount.path.as_ref()));
            Some(Written { place: format!("volume {}", mount.name), used, limit })
        });
        volumes.collect()
    }

    /// Rooms that have volumes.
    pub(crate) fn rooms(&self) -> Result<Vec<Name>, RuntimeError> {
        let failed = |error| RuntimeError::failed(format!("reading {}", self.folder.display()), error);
        let entries = fs::read_dir(&self.folder).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
        Ok(entries.into_iter().filter_map(|entry| Name::new(entry.file_name().to_str()?).ok()).collect())
    }

    /// Unmounts all volumes of a room, which no container has any more. What is in them stays.
    pub(crate) async fn unmount(&self, room: &Name) -> Result<(), RuntimeError> {
        let folder = self.folder.join(room.as_str());
        let failed = |error: io::Error| RuntimeError::failed(format!("unmounting {}", folder.display()), error);
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(failed)?,
        };
        for entry in entries {
            unmount(&entry.map_err(failed)?.path().join("data")).await;
        }
        Ok(())
    }

    /// Removes all volumes of a room.
    pub(crate) async fn remove(&self, room: &Name) -> Result<(), RuntimeError> {
        self.unmount(room).await?;
        let folder = self.folder.join(room.as_str());
        let failed = |error: io::Error| RuntimeError::failed(format!("removing {}", folder.display()), error);
        if !folder.exists() {
            return Ok(());
        }
        let gone = folder.clone();
        let removed = tokio::task::spawn_blocking(move || fs::remove_dir_all(gone)).await;
        removed.map_err(|error| failed(error.into()))?.map_err(failed)
    }
}

fn make(folder: &Path) -> Result<(), RuntimeError> {
    fs::create_dir_all(folder).map_err(|error| RuntimeError::failed(format!("making the folder {}", folder.display()), error))
}

fn is_mounted(folder: &Path) -> bool {
    let device = |path: &Path| fs::metadata(path).map(|data| std::os::unix::fs::MetadataExt::dev(&data)).ok();
    folder.parent().is_some_and(|parent| device(folder) != device(parent))
}

async fn unmount(folder: &Path) {
    if is_mounted(folder) {
        // Lazily, since a container that was just killed may hold it for another moment.
        let _ = run("umount", ["-l"], &[folder]).await;
    }
}

/// Runs a program of this machine on paths; what it says of a failure is told.
pub(crate) async fn run<const N: usize>(program: &str, words: [&str; N], paths: &[&Path]) -> Result<(), RuntimeError> {
    let output = Command::new(program).args(words).args(paths).output().await;
    let output = output.map_err(|error| RuntimeError::failed(format!("running {program}"), error))?;
    if output.status.success() {
        return Ok(());
    }
    Err(RuntimeError::failed(program, String::from_utf8_lossy(&output.stderr).trim()))
}
