//! Which texts are names of what.

/// A service: letters, digits and dashes, a letter first, no dash last.
pub fn is_service(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_lowercase) && is_label(text)
}

/// An IP endpoint: at least two of small letters, digits, `-` and `_`, a letter first.
pub fn is_endpoint(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 2
        && bytes[0].is_ascii_lowercase()
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
}

/// An environment variable, as Kubernetes takes it.
pub fn is_env(text: &str) -> bool {
    let letter = |b: u8| b.is_ascii_alphabetic() || matches!(b, b'-' | b'.' | b'_');
    text.bytes().next().is_some_and(letter)
        && text.bytes().all(|b| letter(b) || b.is_ascii_digit())
        && text != "."
        && !text.starts_with("..")
}

/// A host name: labels of small letters, digits and dashes, parted by dots, at most 253 characters (DNS-1123).
pub fn is_host(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

fn is_label(text: &str) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = text.as_bytes();
    edge(bytes.first()) && edge(bytes.last()) && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
}

/// The key of an attribute: a letter, then up to 127 of letters, digits, `_`, `/`, `.` and `-`; a `*` may end it.
pub fn is_attribute_key(text: &str) -> bool {
    let body = text.strip_suffix('*').unwrap_or(text);
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'/' | b'.' | b'-');
    let starred = body.len() < text.len();
    // `^([a-zA-Z][\w\/\.\-]{1,126}[\w\*]?)$`: the last of 128 characters may be neither `/` nor `.` nor `-`.
    let longest_ends_well = body.len() < 128 || body.bytes().last().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
    body.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
        && body.bytes().all(inner)
        && (2..=128).contains(&body.len())
        && (!starred || body.len() <= 127)
        && longest_ends_well
}

/// A currency: a letter, then 2 to 127 of letters, digits, `/`, `:`, `.`, `_` and `-`.
pub fn is_denom(text: &str) -> bool {
    text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
        && (3..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b':' | b'.' | b'_' | b'-'))
}

/// An image, as engines pull them: a host, folders and a name, then a tag or a digest; only the characters are looked at.
pub fn is_image(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/' | b':' | b'@');
    text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric()) && text.bytes().all(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_have_no_blanks_and_no_signs_of_a_shell() {
        let digest = format!("ghcr.io/a_b/c-d@sha256:{}", "0".repeat(64));
        for good in ["nginx", "nginx:1.27", "localhost:5000/web:1", "docker.io/library/redis:7.2-alpine", &digest] {
            assert!(is_image(good), "{good}");
        }
        for bad in ["", "a b; rm -rf /", "nginx:1.27 ", "$(id)", "-x", "/etc/passwd", "näme"] {
            assert!(!is_image(bad), "{bad}");
        }
    }

    fn all(is: fn(&str) -> bool, good: &[&str], bad: &[&str]) {
        good.iter().for_each(|text| assert!(is(text), "{text}"));
        bad.iter().for_each(|text| assert!(!is(text), "{text}"));
    }

    #[test]
    fn names_of_each_kind() {
        all(is_service, &["a", "web-1", "a1"], &["", "1a", "-a", "a-", "A", "a_b", "a.b"]);
        all(is_endpoint, &["ab", "a-", "my_ip1"], &["", "a", "1a", "Ab", "a.b"]);
        all(is_env, &["A", "_a", "a.b-c", ".a", "a1"], &["", "1a", ".", "..", "..a", "a b", "ä"]);
        all(is_host, &["a", "1.example.com", "a-b.c"], &["", "a..b", "-a.b", "a-.b", "A.b", "a_b", "a.b."]);
        all(is_denom, &["uact", "uakt", "ibc/170C677610AC31DF", "abc"], &["", "ab", "1ab", "a b"]);
        assert!(is_host(&["a"; 127].join(".")) && !is_host(&["a"; 128].join(".")));
    }

    #[test]
    fn keys_of_attributes_may_end_in_a_star() {
        let long = |n: usize| "a".repeat(n);
        all(
            is_attribute_key,
            &["ab", "ab*", "vendor/nvidia/model/*", "a/", &long(128), &(long(127) + "*")],
            &["", "a", "a*", "1a", "a b"],
        );
        all(is_attribute_key, &[&(long(126) + "/")], &[&long(129), &(long(128) + "*"), &(long(127) + "/"), "a*b"]);
    }
}
