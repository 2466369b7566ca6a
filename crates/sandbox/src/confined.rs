//! A program of this machine that handles what a stranger sent: it reads the system's programs and what it is given, writes into memory of
//! its own that is gone with it, has no network, and makes none of the system calls that containers may not make.
//!
//! In: the program, its arguments, what it may read, its limits. Out: a command to start; it talks through its three streams. Absent on
//! purpose: images, volumes, ports, users (see [`Workload`](crate::Workload)), and files for it to write on this machine: results come
//! through a stream, so nothing that it writes can be anywhere but in its memory.

use crate::{bwrap::program_filters, error::RuntimeError};
use rustix::fs::{MemfdFlags, memfd_create};
use std::{
    ffi::OsString,
    fs::File,
    io::{Seek as _, Write as _},
    os::fd::{AsRawFd as _, OwnedFd},
    path::{Path, PathBuf},
    process::Stdio,
};
use tokio::process::{Child, Command};

/// What makes confined programs run on a Debian machine.
const INSTALL: &str = "apt-get install --no-install-recommends bubblewrap util-linux";
/// Folders of the system that every program may read, where they are there: programs, libraries, how libraries are found.
const SYSTEM: [&str; 3] = ["/usr", "/etc/alternatives", "/etc/ld.so.cache"];
/// Folders that are links into `/usr` on a machine whose systems are merged; read as they are where they are not.
const MERGED: [&str; 4] = ["/bin", "/lib", "/lib64", "/sbin"];
/// Where it may write.
const SCRATCH: &str = "/tmp";

/// A program to be run confined.
#[derive(Clone, Debug)]
pub struct Confined {
    /// The program, by a path of this machine that it can read: below `/usr`, or below one of `reads`.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Files and folders of this machine that it may read, and where they are inside.
    pub reads: Vec<(PathBuf, PathBuf)>,
    /// Its environment, beside `PATH`, `HOME` and `TMPDIR`.
    pub env: Vec<(String, String)>,
    /// Most bytes of memory that it may have of its own (`RLIMIT_DATA`), what it writes to `/tmp` not counted.
    pub memory_bytes: u64,
    /// Most bytes that it may write to `/tmp`, all files together.
    pub scratch_bytes: u64,
}

impl Confined {
    /// Starts it with its three streams as pipes. Dropped, the child is killed, with everything that it started.
    ///
    /// The kernel also ends it with the thread that calls this: call it from one that stays, as a runtime's own do.
    ///
    /// - Errors: [`RuntimeError::Missing`] with what to install; [`RuntimeError::Failed`] when it cannot be started.
    pub fn start(&self) -> Result<Child, RuntimeError> {
        let [calls, newer] = program_filters()?;
        let filters = [memory_file(&calls)?, memory_file(&newer)?];
        let mut command = Command::new("prlimit");
        command.arg(format!("--data={}", self.memory_bytes)).arg(format!("--fsize={}", self.scratch_bytes)).arg("--core=0");
        command.arg("--").arg("bwrap").args(self.arguments());
        for filter in &filters {
            command.arg("--add-seccomp-fd").arg(filter.as_raw_fd().to_string());
        }
        command.arg("--").arg(&self.program).args(&self.args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command.spawn().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                RuntimeError::Missing { what: "prlimit and bubblewrap".to_owned(), install: INSTALL.to_owned() }
            }
            _ => RuntimeError::failed(format!("starting {}", self.program.display()), error),
        })
    }

    fn arguments(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = Vec::new();
        let mut add = |line: &[&Path]| words.extend(line.iter().map(|word| word.as_os_str().to_owned()));
        let word = Path::new;
        add(&["--unshare-all", "--die-with-parent", "--new-session", "--hostname", "confined", "--clearenv"].map(word));
        add(&["--cap-drop", "ALL"].map(word));
        let basic = [("PATH", "/usr/bin:/bin"), ("HOME", SCRATCH), ("TMPDIR", SCRATCH), ("LANG", "C.UTF-8")];
        for (name, value) in basic.into_iter().chain(self.env.iter().map(|(name, value)| (name.as_str(), value.as_str()))) {
            add(&["--setenv", name, value].map(word));
        }
        for folder in SYSTEM.map(word) {
            add(&[word("--ro-bind-try"), folder, folder]);
        }
        for folder in MERGED.map(word) {
            match folder.read_link() {
                Ok(target) => add(&[word("--symlink"), &target, folder]),
                Err(_) => add(&[word("--ro-bind-try"), folder, folder]),
            }
        }
        // What an administrator put there is none of the program's business.
        add(&["--tmpfs", "/usr/local", "--proc", "/proc", "--dev", "/dev"].map(word));
        add(&["--size", &self.scratch_bytes.to_string(), "--tmpfs", SCRATCH].map(word));
        for (from, to) in &self.reads {
            add(&[word("--ro-bind"), from, to]);
        }
        add(&["--remount-ro", "/dev", "--remount-ro", "/usr/local", "--remount-ro", "/", "--chdir", SCRATCH].map(word));
        words
    }
}

/// A file in memory that a child inherits; the kernel's form of a filter is read from it once.
fn memory_file(bytes: &[u8]) -> Result<OwnedFd, RuntimeError> {
    let failed = |error| RuntimeError::failed("handing a filter of system calls over", error);
    let mut file = File::from(memfd_create("filter", MemfdFlags::empty()).map_err(|error| failed(error.into()))?);
    file.write_all(bytes).and_then(|()| file.rewind()).map_err(failed)?;
    Ok(file.into())
}
