//! Frames take effect when the time for copies is over.

use super::{
    Acknowledged, DeviceRow, Event, Joined, Reception, Refusal, Refused, Server, Session, Step, TxOutcome, Uplink, Write,
    commands::{Heard, answers},
    row::LastUplink,
    state::{Hearing, Waiting},
};
use crate::{
    Micros,
    frame::{DataFrame, JoinAccept, SessionKeys, build_join_accept},
    gwmp::{RxPacket, TxError},
};

/// One who waits for an answer: copies in their order of quality, and what the best one heard.
pub(super) struct Answerable {
    pub at: Micros,
    pub receptions: Vec<Reception>,
    pub packet: RxPacket,
}

impl Answerable {
    fn new(hearing: &Hearing) -> Option<Self> {
        let mut copies: Vec<_> = hearing.copies.iter().collect();
        // Best signal to noise first, then strength; the map's order decides what is equal.
        copies.sort_by_key(|(_, (_, packet))| std::cmp::Reverse((packet.snr_ddb, packet.rssi_dbm)));
        let (_, (_, packet)) = copies.first()?;
        let packet = packet.clone();
        let reception = |(gateway, (at, packet)): &(&crate::Eui, &(Micros, RxPacket))| Reception {
            gateway: **gateway,
            at: *at,
            timestamp: packet.timestamp,
            time: packet.time.clone(),
            channel: packet.channel,
            rf_chain: packet.rf_chain,
            rssi_dbm: packet.rssi_dbm,
            snr_ddb: packet.snr_ddb.unwrap_or_default(),
        };
        Some(Self { at: hearing.at, receptions: copies.iter().map(reception).collect(), packet })
    }
}

impl Server {
    /// When [`Server::due`] has something to do next.
    pub fn next_due(&self) -> Option<Micros> {
        let frame = self.schedule.first().map(|(at, ..)| *at);
        let flight = self.flights.values().map(|flight| flight.expires).min();
        frame.into_iter().chain(flight).min()
    }

    /// Lets everything take effect whose time has come.
    pub fn due(&mut self, now: Micros) -> Step {
        let mut step = Step::default();
        while let Some((at, place, hash)) = self.schedule.first().copied().filter(|(at, ..)| *at <= now) {
            self.schedule.remove(&(at, place, hash));
            // None where its device was removed meanwhile.
            if let Some(hearing) = self.hearing.remove(&hash) {
                self.closed.insert(hash, hearing.at);
                self.take_effect(now, hash, hearing, &mut step);
            }
        }
        let expired: Vec<u32> = self.flights.iter().filter(|(_, flight)| flight.expires <= now).map(|(id, _)| *id).collect();
        for id in expired {
            let silence = TxError::Other("nothing".to_owned());
            self.settle(now, id, &TxOutcome::Failed(vec![silence]), false, &mut step);
        }
        self.forget(now);
        step
    }

    fn take_effect(&mut self, now: Micros, hash: [u8; 32], hearing: Hearing, step: &mut Step) {
        let Some(heard) = Answerable::new(&hearing) else { return };
        let Some(row) = self.devices.get(&hearing.device).cloned() else { return };
        match hearing.waiting {
            Waiting::Join { nonce } => self.join_takes_effect(now, row, (nonce, hash), heard, step),
            Waiting::Data { frame, counter, joining } => self.sent(now, row, &frame, (counter, joining, hash), heard, step),
            Waiting::Again { frame, counter } => self.again(now, row, &frame, counter, heard, step),
        }
    }

    fn join_takes_effect(
        &mut self,
        now: Micros,
        mut row: DeviceRow,
        (nonce, hash): (u16, [u8; 32]),
        heard: Answerable,
        step: &mut Step,
    ) {
        let device = row.spec.dev_eui;
        self.nonces.entry(device).or_default().insert(nonce);
        step.writes.push(Write::Nonce { device, nonce });
        let (plan, address) = (self.config.region.plan(), row.address(&self.config));
        let accept = JoinAccept {
            join_nonce: row.join_nonce,
            net_id: self.config.net_id,
            address,
            rx1_offset: 0,
            rx2_data_rate: plan.rx2().data_rate.index,
            rx_delay: self.config.rx1_delay,
            cf_list: Some(plan.cf_list),
        };
        let Ok(frame) = build_join_accept(&accept, &row.spec.app_key) else {
            step.refuse(heard.at, Some(device), None, Refusal::JoinNonces);
            return;
        };
        let keys = SessionKeys::derive(&row.spec.app_key, row.join_nonce, self.config.net_id, nonce);
        row.join_nonce += 1;
        row.joining = Some(Session::new(address, keys));
        self.keep(row, step);
        let receptions = heard.receptions.clone();
        step.events.push(Event::Joined(Box::new(Joined { at: heard.at, device, address, dev_nonce: nonce, hash, receptions })));
        self.accept(now, device, frame, &heard, step);
    }

