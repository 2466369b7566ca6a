//! The real binary under a clock that is wrong. Needs `libfaketime` (apt: `faketime`), or its library's path in `FAKETIME_LIB`.

mod support;

use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use support::{depin, network::Up, run};

const DAY_MS: u64 = 86_400_000;

/// The library that gives a process another wall clock.
fn faketime() -> Option<PathBuf> {
    let named = std::env::var_os("FAKETIME_LIB").map(PathBuf::from);
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let installed = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    let found = named.into_iter().chain(installed).find(|path| path.is_file());
    if found.is_none() {
        eprintln!("NOT TESTED: the binary under a wrong clock, for want of libfaketime; `apt-get install faketime` brings it");
    }
    found
}

/// The binary with its wall clock, and no other, off by `offset`.
fn off_by(library: &Path, offset: &str) -> std::process::Command {
    let mut command = depin();
    command.env("LD_PRELOAD", library).env("FAKETIME", offset).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    command
}

async fn status(up: &Value) -> Value {
    let text = reqwest::get(format!("{}/v1/status", up["api"].as_str().unwrap())).await.unwrap().text().await.unwrap();
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn one_start_ten_years_ahead_is_refused_afterwards_and_freezes_nothing_when_accepted() {
    let Some(library) = faketime() else { return };
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let (up, _) = Up::start(&home, &["--providers", "0"]).await;
    assert!(up.stop().await.success());

    let (up, endpoints) = Up::start_as(off_by(&library, "+3650d"), &home, &[]).await;
    let ahead = status(&endpoints).await;
    assert!(up.printed().contains("stood still for 3650d"), "{}", up.printed());
    assert_eq!((&ahead["clock_off_ms"], &ahead["clock_warning"]), (&0.into(), &Value::Null), "it knows no other clock");
    assert!(up.stop().await.success());

    let refused = run(depin().arg("--home").arg(&home).args(["up", "--port-base", "0"]));
    assert_eq!(refused.code, 1, "{}{}", refused.out, refused.err);
    for part in ["3649d", "behind the stamp of block", "--accept-clock"] {
        assert!(refused.err.contains(part), "no {part} in {}", refused.err);
    }

    let (up, endpoints) = Up::start(&home, &["--accept-clock"]).await;
    let before = status(&endpoints).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    let after = status(&endpoints).await;
    let passed = after["time_ms"].as_u64().unwrap() - before["time_ms"].as_u64().unwrap();
    assert!(passed >= 1_000, "ledger time goes on, not by {passed} ms in 6 s");
    assert!(after["clock_warning"]["off_ms"].as_u64().unwrap() > 3_649 * DAY_MS, "{after}");
    let shown = support::at(&home, &["status"]).done();
    assert!(shown.out.contains("ahead of the wall clock"), "{}", shown.out);
    assert!(up.stop().await.success());
}
