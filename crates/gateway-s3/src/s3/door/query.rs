//! Query parameters.

use hyper::Uri;
use s3s::{S3Result, s3_error};

/// The decoded pairs of a query, in order.
///
/// # Errors
/// `InvalidURI` when one is no UTF-8.
pub(super) fn pairs(uri: &Uri) -> S3Result<Vec<(String, String)>> {
    pairs_of(uri.query().unwrap_or_default())
}

/// The decoded pairs of a query's text, in order.
///
/// # Errors
/// `InvalidURI` when one is no UTF-8.
pub(crate) fn pairs_of(query: &str) -> S3Result<Vec<(String, String)>> {
    let part = |text: &str| decoded(&text.replace('+', " "));
    let pair = |text: &str| match text.split_once('=') {
        Some((name, value)) => Ok((part(name)?, part(value)?)),
        None => Ok((part(text)?, String::new())),
    };
    query.split('&').filter(|text| !text.is_empty()).map(pair).collect()
}

/// Undoes percent encoding. A `%` that starts no code stands for itself.
///
/// # Errors
/// `InvalidURI` when the result is no UTF-8.
pub(super) fn decoded(text: &str) -> S3Result<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = code.filter(|_| bytes[at] == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8(out).map_err(|_| s3_error!(InvalidURI, "Couldn't parse the specified URI: a part of it is no UTF-8"))
}

/// Everything but unreserved characters as %XX, byte by byte, as S3 writes keys.
pub(crate) fn encoded(text: &str, keep_slash: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || (keep_slash && byte == b'/') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// A query out of pairs.
pub(super) fn joined(pairs: &[(String, String)]) -> String {
    let pair = |(name, value): &(String, String)| format!("{}={}", encoded(name, false), encoded(value, false));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_come_back_as_they_were() {
        let pairs = vec![("prefix".to_owned(), "a b/&=+%\u{1}é".to_owned()), ("acl".to_owned(), String::new())];
        let uri: Uri = format!("/b?{}", joined(&pairs)).parse().unwrap();
        assert_eq!(super::pairs(&uri).unwrap(), pairs);
    }

    #[test]
    fn what_is_no_code_stands_for_itself_and_what_is_no_text_is_refused() {
        assert_eq!(decoded("100%").unwrap(), "100%");
        assert_eq!(decoded("%zz%4").unwrap(), "%zz%4");
        assert!(decoded("%ff").is_err());
    }
}
