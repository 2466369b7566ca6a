//! Events as the JSON of ChirpStack's integrations (version 4): the same names, forms and texts, so that what reads those reads these.
//!
//! Left out is what there is nothing to say for: decoded objects, locations, class B and C. Ids that ChirpStack draws are derived here from
//! what they name, so that an event that is delivered again has the same.

use super::{Acknowledged, Emitted, Event, Joined, Reception, Refused, Server, TxWindow, Uplink};
use crate::{CodingRate, Eui, Hertz, Micros, Modulation};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// An id in the form of a UUID (version 8: of one's own making) from what it names.
fn uuid(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut id = [0; 16];
    id.copy_from_slice(&hash.finalize()[..16]);
    id[6] = 0x80 | (id[6] & 0x0f);
    id[8] = 0x80 | (id[8] & 0x3f);
    let text = hex::encode(id);
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}

fn lora(modulation: Modulation, coding_rate: Option<CodingRate>) -> Value {
    match modulation {
        Modulation::Lora { spreading, bandwidth } => json!({ "lora": {
            "bandwidth": bandwidth.khz() * 1_000,
            "spreadingFactor": spreading.factor(),
            "codeRate": coding_rate.map_or("CR_UNDEFINED", CodingRate::name),
        } }),
        Modulation::Fsk { bit_rate } => json!({ "fsk": { "frequencyDeviation": 25_000, "datarate": bit_rate } }),
    }
}

fn tx_info(frequency: Hertz, modulation: Modulation, coding_rate: Option<CodingRate>) -> Value {
    json!({ "frequency": frequency.get(), "modulation": lora(modulation, coding_rate) })
}

fn reception(one: &Reception, hash: &[u8]) -> Value {
    let upper = Sha256::digest([hash, &one.gateway.get().to_be_bytes()].concat());
    let mut info = json!({
        "gatewayId": one.gateway,
        "uplinkId": u32::from_be_bytes([upper[0], upper[1], upper[2], upper[3]]),
        "nsTime": one.at.rfc3339(),
        "rssi": one.rssi_dbm,
        "snr": f64::from(one.snr_ddb) / 10.0,
        "channel": one.channel,
        "rfChain": one.rf_chain,
        "context": STANDARD.encode(one.timestamp.to_be_bytes()),
        "crcStatus": "CRC_OK",
    });
    if let (Some(time), Some(fields)) = (&one.time, info.as_object_mut()) {
        fields.insert("gwTime".to_owned(), json!(time));
    }
    info
}

impl Server {
    fn device_info(&self, device: Eui) -> Value {
        let application = &self.config.application;
        let name = self.device(device).map(|row| row.spec.name.as_str()).filter(|name| !name.is_empty());
        let name = name.map_or_else(|| device.to_string(), str::to_owned);
        json!({
            "tenantId": uuid(&[b"tenant", application.as_bytes()]),
            "tenantName": application,
            "applicationId": uuid(&[b"application", application.as_bytes()]),
            "applicationName": application,
            "deviceProfileId": uuid(&[b"profile", self.config.region.config_id().as_bytes()]),
            "deviceProfileName": format!("{} class A", self.config.region),
            "deviceName": name,
            "devEui": device,
            "deviceClassEnabled": "CLASS_A",
            "tags": {},
        })
    }

    /// An event as ChirpStack's integrations say it: the body of a webhook `?event=KIND`, or of a message under
    /// `application/ID/device/EUI/event/KIND`. None for a refusal that is about no known device.
    pub fn body(&self, event: &Event) -> Option<Value> {
        let device = event.device()?;
        let mut body = match event {
            Event::Joined(event) => self.join(event),
            Event::Uplink(event) => self.up(event),
            Event::Acknowledged(event) => acknowledged(event),
            Event::Emitted(event) => emitted(event),
            Event::Refused(event) => refused(event),
        };
        let fields = body.as_object_mut()?;
        fields.insert("time".to_owned(), json!(event.at().rfc3339()));
        fields.insert("deviceInfo".to_owned(), self.device_info(device));
        Some(body)
    }

    /// The id of its application in topics.
    pub fn application_id(&self) -> String {
        uuid(&[b"application", self.config.application.as_bytes()])
    }

    fn join(&self, event: &Joined) -> Value {
        json!({
            "deduplicationId": uuid(&[b"join", &event.device.get().to_be_bytes(), &event.dev_nonce.to_be_bytes()]),
            "devAddr": event.address,
            "regionConfigId": self.config.region.config_id(),
        })
    }

    fn up(&self, event: &Uplink) -> Value {
        let receptions: Vec<Value> = event.receptions.iter().map(|one| reception(one, &event.hash)).collect();
        json!({
            "deduplicationId": uuid(&[b"up", &event.device.get().to_be_bytes(), &event.hash]),
            "devAddr": event.address,
            "adr": event.adr,
            "dr": event.data_rate,
            "fCnt": event.counter,
            "fPort": event.port,
            "confirmed": event.confirmed,
            "data": STANDARD.encode(&event.payload),
            "rxInfo": receptions,
            "txInfo": tx_info(event.frequency, event.modulation, event.coding_rate),
            "regionConfigId": self.config.region.config_id(),
        })
    }
}

fn sent_id(kind: &[u8], device: Eui, counter: u32, at: Micros) -> String {
    uuid(&[kind, &device.get().to_be_bytes(), &counter.to_be_bytes(), &at.get().to_be_bytes()])
}

fn acknowledged(event: &Acknowledged) -> Value {
    json!({
        "deduplicationId": sent_id(b"ack", event.device, event.counter, event.at),
        "queueItemId": event.downlink.id,
        "acknowledged": event.acknowledged,
        "fCntDown": event.counter,
    })
}

fn emitted(event: &Emitted) -> Value {
    let TxWindow { frequency, modulation, eirp_dbm, .. } = event.window;
    let mut info = tx_info(frequency, modulation, Some(CodingRate::Cr45));
    if let Some(fields) = info.as_object_mut() {
        fields.insert("power".to_owned(), json!(eirp_dbm));
    }
    json!({
        "downlinkId": event.id,
        "queueItemId": event.downlink.as_ref().map_or("", |downlink| downlink.id.as_str()),
        "fCntDown": event.counter.unwrap_or_default(),
        "gatewayId": event.gateway,
        "txInfo": info,
    })
}

fn refused(event: &Refused) -> Value {
    let mut context = serde_json::Map::new();
    context.insert("reason".to_owned(), json!(event.why.name()));
    if let Some(gateway) = event.gateway {
        context.insert("gatewayId".to_owned(), json!(gateway));
    }
    if let Some(item) = &event.item {
        context.insert("queueItemId".to_owned(), json!(item));
    }
    json!({
        "level": "WARNING",
        "code": event.why.log_code(),
        "description": event.why.to_string(),
        "context": context,
    })
}
