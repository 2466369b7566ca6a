//! The network server, with devices that derive their keys by their own way.

mod network;

use depin_lorawan::{
    Eui, Key, Micros,
    device::{EndDevice, Identity, Received, Transmission},
    frame::{Data, Direction, FrameError, SessionKeys, build_data},
    gwmp::{Crc, TxError, TxReport},
    region::Region,
    server::{Attempt, ConfigError, Downlink, Event, NextTry, QueueError, Refusal, Server, ServerConfig, TxOutcome},
};
use network::{DEVICE, FIRST, JOIN, Network, SECOND, START, THIRD, config, identity, spec};

fn downlink(id: &str, payload: &[u8], confirmed: bool) -> Downlink {
    Downlink { id: id.to_owned(), port: 9, payload: payload.to_vec(), confirmed }
}

#[test]
fn a_device_joins_sends_and_is_answered_in_both_regions() {
    for region in Region::ALL {
        let (mut network, mut device) = Network::with_device(region);
        network.join(&mut device, &[FIRST]);
        let Some(Event::Joined(joined)) = network.events.first() else { panic!("{:?}", network.events) };
        assert_eq!((joined.device, joined.address.to_string(), joined.dev_nonce), (DEVICE, "48000000".to_owned(), 0));
        network.pass(Micros::seconds(60));
        for number in 0..3_u8 {
            let sent = device.send(network.now, 5, &[number; 9], number == 1).unwrap();
            network.carry(&sent, &[FIRST]);
            network.pass(Micros::seconds(60));
        }
        let seen: Vec<_> = network.uplinks().iter().map(|up| (up.counter, up.port, up.payload.clone(), up.confirmed)).collect();
        assert_eq!(seen, [(0, 5, vec![0; 9], false), (1, 5, vec![1; 9], true), (2, 5, vec![2; 9], false)]);
        assert_eq!(network.refusals(), Vec::<&Refusal>::new());
    }
}

#[test]
fn the_first_uplink_is_told_its_margin_and_the_time_and_a_confirmed_one_is_confirmed() {
    let (mut network, mut device) = Network::joined(Region::Eu868);
    let sent = device.send(network.now, 1, b"x", true).unwrap();
    network.carry(&sent, &[FIRST, SECOND]);
    let Received::Data { ack, options, port, counter, pending, .. } = network.answer(&mut device) else { panic!() };
    assert_eq!((ack, port, counter, pending), (true, None, 0, false));
    // 5 dB heard at SF12, which is understood down to -20 dB; two hotspots.
    assert_eq!((&options[..4], options.len()), ([0x02, 25, 2, 0x0d].as_slice(), 9));
}

#[test]
fn copies_of_one_frame_are_one_uplink_with_the_best_hotspot_first() {
    let (mut network, mut device) = Network::joined(Region::Eu868);
    let sent = device.send(network.now, 1, b"x", false).unwrap();
    network.hear(&sent, SECOND, -30);
    network.pass(Micros::millis(150));
    network.hear(&sent, FIRST, 20);
    network.hear(&sent, FIRST, 90);
    assert_eq!(network.refusal(), &Refusal::SameGateway);
    assert!(network.uplinks().is_empty(), "nothing takes effect before the time for copies is over");
    assert_eq!(network.server.next_due(), Some(START.plus(Micros::millis(60_200))));
    network.pass(Micros::millis(50));
    let step = network.server.due(network.now);
    network.take(step);
    let uplinks = network.uplinks();
    let [uplink] = uplinks.as_slice() else { panic!("{uplinks:?}") };
    assert_eq!(uplink.receptions.iter().map(|one| one.gateway).collect::<Vec<_>>(), [FIRST, SECOND]);
    assert_eq!(network.transmits.pop().unwrap().gateway, FIRST);
    network.hear(&sent, THIRD, 50);
    assert_eq!(network.refusal(), &Refusal::LateCopy);
    assert_eq!(network.uplinks().len(), 1);
}

