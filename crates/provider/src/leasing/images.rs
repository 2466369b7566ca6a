//! Images that tenants push for their leases: OCI archives, each for one lease alone, until it is over.
//!
//! In: parts of an archive, in order. Out: a file that the lease's services find by their image's name, before those that the provider put
//! beside. Bounded: an archive, what it becomes, how many and how much a lease has, and the disk's floor. A name in use by one lease means
//! nothing to another.

use super::desk::{DeskError, ImagePart, ImageTaken};
use depin_files::Floor;
use depin_sandbox::{Name, check_archive};
use sha2::{Digest as _, Sha256};
use std::{
    fs, io,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Most bytes of one archive,
pub const IMAGE_BYTES_MAX: u64 = 2 << 30;
/// of all of a lease,
const LEASE_BYTES_MAX: u64 = 4 << 30;
/// and of what one becomes, unpacked.
const UNPACKED_BYTES_MAX: u64 = 8 << 30;
/// Most images of a lease.
const IMAGES_MAX: usize = 16;
/// Longest name of an image, bytes: with its hash it is the name of a file.
const NAME_BYTES_MAX: usize = 180;
/// The ending of an archive that is not whole yet.
const PART: &str = "part";
/// The ending of one that is.
const WHOLE: &str = "oci";

/// The images of all leases of a provider.
#[derive(Debug)]
pub(super) struct Images {
    folder: PathBuf,
    floor: Floor,
    /// One part is written at a time.
    writing: Mutex<()>,
}

fn failed(error: io::Error) -> DeskError {
    DeskError::Unavailable(format!("the image cannot be kept: {error}"))
}

/// The name of a file for the name of an image: what both have in common comes before a mark that no image's name has.
fn file_name(image: &str) -> String {
    image.replace('/', "_")
}

/// The archive that was pushed for a room under this name.
pub(super) fn find(folder: &Path, room: &Name, image: &str) -> Option<PathBuf> {
    whole_of(&folder.join(room.as_str()), image).pop()
}

/// Archives of an image, the newest last.
fn whole_of(folder: &Path, image: &str) -> Vec<PathBuf> {
    let start = format!("{}~", file_name(image));
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(&start))).map(|e| e.path());
    let mut found: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|ending| ending == WHOLE)).collect();
    found.sort_by_key(|path| fs::metadata(path).and_then(|data| data.modified()).ok());
    found
}

impl Images {
    pub(super) fn new(folder: PathBuf, floor: Floor) -> Self {
        Self { folder, floor, writing: Mutex::default() }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Takes the next part of an archive. The first begins it anew; the last makes it whole, if it is an image.
    pub(super) fn take(&self, room: &Name, part: &ImagePart) -> Result<ImageTaken, DeskError> {
        check_name(&part.image)?;
        let end = part.at.saturating_add(part.bytes.len() as u64);
        if part.of == 0 || part.of > IMAGE_BYTES_MAX || end > part.of || part.bytes.is_empty() {
            return Err(DeskError::Image(format!(
                "bytes {} to {end} of {}: an archive has 1 to {IMAGE_BYTES_MAX} bytes, and its parts lie in it",
                part.at, part.of
            )));
        }
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = self.folder.join(room.as_str());
        depin_files::private_folder(&folder).map_err(failed)?;
        let draft = folder.join(format!("{}~.{PART}", file_name(&part.image)));
        if part.at == 0 {
            let _ = fs::remove_file(&draft);
            self.admit(&folder, part)?;
        }
        let have = fs::metadata(&draft).map_or(0, |data| data.len());
        if have != part.at {
            return Err(DeskError::Image(format!("the next part begins at byte {have}, not at {}; begin again", part.at)));
        }
        self.floor.admit(part.bytes.len() as u64).map_err(|error| DeskError::Unavailable(error.to_string()))?;
        let mut file = fs::OpenOptions::new().create(true).append(true).open(&draft).map_err(failed)?;
        depin_files::private_file(&draft).map_err(failed)?;
        file.write_all(&part.bytes).map_err(failed)?;
        if end < part.of {
            return Ok(ImageTaken { have: end, whole: false });
        }
        file.sync_all().map_err(failed)?;
        finish(&folder, &draft, &part.image)?;
        Ok(ImageTaken { have: end, whole: true })
    }

    /// Whether a lease may have one more archive of this size.
    fn admit(&self, folder: &Path, part: &ImagePart) -> Result<(), DeskError> {
        let start = format!("{}~", file_name(&part.image));
        let (mut others, mut bytes) = (0, 0_u64);
        for entry in fs::read_dir(folder).map_err(failed)?.flatten() {
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(&start)) {
                continue;
            }
            others += 1;
            bytes = bytes.saturating_add(entry.metadata().map_or(0, |data| data.len()));
        }
        if others >= IMAGES_MAX || bytes.saturating_add(part.of) > LEASE_BYTES_MAX {
            return Err(DeskError::Image(format!(
                "the lease has {others} other images of {bytes} bytes; {IMAGES_MAX} of {LEASE_BYTES_MAX} bytes in all are the most"
            )));
        }
        Ok(())
    }

    /// Removes what was pushed for a room.
    pub(super) fn remove(&self, room: &Name) -> io::Result<()> {
        match fs::remove_dir_all(self.folder.join(room.as_str())) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Rooms for which anything was pushed.
    pub(super) fn rooms(&self) -> Vec<Name> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries.filter_map(|entry| Name::new(entry.file_name().to_str()?).ok()).collect()
    }
}

/// A name as engines have it: `localhost/web:1`.
fn check_name(image: &str) -> Result<(), DeskError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/:@".contains(&byte);
    if image.is_empty() || image.len() > NAME_BYTES_MAX || image.starts_with('.') || !image.bytes().all(fits) {
        let most = format!("an image's name has 1 to {NAME_BYTES_MAX} letters, digits and . _ - / : @, as localhost/web:1");
        return Err(DeskError::Image(most));
    }
    Ok(())
}

/// Judges an archive that is whole, and puts it under its name and hash in place of those before it: another hash is another image to
/// whoever runs it.
fn finish(folder: &Path, draft: &Path, image: &str) -> Result<(), DeskError> {
    if let Err(why) = check_archive(draft, UNPACKED_BYTES_MAX) {
        let _ = fs::remove_file(draft);
        return Err(DeskError::Image(format!("this is no image that can be run: {why}")));
    }
    let before = whole_of(folder, image);
    let mut hash = Sha256::new();
    let mut file = fs::File::open(draft).map_err(failed)?;
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece).map_err(failed)? {
            0 => break,
            read => hash.update(&piece[..read]),
        }
    }
    let place = folder.join(format!("{}~{}.{WHOLE}", file_name(image), &hex::encode(hash.finalize())[..32]));
    fs::rename(draft, &place).map_err(failed)?;
    depin_files::sync_folder(folder).map_err(failed)?;
    for old in before.into_iter().filter(|old| *old != place) {
        fs::remove_file(old).map_err(failed)?;
    }
    Ok(())
}
