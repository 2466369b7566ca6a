//! Numbers of rooms, each used once on a machine: a room's range of user ids, its subnet and the name of its bridge follow from it.
//!
//! A number is taken before anything else of a room is made, and given back after all else is removed: whatever a crash leaves is found
//! by it. It is a file that names the provider and the room, and appears whole or not at all.

use crate::{error::RuntimeError, names::Name};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

/// Rooms of one machine.
pub const SLOTS: u16 = 4096;
/// User ids of one room.
pub const UIDS_PER_SLOT: u32 = 65_536;
/// The first user id of the first room. From here to 2^31 neither distributions nor systemd hand out any.
pub const UID_FIRST: u32 = 0x7000_0000 - SLOTS as u32 * UIDS_PER_SLOT;

/// A room's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot(u16);

impl Slot {
    /// The first of its user and group ids, which is root in its containers.
    pub(crate) const fn uid_first(self) -> u32 {
        UID_FIRST + self.0 as u32 * UIDS_PER_SLOT
    }

    /// The bridge's name, of at most 15 bytes.
    pub(crate) fn bridge(self) -> String {
        format!("dpn{}", self.0)
    }

    /// An address of its subnet, which is a /24 in 10.128.0.0/12.
    pub(crate) const fn address(self, host: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 128 + (self.0 / 256) as u8, (self.0 % 256) as u8, host)
    }

    /// Its subnet.
    pub(crate) fn subnet(self) -> String {
        format!("{}/24", self.address(0))
    }
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Owner {
    provider: Name,
    room: Name,
}

/// The folder of numbers that are taken, shared by all providers of a machine.
#[derive(Clone, Debug)]
pub(crate) struct Slots {
    folder: PathBuf,
    provider: Name,
}

impl Slots {
    pub(crate) fn open(folder: &Path, provider: Name) -> Result<Self, RuntimeError> {
        let failed = |error| RuntimeError::failed(format!("making the folder {}", folder.display()), error);
        fs::create_dir_all(folder).map_err(failed)?;
        Ok(Self { folder: folder.to_owned(), provider })
    }

    /// All numbers of this provider.
    pub(crate) fn mine(&self) -> Result<Vec<(Name, Slot)>, RuntimeError> {
        let failed = |error: io::Error| RuntimeError::failed(format!("reading {}", self.folder.display()), error);
        let mut mine = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Some(number) = entry.file_name().to_str().and_then(|name| name.parse::<u16>().ok()) else { continue };
            match fs::read(entry.path()) {
                Ok(text) => {
                    if let Ok(owner) = serde_json::from_slice::<Owner>(&text)
                        && owner.provider == self.provider
                    {
                        mine.push((owner.room, Slot(number)));
                    }
                }
                // Given back by another provider meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(error)),
            }
        }
        mine.sort();
        Ok(mine)
    }

    pub(crate) fn find(&self, room: &Name) -> Result<Option<Slot>, RuntimeError> {
        Ok(self.mine()?.into_iter().find(|(name, _)| name == room).map(|(_, slot)| slot))
    }

    /// The room's number, a new one if it has none.
    pub(crate) fn take(&self, room: &Name) -> Result<Slot, RuntimeError> {
        if let Some(slot) = self.find(room)? {
            return Ok(slot);
        }
        let failed = |error: io::Error| RuntimeError::failed(format!("taking a number in {}", self.folder.display()), error);
        let owner = Owner { provider: self.provider.clone(), room: room.clone() };
        let draft = self.folder.join(format!(".{}_{room}", self.provider));
        fs::write(&draft, serde_json::to_vec(&owner).map_err(|error| failed(error.into()))?).map_err(failed)?;
        for number in 0..SLOTS {
            // A link to a name that is there fails, whoever else tries at the same time.
            match fs::hard_link(&draft, self.folder.join(number.to_string())) {
                Ok(()) => {
                    fs::remove_file(&draft).map_err(failed)?;
                    return Ok(Slot(number));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
            }
        }
        fs::remove_file(&draft).map_err(failed)?;
        Err(RuntimeError::failed("taking a number", format!("this machine has {SLOTS} rooms already; close some")))
    }

    /// Gives a room's number back.
    pub(crate) fn free(&self, room: &Name) -> Result<(), RuntimeError> {
        if let Some(slot) = self.find(room)? {
            let path = self.folder.join(slot.0.to_string());
            fs::remove_file(&path).map_err(|error| RuntimeError::failed(format!("removing {}", path.display()), error))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    #[test]
    fn two_providers_of_one_machine_never_share_a_number_and_each_finds_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let alice = Slots::open(folder.path(), name("alice")).unwrap();
        let bob = Slots::open(folder.path(), name("bob")).unwrap();
        let (a, b) = (alice.take(&name("r")).unwrap(), bob.take(&name("r")).unwrap());
        assert_ne!(a, b);
        assert_eq!(alice.take(&name("r")).unwrap(), a, "taken once");
        assert_eq!(bob.mine().unwrap(), [(name("r"), b)]);
        alice.free(&name("r")).unwrap();
        alice.free(&name("r")).unwrap();
        assert_eq!(alice.mine().unwrap(), []);
        assert_eq!(bob.take(&name("s")).unwrap(), a, "what was given back is taken again");
    }

    #[test]
    fn ranges_and_subnets_are_apart_to_the_last_number() {
        let last = Slot(SLOTS - 1);
        assert_eq!(Slot(0).uid_first(), UID_FIRST);
        assert_eq!(last.uid_first() + UIDS_PER_SLOT, 0x7000_0000);
        assert_eq!(Slot(1).uid_first() - Slot(0).uid_first(), UIDS_PER_SLOT);
        assert_eq!((last.subnet().as_str(), last.bridge().as_str()), ("10.143.255.0/24", "dpn4095"));
    }
}
