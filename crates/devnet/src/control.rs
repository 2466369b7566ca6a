//! Orders to a running `depin up`: which operators run, stop one, start one again.
//!
//! Loopback only, and only with the token of `control.json`, which nobody but the home's owner can read. The orders go to the one task
//! that owns the operators; so two orders never cross.

use crate::{
    Error, Kind, Result,
    home::{Control, Home},
    operators::Operator,
};
use axum::{
    Json, Router,
    extract::{Path, Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use depin_client::Trust;
use depin_quantity::Name;
use depin_serve::{Limits, Port};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// What may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Which operators there are.
    List,
    /// Stop one until it is started again.
    Stop(Name),
    /// Start one that was stopped.
    Start(Name),
    /// It has left the network: stop it and do not start it again.
    Remove(Name),
}

/// An order and where its answer goes.
pub(crate) struct Asked {
    pub order: Order,
    pub answer: oneshot::Sender<Result<Vec<Operator>>>,
}

/// The running interface; dropped, it is gone.
pub(crate) struct Server {
    _stop: DropGuard,
}

#[derive(Clone)]
struct Shared {
    token: Arc<str>,
    orders: mpsc::Sender<Asked>,
}

/// Listens, writes `control.json`, and gives the orders that come in.
pub(crate) async fn serve(home: &Home) -> Result<(Server, mpsc::Receiver<Asked>)> {
    let broken = |error: std::io::Error| Error::broken("listen", format_args!("cannot listen on loopback: {error}"));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(broken)?;
    let address = listener.local_addr().map_err(broken)?;
    let token = hex::encode(rand::random::<[u8; 32]>());
    home.write_control(&Control { url: format!("http://{address}"), token: token.clone() })?;
    let (orders, received) = mpsc::channel(8);
    let shared = Shared { token: token.into(), orders };
    let router = Router::new()
        .route("/providers", get(list))
        .route("/providers/{name}/stop", post(stop))
        .route("/providers/{name}/start", post(start))
        .route("/providers/{name}/remove", post(remove))
        .layer(middleware::from_fn_with_state(shared.clone(), guard))
        .with_state(shared);
    // Whoever sends an order waits until it is carried out.
    let port = Port::new("control", Limits { connections: 32, ..Limits::default() }, depin_serve::json);
    let stop = CancellationToken::new();
    let serving = depin_serve::serve(listener, router, port, std::future::pending());
    tokio::spawn(stop.clone().run_until_cancelled_owned(serving));
    Ok((Server { _stop: stop.drop_guard() }, received))
}

async fn guard(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let right = format!("Bearer {}", shared.token);
    // Both hashed first: how long a comparison of hashes takes tells nothing about the token.
    let digest = |text: &str| <sha2::Sha256 as sha2::Digest>::digest(text.as_bytes());
    if given.is_some_and(|given| digest(given) == digest(&right)) {
        next.run(request).await
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

async fn list(State(shared): State<Shared>) -> Response {
    order(&shared, Order::List).await
}

async fn stop(State(shared): State<Shared>, Path(name): Path<Name>) -> Response {
    order(&shared, Order::Stop(name)).await
}

async fn start(State(shared): State<Shared>, Path(name): Path<Name>) -> Response {
    order(&shared, Order::Start(name)).await
}

async fn remove(State(shared): State<Shared>, Path(name): Path<Name>) -> Response {
    order(&shared, Order::Remove(name)).await
}

async fn order(shared: &Shared, order: Order) -> Response {
    let (answer, answered) = oneshot::channel();
    let stopping = || StatusCode::SERVICE_UNAVAILABLE.into_response();
    if shared.orders.send(Asked { order, answer }).await.is_err() {
        return stopping();
    }
    match answered.await {
        Ok(Ok(parts)) => Json(parts).into_response(),
        Ok(Err(error)) => {
            let status = if error.kind == Kind::Refused { StatusCode::CONFLICT } else { StatusCode::INTERNAL_SERVER_ERROR };
            (status, Json(Refusal { code: error.code, message: error.message, hint: error.hint })).into_response()
        }
        Err(_) => stopping(),
    }
}

#[derive(Serialize, Deserialize)]
struct Refusal {
    code: String,
    message: String,
    hint: String,
}

/// Gives an order to the `depin up` that runs on `home`; none when none does.
///
/// # Errors
/// The answer's, when the order is refused; broken when the process does not answer.
pub async fn ask(home: &Home, order: Order) -> Result<Option<Vec<Operator>>> {
    let Some(control) = home.control()? else { return Ok(None) };
    let http = Trust::default().http().no_proxy().build().map_err(|error| Error::broken("control", error))?;
    let url = |path: String| format!("{}{path}", control.url);
    let request = match order {
        Order::List => http.get(url("/providers".to_owned())),
        Order::Stop(name) => http.post(url(format!("/providers/{name}/stop"))),
        Order::Start(name) => http.post(url(format!("/providers/{name}/start"))),
        Order::Remove(name) => http.post(url(format!("/providers/{name}/remove"))),
    };
    let response = match request.bearer_auth(&control.token).send().await {
        Ok(response) => response,
        // Left behind by a process that was killed.
        Err(error) if error.is_connect() => return Ok(None),
        Err(error) => return Err(Error::broken("control", format_args!("the running `depin up` does not answer: {error}"))),
    };
    let status = response.status();
    let unreadable = |error| Error::broken("control", format_args!("the running `depin up` answered {status}: {error}"));
    if status.is_success() {
        return response.json().await.map(Some).map_err(unreadable);
    }
    let Refusal { code, message, hint } = response.json().await.map_err(unreadable)?;
    let kind = if status == StatusCode::CONFLICT { Kind::Refused } else { Kind::Broken };
    Err(Error { kind, code, message, hint })
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_quantity::Address;

    #[tokio::test]
    async fn orders_reach_their_task_and_only_with_the_token() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        let (_server, mut orders) = serve(&home).await.unwrap();
        let name: Name = "provider-1".parse().unwrap();
        let part = Operator { name, address: Address::new([1; 32]), url: "http://x".into(), running: false };
        let told = part.clone();
        tokio::spawn(async move {
            while let Some(Asked { order, answer }) = orders.recv().await {
                let reply = match order {
                    Order::Stop(_) => Ok(vec![told.clone()]),
                    _ => Err(Error::refused("no-such-provider", "none of that name").hint("look")),
                };
                answer.send(reply).unwrap();
            }
        });
        assert_eq!(ask(&home, Order::Stop(name)).await.unwrap(), Some(vec![part]));
        let error = ask(&home, Order::Start(name)).await.unwrap_err();
        assert_eq!((error.kind, error.code.as_str(), error.hint.as_str()), (Kind::Refused, "no-such-provider", "look"));
        let control = home.control().unwrap().unwrap();
        let status = reqwest::get(format!("{}/providers", control.url)).await.unwrap().status();
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }

    #[tokio::test]
    async fn a_control_file_of_a_dead_process_counts_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        assert_eq!(ask(&home, Order::List).await.unwrap(), None);
        let (server, _orders) = serve(&home).await.unwrap();
        drop(server);
        // The port is free again when the task has ended.
        while ask(&home, Order::List).await.is_err() {
            tokio::task::yield_now().await;
        }
        assert_eq!(ask(&home, Order::List).await.unwrap(), None);
    }
}
