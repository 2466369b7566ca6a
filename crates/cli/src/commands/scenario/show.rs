//! `depin scenario show`.

use super::{draft, ground, listed, number, range, read, told};
use crate::{
    error::{CliError, Result},
    output::{Output, write_out},
};
use depin_quantity::nearest_name;
use depin_services::descriptor;
use depin_sim::scenario::{Figure, Key};
use serde::Serialize;

#[derive(Serialize)]
struct Shown {
    scenario: String,
    service: String,
    figures: Vec<Row>,
}

/// One figure.
#[derive(Serialize)]
pub struct Row {
    pub key: String,
    pub value: f64,
    pub unit: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<[f64; 2]>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub log: bool,
    pub about: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assumed: Option<String>,
}

impl Row {
    pub fn new(key: &Key, figure: &Figure) -> Self {
        let (kind, text) = ground(&key.provenance);
        let said = |wanted: &str| (kind == wanted).then(|| text.to_owned());
        Self {
            key: key.path.clone(),
            value: figure.value,
            unit: key.unit.clone(),
            range: figure.range.map(|(low, high)| [low, high]),
            log: figure.log,
            about: key.about.clone(),
            source: said("source"),
            assumed: said("assumed"),
        }
    }
}

pub fn run(name: &str, service: Option<&str>, out: &Output) -> Result<()> {
    let named = read(name)?;
    let Some(service) = service else {
        return if out.json {
            out.result(&serde_json::json!({ "scenario": name, "file": named.file, "text": named.text }), |_| String::new())
        } else {
            write_out(named.text.as_bytes())
        };
    };
    if descriptor::service(service).is_none() {
        let known: Vec<&str> = descriptor::SERVICES.iter().map(|service| service.name.as_str()).collect();
        let near = nearest_name(service, known.iter().copied()).map(|near| format!("did you mean {near}? ")).unwrap_or_default();
        let hint = format!("{near}there are {}", known.join(", "));
        return Err(CliError::refused("unknown-service", format_args!("no service is called {service}")).hint(hint));
    }
    let scenario = draft(&named)?.resolve(service).map_err(|found| super::refused(&found))?;
    let figures = scenario.figures();
    let rows = scenario.keys().iter().map(|key| Row::new(key, &figures[&key.path])).collect();
    let shown = Shown { scenario: scenario.about.name.clone(), service: service.to_owned(), figures: rows };
    out.result(&shown, |out| {
        let rows = shown.figures.iter().map(|row| {
            let key = row.key.strip_prefix("scenario.").unwrap_or(&row.key).to_owned();
            let from = match (&row.source, &row.assumed) {
                (Some(source), _) => source.clone(),
                (None, Some(why)) => format!("assumed: {why}"),
                (None, None) => String::new(),
            };
            [key, told(&number(row.value), &row.unit, &range(&figures[&row.key])), from]
        });
        listed(&rows.collect::<Vec<_>>(), out)
    })
}
