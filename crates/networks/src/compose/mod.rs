//! A new network's file out of parts of others.
//!
//! In: a service, and whose emission, payment and stake it is to have. Out: a `network.toml` and a `RULES.md`, both commented and
//! ready to edit. Tables are copied word for word, with their sources. What had to change on the way (a token's amount, a rule that
//! counted bytes and now counts devices) is marked as a parameter, and says which network it came from.
//!
//! How the parts meet: the emission's network gives the token, clocks and pools, and its amounts stand as they are. Amounts of other
//! parts, in other tokens, become the same part of the new token's cap. Pools are fed by the service's metrics of the same
//! [`Aspect`](depin_services::descriptor::Aspect): capacity by capacity, usage by usage. Collateral for a unit and for bytes are
//! converted at 32 GiB, a sector, for one unit.

mod amounts;
mod binds;
mod donor;
mod emission;
mod own;
mod payment;
mod rules;
mod stake;
mod work;
mod write;

use amounts::Rates;
use depin_quantity::Name;
use depin_services::descriptor::{self, Service};
use donor::Donor;
use write::Page;

/// What a new network is to be made of.
#[derive(Clone, Debug)]
pub struct Recipe<'a> {
    /// Its name.
    pub name: Name,
    /// Its service, by name.
    pub service: &'a str,
    /// The network's file whose token, supply and pools it has.
    pub emission: &'a str,
    /// The network's file whose way of paying it has.
    pub payment: &'a str,
    /// The network's file whose collateral, penalties and staking it has.
    pub stake: &'a str,
    /// What one unit of the service `metered` is.
    pub unit: Option<&'a str>,
}

/// A new network.
#[derive(Clone, Debug)]
pub struct Composed {
    /// Its `network.toml`.
    pub toml: String,
    /// Its `RULES.md`.
    pub rules: String,
    /// What had to be decided, one sentence each.
    pub notes: Vec<String>,
}

/// Why no network can be made of these parts.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// No such service.
    #[error("there is no service `{name}`; choose one of {known}")]
    Service {
        /// As asked.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// A unit for a service that has its own metrics.
    #[error("service `{0}` has metrics of its own; a unit goes with the service `metered` only")]
    Unit(Name),
    /// A unit that cannot stand in a file.
    #[error("the unit `{unit}` {why}, like \"map tile\"")]
    BadUnit {
        /// As asked, or its beginning.
        unit: String,
        /// What it must be and is not.
        why: &'static str,
    },
    /// A part's file cannot be used.
    #[error("the network that the {part} is to come from cannot be used: {why}")]
    Donor {
        /// Which part.
        part: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

/// Makes a new network's files.
///
/// # Errors
/// [`ComposeError`].
pub fn compose(recipe: &Recipe<'_>) -> Result<Composed, ComposeError> {
    let service = descriptor::service(recipe.service).ok_or_else(|| ComposeError::Service {
        name: recipe.service.to_owned(),
        known: descriptor::SERVICES.iter().map(|service| service.name.to_string()).collect::<Vec<_>>().join(", "),
    })?;
    if let Some(unit) = recipe.unit {
        if service.name != descriptor::METERED.name {
            return Err(ComposeError::Unit(service.name));
        }
        if let Err(why) = descriptor::label(unit) {
            return Err(ComposeError::BadUnit { unit: unit.chars().take(60).collect(), why });
        }
    }
    let read = |part: &'static str, text: &str| Donor::read(text).map_err(|why| ComposeError::Donor { part, why });
    let emission = read("emission", recipe.emission)?;
    let payment = read("payment", recipe.payment)?;
    let stake = read("stake", recipe.stake)?;
    let mut mix = Mix {
        name: recipe.name,
        service,
        unit: recipe.unit,
        rates: Rates::new(&emission),
        emission,
        payment,
        stake,
        bound: binds::Bound::default(),
        wanted: Wanted::default(),
        notes: Vec::new(),
    };
    let toml = if mix.is_whole() { own::whole(&mut mix, recipe.emission) } else { mix.page() };
    let rules = rules::write(&mix);
    Ok(Composed { toml, rules, notes: mix.notes })
}

/// What is being put together.
struct Mix<'a> {
    name: Name,
    service: &'static Service,
    unit: Option<&'a str>,
    emission: Donor,
    payment: Donor,
    stake: Donor,
    rates: Rates,
    bound: binds::Bound,
    wanted: Wanted,
    notes: Vec<String>,
}

/// Names that copied tables refer to, and that therefore must be there too.
#[derive(Default)]
struct Wanted {
    /// Tokens besides the main one, with the network that declares them.
    tokens: Vec<(String, Part)>,
    /// Treasuries, with the network that declares them.
    treasuries: Vec<(String, Part)>,
    /// Staking by validators, with the network whose figures it has.
    stakings: Vec<(String, Part)>,
    /// Pools that payments feed.
    pools: Vec<(String, Part)>,
    /// Clocks that payments count by, and how long their periods are.
    clocks: Vec<(String, String)>,
}

/// Which network a part comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Emission,
    Payment,
    Stake,
}

impl Mix<'_> {
    /// Whether nothing is mixed: a service under the whole economy of the network that it comes from.
    fn is_whole(&self) -> bool {
        let home = self.service.network.map(|name| name.to_string());
        [&self.emission, &self.payment, &self.stake].iter().all(|donor| Some(&donor.name) == home.as_ref())
    }

    fn donor(&self, part: Part) -> &Donor {
        match part {
            Part::Emission => &self.emission,
            Part::Payment => &self.payment,
            Part::Stake => &self.stake,
        }
    }

    /// Whether the part comes from the network that this service comes from, so that its kinds are the service's own.
    fn native(&self, part: Part) -> bool {
        self.donor(part).service.name == self.service.name
    }

    fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }

    fn want(list: &mut Vec<(String, Part)>, name: &str, part: Part) {
        if !list.iter().any(|(known, _)| known == name) {
            list.push((name.to_owned(), part));
        }
    }

    /// The whole file. Parts that others refer to are written behind them, into a page of their own, and put in front.
    fn page(&mut self) -> String {
        let (mut supply, mut incentive, mut utility) = (Page::default(), Page::default(), Page::default());
        emission::supply(self, &mut supply);
        emission::pools(self, &mut incentive);
        stake::pledges(self, &mut incentive);
        stake::faults(self, &mut incentive);
        payment::streams(self, &mut utility);
        payment::charges(self, &mut utility);
        payment::credits(self, &mut utility);
        payment::service_fees(self, &mut utility);
        payment::transaction_fee(self, &mut utility);
        payment::market(self, &mut utility);
        payment::pools(self, &mut incentive);
        stake::stakings(self, &mut incentive);
        stake::treasuries(self, &mut incentive);
        let mut page = own::head(self);
        own::tokens(self, &mut page);
        own::clocks(self, &mut page);
        page.rule("supply and distribution");
        page.append(supply);
        page.rule("incentive");
        page.append(incentive);
        page.rule("utility and value flow");
        page.append(utility);
        page.rule("what the service's metrics are for");
        binds::write(self, &mut page);
        page.rule("the service's own figures");
        own::service(self, &mut page);
        page.finish()
    }
}
