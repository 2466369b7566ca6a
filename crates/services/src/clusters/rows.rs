//! What the service remembers. Four tables: jobs that are due, draws, what there is, and what it is found by.

use super::terms::{DeviceTerms, NewHire};
use crate::kept::kept;
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, Instant, Name, Seed, Span, UnitId, Units};
use depin_state::{KeyBytes, Row, RowKey};
use serde::{Deserialize, Serialize};

/// The table of jobs that are due.
pub(super) const DUE: u8 = 0xa0;
/// The table of draws.
pub(super) const DRAWS: u8 = 0xa1;
/// Failed hours of a device that are kept with their reasons.
pub const FAILURES_KEPT: usize = 8;

/// Why a device failed an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissReason {
    /// Its answer to the challenge was not there in time.
    Unanswered,
    /// It was hired, and neither the hirer nor the checker signed that it is there.
    Absent,
}

impl MissReason {
    /// As people read it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unanswered => "unanswered",
            Self::Absent => "absent",
        }
    }
}

/// An hour that a device failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Miss {
    /// Which.
    pub hour: u64,
    /// Why.
    pub reason: MissReason,
}

/// A device: one machine of its owner, or a slice of one.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Device {
    /// Whose it is: who is paid, pledges, and answers for it.
    pub owner: Address,
    /// Its name among its owner's.
    pub name: Name,
    /// What is said of it.
    pub terms: DeviceTerms,
    /// When it registered first, or again after it had left.
    pub since: Instant,
    /// Whether it takes part.
    pub active: bool,
    /// Whether it has a pledge locked.
    pub pledged: bool,
    /// Whether a fault made its pledge smaller than the network asks.
    pub below_pledge: bool,
    /// The hour in which it is checked next; none while it stands out, until its owner says that it is ready.
    pub due: Option<u64>,
    /// Whether it is nominated for that hour: then it is rewarded if it passes.
    pub nominated: bool,
    /// Hours that it passed since it began, or began anew.
    pub uptime: u32,
    /// Its last judged hours, the latest in the lowest bit, one for a passed one.
    pub history: u64,
    /// How many hours of the history are judged.
    pub judged: u32,
    /// The last hours that it failed.
    pub misses: Vec<Miss>,
    /// Hours that it ever passed.
    pub passed_hours: u64,
    /// Hours that it ever failed.
    pub failed_hours: u64,
    /// What it ever scored, in tenths of a point.
    pub score: u128,
    /// The hire that it belongs to, and the how manieth device of that it is.
    pub hire: Option<(UnitId, u32)>,
}

impl Device {
    /// Passed hours among all judged ones, in thousandths; nothing before the first.
    ///
    /// - Rounding: down.
    pub fn reliability(&self) -> u32 {
        let all = u128::from(self.passed_hours) + u128::from(self.failed_hours);
        if all == 0 {
            return 0;
        }
        u32::try_from(u128::from(self.passed_hours) * 1_000 / all).unwrap_or(1_000)
    }

    /// Failed hours among the last `window` that were judged.
    pub fn missed_of(&self, window: u32) -> u32 {
        let window = window.min(self.judged).min(64);
        let mask = if window >= 64 { u64::MAX } else { (1 << window) - 1 };
        window - (self.history & mask).count_ones()
    }
}

/// How far an hour is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HourState {
    /// Devices are nominated for it.
    Nominating,
    /// It runs: devices answer.
    InProgress,
    /// It is over, and what did not answer is judged.
    Processing,
    /// Everything is judged.
    Completed,
}

impl HourState {
    /// Its word in JSON and messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nominating => "nominating",
            Self::InProgress => "in-progress",
            Self::Processing => "processing",
            Self::Completed => "completed",
        }
    }
}

/// An hour: what io.net calls a block. `nominated = completed + failed + spared + left` once it is completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Hour {
    /// How far it is.
    pub state: HourState,
    /// What its challenges are drawn from, and since when everybody knows it.
    pub opened: Option<(Seed, Instant)>,
    /// Devices that are checked in it and not judged yet.
    pub waiting: u32,
    /// Devices that were nominated.
    pub nominated: u32,
    /// Nominated devices that passed, and are rewarded.
    pub completed: u32,
    /// Nominated devices that failed.
    pub failed: u32,
    /// Nominated devices that were there and not measured: hired ones whose hirer signed nothing, or all where no challenge was drawn.
    pub spared: u32,
    /// Nominated devices that left, or stand out.
    pub left: u32,
    /// Devices that passed while they waited to be nominated.
    pub probing: u32,
    /// Scores of those that completed, in tenths of a point.
    pub score: u128,
}

impl Hour {
    /// One for which nobody is nominated yet.
    pub const EMPTY: Self = Self {
        state: HourState::Nominating,
        opened: None,
        waiting: 0,
        nominated: 0,
        completed: 0,
        failed: 0,
        spared: 0,
        left: 0,
        probing: 0,
        score: 0,
    };
}

/// How far a hire is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HireState {
    /// Its devices work for it.
    Running,
    /// Its time is over, or its hirer ended it; the last hours are being paid.
    Ending,
    /// Everything is paid, and the rest of its money is back.
    Closed,
}

impl HireState {
    /// Its word in JSON and messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ending => "ending",
            Self::Closed => "closed",
        }
    }
}

