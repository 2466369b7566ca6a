//! Downlinks: what is said, in which windows, by which hotspot; and what became of it.

use super::{
    DownlinkPlan, Emitted, Event, Queued, Refusal, Refused, Server, Step, TxOutcome, TxWindow, Write, due::Answerable,
    state::Flight,
};
use crate::{
    Eui, Micros,
    frame::{Data, Direction, build_data, payload_hash},
    gwmp::TxError,
    region::{Airtime, Duty, Plan, Window, airtime},
};

/// How often a downlink is planned.
const TRIES: u8 = 5;
/// For how long after its last window the outcome of a downlink is waited for.
const SILENCE: Micros = Micros::seconds(10);

/// A window as the device has it: when it opens after the uplink's end, where, and how large a payload fits.
#[derive(Clone, Copy)]
struct Opening {
    after: Micros,
    window: Window,
}

/// What a device is answered, before it is built.
struct Said<'a> {
    ack: bool,
    options: &'a [u8],
    item: Option<Queued>,
    pending: bool,
}

impl Server {
    fn openings(&self, heard: &Answerable, delay: Micros) -> Vec<Opening> {
        let plan = self.config.region.plan();
        let first = plan.rx1(heard.packet.frequency, heard.packet.modulation, 0).ok();
        let first = first.map(|window| Opening { after: delay, window });
        let second = Opening { after: delay.plus(Plan::RX2_AFTER_RX1), window: plan.rx2() };
        first.into_iter().chain([second]).collect()
    }

    /// Sends a join accept.
    pub(super) fn accept(&mut self, now: Micros, device: Eui, frame: Vec<u8>, heard: &Answerable, step: &mut Step) {
        let openings = self.openings(heard, Plan::JOIN_RX1_DELAY);
        match self.place(now, frame.len(), &openings, heard) {
            Some((gateway, windows)) => self.fly(device, gateway, windows, frame, (None, None), step),
            None => step.refuse(heard.at, Some(device), None, Refusal::DutyCycle),
        }
    }

    /// Answers an uplink, where there is anything to say.
    pub(super) fn answer(
        &mut self,
        now: Micros,
        device: Eui,
        (ack, sign, options): (bool, bool, &[u8]),
        heard: &Answerable,
        step: &mut Step,
    ) {
        let Some(mut row) = self.devices.get(&device).cloned() else { return };
        let openings = self.openings(heard, Micros::seconds(u64::from(self.config.rx1_delay)));
        let room = |opening: &Opening| usize::from(opening.window.data_rate.payload_max).saturating_sub(options.len());
        let most = openings.iter().map(room).max().unwrap_or_default();
        let mut dropped = false;
        let item = loop {
            let Some(place) = row.queue.iter().position(|queued| !self.flies(device, &queued.downlink.id)) else { break None };
            let got = row.queue[place].downlink.payload.len();
            if got <= most {
                break Some(row.queue[place].clone());
            }
            // Commands alone may be why it does not fit now; what never fits must not keep the others waiting.
            if got <= most + options.len() {
                break None;
            }
            let item = row.queue.remove(place).map(|queued| queued.downlink.id);
            let why = Refusal::PayloadSize { got, room: most + options.len() };
            step.events.push(Event::Refused(Box::new(Refused { at: heard.at, device: Some(device), gateway: None, item, why })));
            dropped = true;
        };
        if dropped {
            self.keep(row.clone(), step);
        }
        if !(ack || sign || item.is_some() || !options.is_empty()) {
            return;
        }
        let needs = item.as_ref().map_or(0, |queued| queued.downlink.payload.len());
        let openings: Vec<Opening> = openings.into_iter().filter(|opening| needs <= room(opening)).collect();
        let waiting = row.queue.iter().filter(|queued| !self.flies(device, &queued.downlink.id)).count();
        let pending = waiting > usize::from(item.is_some());
        if let Err(why) = self.say(now, device, Said { ack, options, item, pending }, (&openings, heard), step) {
            step.refuse(heard.at, Some(device), None, why);
        }
    }

    fn flies(&self, device: Eui, id: &str) -> bool {
        let same =
            |flight: &Flight| flight.plan.device == device && flight.item.as_ref().is_some_and(|item| item.downlink.id == id);
        self.flights.values().any(same)
    }

    fn say(
        &mut self,
        now: Micros,
        device: Eui,
        said: Said<'_>,
        (openings, heard): (&[Opening], &Answerable),
        step: &mut Step,
    ) -> Result<(), Refusal> {
        let Some(mut row) = self.devices.get(&device).cloned() else { return Ok(()) };
        let Some(session) = row.session.as_mut() else { return Ok(()) };
        let counter = session.down;
        let next = counter.checked_add(1).ok_or(Refusal::CountersUsedUp)?;
        let downlink = said.item.as_ref().map(|item| &item.downlink);
        let data = Data {
            direction: Direction::Down,
            confirmed: downlink.is_some_and(|downlink| downlink.confirmed),
            address: session.address,
            adr: false,
            adr_ack_req: false,
            ack: said.ack,
            pending: said.pending,
            counter,
            options: said.options,
            port: downlink.map(|downlink| downlink.port),
            payload: downlink.map_or(&[], |downlink| &downlink.payload),
        };
        let frame = build_data(&data, &session.keys)?;
        let (gateway, windows) = self.place(now, frame.len(), openings, heard).ok_or(Refusal::DutyCycle)?;
        session.down = next;
        self.keep(row, step);
        self.fly(device, gateway, windows, frame, (said.item, Some(counter)), step);
        Ok(())
    }

