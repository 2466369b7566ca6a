//! Wallets with the real binary: passphrases from files and from a terminal, phrases of both lengths, exports.

mod support;

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use support::{Printed, at, depin, network::Up, run};

/// Longest wait for something on the terminal.
const PATIENCE: Duration = Duration::from_secs(60);

fn secret_file(path: &Path, text: &str) -> PathBuf {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    path.to_owned()
}

fn with(home: &Path, passphrase: &Path, args: &[&str]) -> Printed {
    run(depin().arg("--home").arg(home).arg("--passphrase-file").arg(passphrase).args(args))
}

/// `depin` at a terminal of its own, which `script` makes. What is typed goes in when what was waited for is there.
struct Terminal {
    child: Child,
    seen: Arc<Mutex<String>>,
}

impl Terminal {
    fn start(home: &Path, args: &str) -> Self {
        let plain = depin();
        let line = format!("'{}' --home '{}' {args}", plain.get_program().display(), home.display());
        let mut command = Command::new("script");
        for name in ["DEPIN_HOME", "DEPIN_NODE", "DEPIN_LOG", "DEPIN_PASSPHRASE_FILE"] {
            command.env_remove(name);
        }
        command.args(["-qec", &line, "/dev/null"]).env("NO_COLOR", "1").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("`script` is part of every Debian");
        let seen = Arc::<Mutex<String>>::default();
        let (mut out, shown) = (child.stdout.take().unwrap(), Arc::clone(&seen));
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = out.read(&mut buffer) {
                shown.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..read]));
            }
        });
        Self { child, seen }
    }

    fn seen(&self) -> String {
        self.seen.lock().unwrap().clone()
    }

    fn wait_for(&self, text: &str) {
        let begun = Instant::now();
        while !self.seen().contains(text) {
            assert!(begun.elapsed() < PATIENCE, "no {text:?} in:\n{}", self.seen());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for a prompt, and answers it.
    fn answer(&mut self, prompt: &str, typed: &str) {
        self.wait_for(prompt);
        // The terminal forgets what is typed before it hides it.
        std::thread::sleep(Duration::from_millis(200));
        let input = self.child.stdin.as_mut().unwrap();
        input.write_all(format!("{typed}\n").as_bytes()).unwrap();
        input.flush().unwrap();
    }

    fn ended(mut self) -> (i32, String) {
        let code = self.child.wait().unwrap().code().unwrap();
        std::thread::sleep(Duration::from_millis(100));
        (code, self.seen())
    }
}

#[test]
fn a_home_is_locked_used_and_unlocked_with_a_passphrase_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let made = at(home, &["wallet", "new", "savings", "--words", "12", "--json"]).json();
    assert_eq!(fs::read_to_string(made["phrase_file"].as_str().unwrap()).unwrap().split_whitespace().count(), 12);
    at(home, &["wallet", "new", "spending"]).done();
    let before = fs::read(home.join("wallet/savings.key")).unwrap();
    let passphrase = secret_file(&folder.path().join("passphrase"), "correct horse\n");
    fs::create_dir(home.join("gateway")).unwrap();
    let master = secret_file(&home.join("gateway/master.key"), &format!("{}\n", "5e".repeat(32)));
    with(home, &passphrase, &["wallet", "lock"]).done();
    let locked = fs::read_to_string(&master).unwrap();
    assert!(locked.contains("argon2id") && !locked.contains("5e5e5e5e5e5e"), "{locked}");
    for name in ["savings", "spending"] {
        let text = fs::read_to_string(home.join(format!("wallet/{name}.key"))).unwrap();
        assert!(text.contains("argon2id") && text.contains("xchacha20-poly1305"), "{text}");
        assert_eq!(fs::metadata(home.join(format!("wallet/{name}.key"))).unwrap().permissions().mode() & 0o777, 0o600);
    }

    // Names and addresses need no passphrase; keys do.
    let shown = at(home, &["wallet", "show", "savings", "--json"]).json();
    assert_eq!((&shown["keys"][0]["address"], &shown["keys"][0]["locked"]), (&made["address"], &true.into()));
    let copy = folder.path().join("copy.key");
    let export = ["wallet", "export", "savings", "--out", copy.to_str().unwrap()];
    let locked = at(home, &export);
    assert!(locked.code == 1 && locked.err.contains("--passphrase-file") && !copy.exists(), "{}", locked.err);
    let wrong = secret_file(&folder.path().join("wrong"), "wrong horse\n");
    let refused = with(home, &wrong, &export);
    assert!(refused.code == 1 && refused.err.contains("the passphrase is wrong"), "{}", refused.err);
    with(home, &passphrase, &export).done();
    assert_eq!(fs::read(&copy).unwrap(), before, "the key is the one of before");
    let piped = with(home, &passphrase, &["wallet", "export", "savings", "--yes"]);
    assert!(piped.code == 1 && piped.out.is_empty() && piped.err.contains("terminal only"), "{}", piped.err);

    let new = secret_file(&folder.path().join("new"), "battery staple\n");
    with(home, &passphrase, &["wallet", "passphrase", "--new-passphrase-file", new.to_str().unwrap()]).done();
    assert_eq!(with(home, &passphrase, &["wallet", "unlock"]).code, 1);
    let unlocked = run(depin().arg("--home").arg(home).args(["wallet", "unlock"]).env("DEPIN_PASSPHRASE_FILE", &new)).done();
    assert!(unlocked.out.contains("savings.key"), "{}", unlocked.out);
    assert_eq!(fs::read(home.join("wallet/savings.key")).unwrap(), before);
    assert_eq!(fs::read_to_string(&master).unwrap(), format!("{}\n", "5e".repeat(32)));
    let one = ["wallet", "lock", "--file", master.to_str().unwrap()];
    with(home, &passphrase, &one).done();
    assert!(fs::read_to_string(&master).unwrap().contains("master-key"));
    assert_eq!(fs::read(home.join("wallet/savings.key")).unwrap(), before);
}

