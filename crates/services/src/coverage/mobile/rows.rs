//! What the mobile part remembers.

use super::{
    message::{HexSignal, Place},
    points::{Grade, Kind, Signal},
};
use crate::{
    coverage::{active::Standing, bytes::PublicKey, message::Location},
    tail,
};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_economy::Money;
use depin_quantity::{Address, Instant, UnitId, Units};
use depin_state::{KeyBytes, Row, RowKey};
use serde::{Deserialize, Serialize};

/// An access point, by its key's address.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct AccessPoint {
    /// Its key.
    pub key: PublicKey,
    /// Whose it is.
    pub owner: Address,
    /// What it is.
    pub kind: Kind,
    /// When it joined.
    pub since: Instant,
    /// Whether it takes no part any more. It stays known, so that nobody joins it again.
    pub retired: bool,
    /// Where it is, when it said so.
    pub location: Option<Location>,
    /// When its epoch ends.
    pub closes: Instant,
    /// What it says it covers.
    pub object: Option<Object>,
    /// A further object that is being given.
    pub coming: Option<Object>,
    /// Parts kept in each of the three places for objects.
    pub parts: [u16; 3],
    /// Since when it counts as being there.
    pub senior: Instant,
    /// When its last valid heartbeat was.
    pub last_beat: Option<Instant>,
    /// Its heartbeats of the epoch.
    pub beats: Beats,
    /// Its farthest hex from where it last was.
    pub farthest: Option<Farthest>,
    /// Its newest speed tests, the oldest first.
    pub tests: Vec<TestResult>,
    /// Unique connections, as the grader says.
    pub connections: u32,
    /// Whether its coverage counts for nothing, as the grader says.
    pub banned: bool,
    /// How it stands in the rankings of its hexes.
    pub ranked: Option<Ranked>,
    /// What an epoch that just ended came to, until its points are counted.
    pub closing: Option<Closing>,
    /// Points of the last epoch.
    pub points: u64,
    /// Points of all epochs.
    pub points_ever: u128,
    /// Bytes of sessions that were paid.
    pub bytes: u128,
    /// Units of those.
    pub units: u128,
    /// Sessions that it ever reported.
    pub sessions: u64,
    /// What is kept of it where a score counts active devices.
    #[borsh(serialize_with = "tail::write", deserialize_with = "tail::read")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
}

impl Row for AccessPoint {
    const TABLE: u8 = 0x69;
    type Key = Address;
}

/// A coverage object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Object {
    /// Its number.
    pub number: u32,
    /// Which of three places its parts are in.
    pub slot: u8,
    /// Its hexes.
    pub hexes: u32,
    /// Its last cell so far.
    pub last: u64,
}

/// Heartbeats of one epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Beats {
    /// The epoch.
    pub epoch: u64,
    /// One bit for each hour that one counted in.
    pub hours: u64,
    /// Their location trust altogether, in hundredths.
    pub trust: u64,
    /// Metres from the asserted place altogether.
    pub metres: u64,
}

impl Beats {
    /// How many counted.
    pub const fn count(&self) -> u64 {
        self.hours.count_ones() as u64
    }
}

/// The farthest hex of an object from a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Farthest {
    /// The object.
    pub object: u32,
    /// The place.
    pub place: Place,
    /// How far.
    pub metres: u32,
}

/// A speed test as it counts: the worse of what both sides measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct TestResult {
    /// When.
    pub at: Instant,
    /// Bytes a second to the access point.
    pub down: u64,
    /// Bytes a second from it.
    pub up: u64,
    /// Milliseconds.
    pub latency: u32,
}

/// How an access point stands in rankings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Ranked {
    /// Where the object is whose hexes it stands in.
    pub slot: u8,
    /// The object.
    pub object: u32,
    /// Since when it counts as being there.
    pub senior: Instant,
}

/// What an epoch came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Closing {
    /// The epoch.
    pub epoch: u64,
    /// Multiplier of its speed tests, in hundredths.
    pub speed: u32,
    /// Location trust altogether, in hundredths.
    pub trust: u64,
    /// Heartbeats.
    pub beats: u64,
    /// Whether boosts count.
    pub boosted: bool,
    /// Whether so many people use it that its hexes are worth their whole.
    pub busy: bool,
}

crate::lists::lists! {
    /// An access point of an owner, for looking them up.
    0x6a (Address, Address) => PointsOf;
    /// An access point in the ranking of a hex.
    0x6c Rank => InRank;
}

/// A part of a coverage object: access point, place, number.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Part(pub Vec<HexSignal>);

impl Row for Part {
    const TABLE: u8 = 0x6b;
    type Key = (Address, u8, u16);
}

