//! From texts to a scenario: the service's people, the scenarios that one begins from, the user's own text, what was typed.
//!
//! In: texts. Out: a [`Scenario`], or every problem with its place. What is put over what, the first below: `services/<service>.toml`,
//! `baseline`, what `extends` names, the text itself, and single keys that were set. A part `[for.<service>]` of a text counts where the
//! service is that one, over the rest of its text. Start prices come from `networks/prices.toml` where no text says any.

use super::{
    Scenario,
    builtin::{SCENARIOS, scenario_text, service_text},
    diagnostic::{Diagnostic, Diagnostics},
    document::{Layer, Node, Table, Value, typed_value},
    keys::{grown, near_key, way},
    network::with_events,
    prices::Prices,
    read::Reader,
};
use depin_economy::Spec;
use depin_quantity::{Name, nearest_name};
use depin_services::descriptor;

/// A scenario in texts, before it is known for which service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// From the first below to the last above; the last one is the user's.
    layers: Vec<Layer>,
    /// Keys that were set, in the order in which they were.
    sets: Vec<(String, String)>,
    /// Whether the layers are all there is: the people of a service are among them.
    whole: bool,
}

/// How many scenarios one can begin from another: a chain of names that come along never is longer.
const CHAIN_MOST: usize = 8;

impl Draft {
    /// A scenario that comes along.
    ///
    /// # Errors
    /// [`UnknownScenario`](super::UnknownScenario) for another name, as a diagnostic.
    pub fn builtin(name: &str) -> Result<Self, Diagnostics> {
        let text = scenario_text(name)
            .map_err(|error| Diagnostics::from(Diagnostic::error(name, "", 0..0, error.to_string(), "depin scenario list")))?;
        Self::parse(text, &format!("scenarios/{name}.toml"))
    }

    /// A text of one's own.
    ///
    /// # Errors
    /// Slips of syntax, and a scenario to begin from that does not come along.
    pub fn parse(text: &str, file: &str) -> Result<Self, Diagnostics> {
        let mut layers = vec![Layer::new(file, text)];
        let mut tree = layers[0].tree(0).map_err(Diagnostics::new)?;
        for _ in 0..CHAIN_MOST {
            let below = match tree.get(&["scenario", "extends"]) {
                Some(node) => match &node.value {
                    Value::Text(name) => (name.clone(), Some(node.span.clone())),
                    _ => ("baseline".to_owned(), None),
                },
                None if is_baseline(&tree) => break,
                None => ("baseline".to_owned(), None),
            };
            let (name, span) = below;
            let text = scenario_text(&name).map_err(|error| {
                let near = error.near.map_or_else(|| "depin scenario list".to_owned(), |near| format!("did you mean `{near}`?"));
                let message = format!("no scenario `{name}` to begin from comes along");
                Diagnostics::from(layers[0].error(span.unwrap_or(0..0), message, near))
            })?;
            let layer = Layer::new(format!("scenarios/{name}.toml"), text);
            tree = layer.tree(0).map_err(Diagnostics::new)?;
            layers.insert(0, layer);
        }
        Ok(Self { layers, sets: Vec::new(), whole: false })
    }

    /// What [`Self::texts`] gave: nothing that comes along is put below it. A text called `set` or `--set` is one key that was set.
    pub fn of_texts(texts: &[(String, String)]) -> Self {
        let (typed, written): (Vec<_>, Vec<_>) = texts.iter().partition(|(name, _)| name.trim_start_matches('-') == "set");
        let set = |(_, text): &(String, String)| text.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
        Self {
            layers: written.into_iter().map(|(name, text)| Layer::new(name.as_str(), text.as_str())).collect(),
            sets: typed.into_iter().filter_map(set).collect(),
            whole: true,
        }
    }

    /// Sets one key: `scenario.demand.studios.growth` to `0.4`, `scenario.treatment` to `no-tokens`. It is checked with the rest.
    pub fn set(&mut self, key: &str, value: &str) -> &mut Self {
        self.sets.push((key.to_owned(), value.to_owned()));
        self
    }

    /// The service that the text says it is about, where it says one.
    pub fn service(&self) -> Option<String> {
        let tree = self.layers.last()?.tree(0).ok()?;
        tree.table(&["scenario"])?.text("service").map(str::to_owned).filter(|name| !name.is_empty())
    }

