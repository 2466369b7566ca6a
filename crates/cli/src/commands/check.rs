//! `depin check`: a network's file, read and judged.
//!
//! In: a name or a path. Out: every finding with its line, an excerpt and a hint; with `--json` as data. Three judges are asked: the
//! reader of the file and the economy's second look (errors first, causes before consequences), the descriptor of its service. A
//! warning for which the file itself gives a reason is a note. Also out: a schema of such files for editors.

use crate::{
    error::{CliError, Result},
    output::{Excerpt, Output, Weight},
};
use depin_devnet::source;
use depin_economy::{Problem, Spec};
use depin_quantity::{Instant, nearest_name};
use depin_services::{
    Live, ReadError,
    descriptor::{self, Severity},
};
use serde::Serialize;

/// What is wrong with a file, and what may be.
#[derive(Debug, Serialize)]
struct Report {
    file: String,
    /// Absent when the file cannot be read as a network's.
    network: Option<String>,
    errors: usize,
    warnings: usize,
    notes: usize,
    /// Figures that no source publishes.
    parameters: usize,
    findings: Vec<Finding>,
    #[serde(skip)]
    text: String,
}

#[derive(Debug, Serialize)]
struct Finding {
    severity: &'static str,
    line: usize,
    column: usize,
    message: String,
    hint: Option<String>,
    #[serde(skip)]
    span: std::ops::Range<usize>,
}

const ERROR: &str = "error";
const WARNING: &str = "warning";
/// A gap that the file itself gives the reason for.
const NOTE: &str = "note";

/// Without a network, the schema of network files is the result.
pub fn run(named: Option<&str>, out: &Output) -> Result<()> {
    let Some(named) = named else {
        let schema = depin_networks::schema();
        return out.result(&schema, |_| format!("{schema:#}\n"));
    };
    let source = source::read(named)?;
    let report = Report::new(source.label, source.text);
    out.result(&report, |out| report.text(out))?;
    match report.errors {
        0 => Ok(()),
        n => Err(CliError::refused("wrong-network-file", format_args!("{} has {}", report.file, counted(n, "error")))),
    }
}

/// So many of them, in words.
pub fn counted(n: usize, what: &str) -> String {
    match n {
        0 => format!("no {what}"),
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}

impl Finding {
    fn new(severity: &'static str, problem: &Problem) -> Self {
        Self {
            severity,
            line: problem.line,
            column: problem.column,
            message: problem.message.clone(),
            hint: problem.hint.clone(),
            span: problem.span.clone(),
        }
    }
}

impl Report {
    fn new(file: String, text: String) -> Self {
        let (mut findings, mut network, mut parameters) = (Vec::new(), None, 0);
        match Spec::parse(&text) {
            Err(errors) => {
                findings.extend(errors.problems().iter().map(|problem| Finding::new(ERROR, problem)));
                // The service has its say on what could be read; what it misses may be there, so only its errors count.
                let mut others = Vec::new();
                Spec::draft(&text).iter().for_each(|draft| service(draft, Reading::Draft, &mut others));
                findings.extend(others.into_iter().filter(|finding| finding.severity == ERROR));
            }
            Ok(spec) => {
                network = Some(spec.network().name.to_string());
                parameters = spec.parameters();
                let severity = |problem: &Problem| if problem.known { NOTE } else { WARNING };
                findings.extend(spec.warnings().iter().map(|problem| Finding::new(severity(problem), problem)));
                service(&spec, Reading::Whole, &mut findings);
                // Errors of the reader come in the order of cause and consequence, which the text does not have.
                findings.sort_by_key(|finding| (rank(finding.severity), finding.span.start, finding.span.end));
            }
        }
        let count = |severity| findings.iter().filter(|f| f.severity == severity).count();
        let (errors, warnings, notes) = (count(ERROR), count(WARNING), count(NOTE));
        Self { errors, warnings, notes, file, network, parameters, findings, text }
    }

    fn text(&self, out: &Output) -> String {
        let excerpts = self.findings.iter().map(|finding| self.excerpt(finding).render(out) + "\n\n");
        excerpts.collect::<String>() + &self.summary(out)
    }

    fn excerpt<'t>(&'t self, finding: &'t Finding) -> Excerpt<'t> {
        let weight = match finding.severity {
            ERROR => Weight::Error,
            WARNING => Weight::Warning,
            _ => Weight::Note,
        };
        Excerpt {
            weight,
            file: &self.file,
            text: &self.text,
            span: finding.span.clone(),
            message: &finding.message,
            hint: finding.hint.as_deref(),
        }
    }

    fn summary(&self, out: &Output) -> String {
        let notes = if self.notes == 0 { String::new() } else { format!(", {}", counted(self.notes, NOTE)) };
        let counts = format!("{}, {}{notes}", counted(self.errors, ERROR), counted(self.warnings, WARNING));
        let verdict = if self.errors == 0 { out.good(&counts) } else { out.bad(&counts) };
        let parameters = match (self.parameters, &self.network) {
            (0, _) | (_, None) => String::new(),
            (1, Some(_)) => "; 1 figure is its own choice".to_owned(),
            (n, Some(_)) => format!("; {n} figures are its own choice"),
        };
        format!("{}: {verdict}{parameters}\n", self.file)
    }
}

/// Worst first.
fn rank(severity: &str) -> u8 {
    match severity {
        ERROR => 0,
        WARNING => 1,
        _ => 2,
    }
}

/// How much of a file could be read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Whole,
    /// Without the tables that have errors of their own.
    Draft,
}

