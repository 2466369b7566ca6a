//! Who is let in.

use crate::{
    desk::{deployment, lease, manifest},
    world::{GENERATION, PROVIDER, STRANGER, TENANT, World, chain, claims, key, now, token, told},
};
use depin_client::lease::{
    Access, Claims, DeploymentPermission, GatewayError, LIFETIME, LeaseRef, Leases, LogQuery, Pass, Permission, Scope,
    ShellQuery, mint,
};
use std::sync::atomic::Ordering;

const STATUS: &str = "/lease/7/1/1/status";

fn bearer(claims: &Claims) -> String {
    format!("Bearer {}", token(claims))
}

#[tokio::test]
async fn without_a_token_only_the_provider_itself_is_seen() {
    let world = World::start().await;
    for path in ["/version", "/address", "/status", "/health"] {
        assert_eq!(world.asked(path, None).await.0, 200, "{path}");
    }
    let lease = "/lease/7/1/1";
    for rest in ["manifest", "status", "kubeevents", "logs", "shell", "service/web/status"] {
        assert_eq!(world.asked(&format!("{lease}/{rest}"), None).await, (401, "no-token".to_owned()), "{rest}");
    }
    let put = world.http.put(format!("{}/deployment/7/manifest", world.url)).body(manifest().to_json());
    assert_eq!(told(put.send().await.unwrap()).await, (401, "no-token".to_owned()));
}

#[tokio::test]
async fn a_header_that_is_no_bearer_token_is_refused_and_two_are() {
    let world = World::start().await;
    let good = token(&claims(Leases::full()));
    // The first letter of the signature is another one.
    let (front, signature) = good.rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("Bearer {front}.{other}{}", &signature[1..]);
    for (shown, code) in [
        ("Basic dXNlcjpwYXNz", "bad-header"),
        ("Bearer", "bad-header"),
        ("Bearer a.b.c", "bad-token"),
        (&format!("Bearer {good}x"), "bad-token"),
        (&*forged, "bad-signature"),
        (&format!("Token {good}"), "bad-header"),
    ] {
        assert_eq!(world.asked(STATUS, Some(shown)).await, (401, code.to_owned()), "{shown}");
    }
    assert_eq!(world.asked(STATUS, Some(&format!("bearer {good}"))).await.0, 200);
    let both = world.http.get(format!("{}{STATUS}", world.url)).header("authorization", format!("Bearer {good}"));
    let both = both.header("authorization", format!("Bearer {good}"));
    assert_eq!(told(both.send().await.unwrap()).await, (401, "bad-header".to_owned()));
}

#[tokio::test]
async fn a_token_is_good_in_its_time_at_its_provider_on_its_chain_until_it_is_revoked() {
    let world = World::start().await;
    let good = claims(Leases::full());
    let early = Claims { iat: now() + 3_000, nbf: now() + 3_000, exp: now() + 3_600, ..good.clone() };
    let late = Claims { iat: now() - 1_000, nbf: now() - 1_000, exp: now() - 100, ..good.clone() };
    let long = Claims { exp: now() + 4_000, ..good.clone() };
    let elsewhere = Claims { aud: key(STRANGER).address(), ..good.clone() };
    let other = Claims { chain: depin_quantity::Name::literal("main-1"), ..good.clone() };
    let before = Claims { generation: GENERATION - 1, ..good.clone() };
    for (claims, code) in [
        (early, "token-early"),
        (late, "token-expired"),
        (long, "token-too-long"),
        (elsewhere, "other-provider"),
        (other, "other-chain"),
        (before, "token-revoked"),
    ] {
        assert_eq!(world.asked(STATUS, Some(&bearer(&claims))).await, (401, code.to_owned()));
    }
    assert_eq!(world.asked(STATUS, Some(&bearer(&good))).await.0, 200);
    world.ledger.0.store(GENERATION + 1, Ordering::SeqCst);
    assert_eq!(world.asked(STATUS, Some(&bearer(&good))).await, (401, "token-revoked".to_owned()));
    world.ledger.0.store(u64::MAX, Ordering::SeqCst);
    assert_eq!(world.asked(STATUS, Some(&bearer(&good))).await, (503, "unavailable".to_owned()), "nobody knows");
}

#[tokio::test]
async fn a_clock_that_is_off_by_less_than_the_leeway_lets_tenants_in_and_one_that_is_off_by_more_says_so() {
    for (off, code) in [(20, ""), (-20, ""), (-300, "token-early"), (2_000, "token-expired")] {
        let world = World::with(None, off).await;
        assert_eq!(world.asked(STATUS, Some(&bearer(&claims(Leases::full())))).await.1, code, "{off}");
        world.stop().await;
    }
}

