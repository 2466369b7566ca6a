//! Devices, hotspots and a network server in one simulated air, by calls and over UDP.

use depin_air::{
    AirConfig, Antenna, Attack, Conduct, DaemonConfig, DaemonError, DeviceConfig, Fate, HotspotConfig, Loss, Position, Report,
    World, WorldConfig, WorldError, start,
};
use depin_lorawan::{
    Eui, Hertz, Key, Micros, Modulation, NetId, Spreading,
    device::Identity,
    gwmp::{Datagram, Emission, TxError, TxPacket, TxReport, decode, encode},
    region::Region,
    server::{AddressRange, Attempt, DeviceSpec, Event, NextTry, Server, ServerConfig, Step},
};
use std::{collections::BTreeMap, time::Duration};
use tokio::net::UdpSocket;

const START: Micros = Micros::seconds(1_700_000_000);

fn identity(number: u64) -> Identity {
    Identity { dev_eui: Eui::new(0xd000 + number), join_eui: Eui::new(0xaa), root: Key::new([number as u8; 16]) }
}

fn hotspot(number: u64, north_m: f64, conduct: Vec<Attack>) -> HotspotConfig {
    let position = Position::new(52.52, 13.405, 25.0).unwrap().moved(north_m, 0.0);
    HotspotConfig {
        gateway: Eui::new(0xa0 + number),
        position,
        antenna: Antenna { gain_dbi: 3.0 },
        power_dbm_max: 24,
        conduct: Conduct(conduct),
    }
}

fn world(region: Region, hotspots: Vec<HotspotConfig>, devices: u64, every: Micros, confirmed: bool) -> WorldConfig {
    let middle = Position::new(52.52, 13.405, 2.0).unwrap();
    let devices = (0..devices).map(|number| DeviceConfig {
        identity: identity(number),
        position: middle.moved(100.0 + 40.0 * number as f64, 200.0),
        data_rate: 3,
        every,
        payload_bytes: 10,
        confirmed,
        dev_nonce: 0,
    });
    WorldConfig { air: AirConfig { shadowing_db: 4.0, ..AirConfig::new(11) }, region, hotspots, devices: devices.collect() }
}

fn server(region: Region, devices: u64) -> Server {
    let addresses = AddressRange::new("48000000".parse().unwrap(), "480000ff".parse().unwrap()).unwrap();
    let mut server = Server::new(ServerConfig::new(region, NetId::new(0x3c).unwrap(), addresses)).unwrap();
    for number in 0..devices {
        let Identity { dev_eui, join_eui, root } = identity(number);
        let step = server.add(DeviceSpec { dev_eui, join_eui, app_key: root, name: String::new() }).unwrap();
        assert_eq!(step.writes.len(), 1);
    }
    server
}

/// Runs a world with its server by calls for so long; every event that came of it.
fn run(config: WorldConfig, server: &mut Server, span: Micros) -> (World, Vec<Event>) {
    let (mut world, mut events) = (World::new(config, START).unwrap(), Vec::new());
    let end = START.plus(span);
    let mut now = START;
    while now < end {
        now = world.next().into_iter().chain(server.next_due()).chain([end]).min().unwrap().max(now);
        let mut steps: Vec<Step> =
            world.step(now).into_iter().map(|report| server.hear(now, report.gateway, report.packet)).collect();
        steps.push(server.due(now));
        for step in steps {
            events.extend(step.events);
            for plan in step.transmits {
                let (id, gateway, mut attempt) = (plan.id, plan.gateway, Attempt::new(plan, 3));
                let mut next = attempt.current();
                let outcome = loop {
                    match next {
                        NextTry::Emit(packet) => next = attempt.report(&world.emit(now, gateway, packet).unwrap()),
                        NextTry::Over(outcome) => break outcome,
                    }
                };
                events.extend(server.outcome(now, id, &outcome).events);
            }
        }
        now = now.plus(Micros::new(1));
    }
    (world, events)
}

fn counts(events: &[Event]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for event in events {
        *counts.entry(event.kind()).or_default() += 1;
    }
    counts
}

