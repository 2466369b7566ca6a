//! Devices come, change what is said of them, are accused, and go.

use super::{
    error::ClustersError,
    event::ClustersEvent,
    message::check_device,
    names::SPOOFING,
    proof,
    records::device_id,
    rows::{Device, Found, Id, IndexKey, Person, SlotEnd},
    service::Clusters,
    terms::DeviceTerms,
};
use crate::context::Context;
use depin_quantity::{Address, ContentHash, Name, UnitId};

impl Context<'_, Clusters> {
    /// Order of refusals: what is said of the device, its size, slices, asks; hired with another profile; devices of its owner; pledge.
    pub(super) fn register(&mut self, owner: Address, name: Name, terms: &DeviceTerms) -> Result<(), ClustersError> {
        check_device(name, terms)?;
        self.fits(terms)?;
        let id = device_id(owner, name);
        let known = self.load::<Device>(Id::Device(id));
        let again = known.as_ref().is_some_and(|device| device.active);
        let other = known.as_ref().is_some_and(|device| device.terms.profile != terms.profile);
        if other && known.as_ref().is_some_and(|device| device.hire.is_some()) {
            return Err(ClustersError::IsHired(id));
        }
        let most = self.params().bounds.per_owner;
        if !again && self.load::<Person>(Id::Person(owner)).map_or(0, |person| person.devices) >= most {
            return Err(ClustersError::DevicesMost(most));
        }
        if known.is_none() {
            self.register_subject(owner, id)?;
        }
        let now = self.now();
        let mut device = known.unwrap_or_else(|| Device::new(owner, name, terms.clone(), now));
        if again {
            self.counted(&device, false);
        } else {
            device.since = now;
        }
        if other || !again {
            // What was proved was another machine.
            self.stop_waiting(id, &mut device);
            device.begin_anew();
        }
        device.terms = terms.clone();
        if self.params().rules.pledges {
            self.pledge(id, &device)?;
            (device.pledged, device.below_pledge) = (true, false);
        }
        self.stand(id, &device, true)?;
        if !again {
            self.person(owner, |person| person.devices += 1);
            self.list(IndexKey::DeviceOf(owner, id), Found::Listed);
            device.active = true;
        }
        self.counted(&device, true);
        if other || !again {
            self.wait_for_next(id, &mut device);
        }
        self.emit(ClustersEvent::DeviceChanged { device: id, owner, processors: terms.profile.processors });
        self.save(Id::Device(id), device);
        Ok(())
    }

    /// Whether the network takes devices so large, slices, and such asks.
    fn fits(&self, terms: &DeviceTerms) -> Result<(), ClustersError> {
        let (profile, params) = (&terms.profile, self.params());
        let sizes = [
            ("processors", profile.processors, params.bounds.processors),
            ("MiB of memory", profile.memory_mib, params.bounds.memory_mib),
        ];
        if let Some((what, given, most)) = sizes.into_iter().find(|(_, given, most)| given > most) {
            return Err(ClustersError::TooMuch { what, given, most });
        }
        proof::fits(profile, self.params().proof.work)?;
        if profile.slice && !params.slices {
            return Err(ClustersError::Slice);
        }
        terms.asks.iter().try_for_each(|ask| self.ask_units(*ask).map(drop))
    }

    /// Counts a device among those that take part, or not any more.
    fn counted(&mut self, device: &Device, more: bool) {
        let processors = u64::from(device.terms.profile.processors);
        self.totals(|totals| {
            if more {
                (totals.devices, totals.processors) = (totals.devices + 1, totals.processors + processors);
            } else {
                totals.devices = totals.devices.saturating_sub(1);
                totals.processors = totals.processors.saturating_sub(processors);
            }
        });
    }

    pub(super) fn ready(&mut self, sender: Address, id: UnitId) -> Result<(), ClustersError> {
        let mut device = self.own_device(sender, id)?;
        if let Some(hour) = device.due {
            return Err(ClustersError::IsWaiting { device: id, hour });
        }
        self.wait_for_next(id, &mut device);
        self.emit(ClustersEvent::DeviceReady { device: id, owner: sender });
        self.save(Id::Device(id), device);
        Ok(())
    }

    pub(super) fn leave(&mut self, sender: Address, id: UnitId) -> Result<(), ClustersError> {
        let mut device = self.own_device(sender, id)?;
        if device.hire.is_some() {
            return Err(ClustersError::IsHired(id));
        }
        self.retire(id, &mut device)?;
        self.emit(ClustersEvent::DeviceLeft { device: id, owner: sender, spoofing: false });
        self.save(Id::Device(id), device);
        Ok(())
    }

    /// The device takes no part any more. Its pledge cools down, and faults can still reach it.
    fn retire(&mut self, id: UnitId, device: &mut Device) -> Result<(), ClustersError> {
        self.stand(id, device, false)?;
        if device.pledged {
            self.release_pledge(id, device.owner)?;
            device.pledged = false;
        }
        device.active = false;
        self.stop_waiting(id, device);
        device.begin_anew();
        self.counted(device, false);
        self.person(device.owner, |person| person.devices = person.devices.saturating_sub(1));
        self.unlist(IndexKey::DeviceOf(device.owner, id));
        Ok(())
    }

    /// A hired device that is accused is lost to its hirer first: what it is paid is what was seen of it.
    ///
    /// Order of refusals: sender, device.
    pub(super) fn accuse(&mut self, sender: Address, id: UnitId, evidence: ContentHash) -> Result<(), ClustersError> {
        self.only_checker(sender)?;
        let mut device = self.device(id)?;
        if !device.active {
            return Err(ClustersError::HasLeft(id));
        }
        self.fault(id, &device, SPOOFING, Some(sender))?;
        if device.hire.is_some() {
            self.lose(id, &mut device, SlotEnd::Lost)?;
        }
        self.retire(id, &mut device)?;
        self.totals(|totals| totals.spoofed += 1);
        self.emit(ClustersEvent::DeviceAccused { device: id, owner: device.owner, evidence });
        self.emit(ClustersEvent::DeviceLeft { device: id, owner: device.owner, spoofing: true });
        self.save(Id::Device(id), device);
        Ok(())
    }

    /// The economy says that a fault left a device's pledge too small: it is nominated no more until its owner tops it up.
    pub(super) fn below_pledge(&mut self, id: UnitId) {
        if let Some(mut device) = self.load::<Device>(Id::Device(id)) {
            device.below_pledge = true;
            self.save(Id::Device(id), device);
        }
    }
}

impl Device {
    fn new(owner: Address, name: Name, terms: DeviceTerms, since: depin_quantity::Instant) -> Self {
        Self {
            owner,
            name,
            terms,
            since,
            active: false,
            pledged: false,
            below_pledge: false,
            due: None,
            nominated: false,
            uptime: 0,
            history: 0,
            judged: 0,
            misses: Vec::new(),
            passed_hours: 0,
            failed_hours: 0,
            score: 0,
            hire: None,
        }
    }

    /// Its uptime begins anew.
    pub(super) const fn begin_anew(&mut self) {
        (self.uptime, self.history, self.judged) = (0, 0, 0);
    }
}
