//! Processes of sandboxes: bubblewrap outside, its child inside, the program; whether they live, and their end.

use super::BwrapRuntime;
use crate::{error::RuntimeError, names::InstanceId};
use std::{fs, path::Path, time::Duration};

impl BwrapRuntime {
    /// The number of a process of a sandbox: bubblewrap outside, its child inside, and its child, the program.
    pub(super) fn program(&self, id: &InstanceId) -> Option<rustix::process::Pid> {
        let outer = fs::read_to_string(self.place(id).join("pid")).ok()?.trim().parse().ok()?;
        let child = |pid: i32| {
            fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?.split_whitespace().next()?.parse().ok()
        };
        rustix::process::Pid::from_raw(child(child(outer)?)?)
    }

    pub(super) fn is_alive(&self, id: &InstanceId) -> bool {
        let Ok(pid) = fs::read_to_string(self.place(id).join("pid")) else { return false };
        // A number that another program has by now has another command line.
        let line = fs::read(format!("/proc/{}/cmdline", pid.trim())).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&*self.place(id).to_string_lossy())
            || line.windows(5).any(|word| word == b"bwrap")
    }

    /// Kills everybody of an instance.
    pub(super) async fn kill(&self, id: &InstanceId) -> Result<(), RuntimeError> {
        if self.is_root {
            self.group(id).kill().await?;
            // What its monitor writes at last must not stand in the folder of the next start.
            if self.place(id).join("pid").exists() {
                written(&self.place(id).join("exit")).await;
            }
            return Ok(());
        }
        let outer = fs::read_to_string(self.place(id).join("pid")).ok().and_then(|text| text.trim().parse().ok());
        if let Some(pid) = outer.and_then(rustix::process::Pid::from_raw)
            && self.is_alive(id)
        {
            // With it end all others: they die with their parent, and the first of their namespace.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            written(&self.place(id).join("exit")).await;
        }
        Ok(())
    }
}

/// Whether a file is there, now or in a moment.
pub(super) async fn written(path: &Path) -> bool {
    for _ in 0..50 {
        if path.exists() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}
