//! PUT and GET of 256 MiB through the gateway, beside `s3s-fs` followed by `sync`, on the same disk.
//!
//! In: nothing, or the number of MiB as an argument. Out: a table of rates, their ratio, and the gateway's peak of extra memory. The gateway
//! runs as it ships (2-of-3, full shards, real fsyncs) over providers that are folders, so its figures hold commP twice per shard (gateway and
//! provider), erasure coding and encryption; the network between gateway and providers is left out.

#[path = "../tests/kit/mod.rs"]
mod kit;

use bytes::Bytes;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use kit::{ACCESS, Kit, S3Client, SECRET, noise};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use std::{path::Path, time::Instant};

const ROUNDS: usize = 3;

fn main() {
    // Cargo passes flags of its own.
    let mib: usize = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(256);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(run(mib));
}

async fn run(mib: usize) {
    let body = Bytes::from(noise(1, mib << 20));
    let kit = Kit::start_with(4, |config| {
        config.shard_payload = 127 << 17;
        config.flush = std::time::Duration::from_millis(200);
        config.hedge = std::time::Duration::from_secs(10);
    })
    .await;
    let folder = tempfile::tempdir_in(kit.folder.path()).unwrap();
    let plain = serve_plain(folder.path()).await;
    for s3 in [&kit.s3, &plain] {
        s3.make_bucket("bench").await;
    }
    // Once unmeasured: connections, page cache, first pages of the heap.
    put(&kit.s3, body.slice(..1 << 20), false).await;
    put(&plain, body.slice(..1 << 20), true).await;

    let (mut best_put, mut best_get) = ([f64::MAX; 2], [f64::MAX; 2]);
    let (mut peak_put, mut peak_get, mut cpu_put) = (0, 0, f64::MAX);
    for _ in 0..ROUNDS {
        let (before, cpu) = (reset_peak(), cpu_seconds());
        best_put[0] = best_put[0].min(put(&kit.s3, body.clone(), false).await);
        cpu_put = cpu_put.min(cpu_seconds() - cpu);
        peak_put = peak_put.max(memory("VmHWM").saturating_sub(before));
        let before = reset_peak();
        best_get[0] = best_get[0].min(get(&kit.s3, &body).await);
        peak_get = peak_get.max(memory("VmHWM").saturating_sub(before));
        best_put[1] = best_put[1].min(put(&plain, body.clone(), true).await);
        best_get[1] = best_get[1].min(get(&plain, &body).await);
    }
    let rate = |seconds: f64| mib as f64 / seconds;
    println!("{mib} MiB, best of {ROUNDS}        gateway      s3s-fs + sync   ratio   wanted");
    for (what, times, wanted) in [("PUT", best_put, 0.25), ("GET", best_get, 0.4)] {
        let ratio = times[1] / times[0];
        println!("{what:26} {:7.0} MiB/s {:9.0} MiB/s {ratio:10.2} {wanted:8}", rate(times[0]), rate(times[1]));
    }
    println!("extra memory, PUT and GET {:7} MiB   {:9} MiB              below 200", peak_put >> 10, peak_get >> 10);
    println!("processor time of a PUT, client and providers included: {cpu_put:.2} s");
}

/// Seconds until the answer; with `sync`, until the disk has it.
async fn put(s3: &S3Client, body: Bytes, sync: bool) -> f64 {
    let signed = s3.sign("PUT", "/bench/o", &[], &[], "UNSIGNED-PAYLOAD");
    let mut request = s3.http.put(s3.url("/bench/o", &[])).body(body);
    for (name, value) in signed {
        request = request.header(name, value);
    }
    let start = Instant::now();
    let response = request.send().await.unwrap();
    assert!(response.status().is_success(), "{}", response.text().await.unwrap());
    if sync {
        let synced = tokio::task::spawn_blocking(|| std::process::Command::new("sync").status()).await.unwrap().unwrap();
        assert!(synced.success());
    }
    start.elapsed().as_secs_f64()
}

/// Seconds until the last byte, each compared.
async fn get(s3: &S3Client, body: &Bytes) -> f64 {
    let signed = s3.sign("GET", "/bench/o", &[], &[], "UNSIGNED-PAYLOAD");
    let mut request = s3.http.get(s3.url("/bench/o", &[]));
    for (name, value) in signed {
        request = request.header(name, value);
    }
    let start = Instant::now();
    let mut response = request.send().await.unwrap();
    assert!(response.status().is_success());
    let mut at = 0;
    while let Some(piece) = response.chunk().await.unwrap() {
        assert!(piece == body[at..at + piece.len()], "what comes back is what went in");
        at += piece.len();
    }
    assert_eq!(at, body.len());
    start.elapsed().as_secs_f64()
}

async fn serve_plain(folder: &Path) -> S3Client {
    let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder).unwrap());
    builder.set_auth(SimpleAuth::from_single(ACCESS, SECRET));
    let service = builder.build();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service.clone();
            tokio::spawn(async move {
                let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    S3Client::new(&endpoint, ACCESS, SECRET)
}

/// KiB of this process, from the kernel.
fn memory(what: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(what));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

/// Makes the kernel measure the peak from here on; KiB in use now.
fn reset_peak() -> usize {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    memory("VmRSS")
}

/// Processor seconds that this process used so far, from the kernel's ticks of a hundredth.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}
