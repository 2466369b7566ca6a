//! Every figure of a scenario as data: its key, its unit, what it may be, what it means.
//!
//! In: nothing. Out: [`FIELDS`], which the reader looks each figure up in, the list of keys is made of, and the page of keys shows. A
//! test holds it against [`Scenario::visit`](super::Scenario::visit): the one says which figures there are, this says what they are.

/// One figure.
#[derive(Debug)]
pub struct Field {
    /// Its key without `scenario.`; `*` stands for a name.
    pub path: &'static str,
    /// What one of it is; `{unit}` is the service's unit.
    pub unit: &'static str,
    /// Least value.
    pub least: f64,
    /// Most.
    pub most: f64,
    /// What it is where nothing is said; none where something must be said.
    pub default: Option<f64>,
    /// What it means.
    pub about: &'static str,
    /// Why no value outside the bounds makes sense.
    pub sense: &'static str,
}

impl Field {
    /// The field of a key without `scenario.`.
    pub fn of(path: &str) -> Option<&'static Self> {
        FIELDS.iter().find(|field| matches(field.path, path))
    }
}

/// Whether a path is of a pattern, in which `*` is one name. A name may hold points, so the pattern's ends are compared.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((before, after)) => {
            let name = path.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            name.is_some_and(|name| !name.is_empty())
        }
    }
}

/// Above nothing: the least that a size may be.
const ABOVE: f64 = 1e-12;

macro_rules! fields {
    ($($path:literal, $unit:literal, $least:expr, $most:expr, $default:expr, $about:literal, $sense:literal;)*) => {
        /// Every figure, in the order of [`Scenario::visit`](super::Scenario::visit).
        pub static FIELDS: &[Field] = &[$(Field {
            path: $path,
            unit: $unit,
            least: $least,
            most: $most,
            default: $default,
            about: $about,
            sense: $sense,
        }),*];
    };
}

