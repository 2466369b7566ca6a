//! The operator's part of the metrics page, read from its status whenever the page is asked for.

use super::status::SharedStatus;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};
use serde::Serialize;
use std::fmt;

/// What a service adds to its operator's status and metrics: plain values that the daemon counts and shows.
pub trait Figures: Clone + fmt::Debug + Default + Serialize + Send + Sync + 'static {
    /// Writes them as metrics, by [`gauge`], [`gauges`] and [`counter`].
    ///
    /// # Errors
    /// What the encoder says.
    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result;
}

/// Writes a gauge.
///
/// # Errors
/// What the encoder says.
pub fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    const_gauge(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
}

/// Writes gauges of one name, told apart by the values of one label.
///
/// # Errors
/// What the encoder says.
pub fn gauges<'v>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    label: &str,
    values: impl IntoIterator<Item = (&'v str, u64)>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (of, value) in values {
        const_gauge(value).encode(family.encode_family(&[(label, of)])?)?;
    }
    Ok(())
}

/// Writes a counter; the page adds `_total` to its name.
///
/// # Errors
/// What the encoder says.
pub fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    ConstCounter::new(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)
}

fn const_gauge(value: u64) -> ConstGauge<i64> {
    ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX))
}

/// Writes a status as metrics.
#[derive(Debug)]
pub(super) struct StatusMetrics<F>(pub(super) SharedStatus<F>);

impl<F: Figures> Collector for StatusMetrics<F> {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let status = self.0.get();
        let help = "Whether the ledger has the provider's entry as it should be";
        gauge(&mut encoder, "registered", help, u64::from(status.registered))?;
        let help = "Things that stand in the provider's way now; its status names them";
        gauge(&mut encoder, "problems", help, status.problems.len() as u64)?;
        status.service.encode(&mut encoder)?;
        counter(&mut encoder, "claims", "Times that rewards were claimed", status.claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_quantity::{Address, Name};
    use prometheus_client::{encoding::text::encode, registry::Registry};

    #[derive(Clone, Debug, Default, Serialize)]
    struct Tiles {
        rendered: u64,
    }

    impl Figures for Tiles {
        fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
            counter(encoder, "tiles", "Tiles rendered", self.rendered)
        }
    }

    #[test]
    fn the_page_shows_what_the_status_says() {
        let status = SharedStatus::<Tiles>::new(Address::new([1; 32]), Name::literal("garage"), "http://127.0.0.1:1".to_owned());
        status.change(|status| {
            status.claims = 3;
            status.service.rendered = 7;
            status.problems.insert("node".to_owned(), "away".to_owned());
        });
        let mut registry = Registry::with_prefix("depin_provider");
        registry.register_collector(Box::new(StatusMetrics(status)));
        let mut page = String::new();
        encode(&mut page, &registry).unwrap();
        for line in [
            "depin_provider_registered 0",
            "depin_provider_problems 1",
            "depin_provider_claims_total 3",
            "depin_provider_tiles_total 7",
        ] {
            assert!(page.lines().any(|l| l == line), "{line} is missing in:\n{page}");
        }
    }
}
