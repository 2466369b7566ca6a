//! The gateway with devices, hotspots, a webhook that comes and goes, and a restart.

mod customer;

use customer::{Customer, Hotspot, config, device, spec};
use depin_client::{
    SigningKey, Verifier,
    lorawan::{Acknowledged, Answer, BatchBody, NewDevice, OutcomeBody, PacketAnswer, UplinkBody, gateway_id, sign_body},
};
use depin_gateway_lorawan::{Gateway, GatewayError, Hotspots, Intake as _, IntakeError};
use depin_lorawan::{
    Eui, Micros,
    device::{EndDevice, Identity, Received},
    region::Region,
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

fn acknowledged(answer: &Answer) -> usize {
    answer.packets.iter().filter(|one| matches!(one, PacketAnswer::Acknowledged { .. })).count()
}

fn rejected(answer: &Answer) -> &str {
    match &answer.packets[0] {
        PacketAnswer::Rejected(why) => &why.code,
        PacketAnswer::Acknowledged { .. } => "acknowledged",
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one life of a device, in its order")]
async fn a_device_joins_and_its_uplinks_reach_the_webhook_whatever_comes_and_goes() {
    let (folder, mut customer) = (tempfile::tempdir().unwrap(), Customer::start().await);
    let (signer, hotspots) = (Arc::new(SigningKey::from_seed(&[9; 32])), [Hotspot::new(1), Hotspot::new(2)]);
    let webhook = customer::URL.replace("PORT", &customer.port.to_string());
    let settings = || {
        let mut config = config(folder.path(), &hotspots);
        config.webhook = Some(webhook.clone());
        config.pause_max = Duration::from_millis(500);
        config
    };
    let gateway = Gateway::start(settings(), Arc::clone(&signer) as _).await.unwrap();
    let http = customer::http();
    let added = http.post(customer::url(&gateway, "/v1/devices")).bearer_auth(gateway.key()).json(&spec()).send().await.unwrap();
    assert_eq!(added.status(), 201);
    let mut device = device();

    let request = device.join(customer::wall()).unwrap();
    let (first, second) = tokio::join!(hotspots[0].send(&gateway, &request, 50), hotspots[1].send(&gateway, &request, 20));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!((acknowledged(&first), acknowledged(&second)), (1, 1), "both copies came in time");
    assert_eq!((first.downlinks.len(), second.downlinks.len()), (1, 0), "the best hotspot answers");
    let PacketAnswer::Acknowledged { report, signature } = &first.packets[0] else { panic!() };
    let signature: [u8; 64] = hex::decode(signature).unwrap().try_into().unwrap();
    assert!(Verifier.verify_one(&gateway.server_key(), &report.signed_bytes(), &signature));
    assert_eq!((report.hotspot, usize::from(report.bytes)), (hotspots[0].key.public_key(), request.bytes.len()));
    let plan = &first.downlinks[0];
    assert!(matches!(device.receive(&plan.frame).unwrap(), Received::Joined(_)));
    hotspots[0].outcome(&gateway, plan.id, Some(0)).await;

    let sent = device.send(customer::wall(), 7, b"one", false).unwrap();
    assert_eq!(acknowledged(&hotspots[0].send(&gateway, &sent, 50).await.unwrap()), 1);
    let seen = customer.events(3).await;
    assert_eq!(seen.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(), ["join", "txack", "up"]);
    assert_eq!((&seen[2].1["data"], &seen[2].1["fPort"]), (&"b25l".into(), &7.into()));
    assert_eq!(seen[0].1["deviceInfo"]["deviceName"], "a door");

    // By the packet's hash whoever has the key finds what is in it; nobody else does.
    let uplinks = customer::url(&gateway, "/v1/uplinks?after=0&limit=1000");
    assert_eq!(http.get(&uplinks).send().await.unwrap().status(), 401);
    let seen: Value = http.get(&uplinks).bearer_auth(gateway.key()).send().await.unwrap().json().await.unwrap();
    let hash = hex::encode(depin_lorawan::frame::payload_hash(&sent.bytes));
    assert_eq!(
        seen,
        json!([{
            "number": seen[0]["number"], "hash": hash, "at_ms": seen[0]["at_ms"], "dev_eui": "00000000000000d1", "name": "a door",
            "dev_addr": seen[0]["dev_addr"], "f_cnt": 0, "f_port": 7, "data": "b25l", "frame_bytes": sent.bytes.len(),
        }])
    );
    let later: Value = http
        .get(customer::url(&gateway, &format!("/v1/uplinks?after={}", seen[0]["number"])))
        .bearer_auth(gateway.key())
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(later, json!([]));
    let wrong = http.get(customer::url(&gateway, "/v1/uplinks?after=x")).bearer_auth(gateway.key()).send().await.unwrap();
    assert_eq!(wrong.status(), 400);

    // The customer's server is away: uplinks are taken all the same, also over a restart of the gateway.
    customer.stop().await;
    for text in ["two", "three"] {
        let sent = device.send(customer::wall(), 7, text.as_bytes(), false).unwrap();
        assert_eq!(acknowledged(&hotspots[0].send(&gateway, &sent, 50).await.unwrap()), 1);
    }
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let health: Value = http.get(customer::url(&gateway, "/health")).send().await.unwrap().json().await.unwrap();
    assert_eq!(health["status"], "degraded", "{health}");
    assert!(health["reasons"]["webhook"].as_str().unwrap().contains("does not answer"), "{health}");
    gateway.stop().await;
    let gateway = Gateway::start(settings(), signer as _).await.unwrap();
    let last = device.send(customer::wall(), 7, b"four", false).unwrap();
    assert_eq!(acknowledged(&hotspots[0].send(&gateway, &last, 50).await.unwrap()), 1);
    customer.restart().await;
    let seen = customer.events(6).await;
    let texts: Vec<_> = seen.iter().filter(|(kind, _)| kind == "up").map(|(_, body)| body["fCnt"].as_u64().unwrap()).collect();
    assert_eq!(texts, [0, 1, 2, 3], "each once, in their order: {seen:?}");

    // What was taken before the restart is not taken again.
    assert_eq!(rejected(&hotspots[1].send(&gateway, &request, 50).await.unwrap()), "nonce_reused");
    assert_eq!(rejected(&hotspots[1].send(&gateway, &sent, 50).await.unwrap()), "replay");
    let page = http.get(customer::url(&gateway, "/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("depin_lorawan_refused_total{reason=\"replay\"} 1"), "{page}");
    gateway.stop().await;
}

/// Two requests of one hotspot at once: each frame's answer goes with the request that brought it, not with the one that ends later.
#[tokio::test]
async fn a_downlink_goes_with_the_request_that_brought_its_uplink() {
    let (folder, hotspot) = (tempfile::tempdir().unwrap(), Hotspot::new(1));
    let signer = Arc::new(SigningKey::from_seed(&[9; 32]));
    let gateway = Gateway::start(config(folder.path(), std::slice::from_ref(&hotspot)), signer).await.unwrap();
    let mut devices = Vec::new();
    for number in [0xd1, 0xd2] {
        let new = NewDevice { dev_eui: Eui::new(number), ..spec() };
        let request = customer::http().post(customer::url(&gateway, "/v1/devices")).bearer_auth(gateway.key()).json(&new);
        assert_eq!(request.send().await.unwrap().status(), 201);
        let identity = Identity { dev_eui: new.dev_eui, join_eui: new.join_eui, root: new.app_key };
        devices.push(EndDevice::new(identity, Region::Eu868, number));
    }
    let sent: Vec<_> = devices.iter_mut().map(|device| device.join(customer::wall()).unwrap()).collect();
    let later = async {
        tokio::time::sleep(Duration::from_millis(120)).await;
        hotspot.send(&gateway, &sent[1], 50).await.unwrap()
    };
    let (first, second) = tokio::join!(async { hotspot.send(&gateway, &sent[0], 50).await.unwrap() }, later);
    for (device, answer) in devices.iter_mut().zip([first, second]) {
        let [plan] = answer.downlinks.as_slice() else { panic!("{answer:?}") };
        assert!(matches!(device.receive(&plan.frame), Ok(Received::Joined(_))));
    }
    gateway.stop().await;
}

#[tokio::test]
async fn a_downlink_waits_and_goes_to_the_device() {
    let (folder, hotspot) = (tempfile::tempdir().unwrap(), Hotspot::new(1));
    let signer = Arc::new(SigningKey::from_seed(&[9; 32]));
    let gateway = Gateway::start(config(folder.path(), std::slice::from_ref(&hotspot)), signer).await.unwrap();
    let (http, mut device) = (customer::http(), device());
    let call = |method: reqwest::Method, path: &str, body: Option<Value>| {
        let request = http.request(method, customer::url(&gateway, path)).bearer_auth(gateway.key());
        let request = if let Some(body) = body { request.json(&body) } else { request };
        async move { request.send().await.unwrap() }
    };
    let (get, post, delete) = (reqwest::Method::GET, reqwest::Method::POST, reqwest::Method::DELETE);
    let path = "/v1/devices/00000000000000d1";
    assert_eq!(call(get.clone(), path, None).await.status(), 404);
    for status in [201, 201] {
        assert_eq!(call(post.clone(), "/v1/devices", Some(json!(spec()))).await.status(), status);
    }
    let mut other = json!(spec());
    other["name"] = "another".into();
    assert_eq!(call(post.clone(), "/v1/devices", Some(other)).await.status(), 409);
    let shown = call(get.clone(), "/v1/devices", None).await.text().await.unwrap();
    assert!(shown.contains("a door") && !shown.contains(&"11".repeat(16)), "{shown}");
    customer::join(&gateway, &hotspot, &mut device).await;

    let queue = format!("{path}/queue");
    let down = json!({ "id": "a", "fPort": 3, "data": "AQI=", "confirmed": true });
    assert_eq!(call(post.clone(), &queue, Some(down)).await.status(), 202);
    assert_eq!(call(post.clone(), &queue, Some(json!({ "fPort": 0, "data": "" }))).await.status(), 400);
    assert_eq!(
        call(post.clone(), &queue, Some(json!({ "devEui": "0000000000000001", "fPort": 1, "data": "" }))).await.status(),
        400
    );
    let made: Value = call(post.clone(), &queue, Some(json!({ "fPort": 1, "data": "AQ==" }))).await.json().await.unwrap();
    let removed = call(delete.clone(), &format!("{queue}/{}", made["id"].as_str().unwrap()), None).await;
    assert_eq!(removed.status(), 204);
    let sent = device.send(customer::wall(), 1, b"x", true).unwrap();
    let answer = hotspot.send(&gateway, &sent, 50).await.unwrap();
    let Received::Data { payload, ack, port, pending, .. } = device.receive(&answer.downlinks[0].frame).unwrap() else {
        panic!()
    };
    assert_eq!((payload, ack, port, pending), (vec![1, 2], true, Some(3), false));
    // A stranger's word about it is passed over.
    let stranger = Hotspot::new(7);
    let body = OutcomeBody {
        server: gateway.server_key(),
        at_ms: customer::wall().get() / 1_000,
        id: answer.downlinks[0].id,
        window: Some(0),
        errors: vec![],
    };
    assert_eq!(gateway.outcome(stranger.key.public_key(), body.clone()).await, Err(IntakeError::Stranger));
    gateway.outcome(hotspot.key.public_key(), body).await.unwrap();
    let view: Value = call(get, path, None).await.json().await.unwrap();
    assert_eq!((&view["queue"], &view["f_cnt_up"]), (&json!([]), &0.into()));
    assert_eq!(call(delete.clone(), path, None).await.status(), 204);
    assert_eq!(call(delete, path, None).await.status(), 404);
    gateway.stop().await;
}

#[tokio::test]
async fn what_is_not_signed_for_here_and_now_is_refused() {
    let (folder, hotspot) = (tempfile::tempdir().unwrap(), Hotspot::new(1));
    let signer = Arc::new(SigningKey::from_seed(&[9; 32]));
    let gateway = Gateway::start(config(folder.path(), std::slice::from_ref(&hotspot)), signer).await.unwrap();
    let (http, mut device) = (customer::http(), device());
    let sent = device.join(customer::wall()).unwrap();
    let body =
        |server, at_ms| serde_json::to_vec(&UplinkBody { server, at_ms, packets: vec![customer::packet(&sent, 0)] }).unwrap();
    let now = customer::wall().get() / 1_000;
    let good = body(gateway.server_key(), now);
    let post = |key: (String, String), body: Vec<u8>| {
        let request =
            http.post(customer::url(&gateway, "/v1/uplinks")).header("depin-hotspot", key.0).header("depin-signature", key.1);
        async move { request.body(body).send().await.unwrap().status().as_u16() }
    };
    let sign = |body: &[u8]| sign_body(&hotspot.key, "/v1/uplinks", body);
    assert_eq!(post(sign(b"other"), good.clone()).await, 401);
    assert_eq!(post((String::new(), String::new()), good.clone()).await, 401);
    assert_eq!(post(sign_body(&hotspot.key, "/v1/outcomes", &good), good.clone()).await, 401);
    let stranger = SigningKey::from_seed(&[77; 32]);
    assert_eq!(post(sign_body(&stranger, "/v1/uplinks", &good), good.clone()).await, 403);
    let elsewhere = body([1; 32], now);
    assert_eq!(post(sign(&elsewhere), elsewhere.clone()).await, 421);
    let old = body(gateway.server_key(), now - 61_000);
    assert_eq!(post(sign(&old), old.clone()).await, 409);
    let told = gateway.problems();
    assert!(told["clock"].contains("61 s") && told["clock"].contains(&hex::encode(hotspot.key.public_key())), "{told:?}");
    let strange = body(gateway.server_key(), now - 61_000);
    assert_eq!(post(sign_body(&stranger, "/v1/uplinks", &strange), strange.clone()).await, 409);
    assert_eq!(gateway.problems(), told, "a stranger's clock is nobody's problem");
    assert_eq!(post(sign(b"{}"), b"{}".to_vec()).await, 400);
    let long = vec![b' '; 70_000];
    assert_eq!(post(sign(&long), long.clone()).await, 413);
    // Well signed, and the device is unknown.
    assert_eq!(post(sign(&good), good.clone()).await, 200);
    assert!(gateway.problems().is_empty(), "{:?}", gateway.problems());
    for (path, key) in [("/v1/devices", "wrong"), ("/v1/devices/00000000000000d1", "")] {
        let status = http.get(customer::url(&gateway, path)).bearer_auth(key).send().await.unwrap().status();
        assert_eq!(status, 401);
    }
    let network: Value = http.get(customer::url(&gateway, "/v1/network")).send().await.unwrap().json().await.unwrap();
    assert_eq!(network["server_key"], hex::encode(gateway.server_key()));
    gateway.stop().await;
}

/// While nothing can be written nothing is acknowledged, and nothing is forgotten that was not written.
#[tokio::test]
async fn a_failed_transaction_undoes_what_it_was_of() {
    let (folder, hotspot) = (tempfile::tempdir().unwrap(), Hotspot::new(1));
    let signer = Arc::new(SigningKey::from_seed(&[9; 32]));
    let gateway = Gateway::start(config(folder.path(), &[hotspot.clone(), Hotspot::new(2)]), signer).await.unwrap();
    let mut device = device();
    customer::add(&gateway).await;
    customer::join(&gateway, &hotspot, &mut device).await;
    let other = rusqlite::Connection::open(folder.path().join("lorawan.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let sent = device.send(customer::wall(), 1, b"x", false).unwrap();
    // The store is waited for over ten seconds.
    assert_eq!(hotspot.send(&gateway, &sent, 0).await, Err(503));
    other.execute_batch("ROLLBACK").unwrap();
    let answer = hotspot.send(&gateway, &sent, 0).await.unwrap();
    assert_eq!(acknowledged(&answer), 1, "the same once more is taken: {answer:?}");
    let again = hotspot.send(&gateway, &sent, 0).await.unwrap();
    assert_eq!(again.packets, answer.packets, "whoever was cut off from its answer is told the same");
    assert_eq!(rejected(&Hotspot::new(2).send(&gateway, &sent, 0).await.unwrap()), "late_copy", "another one was too late");
    gateway.stop().await;
}

#[tokio::test]
async fn a_full_queue_takes_no_uplink_and_a_lost_store_is_told() {
    let (folder, hotspot) = (tempfile::tempdir().unwrap(), Hotspot::new(1));
    let signer = Arc::new(SigningKey::from_seed(&[9; 32]));
    let settings = || {
        let mut config = config(folder.path(), std::slice::from_ref(&hotspot));
        // Nobody listens there.
        config.webhook = Some("http://127.0.0.1:9/".to_owned());
        config.queue_max = 1;
        config
    };
    let gateway = Gateway::start(settings(), Arc::clone(&signer) as _).await.unwrap();
    let busy = Gateway::start(settings(), Arc::clone(&signer) as _).await;
    assert!(matches!(busy, Err(GatewayError::Busy { .. })));
    let mut device = device();
    customer::add(&gateway).await;
    customer::join(&gateway, &hotspot, &mut device).await;
    let sent = device.send(customer::wall(), 1, b"x", false).unwrap();
    assert_eq!(hotspot.send(&gateway, &sent, 0).await, Err(503));
    gateway.stop().await;
    let mut config = settings();
    config.webhook = Some("ftp://x/".to_owned());
    assert!(matches!(Gateway::start(config, Arc::clone(&signer) as _).await, Err(GatewayError::Webhook(_))));
    let mut config = settings();
    config.new_store = true;
    assert!(matches!(Gateway::start(config, Arc::clone(&signer) as _).await, Err(GatewayError::Whole { .. })));
    for name in ["lorawan.db", "lorawan.db-wal", "lorawan.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join(name));
    }
    assert!(matches!(Gateway::start(settings(), Arc::clone(&signer) as _).await, Err(GatewayError::Lost { .. })));
    let mut config = settings();
    config.new_store = true;
    config.hotspots = Hotspots::Anyone;
    let gateway = Gateway::start(config, Arc::clone(&signer) as _).await.unwrap();
    assert_eq!(gateway.server_key(), signer.public_key());
    assert_ne!(gateway_id(&[1; 32]), gateway_id(&[2; 32]));
    assert!(customer::wall() > Micros::ZERO);
    gateway.stop().await;
}

/// Without a chain nobody pays for a batch; what was not acknowledged to a hotspot is in none in any case.
#[tokio::test]
async fn a_batch_is_signed_for_packets_that_were_acknowledged_to_its_hotspot_alone() {
    let (folder, hotspots) = (tempfile::tempdir().unwrap(), [Hotspot::new(1), Hotspot::new(2)]);
    let signer = Arc::new(SigningKey::from_seed(&[9; 32]));
    let gateway = Gateway::start(config(folder.path(), &hotspots), signer).await.unwrap();
    let mut device = device();
    customer::add(&gateway).await;
    let request = device.join(customer::wall()).unwrap();
    let joined = hotspots[0].send(&gateway, &request, 50).await.unwrap();
    assert!(matches!(device.receive(&joined.downlinks[0].frame).unwrap(), Received::Joined(_)));
    let sent = device.send(customer::wall(), 1, b"x", false).unwrap();
    let answer = hotspots[0].send(&gateway, &sent, 0).await.unwrap();
    let kept = |answer: &Answer| {
        let PacketAnswer::Acknowledged { report, signature } = answer.packets[0].clone() else { panic!() };
        Acknowledged { report, signature }
    };
    let (join, packet) = (kept(&joined), kept(&answer));
    let mut forged = packet.clone();
    forged.report.bytes += 1;
    for (hotspot, packets, code) in [
        (0, vec![packet.clone()], "no-chain"),
        (0, vec![packet.clone(), join], "bad-request"),
        (0, vec![forged], "not-acknowledged"),
        (1, vec![packet], "not-acknowledged"),
    ] {
        let at_ms = customer::wall().get() / 1_000;
        let body = BatchBody { server: gateway.server_key(), at_ms, route: "ab".repeat(32).parse().unwrap(), packets };
        let refused = hotspots[hotspot].post(&gateway, "/v1/batches", serde_json::to_vec(&body).unwrap()).await;
        let refused: Value = refused.json().await.unwrap();
        assert_eq!(refused["error"]["code"], code, "{refused}");
    }
    gateway.stop().await;
}
