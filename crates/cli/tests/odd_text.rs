//! Paths and texts that are not as one expects them: paths that are no UTF-8, files with a byte order mark, the other end of a line.

mod support;

use std::{
    ffi::{OsStr, OsString},
    fs,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};
use support::{Printed, depin, run};

/// A path below `folder` that is no text.
fn odd(folder: &Path) -> PathBuf {
    folder.join(OsStr::from_bytes(b"odd\xff"))
}

fn entries(folder: &Path) -> Vec<OsString> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
}

fn refused(printed: &Printed, what: &str) {
    assert_eq!(printed.code, 1, "{what}: {}{}", printed.out, printed.err);
    assert!(printed.err.contains("UTF-8") && printed.err.contains("odd"), "{what}: {}", printed.err);
    assert!(!printed.err.contains("panicked"), "{what}: {}", printed.err);
}

#[test]
fn a_path_that_is_no_text_is_refused_before_anything_is_made_there() {
    let folder = tempfile::tempdir().unwrap();
    let odd = odd(folder.path());
    let home = folder.path().join("home");
    for args in [
        &["up", "--home"] as &[&str],
        &["status", "--home"],
        &["wallet", "new", "--home"],
        &["wallet", "new", "savings", "--file"],
        &["wallet", "import", "savings", "--file"],
        &["provider", "storage", "--dir"],
        &["provider", "metered", "--dir"],
        &["provider", "storage", "--key-file"],
        &["gateway", "s3", "--dir"],
        &["gateway", "s3", "--key-file"],
        &["gateway", "metered", "--dir"],
        &["gateway", "metered", "--key-file"],
        &["gateway", "metered", "--reporter-key-file"],
        &["storage", "get", "docs/report.pdf"],
        &["supply", "filecoin", "--plot"],
    ] {
        refused(&run(depin().env("DEPIN_HOME", &home).args(args).arg(&odd)), &args.join(" "));
        let printed = run(depin().env("DEPIN_HOME", &home).arg("--json").args(args).arg(&odd));
        refused(&printed, &args.join(" "));
        let error: serde_json::Value = serde_json::from_str(&printed.err).unwrap();
        assert!(error["error"]["hint"].as_str().is_some_and(|hint| hint.contains("another")), "{error}");
        assert!(entries(folder.path()).is_empty(), "{args:?} made something");
    }
    refused(&run(depin().env("DEPIN_HOME", &odd).arg("up")), "DEPIN_HOME");
    assert!(entries(folder.path()).is_empty());
}

#[test]
fn a_home_in_a_folder_whose_name_is_no_text_is_refused_too_and_what_needs_no_home_works_there() {
    let folder = tempfile::tempdir().unwrap();
    let odd = odd(folder.path());
    fs::create_dir(&odd).unwrap();
    refused(&run(depin().current_dir(&odd).arg("up")), "up");
    assert!(entries(&odd).is_empty());
    run(depin().current_dir(&odd).args(["rule", "list"])).done();
}

#[test]
fn files_that_are_only_read_have_any_name() {
    let folder = tempfile::tempdir().unwrap();
    let odd = odd(folder.path());
    fs::write(&odd, "date,until,burned\n2024-01-01,2024-02-01,1\n").unwrap();
    let supply = |file: &Path| {
        run(depin()
            .args(["supply", "filecoin", "--until", "2025-01-01", "--every", "year", "--format", "csv", "--usage"])
            .arg(file))
    };
    let plain = folder.path().join("usage.csv");
    fs::copy(&odd, &plain).unwrap();
    assert_eq!(supply(&odd).done().out, supply(&plain).done().out);
}

#[test]
fn a_network_file_is_the_same_with_a_byte_order_mark_and_the_other_end_of_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("network.toml");
    let text = depin_networks::network_file("filecoin").unwrap();
    let check = |text: String| {
        fs::write(&file, text).unwrap();
        run(depin().args(["check", "--json"]).arg(&file)).done().out
    };
    let plain = check(text.to_owned());
    assert_eq!(check(format!("\u{feff}{text}")), plain);
    assert_eq!(check(format!("\u{feff}{}", text.replace('\n', "\r\n"))), plain);
}

#[test]
fn inputs_of_a_rule_are_read_with_a_byte_order_mark_and_the_other_end_of_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("epochs.jsonl");
    let eval = |text: &str| {
        fs::write(&file, text).unwrap();
        run(depin().args(["rule", "eval", "FIL-EM-2", "--input", &format!("@{}", file.display())])).done().out
    };
    let plain = eval("{\"epoch\": 0}\n{\"epoch\": 1}\n");
    assert_eq!(eval("\u{feff}{\"epoch\": 0}\r\n\r\n{\"epoch\": 1}\r\n"), plain);
}
