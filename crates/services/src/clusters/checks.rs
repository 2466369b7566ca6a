//! What says in an hour that a device is there, and is what it claims: its answer to the challenge, or while it is hired the word of its hirer or of
//! the checker.
//!
//! An answer is checked here; how long it took the checker measures, which is trusted for that and for attendance. A hirer's word keeps a hire paid and
//! earns nothing from a pool: else whoever hires its own devices would never have to prove them. A hired device that answers its challenge is rewarded
//! as any other.

use super::{
    error::ClustersError,
    event::ClustersEvent,
    message::{Answer, Attendance, TimeLock, WHOLE, check_answer},
    proof,
    rows::{Device, Id},
    score,
    service::Clusters,
};
use crate::context::Context;
use depin_quantity::{Address, Rounding, UnitId, Units};

impl Context<'_, Clusters> {
    /// Order of refusals: length, device, hour, checker, time, answer.
    pub(super) fn answer(&mut self, sender: Address, given: &Answer) -> Result<(), ClustersError> {
        check_answer(&given.answer)?;
        let id = given.device;
        let mut device = self.own_device(sender, id)?;
        let seed = self.open_hour(id, &device, given.hour)?;
        self.only_checker(given.key.address())?;
        let limit = self.params().proof.limit;
        if u64::from(given.millis) > limit.get() {
            return Err(ClustersError::TooSlow { millis: given.millis, limit });
        }
        let work = proof::work_of(seed, id, &device.terms.profile, self.params().proof.work)?;
        proof::verify(&work, &given.answer)?;
        let hired = device.hire.is_some();
        // No test of connections runs yet, so nothing is counted for what devices say of them.
        let score = score::base_score(&self.params().score, &device.terms.profile, 0, hired)?;
        self.there(&mut device)?;
        self.pass(id, &mut device, Some(score))?;
        self.emit(ClustersEvent::ChallengeAnswered { device: id, owner: sender, hour: given.hour, millis: given.millis });
        self.save(Id::Device(id), device);
        Ok(())
    }

    /// Order of refusals: device, hour, hire, checker.
    pub(super) fn attend(&mut self, sender: Address, given: &Attendance) -> Result<(), ClustersError> {
        let mut device = self.own_device(sender, given.device)?;
        self.open_hour(given.device, &device, given.hour)?;
        if device.hire.is_none() {
            return Err(ClustersError::NotHired(given.device));
        }
        self.only_checker(given.key.address())?;
        self.present(given.device, &mut device)
    }

    /// Order of refusals: parts, device, hour, hire, hirer, least.
    pub(super) fn prove_lock(&mut self, sender: Address, given: &TimeLock) -> Result<(), ClustersError> {
        if given.parts > WHOLE {
            return Err(ClustersError::Parts(given.parts));
        }
        let id = given.device;
        let mut device = self.own_device(sender, id)?;
        self.open_hour(id, &device, given.hour)?;
        let (hire, slot) = device.hire.ok_or(ClustersError::NotHired(id))?;
        let hirer = self.hire_row(hire)?.hirer;
        if given.key.address() != hirer {
            return Err(ClustersError::NotTheHirer { is: hirer, given: given.key.address() });
        }
        let least = self.params().proof.lock_least.of(Units::new(WHOLE.into()), Rounding::Up)?;
        if Units::new(given.parts.into()) < least {
            return Err(ClustersError::BelowProfile { parts: given.parts, least: self.params().proof.lock_least });
        }
        self.present(id, &mut device)?;
        self.emit(ClustersEvent::TimeLockProved { hire, slot, device: id, owner: sender, hour: given.hour, parts: given.parts });
        Ok(())
    }

    /// A hired device is there, and was not measured.
    fn present(&mut self, id: UnitId, device: &mut Device) -> Result<(), ClustersError> {
        self.there(device)?;
        self.pass(id, device, None)?;
        self.save(Id::Device(id), device.clone());
        Ok(())
    }
}
