//! Packets in the clear: what the ledger says of each, and what is in it, where the network server that has its keys says so.
//!
//! In: an event of the ledger about packets, which are hashes there. Out: each with its units and cost, or why it is not paid; and
//! device, port and payload of those that the network server decrypted since its start.

use super::{devices, named::Named};
use crate::{
    args::ServerArgs,
    error::Result,
    output::{count, short_id, shorten},
};
use depin_client::{
    api::{Amount, CoverageBatch, CoveragePacket, Currency, EventRecord},
    lorawan::{NetworkServer, UplinkView},
};
use depin_quantity::{Rounding, UnitId};
use depin_services::coverage::packet_units;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Uplinks that are remembered for events that come later.
const KNOWN_MOST: usize = 16_384;
/// Payload that is shown, bytes.
const SHOWN: usize = 32;

/// A packet, for programs.
#[derive(Serialize)]
pub(super) struct ClearPacket {
    /// SHA-256 of its PHYPayload, 64 hexadecimal digits.
    hash: String,
    /// Units that it is paid by; none of one that is not paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    units: Option<u64>,
    /// What it cost; none of one that is not paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Amount>,
    /// Why it is not paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
    /// What is in it, where the network server knows its keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    clear: Option<UplinkView>,
}

/// The network server that decrypts, if there is one, and what it told.
pub(super) struct Clear {
    server: Option<(NetworkServer, String)>,
    known: BTreeMap<String, UplinkView>,
    last: u64,
    /// Bytes of a unit of a packet, and what packets are paid in.
    unit_bytes: u64,
    currency: Currency,
}

impl Clear {
    /// The network server that the arguments name, or that of the home; without one packets stay hashes.
    pub(super) async fn new(args: &ServerArgs, currency: Currency, at: &Named<'_>) -> Result<Self> {
        let server = match devices::server(args, at) {
            Err(_) if args.server.is_none() => {
                at.out.note(
                    "no network server runs in this home, so payloads stay encrypted; --server and --server-key-file name one",
                );
                None
            }
            found => Some(found?),
        };
        let unit_bytes = at.coverage().network().await?.unit_bytes.max(1);
        Ok(Self { server, known: BTreeMap::new(), last: 0, unit_bytes, currency })
    }

    /// The packets that an event is about: those that were paid, then those that were not.
    pub(super) async fn packets(&mut self, event: &EventRecord, inner: &Value, at: &Named<'_>) -> Result<Vec<ClearPacket>> {
        let mut packets = Vec::new();
        let id = event.subject.or_else(|| inner["batch"].as_str().and_then(|text| text.parse::<UnitId>().ok()));
        if event.kind == "packets-settled"
            && let Some(id) = id
            && let Some(batch) = at.coverage().batch(id).await?
        {
            packets.extend(paid(&batch, self.unit_bytes, self.currency));
        }
        packets.extend(inner["refused"].as_array().into_iter().flatten().filter_map(|one| {
            let (hash, reason) = (one["hash"].as_str()?.to_owned(), one["reason"].as_str()?.to_owned());
            Some(ClearPacket { hash, units: None, cost: None, refused: Some(reason), clear: None })
        }));
        if packets.iter().any(|packet| !self.known.contains_key(&packet.hash)) {
            self.read(at).await;
        }
        for packet in &mut packets {
            packet.clear = self.known.get(&packet.hash).cloned();
        }
        Ok(packets)
    }

    /// Asks the network server for what is new. One that is away is said to be, once.
    async fn read(&mut self, at: &Named<'_>) {
        let Some((server, key)) = &self.server else { return };
        loop {
            match server.uplinks(key, self.last).await {
                Ok(views) if views.is_empty() => break,
                Ok(views) => {
                    self.last = views.iter().map(|view| view.number).max().unwrap_or(self.last).max(self.last);
                    self.known.extend(views.into_iter().map(|view| (view.hash.clone(), view)));
                }
                Err(error) => {
                    at.out.warn(format_args!("payloads stay encrypted: {}", devices::refused(&error)));
                    self.server = None;
                    break;
                }
            }
        }
        while self.known.len() > KNOWN_MOST {
            let oldest = self.known.values().min_by_key(|view| view.number).map(|view| view.hash.clone());
            oldest.and_then(|hash| self.known.remove(&hash));
        }
    }
}