/// A hired cluster. Its money is in the escrow of the same id.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Hire {
    /// Who pays.
    pub hirer: Address,
    /// What was ordered; its devices are in its slots.
    pub terms: NewHire,
    /// How far it is.
    pub state: HireState,
    /// When it was ordered.
    pub created: Instant,
    /// When its time is over; extended ones run longer.
    pub until: Instant,
    /// Slots that it ever had: its devices, and those that replaced some.
    pub slots: u32,
    /// Slots whose payment is not over.
    pub open: u32,
    /// What was ever put into its escrow, in base units.
    pub deposited: Units,
    /// What its devices' owners were paid before fees, in base units.
    pub paid: Units,
    /// When it was closed.
    pub closed: Option<Instant>,
}

/// How far the payment of a device's part in a hire is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// It works, or is to be judged once more.
    Working,
    /// It works no more; what it is paid is fixed.
    Judged,
    /// It is paid.
    Paid,
}

/// Why a device works no more for a hire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SlotEnd {
    /// The hire's time was over.
    Over,
    /// The hirer ended the hire.
    Ended,
    /// The device was not there when it was checked.
    Lost,
    /// Its owner took it back.
    Quit,
}

impl SlotEnd {
    /// Its word in JSON and messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Over => "over",
            Self::Ended => "ended",
            Self::Lost => "lost",
            Self::Quit => "quit",
        }
    }

    /// Whether the device is the reason.
    pub const fn broken(self) -> bool {
        matches!(self, Self::Lost | Self::Quit)
    }
}

/// One device's part in a hire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Slot {
    /// The device.
    pub device: UnitId,
    /// Its owner.
    pub owner: Address,
    /// Its processors, as they were proved when it was hired.
    pub processors: u32,
    /// What an hour costs, in base units.
    pub rate: Units,
    /// Since when it works for the hire.
    pub from: Instant,
    /// Hours that are reserved for it.
    pub hours: u32,
    /// How far its payment is.
    pub stage: Stage,
    /// When somebody last signed that it is there; its beginning before that.
    pub seen: Instant,
    /// The period of the stream's clock in which it began to run.
    pub begun: Option<u64>,
    /// Why it works no more. Set while it is to be judged once more, too.
    pub end: Option<SlotEnd>,
    /// Hours that it is paid for, once that is fixed; before, those that its hirer owes at most.
    pub owed: Option<u32>,
    /// Hours that were told as used.
    pub counted: u32,
    /// When it is paid next in between.
    pub pay_at: Instant,
    /// What it was paid before fees, once its payment is over, in base units.
    pub paid: Units,
    /// The slot whose place it took.
    pub replaces: Option<u32>,
    /// Whether another slot took its place.
    pub replaced: bool,
}

impl Slot {
    /// Whole hours from its beginning to `at`.
    pub const fn hours_at(&self, at: Instant, hour: Span) -> u64 {
        at.since(self.from).get() / hour.get()
    }
}

/// What somebody has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Person {
    /// Devices that take part.
    pub devices: u32,
    /// Hires that are kept.
    pub hires: u32,
}

/// Running sums. Those that were ever counted stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct ClustersTotals {
    /// Whether hours are being run: they rest while no device is to be checked.
    pub running: bool,
    /// Devices that take part.
    pub devices: u32,
    /// Their processors, as they say.
    pub processors: u64,
    /// Processors of devices that are nominated for their next hour: proved again and again.
    pub proved: u64,
    /// Devices that are hired.
    pub hired: u32,
    /// Hires that are not closed.
    pub open_hires: u32,
    /// Hires that were ever ordered.
    pub hires: u64,
    /// Hours that were completed.
    pub hours: u64,
    /// Device-hours that passed.
    pub passed: u64,
    /// Device-hours that failed.
    pub failed: u64,
    /// Devices that were found to be something else.
    pub spoofed: u64,
    /// Device-hours that were hired and told as used.
    pub hired_hours: u64,
}

kept! {
    /// Running sums.
    1u8 Totals() => ClustersTotals;
    /// A device.
    2u8 Device(device: UnitId) => Device;
    /// An hour.
    3u8 Hour(hour: u64) => Hour;
    /// A hire.
    4u8 Hire(hire: UnitId) => Hire;
    /// A device's part in a hire.
    5u8 Slot(hire: UnitId, number: u32) => Slot;
    /// What somebody has.
    6u8 Person(person: Address) => Person;
}

impl Row for Thing {
    const TABLE: u8 = 0xa2;
    type Key = Id;
}

/// What something is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum IndexKey {
    /// A device that is checked in an hour and not judged yet.
    Waiting(u64, UnitId),
    /// A device of its owner.
    DeviceOf(Address, UnitId),
    /// A hire of its hirer.
    HireOf(Address, UnitId),
    /// The hire that a stream pays.
    Stream(UnitId),
}

/// A number from 1 on, then the parts.
impl RowKey for IndexKey {
    fn write(&self, out: &mut KeyBytes) {
        match *self {
            Self::Waiting(hour, device) => (1u8, hour, device).write(out),
            Self::DeviceOf(owner, device) => (2u8, owner, device).write(out),
            Self::HireOf(hirer, hire) => (3u8, hirer, hire).write(out),
            Self::Stream(stream) => (4u8, stream).write(out),
        }
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        Some(match u8::read(bytes)? {
            1 => Self::Waiting(u64::read(bytes)?, UnitId::read(bytes)?),
            2 => Self::DeviceOf(Address::read(bytes)?, UnitId::read(bytes)?),
            3 => Self::HireOf(Address::read(bytes)?, UnitId::read(bytes)?),
            4 => Self::Stream(UnitId::read(bytes)?),
            _ => return None,
        })
    }
}

/// What is found: that it is there, or the slot that a stream pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) enum Found {
    /// It is there.
    Listed,
    /// A slot.
    Slot(UnitId, u32),
}

impl Row for Found {
    const TABLE: u8 = 0xa3;
    type Key = IndexKey;
}
