//! Uplinks of late in the clear, by the hash under which the ledger knows their packets.
//!
//! In: the events of the network server, once they stand. Out: pages of the newest uplinks, for whoever shows the access key. In memory, and so
//! empty after a start; the customer's software has every uplink by webhook or MQTT.

use crate::engine::now_ms;
use depin_client::lorawan::UplinkView;
use depin_lorawan::server::{Event, Server};
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

/// Uplinks that are kept: at most 242 bytes of payload each.
const MOST: usize = 4_096;

/// See the module.
///
/// Numbers begin at the milliseconds since 1970 of the start, so that whoever asks for more than it has seen is not given less after a start.
#[derive(Debug)]
pub(crate) struct Recent(Mutex<(u64, VecDeque<UplinkView>)>);

impl Recent {
    pub(crate) fn new() -> Self {
        Self(Mutex::new((now_ms(), VecDeque::new())))
    }

    /// Takes the uplinks among what took effect.
    pub(crate) fn look(&self, events: &[Event], server: &Server) {
        for event in events {
            let Event::Uplink(up) = event else { continue };
            let name = server.device(up.device).map(|row| row.spec.name.clone()).unwrap_or_default();
            let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            held.0 += 1;
            let number = held.0;
            held.1.push_back(UplinkView {
                number,
                hash: hex::encode(up.hash),
                at_ms: up.at.get() / 1_000,
                dev_eui: up.device,
                name,
                dev_addr: up.address,
                f_cnt: up.counter,
                f_port: up.port,
                data: up.payload.clone(),
                frame_bytes: u16::try_from(up.frame_bytes).unwrap_or(u16::MAX),
            });
            if held.1.len() > MOST {
                held.1.pop_front();
            }
        }
    }

    /// Up to `limit` uplinks with numbers above `after`, oldest first.
    pub(crate) fn after(&self, after: u64, limit: usize) -> Vec<UplinkView> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = held.1.partition_point(|view| view.number <= after);
        held.1.iter().skip(begin).take(limit).cloned().collect()
    }
}
