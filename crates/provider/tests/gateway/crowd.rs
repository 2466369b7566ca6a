//! Many at once.

use crate::{
    desk::lease,
    world::{PATIENCE, World},
};
use depin_client::lease::{LeaseRef, LogQuery};
use futures::future::join_all;
use std::time::Duration;
use tokio::{io::AsyncWriteExt as _, net::TcpStream, time::timeout};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_connections_that_say_nothing_keep_no_tenant_from_its_lease() {
    depin_serve::raise();
    let world = World::start().await;
    let here = LeaseRef::from(lease());
    let follow = LogQuery { services: vec!["web".to_owned()], follow: true, tail: Some(1) };
    let mut logs = world.tenant().logs(here, &follow).await.unwrap();
    let mut silent = Vec::new();
    for n in 0..1_000 {
        let mut stream = TcpStream::connect(world.address).await.unwrap();
        if n % 2 == 0 {
            let _ = stream.write_all(b"GET /lease/7/1/1/logs HTTP/1.1\r\n").await;
        }
        silent.push(stream);
    }
    for _ in 0..20 {
        timeout(PATIENCE, world.tenant().lease_status(here)).await.unwrap().unwrap();
    }
    assert!(timeout(PATIENCE, logs.next()).await.unwrap().unwrap().is_some(), "a stream that is open stays so");
    let asked = join_all((0..200).map(|_| async {
        // Some find the door full, and come again.
        for _ in 0..100 {
            if world.tenant().lease_status(here).await.is_ok() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        false
    }));
    assert!(timeout(PATIENCE * 2, asked).await.unwrap().into_iter().all(|answered| answered));
}
