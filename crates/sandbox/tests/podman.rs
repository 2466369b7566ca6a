//! Real containers by Podman: `cargo test -p depin-sandbox --test podman`. Without Podman nothing is tested, and that is said.

mod support;

use depin_sandbox::{
    Health, Mount, Name, Network, OciConfig, OciRuntime, Port, Probe, Proto, Reach, Restart, Runtime, Service, Settings, Source,
    State, Supervisor, Variable,
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};
use support::{has, healthy, id, image, in_role, isolated, logs, name, reaches, role, run, script, sh, workload};

const NEEDS: [&str; 5] = ["podman", "conmon", "iptables", "nft", "unshare"];
const INSTALL: &str =
    "apt-get install --no-install-recommends podman crun runc netavark aardvark-dns iptables nftables busybox-static";

fn podman<F: Future<Output = ()>>(test: &str, body: impl FnOnce(PathBuf) -> F) {
    isolated(test, &NEEDS, INSTALL, body);
}

async fn open_as(home: &Path, provider: &str) -> Supervisor {
    let mut config = OciConfig::new(name(provider), home.join("state"));
    config.slots = home.join("slots");
    let runtime = OciRuntime::open(config).await.expect("Podman's service starts");
    let settings = Settings { every: Duration::from_millis(200), disk_every: Duration::from_secs(1) };
    Supervisor::new(Arc::new(runtime), settings)
}

async fn open(home: &Path) -> Supervisor {
    open_as(home, "alice").await
}

fn http(service: Service) -> Service {
    let port = Port { container: 8080, proto: Proto::Tcp, reach: Reach::Loopback };
    Service { ports: vec![port], health: Some(Health::new(Probe::Tcp(8080))), ..service }
}

fn volume(bytes: u64) -> Mount {
    Mount { name: name("data"), path: "/data".into(), read_only: false, source: Source::Persistent { bytes } }
}

async fn get(runtime: &dyn Runtime, room: &str, service: &str) -> String {
    let port = runtime.published(&id(room, service)).await.unwrap()[0].outside;
    sh(&format!("timeout 5 busybox wget -q -O - http://{port}/"))
}

/// Nothing of a provider is left: no container, network, bridge, volume, mount, filter, number.
async fn assert_nothing_left(supervisor: &Supervisor, home: &Path) {
    let left = supervisor.runtime().list().await.unwrap();
    assert_eq!((left.rooms, left.instances), (vec![], vec![]));
    assert!(!sh("ip link").contains("dpn"), "{}", sh("ip link"));
    assert!(!sh("mount").contains(&format!("{}/state/volumes", home.display())));
    assert!(!sh("nft list table inet depin_sandbox").contains("\"dpn"));
    assert_eq!(sh(&format!("ls -A {0}/slots {0}/state/volumes/alice | grep -v :", home.display())).trim(), "");
}

#[test]
fn a_web_service_and_its_database_come_up_in_order_roll_and_leave_nothing() {
    podman("a_web_service_and_its_database_come_up_in_order_roll_and_leave_nothing", async |home| {
        let supervisor = open(&home).await;
        let runtime = supervisor.runtime().clone();
        let database = Service {
            mounts: vec![volume(8 << 20)],
            ..http(script(
                &home,
                "db",
                "mkdir -p /data/w; [ -e /data/w/index.html ] || echo first > /data/w/index.html; sleep 1; exec httpd -f -p 8080 -h /data/w",
            ))
        };
        let mut web = http(script(
            &home,
            "web",
            "echo to stderr >&2; wget -q -O /tmp/index.html http://db:8080/; echo $GREETING >> /tmp/index.html; exec httpd -f -p 8080 -h /tmp",
        ));
        web.depends_on = vec![name("db")];
        web.env = vec![Variable::new("GREETING", "hello")];
        let lease = workload("lease-1", vec![web.clone(), database.clone()]);
        supervisor.deploy(lease).await.unwrap();
        healthy(&supervisor, "lease-1").await;
        assert_eq!(get(runtime.as_ref(), "lease-1", "web").await, "first\nhello\n");
        assert!(logs(runtime.as_ref(), &id("lease-1", "web")).await.contains("to stderr"));

        let (code, out, err) =
            run(runtime.as_ref(), &id("lease-1", "db"), "cat > /data/w/index.html; echo out; echo err >&2; exit 7", "second\n")
                .await;
        assert_eq!((code, out.as_str(), err.as_str()), (7, "out\n", "err\n"));
        let usage = runtime.usage(&id("lease-1", "web")).await.unwrap();
        assert!(usage.memory_bytes > 0 && usage.pids >= 1, "{usage:?}");

        // An update of one service leaves the other alone, and volumes stay.
        web.env = vec![Variable::new("GREETING", "again")];
        let before = sh(&format!("{} inspect -f '{{{{.Id}}}}' depin_alice_lease-1_db_0", client(&home)));
        supervisor.deploy(workload("lease-1", vec![web, database])).await.unwrap();
        healthy(&supervisor, "lease-1").await;
        assert_eq!(get(runtime.as_ref(), "lease-1", "web").await, "second\nagain\n");
        assert_eq!(sh(&format!("{} inspect -f '{{{{.Id}}}}' depin_alice_lease-1_db_0", client(&home))), before);

        supervisor.close(&name("lease-1")).await.unwrap();
        assert_nothing_left(&supervisor, &home).await;
    });
}

