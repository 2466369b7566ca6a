//! Sealed scenes and frames on the disk. Nothing here is ever clear but previews, which carry a watermark.
//!
//! In: parts of sealed scenes by their offset, whole frames by their hash. Out: files that are there whole or not at all. A scene is known by the
//! SHA-256 of its sealed bytes; what was taken of an upload stays when it breaks, so it goes on from there.

use depin_files::{Floor, NoRoom, Readers};
use depin_quantity::{ContentHash, UnitId};
use sha2::{Digest as _, Sha256};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

/// Why a part of a scene was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SceneError {
    #[error("the sealed scene would have {asked} bytes, and this dispatcher takes {most}; it is started with --scene-limit")]
    TooLarge { asked: u64, most: u64 },
    #[error("{have} bytes of the scene are here, so the next part begins there, not at {at}")]
    Offset { at: u64, have: u64 },
    #[error("a part of {bytes} bytes at {at} goes beyond the scene's {of}, or is empty")]
    Part { at: u64, bytes: u64, of: u64 },
    #[error("the bytes that came are not the scene that was announced; they are dropped, send it again")]
    Other,
    #[error(transparent)]
    Room(#[from] NoRoom),
    #[error("the dispatcher's disk failed: {0}")]
    Io(#[from] io::Error),
}

/// How much of a scene is here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Have {
    pub bytes: u64,
    pub whole: bool,
}

/// The dispatcher's files.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    scenes: PathBuf,
    frames: PathBuf,
    most: u64,
    floor: Floor,
}

impl Files {
    /// Those in a folder, with the largest sealed scene that is taken.
    pub(crate) fn open(folder: &Path, most: u64, floor: Floor) -> io::Result<Self> {
        let (scenes, frames) = (folder.join("scenes"), folder.join("frames"));
        depin_files::private_folder(&scenes)?;
        depin_files::private_folder(&frames)?;
        Ok(Self { scenes, frames, most, floor })
    }

    /// Largest sealed scene that is taken, bytes.
    pub(crate) const fn scene_most(&self) -> u64 {
        self.most
    }

    fn scene(&self, sealed: ContentHash) -> PathBuf {
        self.scenes.join(sealed.to_string())
    }

    fn part(&self, sealed: ContentHash) -> PathBuf {
        self.scenes.join(format!("{sealed}.part"))
    }

    /// How much of a scene is here.
    pub(crate) fn have(&self, sealed: ContentHash) -> io::Result<Have> {
        if let Some(bytes) = length(&self.scene(sealed))? {
            return Ok(Have { bytes, whole: true });
        }
        Ok(Have { bytes: length(&self.part(sealed))?.unwrap_or(0), whole: false })
    }

    /// Takes a part of a scene. One that was taken before changes nothing.
    pub(crate) fn take(&self, sealed: ContentHash, (at, of): (u64, u64), bytes: &[u8]) -> Result<Have, SceneError> {
        let have = self.have(sealed)?;
        let end = at.saturating_add(bytes.len() as u64);
        if have.whole {
            return Ok(have);
        }
        if of > self.most {
            return Err(SceneError::TooLarge { asked: of, most: self.most });
        }
        if bytes.is_empty() || end > of {
            return Err(SceneError::Part { at, bytes: bytes.len() as u64, of });
        }
        if at != have.bytes {
            return Err(SceneError::Offset { at, have: have.bytes });
        }
        self.floor.admit(bytes.len() as u64)?;
        let path = self.part(sealed);
        depin_files::private_file(&path)?;
        let mut file = OpenOptions::new().append(true).open(&path)?;
        file.write_all(bytes)?;
        file.sync_data()?;
        if end < of {
            return Ok(Have { bytes: end, whole: false });
        }
        if hash_of(&path)? != sealed {
            fs::remove_file(&path)?;
            return Err(SceneError::Other);
        }
        fs::rename(&path, self.scene(sealed))?;
        depin_files::sync_folder(&self.scenes)?;
        Ok(Have { bytes: end, whole: true })
    }

    /// At most so many bytes of a whole scene from `at` on, and how many it has.
    pub(crate) fn read_scene(&self, sealed: ContentHash, at: u64, most: usize) -> io::Result<(Vec<u8>, u64)> {
        let mut file = File::open(self.scene(sealed))?;
        let all = file.metadata()?.len();
        file.seek(SeekFrom::Start(at))?;
        let mut bytes = Vec::new();
        file.take(most as u64).read_to_end(&mut bytes)?;
        Ok((bytes, all))
    }

