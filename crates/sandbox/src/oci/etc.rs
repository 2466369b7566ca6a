//! What is bound over the files that Podman makes for a container: names, resolvers, the mark of a container. Podman's own are writable
//! where the root is, lie on the provider's disk, and count nowhere; these are read-only.

use crate::{
    error::RuntimeError,
    names::{InstanceId, Name},
    slots::Slot,
    workload::Network,
};
use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

/// Where each file is seen, by its name here.
const PLACES: [(&str, &str); 4] = [
    ("hosts", "/etc/hosts"),
    ("resolv.conf", "/etc/resolv.conf"),
    ("hostname", "/etc/hostname"),
    ("containerenv", "/run/.containerenv"),
];

/// The folder of these files of one provider.
#[derive(Clone, Debug)]
pub(super) struct Etc {
    folder: PathBuf,
}

impl Etc {
    pub(super) fn new(state: &Path, provider: &Name) -> Self {
        Self { folder: state.join("etc").join(provider.as_str()) }
    }

    fn place(&self, id: &InstanceId) -> PathBuf {
        self.folder.join(id.room.as_str()).join(format!("{}_{}", id.service, id.replica))
    }

    /// Writes them for an instance; gives what to bind, as `FROM:TO:ro`.
    pub(super) fn make(&self, id: &InstanceId, slot: Slot, network: Network) -> Result<Vec<String>, RuntimeError> {
        let place = self.place(id);
        let failed = |error: io::Error| RuntimeError::failed(format!("making {}", place.display()), error);
        fs::create_dir_all(&place).map_err(failed)?;
        // Paths in binds are whole.
        let place = place.canonicalize().map_err(failed)?;
        let mut binds = Vec::new();
        for (name, seen) in PLACES {
            let path = place.join(name);
            fs::write(&path, text(name, id, slot, network)).map_err(failed)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).map_err(failed)?;
            binds.push(format!("{}:{seen}:ro", path.display()));
        }
        Ok(binds)
    }

    /// Removes those of an instance, and the folder of its room with the last.
    pub(super) fn remove(&self, id: &InstanceId) -> Result<(), RuntimeError> {
        let place = self.place(id);
        match fs::remove_dir_all(&place) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(RuntimeError::failed(format!("removing {}", place.display()), error));
            }
            _ => {}
        }
        // It has others' as long as there are others.
        let _ = fs::remove_dir(self.folder.join(id.room.as_str()));
        Ok(())
    }
}

fn text(name: &str, id: &InstanceId, slot: Slot, network: Network) -> String {
    let own = format!("{}-{}", id.service, id.replica);
    let is_alone = network == Network::Nothing;
    match name {
        // With a network its own name is told by the room's resolver, with the address at which others reach it.
        "hosts" if is_alone => format!("127.0.0.1 localhost {own}\n::1 localhost\n"),
        "hosts" => "127.0.0.1 localhost\n::1 localhost\n".to_owned(),
        "resolv.conf" if !is_alone => format!("search dns.podman\nnameserver {}\n", slot.address(1)),
        "hostname" => format!("{own}\n"),
        _ => String::new(),
    }
}
