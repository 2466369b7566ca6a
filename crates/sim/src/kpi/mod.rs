//! Key figures: one definition each, computed from the rows of a run and of the runs that share its chance.
//!
//! In: rows. Out: a number by id, or not a number where it is not defined. Nothing else in the project computes any of them. Absent on
//! purpose: percentiles over runs, which are the experiment's.

mod attribution;
mod conversion;
mod economics;
mod frame;
mod region;
mod supply;

pub use frame::Frame;
pub use region::{REGIONAL, Region, Regional, of_regions, regional};

use crate::{Opening, Paired, results::Row};
use std::{collections::BTreeMap, fmt};

/// The id of a key figure, in kebab-case: `burn-to-mint`, `conversion.providers.paid.earned.average`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KpiId(pub &'static str);

impl fmt::Display for KpiId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// One key figure.
#[derive(Clone, Copy, Debug)]
pub struct Kpi {
    /// Its id.
    pub id: KpiId,
    /// Its name for people.
    pub title: &'static str,
    /// What one of it is.
    pub unit: &'static str,
    /// How it is computed, in columns of the result table.
    pub formula: &'static str,
    /// Where the definition comes from.
    pub source: &'static str,
    /// Computes it.
    pub compute: fn(&Frame<'_>) -> f64,
}

/// Every key figure, in the order in which they are listed.
pub fn kpis() -> impl Iterator<Item = &'static Kpi> {
    [supply::KPIS, economics::KPIS, attribution::KPIS, conversion::KPIS].into_iter().flatten()
}

/// The key figure of an id.
pub fn kpi(id: &str) -> Option<&'static Kpi> {
    kpis().find(|kpi| kpi.id.0 == id)
}

/// All key figures of a run that began at `opening`.
pub fn all(rows: &[Row], paired: &[Paired], opening: Opening) -> BTreeMap<KpiId, f64> {
    let frame = Frame::new(rows, paired).since(opening);
    kpis().map(|kpi| (kpi.id, (kpi.compute)(&frame))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_figure_has_an_id_of_its_own_and_says_how_it_is_computed() {
        let ids: BTreeSet<KpiId> = kpis().map(|kpi| kpi.id).collect();
        assert_eq!(ids.len(), kpis().count());
        assert!(kpis().all(|kpi| !kpi.formula.is_empty() && !kpi.source.is_empty() && !kpi.unit.is_empty()));
        assert_eq!(kpi("burn-to-mint").map(|kpi| kpi.title), Some("Burn to mint"));
    }

    #[test]
    fn a_run_without_rows_has_no_figures() {
        let all = all(&[], &[], Opening::default());
        let defined: Vec<_> = all.iter().filter(|(_, value)| value.is_finite() && **value != 0.0).collect();
        assert!(defined.is_empty(), "{defined:?}");
    }
}
