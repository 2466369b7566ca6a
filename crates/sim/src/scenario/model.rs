//! The sections of a scenario. A comment names the key and the unit of each figure.

use super::Figure;
use depin_quantity::{Instant, Name, Span};
use std::collections::BTreeMap;

/// Everything that is assumed about people and markets.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// `[scenario]`: what it is called.
    pub about: About,
    /// `[scenario]`: when, how long, in which steps, under which treatment.
    pub horizon: Horizon,
    /// `[unit]`: what is sold.
    pub unit: UnitRule,
    /// `[metric.<name>]`: what a service says of a provider's day, by the metric's name.
    pub metrics: BTreeMap<Name, MetricRule>,
    /// `[price]`: how the service's price forms.
    pub price: PriceRule,
    /// `[demand.<segment>]`: customers.
    pub demand: BTreeMap<String, Demand>,
    /// `[supply.<class>]`: providers.
    pub supply: BTreeMap<String, Class>,
    /// `[stakers.<name>]`: who delegates or locks.
    pub stakers: BTreeMap<String, Stakers>,
    /// `[holders]`: who holds allocations.
    pub holders: Holders,
    /// `[treasury]`: what the treasury does.
    pub treasury: Treasury,
    /// `[market]`: how the token's price forms.
    pub market: Market,
    /// `[boom]`: what the demand for compute by AI changes.
    pub boom: Boom,
    /// `[links]`: which feedbacks are closed.
    pub links: Links,
    /// `[[event]]`: what happens at a date.
    pub events: Vec<Event>,
    /// `[stop]`: when a run ends early.
    pub stop: Stop,
}

/// What a scenario is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// `name`.
    pub name: String,
    /// `title`.
    pub title: String,
    /// `about`: a sentence or two.
    pub about: String,
}

/// When, how long, in which steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Horizon {
    /// `start`: first day.
    pub start: Instant,
    /// `years`: length of a run.
    pub years: f64,
    /// `step`: how often people decide. A day; no other is simulated.
    pub step: Span,
    /// `record`: how often a row is written; a multiple of the step.
    pub record: Span,
    /// `opening`.
    pub opening: Opening,
    /// `treatment`.
    pub treatment: Treatment,
    /// `entry`.
    pub entry: Entry,
}

/// What the network is at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// `"aged"`: it has lived by its rules since its own launch date.
    Aged,
    /// `"fresh"`: it is launched at the scenario's start.
    Fresh,
}

/// What is done to the network; the same people and the same chance under each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Treatment {
    /// `"tokens"`: the network as its file says.
    Tokens,
    /// `"no-tokens"`: customers pay providers in dollars; there are no rewards.
    NoTokens,
    /// `"central-capex"`: one company gets the dollars of the rewards that providers sold, and spends them on hardware.
    CentralCapex,
}

/// How providers decide to enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// `"myopic"`: by the payback that the last 30 days promise.
    Myopic,
    /// `"zero-profit"`: as many as leave the next one no profit after the cost of capital.
    ZeroProfit,
}

/// What is sold.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitRule {
    /// `name`: one of it, like "GPU-hour".
    pub name: String,
    /// `plural`.
    pub plural: String,
    /// `per-day`: units that one capacity unit can serve a day.
    pub per_day: Figure,
    /// `paid-by`: how use becomes payments.
    pub paid_by: PaidBy,
    /// `term`: how long a booking runs before it changes.
    pub term: Span,
    /// `false-claim`: the service's fault by which a false claim is found out; empty where none is.
    pub false_claim: String,
}

/// How use becomes payments: `"stream:<kind>"`, `"charge:<kind>"`, `"credit:<kind>"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaidBy {
    /// An escrow and a stream for each booking.
    Stream(Name),
    /// A charge for what was served, held first where the network's file holds such charges.
    Charge(Name),
    /// A charge in credits that customers burn tokens for.
    Credit(Name),
}

/// How a provider's day becomes records of one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricRule {
    /// `per`.
    pub per: Per,
    /// `times`: the metric's smallest steps for one of it; for a metric that is accrued, a day.
    pub times: Figure,
    /// `of`: the classes of providers it is said of; all of them where none is named.
    pub of: Vec<String>,
}

impl MetricRule {
    /// Whether the metric is said of a class.
    pub fn counts(&self, class: &str) -> bool {
        self.of.is_empty() || self.of.iter().any(|named| named == class)
    }
}

/// What a metric is counted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// `"capacity"`: capacity units that a provider keeps ready.
    Capacity,
    /// `"usage"`: units that it serves a day.
    Usage,
    /// `"presence"`: one for every device of a provider that takes part.
    Presence,
    /// `"value-usd"`: dollars that customers pay it a day.
    ValueUsd,
}