    /// The texts that a scenario for a service is made of, the first below; keys that were set come last, one text each.
    pub fn texts(&self, service: &str) -> Vec<(String, String)> {
        self.all_layers(service).into_iter().map(|layer| (layer.file, layer.text)).collect()
    }

    fn all_layers(&self, service: &str) -> Vec<Layer> {
        let people = service_text(service)
            .filter(|_| !self.whole)
            .map(|text| Layer::new(format!("scenarios/services/{service}.toml"), text));
        let typed = self.sets.iter().map(|(key, value)| Layer::new("--set", format!("{key}={value}")));
        people.into_iter().chain(self.layers.iter().cloned()).chain(typed).collect()
    }

    /// The scenario for a service, and everything there is to say of it.
    pub fn check(&self, service: &str) -> (Option<Scenario>, Diagnostics) {
        let (scenario, found) = self.read(service, None);
        let found = self.with_others(service, found);
        ((!found.failed()).then_some(scenario).flatten(), found)
    }

    /// The scenario for a service, with the start price of the network that the service is known from.
    ///
    /// # Errors
    /// Every problem, with its place.
    pub fn resolve(&self, service: &str) -> Result<Scenario, Diagnostics> {
        done(self.check(service))
    }

    /// The scenario for a network. `priced_as` is the token whose start price and depth its main token is to have; without it the network's
    /// own ones, which the list of prices has for those that come along. A token of the same name on another network is another token.
    ///
    /// # Errors
    /// Every problem, with its place; a network's file that cannot be read.
    pub fn for_network(&self, network: &str, file: &str, priced_as: Option<&str>) -> Result<Scenario, Diagnostics> {
        done(self.read_for(network, file, priced_as)?)
    }

    /// Everything there is to say of the scenario for a network.
    pub fn check_for_network(&self, network: &str, file: &str, priced_as: Option<&str>) -> Diagnostics {
        self.read_for(network, file, priced_as).map_or_else(|found| found, |(_, found)| found)
    }

    fn read_for(
        &self,
        network: &str,
        file: &str,
        priced_as: Option<&str>,
    ) -> Result<(Option<Scenario>, Diagnostics), Diagnostics> {
        let spec = Spec::parse(network).map_err(|errors| of_spec(file, &errors))?;
        let service = spec.network().service;
        let (scenario, found) = self.read(service.as_str(), Some((&spec, priced_as)));
        let found = self.with_others(service.as_str(), found);
        Ok(((!found.failed()).then_some(scenario).flatten(), found))
    }

    /// What there is to say also of the parts that the text has for other services, each read as it would be for that one.
    fn with_others(&self, service: &str, found: Diagnostics) -> Diagnostics {
        let Some(own) = self.layers.last().filter(|own| !self.whole && !SCENARIOS.iter().any(|(_, text)| *text == own.text))
        else {
            return found;
        };
        let tree = own.tree(self.layers.len() - 1).unwrap_or_default();
        let Some(parts) = tree.table(&["for"]) else { return found };
        let mut all = found.all().to_vec();
        for (other, part) in parts.entries.iter().filter(|(name, _)| *name != service && descriptor::service(name).is_some()) {
            let mut places = Vec::new();
            part.places(&mut places);
            let here = |one: &&Diagnostic| one.file == own.file && places.contains(&one.span);
            let (_, said) = self.read(other, None);
            all.extend(said.all().iter().filter(here).cloned());
        }
        Diagnostics::new(all)
    }

    fn read(&self, service: &str, network: Option<(&Spec, Option<&str>)>) -> (Option<Scenario>, Diagnostics) {
        let layers = self.all_layers(service);
        let typed = layers.len() - self.sets.len();
        let mut found = Vec::new();
        let mut tree = Table::default();
        for (number, layer) in layers[..typed].iter().enumerate() {
            match layer.tree(number) {
                Ok(mut own) => {
                    let over = take_for(&mut own, layer, service, &mut found);
                    tree.put(own);
                    tree.put(over);
                }
                Err(slips) => found.extend(slips),
            }
        }
        for (number, layer) in layers.iter().enumerate().skip(typed) {
            let (key, value) = &self.sets[number - typed];
            match set(layer, number, key, value, &tree) {
                Ok(own) => tree.put(own),
                Err(slip) => found.push(slip),
            }
        }
        let mut reader = Reader { tree: &tree, layers: &layers, typed, found, events: Vec::new() };
        reader.look_for(service);
        let mut scenario = reader.scenario();
        price(&mut scenario, service, network, &mut reader);
        reader.look(&scenario);
        if let Some(service) = descriptor::service(service) {
            reader.look_service(&scenario, service);
        }
        if let Some((spec, _)) = network {
            reader.look_network(&scenario, spec);
            reader.look_events(&scenario, spec);
        }
        let found = Diagnostics::new(reader.found);
        ((!found.failed()).then_some(scenario), found)
    }
}

