//! The S3 gateway of a home, which the customer's account pays for; and how a gateway is started at all.

use crate::{
    Error, Kind, Part, Result, Site,
    error::LOST,
    home::{self, Endpoint, Home, files},
    operators::Operator,
};
use async_trait::async_trait;
use depin_client::{Reach, Sender, SigningKey, Trust};
use depin_files::Floor;
use depin_gateway_s3::{Config, Gateway, GatewayError, Handle, HttpShards, KeyError, LedgerMarket, Market, SystemClock};
use depin_quantity::Name;
use depin_serve::Tls;
use depin_services::storage::StorageParams;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::time;

/// Folder of its object map and keys in a home.
pub(super) const FOLDER: &str = "gateway";
/// Its settings for shells in a home, read with `. s3.env`.
pub(super) const SHELL_FILE: &str = "s3.env";
/// The same for s3cmd, which reads no environment: `s3cmd -c FILE`.
pub(super) const S3CMD_FILE: &str = "s3cmd.conf";

/// Region that the gateway says it is in; S3 clients take this one without being told.
const REGION: &str = "us-east-1";
/// How often the gateway's port is tried, and how many refusals in a row mean that it is gone.
const LOOK: Duration = Duration::from_secs(5);
const REFUSALS: u32 = 3;

/// Where a home's gateway keeps its object map and keys.
pub fn folder(home: &Home) -> PathBuf {
    home.path().join(FOLDER)
}

/// The name of a gateway's master key in its folder, which can be locked as a wallet's files can.
pub const MASTER_KEY: &str = "master.key";

/// The gateway of a home.
pub struct S3Gateway {
    handle: Handle,
    access: S3Access,
}

/// What an S3 client needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Access {
    /// Base URL.
    pub endpoint: String,
    /// Access key id.
    pub access_key: String,
    /// Secret access key.
    pub secret_key: String,
    /// Region.
    pub region: String,
}

impl S3Access {
    /// What `endpoints.json` calls it.
    pub const NAME: &str = "s3";

    /// Finds it among the endpoints of a network; none when that network has no S3 gateway.
    pub fn find(endpoints: &[Endpoint]) -> Option<Self> {
        let endpoint = endpoints.iter().find(|endpoint| endpoint.name == Self::NAME)?;
        let setting = |name: &str| endpoint.settings.get(name).cloned();
        Some(Self {
            endpoint: endpoint.url.clone(),
            access_key: setting("access_key")?,
            secret_key: setting("secret_key")?,
            region: setting("region")?,
        })
    }

    /// Its entry of `endpoints.json`.
    pub fn to_endpoint(&self) -> Endpoint {
        let Self { endpoint, access_key, secret_key, region } = self;
        Endpoint::new(
            Self::NAME,
            endpoint,
            [("access_key", access_key.as_str()), ("secret_key", secret_key.as_str()), ("region", region.as_str())],
        )
    }

    /// `s3.env`: for shells, read with `. FILE`. `bundle` holds the authority of the port's certificate, where clients do not know it.
    fn shell_settings(&self, bundle: Option<&Path>) -> String {
        let Self { endpoint, access_key, secret_key, region } = self;
        format!(
            "# S3 settings of this home's gateway, for rclone (remote `depin:`) and the AWS tools. Read with: . s3.env\n\
             export AWS_ENDPOINT_URL='{endpoint}' AWS_ACCESS_KEY_ID='{access_key}' AWS_SECRET_ACCESS_KEY='{secret_key}' AWS_DEFAULT_REGION='{region}'\n\
             export RCLONE_CONFIG_DEPIN_TYPE=s3 RCLONE_CONFIG_DEPIN_PROVIDER=Other RCLONE_CONFIG_DEPIN_ENDPOINT='{endpoint}'\n\
             export RCLONE_CONFIG_DEPIN_ACCESS_KEY_ID='{access_key}' RCLONE_CONFIG_DEPIN_SECRET_ACCESS_KEY='{secret_key}' RCLONE_CONFIG_DEPIN_REGION='{region}'\n\
             {}\n",
            match (bundle, endpoint.starts_with("https://")) {
                (Some(bundle), true) => {
                    let bundle = bundle.display().to_string().replace('\'', r"'\''");
                    format!("export AWS_CA_BUNDLE='{bundle}' RCLONE_CA_CERT='{bundle}'")
                }
                (None, true) =>
                    "# The certificate is one that clients know; else set AWS_CA_BUNDLE to its authority's.".to_owned(),
                (_, false) => {
                    "# A certificate bundle set for other endpoints keeps some clients from starting.\nunset AWS_CA_BUNDLE"
                        .to_owned()
                }
            }
        )
    }
}