#[tokio::test]
async fn a_stranger_has_no_part_in_the_tenants_lease_whatever_it_signs() {
    let world = World::start().await;
    let stranger = Pass::Key { key: Box::new(key(STRANGER)), chain: chain(), generation: GENERATION };
    let client = world.client(stranger);
    let here = LeaseRef::from(lease());
    let status = client.lease_status(here).await.unwrap_err();
    assert_eq!(status.code(), Some("no-lease"), "its own lease of that number, which is not there");
    let query = ShellQuery { service: "web".to_owned(), command: vec!["sh".to_owned()], ..ShellQuery::default() };
    assert_eq!(client.shell(here, &query).await.map(drop).unwrap_err().code(), Some("no-lease"));
    assert_eq!(client.send_manifest(7, &manifest()).await.unwrap_err().code(), Some("no-deployment"));
    // In the tenant's name, by the stranger's key.
    let forged = mint(&key(STRANGER), &claims(Leases::full())).unwrap();
    let error = world.guest(forged).shell(here, &query).await.map(drop).unwrap_err();
    assert_eq!(error.code(), Some("bad-signature"));
    assert!(world.desk.commands.lock().unwrap().is_empty());
}

/// What each scope lets one do, and nothing else does.
#[tokio::test]
async fn each_scope_opens_its_own_door_and_no_other() {
    let world = World::start().await;
    let here = LeaseRef::from(lease());
    for scope in Scope::ALL {
        let leases = Leases { access: Access::Scoped, scope: vec![scope], permissions: vec![] };
        let guest = world.guest(token(&claims(leases)));
        let shell =
            ShellQuery { service: "web".to_owned(), command: vec!["exit".to_owned(), "0".to_owned()], ..ShellQuery::default() };
        let results: [(Scope, Result<(), GatewayError>); 6] = [
            (Scope::SendManifest, guest.send_manifest(7, &manifest()).await),
            (Scope::GetManifest, guest.manifest(here).await.map(drop)),
            (Scope::Logs, guest.logs(here, &LogQuery::default()).await.map(drop)),
            (Scope::Shell, guest.shell(here, &shell).await.map(drop)),
            (Scope::Events, guest.events(here, false).await.map(drop)),
            (Scope::Status, guest.lease_status(here).await.map(drop)),
        ];
        for (of, result) in results {
            let code = result.as_ref().err().and_then(GatewayError::code);
            assert_eq!(code, if of == scope { None } else { Some("not-allowed") }, "{scope} at {of}");
        }
        assert!(guest.service_status(here, "web").await.is_ok(), "whoever may do anything with a lease sees how a service is");
    }
}

#[tokio::test]
async fn a_guest_of_one_service_sees_and_touches_that_one_alone() {
    let world = World::start().await;
    let here = LeaseRef::from(lease());
    let scope = vec![Scope::Logs, Scope::Shell, Scope::Status, Scope::Events, Scope::GetManifest];
    let web = DeploymentPermission { dseq: 7, scope, gseq: 1, oseq: 0, services: vec!["web".to_owned()] };
    let at = Permission { provider: key(PROVIDER).address(), access: Access::Granular, scope: vec![], deployments: vec![web] };
    let leases = Leases { access: Access::Granular, scope: vec![], permissions: vec![at] };
    let guest = world.guest(token(&claims(leases)));
    let status = guest.lease_status(here).await.unwrap();
    assert_eq!(status.services.keys().collect::<Vec<_>>(), ["web"]);
    let manifest = guest.manifest(here).await.unwrap();
    assert_eq!(manifest.services.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["web"], "no secrets of others");
    let mut logs = guest.logs(here, &LogQuery { tail: Some(1), ..LogQuery::default() }).await.unwrap();
    while let Some(line) = logs.next().await.unwrap() {
        assert!(line.name.starts_with("web-"), "{line:?}");
    }
    let mut events = guest.events(here, false).await.unwrap();
    while let Some(event) = events.next().await.unwrap() {
        assert!(event.object.name.starts_with("web-"), "{event:?}");
    }
    let named = LogQuery { services: vec!["db".to_owned()], ..LogQuery::default() };
    assert_eq!(guest.logs(here, &named).await.map(drop).unwrap_err().code(), Some("not-allowed"));
    let shell = ShellQuery { service: "db".to_owned(), command: vec!["sh".to_owned()], ..ShellQuery::default() };
    assert_eq!(guest.shell(here, &shell).await.map(drop).unwrap_err().code(), Some("not-allowed"));
    assert_eq!(guest.service_status(here, "db").await.map(drop).unwrap_err().code(), Some("not-allowed"));
    let other = LeaseRef { dseq: 8, ..here };
    assert_eq!(guest.lease_status(other).await.unwrap_err().code(), Some("not-allowed"));
}

#[tokio::test]
async fn the_tenants_own_tokens_last_a_quarter_of_an_hour() {
    let own = claims(Leases::full());
    assert_eq!(own.exp - own.iat, LIFETIME.as_secs());
    assert_eq!((own.iss, own.aud), (key(TENANT).address(), key(PROVIDER).address()));
    assert_eq!(deployment().owner, own.iss);
}
