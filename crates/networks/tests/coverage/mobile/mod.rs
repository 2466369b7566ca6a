//! Mobile coverage: who is ranked, what that is worth, and where every credit of a session goes.

mod coverage;
mod lives;
mod sessions;

use crate::{files::FIVE, world::*};
use depin_quantity::{Address, Instant, Span, UnitId, Units};
use depin_services::coverage::{
    CoverageError, CoverageEvent, CoverageMessage, PublicKey, SignatureBytes, cell_at,
    mobile::{
        self, AccessPoint, BeatReason, Heartbeat, HexSignal, MobileMessage, NewAccessPoint, Place, SessionResult, SessionUse,
        SpeedTest, Speeds,
        points::{Kind, MBPS, Signal},
    },
};

pub const HOUR: Span = Span::from_secs(3_600);
/// The key of the test server; its address fills the role in [`network`].
pub const NO_SIGNATURE: SignatureBytes = SignatureBytes::new([0; 64]);
/// Where the tests' access points stand.
pub const HERE: Place = Place { latitude: 525_200_000, longitude: 134_050_000 };

/// Helium's file with other lines in its mobile table; speed is measured by anybody.
pub fn network(more: &str) -> Net {
    let text = FIVE[0].1.replace("speed-server = \"speed-test\"\n", more);
    assert_ne!(text, FIVE[0].1, "the file has mobile coverage");
    Net::of(&text)
}

/// Access points have other keys than hotspots.
pub fn point(n: u8) -> Address {
    point_key(n).address()
}

pub const fn point_key(n: u8) -> PublicKey {
    PublicKey::new([n | 0x80; 32])
}

/// Berlin's cell, and others a few metres north of it.
pub fn cell(n: i32) -> u64 {
    cell_at(52.52 + f64::from(n) * 0.000_5, 13.405).expect("a place on earth")
}

pub fn hex(n: i32, signal: Signal, power: i32) -> HexSignal {
    HexSignal { cell: cell(n), signal, power }
}

impl Net {
    pub fn mobile(&mut self, who: Address, message: MobileMessage) -> Result<(), CoverageError> {
        self.send(who, &CoverageMessage::Mobile(message))
    }

    /// An access point joins, stands here, and covers these hexes.
    pub fn stands(&mut self, n: u8, kind: Kind, hexes: &[HexSignal]) {
        let new = NewAccessPoint { key: point_key(n), owner: OWNER, kind, signature: NO_SIGNATURE };
        self.mobile(OWNER, MobileMessage::Join(new)).unwrap();
        self.mobile(OWNER, MobileMessage::Assert { access_point: point(n), location: berlin() }).unwrap();
        self.covers(n, 1, hexes).unwrap();
    }

    pub fn covers(&mut self, n: u8, number: u32, hexes: &[HexSignal]) -> Result<(), CoverageError> {
        let mut hexes = hexes.to_vec();
        hexes.sort_by_key(|hex| hex.cell);
        self.mobile(OWNER, MobileMessage::Cover { access_point: point(n), number, part: 0, last: true, hexes })
    }

    pub fn point(&self, n: u8) -> AccessPoint {
        mobile::access_point(self.rows(), point(n)).expect("it joined")
    }

    /// A heartbeat now, of the present object.
    pub fn beat(&mut self, n: u8, place: Place) -> Option<BeatReason> {
        let object = self.point(n).object.map_or(1, |object| object.number);
        self.beat_at(n, place, self.now, object)
    }

    pub fn beat_at(&mut self, n: u8, place: Place, at: Instant, object: u32) -> Option<BeatReason> {
        let beat = Heartbeat { key: point_key(n), at, object, operational: true, place, fix: None, signature: NO_SIGNATURE };
        self.mobile(ANYBODY, MobileMessage::Beat(vec![beat])).unwrap();
        match self.events.last() {
            Some(CoverageEvent::HeartbeatInvalid { reason, .. }) => Some(*reason),
            Some(CoverageEvent::HeartbeatCounted { .. }) => None,
            other => panic!("{other:?}"),
        }
    }

    /// A speed test now: Mbit/s and milliseconds, alike on both sides.
    pub fn speed(&mut self, n: u8, down: u64, up: u64, latency: u32) -> Result<(), CoverageError> {
        let both = Speeds { down: down * MBPS, up: up * MBPS, latency };
        self.test(n, both, both)
    }

    pub fn test(&mut self, n: u8, own: Speeds, measured: Speeds) -> Result<(), CoverageError> {
        let test = SpeedTest {
            key: point_key(n),
            server: SERVER,
            at: self.now,
            own,
            measured,
            signature: NO_SIGNATURE,
            server_signature: NO_SIGNATURE,
        };
        self.mobile(ANYBODY, MobileMessage::Test(test))
    }

    /// A day of these access points, who are where they say: good speed at its beginning, so many heartbeats. It ends a minute behind the
    /// epoch, with its points counted.
    pub fn day(&mut self, points: &[u8], beats: u64) {
        for n in points {
            for _ in 0..2 {
                self.pass(Span::from_secs(1));
                self.speed(*n, 120, 20, 20).unwrap();
            }
        }
        for _ in 0..beats {
            for n in points {
                assert_eq!(self.beat(*n, HERE), None);
            }
            self.pass(HOUR);
        }
        self.go_to_next_epoch();
    }

    /// To a minute behind the end of the present epoch.
    pub fn go_to_next_epoch(&mut self) {
        let (_, end) = self.service.params.mobile.as_ref().expect("the file has it").epoch_of(self.now);
        self.pass(end.since(self.now));
        self.pass(MINUTE);
    }

    pub fn points(&self, n: u8) -> u64 {
        self.point(n).points
    }

    /// A carrier with credits that pays for so many bytes anywhere.
    pub fn carrier(&mut self, credits: u128, bytes: u64) -> u32 {
        self.mobile(CUSTOMER, MobileMessage::OpenCarrier { credits: Units::new(credits), price: None }).unwrap();
        let carrier = mobile::totals(self.rows()).carriers;
        self.mobile(CUSTOMER, MobileMessage::Authorise { carrier, access_point: None, bytes }).unwrap();
        carrier
    }

    pub fn sessions(&mut self, n: u8, sessions: Vec<SessionUse>) -> Vec<SessionResult> {
        self.mobile(ANYBODY, MobileMessage::Sessions { key: point_key(n), sessions, signature: NO_SIGNATURE }).unwrap();
        match self.events.last() {
            Some(CoverageEvent::SessionsSettled { sessions, .. }) => sessions.clone(),
            other => panic!("{other:?}"),
        }
    }
}

pub fn session(n: u8) -> UnitId {
    UnitId::new([n; 32])
}
