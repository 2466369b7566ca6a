//! Frames against those of another implementation, byte for byte.

use depin_lorawan::{
    DevAddr, Eui, Key, NetId,
    frame::{
        BuildError, Data, DataFrame, Direction, FrameError, JoinAccept, SessionKeys, UplinkFrame, build_data, build_join_accept,
        build_join_request, forwardable, read_join_accept, read_uplink,
    },
    region::CfList,
};
use proptest::prelude::*;
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/frames.json")).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn key(value: &Value) -> Key {
    value.as_str().unwrap().parse().unwrap()
}

fn session(golden: &Value) -> SessionKeys {
    SessionKeys { network: key(&golden["keys"]["nwk"]), application: key(&golden["keys"]["app"]) }
}

/// What a golden frame says; commands on port 0 are its payload.
fn data<'a>(one: &Value, options: &'a [u8], payload: &'a [u8]) -> Data<'a> {
    let kind = one["type"].as_str().unwrap();
    let flag = |name: &str| one["fctrl"][name].as_bool().unwrap_or_default();
    Data {
        direction: if kind.ends_with("Up") { Direction::Up } else { Direction::Down },
        confirmed: kind.starts_with("Confirmed"),
        address: one["addr"].as_str().unwrap().parse().unwrap(),
        adr: flag("ADR"),
        adr_ack_req: flag("ADRACKReq"),
        ack: flag("ACK"),
        pending: flag("FPending"),
        counter: one["fcnt"].as_u64().unwrap() as u32,
        options,
        port: Some(one["port"].as_u64().unwrap() as u8),
        payload,
    }
}

#[test]
fn data_frames_are_those_of_lora_packet() {
    let golden = golden();
    let keys = session(&golden);
    for one in golden["frames"].as_array().unwrap() {
        let (options, payload, expected) = (bytes(&one["fopts"]), bytes(&one["payload"]), bytes(&one["frame"]));
        let data = data(one, &options, &payload);
        assert_eq!(hex::encode(build_data(&data, &keys).unwrap()), hex::encode(&expected), "{one}");
        let read = DataFrame::read(&expected).unwrap();
        assert!(read.matches(&keys.network, data.counter) && !read.matches(&keys.application, data.counter));
        assert!(!read.matches(&keys.network, data.counter ^ 0x1_0000));
        assert_eq!(read.matches_any(&keys.network), Some(data.counter));
        assert_eq!(read.decrypt(&keys, data.counter), payload);
        let DataFrame {
            direction, confirmed, address, adr, adr_ack_req, ack, pending, counter, options: read_options, port, ..
        } = read;
        assert_eq!((direction, confirmed, address, port), (data.direction, data.confirmed, data.address, data.port));
        assert_eq!((adr, adr_ack_req, ack, pending), (data.adr, data.adr_ack_req, data.ack, data.pending));
        assert_eq!((counter, read_options), (data.counter as u16, options));
        match direction {
            Direction::Up => assert!(matches!(read_uplink(&expected), Ok(UplinkFrame::Data(_)))),
            Direction::Down => assert_eq!(read_uplink(&expected), Err(FrameError::Downlink)),
        }
    }
}

#[test]
fn joins_are_those_of_lora_packet() {
    let golden = golden();
    let (join, root) = (&golden["join"], key(&golden["keys"]["root"]));
    let eui = |name: &str| -> Eui { join[name].as_str().unwrap().parse().unwrap() };
    let nonce = u16::from_str_radix(join["dev_nonce"].as_str().unwrap(), 16).unwrap();
    let request = build_join_request(eui("app_eui"), eui("dev_eui"), nonce, &root);
    assert_eq!(request, bytes(&join["frame"]));
    let Ok(UplinkFrame::Join(read)) = read_uplink(&request) else { panic!() };
    assert_eq!((read.join_eui, read.dev_eui, read.dev_nonce), (eui("app_eui"), eui("dev_eui"), nonce));
    assert!(read.matches(&root) && !read.matches(&Key::new([0; 16])));

    for one in golden["accepts"].as_array().unwrap() {
        let list = bytes(&one["list"]);
        let accept = JoinAccept {
            join_nonce: u32::from_str_radix(one["app_nonce"].as_str().unwrap(), 16).unwrap(),
            net_id: one["net_id"].as_str().unwrap().parse::<NetId>().unwrap(),
            address: one["addr"].as_str().unwrap().parse().unwrap(),
            rx1_offset: 0,
            rx2_data_rate: 3,
            rx_delay: 1,
            cf_list: list.as_slice().try_into().ok().and_then(CfList::from_air),
        };
        let expected = bytes(&one["frame"]);
        assert_eq!(hex::encode(build_join_accept(&accept, &root).unwrap()), hex::encode(&expected));
        assert_eq!(read_join_accept(&expected, &root), Ok(accept.clone()));
        assert_eq!(read_join_accept(&expected, &Key::new([1; 16])), Err(FrameError::Mic));
        let keys = SessionKeys::derive(&root, accept.join_nonce, accept.net_id, nonce);
        assert_eq!((keys.network, keys.application), (key(&one["nwk"]), key(&one["app"])));
    }
}