#[test]
fn files_that_are_cut_foreign_or_open_to_others_are_told_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let passphrase = secret_file(&home.join("passphrase"), "correct horse");
    with(home, &passphrase, &["wallet", "new", "savings", "--passphrase", "--phrase-out", home.join("p").to_str().unwrap()])
        .done();
    let file = home.join("wallet/savings.key");
    let good = fs::read_to_string(&file).unwrap();
    for (text, words) in [
        (good[..good.len() / 2].to_owned(), "was cut"),
        (good.replace("\"format\": 2", "\"format\": 9"), "another version of depin"),
        (good.replace("argon2id", "scrypt"), "does not know"),
        (good.replace("65536", "4294967295"), "more memory"),
        ("\u{0}\u{1}".to_owned(), "not the JSON"),
    ] {
        fs::write(&file, text).unwrap();
        let told = with(home, &passphrase, &["wallet", "export", "savings", "--out", home.join("x").to_str().unwrap()]);
        assert!(told.code == 1 && told.err.contains(words) && told.err.contains("savings.key"), "{words}: {}", told.err);
        assert!(!told.err.contains("panicked") && !home.join("x").exists());
    }
    fs::write(&file, &good).unwrap();
    fs::set_permissions(&passphrase, fs::Permissions::from_mode(0o644)).unwrap();
    let told = with(home, &passphrase, &["wallet", "unlock"]);
    assert!(told.code == 1 && told.err.contains("others can read it"), "{}", told.err);
    let weak = secret_file(&home.join("weak"), "short");
    let told = with(home, &weak, &["wallet", "new", "other", "--passphrase", "--phrase-out", home.join("q").to_str().unwrap()]);
    assert!(told.code == 1 && told.err.contains("at least 8 characters") && !home.join("q").exists(), "{}", told.err);
}

#[test]
fn a_terminal_is_asked_and_shown_what_no_pipe_gets() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let mut new = Terminal::start(home, "wallet new savings --words 12 --passphrase");
    new.answer("New passphrase: ", "correct horse");
    new.answer("The same again: ", "correct horse");
    let (code, seen) = new.ended();
    assert!(code == 0 && seen.contains("Write these 12 words down") && !seen.contains("correct horse"), "{seen}");
    assert!(fs::read_to_string(home.join("wallet/savings.key")).unwrap().contains("argon2id"));
    assert!(!home.join("wallet/savings.key.phrase").exists());

    let mut differ = Terminal::start(home, "wallet new other --passphrase");
    differ.answer("New passphrase: ", "correct horse");
    differ.answer("The same again: ", "correct hose");
    let (code, seen) = differ.ended();
    assert!(code == 1 && seen.contains("not the same") && !home.join("wallet/other.key").exists(), "{seen}");

    let mut export = Terminal::start(home, "wallet export savings");
    export.answer("Print it? [y/N] ", "n");
    let (code, seen) = export.ended();
    assert!(code == 1 && seen.contains("secret key of depin1") && !seen.contains("secret_key"), "{seen}");
    let mut export = Terminal::start(home, "wallet export savings");
    export.answer("Print it? [y/N] ", "y");
    export.answer("Passphrase of ", "mistyped");
    export.answer("Again: ", "correct horse");
    let (code, seen) = export.ended();
    assert!(code == 0 && seen.contains("\"secret_key\": \"") && !seen.contains("correct horse"), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_network_starts_with_its_passphrase_and_acts_with_its_keys() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("net");
    let passphrase = secret_file(&folder.path().join("passphrase"), "correct horse\n");
    let file = passphrase.to_str().unwrap();
    // A home that is made with a passphrase at hand is locked from its beginning.
    let (up, _) = Up::start(&home, &["--providers", "1", "--passphrase-file", file]).await;
    for path in ["wallet/phrase", "wallet/customer.key", "providers/provider-1/key", "validator.key", "gateway/master.key"] {
        let text = fs::read_to_string(home.join(path)).unwrap();
        assert!(text.contains("argon2id"), "{path} is not locked: {text}");
    }
    let send = ["transfer", "--from", "customer", "--to", "faucet", "--amount", "1 FIL"];
    let locked = at(&home, &send);
    assert!(locked.code == 1 && locked.err.contains("customer.key is locked"), "{}", locked.err);
    with(&home, &passphrase, &send).done();
    drop(up);

    let refused = at(&home, &["up"]);
    assert!(refused.code == 1 && refused.err.contains("validator.key is locked"), "{}", refused.err);
    // One more operator: its key follows from the locked phrase, and is locked too.
    let (up, _) = Up::start(&home, &["--providers", "2", "--passphrase-file", file]).await;
    assert!(fs::read_to_string(home.join("providers/provider-2/key")).unwrap().contains("argon2id"));
    drop(up);

    fs::write(home.join("wallet/phrase"), "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong\n").unwrap();
    let foreign = with(&home, &passphrase, &["up"]);
    assert!(foreign.code == 1 && foreign.err.contains("not the phrase of this home's keys"), "{}", foreign.err);
    assert!(foreign.err.contains("mv ") && !foreign.err.contains("zoo"), "{}", foreign.err);
}
