//! A device's part in a hire, from its first hour to its last payment.
//!
//! What a device is paid for are whole hours in which it was seen: by its hirer, by the checker, or by its own answer. Its stream is reserved when it is
//! hired and runs two hours behind, so that the check that covers an hour is closed before the hour is paid; a device that is gone within its first hour
//! gets nothing.

use super::{
    due::Task,
    error::ClustersError,
    event::ClustersEvent,
    rows::{Device, Found, Hire, HireState, Id, IndexKey, Slot, SlotEnd, Stage},
    service::Clusters,
};
use crate::context::Context;
use depin_quantity::{Instant, UnitId, Units};

impl Context<'_, Clusters> {
    /// A device gets a part in a hire: its hours are reserved. The escrow has the money already.
    pub(super) fn open_slot(&mut self, id: UnitId, hire: &mut Hire, slot: Slot) -> Result<(), ClustersError> {
        let number = hire.slots;
        self.open_stream(id, number, hire.terms.currency, &slot)?;
        (hire.slots, hire.open) = (hire.slots + 1, hire.open + 1);
        let mut device = self.device(slot.device)?;
        device.hire = Some((id, number));
        self.save(Id::Device(slot.device), device);
        self.list(IndexKey::Stream(super::records::stream_id(id, number)), Found::Slot(id, number));
        let from = self.params().pays_from(slot.from);
        self.schedule(from, Task::Activate(id, number));
        self.totals(|totals| totals.hired += 1);
        let (device, owner, rate, hours) = (slot.device, slot.owner, slot.rate, slot.hours);
        self.emit(ClustersEvent::DeviceHired { hire: id, slot: number, device, owner, hirer: hire.hirer, rate, hours });
        self.save(Id::Slot(id, number), slot);
        Ok(())
    }

    /// Somebody signed that a device is there. A hired one is told as used up to now and paid when it is time; one whose hire is over is free again.
    pub(super) fn there(&mut self, device: &mut Device) -> Result<(), ClustersError> {
        let Some((hire, number)) = device.hire else { return Ok(()) };
        let mut slot = self.slot(hire, number)?;
        let now = self.now();
        if slot.end.is_some() || slot.stage == Stage::Paid {
            slot.seen = now;
            self.finish(hire, number, slot)?;
            self.free(device);
            return Ok(());
        }
        slot.seen = now;
        let hours = u32::try_from(slot.hours_at(now, self.params().hour)).unwrap_or(u32::MAX).min(slot.hours);
        self.count_hours(hire, number, &mut slot, hours)?;
        if now >= slot.pay_at && slot.begun.is_some() {
            let paid = self.settle_stream(hire, number)?;
            slot.pay_at = now.later(self.params().pay_every);
            self.emit(ClustersEvent::DevicePaid { hire, slot: number, device: slot.device, owner: slot.owner, amount: paid });
        }
        self.save(Id::Slot(hire, number), slot);
        Ok(())
    }

    /// Tells hours as used that were not; written at once, so that what is put off behind it does not tell them twice.
    fn count_hours(&mut self, hire: UnitId, number: u32, slot: &mut Slot, hours: u32) -> Result<(), ClustersError> {
        let more = hours.saturating_sub(slot.counted);
        if more > 0 {
            self.accrue_hours(slot, more)?;
            slot.counted = hours;
            self.totals(|totals| totals.hired_hours += u64::from(more));
            self.save(Id::Slot(hire, number), *slot);
        }
        Ok(())
    }

    /// A hired device is not there, or its owner takes it back: whole hours in which it was seen are paid, and none of what it owes.
    pub(super) fn lose(&mut self, id: UnitId, device: &mut Device, end: SlotEnd) -> Result<(), ClustersError> {
        let Some((hire, number)) = device.hire else { return Ok(()) };
        let mut slot = self.slot(hire, number)?;
        debug_assert_eq!(slot.device, id, "a device's hire has it");
        let seen = u32::try_from(slot.hours_at(slot.seen, self.params().hour)).unwrap_or(u32::MAX);
        let before = slot.owed.unwrap_or(slot.hours);
        let owed = before.min(seen);
        if slot.end.is_none() || owed < before {
            slot.end = Some(end);
        }
        slot.owed = Some(owed);
        self.finish(hire, number, slot)?;
        self.free(device);
        Ok(())
    }

    fn free(&mut self, device: &mut Device) {
        device.hire = None;
        self.totals(|totals| totals.hired = totals.hired.saturating_sub(1));
    }

    /// What a device is paid is fixed: nothing, all of its hours, or some, which are paid when its stream has come so far.
    fn finish(&mut self, hire: UnitId, number: u32, mut slot: Slot) -> Result<(), ClustersError> {
        if slot.stage != Stage::Working {
            return Ok(());
        }
        let owed = slot.owed.unwrap_or(slot.hours).min(slot.hours);
        let end = slot.end.unwrap_or(SlotEnd::Over);
        self.count_hours(hire, number, &mut slot, owed)?;
        (slot.owed, slot.end, slot.stage) = (Some(owed), Some(end), Stage::Judged);
        if owed == 0 {
            let until = slot.begun.map_or(slot.from, |begun| self.params().rules.period_start(begun));
            self.close_stream(hire, number, end.broken(), until)?;
        } else if let Some(begun) = slot.begun.filter(|_| owed < slot.hours) {
            self.settle_later(hire, number, begun, owed);
        }
        self.emit(ClustersEvent::DeviceReleased { hire, slot: number, device: slot.device, owner: slot.owner, end, hours: owed });
        self.save(Id::Slot(hire, number), slot);
        Ok(())
    }

    fn settle_later(&mut self, hire: UnitId, number: u32, begun: u64, owed: u32) {
        let at: Instant = self.params().rules.period_start(begun.saturating_add(owed.into())).max(self.now());
        self.schedule(at, Task::Settle(hire, number));
    }

    /// The stream of a device begins to run.
    pub(super) fn activate(&mut self, hire: UnitId, number: u32) -> Result<(), ClustersError> {
        let Some(mut slot) = self.load::<Slot>(Id::Slot(hire, number)) else { return Ok(()) };
        let closed = slot.stage == Stage::Paid || (slot.stage == Stage::Judged && slot.owed == Some(0));
        if closed || slot.begun.is_some() {
            return Ok(());
        }
        self.activate_stream(hire, number)?;
        let begun = self.params().rules.period_at(self.now());
        slot.begun = Some(begun);
        if let Some(owed) = slot.owed.filter(|owed| slot.stage == Stage::Judged && *owed < slot.hours) {
            self.settle_later(hire, number, begun, owed);
        }
        self.save(Id::Slot(hire, number), slot);
        Ok(())
    }

    /// The hours that a device is paid for have run through its stream.
    pub(super) fn settle(&mut self, hire: UnitId, number: u32) -> Result<(), ClustersError> {
        let Some(slot) = self.load::<Slot>(Id::Slot(hire, number)).filter(|slot| slot.stage == Stage::Judged) else {
            return Ok(());
        };
        let (Some(begun), Some(owed), Some(end)) = (slot.begun, slot.owed, slot.end) else { return Ok(()) };
        let until = self.params().rules.period_start(begun.saturating_add(owed.into()));
        self.close_stream(hire, number, end.broken(), until)
    }

    /// The economy says that a stream is over: its device is paid. With the last one its escrow closed, and the rest of the money is back.
    pub(super) fn stream_over(&mut self, stream: UnitId, paid: Units) {
        let Some(Found::Slot(id, number)) = self.state().get::<Found>(&IndexKey::Stream(stream)) else { return };
        self.unlist(IndexKey::Stream(stream));
        let (Some(mut slot), Some(mut hire)) = (self.load::<Slot>(Id::Slot(id, number)), self.load::<Hire>(Id::Hire(id))) else {
            return;
        };
        (slot.stage, slot.paid) = (Stage::Paid, paid);
        slot.end = slot.end.or(Some(SlotEnd::Over));
        self.save(Id::Slot(id, number), slot);
        hire.open = hire.open.saturating_sub(1);
        // The deposit bounds the sum.
        hire.paid = hire.paid.plus(paid).unwrap_or(hire.deposited);
        if hire.open == 0 {
            self.close_hire(id, &mut hire);
        }
        self.save(Id::Hire(id), hire);
    }

    fn close_hire(&mut self, id: UnitId, hire: &mut Hire) {
        if hire.state == HireState::Running {
            self.unschedule(hire.until, Task::End(id));
        }
        let now = self.now();
        (hire.state, hire.closed) = (HireState::Closed, Some(now));
        self.schedule(now.later(self.params().bounds.closed_kept), Task::Forget(id));
        self.totals(|totals| totals.open_hires = totals.open_hires.saturating_sub(1));
        let returned = hire.deposited.minus_or_zero(hire.paid);
        self.emit(ClustersEvent::HireClosed { hire: id, hirer: hire.hirer, paid: hire.paid, returned });
    }
}
