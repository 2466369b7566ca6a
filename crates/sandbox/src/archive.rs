//! OCI archives as files: what identifies one, and a copy without the names that it brings along.

use sha2::{Digest as _, Sha256};
use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Write as _},
    path::Path,
};
use tar::{Archive, Builder, EntryType, Header};

/// Most bytes of an index, manifest or configuration.
pub(crate) const DOCUMENT_BYTES_MAX: u64 = 4 << 20;
/// Most files of an archive; an image has one for each layer and three more.
const ENTRIES_MAX: usize = 4096;

/// SHA-256 of a file, as hex.
pub(crate) fn digest(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(hash.finalize())),
            read => hash.update(&buffer[..read]),
        }
    }
}

/// A refusal in words.
pub(crate) fn refused(words: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, words.into())
}

/// Copies an OCI archive but for the names of its images: an engine that loads it gives nothing that has a name another meaning.
pub(crate) fn copy_without_names(from: &Path, to: &Path) -> io::Result<()> {
    let mut archive = Archive::new(BufReader::new(File::open(from)?));
    let mut copy = Builder::new(BufWriter::new(File::create(to)?));
    let mut has_index = false;
    for (number, entry) in archive.entries()?.enumerate() {
        let mut entry = entry?;
        if number >= ENTRIES_MAX {
            return Err(refused(format!("it has more than {ENTRIES_MAX} files")));
        }
        if entry.header().entry_type() != EntryType::Regular {
            continue;
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).trim_start_matches("./").to_owned();
        let mut header = Header::new_gnu();
        header.set_mode(0o644);
        header.set_entry_type(EntryType::Regular);
        if name == "index.json" && !has_index {
            has_index = true;
            let index = nameless_index(&mut entry)?;
            header.set_size(index.len() as u64);
            copy.append_data(&mut header, "index.json", index.as_slice())?;
        } else if name == "oci-layout" || is_blob(&name) {
            header.set_size(entry.size());
            copy.append_data(&mut header, &name, &mut entry)?;
        }
        // All else, above all the lists of names of Docker's own format, is left out.
    }
    if !has_index {
        return Err(refused("it is no OCI archive: it has no index.json; make one by `podman save --format oci-archive`"));
    }
    copy.into_inner()?.flush()
}

/// Whether a name is that of a blob: `blobs/sha256/` and 64 hexadecimal digits.
pub(crate) fn is_blob(name: &str) -> bool {
    name.strip_prefix("blobs/sha256/").is_some_and(|digest| digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn nameless_index(entry: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    entry.take(DOCUMENT_BYTES_MAX).read_to_end(&mut text)?;
    let mut index: serde_json::Value =
        serde_json::from_slice(&text).map_err(|error| refused(format!("its index.json is no JSON: {error}")))?;
    let manifests = index.get_mut("manifests").and_then(|manifests| manifests.as_array_mut());
    let manifests = manifests.ok_or_else(|| refused("its index.json lists no manifests"))?;
    if manifests.len() != 1 {
        return Err(refused(format!("it holds {} images; an archive for a service holds one", manifests.len())));
    }
    for manifest in manifests.iter_mut().filter_map(|manifest| manifest.as_object_mut()) {
        manifest.remove("annotations");
    }
    Ok(index.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(files: &[(&str, &str)]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut builder = Builder::new(file.reopen().unwrap());
        for (name, text) in files {
            let mut header = Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, text.as_bytes()).unwrap();
        }
        builder.finish().unwrap();
        file
    }

    fn copied(files: &[(&str, &str)]) -> io::Result<Vec<(String, String)>> {
        let (from, to) = (archive(files), tempfile::NamedTempFile::new().unwrap());
        copy_without_names(from.path(), to.path())?;
        let mut read = Archive::new(to.reopen().unwrap());
        let entries = read.entries().unwrap().map(|entry| {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            (entry.path().unwrap().display().to_string(), text)
        });
        Ok(entries.collect())
    }

    #[test]
    fn an_archive_loses_the_names_that_would_replace_those_of_others() {
        let blob = format!("blobs/sha256/{}", "ab".repeat(32));
        let index = r#"{"manifests":[{"digest":"sha256:00","annotations":{"org.opencontainers.image.ref.name":"docker.io/library/nginx:latest"}}]}"#;
        let files = copied(&[
            ("index.json", index),
            ("manifest.json", r#"[{"RepoTags":["nginx:latest"]}]"#),
            ("oci-layout", "{}"),
            (&blob, "layer"),
            ("blobs/sha256/short", "x"),
        ]);
        let files = files.unwrap();
        assert_eq!(files.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["index.json", "oci-layout", &blob]);
        assert!(!files[0].1.contains("nginx"), "{}", files[0].1);
        assert_eq!(files[2].1, "layer");
    }

    #[test]
    fn what_is_no_archive_of_one_image_is_refused_in_words() {
        for (files, words) in [
            (&[("manifest.json", "[]")][..], "podman save --format oci-archive"),
            (&[("index.json", "{")], "no JSON"),
            (&[("index.json", "{}")], "lists no manifests"),
            (&[("index.json", r#"{"manifests":[{},{}]}"#)], "holds 2 images"),
        ] {
            let error = copied(files).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
