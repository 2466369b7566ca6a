//! A file that can be deployed.

use crate::{
    build, check,
    document::Rules,
    finding::{At, Finding, Findings, Refused},
    group::{Group, Price},
    manifest::{Manifest, ManifestHash},
    read::Reader,
    yaml::Tree,
};
use depin_quantity::Decimal18;

/// Reads a deployment file (SDL 2.0 or 2.1) and judges it.
///
/// # Errors
/// [`Refused`] with every error that can be told from the text, each with its place; a text that is no YAML has one.
pub fn read(text: &str) -> Result<Deployment, Refused> {
    let tree = Tree::parse(text).map_err(|error| {
        let mut findings = Findings::default();
        findings.error(&error.at, error.message, error.hint);
        findings.refused()
    })?;
    let mut reader = Reader::new(&tree);
    let document = reader.document();
    let mut findings = reader.findings;
    let Some(document) = document else { return Err(findings.refused()) };
    check::check(&document, &mut findings);
    if findings.count() > 0 {
        return Err(findings.refused());
    }
    let Some((groups, manifest)) = build::build(&document) else {
        findings.error(&document.deployment_at, "more replicas share a profile than can be counted", "lower the counts");
        return Err(findings.refused());
    };
    let reclaim_window_ns = document.reclamation;
    Ok(Deployment { rules: document.rules, groups, manifest, reclaim_window_ns, warnings: findings.warnings() })
}

/// As [`read`], for bytes of whatever origin.
///
/// # Errors
/// As [`read`], and for bytes that are no UTF-8.
pub fn read_bytes(bytes: &[u8]) -> Result<Deployment, Refused> {
    match std::str::from_utf8(bytes) {
        Ok(text) => read(text),
        Err(error) => {
            let before = &bytes[..error.valid_up_to()];
            let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
            let at = At { line, column: 1, span: 0..0, path: String::new() };
            let mut findings = Findings::default();
            findings.error(&at, format!("byte {} is no UTF-8", error.valid_up_to()), "save the file as UTF-8");
            Err(findings.refused())
        }
    }
}

/// A deployment: what is ordered, what is run, and what a careful author should know.
#[derive(Clone, Debug)]
pub struct Deployment {
    rules: Rules,
    groups: Vec<Group>,
    manifest: Manifest,
    reclaim_window_ns: Option<u64>,
    warnings: Vec<Finding>,
}

impl Deployment {
    /// The version whose rules it follows, `2.0` or `2.1`.
    pub const fn version(&self) -> &'static str {
        self.rules.as_str()
    }

    /// What is ordered, by name.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// What providers are told to run.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What the deployment is bound to.
    pub fn hash(&self) -> ManifestHash {
        self.manifest.hash()
    }

    /// The least window in nanoseconds that a provider must give before it takes its machine back.
    pub const fn reclaim_window_ns(&self) -> Option<u64> {
        self.reclaim_window_ns
    }

    /// What upstream passes over in silence, and what its schema would not have.
    pub fn warnings(&self) -> &[Finding] {
        &self.warnings
    }

    /// The highest price of all groups together per block.
    pub fn price(&self) -> Price {
        let mut total = Price { denom: String::new(), amount: Decimal18::ZERO };
        for price in self.groups.iter().filter_map(|group| group.price().ok().flatten()) {
            // A group holds at most 10^7 a unit by 2^32 replicas by some thousand units: far below 128 bits of 10^-18.
            total.amount = total.amount.plus(price.amount).unwrap_or(Decimal18::new(u128::MAX));
            total.denom = price.denom;
        }
        total
    }
}
