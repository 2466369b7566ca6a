//! What every runtime must do, with real containers. Each test file runs all of it with its runtime.

use super::{
    healthy, id, image, in_role,
    isolated::{BWRAP, PODMAN, isolated},
    logs, name, reaches, role, run, script, sh, workload,
};
use depin_sandbox::{
    BwrapConfig, BwrapRuntime, Health, Image, Mount, Network, OciConfig, OciRuntime, Port, Probe, Proto, Reach, Reconciled,
    Restart, Runtime, Service, Settings, Source, State, Supervisor, UID_FIRST, Variable,
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

/// A runtime under test.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Podman,
    Bwrap,
}

impl Kind {
    fn isolated<F: Future<Output = ()>>(self, test: &str, body: impl FnOnce(PathBuf) -> F) {
        match self {
            Self::Podman => isolated(test, &PODMAN, body),
            Self::Bwrap => isolated(test, &BWRAP, body),
        }
    }

    async fn open(self, home: &Path, provider: &str) -> Supervisor {
        let runtime: Arc<dyn Runtime> = match self {
            Self::Podman => {
                let config = OciConfig { slots: home.join("slots"), ..OciConfig::new(name(provider), home.join("state")) };
                Arc::new(OciRuntime::open(config).await.expect("Podman's service starts"))
            }
            Self::Bwrap => {
                let config = BwrapConfig { slots: home.join("slots"), ..BwrapConfig::new(name(provider), home.join("state")) };
                Arc::new(BwrapRuntime::open(config).await.expect("bubblewrap works"))
            }
        };
        Supervisor::new(runtime, Settings { every: Duration::from_millis(200), disk_every: Duration::from_secs(1) })
    }
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
    assert!(!sh("ip link").contains("veth"), "{}", sh("ip link"));
    assert!(!sh("mount").contains(&format!("{}/state/volumes", home.display())));
    assert_eq!(sh("ls -A /run/netns /run/depin-sandbox 2>/dev/null | grep -E 'depin_|netns-'"), "");
    assert!(!sh("nft list table inet depin_sandbox").contains("\"dpn"));
    assert_eq!(sh("ls -d /sys/fs/cgroup/*/depin_sandbox/depin_alice* /sys/fs/cgroup/depin_sandbox/depin_alice* 2>/dev/null"), "");
    assert_eq!(sh(&format!("ls -A {}/state/etc/alice 2>/dev/null", home.display())), "");
    assert_eq!(sh(&format!("ls -A {}/state/bwrap/alice 2>/dev/null", home.display())), "");
    assert_eq!(
        sh(&format!("ls -A {0}/slots {0}/state/volumes/alice {0}/state/ports/alice | grep -v :", home.display())).trim(),
        ""
    );
}

