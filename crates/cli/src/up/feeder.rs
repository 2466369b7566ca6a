//! The development price feeder: reports made-up prices, so that costs can be shown in dollars on a network that nobody trades on.
//!
//! The account that it reports with is called `development-feeder`, and `depin status` says that its prices are made up. No rule of a
//! network may depend on them for more than show.

use depin_client::Sender;
use depin_economy::Spec;
use depin_ledger::Message;
use depin_quantity::{Decimal18, Instant, Name, Span};
use std::time::Duration;

/// Middle of a made-up price, whole quote units, and how far it swings, in thousandths of it.
const MIDDLE: u128 = 4;
const SWING_PERMILLE: u128 = 50;
/// How long one swing up and down takes, ledger time.
const SWING: Span = Span::from_days(7);
/// Longest and shortest pause between two reports, wall time.
const PAUSE_MAX: Duration = Duration::from_secs(900);
const PAUSE_MIN: Duration = Duration::from_secs(1);

/// Reports every pair of the network until it is dropped.
pub async fn run(sender: Sender, spec: Spec, speed: u32) {
    let pairs: Vec<(Name, Span)> = spec.prices().iter().map(|(pair, rule)| (*pair, rule.stale_after)).collect();
    let Some(stale_after) = pairs.iter().map(|(_, stale_after)| *stale_after).min() else { return };
    // Four reports in the time that a price stays fresh: three may go missing.
    let pause = Duration::from_millis(stale_after.get() / 4 / u64::from(speed.max(1))).clamp(PAUSE_MIN, PAUSE_MAX);
    loop {
        for (pair, _) in &pairs {
            report(&sender, *pair).await;
        }
        tokio::time::sleep(pause).await;
    }
}

async fn report(sender: &Sender, pair: Name) {
    let now = match sender.client().status().await {
        Ok(status) => Instant::new(status.time_ms),
        Err(error) => return tracing::warn!(%error, %pair, "the price feeder cannot ask for the time"),
    };
    let message = Message::ReportPrice { pair, price: made_up(now) };
    if let Err(error) = sender.submit(message).await {
        tracing::warn!(%error, %pair, "a price report was not taken");
    }
}

/// A price that goes up and down in a straight line.
fn made_up(now: Instant) -> Decimal18 {
    let (place, half) = (u128::from(now.get() % SWING.get()), u128::from(SWING.get()) / 2);
    let height = if place < half { place } else { 2 * half - place.min(2 * half) };
    let middle = Decimal18::ONE.get() * MIDDLE;
    let (low, width) = (middle - middle * SWING_PERMILLE / 1000, 2 * middle * SWING_PERMILLE / 1000);
    // Four places, as markets quote.
    let step = Decimal18::ONE.get() / 10_000;
    Decimal18::new((low + width * height / half) / step * step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_up_price_swings_around_its_middle() {
        assert_eq!(made_up(Instant::new(0)).to_decimal(), "3.8");
        assert_eq!(made_up(Instant::new(SWING.get() / 4)).to_decimal(), "4");
        assert_eq!(made_up(Instant::new(SWING.get() / 2)).to_decimal(), "4.2");
        assert_eq!(made_up(Instant::new(SWING.get() / 4 * 3)).to_decimal(), "4");
    }
}
