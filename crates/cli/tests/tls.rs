//! TLS with the real binary: a whole network, and a provider and a gateway in processes of their own, under an authority made here.

mod support;

use depin_client::Trust;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::Value;
use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use support::{
    at, depin,
    network::{Daemon, S3, Up, content, s3_of, until},
    run,
};

/// Longest wait for deals.
const PATIENCE: Duration = Duration::from_secs(120);
/// The time that a handshake and the first head have together, and what a busy machine adds.
const HEAD_TIME: Duration = Duration::from_secs(15);
const SLACK: Duration = Duration::from_secs(20);

/// An authority, and files that it signed.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
    name: &'static str,
}

impl Authority {
    fn new(folder: &Path, name: &'static str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let own = Self { issuer, folder: folder.to_owned(), name };
        fs::write(own.file("ca"), own.issuer.pem()).unwrap();
        own
    }

    fn file(&self, what: &str) -> String {
        self.folder.join(format!("{}.{what}", self.name)).to_str().unwrap().to_owned()
    }

    /// Flags that serve a certificate for these names.
    fn serve(&self, what: &str, names: &[&str]) -> [String; 4] {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let (cert_file, key_file) = (self.file(&format!("{what}.pem")), self.file(&format!("{what}.key")));
        fs::write(&cert_file, certificate.pem() + &self.issuer.pem()).unwrap();
        fs::write(&key_file, key.serialize_pem()).unwrap();
        fs::set_permissions(&key_file, fs::Permissions::from_mode(0o600)).unwrap();
        ["--tls-cert".to_owned(), cert_file, "--tls-key".to_owned(), key_file]
    }

    fn trust(&self) -> Trust {
        Trust::default().with_authorities(self.file("ca").as_ref()).unwrap()
    }
}

/// How long a port keeps a connection that says this and nothing more.
fn left_open(address: &str, said: &[u8]) -> Duration {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(HEAD_TIME + SLACK * 2)).unwrap();
    stream.write_all(said).unwrap();
    let begun = Instant::now();
    let _ = stream.read_to_end(&mut Vec::new());
    begun.elapsed()
}

