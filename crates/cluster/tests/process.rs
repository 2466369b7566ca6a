//! Clusters of plain programs in real sandboxes, as root, in namespaces of the test's own: `cargo test -p depin-cluster --test process`. Without
//! bubblewrap or root nothing is tested, and that is said; with `DEPIN_TEST_RUNTIME=required` it fails.

mod support;

use depin_cluster::{ClusterError, Clusters, NodeId, NodeLimits, Plan};
use std::{collections::BTreeSet, path::Path, time::Duration};
use support::{
    Daemon, NEEDS, assert_nothing_left, begin, daemon, hire, in_role, isolated::isolated, limits, plan, printed, python, role,
    until_ended, until_printed,
};

/// The head counts who says hello; the others say it, and look for ways out that they should not have.
const HELLO: &str = r"
if rank == 0:
    server = socket.create_server((node(0), port(0)))
    print('head ready', flush=True)
    while True:
        peer, _ = server.accept()
        print('hello from', peer.makefile().readline().strip(), flush=True)
else:
    for attempt in range(100):
        try:
            peer = socket.create_connection((node(0), port(0)), 10)
            break
        except OSError:
            time.sleep(0.1)
    greeting = os.environ['GREETING']
    peer.sendall(f'{rank} {greeting}\n'.encode())
    reached = []
    for place in [('127.0.0.1', 4650), ('127.0.0.1', 4651), ('127.0.0.1', 80), ('192.168.77.1', 80), ('169.254.169.254', 80)]:
        try:
            socket.create_connection(place, 2)
            reached.append(place)
        except OSError:
            pass
    print('interfaces', [line.split(':')[0].strip() for line in open('/proc/net/dev') if ':' in line], 'reached', reached, flush=True)
    time.sleep(1000)
";

async fn three(home: &Path) -> Vec<Daemon> {
    let mut daemons = Vec::new();
    for number in 0..3 {
        daemons.push(daemon(home, number, None).await);
    }
    daemons
}

#[test]
fn three_nodes_reach_each_other_and_nothing_else_and_leave_nothing() {
    isolated("three_nodes_reach_each_other_and_nothing_else_and_leave_nothing", &NEEDS, async |home| {
        let daemons = three(&home).await;
        let hired = plan(7, 3, python(HELLO), limits());
        begin(&daemons, &hired).await;
        let head = &daemons[0].clusters;
        until_printed(head, NodeId::new(hire(7), 0), &["hello from 1 hello", "hello from 2 hello"]).await;
        for rank in [1, 2] {
            let text = until_printed(&daemons[usize::from(rank)].clusters, NodeId::new(hire(7), rank), &["interfaces"]).await;
            assert!(text.contains("interfaces ['lo'] reached []"), "{text}");
        }
        let (readiness, _) = head.until_ready(hire(7), Duration::from_secs(30)).await.unwrap();
        assert!(readiness.is_ready() && readiness.of == 3, "{readiness:?}");
        let status = head.status(NodeId::new(hire(7), 0)).await.unwrap();
        assert!(status.running && status.usage.memory_bytes > 0, "{status:?}");

        let refused = head.begin(hired.clone(), 0).await.unwrap_err().to_string();
        assert_eq!(refused, "node 0 of hire 070707070707… runs here already; end it first");
        let refused = head.begin(hired.clone(), 1).await.unwrap_err().to_string();
        assert!(refused.contains("this daemon runs nodes of"), "{refused}");

        // A worker vanishes: the head is told, and the others go on.
        daemons[2].clusters.end(NodeId::new(hire(7), 2)).await.unwrap();
        let readiness = head.ready(hire(7)).await.unwrap();
        assert!(readiness.alive == 2 && readiness.waits_for.starts_with("node 2: "), "{readiness:?}");
        // And comes again.
        daemons[2].clusters.begin(hired, 2).await.unwrap();
        assert!(head.until_ready(hire(7), Duration::from_secs(30)).await.unwrap().0.is_ready());
        for (rank, daemon) in (0..).zip(&daemons) {
            daemon.clusters.end(NodeId::new(hire(7), rank)).await.unwrap();
        }
        assert!(matches!(head.ready(hire(7)).await, Err(ClusterError::NotHere(_))));
        assert!(matches!(head.end(NodeId::new(hire(7), 0)).await, Err(ClusterError::NotHere(_))));
        assert_nothing_left(&home);
    });
}

async fn ends(clusters: &Clusters, number: u8, script: &str, limits: NodeLimits) -> String {
    let id = clusters.begin(plan(number, 1, python(script), limits), 0).await.unwrap();
    let why = until_ended(clusters, id).await;
    let text = printed(clusters, id).await;
    clusters.end(id).await.unwrap();
    format!("{why} | {text}")
}

