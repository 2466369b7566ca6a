//! Events by MQTT 3.1.1, QoS 1: topic `application/ID/device/EUI/event/KIND` with ChirpStack's JSON; an event is taken when the broker confirms it.
//! Downlinks come under `application/ID/device/EUI/command/down`.

use super::{Delivery, MQTT};
use crate::{
    config::Mqtt,
    engine::{Command, now_ms},
    store::Waiting,
};
use depin_client::lorawan::DownlinkBody;
use depin_lorawan::Eui;
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, Publish, QoS};
use std::{sync::Arc, time::Duration};
use tokio::sync::oneshot;

/// Longest wait for the broker's confirmation of what is under way.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two tries to connect.
const PAUSE: Duration = Duration::from_millis(500);
/// Requests that wait for the connection.
const REQUESTS: usize = 256;
/// Largest message in either direction.
const MESSAGE_BYTES: usize = 256 * 1024;

/// The customer's broker.
pub(crate) struct Broker {
    delivery: Arc<Delivery>,
    options: MqttOptions,
    application: String,
}

impl Broker {
    pub(crate) fn new(delivery: Arc<Delivery>, broker: &Mqtt, application: String) -> Self {
        let name = format!("depin-lorawan-{}", &application[..8]);
        let mut options = MqttOptions::new(name, &broker.host, broker.port);
        options.set_keep_alive(Duration::from_secs(30)).set_max_packet_size(MESSAGE_BYTES, MESSAGE_BYTES);
        // Downlinks that came while this was away are told when it is back.
        options.set_clean_session(false);
        if let Some((user, password)) = &broker.credentials {
            options.set_credentials(user, password);
        }
        Self { delivery, options, application }
    }

    pub(crate) async fn run(self) {
        loop {
            let why = self.connected().await;
            self.delivery.metrics.set_broker(false);
            self.delivery.problems.note(MQTT, why);
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Serves one connection until it fails; why it did. A new one begins with nothing under way: what was not confirmed is still in the store.
    async fn connected(&self) -> String {
        let (client, mut events) = AsyncClient::new(self.options.clone(), REQUESTS);
        let topic = format!("application/{}/device/+/command/down", self.application);
        if let Err(error) = client.try_subscribe(topic, QoS::AtLeastOnce) {
            return error.to_string();
        }
        // The first event is the broker's greeting.
        if let Err(why) = self.poll(&mut events).await {
            return why;
        }
        self.delivery.problems.solved(MQTT);
        self.delivery.metrics.set_broker(true);
        loop {
            let due = tokio::select! {
                due = self.delivery.due(MQTT) => due,
                event = self.poll(&mut events) => match event {
                    Ok(_) => continue,
                    Err(why) => return why,
                },
            };
            match self.publish(&client, &mut events, &due).await {
                Ok(()) => self.delivery.settle(MQTT, due, Vec::new()).await,
                Err(why) => {
                    let failed = due.into_iter().map(|event| (event, why.clone())).collect();
                    self.delivery.settle(MQTT, Vec::new(), failed).await;
                    return why;
                }
            }
        }
    }

    /// Publishes all, and waits for as many confirmations.
    async fn publish(&self, client: &AsyncClient, events: &mut EventLoop, due: &[Waiting]) -> Result<(), String> {
        for event in due {
            let topic = format!("application/{}/device/{}/event/{}", self.application, event.device, event.kind);
            let sent = client.try_publish(topic, QoS::AtLeastOnce, false, event.body.clone());
            sent.map_err(|error| error.to_string())?;
        }
        let all = async {
            let mut confirmed = 0;
            while confirmed < due.len() {
                confirmed += usize::from(self.poll(events).await?);
            }
            Ok(())
        };
        match tokio::time::timeout(PATIENCE, all).await {
            Ok(done) => done,
            Err(_) => Err("the broker does not confirm what is published".to_owned()),
        }
    }

    /// The next thing that happens on the connection: whether it is a confirmation.
    async fn poll(&self, events: &mut EventLoop) -> Result<bool, String> {
        match events.poll().await {
            Ok(Event::Incoming(Packet::PubAck(_))) => Ok(true),
            Ok(Event::Incoming(Packet::Publish(message))) => {
                self.command(&message).await;
                Ok(false)
            }
            Ok(_) => Ok(false),
            Err(error) => Err(format!("the broker cannot be reached: {error}")),
        }
    }

    /// A downlink for a device. What is none is told in the log: the protocol has no way to refuse.
    async fn command(&self, message: &Publish) {
        let device = message.topic.split('/').nth(3).and_then(|eui| eui.parse::<Eui>().ok());
        let body: Result<DownlinkBody, _> = serde_json::from_slice(&message.payload);
        let (Some(device), Ok(body)) = (device, body) else {
            tracing::warn!(topic = %message.topic, "a command that cannot be read");
            return;
        };
        if body.dev_eui.is_some_and(|named| named != device) {
            tracing::warn!(topic = %message.topic, "a command that names another device than its topic");
            return;
        }
        let (reply, answer) = oneshot::channel();
        let downlink = body.downlink(now_ms());
        let change = Box::new(move |server: &mut depin_lorawan::server::Server| server.enqueue(device, downlink));
        if self.delivery.commands.send(Command::Change { change, reply }).await.is_err() {
            return;
        }
        if let Ok(Err(error)) = answer.await {
            tracing::warn!(%device, %error, "a downlink is not taken");
        }
    }
}
