//! Ranges as S3 reads them: one range of bytes, and whatever else is in the header means the whole object.

/// The header's one range in its plain form, or nothing when the whole object is meant.
///
/// Several ranges, other units, a first byte behind the last, and numbers that no object reaches mean the whole object.
pub fn parse(header: &str) -> Option<String> {
    let (unit, range) = header.trim().split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = range.trim().split_once('-')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // A place that no signed number holds is behind every object's end.
    let number = |text: &str| {
        let number = Some(text).filter(|text| digits(text)).and_then(|text| text.parse::<u64>().ok());
        number.map(|number| number.min(i64::MAX.unsigned_abs()))
    };
    match (first.trim(), last.trim()) {
        ("", last) => number(last).map(|length| format!("bytes=-{length}")),
        (first, "") => number(first).map(|first| format!("bytes={first}-")),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then(|| format!("bytes={first}-{last}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_read_and_everything_else_means_the_whole_object() {
        for (header, plain) in [
            ("bytes=0-4", Some("bytes=0-4")),
            ("Bytes = 5 - 9 ", Some("bytes=5-9")),
            ("bytes=7-", Some("bytes=7-")),
            ("bytes=-3", Some("bytes=-3")),
            ("bytes=5-2", None),
            ("bytes=0-1,5-6", None),
            ("items=0-1", None),
            ("invalid", None),
            ("bytes=-", None),
            ("bytes=+1-2", None),
            ("bytes=0-18446744073709551616", None),
        ] {
            assert_eq!(parse(header).as_deref(), plain, "{header}");
        }
    }
}
