//! Logs and events.

use crate::{
    desk::{instance, lease},
    world::{GENERATION, PATIENCE, World, claims, token},
};
use depin_client::lease::{LeaseRef, Leases, LogQuery};
use depin_provider::leasing::gateway::STREAMS_PER_LEASE;
use depin_sandbox::State;
use std::{sync::atomic::Ordering, time::Duration};
use tokio::time::timeout;

#[tokio::test]
async fn logs_come_line_by_line_of_all_replicas_or_the_last_of_some() {
    let world = World::start().await;
    let here = LeaseRef::from(lease());
    let mut logs = world.tenant().logs(here, &LogQuery::default()).await.unwrap();
    let mut count = 0;
    while let Some(line) = timeout(PATIENCE, logs.next()).await.unwrap().unwrap() {
        assert!(line.message.contains(" says "), "{line:?}");
        count += 1;
    }
    assert_eq!(count, 300, "three replicas");
    let last = LogQuery { services: vec!["web".to_owned()], tail: Some(2), follow: false };
    let mut logs = world.tenant().logs(here, &last).await.unwrap();
    let mut said = Vec::new();
    while let Some(line) = logs.next().await.unwrap() {
        said.push(format!("{}: {}", line.name, line.message));
    }
    said.sort();
    assert_eq!(said, ["web-0: web 0 says 98", "web-0: web 0 says 99", "web-1: web 1 says 98", "web-1: web 1 says 99"]);
}

#[tokio::test]
async fn parameters_are_held_to_upstreams_rules() {
    let world = World::start().await;
    let good = format!("Bearer {}", token(&claims(Leases::full())));
    for query in ["tail=-2", "tail=many", "service=web,", "follow=perhaps"] {
        assert_eq!(
            world.asked(&format!("/lease/7/1/1/logs?{query}"), Some(&good)).await,
            (400, "bad-query".to_owned()),
            "{query}"
        );
    }
    let gone = LogQuery { services: vec!["none".to_owned()], ..LogQuery::default() };
    let error = world.tenant().logs(LeaseRef::from(lease()), &gone).await.map(drop).unwrap_err();
    assert_eq!(error.code(), Some("no-service"));
}

#[tokio::test]
async fn events_tell_how_replicas_are_and_then_what_changes() {
    let world = World::start().await;
    let here = LeaseRef::from(lease());
    let mut now = world.tenant().events(here, false).await.unwrap();
    let mut states = Vec::new();
    while let Some(event) = now.next().await.unwrap() {
        states.push(format!("{} {} {}", event.object.name, event.kind, event.reason));
    }
    assert_eq!(states, ["db-0 Normal healthy", "web-0 Normal healthy", "web-1 Normal starting"]);
    let mut events = world.tenant().events(here, true).await.unwrap();
    for _ in 0..3 {
        events.next().await.unwrap().unwrap();
    }
    world
        .desk
        .room
        .send_modify(|room| room.instances[2] = instance("web", 1, State::OutOfMemory, "it needed more than its 512 MiB"));
    let event = timeout(PATIENCE, events.next()).await.unwrap().unwrap().unwrap();
    assert_eq!((event.kind.as_str(), event.reason.as_str(), event.object.name.as_str()), ("Warning", "out of memory", "web-1"));
    assert!(event.note.contains("512 MiB"));
}

#[tokio::test]
async fn a_lease_has_so_many_streams_and_gets_them_back_when_they_end() {
    let world = World::start().await;
    let here = LeaseRef::from(lease());
    let follow = LogQuery { services: vec!["web".to_owned()], follow: true, tail: Some(0) };
    let mut open = Vec::new();
    for _ in 0..STREAMS_PER_LEASE {
        open.push(world.tenant().logs(here, &follow).await.unwrap());
    }
    assert_eq!(world.tenant().logs(here, &follow).await.map(drop).unwrap_err().code(), Some("too-many"));
    assert!(world.tenant().lease_status(here).await.is_ok(), "all else is answered");
    open.clear();
    timeout(PATIENCE, async {
        while world.tenant().logs(here, &follow).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
}

/// A log that never stops, and a reader that never reads: what waits for it is bounded, and others are served.
#[tokio::test]
async fn a_reader_that_does_not_read_holds_nobody_up() {
    let world = World::start().await;
    let here = LeaseRef::from(lease());
    let flood = LogQuery { services: vec!["db".to_owned()], follow: true, tail: None };
    let mut unread = Vec::new();
    for _ in 0..4 {
        unread.push(world.tenant().logs(here, &flood).await.unwrap());
    }
    let mut read = world.tenant().logs(here, &flood).await.unwrap();
    for _ in 0..200 {
        assert!(timeout(PATIENCE, read.next()).await.unwrap().unwrap().is_some());
    }
    for _ in 0..20 {
        timeout(PATIENCE, world.tenant().lease_status(here)).await.unwrap().unwrap();
    }
    drop(unread);
    world.stop().await;
}

#[tokio::test]
async fn a_stop_ends_streams() {
    let world = World::start().await;
    let follow = LogQuery { services: vec!["web".to_owned()], follow: true, tail: Some(1) };
    let mut logs = world.tenant().logs(LeaseRef::from(lease()), &follow).await.unwrap();
    logs.next().await.unwrap().unwrap();
    world.stop().await;
    let rest = timeout(PATIENCE, async { while let Ok(Some(_)) = logs.next().await {} }).await;
    assert!(rest.is_ok());
}

#[tokio::test]
async fn nobody_is_let_in_to_streams_with_a_token_that_was_taken_back() {
    let world = World::start().await;
    world.ledger.0.store(GENERATION + 1, Ordering::SeqCst);
    let error = world.tenant().events(LeaseRef::from(lease()), true).await.map(drop).unwrap_err();
    assert_eq!(error.code(), Some("token-revoked"));
}