impl S3Access {
    /// `s3cmd.conf`: buckets stand in paths, since there is no name for each of them.
    fn s3cmd_settings(&self, bundle: Option<&Path>) -> String {
        let Self { endpoint, access_key, secret_key, region } = self;
        let (https, host) = match endpoint.split_once("://") {
            Some((scheme, host)) => (scheme == "https", host.trim_end_matches('/')),
            None => (false, endpoint.as_str()),
        };
        let authority =
            bundle.filter(|_| https).map_or_else(String::new, |bundle| format!("ca_certs_file = {}\n", bundle.display()));
        let use_https = if https { "True" } else { "False" };
        format!(
            "# S3 settings of this home's gateway, for s3cmd: s3cmd -c {S3CMD_FILE} ls\n[default]\naccess_key = {access_key}\nsecret_key = {secret_key}\n\
             host_base = {host}\nhost_bucket = {host}\nbucket_location = {region}\nuse_https = {use_https}\nsignature_v2 = False\n{authority}"
        )
    }
}

/// The file of certificates that S3 clients need for this port: its own where that signed itself, else what the owner trusts.
fn bundle(tls: Option<&Tls>, trust: &Trust) -> Option<PathBuf> {
    let tls = tls?;
    let file = if tls.is_own_authority() { tls.certificate()? } else { trust.authorities()? };
    std::path::absolute(file).ok()
}

impl S3Gateway {
    /// Starts the home's gateway on its port; `own` is where the home's own providers are.
    pub(super) async fn start(site: &mut Site<'_>, params: StorageParams, own: &[Operator]) -> Result<Self> {
        let folder = folder(site.home);
        // Before keys are made: those of a gateway whose folder is gone are gone with it.
        if !site.options.new_store && site.home.has_lost(FOLDER, "meta.db")? {
            return Err(not_started(GatewayError::lost(&folder, "is gone")));
        }
        let keys = S3Keys::read_or_make(&folder)?;
        let config = Config {
            listen: site.ports.named(S3Access::NAME)?,
            region: REGION.to_owned(),
            floor: Floor::new(&folder, site.options.disk_floor),
            tls: site.options.tls.clone(),
            keyring: site.home.keyring().clone(),
            new_store: site.options.new_store,
            ..Config::new(folder, keys.access_key.clone(), keys.secret_key.clone())
        };
        let key = site.home.load_key(&site.home.key(home::CUSTOMER))?;
        let market = LedgerMarket::new(Sender::new(site.client.clone(), key.clone()), site.rules(), params);
        let reach = site.reach(own.iter().filter_map(|operator| operator.url.split_once("://")?.1.parse().ok()));
        let handle = start(config, key, Arc::new(market), site.genesis.chain_id, reach, &site.trust).await?;
        site.home.keep_begun(FOLDER)?;
        let access = keys.access(site.url(handle.address()), REGION);
        let bundle = bundle(site.options.tls.as_ref(), &site.trust);
        files::write(
            &site.home.path().join(SHELL_FILE),
            access.shell_settings(bundle.as_deref()).as_bytes(),
            files::Readers::Owner,
        )?;
        files::write(
            &site.home.path().join(S3CMD_FILE),
            access.s3cmd_settings(bundle.as_deref()).as_bytes(),
            files::Readers::Owner,
        )?;
        Ok(Self { handle, access })
    }
}

