//! Prices: reports from named reporters, their median, and silence when they are stale.
//!
//! In: reports by the accounts that fill the reporters' roles. Out: the median of the fresh reports, or a refusal; nothing is
//! guessed, remembered or smoothed. Absent on purpose: where reporters get their numbers.

use crate::{
    Event, Limit, Refusal, Topic,
    market::rows::ReportRow,
    params::PriceRule,
    session::{
        rows::RoleRow,
        work::{Work, declared},
    },
};
use depin_quantity::{Address, Decimal18, Instant, Name};
use depin_state::ReadState;
use serde::Serialize;

/// A price that holds now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PriceNow {
    /// Quote currency for one whole base token.
    pub price: Decimal18,
    /// Fresh reports.
    pub reports: u32,
    /// When the oldest of them was made.
    pub oldest: Instant,
}

/// The median: the middle one; of an even number the mean of the two middle ones, rounded down. `None` of nothing.
pub fn median(mut prices: Vec<Decimal18>) -> Option<Decimal18> {
    prices.sort_unstable();
    let middle = prices.len() / 2;
    if prices.len() % 2 == 1 {
        return prices.get(middle).copied();
    }
    let (low, high) = (prices.get(middle.checked_sub(1)?)?.get(), prices.get(middle)?.get());
    Some(Decimal18::new(low + (high - low) / 2))
}

/// The price of a pair at `now`: the median of reports at most `stale_after` old, when there are at least `quorum`.
pub fn price_now(state: &dyn ReadState, pair: Name, rule: &PriceRule, now: Instant) -> Result<PriceNow, Refusal> {
    let reports: Vec<ReportRow> = rule
        .reporters
        .iter()
        .filter_map(|role| state.get::<RoleRow>(role))
        .filter_map(|role| state.get::<ReportRow>(&(pair, role.account)))
        .filter(|report| now.since(report.at) <= rule.stale_after)
        .collect();
    let fresh = u32::try_from(reports.len()).expect("a pair has at most 64 reporters");
    let stale = Refusal::PriceStale { pair, fresh, quorum: rule.quorum };
    if fresh < rule.quorum {
        return Err(stale);
    }
    let oldest = reports.iter().map(|r| r.at).min().ok_or(stale.clone())?;
    let price = median(reports.iter().map(|r| r.price).collect()).ok_or(stale)?;
    Ok(PriceNow { price, reports: fresh, oldest })
}

impl Work<'_> {
    /// Takes a report; the reporter's earlier one is replaced.
    pub fn report_price(&mut self, reporter: Address, pair: Name, price: Decimal18) -> Result<(), Refusal> {
        let rule = declared(self.spec.price(pair), Topic::Pair, pair)?;
        let known = |role: &Name| self.state.get::<RoleRow>(role).is_some_and(|r| r.account == reporter);
        if !rule.reporters.iter().any(known) {
            let role = rule.reporters.first().copied().expect("the parser asks for reporters");
            return Err(Refusal::NotAllowed { role });
        }
        if price.is_zero() {
            return Err(Refusal::OutOfRange { what: Topic::Price, reason: Limit::AboveZero });
        }
        self.state.put(&(pair, reporter), &ReportRow { price, at: self.now });
        self.emit(Event::PriceReported { pair, reporter, price });
        if let Ok(now) = price_now(self.state.as_read(), pair, &rule, self.now) {
            self.emit(Event::PriceAccepted { pair, price: now.price, reports: now.reports });
        }
        Ok(())
    }
}