/// The command that asks the service of a test.
fn client(home: &Path) -> String {
    format!("podman --url unix://{}/state/podman/socket", home.display())
}

#[test]
fn bombs_end_by_their_limits_and_leave_their_neighbour_alone() {
    podman("bombs_end_by_their_limits_and_leave_their_neighbour_alone", async |home| {
        let supervisor = open(&home).await;
        supervisor.deploy(workload("good", vec![http(script(&home, "web", "exec httpd -f -p 8080 -h /www"))])).await.unwrap();
        healthy(&supervisor, "good").await;

        let mut memory = script(&home, "memory", "exec tail /dev/zero");
        memory.limits.memory_bytes = 32 << 20;
        supervisor.deploy(workload("memory", vec![memory])).await.unwrap();
        let reason = reaches(&supervisor, "memory", State::OutOfMemory).await;
        assert!(reason.contains("32 MiB of memory"), "{reason}");

        let mut disk = script(&home, "disk", "dd if=/dev/zero of=/big bs=1M count=64; sleep 1000");
        disk.writable_root = true;
        disk.limits.ephemeral_bytes = 16 << 20;
        supervisor.deploy(workload("disk", vec![disk])).await.unwrap();
        let reason = reaches(&supervisor, "disk", State::Evicted).await;
        assert!(reason.contains("ephemeral storage, of which it may have 16 MiB"), "{reason}");

        let mut forks = script(&home, "forks", "bomb() { bomb | bomb & }; bomb; while :; do sleep 1; done");
        forks.limits.pids = 20;
        supervisor.deploy(workload("forks", vec![forks])).await.unwrap();
        tokio::time::sleep(Duration::from_secs(3)).await;
        let most = supervisor.runtime().usage(&id("forks", "forks")).await.map_or(0, |usage| usage.pids);
        assert!(most <= 20, "{most} processes");

        assert_eq!(get(supervisor.runtime().as_ref(), "good", "web").await, "it works\n");
        for room in ["forks", "disk", "memory", "good"] {
            supervisor.close(&name(room)).await.unwrap();
        }
        assert_nothing_left(&supervisor, &home).await;
    });
}

#[test]
fn what_cannot_start_says_why() {
    podman("what_cannot_start_says_why", async |home| {
        let supervisor = open(&home).await;
        let mut missing = script(&home, "a", "true");
        missing.image = depin_sandbox::Image::Reference("docker.io/library/nothing:1".into());
        supervisor.deploy(workload("image", vec![missing])).await.unwrap();
        let reason = reaches(&supervisor, "image", State::Failed).await;
        assert!(reason.contains("docker.io/library/nothing:1") && reason.contains("neither registries nor a mirror"), "{reason}");

        let mut command = script(&home, "a", "true");
        command.command = Some(vec!["/bin/no-such-program".into()]);
        supervisor.deploy(workload("command", vec![command])).await.unwrap();
        let reason = reaches(&supervisor, "command", State::Failed).await;
        assert!(reason.contains("no-such-program"), "{reason}");

        let _listener = std::net::TcpListener::bind("0.0.0.0:18099").unwrap();
        let mut clash = script(&home, "a", "exec httpd -f -p 8080 -h /www");
        clash.ports = vec![Port { container: 8080, proto: Proto::Tcp, reach: Reach::Machine(Some(18099)) }];
        supervisor.deploy(workload("clash", vec![clash])).await.unwrap();
        let reason = reaches(&supervisor, "clash", State::Failed).await;
        assert!(reason.contains("port 18099 of this machine is taken"), "{reason}");

        let mut once = script(&home, "a", "exit 3");
        once.restart = Restart::Never;
        supervisor.deploy(workload("once", vec![once])).await.unwrap();
        let reason = reaches(&supervisor, "once", State::Failed).await;
        assert!(reason.contains("exit code 3"), "{reason}");
    });
}

