//! A device, a network server, and an air that carries everything to the hotspots that a test names.

#![allow(dead_code, reason = "each test uses a part of it")]

use depin_lorawan::{
    CodingRate, Eui, Key, Micros, NetId,
    device::{EndDevice, Identity, Received, Transmission},
    gwmp::{Crc, RxPacket, TxReport},
    region::Region,
    server::{
        AddressRange, Attempt, DeviceSpec, DownlinkPlan, Event, NextTry, Refusal, Server, ServerConfig, Step, TxOutcome, Uplink,
        Write,
    },
};

pub const FIRST: Eui = Eui::new(0xa1);
pub const SECOND: Eui = Eui::new(0xa2);
pub const THIRD: Eui = Eui::new(0xa3);
pub const DEVICE: Eui = Eui::new(0xd1);
pub const JOIN: Eui = Eui::new(0xaa);
/// When tests begin.
pub const START: Micros = Micros::seconds(1_700_000_000);

pub fn config(region: Region) -> ServerConfig {
    let addresses = AddressRange::new("48000000".parse().unwrap(), "48000003".parse().unwrap()).unwrap();
    ServerConfig { application: "doors".to_owned(), ..ServerConfig::new(region, NetId::new(0x3c).unwrap(), addresses) }
}

pub fn identity(number: u64) -> Identity {
    Identity { dev_eui: Eui::new(DEVICE.get() + number), join_eui: JOIN, root: Key::new([0x11 + number as u8; 16]) }
}

pub fn spec(identity: &Identity) -> DeviceSpec {
    let Identity { dev_eui, join_eui, root } = identity.clone();
    DeviceSpec { dev_eui, join_eui, app_key: root, name: String::new() }
}

/// A network under test: what it was told to keep is kept here, as a store would.
pub struct Network {
    pub region: Region,
    pub server: Server,
    pub now: Micros,
    pub kept: Vec<Write>,
    pub events: Vec<Event>,
    pub transmits: Vec<DownlinkPlan>,
}

impl Network {
    pub fn new(region: Region) -> Self {
        let server = Server::new(config(region)).unwrap();
        Self { region, server, now: START, kept: vec![], events: vec![], transmits: vec![] }
    }

    /// With a device that it knows.
    pub fn with_device(region: Region) -> (Self, EndDevice) {
        let (mut network, identity) = (Self::new(region), identity(0));
        let step = network.server.add(spec(&identity)).unwrap();
        network.take(step);
        let device = EndDevice::new(identity, region, 7);
        (network, device)
    }

    /// With a device that has joined by one hotspot.
    pub fn joined(region: Region) -> (Self, EndDevice) {
        let (mut network, mut device) = Self::with_device(region);
        network.join(&mut device, &[FIRST]);
        network.pass(Micros::seconds(60));
        (network, device)
    }

    pub fn take(&mut self, step: Step) {
        // As a store reads it back: by its text.
        for write in &step.writes {
            if let Write::Device(row) = write {
                let text = serde_json::to_string(row).unwrap();
                assert_eq!(&serde_json::from_str::<depin_lorawan::server::DeviceRow>(&text).unwrap().spec, &row.spec);
            }
        }
        self.kept.extend(step.writes);
        self.events.extend(step.events);
        self.transmits.extend(step.transmits);
    }

    pub fn pass(&mut self, span: Micros) {
        self.now = self.now.plus(span);
    }

    /// What a hotspot's forwarder says of a transmission.
    pub fn packet(&self, sent: &Transmission, snr_ddb: i32) -> RxPacket {
        RxPacket {
            timestamp: self.now.wrapping(),
            time: None,
            gps_ms: None,
            frequency: sent.frequency,
            channel: 1,
            rf_chain: 0,
            crc: Crc::Ok,
            modulation: sent.modulation,
            coding_rate: Some(CodingRate::Cr45),
            rssi_dbm: -100,
            snr_ddb: Some(snr_ddb),
            payload: sent.bytes.clone(),
        }
    }

    pub fn hear(&mut self, sent: &Transmission, gateway: Eui, snr_ddb: i32) {
        let packet = self.packet(sent, snr_ddb);
        let step = self.server.hear(self.now, gateway, packet);
        self.take(step);
    }

    /// Lets the time for copies pass.
    pub fn due(&mut self) {
        let at = self.now.plus(Micros::millis(200));
        let step = self.server.due(at);
        self.take(step);
    }

    /// A transmission comes to these hotspots, the first one best, and takes effect.
    pub fn carry(&mut self, sent: &Transmission, gateways: &[Eui]) {
        for (place, gateway) in gateways.iter().enumerate() {
            self.hear(sent, *gateway, 50 - 10 * place as i32);
        }
        self.due();
    }

    /// Emits the last planned downlink in its first window, and lets the device hear it.
    pub fn answer(&mut self, device: &mut EndDevice) -> Received {
        let plan = self.transmits.pop().expect("a downlink");
        let windows = device.windows(self.now).unwrap();
        let place = windows.iter().position(|(_, window)| {
            plan.windows[0].frequency == window.frequency && plan.windows[0].modulation == window.data_rate.modulation
        });
        let place = place.expect("the server sends where the device listens");
        assert_eq!(plan.windows[0].opens, windows[place].0);
        assert_eq!(plan.windows[0].timestamp, windows[place].0.wrapping());
        let mut attempt = Attempt::new(plan.clone(), 3);
        assert!(matches!(attempt.current(), NextTry::Emit(_)));
        let NextTry::Over(outcome) = attempt.report(&TxReport::AS_ASKED) else { panic!() };
        let step = self.server.outcome(self.now.plus(Micros::seconds(6)), plan.id, &outcome);
        self.take(step);
        device.receive(&plan.frame).unwrap()
    }

    pub fn fail(&mut self, plan: &DownlinkPlan, error: depin_lorawan::gwmp::TxError) {
        let step = self.server.outcome(self.now, plan.id, &TxOutcome::Failed(vec![error]));
        self.take(step);
    }

    pub fn join(&mut self, device: &mut EndDevice, gateways: &[Eui]) {
        let sent = device.join(self.now).unwrap();
        self.carry(&sent, gateways);
        assert!(matches!(self.answer(device), Received::Joined(_)));
    }

    pub fn uplinks(&self) -> Vec<&Uplink> {
        self.events.iter().filter_map(|event| if let Event::Uplink(event) = event { Some(&**event) } else { None }).collect()
    }

    pub fn refusals(&self) -> Vec<&Refusal> {
        self.events.iter().filter_map(|event| if let Event::Refused(event) = event { Some(&event.why) } else { None }).collect()
    }

    /// The last refusal.
    pub fn refusal(&self) -> &Refusal {
        self.refusals().pop().expect("a refusal")
    }

    /// Stops, and starts from what was kept.
    pub fn restart(&mut self) {
        self.server = Server::new(config(self.region)).unwrap();
        for write in self.kept.clone() {
            self.server.restore(write);
        }
    }
}
