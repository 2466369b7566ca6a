//! A node's face to dispatchers; what they say to each other is [`depin_client::render`]'s.
//!
//! | request | answers |
//! |---|---|
//! | `GET /v1/render/node` | 200, to anybody |
//! | `GET`, `PUT /v1/render/jobs/{job}/scene` | 200 how much is here; 400, 409 another offset, 413, 422 other bytes than the ledger says |
//! | `POST`, `GET /v1/render/jobs/{job}/tickets/{number}` | 202, 200 how far it is; 404, 409 not this node's to render |
//! | `GET …/frame`, `…/preview`, `…/clear` | 200; 404 not rendered, 409 not in a comparison of two that differ |
//! | `PUT /v1/render/jobs/{job}/comparisons/{first}/{side}` | 202; 409 no comparison that waits for this node, 413, 422 |
//!
//! All but the first are signed by the job's dispatcher: 401, 403. Headers are checked before a body is read, the job before it is kept.

use super::{
    bench::{Now, WorkError, wall_ms},
    compare::opened,
    config::RenderingConfig,
    files::{Files, remove},
    store::{Kept, Stage, Store, StoreError},
};
use crate::operator::{ApiError, Routes, blocking};
use axum::{
    Json, Router,
    body::{Bytes, to_bytes},
    extract::{Path, Query, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, put},
};
use depin_client::{
    Client, ClientError,
    api::{RenderingComparison, RenderingJob, RenderingTicket},
    render::{
        IMAGE_MAX, NodeInfo, Order, SCENE_KEY, SCENE_PART, SceneHave, Side, SignedRequest, TicketStage, TicketView, content_of,
    },
};
use depin_files::Readers;
use depin_quantity::{Address, ContentHash, Name, UnitId};
use depin_serve::Limits;
use depin_services::rendering::{Against, JobState};
use futures::FutureExt as _;
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, OpenOptions},
    io::{self, BufReader, Seek as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{Semaphore, watch};

/// Jobs that are remembered.
const JOBS_KEPT: usize = 256;
/// Longest order.
const ORDER_MAX: usize = 4 << 10;
/// Pages of a job's tickets that are looked through for those of this node; no job of any network has more.
const TICKET_PAGES: usize = 2_000;
/// Large bodies that are read at once.
const LARGE_AT_ONCE: usize = 2;
/// Tickets that wait here at most: a dispatcher's many orders do not fill the disk.
const WAITING_MOST: usize = 10_000;

type Answer<T> = Result<T, ApiError>;

/// What the routes need.
pub(super) struct Door {
    pub(super) config: RenderingConfig,
    pub(super) client: Client,
    pub(super) chain_id: Name,
    pub(super) node: UnitId,
    pub(super) store: Store,
    pub(super) files: Files,
    pub(super) now: Now,
    pub(super) changes: watch::Sender<u64>,
    jobs: Mutex<BTreeMap<UnitId, RenderingJob>>,
    large: Semaphore,
    /// Scenes that a part is written of now: one at a time for each.
    writing: Mutex<BTreeSet<UnitId>>,
}

impl Door {
    /// Puts the parts together.
    pub(super) fn new(
        (config, client, chain_id, node): (RenderingConfig, Client, Name, UnitId),
        (store, files, now): (Store, Files, Now),
        changes: watch::Sender<u64>,
    ) -> Self {
        let (jobs, writing) = (Mutex::default(), Mutex::default());
        Self { config, client, chain_id, node, store, files, now, changes, jobs, large: Semaphore::new(LARGE_AT_ONCE), writing }
    }

    /// Its part of an operator's interface.
    pub(super) fn routes(self: Arc<Self>) -> Routes {
        let ticket = "/v1/render/jobs/{job}/tickets/{number}";
        let routes = Router::new()
            .route("/v1/render/node", get(info))
            .route("/v1/render/jobs/{job}/scene", get(scene).put(put_scene))
            .route(ticket, get(ticket_view).post(order))
            .route(&format!("{ticket}/frame"), get(frame))
            .route(&format!("{ticket}/preview"), get(preview))
            .route(&format!("{ticket}/clear"), get(clear))
            .route("/v1/render/jobs/{job}/comparisons/{first}/{side}", put(give))
            .with_state(Arc::clone(&self));
        let (folder, floor) = (self.files.scratch(), self.config.floor.clone());
        let health = move || {
            let (there, room) = (folder.is_dir(), floor.admit(0));
            async move {
                room.map_err(|error| full(&error))?;
                if there { Ok(BTreeMap::new()) } else { Err(ApiError::internal(&"the node's folder is gone")) }
            }
            .boxed()
        };
        Routes {
            limits: Limits { connections: 256, ..Limits::default() },
            routes,
            health: Box::new(health),
            paths: "see /v1/render/node, /health, /status and /metrics",
            methods: "scenes take GET and PUT, tickets GET and POST, images of comparisons PUT, all else GET",
        }
    }

    /// Who signed a request, and the hash that its body must have.
    fn signed(&self, request: &Request) -> Answer<(Address, ContentHash)> {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let asked = SignedRequest { chain_id: self.chain_id, node: self.node, method: request.method().as_str(), path };
        let headers = request.headers();
        let checked = asked.check(|name| headers.get(name)?.to_str().ok(), wall_ms());
        checked.map_err(|error| {
            let hint = "sign the request with the key of the job's dispatcher, for this node and path, with the time of now";
            ApiError::new(StatusCode::UNAUTHORIZED, "signature", error.to_string(), hint)
        })
    }

    /// The job, when its dispatcher signed; and the hash that the body must have.
    async fn dispatcher(&self, (who, content): (Address, ContentHash), job: UnitId) -> Answer<(RenderingJob, ContentHash)> {
        let job = self.job(job).await?;
        if job.terms.dispatcher != who {
            let message = format!("the job's dispatcher is {}, and {who} signed", job.terms.dispatcher);
            return Err(ApiError::new(StatusCode::FORBIDDEN, "dispatcher", message, "ask the job's dispatcher"));
        }
        Ok((job, content))
    }

    async fn job(&self, id: UnitId) -> Answer<RenderingJob> {
        let known = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        if let Some(job) = known {
            return Ok(job);
        }
        let found = self.client.rendering().job(id).await.map_err(|error| away(&error))?;
        let job = found.ok_or_else(|| missing("the ledger knows no such job"))?;
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if jobs.len() >= JOBS_KEPT {
            jobs.clear();
        }
        jobs.insert(id, job.clone());
        Ok(job)
    }

    /// The job as it stands now, for what its state decides; the ones that are remembered may be over since.
    async fn job_now(&self, id: UnitId) -> Answer<RenderingJob> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        self.job(id).await
    }

    /// Whether this node needs a job's scene: it has a ticket to hand in, or is the third node of a comparison.
    async fn needs_scene(&self, job: UnitId) -> Answer<bool> {
        let mut after = None::<String>;
        for _ in 0..TICKET_PAGES {
            let page = self.client.rendering().tickets(job, after.as_deref(), Some(500)).await.map_err(|error| away(&error))?;
            let needs = |ticket: &RenderingTicket| {
                let judges = ticket.comparison.as_ref().is_some_and(|comparison| comparison.third == Some(self.node));
                judges || (ticket.node == self.node && ticket.state == "issued")
            };
            if page.items.iter().any(needs) {
                return Ok(true);
            }
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        Ok(false)
    }

    async fn on_ledger(&self, job: UnitId, number: u32) -> Answer<RenderingTicket> {
        let found = self.client.rendering().ticket(job, number).await.map_err(|error| away(&error))?;
        found.ok_or_else(|| missing("the ledger knows no such ticket"))
    }

    async fn kept(&self, job: UnitId, number: u32) -> Answer<Kept> {
        self.store.ticket(job, number).await?.ok_or_else(|| missing("nothing was ordered here for this ticket"))
    }

    /// A body that is what its signature says.
    async fn body(&self, request: Request, content: ContentHash, most: usize) -> Answer<Bytes> {
        let _turn = match most > SCENE_PART {
            true => Some(self.large.acquire().await.map_err(|error| ApiError::internal(&error))?),
            false => None,
        };
        let large = || {
            let message = format!("the body has more than {most} bytes, or was not read to its end");
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", message, "send it in parts, or smaller")
        };
        let body = to_bytes(request.into_body(), most).await.map_err(|_| large())?;
        if content_of(&body) != content {
            return Err(unfit("the body is not what was signed"));
        }
        Ok(body)
    }

    fn view(&self, kept: &Kept) -> TicketView {
        let now = *self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let progress = now.filter(|(of, _)| *of == (kept.job, kept.number)).map(|(_, done)| done);
        let bytes = |path| fs::metadata(path).map_or(0, |found| found.len());
        let view = TicketView {
            state: TicketStage::Queued,
            progress: 0.0,
            why: None,
            sealed_bytes: 0,
            preview_bytes: 0,
            milliseconds: 0,
        };
        match (&kept.stage, progress) {
            (Stage::Ready(ready), _) => TicketView {
                state: TicketStage::Delivered,
                progress: 1.0,
                sealed_bytes: bytes(self.files.frame(kept.job, kept.number)),
                preview_bytes: bytes(self.files.preview(kept.job, kept.number)),
                milliseconds: ready.milliseconds,
                ..view
            },
            (Stage::Failed(why), _) => TicketView { state: TicketStage::Failed, why: Some(why.clone()), ..view },
            (Stage::Queued, Some(progress)) => TicketView { state: TicketStage::Rendering, progress, ..view },
            (Stage::Queued, None) => view,
        }
    }

    async fn have(&self, job: UnitId) -> Answer<SceneHave> {
        let whole = self.store.scene_key(job).await?.is_some();
        let have = fs::metadata(self.files.scene(job)).map_or(0, |found| found.len());
        Ok(SceneHave { have, whole })
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::internal(&error)
    }
}

fn away(error: &ClientError) -> ApiError {
    tracing::warn!(%error, "a dispatcher's request waits for the node");
    let message = "this provider cannot ask the ledger now";
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "node-away", message, "try again in a few seconds")
        .with(header::RETRY_AFTER, "5")
}

