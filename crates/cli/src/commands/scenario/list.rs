//! `depin scenario list`.

use crate::{
    error::Result,
    output::{Output, Table},
};
use depin_sim::scenario::{Draft, SCENARIOS, SERVICES};
use serde::Serialize;

#[derive(Serialize)]
struct Listed {
    scenarios: Vec<OneScenario>,
    /// Services whose people come along.
    services: Vec<&'static str>,
}

#[derive(Serialize)]
struct OneScenario {
    name: &'static str,
    title: String,
    years: f64,
    about: String,
}

pub fn run(out: &Output) -> Result<()> {
    let service = SERVICES[0].0;
    let mut scenarios = Vec::new();
    for (name, _) in SCENARIOS {
        let scenario = Draft::builtin(name).and_then(|draft| draft.resolve(service)).map_err(|found| super::refused(&found))?;
        let about = scenario.about;
        scenarios.push(OneScenario { name, title: about.title, years: scenario.horizon.years, about: about.about });
    }
    let listed = Listed { scenarios, services: SERVICES.map(|(name, _)| name).to_vec() };
    out.result(&listed, |out| {
        let mut table = Table::new(&["SCENARIO", ">YEARS", "TITLE", "WHAT IS ASSUMED"]);
        for one in &listed.scenarios {
            table.row([one.name.to_owned(), one.years.to_string(), one.title.clone(), one.about.clone()]);
        }
        table.render(out)
    })
}
