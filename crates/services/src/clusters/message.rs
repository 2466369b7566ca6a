//! What owners of devices and hirers tell the service, in signed transactions.

use super::{
    error::ClustersError,
    terms::{DeviceTerms, NewHire, ProcessorKind},
};
use crate::{
    coverage::{PublicKey, SignatureBytes},
    service::InnerSignature,
};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{ContentHash, Name, UnitId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Most bytes of an answer.
pub const ANSWER_MAX: usize = 2_048;
/// Longest URL, in bytes.
pub const URL_MAX: usize = 256;
/// Most currencies that one device is offered in.
pub const ASKS_MAX: usize = 4;
/// Most devices of one message.
pub const DEVICES_MAX: usize = 64;
/// A whole profile, in parts that a benchmark is stated in.
pub const WHOLE: u32 = 1_000;

/// An answer to an hour's challenge, with the checker's word on how long it took.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Answer {
    /// The device.
    pub device: UnitId,
    /// The hour.
    pub hour: u64,
    /// The answer's bytes.
    #[serde(serialize_with = "hex_out", deserialize_with = "hex_in")]
    pub answer: Vec<u8>,
    /// Milliseconds of the wall clock from when the checker saw the challenge's seed to when it had the answer.
    pub millis: u32,
    /// The checker's key.
    pub key: PublicKey,
    /// The checker's signature of [`Answer::signed`].
    pub signature: SignatureBytes,
}

fn hex_out<S: Serializer>(bytes: &[u8], s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(&hex::encode(bytes))
}

fn hex_in<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<u8>, D::Error> {
    hex::decode(<String as Deserialize>::deserialize(d)?).map_err(serde::de::Error::custom)
}

impl Answer {
    /// What the checker signs of an answer.
    pub fn signed(&self) -> Vec<u8> {
        let answer = UnitId::derive("depin-clusters-answer", &[&self.answer]);
        words(&("depin-clusters-timed", self.device, self.hour, answer, self.millis))
    }
}

/// That a device is there, in the words of the checker.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Attendance {
    /// The device.
    pub device: UnitId,
    /// The hour.
    pub hour: u64,
    /// The checker's key.
    pub key: PublicKey,
    /// The checker's signature of [`Attendance::signed`].
    pub signature: SignatureBytes,
}

impl Attendance {
    /// What the checker signs.
    pub fn signed(device: UnitId, hour: u64) -> Vec<u8> {
        words(&("depin-clusters-attendance", device, hour))
    }
}

/// A proof of time-lock: what a benchmark inside the hirer's container came to, in the words of the hirer.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct TimeLock {
    /// The device.
    pub device: UnitId,
    /// The hour, whose seed says which benchmark it is.
    pub hour: u64,
    /// What it came to, in thousandths of the device's profile.
    pub parts: u32,
    /// The hirer's key.
    pub key: PublicKey,
    /// The hirer's signature of [`TimeLock::signed`].
    pub signature: SignatureBytes,
}

impl TimeLock {
    /// What the hirer signs.
    pub fn signed(&self) -> Vec<u8> {
        words(&("depin-clusters-time-lock", self.device, self.hour, self.parts))
    }
}

fn words(parts: &impl BorshSerialize) -> Vec<u8> {
    borsh::to_vec(parts).expect("writing to memory does not fail")
}

/// Everything that can be said to the service. Each message is taken as a whole or refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClustersMessage {
    /// The sender has a device, or changes what it says of it. Another profile begins its uptime anew; a pledge is topped up.
    Register {
        /// Its name among the sender's devices.
        name: Name,
        /// What is said of it.
        terms: DeviceTerms,
    },
    /// A device that stands out is to be checked again.
    Ready {
        /// The device.
        device: UnitId,
    },
    /// A device takes part no more; its pledge cools down.
    Leave {
        /// The device.
        device: UnitId,
    },
    /// The owner answers an hour's challenge.
    Answer(Box<Answer>),
    /// A hired device is there, by the checker's word.
    Attend(Box<Attendance>),
    /// A hired device has what it was hired for, by its hirer's word.
    ProveLock(Box<TimeLock>),
    /// The checker says that a device is not what it says it is.
    Accuse {
        /// The device.
        device: UnitId,
        /// The hash of what shows it, for the council.
        evidence: ContentHash,
    },
    /// The sender hires devices, and all their hours are put into escrow.
    Hire(Box<NewHire>),
    /// The hirer keeps its devices longer, at the rates of the beginning.
    Extend {
        /// The hire.
        hire: UnitId,
        /// How many hours more.
        hours: u32,
    },
    /// The hirer takes another device for one that was lost, for the rest of the time and at most at its rate.
    Replace {
        /// The hire.
        hire: UnitId,
        /// The lost device's number in the hire.
        slot: u32,
        /// The other device.
        device: UnitId,
    },
    /// The hirer ends a hire: hours that began are paid, the rest comes back.
    EndHire {
        /// The hire.
        hire: UnitId,
    },
    /// An owner takes a hired device back: whole hours that were seen are paid.
    Quit {
        /// The device.
        device: UnitId,
    },
}

