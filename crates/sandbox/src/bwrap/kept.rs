//! What is kept of sandboxes on the disk, by which they are found again: a folder for each instance, names of a room's services.

use super::{BwrapRuntime, cgroup::Cgroup};
use crate::{
    error::RuntimeError,
    names::{InstanceId, Name},
    slots::Slot,
    workload::Service,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs, io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

/// What is kept of a sandbox beside its files.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) service: Service,
    pub(super) image: SettingsRecord,
    pub(super) address: Option<Ipv4Addr>,
    /// Bytes of the image: what is more was written by the program.
    pub(super) image_bytes: u64,
    pub(super) has_groups: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SettingsRecord {
    pub(super) env: Vec<String>,
}

impl BwrapRuntime {
    pub(super) fn place(&self, id: &InstanceId) -> PathBuf {
        self.folder.join(id.room.as_str()).join(format!("{}_{}", id.service, id.replica))
    }

    pub(super) fn namespace(&self, id: &InstanceId) -> String {
        id.container(&self.provider)
    }

    pub(super) fn group(&self, id: &InstanceId) -> Cgroup {
        Cgroup::named(&id.container(&self.provider))
    }

    pub(super) fn slot(&self, room: &Name) -> Result<Slot, RuntimeError> {
        let missing = || RuntimeError::failed(format!("finding room {room}"), "it was not opened");
        self.slots.find(room)?.ok_or_else(missing)
    }

    pub(super) fn record(&self, id: &InstanceId) -> Result<Record, RuntimeError> {
        read_record(&self.place(id)).ok_or_else(|| RuntimeError::NotThere { id: id.clone() })
    }

    /// Names of the room's services for all its instances: a file that is written in place, since each has it mounted.
    pub(super) fn write_hosts(&self, room: &Name) -> Result<(), RuntimeError> {
        let folder = self.folder.join(room.as_str());
        let mut text = String::from("127.0.0.1 localhost\n::1 localhost\n");
        for (id, record) in self.instances(room)? {
            if let Some(address) = record.address {
                text += &format!("{address} {} {}-{}\n", id.service, id.service, id.replica);
            }
        }
        let path = folder.join("hosts");
        // Who reads it while it is written in place may see a part of it: it is written only when it is to say something else.
        if fs::read(&path).is_ok_and(|known| known == text.as_bytes()) {
            return Ok(());
        }
        fs::write(&path, text).map_err(|error| RuntimeError::failed(format!("writing {}", path.display()), error))
    }

    pub(super) fn instances(&self, room: &Name) -> Result<Vec<(InstanceId, Record)>, RuntimeError> {
        let folder = self.folder.join(room.as_str());
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
            entries => entries.map_err(|error| RuntimeError::failed(format!("reading {}", folder.display()), error))?,
        };
        let mut found = Vec::new();
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some((service, replica)) = name.to_str().and_then(|name| name.rsplit_once('_')) else { continue };
            if let (Ok(service), Ok(replica), Some(record)) = (Name::new(service), replica.parse(), read_record(&entry.path())) {
                found.push((InstanceId::new(room.clone(), service, replica), record));
            }
        }
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(found)
    }

    /// The first address of the room that nobody has.
    pub(super) fn free_host(&self, room: &Name, slot: Slot) -> Result<u8, RuntimeError> {
        let taken: BTreeSet<Ipv4Addr> = self.instances(room)?.into_iter().filter_map(|(_, record)| record.address).collect();
        let free = (2..=254).find(|host| !taken.contains(&slot.address(*host)));
        free.ok_or_else(|| RuntimeError::failed("giving an address", "the room has 253 instances already"))
    }
}

pub(super) fn read_record(place: &Path) -> Option<Record> {
    serde_json::from_slice(&fs::read(place.join("record")).ok()?).ok()
}