#[async_trait]
impl Part for S3Gateway {
    fn name(&self) -> &'static str {
        "the gateway"
    }

    /// Resolves when nothing can be written any more, or nothing listens on its address: it has no way of its own to say that its server
    /// ended.
    async fn failed(&self) -> Error {
        tokio::select! {
            why = self.handle.failed() => Error::failed(format_args!("the S3 gateway failed: {why}")),
            () = self.is_gone() => Error::failed("the S3 gateway does not listen any more"),
        }
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        vec![self.access.to_endpoint()]
    }

    async fn stop(self: Box<Self>) {
        self.handle.stop().await;
    }
}

impl S3Gateway {
    /// Resolves when nothing listens on its address.
    async fn is_gone(&self) {
        let mut refused = 0;
        while refused < REFUSALS {
            time::sleep(LOOK).await;
            // Only a refused connection says that nobody is there; a busy machine may be slow in every other way.
            let connected = tokio::net::TcpStream::connect(reached(self.handle.address())).await;
            let gone = matches!(connected, Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused);
            refused = if gone { refused + 1 } else { 0 };
        }
    }
}

/// Where something that listens everywhere is reached from this machine.
fn reached(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    address
}

/// Starts a gateway whose uploads `key` signs and whose deals `market` makes, with providers within `reach`.
///
/// # Errors
/// Refused for a folder in use or wrong settings; broken when it cannot listen or read its folder.
pub async fn start(
    config: Config,
    key: SigningKey,
    market: Arc<dyn Market>,
    chain_id: Name,
    reach: Reach,
    trust: &Trust,
) -> Result<Handle> {
    let clock = Arc::new(SystemClock);
    let shards = HttpShards::new(Arc::new(key), clock.clone(), chain_id.as_str(), reach, trust);
    let shards = shards.map_err(|error| Error::broken("gateway", error))?;
    Gateway::start(config, Arc::new(shards), market, clock).await.map_err(not_started)
}

/// Why a gateway does not start, for people.
fn not_started(error: GatewayError) -> Error {
    if let GatewayError::Key(KeyError::Locked(error)) = error {
        return home::unusable(error);
    }
    let lost = matches!(error, GatewayError::Lost { .. } | GatewayError::Map(_) | GatewayError::Key(_));
    let refused = lost || matches!(error, GatewayError::Config(_) | GatewayError::Busy { .. });
    Error {
        kind: if refused { Kind::Refused } else { Kind::Broken },
        code: if lost { LOST.to_owned() } else { "gateway".to_owned() },
        message: format!("the S3 gateway does not start: {error}"),
        hint: error.hint().to_owned(),
    }
}

/// S3 keys of a gateway, made on its first start: `account.json` in its folder.
#[derive(Clone, Serialize, Deserialize)]
pub struct S3Keys {
    /// Access key id.
    pub access_key: String,
    /// Secret access key.
    pub secret_key: String,
    /// Follows from both, to notice when one of them was changed by accident; may be left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
}

impl S3Keys {
    /// What follows from both keys, and tells neither.
    fn check_of(&self) -> String {
        hex::encode(&Sha256::digest(format!("s3 keys\n{}\n{}", self.access_key, self.secret_key))[..4])
    }

