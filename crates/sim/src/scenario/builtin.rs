//! The scenarios and the services' figures that come along, as texts.

use depin_quantity::nearest_name;

macro_rules! scenario {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../../scenarios/", $name, ".toml")))
    };
}

macro_rules! service {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../../scenarios/services/", $name, ".toml")))
    };
}

/// Name and text of each scenario, in the order in which they are listed.
pub const SCENARIOS: [(&str, &str); 5] =
    [scenario!("baseline"), scenario!("no-tokens"), scenario!("central-capex"), scenario!("ai-boom"), scenario!("price-crash")];

/// Name and text of each service's people: units, records, customers, providers.
pub const SERVICES: [(&str, &str); 5] =
    [service!("coverage"), service!("storage"), service!("rendering"), service!("leasing"), service!("clusters")];

/// A name that no scenario has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no scenario is called `{name}`; there are {}{}", known(), near.map_or_else(String::new, |near| format!(": did you mean `{near}`?")))]
pub struct UnknownScenario {
    /// What was asked for.
    pub name: String,
    /// The scenario whose name is like it.
    pub near: Option<&'static str>,
}

fn known() -> String {
    SCENARIOS.map(|(name, _)| name).join(", ")
}

/// The text of a scenario that comes along.
///
/// # Errors
/// [`UnknownScenario`] for another name.
pub fn scenario_text(name: &str) -> Result<&'static str, UnknownScenario> {
    let found = SCENARIOS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
    let near = || nearest_name(name, SCENARIOS.iter().map(|(name, _)| *name));
    found.ok_or_else(|| UnknownScenario { name: name.to_owned(), near: near() })
}

/// The text of a service's people, where they come along.
pub fn service_text(name: &str) -> Option<&'static str> {
    SERVICES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
