//! Any datagram: read or refused, and what is read survives being written.
#![no_main]

use depin_lorawan::gwmp::{Datagram, decode, encode};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(read) = decode(bytes) else { return };
    let mut expected = read;
    if let Datagram::PushData { refused, packets, status, .. } = &mut expected {
        // Refused packets are not written, and a datagram of nothing else says nothing.
        refused.clear();
        if packets.is_empty() && status.is_none() {
            return;
        }
    }
    assert_eq!(decode(&encode(&expected)), Ok(expected));
});
