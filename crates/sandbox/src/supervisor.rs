//! Keeps rooms as they should be: one task for each room looks after it every second; a crash of this process ends no container, and
//! [`Supervisor::reconcile`] takes them over again.

use crate::{
    error::{RuntimeError, WorkloadError},
    lifecycle::State,
    names::{InstanceId, Name},
    room::{Room, RoomStatus},
    runtime::Runtime,
    workload::Workload,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Mutex as AsyncMutex, Notify, watch},
    time::{Instant, sleep, timeout},
};

/// How long what runs may take to end when everything is suspended.
const SUSPEND_GRACE: Duration = Duration::from_secs(3);

/// How often is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Time between looks at a room.
    pub every: Duration,
    /// Time between measurements of what instances wrote.
    pub disk_every: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { every: Duration::from_millis(500), disk_every: Duration::from_secs(5) }
    }
}

/// What a reconciliation did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Instances that were found and go on.
    pub adopted: Vec<InstanceId>,
    /// Instances that nobody wants any more, removed.
    pub removed: Vec<InstanceId>,
    /// Rooms that nobody wants any more, removed with network and volumes.
    pub closed: Vec<Name>,
}

struct Cell {
    work: AsyncMutex<Option<Room>>,
    told: watch::Sender<RoomStatus>,
    nudge: Notify,
}

struct Inner {
    runtime: Arc<dyn Runtime>,
    settings: Settings,
    origin: Instant,
    rooms: Mutex<BTreeMap<Name, Arc<Cell>>>,
    /// How often instances were started anew before this start of the daemon.
    restarts: Mutex<BTreeMap<InstanceId, u32>>,
}

/// Looks after rooms until it is dropped; containers outlive it.
#[derive(Clone)]
pub struct Supervisor {
    inner: Arc<Inner>,
}

impl Supervisor {
    /// Over a runtime, with no room yet. After a start of the daemon call [`Supervisor::reconcile`] before anything else.
    pub fn new(runtime: Arc<dyn Runtime>, settings: Settings) -> Self {
        let inner = Inner { runtime, settings, origin: Instant::now(), rooms: Mutex::default(), restarts: Mutex::default() };
        Self { inner: Arc::new(inner) }
    }

    /// How often instances had been started anew before this start of the daemon, which knows it from its last one: what is taken over is
    /// counted on from there.
    pub fn count_on(&self, restarts: BTreeMap<InstanceId, u32>) {
        *self.inner.restarts.lock().unwrap_or_else(PoisonError::into_inner) = restarts;
    }

    /// The runtime: logs, commands, usage and addresses are asked of it.
    pub fn runtime(&self) -> &Arc<dyn Runtime> {
        &self.inner.runtime
    }

    /// Brings a workload up, or its room to what the workload says now: replica by replica, volumes stay.
    ///
    /// - Errors: a workload that is wrong, or that this runtime refuses; nothing is changed then. What fails later is in the status.
    pub async fn deploy(&self, workload: Workload) -> Result<(), RuntimeError> {
        workload.check()?;
        self.inner.runtime.check(&workload)?;
        let name = workload.room.clone();
        let Some(cell) = self.inner.cell(&name) else {
            self.inner.clone().begin(Room::new(self.inner.now(), workload));
            return Ok(());
        };
        let mut work = cell.work.lock().await;
        match work.as_mut() {
            Some(room) if room.workload().network != workload.network => {
                let instead = "close the room and deploy it again".to_owned();
                let what = format!("another network for room {name}");
                Err(WorkloadError::Unsupported { what, runtime: self.inner.runtime.describe().name.clone(), instead }.into())
            }
            Some(room) => {
                room.replace(self.inner.now(), workload);
                cell.told.send_replace(room.status(self.inner.now()));
                drop(work);
                cell.nudge.notify_one();
                Ok(())
            }
            None => {
                Err(RuntimeError::failed(format!("deploying room {name}"), "it is being closed; deploy it when that is done"))
            }
        }
    }

    /// Has what could not be started in a room tried again at once; what crashes keeps its pauses.
    pub async fn try_again(&self, room: &Name) {
        let Some(cell) = self.inner.cell(room) else { return };
        cell.work.lock().await.iter_mut().for_each(|room| room.try_again(self.inner.now()));
        cell.nudge.notify_one();
    }

    /// Rooms that are looked after.
    pub fn rooms(&self) -> Vec<Name> {
        self.inner.lock().keys().cloned().collect()
    }

    /// How a room is; none for one that is not there.
    pub fn status(&self, room: &Name) -> Option<RoomStatus> {
        self.inner.cell(room).map(|cell| cell.told.borrow().clone())
    }

    /// Every change of how a room is.
    pub fn watch(&self, room: &Name) -> Option<watch::Receiver<RoomStatus>> {
        self.inner.cell(room).map(|cell| cell.told.subscribe())
    }

    /// Waits until `done` holds of a room, at most for `time`; gives its last status, and whether it held.
    pub async fn wait(&self, room: &Name, time: Duration, done: impl Fn(&RoomStatus) -> bool) -> (RoomStatus, bool) {
        let Some(mut told) = self.watch(room) else { return (RoomStatus::default(), false) };
        let held = matches!(timeout(time, told.wait_for(|status| done(status))).await, Ok(Ok(_)));
        (told.borrow().clone(), held)
    }

    /// Addresses of a TCP port of those replicas of a service that are well: where an ingress sends requests.
    pub async fn backends(&self, room: &Name, service: &Name, port: u16) -> Vec<SocketAddr> {
        let status = self.status(room).unwrap_or_default();
        let well = status.instances.into_iter().filter(|i| i.id.service == *service && i.status.state == State::Healthy);
        let mut found = Vec::new();
        for instance in well {
            // One that ended since is left out.
            found.extend(self.inner.runtime.address(&instance.id, port).await.ok());
        }
        found
    }

