//! What an access point's coverage is worth, as far as it is arithmetic.
//!
//! Source: helium/oracles `coverage_point_calculator`, `hex_assignments`, at two dates; HIP-84, HIP-131, HIP-134, HIP-135. Multipliers are whole
//! hundredths, so everything is exact until [`shares`] rounds down, once, to whole points.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// One, in the hundredths that multipliers are counted in.
pub const WHOLE: u32 = 100;
/// Bytes a second of a megabit a second.
pub const MBPS: u64 = 125_000;
/// Fastest that a speed test may say, in bytes a second: 300 Mbit/s.
pub const SPEED_MOST: u64 = 300 * MBPS;
/// Farthest hex of an access point from where it is, in metres; as far is too far.
pub const FARTHEST: u32 = 3_000;
/// Mean metres between the asserted and the observed place at which boosts still count.
pub const BOOST_METRES: u64 = 50;
/// Mean location trust from which on boosts count, in hundredths.
const BOOST_TRUST: u64 = 75;
/// Unique connections above which a hex is worth its whole, and boosts count (HIP-134, HIP-140).
pub const CONNECTIONS: u32 = 25;

/// The figures of one date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figures {
    /// Of October 2024: CBRS and Wi-Fi.
    Of2024,
    /// Of January 2026 (HIP-135, HIP-139): Wi-Fi alone.
    Of2026,
}

/// What an access point is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Wi-Fi in a building.
    IndoorWifi,
    /// Wi-Fi in the open.
    OutdoorWifi,
    /// A cell in a building.
    IndoorCbrs,
    /// A cell in the open.
    OutdoorCbrs,
}

impl Kind {
    /// Whether it is in a building.
    pub const fn is_indoor(self) -> bool {
        matches!(self, Self::IndoorWifi | Self::IndoorCbrs)
    }

    /// Whether it is a cell.
    pub const fn is_cbrs(self) -> bool {
        matches!(self, Self::IndoorCbrs | Self::OutdoorCbrs)
    }

    /// Its number in keys: each kind is ranked by itself.
    pub const fn number(self) -> u8 {
        match self {
            Self::IndoorWifi => 0,
            Self::OutdoorWifi => 1,
            Self::IndoorCbrs => 2,
            Self::OutdoorCbrs => 3,
        }
    }
}

/// How well a hex is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signal {
    /// Not at all.
    None,
    /// Badly.
    Low,
    /// Middling.
    Medium,
    /// Well.
    High,
}

impl Figures {
    /// Whether access points of a kind take part.
    pub const fn has(self, kind: Kind) -> bool {
        matches!(self, Self::Of2024) || !kind.is_cbrs()
    }

    /// Points of one hex; none where such an access point has no such signal.
    pub const fn base_points(self, kind: Kind, signal: Signal) -> Option<u32> {
        Some(match (self, kind, signal) {
            (_, Kind::IndoorWifi, Signal::High) => 400,
            (_, Kind::IndoorWifi, Signal::Low) => 100,
            (Self::Of2024, Kind::OutdoorWifi, Signal::High) => 16,
            (Self::Of2024, Kind::OutdoorWifi, Signal::Medium) => 8,
            (Self::Of2024, Kind::OutdoorWifi, Signal::Low) => 4,
            (Self::Of2026, Kind::OutdoorWifi, Signal::High) => 120,
            (Self::Of2026, Kind::OutdoorWifi, Signal::Medium) => 60,
            (_, Kind::OutdoorWifi, _) => 0,
            (Self::Of2024, Kind::IndoorCbrs, Signal::High) => 100,
            (Self::Of2024, Kind::IndoorCbrs, Signal::Low) => 25,
            (Self::Of2024, Kind::OutdoorCbrs, Signal::High) => 4,
            (Self::Of2024, Kind::OutdoorCbrs, Signal::Medium) => 2,
            (Self::Of2024, Kind::OutdoorCbrs, Signal::Low) => 1,
            (Self::Of2024, Kind::OutdoorCbrs, Signal::None) => 0,
            _ => return None,
        })
    }

