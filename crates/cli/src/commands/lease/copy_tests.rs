use super::*;

/// An archive with entries that no honest `tar` writes.
fn archive(entries: &[(&str, tar::EntryType, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, kind, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        if *kind == tar::EntryType::Symlink {
            header.set_link_name("/etc").unwrap();
            header.set_size(0);
        }
        header.set_cksum();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1_024, 0);
    bytes
}

const FILE: tar::EntryType = tar::EntryType::Regular;

#[test]
fn a_side_is_a_service_and_a_path_or_a_path_here() {
    let there = |service: &str, path: &str| Side::There { service: service.to_owned(), path: path.to_owned() };
    assert_eq!(side("web:/etc"), there("web", "/etc"));
    assert_eq!(side("web:"), there("web", "."));
    for here in ["./a:b", "a/b:c", ":a", "file", "/x:y", "a.b:c"] {
        assert_eq!(side(here), Side::Here(here.into()), "{here}");
    }
    let of = |path: &str| parts(path).ok();
    assert_eq!(of("/etc/nginx/"), Some(("/etc".to_owned(), "nginx".to_owned())));
    assert_eq!(of("/etc"), Some(("/".to_owned(), "etc".to_owned())));
    assert_eq!(of("a"), Some((".".to_owned(), "a".to_owned())));
    assert_eq!((of("/"), of(""), of("a/..")), (None, None, None));
}

#[test]
fn what_is_packed_is_unpacked_the_same_without_links() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let site = from.path().join("site");
    fs::create_dir_all(site.join("deep/empty")).unwrap();
    fs::write(site.join("index.html"), "hello").unwrap();
    fs::write(site.join("deep/large"), vec![7; 100_000]).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", site.join("link")).unwrap();
    let mut bytes = Vec::new();
    let packed = pack(&site, &mut bytes).unwrap();
    assert_eq!(packed, Copied { files: 2, bytes: 100_005, left_out: 1 });
    assert_eq!(unpack(to.path(), bytes.as_slice()).unwrap(), Copied { left_out: 0, ..packed });
    assert_eq!(fs::read(to.path().join("site/deep/large")).unwrap().len(), 100_000);
    assert!(to.path().join("site/deep/empty").is_dir() && !to.path().join("site/link").exists());
    // Under another name where that is no folder.
    let renamed = to.path().join("other");
    unpack(&renamed, bytes.as_slice()).unwrap();
    assert_eq!(fs::read(renamed.join("index.html")).unwrap(), b"hello");
}

#[test]
fn a_strangers_archive_writes_nothing_outside_of_the_place() {
    let to = tempfile::tempdir().unwrap();
    let place = to.path().join("place");
    fs::create_dir(&place).unwrap();
    for name in ["../out", "a/../../out", "/etc/out", "a/../b"] {
        let error = unpack(&place, archive(&[(name, FILE, b"x")]).as_slice()).unwrap_err();
        assert!(error.to_string().contains("leads out"), "{name}: {error}");
    }
    assert!(!to.path().join("out").exists());
    // A link first, then something through it: the link is left out, so that this is a folder of its own.
    let linked = archive(&[("link", tar::EntryType::Symlink, b""), ("link/hosts", FILE, b"x")]);
    let copied = unpack(&place, linked.as_slice()).unwrap();
    assert_eq!((copied.files, copied.left_out), (1, 1));
    assert!(!fs::symlink_metadata(place.join("link")).unwrap().is_symlink());
    // A link that was here before.
    std::os::unix::fs::symlink(to.path(), place.join("mine")).unwrap();
    let error = unpack(&place, archive(&[("mine/evil", FILE, b"x")]).as_slice()).unwrap_err();
    assert!(error.to_string().contains("is a link") && !to.path().join("evil").exists(), "{error}");
    let device = archive(&[("null", tar::EntryType::Char, b"")]);
    assert_eq!(unpack(&place, device.as_slice()).unwrap().left_out, 1);
}

#[test]
fn an_archive_that_is_cut_is_an_error() {
    let to = tempfile::tempdir().unwrap();
    let whole = archive(&[("file", FILE, &[7; 4_096])]);
    assert!(unpack(to.path(), &whole[..2_000]).is_err());
}