    fn sent(
        &mut self,
        now: Micros,
        mut row: DeviceRow,
        frame: &DataFrame,
        (counter, joining, hash): (u32, bool, [u8; 32]),
        heard: Answerable,
        step: &mut Step,
    ) {
        let device = row.spec.dev_eui;
        if joining && let Some(session) = row.joining.take() {
            row.session = Some(session);
            if let Some((downlink, counter)) = row.unconfirmed.take() {
                let event = Acknowledged { at: heard.at, device, downlink, counter, acknowledged: false };
                step.events.push(Event::Acknowledged(Box::new(event)));
            }
        }
        // None where a join ended the session that the frame is of.
        let Some(session) = row.session.as_mut().filter(|session| session.up.is_none_or(|last| last < counter)) else { return };
        let skipped = session.up.map_or(0, |last| counter - last - 1);
        let before = (skipped, session.last.as_ref().map(|last| heard.at.since(last.at)));
        session.up = Some(counter);
        session.last = Some(LastUplink { hash, at: heard.at, repeated: 0 });
        let payload = frame.decrypt(&session.keys, counter);
        if let Some((downlink, sent)) = row.unconfirmed.take() {
            let event = Acknowledged { at: heard.at, device, downlink, counter: sent, acknowledged: frame.ack };
            step.events.push(Event::Acknowledged(Box::new(event)));
        }
        let commands = if frame.port == Some(0) { &payload } else { &frame.options };
        let best = Heard {
            at: heard.at,
            modulation: heard.packet.modulation,
            snr_ddb: heard.packet.snr_ddb.unwrap_or_default(),
            hotspots: heard.receptions.len(),
        };
        let options = answers(commands, best);
        if frame.port != Some(0) {
            let event = self.uplink(&row, frame, (counter, before, hash, payload), &heard);
            step.events.push(Event::Uplink(Box::new(event)));
        }
        self.keep(row, step);
        self.answer(now, device, (frame.confirmed, frame.adr_ack_req, &options), &heard, step);
    }

    fn uplink(
        &self,
        row: &DeviceRow,
        frame: &DataFrame,
        (counter, (skipped, since), hash, payload): (u32, (u32, Option<Micros>), [u8; 32], Vec<u8>),
        heard: &Answerable,
    ) -> Uplink {
        let RxPacket { frequency, modulation, coding_rate, .. } = heard.packet;
        Uplink {
            at: heard.at,
            device: row.spec.dev_eui,
            address: frame.address,
            counter,
            skipped,
            since,
            port: frame.port.unwrap_or_default(),
            payload,
            confirmed: frame.confirmed,
            adr: frame.adr,
            hash,
            frame_bytes: frame.bytes().len(),
            frequency,
            modulation,
            data_rate: self.config.region.plan().data_rate_up(modulation).map(|rate| rate.index).unwrap_or_default(),
            coding_rate,
            receptions: heard.receptions.clone(),
        }
    }

    /// The last uplink once more: confirmed once more, and not delivered.
    fn again(&mut self, now: Micros, mut row: DeviceRow, frame: &DataFrame, counter: u32, heard: Answerable, step: &mut Step) {
        let device = row.spec.dev_eui;
        let why = Refusal::Retransmission { counter };
        step.events.push(Event::Refused(Box::new(Refused {
            at: heard.at,
            device: Some(device),
            gateway: None,
            item: None,
            why,
        })));
        let last = row.session.as_mut().filter(|session| session.up == Some(counter)).and_then(|session| session.last.as_mut());
        let Some(last) = last else { return };
        last.repeated += 1;
        self.keep(row, step);
        self.answer(now, device, (frame.confirmed, false, &[]), &heard, step);
    }
}
