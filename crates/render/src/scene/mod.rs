//! Scenes as files: taken from an artist's disk, packed into one form, and taken apart again where they are rendered.
//!
//! In: a `.blend`, a Mitsuba `.xml`, or a `.zip` of a folder with one of them and what it names, or with a [task](crate::Task). Out: the *packed* scene, a zip whose bytes
//! are hashed, sealed and sent; and back, in a folder, what a renderer reads. Both ways go through the same checks, since both come from
//! strangers: a node trusts its dispatcher as little as a dispatcher its artist. Absent on purpose: what is in the scene; see
//! [`inspect`](crate::inspect).

mod archive;

use crate::{
    engine::EngineKind,
    hash::hash_of,
    task::{TASK_FILE, Task, TaskError},
};
use archive::Entry;
use std::{
    fs::{self, File},
    io::{self, Read as _, Write},
    path::{Path, PathBuf},
};
use tempfile::{NamedTempFile, TempDir};

/// How large a scene may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SceneLimits {
    /// Bytes of the packed scene.
    pub packed_bytes: u64,
    /// Bytes of all files of it.
    pub unpacked_bytes: u64,
    /// How many files it may have.
    pub files: usize,
}

impl Default for SceneLimits {
    fn default() -> Self {
        Self { packed_bytes: 4 << 30, unpacked_bytes: 8 << 30, files: 10_000 }
    }
}

