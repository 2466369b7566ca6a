//! MQTT with Debian's mosquitto.

mod customer;

use customer::{Hotspot, config, device};
use depin_client::SigningKey;
use depin_gateway_lorawan::{Gateway, Mqtt};
use depin_lorawan::device::Received;
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use serde_json::{Value, json};
use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

struct Broker(Child);

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the broker, or says that there is none. A machine of the project has it; elsewhere the test says what it left out.
fn mosquitto(port: u16) -> Option<Broker> {
    let program =
        ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"].into_iter().find(|path| std::path::Path::new(path).exists());
    let Some(program) = program else {
        assert!(std::env::var_os("CI").is_none(), "mosquitto is missing: install the package `mosquitto`");
        eprintln!("SKIPPED: mosquitto is missing, so MQTT was not tried; install the package `mosquitto`");
        return None;
    };
    let child = Command::new(program).arg("-p").arg(port.to_string()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    Some(Broker(child.unwrap()))
}

/// Everything under `application/#` and commands to publish.
fn application(port: u16) -> (AsyncClient, tokio::sync::mpsc::Receiver<(String, Value)>) {
    let mut options = MqttOptions::new("test-application", "127.0.0.1", port);
    options.set_clean_session(false).set_max_packet_size(1 << 18, 1 << 18);
    let (client, mut events) = AsyncClient::new(options, 64);
    let (send, receive) = tokio::sync::mpsc::channel(256);
    let subscriber = client.clone();
    tokio::spawn(async move {
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    subscriber.try_subscribe("application/+/device/+/event/+", QoS::AtLeastOnce).unwrap();
                }
                Ok(Event::Incoming(Packet::Publish(message))) => {
                    let body = serde_json::from_slice(&message.payload).unwrap();
                    if send.send((message.topic, body)).await.is_err() {
                        return;
                    }
                }
                Ok(_) => {}
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    });
    (client, receive)
}

async fn next(receive: &mut tokio::sync::mpsc::Receiver<(String, Value)>) -> (String, Value) {
    tokio::time::timeout(Duration::from_secs(30), receive.recv()).await.expect("an event in time").unwrap()
}

#[tokio::test]
async fn events_are_published_and_commands_taken_also_when_the_broker_was_away() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let Some(broker) = mosquitto(port) else { return };
    let (folder, hotspot) = (tempfile::tempdir().unwrap(), Hotspot::new(1));
    let mut settings = config(folder.path(), std::slice::from_ref(&hotspot));
    settings.mqtt = Some(Mqtt { host: "127.0.0.1".to_owned(), port, credentials: None });
    settings.pause_max = Duration::from_millis(500);
    let (client, mut receive) = application(port);
    let gateway = Gateway::start(settings, Arc::new(SigningKey::from_seed(&[9; 32]))).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut device = device();
    customer::add(&gateway).await;
    customer::join(&gateway, &hotspot, &mut device).await;
    let base = format!("application/{}/device/00000000000000d1", gateway.application_id());
    assert_eq!(next(&mut receive).await.0, format!("{base}/event/join"));
    assert_eq!(next(&mut receive).await.0, format!("{base}/event/txack"));

    let command = json!({ "devEui": "00000000000000d1", "confirmed": false, "fPort": 4, "data": "CQ==" });
    client.publish(format!("{base}/command/down"), QoS::AtLeastOnce, false, command.to_string()).await.unwrap();
    client.publish(format!("{base}/command/down"), QoS::AtLeastOnce, false, "nonsense").await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let sent = device.send(customer::wall(), 1, b"x", false).unwrap();
    let answer = hotspot.send(&gateway, &sent, 50).await.unwrap();
    let Received::Data { payload, port: f_port, .. } = device.receive(&answer.downlinks[0].frame).unwrap() else { panic!() };
    assert_eq!((payload, f_port), (vec![9], Some(4)));
    let (topic, body) = next(&mut receive).await;
    assert_eq!((topic, &body["data"]), (format!("{base}/event/up"), &"eA==".into()));

    drop(broker);
    let sent = device.send(customer::wall(), 1, b"y", false).unwrap();
    hotspot.send(&gateway, &sent, 50).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let health: Value = customer::http().get(customer::url(&gateway, "/health")).send().await.unwrap().json().await.unwrap();
    assert_eq!(health["status"], "degraded", "{health}");
    let _broker = mosquitto(port).unwrap();
    // Whoever subscribes may be back later than the gateway, so the broker's confirmation is what is waited for.
    for _ in 0..60 {
        let page = customer::http().get(customer::url(&gateway, "/metrics")).send().await.unwrap().text().await.unwrap();
        if page.contains("depin_lorawan_deliveries_queued 0") {
            assert!(page.contains("depin_lorawan_delivered_total{sink=\"mqtt\"} 4"), "{page}");
            gateway.stop().await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("the event that waited was not confirmed within 30 s");
}
