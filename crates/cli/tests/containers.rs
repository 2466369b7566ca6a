//! Leases with real containers, by the real binary: `cargo test -p depin-cli --test containers`. The example's two services go the whole way
//! from a file to a page that is reached, by Podman and by bubblewrap. Needs root; what is missing is said loudly (see docs/testing.md).

#[path = "../../sandbox/tests/support/isolated.rs"]
mod isolated;
mod support;

use isolated::{BWRAP, Needs, PODMAN, isolated};
use reqwest::Client;
use serde_json::Value;
use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use support::{
    Printed, depin,
    network::{Up, until},
    run,
};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/lease/deploy.yaml");
const IMAGES: &[&str] = &["box", "redis"];
/// Longest wait for anything; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_lease_goes_its_whole_way_by_podman() {
    let needs = Needs { images: IMAGES, ..PODMAN };
    isolated("a_lease_goes_its_whole_way_by_podman", &needs, async |home| whole_way(&home, "oci").await);
}

#[test]
fn a_lease_goes_its_whole_way_by_bubblewrap() {
    let needs = Needs { images: IMAGES, ..BWRAP };
    isolated("a_lease_goes_its_whole_way_by_bubblewrap", &needs, async |home| whole_way(&home, "bwrap").await);
}

async fn whole_way(folder: &Path, runtime: &str) {
    let home = &folder.join("net");
    let up = network(home, runtime).await;
    let file = folder.join("deploy.yaml");
    fs::copy(EXAMPLE, &file).unwrap();
    let file = file.to_str().unwrap();

    lease(home, &["check", file, "--strict"]).done();
    let [page, database] = ["box", "redis"].map(|image| folder.join("images").join(format!("{image}.oci")));
    let (page, database) = (page.to_str().unwrap(), database.to_str().unwrap());
    let idle = lease(home, &["up", file, "--image", page, "--accept", "none"]);
    assert!(idle.code == 1 && idle.err.contains("nobody who takes an image"), "{}", idle.err);
    let words = ["up", file, "--dseq", "7", "--ready", "60s", "--image", page, "--image", database, "--json"];
    let came = lease(home, &words).json();
    assert_eq!(came["leases"][0]["provider"], "provider-1", "the cheapest: {came:#}");
    let url = came["urls"][0].as_str().unwrap().to_owned();
    assert!(url.starts_with("http://visits.localhost:"), "{url}");
    assert_eq!(visits(&url, Duration::ZERO).await, "visits: 1", "it answers once it is said to run");
    assert_eq!(visits(&url, Duration::ZERO).await, "visits: 2");

    logs(home, &url).await;
    commands(home, runtime);
    files(home, folder);
    tokens(home, folder);
    update(home, folder, &url).await;
    money(home);
    let up = killed(home, up, &url).await;
    // The second one finds its images beside its provider.
    for image in IMAGES {
        let at = home.join("leasing/images").join(format!("localhost_{image}:1.oci"));
        fs::copy(folder.join("images").join(format!("{image}.oci")), at).unwrap();
    }
    let up = killed_while_it_deploys(home, up, file).await;

    for dseq in ["7", "8"] {
        lease(home, &["close", dseq]).done();
    }
    until(home, &["provider", "leases", "--json"], PATIENCE, |all| {
        let all = all["providers"].as_array().unwrap();
        all.iter().all(|one| one["leases"].as_array().is_some_and(Vec::is_empty))
            && all.iter().flat_map(|one| one["ended"].as_array().unwrap()).count() == 2
    })
    .await;
    nothing_runs(home);
    assert_eq!(at(home, &["audit", "--json"]).json()["ok"], true);
    assert!(up.stop().await.success());
    let left = sh(&format!("mount | grep {}; ps -e -o args | grep '^podman'", home.display()));
    assert_eq!(left, "", "nothing but files is left");
}

