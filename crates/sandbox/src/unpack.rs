//! Unpacks OCI archives into a folder, layer by layer, without an engine. An image is a stranger's: nothing of it is trusted.
//!
//! In: an archive and an empty folder. Out: the files in it, and what the image says about running them. Blobs are held against their
//! digests. Every path is resolved by the kernel as if the folder were the root of the file system, so that no link, absolute path or
//! `..` leads out. Devices are left out, rights of others' users are dropped, and sizes are bounded.

use crate::archive::{DOCUMENT_BYTES_MAX, is_blob, refused};
use flate2::read::MultiGzDecoder;
use oci_spec::image::{Descriptor, ImageConfiguration, ImageIndex, ImageManifest, MediaType};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags};
use sha2::{Digest as _, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, BufReader, Read, Seek as _, SeekFrom},
    os::{
        fd::{AsFd as _, AsRawFd as _, OwnedFd},
        unix::fs::PermissionsExt as _,
    },
    path::{Path, PathBuf},
};
use tar::{Archive, Entry, EntryType};

/// Most layers of an image: what engines take.
const LAYERS_MAX: usize = 127;
/// Most files of an image.
const ENTRIES_MAX: usize = 1_000_000;
/// Longest path in an image.
const PATH_BYTES_MAX: usize = 4096;

/// What an image says about running it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ImageSettings {
    pub(crate) entrypoint: Vec<String>,
    pub(crate) command: Vec<String>,
    pub(crate) env: Vec<String>,
    pub(crate) folder: String,
}

/// How files are unpacked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Whose they become; none leaves them with this process.
    pub(crate) owner: Option<u32>,
    /// Most bytes of all layers, unpacked.
    pub(crate) bytes_max: u64,
}

/// Unpacks an archive of one image into an empty folder.
pub(crate) fn unpack(archive: &Path, root: &Path, rules: Rules) -> io::Result<ImageSettings> {
    let mut blobs = Blobs::open(archive)?;
    let (manifest, config) = blobs.image()?;
    let mut tree = Tree::open(root, rules)?;
    for layer in manifest.layers() {
        blobs.layer(layer, &mut |layer| tree.add(layer))?;
    }
    let inner = config.config().clone().unwrap_or_default();
    Ok(ImageSettings {
        entrypoint: inner.entrypoint().clone().unwrap_or_default(),
        command: inner.cmd().clone().unwrap_or_default(),
        env: inner.env().clone().unwrap_or_default(),
        folder: inner.working_dir().clone().filter(|folder| folder.starts_with('/')).unwrap_or_else(|| "/".into()),
    })
}