/// A place in the ranking of a hex among access points of one kind: the first sorts first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rank {
    pub cell: u64,
    pub kind: u8,
    /// By signal indoors, by power outdoors: the better is the lower.
    pub order: u32,
    /// The earlier goes first.
    pub senior: Instant,
    /// Of two that are alike in all else the lower address goes first.
    pub access_point: Address,
}

impl Rank {
    /// Where an access point stands in a hex.
    pub fn of(kind: Kind, hex: HexSignal, senior: Instant, access_point: Address) -> Self {
        let order = if kind.is_indoor() {
            3 - match hex.signal {
                Signal::None => 0,
                Signal::Low => 1,
                Signal::Medium => 2,
                Signal::High => 3,
            }
        } else {
            // From the strongest to the weakest.
            !(hex.power.cast_unsigned() ^ 0x8000_0000)
        };
        Self { cell: hex.cell, kind: kind.number(), order, senior, access_point }
    }

    /// What sorts before all in a hex's ranking of a kind.
    pub const fn first(cell: u64, kind: Kind) -> Self {
        Self { cell, kind: kind.number(), order: 0, senior: Instant::new(0), access_point: Address::new([0; 32]) }
    }
}

impl RowKey for Rank {
    fn write(&self, out: &mut KeyBytes) {
        ((self.cell, self.kind, self.order), self.senior, self.access_point).write(out);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let ((cell, kind, order), senior, access_point) = <((u64, u8, u32), Instant, Address)>::read(bytes)?;
        Some(Self { cell, kind, order, senior, access_point })
    }
}

/// What a hex is worth, by its cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Assignment {
    /// How many people pass.
    pub footfall: Grade,
    /// What kind of land it is.
    pub land: Grade,
    /// Whether it is built up.
    pub urban: Grade,
    /// Whether a service provider wants it covered whatever it is.
    pub wanted: bool,
    /// How many times its worth is paid.
    pub boost: u32,
}

impl Row for Assignment {
    const TABLE: u8 = 0x6d;
    type Key = u64;
}

/// A carrier, by its number. Its credits are in the escrow of its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Carrier {
    /// Who pays.
    pub owner: Address,
    /// When it was opened.
    pub since: Instant,
    /// What it pays for a unit; none where the network's file says it.
    pub price: Option<Money>,
    /// What is in its escrow.
    pub balance: Units,
    /// Bytes that it pays for at each access point that it names none for.
    pub usual: u64,
    /// Bytes that it ever paid for.
    pub bytes: u128,
    /// Units of those.
    pub units: u128,
    /// What was ever charged.
    pub spent: Units,
}

impl Row for Carrier {
    const TABLE: u8 = 0x6e;
    type Key = u32;
}

/// What a carrier pays for at one access point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Authorised {
    /// Bytes at most, from the first on; none for as many as it pays for anywhere.
    pub bytes: Option<u64>,
    /// Bytes that it paid for.
    pub used: u64,
}

impl Row for Authorised {
    const TABLE: u8 = 0x6f;
    type Key = (u32, Address);
}

/// A session, until it could not be reported any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Session {
    /// Whose subscriber it is.
    pub carrier: u32,
    /// When it began.
    pub started: Instant,
    /// When it was last reported.
    pub reported: Instant,
    /// Bytes from the subscriber.
    pub up: u64,
    /// Bytes to the subscriber.
    pub down: u64,
    /// Bytes that were paid.
    pub paid: u64,
    /// Units of those.
    pub units: u64,
    /// What they cost.
    pub cost: Units,
    /// Whether it is over.
    pub stopped: bool,
}

impl Row for Session {
    const TABLE: u8 = 0x7a;
    type Key = (Address, UnitId);
}

/// Running sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct MobileTotals {
    /// Access points.
    pub access_points: u32,
    /// Access points that said where they are.
    pub located: u32,
    /// Access points that stand in rankings.
    pub ranked: u32,
    /// Carriers.
    pub carriers: u32,
    /// Sessions that are remembered.
    pub sessions: u64,
    /// Heartbeats that ever counted.
    pub beats: u64,
    /// Speed tests that were ever taken.
    pub tests: u64,
    /// Points that were ever counted.
    pub points: u128,
    /// Bytes that were ever paid.
    pub bytes: u128,
    /// Bytes that were ever reported beyond what a carrier pays for.
    pub unpaid: u128,
    /// Units that were ever paid.
    pub units: u128,
    /// What was ever charged for them, in base units.
    pub spent: Units,
}

impl Row for MobileTotals {
    const TABLE: u8 = 0x7b;
    type Key = ();
}
