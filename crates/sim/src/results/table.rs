//! The result table: one row per record step, and the columns by name, unit and definition.

use depin_quantity::Instant;

/// How a column behaves over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A sum since the row before.
    Flow,
    /// A level at the row's time.
    Stock,
    /// A quotient over the time since the row before.
    Ratio,
}

/// One column of the result table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in files.
    pub name: &'static str,
    /// What one of it is.
    pub unit: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// How it behaves over time.
    pub kind: Kind,
    /// What exactly it is.
    pub definition: &'static str,
}

/// One row: what a run was at a time, or did since the row before.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Number of the row, from 1.
    pub timestep: u32,
    /// Its time.
    pub date: Instant,
    /// Values in the order of [`COLUMNS`]; not a number where the value is not defined then.
    pub values: Vec<f64>,
}

/// One provider at one time, for those who ask for them.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentRow {
    /// Number of the row that it belongs to.
    pub timestep: u32,
    /// The provider's number; it is never given again.
    pub agent: u32,
    /// Its class by name.
    pub class: String,
    /// Units of the service that it can serve a day.
    pub capacity: f64,
    /// Units that are booked a day.
    pub booked: f64,
    /// Dollars that rewards and customers brought it since it began, its costs not subtracted.
    pub income_usd: f64,
    /// Of these, rewards at the price of their days.
    pub rewards_usd: f64,
    /// Its dollars since it began, hardware subtracted.
    pub cash_usd: f64,
    /// Main tokens that it holds, vested or not.
    pub tokens: f64,
}

/// The place of a column in [`Row::values`].
pub fn column(name: &str) -> Option<usize> {
    COLUMNS.iter().position(|column| column.name == name)
}

impl Row {
    /// The value of a column; not a number for a column that is not there.
    pub fn get(&self, name: &str) -> f64 {
        column(name).and_then(|at| self.values.get(at)).copied().unwrap_or(f64::NAN)
    }
}

