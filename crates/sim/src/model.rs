//! A model: a network's file with a scenario, opened once for any number of runs.

use crate::{
    AuditSummary, FirstDay, Opening, Paired, Point, RunFailure, RunKey, RunResult, Watch, kpi,
    market::PriceFormation,
    run::Stopped,
    scenario::{Diagnostics, PaidBy, Scenario, Treatment, network_with_events},
    simulation::{Own, Simulation, central},
    society::Investor,
    world::{Opened, OpeningError, open},
};
use depin_economy::{Spec, SpecErrors};
use depin_services::descriptor::{SERVICES, service};
use std::collections::BTreeMap;

/// A network's file with a scenario, and the ledger as it is when a run begins.
pub struct Model {
    scenario: Scenario,
    opened: Opened,
    agents_every: Option<u32>,
    pairs: Vec<Treatment>,
    price: Option<Box<dyn PriceFormation + Send + Sync>>,
    investor: Option<Box<dyn Investor + Send + Sync>>,
}

/// Why a file and a scenario are no model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// The network's file cannot be read.
    #[error(transparent)]
    Network(#[from] SpecErrors),
    /// What the scenario's events change in the network's file.
    #[error(transparent)]
    Events(#[from] Diagnostics),
    /// The network cannot be brought to the scenario's start.
    #[error(transparent)]
    Opening(#[from] OpeningError),
    /// The scenario does not fit the network.
    #[error("{key}: {message}")]
    Scenario {
        /// The key that it is about.
        key: String,
        /// What is wrong, and what is allowed.
        message: String,
    },
}

fn misfit(key: &str, message: impl Into<String>) -> ModelError {
    ModelError::Scenario { key: key.to_owned(), message: message.into() }
}

impl Model {
    /// Reads the file, with what the scenario's events change in it at their dates, and lets the network live until the scenario's start.
    ///
    /// # Errors
    /// [`ModelError`].
    pub fn new(network: &str, scenario: Scenario) -> Result<Self, ModelError> {
        Spec::parse(network)?;
        let spec = Spec::parse(&network_with_events(network, "the network's file", &scenario)?)?;
        fits(&spec, &scenario)?;
        let opened = open(spec, &scenario)?;
        let pairs = vec![Treatment::NoTokens, Treatment::CentralCapex];
        Ok(Self { scenario, opened, agents_every: None, pairs, price: None, investor: None })
    }

    /// With rows of single providers, at every so many rows.
    #[must_use]
    pub fn with_agents(mut self, every: u32) -> Self {
        self.agents_every = Some(every.max(1));
        self
    }

    /// With these treatments run beside the one that is asked for; both others by default.
    #[must_use]
    pub fn paired_with(mut self, treatments: &[Treatment]) -> Self {
        self.pairs = treatments.to_vec();
        self
    }

    /// With a price of the service that forms by a mechanism of one's own instead of the scenario's. It begins at the scenario's start price.
    #[must_use]
    pub fn with_price(mut self, price: impl PriceFormation + Send + Sync + 'static) -> Self {
        self.price = Some(Box::new(price));
        self
    }

    /// With providers who decide in a way of one's own instead of by `scenario.entry`. It must decide by what it is given alone, or the same
    /// seed does not give the same run.
    #[must_use]
    pub fn with_investor(mut self, investor: impl Investor + Send + Sync + 'static) -> Self {
        self.investor = Some(Box::new(investor));
        self
    }

    fn own(&self) -> Own<'_> {
        let price = self.price.as_deref().map(|price| price as &dyn PriceFormation);
        let investor = self.investor.as_deref().map(|investor| investor as &dyn Investor);
        Own { price, investor }
    }

    /// What the fleet of the first day holds, every assumption at its default.
    ///
    /// # Errors
    /// Why no run of the model could begin.
    pub fn first_day(&self) -> Result<FirstDay, String> {
        let key = (RunKey { seed: 0, run: 0 }, Treatment::Tokens);
        let simulation = Simulation::new(self.scenario.clone(), &self.opened, self.own(), key, None);
        simulation.map(|simulation| simulation.first).map_err(|broken| broken.to_string())
    }

    /// Its scenario.
    pub const fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The scenario at a point, and what each assumption is.
    fn at(&self, point: &Point) -> Result<(Scenario, BTreeMap<String, f64>), String> {
        let mut scenario = self.scenario.clone();
        let (mut drawn, mut known) = (BTreeMap::new(), 0);
        scenario.visit(&mut |key, figure| {
            if let Some(value) = point.values.get(key) {
                figure.value = *value;
                known += 1;
            }
            if figure.range.is_some() || point.values.contains_key(key) {
                drawn.insert(key.to_owned(), figure.value);
            }
        });
        match point.values.keys().find(|key| !drawn.contains_key(*key)) {
            Some(unknown) if known < point.values.len() => Err(format!("the scenario has no figure `{unknown}`")),
            _ => Ok((scenario, drawn)),
        }
    }
}

/// Whether a scenario can be run on a network.
fn fits(spec: &Spec, scenario: &Scenario) -> Result<(), ModelError> {
    let name = spec.network().service;
    let known = || SERVICES.iter().map(|service| service.name.as_str()).collect::<Vec<_>>().join(", ");
    let service = service(name.as_str()).ok_or_else(|| misfit("network.service", format!("`{name}` is none of: {}", known())))?;
    if let Some(metric) = scenario.metrics.keys().find(|metric| service.metric(**metric).is_none()) {
        let names: Vec<&str> = service.metrics.iter().map(|metric| metric.name.as_str()).collect();
        let message = format!("service `{name}` has no such metric; it has {}", names.join(", "));
        return Err(misfit(&format!("scenario.metric.{metric}"), message));
    }
    let (kind, found, kinds): (_, bool, Vec<&str>) = match scenario.unit.paid_by {
        PaidBy::Stream(kind) => {
            (kind, service.stream(kind).is_some(), service.streams.iter().map(|kind| kind.name.as_str()).collect())
        }
        PaidBy::Charge(kind) | PaidBy::Credit(kind) => {
            (kind, service.charge(kind).is_some(), service.charges.iter().map(|kind| kind.name.as_str()).collect())
        }
    };
    if !found {
        return Err(misfit(
            "scenario.unit.paid-by",
            format!("service `{name}` has no kind `{kind}` of that; it has {}", kinds.join(", ")),
        ));
    }
    let fault = scenario.unit.false_claim.as_str();
    if !fault.is_empty() && !service.faults.iter().any(|kind| kind.name.as_str() == fault) {
        let known: Vec<&str> = service.faults.iter().map(|kind| kind.name.as_str()).collect();
        let message = format!("service `{name}` has no fault `{fault}`; it has {}", known.join(", "));
        return Err(misfit("scenario.unit.false-claim", message));
    }
    let horizon = &scenario.horizon;
    if !(horizon.years > 0.0 && horizon.years <= 100.0) {
        return Err(misfit("scenario.years", "a run takes more than 0 and at most 100 years"));
    }
    let positive = [
        ("scenario.market.start", &scenario.market.start),
        ("scenario.market.depth", &scenario.market.depth),
        ("scenario.price.start", &scenario.price.start),
    ];
    for (key, figure) in positive {
        if !(figure.value > 0.0 && figure.value.is_finite()) {
            return Err(misfit(key, format!("must be above 0, not {}", figure.value)));
        }
    }
    Ok(())
}

/// Runs a model at a point: a pure function of the three. `watch` looks on, and may stop it.
///
/// # Errors
/// [`RunFailure`], with the rows so far.
pub fn run(model: &Model, point: &Point, key: RunKey, watch: &dyn Watch) -> Result<RunResult, RunFailure> {
    let fails = |message: String, rows| RunFailure { key, rows, message };
    let (scenario, drawn) = model.at(point).map_err(|message| fails(message, Vec::new()))?;
    let asked = scenario.horizon.treatment;
    let begin = |treatment| {
        Simulation::new(scenario.clone(), &model.opened, model.own(), (key, treatment), model.agents_every)
            .map_err(|broken| fails(broken.to_string(), Vec::new()))
    };
    // What the company gets is what providers of the run with tokens sold.
    let first = if asked == Treatment::CentralCapex { Treatment::Tokens } else { asked };
    let mut simulation = begin(first)?;
    let stopped = match simulation.run(watch) {
        Ok(stopped) => stopped,
        Err(broken) => return Err(fails(broken.to_string(), simulation.rows)),
    };
    let mut audit = summary(&simulation);
    if !audit.violations.is_empty() {
        return Err(fails(format!("the audit found: {}", audit.violations.join("; ")), simulation.rows));
    }
    let (effort, regions) = (simulation.effort(), simulation.regions());
    let mut rows = std::mem::take(&mut simulation.rows);
    let mut paired = Vec::new();
    for treatment in model.pairs.iter().copied().filter(|treatment| *treatment != first) {
        let other = paired_run(&begin, treatment, &simulation, watch, &mut audit, &fails)?;
        paired.push(Paired { treatment, rows: other });
    }
    if asked == Treatment::CentralCapex {
        let mut other = match paired.iter().position(|pair| pair.treatment == asked) {
            Some(at) => paired.remove(at).rows,
            None => paired_run(&begin, asked, &simulation, watch, &mut audit, &fails)?,
        };
        std::mem::swap(&mut rows, &mut other);
        paired.push(Paired { treatment: Treatment::Tokens, rows: other });
    }
    let opening = Opening { date: scenario.horizon.start, price: simulation.prices.first().copied().unwrap_or(f64::NAN) };
    let kpis = kpi::all(&rows, &paired, opening);
    Ok(RunResult { rows, paired, agents: simulation.agents, regions, kpis, drawn, audit, effort, stopped })
}

/// Rows of another treatment of the same run.
fn paired_run<'m>(
    begin: &dyn Fn(Treatment) -> Result<Simulation<'m>, RunFailure>,
    treatment: Treatment,
    with: &Simulation<'m>,
    watch: &dyn Watch,
    audit: &mut AuditSummary,
    fails: &dyn Fn(String, Vec<crate::results::Row>) -> RunFailure,
) -> Result<Vec<crate::results::Row>, RunFailure> {
    match treatment {
        Treatment::CentralCapex => {
            let (rows, cash) = central(begin(treatment)?, &with.sold);
            audit.cash_left += cash.sum();
            Ok(rows)
        }
        Treatment::NoTokens | Treatment::Tokens => {
            let mut other = begin(treatment)?;
            let ended: Result<Option<Stopped>, _> = other.run(watch);
            match ended {
                Ok(_) => {
                    let summary = summary(&other);
                    audit.cash_left += summary.cash_left;
                    Ok(other.rows)
                }
                Err(broken) => Err(fails(broken.to_string(), other.rows)),
            }
        }
    }
}

fn summary(simulation: &Simulation<'_>) -> AuditSummary {
    let (checked, violations) = simulation.world.as_ref().map_or((0, Vec::new()), crate::world::World::audit);
    AuditSummary { checked, violations, cash_left: simulation.cash.sum() }
}
