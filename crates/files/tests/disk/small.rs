//! A small disk of its own, for tests of full ones.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

/// A small disk; none where mounting is not permitted.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one. The folder is where, and must live as long.
    pub fn mount(bytes: u64) -> Option<(tempfile::TempDir, Self)> {
        let folder = tempfile::tempdir().unwrap();
        let (size, path) = (format!("size={bytes}"), folder.path().to_owned());
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&path).output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            eprintln!("NOT TESTED: a real full disk needs leave to mount a tmpfs, which this user lacks; run the tests as root");
            return None;
        }
        Some((folder, Self(path)))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file until the disk takes no more.
    pub fn fill(&self, name: &str) {
        self.fill_but(name, 0);
    }

    /// Writes a file until so many bytes are left.
    pub fn fill_but(&self, name: &str, left: u64) {
        let mut file = File::create(self.0.join(name)).unwrap();
        let block = [7; 64 << 10];
        while self.free() > left && file.write_all(&block).is_ok() {}
    }

    /// Free bytes.
    pub fn free(&self) -> u64 {
        depin_files::Room::of(&self.0).unwrap().free
    }

    /// Removes all files that lie beside folders: those that filled it.
    pub fn clear(&self) {
        for entry in fs::read_dir(&self.0).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                fs::remove_file(path).unwrap();
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