#[test]
fn replays_are_refused_before_and_after_a_restart() {
    let (mut network, mut device) = Network::joined(Region::Eu868);
    let old = device.send(network.now, 1, b"open", false).unwrap();
    network.carry(&old, &[FIRST]);
    network.pass(Micros::seconds(120));
    let newer = device.send(network.now, 1, b"close", false).unwrap();
    network.carry(&newer, &[FIRST]);
    for _ in 0..2 {
        network.pass(Micros::seconds(70));
        network.carry(&old, &[SECOND]);
        assert_eq!(network.refusal(), &Refusal::Replay { counter: 0, last: 1 });
        network.carry(&newer, &[SECOND]);
        assert_eq!(network.refusal(), &Refusal::Replay { counter: 1, last: 1 });
        assert_eq!(network.uplinks().len(), 2);
        network.restart();
    }
    let next = device.send(network.now, 1, b"on", false).unwrap();
    network.carry(&next, &[FIRST]);
    assert_eq!(network.uplinks().len(), 3);
}

#[test]
fn a_forged_frame_is_refused_and_costs_the_device_nothing() {
    let (mut network, mut device) = Network::joined(Region::Eu868);
    let sent = device.send(network.now, 1, b"x", false).unwrap();
    for place in 0..sent.bytes.len() {
        let mut forged = sent.clone();
        forged.bytes[place] ^= 0x20;
        network.carry(&forged, &[SECOND]);
    }
    assert!(network.uplinks().is_empty());
    assert_eq!(network.refusals().len(), sent.bytes.len());
    assert!(network.refusals().iter().any(|why| matches!(why, Refusal::Mic(_))));
    assert!(network.refusals().iter().any(|why| matches!(why, Refusal::UnknownAddress(_))));
    network.carry(&sent, &[FIRST]);
    assert_eq!(network.uplinks().len(), 1);
}

#[test]
fn a_nonce_counts_once_for_good() {
    let (mut network, mut device) = Network::with_device(Region::Eu868);
    let request = device.join(network.now).unwrap();
    network.carry(&request, &[FIRST]);
    assert!(matches!(network.answer(&mut device), Received::Joined(_)));
    network.pass(Micros::seconds(10));
    network.carry(&request, &[SECOND]);
    assert_eq!(network.refusal(), &Refusal::NonceReused(0));
    network.restart();
    network.carry(&request, &[SECOND]);
    assert_eq!(network.refusal(), &Refusal::NonceReused(0));
    // Removed and added again, it is still the same device.
    let step = network.server.remove(DEVICE).unwrap();
    network.take(step);
    network.carry(&request, &[SECOND]);
    assert_eq!(network.refusal(), &Refusal::UnknownDevice(DEVICE));
    let step = network.server.add(spec(&identity(0))).unwrap();
    network.take(step);
    for _ in 0..2 {
        network.carry(&request, &[SECOND]);
        assert_eq!(network.refusal(), &Refusal::NonceReused(0));
        network.restart();
    }
    network.join(&mut device, &[FIRST]);
}

#[test]
fn a_join_of_somebody_else_is_refused() {
    let (mut network, _) = Network::with_device(Region::Eu868);
    let Identity { dev_eui, join_eui, root } = identity(0);
    let mut thief = EndDevice::new(Identity { dev_eui, join_eui, root: Key::new([9; 16]) }, Region::Eu868, 1);
    let request = thief.join(network.now).unwrap();
    network.carry(&request, &[FIRST]);
    assert_eq!(network.refusal(), &Refusal::JoinMic);
    let mut elsewhere = EndDevice::new(Identity { dev_eui, join_eui: Eui::new(1), root }, Region::Eu868, 1);
    let request = elsewhere.join(network.now).unwrap();
    network.carry(&request, &[FIRST]);
    assert_eq!(network.refusal(), &Refusal::JoinEui { asked: Eui::new(1), known: JOIN });
    let mut stranger = EndDevice::new(identity(5), Region::Eu868, 1);
    let request = stranger.join(network.now).unwrap();
    network.carry(&request, &[FIRST]);
    assert_eq!(network.refusal(), &Refusal::UnknownDevice(identity(5).dev_eui));
    assert!(network.transmits.is_empty());
}

