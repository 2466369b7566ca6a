//! Volumes and where they are mounted.

use super::{Check, Placed};
use crate::{
    document::{Rules, VolumeDoc},
    finding::quoted,
};
use std::collections::BTreeMap;

impl<'d> Check<'d> {
    pub(super) fn params(&mut self, placed: &Placed<'d>) {
        let compute = placed.compute;
        let empty = BTreeMap::new();
        let mounts = placed.service.params.as_ref().map_or(&empty, |params| &params.storage);
        let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, mount) in mounts {
            let volume = compute.storage.iter().find(|volume| volume.name == *name);
            if volume.is_none() && !compute.broken {
                let known: Vec<&str> = compute.storage.iter().map(|volume| volume.name.as_str()).collect();
                let message = format!("the profile {} has no volume {}", quoted(placed.compute_name), quoted(name));
                self.findings.error(&mount.at, message, format!("it has: {}", known.join(", ")));
            }
            if !mount.mount.starts_with('/') {
                let message = if mount.mount.is_empty() {
                    "no mount is said".to_owned()
                } else {
                    format!("{} is no absolute path", quoted(&mount.mount))
                };
                self.findings.error(&mount.at, message, "write `mount: /path`");
            } else if let Some(other) = taken.insert(&mount.mount, name) {
                let message = format!("{} is the mount of the volume {} too", quoted(&mount.mount), quoted(other));
                self.findings.error(&mount.at, message, "mount each volume at a path of its own");
            }
            if mount.read_only && volume.is_some_and(|volume| volume.attribute("class") == Some("ram")) {
                let message = "shared memory that nobody can write serves nobody";
                match self.document.rules {
                    Rules::V2_1 => self.findings.error(&mount.at, message, "remove `readOnly`"),
                    Rules::V2_0 => self.findings.warn(&mount.at, message, "remove `readOnly`; version 2.1 refuses it"),
                }
            }
        }
        for volume in compute.storage.iter().filter(|volume| volume.is_persistent() && !mounts.contains_key(&volume.name)) {
            self.unmounted(placed, volume, mounts.is_empty());
        }
    }

    /// A persistent volume without a mount. Version 2.0 refuses it when the service mounts nothing at all: its check looks at one
    /// mount for all volumes. Version 2.1 looks at volumes that are mounted, and so never.
    fn unmounted(&mut self, placed: &Placed<'d>, volume: &VolumeDoc, mounts_nothing: bool) {
        let message =
            format!("the persistent volume {} has no mount in the service {}", quoted(&volume.name), quoted(placed.name));
        let hint = format!("add `services.{}.params.storage.{}.mount`", placed.name, volume.name);
        if self.document.rules == Rules::V2_0 && mounts_nothing {
            self.findings.error(&volume.size.at, message, hint);
        } else {
            self.findings.warn(&volume.size.at, message, format!("{hint}, else it is paid for and empty"));
        }
    }
}
