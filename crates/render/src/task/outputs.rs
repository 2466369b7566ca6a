//! What a part of a task leaves: some files, in a zip whose form does not count. Their names and bytes are hashed, compared and shown.

use super::{ALIKE_FILE, Alike, DECLARED_MOST, is_plain_path};
use crate::{
    driver::plain,
    pixels::{DecodeError, Pixels, text_card},
};
use sha2::{Digest as _, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Cursor, Read as _},
};
use zip::ZipArchive;

/// Most bytes of all files of a part.
pub const OUTPUTS_MOST: u64 = 256 << 20;
/// What hashes of outputs begin with.
const DOMAIN: &[u8] = b"depin-render-outputs-1";
/// Lines of a text that a preview shows at most, and the share of them.
const SHOWN_MOST: usize = 4;
const SHOWN_SHARE: usize = 4;
/// Letters of a line on a preview.
const LINE_MOST: usize = 76;

/// The files that a part of a task left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outputs {
    files: BTreeMap<String, Vec<u8>>,
}

impl Outputs {
    /// Reads the zip of a stranger: 1 to 17 plain files of at most [`OUTPUTS_MOST`] bytes together.
    ///
    /// # Errors
    /// [`DecodeError::Outputs`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let wrong = |why: &str| DecodeError::Outputs { why: why.to_owned() };
        let broken = |why: String| DecodeError::Outputs { why: plain(&why, 200) };
        let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(error.to_string()))?;
        if zip.is_empty() || zip.len() > DECLARED_MOST + 1 {
            return Err(wrong("a part has 1 to 17 files"));
        }
        let (mut files, mut left) = (BTreeMap::new(), OUTPUTS_MOST);
        for index in 0..zip.len() {
            let mut file = zip.by_index(index).map_err(|error| broken(error.to_string()))?;
            let name = file.name().map_err(|error| broken(error.to_string()))?.into_owned();
            if !is_plain_path(&name) || name.contains('/') || file.is_symlink() || file.encrypted() {
                return Err(wrong("a name in it is no plain file's"));
            }
            let mut content = Vec::new();
            let read = (&mut file).take(left + 1).read_to_end(&mut content).map_err(|error| broken(error.to_string()))?;
            left = left.checked_sub(read as u64).ok_or_else(|| wrong("its files have more than 256 MiB together"))?;
            if files.insert(name, content).is_some() {
                return Err(wrong("it has a file twice"));
            }
        }
        Ok(Self { files })
    }

    /// Its files by their names, as the task declares them.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let own = self.files.iter().filter(|(name, _)| *name != ALIKE_FILE);
        own.map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
    }

    /// What the ledger knows of a part: SHA-256 of `"depin-render-outputs-1"`, then of each file in the order of names the length of its name
    /// and of its bytes (u64 big endian each), name and bytes.
    pub fn hash(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(DOMAIN);
        for (name, bytes) in &self.files {
            hasher.update((name.len() as u64).to_be_bytes());
            hasher.update((bytes.len() as u64).to_be_bytes());
            hasher.update(name.as_bytes());
            hasher.update(bytes);
        }
        hasher.finalize().into()
    }

    /// Whether nothing was left in any file.
    pub fn is_empty(&self) -> bool {
        self.files().all(|(_, bytes)| bytes.is_empty())
    }

    /// Whether another node's outputs are as its own, as far apart as the task says of *these* that they may be: whoever compares has run the
    /// task itself, and takes no other's word for that.
    pub fn is_alike(&self, theirs: &Self) -> bool {
        if self.files == theirs.files {
            return true;
        }
        let alike = self.files.get(ALIKE_FILE).and_then(|text| serde_json::from_slice::<Alike>(text).ok());
        let Some(alike) = alike.filter(|alike| alike.is_sound()) else { return false };
        let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<BTreeSet<_>>();
        names(&self.files) == names(&theirs.files)
            && self.files.iter().all(|(name, mine)| theirs.files.get(name).is_some_and(|theirs| alike.are_alike(mine, theirs)))
    }

    /// What people see before they pay: names and sizes, and of each text a quarter of its lines, four at most.
    pub fn card(&self) -> Pixels {
        let mut lines = vec![format!("{} of a part", if self.files.len() == 1 { "Output" } else { "Outputs" })];
        for (name, bytes) in self.files() {
            lines.push(String::new());
            lines.push(format!("{}: {} bytes", plain(name, 40), bytes.len()));
            let Ok(text) = std::str::from_utf8(bytes) else { continue };
            let many = text.lines().count();
            lines.push(format!("{many} lines, of which"));
            let shown = many.div_ceil(SHOWN_SHARE).min(SHOWN_MOST);
            lines.extend(text.lines().take(shown).map(|line| {
                let line: String = line.chars().take(LINE_MOST).collect();
                format!("  {}", plain(&line, LINE_MOST))
            }));
        }
        text_card(&lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write as _;
    use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

    fn zip_of(files: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn the_hash_is_of_names_and_bytes_and_not_of_the_zip() {
        let files: [(&str, &[u8]); 2] = [("a.csv", b"cat,1\n"), ("b.bin", &[0, 1, 2])];
        let [stored, packed] = [CompressionMethod::Stored, CompressionMethod::Deflated].map(|method| zip_of(&files, method));
        assert_ne!(stored, packed);
        let (stored, packed) = (Outputs::decode(&stored).unwrap(), Outputs::decode(&packed).unwrap());
        assert_eq!(stored.hash(), packed.hash());
        let moved = Outputs::decode(&zip_of(&[("a.csv", b"cat,1\n\0"), ("b.bin", &[1, 2])], CompressionMethod::Stored)).unwrap();
        assert_ne!(moved.hash(), packed.hash());
        // What is on a ledger must never change its form.
        let mut by_hand = b"depin-render-outputs-1\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x06a.csvcat,1\n".to_vec();
        by_hand.extend(b"\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x03b.bin\0\x01\x02");
        assert_eq!(packed.hash(), <[u8; 32]>::from(Sha256::digest(by_hand)));
    }

    #[test]
    fn outputs_of_strangers_are_bounded_in_names_numbers_and_bytes() {
        let many: Vec<(String, &[u8])> = (0..18).map(|n| (format!("f{n}"), &b""[..])).collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
        let zeros = vec![0; OUTPUTS_MOST as usize + 1];
        for (files, why) in [
            (&many[..], "1 to 17"),
            (&[][..], "1 to 17"),
            (&[("../x", &b""[..])], "plain file"),
            (&[("/x", &b""[..])], "plain file"),
            (&[("big", zeros.as_slice())], "256 MiB"),
        ] {
            let told = Outputs::decode(&zip_of(files, CompressionMethod::Deflated)).unwrap_err().to_string();
            assert!(told.contains(why), "{told}");
        }
    }

    #[test]
    fn whoever_compares_goes_by_the_bounds_of_its_own_run() {
        let of = |files: &[(&str, &[u8])]| Outputs::decode(&zip_of(files, CompressionMethod::Stored)).unwrap();
        let (strict, loose): (&[u8], &[u8]) = (br#"{"lines":0.0,"numbers":0.001}"#, br#"{"lines":0.5,"numbers":0.1}"#);
        let mine = of(&[("alike.json", strict), ("x", b"a 1.0\n")]);
        assert!(mine.is_alike(&of(&[("alike.json", strict), ("x", b"a 1.0005\n")])));
        assert!(!mine.is_alike(&of(&[("alike.json", loose), ("x", b"a 1.05\n")])), "a cheater's own bounds count nothing");
        assert!(!of(&[("x", b"a 1.0\n")]).is_alike(&of(&[("x", b"a 1.0005\n")])), "nothing declared, nothing may differ");
    }

    #[test]
    fn a_preview_shows_what_was_left_and_not_all_of_it() {
        let text = "secret-label\n".repeat(100);
        let outputs = Outputs::decode(&zip_of(&[("labels.csv", text.as_bytes())], CompressionMethod::Stored)).unwrap();
        let card = outputs.card();
        assert!(!card.is_blank() && card.height() < 200, "{}", card.height());
        assert!(!outputs.is_empty());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(Outputs::decode(&bytes).is_err());
        }

        #[test]
        fn a_damaged_zip_is_read_or_refused(at: proptest::sample::Index, value: u8) {
            let mut bytes = zip_of(&[("a.csv", b"cat,1\n"), ("b", b"dog")], CompressionMethod::Deflated);
            let place = at.index(bytes.len());
            bytes[place] = value;
            if let Ok(outputs) = Outputs::decode(&bytes) {
                let _ = (outputs.hash(), outputs.card());
            }
        }
    }
}