    /// The hotspot that heard best among those that may send, with the windows in which it may.
    fn place(&self, now: Micros, bytes: usize, openings: &[Opening], heard: &Answerable) -> Option<(Eui, Vec<TxWindow>)> {
        let (plan, none) = (self.config.region.plan(), Duty::default());
        for reception in &heard.receptions {
            let duty = self.duty.get(&reception.gateway).unwrap_or(&none);
            let windows = openings.iter().filter_map(|opening| {
                let (modulation, frequency) = (opening.window.data_rate.modulation, opening.window.frequency);
                let (opens, airtime) = (heard.at.plus(opening.after), airtime(Airtime::downlink(modulation, bytes)));
                let (_, band) = plan.sub_band(frequency)?;
                if opens <= now || duty.check(plan, frequency, opens, airtime).is_err() {
                    return None;
                }
                let timestamp = reception.timestamp.wrapping_add(opening.after.wrapping());
                // Whole decibels, and never more than a network needs where the band allows more.
                let eirp_dbm = (band.eirp_ddbm_max / 10).min(30) as i8;
                Some(TxWindow { timestamp, opens, frequency, modulation, eirp_dbm, airtime })
            });
            let windows: Vec<TxWindow> = windows.collect();
            if !windows.is_empty() {
                return Some((reception.gateway, windows));
            }
        }
        None
    }

    /// Gives a frame to a hotspot. All windows count against its duty cycle until it says which it used.
    fn fly(
        &mut self,
        device: Eui,
        gateway: Eui,
        windows: Vec<TxWindow>,
        frame: Vec<u8>,
        (item, counter): (Option<Queued>, Option<u32>),
        step: &mut Step,
    ) {
        let hash = payload_hash(&[frame.as_slice(), &device.get().to_be_bytes()].concat());
        let mut id = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
        while self.flights.contains_key(&id) {
            id = id.wrapping_add(1);
        }
        let plan = self.config.region.plan();
        let duty = self.duty.entry(gateway).or_default();
        let before = duty.clone();
        for window in &windows {
            duty.spend(plan, window.frequency, window.opens, window.airtime);
        }
        if *duty != before {
            step.writes.push(Write::Duty { gateway, duty: duty.clone() });
        }
        let expires = windows.iter().map(|window| window.opens).max().unwrap_or_default().plus(SILENCE);
        let plan = DownlinkPlan { id, gateway, device, windows, frame };
        step.transmits.push(plan.clone());
        self.flights.insert(id, Flight { plan, item, counter, expires });
    }

    /// Takes what became of a downlink. One that is not known (any more) is passed over.
    pub fn outcome(&mut self, now: Micros, id: u32, outcome: &TxOutcome) -> Step {
        let mut step = Step::default();
        self.settle(now, id, outcome, true, &mut step);
        step
    }

    pub(super) fn settle(&mut self, now: Micros, id: u32, outcome: &TxOutcome, told: bool, step: &mut Step) {
        let Some(Flight { plan, item, counter, .. }) = self.flights.remove(&id) else { return };
        let (device, gateway) = (plan.device, plan.gateway);
        let used = match outcome {
            TxOutcome::Emitted { window, .. } => plan.windows.get(*window).copied(),
            TxOutcome::Failed(_) => None,
        };
        if told {
            self.give_back(&plan, used, step);
        }
        let row = self.devices.get(&device).cloned();
        if let Some(window) = used {
            let downlink = item.map(|item| item.downlink);
            if let (Some(mut row), Some(downlink)) = (row, &downlink) {
                row.queue.retain(|queued| queued.downlink.id != downlink.id);
                if downlink.confirmed {
                    row.unconfirmed = counter.map(|counter| (downlink.clone(), counter));
                }
                self.keep(row, step);
            }
            let event = Emitted { at: now, id, device, downlink, counter, gateway, window };
            step.events.push(Event::Emitted(Box::new(event)));
            return;
        }
        let last = match outcome {
            TxOutcome::Failed(errors) => errors.last().cloned(),
            TxOutcome::Emitted { .. } => None,
        };
        let last = last.unwrap_or_else(|| TxError::Other("a window that there was not".to_owned()));
        let (Some(mut row), Some(item)) = (row, item) else { return };
        let id = item.downlink.id;
        let Some(place) = row.queue.iter().position(|queued| queued.downlink.id == id) else { return };
        row.queue[place].tries += 1;
        let tries = row.queue[place].tries;
        if tries >= TRIES {
            row.queue.remove(place);
            let why = Refusal::NotEmitted { tries, last };
            let refused = Refused { at: now, device: Some(device), gateway: Some(gateway), item: Some(id), why };
            step.events.push(Event::Refused(Box::new(refused)));
        }
        self.keep(row, step);
    }

    /// What a hotspot did not use of its duty cycle.
    fn give_back(&mut self, plan: &DownlinkPlan, used: Option<TxWindow>, step: &mut Step) {
        let region = self.config.region.plan();
        let Some(duty) = self.duty.get_mut(&plan.gateway) else { return };
        let before = duty.clone();
        for window in plan.windows.iter().filter(|window| Some(**window) != used) {
            duty.give_back(region, window.frequency, window.opens, window.airtime);
        }
        if *duty != before {
            step.writes.push(Write::Duty { gateway: plan.gateway, duty: duty.clone() });
        }
    }
}
