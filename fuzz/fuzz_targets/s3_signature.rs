//! Signature headers of any bytes are read or refused, and what is read names only headers that were given.
#![no_main]
use depin_gateway_s3::fuzzing::{only_signed, signed};
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<u8>, Vec<u8>, Vec<(String, String)>)| {
    let (authorization, date, query) = input;
    let mut headers = HeaderMap::new();
    for (name, bytes) in [(AUTHORIZATION, authorization), (HeaderName::from_static("x-amz-date"), date)] {
        if let Ok(value) = HeaderValue::from_bytes(&bytes) {
            headers.insert(name, value);
        }
    }
    let Ok(found) = signed(&headers, &query) else { return };
    let covered = only_signed(&found, &headers, &query).is_ok();
    headers.insert("x-amz-surely-not-signed", HeaderValue::from_static("1"));
    let text = format!("{found:?}");
    assert!(text == "Not" || text == "V2" || text.contains("x-amz-surely-not-signed") || only_signed(&found, &headers, &query).is_err(), "{covered}");
});