/// How the service's price forms.
#[derive(Clone, Debug, PartialEq)]
pub struct PriceRule {
    /// `mechanism`.
    pub mechanism: Mechanism,
    /// `start`: dollars for one unit when the run begins.
    pub start: Figure,
    /// `markup`: least part that a provider asks above its running cost.
    pub markup: Figure,
    /// `markup-most`: what it asks for its last free unit.
    pub markup_most: Figure,
    /// `adjust`: part of the way to the new price that is gone in a week, 0 to 1.
    pub adjust: Figure,
}

/// By what a service's price forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// `"auction"`: reverse auction, the cheapest free capacity wins.
    Auction,
    /// `"asks"`: providers post prices and move them by how full they are.
    Asks,
    /// `"tier"`: a list of prices that the network sets, changed seldom.
    Tier,
    /// `"fixed-credit"`: a price in credits that never changes.
    FixedCredit,
}

/// One segment of customers.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    /// `size`: units a day at the start, at the price and quality of the start.
    pub size: Figure,
    /// `growth`: a year, 0.5 is half as much again, at first.
    pub growth: Figure,
    /// `ceiling`: times the size at the start, which growth never passes.
    pub ceiling: Figure,
    /// `elasticity`: to the price over the alternative's, at most 0.
    pub elasticity: Figure,
    /// `quality-sensitivity`: exponent of quality, at least 0.
    pub quality_sensitivity: Figure,
    /// `alternative`: dollars for one unit elsewhere.
    pub alternative: Figure,
    /// `alternative-trend`: its change a year, -0.1 is a tenth less.
    pub alternative_trend: Figure,
    /// `noise`: standard deviation a year of the logarithm.
    pub noise: Figure,
    /// `earned-share`: part of the bills that is paid with tokens earned as rewards, 0 to 1.
    pub earned_share: Figure,
    /// `stable-share`: part of the bills that is paid in a stablecoin, where the network takes one, 0 to 1.
    pub stable_share: Figure,
}

/// Where a provider's hardware comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassKind {
    /// `"idle"`: it stands there anyway; its capital is sunk.
    Idle,
    /// `"repurposed"`: it could earn elsewhere.
    Repurposed,
    /// `"bought"`: it is bought for the network.
    Bought,
}

/// One class of providers.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    /// `kind`.
    pub kind: ClassKind,
    /// `count`: providers at the start.
    pub count: Figure,
    /// `most`: as many as there can ever be.
    pub most: Figure,
    /// `devices`: devices of one provider, of which the figures below are said each.
    pub devices: Figure,
    /// `spread`: standard deviation of the logarithm of a provider's devices around `devices`, 0 when all are alike. The mean is kept.
    pub spread: Figure,
    /// `capacity`: capacity units of one device.
    pub capacity: Figure,
    /// `capital`: dollars for one device.
    pub capital: Figure,
    /// `running`: dollars a day for one device.
    pub running: Figure,
    /// `outside`: dollars a day that one device could earn elsewhere.
    pub outside: Figure,
    /// `delay`: days from the decision until it takes part.
    pub delay: Figure,
    /// `hurdle`: months of payback at which it enters.
    pub hurdle: Figure,
    /// `pace`: most of the class that is ordered anew in a month, as a part of it.
    pub pace: Figure,
    /// `trend`: weight of how income changed lately in what an entry is expected to bring, 0 to 1.
    pub trend: Figure,
    /// `patience`: days of losses until it leaves.
    pub patience: Figure,
    /// `sells`: part of its rewards that it sells, 0 to 1.
    pub sells: Figure,
    /// `honesty`: part of what it claims that is true, 0 to 1.
    pub honesty: Figure,
    /// `found`: part of those who claim what is not true that is found out in a month, 0 to 1.
    pub found: Figure,
    /// `region`: where it is.
    pub region: String,
    /// `joins-with`: the service's fees that each of its devices pays when it joins.
    pub joins_with: Vec<String>,
}

impl Class {
    /// The fees of joining, by name; what is no name is none.
    pub fn joining(&self) -> Vec<Name> {
        self.joins_with.iter().filter_map(|fee| fee.parse().ok()).collect()
    }
}

/// One group of stakers.
#[derive(Clone, Debug, PartialEq)]
pub struct Stakers {
    /// `share`: part of the circulating supply that is theirs at the start.
    pub share: Figure,
    /// `required-yield`: a year, at which they hold their stake.
    pub required_yield: Figure,
    /// `speed`: part of the way to the wanted stake that is gone in a year.
    pub speed: Figure,
}

/// Who holds allocations.
#[derive(Clone, Debug, PartialEq)]
pub struct Holders {
    /// `unlock-sells`: part of what vests that is sold, 0 to 1.
    pub unlock_sells: Figure,
}

/// What a treasury's grants are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Programme {
    /// `"none"`.
    None,
    /// `"demand-subsidy"`: a part of customers' bills.
    DemandSubsidy,
    /// `"supply-grant"`: a part of newcomers' hardware.
    SupplyGrant,
}

/// What the treasury does.
#[derive(Clone, Debug, PartialEq)]
pub struct Treasury {
    /// `spend`: part of its tokens a year.
    pub spend: Figure,
    /// `programme`.
    pub programme: Programme,
    /// `discount`: part of a bill, or of the hardware, that the programme pays.
    pub discount: Figure,
}

