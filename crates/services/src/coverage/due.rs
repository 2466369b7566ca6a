//! Jobs that come due with time.

use super::{error::CoverageError, service::Coverage};
use crate::{
    context::Context,
    due::{Deadlines, Draws},
};
use depin_economy::Refusal;
use depin_quantity::{Address, Seed, Span, UnitId};
use depin_state::{KeyBytes, RowKey};

/// Work units of a job, without the owners that it charges and the packets that it forgets.
const WORK: u64 = 20;

/// A job; at the same instant they run in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Charge what an OUI owes.
    Charge(u32),
    /// A claim was not answered.
    Lapse(UnitId),
    /// Forget a batch of packets.
    Forget(UnitId),
    /// Judge a hotspot's beacon.
    JudgeBeacon(Address),
    /// A hotspot counts in its hex no more.
    CountOut(Address),
    /// An epoch of an access point ended.
    JudgePoint(Address),
    /// Count the points of an access point: behind all that are judged at the same instant.
    CountPoints(Address),
    /// Forget a session of an access point.
    ForgetSession(Address, UnitId),
    /// A device may have had no reward for long enough not to be active any more.
    EndActivity(Address),
    /// Tell the economy which devices are active: behind all that changes it at the same instant.
    TellActive,
}

/// The kind from 1 on, then the batch; an OUI in the last four bytes. A session of an access point stands behind it.
impl RowKey for Job {
    fn write(&self, out: &mut KeyBytes) {
        let (kind, of) = match *self {
            Self::Charge(oui) => {
                let mut of = [0; 32];
                of[28..].copy_from_slice(&oui.to_be_bytes());
                (1u8, UnitId::new(of))
            }
            Self::Lapse(claim) => (2, claim),
            Self::Forget(batch) => (3, batch),
            Self::JudgeBeacon(hotspot) => (4, UnitId::new(hotspot.get())),
            Self::CountOut(hotspot) => (5, UnitId::new(hotspot.get())),
            Self::JudgePoint(point) => (6, UnitId::new(point.get())),
            Self::CountPoints(point) => (7, UnitId::new(point.get())),
            Self::ForgetSession(point, session) => return (8u8, point, session).write(out),
            Self::EndActivity(device) => (9, UnitId::new(device.get())),
            Self::TellActive => (10, UnitId::new([0; 32])),
        };
        (kind, of).write(out);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let (kind, of) = <(u8, UnitId)>::read(bytes)?;
        Some(match kind {
            1 => Self::Charge(u32::from_be_bytes(of.get()[28..].try_into().ok()?)),
            2 => Self::Lapse(of),
            3 => Self::Forget(of),
            4 => Self::JudgeBeacon(Address::new(of.get())),
            5 => Self::CountOut(Address::new(of.get())),
            6 => Self::JudgePoint(Address::new(of.get())),
            7 => Self::CountPoints(Address::new(of.get())),
            8 => Self::ForgetSession(Address::new(of.get()), UnitId::read(bytes)?),
            9 => Self::EndActivity(Address::new(of.get())),
            10 => Self::TellActive,
            _ => return None,
        })
    }
}

impl Deadlines for Coverage {
    const DUE: u8 = super::rows::DUE;
    type Job = Job;

    fn run_job(cx: &mut Context<'_, Self>, job: Job) -> u64 {
        match cx.do_job(job) {
            Ok(done) => WORK + 10 * done as u64,
            // What a job sends first is what the economy may put off; nothing has happened yet.
            Err(CoverageError::Economy(Refusal::Closing { .. })) => {
                cx.schedule(cx.now().later(Span::from_millis(1)), job);
                WORK
            }
            Err(error) => unreachable!("a due job sends only what the file has rules for: {error}"),
        }
    }
}

impl Draws for Coverage {
    const DRAWS: u8 = super::rows::DRAWS;
    /// The hotspot whose beacon it is.
    type Subject = Address;

    fn drawn(cx: &mut Context<'_, Self>, hotspot: Address, seed: Seed) -> u64 {
        cx.draw_beacon(hotspot, seed);
        WORK
    }
}

impl Context<'_, Coverage> {
    /// Does a job; gives how many owners, packets or reports it was about.
    fn do_job(&mut self, job: Job) -> Result<usize, CoverageError> {
        match job {
            Job::Charge(oui) => self.charge_all(oui),
            Job::Lapse(claim) => self.lapse(claim).map(|()| 0),
            Job::Forget(batch) => Ok(self.forget(batch)),
            Job::JudgeBeacon(hotspot) => self.judge_beacon(hotspot),
            Job::CountOut(hotspot) => self.count_ends(hotspot).map(|()| 2),
            Job::JudgePoint(point) => self.judge_point(point),
            Job::CountPoints(point) => self.count_points(point),
            Job::ForgetSession(point, session) => {
                self.forget_session(point, session);
                Ok(0)
            }
            Job::EndActivity(device) => {
                self.end_activity(device);
                Ok(0)
            }
            Job::TellActive => self.tell_active().map(|()| 1),
        }
    }
}
