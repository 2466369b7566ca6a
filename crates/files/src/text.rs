//! Text that people write, with whatever their editors add to it.

use crate::Size;
use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

/// The longest text that is read: what people write is far shorter, and what has no end is no text.
pub const TEXT_MAX: u64 = 64 << 20;

/// What some editors put before the first letter of a file in UTF-8.
const MARK: char = '\u{feff}';

/// A text without the byte order mark that may stand before it.
pub fn without_mark(text: &str) -> &str {
    text.strip_prefix(MARK).unwrap_or(text)
}

/// Reads a text in UTF-8 of at most [`TEXT_MAX`] bytes, with or without a byte order mark before it.
///
/// # Errors
/// The file system's; `InvalidData` for what is no text in UTF-8; `FileTooLarge` for what is longer, such as a device without an end.
pub fn read_text(path: &Path) -> io::Result<String> {
    read_text_of(path, TEXT_MAX)
}

/// The same of at most `most` bytes.
///
/// # Errors
/// As [`read_text`].
pub fn read_text_of(path: &Path, most: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let why = format!("it is longer than {}, which is the most that is read of a text", Size(most));
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    let mut text = String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is no text in UTF-8"))?;
    if text.starts_with(MARK) {
        text.drain(..MARK.len_utf8());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

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

    #[test]
    fn what_has_no_end_is_read_to_a_bound() {
        let refused = read_text_of(Path::new("/dev/zero"), 1 << 20).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::FileTooLarge);
        assert!(refused.to_string().contains("longer than 1 MiB"), "{refused}");
    }
}