#[test]
fn who_ignores_sigterm_is_killed_after_its_grace() {
    podman("who_ignores_sigterm_is_killed_after_its_grace", async |home| {
        let supervisor = open(&home).await;
        supervisor.deploy(workload("deaf", vec![script(&home, "a", "trap '' TERM; while :; do sleep 1; done")])).await.unwrap();
        healthy(&supervisor, "deaf").await;
        let begun = Instant::now();
        supervisor.runtime().stop(&id("deaf", "a"), Duration::from_secs(2)).await.unwrap();
        let took = begun.elapsed();
        assert!((Duration::from_secs(2)..Duration::from_secs(12)).contains(&took), "{took:?}");
        supervisor.close(&name("deaf")).await.unwrap();
        assert_nothing_left(&supervisor, &home).await;
    });
}

#[test]
fn a_container_has_no_rights_outside_of_itself() {
    podman("a_container_has_no_rights_outside_of_itself", async |home| {
        let supervisor = open(&home).await;
        supervisor.deploy(workload("jail", vec![script(&home, "a", "sleep 1000")])).await.unwrap();
        healthy(&supervisor, "jail").await;
        let runtime = supervisor.runtime().as_ref();
        let inside = async |script: &str| run(runtime, &id("jail", "a"), script, "").await.1;
        let map = inside("cat /proc/self/uid_map").await;
        let outside: u32 = map.split_whitespace().nth(1).unwrap().parse().unwrap();
        assert!(outside >= depin_sandbox::UID_FIRST, "root inside is {outside} outside");
        let status = inside("cat /proc/1/status").await;
        let field = |key: &str| status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().trim().to_owned();
        assert_eq!((field("NoNewPrivs:").as_str(), field("Seccomp:").as_str()), ("1", "2"));
        // CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, NET_BIND_SERVICE.
        assert_eq!(field("CapBnd:"), "00000000000004fb");
        assert!(inside("touch /x; touch /etc/x; echo $?").await.ends_with("1\n"), "the root is read-only");
        assert!(inside("touch /tmp/x && echo written").await.contains("written"));
        let sockets = inside("find / -xdev -type s 2>/dev/null; ls /run /var/run 2>/dev/null; mount").await;
        assert!(!sockets.contains("podman/socket") && !sockets.contains("docker.sock"), "{sockets}");
        assert!(!inside("ls /dev").await.contains("vda"));
        assert_eq!(inside("mount -t tmpfs none /tmp 2>/dev/null; echo $?").await.trim(), "1");
        supervisor.close(&name("jail")).await.unwrap();
    });
}

