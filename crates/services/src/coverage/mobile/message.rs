//! What owners of access points, carriers and graders tell, in signed transactions.

use super::{
    error::MobileError,
    points::{Grade, Kind, Signal},
};
use crate::{
    coverage::{
        bytes::{PublicKey, SignatureBytes},
        message::{Location, tagged},
    },
    service::InnerSignature,
};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_economy::Money;
use depin_quantity::{Address, Instant, UnitId, Units};
use serde::{Deserialize, Serialize};

/// Most hexes of one message.
pub const HEXES_MAX: usize = 128;
/// Most messages that one coverage object is given in.
pub const CHUNKS_MAX: u16 = 8;
/// Most heartbeats, and most graded hexes, of one message.
pub const LIST_MAX: usize = 64;
/// Most sessions of one message.
pub const SESSIONS_MAX: usize = 64;

/// An access point that joins.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct NewAccessPoint {
    /// Its own key. It goes by the key's address.
    pub key: PublicKey,
    /// Who owns it: the sender. The access point signs that, so that nobody joins another's.
    pub owner: Address,
    /// What it is.
    pub kind: Kind,
    /// The access point's signature.
    pub signature: SignatureBytes,
}

/// A hex that an access point says it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct HexSignal {
    /// A cell of H3's resolution 12.
    pub cell: u64,
    /// How well.
    pub signal: Signal,
    /// Signal power in tenths of dBm.
    pub power: i32,
}

/// A place on the globe, in parts of 10^7 of a degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Place {
    /// Latitude, north above zero.
    pub latitude: i32,
    /// Longitude, east above zero.
    pub longitude: i32,
}

/// A locator's word that an access point is where its heartbeat says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Fix {
    /// The locator's key.
    pub key: PublicKey,
    /// When it was there.
    pub at: Instant,
    /// The locator's signature.
    pub signature: SignatureBytes,
}

/// That an access point is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The access point's key.
    pub key: PublicKey,
    /// When.
    pub at: Instant,
    /// The number of its coverage object.
    pub object: u32,
    /// Whether it serves anybody.
    pub operational: bool,
    /// Where it finds itself.
    pub place: Place,
    /// Who says so too.
    pub fix: Option<Fix>,
    /// The access point's signature.
    pub signature: SignatureBytes,
}

/// One side's measurement of a link, as it was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Speeds {
    /// To the access point, in bytes a second.
    pub down: u64,
    /// From the access point, in bytes a second.
    pub up: u64,
    /// Round trip in milliseconds.
    pub latency: u32,
}

/// A speed test. Both sides measured it, and each signs what it measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct SpeedTest {
    /// The access point's key.
    pub key: PublicKey,
    /// The test server's key.
    pub server: PublicKey,
    /// When it began, by the test server's clock.
    pub at: Instant,
    /// What the access point measured.
    pub own: Speeds,
    /// What the test server measured.
    pub measured: Speeds,
    /// The access point's signature.
    pub signature: SignatureBytes,
    /// The test server's signature.
    pub server_signature: SignatureBytes,
}

/// How much a session has carried since it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct SessionUse {
    /// What the access point calls it, hashed: neither a subscriber nor a device is told.
    pub session: UnitId,
    /// Whose subscriber it is.
    pub carrier: u32,
    /// When it began.
    pub started: Instant,
    /// Bytes from the subscriber so far.
    pub up: u64,
    /// Bytes to the subscriber so far.
    pub down: u64,
    /// Whether it is over.
    pub stopped: bool,
}

/// What a hex is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct GradedHex {
    /// A cell of H3's resolution 12.
    pub cell: u64,
    /// How many people pass.
    pub footfall: Grade,
    /// What kind of land it is.
    pub land: Grade,
    /// Whether it is built up.
    pub urban: Grade,
    /// Whether a service provider wants it covered whatever it is.
    pub wanted: bool,
    /// How many times its worth is paid; one when nobody boosts it.
    pub boost: u32,
}

/// Everything that can be said to the mobile part. Each message is taken as a whole or refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MobileMessage {
    /// The sender's access point joins, and pays the fee for it.
    Join(NewAccessPoint),
    /// The sender says where its access point is, and pays the fee for it.
    Assert {
        /// The access point.
        access_point: Address,
        /// Where it is.
        location: Location,
    },
    /// The sender's access point takes no part any more.
    Leave(Address),
    /// A part of a coverage object of the sender's access point; the last part makes it the access point's object.
    Cover {
        /// The access point.
        access_point: Address,
        /// The object's number: higher than that of the one before.
        number: u32,
        /// The number of this part, from 0.
        part: u16,
        /// Whether it is the last one.
        last: bool,
        /// Hexes, by cell, each behind all of the part before.
        hexes: Vec<HexSignal>,
    },
    /// Access points are up. Whoever sends it pays the transaction.
    Beat(Vec<Heartbeat>),
    /// Speed was measured. Whoever sends it pays the transaction.
    Test(SpeedTest),
    /// The grader says what hexes are worth.
    GradeHexes(Vec<GradedHex>),
    /// The grader says how many people use an access point, and whether it is banned.
    Grade {
        /// The access point.
        access_point: Address,
        /// Unique connections, in the mean of seven days.
        connections: u32,
        /// Whether its coverage counts for nothing.
        banned: bool,
    },
    /// The sender becomes a carrier, with credits out of its wallet.
    OpenCarrier {
        /// Credits, in base units of what sessions are paid in; may be zero.
        credits: Units,
        /// What it pays for a unit, for good; none where the network's file sets the price.
        price: Option<Money>,
    },
    /// A carrier puts more credits in.
    AddCredits {
        /// The carrier.
        carrier: u32,
        /// How many, in base units.
        credits: Units,
    },
    /// A carrier takes credits back.
    TakeCredits {
        /// The carrier.
        carrier: u32,
        /// How many, in base units.
        credits: Units,
    },
    /// A carrier says how much it pays for at most: bytes altogether, counted from the first.
    Authorise {
        /// The carrier.
        carrier: u32,
        /// At which access point; none for each that it names none for.
        access_point: Option<Address>,
        /// Bytes.
        bytes: u64,
    },
    /// An access point reports sessions. Whoever sends it pays the transaction.
    Sessions {
        /// The access point's key.
        key: PublicKey,
        /// The sessions.
        sessions: Vec<SessionUse>,
        /// The access point's signature.
        signature: SignatureBytes,
    },
}

