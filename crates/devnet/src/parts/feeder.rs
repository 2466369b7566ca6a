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

/// Middle of the made-up price of a token that `networks/prices.toml` does not have, in 10^-18 of the quote, and how far prices swing, in thousandths
/// of the middle.
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
                    let price = if stands_for_money(version, *pair) { PAR } else { made_up(now, middle(version, *pair)) };
                    report(&sender, *pair, price).await;
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

/// The middle of a pair's made-up price: the start price of `networks/prices.toml`. A token without one is worth as much as all of the token that
/// fees are paid in, at their caps: 200 billion IOT as much as 223 million HNT.
fn middle(spec: &Spec, pair: Name) -> u128 {
    let base = depin_economy::pair_of(pair).map(|(base, _)| base);
    if let Some(price) = base.and_then(depin_networks::start_price) {
        return price.get();
    }
    let main = depin_networks::start_price(spec.fee().token).map_or(MIDDLE, Decimal18::get);
    let whole = |token: Name| {
        let places = 10u128.checked_pow(spec.token(token)?.decimals.into())?;
        spec.supply(token).map(|supply| supply.cap.amount.get() / places).filter(|cap| *cap > 0)
    };
    let caps = base.and_then(|base| whole(spec.fee().token).zip(whole(base)));
    // Below the least step of a price there is none.
    caps.and_then(|(all, base)| Some(main.checked_mul(all)? / base)).unwrap_or(MIDDLE).max(1_000_000)
}

async fn report(sender: &Sender, pair: Name, price: Decimal18) {
    if let Err(error) = sender.submit(Message::Act(Action::ReportPrice { pair, price })).await {
        tracing::warn!(%error, %pair, "a price report was not taken");
    }
}

/// A price that goes up and down around a middle in a straight line.
fn made_up(now: Instant, middle: u128) -> Decimal18 {
    let (place, half) = (u128::from(now.get() % SWING.get()), u128::from(SWING.get()) / 2);
    let height = if place < half { place } else { 2 * half - place.min(2 * half) };
    let (low, width) = (middle - middle * SWING_PERMILLE / 1000, 2 * middle * SWING_PERMILLE / 1000);
    // Some five digits, as markets quote: of dollars four places.
    let step = 10u128.pow((middle / 10_000).checked_ilog10().unwrap_or_default());
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
        let at = |quarter: u64| made_up(Instant::new(SWING.get() / 4 * quarter), MIDDLE).to_decimal();
        assert_eq!(at(0), "3.8");
        assert_eq!(at(1), "4");
        assert_eq!(at(2), "4.2");
        assert_eq!(at(3), "4");
    }

    /// IOT and MOBILE were reported at HNT's price, so that what is paid "up to its worth in dollars" was a thousandth of it in tokens.
    #[test]
    fn tokens_of_one_network_are_worth_what_their_numbers_say() {
        let spec = Spec::parse(depin_networks::network_file("helium").unwrap()).unwrap();
        let genesis = Instant::new(1_764_000_000_000);
        let spec = spec.at(genesis, genesis);
        let low = |pair: &str| made_up(Instant::new(0), middle(spec, pair.parse().unwrap())).to_decimal();
        assert_eq!([low("HNT-USD"), low("IOT-USD"), low("MOBILE-USD")], ["6.004", "0.0066944", "0.0066944"]);
    }
}
