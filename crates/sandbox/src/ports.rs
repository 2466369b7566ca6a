//! Which free ports of the machine a room's instances were given: asked for again at the next start, so that a port stays the same while
//! its room is there, whatever is updated, restarted or crashes. It is a wish: where something else listens there meanwhile, the instance
//! gets another one.
//!
//! A file for each room, beside the rooms and not in them; gone with the room.

use crate::{
    error::RuntimeError,
    names::{InstanceId, Name},
    runtime::Published,
    workload::{Proto, Reach, Service},
};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// How often the port of before is tried again, while the kernel or an engine may still hold it for the instance that was stopped.
const AGAIN: usize = 3;
const PAUSE: Duration = Duration::from_millis(250);

/// Outside ports by the container's.
pub(crate) type Wishes = BTreeMap<(u16, Proto), u16>;

/// The folder of what was given.
#[derive(Debug)]
pub(crate) struct Ports {
    folder: PathBuf,
    /// Replicas of one room start at the same time.
    alone: Mutex<()>,
}

type Given = BTreeMap<String, u16>;

fn key(id: &InstanceId, container: u16, proto: Proto) -> String {
    format!("{}/{}/{container}/{proto}", id.service, id.replica)
}

impl Ports {
    pub(crate) fn open(folder: &Path) -> Result<Self, RuntimeError> {
        fs::create_dir_all(folder).map_err(|error| RuntimeError::failed(format!("making {}", folder.display()), error))?;
        Ok(Self { folder: folder.to_owned(), alone: Mutex::default() })
    }

    fn file(&self, room: &Name) -> PathBuf {
        self.folder.join(room.as_str())
    }

    /// What cannot be read was given to nobody: a port is no secret, and an instance without one would be worse than one with another.
    fn read(&self, room: &Name) -> Given {
        let read = fs::read(self.file(room)).ok();
        read.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }

    /// Ports that an instance of a service had, of those that it leaves open.
    pub(crate) fn wishes(&self, service: &Service, id: &InstanceId) -> Wishes {
        let given = self.read(&id.room);
        let open = service.ports.iter().filter(|port| port.reach == Reach::Machine(None));
        open.filter_map(|port| {
            let had = given.get(&key(id, port.container, port.proto)).filter(|had| **had > 0)?;
            Some(((port.container, port.proto), *had))
        })
        .collect()
    }

    /// Keeps what an instance was given. Where it cannot be kept the port may change with the next start, which is told in the log.
    pub(crate) fn keep(&self, service: &Service, id: &InstanceId, published: &[Published]) {
        let open = service.ports.iter().filter(|port| port.reach == Reach::Machine(None));
        let _alone = self.alone.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.read(&id.room);
        let mut given = before.clone();
        for port in open {
            let seen = published.iter().find(|seen| (seen.container, seen.proto) == (port.container, port.proto));
            given.extend(seen.map(|seen| (key(id, port.container, port.proto), seen.outside.port())));
        }
        if given == before {
            return;
        }
        // Whole or not at all. No room is called so.
        let draft = self.folder.join(format!("{}.new", id.room));
        let write = || -> io::Result<()> {
            fs::write(&draft, serde_json::to_vec(&given)?)?;
            fs::rename(&draft, self.file(&id.room))
        };
        if let Err(error) = write() {
            tracing::warn!(%id, %error, "the outside ports of an instance cannot be kept; they may change with its next start");
        }
    }

    /// Nothing of a room that is over.
    pub(crate) fn forget(&self, room: &Name) -> Result<(), RuntimeError> {
        match fs::remove_file(self.file(room)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(RuntimeError::failed(format!("forgetting the ports of {room}"), error))
            }
            _ => Ok(()),
        }
    }
}

/// What to start with, one try after the other while ports are taken: what is wished for, that again for a moment, then whatever is free.
#[derive(Debug)]
pub(crate) struct Tries {
    wishes: Wishes,
    left: usize,
}

impl Tries {
    pub(crate) const fn of(wishes: Wishes) -> Self {
        Self { wishes, left: AGAIN }
    }

    /// Ports to start with now.
    pub(crate) const fn wishes(&self) -> &Wishes {
        &self.wishes
    }

    /// Whether to start again after this, and with [`Tries::wishes`] as they are then.
    pub(crate) async fn again(&mut self, error: &RuntimeError) -> bool {
        if self.wishes.is_empty() || !matches!(error, RuntimeError::PortTaken { .. }) {
            return false;
        }
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                tokio::time::sleep(PAUSE).await;
            }
            None => self.wishes.clear(),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{Image, Port};

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    #[test]
    fn what_was_given_is_wished_for_until_the_room_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let mut service = Service::new(name("web"), Image::Reference("box".into()));
        let port = |container, reach| Port { container, proto: Proto::Tcp, reach };
        service.ports = vec![port(80, Reach::Loopback), port(81, Reach::Machine(None)), port(82, Reach::Machine(Some(9)))];
        let id = |replica| InstanceId::new(name("room"), name("web"), replica);
        let at = |container: u16| Published { container, proto: Proto::Tcp, outside: ([0, 0, 0, 0], 30_000 + container).into() };
        Ports::open(folder.path()).unwrap().keep(&service, &id(0), &[at(80), at(81), at(82)]);
        let ports = Ports::open(folder.path()).unwrap();
        assert_eq!(ports.wishes(&service, &id(0)), Wishes::from([((81, Proto::Tcp), 30_081)]));
        assert_eq!(ports.wishes(&service, &id(1)), Wishes::new(), "each replica has its own");
        ports.forget(&name("room")).unwrap();
        ports.forget(&name("room")).unwrap();
        assert_eq!(ports.wishes(&service, &id(0)), Wishes::new());
    }

    #[tokio::test(start_paused = true)]
    async fn a_port_that_something_else_has_is_given_up() {
        let wishes = Wishes::from([((81, Proto::Tcp), 30_081)]);
        let taken = RuntimeError::PortTaken { port: 30_081, detail: "in use".into() };
        let mut tries = Tries::of(wishes.clone());
        for _ in 0..AGAIN {
            assert!(tries.again(&taken).await);
            assert_eq!(*tries.wishes(), wishes, "it may be free in a moment");
        }
        assert!(tries.again(&taken).await);
        assert_eq!(*tries.wishes(), Wishes::new());
        assert!(!tries.again(&taken).await, "a port that was fixed stays taken");
        assert!(!Tries::of(wishes).again(&RuntimeError::failed("starting", "no")).await);
    }
}
