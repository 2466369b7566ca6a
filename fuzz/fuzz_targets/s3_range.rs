//! A range header means the whole object or one range that the S3 library reads as the same numbers.
#![no_main]
use depin_gateway_s3::fuzzing::parse_range;
use libfuzzer_sys::fuzz_target;
use s3s::dto::Range;

fuzz_target!(|text: &str| {
    let Some(plain) = parse_range(text) else { return };
    let range = Range::parse(&plain).expect("what is passed on is a range");
    assert_eq!(range.to_header_string(), plain);
    assert_eq!(parse_range(&plain).as_deref(), Some(plain.as_str()));
    if let Ok(bytes) = range.check(1000) {
        assert!(bytes.start < bytes.end && bytes.end <= 1000);
    }
});
