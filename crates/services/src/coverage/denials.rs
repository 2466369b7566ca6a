//! The denylist: hotspots that lied about where they are or what they heard, each with a reason, and what their owners say against it.
//!
//! An empty list rejects nobody. Who keeps it is the role `arbiter` of the network's file.

use super::{
    error::CoverageError,
    event::CoverageEvent,
    message::{Denied, check_text},
    rows::{Appeal, Denial, DeniedEdge, Hotspot},
    service::Coverage,
};
use crate::context::Context;
use depin_quantity::{Address, Seed, UnitId};

/// Objections to one entry that may be turned down; there is no further one.
const APPEALS_MOST: u8 = 3;

impl Context<'_, Coverage> {
    fn keeps_denylist(&self, sender: Address) -> Result<(), CoverageError> {
        let is = self.params().arbiter.and_then(|role| self.role(role));
        if is == Some(sender) { Ok(()) } else { Err(CoverageError::NotTheArbiter(is)) }
    }

    fn denial(&mut self, denial: UnitId) -> Result<Denial, CoverageError> {
        self.state().get::<Denial>(&denial).ok_or(CoverageError::UnknownDenial(denial))
    }

    /// Order of refusals: reason, sender, hotspots, listed already.
    pub(super) fn deny(&mut self, sender: Address, who: Denied, reason: &str, unique: Seed) -> Result<(), CoverageError> {
        check_text(reason, "reason")?;
        self.keeps_denylist(sender)?;
        let id = UnitId::derive("depin-coverage-denial", &[&unique.get()]);
        let who = match who {
            Denied::Hotspot(hotspot) => {
                let mut row = self.active_hotspot(hotspot)?;
                if let Some(denial) = row.denied {
                    return Err(CoverageError::HotspotDenied { hotspot, denial });
                }
                row.denied = Some(id);
                self.state().put(&hotspot, &row);
                self.stand(row.owner, hotspot, false)?;
                self.fault_denied(row.owner, hotspot, sender)?;
                who
            }
            Denied::Edge(a, b) => {
                let (a, b) = (a.min(b), a.max(b));
                if a == b {
                    return Err(CoverageError::Edge(a));
                }
                self.hotspot(a)?;
                self.hotspot(b)?;
                if let Some(DeniedEdge(denial)) = self.state().get::<DeniedEdge>(&(a, b)) {
                    return Err(CoverageError::EdgeDenied { a, b, denial });
                }
                self.state().put(&(a, b), &DeniedEdge(id));
                Denied::Edge(a, b)
            }
        };
        let denial = Denial { who, reason: reason.to_owned(), at: self.now(), appeal: None, upheld: 0 };
        self.state().put(&id, &denial);
        self.totals(|totals| totals.denials += 1);
        self.emit(CoverageEvent::Denied { denial: id, who, reason: reason.to_owned() });
        Ok(())
    }

    /// Order of refusals: text, entry, owner, open already, too many.
    pub(super) fn appeal(&mut self, sender: Address, id: UnitId, text: &str) -> Result<(), CoverageError> {
        check_text(text, "appeal")?;
        let mut denial = self.denial(id)?;
        let hotspots = match denial.who {
            Denied::Hotspot(hotspot) => [hotspot; 2],
            Denied::Edge(a, b) => [a, b],
        };
        let mut own = false;
        for hotspot in hotspots {
            own |= self.hotspot(hotspot)?.owner == sender;
        }
        if !own {
            return Err(CoverageError::NotYourDenial(id));
        }
        if denial.appeal.is_some() {
            return Err(CoverageError::AppealOpen(id));
        }
        if denial.upheld >= APPEALS_MOST {
            return Err(CoverageError::Appeals { denial: id, most: APPEALS_MOST });
        }
        denial.appeal = Some(Appeal { by: sender, at: self.now(), text: text.to_owned() });
        self.state().put(&id, &denial);
        self.emit(CoverageEvent::DenialAppealed { denial: id, by: sender });
        Ok(())
    }

    /// Order of refusals: sender, entry, nothing to uphold.
    pub(super) fn judge(&mut self, sender: Address, id: UnitId, lift: bool) -> Result<(), CoverageError> {
        self.keeps_denylist(sender)?;
        let mut denial = self.denial(id)?;
        if !lift && denial.appeal.take().is_none() {
            return Err(CoverageError::NoAppeal(id));
        }
        if lift {
            self.lift(id, denial.who)?;
        } else {
            denial.upheld += 1;
            self.state().put(&id, &denial);
        }
        self.emit(CoverageEvent::DenialJudged { denial: id, who: denial.who, lifted: lift });
        Ok(())
    }

    fn lift(&mut self, id: UnitId, who: Denied) -> Result<(), CoverageError> {
        match who {
            Denied::Hotspot(hotspot) => {
                let mut row: Hotspot = self.hotspot(hotspot)?;
                row.denied = None;
                self.state().put(&hotspot, &row);
                self.stand(row.owner, hotspot, row.location.is_some())?;
            }
            Denied::Edge(a, b) => self.state().delete::<DeniedEdge>(&(a, b)),
        }
        self.state().delete::<Denial>(&id);
        self.totals(|totals| totals.denials = totals.denials.saturating_sub(1));
        Ok(())
    }
}
