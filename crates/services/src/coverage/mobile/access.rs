//! Access points join, say where they are, leave; and who grades them and hexes.

use super::{
    error::MobileError,
    message::{GradedHex, MobileMessage, NewAccessPoint},
    params::MobileParams,
    rows::{AccessPoint, Assignment, Beats, MobileTotals, PointsOf},
};
use crate::{
    context::Context,
    coverage::{
        due::Job, error::CoverageError, event::CoverageEvent, hotspots::check_location, message::Location, rows::Hotspot,
        service::Coverage,
    },
};
use depin_quantity::Address;
use h3o::{CellIndex, Resolution};

/// Largest boost of a hex.
const BOOST_MOST: u32 = 100;

/// Refuses what is no cell of resolution 12.
pub(super) fn check_hex(cell: u64) -> Result<(), MobileError> {
    let resolution = CellIndex::try_from(cell).ok().map(CellIndex::resolution);
    if resolution == Some(Resolution::Twelve) { Ok(()) } else { Err(MobileError::Hex(cell)) }
}

impl<'a> Context<'a, Coverage> {
    /// Runs a message of the mobile part.
    pub(in crate::coverage) fn mobile(&mut self, sender: Address, message: &MobileMessage) -> Result<(), CoverageError> {
        self.mobile_params()?;
        message.check_bounds()?;
        match message {
            MobileMessage::Join(new) => self.join(sender, new),
            MobileMessage::Assert { access_point, location } => self.assert_point(sender, *access_point, *location),
            MobileMessage::Leave(access_point) => self.leave(sender, *access_point),
            MobileMessage::Cover { access_point, number, part, last, hexes } => {
                self.cover(sender, *access_point, (*number, *part, *last), hexes)
            }
            MobileMessage::Beat(beats) => {
                beats.iter().for_each(|beat| self.beat(beat));
                Ok(())
            }
            MobileMessage::Test(test) => self.speed_test(test),
            MobileMessage::GradeHexes(hexes) => self.grade_hexes(sender, hexes),
            MobileMessage::Grade { access_point, connections, banned } => {
                self.grade(sender, *access_point, *connections, *banned)
            }
            MobileMessage::OpenCarrier { credits, price } => self.open_carrier(sender, *credits, *price),
            MobileMessage::AddCredits { carrier, credits } => self.add_carrier_credits(sender, *carrier, *credits),
            MobileMessage::TakeCredits { carrier, credits } => self.take_carrier_credits(sender, *carrier, *credits),
            MobileMessage::Authorise { carrier, access_point, bytes } => self.authorise(sender, *carrier, *access_point, *bytes),
            MobileMessage::Sessions { key, sessions, .. } => self.report_sessions(key.address(), sessions),
        }
    }