/// All columns after the keys of a run (`simulation`, `subset`, `run`, `timestep`, `seed`, `date`, `days`), in their order.
pub static COLUMNS: &[Column] = &[
    Column {
        name: "price",
        unit: "USD",
        title: "Token price",
        kind: Kind::Stock,
        definition: "Price of one whole main token on the simulated market",
    },
    Column {
        name: "service_price",
        unit: "USD",
        title: "Service price",
        kind: Kind::Stock,
        definition: "What customers pay for one unit of the service, mean over what was booked since the row before",
    },
    Column {
        name: "alternative_price",
        unit: "USD",
        title: "Price of the alternative",
        kind: Kind::Stock,
        definition: "What the alternative (a cloud) asks for the same unit, mean of the segments weighted by their demand",
    },
    Column {
        name: "supply",
        unit: "tokens",
        title: "Supply",
        kind: Kind::Stock,
        definition: "Minted less burned of the main token, since the network's start",
    },
    Column {
        name: "circulating",
        unit: "tokens",
        title: "Circulating supply",
        kind: Kind::Stock,
        definition: "Supply less what is locked, staked, or not yet vested",
    },
    Column {
        name: "locked",
        unit: "tokens",
        title: "Locked",
        kind: Kind::Stock,
        definition: "Pledges, bonds, vote locks, and rewards and allocations that have not vested",
    },
    Column { name: "staked", unit: "tokens", title: "Staked", kind: Kind::Stock, definition: "Delegated stake" },
    Column { name: "minted", unit: "tokens", title: "Minted", kind: Kind::Flow, definition: "Main token minted by emission" },
    Column { name: "burned", unit: "tokens", title: "Burned", kind: Kind::Flow, definition: "Main token burned, whatever for" },
    Column {
        name: "mint_usd",
        unit: "USD",
        title: "Minted, in dollars",
        kind: Kind::Flow,
        definition: "Minted tokens times the price of their day",
    },
    Column {
        name: "burn_usd",
        unit: "USD",
        title: "Burned, in dollars",
        kind: Kind::Flow,
        definition: "Burned tokens times the price of their day",
    },
    Column {
        name: "reward_providers",
        unit: "tokens",
        title: "Rewards to providers",
        kind: Kind::Flow,
        definition: "What pools paid to those who work, in main tokens; rewards in other tokens at their redemption value",
    },
    Column {
        name: "reward_providers_usd",
        unit: "USD",
        title: "Rewards to providers, in dollars",
        kind: Kind::Flow,
        definition: "What pools paid to those who work, times the price of the day on which it was earned; rewards in other tokens at their redemption value",
    },
    Column {
        name: "reward_stakers_usd",
        unit: "USD",
        title: "Rewards to stakers, in dollars",
        kind: Kind::Flow,
        definition: "What pools paid to delegated stake and locks times the price of the day",
    },
    Column {
        name: "reward_other_usd",
        unit: "USD",
        title: "Rewards to holders and treasuries, in dollars",
        kind: Kind::Flow,
        definition: "Every other payout, and allocations that vested, times the price of the day",
    },
    Column {
        name: "sold_usd",
        unit: "USD",
        title: "Rewards sold",
        kind: Kind::Flow,
        definition: "What providers got for the rewards that they sold",
    },
    Column {
        name: "providers",
        unit: "providers",
        title: "Providers",
        kind: Kind::Stock,
        definition: "Providers that take part",
    },
    Column { name: "entered", unit: "providers", title: "Entered", kind: Kind::Flow, definition: "Providers that began" },
    Column { name: "left", unit: "providers", title: "Left", kind: Kind::Flow, definition: "Providers that gave up" },
    Column {
        name: "capacity",
        unit: "units/day",
        title: "Capacity",
        kind: Kind::Stock,
        definition: "Units of the service that all providers together can serve a day",
    },
    Column {
        name: "demand",
        unit: "units",
        title: "Demand",
        kind: Kind::Flow,
        definition: "Units that customers wanted at the price asked",
    },
    Column {
        name: "usage",
        unit: "units",
        title: "Use",
        kind: Kind::Flow,
        definition: "Units that were served: paid and self-earned",
    },
    Column {
        name: "paid_usage",
        unit: "units",
        title: "Paid use",
        kind: Kind::Flow,
        definition: "Units that customers paid for with money from outside",
    },
    Column {
        name: "earned_usage",
        unit: "units",
        title: "Self-earned use",
        kind: Kind::Flow,
        definition: "Units that were paid with tokens that the payer had earned as a reward",
    },
    Column {
        name: "useful_usage",
        unit: "units",
        title: "Useful use",
        kind: Kind::Flow,
        definition: "Units that somebody wanted for their own sake at an unsubsidised price of the alternative: use less what only a grant or reward made worth ordering",
    },
    Column {
        name: "utilisation",
        unit: "share",
        title: "Utilisation",
        kind: Kind::Ratio,
        definition: "Use divided by capacity, over the time since the row before",
    },
    Column {
        name: "quality",
        unit: "share",
        title: "Quality",
        kind: Kind::Stock,
        definition: "How well what was ordered is served, 0 to 1: redundancy of capacity over use",
    },
    Column {
        name: "revenue_usd",
        unit: "USD",
        title: "Revenue",
        kind: Kind::Flow,
        definition: "What customers paid for the service, from wherever",
    },
    Column {
        name: "revenue_third_usd",
        unit: "USD",
        title: "Revenue from third parties",
        kind: Kind::Flow,
        definition: "What customers paid with money from outside the network, grants not counted",
    },
    Column {
        name: "income_providers_usd",
        unit: "USD",
        title: "Income of providers",
        kind: Kind::Flow,
        definition: "Payments and rewards that reached providers, at the price of the day",
    },
    Column {
        name: "running_cost_usd",
        unit: "USD",
        title: "Running cost",
        kind: Kind::Flow,
        definition: "What providers spent on running, and the outside income that they gave up",
    },
    Column {
        name: "capital_in_usd",
        unit: "USD",
        title: "Capital put in",
        kind: Kind::Flow,
        definition: "What providers paid for hardware",
    },
    Column {
        name: "capital_recovered_usd",
        unit: "USD",
        title: "Capital recovered",
        kind: Kind::Flow,
        definition: "Operating profit that went towards hardware not yet paid off, at most what is left of it",
    },
    Column {
        name: "profit_usd",
        unit: "USD",
        title: "Profit of providers",
        kind: Kind::Flow,
        definition: "Cash in less running cost less capital put in",
    },
    Column {
        name: "payback_months",
        unit: "months",
        title: "Payback",
        kind: Kind::Stock,
        definition: "Capital of one unit of the class that a newcomer would choose divided by its expected monthly margin",
    },
    Column {
        name: "margin",
        unit: "share",
        title: "Margin",
        kind: Kind::Ratio,
        definition: "Income less running cost, divided by income",
    },
    Column {
        name: "treasury_usd",
        unit: "USD",
        title: "Treasury",
        kind: Kind::Stock,
        definition: "Main tokens of treasuries at the price, and their dollars",
    },
    Column {
        name: "grants_usd",
        unit: "USD",
        title: "Grants",
        kind: Kind::Flow,
        definition: "What the treasury's programme paid out",
    },
    Column {
        name: "gini",
        unit: "share",
        title: "Gini",
        kind: Kind::Stock,
        definition: "Gini coefficient over providers of what rewards and customers paid them in the last 30 days",
    },
    Column {
        name: "hhi",
        unit: "share",
        title: "Herfindahl-Hirschman",
        kind: Kind::Stock,
        definition: "Sum of the squared shares of capacity",
    },
    Column {
        name: "nakamoto",
        unit: "providers",
        title: "Nakamoto",
        kind: Kind::Stock,
        definition: "Fewest providers that together have more than half of the capacity",
    },
    Column {
        name: "cash_customers",
        unit: "USD",
        title: "Cash of customers",
        kind: Kind::Stock,
        definition: "Dollars of customers, negative as far as they spent what came from outside",
    },
    Column {
        name: "cash_providers",
        unit: "USD",
        title: "Cash of providers and stakers",
        kind: Kind::Stock,
        definition: "Dollars that providers, stakers and holders have received less what they spent",
    },
    Column {
        name: "cash_speculators",
        unit: "USD",
        title: "Cash of speculators",
        kind: Kind::Stock,
        definition: "Dollars of speculators",
    },
    Column {
        name: "cash_market",
        unit: "USD",
        title: "Cash of the market",
        kind: Kind::Stock,
        definition: "Dollars of the market maker",
    },
    Column {
        name: "cash_outside",
        unit: "USD",
        title: "Cash outside",
        kind: Kind::Stock,
        definition: "Dollars that left to those who sell hardware, power and outside services; all cash columns sum to zero",
    },
    Column {
        name: "cash_treasury",
        unit: "USD",
        title: "Cash of treasuries",
        kind: Kind::Stock,
        definition: "Dollars of treasuries",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_column_has_a_name_of_its_own_and_a_definition() {
        let names: BTreeSet<&str> = COLUMNS.iter().map(|column| column.name).collect();
        assert_eq!(names.len(), COLUMNS.len());
        assert!(COLUMNS.iter().all(|column| !column.definition.is_empty() && !column.unit.is_empty()));
    }

    #[test]
    fn a_value_is_found_by_its_columns_name() {
        let values = (0u32..).take(COLUMNS.len()).map(f64::from).collect();
        let row = Row { timestep: 1, date: Instant::new(0), values };
        assert_eq!((row.get("price"), row.get("service_price")), (0.0, 1.0));
        assert!(row.get("prize").is_nan());
    }
}