#[test]
fn the_old_session_lives_until_the_first_uplink_of_the_new_one() {
    let (mut network, mut device) = Network::joined(Region::Eu868);
    let mut deaf = device.clone();
    let sent = device.send(network.now, 1, b"a", false).unwrap();
    network.carry(&sent, &[FIRST]);
    network.pass(Micros::seconds(60));
    let mut old = device.clone();
    network.join(&mut device, &[FIRST]);
    network.pass(Micros::seconds(60));
    // The join accept was lost: a device goes on with what it has.
    let sent = old.send(network.now, 1, b"b", false).unwrap();
    network.carry(&sent, &[FIRST]);
    network.pass(Micros::seconds(60));
    let sent = device.send(network.now, 1, b"c", false).unwrap();
    network.carry(&sent, &[FIRST]);
    network.pass(Micros::seconds(60));
    assert_eq!(network.uplinks().iter().map(|up| up.payload.as_slice()).collect::<Vec<_>>(), [b"a", b"b", b"c"]);
    let sent = old.send(network.now, 1, b"d", false).unwrap();
    network.carry(&sent, &[FIRST]);
    assert!(matches!(network.refusal(), Refusal::Mic(_)));
    let sent = deaf.send(network.now, 1, b"e", false).unwrap();
    network.carry(&sent, &[FIRST]);
    assert!(matches!(network.refusal(), Refusal::Mic(_)));
}

#[test]
fn counters_pass_sixteen_bits_and_large_gaps_are_refused() {
    let (mut network, mut device) = Network::joined(Region::Eu868);
    device.set_data_rate(5);
    let mut send = |network: &mut Network, counter: u32| {
        device.set_counter(counter);
        network.pass(Micros::seconds(60));
        let sent = device.send(network.now, 1, b"x", false).unwrap();
        network.carry(&sent, &[FIRST]);
    };
    for counter in [16_384, 32_768, 49_152, 65_535, 65_536, 65_537, 81_921, 98_305, 114_689, 131_073] {
        send(&mut network, counter);
        assert_eq!(network.uplinks().last().unwrap().counter, counter);
    }
    send(&mut network, 131_073 + 16_385);
    assert_eq!(network.refusal(), &Refusal::Gap { counter: 147_458, gap: 16_385 });
    // A device that forgot its counter, and a frame of the turn before.
    send(&mut network, 0);
    assert!(matches!(network.refusal(), Refusal::Mic(_)), "two turns back: as good as a forgery");
    send(&mut network, 65_540);
    assert_eq!(network.refusal(), &Refusal::Replay { counter: 65_540, last: 131_073 });
    send(&mut network, 131_074);
    assert_eq!(network.uplinks().len(), 11);
}

/// Whoever has a session's key can make its frames: what they cost is bounded, and what is refused moves no counter.
#[test]
fn frames_beyond_a_sessions_bound_are_refused_and_move_no_counter() {
    let (mut network, mut device) = Network::joined(Region::Eu868);
    let first = device.send(network.now, 1, b"x", false).unwrap();
    let joined = network.server.device(DEVICE).unwrap().joining.clone().unwrap();
    let keys = SessionKeys { network: joined.keys.network, application: Key::new([0; 16]) };
    let forged = |counter: u32| {
        let data = Data {
            direction: Direction::Up,
            confirmed: false,
            address: joined.address,
            adr: false,
            adr_ack_req: false,
            ack: false,
            pending: false,
            counter,
            options: &[],
            port: Some(1),
            payload: b"x",
        };
        Transmission { bytes: build_data(&data, &keys).unwrap(), ..first.clone() }
    };
    let send = |network: &mut Network, counter: u32| network.carry(&forged(counter), &[FIRST]);
    for counter in 0..200 {
        send(&mut network, counter);
    }
    let most = network.server.config().frames_per_minute;
    assert_eq!((network.uplinks().len(), network.refusals().len()), (60, 140));
    assert_eq!(network.refusal(), &Refusal::TooOften { most });
    let up = |network: &Network| network.server.device(DEVICE).unwrap().session.as_ref().unwrap().up;
    assert_eq!(up(&network), Some(59), "as if they had never been sent");
    network.pass(Micros::seconds(1));
    send(&mut network, 60);
    send(&mut network, 61);
    assert_eq!((up(&network), network.uplinks().last().unwrap().skipped), (Some(60), 0), "one more a second");
    network.pass(Micros::seconds(120));
    send(&mut network, 1_000);
    let last = network.uplinks().pop().unwrap();
    assert_eq!((last.skipped, last.since), (939, Some(Micros::seconds(120))));
}

#[test]
fn a_first_counter_far_ahead_is_refused() {
    let (mut network, mut device) = Network::joined(Region::Eu868);
    device.set_counter(16_385);
    let sent = device.send(network.now, 1, b"x", false).unwrap();
    network.carry(&sent, &[FIRST]);
    assert_eq!(network.refusal(), &Refusal::Gap { counter: 16_385, gap: 16_385 });
}