/// A machine with a public peer, a private one, and the address of cloud metadata, which all answer at port 80.
fn make_world() {
    sh("ip link add w0 type veth peer name w1; ip netns add world; ip link set w1 netns world; ip addr add 192.168.77.1/24 dev w0; ip link set w0 up;
        ip addr add 169.254.169.254/32 dev w0; ip route add 203.0.113.0/24 dev w0;
        ip netns exec world sh -c 'ip link set lo up; ip addr add 192.168.77.2/24 dev w1; ip addr add 203.0.113.2/32 dev w1; ip link set w1 up; ip route add default via 192.168.77.1';
        mkdir -p /run/www; echo reached > /run/www/index.html; busybox httpd -p 80 -h /run/www; ip netns exec world busybox httpd -p 80 -h /run/www");
}

pub fn order_and_updates(kind: Kind, test: &str) {
    kind.isolated(test, async |home| {
        // As the homes of people and networks are: nobody else passes through.
        std::fs::set_permissions(&home, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let supervisor = kind.open(&home, "alice").await;
        let runtime = supervisor.runtime().clone();
        let database = Service {
            mounts: vec![volume(8 << 20)],
            ..http(script(
                &home,
                "db",
                "cat /proc/sys/kernel/random/uuid > /tmp/id; mkdir -p /data/w; [ -e /data/w/index.html ] || echo first > /data/w/index.html; sleep 1; exec httpd -f -p 8080 -h /data/w",
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
        let before = run(runtime.as_ref(), &id("lease-1", "db"), "cat /tmp/id", "").await.1;
        assert_eq!(before.trim().len(), 36, "{before}");
        let renewed = workload("lease-1", vec![web, database]);
        supervisor.deploy(renewed.clone()).await.unwrap();
        healthy(&supervisor, "lease-1").await;
        assert_eq!(get(runtime.as_ref(), "lease-1", "web").await, "second\nagain\n");
        assert_eq!(run(runtime.as_ref(), &id("lease-1", "db"), "cat /tmp/id", "").await.1, before, "the database was started anew");

        // While all is suspended nothing is mounted; what volumes hold is there afterwards.
        supervisor.suspend().await.unwrap();
        assert!(!sh("mount").contains(&format!("{}/state/volumes", home.display())), "{}", sh("mount"));
        supervisor.reconcile(vec![renewed]).await.unwrap();
        healthy(&supervisor, "lease-1").await;
        assert_eq!(get(runtime.as_ref(), "lease-1", "web").await, "second\nagain\n");

        supervisor.close(&name("lease-1")).await.unwrap();
        assert_nothing_left(&supervisor, &home).await;
    });
}

pub fn bombs(kind: Kind, test: &str) {
    kind.isolated(test, async |home| {
        let supervisor = kind.open(&home, "alice").await;
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

pub fn cannot_start(kind: Kind, test: &str) {
    kind.isolated(test, async |home| {
        let supervisor = kind.open(&home, "alice").await;
        let mut missing = script(&home, "a", "true");
        missing.image = Image::Reference("docker.io/library/nothing:1".into());
        supervisor.deploy(workload("image", vec![missing])).await.unwrap();
        let reason = reaches(&supervisor, "image", State::Failed).await;
        assert!(reason.contains("image docker.io/library/nothing:1 cannot be had"), "{reason}");

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

pub fn ports(kind: Kind, test: &str) {
    kind.isolated(test, async |home| {
        let supervisor = kind.open(&home, "alice").await;
        let mut web = script(&home, "web", "exec httpd -f -p 8080 -h /www");
        web.ports = vec![Port { container: 8080, proto: Proto::Tcp, reach: Reach::Machine(None) }];
        let outside = async || {
            healthy(&supervisor, "kept").await;
            supervisor.runtime().published(&id("kept", "web")).await.unwrap()[0].outside.port()
        };
        supervisor.deploy(workload("kept", vec![web.clone()])).await.unwrap();
        let first = outside().await;
        web.env.push(Variable::new("CHANGED", "yes"));
        supervisor.deploy(workload("kept", vec![web.clone()])).await.unwrap();
        assert_eq!(outside().await, first, "an update changes no port");
        supervisor.suspend().await.unwrap();
        supervisor.reconcile(vec![workload("kept", vec![web.clone()])]).await.unwrap();
        assert_eq!(outside().await, first, "nor does a new start");
        supervisor.suspend().await.unwrap();
        let _taken = std::net::TcpListener::bind(("0.0.0.0", first)).unwrap();
        supervisor.reconcile(vec![workload("kept", vec![web])]).await.unwrap();
        assert_ne!(outside().await, first, "somebody else has it");
        supervisor.close(&name("kept")).await.unwrap();
        assert_nothing_left(&supervisor, &home).await;
    });
}

pub fn deaf(kind: Kind, test: &str) {
    kind.isolated(test, async |home| {
        let supervisor = kind.open(&home, "alice").await;
        supervisor
            .deploy(workload("deaf", vec![script(&home, "a", "trap '' TERM; echo deaf; while :; do sleep 1; done")]))
            .await
            .unwrap();
        healthy(&supervisor, "deaf").await;
        // It runs before its shell has set the trap.
        while logs(supervisor.runtime().as_ref(), &id("deaf", "a")).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let begun = Instant::now();
        supervisor.runtime().stop(&id("deaf", "a"), Duration::from_secs(2)).await.unwrap();
        let took = begun.elapsed();
        assert!((Duration::from_secs(2)..Duration::from_secs(12)).contains(&took), "{took:?}");
        supervisor.close(&name("deaf")).await.unwrap();
        assert_nothing_left(&supervisor, &home).await;
    });
}

pub fn rights(kind: Kind, test: &str) {
    kind.isolated(test, async |home| {
        let supervisor = kind.open(&home, "alice").await;
        supervisor
            .deploy(workload("jail", vec![script(&home, "a", "cat /proc/self/status > /tmp/status; sleep 1000")]))
            .await
            .unwrap();
        healthy(&supervisor, "jail").await;
        let runtime = supervisor.runtime().as_ref();
        let inside = async |script: &str| run(runtime, &id("jail", "a"), script, "").await.1;
        let map = inside("cat /proc/self/uid_map").await;
        let outside: u32 = map.split_whitespace().nth(1).unwrap().parse().unwrap();
        assert!(outside >= UID_FIRST, "root inside is {outside} outside");
        let status = inside("cat /tmp/status").await;
        let field = |key: &str| status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().trim().to_owned();
        assert_eq!((field("NoNewPrivs:").as_str(), field("Seccomp:").as_str()), ("1", "2"));
        // CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, NET_BIND_SERVICE; or none.
        assert_eq!(field("CapBnd:"), if kind == Kind::Podman { "00000000000004fb" } else { "0000000000000000" });
        assert!(inside("touch /x; touch /etc/x; echo $?").await.ends_with("1\n"), "the root is read-only");
        assert!(inside("touch /tmp/x && echo written").await.contains("written"));
        let sockets = inside("find / -xdev -type s 2>/dev/null; ls /run /var/run 2>/dev/null; mount").await;
        assert!(!sockets.contains("podman/socket") && !sockets.contains("docker.sock"), "{sockets}");
        assert!(!inside("ls /dev").await.contains("vda"));
        assert_eq!(inside("mount -t tmpfs none /tmp 2>/dev/null; echo $?").await.trim(), "1");
        assert_ne!(inside("unshare -U true 2>/dev/null; echo $?").await.trim(), "0", "namespaces are of no use to tenants");
        let hosts = inside("cat /etc/hosts").await;
        assert!(!hosts.contains("host.containers.internal") && !hosts.contains(sh("hostname").trim()), "{hosts}");
        supervisor.close(&name("jail")).await.unwrap();
    });
}

pub fn isolation(kind: Kind, test: &str) {
    kind.isolated(test, async |home| {
        make_world();
        let supervisor = kind.open(&home, "alice").await;
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

pub fn adoption(kind: Kind, test: &str) {
    kind.isolated(test, async |home| {
        let wanted = workload(
            "kept",
            vec![http(Service {
                mounts: vec![volume(4 << 20)],
                ..script(&home, "web", "cat /proc/sys/kernel/random/uuid > /data/index.html; exec httpd -f -p 8080 -h /data")
            })],
        );
        let unwanted = workload("unwanted", vec![Service { mounts: vec![volume(4 << 20)], ..script(&home, "a", "sleep 1000") }]);
        if role().is_some() {
            let supervisor = kind.open(&home, "alice").await;
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

        let supervisor = kind.open(&home, "alice").await;
        let runtime = supervisor.runtime().clone();
        let before = get(runtime.as_ref(), "kept", "web").await;
        assert_eq!(before.trim().len(), 36, "{before}");
        // Another provider of the machine sees nothing of it.
        assert_eq!(kind.open(&home, "bob").await.reconcile(vec![]).await.unwrap(), Reconciled::default());
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

pub fn no_network(kind: Kind, test: &str) {
    kind.isolated(test, async |home| {
        let supervisor = kind.open(&home, "alice").await;
        std::fs::create_dir(home.join("scene")).unwrap();
        std::fs::write(home.join("scene/input"), "a scene\n").unwrap();
        let mut job = script(&home, "job", "cat /scene/input; echo x > /scene/y; tail -n +3 /proc/net/dev | cut -d: -f1; exit 0");
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
        assert!(words.lines().any(|line| line.trim() == "lo") && !words.contains("eth0"), "{words}");
        supervisor.close(&name("job")).await.unwrap();
        assert_nothing_left(&supervisor, &home).await;
    });
}

pub fn end_of_service(test: &str) {
    Kind::Podman.isolated(test, async |home| {
        let supervisor = Kind::Podman.open(&home, "alice").await;
        supervisor.deploy(workload("job", vec![script(&home, "job", "exec sleep 1000")])).await.unwrap();
        reaches(&supervisor, "job", State::Healthy).await;
        supervisor.close(&name("job")).await.unwrap();
        drop(supervisor);
        OciRuntime::end_service(&home.join("state")).await;
        std::fs::remove_dir_all(home.join("state")).unwrap();
    });
}

/// The disk is bounded also for who deletes what it has open or mapped, makes empty files or folders without end, or writes where the
/// engine has its own files.
pub fn hidden_writes(kind: Kind, test: &str) {
    kind.isolated(test, async |home| {
        let supervisor = kind.open(&home, "alice").await;
        let deep = "while mkdir d && cd d; do :; done 2>/dev/null; sleep 1000";
        for (room, words, told) in [
            ("open", "exec 3>/gone; rm /gone; dd if=/dev/zero bs=1M count=64 >&3; sleep 1000", "to ephemeral storage, of which"),
            ("many", "i=0; while [ $i -lt 8000 ]; do : > /f$i; i=$((i+1)); done; sleep 1000", "to ephemeral storage, of which"),
            ("deep", deep, "too deep to be measured"),
        ] {
            let mut service = script(&home, "a", words);
            service.writable_root = true;
            service.limits.ephemeral_bytes = 16 << 20;
            supervisor.deploy(workload(room, vec![service])).await.unwrap();
            let reason = reaches(&supervisor, room, State::Evicted).await;
            assert!(reason.contains(told), "{room}: {reason}");
            supervisor.close(&name(room)).await.unwrap();
        }

        let mut service = http(script(&home, "a", "exec httpd -f -p 8080 -h /www"));
        service.writable_root = true;
        supervisor.deploy(workload("etc", vec![service])).await.unwrap();
        healthy(&supervisor, "etc").await;
        let runtime = supervisor.runtime().as_ref();
        let inside = async |script: &str| run(runtime, &id("etc", "a"), script, "").await.1;
        for path in ["/etc/hosts", "/etc/resolv.conf", "/etc/hostname", "/run/.containerenv"] {
            // What is no mount is the container's own, and measured.
            let words = format!("grep -q ' {path} ' /proc/mounts || exit 0; (echo x >> {path}) 2>/dev/null && echo written");
            assert_eq!(inside(&words).await, "", "{path}");
        }
        assert_eq!(inside("cat /etc/hosts").await.lines().next(), Some("127.0.0.1 localhost"));
        assert_eq!(inside("wget -q -O - http://a-0:8080/").await, "it works\n", "its own name");
        supervisor.close(&name("etc")).await.unwrap();
        assert_nothing_left(&supervisor, &home).await;
    });
}

/// A command that the bound of memory ends says so, and so does the instance when it runs again.
pub fn killed_command(kind: Kind, test: &str) {
    kind.isolated(test, async |home| {
        let supervisor = kind.open(&home, "alice").await;
        let mut service = script(&home, "a", "exec sleep 1000");
        service.limits.memory_bytes = 32 << 20;
        supervisor.deploy(workload("bomb", vec![service])).await.unwrap();
        healthy(&supervisor, "bomb").await;
        let (code, ..) = run(supervisor.runtime().as_ref(), &id("bomb", "a"), "exec tail /dev/zero", "").await;
        assert_eq!(code, 137);
        // One that goes with its container.
        let runtime = supervisor.runtime().as_ref();
        let bomb = id("bomb", "a");
        let ((code, ..), ()) = tokio::join!(run(runtime, &bomb, "exec sleep 1000", ""), async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            runtime.remove(&bomb).await.unwrap();
        });
        assert_eq!(code, 137);
        supervisor.close(&name("bomb")).await.unwrap();

        let mut service = script(&home, "a", "[ -e /data/x ] || { touch /data/x; exec tail /dev/zero; }; exec sleep 1000");
        service.limits.memory_bytes = 32 << 20;
        service.mounts = vec![volume(4 << 20)];
        supervisor.deploy(workload("again", vec![service])).await.unwrap();
        reaches(&supervisor, "again", State::OutOfMemory).await;
        let reason = reaches(&supervisor, "again", State::Healthy).await;
        assert!(reason.contains("ended before: it needed more than its 32 MiB of memory"), "{reason}");
        supervisor.close(&name("again")).await.unwrap();
        assert_nothing_left(&supervisor, &home).await;
    });
}

/// A service that dies is started again in its place; what runs goes on, and an ending on purpose stays one.
pub fn death_of_service(test: &str) {
    Kind::Podman.isolated(test, async |home| {
        let supervisor = Kind::Podman.open(&home, "alice").await;
        let neighbour = Kind::Podman.open(&home, "bob").await;
        let wanted = workload(
            "kept",
            vec![http(script(&home, "web", "cp /proc/sys/kernel/random/uuid /tmp/index.html; exec httpd -f -p 8080 -h /tmp"))],
        );
        supervisor.deploy(wanted).await.unwrap();
        healthy(&supervisor, "kept").await;
        let runtime = supervisor.runtime();
        let before = get(runtime.as_ref(), "kept", "web").await;
        let pid = || std::fs::read_to_string(home.join("state/podman/pid")).unwrap();
        let first = pid();
        sh(&format!("kill -9 {first}"));
        let until = Instant::now() + Duration::from_secs(30);
        // Whoever looks first starts it, and the other may find it well again.
        let trouble = || runtime.trouble().or_else(|| neighbour.runtime().trouble());
        while trouble().is_none() {
            assert!(Instant::now() < until, "nobody noticed");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        while trouble().is_some() {
            assert!(Instant::now() < until, "{:?}", trouble());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_ne!(pid(), first);
        assert_eq!(sh("pgrep -cf '[p]odman system service'").trim(), "1", "one for both providers");
        healthy(&supervisor, "kept").await;
        assert_eq!(run(runtime.as_ref(), &id("kept", "web"), "echo well", "").await.1, "well\n");
        assert_eq!(get(runtime.as_ref(), "kept", "web").await, before, "it was not started anew");

        // Dead when all is suspended: nothing is left all the same.
        sh(&format!("kill -9 {}", pid()));
        supervisor.suspend().await.unwrap();
        supervisor.close(&name("kept")).await.unwrap();
        assert_nothing_left(&supervisor, &home).await;
        OciRuntime::end_service(&home.join("state")).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(sh("pgrep -cf '[p]odman system service'").trim(), "0", "it was ended on purpose");
    });
}

pub fn without_root(test: &str) {
    Kind::Bwrap.isolated(test, async |home| {
        let own = home.join("own");
        if role().is_none() {
            std::fs::create_dir(&own).unwrap();
            image(&own, "box");
            // Where the test itself lies nobody else may look.
            std::fs::copy(std::env::current_exe().unwrap(), own.join("test")).unwrap();
            sh(&format!("chown -R 65534:65534 {}", own.display()));
            let words = format!(
                "DEPIN_SANDBOX_TEST_ROLE=nobody setpriv --reuid 65534 --regid 65534 --clear-groups {}/test --exact {test} --nocapture && echo well",
                own.display()
            );
            let told = sh(&words);
            return assert!(told.ends_with("well\n"), "{told}");
        }
        let supervisor = Kind::Bwrap.open(&own, "alice").await;
        let service = |name: &str| script(&own, name, "echo ran; exec sleep 1000");
        let mut port = service("web");
        port.ports = vec![Port { container: 8080, proto: Proto::Tcp, reach: Reach::Loopback }];
        for (services, words) in [
            (vec![service("web"), service("db")], "several services (web, db), without root, cannot be had with bubblewrap"),
            (vec![Service { replicas: 2, ..service("web") }], "2 replicas of service web"),
            (vec![port], "a port of service web"),
        ] {
            let refused = supervisor.deploy(workload("one", services)).await.unwrap_err().to_string();
            assert!(refused.contains(words) && refused.contains("run as root"), "{refused}");
        }
        supervisor.deploy(workload("one", vec![service("web")])).await.unwrap();
        healthy(&supervisor, "one").await;
        let runtime = supervisor.runtime();
        for _ in 0..50 {
            if logs(runtime.as_ref(), &id("one", "web")).await == "ran\n" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(logs(runtime.as_ref(), &id("one", "web")).await, "ran\n");
        supervisor.close(&name("one")).await.unwrap();
        let left = runtime.list().await.unwrap();
        assert_eq!((left.rooms, left.instances), (vec![], vec![]));
        assert!(!sh("ps -e -o args").contains("sleep 1000"), "{}", sh("ps -e -o args"));
    });
}
