//! What happened, for receipts and indexes.

use super::rows::{MissReason, SlotEnd};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, ContentHash, Instant, Name, Seed, UnitId, Units};
use serde::{Deserialize, Serialize};

/// One happening. Amounts are in base units of the hire's currency, scores in tenths of a point.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ClustersEvent {
    /// A device registered, or changed what is said of it.
    DeviceChanged {
        /// The device.
        device: UnitId,
        /// Whose.
        owner: Address,
        /// Its processors.
        processors: u32,
    },
    /// A device that stood out is checked again.
    DeviceReady {
        /// The device.
        device: UnitId,
        /// Whose.
        owner: Address,
    },
    /// A device takes part no more.
    DeviceLeft {
        /// The device.
        device: UnitId,
        /// Whose.
        owner: Address,
        /// Whether it was found to be something else.
        spoofing: bool,
    },
    /// The checker says that a device is not what it says it is.
    DeviceAccused {
        /// The device.
        device: UnitId,
        /// Whose.
        owner: Address,
        /// The hash of what shows it.
        evidence: ContentHash,
    },
    /// The challenges of an hour are drawn.
    HourOpened {
        /// Which.
        hour: u64,
        /// What they are drawn from.
        seed: Seed,
        /// Devices that are to answer.
        waiting: u32,
        /// Those of them that are nominated.
        nominated: u32,
    },
    /// A device answered its challenge.
    ChallengeAnswered {
        /// The device.
        device: UnitId,
        /// Whose.
        owner: Address,
        /// In which hour.
        hour: u64,
        /// How long it took by the checker's clock, in milliseconds.
        millis: u32,
    },
    /// A device passed an hour.
    HourPassed {
        /// The device.
        device: UnitId,
        /// Whose.
        owner: Address,
        /// Which.
        hour: u64,
        /// Whether it was measured, or only there.
        measured: bool,
        /// What it is rewarded by; nothing when it was not nominated.
        #[serde(with = "digits")]
        score: u128,
    },
    /// A device failed an hour.
    HourFailed {
        /// The device.
        device: UnitId,
        /// Whose.
        owner: Address,
        /// Which.
        hour: u64,
        /// Why.
        reason: MissReason,
        /// Whether it stands out now.
        out: bool,
    },
    /// Every device of an hour is judged.
    HourCompleted {
        /// Which.
        hour: u64,
        /// Devices that were nominated.
        nominated: u32,
        /// Those that passed.
        completed: u32,
        /// Those that failed.
        failed: u32,
        /// Scores of those that passed.
        #[serde(with = "digits")]
        score: u128,
    },
    /// Devices were hired.
    HireOpened {
        /// The hire.
        hire: UnitId,
        /// Who pays.
        hirer: Address,
        /// How many.
        devices: u32,
        /// For how many hours.
        hours: u32,
        /// What is in escrow.
        deposit: Units,
        /// Of what.
        currency: Name,
    },
    /// A device works for a hire.
    DeviceHired {
        /// The hire.
        hire: UnitId,
        /// Its number in it.
        slot: u32,
        /// The device.
        device: UnitId,
        /// Whose.
        owner: Address,
        /// Who pays.
        hirer: Address,
        /// What an hour costs.
        rate: Units,
        /// For how many hours.
        hours: u32,
    },
    /// A hirer says that a device has what it was hired for.
    TimeLockProved {
        /// The hire.
        hire: UnitId,
        /// Its number in it.
        slot: u32,
        /// The device.
        device: UnitId,
        /// Whose.
        owner: Address,
        /// In which hour.
        hour: u64,
        /// What its benchmark came to, in thousandths of its profile.
        parts: u32,
    },
    /// A hired device was paid in between.
    DevicePaid {
        /// The hire.
        hire: UnitId,
        /// Its number in it.
        slot: u32,
        /// The device.
        device: UnitId,
        /// Whose.
        owner: Address,
        /// How much, before fees.
        amount: Units,
    },
    /// A device works for a hire no more.
    DeviceReleased {
        /// The hire.
        hire: UnitId,
        /// Its number in it.
        slot: u32,
        /// The device.
        device: UnitId,
        /// Whose.
        owner: Address,
        /// Why.
        end: SlotEnd,
        /// Hours that it is paid for in all.
        hours: u32,
    },
    /// A hire lasts longer.
    HireExtended {
        /// The hire.
        hire: UnitId,
        /// Who pays.
        hirer: Address,
        /// By how many hours.
        hours: u32,
        /// Until when.
        until: Instant,
        /// What was put into escrow for that.
        deposit: Units,
    },
    /// The time of a hire is over, or its hirer ended it.
    HireEnding {
        /// The hire.
        hire: UnitId,
        /// Who pays.
        hirer: Address,
        /// Why.
        end: SlotEnd,
    },
    /// Everything of a hire is paid, and the rest is back.
    HireClosed {
        /// The hire.
        hire: UnitId,
        /// Who paid.
        hirer: Address,
        /// How much, before fees.
        paid: Units,
        /// What came back.
        returned: Units,
    },
}