#[test]
fn hotspots_hand_on_what_is_lorawan_and_no_beacon() {
    let golden = golden();
    for one in golden["frames"].as_array().unwrap() {
        assert_eq!(forwardable(&bytes(&one["frame"])), Ok(()));
    }
    let mut beacon = vec![0xe0; 52];
    assert_eq!(forwardable(&beacon), Err(FrameError::Proprietary));
    beacon[0] = 0xc0;
    assert_eq!(forwardable(&beacon), Err(FrameError::Reserved));
    assert_eq!(forwardable(&bytes(&golden["accepts"][0]["frame"])), Err(FrameError::JoinAccept));
    assert_eq!(forwardable(&bytes(&golden["join"]["frame"])), Ok(()));
    for (frame, why) in [
        (vec![], FrameError::Length(0)),
        (vec![0x40; 11], FrameError::Length(11)),
        (vec![0x40; 256], FrameError::Length(256)),
        (vec![0x41; 20], FrameError::Version),
        (vec![0x00; 22], FrameError::Malformed),
        // 15 bytes of commands in a frame that has no room for them.
        ([vec![0x40, 0, 0, 0, 0, 0x0f], vec![0; 8]].concat(), FrameError::Malformed),
    ] {
        assert_eq!(forwardable(&frame), Err(why), "{frame:02x?}");
    }
    let twice = [vec![0x40, 0, 0, 0, 0, 0x01, 0, 0, 0x02, 0x00, 0x02], vec![0; 4]].concat();
    assert_eq!(read_uplink(&twice), Err(FrameError::CommandsTwice));
}

#[test]
fn what_does_not_fit_is_not_built() {
    let keys = SessionKeys { network: Key::new([1; 16]), application: Key::new([2; 16]) };
    let data = Data {
        direction: Direction::Up,
        confirmed: false,
        address: DevAddr::new(7),
        adr: false,
        adr_ack_req: false,
        ack: false,
        pending: false,
        counter: 0,
        options: &[],
        port: Some(1),
        payload: &[],
    };
    let long = [0; 243];
    assert_eq!(build_data(&Data { options: &long[..16], ..data.clone() }, &keys), Err(BuildError::Options(16)));
    assert_eq!(build_data(&Data { payload: &long, ..data.clone() }, &keys), Err(BuildError::TooLong(256)));
    assert_eq!(build_data(&Data { payload: &long[..242], ..data.clone() }, &keys).unwrap().len(), 255);
    assert_eq!(build_data(&Data { payload: &[1], port: None, ..data.clone() }, &keys), Err(BuildError::NoPort));
    assert_eq!(build_data(&Data { options: &[2], port: Some(0), ..data.clone() }, &keys), Err(BuildError::PortZero));
    assert_eq!(build_data(&Data { port: None, ..data }, &keys).unwrap().len(), 12);
    let accept = JoinAccept {
        join_nonce: 1 << 24,
        net_id: NetId::new(0).unwrap(),
        address: DevAddr::new(0),
        rx1_offset: 0,
        rx2_data_rate: 0,
        rx_delay: 1,
        cf_list: None,
    };
    assert_eq!(build_join_accept(&accept, &Key::new([0; 16])), Err(BuildError::JoinNonce(1 << 24)));
}

proptest! {
    /// What is built is read, matches its key, and decrypts; with any byte changed it matches no more.
    #[test]
    fn built_frames_are_read_and_changed_ones_are_not_taken(
        up: bool, confirmed: bool, address: u32, counter: u32, port in 1..224_u8, payload in prop::collection::vec(any::<u8>(), 0..228),
        options in prop::collection::vec(any::<u8>(), 0..15), place: prop::sample::Index, flip in 1..=255_u8,
    ) {
        let keys = SessionKeys { network: Key::new([7; 16]), application: Key::new([8; 16]) };
        let direction = if up { Direction::Up } else { Direction::Down };
        let data = Data {
            direction, confirmed, address: DevAddr::new(address), adr: up, adr_ack_req: false, ack: confirmed, pending: false, counter,
            options: &options, port: Some(port), payload: &payload,
        };
        let mut frame = build_data(&data, &keys).unwrap();
        let read = DataFrame::read(&frame).unwrap();
        prop_assert!(read.matches(&keys.network, counter));
        prop_assert_eq!(read.decrypt(&keys, counter), payload);
        let place = place.index(frame.len());
        frame[place] ^= flip;
        if let Ok(read) = DataFrame::read(&frame) {
            prop_assert!(!read.matches(&keys.network, counter));
        }
    }

    /// Whatever comes is read or refused.
    #[test]
    fn nothing_on_air_ends_the_program(frame in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = forwardable(&frame);
        let _ = read_join_accept(&frame, &Key::new([0; 16]));
        if let Ok(UplinkFrame::Data(read)) = read_uplink(&frame) {
            let _ = read.decrypt(&SessionKeys { network: Key::new([0; 16]), application: Key::new([0; 16]) }, u32::MAX);
            let _ = read.matches_any(&Key::new([0; 16]));
        }
    }
}