#[test]
fn a_repetition_is_confirmed_again_and_delivered_once() {
    let (mut network, mut device) = Network::joined(Region::Eu868);
    device.set_data_rate(5);
    let first = device.send(network.now, 1, b"x", true).unwrap();
    network.carry(&first, &[FIRST]);
    network.transmits.clear();
    for counter in 1..=8 {
        network.pass(Micros::seconds(3));
        let again = device.repeat(network.now).unwrap();
        assert_eq!(again.bytes, first.bytes);
        network.carry(&again, &[FIRST, SECOND]);
        assert_eq!(network.refusal(), &Refusal::Retransmission { counter: 0 });
        let Received::Data { ack, counter: down, .. } = network.answer(&mut device) else { panic!() };
        assert_eq!((ack, down), (true, counter));
    }
    network.pass(Micros::seconds(3));
    let again = device.repeat(network.now).unwrap();
    network.carry(&again, &[FIRST]);
    assert!(network.transmits.is_empty(), "eight times, and no more");
    assert_eq!(network.uplinks().len(), 1);
}

#[test]
fn downlinks_wait_for_an_uplink_and_the_device_confirms_them() {
    let (mut network, mut device) = Network::joined(Region::Eu868);
    for (id, confirmed) in [("one", true), ("two", false)] {
        let step = network.server.enqueue(DEVICE, downlink(id, id.as_bytes(), confirmed)).unwrap();
        network.take(step);
    }
    assert_eq!(network.server.enqueue(DEVICE, downlink("one", b"one", true)).unwrap().writes, []);
    assert_eq!(network.server.enqueue(DEVICE, downlink("one", b"other", true)), Err(QueueError::Conflict("one".to_owned())));
    let mut heard = Vec::new();
    for number in 0..3 {
        let sent = device.send(network.now, 1, &[number], false).unwrap();
        network.carry(&sent, &[FIRST]);
        if !network.transmits.is_empty() {
            let Received::Data { payload, pending, port, .. } = network.answer(&mut device) else { panic!() };
            heard.push((String::from_utf8(payload).unwrap(), pending, port));
        }
        network.pass(Micros::seconds(60));
    }
    assert_eq!(heard, [("one".to_owned(), true, Some(9)), ("two".to_owned(), false, Some(9))]);
    let told: Vec<_> = network
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Emitted(event) => event.downlink.as_ref().map(|one| format!("txack {} {}", one.id, event.counter.unwrap())),
            Event::Acknowledged(event) => Some(format!("ack {} {} {}", event.downlink.id, event.counter, event.acknowledged)),
            _ => None,
        })
        .collect();
    assert_eq!(told, ["txack one 0", "ack one 0 true", "txack two 1"]);
}

#[test]
fn a_downlink_that_the_device_did_not_hear_is_told_as_such() {
    let (mut network, mut device) = Network::joined(Region::Eu868);
    let step = network.server.enqueue(DEVICE, downlink("one", b"1", true)).unwrap();
    network.take(step);
    let sent = device.send(network.now, 1, b"a", false).unwrap();
    network.carry(&sent, &[FIRST]);
    let plan = network.transmits.pop().unwrap();
    let step = network.server.outcome(network.now, plan.id, &TxOutcome::Emitted { window: 0, power_dbm: None });
    network.take(step);
    network.restart();
    network.pass(Micros::seconds(60));
    let sent = device.send(network.now, 1, b"b", false).unwrap();
    network.carry(&sent, &[FIRST]);
    let Some(Event::Acknowledged(event)) = network.events.iter().find(|event| event.kind() == "ack") else { panic!() };
    assert_eq!((event.downlink.id.as_str(), event.acknowledged), ("one", false));
}