/// What the descriptor of the file's service has to say.
fn service(spec: &Spec, reading: Reading, findings: &mut Vec<Finding>) {
    let name = spec.network().service;
    let Some(service) = descriptor::service(name.as_str()) else {
        let known: Vec<&str> = descriptor::SERVICES.iter().map(|service| service.name.as_str()).collect();
        let message = format!("no service is called `{name}`, so nothing can be said of its metrics");
        let near = nearest_name(name.as_str(), known.iter().copied());
        let hint = near.map_or_else(|| format!("known services: {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
        let problem = spec.problem_at("network.service", &message, &hint);
        // A name like no other may be a service that is yet to be; one that is nearly known is a slip, and nothing would run.
        findings.push(Finding::new(if near.is_some() { ERROR } else { WARNING }, &problem));
        return;
    };
    for other in spec.service_sections().into_iter().filter(|section| *section != name.as_str()) {
        let message = format!("[service.{other}] holds parameters of another service: this network meters `{name}`");
        let hint = format!("remove it, or rename it to [service.{name}] with that service's parameters");
        findings.push(Finding::new(ERROR, &spec.problem_at(&format!("service.{other}"), &message, &hint)));
    }
    if let Err(errors) = service.read_parameters(spec) {
        findings.extend(errors.problems().iter().map(|problem| Finding::new(ERROR, problem)));
    } else if reading == Reading::Whole
        && let Err(ReadError::Spec(errors)) = Live::read(spec, Instant::new(0))
    {
        // What runs live reads the file once more, with its own eyes. It looks for tables of the economy, and one that could not be
        // read is there all the same.
        findings.extend(errors.problems().iter().map(|problem| Finding::new(ERROR, problem)));
    }
    for finding in service.findings(spec) {
        let known = spec.said(&finding.path).filter(|_| finding.severity == Severity::Warning);
        let severity = match (finding.severity, &known) {
            (Severity::Error, _) => ERROR,
            (Severity::Warning, None) => WARNING,
            (Severity::Warning, Some(_)) => NOTE,
        };
        let hint = known.unwrap_or(finding.hint);
        findings.push(Finding::new(severity, &spec.problem_at(&finding.path, &finding.message, &hint)));
    }
}
