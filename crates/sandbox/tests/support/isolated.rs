//! Tests with real containers, each in network, mount and process namespaces of its own: nothing of this machine is touched, and nothing is
//! left. Other crates' tests take this file by its path.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
};

const HOME: &str = "DEPIN_SANDBOX_TEST_HOME";
/// Engines and bombs share two cores: one test at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
/// What a machine has for all providers goes away with the test.
const OWN: &str = "ip link set lo up && mount -t tmpfs tmpfs /run && mkdir -p /var/lib/depin-sandbox && \
                   mount -t tmpfs tmpfs /var/lib/depin-sandbox && exec \"$@\"";

/// Whether a program is there.
pub fn has(program: &str) -> bool {
    ["/usr/bin", "/usr/sbin", "/bin", "/sbin"].iter().any(|folder| Path::new(folder).join(program).is_file())
}

/// Says loudly that nothing was tested, and fails where a runtime was promised (`DEPIN_TEST_RUNTIME=required`).
pub fn say_untested(why: &str) {
    eprintln!("\n*** NOT TESTED: {why} ***\n");
    assert!(env::var_os("DEPIN_TEST_RUNTIME").is_none_or(|value| value != "required"), "{why}");
}

/// Builds an image by the script, for which some need a Debian mirror.
pub fn build_image(folder: &Path, image: &str) -> Result<(), String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sandbox/images.sh");
    let built =
        Command::new(&script).arg(folder).arg(image).output().map_err(|error| format!("{}: {error}", script.display()))?;
    if built.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&built.stderr).into_owned()) }
}

/// What a test needs of its machine.
pub struct Needs<'a> {
    /// Programs,
    pub programs: &'a [&'a str],
    /// and the line that installs them.
    pub install: &'a str,
    /// Images, built before the test has no network any more, in the folder `images` of its own.
    pub images: &'a [&'a str],
}

/// Podman's needs,
pub const PODMAN: Needs<'static> = Needs {
    programs: &["podman", "conmon", "iptables", "nft", "unshare", "busybox"],
    install: "apt-get install --no-install-recommends podman crun runc netavark aardvark-dns iptables nftables busybox-static",
    images: &[],
};
/// and bubblewrap's.
pub const BWRAP: Needs<'static> = Needs {
    programs: &["bwrap", "ip", "nft", "setpriv", "nsenter", "unshare", "busybox"],
    install: "apt-get install --no-install-recommends bubblewrap iproute2 nftables util-linux busybox-static",
    images: &[],
};

/// Runs `body` in a copy of this test with namespaces of its own; gives it a folder. Without what it needs nothing is tested.
pub fn isolated<F: Future<Output = ()>>(test: &str, needs: &Needs<'_>, body: impl FnOnce(PathBuf) -> F) {
    if let Some(home) = env::var_os(HOME) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        return runtime.block_on(body(home.into()));
    }
    let missing: Vec<_> = needs.programs.iter().filter(|program| !has(program)).collect();
    if !missing.is_empty() {
        return say_untested(&format!("{test}: {missing:?} is missing: {}", needs.install));
    }
    let spaces = ["--net", "--mount", "--pid", "--fork"];
    if Command::new("unshare").args(spaces).arg("true").status().is_ok_and(|status| !status.success()) {
        return say_untested(&format!("{test}: namespaces cannot be made here; run as root"));
    }
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let home = tempfile::Builder::new().prefix("depin-sandbox-test").tempdir().unwrap();
    fs::set_permissions(home.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    for image in needs.images {
        if let Err(why) = build_image(&home.path().join("images"), image) {
            return say_untested(&format!("{test}: the image {image} cannot be built: {why}"));
        }
    }
    // Groups that a test left which failed: the machine has them, not the namespaces.
    let _ = Command::new("sh")
        .args(["-c", "rmdir /sys/fs/cgroup/*/depin_sandbox/depin_* /sys/fs/cgroup/depin_sandbox/depin_* 2>/dev/null"])
        .status();
    let status = Command::new("timeout")
        .args(["--kill-after=5", "280", "unshare"])
        .args(spaces)
        .args(["--kill-child", "--mount-proc", "sh", "-c", OWN, "sh"])
        .arg(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(HOME, home.path())
        .status()
        .unwrap();
    assert!(status.success(), "{test} in its own namespaces: {status}");
}
