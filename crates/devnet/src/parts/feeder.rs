//! The development price feeder: reports made-up prices, so that costs can be shown in dollars on a network that nobody trades on.
//!
//! The account that it reports with is called `development-feeder`, and `depin status` says that its prices are made up. A network
//! whose rules work with prices works with these: what credits cost on it means nothing outside.

use crate::{Part, Result, Site, home};
use async_trait::async_trait;
use depin_client::Sender;
use depin_economy::Action;
use depin_economy::Spec;
use depin_ledger::Message;
use depin_quantity::{Decimal18, Instant, Name, Span};
use std::time::Duration;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Middle of a made-up price in 10^-18 of the quote, and how far it swings, in thousandths of it.
const MIDDLE: u128 = 4 * Decimal18::ONE.get();
const SWING_PERMILLE: u128 = 50;
/// A token that stands for money held elsewhere keeps its worth.
const PAR: Decimal18 = Decimal18::ONE;
/// How long one swing up and down takes, ledger time.
const SWING: Span = Span::from_days(7);
/// Longest and shortest pause between two reports, wall time.
const PAUSE_MAX: Duration = Duration::from_secs(900);
const PAUSE_MIN: Duration = Duration::from_secs(1);

/// The running feeder.
pub(crate) struct Feeder {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Feeder {
    pub(crate) fn start(site: &Site<'_>) -> Result<Self> {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let feeding = run(site.sender(home::PRICE_FEEDER)?, site.spec.clone(), site.genesis.time, site.options.speed);
        tasks.spawn(stop.clone().run_until_cancelled_owned(feeding));
        tasks.close();
        Ok(Self { stop, tasks })
    }
}

#[async_trait]
impl Part for Feeder {
    fn name(&self) -> &'static str {
        "the price feeder"
    }

    async fn stop(self: Box<Self>) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

/// Reports every pair of the network's rules in force until it is dropped. `genesis` is when the network started.
async fn run(sender: Sender, spec: Spec, genesis: Instant, speed: u32) {
    let versions = std::iter::once(&spec).chain(spec.later().iter().map(|(_, version)| version));
    let Some(stale_after) = versions.flat_map(|version| version.prices().values()).map(|rule| rule.stale_after).min() else {
        return;
    };
    // Four reports in the time that a price stays fresh: three may go missing.
    let pause = Duration::from_millis(stale_after.get() / 4 / u64::from(speed.max(1))).clamp(PAUSE_MIN, PAUSE_MAX);
    loop {
        match sender.client().status().await {
            Ok(status) => {
                let now = Instant::new(status.time_ms);
                let version = spec.at(genesis, now);
                for pair in version.prices().keys() {
                    report(&sender, *pair, if stands_for_money(version, *pair) { PAR } else { made_up(now) }).await;
                }
            }
            Err(error) => tracing::warn!(%error, "the price feeder cannot ask for the time"),
        }
        tokio::time::sleep(pause).await;
    }
}

/// Whether the base of a pair is a token that is minted against deposits elsewhere.
fn stands_for_money(spec: &Spec, pair: Name) -> bool {
    let base = depin_economy::pair_of(pair).and_then(|(base, _)| spec.token(base));
    base.is_some_and(|token| token.bridged_by.is_some())
}

async fn report(sender: &Sender, pair: Name, price: Decimal18) {
    if let Err(error) = sender.submit(Message::Act(Action::ReportPrice { pair, price })).await {
        tracing::warn!(%error, %pair, "a price report was not taken");
    }
}

/// A price that goes up and down in a straight line.
fn made_up(now: Instant) -> Decimal18 {
    let (place, half) = (u128::from(now.get() % SWING.get()), u128::from(SWING.get()) / 2);
    let height = if place < half { place } else { 2 * half - place.min(2 * half) };
    let (low, width) = (MIDDLE - MIDDLE * SWING_PERMILLE / 1000, 2 * MIDDLE * SWING_PERMILLE / 1000);
    // Four places, as markets quote.
    let step = Decimal18::ONE.get() / 10_000;
    Decimal18::new((low + width * height / half) / step * step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_money_keeps_its_worth() {
        let text = depin_networks::network_file("akash").unwrap().replace("[price.AKT-USD]", "[price.USDC-USD]");
        let spec = Spec::parse(&text).unwrap();
        assert!(stands_for_money(&spec, Name::literal("USDC-USD")) && !stands_for_money(&spec, Name::literal("AKT-USD")));
    }

    #[test]
    fn a_made_up_price_swings_around_its_middle() {
        assert_eq!(made_up(Instant::new(0)).to_decimal(), "3.8");
        assert_eq!(made_up(Instant::new(SWING.get() / 4)).to_decimal(), "4");
        assert_eq!(made_up(Instant::new(SWING.get() / 2)).to_decimal(), "4.2");
        assert_eq!(made_up(Instant::new(SWING.get() / 4 * 3)).to_decimal(), "4");
    }
}
