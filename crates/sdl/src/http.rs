//! How the ingress treats requests: defaults and bounds.

use crate::{document::HttpDoc, manifest::HttpOptions};

/// Largest body in bytes, where none is said and at most.
pub const BODY_DEFAULT: u32 = 1 << 20;
pub const BODY_MAX: u32 = 100 << 20;
/// Largest buffer of the proxy in bytes.
pub const BUFFER_MAX: u32 = 1 << 20;
/// Longest time in milliseconds to send or to read, and the default of both.
pub const TIMEOUT_MS_MAX: u32 = 60_000;
/// When another replica may be tried.
pub const CASES: [&str; 10] = ["error", "timeout", "500", "502", "503", "504", "403", "404", "429", "off"];

const TRIES_DEFAULT: u32 = 3;

/// What is said, and the defaults of what is not; zero says nothing.
pub fn options(doc: &HttpDoc) -> HttpOptions {
    let or = |value: u32, default: u32| if value == 0 { default } else { value };
    let cases: Vec<String> = doc.next_cases.iter().map(|case| case.value.clone()).collect();
    HttpOptions {
        max_body_size: or(doc.max_body_size.value, BODY_DEFAULT),
        read_timeout: or(doc.read_timeout.value, TIMEOUT_MS_MAX),
        send_timeout: or(doc.send_timeout.value, TIMEOUT_MS_MAX),
        next_tries: or(doc.next_tries.value, TRIES_DEFAULT),
        next_timeout: doc.next_timeout.value,
        next_cases: if cases.is_empty() { vec!["error".to_owned(), "timeout".to_owned()] } else { cases },
        proxy_buffer_size: doc.proxy_buffer_size.value,
    }
}