/// Holds an archive before an engine takes it: its digests, how many files it has, and how much its layers become. Nothing is written.
///
/// - Errors: what is wrong with it, in words for whoever made it.
pub fn check_archive(archive: &Path, bytes_max: u64) -> io::Result<()> {
    let mut blobs = Blobs::open(archive)?;
    let (manifest, _) = blobs.image()?;
    let (mut entries, mut bytes) = (0, 0_u64);
    for layer in manifest.layers() {
        blobs.layer(layer, &mut |layer| {
            // What is between files, and after the last one, counts as well.
            let mut layer = layer.take(bytes_max.saturating_add(1));
            for entry in Archive::new(&mut layer).entries()? {
                entries += 1;
                bytes = bytes.saturating_add(entry?.size());
                if entries > ENTRIES_MAX {
                    return Err(refused(format!("it has more than {ENTRIES_MAX} files")));
                }
                if bytes > bytes_max {
                    break;
                }
            }
            if bytes <= bytes_max {
                io::copy(&mut layer, &mut io::sink())?;
            }
            if bytes > bytes_max || layer.limit() == 0 {
                return Err(refused(format!("unpacked it is more than {bytes_max} bytes")));
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// The blobs of an archive, by digest.
struct Blobs {
    file: File,
    index: Vec<u8>,
    /// Where each begins, and its bytes.
    places: BTreeMap<String, (u64, u64)>,
}

impl Blobs {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let mut archive = Archive::new(BufReader::new(file.try_clone()?));
        let (mut index, mut places) = (Vec::new(), BTreeMap::new());
        for entry in archive.entries()? {
            let mut entry = entry?;
            if entry.header().entry_type() != EntryType::Regular {
                continue;
            }
            let name = String::from_utf8_lossy(&entry.path_bytes()).trim_start_matches("./").to_owned();
            if name == "index.json" {
                index.clear();
                (&mut entry).take(DOCUMENT_BYTES_MAX).read_to_end(&mut index)?;
            } else if is_blob(&name) {
                places.insert(name["blobs/sha256/".len()..].to_owned(), (entry.raw_file_position(), entry.size()));
            }
        }
        if index.is_empty() {
            return Err(refused("it is no OCI archive: it has no index.json; make one by `podman save --format oci-archive`"));
        }
        Ok(Self { file, index, places })
    }

    /// The one image in it: what it consists of, and what it says about running it.
    fn image(&mut self) -> io::Result<(ImageManifest, ImageConfiguration)> {
        let index =
            ImageIndex::from_reader(self.index.as_slice()).map_err(|error| refused(format!("its index.json: {error}")))?;
        let [manifest] = index.manifests().as_slice() else {
            return Err(refused(format!("it holds {} images; an archive for a service holds one", index.manifests().len())));
        };
        let manifest = ImageManifest::from_reader(self.document(manifest)?.as_slice())
            .map_err(|error| refused(format!("its manifest: {error}")))?;
        let config = self.document(manifest.config())?;
        let config =
            ImageConfiguration::from_reader(config.as_slice()).map_err(|error| refused(format!("its configuration: {error}")))?;
        if manifest.layers().len() > LAYERS_MAX {
            return Err(refused(format!("it has {} layers, at most {LAYERS_MAX} are taken", manifest.layers().len())));
        }
        Ok((manifest, config))
    }

    /// A blob as it is, hashed while it is read.
    fn read(&mut self, descriptor: &Descriptor) -> io::Result<(String, Hashing<io::Take<File>>)> {
        let digest = descriptor.digest().to_string();
        let Some(hex) = digest.strip_prefix("sha256:") else {
            return Err(refused(format!("blob {digest} is named by something else than SHA-256")));
        };
        let Some((at, bytes)) = self.places.get(hex).copied() else { return Err(refused(format!("blob {digest} is not in it"))) };
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(at))?;
        Ok((hex.to_owned(), Hashing { inner: file.take(bytes), hash: Sha256::new() }))
    }

    fn document(&mut self, descriptor: &Descriptor) -> io::Result<Vec<u8>> {
        let (digest, mut blob) = self.read(descriptor)?;
        let mut text = Vec::new();
        (&mut blob).take(DOCUMENT_BYTES_MAX).read_to_end(&mut text)?;
        blob.finish(&digest)?;
        Ok(text)
    }

    /// Hands a layer's files on, decompressed, and holds the blob against its digest.
    fn layer(&mut self, descriptor: &Descriptor, take: &mut dyn FnMut(&mut dyn Read) -> io::Result<()>) -> io::Result<()> {
        let (digest, mut blob) = self.read(descriptor)?;
        let media = match descriptor.media_type() {
            MediaType::ImageLayer => "tar".to_owned(),
            MediaType::ImageLayerGzip => "gzip".to_owned(),
            MediaType::ImageLayerZstd => "zstd".to_owned(),
            other => other.to_string(),
        };
        match media.as_str() {
            "tar" => take(&mut blob)?,
            "gzip" | "application/vnd.docker.image.rootfs.diff.tar.gzip" => take(&mut MultiGzDecoder::new(&mut blob))?,
            "zstd" => take(&mut zstd::Decoder::new(&mut blob)?)?,
            _ => return Err(refused(format!("a layer is `{media}`; tar, gzip and zstd are known"))),
        }
        blob.finish(&digest)
    }
}

/// Hashes what is read through it.
struct Hashing<R> {
    inner: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.update(&buffer[..read]);
        Ok(read)
    }
}

impl<R: Read> Hashing<R> {
    /// Reads the rest, and holds the whole against the digest.
    fn finish(mut self, digest: &str) -> io::Result<()> {
        io::copy(&mut self, &mut io::sink())?;
        let found = hex::encode(self.hash.finalize());
        if found == digest {
            Ok(())
        } else {
            Err(refused(format!("blob sha256:{digest} has other bytes: its digest is {found}")))
        }
    }
}

/// A folder that layers are put on, as a root of its own.
pub(crate) struct Tree {
    root: OwnedFd,
    rules: Rules,
    bytes: u64,
    entries: usize,
}

impl Tree {
    pub(crate) fn open(root: &Path, rules: Rules) -> io::Result<Self> {
        let root = rustix::fs::openat(CWD, root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self { root, rules, bytes: 0, entries: 0 })
    }

    /// Puts a layer on what is there: files replace files, whiteouts remove what lower layers brought.
    pub(crate) fn add(&mut self, layer: &mut dyn Read) -> io::Result<()> {
        let mut archive = Archive::new(layer);
        // What this layer brought itself is not removed by its own whiteouts, wherever these stand.
        let mut brought = BTreeSet::new();
        for entry in archive.entries()? {
            let mut entry = entry?;
            self.entries += 1;
            if self.entries > ENTRIES_MAX {
                return Err(refused(format!("it has more than {ENTRIES_MAX} files")));
            }
            let Some(path) = clean(&entry.path_bytes())? else { continue };
            self.add_entry(&mut entry, &path, &mut brought)?;
        }
        Ok(())
    }

    fn add_entry(&mut self, entry: &mut Entry<'_, impl Read>, path: &Path, brought: &mut BTreeSet<PathBuf>) -> io::Result<()> {
        let (Some(name), parent) = (path.file_name(), path.parent().unwrap_or(Path::new(""))) else { return Ok(()) };
        let name = name.to_str().ok_or_else(|| refused("a name of a file is no text"))?;
        if let Some(hidden) = name.strip_prefix(".wh.") {
            return self.whiteout(parent, hidden, brought);
        }
        let folder = self.folder(parent)?;
        let kind = entry.header().entry_type();
        let is_folder = rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode).is_dir());
        if !(is_folder && kind.is_dir()) {
            remove(&folder, name)?;
        }
        // Bits that change users mean nothing where every file is of one user.
        let mode = Mode::from_raw_mode(entry.header().mode()? & 0o1777);
        match kind {
            EntryType::Directory => {
                if !is_folder {
                    rustix::fs::mkdirat(&folder, name, Mode::RWXU)?;
                }
            }
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let mut file = File::from(rustix::fs::openat(&folder, name, flags, Mode::RUSR | Mode::WUSR)?);
                self.bytes = self
                    .bytes
                    .saturating_add(io::copy(&mut entry.take(self.rules.bytes_max.saturating_sub(self.bytes) + 1), &mut file)?);
                if self.bytes > self.rules.bytes_max {
                    return Err(refused(format!("unpacked it is more than {} bytes", self.rules.bytes_max)));
                }
            }
            EntryType::Symlink => {
                let target = link_target(entry)?;
                rustix::fs::symlinkat(target.as_slice(), &folder, name)?;
            }
            EntryType::Link => return self.hard_link(entry, &folder, name, path, brought),
            // Devices and pipes: a container has its own devices, and pipes are made by who uses them.
            _ => return Ok(()),
        }
        self.settle(&folder, name, kind, mode)?;
        brought.insert(path.to_owned());
        Ok(())
    }

    fn hard_link(
        &self,
        entry: &Entry<'_, impl Read>,
        folder: &OwnedFd,
        name: &str,
        path: &Path,
        brought: &mut BTreeSet<PathBuf>,
    ) -> io::Result<()> {
        let Some(target) = clean(&link_target(entry)?)? else { return Err(refused("a hard link leads to the root")) };
        let (Some(file), parent) = (target.file_name(), target.parent().unwrap_or(Path::new(""))) else { return Ok(()) };
        let missing = |_| refused(format!("a hard link leads to {}, which is not there", target.display()));
        let from = self.resolve(parent).map_err(missing)?;
        rustix::fs::linkat(&from, file, folder, name, AtFlags::empty()).map_err(|error| missing(error.into()))?;
        brought.insert(path.to_owned());
        Ok(())
    }

    /// Owner and rights of what was just made; a link has none.
    fn settle(&self, folder: &OwnedFd, name: &str, kind: EntryType, mode: Mode) -> io::Result<()> {
        if let Some(owner) = self.rules.owner {
            let (uid, gid) = (rustix::fs::Uid::from_raw(owner), rustix::fs::Gid::from_raw(owner));
            rustix::fs::chownat(folder, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
        }
        if kind != EntryType::Symlink {
            // It was made here a moment ago, and is no link: nothing else writes into this folder.
            rustix::fs::chmodat(folder, name, mode, AtFlags::empty())?;
        }
        Ok(())
    }

    fn whiteout(&self, parent: &Path, hidden: &str, brought: &BTreeSet<PathBuf>) -> io::Result<()> {
        // Whoever hides something in a folder that is not there hides nothing.
        let Ok(folder) = self.resolve(parent) else { return Ok(()) };
        if hidden != ".wh..opq" {
            if hidden.is_empty() || hidden == "." || hidden == ".." {
                return Err(refused(format!("it removes `{hidden}`, which is no name of a file")));
            }
            return if brought.contains(&parent.join(hidden)) { Ok(()) } else { remove(&folder, hidden) };
        }
        let listed = rustix::fs::openat(&folder, ".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        for entry in rustix::fs::Dir::read_from(&listed)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else { return Err(refused("a name of a file is no text")) };
            let is_kept = brought.iter().any(|path| path.starts_with(parent.join(name)));
            if name != "." && name != ".." && !is_kept {
                remove(&folder, name)?;
            }
        }
        Ok(())
    }

    /// A folder to mount something at, made with all above it where they are missing.
    ///
    /// - Errors: a link or a file on the way, since what is mounted there would stand somewhere else.
    pub(crate) fn plain_folder(&self, path: &Path) -> io::Result<OwnedFd> {
        let mut at = rustix::fs::openat(&self.root, ".", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        for part in path.components() {
            let name = part.as_os_str().to_str().ok_or_else(|| refused("a name of a file is no text"))?;
            if rustix::fs::mkdirat(&at, name, Mode::RWXU).is_ok() {
                self.settle(&at, name, EntryType::Directory, Mode::from_raw_mode(0o755))?;
            }
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let next = rustix::fs::openat(&at, name, flags, Mode::empty());
            at = next.map_err(|_| {
                refused(format!("`{name}` on the way to /{} is a link or a file in the image; mount elsewhere", path.display()))
            })?;
        }
        Ok(at)
    }

    /// An empty file to mount another at; a link gives way to it.
    pub(crate) fn plain_file(&self, folder: &Path, name: &str) -> io::Result<()> {
        let folder = self.plain_folder(folder)?;
        let is_file = rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode).is_file());
        if is_file {
            return Ok(());
        }
        remove(&folder, name)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(&folder, name, flags, Mode::RUSR | Mode::WUSR)?;
        self.settle(&folder, name, EntryType::Regular, Mode::from_raw_mode(0o644))
    }

    /// A folder that is there, found as if ours were the root of the file system.
    fn resolve(&self, path: &Path) -> io::Result<OwnedFd> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let how = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        Ok(rustix::fs::openat2(&self.root, path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty(), how)?)
    }

    /// A folder, made with all above it where they are missing.
    fn folder(&self, path: &Path) -> io::Result<OwnedFd> {
        if let Ok(folder) = self.resolve(path) {
            return Ok(folder);
        }
        let (Some(name), Some(parent)) = (path.file_name(), path.parent()) else { return self.resolve(path) };
        let above = self.folder(parent)?;
        // A file, or a link that leads nowhere, gives way to the folder that stands where it is.
        remove(&above, name.to_str().ok_or_else(|| refused("a name of a file is no text"))?)?;
        rustix::fs::mkdirat(&above, name, Mode::RWXU)?;
        if let Some(name) = name.to_str() {
            self.settle(&above, name, EntryType::Directory, Mode::from_raw_mode(0o755))?;
        }
        self.resolve(path)
    }
}