#[test]
fn the_second_window_is_tried_when_the_first_is_missed() {
    let (mut network, mut device) = Network::joined(Region::Eu868);
    let sent = device.send(network.now, 1, b"x", true).unwrap();
    network.carry(&sent, &[FIRST]);
    let plan = network.transmits.pop().unwrap();
    assert_eq!(plan.windows.len(), 2);
    let mut attempt = Attempt::new(plan.clone(), 3);
    let NextTry::Emit(first) = attempt.current() else { panic!() };
    // 16 dBm radiate in the sub-band of the first window: 13 dBm into an antenna of 3 dBi.
    assert_eq!((first.power_dbm, first.inverted, first.without_crc), (Some(13), true, true));
    let NextTry::Emit(second) = attempt.report(&TxReport::Refused(TxError::TooLate)) else { panic!() };
    assert_eq!((second.frequency.get(), second.power_dbm), (869_525_000, Some(26)));
    let NextTry::Over(outcome) = attempt.report(&TxReport::Accepted { power_dbm: Some(20) }) else { panic!() };
    assert_eq!(outcome, TxOutcome::Emitted { window: 1, power_dbm: Some(20) });
    let step = network.server.outcome(network.now, plan.id, &outcome);
    network.take(step);
    let Some(Event::Emitted(event)) = network.events.last() else { panic!() };
    assert_eq!(event.window, plan.windows[1]);
    assert!(device.receive(&plan.frame).is_ok());

    let mut attempt = Attempt::new(plan, 3);
    let _ = attempt.report(&TxReport::Refused(TxError::CollisionPacket));
    let over = attempt.report(&TxReport::Refused(TxError::Frequency));
    assert_eq!(over, NextTry::Over(TxOutcome::Failed(vec![TxError::CollisionPacket, TxError::Frequency])));
}

#[test]
fn a_downlink_that_is_not_emitted_is_tried_five_times_with_a_counter_of_its_own() {
    let (mut network, mut device) = Network::joined(Region::Eu868);
    let step = network.server.enqueue(DEVICE, downlink("one", b"1", false)).unwrap();
    network.take(step);
    let mut frames = Vec::new();
    for number in 0..6_u8 {
        let sent = device.send(network.now, 1, &[number], false).unwrap();
        network.carry(&sent, &[FIRST]);
        if let Some(plan) = network.transmits.pop() {
            frames.push(plan.frame.clone());
            if number == 0 {
                // Nobody says anything: it counts as not emitted after a while.
                let step = network.server.due(network.now.plus(Micros::seconds(30)));
                network.take(step);
            } else {
                network.fail(&plan, TxError::TooLate);
            }
        }
        network.pass(Micros::seconds(60));
    }
    frames.sort();
    frames.dedup();
    assert_eq!(frames.len(), 5);
    assert_eq!(network.refusal(), &Refusal::NotEmitted { tries: 5, last: TxError::TooLate });
    assert_eq!(network.server.device(DEVICE).unwrap().queue.len(), 0);
}

#[test]
fn a_hotspot_whose_duty_cycle_is_used_up_leaves_the_answer_to_another() {
    let mut network = Network::new(Region::Eu868);
    let mut devices: Vec<EndDevice> = (0..20).map(|number| EndDevice::new(identity(number), Region::Eu868, number)).collect();
    for (number, device) in (0..).zip(&mut devices) {
        let step = network.server.add(spec(&identity(number))).unwrap();
        network.take(step);
        network.join(device, &[FIRST]);
        network.pass(Micros::seconds(2));
    }
    // A confirmation at SF12 lasts 0.99 s: FIRST has 36 s in each sub-band of uplinks, and 360 s in the one of the second window.
    let (mut by_first, mut by_second, mut windows) = (0, 0, Vec::new());
    for _ in 0..26 {
        for device in &mut devices {
            let sent = device.send(network.now, 1, b"x", true).unwrap();
            network.carry(&sent, &[FIRST, SECOND]);
            let plan = network.transmits.pop().expect("one of the two may send");
            if plan.gateway == FIRST {
                by_first += 1;
                windows.push(plan.windows.len());
            } else {
                by_second += 1;
            }
            let step = network.server.outcome(network.now, plan.id, &TxOutcome::Emitted { window: 0, power_dbm: None });
            network.take(step);
            network.pass(Micros::seconds(2));
        }
    }
    assert_eq!(network.uplinks().len(), 520);
    assert!((380..=420).contains(&by_first) && by_second == 520 - by_first, "{by_first} {by_second}");
    assert_eq!((windows.first(), windows.last()), (Some(&2), Some(&1)), "the first window goes first");
    // What the hotspots sent is remembered over a restart.
    network.restart();
    let sent = devices[0].send(network.now, 1, b"x", true).unwrap();
    network.carry(&sent, &[FIRST]);
    assert_eq!(network.refusal(), &Refusal::DutyCycle);
    assert_eq!(network.uplinks().len(), 521, "what cannot be answered is delivered all the same");
}