/// Why a file is no scene, or none that is taken.
#[derive(Debug, thiserror::Error)]
pub enum SceneError {
    /// Neither of the kinds.
    #[error(
        "{file} is no scene: give a .blend of Blender, a .xml of Mitsuba, or a .zip of a folder with one of them or with the task.json of a task"
    )]
    Kind {
        /// The file.
        file: String,
    },
    /// There is no scene in it.
    #[error("the zip holds neither a .blend nor a .xml, and no task.json at its top")]
    NoMain,
    /// There are several.
    #[error("the zip holds {} and {}: leave the one to render at the top of the zip, and the others in folders", first, second)]
    Several {
        /// One.
        first: String,
        /// Another.
        second: String,
    },
    /// A name that leads somewhere else, or that no machine would take.
    #[error("the zip holds \"{name}\", which {why}; nothing of it was unpacked")]
    Name {
        /// The name, as far as it can be shown.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Too many bytes come out of it.
    #[error("the scene holds more than {most} bytes unpacked")]
    TooLarge {
        /// How many may.
        most: u64,
    },
    /// The packed form is too large.
    #[error("the packed scene has more than {most} bytes")]
    PackedTooLarge {
        /// How many may.
        most: u64,
    },
    /// Too many files.
    #[error("the scene holds more than {most} files")]
    TooMany {
        /// How many may.
        most: usize,
    },
    /// A task that is none.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// No zip, or a broken one.
    #[error("the zip cannot be read: {why}")]
    Zip {
        /// What the reader says.
        why: String,
    },
    /// The file system's.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl SceneError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}

/// A scene, packed: what is hashed, sealed and sent.
#[derive(Debug)]
pub struct Scene {
    engine: EngineKind,
    main: String,
    task: Option<Task>,
    packed: NamedTempFile,
    bytes: u64,
    hash: [u8; 32],
}

impl Scene {
    /// Takes a `.blend`, a `.xml`, or a `.zip` and packs it into a file in `scratch`, which is gone with this.
    ///
    /// # Errors
    /// [`SceneError`]; then nothing is left.
    pub fn open(path: &Path, scratch: &Path, limits: SceneLimits) -> Result<Self, SceneError> {
        let extension = path.extension().and_then(|word| word.to_str()).map(str::to_ascii_lowercase);
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let packed = NamedTempFile::new_in(scratch).map_err(SceneError::io(scratch))?;
        let source = File::open(path).map_err(SceneError::io(path))?;
        match extension.as_deref() {
            Some("blend" | "xml") => {
                archive::check_name(name)?;
                archive::pack_one(name, source, packed.as_file(), limits)?;
            }
            Some("zip") => archive::repack(source, packed.as_file(), limits)?,
            _ => return Err(SceneError::Kind { file: path.display().to_string() }),
        }
        Self::of_packed(packed, limits)
    }

    fn of_packed(packed: NamedTempFile, limits: SceneLimits) -> Result<Self, SceneError> {
        let path = packed.path();
        let mut archive = archive::read(File::open(path).map_err(SceneError::io(path))?, limits)?;
        let (engine, main) = main_of(&archive.entries)?;
        archive.check_main(&main, engine)?;
        let task = archive.task(engine)?;
        let mut file = File::open(path).map_err(SceneError::io(path))?;
        let (hash, bytes) = hash_of(&mut file).map_err(SceneError::io(path))?;
        if bytes > limits.packed_bytes {
            return Err(SceneError::PackedTooLarge { most: limits.packed_bytes });
        }
        Ok(Self { engine, main, task, packed, bytes, hash })
    }

    /// What renders it.
    pub const fn engine(&self) -> EngineKind {
        self.engine
    }

    /// The name of the file that is rendered, within the scene.
    pub fn main(&self) -> &str {
        &self.main
    }

    /// What it is as a task; none of a scene.
    pub const fn task(&self) -> Option<&Task> {
        self.task.as_ref()
    }

    /// Where its packed bytes stand.
    pub fn path(&self) -> &Path {
        self.packed.path()
    }

    /// How many there are.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Their SHA-256: the job's `scene`.
    pub const fn hash(&self) -> [u8; 32] {
        self.hash
    }
}

/// A scene in a folder of its own, where a renderer reads it. Dropped, the folder is gone.
#[derive(Debug)]
pub struct Unpacked {
    engine: EngineKind,
    main: PathBuf,
    task: Option<Task>,
    folder: TempDir,
}

impl Unpacked {
    /// Unpacks a packed scene into a new folder in `scratch`.
    ///
    /// # Errors
    /// [`SceneError`]; then nothing is left, and nothing was written outside of that folder.
    pub fn new(packed: &Path, scratch: &Path, limits: SceneLimits) -> Result<Self, SceneError> {
        let size = fs::metadata(packed).map_err(SceneError::io(packed))?.len();
        if size > limits.packed_bytes {
            return Err(SceneError::PackedTooLarge { most: limits.packed_bytes });
        }
        let mut archive = archive::read(File::open(packed).map_err(SceneError::io(packed))?, limits)?;
        let (engine, main) = main_of(&archive.entries)?;
        archive.check_main(&main, engine)?;
        let task = archive.task(engine)?;
        let folder = tempfile::Builder::new().prefix("scene-").tempdir_in(scratch).map_err(SceneError::io(scratch))?;
        archive.unpack(folder.path(), limits)?;
        Ok(Self { engine, main: main.into(), task, folder })
    }

    /// What renders it.
    pub const fn engine(&self) -> EngineKind {
        self.engine
    }

    /// What it is as a task; none of a scene.
    pub const fn task(&self) -> Option<&Task> {
        self.task.as_ref()
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The file that is rendered, within the folder.
    pub fn main(&self) -> &Path {
        &self.main
    }
}

/// The file that is run or rendered: a `task.json` at the top, else the one `.blend`, else the one `.xml`, at the top; or the only one anywhere.
fn main_of(entries: &[Entry]) -> Result<(EngineKind, String), SceneError> {
    if entries.iter().any(|entry| entry.name == TASK_FILE) {
        return Ok((EngineKind::Python, TASK_FILE.to_owned()));
    }
    for (engine, extension) in [(EngineKind::Blender, "blend"), (EngineKind::Mitsuba, "xml")] {
        let is_one = |name: &&str| Path::new(name).extension().is_some_and(|found| found.eq_ignore_ascii_case(extension));
        let all: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).filter(is_one).collect();
        let top: Vec<&str> = all.iter().filter(|name| !name.contains('/')).copied().collect();
        match (top.as_slice(), all.as_slice()) {
            ([], []) => {}
            ([one], _) | ([], [one]) => return Ok((engine, (*one).to_owned())),
            ([first, second, ..], _) | ([], [first, second, ..]) => {
                return Err(SceneError::Several { first: (*first).to_owned(), second: (*second).to_owned() });
            }
        }
    }
    Err(SceneError::NoMain)
}

/// Copies at most `most` bytes; more are an error.
fn copy_bounded(from: &mut impl io::Read, to: &mut impl Write, most: u64) -> io::Result<Option<u64>> {
    let copied = io::copy(&mut from.take(most.saturating_add(1)), to)?;
    Ok((copied <= most).then_some(copied))
}

#[cfg(test)]
mod tests;
