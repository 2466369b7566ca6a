//! Why a message of the mobile part is refused.

use super::{
    message::{CHUNKS_MAX, HEXES_MAX},
    points::{Kind, SPEED_MOST},
};
use crate::coverage::bytes::PublicKey;
use depin_quantity::{Address, Instant, Units};

/// A refusal; the message changed nothing. Checked in the order of the message's parts, the first that applies wins.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MobileError {
    /// The network has no mobile part.
    #[error("this network has no mobile coverage; its file would say [service.coverage.mobile]")]
    Off,
    /// An empty list, or one too long.
    #[error("a list has 1 to {most} entries, this one {given}; split it over several messages")]
    Entries {
        /// Entries given.
        given: usize,
        /// Most allowed.
        most: usize,
    },
    /// A number of a part that is none.
    #[error(
        "a coverage object has a number from 1 on and at most {most} parts of {HEXES_MAX} hexes, and this is its part {part}, counted from 0"
    )]
    Part {
        /// As given.
        part: u16,
        /// Most there are.
        most: u16,
    },
    /// Such access points take no part.
    #[error("access points of kind {0:?} take no part here; name one of Wi-Fi")]
    Kind(Kind),
    /// Another thing has the key.
    #[error("{0} is a hotspot or an access point already; a key joins once, as one of them")]
    Known(Address),
    /// No such access point.
    #[error("{0} is no access point here; its owner joins it first")]
    Unknown(Address),
    /// It takes no part any more.
    #[error("access point {0} left and takes no part any more; join another key")]
    Left(Address),
    /// Another's.
    #[error("access point {access_point} is {owner}'s; only that account can do this")]
    NotYours {
        /// The access point.
        access_point: Address,
        /// Whose it is.
        owner: Address,
    },
    /// It did not say where it is.
    #[error("access point {0} did not say where it is; assert its location first")]
    NotAsserted(Address),
    /// Not the next part of an object.
    #[error(
        "the next part of access point {access_point}'s coverage is part {part} of object {number} or part 0 of a higher one, and this is part {given} of object {of}"
    )]
    NextPart {
        /// The access point.
        access_point: Address,
        /// The object that is being given, or the last one.
        number: u32,
        /// Its next part.
        part: u16,
        /// The part as given.
        given: u16,
        /// Of this object.
        of: u32,
    },
    /// The last of the parts there may be is not said to be the last.
    #[error("part {0} is the last that an object can have; say that it is, or cover fewer hexes", CHUNKS_MAX - 1)]
    NoEnd,
    /// Hexes out of order, or twice.
    #[error("hex {0:#x} comes behind one that sorts behind it, or twice; list hexes by cell, each once")]
    HexOrder(u64),
    /// No hex.
    #[error("{0:#x} is no H3 cell of resolution 12; convert latitude and longitude with an H3 library, resolution 12")]
    Hex(u64),
    /// A signal that such an access point has not.
    #[error("hex {0:#x} has a signal that counts for no such access point; indoors there are high and low")]
    Signal(u64),
    /// Not the test server.
    #[error("only {} measures speed here, and the test is signed by {given}; test with that server", whom(.is.as_ref()))]
    NotTheServer {
        /// Whose key it is.
        is: Option<Address>,
        /// The key given.
        given: PublicKey,
    },
    /// Faster than can be.
    #[error("a speed test says at most {SPEED_MOST} bytes a second (300 Mbit/s), and this one {0}; pace it")]
    TooFast(u64),
    /// A test of another time.
    #[error("a speed test is reported within an hour, and after the one before: from {} on, not at {}", from.to_rfc3339(), given.to_rfc3339())]
    TestTime {
        /// The earliest.
        from: Instant,
        /// As given.
        given: Instant,
    },
    /// Not who grades.
    #[error("only the assigner of this network grades hexes and access points, and that is {}", whom(.0.as_ref()))]
    NotTheAssigner(Option<Address>),
    /// A boost that is none.
    #[error("hex {cell:#x} cannot be boosted {boost} times; name 1 to 100, 1 for none")]
    Boost {
        /// The hex.
        cell: u64,
        /// As given.
        boost: u32,
    },
    /// No such carrier.
    #[error("there is no carrier {0}; open one")]
    UnknownCarrier(u32),
    /// Another's carrier.
    #[error("carrier {carrier} is {owner}'s; only that account can do this")]
    NotYourCarrier {
        /// The carrier.
        carrier: u32,
        /// Whose it is.
        owner: Address,
    },
    /// More than there is.
    #[error("carrier {carrier} has {balance} base units; take that much or less")]
    Credits {
        /// The carrier.
        carrier: u32,
        /// What it has.
        balance: Units,
    },
}

/// An account, or that there is none.
fn whom(who: Option<&Address>) -> String {
    who.map_or_else(|| "nobody".to_owned(), Address::to_string)
}

impl MobileError {
    /// Short stable code for receipts and programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Off => "mobile-off",
            Self::Entries { .. } => "entries",
            Self::Part { .. } | Self::NextPart { .. } | Self::NoEnd => "part",
            Self::Kind(_) => "kind",
            Self::Known(_) => "known-access-point",
            Self::Unknown(_) => "unknown-access-point",
            Self::Left(_) => "left",
            Self::NotYours { .. } | Self::NotYourCarrier { .. } => "not-yours",
            Self::NotAsserted(_) => "not-asserted",
            Self::HexOrder(_) => "hex-order",
            Self::Hex(_) => "hex",
            Self::Signal(_) => "signal",
            Self::NotTheServer { .. } => "not-the-server",
            Self::TooFast(_) => "too-fast",
            Self::TestTime { .. } => "test-time",
            Self::NotTheAssigner(_) => "not-the-assigner",
            Self::Boost { .. } => "boost",
            Self::UnknownCarrier(_) => "unknown-carrier",
            Self::Credits { .. } => "credits",
        }
    }
}