impl ClustersMessage {
    /// Name for receipts and tables.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Register { .. } => "register-device",
            Self::Ready { .. } => "ready-device",
            Self::Leave { .. } => "leave-device",
            Self::Answer(_) => "answer-challenge",
            Self::Attend(_) => "attend-hour",
            Self::ProveLock(_) => "prove-time-lock",
            Self::Accuse { .. } => "accuse-device",
            Self::Hire(_) => "hire-devices",
            Self::Extend { .. } => "extend-hire",
            Self::Replace { .. } => "replace-device",
            Self::EndHire { .. } => "end-hire",
            Self::Quit { .. } => "quit-hire",
        }
    }

    /// Work units: an upper bound on what running it costs, known before anything is run. What becomes due by it later is counted too.
    pub fn work(&self) -> u64 {
        match self {
            Self::Register { terms, .. } => 120 + terms.url.len() as u64 / 16 + 8 * terms.asks.len() as u64,
            // A signature, and the check of the answer.
            Self::Answer(answer) => 1_000 + answer.answer.len() as u64 / 16,
            Self::Attend(_) | Self::ProveLock(_) => 250,
            // Streams are opened, begun, settled and ended.
            Self::Hire(hire) => 200 + 200 * hire.devices.len() as u64,
            Self::Extend { .. } => 100 + 40 * DEVICES_MAX as u64,
            Self::EndHire { .. } => 100 + 60 * DEVICES_MAX as u64,
            Self::Replace { .. } => 300,
            Self::Accuse { .. } => 200,
            Self::Ready { .. } | Self::Leave { .. } | Self::Quit { .. } => 120,
        }
    }

    /// Refuses what no network of this service takes, whatever its rows are.
    ///
    /// # Errors
    /// What running it would say.
    pub fn check_bounds(&self) -> Result<(), ClustersError> {
        match self {
            Self::Register { name, terms } => check_device(*name, terms),
            Self::Answer(answer) => check_answer(&answer.answer),
            Self::Hire(hire) => check_hire(hire),
            Self::ProveLock(lock) if lock.parts > WHOLE => Err(ClustersError::Parts(lock.parts)),
            Self::Extend { hours: 0, .. } => Err(ClustersError::NoHours),
            _ => Ok(()),
        }
    }

    /// The signatures inside it.
    pub fn signatures(&self) -> Vec<InnerSignature> {
        let item = |key: PublicKey, message, signature: SignatureBytes| {
            vec![InnerSignature { key: key.get(), message, signature: signature.get() }]
        };
        match self {
            Self::Answer(answer) => item(answer.key, answer.signed(), answer.signature),
            Self::Attend(seen) => item(seen.key, Attendance::signed(seen.device, seen.hour), seen.signature),
            Self::ProveLock(lock) => item(lock.key, lock.signed(), lock.signature),
            _ => Vec::new(),
        }
    }
}

/// Refuses an answer that is empty or too long.
pub(super) const fn check_answer(answer: &[u8]) -> Result<(), ClustersError> {
    if answer.is_empty() || answer.len() > ANSWER_MAX { Err(ClustersError::AnswerLength(answer.len())) } else { Ok(()) }
}

/// Order of refusals: name, URL, processors, memory, asks.
pub(super) fn check_device(name: Name, terms: &DeviceTerms) -> Result<(), ClustersError> {
    let wrong = |what: &'static str| Err(ClustersError::Device(what));
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_graphic() && !b"\"\\<>".contains(&b));
    if !name.as_str().starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return wrong("its name begins with a letter or a digit");
    }
    let url = terms.url.as_str();
    let known = url.is_empty()
        || url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).is_some_and(|rest| !rest.is_empty());
    if !known || url.len() > URL_MAX || !plain(url) {
        return wrong("its URL is empty, or begins with http:// or https:// and has at most 256 printable characters");
    }
    let profile = &terms.profile;
    if profile.kind == ProcessorKind::Gpu {
        return wrong("nothing here proves a GPU yet, and what is not proved earns nothing; register the machine's CPU");
    }
    if profile.processors == 0 || profile.memory_mib == 0 {
        return wrong("it has at least one processor and 1 MiB of memory");
    }
    let asks = &terms.asks;
    if asks.len() > ASKS_MAX || asks.iter().enumerate().any(|(i, ask)| asks[..i].iter().any(|one| one.currency == ask.currency)) {
        return wrong("it is offered in at most 4 currencies, each named once");
    }
    if terms.accepts && asks.is_empty() {
        return wrong("a device that is for hire says what an hour of it costs, in one currency at least");
    }
    Ok(())
}

/// Order of refusals: devices, repeats, hours, price.
pub(super) fn check_hire(hire: &NewHire) -> Result<(), ClustersError> {
    let devices = &hire.devices;
    if devices.is_empty() || devices.len() > DEVICES_MAX {
        return Err(ClustersError::Devices { given: devices.len(), most: DEVICES_MAX as u32 });
    }
    if let Some(twice) = devices.iter().enumerate().find(|(i, device)| devices[..*i].contains(device)) {
        return Err(ClustersError::Twice(*twice.1));
    }
    if hire.hours == 0 {
        return Err(ClustersError::NoHours);
    }
    if hire.most.is_zero() {
        return Err(ClustersError::NoPrice);
    }
    Ok(())
}