    /// Reads a gateway's S3 keys, or makes them.
    ///
    /// # Errors
    /// Broken when the file cannot be read or written, or is not what was written.
    pub fn read_or_make(folder: &Path) -> Result<Self> {
        let path = folder.join("account.json");
        if let Some(keys) = files::read_json::<Self>(&path)? {
            if keys.check.as_ref().is_some_and(|check| *check != keys.check_of()) {
                return Err(Error::broken(
                    "damaged",
                    format_args!("{} is damaged: its keys and its check do not belong together", path.display()),
                )
                .hint("restore it from a copy; or, where the keys were changed on purpose, delete the line `check`"));
            }
            return Ok(keys);
        }
        std::fs::create_dir_all(folder).map_err(|error| Error::file("create", folder, &error))?;
        let access_key = format!("DEPIN{}", symbols(15, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"));
        let mut keys = Self { access_key, secret_key: symbols(40, SECRET), check: None };
        keys.check = Some(keys.check_of());
        files::write_json(&path, &keys, files::Readers::Owner)?;
        Ok(keys)
    }

    /// The same with where the gateway is.
    pub fn access(self, endpoint: String, region: &str) -> S3Access {
        S3Access { endpoint, access_key: self.access_key, secret_key: self.secret_key, region: region.to_owned() }
    }
}

/// Letters and digits only: a secret with a slash or a plus needs quoting in too many places.
const SECRET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

fn symbols(count: usize, alphabet: &[u8]) -> String {
    (0..count).map(|_| char::from(alphabet[rand::random_range(0..alphabet.len())])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s3_keys_are_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let first = S3Keys::read_or_make(&folder.path().join("gateway")).unwrap();
        let second = S3Keys::read_or_make(&folder.path().join("gateway")).unwrap();
        assert_eq!((first.access_key.len(), first.secret_key.len()), (20, 40));
        assert_eq!(first.secret_key, second.secret_key);
    }

    #[test]
    fn a_letter_of_an_s3_key_that_changed_is_told_and_keys_of_ones_own_are_taken() {
        let folder = tempfile::tempdir().unwrap();
        let keys = S3Keys::read_or_make(folder.path()).unwrap();
        let path = folder.path().join("account.json");
        let text = std::fs::read_to_string(&path).unwrap();
        let changed = keys.secret_key.replacen(|_| true, if keys.secret_key.starts_with('A') { "B" } else { "A" }, 1);
        std::fs::write(&path, text.replace(&keys.secret_key, &changed)).unwrap();
        let error = S3Keys::read_or_make(folder.path()).err().unwrap();
        assert!(error.code == "damaged" && error.message.contains("account.json") && error.hint.contains("`check`"), "{error:?}");
        std::fs::write(&path, r#"{"access_key": "MINE", "secret_key": "my own"}"#).unwrap();
        assert_eq!(S3Keys::read_or_make(folder.path()).unwrap().access_key, "MINE");
    }

    #[test]
    fn shells_are_told_which_certificate_to_trust_and_of_none_without_tls() {
        let keys = || S3Keys { access_key: "A".into(), secret_key: "B".into(), check: None };
        let settings = |url: &str, bundle| keys().access(url.into(), REGION).shell_settings(bundle);
        let text = settings("https://127.0.0.1:4611", Some(Path::new("/it's/chain.pem")));
        assert!(text.contains(r"AWS_CA_BUNDLE='/it'\''s/chain.pem' RCLONE_CA_CERT='/it'\''s/chain.pem'"), "{text}");
        let text = settings("https://s3.example", None);
        assert!(!text.contains("export AWS_CA_BUNDLE") && !text.contains("unset"), "{text}");
        assert!(settings("http://127.0.0.1:4611", None).contains("unset AWS_CA_BUNDLE"));
    }

    #[test]
    fn what_a_client_needs_is_found_again_among_the_endpoints() {
        let keys = S3Keys { access_key: "A".into(), secret_key: "B".into(), check: None };
        let access = keys.access("http://127.0.0.1:4611".into(), REGION);
        let other = Endpoint::new("other", "http://127.0.0.1:1", []);
        assert_eq!(S3Access::find(&[other.clone(), access.to_endpoint()]), Some(access));
        assert_eq!(S3Access::find(&[other]), None);
    }

    #[test]
    fn s3cmd_is_told_host_keys_and_whether_the_port_is_secured() {
        let keys = || S3Keys { access_key: "A".into(), secret_key: "B".into(), check: None };
        let plain = keys().access("http://127.0.0.1:4611".into(), REGION).s3cmd_settings(None);
        for line in [
            "[default]",
            "access_key = A",
            "secret_key = B",
            "host_base = 127.0.0.1:4611",
            "host_bucket = 127.0.0.1:4611",
            "use_https = False",
        ] {
            assert!(plain.lines().any(|own| own == line), "{line} is missing in:\n{plain}");
        }
        let secured = keys().access("https://store.example:4611".into(), REGION).s3cmd_settings(Some(Path::new("/etc/ca.pem")));
        assert!(secured.contains("use_https = True\n") && secured.contains("ca_certs_file = /etc/ca.pem\n"), "{secured}");
    }
}