/// How the token's price forms.
#[derive(Clone, Debug, PartialEq)]
pub struct Market {
    /// `price`.
    pub price: PriceProcess,
    /// `start`: dollars for one whole main token when the run begins.
    pub start: Figure,
    /// `depth`: dollars on the market maker's side at the start.
    pub depth: Figure,
    /// `volatility`: standard deviation a year of the logarithm: of the exogenous price, or of the speculators' opinion.
    pub volatility: Figure,
    /// `drift`: a year, of the exogenous price's logarithm.
    pub drift: Figure,
    /// `reversion`: part of the way back to the mean that is gone in a year, of `mean-reverting`.
    pub reversion: Figure,
    /// `fundamental`.
    pub fundamental: Fundamental,
    /// `discount-rate`: a year, for discounted burns and fees.
    pub discount_rate: Figure,
    /// `premium-half-life`: years in which half of what the start price has above plain discounting runs off.
    pub premium_half_life: Figure,
    /// `velocity`: how often a year a token is paid, for the quantity equation.
    pub velocity: Figure,
    /// `report-delay`: days until the ledger's reporters tell a price.
    pub report_delay: Figure,
    /// `path`: dates and prices to replay, in order, for `replay`; the last one holds on.
    pub path: Vec<(Instant, f64)>,
    /// `[market.speculators]`.
    pub speculators: Speculators,
}

/// Who trades for the price's sake.
#[derive(Clone, Debug, PartialEq)]
pub struct Speculators {
    /// `cash`: their dollars at the start; as much again comes from outside each year. They hold as much in tokens.
    pub cash: Figure,
    /// `pull`: part of the way from what they think to the fundamental that their opinion goes in a year.
    pub pull: Figure,
    /// `trend`: weight of the price's last 30 days in what they expect.
    pub trend: Figure,
}

/// What moves the token's price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceProcess {
    /// `"endogenous"`: what is bought and sold.
    Endogenous,
    /// `"gbm"`: geometric Brownian motion.
    Gbm,
    /// `"mean-reverting"`: its logarithm returns to where it began.
    MeanReverting,
    /// `"replay"`: a given path.
    Replay,
}

/// What speculators hold the price against. Never the price itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fundamental {
    /// `"burns"`: discounted burns and fees.
    Burns,
    /// `"quantity"`: value paid a year divided by velocity and supply.
    Quantity,
    /// `"none"`.
    None,
}

/// One switch of the boom.
#[derive(Clone, Debug, PartialEq)]
pub struct Switch {
    /// `on`.
    pub on: bool,
    /// `times`: what the figure is multiplied with at the boom's height; for `bust` the part of the boom that remains.
    pub times: Figure,
    /// `after-months`: from the run's start until the height, or until the bust.
    pub after_months: Figure,
}

/// The six switches of an AI boom. Each ramps up evenly until its height.
#[derive(Clone, Debug, PartialEq)]
pub struct Boom {
    /// `[boom.demand]`: customers' demand.
    pub demand: Switch,
    /// `[boom.outside]`: what hardware earns elsewhere.
    pub outside: Switch,
    /// `[boom.hardware]`: what hardware costs.
    pub hardware: Switch,
    /// `[boom.hardware] delay-days`: by how many days it is delivered later at the height.
    pub hardware_delay: Figure,
    /// `[boom.cloud]`: what the alternative costs.
    pub cloud: Switch,
    /// `[boom.ahead]`: what people are willing to pay for the token ahead of any use.
    pub ahead: Switch,
    /// `[boom.bust]`: everything above falls back to this part of its height.
    pub bust: Switch,
}

/// The four feedbacks between price and use; each can be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Links {
    /// `price-entry`: the token's price moves who enters and leaves.
    pub price_entry: bool,
    /// `exit-quality`: who leaves lowers quality.
    pub exit_quality: bool,
    /// `quality-demand`: quality moves demand.
    pub quality_demand: bool,
    /// `demand-burn`: demand buys and burns tokens.
    pub demand_burn: bool,
}

/// When an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventAt {
    /// A date.
    Date(Instant),
    /// So long after the run's start.
    After(Span),
}

/// What an event does.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// `shock.price`: the token's price jumps by this part, -0.8 is four fifths down.
    Price(f64),
    /// `set`: a figure of the scenario by its key has this value from then on.
    Figure(String, f64),
    /// `set`: a key of the network's file has this value, as text of the file, from then on.
    Network(String, String),
}

/// Something that happens at a date.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// `at`.
    pub at: EventAt,
    /// `set`, `shock`: what it does.
    pub changes: Vec<Change>,
}

/// When a run ends early.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stop {
    /// `price-below`: dollars for a token.
    pub price_below: Option<f64>,
    /// `providers-below`.
    pub providers_below: Option<f64>,
    /// `utilisation-below`: over the last 90 days.
    pub utilisation_below: Option<f64>,
}
