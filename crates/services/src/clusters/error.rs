//! Why a message to the service was refused.

use super::{
    message::{ANSWER_MAX, WHOLE},
    rows::HireState,
};
use depin_challenge::{ClaimError, DecodeError, VerifyError};
use depin_economy::{Money, Refusal, Spec};
use depin_quantity::{Address, Instant, Name, Share, Span, UnitId, Units};

/// A refusal; the message changed nothing. Checked in the order of the message's parts, the first that applies wins.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClustersError {
    /// A device that cannot be one.
    #[error("a device cannot be registered so: {0}")]
    Device(&'static str),
    /// More than the network takes.
    #[error(
        "{given} {what} are more than the {most} that one device has at most here; register it as several machines, or less of it"
    )]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// Given.
        given: u32,
        /// The most.
        most: u32,
    },
    /// A profile that no work is drawn for.
    #[error("such a device cannot be proved: {0}")]
    Claim(ClaimError),
    /// A slice where none may be.
    #[error("this network takes whole machines only; slices of one are for development files, which say `slices = \"yes\"`")]
    Slice,
    /// A price that cannot be asked.
    #[error(
        "{} {} an hour cannot be asked: it is a whole number of base units from {least} to {most}",
        ask.amount, ask.currency
    )]
    Ask {
        /// Asked.
        ask: Money,
        /// The least.
        least: Units,
        /// The most.
        most: Units,
    },
    /// A currency that hires are not paid in.
    #[error("hires are not paid in {0} here; the network's file says in what, in [utility.stream.hire]")]
    Currency(Name),
    /// Too many devices of one owner.
    #[error("one owner has at most {0} devices; retire one, or use another account")]
    DevicesMost(u32),
    /// No such device.
    #[error("there is no device {0}; `register-device` makes one")]
    UnknownDevice(UnitId),
    /// A device that takes part no more.
    #[error("device {0} takes part no more; register it again when its stake has cooled down")]
    HasLeft(UnitId),
    /// Another's device.
    #[error("device {device} belongs to {owner}, who alone speaks for it")]
    NotYourDevice {
        /// The device.
        device: UnitId,
        /// Whose.
        owner: Address,
    },
    /// A hired device.
    #[error(
        "device {0} belongs to a hire, and is free when that is over and it was checked once more; its owner may `quit-hire`"
    )]
    IsHired(UnitId),
    /// A device that is not hired.
    #[error("device {0} works for no hire; it answers the hour's challenge instead")]
    NotHired(UnitId),
    /// A device that is ready already.
    #[error("device {device} is to be checked in hour {hour} already")]
    IsWaiting {
        /// The device.
        device: UnitId,
        /// The hour.
        hour: u64,
    },
    /// A device that is not checked.
    #[error("device {0} failed too many hours and stands out; `ready-device` lets it begin anew")]
    StandsOut(UnitId),
    /// Another hour than the device is checked in.
    #[error("device {device} is checked in hour {due}, not in {given}")]
    OtherHour {
        /// The device.
        device: UnitId,
        /// Its hour.
        due: u64,
        /// Named.
        given: u64,
    },
    /// An hour whose challenge is not drawn.
    #[error("the challenge of hour {hour} is not drawn yet; it is some blocks after {}", at.to_rfc3339())]
    NotOpen {
        /// The hour.
        hour: u64,
        /// When it begins.
        at: Instant,
    },
    /// Too late.
    #[error("this had to be there by {}; now it is too late", .0.to_rfc3339())]
    TooLate(Instant),
    /// Not the checker.
    #[error("only the network's checker says this, and that is {}, not {given}", is.map_or("nobody".to_owned(), |who| who.to_string()))]
    NotTheChecker {
        /// Who fills the role.
        is: Option<Address>,
        /// Who signed.
        given: Address,
    },
    /// An answer that took too long.
    #[error("the answer took {millis} ms by the checker's clock, and may take {}; claim what the device has, or let it do nothing else", limit.get())]
    TooSlow {
        /// It took.
        millis: u32,
        /// It may take.
        limit: Span,
    },
    /// An answer of a wrong length.
    #[error("an answer has 1 to {ANSWER_MAX} bytes, this one {0}; send what the solver encoded")]
    AnswerLength(usize),
    /// Bytes that are no answer.
    #[error("{0}")]
    Decode(DecodeError),
    /// A wrong answer.
    #[error("{0}")]
    Wrong(VerifyError),
    /// Not the hirer.
    #[error("a proof of time-lock is signed by who hired the device, and that is {is}, not {given}")]
    NotTheHirer {
        /// The hirer.
        is: Address,
        /// Who signed.
        given: Address,
    },
    /// A benchmark of more than the whole.
    #[error("a benchmark comes to at most {WHOLE} thousandths of the profile, not {0}")]
    Parts(u32),
    /// A benchmark of too little.
    #[error(
        "the benchmark came to {parts} thousandths of the device's profile, and {least} are needed: something else runs on it"
    )]
    BelowProfile {
        /// It came to.
        parts: u32,
        /// Needed.
        least: Share,
    },
    /// A hire with no devices, or too many.
    #[error("a hire has 1 to {most} devices, this one {given}; split it over several")]
    Devices {
        /// Named.
        given: usize,
        /// The most.
        most: u32,
    },
    /// A device that is named twice.
    #[error("device {0} is named twice; name each once")]
    Twice(UnitId),
    /// No hours.
    #[error("at least one hour is hired")]
    NoHours,
    /// No price.
    #[error("say the most that an hour of one device may cost; it is above zero")]
    NoPrice,
    /// Too few or too many hours.
    #[error("{given} hours cannot be hired: {least} to {most} can")]
    Hours {
        /// Asked for.
        given: u32,
        /// The least.
        least: u32,
        /// The most.
        most: u64,
    },
    /// Too many hires of one hirer.
    #[error(
        "{kept} hires of this account are open, or closed and still readable, and {most} may be; wait until one is forgotten"
    )]
    HiresKept {
        /// Kept.
        kept: u32,
        /// The most.
        most: u32,
    },
    /// A device that cannot be hired.
    #[error("device {device} cannot be hired: {why}; choose another")]
    NotForHire {
        /// The device.
        device: UnitId,
        /// Why.
        why: &'static str,
    },
    /// A device that is too new.
    #[error("device {device} is new, and can be hired from {} on; choose another", from.to_rfc3339())]
    TooNew {
        /// The device.
        device: UnitId,
        /// From when on.
        from: Instant,
    },
    /// A device that has less than asked for.
    #[error("device {device} has less {what} than the hire asks for; choose another")]
    Filter {
        /// The device.
        device: UnitId,
        /// Of what.
        what: &'static str,
    },
    /// A device that asks for more.
    #[error(
        "device {device} asks for {asks} base units an hour, above the {most} that are offered; choose another, or offer more"
    )]
    TooDear {
        /// The device.
        device: UnitId,
        /// Its ask.
        asks: Units,
        /// The most.
        most: Units,
    },
    /// No such hire.
    #[error("there is no hire {0}: it never was, or it was forgotten")]
    UnknownHire(UnitId),
    /// No such slot.
    #[error("hire {hire} has no device number {slot}")]
    UnknownSlot {
        /// The hire.
        hire: UnitId,
        /// The number.
        slot: u32,
    },
    /// Another's hire.
    #[error("hire {hire} belongs to {hirer}, who alone may change it")]
    NotYourHire {
        /// The hire.
        hire: UnitId,
        /// Whose.
        hirer: Address,
    },
    /// A hire whose time is over.
    #[error("hire {hire} is {}, and takes no more hours or devices; hire anew", state.word())]
    HireOver {
        /// The hire.
        hire: UnitId,
        /// How far it is.
        state: HireState,
    },
    /// A device that was not lost.
    #[error("device number {slot} of hire {hire} was not lost, or was replaced already")]
    NotLost {
        /// The hire.
        hire: UnitId,
        /// The number.
        slot: u32,
    },
    /// Too many replacements.
    #[error("a hire has had at most {0} devices, replacements among them; end it and hire anew")]
    SlotsMost(u32),
    /// The economy refused.
    #[error("{0}")]
    Economy(#[from] Refusal),
}