fields! {
    "unit.per-day", "{unit} a day", ABOVE, 1e12, None,
        "what one capacity unit can serve a day", "capacity that serves nothing is none";
    "metric.*.times", "steps of the metric", 0.0, 1e24, None,
        "the metric's smallest steps for one of what it is counted on; a day, where the metric is accrued", "a metric counts up";
    "price.start", "USD", ABOVE, 1e9, None,
        "price of one {unit} at the start", "a service given away has no market";
    "price.markup", "part", -1.0, 1e3, Some(0.0),
        "least part that a provider asks above its running cost", "nobody asks for less than nothing: -1 gives it away";
    "price.markup-most", "part", -1.0, 1e3, Some(0.0),
        "what it asks above its running cost for its last free unit", "nobody asks for less than nothing: -1 gives it away";
    "price.adjust", "part a week", 0.0, 1.0, Some(0.1),
        "part of the way to a new price that is gone in a week", "no more than the whole way can be gone";
    "demand.*.size", "{unit} a day", 0.0, 1e15, None,
        "what is asked for at the start, at the price and the quality of the start", "nobody asks for less than nothing";
    "demand.*.growth", "part a year", -1.0, 100.0, None,
        "how much more is asked for after a year, at first; 0.5 is half as much again", "no more than everything can go";
    "demand.*.ceiling", "times the start", 1.0, 1e6, None,
        "what growth never passes", "a ceiling is not below the start";
    "demand.*.elasticity", "exponent", -20.0, 0.0, None,
        "of the price over the alternative's: -1 asks for half at twice the price", "people ask for less when it costs more";
    "demand.*.quality-sensitivity", "exponent", 0.0, 20.0, Some(1.0),
        "of quality: 2 asks for a quarter at half the quality", "people ask for less when it is worse";
    "demand.*.alternative", "USD", ABOVE, 1e9, None,
        "price of one {unit} elsewhere", "an alternative for nothing leaves no market";
    "demand.*.alternative-trend", "part a year", -0.99, 10.0, Some(0.0),
        "change of the alternative's price; -0.1 is a tenth less each year", "a price never falls to nothing";
    "demand.*.noise", "a year", 0.0, 10.0, Some(0.0),
        "standard deviation of the logarithm of what is asked for", "chance has no sign";
    "demand.*.earned-share", "part", 0.0, 1.0, Some(0.0),
        "part of the bills in tokens that is paid with tokens earned as rewards", "a part is from 0 to 1";
    "demand.*.stable-share", "part", 0.0, 1.0, Some(0.0),
        "part of the bills that is paid in a stablecoin, where the network takes one", "a part is from 0 to 1";
    "supply.*.count", "providers", 0.0, 1e6, None,
        "providers at the start", "there are no fewer than none";
    "supply.*.most", "providers", 0.0, 1e7, None,
        "as many as there can ever be", "there are no fewer than none";
    "supply.*.devices", "devices", ABOVE, 1e9, Some(1.0),
        "devices of one provider; the figures below are for one of them", "a provider without devices is none";
    "supply.*.spread", "", 0.0, 5.0, Some(0.0),
        "standard deviation of the logarithm of a provider's devices; 0 when all are alike", "a deviation has no sign";
    "supply.*.capacity", "capacity units", ABOVE, 1e12, None,
        "capacity units of one device", "a device without capacity is none";
    "supply.*.capital", "USD", 0.0, 1e12, None,
        "cost of one device", "nobody is paid for buying";
    "supply.*.running", "USD a day", 0.0, 1e9, None,
        "cost of running one device", "nothing runs for less than nothing";
    "supply.*.outside", "USD a day", 0.0, 1e9, Some(0.0),
        "what one device could earn elsewhere", "whoever earns less than nothing elsewhere does not go there: write 0";
    "supply.*.delay", "days", 0.0, 3_650.0, Some(0.0),
        "from the decision until it takes part", "nobody takes part before the decision";
    "supply.*.hurdle", "months", 0.0, 1_200.0, None,
        "payback at which it enters", "nothing is paid back before it is paid";
    "supply.*.pace", "part a month", 0.0, 10.0, Some(0.1),
        "most of the class that is ordered anew in a month, as a part of it, and one provider more; fewer, the less it pays above what it must",
        "nobody is sent away by not coming";
    "supply.*.trend", "part", 0.0, 1.0, Some(0.0),
        "weight of how income changed lately in what somebody who thinks of entering expects", "a part is from 0 to 1";
    "supply.*.patience", "days", 0.0, 36_500.0, None,
        "days of losses until it leaves", "nobody leaves before the loss";
    "supply.*.sells", "part", 0.0, 1.0, Some(0.7),
        "part of its rewards that it sells", "a part is from 0 to 1";
    "supply.*.honesty", "part", 0.0, 1.0, Some(1.0),
        "part of what it claims that is true", "a part is from 0 to 1";
    "supply.*.found", "part a month", 0.0, 1.0, Some(0.0),
        "part of those who claim what is not true that is found out by the fault of `unit.false-claim`", "a part is from 0 to 1";
    "stakers.*.share", "part", 0.0, 1.0, None,
        "part of the circulating supply that they stake at the start", "a part is from 0 to 1";
    "stakers.*.required-yield", "a year", 0.0, 10.0, None,
        "real yield at which they hold their stake", "nobody pays for staking";
    "stakers.*.speed", "a year", 0.0, 100.0, Some(1.0),
        "how fast the stake goes to what they want, 1 is two thirds of the way in a year", "stakes do not flee from what is wanted";
    "holders.unlock-sells", "part", 0.0, 1.0, Some(0.3),
        "part of what vests that its holders sell", "a part is from 0 to 1";
    "treasury.spend", "part a year", 0.0, 1.0, Some(0.0),
        "part of its tokens that the treasury spends", "no more can be spent than there is";
    "treasury.discount", "part", 0.0, 1.0, Some(0.0),
        "part of a bill, or of a newcomer's hardware, that its programme pays", "a part is from 0 to 1";
    "market.start", "USD", ABOVE, 1e9, None,
        "price of the main token at the start; networks/prices.toml has it where nothing is said", "a token for nothing has no market";
    "market.depth", "USD", 1.0, 1e15, None,
        "what the market maker holds in dollars, beside as much in tokens; networks/prices.toml has it where nothing is said",
        "a market without depth trades nothing";
    "market.volatility", "a year", 0.0, 20.0, Some(0.9),
        "standard deviation of the logarithm: of an exogenous price, or of speculators' opinion", "chance has no sign";
    "market.drift", "a year", -20.0, 20.0, Some(0.0),
        "of an exogenous price's logarithm", "twenty is e to the twentieth a year";
    "market.reversion", "a year", 0.0, 100.0, Some(0.5),
        "how fast a mean-reverting price returns to its mean", "it does not flee from its mean";
    "market.discount-rate", "a year", 0.001, 10.0, Some(0.25),
        "for discounted burns and fees", "without a discount they are worth without end";
    "market.premium-half-life", "years", 0.01, 100.0, Some(2.0),
        "in which half of what the start price has above plain discounting runs off", "it runs off forwards";
    "market.velocity", "a year", 0.001, 1e4, Some(8.0),
        "how often a token is paid, for the quantity equation", "tokens that nobody pays have no price by it";
    "market.report-delay", "days", 0.0, 365.0, Some(0.0),
        "until the ledger's reporters tell a price", "nobody reports a price before it is there";
    "market.speculators.cash", "USD", 0.0, 1e15, None,
        "dollars of those who trade for the price's sake, beside as much in tokens; networks/prices.toml has it where nothing is said",
        "nobody has less than nothing";
    "market.speculators.pull", "a year", 0.0, 100.0, Some(0.3),
        "how fast what they think a token is worth follows what it earns", "they do not trade against what they think";
    "market.speculators.trend", "part", 0.0, 1.0, Some(0.0),
        "weight of the last 30 days' change in what they expect", "a part is from 0 to 1";
    "boom.demand.times", "times", 0.0, 1e3, Some(1.0),
        "customers' demand at the boom's height", "nobody asks for less than nothing";
    "boom.demand.after-months", "months", 0.0, 1_200.0, Some(12.0),
        "from the start of the run to the height", "it comes after the start";
    "boom.outside.times", "times", 0.0, 1e3, Some(1.0),
        "what hardware earns elsewhere at the height", "hardware does not pay for being hired";
    "boom.outside.after-months", "months", 0.0, 1_200.0, Some(12.0),
        "from the start of the run to the height", "it comes after the start";
    "boom.hardware.times", "times", 0.0, 1e3, Some(1.0),
        "what hardware costs at the height", "nobody is paid for buying";
    "boom.hardware.after-months", "months", 0.0, 1_200.0, Some(12.0),
        "from the start of the run to the height", "it comes after the start";
    "boom.cloud.times", "times", 0.001, 1e3, Some(1.0),
        "what the alternative costs at the height", "an alternative for nothing leaves no market";
    "boom.cloud.after-months", "months", 0.0, 1_200.0, Some(12.0),
        "from the start of the run to the height", "it comes after the start";
    "boom.ahead.times", "times", 0.0, 1e3, Some(1.0),
        "what people are willing to pay for the token ahead of use, at the height", "nobody pays less than nothing";
    "boom.ahead.after-months", "months", 0.0, 1_200.0, Some(12.0),
        "from the start of the run to the height", "it comes after the start";
    "boom.bust.times", "part", 0.0, 1.0, Some(1.0),
        "part of the boom that remains after the bust", "a part is from 0 to 1";
    "boom.bust.after-months", "months", 0.0, 1_200.0, Some(24.0),
        "from the start of the run to the bust", "it comes after the start";
    "boom.hardware.delay-days", "days", 0.0, 3_650.0, Some(0.0),
        "by how much later hardware is delivered at the height", "it comes later, not earlier";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_points_is_one_name() {
        assert!(matches("demand.*.size", "demand.a.b.size") && matches("unit.per-day", "unit.per-day"));
        assert!(!matches("demand.*.size", "demand..size") && !matches("demand.*.size", "demand.a.growth"));
    }

    #[test]
    fn defaults_lie_within_their_bounds() {
        for field in FIELDS {
            assert!(field.least <= field.most, "{}", field.path);
            assert!(field.default.is_none_or(|value| (field.least..=field.most).contains(&value)), "{}", field.path);
        }
    }
}
