//! Hours: devices wait for one, it opens with a challenge, they are judged, it is completed.
//!
//! A device is in the list of one hour at a time: that in which it is checked next. Whoever passes is put behind the following hour's list at once, so
//! what is left when an hour is over are those that failed it, and closing it goes through no others.

use super::{
    due::{Subject, Task},
    error::ClustersError,
    event::ClustersEvent,
    names::FAILED_CHECK,
    rows::{ClustersTotals, Device, FAILURES_KEPT, Found, Hour, HourState, Id, IndexKey, Miss, MissReason, SlotEnd},
    service::Clusters,
};
use crate::context::Context;
use depin_quantity::{Seed, Span, UnitId};

/// Devices that one job judges.
pub(super) const AT_ONCE: u32 = 64;
/// Completed hours that stay readable: a week.
pub const HOURS_KEPT: u64 = 168;
/// The id before all.
const LEAST: UnitId = UnitId::new([0; 32]);

impl Context<'_, Clusters> {
    /// The next hour checks the device. Hours that rested go on.
    pub(super) fn wait_for_next(&mut self, id: UnitId, device: &mut Device) {
        let hour = self.params().hour_at(self.now()) + 1;
        self.wait_for(id, device, hour);
    }

    fn wait_for(&mut self, id: UnitId, device: &mut Device, hour: u64) {
        device.due = Some(hour);
        device.nominated = device.uptime >= self.params().uptime && !device.below_pledge;
        let (nominated, processors) = (u32::from(device.nominated), u64::from(device.terms.profile.processors));
        self.list(IndexKey::Waiting(hour, id), Found::Listed);
        self.hour(hour, |row| (row.waiting, row.nominated) = (row.waiting + 1, row.nominated + nominated));
        let rested = !self.load::<ClustersTotals>(Id::Totals()).is_some_and(|totals| totals.running);
        if rested || nominated > 0 {
            self.totals(|totals| {
                totals.running = true;
                totals.proved += u64::from(nominated) * processors;
            });
        }
        if rested {
            self.schedule(self.params().hour_start(hour), Task::Open(hour));
        }
    }

    /// No hour checks the device; gives the one that would have, with whether it was nominated for it.
    fn take_off(&mut self, id: UnitId, device: &mut Device) -> Option<(u64, bool)> {
        let hour = device.due.take()?;
        let nominated = std::mem::take(&mut device.nominated);
        self.unlist(IndexKey::Waiting(hour, id));
        self.hour(hour, |row| row.waiting = row.waiting.saturating_sub(1));
        if nominated {
            let processors = u64::from(device.terms.profile.processors);
            self.totals(|totals| totals.proved = totals.proved.saturating_sub(processors));
        }
        Some((hour, nominated))
    }

    /// The device leaves, or begins anew, before it is judged.
    pub(super) fn stop_waiting(&mut self, id: UnitId, device: &mut Device) {
        if let Some((hour, true)) = self.take_off(id, device) {
            self.hour(hour, |row| row.left += 1);
        }
    }

    /// The hour in which a device is to be judged, once its challenge is drawn.
    ///
    /// Order of refusals: stands out, another hour, not drawn, too late.
    pub(super) fn open_hour(&mut self, id: UnitId, device: &Device, hour: u64) -> Result<Seed, ClustersError> {
        let due = device.due.ok_or(ClustersError::StandsOut(id))?;
        if due != hour {
            return Err(ClustersError::OtherHour { device: id, due, given: hour });
        }
        let row = self.load::<Hour>(Id::Hour(hour)).unwrap_or(Hour::EMPTY);
        let (seed, opened) = row.opened.ok_or(ClustersError::NotOpen { hour, at: self.params().hour_start(hour) })?;
        let until = opened.later(self.params().proof.within);
        if self.now() > until { Err(ClustersError::TooLate(until)) } else { Ok(seed) }
    }

    /// A device passed its hour, and waits for the next. `score` is what it is rewarded by; nothing of it is one that was there and not measured.
    pub(super) fn pass(&mut self, id: UnitId, device: &mut Device, score: Option<u128>) -> Result<(), ClustersError> {
        let rewarded = score.filter(|_| device.nominated && !device.below_pledge);
        if let Some(score) = rewarded {
            self.accrue_score(id, device.owner, score)?;
        }
        let Some((hour, nominated)) = self.take_off(id, device) else { return Ok(()) };
        if score.is_some() {
            device.uptime = device.uptime.saturating_add(1);
            device.history = (device.history << 1) | 1;
            device.judged = device.judged.saturating_add(1).min(64);
            device.passed_hours += 1;
            self.totals(|totals| totals.passed += 1);
        }
        device.score += rewarded.unwrap_or(0);
        self.hour(hour, |row| match (nominated, rewarded) {
            (true, Some(score)) => (row.completed, row.score) = (row.completed + 1, row.score + score),
            (true, None) => row.spared += 1,
            (false, _) if score.is_some() => row.probing += 1,
            (false, _) => {}
        });
        let rewarded = rewarded.unwrap_or(0);
        self.emit(ClustersEvent::HourPassed {
            device: id,
            owner: device.owner,
            hour,
            measured: score.is_some(),
            score: rewarded,
        });
        let next = (hour + 1).max(self.params().hour_at(self.now()));
        self.wait_for(id, device, next);
        Ok(())
    }

    /// An hour begins: its challenges are drawn two rounds later.
    pub(super) fn begin_hour(&mut self, hour: u64) {
        self.hour(hour, |row| row.state = HourState::InProgress);
        self.fix(Subject::Hour(hour));
        // Of a chain that stood still an hour may begin when it is over.
        let over = self.params().hour_start(hour + 1).max(self.now().later(Span::from_millis(1)));
        self.schedule(over, Task::Close(hour, LEAST));
    }

    /// The seed of an hour is there: its challenges are open, unless the hour is over.
    pub(super) fn hour_drawn(&mut self, hour: u64, seed: Seed) {
        let Some(mut row) = self.load::<Hour>(Id::Hour(hour)).filter(|row| row.state == HourState::InProgress) else { return };
        let now = self.now();
        row.opened = Some((seed, now));
        self.emit(ClustersEvent::HourOpened { hour, seed, waiting: row.waiting, nominated: row.nominated });
        self.save(Id::Hour(hour), row);
    }

    /// Judges some of those that did not pass an hour, from `from` on, and completes it behind the last; gives how many it judged.
    pub(super) fn close_hour(&mut self, hour: u64, from: UnitId) -> Result<u64, ClustersError> {
        let drawn = self.load::<Hour>(Id::Hour(hour)).is_some_and(|row| row.opened.is_some());
        self.hour(hour, |row| row.state = HourState::Processing);
        let mut judged = 0;
        let mut next = self.state().first_from::<Found>(&IndexKey::Waiting(hour, from));
        while let Some((IndexKey::Waiting(of, id), _)) = next.filter(|_| judged < AT_ONCE) {
            if of != hour {
                break;
            }
            self.judge(id, drawn)?;
            judged += 1;
            next = self.state().next_after::<Found>(&IndexKey::Waiting(hour, id));
        }
        match next {
            Some((IndexKey::Waiting(of, id), _)) if of == hour => {
                let now = self.now();
                self.schedule(now, Task::Close(hour, id));
            }
            _ => self.complete(hour),
        }
        Ok(judged.into())
    }

    /// A device did not pass. Where no challenge was drawn, a chain that stood still, nobody is at fault.
    fn judge(&mut self, id: UnitId, drawn: bool) -> Result<(), ClustersError> {
        let Some(mut device) = self.load::<Device>(Id::Device(id)) else { return Ok(()) };
        if !drawn {
            self.there(&mut device)?;
            self.pass(id, &mut device, None)?;
            self.save(Id::Device(id), device);
            return Ok(());
        }
        let reason = if device.hire.is_some() { MissReason::Absent } else { MissReason::Unanswered };
        if device.hire.is_some() {
            // What the economy may put off comes first, and is written: the rest is not said twice.
            self.lose(id, &mut device, SlotEnd::Lost)?;
            self.save(Id::Device(id), device.clone());
        }
        let proof = &self.params().proof;
        let (history, judged) = (device.history << 1, device.judged.saturating_add(1).min(64));
        let after = Device { history, judged, ..device.clone() };
        let out = after.missed_of(proof.window) >= proof.misses;
        if out {
            self.fault(id, &device, FAILED_CHECK, None)?;
        }
        let waited = self.take_off(id, &mut device);
        (device.history, device.judged) = (history, judged);
        device.failed_hours += 1;
        let hour = waited.map_or(0, |(hour, _)| hour);
        if device.misses.len() >= FAILURES_KEPT {
            device.misses.remove(0);
        }
        device.misses.push(Miss { hour, reason });
        self.totals(|totals| totals.failed += 1);
        if let Some((hour, true)) = waited {
            self.hour(hour, |row| row.failed += 1);
        }
        self.emit(ClustersEvent::HourFailed { device: id, owner: device.owner, hour, reason, out });
        if out {
            device.begin_anew();
        } else {
            let next = (hour + 1).max(self.params().hour_at(self.now()));
            self.wait_for(id, &mut device, next);
        }
        self.save(Id::Device(id), device);
        Ok(())
    }

    /// Everything of an hour is judged. The next that devices wait for follows; where none does, hours rest.
    fn complete(&mut self, hour: u64) {
        let row = self.load::<Hour>(Id::Hour(hour)).unwrap_or(Hour::EMPTY);
        self.save(Id::Hour(hour), Hour { state: HourState::Completed, ..row });
        self.emit(ClustersEvent::HourCompleted {
            hour,
            nominated: row.nominated,
            completed: row.completed,
            failed: row.failed,
            score: row.score,
        });
        if let Some(old) = hour.checked_sub(HOURS_KEPT) {
            self.forget_hours(old);
        }
        let next = self.state().first_from::<Found>(&IndexKey::Waiting(hour + 1, LEAST));
        let next = match next {
            Some((IndexKey::Waiting(next, _), _)) => Some(next),
            _ => None,
        };
        self.totals(|totals| (totals.hours, totals.running) = (totals.hours + 1, next.is_some()));
        if let Some(next) = next {
            let start = self.params().hour_start(next).max(self.now());
            self.schedule(start, Task::Open(next));
        }
    }

    /// Forgets some of the oldest hours up to one.
    fn forget_hours(&mut self, last: u64) {
        for _ in 0..4 {
            let oldest = self.state().first_from::<super::rows::Thing>(&Id::Hour(0));
            match oldest {
                Some((Id::Hour(hour), _)) if hour <= last => self.forget(Id::Hour(hour)),
                _ => return,
            }
        }
    }
}