fn done((scenario, found): (Option<Scenario>, Diagnostics)) -> Result<Scenario, Diagnostics> {
    scenario.ok_or(found)
}

/// Whether a text is the one that all others begin from.
fn is_baseline(tree: &Table) -> bool {
    tree.table(&["scenario"]).and_then(|table| table.text("name")) == Some("baseline")
}

/// Takes the parts for single services out of a text; gives the one for this service.
fn take_for(tree: &mut Table, layer: &Layer, service: &str, found: &mut Vec<Diagnostic>) -> Table {
    let Some(node) = tree.entries.remove("for") else { return Table::default() };
    let Value::Table(parts) = node.value else {
        found.push(layer.error(node.key, "`for` holds tables by service", "write [for.storage.boom.demand]"));
        return Table::default();
    };
    let mut own = Table::default();
    for (name, part) in parts.entries {
        let Some(known) = descriptor::service(&name) else {
            let known: Vec<&str> = descriptor::SERVICES.iter().map(|service| service.name.as_str()).collect();
            let near = nearest_name(&name, known.iter().copied());
            let hint = near.map_or_else(|| format!("there are {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
            found.push(layer.error(part.key, format!("no service is called `{name}`"), hint));
            continue;
        };
        match part.value {
            Value::Table(table) if known.name.as_str() == service => own = table,
            Value::Table(_) => {}
            _ => found.push(layer.error(part.key, format!("`{name}` must be a table"), "write [for.storage.boom.demand]")),
        }
    }
    own
}

/// A key that was set, as a tree.
fn set(layer: &Layer, number: usize, key: &str, value: &str, tree: &Table) -> Result<Table, Diagnostic> {
    if !key.starts_with("scenario.") {
        let meant = format!("scenario.{key}");
        let known = way(&meant, tree).is_some() || keys_of_all(&meant, tree).iter().any(|key| way(key, tree).is_some());
        let hint = if known {
            format!("write {meant}={value}")
        } else {
            "a key begins with scenario. or network.; `depin sim keys NETWORK` lists them".to_owned()
        };
        return Err(layer.error(0..key.len(), format!("no key is called `{key}`"), hint));
    }
    let all = keys_of_all(key, tree);
    let ways: Vec<Vec<&str>> = match way(key, tree) {
        Some(way) => vec![way],
        None => all.iter().filter_map(|key| way(key, tree)).collect(),
    };
    if ways.is_empty() {
        let hint = near_key(key, tree)
            .map_or_else(|| "depin sim keys NETWORK lists them".to_owned(), |near| format!("did you mean `{near}`?"));
        return Err(layer.error(0..key.len(), format!("no key is called `{key}`"), hint));
    }
    if ways.iter().any(|way| way == &["scenario", "extends"]) {
        return Err(layer.error(0..key.len(), "which scenario one begins from cannot be set", "name another scenario"));
    }
    // A word without quotes is a text; the shell took them away.
    let parsed = typed_value(value.trim(), number).unwrap_or_else(|| Value::Text(value.trim().to_owned()));
    let span = key.len() + 1..layer.text.len();
    let node = Node { layer: number, key: 0..key.len(), span, value: parsed };
    let mut tree = Table::default();
    ways.iter().for_each(|way| tree.put(grown(way, node.clone())));
    Ok(tree)
}

/// The keys that one with the name of a segment, a class or a group left out stands for: `scenario.demand.growth` is that of all customers.
fn keys_of_all(key: &str, tree: &Table) -> Vec<String> {
    let parts = key.strip_prefix("scenario.").and_then(|path| path.split_once('.'));
    let Some((part, field)) = parts.filter(|(part, _)| ["demand", "supply", "stakers"].contains(part)) else { return Vec::new() };
    let names = tree.table(&[part]).map_or_else(Vec::new, |named| named.entries.keys().collect());
    names.into_iter().map(|name| format!("scenario.{part}.{name}.{field}")).collect()
}

/// Fills in what no text says of the token's market.
fn price(scenario: &mut Scenario, service: &str, network: Option<(&Spec, Option<&str>)>, reader: &mut Reader<'_>) {
    let prices = Prices::builtin();
    let found = match network {
        Some((_, Some(token))) => prices.of_token(token),
        Some((spec, None)) => prices.of(spec),
        None => descriptor::service(service).and_then(|known| known.network).and_then(|name| prices.of_network(name.as_str())),
    };
    let market = &mut scenario.market;
    let known = found.map(|found| [&found.usd, &found.depth, &found.speculators]);
    let wanted = [&mut market.start, &mut market.depth, &mut market.speculators.cash];
    for (at, figure) in wanted.into_iter().enumerate() {
        if !figure.value.is_nan() || reader.tree.get(PRICED[at]).is_some() {
            continue;
        }
        match known {
            Some(known) => figure.clone_from(known[at]),
            None => {
                let token = network.map_or_else(
                    || "its token".to_owned(),
                    |(spec, token)| {
                        let own = || format!("{} of {}", spec.fee().token, spec.network().name);
                        token.map_or_else(own, str::to_owned)
                    },
                );
                let hint = format!(
                    "no list of prices has {token}: add {} to [{}]",
                    ["start = 1.0, a price in USD", "depth = 1_000_000, in USD", "cash = 1_000_000, in USD"][at],
                    PRICED[at][..PRICED[at].len() - 1].join(".")
                );
                reader.missing(PRICED[at], hint);
            }
        }
    }
}

const PRICED: [&[&str]; 3] = [&["market", "start"], &["market", "depth"], &["market", "speculators", "cash"]];

impl Reader<'_> {
    /// A text that is about one service is used for that one.
    fn look_for(&mut self, service: &str) {
        let Some(node) = self.tree.get(&["scenario", "service"]).cloned() else { return };
        let Value::Text(name) = &node.value else { return };
        if !name.is_empty() && name != service {
            let message = format!("this is about service `{name}`, and the network meters `{service}`");
            self.say(&node, message, "use a scenario of that service, or leave `service` out");
        }
    }

    /// Whether the network's file can be what events make of it.
    fn look_events(&mut self, scenario: &Scenario, spec: &Spec) {
        if scenario.events.len() != self.events.len() {
            return;
        }
        let Err(unfit) = with_events(spec.text(), scenario) else { return };
        let Some(event) = self.events.get(unfit.event).copied() else { return };
        let Value::Table(table) = &event.value else { return };
        let set = table.entries.get("set");
        let key = match (set.map(|set| &set.value), &unfit.key) {
            (Some(Value::Table(keys)), Some(key)) => keys.entries.get(key),
            _ => None,
        };
        self.say_of(key.or(set).unwrap_or(event), unfit.message, unfit.hint);
    }

    /// What pools pay by is told of by some metric.
    fn look_network(&mut self, scenario: &Scenario, spec: &Spec) {
        let versions = spec.versions(scenario.horizon.start);
        let bound = versions.flat_map(|(_, version)| {
            version.bindings().iter().filter(|(_, binding)| binding.pool.is_some()).map(|(metric, _)| *metric)
        });
        let mut silent: Vec<Name> = bound.filter(|metric| !scenario.metrics.contains_key(metric)).collect();
        silent.sort_unstable();
        silent.dedup();
        if silent.is_empty() {
            return;
        }
        let names: Vec<String> = silent.iter().map(|name| format!("`{name}`")).collect();
        if let Some(node) = self.tree.get(&["metric"]).cloned() {
            let message = format!("the network pays by {}, and nothing is said of it: nobody earns there", names.join(", "));
            self.warn(&node, message, format!("add [metric.{}]", silent[0]));
        }
    }
}

/// The problems of a network's file.
pub(super) fn of_spec(file: &str, errors: &depin_economy::SpecErrors) -> Diagnostics {
    let one = |problem: &depin_economy::Problem| Diagnostic {
        severity: super::Severity::Error,
        file: file.to_owned(),
        line: problem.line,
        column: problem.column,
        span: problem.span.clone(),
        message: problem.message.clone(),
        hint: problem.hint.clone(),
    };
    Diagnostics::new(errors.problems().iter().map(one).collect())
}
