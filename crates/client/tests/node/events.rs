//! Events come once each and in order, over as many connections as it takes.

use crate::server::Server;
use depin_client::{ClientError, api::EventQuery};
use futures::StreamExt as _;

macro_rules! event {
    ($position:literal) => {
        concat!(
            "id: ",
            $position,
            "\ndata: {\"position\":",
            $position,
            ",\"height\":1,\"time\":{\"text\":\"x\",\"ms\":0},\"kind\":\"k\",\"event\":{}}\n\n"
        )
    };
}

async fn take(stream: &mut depin_client::EventStream, count: usize) -> Vec<u64> {
    let mut positions = Vec::new();
    for _ in 0..count {
        positions.push(stream.next().await.unwrap().unwrap().position);
    }
    positions
}

#[tokio::test]
async fn a_broken_stream_goes_on_behind_the_last_event() {
    let server = Server::start().await;
    // Cut inside of an event, refused once, then repeating one that was seen.
    server.inside().streams.extend([
        vec![event!(5), event!(6), "id: 7\ndata: {\"posi"],
        vec!["refuse"],
        vec![": hello\n\n", event!(6), event!(7)],
        vec![event!(8), "hang"],
    ]);
    let mut stream = server.client().follow(EventQuery { from: Some(5), kind: Some("k".to_owned()), ..EventQuery::default() });
    assert_eq!(stream.next_position(), Some(5));
    assert_eq!(take(&mut stream, 4).await, [5, 6, 7, 8]);
    assert_eq!(stream.next_position(), Some(9));
    let opened = server.inside().opened.clone();
    assert_eq!(opened[0], ("from=5&kind=k".to_owned(), Some("4".to_owned())));
    assert_eq!(opened[1], ("from=7&kind=k".to_owned(), Some("6".to_owned())));
    assert_eq!(opened[2], opened[1]);
    assert_eq!(opened[3], ("from=8&kind=k".to_owned(), Some("7".to_owned())));
}

#[tokio::test]
async fn a_silent_stream_is_opened_anew_where_its_heartbeats_left_it() {
    let server = Server::start().await;
    server.inside().streams.extend([vec!["id: 41\n\n", "hang"], vec![event!(42), "hang"]]);
    let mut stream = server.client().follow(EventQuery::default());
    assert_eq!(take(&mut stream, 1).await, [42]);
    let opened = server.inside().opened.clone();
    assert_eq!(opened, [(String::new(), None), ("from=42".to_owned(), Some("41".to_owned()))]);
}

#[tokio::test]
async fn a_refusal_for_good_ends_the_stream() {
    let server = Server::start().await;
    server.inside().streams.push_back(vec![event!(0)]);
    let mut stream = server.client().follow(EventQuery { from: Some(0), ..EventQuery::default() });
    assert_eq!(take(&mut stream, 1).await, [0]);
    let error = stream.next().await.unwrap().unwrap_err();
    assert!(matches!(&error, ClientError::Refused { status: 410, code, .. } if code == "over"), "{error}");
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn an_event_that_cannot_be_read_ends_the_stream_instead_of_being_skipped() {
    let server = Server::start().await;
    server.inside().streams.push_back(vec!["data: {\"position\": \"none\"}\n\n"]);
    let mut stream = server.client().follow(EventQuery::default());
    assert!(matches!(stream.next().await, Some(Err(ClientError::Answer { .. }))));
    assert!(stream.next().await.is_none());
}