    /// Removes a room to the last container, network and volume. When that fails the room stays, and can be closed again.
    pub async fn close(&self, room: &Name) -> Result<(), RuntimeError> {
        let Some(cell) = self.inner.cell(room) else { return self.inner.runtime.close(room).await };
        let mut work = cell.work.lock().await;
        self.inner.runtime.close(room).await?;
        *work = None;
        self.inner.lock().remove(room);
        drop(work);
        cell.nudge.notify_one();
        Ok(())
    }

    /// Looks after no room any more, and removes the containers and networks of all: the machine is as before, but for volumes. A later
    /// [`Supervisor::reconcile`] brings them up again.
    ///
    /// - Errors: the runtime's first; the other rooms are cleared all the same.
    pub async fn suspend(&self) -> Result<(), RuntimeError> {
        let rooms: Vec<(Name, Arc<Cell>)> = self.inner.lock().iter().map(|(name, cell)| (name.clone(), cell.clone())).collect();
        let clear = rooms.into_iter().map(async |(name, cell)| {
            let mut work = cell.work.lock().await;
            *work = None;
            self.inner.lock().remove(&name);
            drop(work);
            cell.nudge.notify_one();
            let instances = cell.told.borrow().instances.clone();
            // What does not end when it is asked to is killed with its container.
            let stops = instances.iter().map(|instance| self.inner.runtime.stop(&instance.id, SUSPEND_GRACE));
            futures::future::join_all(stops).await;
            self.inner.runtime.clear(&name).await
        });
        futures::future::join_all(clear).await.into_iter().collect()
    }

    /// After a start: takes over what runs and is wanted, starts what is wanted and does not run, and removes all else of this provider.
    ///
    /// - Errors: of the runtime, or of a workload that is wrong; what was done until then stays, and it can be called again.
    pub async fn reconcile(&self, wanted: Vec<Workload>) -> Result<Reconciled, RuntimeError> {
        let names: BTreeSet<Name> = wanted.iter().map(|workload| workload.room.clone()).collect();
        let inventory = self.inner.runtime.list().await?;
        let mut done = self.take_over(wanted).await?;
        done.removed.extend(inventory.instances.into_iter().map(|found| found.id).filter(|id| !names.contains(&id.room)));
        done.closed = self.sweep(&names).await?;
        Ok(done)
    }

    /// The first half of [`Supervisor::reconcile`], for a start at which it is not known yet what is wanted besides: takes over what runs
    /// of these workloads, starts what does not, and leaves all other rooms alone.
    ///
    /// - Errors: as there.
    pub async fn take_over(&self, wanted: Vec<Workload>) -> Result<Reconciled, RuntimeError> {
        let inventory = self.inner.runtime.list().await?;
        let mut done = Reconciled::default();
        let now = self.inner.now();
        let mut rooms: BTreeMap<Name, Room> = BTreeMap::new();
        for workload in wanted {
            workload.check()?;
            self.inner.runtime.check(&workload)?;
            rooms.insert(workload.room.clone(), Room::new(now, workload));
        }
        for found in inventory.instances {
            // Those of other rooms go with their room, if they go.
            let Some(room) = rooms.get_mut(&found.id.room) else { continue };
            if room.adopt(now, &found.id, found.digest) {
                done.adopted.push(found.id);
            } else {
                self.inner.runtime.remove(&found.id).await?;
                done.removed.push(found.id);
            }
        }
        let restarts = self.inner.restarts.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (name, mut room) in rooms {
            room.count_on(&restarts);
            match self.inner.cell(&name) {
                Some(_) => self.deploy(room.workload().clone()).await?,
                None => self.inner.clone().begin(room),
            }
        }
        Ok(done)
    }

    /// The second half: removes every room of this provider that is not in `keep`, with network and volumes; gives their names.
    ///
    /// - Errors: of the runtime; what was removed until then stays so, and it can be called again.
    pub async fn sweep(&self, keep: &BTreeSet<Name>) -> Result<Vec<Name>, RuntimeError> {
        let inventory = self.inner.runtime.list().await?;
        let unwanted: Vec<Name> = inventory.rooms.into_iter().filter(|name| !keep.contains(name)).collect();
        for name in &unwanted {
            self.close(name).await?;
        }
        Ok(unwanted)
    }
}

impl Inner {
    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Name, Arc<Cell>>> {
        // Nothing under this lock panics; were it to, the map would still be whole.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cell(&self, room: &Name) -> Option<Arc<Cell>> {
        self.lock().get(room).cloned()
    }

    fn begin(self: Arc<Self>, room: Room) {
        let name = room.workload().room.clone();
        let told = watch::Sender::new(room.status(self.now()));
        let cell = Arc::new(Cell { work: AsyncMutex::new(Some(room)), told, nudge: Notify::new() });
        self.lock().insert(name, cell.clone());
        // It ends with the room, or with the last supervisor: it holds none itself.
        let inner = Arc::downgrade(&self);
        tokio::spawn(async move {
            loop {
                let Some(inner) = inner.upgrade() else { return };
                {
                    let mut work = cell.work.lock().await;
                    let Some(room) = work.as_mut() else { return };
                    room.step(inner.runtime.as_ref(), inner.now(), inner.settings.disk_every).await;
                    cell.told.send_replace(room.status(inner.now()));
                }
                let every = inner.settings.every;
                drop(inner);
                let _ = timeout(every, cell.nudge.notified()).await;
                // A nudge right after a step must not turn the loop into a busy one.
                sleep(Duration::from_millis(10)).await;
            }
        });
    }
}
