//! What a scalar means. Akash reads YAML with a library of the Go world that keeps parts of YAML 1.1; what is refused and taken here
//! is what it refuses and takes.

/// A value that is neither list nor mapping, as it was written.
#[derive(Debug)]
pub struct Scalar {
    text: String,
    /// Written without quotes and not as a block, without a tag that makes it text: it may be a number, a truth or nothing.
    open: bool,
}

impl Scalar {
    pub fn new(text: String, plain: bool, tag: Option<String>) -> Self {
        let open = match tag.as_deref() {
            None => plain,
            Some(tag) => matches!(tag, "int" | "float" | "bool" | "null" | "merge"),
        };
        Self { text, open }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_null(&self) -> bool {
        self.open && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }

    pub fn is_merge(&self) -> bool {
        self.open && self.text == "<<"
    }

    /// A truth: YAML 1.2's words without quotes, and some of YAML 1.1's with or without.
    pub fn as_bool(&self) -> Option<bool> {
        match self.text.as_str() {
            "true" | "True" | "TRUE" if self.open => Some(true),
            "false" | "False" | "FALSE" if self.open => Some(false),
            "y" | "Y" | "yes" | "on" => Some(true),
            "n" | "N" | "no" | "off" => Some(false),
            _ => None,
        }
    }

    /// A whole number of 32 bits. Numbers in quotes are text. Underscores part digits; `0x`, `0o`, `0b` and a leading `0` name the
    /// base; a number with a fraction or an exponent loses its fraction.
    pub fn as_u32(&self) -> Option<u32> {
        if !self.open || !self.text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
            return None;
        }
        let text = self.text.replace('_', "");
        match whole(&text) {
            Some(number) => u32::try_from(number).ok(),
            None => truncated(&text),
        }
    }
}

/// As Go's `strconv.ParseInt` with base 0 reads it.
fn whole(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(base)) {
        return None;
    }
    let number = i64::from_str_radix(digits, base).ok()?;
    Some(if negative { -number } else { number })
}

/// A number with a fraction or an exponent, cut to the whole. It lies between nothing and 2^32, where the cut is exact.
fn truncated(text: &str) -> Option<u32> {
    if !text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-')) {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    (0.0..4_294_967_296.0).contains(&number).then_some(number as u32)
}
