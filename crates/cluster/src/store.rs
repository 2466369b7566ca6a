//! What is kept of nodes on the disk: a file for each, written before anything of it is started and removed after all else of it is. Whatever a crash
//! leaves is found by them.

use crate::{
    error::ClusterError,
    plan::{NodeId, Plan},
    secret::Secret,
};
use depin_files::{Readers, private_folder, replace};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// No file of a node is longer: 32 members and a program of 64 KiB.
const BYTES_MAX: u64 = 256 << 10;

/// What is kept of one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    pub(crate) id: NodeId,
    pub(crate) plan: Plan,
    pub(crate) secret: Secret,
}

/// The folder of them.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
}

impl Store {
    pub(crate) fn open(folder: &Path) -> Result<Self, ClusterError> {
        private_folder(folder).map_err(ClusterError::file("making", folder))?;
        Ok(Self { folder: folder.to_owned() })
    }

    fn path(&self, id: NodeId) -> PathBuf {
        self.folder.join(format!("{}.json", id.room()))
    }

    pub(crate) fn keep(&self, record: &Record) -> Result<(), ClusterError> {
        let path = self.path(record.id);
        let text = serde_json::to_vec(record).map_err(|error| ClusterError::file("writing", &path)(error.into()))?;
        replace(&path, &text, Readers::Owner).map_err(ClusterError::file("writing", path))
    }

    pub(crate) fn forget(&self, id: NodeId) -> Result<(), ClusterError> {
        let path = self.path(id);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(ClusterError::file("removing", path)(error)),
            _ => Ok(()),
        }
    }

    /// All that is kept. A file that cannot be read is told and removed: without it a node cannot be taken up again, and it is cleaned up by its room.
    pub(crate) fn all(&self) -> Result<Vec<Record>, ClusterError> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(ClusterError::file("reading", &self.folder))? {
            let path = entry.map_err(ClusterError::file("reading", &self.folder))?.path();
            match read(&path) {
                Ok(record) if self.path(record.id) == path => found.push(record),
                outcome => {
                    let why = outcome.err().map_or_else(|| "it is of another node".to_owned(), |error| error.to_string());
                    tracing::warn!(path = %path.display(), why, "what was kept of a node cannot be used and is removed");
                    fs::remove_file(&path).map_err(ClusterError::file("removing", path))?;
                }
            }
        }
        found.sort_by_key(|record| record.id);
        Ok(found)
    }
}

fn read(path: &Path) -> io::Result<Record> {
    if fs::metadata(path)?.len() > BYTES_MAX {
        return Err(io::Error::other(format!("it has more than {BYTES_MAX} bytes")));
    }
    let record: Record = serde_json::from_slice(&fs::read(path)?)?;
    record.plan.check().map_err(io::Error::other)?;
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Member, NodeLimits, Work};
    use depin_quantity::{Address, UnitId};
    use std::os::unix::fs::PermissionsExt as _;

    fn record(rank: u8) -> Record {
        let limits =
            NodeLimits { cpus: 1, memory_bytes: 2 << 30, object_store_bytes: 100 << 20, disk_bytes: 1 << 30, processes: 4_096 };
        let member = Member { account: Address::new([1; 32]), tunnel: "127.0.0.1:1".to_owned(), limits };
        let plan = Plan {
            hire: UnitId::new([7; 32]),
            hirer: Address::new([2; 32]),
            work: Work::Ray,
            members: vec![member.clone(), member],
        };
        Record { id: NodeId::new(UnitId::new([7; 32]), rank), plan, secret: Secret::generate().unwrap() }
    }

    #[test]
    fn what_is_kept_is_found_and_what_is_damaged_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let kept = [record(0), record(1)];
        kept.iter().for_each(|record| store.keep(record).unwrap());
        let mode = fs::metadata(store.path(kept[0].id)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "it has the cluster's secret");
        for (name, text) in [("hire-9-0.json", "{"), ("other", ""), (".hire-7-0.json.x.new", "half")] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        // One that lies about whose it is.
        fs::copy(store.path(kept[0].id), folder.path().join(format!("{}.json", NodeId::new(UnitId::new([8; 32]), 0).room())))
            .unwrap();
        assert_eq!(store.all().unwrap(), kept);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        store.forget(kept[0].id).unwrap();
        store.forget(kept[0].id).unwrap();
        assert_eq!(store.all().unwrap(), kept[1..]);
    }
}