#[test]
fn a_downlink_too_large_for_every_window_is_told_and_keeps_nobody_waiting() {
    let (mut network, mut device) = Network::joined(Region::Eu868);
    // At DR0 51 bytes fit, in both windows.
    for (id, size) in [("large", 52), ("small", 51)] {
        let step = network.server.enqueue(DEVICE, downlink(id, &vec![1; size], false)).unwrap();
        network.take(step);
    }
    // The first uplink asks for answers of the network, which take 9 bytes of the room: the smaller one waits for the next.
    let sent = device.send(network.now, 1, b"x", false).unwrap();
    network.carry(&sent, &[FIRST]);
    assert_eq!(network.refusal(), &Refusal::PayloadSize { got: 52, room: 51 });
    let Received::Data { payload, options, .. } = network.answer(&mut device) else { panic!() };
    assert_eq!((payload.len(), options.len()), (0, 9));
    network.pass(Micros::seconds(60));
    let sent = device.send(network.now, 1, b"x", false).unwrap();
    network.carry(&sent, &[FIRST]);
    let Received::Data { payload, .. } = network.answer(&mut device) else { panic!() };
    assert_eq!(payload.len(), 51);
}

#[test]
fn devices_that_share_an_address_are_told_apart_by_their_keys() {
    let mut network = Network::new(Region::Eu868);
    let mut devices = Vec::new();
    for number in 0..9 {
        let step = network.server.add(spec(&identity(number))).unwrap();
        network.take(step);
        let mut device = EndDevice::new(identity(number), Region::Eu868, number);
        network.join(&mut device, &[Eui::new(100 + number)]);
        network.pass(Micros::seconds(60));
        devices.push(device);
    }
    for (number, device) in devices.iter_mut().enumerate() {
        let sent = device.send(network.now, 1, &[number as u8], false).unwrap();
        network.carry(&sent, &[FIRST]);
        let last = network.uplinks().pop().unwrap();
        assert_eq!((last.device, last.payload.as_slice()), (identity(number as u64).dev_eui, [number as u8].as_slice()));
        assert_eq!(last.address.get(), 0x4800_0000 + number as u32 % 4);
    }
}

#[test]
fn what_is_no_uplink_is_refused_by_name() {
    let (mut network, mut device) = Network::joined(Region::Eu868);
    let sent = device.send(network.now, 1, b"x", false).unwrap();
    let mut packet = network.packet(&sent, 0);
    packet.crc = Crc::Failed;
    let step = network.server.hear(network.now, FIRST, packet.clone());
    network.take(step);
    assert_eq!(network.refusal(), &Refusal::Crc);
    packet.crc = Crc::Ok;
    packet.frequency = depin_lorawan::Hertz::new(902_300_000);
    let step = network.server.hear(network.now, FIRST, packet.clone());
    network.take(step);
    assert!(matches!(network.refusal(), Refusal::Channel(_)));
    packet.frequency = sent.frequency;
    packet.payload = vec![0xe0; 52];
    let step = network.server.hear(network.now, FIRST, packet);
    network.take(step);
    assert_eq!(network.refusal(), &Refusal::Frame(FrameError::Proprietary));
    assert_eq!(network.server.under_way(), (0, 0));
}

#[test]
fn a_stop_before_the_time_for_copies_is_over_leaves_nothing_behind() {
    let (mut network, mut device) = Network::joined(Region::Eu868);
    let sent = device.send(network.now, 1, b"x", false).unwrap();
    let kept = network.kept.len();
    network.hear(&sent, FIRST, 0);
    assert_eq!(network.kept.len(), kept);
    network.restart();
    network.carry(&sent, &[FIRST]);
    assert_eq!(network.uplinks().len(), 1, "the hotspot sends it again, and it is taken");
}

#[test]
fn removed_devices_are_forgotten_with_what_waits_for_them() {
    let (mut network, mut device) = Network::joined(Region::Eu868);
    let sent = device.send(network.now, 1, b"x", true).unwrap();
    network.hear(&sent, FIRST, 0);
    let step = network.server.remove(DEVICE).unwrap();
    network.take(step);
    network.due();
    assert!(network.uplinks().is_empty() && network.transmits.is_empty());
    assert_eq!(network.server.remove(DEVICE), Err(QueueError::UnknownDevice(DEVICE)));
    network.restart();
    assert!(network.server.device(DEVICE).is_none());
}