fn missing(message: &'static str) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "unknown", message, "order it first, or wait until the ledger has it")
}

fn conflict(message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::CONFLICT, "conflict", message, "look at the ledger")
}

fn unfit(message: &'static str) -> ApiError {
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "unfit", message, "send it again from its beginning")
}

async fn info(State(door): State<Arc<Door>>) -> Answer<Json<NodeInfo>> {
    let waiting = door.store.tickets().await?.iter().filter(|kept| kept.stage == Stage::Queued).count();
    let scenes = door.store.scenes().await?.len();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let (engines, score) = (vec![door.config.engine()], door.config.score);
    Ok(Json(NodeInfo { node: door.node, engines, score, busy: count(waiting), scenes: count(scenes) }))
}

async fn scene(State(door): State<Arc<Door>>, Path(job): Path<UnitId>, request: Request) -> Answer<Json<SceneHave>> {
    door.dispatcher(door.signed(&request)?, job).await?;
    door.have(job).await.map(Json)
}

#[derive(Deserialize)]
struct Part {
    at: u64,
    of: u64,
}

async fn put_scene(
    State(door): State<Arc<Door>>,
    Path(id): Path<UnitId>,
    Query(part): Query<Part>,
    request: Request,
) -> Answer<Response> {
    let (job, content) = door.dispatcher(door.signed(&request)?, id).await?;
    let key = request.headers().get(SCENE_KEY).and_then(|value| value.to_str().ok()).and_then(|text| {
        let mut key = [0; 32];
        hex::decode_to_slice(text, &mut key).ok().map(|()| key)
    });
    let hint = "send it over TLS or within a machine only";
    let key =
        key.ok_or_else(|| ApiError::bad_request("scene-key", format!("{SCENE_KEY} is missing or no 64 hex digits"), hint))?;
    let most = depin_render::sealed_length(door.config.scenes.packed_bytes);
    if part.of == 0 || part.of > most {
        let message = format!("the scene has {} bytes; this node takes {most} at most", part.of);
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", message, "make it smaller, or choose other nodes"));
    }
    wanted(&door, id, &part).await?;
    let body = door.body(request, content, SCENE_PART).await?;
    let _writing = Writing::begin(&door, id).ok_or_else(|| conflict("another part of the scene is being written"))?;
    let have = door.have(id).await?;
    if have.whole {
        return Ok(Json(have).into_response());
    }
    // All of it must fit, not this part alone: what is begun and cannot be ended is of no use to anybody.
    door.config.floor.admit(part.of.saturating_sub(have.have)).map_err(|error| full(&error))?;
    if part.at != have.have || part.at.saturating_add(body.len() as u64) > part.of {
        return Ok((StatusCode::CONFLICT, Json(have)).into_response());
    }
    // Noted before it is there, so that nothing lies in the folder that nobody knows of.
    door.store.scene(id, key, false).await?;
    append(&door, id, body).await?;
    let have = door.have(id).await?;
    if have.have < part.of {
        return Ok(Json(have).into_response());
    }
    let path = door.files.scene(id);
    if !blocking({
        let path = path.clone();
        move || is_scene(&path, &key, &job, most)
    })
    .await
    {
        remove(&path).map_err(|error| ApiError::internal(&error))?;
        door.store.forget_scene(id).await?;
        return Err(unfit("the scene is not what the ledger says of it, or the key does not open it"));
    }
    door.store.scene(id, key, true).await?;
    door.changes.send_modify(|n| *n += 1);
    Ok(Json(SceneHave { whole: true, ..have }).into_response())
}

