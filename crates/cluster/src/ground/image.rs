//! The root of every node: empty folders, the names of root, and links as the machine has them. What is in the folders is the machine's own, mounted
//! to be read; so a node needs no copy of an operating system.

use depin_files::Readers;
use sha2::{Digest as _, Sha256};
use std::{io, path::Path};
use tar::{Builder, EntryType, Header};

/// Folders of programs that may be links into `/usr`.
const MERGED: [&str; 4] = ["/bin", "/lib", "/lib64", "/sbin"];
const FOLDERS: [&str; 13] =
    ["dev", "etc", "etc/alternatives", "home", "proc", "root", "run", "sys", "tmp", "usr", "var", "var/tmp", "work"];
const FILES: [(&str, &str); 3] = [
    ("etc/passwd", "root:x:0:0:root:/work:/bin/sh\n"),
    ("etc/group", "root:x:0:\n"),
    ("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"),
];

/// Folders of this machine that every node reads.
pub(super) fn machine_folders() -> Vec<&'static str> {
    let own = MERGED.into_iter().filter(|folder| Path::new(folder).read_link().is_err());
    ["/usr", "/etc/alternatives"].into_iter().chain(own).filter(|folder| Path::new(folder).is_dir()).collect()
}

/// Writes it as an OCI archive.
pub(super) fn write(path: &Path) -> io::Result<()> {
    let layer = layer()?;
    let diff = digest(&layer);
    let config = serde_json::json!({
        "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }, "os": "linux", "config": {},
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{diff}")] },
    });
    let config = serde_json::to_vec(&config)?;
    let described = |media: &str, blob: &[u8]| {
        let media = format!("application/vnd.oci.image.{media}");
        serde_json::json!({ "mediaType": media, "digest": format!("sha256:{}", digest(blob)), "size": blob.len() })
    };
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": described("config.v1+json", &config), "layers": [described("layer.v1.tar", &layer)],
    });
    let manifest = serde_json::to_vec(&manifest)?;
    let index = serde_json::json!({ "schemaVersion": 2, "manifests": [described("manifest.v1+json", &manifest)] });
    let mut archive = Builder::new(Vec::new());
    add_file(&mut archive, "index.json", &serde_json::to_vec(&index)?)?;
    add_file(&mut archive, "oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
    for blob in [&config, &manifest, &layer] {
        add_file(&mut archive, &format!("blobs/sha256/{}", digest(blob)), blob)?;
    }
    depin_files::replace(path, &archive.into_inner()?, Readers::Owner)
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn header(kind: EntryType, mode: u32, bytes: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(bytes);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}

fn add_file(archive: &mut Builder<Vec<u8>>, path: &str, bytes: &[u8]) -> io::Result<()> {
    archive.append_data(&mut header(EntryType::Regular, 0o644, bytes.len() as u64), path, bytes)
}

fn layer() -> io::Result<Vec<u8>> {
    let mut archive = Builder::new(Vec::new());
    for folder in FOLDERS {
        archive.append_data(&mut header(EntryType::Directory, 0o755, 0), folder, io::empty())?;
    }
    for (path, text) in FILES {
        add_file(&mut archive, path, text.as_bytes())?;
    }
    // How libraries are found that are not where every loader looks.
    match std::fs::read("/etc/ld.so.cache") {
        Ok(cache) => add_file(&mut archive, "etc/ld.so.cache", &cache)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    for folder in MERGED {
        let name = folder.trim_start_matches('/');
        match Path::new(folder).read_link() {
            Ok(target) => archive.append_link(&mut header(EntryType::Symlink, 0o777, 0), name, target)?,
            Err(_) if Path::new(folder).is_dir() => {
                archive.append_data(&mut header(EntryType::Directory, 0o755, 0), name, io::empty())?;
            }
            // Not every machine has all of them.
            Err(_) => {}
        }
    }
    archive.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_is_one_that_the_sandbox_takes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("machine.oci");
        write(&path).unwrap();
        depin_sandbox::check_archive(&path, 1 << 20).unwrap();
        let first = std::fs::read(&path).unwrap();
        write(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), first, "the same machine has the same image");
    }
}
