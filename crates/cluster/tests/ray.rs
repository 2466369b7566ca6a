//! A cluster of Ray on three nodes, in real sandboxes and over real tunnels: `cargo test -p depin-cluster --test ray`, as root. `DEPIN_TEST_RAY_PYTHON`
//! names a Python that has `ray[default]` and numpy; without, nothing is tested, and that is said; with `DEPIN_TEST_RAY=required` it fails.

mod support;

use depin_cluster::{NodeId, NodeLimits, Plan, RayPython, Work};
use std::{
    env,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};
use support::{
    NEEDS, assert_nothing_left, begin,
    isolated::isolated,
    plan,
    ray::{HIRE, promised, ready, token, world},
};

const TEST: &str = "three_nodes_of_ray_run_a_monte_carlo_stream_its_log_and_survive_a_worker";

/// Counts points in a quarter of a circle: the same integer wherever it runs.
const COUNT: &str = r"
import numpy as np
def count(seed):
    points = np.random.default_rng(seed).random((200_000, 2))
    return int((np.square(points).sum(axis=1) <= 1).sum())
";
const MONTE_CARLO: &str = r"
import os, ray, time, urllib.request, urllib.error
ray.init(log_to_driver=False)
@ray.remote(num_cpus=1, scheduling_strategy='SPREAD')
def task(seed):
    time.sleep(0.3)
    return count(seed), ray.util.get_node_ip_address()
waiting, results = [task.remote(seed) for seed in range(24)], []
while waiting:
    done, waiting = ray.wait(waiting)
    results += ray.get(done)
    print('tick', len(results), flush=True)
print('nodes', sorted({node for _, node in results}))
print('inside', sum(inside for inside, _ in results))
try:
    print('dashboard without token', urllib.request.urlopen('http://127.64.0.1:20007/api/version', timeout=10).status)
except urllib.error.HTTPError as error:
    print('dashboard without token', error.code)
try:
    urllib.request.urlopen('http://192.0.2.1/', timeout=5)
    print('outside reached')
except OSError:
    print('outside not reached')
";
const OBJECT: &str = r"
import ray, numpy as np
ray.init(log_to_driver=False)
@ray.remote(num_cpus=1, scheduling_strategy='SPREAD')
def make(seed):
    return np.full(4 << 20, seed, dtype=np.uint8)
print('sum', sum(int(part.sum()) for part in ray.get([make.remote(seed) for seed in range(6)])))
";

fn hired() -> Plan {
    let limits =
        NodeLimits { cpus: 1, memory_bytes: 3 << 30, object_store_bytes: 100 << 20, disk_bytes: 1 << 30, processes: 4_096 };
    plan(7, 3, Work::Ray, limits)
}
/// A task that takes more memory than its node has: it ends, and its node goes on.
const EAT: &str = r"
import ray
ray.init(log_to_driver=False)
@ray.remote(num_cpus=1, max_retries=0)
def eat():
    eaten = []
    while True: eaten.append(bytearray(b'x' * (64 << 20)))
@ray.remote(num_cpus=1)
def small(): return 7
try:
    ray.get(eat.remote())
    print('eaten')
except Exception as error:
    print('ended by', type(error).__name__)
print('afterwards', [ray.get(small.remote()) for _ in range(3)], sum(node['Alive'] for node in ray.nodes()), 'nodes')
";

#[test]
fn three_nodes_of_ray_run_a_monte_carlo_stream_its_log_and_survive_a_worker() {
    let Some(program) = env::var_os("DEPIN_TEST_RAY_PYTHON").map(PathBuf::from) else {
        return promised(TEST, "DEPIN_TEST_RAY_PYTHON names no Python that has ray[default]");
    };
    isolated(TEST, &NEEDS, async |home| {
        let python = match RayPython::find(&program).await {
            Ok(python) => python,
            Err(error) => return promised(TEST, &error.to_string()),
        };
        let expected =
            Command::new(&program).args(["-c", &format!("{COUNT}print(sum(map(count, range(24))))")]).output().unwrap();
        let expected = String::from_utf8(expected.stdout).unwrap();
        assert!(expected.trim().parse::<u64>().is_ok_and(|inside| inside > 3_000_000), "numpy is needed: {expected}");
        let world = world(&home, &python).await;
        begin(&world.daemons, &hired()).await;
        ready(&world).await;
        assert_eq!(world.get("/api/version").await["ray_version"], python.ray());
        assert_eq!(world.client.get(world.url("/api/version")).send().await.unwrap().status(), 401);

        let job = world.submit(&format!("{COUNT}{MONTE_CARLO}")).await;
        let pieces = world.follow(&job).await;
        assert!(pieces.iter().filter(|piece| piece.contains("tick")).count() > 1, "it comes as it is written: {pieces:?}");
        let (status, logs) = world.until_over(&job).await;
        assert_eq!(status, "SUCCEEDED", "{logs}");
        assert!(logs.contains(&format!("inside {}", expected.trim())), "{logs}");
        assert!(logs.contains("nodes ['127.64.0.1', '127.64.0.2', '127.64.0.3']"), "{logs}");
        assert!(logs.contains("dashboard without token 401") || logs.contains("dashboard without token 403"), "{logs}");
        assert!(logs.contains("outside not reached"), "{logs}");

        let job = world.submit(OBJECT).await;
        let (status, logs) = world.until_over(&job).await;
        assert!(status == "SUCCEEDED" && logs.contains(&format!("sum {}", 15_u64 * (4 << 20))), "{status}: {logs}");
        let listed = world.get("/api/jobs/").await;
        assert!(listed.as_array().is_some_and(|jobs| jobs.iter().any(|one| one["submission_id"] == job.as_str())), "{listed}");

        let job = world.submit(EAT).await;
        let (status, logs) = world.until_over(&job).await;
        assert_eq!(status, "SUCCEEDED", "{logs}");
        assert!(logs.contains("ended by") && logs.contains("afterwards [7, 7, 7] 3 nodes"), "{logs}");

        let job = world.submit("import time; time.sleep(600)").await;
        world.client.post(world.url(&format!("/api/jobs/{job}/stop"))).bearer_auth(token()).send().await.unwrap();
        assert_eq!(world.until_over(&job).await.0, "STOPPED");

        world.daemons[2].clusters.end(NodeId::new(HIRE, 2)).await.unwrap();
        let begun = Instant::now();
        while world.daemons[0].clusters.ready(HIRE).await.unwrap().alive != 2 {
            assert!(begun.elapsed() < Duration::from_secs(60), "Ray does not notice that a node is gone");
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        let job = world.submit(OBJECT).await;
        let (status, logs) = world.until_over(&job).await;
        assert_eq!(status, "SUCCEEDED", "{logs}");
        for rank in [1, 0] {
            world.daemons[usize::from(rank)].clusters.end(NodeId::new(HIRE, rank)).await.unwrap();
        }
        assert_nothing_left(&home);
    });
}
