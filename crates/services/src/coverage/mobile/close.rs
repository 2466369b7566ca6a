//! The end of an epoch: who counts, then how many points each has.
//!
//! Both are jobs of the same instant, one of each for every access point, and all of the first kind run before any of the second. The first
//! fixes what the epoch came to and where the access point stands in the rankings of its hexes; nothing else ever changes a ranking. The
//! second reads them, accrues the points, and schedules nothing. Between the two no message matters, however many blocks they take.

use super::{
    points::{HexPoints, WHOLE, hex_points, may_boost, rank_multiplier, ranks, shares},
    rows::{AccessPoint, Assignment, Beats, Closing, InRank, Rank, Ranked},
};
use crate::{
    context::Context,
    coverage::{
        active::SubNetwork, due::Job, error::CoverageError, event::CoverageEvent, names::COVERAGE_POINTS, service::Coverage,
    },
};
use depin_economy::{Accrued, Component, Components, Record};
use depin_quantity::{Address, Measured};

impl Context<'_, Coverage> {
    /// An epoch of an access point ended: what it came to, and where it stands from now on. Gives how many hexes it was about.
    pub(in crate::coverage) fn judge_point(&mut self, access_point: Address) -> Result<usize, CoverageError> {
        let params = self.mobile_params()?;
        let Some(mut row) = self.state().get::<AccessPoint>(&access_point) else { return Ok(0) };
        let end = row.closes;
        let epoch = params.epoch_of(end).0.saturating_sub(1);
        let beats = if row.beats.epoch == epoch { row.beats } else { Beats::default() };
        let speed = row.speed(end, params.tests_within, params.tests_least);
        let busy = row.connections > super::points::CONNECTIONS;
        let counts = !row.retired
            && row.location.is_some()
            && row.object.is_some()
            && !row.banned
            && beats.count() >= u64::from(params.beats_least)
            && beats.trust > 0
            && speed > 0;
        row.closing = counts.then(|| Closing {
            epoch,
            speed,
            trust: beats.trust,
            beats: beats.count(),
            boosted: may_boost(beats.trust, beats.metres, beats.count(), row.connections),
            busy,
        });
        row.beats = Beats::default();
        let wanted =
            row.object.filter(|_| counts).map(|object| Ranked { slot: object.slot, object: object.number, senior: row.senior });
        let moved = self.rank(access_point, &mut row, wanted);
        if counts {
            self.schedule(end, Job::CountPoints(access_point));
        } else {
            row.points = 0;
        }
        if row.retired {
            (row.object, row.coming) = (None, None);
            (0..3).for_each(|slot| self.forget_parts(access_point, &mut row, slot));
        } else {
            row.closes = params.epoch_of(end).1;
            self.schedule(row.closes, Job::JudgePoint(access_point));
        }
        let owner = row.owner;
        self.state().put(&access_point, &row);
        if !counts {
            let hours = beats.hours.count_ones();
            self.emit(CoverageEvent::AccessPointUncounted { access_point, owner, epoch, hours, speed, trust: beats.trust });
        }
        Ok(moved)
    }

    /// Puts an access point where it is to stand; the caller writes it. Gives how many hexes that took.
    fn rank(&mut self, access_point: Address, row: &mut AccessPoint, wanted: Option<Ranked>) -> usize {
        if row.ranked == wanted {
            return 0;
        }
        let mut moved = 0;
        let (stood, stands) = (row.ranked.is_some(), wanted.is_some());
        if let Some(old) = row.ranked.take() {
            for hex in self.hexes_in(access_point, row, old.slot) {
                self.state().delete::<InRank>(&Rank::of(row.kind, hex, old.senior, access_point));
                moved += 1;
            }
            if row.object.is_none_or(|object| object.slot != old.slot) {
                self.forget_parts(access_point, row, old.slot);
            }
        }
        if let Some(new) = wanted {
            for hex in self.hexes_in(access_point, row, new.slot) {
                self.state().put(&Rank::of(row.kind, hex, new.senior, access_point), &InRank);
                moved += 1;
            }
        }
        row.ranked = wanted;
        self.mobile_totals(|totals| {
            totals.ranked = (totals.ranked + u32::from(stands)).saturating_sub(u32::from(stood));
        });
        moved
    }

    /// Counts the points of the epoch that ended, and accrues them; gives how many hexes there were. What it sends to the economy it sends
    /// before it writes anything, so that it can be put off.
    pub(in crate::coverage) fn count_points(&mut self, access_point: Address) -> Result<usize, CoverageError> {
        let Some(mut row) = self.state().get::<AccessPoint>(&access_point) else { return Ok(0) };
        let Some((closing, ranked)) = row.closing.zip(row.ranked) else { return Ok(0) };
        let hexes = self.hexes_in(access_point, &row, ranked.slot);
        let (mut points, mut first) = (0u128, 0u32);
        for hex in &hexes {
            let (own, extra) =
                hex_points(self.hex_of(&row, &closing, Rank::of(row.kind, *hex, ranked.senior, access_point), hex)?);
            points += own + if closing.boosted { extra } else { 0 };
            first += u32::from(own > 0);
        }
        let shares = shares(points, closing.speed, closing.trust, closing.beats);
        let earned = u64::try_from(shares).unwrap_or(u64::MAX);
        if earned > 0 && self.mobile_params()?.rules.points_earn {
            let components = Components::one(Component { metric: COVERAGE_POINTS, quantity: Measured::new(earned.into()) });
            self.send(Record::Accrued(Accrued { subject: Self::unit(row.owner, access_point), components }))?;
        }
        row.closing = None;
        if earned > 0 {
            self.rewarded(SubNetwork::Mobile, access_point, &mut row.standing);
        }
        row.points = earned;
        row.points_ever = row.points_ever.saturating_add(earned.into());
        let owner = row.owner;
        self.state().put(&access_point, &row);
        self.mobile_totals(|totals| totals.points = totals.points.saturating_add(earned.into()));
        self.emit(CoverageEvent::PointsCounted { access_point, owner, epoch: closing.epoch, hexes: first, points: earned });
        Ok(hexes.len())
    }

    /// What one hex is for one access point.
    fn hex_of(
        &mut self,
        row: &AccessPoint,
        closing: &Closing,
        own: Rank,
        hex: &super::HexSignal,
    ) -> Result<HexPoints, CoverageError> {
        let figures = self.mobile_params()?.figures;
        let graded = self.state().get::<Assignment>(&hex.cell);
        let boost = graded.map_or(1, |graded| graded.boost);
        let assignment = match graded {
            Some(graded) if !graded.wanted && boost <= 1 && !closing.busy => {
                figures.assignment(graded.footfall, graded.land, graded.urban)
            }
            _ => WHOLE,
        };
        let mut place = ranks(row.kind);
        let mut next = self.state().first_from::<InRank>(&Rank::first(hex.cell, row.kind));
        for rank in 0..ranks(row.kind) {
            let Some((there, _)) = next else { break };
            if there == own {
                place = rank;
                break;
            }
            next = self.state().next_after::<InRank>(&there);
        }
        let base = figures.base_points(row.kind, hex.signal).unwrap_or(0);
        Ok(HexPoints { base, assignment, rank: rank_multiplier(row.kind, place), boost })
    }
}
