//! Heartbeats: that an access point is up, where it is, and what that is worth.

use super::{
    message::{Heartbeat, Place},
    points::FARTHEST,
    rows::{AccessPoint, Beats, Farthest},
};
use crate::{
    context::Context,
    coverage::{event::CoverageEvent, params::AHEAD_MOST, service::Coverage},
};
use borsh::{BorshDeserialize, BorshSerialize};
use depin_quantity::{Address, Instant, Span};
use h3o::{CellIndex, LatLng};
use serde::{Deserialize, Serialize};

/// How old a heartbeat may be when it is reported; so old may a locator's word be too.
const LATE_MOST: Span = Span::from_secs(3_600);

/// Why a heartbeat does not count. Numbers are upstream's validity codes, where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BeatReason {
    /// It is of another epoch, of the future, or was reported more than an hour late (2).
    OutsideRange,
    /// It serves nobody (4).
    NotOperational,
    /// There is no such access point, or it left (5).
    GatewayNotFound,
    /// The access point has no such coverage object (6).
    NoSuchCoverageObject,
    /// The object was replaced by another one (7).
    BadCoverageObject,
    /// The place is none on the globe (8).
    InvalidLatLon,
    /// The access point did not say where it is (10).
    GatewayNotAsserted,
    /// One of the same hour counted already.
    Duplicate,
}

impl Place {
    /// The place as the library has it; none for what is none on the globe.
    fn on_globe(self) -> Option<LatLng> {
        let (latitude, longitude) = (f64::from(self.latitude) / 1e7, f64::from(self.longitude) / 1e7);
        let there = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        if there { LatLng::new(latitude, longitude).ok() } else { None }
    }

    /// Whole metres to the middle of a cell on the great circle, to the nearest; none for what is no place or no cell.
    pub fn metres_to(self, cell: u64) -> Option<u32> {
        let middle = LatLng::from(CellIndex::try_from(cell).ok()?);
        // At most half of the earth's circumference: 20 million.
        Some(libm::round(self.on_globe()?.distance_m(middle)) as u32)
    }
}

impl Context<'_, Coverage> {
    /// A heartbeat counts, or is told why not; it is never refused, so that one bad one takes no others with it.
    pub(super) fn beat(&mut self, beat: &Heartbeat) {
        let access_point = beat.key.address();
        let event = match self.check_beat(access_point, beat) {
            Ok((row, epoch, bit)) => self.count_beat(access_point, beat, row, epoch, bit),
            Err(reason) => CoverageEvent::HeartbeatInvalid { access_point, at: beat.at, reason },
        };
        self.emit(event);
    }

    /// Order of reasons: not found, outside range, not operational, place, not asserted, object, duplicate.
    fn check_beat(&mut self, access_point: Address, beat: &Heartbeat) -> Result<(AccessPoint, u64, u64), BeatReason> {
        let row = self.active_point(access_point).map_err(|_| BeatReason::GatewayNotFound)?;
        let params = self.mobile_params().map_err(|_| BeatReason::GatewayNotFound)?;
        let (now, (epoch, end)) = (self.now(), params.epoch_of(beat.at));
        let late = now > beat.at.later(LATE_MOST.max(params.heartbeat));
        if beat.at > now.later(AHEAD_MOST) || late || params.epoch_of(now).0 != epoch || row.closes != end {
            return Err(BeatReason::OutsideRange);
        }
        if !beat.operational {
            return Err(BeatReason::NotOperational);
        }
        if beat.place.on_globe().is_none() {
            return Err(BeatReason::InvalidLatLon);
        }
        if row.location.is_none() {
            return Err(BeatReason::GatewayNotAsserted);
        }
        let object = row.object.map_or(0, |object| object.number);
        if beat.object > object || object == 0 {
            return Err(BeatReason::NoSuchCoverageObject);
        }
        if beat.object < object {
            return Err(BeatReason::BadCoverageObject);
        }
        let since = beat.at.since(params.start).get() % params.epoch.get();
        let bit = 1u64 << (since / params.heartbeat.get()).min(63);
        let known = row.beats.epoch == epoch && row.beats.hours & bit != 0;
        if known { Err(BeatReason::Duplicate) } else { Ok((row, epoch, bit)) }
    }

    fn count_beat(
        &mut self,
        access_point: Address,
        beat: &Heartbeat,
        mut row: AccessPoint,
        epoch: u64,
        bit: u64,
    ) -> CoverageEvent {
        let metres = row.location.and_then(|location| beat.place.metres_to(location.cell)).unwrap_or(u32::MAX);
        let trust = self.trust(access_point, beat, &mut row, metres);
        if row.beats.epoch != epoch {
            row.beats = Beats { epoch, ..Beats::default() };
        }
        row.beats.hours |= bit;
        row.beats.trust += u64::from(trust);
        row.beats.metres += u64::from(metres);
        let silent = self.mobile_params().map_or(Span::from_days(3), |params| params.silent_after);
        if row.last_beat.is_some_and(|last| beat.at > last.later(silent)) {
            row.senior = beat.at;
        }
        row.last_beat = row.last_beat.max(Some(beat.at));
        self.state().put(&access_point, &row);
        self.mobile_totals(|totals| totals.beats += 1);
        CoverageEvent::HeartbeatCounted { access_point, owner: row.owner, at: beat.at, metres, trust }
    }

    /// What a heartbeat's place is worth, in hundredths: nothing when nobody knows it, or when the object reaches too far from it.
    fn trust(&mut self, access_point: Address, beat: &Heartbeat, row: &mut AccessPoint, metres: u32) -> u32 {
        let Ok(params) = self.mobile_params() else { return 0 };
        if let Some(role) = params.locator
            && !row.kind.is_cbrs()
        {
            let locator = self.role(role);
            let known = beat.fix.is_some_and(|fix| Some(fix.key.address()) == locator && near(fix.at, beat.at));
            if !known {
                return 0;
            }
        }
        if self.farthest(access_point, beat.place, row) >= FARTHEST {
            return 0;
        }
        params.figures.trust(row.kind, metres)
    }

    /// Metres to the farthest hex of the access point's object; looked up anew when it or the place is another.
    fn farthest(&mut self, access_point: Address, place: Place, row: &mut AccessPoint) -> u32 {
        let Some(object) = row.object else { return 0 };
        if let Some(known) = row.farthest.filter(|known| known.object == object.number && known.place == place) {
            return known.metres;
        }
        let hexes = self.hexes_in(access_point, row, object.slot);
        let metres = hexes.iter().map(|hex| place.metres_to(hex.cell).unwrap_or(u32::MAX)).max().unwrap_or(0);
        row.farthest = Some(Farthest { object: object.number, place, metres });
        metres
    }
}

/// Whether a locator's word is of a heartbeat's time.
const fn near(fix: Instant, beat: Instant) -> bool {
    let (fix, beat) = (fix.get(), beat.get());
    fix.abs_diff(beat) <= LATE_MOST.get()
}