    pub(super) fn mobile_params(&self) -> Result<&'a MobileParams, MobileError> {
        self.params().mobile.as_ref().ok_or(MobileError::Off)
    }

    pub(super) fn mobile_totals(&mut self, change: impl FnOnce(&mut MobileTotals)) {
        let mut totals = self.state().get::<MobileTotals>(&()).unwrap_or_default();
        change(&mut totals);
        self.state().put(&(), &totals);
    }

    /// An access point that takes part.
    pub(super) fn active_point(&mut self, access_point: Address) -> Result<AccessPoint, MobileError> {
        let row = self.state().get::<AccessPoint>(&access_point).ok_or(MobileError::Unknown(access_point))?;
        if row.retired { Err(MobileError::Left(access_point)) } else { Ok(row) }
    }

    /// An access point of the sender's that takes part.
    pub(super) fn own_point(&mut self, sender: Address, access_point: Address) -> Result<AccessPoint, MobileError> {
        let row = self.active_point(access_point)?;
        if row.owner == sender { Ok(row) } else { Err(MobileError::NotYours { access_point, owner: row.owner }) }
    }

    /// Order of refusals: owner, kind, known, fee, pledge.
    fn join(&mut self, sender: Address, new: &NewAccessPoint) -> Result<(), CoverageError> {
        let NewAccessPoint { key, owner, kind, .. } = *new;
        let params = self.mobile_params()?;
        if owner != sender {
            return Err(CoverageError::NotTheOwner { named: owner });
        }
        if !params.figures.has(kind) {
            return Err(MobileError::Kind(kind).into());
        }
        let access_point = key.address();
        if self.state().has::<AccessPoint>(&access_point) || self.state().has::<Hotspot>(&access_point) {
            return Err(MobileError::Known(access_point).into());
        }
        let fee = self.take_onboarding(owner)?;
        self.register(owner, access_point)?;
        self.pledge(owner, access_point)?;
        let (now, (_, closes)) = (self.now(), params.epoch_of(self.now()));
        let row = AccessPoint {
            key,
            owner,
            kind,
            since: now,
            retired: false,
            location: None,
            closes,
            object: None,
            coming: None,
            parts: [0; 3],
            senior: now,
            last_beat: None,
            beats: Beats::default(),
            farthest: None,
            tests: Vec::new(),
            connections: 0,
            banned: false,
            ranked: None,
            closing: None,
            points: 0,
            points_ever: 0,
            bytes: 0,
            units: 0,
            sessions: 0,
            standing: self.standing(fee),
        };
        self.state().put(&access_point, &row);
        self.state().put(&(owner, access_point), &PointsOf);
        self.schedule(closes, Job::JudgePoint(access_point));
        self.mobile_totals(|totals| totals.access_points += 1);
        self.emit(CoverageEvent::AccessPointJoined { access_point, owner, of: kind, fee });
        Ok(())
    }

    /// Order of refusals: location, access point, left, owner, fee.
    fn assert_point(&mut self, sender: Address, access_point: Address, location: Location) -> Result<(), CoverageError> {
        check_location(&location)?;
        let mut row = self.own_point(sender, access_point)?;
        let fee = self.take_location(sender)?;
        if row.location.is_none() {
            self.stand(sender, access_point, true)?;
            self.mobile_totals(|totals| totals.located += 1);
        }
        row.location = Some(location);
        self.state().put(&access_point, &row);
        self.emit(CoverageEvent::AccessPointAsserted { access_point, owner: sender, location, fee });
        Ok(())
    }

    /// It stays in rankings until its epoch ends, and earns nothing more. Order of refusals: access point, left, owner.
    fn leave(&mut self, sender: Address, access_point: Address) -> Result<(), CoverageError> {
        let mut row = self.own_point(sender, access_point)?;
        self.stand(sender, access_point, false)?;
        self.release_pledge(sender, access_point)?;
        self.mobile_totals(|totals| {
            totals.access_points = totals.access_points.saturating_sub(1);
            totals.located = totals.located.saturating_sub(u32::from(row.location.is_some()));
        });
        (row.retired, row.location) = (true, None);
        self.state().put(&access_point, &row);
        self.emit(CoverageEvent::AccessPointLeft { access_point, owner: sender });
        Ok(())
    }

    fn grades(&self, sender: Address) -> Result<(), MobileError> {
        let is = self.mobile_params()?.assigner.and_then(|role| self.role(role));
        if is == Some(sender) { Ok(()) } else { Err(MobileError::NotTheAssigner(is)) }
    }

    /// Order of refusals: sender; then of each: cell, boost.
    fn grade_hexes(&mut self, sender: Address, hexes: &[GradedHex]) -> Result<(), CoverageError> {
        self.grades(sender)?;
        for hex in hexes {
            let GradedHex { cell, footfall, land, urban, wanted, boost } = *hex;
            check_hex(cell)?;
            if !(1..=BOOST_MOST).contains(&boost) {
                return Err(MobileError::Boost { cell, boost }.into());
            }
            self.state().put(&cell, &Assignment { footfall, land, urban, wanted, boost });
        }
        self.emit(CoverageEvent::HexesGraded { by: sender, hexes: hexes.len() as u32 });
        Ok(())
    }

    /// Order of refusals: sender, access point, left.
    fn grade(&mut self, sender: Address, access_point: Address, connections: u32, banned: bool) -> Result<(), CoverageError> {
        self.grades(sender)?;
        let mut row = self.active_point(access_point)?;
        (row.connections, row.banned) = (connections, banned);
        self.state().put(&access_point, &row);
        self.emit(CoverageEvent::AccessPointGraded { access_point, owner: row.owner, connections, banned });
        Ok(())
    }
}
