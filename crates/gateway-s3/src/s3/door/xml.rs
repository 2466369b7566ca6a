//! XML that any key survives.
//!
//! `s3s` escapes markup and leaves every other character as it is. A carriage return would come back as a line feed, and a control
//! character would make the document unreadable; S3 writes both as character references, and so is done here. Its documents have no
//! white space of their own, so every such character is content.

use std::borrow::Cow;

/// Writes characters that XML does not carry as they are as references.
pub(super) fn safe(document: &str) -> Cow<'_, str> {
    let needs = |c: char| (c < ' ') || c == '\u{7F}' || c == '\u{FFFE}' || c == '\u{FFFF}';
    if !document.contains(needs) {
        return Cow::Borrowed(document);
    }
    let mut out = String::with_capacity(document.len() + 64);
    for c in document.chars() {
        if needs(c) {
            out.push_str(&format!("&#x{:X};", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Writes references and quoted sections of a request's document as the characters that they stand for.
///
/// The reader of `s3s` passes over quoted sections and refuses references to many characters (its `resolve_char_ref` ends at
/// `0x0010_0000..`, where `0x0001_0000..` is meant), so a key could be read as another one.
pub(super) fn plain(document: &str) -> Cow<'_, str> {
    if !document.contains("&#") && !document.contains("<![CDATA[") {
        return Cow::Borrowed(document);
    }
    let mut out = String::with_capacity(document.len());
    let mut rest = document;
    while let Some(at) = rest.find(['&', '<']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let quoted = rest.strip_prefix("<![CDATA[").and_then(|inside| inside.split_once("]]>"));
        let reference = rest.strip_prefix("&#").and_then(|inside| inside.split_once(';')).and_then(|(digits, behind)| {
            let code = match digits.strip_prefix('x') {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => digits.parse(),
            };
            Some((char::from_u32(code.ok()?)?, behind))
        });
        if let Some((content, behind)) = quoted {
            out.push_str(&escaped(content));
            rest = behind;
        } else if let Some((character, behind)) = reference {
            out.push_str(&escaped(character.encode_utf8(&mut [0; 4])));
            rest = behind;
        } else {
            out.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Text as content of an element.
pub(super) fn text(text: &str) -> String {
    safe(&escaped(text)).into_owned()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_become_references() {
        assert_eq!(safe("<Key>a\r\n\t\u{1}\u{FFFF}b</Key>"), "<Key>a&#xD;&#xA;&#x9;&#x1;&#xFFFF;b</Key>");
        assert!(matches!(safe("<Key>plain é</Key>"), Cow::Borrowed(_)));
        assert_eq!(text("]]>&\r"), "]]&gt;&amp;&#xD;");
    }

    #[test]
    fn references_and_quoted_sections_become_characters() {
        assert_eq!(plain("<K>&#x1F600;&#60;&amp;&#x1;</K>"), "<K>😀&lt;&amp;\u{1}</K>");
        assert_eq!(plain("<K><![CDATA[a<b&#65;]]>c</K>"), "<K>a&lt;b&amp;#65;c</K>");
        assert_eq!(plain("<K>&#xD800;&#;&#x110000;&é</K>"), "<K>&#xD800;&#;&#x110000;&é</K>");
    }
}