/// The packets of a batch with what each cost: its part of the batch's cost by units, rounded down.
fn paid(batch: &CoverageBatch, unit_bytes: u64, currency: Currency) -> Vec<ClearPacket> {
    let one = |packet: &CoveragePacket| {
        let units = packet_units(packet.bytes.into(), unit_bytes);
        let cost = batch.cost.units.mul_div(units.into(), u128::from(batch.units).max(1), Rounding::Down).unwrap_or_default();
        let cost = Some(currency.amount(cost));
        ClearPacket { hash: packet.hash.clone(), units: Some(units), cost, refused: None, clear: None }
    };
    batch.packets.iter().map(one).collect()
}

impl ClearPacket {
    /// The packet on a line of its own, under what is told of its batch.
    pub(super) fn line(&self) -> String {
        let cost = self.units.zip(self.cost.as_ref()).map(|(units, cost)| {
            let units = count(units, "unit", "units");
            format!("{units}, {}", shorten(&cost.display))
        });
        let paid = cost.or_else(|| self.refused.as_ref().map(|why| format!("refused: {why}"))).unwrap_or_default();
        let Some(UplinkView { name, dev_addr, f_cnt, f_port, data, .. }) = &self.clear else {
            return format!("          {}  {paid}", short_id(&self.hash));
        };
        let shown = &data[..data.len().min(SHOWN)];
        let more = if shown.len() < data.len() { "…" } else { "" };
        let is_text = !shown.is_empty() && shown.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
        let text = if is_text { format!(" \"{}\"", String::from_utf8_lossy(shown)) } else { String::new() };
        format!("          {name} {dev_addr} #{f_cnt} port {f_port}: {}{more}{text}; {paid}", hex::encode(shown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_client::api::PacketStage;
    use depin_quantity::{Address, Instant, Name, Units};

    fn view(data: &[u8]) -> UplinkView {
        UplinkView {
            number: 1,
            hash: "ab".repeat(32),
            at_ms: 0,
            dev_eui: depin_lorawan::Eui::new(1),
            name: "a door".to_owned(),
            dev_addr: depin_lorawan::DevAddr::new(0x4800_0001),
            f_cnt: 7,
            f_port: 2,
            data: data.to_vec(),
            frame_bytes: 20,
        }
    }

    #[test]
    fn each_packet_of_a_batch_costs_its_units() {
        let currency = Currency { token: Name::literal("DC"), decimals: 0 };
        let packet = |bytes| CoveragePacket { hash: "ab".repeat(32), bytes, received: Instant::new(0).into() };
        let batch = CoverageBatch {
            id: UnitId::new([1; 32]),
            route: UnitId::new([2; 32]),
            oui: 1,
            hotspot: Address::new([3; 32]),
            at: Instant::new(0).into(),
            packets: vec![packet(20), packet(49)],
            units: 4,
            cost: currency.amount(Units::new(4)),
            state: PacketStage::Settled,
            until: None,
        };
        let mut told = paid(&batch, 24, currency);
        assert_eq!(
            told.iter().map(|one| (one.units.unwrap(), one.cost.as_ref().unwrap().units.get())).collect::<Vec<_>>(),
            [(1, 1), (3, 3)]
        );
        assert_eq!(told[1].line(), "          abababababab…  3 units, 3 DC");
        told[0].clear = Some(view(b"open"));
        assert_eq!(told[0].line(), "          a door 48000001 #7 port 2: 6f70656e \"open\"; 1 unit, 1 DC");
    }

    #[test]
    fn a_refused_packet_says_why_and_long_payloads_are_cut() {
        let clear = Some(view(&[0xff; 40]));
        let packet = ClearPacket { hash: "ab".repeat(32), units: None, cost: None, refused: Some("late".to_owned()), clear };
        assert_eq!(packet.line(), format!("          a door 48000001 #7 port 2: {}…; refused: late", "ff".repeat(32)));
    }
}
