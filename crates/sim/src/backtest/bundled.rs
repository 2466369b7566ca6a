//! Published series that come along (`scenarios/series`, with their licences), and the dates on which rules changed meanwhile.

use super::{Column, Kind};
use time::{Date, macros::date};

/// A series of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bundled {
    /// The network.
    pub network: &'static str,
    /// Its short name among the network's.
    pub name: &'static str,
    /// What was counted, in words.
    pub title: &'static str,
    /// The file under `scenarios/series`.
    pub file: &'static str,
    /// Its text.
    pub table: &'static str,
    /// What is forecast.
    pub column: Column<'static>,
    /// Whose it is.
    pub source: &'static str,
    /// Column and token of what was issued, where the file has it.
    pub issued: Option<(&'static str, &'static str)>,
}

/// All of them. There is none of akash and io.net: no figure of theirs may be called calibrated.
pub static BUNDLED: &[Bundled] = &[
    Bundled {
        network: "helium",
        name: "burned",
        title: "dollars burned for data credits a week",
        file: "helium-weekly.csv",
        table: include_str!("../../../../scenarios/series/helium-weekly.csv"),
        column: Column { name: "usd_burned", kind: Kind::Flow },
        source: "CryptoZach, Tokenomics-as-Systems-Engineering, 2026 (CC BY 4.0)",
        issued: Some(("hnt_issued", "HNT")),
    },
    Bundled {
        network: "render",
        name: "burned",
        title: "dollars burned for jobs an epoch of a week",
        file: "render-epochs.csv",
        table: include_str!("../../../../scenarios/series/render-epochs.csv"),
        column: Column { name: "usd_burned", kind: Kind::Flow },
        source: "nickypockets, RENDER_RNP20_Tools, of the foundation's statistics (MIT)",
        issued: None,
    },
    Bundled {
        network: "filecoin",
        name: "onboarding",
        title: "raw power onboarded a week, PiB",
        file: "filecoin-onboarding-pib.csv",
        table: include_str!("../../../../scenarios/series/filecoin-onboarding-pib.csv"),
        column: Column { name: "total", kind: Kind::Flow },
        source: "protocol/filecoin-mecha-twin, Protocol Labs 2022 (MIT)",
        issued: None,
    },
    Bundled {
        network: "filecoin",
        name: "deals",
        title: "active deals, PiB",
        file: "filecoin-deals-pib.csv",
        table: include_str!("../../../../scenarios/series/filecoin-deals-pib.csv"),
        column: Column { name: "total", kind: Kind::Stock },
        source: "protocol/filecoin-mecha-twin, Protocol Labs 2022 (MIT)",
        issued: None,
    },
];

/// The series of a network, in their order.
pub fn bundled(network: &str) -> impl Iterator<Item = &'static Bundled> {
    BUNDLED.iter().filter(move |bundled| bundled.network == network)
}

/// A day on which a network's rules changed. No forecast is told of it, and nothing is fitted to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The network.
    pub network: &'static str,
    /// The first day under the new rules.
    pub on: Date,
    /// What changed.
    pub what: &'static str,
}

/// Changes of rules inside the series that come along.
pub static CHANGES: &[Change] = &[
    Change { network: "helium", on: date!(2023 - 08 - 03), what: "emission halves, as it was always to (HIP-20)" },
    Change {
        network: "helium",
        on: date!(2025 - 01 - 29),
        what: "rewards in HNT again, no part for HST: issuance rises from about 291,000 to 375,000 HNT a week (HIP-138)",
    },
    Change {
        network: "render",
        on: date!(2024 - 06 - 05),
        what: "operators' pool falls from 43,758.71 to 15,000 RENDER an epoch (RNP-013)",
    },
    Change {
        network: "render",
        on: date!(2024 - 12 - 20),
        what: "the second year's emission: 5.9 instead of 9.1 million RENDER (RNP-018)",
    },
    Change { network: "render", on: date!(2025 - 01 - 01), what: "rewards for availability by the week (RNP-015)" },
    Change {
        network: "filecoin",
        on: date!(2021 - 06 - 30),
        what: "Hyperdrive, at height 892,800: proofs of many sectors in one message",
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
            let (first, last) = (series.weeks[0].from, series.weeks[series.weeks.len() - 1].from);
            let changes = CHANGES.iter().filter(|change| change.network == bundled.network);
            assert!(changes.clone().all(|change| (first..=last).contains(&change.on)), "{}", bundled.file);
            assert!(changes.map(|change| change.on).is_sorted() && !bundled.source.is_empty());
        }
        let names: std::collections::BTreeSet<_> = BUNDLED.iter().map(|one| (one.network, one.name)).collect();
        assert_eq!(names.len(), BUNDLED.len());
        assert_eq!((bundled("filecoin").count(), bundled("akash").count()), (2, 0));
    }
}