/// A network of two providers with this runtime.
async fn network(home: &Path, runtime: &str) -> Up {
    let (up, _) = Up::start(home, &["--network", "akash", "--providers", "2"]).await;
    assert!(up.stop().await.success());
    for provider in ["provider-1", "provider-2"] {
        let path = home.join("providers").join(provider).join("settings.json");
        let mut settings: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        settings["runtime"] = runtime.into();
        fs::write(&path, settings.to_string()).unwrap();
    }
    let (up, endpoints) = Up::start(home, &[]).await;
    assert_eq!((&endpoints["network"], &endpoints["service"]), (&"akash".into(), &"leasing".into()));
    up
}

/// What services write, also what they write while somebody reads.
async fn logs(home: &Path, url: &str) {
    let all = lease(home, &["logs", "7", "db"]).done().out;
    assert!(all.contains("Ready to accept connections") && all.lines().all(|line| line.starts_with("db-0 ")), "{all}");
    assert_eq!(lease(home, &["logs", "7", "db", "--tail", "1"]).done().out.lines().count(), 1);
    let mut following = Killed(command(home, &["lease", "logs", "7", "web", "-f"]).stdout(Stdio::piped()).spawn().unwrap());
    let lines = BufReader::new(following.0.stdout.take().unwrap()).lines();
    let asked = tokio::spawn({
        let url = url.to_owned();
        async move { Client::new().get(host(&url).0).header("host", "visits.localhost").send().await.unwrap().text().await }
    });
    // The file of the image; the script is not told by this server's log.
    assert_eq!(asked.await.unwrap().unwrap(), "it works\n");
    let told = tokio::task::spawn_blocking(move || {
        let mut lines = lines.map_while(Result::ok);
        lines.find(|line| line.starts_with("web-0 ") && line.contains("response:200"))
    });
    assert!(tokio::time::timeout(PATIENCE, told).await.expect("it is told within a minute").unwrap().is_some());
}

/// Commands beside what runs: exit codes, streams, input, and a terminal where the runtime has one.
fn commands(home: &Path, runtime: &str) {
    let said = lease(home, &["exec", "7", "web", "--", "sh", "-c", "echo out; echo err >&2; exit 7"]);
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (7, "out\n", "err\n"));
    let said = fed(home, &["lease", "exec", "7", "db", "-i", "--", "redis-cli", "-x", "set", "greeting"], "hello");
    assert_eq!((said.code, said.out.trim()), (0, "OK"), "{}", said.err);
    assert_eq!(lease(home, &["exec", "7", "db", "--", "redis-cli", "get", "greeting"]).done().out.trim(), "hello");
    let said = fed(home, &["lease", "shell", "7", "web"], "echo typed; exit 3\n");
    assert_eq!((said.code, said.out.as_str()), (3, "typed\n"), "{}", said.err);
    assert_eq!(lease(home, &["exec", "7", "nobody", "--", "true"]).code, 1);

    let plain = command(home, &["lease", "shell", "7", "web"]);
    let words: Vec<_> = [plain.get_program()].into_iter().chain(plain.get_args()).map(|word| word.to_str().unwrap()).collect();
    let mut script = Command::new("script");
    // Without `exec`, a shell that forks leaves `timeout` in the background, where a terminal stops whoever reads it.
    let said = pipe(script.args(["-qec", &format!("exec {}", words.join(" ")), "/dev/null"]), "tty; exit 4\n");
    if runtime == "oci" {
        assert!(said.code == 4 && said.out.contains("/dev/pts/"), "{}{}", said.out, said.err);
    } else {
        let hint = "without a terminal: `depin lease exec N web -i -- sh`";
        assert!(said.code == 1 && said.out.contains(hint), "bubblewrap has none: {}{}", said.out, said.err);
    }
}

fn files(home: &Path, folder: &Path) {
    let (site, back) = (folder.join("site"), folder.join("back"));
    fs::create_dir(&site).unwrap();
    fs::write(site.join("page.html"), "a page\n").unwrap();
    lease(home, &["cp", "7", site.to_str().unwrap(), "web:/www"]).done();
    assert_eq!(lease(home, &["exec", "7", "web", "--", "cat", "/www/site/page.html"]).done().out, "a page\n");
    lease(home, &["cp", "7", "web:/www/site", back.to_str().unwrap()]).done();
    assert_eq!(fs::read_to_string(back.join("page.html")).unwrap(), "a page\n");
}

