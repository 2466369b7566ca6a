//! What a storage provider adds to its status and metrics.

use super::task::StorageTask;
use crate::operator::{Figures, Status, counter, gauges};
use depin_client::api::{self, DealStage};
use prometheus_client::encoding::DescriptorEncoder;
use serde::Serialize;
use std::{collections::BTreeMap, fmt};

/// A storage provider at one moment.
pub type ProviderStatus = Status<StorageFigures>;

/// What a storage provider adds to its status.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StorageFigures {
    /// What it asks, as the ledger has it.
    pub ask: Option<api::Ask>,
    /// Deals that are not over, by where they stand.
    pub deals: BTreeMap<String, u64>,
    /// What it did since it was started.
    pub done: Done,
}

/// Counters since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Done {
    /// Deals taken.
    pub accepted: u64,
    /// Deals declined.
    pub refused: u64,
    /// Sectors proven one by one: first proofs and recoveries.
    pub sectors_proven: u64,
    /// Windows of data sets answered.
    pub sets_proven: u64,
    /// Faults declared.
    pub faults: u64,
    /// Ends agreed to.
    pub ends: u64,
    /// Longer terms agreed to.
    pub extensions: u64,
}

impl Done {
    /// Counts a task that the ledger took, less what its message left out.
    pub(super) fn count(&mut self, task: &StorageTask, failed: usize) {
        let deals = task.deals().len().saturating_sub(failed) as u64;
        match task {
            StorageTask::Accept(_) => self.accepted += deals,
            StorageTask::Refuse(..) => self.refused += deals,
            StorageTask::Prove(_) => self.sectors_proven += deals,
            StorageTask::Faults(_) => self.faults += deals,
            StorageTask::Recovered(_) => {}
            StorageTask::AgreeEnds(_) => self.ends += deals,
            StorageTask::Extensions(_) => self.extensions += deals,
            StorageTask::ProveSet(_) => self.sets_proven += 1,
        }
    }
}

impl Figures for StorageFigures {
    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let open = [DealStage::Proposed, DealStage::Accepted, DealStage::Active, DealStage::Faulty].map(|stage| stage.as_str());
        let deals = open.map(|stage| (stage, self.deals.get(stage).copied().unwrap_or(0)));
        gauges(encoder, "deals", "Deals that are not over, by state", "state", deals)?;
        let done = self.done;
        let counters = [
            ("deals_accepted", "Deals taken", done.accepted),
            ("deals_refused", "Deals declined", done.refused),
            ("sectors_proven", "Sectors proven one by one", done.sectors_proven),
            ("sets_proven", "Windows of data sets answered", done.sets_proven),
            ("faults_declared", "Faults declared", done.faults),
        ];
        counters.into_iter().try_for_each(|(name, help, value)| counter(encoder, name, help, value))
    }
}

/// How many deals that are not over stand where.
pub(super) fn count_stages(stages: impl IntoIterator<Item = DealStage>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for stage in stages.into_iter().filter(|stage| !stage.is_final()) {
        *counts.entry(stage.as_str().to_owned()).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::{collector::Collector, encoding::text::encode, registry::Registry};

    #[derive(Debug)]
    struct Page(StorageFigures);

    impl Collector for Page {
        fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
            self.0.encode(&mut encoder)
        }
    }

    #[test]
    fn the_page_shows_what_the_figures_say() {
        let deals = count_stages([DealStage::Active, DealStage::Ended]);
        let figures = StorageFigures { deals, done: Done { accepted: 7, ..Done::default() }, ..StorageFigures::default() };
        let mut registry = Registry::with_prefix("depin_provider");
        registry.register_collector(Box::new(Page(figures)));
        let mut page = String::new();
        encode(&mut page, &registry).unwrap();
        for line in [
            "depin_provider_deals{state=\"active\"} 1",
            "depin_provider_deals{state=\"faulty\"} 0",
            "depin_provider_deals_accepted_total 7",
        ] {
            assert!(page.lines().any(|l| l == line), "{line} is missing in:\n{page}");
        }
        assert!(!page.contains("ended"), "{page}");
    }

    /// The operator's kit asks for no figure of a provider that no provider has. Those of every operator a page of theirs has.
    #[test]
    fn the_dashboard_and_the_alerts_ask_for_figures_that_there_are() {
        let mut registry = Registry::with_prefix("depin_provider");
        registry.register_collector(Box::new(Page(StorageFigures::default())));
        let mut page = String::new();
        encode(&mut page, &registry).unwrap();
        let kit =
            [include_str!("../../../../deploy/grafana/depin.json"), include_str!("../../../../deploy/prometheus/alerts.yml")]
                .concat();
        let asked =
            kit.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|name| name.starts_with("depin_provider_"));
        let every =
            ["registered", "problems", "claims_total", "http_requests_total"].map(|name| format!("depin_provider_{name}"));
        let mut own = 0;
        for name in asked.filter(|name| every.iter().all(|known| known != name)) {
            own += 1;
            assert!(page.lines().any(|line| line.starts_with(name)), "no provider has {name}:\n{page}");
        }
        assert!(own >= 3, "{own}");
    }
}