/// Refuses a scene that this node has no use for: of a job that is over, or that it has no part in. Who has a part in it is looked for once, when the
/// scene begins.
async fn wanted(door: &Door, id: UnitId, part: &Part) -> Answer<()> {
    let state = door.job_now(id).await?.state;
    if matches!(state, JobState::Drawing | JobState::Closed) {
        return Err(conflict(format!("the job is {}, and nobody renders anything of it", state.word())));
    }
    let nodes = door.client.rendering().job_nodes(id).await.map_err(|error| away(&error))?.unwrap_or_default();
    if !nodes.iter().any(|one| one.node == door.node) {
        return Err(conflict("this node is not among those that the job may go to"));
    }
    if part.at > 0 {
        return Ok(());
    }
    // Looking through tickets is work: one request of a job at a time has it done.
    let _turn = Writing::begin(door, id).ok_or_else(|| conflict("another part of the scene is being written"))?;
    match door.needs_scene(id).await? {
        true => Ok(()),
        false => Err(conflict(
            "this node has no ticket of the job to hand in, and is no third node of a comparison; give it one first",
        )),
    }
}

/// A scene that is being written.
struct Writing<'a>(&'a Door, UnitId);

impl<'a> Writing<'a> {
    fn begin(door: &'a Door, job: UnitId) -> Option<Self> {
        door.writing.lock().unwrap_or_else(PoisonError::into_inner).insert(job).then_some(Self(door, job))
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.writing.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

/// Says no with the numbers where a stranger's bytes would fill the disk.
fn full(why: &impl std::fmt::Display) -> ApiError {
    ApiError::new(
        StatusCode::INSUFFICIENT_STORAGE,
        "full",
        format!("this node's disk is full: {why}"),
        "choose another node, or wait",
    )
}

async fn append(door: &Door, job: UnitId, body: Bytes) -> Answer<()> {
    door.config.floor.admit(body.len() as u64).map_err(|error| full(&error))?;
    let path = door.files.scene(job);
    let appended = blocking(move || {
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
        let end = file.seek(io::SeekFrom::End(0))?;
        let written = file.write_all(&body).and_then(|()| file.sync_data());
        if written.is_err() {
            // What is half there would be taken for the beginning of what comes next.
            file.set_len(end)?;
        }
        written
    });
    appended.await.map_err(|error| match depin_files::tells_of_no_space(&error.to_string()) {
        true => full(&error),
        false => ApiError::internal(&error),
    })
}

/// Whether the sealed bytes are those of the ledger, and what the key opens, too.
fn is_scene(path: &std::path::Path, key: &[u8; 32], job: &RenderingJob, most: u64) -> bool {
    let hash = File::open(path).and_then(|mut file| depin_render::hash_of(&mut file));
    if hash.ok().map(|(hash, _)| ContentHash::new(hash)) != Some(job.terms.sealed) {
        return false;
    }
    let Ok(file) = File::open(path) else { return false };
    let opened = depin_render::open(&mut BufReader::new(file), &mut io::sink(), key, most);
    opened.is_ok_and(|hash| ContentHash::new(hash) == job.terms.scene)
}

async fn order(
    State(door): State<Arc<Door>>,
    Path((id, number)): Path<(UnitId, u32)>,
    request: Request,
) -> Answer<(StatusCode, Json<TicketView>)> {
    let (job, content) = door.dispatcher(door.signed(&request)?, id).await?;
    let body = door.body(request, content, ORDER_MAX).await?;
    let hint = "say which frame: {\"frame\":7,\"index\":6}";
    let order: Order = serde_json::from_slice(&body).map_err(|error| ApiError::bad_request("order", error.to_string(), hint))?;
    if let Some(kept) = door.store.ticket(id, number).await? {
        return Ok((StatusCode::ACCEPTED, Json(door.view(&kept))));
    }
    let ticket = door.on_ledger(id, number).await?;
    if ticket.node != door.node || ticket.state != "issued" {
        return Err(conflict(format!("ticket {number} is of node {} and {}", ticket.node, ticket.state)));
    }
    if job.terms.engine != door.config.engine() {
        let engine = &job.terms.engine;
        return Err(conflict(format!("the job is for {} {}, which this node does not have", engine.name, engine.build)));
    }
    if job.terms.frames.number(order.index) != Some(order.frame) {
        return Err(conflict(format!("frame {} is not the job's {}th", order.frame, order.index)));
    }
    if door.store.tickets().await?.len() >= WAITING_MOST {
        return Err(ApiError::busy("tickets"));
    }
    door.store.order(id, number, order, wall_ms()).await?;
    door.changes.send_modify(|n| *n += 1);
    let kept = door.kept(id, number).await?;
    Ok((StatusCode::ACCEPTED, Json(door.view(&kept))))
}

async fn ticket_view(
    State(door): State<Arc<Door>>,
    Path((job, number)): Path<(UnitId, u32)>,
    request: Request,
) -> Answer<Json<TicketView>> {
    door.dispatcher(door.signed(&request)?, job).await?;
    let kept = door.kept(job, number).await?;
    Ok(Json(door.view(&kept)))
}

async fn frame(State(door): State<Arc<Door>>, Path((job, number)): Path<(UnitId, u32)>, request: Request) -> Answer<Response> {
    door.dispatcher(door.signed(&request)?, job).await?;
    file(door.files.frame(job, number), "application/octet-stream").await
}

async fn preview(State(door): State<Arc<Door>>, Path((job, number)): Path<(UnitId, u32)>, request: Request) -> Answer<Response> {
    door.dispatcher(door.signed(&request)?, job).await?;
    file(door.files.preview(job, number), "image/png").await
}

async fn file(path: std::path::PathBuf, kind: &'static str) -> Answer<Response> {
    match blocking(move || fs::read(path)).await {
        Ok(bytes) => Ok(([(header::CONTENT_TYPE, kind)], bytes).into_response()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(missing("it is not rendered, or not kept any more")),
        Err(error) => Err(ApiError::internal(&error)),
    }
}

/// The clear frame, which only those who compare it are to see. A planted frame has no other side: what is said to be its pixels may be made up to
/// have the clear frame given out, so a third node judges it by the hash of what it renders itself.
async fn clear(State(door): State<Arc<Door>>, Path((job, number)): Path<(UnitId, u32)>, request: Request) -> Answer<Response> {
    door.dispatcher(door.signed(&request)?, job).await?;
    let ticket = door.on_ledger(job, number).await?;
    let differs = |comparison: &RenderingComparison| {
        let of_two = matches!(comparison.against, Against::Ticket(_));
        of_two && ["agreeing", "drawing", "judging"].contains(&comparison.step.as_str())
    };
    if ticket.node != door.node || !ticket.comparison.as_ref().is_some_and(differs) {
        return Err(conflict("the ticket is in no comparison of two tickets that differ"));
    }
    let Stage::Ready(ready) = door.kept(job, number).await?.stage else { return Err(missing("it is not rendered")) };
    let path = door.files.frame(job, number);
    let opened = blocking(move || opened(&path, &ready.key.get())).await;
    let (_, image) = opened.map_err(|error: WorkError| ApiError::internal(&error))?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], image).into_response())
}

