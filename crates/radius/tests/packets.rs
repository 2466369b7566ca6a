//! Packets byte for byte, and every way in which bytes are none.

use depin_radius::{Accounting, AccountingError, Attribute, Code, Packet, PacketError, Status, attribute, request};
use proptest::prelude::*;

/// No byte of a request may be another one: neither of its header, nor of an attribute, nor of its authenticators.
#[test]
fn a_request_is_authenticated_over_all_of_it() {
    let bytes =
        [&[4u8, 9, 0, 38][..], &[0; 16], &[40, 6, 0, 0, 0, 1], &[44, 6, b'a', b'b', b'c', b'd'], &[4, 6, 192, 168, 1, 16]]
            .concat();
    let packet = Packet::parse(&bytes).unwrap();
    assert_eq!(packet.check_request(b"xyzzy5461"), Err(PacketError::Authenticator));
    // MD5 over the bytes above and the secret, by Python's hashlib.
    let golden = [0x48, 0x36, 0xbf, 0x9d, 0x7e, 0xc4, 0x2c, 0xad, 0x58, 0xc2, 0xcf, 0xee, 0xca, 0xa4, 0x63, 0xd6];
    Packet { authenticator: golden, ..packet.clone() }.check_request(b"xyzzy5461").unwrap();
    let sent = packet.clone().request(b"xyzzy5461");
    let good = Packet::parse(&sent).unwrap();
    good.check_request(b"xyzzy5461").unwrap();
    for at in 0..sent.len() {
        let mut other = sent.clone();
        other[at] ^= 1;
        let refused = Packet::parse(&other).map_err(Into::into).and_then(|packet| {
            packet.check_request(b"xyzzy5461").map_err(AccountingError::from)?;
            Accounting::read(&packet)
        });
        assert!(refused.is_err(), "byte {at} may not be another one");
    }
}

#[test]
fn a_second_message_authenticator_or_a_wrong_one_is_refused() {
    let says = Accounting { session: b"1".to_vec(), ..Accounting::default() };
    let mut packet = Packet::parse(&request(1, &says, b"s")).unwrap();
    let code = packet.attributes.iter().find(|one| one.kind == attribute::MESSAGE_AUTHENTICATOR).cloned().unwrap();
    packet.attributes.push(code);
    // The authenticator over the changed packet is made good, so that the other check is what refuses.
    let bytes = resealed(packet.clone());
    assert_eq!(Packet::parse(&bytes).unwrap().check_request(b"s"), Err(PacketError::MessageAuthenticator));
    packet.attributes.retain(|one| one.kind != attribute::MESSAGE_AUTHENTICATOR);
    let bytes = resealed(packet.clone());
    Packet::parse(&bytes).unwrap().check_request(b"s").expect("without one the authenticator is enough");
    packet.attributes.push(Attribute { kind: attribute::MESSAGE_AUTHENTICATOR, value: vec![7; 15] });
    let bytes = resealed(packet);
    assert_eq!(Packet::parse(&bytes).unwrap().check_request(b"s"), Err(PacketError::MessageAuthenticator));
}

/// A good request authenticator for whatever attributes there are, by code of its own.
fn resealed(packet: Packet) -> Vec<u8> {
    use md5::{Digest as _, Md5};
    let mut bytes = Packet { authenticator: [0; 16], ..packet }.to_bytes();
    let digest: [u8; 16] = Md5::new().chain_update(&bytes).chain_update(b"s").finalize().into();
    bytes[4..20].copy_from_slice(&digest);
    bytes
}

#[test]
fn an_answer_is_bound_to_its_request_and_gives_proxies_their_state_back() {
    let says = Accounting { session: b"1".to_vec(), ..Accounting::default() };
    let mut packet = Packet::parse(&request(1, &says, b"s")).unwrap();
    packet.attributes.push(Attribute { kind: attribute::PROXY_STATE, value: vec![1, 2] });
    let packet = Packet::parse(&packet.request(b"s")).unwrap();
    let answer = Packet::parse(&packet.response(b"s")).unwrap();
    answer.check_response(b"s", &packet.authenticator).unwrap();
    assert_eq!((answer.code, answer.identifier), (Code::AccountingResponse, 1));
    assert_eq!(answer.get(attribute::PROXY_STATE), Some(&[1, 2][..]));
    assert_eq!(answer.check_response(b"s", &[0; 16]), Err(PacketError::Authenticator));
    assert_eq!(answer.check_response(b"t", &packet.authenticator), Err(PacketError::Authenticator));
}

