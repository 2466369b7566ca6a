//! TLS: whose certificate is taken for the provider's.

use crate::{
    desk::lease,
    world::{GENERATION, PROVIDER, STRANGER, TENANT, World, chain, key},
};
use depin_client::{
    Reach, Trust,
    lease::{Gateway, GatewayError, LeaseRef, LogQuery, Pass},
};
use depin_provider::leasing::gateway::{self, own_tls};
use depin_serve::Tls;
use std::{fs, os::unix::fs::PermissionsExt as _};

fn pass() -> Pass {
    Pass::Key { key: Box::new(key(TENANT)), chain: chain(), generation: GENERATION }
}

#[tokio::test]
async fn the_gateway_is_known_by_its_accounts_key_and_needs_no_authority() {
    let tls = own_tls(&key(PROVIDER), &["provider.example".to_owned()]).unwrap();
    let world = World::with(Some(tls), 0).await;
    assert!(world.url.starts_with("https://127.0.0.1"));
    let here = LeaseRef::from(lease());
    let tenant = world.tenant();
    assert!(tenant.lease_status(here).await.is_ok());
    let mut logs = tenant.logs(here, &LogQuery { tail: Some(1), ..LogQuery::default() }).await.unwrap();
    assert!(logs.next().await.unwrap().is_some(), "WebSockets too");
}

#[tokio::test]
async fn whoever_shows_another_key_gets_no_token() {
    let tls = own_tls(&key(STRANGER), &["127.0.0.1".to_owned()]).unwrap();
    let world = World::with(Some(tls), 0).await;
    let error = world.tenant().lease_status(LeaseRef::from(lease())).await.unwrap_err();
    let GatewayError::Tls { why, .. } = &error else { panic!("{error}") };
    assert!(why.contains(&key(PROVIDER).address().to_string()), "{why}");
}

#[tokio::test]
async fn a_certificate_that_an_authority_vouches_for_is_as_good() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, secret) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    fs::write(&certificate, made.cert.pem()).unwrap();
    fs::write(&secret, made.signing_key.serialize_pem()).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let world = World::with(Some(Tls::read(&certificate, &secret).unwrap()), 0).await;
    let here = LeaseRef::from(lease());
    assert!(matches!(world.tenant().lease_status(here).await, Err(GatewayError::Tls { .. })));
    let trust = Trust::default().with_authorities(&certificate).unwrap();
    let client = Gateway::new(&world.url, key(PROVIDER).address(), pass(), &trust, &Reach::local()).unwrap();
    assert!(client.lease_status(here).await.is_ok());
}

#[tokio::test]
async fn plain_http_is_spoken_to_this_machine_only() {
    let new = |url: &str, reach: &Reach| Gateway::new(url, key(PROVIDER).address(), pass(), &Trust::default(), reach).map(drop);
    assert!(new("http://127.0.0.1:8443", &Reach::local()).is_ok());
    let error = new("http://provider.example:8443", &Reach::public()).unwrap_err().to_string();
    assert!(error.contains("plain HTTP"), "{error}");
    assert!(new("https://provider.example:8443", &Reach::public()).is_ok());
    let error = new("https://10.0.0.1:8443", &Reach::public()).unwrap_err().to_string();
    assert!(error.contains("private address"), "{error}");
    let refused = gateway::Gateway::bind("0.0.0.0:0".parse().unwrap(), None).await.unwrap_err();
    assert!(refused.to_string().contains("plain HTTP"), "{refused}");
}
