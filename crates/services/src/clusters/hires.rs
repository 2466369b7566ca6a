//! Devices are hired, kept longer, replaced and let go.

use super::{
    due::Task,
    error::ClustersError,
    event::ClustersEvent,
    message::check_hire,
    rows::{Device, Found, Hire, HireState, Id, IndexKey, Person, Slot, SlotEnd, Stage},
    service::Clusters,
    terms::{Filter, NewHire},
};
use crate::context::Context;
use depin_economy::Refusal;
use depin_quantity::{Address, Instant, Seed, Span, UnitId, Units};

/// Most slots of a hire: its devices, and those that replaced some.
pub const SLOTS_MAX: u32 = 256;

/// The id of a hire: that of its hirer and of the transaction that orders it.
pub fn hire_id(hirer: Address, unique: Seed) -> UnitId {
    UnitId::derive("depin-clusters-hire", &[&hirer.get(), &unique.get()])
}

impl Filter {
    /// What a device lacks of it, in words.
    fn lacks(&self, device: &Device) -> Option<&'static str> {
        let profile = &device.terms.profile;
        let parts = [
            (profile.kind == self.kind, "the kind of processors"),
            (profile.processors >= self.processors, "processors"),
            (profile.memory_mib >= self.memory_mib, "memory"),
            (profile.disk_gib >= self.disk_gib, "disk"),
            (device.reliability() >= self.reliability, "reliability"),
        ];
        parts.into_iter().find(|(has, _)| !has).map(|(_, what)| what)
    }
}

