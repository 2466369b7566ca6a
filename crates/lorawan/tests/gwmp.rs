//! GWMP against the protocol's text, against `semtech-udp`, and against anything.

use depin_lorawan::{
    Bandwidth, CodingRate, Eui, Hertz, Modulation, Spreading,
    gwmp::{
        Crc, Datagram, Emission, FieldError, GatewayStatus, GwmpError, Kind, RxPacket, TxError, TxPacket, TxReport, decode,
        encode,
    },
};
use proptest::prelude::*;
use semtech_udp::{Down, Packet, SerializablePacket as _, Up, push_data::RxPk};

const GATEWAY: Eui = Eui::new(0xaa55_5a00_0000_0007);

/// A datagram of some kind with some body.
fn raw(kind: Kind, gateway: bool, body: &str) -> Vec<u8> {
    let mut bytes = vec![2, 0x12, 0x34, kind.byte()];
    if gateway {
        bytes.extend(GATEWAY.get().to_be_bytes());
    }
    bytes.extend(body.as_bytes());
    bytes
}

fn pushed(body: &str) -> (Vec<RxPacket>, Vec<(usize, FieldError)>, Option<GatewayStatus>) {
    match decode(&raw(Kind::PushData, true, body)).unwrap() {
        Datagram::PushData { token: 0x1234, gateway: GATEWAY, packets, refused, status } => (packets, refused, status),
        other => panic!("{other:?}"),
    }
}

/// The example of PROTOCOL.TXT, section 4, as it stands there: one payload in the other alphabet, two without padding, one FSK.
const RXPK: &str = r#"{"rxpk":[
	{
		"time":"2013-03-31T16:21:17.528002Z",
		"tmst":3512348611,
		"chan":2,
		"rfch":0,
		"freq":866.349812,
		"stat":1,
		"modu":"LORA",
		"datr":"SF7BW125",
		"codr":"4/6",
		"rssi":-35,
		"lsnr":5.1,
		"size":32,
		"data":"-DS4CGaDCdG+48eJNM3Vai-zDpsR71Pn9CPA9uCON84"
	},{
		"time":"2013-03-31T16:21:17.530974Z",
		"tmst":3512348514,
		"chan":9,
		"rfch":1,
		"freq":869.1,
		"stat":1,
		"modu":"FSK",
		"datr":50000,
		"rssi":-75,
		"size":16,
		"data":"VEVTVF9QQUNLRVRfMTIzNA=="
	},{
		"time":"2013-03-31T16:21:17.532038Z",
		"tmst":3316387610,
		"chan":0,
		"rfch":0,
		"freq":863.00981,
		"stat":1,
		"modu":"LORA",
		"datr":"SF10BW125",
		"codr":"4/7",
		"rssi":-38,
		"lsnr":5.5,
		"size":32,
		"data":"ysgRl452xNLep9S1NTIg2lomKDxUgn3DJ7DE+b00Ass"
	}
]}"#;