    /// Scenes that are here, whole or not.
    pub(crate) fn scenes(&self) -> io::Result<Vec<ContentHash>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.scenes)? {
            let name = entry?.file_name();
            let name = name.to_string_lossy();
            found.extend(name.strip_suffix(".part").unwrap_or(&name).parse::<ContentHash>().ok());
        }
        Ok(found)
    }

    /// When a scene was last added to.
    pub(crate) fn touched(&self, sealed: ContentHash) -> Option<std::time::SystemTime> {
        let of = |path: PathBuf| fs::metadata(path).and_then(|data| data.modified()).ok();
        of(self.scene(sealed)).or_else(|| of(self.part(sealed)))
    }

    /// Forgets a scene.
    pub(crate) fn forget_scene(&self, sealed: ContentHash) {
        for path in [self.scene(sealed), self.part(sealed)] {
            // One that is not there is forgotten.
            let _ = fs::remove_file(path);
        }
    }

    fn frame(&self, job: UnitId, number: u32, kind: FrameFile) -> PathBuf {
        self.frames.join(job.to_string()).join(format!("{number}.{}", kind.suffix()))
    }

    /// Keeps a file of a ticket.
    pub(crate) fn keep(&self, job: UnitId, number: u32, kind: FrameFile, bytes: &[u8]) -> Result<(), SceneError> {
        self.floor.admit(bytes.len() as u64)?;
        depin_files::private_folder(&self.frames.join(job.to_string()))?;
        Ok(depin_files::replace(&self.frame(job, number, kind), bytes, Readers::Owner)?)
    }

    /// Whether a file of a ticket is here.
    pub(crate) fn has(&self, job: UnitId, number: u32, kind: FrameFile) -> bool {
        self.frame(job, number, kind).exists()
    }

    /// A file of a ticket, where it is here.
    pub(crate) fn read(&self, job: UnitId, number: u32, kind: FrameFile) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.frame(job, number, kind)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What is kept of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameFile {
    /// The frame, sealed by its node.
    Sealed,
    /// Its watermarked preview.
    Preview,
}

impl FrameFile {
    const fn suffix(self) -> &'static str {
        match self {
            Self::Sealed => "sealed",
            Self::Preview => "preview.png",
        }
    }
}

fn length(path: &Path) -> io::Result<Option<u64>> {
    match fs::metadata(path) {
        Ok(data) => Ok(Some(data.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// SHA-256 of a file.
fn hash_of(path: &Path) -> io::Result<ContentHash> {
    let (mut file, mut hasher, mut some) = (File::open(path)?, Sha256::new(), vec![0; 64 << 10]);
    loop {
        match file.read(&mut some)? {
            0 => return Ok(ContentHash::new(hasher.finalize().into())),
            read => hasher.update(&some[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_client::render::content_of;

    fn files(folder: &Path, most: u64) -> Files {
        Files::open(folder, most, Floor::new(folder, Some(0))).unwrap()
    }

    #[test]
    fn an_upload_that_broke_at_99_of_100_bytes_goes_on_from_there_also_in_another_process() {
        let folder = tempfile::tempdir().unwrap();
        let scene: Vec<u8> = (0..100).collect();
        let sealed = content_of(&scene);
        assert_eq!(files(folder.path(), 100).take(sealed, (0, 100), &scene[..99]).unwrap(), Have { bytes: 99, whole: false });
        let again = files(folder.path(), 100);
        assert_eq!(again.have(sealed).unwrap(), Have { bytes: 99, whole: false });
        let twice = again.take(sealed, (0, 100), &scene[..99]);
        assert!(matches!(twice, Err(SceneError::Offset { at: 0, have: 99 })), "{twice:?}");
        assert_eq!(again.take(sealed, (99, 100), &scene[99..]).unwrap(), Have { bytes: 100, whole: true });
        assert_eq!(again.take(sealed, (99, 100), &scene[99..]).unwrap(), Have { bytes: 100, whole: true }, "again is no harm");
        assert_eq!(again.read_scene(sealed, 98, 10).unwrap(), (vec![98, 99], 100));
        assert_eq!(again.scenes().unwrap(), [sealed]);
    }

    #[test]
    fn bytes_that_are_not_what_was_announced_are_dropped_and_what_is_too_large_is_not_begun() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path(), 100);
        let sealed = content_of(b"scene");
        assert!(matches!(files.take(sealed, (0, 101), b"s"), Err(SceneError::TooLarge { asked: 101, most: 100 })));
        assert!(matches!(files.take(sealed, (0, 4), b"scene"), Err(SceneError::Part { at: 0, bytes: 5, of: 4 })));
        assert!(matches!(files.take(sealed, (u64::MAX, 4), b"s"), Err(SceneError::Part { .. })));
        assert!(matches!(files.take(sealed, (0, 5), b""), Err(SceneError::Part { .. })));
        files.take(sealed, (0, 5), b"sc").unwrap();
        assert!(matches!(files.take(sealed, (2, 5), b"are"), Err(SceneError::Other)));
        assert_eq!(files.have(sealed).unwrap(), Have::default(), "and begins anew");
        files.take(sealed, (0, 5), b"scene").unwrap();
        files.forget_scene(sealed);
        assert_eq!(files.have(sealed).unwrap(), Have::default());
    }

    #[test]
    fn what_a_disk_below_its_floor_cannot_keep_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let floor = Floor::new(folder.path(), Some(u64::MAX / 2));
        let files = Files::open(folder.path(), 100, floor).unwrap();
        assert!(matches!(files.take(content_of(b"scene"), (0, 5), b"scene"), Err(SceneError::Room(_))));
        assert!(matches!(files.keep(UnitId::new([1; 32]), 0, FrameFile::Sealed, b"f"), Err(SceneError::Room(_))));
    }
}