impl Context<'_, Clusters> {
    /// Order of refusals: what the hire says; hours, currency, devices, hires of the hirer; of each device in turn: there, free, proved, as asked for,
    /// price; then the hirer's money, the device owners' bonds.
    pub(super) fn hire(&mut self, hirer: Address, terms: &NewHire, unique: Seed) -> Result<(), ClustersError> {
        check_hire(terms)?;
        self.check_hours(terms.hours)?;
        self.params().rules.currency(terms.currency).ok_or(ClustersError::Currency(terms.currency))?;
        let bounds = self.params().bounds;
        if terms.devices.len() > bounds.devices as usize {
            return Err(ClustersError::Devices { given: terms.devices.len(), most: bounds.devices });
        }
        let kept = self.load::<Person>(Id::Person(hirer)).map_or(0, |person| person.hires);
        if kept >= bounds.per_hirer {
            return Err(ClustersError::HiresKept { kept, most: bounds.per_hirer });
        }
        let devices = terms.devices.iter().map(|id| self.offered(*id, terms, terms.most)).collect::<Result<Vec<Slot>, _>>()?;
        let hourly = devices.iter().try_fold(Units::ZERO, |sum, slot| sum.plus(slot.rate))?;
        let deposit = hourly.times(terms.hours.into())?;
        let id = hire_id(hirer, unique);
        self.open_escrow(id, hirer, terms.currency, deposit)?;
        let now = self.now();
        let mut hire = Hire {
            hirer,
            terms: NewHire { devices: Vec::new(), ..terms.clone() },
            state: HireState::Running,
            created: now,
            until: now.later(self.hours(terms.hours)),
            slots: 0,
            open: 0,
            deposited: deposit,
            paid: Units::ZERO,
            closed: None,
        };
        let (number, until) = (devices.len() as u32, hire.until);
        self.emit(ClustersEvent::HireOpened {
            hire: id,
            hirer,
            devices: number,
            hours: terms.hours,
            deposit,
            currency: terms.currency,
        });
        for slot in devices {
            self.open_slot(id, &mut hire, slot)?;
        }
        self.list(IndexKey::HireOf(hirer, id), Found::Listed);
        self.person(hirer, |person| person.hires += 1);
        self.totals(|totals| (totals.hires, totals.open_hires) = (totals.hires + 1, totals.open_hires + 1));
        self.schedule(until, Task::End(id));
        self.save(Id::Hire(id), hire);
        Ok(())
    }

    fn hours(&self, hours: u32) -> Span {
        Span::from_millis(self.params().hour.get().saturating_mul(hours.into()))
    }

    fn check_hours(&self, given: u32) -> Result<(), ClustersError> {
        let (least, most) = (self.params().hours_least, self.params().rules.periods_most);
        if given < least || u64::from(given) > most { Err(ClustersError::Hours { given, least, most }) } else { Ok(()) }
    }

    /// A device that may be hired now by these terms, at its ask, and at most at `most`.
    fn offered(&mut self, id: UnitId, terms: &NewHire, most: Units) -> Result<Slot, ClustersError> {
        let device = self.device(id)?;
        let refuse = |why: &'static str| ClustersError::NotForHire { device: id, why };
        if !device.active || !device.terms.accepts {
            return Err(refuse("its owner does not offer it"));
        }
        if device.hire.is_some() {
            return Err(ClustersError::IsHired(id));
        }
        let now = self.now();
        let first = device.since.later(self.params().first_hire_after);
        if now < first {
            return Err(ClustersError::TooNew { device: id, from: first });
        }
        if device.due.is_none() || device.uptime < self.params().uptime {
            return Err(refuse("it has not passed enough hours without standing out, so nothing says that it is what it claims"));
        }
        if device.below_pledge {
            return Err(refuse("a fault made its stake too small"));
        }
        if let Some(what) = terms.filter.lacks(&device) {
            return Err(ClustersError::Filter { device: id, what });
        }
        let ask = device.terms.asks.iter().find(|ask| ask.currency == terms.currency);
        let rate = self.ask_units(*ask.ok_or_else(|| refuse("it is not offered in that currency"))?)?;
        if rate > most {
            return Err(ClustersError::TooDear { device: id, asks: rate, most });
        }
        Ok(Slot {
            device: id,
            owner: device.owner,
            processors: device.terms.profile.processors,
            rate,
            from: now,
            hours: terms.hours,
            stage: Stage::Working,
            seen: now,
            begun: None,
            end: None,
            owed: None,
            counted: 0,
            pay_at: now.later(self.params().pay_every),
            paid: Units::ZERO,
            replaces: None,
            replaced: false,
        })
    }

    /// A hire that the sender pays and that runs.
    fn own_hire(&mut self, sender: Address, id: UnitId) -> Result<Hire, ClustersError> {
        let hire = self.hire_row(id)?;
        if hire.hirer != sender {
            return Err(ClustersError::NotYourHire { hire: id, hirer: hire.hirer });
        }
        if hire.state == HireState::Running { Ok(hire) } else { Err(ClustersError::HireOver { hire: id, state: hire.state }) }
    }

    /// The devices of a hire that work for it: their numbers with their slots.
    fn working(&mut self, id: UnitId, hire: &Hire) -> Vec<(u32, Slot)> {
        let slots = (0..hire.slots).filter_map(|number| self.load::<Slot>(Id::Slot(id, number)).map(|slot| (number, slot)));
        slots.filter(|(_, slot)| slot.stage == Stage::Working && slot.end.is_none()).collect()
    }

    /// Order of refusals: hours, hire, devices, term, money.
    pub(super) fn extend(&mut self, sender: Address, id: UnitId, hours: u32) -> Result<(), ClustersError> {
        if hours == 0 {
            return Err(ClustersError::NoHours);
        }
        let mut hire = self.own_hire(sender, id)?;
        let working = self.working(id, &hire);
        let until = hire.until.later(self.hours(hours));
        if working.is_empty() || self.now() >= hire.until {
            return Err(ClustersError::HireOver { hire: id, state: HireState::Ending });
        }
        let hourly = working.iter().try_fold(Units::ZERO, |sum, (_, slot)| sum.plus(slot.rate))?;
        let more = hourly.times(hours.into())?;
        hire.deposited = hire.deposited.plus(more)?;
        self.raise_escrow(id, sender, hire.terms.currency, more)?;
        for (number, mut slot) in working {
            self.extend_stream(id, number, hours)?;
            slot.hours = slot.hours.checked_add(hours).ok_or(Refusal::TooLarge)?;
            self.save(Id::Slot(id, number), slot);
        }
        self.unschedule(hire.until, Task::End(id));
        self.schedule(until, Task::End(id));
        hire.until = until;
        self.emit(ClustersEvent::HireExtended { hire: id, hirer: sender, hours, until, deposit: more });
        self.save(Id::Hire(id), hire);
        Ok(())
    }

    /// Order of refusals: hire, lost device, slots, time, the other device, its price, money.
    pub(super) fn replace(&mut self, sender: Address, id: UnitId, number: u32, device: UnitId) -> Result<(), ClustersError> {
        let mut hire = self.own_hire(sender, id)?;
        let mut lost = self.slot(id, number)?;
        if !lost.end.is_some_and(SlotEnd::broken) || lost.replaced {
            return Err(ClustersError::NotLost { hire: id, slot: number });
        }
        if hire.slots >= SLOTS_MAX {
            return Err(ClustersError::SlotsMost(SLOTS_MAX));
        }
        let left = hire.until.since(self.now()).get().div_ceil(self.params().hour.get());
        let hours = u32::try_from(left).ok().filter(|hours| *hours > 0);
        let hours = hours.ok_or(ClustersError::HireOver { hire: id, state: HireState::Ending })?;
        let slot = self.offered(device, &hire.terms.clone(), lost.rate)?;
        let slot = Slot { hours, replaces: Some(number), ..slot };
        let more = slot.rate.times(hours.into())?;
        hire.deposited = hire.deposited.plus(more)?;
        self.raise_escrow(id, sender, hire.terms.currency, more)?;
        lost.replaced = true;
        self.save(Id::Slot(id, number), lost);
        self.open_slot(id, &mut hire, slot)?;
        self.save(Id::Hire(id), hire);
        Ok(())
    }

    /// Hours that began are paid, one at least. Each device is judged once more, and is free then.
    pub(super) fn end_hire(&mut self, sender: Address, id: UnitId) -> Result<(), ClustersError> {
        let hire = self.own_hire(sender, id)?;
        self.unschedule(hire.until, Task::End(id));
        self.end(id, hire, SlotEnd::Ended);
        Ok(())
    }

    /// The time of a hire is over.
    pub(super) fn time_over(&mut self, id: UnitId) {
        if let Some(hire) = self.load::<Hire>(Id::Hire(id)).filter(|hire| hire.state == HireState::Running) {
            self.end(id, hire, SlotEnd::Over);
        }
    }

    fn end(&mut self, id: UnitId, mut hire: Hire, why: SlotEnd) {
        let now = self.now();
        for (number, mut slot) in self.working(id, &hire) {
            slot.end = Some(why);
            slot.owed = Some(if why == SlotEnd::Over { slot.hours } else { self.begun_hours(&slot, now) });
            self.save(Id::Slot(id, number), slot);
        }
        (hire.state, hire.until) = (HireState::Ending, now.min(hire.until));
        self.emit(ClustersEvent::HireEnding { hire: id, hirer: hire.hirer, end: why });
        self.save(Id::Hire(id), hire);
    }

    /// Hours of a device that began: at least one, at most all.
    fn begun_hours(&self, slot: &Slot, now: Instant) -> u32 {
        let begun = now.since(slot.from).get().div_ceil(self.params().hour.get());
        u32::try_from(begun).unwrap_or(u32::MAX).max(1).min(slot.hours)
    }

    /// Order of refusals: device, hire.
    pub(super) fn quit(&mut self, sender: Address, id: UnitId) -> Result<(), ClustersError> {
        let mut device = self.own_device(sender, id)?;
        let (hire, number) = device.hire.ok_or(ClustersError::NotHired(id))?;
        if self.slot(hire, number)?.end.is_some() {
            return Err(ClustersError::NotHired(id));
        }
        self.lose(id, &mut device, SlotEnd::Quit)?;
        self.save(Id::Device(id), device);
        Ok(())
    }

    /// Forgets a closed hire with its slots; gives how many rows it forgot.
    pub(super) fn forget_hire(&mut self, id: UnitId) -> u64 {
        let Some(hire) = self.load::<Hire>(Id::Hire(id)) else { return 1 };
        for number in 0..hire.slots {
            // A device that nobody judged since still points at it.
            if let Some(slot) = self.load::<Slot>(Id::Slot(id, number)) {
                let device = self.load::<Device>(Id::Device(slot.device)).filter(|device| device.hire == Some((id, number)));
                if let Some(mut device) = device {
                    device.hire = None;
                    self.totals(|totals| totals.hired = totals.hired.saturating_sub(1));
                    self.save(Id::Device(slot.device), device);
                }
            }
            self.forget(Id::Slot(id, number));
        }
        self.unlist(IndexKey::HireOf(hire.hirer, id));
        self.person(hire.hirer, |person| person.hires = person.hires.saturating_sub(1));
        self.forget(Id::Hire(id));
        u64::from(hire.slots) * 2 + 3
    }
}
