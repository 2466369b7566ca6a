//! Whose certificates the client trusts, against real ports.

use axum::{Router, routing::get};
use depin_client::{Client, ClientConfig, ClientError, Trust};
use depin_serve::{Limits, Listener, Port, Tls, json, serve};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

/// An authority with its certificate in a file.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    fn new(folder: &Path, name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let file = folder.join(format!("{name}.ca"));
        fs::write(&file, issuer.pem()).unwrap();
        Self { issuer, file }
    }

    /// A server's certificate for those names.
    fn sign(&self, folder: &Path, name: &str, params: CertificateParams) -> Tls {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        write(folder, name, &certificate.pem(), &key)
    }
}

fn write(folder: &Path, name: &str, certificate: &str, key: &KeyPair) -> Tls {
    let (cert_file, key_file) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
    fs::write(&cert_file, certificate).unwrap();
    fs::write(&key_file, key.serialize_pem()).unwrap();
    fs::set_permissions(&key_file, fs::Permissions::from_mode(0o600)).unwrap();
    Tls::read(cert_file, key_file).unwrap()
}

fn names(names: &[&str]) -> CertificateParams {
    CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap()
}

/// A port that is well; gives its number.
async fn port(tls: Option<Tls>) -> u16 {
    let listener = Listener::bind("127.0.0.1:0", tls).await.unwrap();
    let number = listener.local_addr().unwrap().port();
    let router = Router::new().route("/health", get(|| async { "well" }));
    tokio::spawn(serve(listener, router, Port::new("test", Limits::default(), json), std::future::pending()));
    number
}

async fn health(url: &str, trust: Trust) -> Result<(), ClientError> {
    let config = ClientConfig { trust, attempts: 1, request_timeout: Duration::from_secs(30), ..ClientConfig::default() };
    Client::with_config(url, config).unwrap().health().await
}

async fn told(url: &str, trust: Trust) -> String {
    let error = health(url, trust).await.unwrap_err();
    assert!(matches!(error, ClientError::Tls { .. }), "{error:?}");
    error.to_string()
}

fn trusting(file: &Path) -> Trust {
    Trust::default().with_authorities(file).unwrap()
}

#[tokio::test]
async fn a_named_authority_is_trusted_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (own, other) = (Authority::new(folder.path(), "own"), Authority::new(folder.path(), "other"));
    let port = port(Some(own.sign(folder.path(), "server", names(&["localhost", "127.0.0.1"])))).await;
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("https://{host}:{port}");
        health(&url, trusting(&own.file)).await.unwrap();
        let error = told(&url, trusting(&other.file)).await;
        assert!(error.contains("signed by nobody that is trusted here") && error.contains("--tls-ca"), "{error}");
        assert!(told(&url, Trust::default()).await.contains("not trusted"), "nobody named it");
    }
}

#[tokio::test]
async fn a_certificate_of_another_name_or_another_time_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let own = Authority::new(folder.path(), "own");
    let elsewhere = port(Some(own.sign(folder.path(), "elsewhere", names(&["node.example"])))).await;
    let error = told(&format!("https://localhost:{elsewhere}"), trusting(&own.file)).await;
    assert!(error.contains("for another name") && error.contains("node.example"), "{error}");
    let mut params = names(&["localhost"]);
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    let expired = port(Some(own.sign(folder.path(), "expired", params))).await;
    let error = told(&format!("https://localhost:{expired}"), trusting(&own.file)).await;
    assert!(error.contains("has expired"), "{error}");
}

#[tokio::test]
async fn one_that_signs_itself_is_trusted_where_it_is_named_for_its_names_only() {
    let folder = tempfile::tempdir().unwrap();
    for (name, is_ca) in [("plain", IsCa::NoCa), ("authority", IsCa::Ca(BasicConstraints::Unconstrained))] {
        let mut params = names(&["localhost"]);
        params.is_ca = is_ca;
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let port = port(Some(write(folder.path(), name, &certificate.pem(), &key))).await;
        let file = folder.path().join(format!("{name}.pem"));
        health(&format!("https://localhost:{port}"), trusting(&file)).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(told(&format!("https://127.0.0.1:{port}"), trusting(&file)).await.contains("another name"), "{name}");
        let error = told(&format!("https://localhost:{port}"), Trust::default()).await;
        assert!(error.contains("--tls-ca"), "{name}: {error}");
    }
}

#[tokio::test]
async fn ones_own_certificate_is_known_by_its_bytes_and_followed_when_it_is_renewed() {
    let folder = tempfile::tempdir().unwrap();
    let own = Authority::new(folder.path(), "own");
    let first = port(Some(own.sign(folder.path(), "own", names(&["node.example"])))).await;
    let trust = Trust::default().with_own(folder.path().join("own.pem"));
    let url = |port: u16| format!("https://127.0.0.1:{port}");
    health(&url(first), trust.clone()).await.unwrap();
    let second = port(Some(own.sign(folder.path(), "own", names(&["node.example"])))).await;
    health(&url(second), trust.clone()).await.unwrap();
    assert!(told(&url(first), trust.clone()).await.contains("not trusted"), "the one before is not its own any more");
    let stranger = port(Some(own.sign(folder.path(), "stranger", names(&["node.example"])))).await;
    told(&url(stranger), trust).await;
}

#[tokio::test]
async fn plain_http_and_tls_that_meet_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let own = Authority::new(folder.path(), "own");
    let (plain, secured) = (port(None).await, port(Some(own.sign(folder.path(), "server", names(&["localhost"])))).await);
    let error = told(&format!("https://localhost:{plain}"), trusting(&own.file)).await;
    assert!(error.contains("does not speak TLS"), "{error}");
    let error = health(&format!("http://localhost:{secured}"), Trust::default()).await.unwrap_err();
    assert_eq!(error.code(), Some("tls"));
    assert!(error.to_string().contains("this port speaks TLS") && error.to_string().contains("https://"), "{error}");
    health(&format!("http://localhost:{plain}"), Trust::default()).await.unwrap();
}

#[test]
fn a_file_without_certificates_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let told = || Trust::default().with_authorities(&file).unwrap_err().to_string();
    assert!(told().contains("cannot read"));
    fs::write(&file, "no certificate").unwrap();
    assert!(told().contains("there is none in it"));
    fs::write(&file, "-----BEGIN CERTIFICATE-----\nAAAA").unwrap();
    assert!(told().contains("was cut"));
}