const JOIN: &[u8] = b"depin-mobile-join";
const BEAT: &[u8] = b"depin-mobile-heartbeat";
const FIX: &[u8] = b"depin-mobile-fix";
const OWN_TEST: &[u8] = b"depin-mobile-speed-own";
const SERVER_TEST: &[u8] = b"depin-mobile-speed-measured";
const SESSIONS: &[u8] = b"depin-mobile-sessions";

impl NewAccessPoint {
    /// What the access point signs.
    pub fn signed(&self) -> Vec<u8> {
        tagged(JOIN, &(self.key, self.owner, self.kind))
    }
}

impl Heartbeat {
    /// What the access point signs.
    pub fn signed(&self) -> Vec<u8> {
        tagged(BEAT, &(self.key, self.at, self.object, self.operational, self.place))
    }
}

impl Fix {
    /// What a locator signs for an access point.
    pub fn signed(access_point: PublicKey, place: Place, at: Instant) -> Vec<u8> {
        tagged(FIX, &(access_point, place, at))
    }
}

impl SpeedTest {
    /// What the access point signs.
    pub fn signed(&self) -> Vec<u8> {
        tagged(OWN_TEST, &(self.key, self.server, self.at, self.own))
    }

    /// What the test server signs.
    pub fn server_signed(&self) -> Vec<u8> {
        tagged(SERVER_TEST, &(self.key, self.server, self.at, self.measured))
    }
}

impl MobileMessage {
    /// What an access point signs that reports sessions.
    pub fn session_bytes(key: PublicKey, sessions: &[SessionUse]) -> Vec<u8> {
        tagged(SESSIONS, &(key, sessions))
    }

    /// Name for receipts and tables.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Join(_) => "join-access-point",
            Self::Assert { .. } => "assert-access-point",
            Self::Leave(_) => "leave-access-point",
            Self::Cover { .. } => "cover-hexes",
            Self::Beat(_) => "heartbeats",
            Self::Test(_) => "speed-test",
            Self::GradeHexes(_) => "grade-hexes",
            Self::Grade { .. } => "grade-access-point",
            Self::OpenCarrier { .. } => "open-carrier",
            Self::AddCredits { .. } => "add-carrier-credits",
            Self::TakeCredits { .. } => "take-carrier-credits",
            Self::Authorise { .. } => "authorise-data",
            Self::Sessions { .. } => "report-sessions",
        }
    }

    /// Work units: an upper bound on what running it costs, with what becomes due by it later.
    pub fn work(&self) -> u64 {
        match self {
            Self::Join(_) => 120,
            // Each hex is checked, kept, ranked, and taken out of the ranking again.
            Self::Cover { hexes, .. } => 60 + 6 * hexes.len() as u64,
            // Two signatures, and the farthest of all hexes.
            Self::Beat(beats) => 250 * beats.len().max(1) as u64,
            Self::Test(_) => 200,
            Self::GradeHexes(hexes) => 20 + 4 * hexes.len() as u64,
            // A charge each, and a row that is forgotten later.
            Self::Sessions { sessions, .. } => 120 + 40 * sessions.len() as u64,
            _ => 80,
        }
    }

    /// Refuses what no network takes, whatever its rows are.
    ///
    /// # Errors
    /// What running it would say.
    pub fn check_bounds(&self) -> Result<(), MobileError> {
        let (given, most) = match self {
            Self::Cover { hexes, part, number, .. } => {
                if *part >= CHUNKS_MAX || *number == 0 {
                    return Err(MobileError::Part { part: *part, most: CHUNKS_MAX });
                }
                (hexes.len(), HEXES_MAX)
            }
            Self::Beat(beats) => (beats.len(), LIST_MAX),
            Self::GradeHexes(hexes) => (hexes.len(), LIST_MAX),
            Self::Sessions { sessions, .. } => (sessions.len(), SESSIONS_MAX),
            _ => return Ok(()),
        };
        if given == 0 || given > most { Err(MobileError::Entries { given, most }) } else { Ok(()) }
    }

    /// The signatures inside it.
    pub fn signatures(&self) -> Vec<InnerSignature> {
        let item = |key: PublicKey, message, signature: SignatureBytes| InnerSignature {
            key: key.get(),
            message,
            signature: signature.get(),
        };
        match self {
            Self::Join(new) => vec![item(new.key, new.signed(), new.signature)],
            Self::Beat(beats) => beats
                .iter()
                .flat_map(|beat| {
                    let fix = beat.fix.map(|fix| item(fix.key, Fix::signed(beat.key, beat.place, fix.at), fix.signature));
                    std::iter::once(item(beat.key, beat.signed(), beat.signature)).chain(fix)
                })
                .collect(),
            Self::Test(test) => vec![
                item(test.key, test.signed(), test.signature),
                item(test.server, test.server_signed(), test.server_signature),
            ],
            Self::Sessions { key, sessions, signature } => {
                vec![item(*key, Self::session_bytes(*key, sessions), *signature)]
            }
            _ => Vec::new(),
        }
    }
}
