//! What a network server is, and what is done with its devices.

use super::{
    ConfigError, DeviceRow, DeviceSpec, Downlink, DownlinkPlan, Event, QueueError, Queued, Refusal, Refused, ServerConfig, Write,
    row::QUEUE_MAX,
};
use crate::{DevAddr, Eui, Micros, frame::DataFrame, gwmp::RxPacket, region::Duty};
use std::collections::{BTreeMap, BTreeSet};

/// What came of a call. See the module's rules for the order in which it is carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Step {
    /// What changed, to be made durable first.
    pub writes: Vec<Write>,
    /// What is told, to be made durable in the same transaction.
    pub events: Vec<Event>,
    /// What is emitted.
    pub transmits: Vec<DownlinkPlan>,
}

impl Step {
    /// Whether there is nothing to do.
    pub const fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.events.is_empty() && self.transmits.is_empty()
    }

    pub(super) fn refuse(&mut self, at: Micros, device: Option<Eui>, gateway: Option<Eui>, why: Refusal) {
        self.events.push(Event::Refused(Box::new(Refused { at, device, gateway, item: None, why })));
    }
}

/// What a frame that waits for its copies will do.
#[derive(Clone, Debug)]
pub(super) enum Waiting {
    Join { nonce: u16 },
    Data { frame: DataFrame, counter: u32, joining: bool },
    Again { frame: DataFrame, counter: u32 },
}

/// A frame that waits for its copies.
#[derive(Clone, Debug)]
pub(super) struct Hearing {
    pub device: Eui,
    pub at: Micros,
    pub waiting: Waiting,
    /// Copies: each hotspot's first.
    pub copies: BTreeMap<Eui, (Micros, RxPacket)>,
}

/// A downlink whose outcome is not known.
#[derive(Clone, Debug)]
pub(super) struct Flight {
    pub plan: DownlinkPlan,
    pub item: Option<Queued>,
    pub counter: Option<u32>,
    pub expires: Micros,
}

/// A network server. See the [module](super).
#[derive(Clone, Debug)]
pub struct Server {
    pub(super) config: ServerConfig,
    pub(super) devices: BTreeMap<Eui, DeviceRow>,
    pub(super) nonces: BTreeMap<Eui, BTreeSet<u16>>,
    pub(super) addresses: BTreeMap<DevAddr, BTreeSet<Eui>>,
    pub(super) hearing: BTreeMap<[u8; 32], Hearing>,
    /// When frames take effect, in the order in which they came.
    pub(super) schedule: BTreeSet<(Micros, u64, [u8; 32])>,
    pub(super) heard: u64,
    /// Frames that took effect lately, with the time of their first copy.
    pub(super) closed: BTreeMap<[u8; 32], Micros>,
    pub(super) flights: BTreeMap<u32, Flight>,
    pub(super) duty: BTreeMap<Eui, Duty>,
    slots: u32,
}

