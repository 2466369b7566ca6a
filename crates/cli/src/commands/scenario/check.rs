//! `depin scenario check`: a scenario of one's own, read and judged.

use super::{excerpt, read};
use crate::{
    commands::check::counted,
    error::{CliError, Result},
    output::Output,
};
use depin_devnet::source;
use depin_sim::scenario::{Diagnostic, Diagnostics, Draft, SERVICES, Severity};
use serde::Serialize;

#[derive(Serialize)]
struct Report {
    file: String,
    /// What it was read for.
    service: Option<String>,
    errors: usize,
    warnings: usize,
    findings: Vec<Finding>,
    #[serde(skip)]
    found: Vec<Diagnostic>,
    #[serde(skip)]
    texts: Vec<(String, String)>,
}

#[derive(Serialize)]
struct Finding {
    severity: &'static str,
    file: String,
    line: usize,
    column: usize,
    message: String,
    hint: Option<String>,
}

pub fn run(file: &str, network: Option<&str>, out: &Output) -> Result<()> {
    let named = read(file)?;
    let (service, found, texts) = match Draft::parse(&named.text, &named.file) {
        Err(found) => (None, found, vec![(named.file.clone(), named.text.clone())]),
        Ok(draft) => {
            let (service, found) = judge(&draft, network)?;
            let texts = draft.texts(&service);
            (Some(service), found, texts)
        }
    };
    let report = Report::new(named.file, service, &found, texts);
    out.result(&report, |out| report.text(out))?;
    match report.errors {
        0 => Ok(()),
        n => Err(CliError::refused("wrong-scenario", format_args!("{} has {}", report.file, counted(n, "error")))),
    }
}

/// What is said of a draft, and for which service.
fn judge(draft: &Draft, network: Option<&str>) -> Result<(String, Diagnostics)> {
    if let Some(named) = network {
        let source = source::read(named)?;
        let spec = depin_economy::Spec::parse(&source.text).map_err(|errors| {
            CliError::refused("wrong-network-file", format_args!("{}: {errors}", source.label))
                .hint(format!("depin check {named}"))
        })?;
        let service = spec.network().service.to_string();
        let found = draft.check_for_network(&source.text, &source.label, None);
        return Ok((service, found));
    }
    if let Some(service) = draft.service() {
        let found = draft.check(&service).1;
        return Ok((service, found));
    }
    // Of one that is about no service in particular the one that it fits best says what there is to say.
    let judged = SERVICES.map(|(service, _)| (service, draft.check(service).1));
    let best = judged.into_iter().min_by_key(|(_, found)| (found.errors().count(), found.all().len()));
    Ok(best.map_or_else(|| (String::new(), Diagnostics::default()), |(service, found)| (service.to_owned(), found)))
}

impl Report {
    fn new(file: String, service: Option<String>, found: &Diagnostics, texts: Vec<(String, String)>) -> Self {
        let word = |severity| if severity == Severity::Error { "error" } else { "warning" };
        let finding = |one: &Diagnostic| Finding {
            severity: word(one.severity),
            file: one.file.clone(),
            line: one.line,
            column: one.column,
            message: one.message.clone(),
            hint: one.hint.clone(),
        };
        let errors = found.errors().count();
        let findings: Vec<Finding> = found.all().iter().map(finding).collect();
        Self { file, service, errors, warnings: findings.len() - errors, findings, found: found.all().to_vec(), texts }
    }

    fn text(&self, out: &Output) -> String {
        let mut text: String = self.found.iter().map(|one| excerpt(one, &self.texts, out) + "\n\n").collect();
        let counts = format!("{}, {}", counted(self.errors, "error"), counted(self.warnings, "warning"));
        let verdict = if self.errors == 0 { out.good(&counts) } else { out.bad(&counts) };
        let service = self.service.as_ref().map(|service| format!("; read for {service}")).unwrap_or_default();
        text += &format!("{}: {verdict}{service}\n", self.file);
        text
    }
}
