//! What the node can never take keeps nothing else from getting through.

use crate::world::{Piece, World, key};
use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{Method, StatusCode},
    response::{IntoResponse as _, Response},
};
use depin_client::{
    Client,
    api::{DealStage, code},
};
use depin_provider::storage::Provider;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// A node behind a door that takes no transaction which says something.
#[derive(Clone, Default)]
struct Door {
    node: String,
    http: reqwest::Client,
    /// What it says, in hexadecimal.
    words: String,
    refused: Arc<AtomicUsize>,
}

impl Door {
    /// Opens it before `node`; whoever asks through it has this client.
    async fn open(node: &str, words: String) -> (Self, Client) {
        let door = Self { node: node.to_owned(), words, ..Self::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = Client::new(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let routes = Router::new().fallback(pass).with_state(door.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (door, client)
    }
}

async fn pass(State(door): State<Door>, request: Request) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path_and_query().unwrap().to_string());
    let kind = request.headers().get("content-type").cloned();
    let body = to_bytes(request.into_body(), 1 << 20).await.unwrap();
    if method == Method::POST && String::from_utf8_lossy(&body).contains(&door.words) {
        door.refused.fetch_add(1, Ordering::Relaxed);
        let error = serde_json::json!({ "code": code::TOO_MUCH_WORK, "message": "no block has room for it", "hint": "" });
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(serde_json::json!({ "error": error }))).into_response();
    }
    let mut asked = door.http.request(method, format!("{}{path}", door.node)).body(body);
    if let Some(kind) = kind {
        asked = asked.header("content-type", kind);
    }
    match asked.send().await {
        Ok(answer) => (answer.status(), Body::from_stream(answer.bytes_stream())).into_response(),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_no_block_can_hold_stands_alone_and_the_others_are_done() {
    let world = World::start(1).await;
    let provider = world.provider().await;
    let pieces: Vec<Piece> = (1..5).map(|n| Piece::new(n, 5_000)).collect();
    for piece in &pieces {
        assert_eq!(world.upload(&provider, piece).await, 201);
    }
    // Proposed while it is away, so that the node's door knows what not to let through before it is asked.
    let address = provider.address();
    provider.stop().await;
    let ids = world.propose(pieces.iter().map(|piece| world.proposal(address, piece)).collect()).await;
    let (door, client) = Door::open(world.client.url(), ids[0].to_string()).await;
    let provider = Provider::start(world.provider_config(), client, key(3)).await.unwrap();
    for id in &ids[1..] {
        world.until_stage(*id, DealStage::Active).await;
    }
    assert!(door.refused.load(Ordering::Relaxed) > 0);
    assert_eq!(world.client.storage().deal(ids[0]).await.unwrap().unwrap().state, DealStage::Proposed);
    provider.stop().await;
}
