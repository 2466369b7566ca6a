//! What an operator earned and spent, by day: from the flows of its account.

use depin_client::api::{AccountDay, AccountDays, Amount, FlowSource, PriceEntry};
use depin_quantity::{Decimal18, Name, Units};
use serde::Serialize;

/// Places of the dollars that are told: a millionth.
const MICROS: u128 = 1_000_000;

/// The dollar price of a token, as it is reported now.
#[derive(Clone, Debug, Serialize)]
pub(super) struct PriceNow {
    /// The token.
    pub token: Name,
    /// Dollars for one, decimal text.
    pub usd: String,
    /// Who says so, for people.
    pub reporters: Vec<String>,
    #[serde(skip)]
    price: u128,
}

impl PriceNow {
    /// The fresh price of a token; none where nobody reports one.
    pub fn of(token: Name, prices: &[PriceEntry]) -> Option<Self> {
        let pair = format!("{token}-USD");
        let entry = prices.iter().find(|entry| entry.pair.as_str() == pair && !entry.stale)?;
        let usd = entry.price.clone()?;
        let price = Decimal18::parse(&usd).ok()?.get();
        Some(Self { token, usd, reporters: entry.reporters.clone(), price })
    }

    /// Millionths of a dollar that so many base units are worth, the nearest; half of one is rounded up.
    pub fn micros(&self, units: Units, decimals: u8) -> Option<u128> {
        let whole = 10u128.checked_pow(decimals.into())?;
        let usd = depin_quantity::mul_div(units.get(), self.price, whole, depin_quantity::Rounding::Down).ok()?;
        let one = Decimal18::ONE.get() / MICROS;
        Some(usd / one + u128::from(usd % one >= one / 2))
    }
}

/// One day, in the token that fees are paid in.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Day {
    pub day: String,
    /// Rewards of the network.
    pub rewards: Amount,
    /// Paid by customers.
    pub customers: Amount,
    /// Fees of transactions.
    pub fees: Amount,
    /// What failures cost.
    pub penalties: Amount,
    /// Earned less fees and penalties, base units with a sign.
    pub net_units: String,
    /// The same in millionths of a dollar at the price of now; null without one.
    pub net_micro_usd: Option<i64>,
}

/// A day's sums of one token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    rewards: u128,
    customers: u128,
    fees: u128,
    penalties: u128,
}

impl Sums {
    fn of(day: &AccountDay, token: Name) -> Self {
        let flow = |source: FlowSource| {
            let flow = day.flows.iter().find(|flow| flow.source == source && flow.gained.token == token);
            flow.map_or((0, 0), |flow| (flow.gained.units.get(), flow.spent.units.get()))
        };
        Self {
            rewards: flow(FlowSource::Rewards).0,
            customers: flow(FlowSource::Usage).0,
            fees: flow(FlowSource::Fees).1,
            penalties: flow(FlowSource::Penalties).1,
        }
    }

    fn net(&self) -> i128 {
        let sum = |a: u128, b: u128| i128::try_from(a.saturating_add(b)).unwrap_or(i128::MAX);
        sum(self.rewards, self.customers).saturating_sub(sum(self.fees, self.penalties))
    }
}

/// The days of an account in one token.
pub(super) fn days(days: &AccountDays, (token, decimals): (Name, u8), price: Option<&PriceNow>) -> Vec<Day> {
    let one = |day: &AccountDay| {
        let sums = Sums::of(day, token);
        let amount = |units: u128| Amount::new(token, Units::new(units), decimals);
        let net = sums.net();
        Day {
            day: day.day.clone(),
            rewards: amount(sums.rewards),
            customers: amount(sums.customers),
            fees: amount(sums.fees),
            penalties: amount(sums.penalties),
            net_units: net.to_string(),
            net_micro_usd: price.and_then(|price| signed_micros(price, net, decimals)),
        }
    };
    days.days.iter().map(one).collect()
}

