//! The customer's side, and hotspots: what tests of the gateway have in common.

#![allow(dead_code, reason = "each test uses a part of it")]

use axum::{Router, body::Bytes, extract::Query, http::StatusCode, routing::post};
use depin_client::{
    SigningKey,
    lorawan::{Answer, NewDevice, OutcomeBody, UplinkBody, UplinkPacket, sign_body},
};
use depin_gateway_lorawan::{Config, Handle, Hotspots};
use depin_lorawan::{
    CodingRate, Eui, Key, Micros, NetId,
    device::{EndDevice, Identity, Received, Transmission},
    region::Region,
    server::{AddressRange, ServerConfig},
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// Where a customer listens.
pub const URL: &str = "http://127.0.0.1:PORT/lorawan";

pub fn wall() -> Micros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Micros::new(since.as_micros() as u64)
}

pub fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap()
}

pub fn url(gateway: &Handle, path: &str) -> String {
    format!("http://{}{path}", gateway.address())
}

pub fn spec() -> NewDevice {
    NewDevice { dev_eui: Eui::new(0xd1), join_eui: Eui::new(0xaa), app_key: Key::new([0x11; 16]), name: "a door".to_owned() }
}

/// A device that sends fast: DR5.
pub fn device() -> EndDevice {
    let NewDevice { dev_eui, join_eui, app_key, .. } = spec();
    let mut device = EndDevice::new(Identity { dev_eui, join_eui, root: app_key }, Region::Eu868, 1);
    device.set_data_rate(5);
    device
}

pub fn config(folder: &Path, hotspots: &[Hotspot]) -> Config {
    let addresses = AddressRange::new("48000000".parse().unwrap(), "4800000f".parse().unwrap()).unwrap();
    let mut config = Config::new(folder, ServerConfig::new(Region::Eu868, NetId::new(0x3c).unwrap(), addresses));
    config.hotspots = Hotspots::Keys(hotspots.iter().map(|hotspot| hotspot.key.public_key()).collect());
    config
}

pub fn packet(sent: &Transmission, snr_ddb: i32) -> UplinkPacket {
    UplinkPacket {
        timestamp: wall().wrapping(),
        time: None,
        frequency: sent.frequency,
        data_rate: sent.modulation,
        coding_rate: Some(CodingRate::Cr45),
        channel: 0,
        rssi_dbm: -90,
        snr_ddb: Some(snr_ddb),
        payload: sent.bytes.clone(),
    }
}

/// A hotspot with a key.
#[derive(Clone)]
pub struct Hotspot {
    pub key: SigningKey,
    http: reqwest::Client,
}

impl Hotspot {
    pub fn new(seed: u8) -> Self {
        Self { key: SigningKey::from_seed(&[seed; 32]), http: http() }
    }

    pub async fn post(&self, gateway: &Handle, path: &str, body: Vec<u8>) -> reqwest::Response {
        let (key, signature) = sign_body(&self.key, path, &body);
        let request = self.http.post(url(gateway, path)).header("depin-hotspot", key).header("depin-signature", signature);
        request.body(body).send().await.unwrap()
    }

    /// Hands in one packet; the answer, or the status of the refusal.
    pub async fn send(&self, gateway: &Handle, sent: &Transmission, snr_ddb: i32) -> Result<Answer, u16> {
        let at_ms = wall().get() / 1_000;
        let body = UplinkBody { server: gateway.server_key(), at_ms, packets: vec![packet(sent, snr_ddb)] };
        let answer = self.post(gateway, "/v1/uplinks", serde_json::to_vec(&body).unwrap()).await;
        if answer.status().is_success() { Ok(answer.json().await.unwrap()) } else { Err(answer.status().as_u16()) }
    }

    pub async fn outcome(&self, gateway: &Handle, id: u32, window: Option<usize>) {
        let body = OutcomeBody { server: gateway.server_key(), at_ms: wall().get() / 1_000, id, window, errors: vec![] };
        let answer = self.post(gateway, "/v1/outcomes", serde_json::to_vec(&body).unwrap()).await;
        assert_eq!(answer.status(), 204);
    }
}

pub async fn add(gateway: &Handle) {
    let added = http().post(url(gateway, "/v1/devices")).bearer_auth(gateway.key()).json(&spec()).send().await.unwrap();
    assert_eq!(added.status(), 201);
}

pub async fn join(gateway: &Handle, hotspot: &Hotspot, device: &mut EndDevice) {
    let request = device.join(wall()).unwrap();
    let answer = hotspot.send(gateway, &request, 50).await.unwrap();
    let plan = &answer.downlinks[0];
    assert!(matches!(device.receive(&plan.frame).unwrap(), Received::Joined(_)));
    hotspot.outcome(gateway, plan.id, Some(0)).await;
}

type Seen = Arc<Mutex<Vec<(String, Value)>>>;

/// A server that takes events, and can go away.
pub struct Customer {
    pub port: u16,
    seen: Seen,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Customer {
    pub async fn start() -> Self {
        let mut customer = Self { port: 0, seen: Seen::default(), running: None };
        customer.restart().await;
        customer
    }

    pub async fn restart(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.port = listener.local_addr().unwrap().port();
        let seen = Arc::clone(&self.seen);
        let take = move |Query(query): Query<BTreeMap<String, String>>, body: Bytes| {
            let seen = Arc::clone(&seen);
            async move {
                let kind = query["event"].clone();
                seen.lock().unwrap().push((kind, serde_json::from_slice(&body).unwrap()));
                StatusCode::OK
            }
        };
        let router = Router::new().route("/lorawan", post(take));
        let (stop, stopped) = oneshot::channel::<()>();
        let serve = axum::serve(listener, router).with_graceful_shutdown(async {
            let _ = stopped.await;
        });
        let task = tokio::spawn(async { serve.await.unwrap() });
        self.running = Some((stop, task));
    }

    pub async fn stop(&mut self) {
        let (stop, task) = self.running.take().unwrap();
        drop(stop);
        // In good order: connections that are kept open are closed, and would let it serve on otherwise.
        tokio::time::timeout(Duration::from_secs(10), task).await.expect("it ends").unwrap();
    }

    /// What came, once so many did.
    pub async fn events(&self, many: usize) -> Vec<(String, Value)> {
        for _ in 0..300 {
            if self.seen.lock().unwrap().len() >= many {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let seen = self.seen.lock().unwrap().clone();
        assert!(seen.len() >= many, "{many} events were expected: {seen:?}");
        seen
    }
}