/// Somebody else may do what a token says, and nothing after it was revoked.
fn tokens(home: &Path, folder: &Path) {
    let path = folder.join("token");
    fs::write(&path, lease(home, &["token", "7", "--scope", "logs,status"]).done().out).unwrap();
    let token = path.to_str().unwrap();
    assert!(lease(home, &["logs", "7", "db", "--token", token]).done().out.contains("Ready to accept connections"));
    let refused = lease(home, &["exec", "7", "web", "--token", token, "--", "true"]);
    assert!(refused.code == 1 && refused.err.contains("does not allow `shell`"), "{}", refused.err);
    lease(home, &["revoke"]).done();
    let begun = Instant::now();
    while lease(home, &["logs", "7", "db", "--token", token]).code == 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "revoked tokens go on");
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// Another manifest on the same lease: what changed is rolled, what did not runs on, and the volume stays.
async fn update(home: &Path, folder: &Path, url: &str) {
    let newer = folder.join("new.yaml");
    fs::write(&newer, fs::read_to_string(EXAMPLE).unwrap().replace("visits: /p", "visitors: /p")).unwrap();
    lease(home, &["update", "7", newer.to_str().unwrap(), "--ready", "60s"]).done();
    assert_eq!(visits(url, Duration::ZERO).await, "visitors: 3");
    let status = lease(home, &["status", "7", "--json"]).json();
    let words = status.to_string();
    assert!(words.contains("visits.localhost") && words.contains("healthy"), "{status:#}");
}

/// Tenant and provider see the same money.
fn money(home: &Path) {
    let before = lease(home, &["show", "7", "--json"]).json();
    lease(home, &["topup", "7", "1 AKT"]).done();
    let after = lease(home, &["show", "7", "--json"]).json();
    let left = |shown: &Value| shown["left"]["units"].as_str().unwrap().parse::<u64>().unwrap();
    // One AKT more, less what some blocks cost.
    let more = left(&after) - left(&before);
    assert!((900_000..=1_000_000).contains(&more), "{before:#} {after:#}");
    let earned = at(home, &["provider", "earnings", "--json"]).json();
    assert!(earned.to_string().contains("\"1.372\"") || earned.to_string().contains("uakt"), "{earned:#}");
    let inventory = at(home, &["provider", "inventory", "--json"]).json();
    assert_eq!(inventory["providers"][0]["held"]["cpu_milli"], 500, "{inventory:#}");
    let events = lease(home, &["events", "7"]).done().out;
    for kind in ["escrow-opened", "order-created", "bid-created", "lease-created", "deployment-funded"] {
        assert!(events.contains(kind), "{kind}: {events}");
    }
    let listed = lease(home, &["list"]).done().out;
    assert!(listed.lines().all(|line| line.chars().count() <= 80) && listed.contains("active"), "{listed}");
}

/// The whole process is killed, as by a power cut: containers go on, and the next start takes them over.
async fn killed(home: &Path, up: Up, url: &str) -> Up {
    let pid = || sh("ps -e -o pid,args | grep '[r]edis-server' | grep -v -e bwrap -e sh");
    let before = pid();
    up.kill();
    assert_eq!(pid(), before, "the database goes on without its provider");
    let (up, _) = Up::start(home, &[]).await;
    assert_eq!(visits(url, PATIENCE).await, "visitors: 4");
    assert_eq!(pid(), before, "and was not started anew");
    up
}