#[test]
fn devices_join_and_send_through_simulated_air_in_both_regions() {
    for region in Region::ALL {
        let hotspots = (0..3).map(|number| hotspot(number, 400.0 * number as f64, vec![])).collect();
        let config = world(region, hotspots, 10, Micros::seconds(300), true);
        let mut server = server(region, 10);
        let (world, events) = run(config, &mut server, Micros::seconds(3_000));
        let counts = counts(&events);
        assert_eq!(world.joined().0, 10, "{region}: {counts:?} {:?}", world.fates());
        assert!(counts["join"] >= 10 && counts["up"] >= 60 && counts["txack"] >= 60, "{region}: {counts:?}");
        assert!(world.joined().1 >= 60, "devices hear their answers: {:?}", world.joined());
        let many = events.iter().filter(|event| matches!(event, Event::Uplink(up) if up.receptions.len() > 1)).count();
        assert!(many > 20, "several hotspots hear most uplinks: {many}");
        let twice =
            events.iter().filter_map(|event| if let Event::Uplink(up) = event { Some((up.device, up.counter)) } else { None });
        let (all, once): (Vec<_>, std::collections::BTreeSet<_>) = (twice.clone().collect(), twice.collect());
        assert_eq!(all.len(), once.len(), "no uplink is delivered twice");
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let once = |seed: u64| {
        let hotspots = vec![hotspot(0, 0.0, vec![]), hotspot(1, 900.0, vec![])];
        let mut config = world(Region::Eu868, hotspots, 30, Micros::seconds(60), false);
        config.air.seed = seed;
        let mut server = server(Region::Eu868, 30);
        let (world, events) = run(config, &mut server, Micros::seconds(600));
        (world.fates().clone(), format!("{events:?}"))
    };
    let first = once(1);
    assert_eq!(once(1), first);
    assert_ne!(once(2).1, first.1);
    assert!(first.0.contains_key(&Fate::Heard), "{:?}", first.0);
}

/// A beacon as a hotspot sends it: a proprietary frame of 52 bytes on an uplink channel.
fn beacon() -> TxPacket {
    TxPacket {
        emission: Emission::Immediately,
        frequency: Hertz::new(868_300_000),
        rf_chain: 0,
        power_dbm: Some(13),
        modulation: Modulation::lora(Spreading::Sf10, depin_lorawan::Bandwidth::Khz125),
        coding_rate: None,
        deviation_hz: None,
        inverted: false,
        preamble: None,
        without_crc: false,
        payload: [vec![0xe0], vec![7; 51]].concat(),
    }
}

/// Who reports a beacon of the first hotspot, when after it, how strong, and whether it is true.
fn witnesses(hotspots: Vec<HotspotConfig>) -> Vec<(u64, u64, i32, bool)> {
    let mut config = world(Region::Eu868, hotspots, 0, Micros::SECOND, false);
    config.air = AirConfig { loss: Loss::FreeSpace, shadowing_db: 0.0, ..config.air };
    let mut world = World::new(config, START).unwrap();
    assert_eq!(world.emit(START, Eui::new(0xa0), beacon()), Some(TxReport::AS_ASKED));
    let reports = world.step(START.plus(Micros::seconds(60)));
    let seen = |report: Report| {
        (report.gateway.get() - 0xa0, report.at.since(START).get() / 1_000_000, report.packet.rssi_dbm, report.true_copy)
    };
    reports.into_iter().map(seen).collect()
}

#[test]
fn honest_hotspots_report_what_they_hear_once() {
    let near = [hotspot(0, 0.0, vec![]), hotspot(1, 1_000.0, vec![]), hotspot(2, 2_000.0, vec![])];
    let seen = witnesses(near.to_vec());
    // 16 dBm radiate; free space and 3 dBi leave -72.2 and -78.3 dBm.
    assert_eq!(seen, [(1, 0, -72, true), (2, 0, -78, true)]);
    let far = hotspot(1, 4_000_000.0, vec![]);
    assert_eq!(witnesses(vec![hotspot(0, 0.0, vec![]), far]), []);
}

#[test]
fn each_attack_reports_what_its_profile_says() {
    let far = |conduct| hotspot(2, 4_000_000.0, conduct);
    let replay = Attack::ReplayedBeacons { after: Micros::seconds(7) };
    let seen = witnesses(vec![hotspot(0, 0.0, vec![]), hotspot(1, 1_000.0, vec![replay])]);
    assert_eq!(seen, [(1, 0, -72, true), (1, 7, -72, false)]);
    let room = Attack::ColludingWitnesses { room: vec![Eui::new(0xa1)], rssi_dbm: -110, snr_ddb: 10 };
    let seen = witnesses(vec![hotspot(0, 0.0, vec![]), hotspot(1, 1_000.0, vec![]), far(vec![room])]);
    assert_eq!(seen, [(1, 0, -72, true), (2, 0, -110, false)]);
    let with_sender = Attack::ColludingWitnesses { room: vec![Eui::new(0xa0)], rssi_dbm: -110, snr_ddb: 10 };
    let seen = witnesses(vec![hotspot(0, 0.0, vec![]), hotspot(1, 1_000.0, vec![]), far(vec![with_sender])]);
    assert_eq!(seen, [(1, 0, -72, true), (2, 0, -110, false)]);
    let quieter = Attack::FalseRssi { add_db: -30 };
    let seen = witnesses(vec![hotspot(0, 0.0, vec![]), hotspot(1, 1_000.0, vec![quieter])]);
    assert_eq!(seen, [(1, 0, -102, true)]);
    // Nobody hears the beacon, and the sender tells its fellow.
    let fellow = Attack::ColludingWitnesses { room: vec![Eui::new(0xa0)], rssi_dbm: -110, snr_ddb: 10 };
    assert_eq!(witnesses(vec![hotspot(0, 0.0, vec![]), far(vec![fellow])]), [(2, 0, -110, false)]);
    // A spoofed location changes nothing on air.
    let claimed = Position::new(0.0, 0.0, 0.0).unwrap();
    let seen = witnesses(vec![hotspot(0, 0.0, vec![]), hotspot(1, 1_000.0, vec![Attack::SpoofedLocation { claimed }])]);
    assert_eq!(seen, [(1, 0, -72, true)]);
}

#[test]
fn worlds_that_cannot_be_are_refused() {
    let new = |config| World::new(config, START).err().unwrap();
    let twice = vec![hotspot(0, 0.0, vec![]), hotspot(0, 9.0, vec![])];
    assert_eq!(new(world(Region::Eu868, twice, 0, Micros::SECOND, false)), WorldError::SameGateway(Eui::new(0xa0)));
    assert_eq!(new(world(Region::Eu868, vec![], 1, Micros::ZERO, false)), WorldError::NoPause(Eui::new(0xd000)));
    let mut same = world(Region::Eu868, vec![], 2, Micros::SECOND, false);
    same.devices[1].identity = identity(0);
    assert_eq!(new(same), WorldError::SameDevice(Eui::new(0xd000)));
    let mut alone = World::new(world(Region::Eu868, vec![], 0, Micros::SECOND, false), START).unwrap();
    assert_eq!(alone.emit(START, Eui::new(1), beacon()), None);
}

/// A server of packet forwarders, as small as it can be: receipts, and what came.
struct Port {
    socket: UdpSocket,
    forwarders: BTreeMap<Eui, std::net::SocketAddr>,
}

impl Port {
    async fn next(&mut self) -> Option<Datagram> {
        let mut buffer = vec![0; 65_507];
        let received = tokio::time::timeout(Duration::from_millis(20), self.socket.recv_from(&mut buffer)).await;
        let (length, from) = received.ok()?.unwrap();
        let datagram = decode(&buffer[..length]).unwrap();
        let receipt = match &datagram {
            Datagram::PushData { token, .. } => Some(Datagram::PushAck { token: *token }),
            Datagram::PullData { token, gateway } => {
                self.forwarders.insert(*gateway, from);
                Some(Datagram::PullAck { token: *token })
            }
            _ => None,
        };
        if let Some(receipt) = receipt {
            self.socket.send_to(&encode(&receipt), from).await.unwrap();
        }
        Some(datagram)
    }

    async fn send(&self, gateway: Eui, datagram: &Datagram) {
        self.socket.send_to(&encode(datagram), self.forwarders[&gateway]).await.unwrap();
    }
}

fn wall() -> Micros {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Micros::new(since.as_micros() as u64)
}

/// A device joins over real UDP at wall time, its uplink comes, its answer is heard; what is asked too late is refused.
#[tokio::test]
async fn the_process_speaks_gwmp_with_a_network_server() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut config = world(Region::Eu868, vec![hotspot(0, 0.0, vec![]), hotspot(1, 300.0, vec![])], 1, Micros::seconds(4), true);
    config.devices[0].data_rate = 5;
    let mut daemon = DaemonConfig::new(config, socket.local_addr().unwrap());
    daemon.keepalive = Duration::from_millis(200);
    daemon.status = Duration::from_millis(500);
    let handle = start(daemon).await.unwrap();
    let mut port = Port { socket, forwarders: BTreeMap::new() };
    let mut server = server(Region::Eu868, 1);
    let mut attempts: BTreeMap<u16, Attempt> = BTreeMap::new();
    let (mut events, mut statuses, mut late, mut past) = (Vec::new(), 0, false, None);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while tokio::time::Instant::now() < deadline {
        let mut step = Step::default();
        match port.next().await {
            Some(Datagram::PushData { gateway, packets, refused, status, .. }) => {
                assert_eq!(refused, []);
                statuses += usize::from(status.is_some());
                for packet in packets {
                    past.get_or_insert((gateway, packet.timestamp.wrapping_sub(1_000_000)));
                    let heard = server.hear(wall(), gateway, packet);
                    step.events.extend(heard.events);
                }
            }
            Some(Datagram::TxAck { token: 9_999, report, .. }) => {
                assert_eq!(report, TxReport::Refused(TxError::TooLate));
                late = true;
            }
            Some(Datagram::TxAck { token, report, .. }) => {
                let attempt = attempts.get_mut(&token).unwrap();
                match attempt.report(&report) {
                    NextTry::Emit(packet) => port.send(attempt.plan().gateway, &Datagram::PullResp { token, packet }).await,
                    NextTry::Over(outcome) => step = server.outcome(wall(), attempt.plan().id, &outcome),
                }
            }
            _ => {}
        }
        let due = server.due(wall());
        events.extend(step.events.into_iter().chain(due.events));
        for plan in due.transmits {
            let (token, attempt) = (attempts.len() as u16, Attempt::new(plan, 3));
            if let NextTry::Emit(packet) = attempt.current() {
                port.send(attempt.plan().gateway, &Datagram::PullResp { token, packet }).await;
            }
            attempts.insert(token, attempt);
        }
        if let Some((gateway, timestamp)) = past.filter(|(gateway, _)| !late && port.forwarders.contains_key(gateway)) {
            let packet = TxPacket { emission: Emission::AtTimestamp(timestamp), ..beacon() };
            port.send(gateway, &Datagram::PullResp { token: 9_999, packet }).await;
        }
        if counts(&events).get("up").is_some_and(|ups| *ups >= 2) && handle.joined().1 >= 2 && statuses > 2 && late {
            break;
        }
    }
    let (counts, figures) = (counts(&events), handle.figures());
    assert!(counts.contains_key("join") && counts.get("up").is_some_and(|ups| *ups >= 2), "{counts:?} {figures:?}");
    assert!(handle.joined().1 >= 2 && statuses > 2 && late, "{counts:?} {statuses} {late} {figures:?}");
    assert!(figures.values().all(|one| one.acknowledged > 0 && one.malformed == 0), "{figures:?}");
    handle.stop().await;
}

#[tokio::test]
async fn a_server_that_is_away_stops_nobody() {
    let nobody = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let config = world(Region::Eu868, vec![hotspot(0, 0.0, vec![])], 1, Micros::SECOND, false);
    let mut daemon = DaemonConfig::new(config.clone(), nobody);
    daemon.keepalive = Duration::from_millis(20);
    let handle = start(daemon.clone()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let figures = handle.figures()[&Eui::new(0xa0)];
    assert!(figures.sent >= 5 && figures.acknowledged == 0, "{figures:?}");
    handle.stop().await;
    daemon.keepalive = Duration::ZERO;
    assert!(matches!(start(daemon).await, Err(DaemonError::Pause)));
}
