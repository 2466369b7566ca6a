//! Any bytes as a RADIUS packet: read or refused, and what was read is written alike.

#![no_main]

use depin_radius::{Accounting, Packet};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(packet) = Packet::parse(bytes) else { return };
    let written = packet.to_bytes();
    assert_eq!(written[..], bytes[..written.len()]);
    let _ = packet.check_request(b"secret");
    let _ = Accounting::read(&packet);
    let answer = Packet::parse(&packet.response(b"secret")).expect("an answer is a packet");
    answer.check_response(b"secret", &packet.authenticator).expect("it answers");
});
