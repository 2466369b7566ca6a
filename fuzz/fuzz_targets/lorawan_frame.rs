//! Any frame: read or refused, checked and decrypted whatever it says.
#![no_main]

use depin_lorawan::{
    Key,
    frame::{DataFrame, SessionKeys, UplinkFrame, forwardable, read_join_accept, read_uplink},
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let key = Key::new([7; 16]);
    let keys = SessionKeys { network: key.clone(), application: key.clone() };
    let _ = forwardable(bytes);
    let _ = read_join_accept(bytes, &key);
    if let Ok(UplinkFrame::Join(request)) = read_uplink(bytes) {
        let _ = request.matches(&key);
    }
    if let Ok(frame) = DataFrame::read(bytes) {
        let _ = frame.matches_any(&key);
        let _ = frame.decrypt(&keys, u32::from(frame.counter));
    }
});
