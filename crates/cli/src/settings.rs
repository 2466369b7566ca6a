//! What stands in for a flag that was not given: the one place where precedence is settled.
//!
//! A flag wins over the environment, the environment over the files of the home folder, those over the default.

use crate::{
    args::Global,
    error::{CliError, Result},
    passphrase,
};
use depin_client::Trust;
use depin_devnet::home::Home;
use depin_quantity::Units;
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// Home folder when nothing names one.
pub const HOME_DEFAULT: &str = ".depin";
/// Speed of `depin up` when no flag says another.
pub const SPEED_DEFAULT: u32 = 1;
/// Providers of a new home when no flag says how many.
pub const PROVIDERS_DEFAULT: u32 = 4;

/// Variable that names the home folder.
pub const HOME_VARIABLE: &str = "DEPIN_HOME";
/// Variable that names a node.
pub const NODE_VARIABLE: &str = "DEPIN_NODE";
/// Variable that names a file with the passphrase of locked keys.
pub const PASSPHRASE_VARIABLE: &str = "DEPIN_PASSPHRASE_FILE";
/// Variable that names a file of certificates to trust.
pub const TRUST_VARIABLE: &str = "DEPIN_TLS_CA";

/// A home's path stands in its files and in what is printed, so it must be text.
///
/// # Errors
/// Refused when it is none.
pub fn text(home: PathBuf) -> Result<PathBuf> {
    if home.to_str().is_some() {
        return Ok(home);
    }
    Err(CliError::refused("path", format_args!("the path of the home, {}, is no text in UTF-8", home.display()))
        .hint("name another folder with --home, or rename the one that it is in; nothing was made"))
}

/// Which home and which node a command works with.
#[derive(Clone, Debug)]
pub struct Settings {
    pub home: Home,
    passphrase_file: Option<PathBuf>,
    /// Certificates to trust besides the system's.
    tls_ca: Option<PathBuf>,
    /// URL given by flag or environment.
    node: Option<String>,
    /// Whether it was given by flag.
    node_by_flag: bool,
    /// Highest base fee that is signed.
    base_fee_most: Option<Units>,
}

impl Settings {
    /// Highest base fee that is signed, when a flag says one.
    pub const fn base_fee_most(&self) -> Option<Units> {
        self.base_fee_most
    }

    /// # Errors
    /// Refused for a home whose path is no text.
    pub fn new(flags: &Global) -> Result<Self> {
        Self::from_sources(flags, |name| std::env::var_os(name))
    }

    fn from_sources(flags: &Global, variable: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let home =
            flags.home.clone().or_else(|| variable(HOME_VARIABLE).map(PathBuf::from)).unwrap_or_else(|| HOME_DEFAULT.into());
        // A home named by a flag is nearer than a node named by the environment.
        let from_environment = || {
            let named = flags.home.is_none();
            variable(NODE_VARIABLE).filter(|_| named).map(|url| url.to_string_lossy().into_owned())
        };
        let node = flags.node.clone().or_else(from_environment);
        let file = |flag: &Option<PathBuf>, name: &str| flag.clone().or_else(|| variable(name).map(PathBuf::from));
        let passphrase_file = file(&flags.passphrase_file, PASSPHRASE_VARIABLE);
        let tls_ca = file(&flags.tls_ca, TRUST_VARIABLE);
        let home = Home::new(text(home)?).with_keyring(passphrase::keyring(passphrase_file.as_deref()));
        Ok(Self {
            home,
            passphrase_file,
            tls_ca,
            node_by_flag: flags.node.is_some(),
            node,
            base_fee_most: flags.max_base_fee.map(Units::new),
        })
    }

    /// The file with the passphrase of locked keys, where one was named.
    pub fn passphrase_file(&self) -> Option<&Path> {
        self.passphrase_file.as_deref()
    }

    /// URL of the node: given, or the one of the home.
    ///
    /// # Errors
    /// Refused when there is neither; broken when the home's network does not run.
    pub fn node_url(&self) -> Result<String> {
        if let Some(url) = &self.node {
            return Ok(url.clone());
        }
        match self.home.endpoints()? {
            Some(endpoints) => Ok(endpoints.api),
            None if self.home.exists()? => Err(self.not_running()),
            None => Err(self.home.absent()),
        }
    }

    /// Whose certificates are trusted: the system's authorities and those of `--tls-ca`, and the home's own certificate.
    ///
    /// # Errors
    /// Refused when the file cannot be used; broken when the home cannot be read.
    pub fn trust(&self) -> Result<Trust> {
        let trust = match &self.tls_ca {
            Some(path) => Trust::default().with_authorities(path).map_err(|error| CliError::refused("tls-ca", error))?,
            None => Trust::default(),
        };
        let own = if self.names_node() { None } else { self.home.endpoints()?.and_then(|endpoints| endpoints.tls_certificate) };
        Ok(match own {
            Some(certificate) => trust.with_own(certificate),
            None => trust,
        })
    }

    /// Whether a node was named, so that the home may have nothing to do with it.
    pub fn names_node(&self) -> bool {
        self.node.is_some()
    }

    /// Whether it was named by `--node`.
    pub fn flags_node(&self) -> bool {
        self.node_by_flag
    }

    /// The error of a command that needs the home's network to run.
    pub fn not_running(&self) -> CliError {
        CliError::broken("not-running", format_args!("the network of {} does not run", self.home.path().display()))
            .hint(format_args!("start it with `depin up --home {}`, or name a node with --node URL", self.home.path().display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(flags: &Global, variables: &[(&str, &str)]) -> Settings {
        Settings::from_sources(flags, |name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into()))
            .unwrap()
    }

    #[test]
    fn a_home_whose_path_is_no_text_is_refused() {
        use std::os::unix::ffi::OsStringExt as _;
        let odd = || OsString::from_vec(b"/tmp/odd\xff".to_vec());
        let error = Settings::from_sources(&Global::default(), |name| (name == HOME_VARIABLE).then(odd)).unwrap_err();
        assert!(error.code == "path" && error.message.contains("/tmp/odd"), "{error:?}");
    }

    #[test]
    fn a_flag_wins_over_the_environment_and_that_over_the_default() {
        let variables = [(HOME_VARIABLE, "/env"), (NODE_VARIABLE, "http://env:1")];
        let none = Global::default();
        assert_eq!(settings(&none, &[]).home.path().to_str(), Some(HOME_DEFAULT));
        assert_eq!(settings(&none, &variables).home.path().to_str(), Some("/env"));
        assert_eq!(settings(&none, &variables).node_url().unwrap(), "http://env:1");
        let flags = Global { home: Some("/flag".into()), node: Some("http://flag:1".into()), ..Global::default() };
        assert_eq!(settings(&flags, &variables).home.path().to_str(), Some("/flag"));
        assert_eq!(settings(&flags, &variables).node_url().unwrap(), "http://flag:1");
    }

    #[test]
    fn a_home_named_by_flag_is_not_overruled_by_a_node_from_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        let flags = Global { home: Some(folder.path().join("none")), ..Global::default() };
        assert_eq!(settings(&flags, &[(NODE_VARIABLE, "http://env:1")]).node_url().unwrap_err().code, "no-home");
    }

    #[test]
    fn an_empty_variable_counts_as_none() {
        assert_eq!(settings(&Global::default(), &[(HOME_VARIABLE, "")]).home.path().to_str(), Some(HOME_DEFAULT));
    }
}
