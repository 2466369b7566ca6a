//! The agent's part of the provider's metrics page, read from the board whenever the page is asked for.

use super::status::Board;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};
use std::fmt;

/// Where deals stand that are not over.
const STAGES: [&str; 4] = ["proposed", "accepted", "active", "faulty"];

/// Writes the board as metrics.
#[derive(Debug)]
pub(super) struct BoardMetrics(pub(super) Board);

impl Collector for BoardMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let status = self.0.get();
        let gauges = [
            ("registered", "Whether the ledger has the provider's entry as it should be", u64::from(status.registered)),
            ("problems", "Things that stand in the provider's way now; its status names them", status.problems.len() as u64),
        ];
        for (name, help, value) in gauges {
            gauge(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        }
        let mut deals = encoder.encode_descriptor("deals", "Deals that are not over, by state", None, MetricType::Gauge)?;
        for stage in STAGES {
            let count = status.deals.get(stage).copied().unwrap_or(0);
            gauge(count).encode(deals.encode_family(&[("state", stage)])?)?;
        }
        let done = status.done;
        let counters = [
            ("deals_accepted", "Deals taken", done.accepted),
            ("deals_refused", "Deals declined", done.refused),
            ("sectors_proven", "Sectors proven one by one", done.sectors_proven),
            ("sets_proven", "Windows of data sets answered", done.sets_proven),
            ("faults_declared", "Faults declared", done.faults),
            ("claims", "Times that rewards were claimed", done.claims),
        ];
        for (name, help, value) in counters {
            ConstCounter::new(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)?;
        }
        Ok(())
    }
}

fn gauge(value: u64) -> ConstGauge<i64> {
    ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_quantity::{Address, Name};
    use prometheus_client::{encoding::text::encode, registry::Registry};

    #[test]
    fn the_page_shows_what_the_board_says() {
        let board = Board::new(Address::new([1; 32]), Name::literal("garage"), "http://127.0.0.1:1".to_owned());
        board.change(|status| {
            status.deals = super::super::status::count([depin_client::api::DealStage::Active]);
            status.done.accepted = 7;
            status.problems.insert("node".to_owned(), "away".to_owned());
        });
        let mut registry = Registry::with_prefix("depin_provider");
        registry.register_collector(Box::new(BoardMetrics(board)));
        let mut page = String::new();
        encode(&mut page, &registry).unwrap();
        for line in [
            "depin_provider_registered 0",
            "depin_provider_problems 1",
            "depin_provider_deals{state=\"active\"} 1",
            "depin_provider_deals{state=\"faulty\"} 0",
            "depin_provider_deals_accepted_total 7",
        ] {
            assert!(page.lines().any(|l| l == line), "{line} is missing in:\n{page}");
        }
    }
}