/// A key with tokens.
fn funded(home: &Path, folder: &Path, name: &str) -> PathBuf {
    let file = folder.join(format!("{name}.account"));
    let made = at(home, &["wallet", "new", name, "--file", file.to_str().unwrap(), "--json"]).json();
    at(home, &["transfer", "--from", "faucet", "--to", made["address"].as_str().unwrap(), "--amount", "1000 FIL"]).done();
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn node_providers_and_gateways_speak_tls_and_refuse_whom_nobody_signed() {
    let folder = tempfile::tempdir().unwrap();
    let (own, other) = (Authority::new(folder.path(), "own"), Authority::new(folder.path(), "other"));
    let home = folder.path().join("net");
    // The parts of one process trust its certificate although it names none of their addresses.
    let flags = own.serve("up", &["depin.example", "localhost"]);
    let mut args = vec!["--providers", "3"];
    args.extend(flags.iter().map(String::as_str));
    let (up, endpoints) = Up::start(&home, &args).await;
    assert_eq!(endpoints["tls_certificate"], flags[1].as_str());
    let api = endpoints["api"].as_str().unwrap();
    let all = [api, s3_of(&endpoints)["url"].as_str().unwrap(), endpoints["providers"][0]["url"].as_str().unwrap()];
    for url in all {
        assert!(url.starts_with("https://127.0.0.1:"), "{url}");
    }
    // Those who keep their handshakes waiting, meanwhile.
    let slow = all.map(|url| {
        let address = url.trim_start_matches("https://").to_owned();
        std::thread::spawn(move || left_open(&address, &[22, 3, 1, 2, 0, 1]))
    });
    at(&home, &["status"]).done();
    let file = folder.path().join("file");
    fs::write(&file, content(5, 300_000)).unwrap();
    at(&home, &["storage", "put", file.to_str().unwrap(), "demo/file"]).done();
    let copy = folder.path().join("copy");
    at(&home, &["storage", "get", "demo/file", copy.to_str().unwrap()]).done();
    assert_eq!(fs::read(&copy).unwrap(), content(5, 300_000));
    until(&home, &["storage", "deals", "--state", "active", "--json"], PATIENCE, |d| d["items"].as_array().unwrap().len() >= 3)
        .await;

    // From outside: under a name of the certificate, by whoever trusts its authority.
    let node = api.replace("127.0.0.1", "localhost");
    let ask = |ca: &str, node: &str| run(depin().args(["status", "--node", node, "--tls-ca", ca]));
    ask(&own.file("ca"), &node).done();
    run(depin().args(["status", "--node", &node]).env("DEPIN_TLS_CA", own.file("ca"))).done();
    for (ca, node, words) in [
        (own.file("ca"), api, "for another name"),
        (other.file("ca"), node.as_str(), "signed by nobody that is trusted"),
        (own.file("ca"), &node.replace("https", "http"), "speaks TLS"),
    ] {
        let told = ask(&ca, node);
        assert!(told.code != 0 && told.err.contains(words), "{words}: {} {}", told.code, told.err);
    }
    joins(&home, folder.path(), &node, &own, &other).await;
    for (slow, url) in slow.into_iter().zip(all) {
        let open = slow.join().unwrap();
        assert!(open > HEAD_TIME / 2 && open < HEAD_TIME + SLACK, "{url} kept a slow handshake for {open:?}");
    }
    up.stop().await;
}

/// A gateway and two providers in processes of their own, one of them with a certificate that the gateway does not trust.
async fn joins(home: &Path, folder: &Path, node: &str, own: &Authority, other: &Authority) {
    let ca = own.file("ca");
    let provider = |name: &str, by: &Authority| {
        let key = funded(home, folder, name);
        let mut command = depin();
        command.args(["--json", "--node", node, "--tls-ca", &ca, "provider", "storage", "--name", name, "--capacity", "10GiB"]);
        command.args(["--price", "0.0000000001 FIL", "--dir"]).arg(folder.join(name)).arg("--key-file").arg(key);
        Daemon::start(command.args(by.serve(name, &["localhost", "127.0.0.1"])))
    };
    let (garage, stranger) = (provider("garage", own), provider("stranger", other));
    assert!(garage.printed["url"].as_str().unwrap().starts_with("https://127.0.0.1:"));
    let mut command = depin();
    command.args(["--json", "--node", node, "--tls-ca", &ca, "gateway", "s3", "--local-network", "--copies", "1-of-1", "--dir"]);
    command.arg(folder.join("gateway")).arg("--key-file").arg(funded(home, folder, "payer"));
    let gateway = Daemon::start(command.args(own.serve("gateway", &["127.0.0.1"])));
    let s3 = S3::with(&gateway.printed, own.trust().http());
    assert!(s3.make_bucket("mine").await.unwrap().is_success());
    for seed in 0..4 {
        assert!(s3.put("mine", &format!("file-{seed}"), content(seed, 100_000)).await.unwrap().is_success());
        assert_eq!(s3.get("mine", &format!("file-{seed}")).await.unwrap().1, content(seed, 100_000));
    }
    let deals = |name: &str| at(home, &["storage", "deals", "--provider", name, "--json"]).json()["items"].clone();
    until(home, &["storage", "deals", "--provider", "garage", "--json"], PATIENCE, has_some).await;
    assert!(!has_some(&serde_json::json!({ "items": deals("stranger") })), "it got a shard: {:#}", deals("stranger"));
    let refused = S3::with(&gateway.printed, other.trust().http()).list_error("mine").await;
    assert!(refused.is_connect(), "{refused}");
    gateway.stop();
    garage.stop();
    stranger.stop();
}

fn has_some(deals: &Value) -> bool {
    deals["items"].as_array().is_some_and(|items| !items.is_empty())
}

#[test]
fn ports_beyond_loopback_are_warned_of_and_bad_certificates_refused_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let own = Authority::new(folder.path(), "own");
    let dir = folder.path().join("gateway");
    let gateway = |flags: &[&str]| {
        let node = ["--node", "http://127.0.0.1:1", "gateway", "s3", "--listen", "0.0.0.0:0", "--dir", dir.to_str().unwrap()];
        run(depin().args(node).args(flags))
    };
    let plain = gateway(&[]);
    assert!(plain.err.contains("warning:") && plain.err.contains("the content of objects"), "{}", plain.err);
    assert!(plain.err.contains("--tls-cert") && plain.err.contains("docs/security.md"), "{}", plain.err);
    let flags = own.serve("gateway", &["localhost"]);
    let secured = gateway(&flags.each_ref().map(String::as_str));
    assert!(!secured.err.contains("warning:"), "{}", secured.err);
    let (certificate, key) = (flags[1].as_str(), flags[3].as_str());
    for (flags, words) in [
        (vec!["--tls-cert", certificate], "--tls-key"),
        (vec!["--tls-cert", "/nowhere.pem", "--tls-key", key], "cannot read /nowhere.pem"),
        (vec!["--tls-cert", key, "--tls-key", key], "holds no certificate"),
        (vec!["--tls-cert", certificate, "--tls-key", certificate], "everybody on this machine can read"),
    ] {
        let told = gateway(&flags);
        assert!(told.code == 1 && told.err.contains(words), "{words}: {} {}", told.code, told.err);
    }
    assert!(!dir.exists());
}