fn signed_micros(price: &PriceNow, net: i128, decimals: u8) -> Option<i64> {
    let micros = i64::try_from(price.micros(Units::new(net.unsigned_abs()), decimals)?).ok()?;
    Some(if net < 0 { -micros } else { micros })
}

/// `-1.5 FIL` of base units with a sign.
pub(super) fn signed(units: &str, (token, decimals): (Name, u8)) -> String {
    let (sign, digits) = units.strip_prefix('-').map_or(("", units), |digits| ("-", digits));
    let text = Amount::new(token, Units::new(digits.parse().unwrap_or_default()), decimals).display;
    format!("{sign}{}", crate::output::shorten(&text))
}

/// Days as lines of comma-separated values: whole tokens, exact, and dollars at the price of now.
pub(super) fn csv(days: &[Day], (token, decimals): (Name, u8), price: Option<&PriceNow>) -> String {
    let mut text = "day,token,rewards,customers,fees,penalties,net,usd_price_now,net_usd\n".to_owned();
    let number = |amount: &Amount| amount.units.to_decimal(decimals);
    for day in days {
        let (sign, digits) = day.net_units.strip_prefix('-').map_or(("", day.net_units.as_str()), |digits| ("-", digits));
        let net = Units::new(digits.parse().unwrap_or_default()).to_decimal(decimals);
        let usd = day.net_micro_usd.map_or_else(String::new, |micros| {
            let sign = if micros < 0 { "-" } else { "" };
            format!("{sign}{}", Units::new(micros.unsigned_abs().into()).to_decimal(6))
        });
        let price = price.map_or("", |price| price.usd.as_str());
        text += &format!(
            "{},{token},{},{},{},{},{sign}{net},{price},{usd}\n",
            day.day,
            number(&day.rewards),
            number(&day.customers),
            number(&day.fees),
            number(&day.penalties)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_client::api::Flow;

    const FIL: Name = Name::literal("FIL");

    fn account() -> AccountDays {
        let flow = |source, gained: u128, spent: u128| Flow {
            source,
            gained: Amount::new(FIL, Units::new(gained), 18),
            spent: Amount::new(FIL, Units::new(spent), 18),
        };
        let one = 1_000_000_000_000_000_000;
        let flows = vec![
            flow(FlowSource::Rewards, 2 * one, 0),
            flow(FlowSource::Usage, one, one / 2),
            flow(FlowSource::Fees, 0, one / 4),
            flow(FlowSource::Penalties, 0, 4 * one),
            flow(FlowSource::Other, 100 * one, 0),
        ];
        AccountDays { days: vec![AccountDay { day: "2026-11-30".to_owned(), flows }], since: "2026-11-24".to_owned() }
    }

    fn price(usd: &str) -> Option<PriceNow> {
        let entry = |stale| PriceEntry {
            pair: Name::literal("FIL-USD"),
            price: Some(usd.to_owned()),
            reported: None,
            stale,
            reporters: Vec::new(),
        };
        assert!(PriceNow::of(FIL, &[entry(true)]).is_none(), "a stale price is none");
        PriceNow::of(FIL, &[entry(false)])
    }

    #[test]
    fn a_day_is_what_the_network_and_customers_gave_less_fees_and_penalties() {
        let days = days(&account(), (FIL, 18), price("4").as_ref());
        assert_eq!((days[0].net_units.as_str(), days[0].net_micro_usd), ("-1250000000000000000", Some(-5_000_000)));
        assert_eq!(signed(&days[0].net_units, (FIL, 18)), "-1.25 FIL");
        let csv = csv(&days, (FIL, 18), price("4").as_ref());
        assert_eq!(csv.lines().nth(1), Some("2026-11-30,FIL,2,1,0.25,4,-1.25,4,-5"));
    }

    #[test]
    fn without_a_price_nothing_is_said_in_dollars() {
        let days = days(&account(), (FIL, 18), None);
        assert_eq!(days[0].net_micro_usd, None);
        assert!(csv(&days, (FIL, 18), None).ends_with(",-1.25,,\n"));
    }
}