impl ClustersError {
    /// The refusal with its amounts in whole tokens.
    pub(super) fn told(&self, spec: &Spec) -> String {
        match self {
            Self::Economy(refusal) => refusal.told(spec),
            other => other.to_string(),
        }
    }

    /// Short stable code for receipts and programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Device(_) | Self::TooMuch { .. } | Self::Claim(_) => "device",
            Self::Slice => "slice",
            Self::Ask { .. } => "ask",
            Self::Currency(_) => "currency",
            Self::DevicesMost(_) => "devices-most",
            Self::UnknownDevice(_) => "unknown-device",
            Self::HasLeft(_) => "has-left",
            Self::NotYourDevice { .. } | Self::NotYourHire { .. } => "not-yours",
            Self::IsHired(_) => "is-hired",
            Self::NotHired(_) => "not-hired",
            Self::IsWaiting { .. } => "is-waiting",
            Self::StandsOut(_) => "stands-out",
            Self::OtherHour { .. } => "other-hour",
            Self::NotOpen { .. } => "not-open",
            Self::TooLate(_) => "too-late",
            Self::NotTheChecker { .. } => "not-the-checker",
            Self::TooSlow { .. } => "too-slow",
            Self::AnswerLength(_) | Self::Decode(_) => "answer",
            Self::Wrong(_) => "wrong-answer",
            Self::NotTheHirer { .. } => "not-the-hirer",
            Self::Parts(_) => "parts",
            Self::BelowProfile { .. } => "below-profile",
            Self::Devices { .. } | Self::Twice(_) => "devices",
            Self::NoHours | Self::Hours { .. } => "hours",
            Self::NoPrice => "no-price",
            Self::HiresKept { .. } => "hires-kept",
            Self::NotForHire { .. } => "not-for-hire",
            Self::TooNew { .. } => "too-new",
            Self::Filter { .. } => "filter",
            Self::TooDear { .. } => "too-dear",
            Self::UnknownHire(_) => "unknown-hire",
            Self::UnknownSlot { .. } => "unknown-slot",
            Self::HireOver { .. } => "hire-over",
            Self::NotLost { .. } => "not-lost",
            Self::SlotsMost(_) => "slots-most",
            Self::Economy(_) => "economy",
        }
    }
}