#[test]
fn a_job_that_takes_more_than_it_may_is_bounded_and_its_neighbour_goes_on() {
    isolated("a_job_that_takes_more_than_it_may_is_bounded_and_its_neighbour_goes_on", &NEEDS, async |home| {
        let daemon = daemon(&home, 0, None).await;
        let clusters = &daemon.clusters;
        clusters.begin(plan(1, 1, python("time.sleep(1000)"), limits()), 0).await.unwrap();
        let memory = ends(clusters, 2, "x = []\nwhile True: x.append(bytearray(16 << 20))", limits()).await;
        assert!(memory.contains("out of memory") || memory.contains("256 MiB of memory"), "{memory}");
        let disk = "f = open('/work/big', 'wb')\ntry:\n  while True: f.write(bytes(1 << 20)); f.flush()\nexcept OSError as e: print(e, f.tell() >> 20)\n";
        let disk = ends(clusters, 3, disk, limits()).await;
        assert!(disk.contains("No space left") || disk.contains("evicted"), "{disk}");
        let forks = "n = 0\ntry:\n  while True:\n    if os.fork() == 0: time.sleep(1000)\n    n += 1\nexcept OSError: print('forks', n < 128)\n";
        let forks = ends(clusters, 4, forks, limits()).await;
        assert!(forks.contains("forks True"), "{forks}");
        let read_only = "for path in ['/x', '/usr/x', '/etc/x', '/run/cluster/open']:\n  try: open(path, 'w'); print('wrote', path)\n  except OSError: pass\nprint('tried')";
        let read_only = ends(clusters, 5, read_only, limits()).await;
        assert!(read_only.contains("tried") && !read_only.contains("wrote"), "{read_only}");
        let missing = ends(clusters, 6, "sys.exit(3)", limits()).await;
        assert!(missing.contains("exit code 3"), "{missing}");
        assert!(clusters.status(NodeId::new(hire(1), 0)).await.unwrap().running);
        clusters.end(NodeId::new(hire(1), 0)).await.unwrap();
        assert_nothing_left(&home);
    });
}

#[test]
fn what_cannot_begin_says_why_and_leaves_nothing() {
    isolated("what_cannot_begin_says_why_and_leaves_nothing", &NEEDS, async |home| {
        let daemon = daemon(&home, 0, None).await;
        let clusters = &daemon.clusters;
        let ray = Plan { work: depin_cluster::Work::Ray, ..plan(1, 1, python(""), limits()) };
        let large = NodeLimits { memory_bytes: 2 << 30, object_store_bytes: 100 << 20, processes: 4_096, ..limits() };
        let ray = Plan { members: plan(1, 1, ray.work.clone(), large).members, ..ray };
        assert_eq!(clusters.begin(ray, 0).await.unwrap_err().to_string(), "this device runs no Ray");
        let refused = clusters.begin(plan(1, 1, python(""), limits()), 5).await.unwrap_err().to_string();
        assert!(refused.contains("the node's rank is 5"), "{refused}");
        // As many as may be, and no more.
        for number in 10..14 {
            clusters.begin(plan(number, 1, python("time.sleep(1000)"), limits()), 0).await.unwrap();
        }
        let refused = clusters.begin(plan(14, 1, python("time.sleep(1000)"), limits()), 0).await.unwrap_err().to_string();
        assert_eq!(refused, "4 nodes of clusters run here, and no more may; end one first");
        for number in 10..14 {
            clusters.end(NodeId::new(hire(number), 0)).await.unwrap();
        }
        assert_nothing_left(&home);
    });
}

const KILLED: &str = "a_killed_daemon_leaves_what_is_wanted_and_nothing_else_after_its_restart";

#[test]
fn a_killed_daemon_leaves_what_is_wanted_and_nothing_else_after_its_restart() {
    isolated(KILLED, &NEEDS, async |home| {
        if role().as_deref() == Some("daemon") {
            let daemon = daemon(&home, 0, None).await;
            for number in [1, 2] {
                daemon.clusters.begin(plan(number, 2, python(HELLO), limits()), 0).await.unwrap();
            }
            std::fs::write(home.join("begun"), []).unwrap();
            std::future::pending::<()>().await;
        }
        let mut killed = in_role(KILLED, "daemon");
        while !home.join("begun").exists() {
            assert!(killed.try_wait().unwrap().is_none(), "the daemon ended");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        killed.kill().unwrap();
        killed.wait().unwrap();

        // One of its hires is over by now, one goes on; one is said to go on of which nothing is there.
        let first = daemon(&home, 0, None).await;
        let keep = BTreeSet::from([NodeId::new(hire(1), 0), NodeId::new(hire(9), 0)]);
        let found = first.clusters.recover(&keep).await.unwrap();
        assert_eq!((found.resumed, found.removed), (vec![NodeId::new(hire(1), 0)], vec![NodeId::new(hire(2), 0)]));
        assert_eq!(found.lost, [(NodeId::new(hire(9), 0), "nothing is known of it here".to_owned())]);
        // What goes on is a whole node: another one joins it with the secret of before.
        let second = daemon(&home, 1, None).await;
        second.clusters.begin(plan(1, 2, python(HELLO), limits()), 1).await.unwrap();
        until_printed(&first.clusters, NodeId::new(hire(1), 0), &["hello from 1 hello"]).await;
        second.clusters.end(NodeId::new(hire(1), 1)).await.unwrap();

        // Again, and nothing is wanted.
        drop(first);
        let third = daemon(&home, 0, None).await;
        let found = third.clusters.recover(&BTreeSet::new()).await.unwrap();
        assert_eq!(found.removed, [NodeId::new(hire(1), 0)]);
        assert_nothing_left(&home);
    });
}