/// A machine with a public peer, a private one, and the address of cloud metadata, which all answer at port 80.
fn make_world() {
    sh("ip link add w0 type veth peer name w1; ip netns add world; ip link set w1 netns world; ip addr add 192.168.77.1/24 dev w0; ip link set w0 up;
        ip addr add 169.254.169.254/32 dev w0; ip route add 203.0.113.0/24 dev w0;
        ip netns exec world sh -c 'ip link set lo up; ip addr add 192.168.77.2/24 dev w1; ip addr add 203.0.113.2/32 dev w1; ip link set w1 up; ip route add default via 192.168.77.1';
        mkdir -p /run/www; echo reached > /run/www/index.html; busybox httpd -p 80 -h /run/www; ip netns exec world busybox httpd -p 80 -h /run/www");
}

#[test]
fn tenants_reach_neither_each_other_nor_the_machine_nor_metadata() {
    podman("tenants_reach_neither_each_other_nor_the_machine_nor_metadata", async |home| {
        make_world();
        let supervisor = open(&home).await;
        let runtime = supervisor.runtime().as_ref();
        assert!(runtime.describe().packet_filter, "{:?}", runtime.describe());
        let serve = |room: &str, network| {
            let mut made = workload(room, vec![http(script(&home, "web", "exec httpd -f -p 8080 -h /www"))]);
            made.network = network;
            made
        };
        for (room, network) in [("one", Network::Private), ("two", Network::Outbound)] {
            supervisor.deploy(serve(room, network)).await.unwrap();
            healthy(&supervisor, room).await;
        }
        let address = async |room: &str| runtime.address(&id(room, "web"), 8080).await.unwrap();
        let (one, two) = (address("one").await, address("two").await);
        let reach =
            async |room: &str, url: String| run(runtime, &id(room, "web"), &format!("timeout 2 wget -q -O - {url}"), "").await.1;
        assert_eq!(reach("one", "http://web:8080/".into()).await, "it works\n", "its own services by name");
        assert_eq!(reach("two", "http://203.0.113.2/".into()).await, "reached\n", "public addresses, for who may");
        let gateway = |address: std::net::SocketAddr| address.ip().to_string().replace(".2", ".1").replace(".3", ".1");
        for (room, url) in [
            ("one", "http://203.0.113.2/".to_owned()),
            ("one", format!("http://{two}/")),
            ("two", format!("http://{one}/")),
            ("two", "http://169.254.169.254/".to_owned()),
            ("two", "http://192.168.77.1/".to_owned()),
            ("two", "http://192.168.77.2/".to_owned()),
            ("two", format!("http://{}/", gateway(two))),
        ] {
            assert_eq!(reach(room, url.clone()).await, "", "{room} reaches {url}");
        }
        for room in ["one", "two"] {
            assert_eq!(get(runtime, room, "web").await, "it works\n", "the way in stays open");
            supervisor.close(&name(room)).await.unwrap();
        }
        assert_nothing_left(&supervisor, &home).await;
    });
}

#[test]
fn containers_outlive_a_killed_daemon_and_are_adopted_or_cleaned_up() {
    let test = "containers_outlive_a_killed_daemon_and_are_adopted_or_cleaned_up";
    podman(test, async |home| {
        let wanted = workload(
            "kept",
            vec![http(Service {
                mounts: vec![volume(4 << 20)],
                ..script(&home, "web", "cat /proc/sys/kernel/random/uuid > /data/index.html; exec httpd -f -p 8080 -h /data")
            })],
        );
        let unwanted = workload("unwanted", vec![Service { mounts: vec![volume(4 << 20)], ..script(&home, "a", "sleep 1000") }]);
        if role().is_some() {
            let supervisor = open(&home).await;
            supervisor.deploy(wanted).await.unwrap();
            supervisor.deploy(unwanted).await.unwrap();
            healthy(&supervisor, "kept").await;
            healthy(&supervisor, "unwanted").await;
            std::fs::write(home.join("ready"), []).unwrap();
            return tokio::time::sleep(Duration::from_secs(600)).await;
        }
        let mut daemon = in_role(test, "daemon");
        while !home.join("ready").exists() {
            assert!(daemon.try_wait().unwrap().is_none(), "the daemon ended");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        // SIGKILL, in the middle of its loops.
        daemon.kill().unwrap();
        daemon.wait().unwrap();

        let supervisor = open(&home).await;
        let runtime = supervisor.runtime().clone();
        let before = get(runtime.as_ref(), "kept", "web").await;
        assert_eq!(before.trim().len(), 36, "{before}");
        // Another provider of the machine sees nothing of it.
        assert_eq!(open_as(&home, "bob").await.reconcile(vec![]).await.unwrap(), depin_sandbox::Reconciled::default());
        let done = supervisor.reconcile(vec![wanted]).await.unwrap();
        assert_eq!(done.adopted, [id("kept", "web")]);
        assert_eq!((done.removed, done.closed), (vec![id("unwanted", "a")], vec![name("unwanted")]));
        healthy(&supervisor, "kept").await;
        assert_eq!(get(runtime.as_ref(), "kept", "web").await, before, "it was not started anew");
        assert_eq!(runtime.list().await.unwrap().rooms, [name("kept")]);
        supervisor.reconcile(vec![]).await.unwrap();
        assert_nothing_left(&supervisor, &home).await;
    });
}

#[test]
fn a_room_without_network_has_its_loopback_alone() {
    podman("a_room_without_network_has_its_loopback_alone", async |home| {
        let supervisor = open(&home).await;
        std::fs::create_dir(home.join("scene")).unwrap();
        std::fs::write(home.join("scene/input"), "a scene\n").unwrap();
        let mut job = script(&home, "job", "cat /scene/input; echo x > /scene/y; ls /sys/class/net; exit 0");
        job.restart = Restart::Never;
        let source = Source::Folder(home.join("scene"));
        job.mounts = vec![Mount { name: name("scene"), path: "/scene".into(), read_only: true, source }];
        let mut room = workload("job", vec![job]);
        room.network = Network::Nothing;
        supervisor.deploy(room).await.unwrap();
        reaches(&supervisor, "job", State::Completed).await;
        let words = logs(supervisor.runtime().as_ref(), &id("job", "job")).await;
        assert!(words.contains("a scene") && words.contains("Read-only"), "{words}");
        // Both outputs come as they were read, in no order between them.
        assert!(words.lines().any(|line| line == "lo") && !words.contains("eth0"), "{words}");
        assert!(has("podman") && matches!(image(&home, "box"), depin_sandbox::Image::Archive(_)));
        supervisor.close(&Name::new("job").unwrap()).await.unwrap();
        assert_nothing_left(&supervisor, &home).await;
    });
}