impl Server {
    /// A server without devices.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn new(config: ServerConfig) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self {
            config,
            devices: BTreeMap::new(),
            nonces: BTreeMap::new(),
            addresses: BTreeMap::new(),
            hearing: BTreeMap::new(),
            schedule: BTreeSet::new(),
            heard: 0,
            closed: BTreeMap::new(),
            flights: BTreeMap::new(),
            duty: BTreeMap::new(),
            slots: 0,
        })
    }

    /// Takes up what was made durable: call it with every write that stands, in any order, before anything else.
    pub fn restore(&mut self, write: Write) {
        match write {
            Write::Device(row) => self.put(*row),
            Write::Removed(device) => self.take_away(device),
            Write::Nonce { device, nonce } => {
                self.nonces.entry(device).or_default().insert(nonce);
            }
            Write::Duty { gateway, duty } => {
                self.duty.insert(gateway, duty);
            }
        }
    }

    /// Its settings.
    pub const fn config(&self) -> &ServerConfig {
        &self.config
    }

    /// A device.
    pub fn device(&self, device: Eui) -> Option<&DeviceRow> {
        self.devices.get(&device)
    }

    /// All devices, by their names.
    pub fn devices(&self) -> impl ExactSizeIterator<Item = &DeviceRow> {
        self.devices.values()
    }

    /// How many frames wait for copies, and how many downlinks for their outcome.
    pub fn under_way(&self) -> (usize, usize) {
        (self.hearing.len(), self.flights.len())
    }

    /// Whether a frame of this hash waits for copies.
    pub fn waits(&self, hash: &[u8; 32]) -> bool {
        self.hearing.contains_key(hash)
    }

    /// The hotspot that a downlink was given to, while its outcome is not known.
    pub fn flies_by(&self, id: u32) -> Option<Eui> {
        self.flights.get(&id).map(|flight| flight.plan.gateway)
    }

    fn put(&mut self, row: DeviceRow) {
        self.take_away(row.spec.dev_eui);
        self.slots = self.slots.max(row.slot.saturating_add(1));
        let sessions = row.session.iter().chain(&row.joining).map(|session| session.address);
        for address in sessions {
            self.addresses.entry(address).or_default().insert(row.spec.dev_eui);
        }
        self.devices.insert(row.spec.dev_eui, row);
    }

    fn take_away(&mut self, device: Eui) {
        let Some(row) = self.devices.remove(&device) else { return };
        for session in row.session.iter().chain(&row.joining) {
            if let Some(all) = self.addresses.get_mut(&session.address) {
                all.remove(&device);
                if all.is_empty() {
                    self.addresses.remove(&session.address);
                }
            }
        }
    }

    /// Keeps a changed device, and says so.
    pub(super) fn keep(&mut self, row: DeviceRow, step: &mut Step) {
        self.put(row.clone());
        step.writes.push(Write::Device(Box::new(row)));
    }

    /// Adds a device. The same once more changes nothing.
    ///
    /// # Errors
    /// [`QueueError::OtherDevice`] when it is known with other content, [`QueueError::Name`] for a name that is too long.
    pub fn add(&mut self, spec: DeviceSpec) -> Result<Step, QueueError> {
        if spec.name.len() > 128 {
            return Err(QueueError::Name(spec.name.len()));
        }
        let mut step = Step::default();
        match self.devices.get(&spec.dev_eui) {
            Some(known) if known.spec == spec => {}
            Some(_) => return Err(QueueError::OtherDevice(spec.dev_eui)),
            None => {
                let row = DeviceRow::new(spec, self.slots);
                self.keep(row, &mut step);
            }
        }
        Ok(step)
    }

    /// Removes a device. Its nonces stay, so that its old join requests count no more when it comes back.
    ///
    /// # Errors
    /// [`QueueError::UnknownDevice`].
    pub fn remove(&mut self, device: Eui) -> Result<Step, QueueError> {
        if !self.devices.contains_key(&device) {
            return Err(QueueError::UnknownDevice(device));
        }
        self.take_away(device);
        self.hearing.retain(|_, hearing| hearing.device != device);
        self.flights.retain(|_, flight| flight.plan.device != device);
        Ok(Step { writes: vec![Write::Removed(device)], ..Step::default() })
    }

    /// Puts a downlink in a device's queue; it is sent after one of its uplinks. The same once more, while it waits, changes nothing.
    ///
    /// # Errors
    /// [`QueueError`]; nothing changes then.
    pub fn enqueue(&mut self, device: Eui, downlink: Downlink) -> Result<Step, QueueError> {
        let mut row = self.devices.get(&device).ok_or(QueueError::UnknownDevice(device))?.clone();
        if downlink.id.is_empty() || downlink.id.len() > 64 {
            return Err(QueueError::Id(downlink.id.len()));
        }
        if !(1..=223).contains(&downlink.port) {
            return Err(QueueError::Port(downlink.port));
        }
        if downlink.payload.len() > 242 {
            return Err(QueueError::TooLong(downlink.payload.len()));
        }
        match row.queue.iter().find(|queued| queued.downlink.id == downlink.id) {
            Some(queued) if queued.downlink == downlink => return Ok(Step::default()),
            Some(_) => return Err(QueueError::Conflict(downlink.id)),
            None if row.queue.len() >= QUEUE_MAX => return Err(QueueError::Full),
            None => row.queue.push_back(Queued { downlink, tries: 0 }),
        }
        let mut step = Step::default();
        self.keep(row, &mut step);
        Ok(step)
    }

    /// Takes a downlink out of a device's queue. One that was given to a hotspot already is emitted all the same.
    ///
    /// # Errors
    /// [`QueueError::UnknownDevice`].
    pub fn dequeue(&mut self, device: Eui, id: &str) -> Result<Step, QueueError> {
        let mut row = self.devices.get(&device).ok_or(QueueError::UnknownDevice(device))?.clone();
        let before = row.queue.len();
        row.queue.retain(|queued| queued.downlink.id != id);
        let mut step = Step::default();
        if row.queue.len() != before {
            self.keep(row, &mut step);
        }
        Ok(step)
    }
}
