//! Text that people write, with whatever their editors add to it.

use std::{fs, io, path::Path};

/// What some editors put before the first letter of a file in UTF-8.
const MARK: char = '\u{feff}';

/// A text without the byte order mark that may stand before it.
pub fn without_mark(text: &str) -> &str {
    text.strip_prefix(MARK).unwrap_or(text)
}

/// Reads a text in UTF-8, with or without a byte order mark before it.
///
/// # Errors
/// The file system's; `InvalidData` for what is no text in UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    let mut text = fs::read_to_string(path)?;
    if text.starts_with(MARK) {
        text.drain(..MARK.len_utf8());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        for (written, read) in [("\u{feff}a,b\r\n", "a,b\r\n"), ("a\u{feff}", "a\u{feff}"), ("", "")] {
            fs::write(&path, written).unwrap();
            assert_eq!(read_text(&path).unwrap(), read);
            assert_eq!(without_mark(written), read);
        }
        fs::write(&path, [0xff, 0xfe, b'a', 0]).unwrap();
        assert_eq!(read_text(&path).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