#[test]
fn settings_and_queues_have_bounds() {
    let config = config(Region::Eu868);
    let refused = |config: ServerConfig| Server::new(config).unwrap_err();
    assert_eq!(refused(ServerConfig { rx1_delay: 0, ..config.clone() }), ConfigError::Delay(0));
    assert_eq!(refused(ServerConfig { rx1_delay: 16, ..config.clone() }), ConfigError::Delay(16));
    assert!(matches!(refused(ServerConfig { dedup: Micros::SECOND, ..config }), ConfigError::Dedup { .. }));
    let (mut network, _) = Network::with_device(Region::Eu868);
    let long = "x".repeat(65);
    for (id, port, size, why) in [
        ("", 9, 1, QueueError::Id(0)),
        (long.as_str(), 9, 1, QueueError::Id(65)),
        ("a", 0, 1, QueueError::Port(0)),
        ("a", 224, 1, QueueError::Port(224)),
        ("a", 9, 243, QueueError::TooLong(243)),
    ] {
        let wrong = Downlink { id: id.to_owned(), port, payload: vec![0; size], confirmed: false };
        assert_eq!(network.server.enqueue(DEVICE, wrong), Err(why));
    }
    for number in 0..64 {
        let step = network.server.enqueue(DEVICE, downlink(&number.to_string(), b"", false)).unwrap();
        network.take(step);
    }
    assert_eq!(network.server.enqueue(DEVICE, downlink("64", b"", false)), Err(QueueError::Full));
    let step = network.server.dequeue(DEVICE, "3").unwrap();
    network.take(step);
    assert_eq!(network.server.dequeue(DEVICE, "3").unwrap().writes, []);
    assert_eq!(network.server.device(DEVICE).unwrap().queue.len(), 63);
    let other = depin_lorawan::server::DeviceSpec { name: "b".to_owned(), ..spec(&identity(0)) };
    assert_eq!(network.server.add(other), Err(QueueError::OtherDevice(DEVICE)));
    assert!(network.server.add(spec(&identity(0))).unwrap().is_empty());
    let nobody = Eui::new(1);
    assert_eq!(network.server.enqueue(nobody, downlink("a", b"", false)), Err(QueueError::UnknownDevice(nobody)));
}

#[test]
fn events_are_chirpstacks_json() {
    let (mut network, mut device) = Network::joined(Region::Eu868);
    let sent = device.send(network.now, 5, b"hello", true).unwrap();
    network.carry(&sent, &[FIRST]);
    let body = |network: &Network, kind: &str| {
        let event = network.events.iter().rev().find(|event| event.kind() == kind).unwrap();
        network.server.body(event).unwrap()
    };
    let up = body(&network, "up");
    assert_eq!(up["deviceInfo"]["devEui"], "00000000000000d1");
    assert_eq!(up["deviceInfo"]["applicationName"], "doors");
    assert_eq!(
        (&up["devAddr"], &up["fCnt"], &up["fPort"], &up["confirmed"]),
        (&"48000000".into(), &0.into(), &5.into(), &true.into())
    );
    assert_eq!((&up["data"], &up["dr"], &up["time"]), (&"aGVsbG8=".into(), &0.into(), &"2023-11-14T22:14:20.000000Z".into()));
    assert_eq!(up["rxInfo"][0]["gatewayId"], "00000000000000a1");
    assert_eq!(up["rxInfo"][0]["snr"], 5.0);
    assert_eq!(up["txInfo"]["modulation"]["lora"]["codeRate"], "CR_4_5");
    assert_eq!(up["deduplicationId"].as_str().unwrap().len(), 36);
    let join = body(&network, "join");
    assert_eq!((&join["devAddr"], &join["regionConfigId"]), (&"48000000".into(), &"eu868".into()));
    let _ = network.answer(&mut device);
    let txack = body(&network, "txack");
    assert_eq!((&txack["gatewayId"], &txack["fCntDown"]), (&"00000000000000a1".into(), &0.into()));
    network.pass(Micros::seconds(100));
    network.carry(&sent, &[SECOND]);
    let log = body(&network, "log");
    assert_eq!((&log["code"], &log["context"]["reason"]), (&"UPLINK_F_CNT_RESET".into(), &"replay".into()));
    let mut forged = sent;
    forged.bytes[10] ^= 1;
    network.carry(&forged, &[SECOND]);
    assert_eq!(network.server.body(network.events.last().unwrap()), None, "a forgery is no event of a device");
}