#[test]
fn the_examples_of_the_protocols_text_are_read() {
    let (packets, refused, status) = pushed(RXPK);
    assert_eq!((packets.len(), refused, status), (3, vec![], None));
    let first = &packets[0];
    assert_eq!(first.timestamp, 3_512_348_611);
    assert_eq!(first.frequency, Hertz::new(866_349_812));
    assert_eq!(first.modulation, Modulation::lora(Spreading::Sf7, Bandwidth::Khz125));
    assert_eq!((first.coding_rate, first.rssi_dbm, first.snr_ddb), (Some(CodingRate::Cr46), -35, Some(51)));
    assert_eq!((first.payload.len(), first.payload[0], first.channel), (32, 0xf8, 2));
    assert_eq!(packets[1].payload, b"TEST_PACKET_1234");
    assert_eq!((packets[1].modulation, packets[1].snr_ddb), (Modulation::Fsk { bit_rate: 50_000 }, None));
    let stat = r#"{"stat":{"time":"2014-01-12 08:59:28 GMT","lati":46.24000,"long":3.25230,"alti":145,"rxnb":2,"rxok":2,"rxfw":2,
        "ackr":100.0,"dwnb":2,"txnb":2,"temp":23.2}}"#;
    let status = pushed(stat).2.unwrap();
    assert_eq!((status.latitude, status.longitude, status.altitude_m), (Some(46.24), Some(3.2523), Some(145)));
    assert_eq!((status.received, status.acknowledged_percent, status.temperature), (Some(2), Some(100.0), Some(23.2)));

    let tx = r#"{"txpk":{"imme":true,"freq":864.123456,"rfch":0,"powe":14,"modu":"LORA","datr":"SF11BW125","codr":"4/6",
        "ipol":false,"size":32,"data":"H3P3N2i9qc4yt7rK7ldqoeCVJGBybzPY5h1Dd7P7p8v"}}"#;
    let Datagram::PullResp { packet, .. } = decode(&raw(Kind::PullResp, false, tx)).unwrap() else { panic!() };
    assert_eq!((packet.emission, packet.frequency, packet.power_dbm), (Emission::Immediately, Hertz::new(864_123_456), Some(14)));
    assert_eq!((packet.inverted, packet.payload.len(), packet.coding_rate), (false, 32, Some(CodingRate::Cr46)));
    let fsk = r#"{"txpk":{"imme":true,"freq":861.3,"rfch":0,"powe":12,"modu":"FSK","datr":50000,"fdev":3000,"size":32,
        "data":"H3P3N2i9qc4yt7rK7ldqoeCVJGBybzPY5h1Dd7P7p8v"}}"#;
    let Datagram::PullResp { packet, .. } = decode(&raw(Kind::PullResp, false, fsk)).unwrap() else { panic!() };
    assert_eq!((packet.deviation_hz, packet.coding_rate), (Some(3_000), None));

    for (body, expected) in [
        ("", TxReport::AS_ASKED),
        ("\0", TxReport::AS_ASKED),
        (r#"{"txpk_ack":{}}"#, TxReport::AS_ASKED),
        (r#"{"txpk_ack":{"error":""}}"#, TxReport::AS_ASKED),
        (r#"{"txpk_ack":{"error":"NONE"}}"#, TxReport::AS_ASKED),
        (r#"{"txpk_ack":{"error":"COLLISION_PACKET"}}"#, TxReport::Refused(TxError::CollisionPacket)),
        (r#"{"txpk_ack":{"error":"TX_POWER"}}"#, TxReport::Refused(TxError::Power)),
        ("{\"txpk_ack\":{\"warn\":\"TX_POWER\", \"value\":27}}\0", TxReport::Accepted { power_dbm: Some(27) }),
        (r#"{"txpk_ack":{"error":"NEW_ONE"}}"#, TxReport::Refused(TxError::Other("NEW_ONE".to_owned()))),
    ] {
        let read = decode(&raw(Kind::TxAck, true, body)).unwrap();
        assert_eq!(read, Datagram::TxAck { token: 0x1234, gateway: GATEWAY, report: expected }, "{body}");
    }
}

/// A concentrator with two antennas (SX1301 with fine timestamps): the stronger one counts.
#[test]
fn the_stronger_antenna_of_two_counts() {
    let body = r#"{"rxpk":[{"jver":2,"brd":1,"aesk":0,"delayed":false,"tmst":7,"freq":868.1,"stat":1,"modu":"LORA","datr":"SF12BW125",
        "codr":"4/5","size":1,"data":"AQ==","rsig":[{"ant":0,"chan":7,"rssic":-110,"lsnr":-3.2},{"ant":1,"chan":7,"rssic":-97,"lsnr":1.8}]}]}"#;
    let (packets, refused, _) = pushed(body);
    assert_eq!(refused, []);
    assert_eq!((packets[0].rssi_dbm, packets[0].snr_ddb, packets[0].channel), (-97, Some(18), 7));
}

#[test]
fn every_malformed_datagram_is_refused_by_name() {
    let cut = |kind, got| GwmpError::Cut { kind, got, need: 12 };
    let trailing = |kind, got, want| GwmpError::Trailing { kind, got, want };
    for (bytes, expected) in [
        (vec![], GwmpError::TooShort { got: 0 }),
        (vec![2, 0, 0], GwmpError::TooShort { got: 3 }),
        (vec![1, 0, 0, 0], GwmpError::Version(1)),
        (vec![2, 0, 0, 6], GwmpError::Identifier(6)),
        (vec![2, 0, 0, 0, 1, 2], cut(Kind::PushData, 6)),
        (vec![2, 0, 0, 2], cut(Kind::PullData, 4)),
        (vec![2, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0], cut(Kind::TxAck, 11)),
        (vec![2, 0, 0, 1, 0], trailing(Kind::PushAck, 5, 4)),
        (vec![2, 0, 0, 4, 0], trailing(Kind::PullAck, 5, 4)),
        (raw(Kind::PullData, true, " "), trailing(Kind::PullData, 13, 12)),
        (vec![2; 65_508], GwmpError::TooLong { got: 65_508 }),
        (raw(Kind::PushData, true, "{}"), GwmpError::Empty),
        (raw(Kind::PullResp, false, "{}"), GwmpError::Tx(FieldError::Missing("txpk"))),
    ] {
        assert_eq!(decode(&bytes), Err(expected), "{bytes:02x?}");
    }
    for body in ["", "{", "[]", "null", "{} {}", "{\"rxpk\":{}}", "{\"rxpk\":[]}x", "\u{fffd}", "[null,null]", "[[],{}]"] {
        let error = decode(&raw(Kind::PushData, true, body)).unwrap_err();
        assert!(matches!(error, GwmpError::Json { kind: Kind::PushData, .. }), "{body}: {error}");
    }
    let many = format!("{{\"rxpk\":[{}]}}", vec!["{}"; 256].join(","));
    assert_eq!(decode(&raw(Kind::PushData, true, &many)), Err(GwmpError::TooManyPackets { got: 256 }));
    // Deep nesting ends the reading, not the stack.
    let deep = format!("{{\"x\":{}", "[".repeat(20_000));
    assert!(matches!(decode(&raw(Kind::PushData, true, &deep)), Err(GwmpError::Json { .. })));
}

/// A packet with one field changed; none takes it away.
fn with(field: &str, value: Option<&str>) -> String {
    let fields = [
        ("tmst", "1"),
        ("freq", "868.1"),
        ("stat", "1"),
        ("modu", "\"LORA\""),
        ("datr", "\"SF7BW125\""),
        ("codr", "\"4/5\""),
        ("rssi", "-30"),
        ("lsnr", "7"),
        ("size", "2"),
        ("data", "\"AQI=\""),
    ];
    let mut written: Vec<String> =
        fields.iter().filter(|(name, _)| *name != field).map(|(name, value)| format!("\"{name}\":{value}")).collect();
    written.extend(value.map(|value| format!("\"{field}\":{value}")));
    format!("{{{}}}", written.join(","))
}

#[test]
fn a_wrong_packet_is_refused_with_its_field_and_the_others_are_taken() {
    for (field, value, words) in [
        ("tmst", None, "`tmst` is missing"),
        ("tmst", Some("-1"), "invalid value"),
        ("freq", None, "`freq` is missing"),
        ("freq", Some("-1"), "a frequency is above 0"),
        ("freq", Some("1e300"), "a frequency is above 0"),
        ("stat", None, "`stat` is missing"),
        ("stat", Some("2"), "`stat` is 2"),
        ("modu", Some("\"OOK\""), "modulations are LORA and FSK"),
        ("modu", Some("\"FSK\""), "FSK has a number"),
        ("datr", Some("50000"), "LoRa has a text here"),
        ("datr", Some("\"SF13BW125\""), "LoRa has SF5 to SF12"),
        ("datr", Some("\"FSK50000\""), "LoRa has SF5 to SF12"),
        ("codr", Some("\"5/4\""), "coding rates are"),
        ("rssi", None, "`rssi` is missing"),
        ("rssi", Some("900"), "strengths are -250 to 100 dBm"),
        ("lsnr", None, "`lsnr` is missing"),
        ("lsnr", Some("101"), "within 100 dB"),
        ("size", Some("3"), "`size` is 3, and `data` has 2 bytes"),
        ("data", None, "`data` is missing"),
        ("data", Some("\"A*==\""), "`data` is no base64"),
        ("data", Some("7"), "invalid type"),
        ("time", Some("\"01234567890123456789012345678901234567890\""), "a time has at most 40 signs"),
        ("rsig", Some("7"), "invalid type"),
    ] {
        let body = format!("{{\"rxpk\":[{},{},7]}}", with(field, value), with("none", None));
        let (packets, refused, _) = pushed(&body);
        assert_eq!((packets.len(), refused.len(), refused[0].0, refused[1].0), (1, 2, 0, 2), "{field}");
        assert!(refused[0].1.to_string().contains(words), "{field}: {}", refused[0].1);
    }
    let long = format!("\"{}\"", "A".repeat(344));
    let (_, refused, _) = pushed(&format!("{{\"rxpk\":[{}]}}", with("data", Some(&long))));
    assert!(refused[0].1.to_string().contains("at most 255 bytes"), "{:?}", refused[0]);
    for (stat, words) in [("{\"lati\":91}", "latitudes"), ("{\"alti\":1e9}", "altitudes"), ("7", "invalid type")] {
        let error = decode(&raw(Kind::PushData, true, &format!("{{\"stat\":{stat}}}"))).unwrap_err();
        assert!(matches!(&error, GwmpError::Stat(_)) && error.to_string().contains(words), "{error}");
    }
}

fn modulation() -> impl Strategy<Value = Modulation> {
    prop_oneof![
        (0..8_usize, 0..3_usize).prop_map(|(sf, bw)| Modulation::lora(Spreading::ALL[sf], Bandwidth::ALL[bw])),
        (1..300_000_u32).prop_map(|bit_rate| Modulation::Fsk { bit_rate }),
    ]
}

const RATES: [CodingRate; 4] = [CodingRate::Cr45, CodingRate::Cr46, CodingRate::Cr47, CodingRate::Cr48];

prop_compose! {
    fn received()(
        timestamp: u32, gps_ms: Option<u64>, frequency in 1..4_294_000_000_u32, (channel, rf_chain) in any::<(u8, u8)>(), crc in 0..3, modulation in modulation(),
        rate in 0..4_usize, rssi_dbm in -250..=100, snr in -1_000..=1_000, payload in prop::collection::vec(any::<u8>(), 0..=255),
        time in prop::option::of("[0-9T:.Z-]{0,40}"),
    ) -> RxPacket {
        let lora = matches!(modulation, Modulation::Lora { .. });
        let crc = [Crc::Ok, Crc::Failed, Crc::Absent][crc as usize];
        let (coding_rate, snr_ddb) = (lora.then_some(RATES[rate]), lora.then_some(snr));
        RxPacket { timestamp, time, gps_ms, frequency: Hertz::new(frequency), channel, rf_chain, crc, modulation, coding_rate, rssi_dbm, snr_ddb, payload }
    }
}

prop_compose! {
    fn emitted()(
        emission in prop_oneof![Just(Emission::Immediately), any::<u32>().prop_map(Emission::AtTimestamp), any::<u64>().prop_map(Emission::AtGps)],
        frequency in 1..4_294_000_000_u32, rf_chain: u8, power_dbm: Option<i8>, modulation in modulation(), rate in 0..4_usize,
        (inverted, preamble, without_crc) in any::<(bool, Option<u16>, bool)>(), payload in prop::collection::vec(any::<u8>(), 0..=255),
    ) -> TxPacket {
        let lora = matches!(modulation, Modulation::Lora { .. });
        TxPacket {
            emission, frequency: Hertz::new(frequency), rf_chain, power_dbm, modulation, coding_rate: lora.then_some(RATES[rate]),
            deviation_hz: (!lora).then_some(25_000), inverted, preamble, without_crc, payload,
        }
    }
}

fn datagram() -> impl Strategy<Value = Datagram> {
    let status =
        prop::option::of((prop::option::of(-90.0..90.0_f64), any::<u32>()).prop_map(|(latitude, received)| GatewayStatus {
            latitude,
            received: Some(received),
            ..GatewayStatus::default()
        }));
    let report = prop_oneof![
        prop::option::of(-20..40).prop_map(|power_dbm| TxReport::Accepted { power_dbm }),
        (0..9_usize).prop_map(|which| TxReport::Refused(TxError::NAMED[which].clone())),
    ];
    let gateway = any::<u64>().prop_map(Eui::new);
    prop_oneof![
        (any::<u16>(), gateway.clone(), prop::collection::vec(received(), 0..4), status)
            .prop_filter("says something", |(_, _, packets, status)| !packets.is_empty() || status.is_some())
            .prop_map(|(token, gateway, packets, status)| Datagram::PushData {
                token,
                gateway,
                packets,
                refused: vec![],
                status
            }),
        any::<u16>().prop_map(|token| Datagram::PushAck { token }),
        (any::<u16>(), gateway.clone()).prop_map(|(token, gateway)| Datagram::PullData { token, gateway }),
        any::<u16>().prop_map(|token| Datagram::PullAck { token }),
        (any::<u16>(), emitted()).prop_map(|(token, packet)| Datagram::PullResp { token, packet }),
        (any::<u16>(), gateway, report).prop_map(|(token, gateway, report)| Datagram::TxAck { token, gateway, report }),
    ]
}

proptest! {
    /// What is written is read as it was.
    #[test]
    fn every_datagram_survives_the_wire(datagram in datagram()) {
        prop_assert_eq!(decode(&encode(&datagram)), Ok(datagram));
    }

    /// Whatever comes is read or refused, and what is read can be written.
    #[test]
    fn nothing_from_outside_ends_the_program(kind in 0..7_u8, body in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut bytes = vec![2, 1, 2, kind];
        bytes.extend(body);
        if let Ok(read) = decode(&bytes) {
            let _ = encode(&read);
        }
    }

    /// A true datagram with one byte changed is read or refused.
    #[test]
    fn a_flipped_byte_never_ends_the_program(datagram in datagram(), place: prop::sample::Index, byte: u8) {
        let mut bytes = encode(&datagram);
        let place = place.index(bytes.len());
        bytes[place] = byte;
        let _ = decode(&bytes);
    }

    /// `semtech-udp` reads in what we write what we meant, and we read what it writes as it meant it.
    #[test]
    fn semtech_udp_agrees(datagram in datagram()) {
        let bytes = encode(&datagram);
        let theirs = Packet::parse(&bytes);
        match (&datagram, theirs) {
            // It knows GPS time in neither direction, demands a coding rate and a ratio of every packet, and numbers spreading from 5.
            (Datagram::PushData { token, gateway, packets, .. }, Ok(Packet::Up(Up::PushData(theirs)))) => {
                prop_assert_eq!((theirs.random_token, mac(theirs.gateway_mac.as_bytes())), (*token, *gateway));
                for (ours, theirs) in packets.iter().zip(theirs.data.rxpk.iter().flatten()) {
                    let RxPk::V1(theirs) = theirs else { return Err(TestCaseError::fail("another form")) };
                    prop_assert_eq!(&ours.payload, &theirs.data);
                    prop_assert_eq!(ours.timestamp, theirs.tmst);
                    prop_assert_eq!(ours.rssi_dbm, theirs.rssi);
                    prop_assert_eq!(ours.frequency, Hertz::from_mhz(theirs.freq).unwrap());
                    prop_assert_eq!(ours.modulation.to_string(), theirs.datr.to_string());
                }
                let mut again = vec![0; bytes.len() * 2 + 64];
                let length = theirs.serialize(&mut again).unwrap() as usize;
                let Ok(Datagram::PushData { packets: read, refused, .. }) = decode(&again[..length]) else {
                    return Err(TestCaseError::fail("we do not read what they write"));
                };
                prop_assert_eq!((read.len(), refused), (packets.len(), vec![]));
                for (ours, read) in packets.iter().zip(&read) {
                    prop_assert_eq!((&ours.payload, ours.crc, ours.snr_ddb), (&read.payload, read.crc, read.snr_ddb));
                }
            }
            (Datagram::PushAck { token }, Ok(Packet::Down(Down::PushAck(theirs)))) => prop_assert_eq!(*token, theirs.random_token),
            (Datagram::PullAck { token }, Ok(Packet::Down(Down::PullAck(theirs)))) => prop_assert_eq!(*token, theirs.random_token),
            (Datagram::PullData { token, gateway }, Ok(Packet::Up(Up::PullData(theirs)))) => {
                prop_assert_eq!((*token, *gateway), (theirs.random_token, mac(theirs.gateway_mac.as_bytes())));
            }
            (Datagram::PullResp { token, packet }, Ok(Packet::Down(Down::PullResp(theirs)))) => {
                prop_assert_eq!((*token, &packet.payload), (theirs.random_token, &theirs.data.txpk.data.as_ref().to_vec()));
                prop_assert_eq!(packet.frequency, Hertz::from_mhz(theirs.data.txpk.freq).unwrap());
            }
            // One error it writes in another way than the forwarder, and reads as none.
            (Datagram::TxAck { report: TxReport::Refused(TxError::Busy), .. }, _) => {}
            (Datagram::TxAck { token, report, .. }, Ok(Packet::Up(Up::TxAck(theirs)))) => {
                prop_assert_eq!(*token, theirs.random_token);
                prop_assert_eq!(matches!(report, TxReport::Accepted { power_dbm: None }), theirs.get_result().is_ok());
            }
            (ours, Err(error)) if unknown_to_semtech(ours) => drop(error),
            (ours, theirs) => return Err(TestCaseError::fail(format!("{ours:?} is {theirs:?} there"))),
        }
    }
}

/// The EUI of a gateway as `semtech-udp` has it.
fn mac(bytes: &[u8]) -> Eui {
    Eui::new(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// What `semtech-udp` does not read, though the protocol has it.
fn unknown_to_semtech(ours: &Datagram) -> bool {
    let odd = |modulation: &Modulation| !matches!(modulation, Modulation::Lora { spreading, .. } if spreading.factor() >= 7);
    match ours {
        Datagram::PushData { packets, status, .. } => status.is_some() || packets.iter().any(|packet| odd(&packet.modulation)),
        // It needs a power that is not negative and has no GPS time.
        Datagram::PullResp { packet, .. } => {
            odd(&packet.modulation) || packet.power_dbm.is_none_or(|dbm| dbm < 0) || matches!(packet.emission, Emission::AtGps(_))
        }
        _ => false,
    }
}

/// As forwarders in the field write them.
#[test]
fn counters_of_64_bits_and_states_as_texts_are_read() {
    let packet = |tmst: &str, stat: &str| {
        format!(
            r#"{{"tmst":{tmst},"freq":868.1,"stat":{stat},"modu":"LORA","datr":"SF7BW125","codr":"4/5","rssi":-50,"lsnr":5,"data":"AQ=="}}"#
        )
    };
    let body = format!(r#"{{"rxpk":[{},{},{}]}}"#, packet("4294967301", "1"), packet("5", "\"1\""), packet("5", "\"good\""));
    let (packets, refused, _) = pushed(&body);
    assert_eq!(packets.iter().map(|packet| (packet.timestamp, packet.crc)).collect::<Vec<_>>(), [(5, Crc::Ok), (5, Crc::Ok)]);
    assert!(matches!(&refused[..], [(2, error)] if error.to_string().contains("stat")), "{refused:?}");
    for stat in [r#""up and well""#, r#"{"lati":"north"}"#] {
        let (packets, _, status) = pushed(&format!(r#"{{"rxpk":[{}],"stat":{stat}}}"#, packet("5", "1")));
        assert_eq!((packets.len(), status), (1, None), "{stat}");
    }
    assert_eq!(pushed(r#"{"stat":"up and well"}"#), (vec![], vec![], None));
}
