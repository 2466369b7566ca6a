//! Manifests and status, in upstream's shapes.

use crate::{
    desk::{lease, manifest},
    world::{PROVIDER, TENANT, World, chain, claims, key, token, told},
};
use depin_client::lease::{Access, LeaseRef, Leases, Scope, is_signed, sign_report};
use depin_provider::leasing::{
    DeskError,
    gateway::{IMAGE_PART_BYTES_MAX, MANIFEST_BYTES_MAX},
};
use depin_sandbox::RoomStatus;
use depin_services::leasing::AvailabilityReport;
use serde_json::{Value, json};

async fn put(world: &World, path: &str, body: impl Into<reqwest::Body>) -> (u16, String) {
    let request = world.http.put(format!("{}{path}", world.url)).bearer_auth(token(&claims(Leases::full())));
    told(request.body(body).send().await.unwrap()).await
}

#[tokio::test]
async fn the_provider_says_who_it_is_and_what_it_has() {
    let world = World::start().await;
    let get = |path: &'static str| {
        let request = world.http.get(format!("{}{path}", world.url));
        async move { request.send().await.unwrap().json::<Value>().await.unwrap() }
    };
    let address = crate::world::key(crate::world::PROVIDER).address().to_string();
    assert_eq!(get("/address").await, json!({ "address": address }));
    assert_eq!(
        get("/status").await,
        json!({
            "cluster": { "leases": 1, "inventory": { "available": [] } },
            "bidengine": { "orders": 2 },
            "manifest": { "deployments": 1 },
            "cluster_public_hostname": "apps.example",
            "reclamation_window": "3600s",
            "address": address,
        })
    );
    let version = get("/version").await;
    assert!(version["akash"]["version"].is_string() && version.get("kube").is_some());
}

#[tokio::test]
async fn a_manifest_is_taken_once_it_is_the_one_on_the_ledger() {
    let world = World::start().await;
    *world.desk.taken.lock().unwrap() = None;
    let tenant = world.tenant();
    let here = LeaseRef::from(lease());
    assert_eq!(tenant.manifest(here).await.unwrap_err().code(), Some("no-manifest"));
    assert_eq!(tenant.lease_status(here).await.unwrap_err().code(), Some("no-manifest"));
    tenant.send_manifest(7, &manifest()).await.unwrap();
    assert_eq!(world.desk.taken.lock().unwrap().as_ref(), Some(&manifest()));
    assert_eq!(tenant.manifest(here).await.unwrap(), manifest().groups[0]);
    let mut other = manifest();
    other.groups[0].services[0].image = "postgres:17".to_owned();
    let error = tenant.send_manifest(7, &other).await.unwrap_err();
    assert_eq!(error.code(), Some("hash-mismatch"));
    assert!(error.to_string().contains(&manifest().hash().to_string()), "{error}");
    assert_eq!(tenant.send_manifest(8, &manifest()).await.unwrap_err().code(), Some("no-deployment"));
}

#[tokio::test]
async fn parts_of_an_image_come_to_the_desk_and_are_bounded() {
    let world = World::start().await;
    let here = LeaseRef::from(lease());
    let part = world.tenant().push_image(here, "localhost/web:1", 3, 9, vec![1, 2]).await.unwrap();
    assert_eq!((part.have, part.whole), (5, false));
    assert!(world.tenant().push_image(here, "localhost/web:1", 5, 9, vec![0; 4]).await.unwrap().whole);
    let came = world.desk.parts.lock().unwrap().clone();
    assert_eq!((came[0].image.as_str(), came[0].at, came[0].of, came[0].bytes.as_ref()), ("localhost/web:1", 3, 9, &[1, 2][..]));
    let path = "/lease/7/1/1/image?name=a&at=0&of=9999999";
    assert_eq!(put(&world, path, vec![0; IMAGE_PART_BYTES_MAX + 1]).await, (413, "too-large".to_owned()));
    for wrong in ["name=a&at=0", "name=a&at=-1&of=2", "at=0&of=2"] {
        assert_eq!(put(&world, &format!("/lease/7/1/1/image?{wrong}"), "x").await, (400, "bad-query".to_owned()), "{wrong}");
    }
    let logs = Leases { access: Access::Scoped, scope: vec![Scope::Logs], permissions: vec![] };
    let refused = world.guest(token(&claims(logs))).push_image(here, "a", 0, 1, vec![1]).await.unwrap_err();
    assert_eq!(refused.code(), Some("not-allowed"));
}

