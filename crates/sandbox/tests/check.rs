//! Archives of strangers are judged before anything takes them: digests, sizes, numbers of files. No container is needed.

use depin_sandbox::check_archive;
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};
use std::io::Write as _;
use tempfile::NamedTempFile;

const GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An archive of one image with one layer; `spoil` may change the layer after its digest was taken.
fn archive(layer: &[u8], spoil: impl FnOnce(&mut Vec<u8>)) -> NamedTempFile {
    let config = br#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#.to_vec();
    let descriptor = |media: &str, bytes: &[u8]| {
        format!(r#"{{"mediaType":"{media}","digest":"sha256:{}","size":{}}}"#, hash(bytes), bytes.len())
    };
    let manifest = format!(
        r#"{{"schemaVersion":2,"config":{},"layers":[{}]}}"#,
        descriptor("application/vnd.oci.image.config.v1+json", &config),
        descriptor(GZIP, layer)
    )
    .into_bytes();
    let index =
        format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, descriptor("application/vnd.oci.image.manifest.v1+json", &manifest));
    let name = format!("blobs/sha256/{}", hash(layer));
    let mut layer = layer.to_vec();
    spoil(&mut layer);
    let blob = |bytes: &[u8]| format!("blobs/sha256/{}", hash(bytes));
    let files =
        [("index.json".to_owned(), index.into_bytes()), (blob(&manifest), manifest), (blob(&config), config), (name, layer)];
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(&tar(&files)).unwrap();
    file
}

fn refusal(archive: &NamedTempFile, bytes_max: u64) -> String {
    check_archive(archive.path(), bytes_max).map_or_else(|error| error.to_string(), |()| String::new())
}

#[test]
fn an_image_is_judged_by_what_it_becomes_and_by_its_digests() {
    let layer = gzip(&tar(&[("a".to_owned(), vec![0; 1 << 20])]));
    assert!(layer.len() < 10_000, "a bomb is small: {}", layer.len());
    assert_eq!(refusal(&archive(&layer, |_| {}), 2 << 20), "");
    let bomb = refusal(&archive(&layer, |_| {}), 1 << 19);
    assert!(bomb.contains("unpacked it is more than 524288 bytes"), "{bomb}");
    // Zeros after the last file are a bomb too.
    let tail = gzip(&[tar(&[("a".to_owned(), vec![1])]), vec![0; 4 << 20]].concat());
    assert!(refusal(&archive(&tail, |_| {}), 1 << 20).contains("unpacked it is more than"), "zeros at the end");
    let spoilt = refusal(&archive(&layer, |layer| *layer = gzip(&tar(&[("b".to_owned(), vec![])]))), 2 << 20);
    assert!(spoilt.contains("has other bytes"), "{spoilt}");
    let mut none = NamedTempFile::new().unwrap();
    none.write_all(b"no archive").unwrap();
    assert_ne!(refusal(&none, 1 << 20), "");
}
