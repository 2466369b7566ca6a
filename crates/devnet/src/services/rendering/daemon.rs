//! A node that renders: the only place that starts them, and measures them first.

use crate::{
    Error, Result,
    operators::{Daemon, not_started},
};
use async_trait::async_trait;
use depin_client::{Client, SigningKey};
use depin_files::Readers;
use depin_provider::{
    operator::StartError,
    rendering::{RenderingConfig, RenderingError, RenderingHandle, RenderingNode},
};
use depin_quantity::ContentHash;
use depin_render::{EngineKind, EngineSettings, Engines, Found, Limits, Machine, Report, benchmark};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::Path};

/// The file of a node's folder with its signed report.
pub const REPORT_FILE: &str = "report.json";
/// Longest report that is read.
const REPORT_MAX: usize = 64 << 10;
/// What is signed begins so, after one byte of its length.
const DOMAIN: &str = "depin-render-report";

/// What a node says of its machine, signed by its operator.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignedReport {
    /// Machine and measurement.
    pub report: Report,
    /// The operator's public key, hexadecimal.
    pub key: String,
    /// Its signature of the report's JSON, hexadecimal.
    pub signature: String,
}

/// What a node registers with.
#[derive(Clone, Debug)]
pub struct Score {
    /// Points.
    pub score: u32,
    /// SHA-256 of the signed report's file.
    pub report: ContentHash,
}

/// The renderer of a kind that this machine has.
///
/// # Errors
/// Refused, with what installs it, when it is not there.
pub async fn engine(kind: EngineKind, settings: &EngineSettings) -> Result<Found> {
    let mut engines = Engines::find(settings).await;
    match engines.found.iter().position(|found| found.engine == kind) {
        Some(at) => Ok(engines.found.swap_remove(at)),
        None => {
            let why = engines.missing(kind).map_or_else(|| format!("{kind} is not here"), ToString::to_string);
            Err(Error::refused("engine", why))
        }
    }
}

/// What a node measures of itself, or measured before with the same build and threads, as its folder has it.
///
/// # Errors
/// Refused when the renderer cannot be run; broken for a folder that cannot be written.
pub async fn measured(found: &Found, threads: u32, folder: &Path, key: &SigningKey, anew: bool) -> Result<Score> {
    let path = folder.join(REPORT_FILE);
    let failed = |error| Error::broken("folder", format_args!("{}: {error}", path.display()));
    let before = std::fs::read(&path).ok().filter(|bytes| bytes.len() <= REPORT_MAX && !anew);
    let known = before.and_then(|bytes| {
        let signed: SignedReport = serde_json::from_slice(&bytes).ok()?;
        let measured = signed.report.measured;
        let same = measured.build == found.build && measured.threads == threads && signed.key == hex::encode(key.public_key());
        same.then(|| Score { score: measured.score, report: depin_client::render::content_of(&bytes) })
    });
    if let Some(score) = known {
        return Ok(score);
    }
    let measured = benchmark(found, threads, Limits::default()).await.map_err(|error| Error::refused("benchmark", error))?;
    let (score, report) = (measured.score, Report { machine: Machine::here(), measured });
    let told = serde_json::to_vec(&report).map_err(|error| Error::broken("report", error))?;
    let mut message = vec![DOMAIN.len() as u8];
    message.extend(DOMAIN.as_bytes());
    message.extend(&told);
    let signature = hex::encode(key.sign(&message));
    let signed = SignedReport { report, key: hex::encode(key.public_key()), signature };
    let bytes = serde_json::to_vec_pretty(&signed).map_err(|error| Error::broken("report", error))?;
    depin_files::private_folder(folder).map_err(failed)?;
    depin_files::replace(&path, &bytes, Readers::Everybody).map_err(failed)?;
    Ok(Score { score, report: depin_client::render::content_of(&bytes) })
}

/// Starts a node; it follows the ledger when this returns.
///
/// # Errors
/// Refused for a URL that others cannot reach; broken when it cannot start.
pub async fn start(config: RenderingConfig, client: Client, key: SigningKey) -> Result<RenderingHandle> {
    let name = config.operator.name;
    RenderingNode::start(config, client, key).await.map_err(|error| {
        let refused = matches!(error, RenderingError::Start(StartError::Url { .. }) | RenderingError::Store(_));
        not_started(name, &error, refused)
    })
}

#[async_trait]
impl Daemon for RenderingHandle {
    async fn settled(&self) {
        self.ready().await;
    }

    fn problems(&self) -> BTreeMap<String, String> {
        self.status().problems
    }

    async fn failed(&self) -> String {
        Self::failed(self).await
    }

    async fn stop(self) {
        Self::stop(self).await;
    }
}
