//! Published series that come along (`scenarios/series`, with their licences).

use super::{Column, Kind};

/// A series of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bundled {
    /// The network.
    pub network: &'static str,
    /// What was counted, in words.
    pub title: &'static str,
    /// The file under `scenarios/series`.
    pub file: &'static str,
    /// Its text.
    pub table: &'static str,
    /// What is forecast.
    pub column: Column<'static>,
    /// Column and token of what was issued, where the file has it.
    pub issued: Option<(&'static str, &'static str)>,
}

/// All of them. There is none of akash and io.net: no figure of theirs may be called calibrated.
pub static BUNDLED: &[Bundled] = &[
    Bundled {
        network: "helium",
        title: "dollars burned for data credits a week",
        file: "helium-weekly.csv",
        table: include_str!("../../../../scenarios/series/helium-weekly.csv"),
        column: Column { name: "usd_burned", kind: Kind::Flow },
        issued: Some(("hnt_issued", "HNT")),
    },
    Bundled {
        network: "render",
        title: "dollars burned for jobs an epoch of a week",
        file: "render-epochs.csv",
        table: include_str!("../../../../scenarios/series/render-epochs.csv"),
        column: Column { name: "usd_burned", kind: Kind::Flow },
        issued: None,
    },
    Bundled {
        network: "filecoin",
        title: "raw power onboarded a week, PiB",
        file: "filecoin-onboarding-pib.csv",
        table: include_str!("../../../../scenarios/series/filecoin-onboarding-pib.csv"),
        column: Column { name: "total", kind: Kind::Flow },
        issued: None,
    },
    Bundled {
        network: "filecoin",
        title: "active deals, PiB",
        file: "filecoin-deals-pib.csv",
        table: include_str!("../../../../scenarios/series/filecoin-deals-pib.csv"),
        column: Column { name: "total", kind: Kind::Stock },
        issued: None,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::Series;

    #[test]
    fn every_bundled_series_can_be_read() {
        for bundled in BUNDLED {
            let series = Series::read(bundled.table, bundled.column).unwrap_or_else(|error| panic!("{}: {error}", bundled.file));
            assert!(series.weeks.len() >= 60, "{}", bundled.file);
        }
    }
}