async fn give(
    State(door): State<Arc<Door>>,
    Path((job, first, side)): Path<(UnitId, u32, String)>,
    request: Request,
) -> Answer<(StatusCode, Json<serde_json::Value>)> {
    let (_, content) = door.dispatcher(door.signed(&request)?, job).await?;
    let side = Side::of(&side).ok_or_else(|| missing("the sides are left, right and sealed"))?;
    let ticket = door.on_ledger(job, first).await?;
    let comparison = ticket.comparison.clone().filter(|comparison| comparison.first == first);
    let comparison = comparison.ok_or_else(|| conflict("the ticket is not the first of a comparison"))?;
    let mine = match (comparison.step.as_str(), comparison.against) {
        ("judging", _) => comparison.third == Some(door.node),
        ("agreeing", Against::Ticket(other)) => ticket.node == door.node || door.on_ledger(job, other).await?.node == door.node,
        _ => false,
    };
    if !mine {
        return Err(conflict("the comparison does not wait for this node"));
    }
    let body = door.body(request, content, IMAGE_MAX).await?;
    if side == Side::Sealed && ticket.handed.map(|handed| handed.sealed) != Some(content) {
        return Err(unfit("it is not the sealed frame that was handed in"));
    }
    door.config.floor.admit(body.len() as u64).map_err(|error| full(&error))?;
    let path = door.files.compared(job, first, side.word());
    let kept = blocking(move || depin_files::replace(&path, &body, Readers::Owner)).await;
    kept.map_err(|error| ApiError::internal(&error))?;
    door.store.give(job, first, side.word()).await?;
    door.changes.send_modify(|n| *n += 1);
    Ok((StatusCode::ACCEPTED, Json(serde_json::json!({}))))
}
