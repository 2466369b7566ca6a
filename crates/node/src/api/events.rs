//! Events: pages of the history, and the history as it happens.

use super::{
    App, Shared, Written,
    error::{ApiError, ApiResult},
    extract::{Params, page_limit},
    render,
};
use crate::{
    index::{EventRecord, Filter, Subscription},
    metrics::StreamCount,
};
use axum::{
    Extension,
    extract::State,
    http::HeaderMap,
    response::sse::{Event, Sse},
};
use depin_client::api::{self, ErrorBody, EventQuery, Page};
use depin_serve::{EventStream, Peer, Place};
use futures::{Stream, StreamExt as _, stream};
use std::{convert::Infallible, time::Duration};
use tokio::{
    sync::watch,
    time::{Interval, MissedTickBehavior, interval},
};

/// How often a silent stream says that it is there.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Kinds that one filter may name.
const KINDS_MAX: usize = 32;

fn filter(app: &App, query: &EventQuery) -> ApiResult<Filter> {
    let kinds: Vec<String> = query.kind.iter().flat_map(|kinds| kinds.split(',')).map(|kind| kind.trim().to_owned()).collect();
    if kinds.len() > KINDS_MAX || kinds.iter().any(|kind| kind.is_empty() || kind.len() > 64) {
        let message = format!("`kind` names one to {KINDS_MAX} kinds, joined by commas");
        return Err(ApiError::bad_request(message, "`deal-activated`, or `storage` for all of a service"));
    }
    let known = depin_ledger::Event::kinds(app.ledger.service());
    if let Some(kind) = kinds.iter().find(|kind| !known.contains(kind)) {
        let message = format!("`{kind}` is no kind of event on this network");
        return Err(ApiError::bad_request(message, format!("there are {}", known.join(", "))));
    }
    Ok(Filter { kinds, account: query.account, unit: query.subject })
}

/// A position that history has, or will have.
fn kept(app: &Shared, from: u64) -> ApiResult<u64> {
    let first = app.index.first();
    if from < first.event {
        let what = format!("event {from} (the first is {})", first.event);
        return Err(ApiError::pruned(what, first.height));
    }
    Ok(from)
}

/// A page of the history, in order of position; from where history begins, when no position is given. 410 `pruned` before that.
#[utoipa::path(get, path = "/v1/events", tag = "events", params(EventQuery),
    responses((status = 200, body = Page<api::EventRecord>), (status = "default", body = ErrorBody)))]
pub(super) async fn events(State(app): State<Shared>, Params(query): Params<EventQuery>) -> ApiResult<Written> {
    let limit = page_limit(query.limit, 100, 1_000)?;
    let from = kept(&app, query.from.unwrap_or_else(|| app.index.first().event))?;
    let (filter, turn) = (filter(&app, &query)?, app.turn().await?);
    let page = app.index.events(from, limit, filter).await?;
    let make = move |_: &App| -> ApiResult<Page<api::EventRecord>> {
        let items = page.events.iter().map(render::event).collect::<Result<_, _>>().map_err(ApiError::internal)?;
        let next = (page.next < page.end).then(|| page.next.to_string());
        Ok(Page { items, next })
    };
    app.written(turn, make).await
}

/// The history as it happens: server-sent events whose ids are positions. Begins at `from`, behind `Last-Event-ID`, or with what is
/// new. A heartbeat's id is the position up to which the history was looked through.
#[utoipa::path(get, path = "/v1/events/stream", tag = "events", params(EventQuery),
    responses((status = 200, body = String, content_type = "text/event-stream"), (status = "default", body = ErrorBody)))]
pub(super) async fn stream(
    State(app): State<Shared>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    Params(query): Params<EventQuery>,
) -> ApiResult<(Extension<EventStream>, Sse<impl Stream<Item = Result<Event, Infallible>>>)> {
    let filter = filter(&app, &query)?;
    let from = match last_event_id(&headers)? {
        Some(last) => last.saturating_add(1),
        None => query.from.unwrap_or_else(|| app.index.marks().next_event),
    };
    let from = kept(&app, from)?;
    let peer = peer.as_deref();
    let place = app.streams.enter(peer).map_err(|_| ApiError::busy("too many event streams are open"))?;
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat.reset();
    let live = Live {
        subscription: app.index.subscribe(from, filter),
        heartbeat,
        stopping: app.stopping.clone(),
        begun: false,
        _count: app.metrics.stream(),
        _place: place,
    };
    Ok((Extension(EventStream), Sse::new(stream::unfold(live, Live::next).flat_map(stream::iter))))
}

fn last_event_id(headers: &HeaderMap) -> ApiResult<Option<u64>> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let position = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    let wrong = || ApiError::bad_request("`Last-Event-ID` is not a position", "send the id of the last event as it came");
    position.map(Some).ok_or_else(wrong)
}

struct Live {
    subscription: Subscription,
    heartbeat: Interval,
    stopping: watch::Receiver<bool>,
    begun: bool,
    _count: StreamCount,
    _place: Place,
}

type Messages = Vec<Result<Event, Infallible>>;

impl Live {
    /// The next messages; `None` ends the stream, and its client comes back with the last id.
    async fn next(mut self) -> Option<(Messages, Self)> {
        if !self.begun {
            // Lets the client know at once that it is connected.
            self.begun = true;
            return Some((vec![Ok(self.beat())], self));
        }
        let events = tokio::select! {
            biased;
            _ = self.stopping.wait_for(|stop| *stop) => return None,
            events = self.subscription.next() => Some(events),
            _ = self.heartbeat.tick() => None,
        };
        let messages = match events {
            None => vec![Ok(self.beat())],
            Some(Ok(events)) => {
                self.heartbeat.reset();
                events?.iter().map(message).collect::<Option<Messages>>()?
            }
            Some(Err(error)) => {
                tracing::error!(%error, "an event stream ended");
                return None;
            }
        };
        Some((messages, self))
    }

    fn beat(&self) -> Event {
        let beat = Event::default().comment("heartbeat");
        match self.subscription.position().checked_sub(1) {
            Some(seen) => beat.id(seen.to_string()),
            None => beat,
        }
    }
}

fn message(record: &EventRecord) -> Option<Result<Event, Infallible>> {
    let wire = render::event(record).inspect_err(|error| tracing::error!(%error, "an event cannot be written")).ok()?;
    let event = Event::default().id(record.position.to_string()).json_data(wire);
    event.inspect_err(|error| tracing::error!(%error, "an event cannot be written")).ok().map(Ok)
}
