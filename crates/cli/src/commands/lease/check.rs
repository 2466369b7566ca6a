//! `depin lease check`: a deployment file, read and judged.
//!
//! In: a file or standard input. Out: findings with places, what would be ordered, the hash of the manifest, the cost ceiling; with
//! `--manifest` the manifest alone. What is wrong in a line of secrets is said without the line.

use super::order::{Ceiling, Groups};
use crate::{
    args::LeaseCheckArgs,
    commands::check::counted,
    error::{CliError, Result},
    output::{Excerpt, Output, Weight, write_out},
};
use depin_sdl::{BYTES_MAX, Deployment, Finding, Severity, read_bytes};
use serde::Serialize;
use std::{fs::File, io::Read as _};

/// What is said of a file.
#[derive(Serialize)]
struct Report {
    file: String,
    accepted: bool,
    errors: usize,
    warnings: usize,
    findings: Vec<Finding>,
    #[serde(flatten)]
    order: Option<Order>,
    #[serde(skip)]
    text: String,
}

/// What an accepted file orders.
#[derive(Serialize)]
struct Order {
    version: &'static str,
    manifest_hash: String,
    ceiling: Ceiling,
    reclaim_window_ns: Option<u64>,
    groups: Groups,
}

pub fn run(args: &LeaseCheckArgs, out: &Output) -> Result<()> {
    let (file, bytes) = source(&args.file)?;
    let verdict = read_bytes(&bytes);
    let report = Report::new(file, &bytes, &verdict, args)?;
    match &verdict {
        Ok(deployment) if args.manifest => {
            report.findings.iter().for_each(|finding| out.warn(format_args!("{}: {finding}", report.file)));
            write_out((deployment.manifest().to_json() + "\n").as_bytes())?;
        }
        // Standard output is for the manifest, and there is none.
        Err(_) if args.manifest => out.note(report.text(out)),
        _ => out.result(&report, |out| report.text(out))?,
    }
    let refused = |text: String| Err(CliError::refused("wrong-deployment-file", format_args!("{} has {text}", report.file)));
    match (report.errors, report.warnings) {
        (0, 0) => Ok(()),
        (0, n) if args.strict => refused(counted(n, "warning")).map_err(|error| error.hint("mend them, or leave out --strict")),
        (0, _) => Ok(()),
        (n, _) => refused(counted(n, "error")),
    }
}

/// A deployment file that can be ordered, with its name; warnings are told by `depin lease check`.
pub(super) fn accepted(named: &str) -> Result<(String, Deployment)> {
    let (file, bytes) = source(named)?;
    match read_bytes(&bytes) {
        Ok(deployment) => Ok((file, deployment)),
        Err(refused) => {
            let first = refused.findings().first().map_or_else(String::new, |finding| {
                let path = if finding.path.is_empty() { String::new() } else { format!("{}: ", finding.path) };
                format!(", line {}: {path}{}", finding.line, finding.message)
            });
            let errors = counted(refused.findings().len(), "error");
            Err(CliError::refused("wrong-deployment-file", format_args!("{file} has {errors}{first}"))
                .hint(format_args!("`depin lease check {named}` shows each with what to do")))
        }
    }
}

/// What is to be read, with its name; of a file that is too large only so much that it is known to be.
fn source(named: &str) -> Result<(String, Vec<u8>)> {
    let most = BYTES_MAX as u64 + 1;
    let mut bytes = Vec::new();
    let (file, read) = if named == "-" {
        ("standard input".to_owned(), std::io::stdin().lock().take(most).read_to_end(&mut bytes))
    } else {
        (named.to_owned(), File::open(named).and_then(|file| file.take(most).read_to_end(&mut bytes)))
    };
    match read {
        Ok(_) => Ok((file, bytes)),
        Err(error) => {
            let error = CliError::refused("no-file", format_args!("{file} cannot be read: {error}"));
            Err(error.hint("name a deployment file, or `-` for standard input"))
        }
    }
}

impl Report {
    fn new(
        file: String,
        bytes: &[u8],
        verdict: &std::result::Result<Deployment, depin_sdl::Refused>,
        args: &LeaseCheckArgs,
    ) -> Result<Self> {
        let (findings, order) = match verdict {
            Ok(deployment) => (deployment.warnings().to_vec(), Some(Order::new(deployment, args)?)),
            Err(refused) => (refused.findings().to_vec(), None),
        };
        let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
        // A file that is too large was read in part, and has no lines to show.
        let text = if bytes.len() > BYTES_MAX { String::new() } else { String::from_utf8_lossy(bytes).into_owned() };
        Ok(Self { file, accepted: verdict.is_ok(), errors, warnings: findings.len() - errors, findings, order, text })
    }

    fn text(&self, out: &Output) -> String {
        let out = &Output { width: out.width.min(80), ..*out };
        let mut text: String = self.findings.iter().map(|finding| self.finding(finding, out) + "\n\n").collect();
        if let Some(order) = &self.order {
            text += &order.text(out);
        }
        let counts = format!("{}, {}", counted(self.errors, "error"), counted(self.warnings, "warning"));
        let verdict = if self.accepted { out.good("accepted") } else { out.bad("refused") };
        text + &format!("{}: {verdict}, {counts}\n", self.file)
    }

    fn finding(&self, finding: &Finding, out: &Output) -> String {
        let weight = if finding.severity == Severity::Error { Weight::Error } else { Weight::Warning };
        let path = &finding.path;
        let message = if path.is_empty() { finding.message.clone() } else { format!("{path}: {}", finding.message) };
        let secret = path.contains(".env[") || path.contains(".credentials");
        if secret || self.text.is_empty() {
            let word = if weight == Weight::Error { out.bad("error") } else { out.bold("warning") };
            let place = format!("{}:{}:{}", self.file, finding.line, finding.column);
            return format!("{word}: {message}\n --> {place}\n  = help: {}", finding.hint);
        }
        let (file, text) = (self.file.as_str(), self.text.as_str());
        let (span, hint) = (finding.span.clone(), Some(finding.hint.as_str()));
        Excerpt { weight, file, text, span, message: &message, hint }.render(out)
    }
}

impl Order {
    fn new(deployment: &Deployment, args: &LeaseCheckArgs) -> Result<Self> {
        Ok(Self {
            version: deployment.version(),
            manifest_hash: deployment.hash().to_string(),
            ceiling: Ceiling::new(&deployment.price(), args.block_time)?,
            reclaim_window_ns: deployment.reclaim_window_ns(),
            groups: Groups::new(deployment),
        })
    }

    fn text(&self, out: &Output) -> String {
        let window = self.reclaim_window_ns.map(|ns| format!("reclaim   at least {} s of notice\n", ns / 1_000_000_000));
        format!(
            "{}\nversion   {}\nmanifest  {}\n{}{}\n",
            self.groups.text(out),
            self.version,
            self.manifest_hash,
            window.unwrap_or_default(),
            self.ceiling.text()
        )
    }
}