    /// What the distance between the asserted and the observed place is worth, in hundredths. A cell is where it is.
    pub const fn trust(self, kind: Kind, metres: u32) -> u32 {
        let (whole, quarter) = match (self, kind) {
            (_, Kind::IndoorCbrs | Kind::OutdoorCbrs) => return WHOLE,
            (Self::Of2024, Kind::IndoorWifi) => (200, 300),
            (Self::Of2024, Kind::OutdoorWifi) => (75, 100),
            (Self::Of2026, _) => (300, 400),
        };
        if metres <= whole {
            WHOLE
        } else if metres <= quarter {
            25
        } else {
            0
        }
    }

    /// What a hex is worth by what is there, in hundredths: footfall, kind of land, whether it is built up.
    pub const fn assignment(self, footfall: Grade, land: Grade, urban: Grade) -> u32 {
        match (footfall, land, urban) {
            (_, _, Grade::C) => 0,
            (Grade::A, _, _) => WHOLE,
            (Grade::B, _, Grade::A) => 70,
            (Grade::B, _, Grade::B) => 50,
            (Grade::C, ..) if matches!(self, Self::Of2026) => 3,
            (Grade::C, Grade::A, Grade::A) => 40,
            (Grade::C, Grade::B, Grade::A) => 30,
            (Grade::C, Grade::C, Grade::A) => 5,
            (Grade::C, Grade::A, Grade::B) => 20,
            (Grade::C, Grade::B, Grade::B) => 15,
            (Grade::C, Grade::C, Grade::B) => 3,
        }
    }
}

/// A grade of a hex, A the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// The best.
    A,
    /// The middle.
    B,
    /// The least.
    C,
}

/// Places of a ranking that earn.
pub const fn ranks(kind: Kind) -> usize {
    if kind.is_indoor() { 1 } else { 3 }
}

/// What a place in a hex's ranking is worth, in hundredths; the first is 0.
pub const fn rank_multiplier(kind: Kind, rank: usize) -> u32 {
    match (kind.is_indoor(), rank) {
        (_, 0) => WHOLE,
        (false, 1) => 50,
        (false, 2) => 25,
        _ => 0,
    }
}

/// What speed tests are worth, in hundredths: the worst of three tiers. Speeds in bytes a second, latency in milliseconds.
pub const fn speed_multiplier(down: u64, up: u64, latency: u32) -> u32 {
    const TIERS: [(u64, u64, u32, u32); 4] = [(100, 10, 50, WHOLE), (75, 8, 60, 75), (50, 5, 75, 50), (30, 2, 100, 25)];
    let mut tier = 0;
    while tier < TIERS.len() {
        let (least_down, least_up, most, worth) = TIERS[tier];
        if down >= least_down * MBPS && up >= least_up * MBPS && latency < most {
            return worth;
        }
        tier += 1;
    }
    0
}

/// One hex as it counts for one access point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HexPoints {
    /// Base points.
    pub base: u32,
    /// What the hex is worth, in hundredths.
    pub assignment: u32,
    /// What the place in its ranking is worth, in hundredths.
    pub rank: u32,
    /// How many times its worth is paid by who boosts it; one when nobody does.
    pub boost: u32,
}

/// Points of a hex in parts of 10^4, without its boost and what the boost adds.
pub const fn hex_points(hex: HexPoints) -> (u128, u128) {
    let points = hex.base as u128 * hex.assignment as u128 * hex.rank as u128;
    (points, points * hex.boost.saturating_sub(1) as u128)
}

/// Whether boosts count for an access point: it is where it says, and people use it.
pub const fn may_boost(trust: u64, metres: u64, beats: u64, connections: u32) -> bool {
    beats > 0 && trust >= BOOST_TRUST * beats && metres <= BOOST_METRES * beats && connections > CONNECTIONS
}

/// Shares of an access point: points in parts of 10^4, times speed in hundredths, times the mean of `beats` trusts that sum to `trust`.
///
/// - Rounding: down to whole points, once, here.
pub const fn shares(points: u128, speed: u32, trust: u64, beats: u64) -> u128 {
    if beats == 0 {
        return 0;
    }
    points * speed as u128 * trust as u128 / (10_000 * WHOLE as u128 * WHOLE as u128 * beats as u128)
}