/// It is killed while a tenant waits: the next start goes on where it was, and the tenant's command never knows.
async fn killed_while_it_deploys(home: &Path, up: Up, file: &str) -> Up {
    let second = fs::read_to_string(file).unwrap().replace("visits.localhost", "second.localhost");
    fs::write(file, second).unwrap();
    let words = ["lease", "up", file, "--dseq", "8", "--ready", "60s"];
    let mut tenant = Killed(command(home, &words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(tenant.0.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("waiting for the services")), "it comes that far");
    up.kill();
    // What it says has to go somewhere.
    let rest = std::thread::spawn(move || lines.collect::<Vec<_>>().join("\n"));
    let (up, _) = Up::start(home, &[]).await;
    let ended = tokio::task::spawn_blocking(move || tenant.0.wait().map(|status| (status, tenant))).await.unwrap().unwrap();
    assert!(ended.0.success(), "{}", rest.join().unwrap());
    let status = lease(home, &["status", "8", "--json"]).json();
    let url = status.to_string().split('"').find(|word| word.starts_with("second.localhost")).unwrap().to_owned();
    assert_eq!(visits(&format!("http://{url}"), PATIENCE).await, "visits: 1", "a volume of its own");
    up
}

/// Nothing of any lease is left on the machine: no process, cable, bridge, namespace, mount, volume, filter, group, number.
fn nothing_runs(home: &Path) {
    for (what, script) in [
        ("processes", "ps -e -o args | grep -E '[r]edis-server|[h]ttpd|[b]wrap '".to_owned()),
        ("links", "ip -o link | grep -E 'dpn|veth'".to_owned()),
        ("namespaces and views", "ls -A /run/netns /run/depin-sandbox 2>/dev/null | grep -E 'depin_|netns-'".to_owned()),
        ("mounts", format!("mount | grep -E '{}/leasing/(volumes|bwrap)'", home.display())),
        ("volumes", format!("ls -A {}/leasing/volumes/* {0}/leasing/bwrap/* 2>/dev/null | grep -v -e : -e '^$'", home.display())),
        ("images", format!("ls -A {}/providers/*/pushed 2>/dev/null | grep -v -e : -e '^$'", home.display())),
        ("filters", "nft list table inet depin_sandbox 2>/dev/null | grep '\"dpn'".to_owned()),
        ("numbers", "ls -A /var/lib/depin-sandbox/slots".to_owned()),
    ] {
        assert_eq!(sh(&script), "", "{what} are left");
    }
}

/// A command of `depin` that is ended when it takes too long.
fn command(home: &Path, args: &[&str]) -> Command {
    let plain = depin();
    let mut command = Command::new("timeout");
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.args(["--kill-after=5", "90"]).arg(plain.get_program()).arg("--home").arg(home).args(args).stdin(Stdio::null());
    command
}

fn at(home: &Path, args: &[&str]) -> Printed {
    run(&mut command(home, args))
}

fn lease(home: &Path, args: &[&str]) -> Printed {
    at(home, &[&["lease"], args].concat())
}

fn fed(home: &Path, args: &[&str], input: &str) -> Printed {
    pipe(&mut command(home, args), input)
}

/// Runs a command with input.
fn pipe(command: &mut Command, input: &str) -> Printed {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Printed { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// A process that ends with its test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A URL by the address of this machine, and its host name.
fn host(url: &str) -> (String, String) {
    let (host, port) = url.trim_start_matches("http://").split_once(':').unwrap();
    (format!("http://127.0.0.1:{port}"), host.to_owned())
}

/// Asks the page, once it answers within a time.
async fn visits(url: &str, within: Duration) -> String {
    let (address, host) = host(url);
    let begun = Instant::now();
    loop {
        let asked = Client::new().get(format!("{address}/cgi-bin/visits")).header("host", &host).send().await;
        let told = match asked {
            Ok(answer) if answer.status().is_success() => answer.text().await.unwrap_or_default(),
            other => format!("{other:?}"),
        };
        if told.starts_with("visit") {
            return told.trim().to_owned();
        }
        assert!(begun.elapsed() < within, "{url} does not answer: {told}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// What a script writes.
fn sh(script: &str) -> String {
    let output = Command::new("sh").args(["-c", script]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}
