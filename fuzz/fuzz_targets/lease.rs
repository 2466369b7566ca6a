//! Any bytes as a lease's token and as a frame of a shell: read or refused, and what was read is written alike.

#![no_main]

use depin_client::lease::{Frame, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        // Nobody finds a signature by chance.
        let _ = read(text);
    }
    if let Ok(frame) = Frame::decode(bytes.to_vec().into()) {
        let written = frame.encode();
        assert_eq!(written[0], bytes[0]);
        assert_eq!(Frame::decode(written), Ok(frame));
    }
});