#[tokio::test]
async fn what_is_no_manifest_is_refused_before_anybody_looks_at_it() {
    let world = World::start().await;
    let path = "/deployment/7/manifest";
    for body in ["", "{", "[{\"name\": 3}]", "null", "\u{fffd}"] {
        assert_eq!(put(&world, path, body).await, (422, "bad-manifest".to_owned()), "{body}");
    }
    assert_eq!(put(&world, path, vec![0xff, 0xfe]).await, (422, "bad-manifest".to_owned()));
    let deep = "[".repeat(100_000);
    assert_eq!(put(&world, path, deep).await, (422, "bad-manifest".to_owned()));
    assert_eq!(put(&world, path, vec![b' '; MANIFEST_BYTES_MAX + 1]).await, (413, "too-large".to_owned()));
    assert_eq!(put(&world, "/deployment/x/manifest", "[]").await, (400, "bad-path".to_owned()));
    let secret = r#"[{"name":"west","services":[{"name":"db","env":"PASSWORD=secret"}]}]"#;
    let answer = world.http.put(format!("{}{path}", world.url)).bearer_auth(token(&claims(Leases::full()))).body(secret);
    let said = answer.send().await.unwrap().text().await.unwrap();
    assert!(!said.contains("secret"), "{said}");
}

#[tokio::test]
async fn what_the_desk_refuses_has_a_status_and_a_code_of_its_own() {
    let world = World::start().await;
    for (error, wanted) in [
        (DeskError::HostTaken("a.example".to_owned()), (409, "host-taken")),
        (DeskError::Manifest("it asks for GPUs".to_owned()), (422, "manifest")),
        (DeskError::Refused("it has no terminals".to_owned()), (501, "not-offered")),
        (DeskError::Unavailable("the engine is away".to_owned()), (503, "unavailable")),
    ] {
        *world.desk.refuses.lock().unwrap() = Some(error);
        let (status, code) = put(&world, "/deployment/7/manifest", manifest().to_json()).await;
        assert_eq!((status, code.as_str()), wanted);
    }
}

#[tokio::test]
async fn a_lease_says_how_its_services_are_and_where_they_are_reached() {
    let world = World::start().await;
    let here = LeaseRef::from(lease());
    let status = world.tenant().lease_status(here).await.unwrap();
    let web = &status.services["web"];
    assert_eq!((web.total, web.available, web.replicas, web.ready_replicas, web.observed_generation), (2, 1, 2, 1, 4));
    assert_eq!(web.uris, ["a.apps.example"]);
    assert_eq!(web.instances[1].reason, "its port 80 does not answer yet");
    let port = &status.forwarded_ports["web"][0];
    assert_eq!((port.port, port.external_port, port.proto.as_str(), port.host.as_str()), (9000, 31_000, "TCP", "192.0.2.1"));
    assert!(status.errors.is_empty() && !status.forwarded_ports.contains_key("db"));
    world.desk.room.send_modify(|room: &mut RoomStatus| room.problem = Some("the engine is away".to_owned()));
    assert_eq!(world.tenant().lease_status(here).await.unwrap().errors, ["the engine is away"]);
    assert_eq!(world.tenant().service_status(here, "db").await.unwrap().available, 1);
    assert_eq!(world.tenant().service_status(here, "none").await.unwrap_err().code(), Some("no-service"));
    let other = LeaseRef { oseq: 2, ..here };
    assert_eq!(world.tenant().lease_status(other).await.unwrap_err().code(), Some("no-lease"));
}

#[tokio::test]
async fn other_paths_and_methods_are_told() {
    let world = World::start().await;
    assert_eq!(world.asked("/lease/7/1/1/nothing", None).await, (404, "no-route".to_owned()));
    let post = world.http.post(format!("{}/status", world.url)).send().await.unwrap();
    assert_eq!(told(post).await, (405, "no-method".to_owned()));
    let moved = world.http.post(format!("{}/hostname/migrate", world.url)).send().await.unwrap();
    assert_eq!(told(moved).await, (501, "not-offered".to_owned()));
    let good = format!("Bearer {}", token(&claims(Leases::full())));
    assert_eq!(world.asked("/lease/7/1/x/status", Some(&good)).await, (400, "bad-path".to_owned()));
    assert_eq!(world.asked("/lease/7/1/1/logs", Some(&good)).await, (426, "no-websocket".to_owned()));
}

#[tokio::test]
async fn a_report_of_availability_is_signed_or_refused_with_the_providers_words() {
    let world = World::start().await;
    let (here, tenant) = (LeaseRef::from(lease()), key(TENANT));
    let report = |answered| {
        let report = AvailabilityReport { lease: lease(), period: 0, probes: 10, answered };
        sign_report(&tenant, chain(), report)
    };
    let signed = world.tenant().report(here, &report(10)).await.unwrap();
    assert!(is_signed(&signed, chain()) && signed.key.address() == key(PROVIDER).address());
    let refused = world.tenant().report(here, &report(3)).await.unwrap_err();
    assert_eq!(refused.code(), Some("report-refused"));
    assert!(refused.to_string().contains("well all the time"), "{refused}");
    let path = "/lease/7/1/1/availability";
    for (body, code) in
        [("", "bad-report"), ("{}", "bad-report"), (&*"9".repeat(5_000), "bad-report"), ("nonsense", "bad-report")]
    {
        assert_eq!(put(&world, path, body.to_owned()).await, (400, code.to_owned()));
    }
    assert_eq!(put(&world, "/lease/8/1/1/availability", "{}").await, (404, "no-lease".to_owned()));
}