impl ClustersEvent {
    /// Name of what happened, as its JSON says.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::DeviceChanged { .. } => "device-changed",
            Self::DeviceReady { .. } => "device-ready",
            Self::DeviceLeft { .. } => "device-left",
            Self::DeviceAccused { .. } => "device-accused",
            Self::HourOpened { .. } => "hour-opened",
            Self::ChallengeAnswered { .. } => "challenge-answered",
            Self::HourPassed { .. } => "hour-passed",
            Self::HourFailed { .. } => "hour-failed",
            Self::HourCompleted { .. } => "hour-completed",
            Self::HireOpened { .. } => "hire-opened",
            Self::DeviceHired { .. } => "device-hired",
            Self::TimeLockProved { .. } => "time-lock-proved",
            Self::DevicePaid { .. } => "device-paid",
            Self::DeviceReleased { .. } => "device-released",
            Self::HireExtended { .. } => "hire-extended",
            Self::HireEnding { .. } => "hire-ending",
            Self::HireClosed { .. } => "hire-closed",
        }
    }

    /// The hire that it is about, or the device; nothing for an hour.
    pub const fn subject(&self) -> Option<UnitId> {
        match self {
            Self::HourOpened { .. } | Self::HourCompleted { .. } => None,
            Self::DeviceChanged { device, .. }
            | Self::DeviceReady { device, .. }
            | Self::DeviceLeft { device, .. }
            | Self::DeviceAccused { device, .. }
            | Self::ChallengeAnswered { device, .. }
            | Self::HourPassed { device, .. }
            | Self::HourFailed { device, .. } => Some(*device),
            Self::HireOpened { hire, .. }
            | Self::DeviceHired { hire, .. }
            | Self::TimeLockProved { hire, .. }
            | Self::DevicePaid { hire, .. }
            | Self::DeviceReleased { hire, .. }
            | Self::HireExtended { hire, .. }
            | Self::HireEnding { hire, .. }
            | Self::HireClosed { hire, .. } => Some(*hire),
        }
    }

    /// The accounts it is about.
    pub fn accounts(&self) -> Vec<Address> {
        match self {
            Self::HourOpened { .. } | Self::HourCompleted { .. } => Vec::new(),
            Self::DeviceHired { owner, hirer, .. } if owner == hirer => vec![*owner],
            Self::DeviceHired { owner, hirer, .. } => vec![*owner, *hirer],
            Self::DeviceChanged { owner, .. }
            | Self::DeviceReady { owner, .. }
            | Self::DeviceLeft { owner, .. }
            | Self::DeviceAccused { owner, .. }
            | Self::ChallengeAnswered { owner, .. }
            | Self::HourPassed { owner, .. }
            | Self::HourFailed { owner, .. }
            | Self::TimeLockProved { owner, .. }
            | Self::DevicePaid { owner, .. }
            | Self::DeviceReleased { owner, .. } => vec![*owner],
            Self::HireOpened { hirer, .. }
            | Self::HireExtended { hirer, .. }
            | Self::HireEnding { hirer, .. }
            | Self::HireClosed { hirer, .. } => vec![*hirer],
        }
    }
}

/// Numbers that may be above what JSON's readers take, as decimal digits.
mod digits {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(number: &u128, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(number)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<u128, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}