#[test]
fn bytes_that_are_no_packet_are_refused() {
    let length = |bytes: &[u8]| matches!(Packet::parse(bytes), Err(PacketError::Length { .. }));
    assert!(length(&[]) && length(&[4, 1, 0]) && length(&[4; 19]));
    let with = |says: u16, rest: &[u8]| [&[4, 1][..], &says.to_be_bytes(), &[0; 16], rest].concat();
    assert!(length(&with(19, &[])) && length(&with(21, &[])) && length(&with(4_097, &[0; 4_077])));
    assert!(Packet::parse(&with(20, &[9, 9])).unwrap().attributes.is_empty(), "padding");
    for wrong in [&[1u8][..], &[1, 0], &[1, 1], &[1, 3], &[1, 2, 7]] {
        let bytes = with(20 + wrong.len() as u16, wrong);
        assert!(matches!(Packet::parse(&bytes), Err(PacketError::Attribute(_))), "{wrong:?}");
    }
}

#[test]
fn requests_that_say_nothing_are_refused() {
    let read = |code: u8, attributes: Vec<Attribute>| {
        let packet = Packet { code: Code::AccountingRequest, identifier: 0, authenticator: [0; 16], attributes };
        let mut bytes = packet.to_bytes();
        bytes[0] = code;
        Accounting::read(&Packet::parse(&bytes).unwrap())
    };
    let number = |kind, value: u32| Attribute { kind, value: value.to_be_bytes().to_vec() };
    let session = || Attribute { kind: attribute::ACCT_SESSION_ID, value: b"1".to_vec() };
    assert_eq!(read(1, vec![]), Err(AccountingError::Code(1)));
    assert_eq!(read(4, vec![session()]), Err(AccountingError::Status(None)));
    assert_eq!(read(4, vec![session(), number(40, 9)]), Err(AccountingError::Status(Some(9))));
    assert_eq!(read(4, vec![number(40, 1)]), Err(AccountingError::Session));
    let short = Attribute { kind: 42, value: vec![1] };
    assert_eq!(read(4, vec![session(), number(40, 1), short]), Err(AccountingError::Number(42)));
    assert_eq!(read(4, vec![number(40, 7)]).unwrap().status, Status::On, "it is about all sessions");
    let user = Attribute { kind: 1, value: b"a@b@carrier.example".to_vec() };
    assert_eq!(read(4, vec![session(), number(40, 2), user]).unwrap().realm(), Some("carrier.example"));
}

fn status() -> impl Strategy<Value = Status> {
    prop::sample::select(vec![Status::Start, Status::Stop, Status::Interim, Status::On, Status::Off])
}

proptest! {
    /// What is written is read again, counters of 64 bits among it.
    #[test]
    fn what_is_said_is_read(
        status in status(), session in prop::collection::vec(any::<u8>(), 1..60), user in prop::option::of("[a-z]{1,9}@[a-z.]{1,20}"),
        up in any::<u64>(), down in any::<u64>(), seconds in any::<u32>(), delay in any::<u32>(), secret in prop::collection::vec(any::<u8>(), 1..80),
    ) {
        let says = Accounting { status, session, user: user.map(String::into_bytes), nas: None, up, down, seconds, delay };
        let packet = Packet::parse(&request(3, &says, &secret)).unwrap();
        packet.check_request(&secret).unwrap();
        prop_assert_eq!(Accounting::read(&packet).unwrap(), says);
    }

    /// Whatever comes is a packet, or refused; what was read is written alike.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), length in 0u8..200) {
        let mut bytes = bytes;
        if bytes.len() > 3 {
            (bytes[2], bytes[3]) = (0, length);
        }
        if let Ok(packet) = Packet::parse(&bytes) {
            prop_assert_eq!(&packet.to_bytes()[..], &bytes[..usize::from(length)]);
            let _ = packet.check_request(b"s");
            let _ = Accounting::read(&packet);
        }
    }
}