/// A path of the archive below the root; none for the root itself.
fn clean(bytes: &[u8]) -> io::Result<Option<PathBuf>> {
    let path = std::str::from_utf8(bytes).map_err(|_| refused("a name of a file is no text"))?;
    if path.len() > PATH_BYTES_MAX || path.contains('\0') {
        return Err(refused(format!("a path is longer than {PATH_BYTES_MAX} bytes, or has a zero byte")));
    }
    let mut clean = PathBuf::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err(refused(format!("the path `{path}` leads out of the image"))),
            part => clean.push(part),
        }
    }
    Ok((!clean.as_os_str().is_empty()).then_some(clean))
}

fn link_target(entry: &Entry<'_, impl Read>) -> io::Result<Vec<u8>> {
    let target = entry.link_name_bytes().map(|target| target.into_owned()).unwrap_or_default();
    if target.is_empty() || target.len() > PATH_BYTES_MAX || target.contains(&0) {
        return Err(refused("a link leads to nothing, or to a path that is too long"));
    }
    Ok(target)
}

/// Removes what has a name in a folder, whatever it is; links are removed, not followed.
fn remove(folder: &OwnedFd, name: &str) -> io::Result<()> {
    match rustix::fs::unlinkat(folder, name, AtFlags::empty()) {
        Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(()),
        Err(rustix::io::Errno::ISDIR | rustix::io::Errno::PERM) => {
            // The library's walk opens every folder without following links.
            let path = Path::new("/proc/self/fd").join(folder.as_fd().as_raw_fd().to_string()).join(name);
            let _ = std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700));
            std::fs::remove_dir_all(path)
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{fs, process::Command};
    use tar::{Builder, Header};

    #[derive(Clone, Debug)]
    enum Piece {
        File(String),
        Folder(String),
        Symlink(String, String),
        Hard(String, String),
    }

    /// A layer with names as they are: the library's own checks are for honest writers.
    fn layer(pieces: &[Piece]) -> Vec<u8> {
        let mut builder = Builder::new(Vec::new());
        for piece in pieces {
            let (kind, path, target, text) = match piece {
                Piece::File(path) => (EntryType::Regular, path, "", "text"),
                Piece::Folder(path) => (EntryType::Directory, path, "", ""),
                Piece::Symlink(path, target) => (EntryType::Symlink, path, target.as_str(), ""),
                Piece::Hard(path, target) => (EntryType::Link, path, target.as_str(), ""),
            };
            let mut header = Header::new_gnu();
            header.set_entry_type(kind);
            header.set_mode(0o4755);
            header.set_size(text.len() as u64);
            header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
            header.as_gnu_mut().unwrap().linkname[..target.len()].copy_from_slice(target.as_bytes());
            header.set_cksum();
            builder.append(&header, text.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn file(path: &str) -> Piece {
        Piece::File(path.into())
    }
    fn link(path: &str, target: &str) -> Piece {
        Piece::Symlink(path.into(), target.into())
    }

    const RULES: Rules = Rules { owner: None, bytes_max: 1 << 20 };

    /// A folder beside others that nobody may touch.
    struct Place {
        above: tempfile::TempDir,
    }

    impl Place {
        fn new() -> Self {
            let above = tempfile::tempdir().unwrap();
            fs::create_dir_all(above.path().join("outside/a")).unwrap();
            fs::write(above.path().join("outside/b"), "secret").unwrap();
            fs::create_dir(above.path().join("root")).unwrap();
            Self { above }
        }
        fn root(&self) -> PathBuf {
            self.above.path().join("root")
        }
        fn add(&self, layers: &[&[Piece]]) -> io::Result<()> {
            let mut tree = Tree::open(&self.root(), RULES)?;
            layers.iter().try_for_each(|pieces| tree.add(&mut layer(pieces).as_slice()))
        }
        fn assert_untouched(&self) {
            let seen = Command::new("find")
                .arg(self.above.path())
                .args(["-path", "*/root/*", "-prune", "-o", "-printf", "%P %n\n"])
                .output()
                .unwrap();
            let mut lines: Vec<_> = String::from_utf8(seen.stdout).unwrap().lines().map(str::to_owned).collect();
            lines.sort();
            let names: Vec<_> = lines.iter().map(|line| line.split(' ').next().unwrap()).collect();
            assert_eq!(names, ["", "outside", "outside/a", "outside/b", "root"], "{lines:?}");
            assert!(lines.contains(&"outside/b 1".to_owned()), "a link to it was made: {lines:?}");
            assert_eq!(fs::read_to_string(self.above.path().join("outside/b")).unwrap(), "secret");
        }
        fn has(&self, path: &str) -> bool {
            self.root().join(path).symlink_metadata().is_ok()
        }
    }

    #[test]
    fn links_lead_within_the_image_and_paths_out_of_it_are_refused() {
        let place = Place::new();
        place
            .add(&[
                &[link("etc", "/usr/etc"), file("usr/etc/x"), link("up", "../../outside")],
                &[file("etc/y"), file("/abs"), file("up/z")],
            ])
            .unwrap();
        assert!(place.has("usr/etc/y"), "as a root of its own, /usr/etc is inside");
        assert!(place.has("abs") && place.has("up/z"));
        for bad in ["../outside/b", "a/../../outside/b", "..", "x/.."] {
            let error = place.add(&[&[file(bad)]]).unwrap_err().to_string();
            assert!(error.contains("leads out of the image"), "{bad}: {error}");
        }
        for bad in ["../outside/b", "/../outside/b"] {
            assert!(place.add(&[&[Piece::Hard("h".into(), bad.into())]]).is_err(), "{bad}");
        }
        // A link to the file outside, and a hard link to that link: the link itself is what has two names.
        place.add(&[&[link("l", "../outside/b"), Piece::Hard("h2".into(), "l".into()), file("l")]]).unwrap();
        place.assert_untouched();
    }

    #[test]
    fn whiteouts_remove_what_lower_layers_brought_and_nothing_else() {
        let place = Place::new();
        let lower = [file("a/one"), file("a/two"), file("b/three"), link("out", "../outside")];
        place
            .add(&[&lower, &[file("a/.wh.one"), file("b/four"), file("b/.wh..wh..opq"), file("a/new"), file("a/.wh.new")]])
            .unwrap();
        let left: Vec<bool> = ["a/one", "a/two", "b/three", "b/four", "a/new"].iter().map(|path| place.has(path)).collect();
        assert_eq!(left, [false, true, false, true, true]);
        place.add(&[&[file("out/.wh.b"), file("out/.wh..wh..opq")]]).unwrap();
        for bad in [".wh.", ".wh..", ".wh..."] {
            assert!(place.add(&[&[file(bad)]]).is_err(), "{bad}");
        }
        place.assert_untouched();
    }

    #[test]
    fn rights_that_change_users_are_dropped_and_sizes_are_bounded() {
        let place = Place::new();
        place.add(&[&[file("tool")]]).unwrap();
        assert_eq!(fs::metadata(place.root().join("tool")).unwrap().permissions().mode() & 0o7777, 0o755);
        let mut tree = Tree::open(&place.root(), Rules { owner: None, bytes_max: 5 }).unwrap();
        let error = tree.add(&mut layer(&[file("x"), file("y")]).as_slice()).unwrap_err();
        assert!(error.to_string().contains("more than 5 bytes"), "{error}");
    }

    fn path() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            Just("a"),
            Just("b"),
            Just("l"),
            Just(".."),
            Just("."),
            Just(".wh.a"),
            Just(".wh..wh..opq"),
            Just("outside"),
            Just("")
        ];
        proptest::collection::vec(part, 1..5).prop_map(|parts| parts.join("/"))
    }

    fn piece() -> impl Strategy<Value = Piece> {
        let target =
            prop_oneof![path(), path().prop_map(|path| format!("/{path}")), path().prop_map(|path| format!("../../{path}"))];
        prop_oneof![
            path().prop_map(Piece::File),
            path().prop_map(Piece::Folder),
            (path(), target.clone()).prop_map(|(path, target)| Piece::Symlink(path, target)),
            (path(), target).prop_map(|(path, target)| Piece::Hard(path, target)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        /// Whatever layers say, nothing outside of the folder is changed, read or linked.
        #[test]
        fn no_layer_leads_out(layers in proptest::collection::vec(proptest::collection::vec(piece(), 1..12), 1..4)) {
            let place = Place::new();
            for pieces in &layers {
                let _ = place.add(&[pieces]);
            }
            place.assert_untouched();
        }

        /// Any bytes are a layer or a refusal, never a panic.
        #[test]
        fn any_bytes_are_judged(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
            let place = Place::new();
            let _ = Tree::open(&place.root(), RULES).unwrap().add(&mut bytes.as_slice());
            place.assert_untouched();
        }
    }
}
